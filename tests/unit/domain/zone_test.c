#include "tap.h"
#include "tzif_sample.h"

#include "base/err.h"
#include "base/instant.h"
#include "domain/zone.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { FILE_MAX = 4096 };

/* One byte more than fits, with the final zero. */
#define LONG_NAME "Area/4567890123456789012345678901234567890123456789012345678901234"

static const int64_t hour_ms = 3600000;

static struct hy_zone *open_zone(const char *name)
{
    struct hy_zone *zone = NULL;

    CHECK_INT(hy_zone_open(name, &zone), 0);
    return zone;
}

static int64_t instant(const char *text)
{
    int64_t ms;

    CHECK_INT(hy_instant_parse(text, &ms), 0);
    return ms;
}

static void opens_by_name(void)
{
    static const char *const names[] = {"UTC",
                                        "Etc/UTC",
                                        "Asia/Shanghai",
                                        "America/New_York",
                                        "America/Argentina/ComodRivadavia",
                                        "America/Port-au-Prince",
                                        "Etc/GMT-8",
                                        "GMT"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct hy_zone *zone = open_zone(names[i]);

        CHECK_TEXT(hy_zone_name(zone), names[i]);
        hy_zone_close(zone);
    }
    hy_zone_close(NULL);
}

static void refuses_other_names(void)
{
    static const char *const names[] = {"",
                                        "Asia",
                                        "Asia/",
                                        "Asia/Peking",
                                        "asia/shanghai",
                                        "Asia//Shanghai",
                                        "Asia/Shanghai ",
                                        " Asia/Shanghai",
                                        "Asia/../Asia/Shanghai",
                                        "/usr/share/zoneinfo/UTC",
                                        "../etc/passwd",
                                        "localtime",
                                        "posixrules",
                                        "right/Asia/Shanghai",
                                        "posix/Asia/Shanghai",
                                        "zone1970.tab",
                                        "Factory",
                                        "GMT+8:00",
                                        "GMT+8",
                                        "UTC+8",
                                        "+08:00",
                                        "CST-8",
                                        "EST5EDT,M3.2.0,M11.1.0",
                                        "Asia/Shanghai/Pudong",
                                        LONG_NAME};
    struct hy_zone *zone = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_INT(hy_zone_open(names[i], &zone), HY_E_INVALID);
    CHECK_INT(hy_zone_open(NULL, &zone), HY_E_INVALID);
    CHECK(!zone);
}

static const struct {
    const char *zone;
    const char *at;
    int offset_minutes;
} known[] = {
    {"UTC", "2024-06-01T00:00:00Z", 0},
    {"Asia/Shanghai", "2024-06-01T00:00:00Z", 480},
    {"Asia/Shanghai", "1988-06-01T00:00:00Z", 540},
    {"Asia/Kolkata", "2024-06-01T00:00:00Z", 330},
    {"Asia/Kathmandu", "2024-06-01T00:00:00Z", 345},
    {"Asia/Kathmandu", "1985-12-31T18:29:59Z", 330},
    {"America/New_York", "2024-03-10T06:59:59Z", -300},
    {"America/New_York", "2024-03-10T07:00:00Z", -240},
    {"America/New_York", "2024-11-03T05:59:59Z", -240},
    {"America/New_York", "2024-11-03T06:00:00Z", -300},
    {"Europe/Dublin", "2024-07-01T00:00:00Z", 60},
    {"Australia/Lord_Howe", "2024-01-01T00:00:00Z", 660},
    {"Australia/Lord_Howe", "2024-07-01T00:00:00Z", 630},
    {"Pacific/Apia", "2011-12-30T09:59:59Z", -600},
    {"Pacific/Apia", "2011-12-30T10:00:00Z", 840},
    {"Africa/Cairo", "2023-07-01T00:00:00Z", 180},
    {"America/Mexico_City", "2023-07-01T00:00:00Z", -360},
};

