#include "tap.h"

#include "base/err.h"
#include "base/instant.h"
#include "domain/quiet.h"

#include <stdbool.h>

static struct hy_zone *zone;

static int64_t at(const char *text)
{
    int64_t ms = 0;

    CHECK_INT(hy_instant_parse(text, &ms), 0);
    return ms;
}

static struct hy_quiet hours(const char *text)
{
    struct hy_quiet quiet;

    CHECK_INT(hy_quiet_parse(text, &quiet), 0);
    return quiet;
}

static void in_zone(const char *name)
{
    hy_zone_close(zone);
    CHECK_INT(hy_zone_open(name, &zone), 0);
}

/* "-": it is not quiet. */
static void check_until(const char *range, const char *now, const char *until)
{
    struct hy_quiet q = hours(range);

    CHECK_INT(hy_quiet_until(&q, zone, at(now)), *until == '-' ? 0 : at(until));
}

static void check_change(const char *range, const char *now, const char *change)
{
    struct hy_quiet q = hours(range);

    CHECK_INT(hy_quiet_change(&q, zone, at(now)), at(change));
}

static void ranges_are_printed_as_they_are_read(void)
{
    static const char *const good[] = {"", "22:00-08:00", "00:00-23:59", "12:30-12:31",
                                       "23:59-00:00"};
    char text[HY_QUIET_TEXT_BYTES];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct hy_quiet q = hours(good[i]);

        CHECK_TEXT(hy_quiet_print(&q, text), good[i]);
    }
}

static void anything_else_is_refused(void)
{
    static const char *const bad[] = {"22:00",         "22:00-22:00",  "24:00-08:00", "22:60-08:00",
                                      "2:00-08:00",    "22:00-08:00 ", "22.00-08:00", "22:00_08:00",
                                      "-2:00-08:00",   "22:00-08:0",   "aa:bb-cc:dd", " ",
                                      "22:00-08:0\xc3"};
    struct hy_quiet q = {1, 2};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(hy_quiet_parse(bad[i], &q), HY_E_INVALID);
    CHECK(q.from_min == 1 && q.until_min == 2);
}

static void none_is_never(void)
{
    struct hy_quiet q = hours("");

    in_zone("Asia/Shanghai");
    CHECK_INT(hy_quiet_until(&q, zone, at("2026-03-01T00:00:00Z")), 0);
    CHECK(hy_quiet_change(&q, zone, at("2026-03-01T00:00:00Z")) == INT64_MAX);
}

static void from_with_until_without(void)
{
    in_zone("Asia/Shanghai");
    check_until("22:00-08:00", "2026-03-01T21:59:59.999+08:00", "-");
    check_until("22:00-08:00", "2026-03-01T22:00:00+08:00", "2026-03-02T08:00:00+08:00");
    check_until("22:00-08:00", "2026-03-02T00:00:00+08:00", "2026-03-02T08:00:00+08:00");
    check_until("22:00-08:00", "2026-03-02T07:59:59.999+08:00", "2026-03-02T08:00:00+08:00");
    check_until("22:00-08:00", "2026-03-02T08:00:00+08:00", "-");
    check_until("12:00-14:00", "2026-03-02T13:00:00+08:00", "2026-03-02T14:00:00+08:00");
    check_until("12:00-14:00", "2026-03-02T14:00:00+08:00", "-");
    check_until("22:00-00:00", "2026-03-01T23:59:59+08:00", "2026-03-02T00:00:00+08:00");
    check_until("00:00-06:00", "2026-03-01T23:59:59+08:00", "-");
}

static void changes_are_strictly_later(void)
{
    in_zone("Asia/Shanghai");
    check_change("22:00-08:00", "2026-03-01T12:00:00+08:00", "2026-03-01T22:00:00+08:00");
    check_change("22:00-08:00", "2026-03-01T22:00:00+08:00", "2026-03-02T08:00:00+08:00");
    check_change("22:00-08:00", "2026-03-02T08:00:00+08:00", "2026-03-02T22:00:00+08:00");
}

/* Berlin, 2026-03-29: 02:00 becomes 03:00. */
static void an_end_inside_the_gap_is_behind_it(void)
{
    in_zone("Europe/Berlin");
    check_until("22:00-02:30", "2026-03-29T01:59:00+01:00", "2026-03-29T03:00:00+02:00");
    check_until("22:00-02:30", "2026-03-29T03:00:00+02:00", "-");
    check_until("22:00-08:00", "2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00");
}