static void knows_offsets(void)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct hy_zone *zone = open_zone(known[i].zone);

        CHECK_INT(hy_zone_offset_ms(zone, instant(known[i].at)), known[i].offset_minutes * 60000);
        hy_zone_close(zone);
    }
}

/* Sets the C library to the same zone; it reads the same file with code of its own. */
static void set_libc_zone(const char *name)
{
    char text[HY_ZONE_NAME_BYTES + 1];

    snprintf(text, sizeof text, ":%s", name);
    setenv("TZ", text, 1);
    tzset();
}

static int64_t libc_offset_ms(int64_t utc_ms)
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm local;

    localtime_r(&seconds, &local);
    return (int64_t)local.tm_gmtoff * 1000;
}

static void check_span_edges(const struct hy_zone *zone, int64_t at_ms)
{
    struct hy_zone_span span;
    char text[HY_INSTANT_TEXT_BYTES];

    hy_zone_span(zone, at_ms, &span);
    CHECK(span.start_ms <= at_ms && at_ms < span.end_ms);
    if (libc_offset_ms(at_ms) == span.offset_ms && span.end_ms == INT64_MAX)
        return;
    if (libc_offset_ms(at_ms) != span.offset_ms ||
        libc_offset_ms(span.end_ms - 1000) != span.offset_ms ||
        libc_offset_ms(span.end_ms) != hy_zone_offset_ms(zone, span.end_ms))
        hy_tap_fail(__FILE__, __LINE__, "%s differs from the C library at %s or its next change",
                    hy_zone_name(zone), hy_instant_print(at_ms, text));
}

static void agrees_with_libc_over_two_centuries(void)
{
    static const char *const names[] = {
        "UTC",
        "Africa/Cairo",
        "Africa/Casablanca",
        "America/Asuncion",
        "America/Chicago",
        "America/Havana",
        "America/Mexico_City",
        "America/New_York",
        "America/Nuuk",
        "America/Sao_Paulo",
        "America/Santiago",
        "America/St_Johns",
        "Antarctica/Troll",
        "Asia/Almaty",
        "Asia/Amman",
        "Asia/Gaza",
        "Asia/Jerusalem",
        "Asia/Kathmandu",
        "Asia/Kolkata",
        "Asia/Shanghai",
        "Asia/Tehran",
        "Australia/Lord_Howe",
        "Australia/Sydney",
        "Europe/Berlin",
        "Europe/Dublin",
        "Europe/London",
        "Pacific/Apia",
        "Pacific/Auckland",
        "Pacific/Chatham",
        "Pacific/Easter",
        "Pacific/Kwajalein",
    };
    int64_t from_ms = instant("1900-01-01T00:00:00Z"), until_ms = instant("2100-01-01T00:00:00Z");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct hy_zone *zone = open_zone(names[i]);

        set_libc_zone(names[i]);
        for (int64_t at_ms = from_ms; at_ms < until_ms; at_ms += 67 * hour_ms)
            check_span_edges(zone, at_ms);
        hy_zone_close(zone);
    }
}

static void spans_join_without_holes(void)
{
    struct hy_zone *zone = open_zone("America/New_York");
    struct hy_zone_span span, next;
    int changes = 0;

    hy_zone_span(zone, instant("0000-01-01T00:00:00Z"), &span);
    CHECK(span.start_ms == INT64_MIN);
    for (; span.end_ms < instant("9999-01-01T00:00:00Z"); span = next, changes++) {
        hy_zone_span(zone, span.end_ms - 1, &next);
        CHECK_INT(next.end_ms, span.end_ms);
        hy_zone_span(zone, span.end_ms, &next);
        CHECK_INT(next.start_ms, span.end_ms);
        CHECK(next.end_ms > next.start_ms);
    }
    CHECK(changes > 2 * 7900);
    hy_zone_close(zone);
}

static const struct {
    const char *zone;
    const char *now;
    const char *midnight;
} midnights[] = {
    {"UTC", "2024-02-28T23:59:59.999Z", "2024-02-29T00:00:00Z"},
    {"UTC", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
    {"UTC", "1969-12-30T00:00:00.001Z", "1969-12-31T00:00:00Z"},
    {"Asia/Shanghai", "2024-05-01T15:59:59.999Z", "2024-05-01T16:00:00Z"},
    {"Asia/Shanghai", "2024-05-01T16:00:00Z", "2024-05-02T16:00:00Z"},
    {"America/New_York", "2024-03-10T05:00:00Z", "2024-03-11T04:00:00Z"},
    {"America/New_York", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z"},
    /* midnight in a gap: the day begins at 01:00 */
    {"America/Sao_Paulo", "2017-10-14T12:00:00Z", "2017-10-15T03:00:00Z"},
    /* 23:00 twice: the day ends after the second */
    {"America/Sao_Paulo", "2018-02-18T01:30:00Z", "2018-02-18T03:00:00Z"},
    {"America/Sao_Paulo", "2018-02-18T02:30:00Z", "2018-02-18T03:00:00Z"},
    /* 00:00 twice: in the second pass the next midnight is tomorrow's */
    {"America/Havana", "2022-11-06T03:30:00Z", "2022-11-06T04:00:00Z"},
    {"America/Havana", "2022-11-06T04:30:00Z", "2022-11-07T05:00:00Z"},
    {"America/Havana", "2022-11-06T05:30:00Z", "2022-11-07T05:00:00Z"},
    /* back over midnight by one minute past it: the new day begins, ends, and begins again */
    {"America/St_Johns", "2006-10-29T02:00:00Z", "2006-10-29T02:30:00Z"},
    {"America/St_Johns", "2006-10-29T02:30:00Z", "2006-10-30T03:30:00Z"},
    {"America/St_Johns", "2006-10-29T02:31:00Z", "2006-10-29T03:30:00Z"},
    /* a day that never was */
    {"Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z"},
};

static void finds_midnight(void)
{
    char text[HY_INSTANT_TEXT_BYTES], expected[HY_INSTANT_TEXT_BYTES];

    for (size_t i = 0; i < sizeof midnights / sizeof midnights[0]; i++) {
        struct hy_zone *zone = open_zone(midnights[i].zone);
        int64_t found_ms = hy_zone_next_midnight_ms(zone, instant(midnights[i].now));

        hy_instant_print(instant(midnights[i].midnight), expected);
        CHECK_TEXT(hy_instant_print(found_ms, text), expected);
        hy_zone_close(zone);
    }
}

static void knows_what_was_shown(void)
{
    struct hy_zone *zone = open_zone("America/New_York");
    int64_t change_ms = instant("2024-11-03T06:00:00Z");
    int64_t two_ms = instant("2024-11-03T02:00:00Z"); /* as local time */

    CHECK_INT(hy_zone_shown_ms(zone, change_ms - 1), two_ms - 1);
    CHECK_INT(hy_zone_shown_ms(zone, change_ms), two_ms - 1);
    CHECK_INT(hy_zone_shown_ms(zone, change_ms + hour_ms - 1), two_ms - 1);
    CHECK_INT(hy_zone_shown_ms(zone, change_ms + hour_ms), two_ms);
    CHECK_INT(hy_zone_shown_ms(zone, change_ms + 50 * hour_ms), two_ms + 49 * hour_ms);
    CHECK_INT(hy_zone_when_ms(zone, two_ms - hour_ms / 2, change_ms - 2 * hour_ms),
              change_ms - hour_ms / 2);
    CHECK_INT(hy_zone_when_ms(zone, two_ms - hour_ms / 2, change_ms), change_ms + hour_ms / 2);
    hy_zone_close(zone);
}

static int parse_sample(const struct tzif_sample *s, struct hy_zone **ret_zone)
{
    struct hy_buf b;
    int result;

    hy_buf_init(&b, FILE_MAX);
    tzif_build(&b, s);
    CHECK(hy_buf_ok(&b));
    result = hy_zone_parse("Test/Zone", b.data, b.size, ret_zone);
    hy_buf_deinit(&b);
    return result;
}

static void reads_footers(void)
{
    /* footer, an instant, the offset there in minutes */
    static const struct {
        const char *footer, *at;
        int offset_minutes;
    } rules[] = {
        {"\n\n", "2030-01-01T00:00:00Z", 60},
        {"\n<+0845>-8:45\n", "2030-01-01T00:00:00Z", 525},
        {"\nAAA3\n", "2030-01-01T00:00:00Z", -180},
        {"\nAAA0BBB,J60,J300\n", "2024-03-01T01:59:59Z", 0}, /* J60 is 1 March, leap year or not */
        {"\nAAA0BBB,J60,J300\n", "2024-03-01T02:00:00Z", 60},
        {"\nAAA0BBB,J60,J300\n", "2023-03-01T02:00:00Z", 60},
        {"\nAAA0BBB,59,299\n", "2024-02-29T02:00:00Z", 60}, /* day 59 is 29 February */
        {"\nAAA0BBB,59,299\n", "2023-03-01T01:59:59Z", 0},
        {"\nAAA0BBB-2,M3.5.0/-1,M10.5.0/0\n", "2024-03-30T23:00:00Z", 120},
        {"\nAAA0BBB-2,M3.5.0/-1,M10.5.0/0\n", "2024-03-30T22:59:59Z", 0},
        {"\nAAA-2BBB,M3.4.4/50,M10.4.4/50\n", "2024-03-30T00:00:00Z", 180}, /* Saturday 02:00 */
        {"\nAAA0BBB,M10.1.0,M4.1.0/3\n", "2024-01-01T00:00:00Z", 60},       /* southern */
        {"\nAAA5BBB4,0/0,J365/25\n", "2024-01-01T04:59:59Z", -240},         /* for ever */
        {"\nAAA5BBB4,0/0,J365/25\n", "2024-01-01T05:00:00Z", -240},
        {"\nAAA5BBB4,0/0,J365/25\n", "2024-07-01T00:00:00Z", -240},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct tzif_sample s = {.offset_s = {3600, 3600}, .footer = rules[i].footer};
        struct hy_zone *zone = NULL;

        CHECK_INT(parse_sample(&s, &zone), 0);
        CHECK_INT(hy_zone_offset_ms(zone, instant(rules[i].at)), rules[i].offset_minutes * 60000);
        hy_zone_close(zone);
    }
}

static void refuses_bad_footers(void)
{
    static const char *const footers[] = {"",
                                          "\n",
                                          "\nAAA0",
                                          "AAA0\n",
                                          "\nAA0\n",
                                          "\n<>0\n",
                                          "\n<A0\n",
                                          "\nAAA\n",
                                          "\nAAA25\n",
                                          "\nAAA0:60\n",
                                          "\nAAA0BBB\n",
                                          "\nAAA0BBB,M3.2.0\n",
                                          "\nAAA0BBB,M13.2.0,M1.1.0\n",
                                          "\nAAA0BBB,M3.6.0,M1.1.0\n",
                                          "\nAAA0BBB,M3.0.0,M1.1.0\n",
                                          "\nAAA0BBB,M3.1.7,M1.1.0\n",
                                          "\nAAA0BBB,J0,J300\n",
                                          "\nAAA0BBB,J366,J300\n",
                                          "\nAAA0BBB,366,300\n",
                                          "\nAAA0BBB,J1/168,J300\n",
                                          "\nAAA0BBB,J1,J300,\n",
                                          "\nAAA0\nx\n"};

    for (size_t i = 0; i < sizeof footers / sizeof footers[0]; i++) {
        struct tzif_sample s = {.footer = footers[i]};
        struct hy_zone *zone = NULL;

        if (parse_sample(&s, &zone) != HY_E_CORRUPT)
            hy_tap_fail(__FILE__, __LINE__, "footer %zu was accepted", i);
        CHECK(!zone);
    }
}

static void refuses_bad_blocks(void)
{
    static const struct tzif_sample bad[] = {
        {.leaps = 1, .footer = "\n\n"},
        {.times = 5, .footer = "\n\n"},
        {.times = UINT32_MAX, .footer = "\n\n"},
        {.types = 1, .footer = "\n\n"},
        {.types = 257, .footer = "\n\n"},
        {.offset_s = {26 * 3600}, .footer = "\n\n"},
        {.offset_s = {-26 * 3600}, .footer = "\n\n"},
        {.offset_s = {INT32_MIN}, .footer = "\n\n"},
        {.times = 2, .at_s = {10, 10}, .footer = "\n\n"},
        {.times = 2, .at_s = {10, 9}, .footer = "\n\n"},
        {.times = 1, .type = {2}, .footer = "\n\n"},
    };
    struct tzif_sample good = {.times = 2, .at_s = {-9, 9}, .type = {1, 0}, .footer = "\n\n"};
    struct hy_zone *zone = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (parse_sample(&bad[i], &zone) != HY_E_CORRUPT)
            hy_tap_fail(__FILE__, __LINE__, "sample %zu was accepted", i);
    }
    CHECK_INT(parse_sample(&good, &zone), 0);
    hy_zone_close(zone);
}

static void reads_nothing_that_is_cut_short(void)
{
    struct tzif_sample s = {.times = 2, .at_s = {-9, 9}, .type = {1}, .footer = "\nAAA0\n"};
    struct hy_zone *zone = NULL;
    struct hy_buf b;

    hy_buf_init(&b, FILE_MAX);
    tzif_build(&b, &s);
    for (size_t size = 0; size < b.size; size++) {
        char *exact = malloc(size + 1); /* its own piece, so that ASan sees one byte too far */

        CHECK(exact);
        memcpy(exact + 1, b.data, size);
        CHECK_INT(hy_zone_parse("Test/Zone", exact + 1, size, &zone), HY_E_CORRUPT);
        free(exact);
    }
    CHECK_INT(hy_zone_parse("Test/Zone", b.data, b.size, &zone), 0);
    CHECK_INT(hy_zone_parse(NULL, b.data, b.size, &zone), HY_E_INVALID);
    hy_zone_close(zone);
    hy_buf_deinit(&b);
}

static void changes_at_the_listed_second(void)
{
    struct tzif_sample s = {.times = 3,
                            .at_s = {INT64_MIN, -1000, 2000},
                            .type = {0, 1, 0},
                            .offset_s = {3600, -7200},
                            .footer = "\n\n"};
    struct hy_zone *zone = NULL;

    CHECK_INT(parse_sample(&s, &zone), 0);
    CHECK_INT(hy_zone_offset_ms(zone, -1000001), 3600000);
    CHECK_INT(hy_zone_offset_ms(zone, -1000000), -7200000);
    CHECK_INT(hy_zone_offset_ms(zone, 1999999), -7200000);
    CHECK_INT(hy_zone_offset_ms(zone, 2000000), 3600000);
    hy_zone_close(zone);
}

int main(void)
{
    RUN(opens_by_name);
    RUN(refuses_other_names);
    RUN(knows_offsets);
    RUN(agrees_with_libc_over_two_centuries);
    RUN(spans_join_without_holes);
    RUN(finds_midnight);
    RUN(knows_what_was_shown);
    RUN(reads_footers);
    RUN(refuses_bad_footers);
    RUN(refuses_bad_blocks);
    RUN(reads_nothing_that_is_cut_short);
    RUN(changes_at_the_listed_second);
    return hy_tap_end();
}