static void a_beginning_inside_the_gap_is_behind_it(void)
{
    in_zone("Europe/Berlin");
    check_change("02:30-06:00", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00");
    check_until("02:30-06:00", "2026-03-29T03:00:00+02:00", "2026-03-29T06:00:00+02:00");
}

static void a_range_inside_the_gap_does_not_happen(void)
{
    in_zone("Europe/Berlin");
    check_change("02:10-02:50", "2026-03-29T00:00:00+01:00", "2026-03-30T02:10:00+02:00");
    check_until("02:10-02:50", "2026-03-29T03:00:00+02:00", "-");
}

/* Berlin, 2026-10-25: 03:00 becomes 02:00 again. */
static void repeated_minutes_are_as_the_clock_shows_them(void)
{
    in_zone("Europe/Berlin");
    check_until("22:00-02:30", "2026-10-25T02:29:00+02:00", "2026-10-25T02:30:00+02:00");
    check_until("22:00-02:30", "2026-10-25T02:45:00+02:00", "-");
    check_change("22:00-02:30", "2026-10-25T02:45:00+02:00", "2026-10-25T02:00:00+01:00");
    check_until("22:00-02:30", "2026-10-25T02:15:00+01:00", "2026-10-25T02:30:00+01:00");
    check_change("22:00-02:30", "2026-10-25T02:30:00+01:00", "2026-10-25T22:00:00+01:00");
}

static void a_night_over_the_repeated_hour_is_longer(void)
{
    in_zone("Europe/Berlin");
    check_until("22:00-08:00", "2026-10-24T22:00:00+02:00", "2026-10-25T08:00:00+01:00");
    check_until("02:00-03:00", "2026-10-25T02:10:00+02:00", "2026-10-25T03:00:00+01:00");
}

/* Beirut skips midnight itself; Apia skipped the whole of 2011-12-30. */
static void midnight_may_be_missing(void)
{
    in_zone("Asia/Beirut");
    check_change("00:00-06:00", "2026-03-28T23:00:00+02:00", "2026-03-29T01:00:00+03:00");
    in_zone("Pacific/Apia");
    check_until("22:00-08:00", "2011-12-29T23:00:00-10:00", "2011-12-31T08:00:00+14:00");
}

/* Every minute of two years in a zone with daylight saving: what the clock shows decides, and the
 * change that is foretold is the one that comes. */
static void every_minute_agrees_with_the_clock(void)
{
    static const char *const ranges[] = {"22:00-08:00", "02:15-02:45", "00:00-00:01",
                                         "01:59-02:00"};
    int64_t minute = 60000, start = at("2026-01-01T00:00:00Z"), end = at("2027-12-31T00:00:00Z");

    in_zone("America/New_York");
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct hy_quiet q = hours(ranges[i]);
        int64_t change = hy_quiet_change(&q, zone, start);
        bool was = hy_quiet_until(&q, zone, start) != 0;

        for (int64_t now = start + minute; now < end; now += minute) {
            int64_t day = (now + hy_zone_offset_ms(zone, now)) % 86400000 / minute;
            bool shown = q.from_min < q.until_min ? day >= q.from_min && day < q.until_min
                                                  : day >= q.from_min || day < q.until_min;

            CHECK_INT(shown, now == change ? !was : was);
            CHECK_INT(hy_quiet_until(&q, zone, now) != 0, shown);
            if (now == change) {
                was = shown;
                change = hy_quiet_change(&q, zone, now);
                CHECK(change > now);
            }
        }
    }
}

int main(void)
{
    RUN(ranges_are_printed_as_they_are_read);
    RUN(anything_else_is_refused);
    RUN(none_is_never);
    RUN(from_with_until_without);
    RUN(changes_are_strictly_later);
    RUN(an_end_inside_the_gap_is_behind_it);
    RUN(a_beginning_inside_the_gap_is_behind_it);
    RUN(a_range_inside_the_gap_does_not_happen);
    RUN(repeated_minutes_are_as_the_clock_shows_them);
    RUN(a_night_over_the_repeated_hour_is_longer);
    RUN(midnight_may_be_missing);
    RUN(every_minute_agrees_with_the_clock);
    hy_zone_close(zone);
    return hy_tap_end();
}
