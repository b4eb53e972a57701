#include "tap.h"
#include "tzif_sample.h"

#include "base/err.h"
#include "base/instant.h"
#include "domain/cron.h"

#include <errno.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 1024, RUNS_MAX = 8 };

/* One line of cron_cases.tsv at a time; each is a test of its own. */
static struct {
    char *text, *zone, *from;
    char runs[LINE_MAX_BYTES];
} one;

static void check_run(const struct hy_cron *cron, const struct hy_zone *zone, const char *expected,
                      int64_t *from_ms)
{
    char text[HY_INSTANT_TEXT_BYTES], wanted[HY_INSTANT_TEXT_BYTES];
    int64_t run_ms = 0, wanted_ms;

    if (strcmp(expected, "never") == 0) {
        CHECK_INT(hy_cron_next(cron, zone, *from_ms, &run_ms), HY_CRON_NEVER);
        return;
    }
    CHECK_INT(hy_instant_parse(expected, &wanted_ms), 0);
    CHECK_INT(hy_cron_next(cron, zone, *from_ms, &run_ms), 0);
    CHECK_TEXT(hy_instant_print(run_ms, text), hy_instant_print(wanted_ms, wanted));
    *from_ms = run_ms;
}

static void runs_as_the_walked_clock(void)
{
    struct hy_cron cron;
    struct hy_zone *zone;
    int64_t from_ms;
    char *rest = NULL;
    int runs = 0;

    CHECK_INT(hy_cron_parse(one.text, &cron, NULL), 0);
    CHECK_INT(hy_zone_open(one.zone, &zone), 0);
    CHECK_INT(hy_instant_parse(one.from, &from_ms), 0);
    for (char *run = strtok_r(one.runs, " ", &rest); run; run = strtok_r(NULL, " ", &rest), runs++)
        check_run(&cron, zone, run, &from_ms);
    hy_zone_close(zone);
    CHECK(runs > 0);
}

static void run_line(char *line)
{
    char name[LINE_MAX_BYTES], *rest = line, *runs;

    one.text = strsep(&rest, "\t");
    one.zone = strsep(&rest, "\t");
    one.from = strsep(&rest, "\t");
    runs = strsep(&rest, "\n");
    snprintf(one.runs, sizeof one.runs, "%s", runs ? runs : "");
    snprintf(name, sizeof name, "%s in %s from %s", one.text, one.zone ? one.zone : "?",
             one.from ? one.from : "?");
    hy_tap_run(name, runs_as_the_walked_clock);
}

static const char *cases_path;

static void has_all_cases(void)
{
    char line[LINE_MAX_BYTES];
    FILE *file = fopen(cases_path, "r");
    int count = 0;

    CHECK(file);
    while (fgets(line, sizeof line, file))
        count += line[0] != '#';
    fclose(file);
    CHECK(count >= 600);
}

static void run_cases(void)
{
    char line[LINE_MAX_BYTES];
    FILE *file = fopen(cases_path, "r");

    while (file && fgets(line, sizeof line, file)) {
        if (line[0] != '#')
            run_line(line);
    }
    if (file)
        fclose(file);
}

static const struct {
    const char *text;
    size_t position;
    const char *field, *rule;
} bad[] = {
    {"", 0, "minute", "missing"},
    {"   ", 3, "minute", "missing"},
    {"0", 1, "hour", "missing"},
    {"0 0 * *", 7, "day of week", "missing"},
    {"0 0 * * ", 8, "day of week", "missing"},
    {"0 0 * * * *", 10, "", "extra"},
    {"0 0 * * * /bin/true", 10, "", "extra"},
    {"60 * * * *", 0, "minute", "range"},
    {"0-60 * * * *", 2, "minute", "range"},
    {"0,1,99999999999999999999 * * * *", 4, "minute", "range"},
    {"4294967301 * * * *", 0, "minute", "range"}, /* 5 in 32 bits */
    {"* 24 * * *", 2, "hour", "range"},
    {"* * 0 * *", 4, "day of month", "range"},
    {"* * 32 * *", 4, "day of month", "range"},
    {"* * * 0 *", 6, "month", "range"},
    {"* * * 13 *", 6, "month", "range"},
    {"* * * * 8", 8, "day of week", "range"},
    {"* * * * 1,2-9", 12, "day of week", "range"},
    {"30-10 * * * *", 0, "minute", "order"},
    {"* * * * fri-sun", 8, "day of week", "order"},
    {"* * * dec-jan *", 6, "month", "order"},
    {"*/0 * * * *", 2, "minute", "step"},
    {"1-5/00 * * * *", 4, "minute", "step"},
    {"5/15 * * * *", 1, "minute", "step"},
    {"* * * jan/2 *", 9, "month", "step"},
    {"*/ * * * *", 2, "minute", "syntax"},
    {"*/x * * * *", 2, "minute", "syntax"},
    {"*/-5 * * * *", 2, "minute", "syntax"},
    {"*5 * * * *", 1, "minute", "syntax"},
    {"1,,2 * * * *", 2, "minute", "syntax"},
    {",1 * * * *", 0, "minute", "syntax"},
    {"1, * * * *", 2, "minute", "syntax"},
    {"* * * * 1,", 10, "day of week", "syntax"},
    {"1- * * * *", 2, "minute", "syntax"},
    {"-1 * * * *", 0, "minute", "syntax"},
    {"1-2-3 * * * *", 3, "minute", "syntax"},
    {"*-5 * * * *", 1, "minute", "syntax"},
    {"*/2/3 * * * *", 3, "minute", "syntax"},
    {"1.5 * * * *", 1, "minute", "syntax"},
    {"0x10 * * * *", 1, "minute", "syntax"},
    {"1st * * * *", 1, "minute", "syntax"},
    {"? * * * *", 0, "minute", "syntax"},
    {"0 0 ? * *", 4, "day of month", "syntax"},
    {"0 0 15W * *", 6, "day of month", "syntax"},
    {"0 0 * * 5#2", 9, "day of week", "syntax"},
    {"0 0 L * *", 4, "day of month", "name"},
    {"jan * * * *", 0, "minute", "name"},
    {"* mon * * *", 2, "hour", "name"},
    {"* * * mon *", 6, "month", "name"},
    {"* * * january *", 6, "month", "name"},
    {"* * * * mo", 8, "day of week", "name"},
    {"* * * * sunday", 8, "day of week", "name"},
    {"* * * * tue-foo", 12, "day of week", "name"},
    {"0 0 * * *\n", 9, "day of week", "syntax"},
    {"\n0 0 * * *", 0, "minute", "syntax"},
    {"0\v0 * * *", 1, "minute", "syntax"},
    {"0 0 \xef\xbc\x8a * *", 4, "day of month", "syntax"},
    {"  \t61 * * * *", 3, "minute", "range"},
    {"@", 0, "", "macro"},
    {"@dail", 0, "", "macro"},
    {"@dailyx", 0, "", "macro"},
    {" @every 5m", 1, "", "macro"},
    {"@reboot", 0, "", "macro"},
    {"@daily 5", 7, "", "extra"},
};

static void says_where_and_why(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hy_cron cron = {.minutes = 77};
        struct hy_cron_error error = {0};

        if (hy_cron_parse(bad[i].text, &cron, &error) != HY_E_INVALID)
            hy_tap_fail(__FILE__, __LINE__, "\"%s\" was accepted", bad[i].text);
        if (error.position != bad[i].position || strcmp(error.rule, bad[i].rule) != 0)
            hy_tap_fail(__FILE__, __LINE__, "\"%s\": %s at %zu, expected %s at %zu", bad[i].text,
                        error.rule, error.position, bad[i].rule, bad[i].position);
        CHECK_TEXT(error.field, bad[i].field);
        CHECK(strncmp(error.message, error.field, strlen(error.field)) == 0);
        CHECK(strlen(error.message) > strlen(error.field) + 10);
        CHECK_INT(cron.minutes, 77);
        CHECK_INT(hy_cron_parse(bad[i].text, &cron, NULL), HY_E_INVALID);
    }
}

static const struct {
    const char *text, *message;
} messages[] = {
    {"0 24 * * *", "hour: 24 is out of range, 0 to 23 are allowed"},
    {"5/15 * * * *", "minute: a step needs * or a range before it, such as 5-59/..."},
    {"* * * * fri-sun", "day of week: the range runs backwards, from 5 to 0"},
    {"* * * foo *", "month: 'foo' isn't a name; allowed are jan to dec and 1 to 12"},
    {"* L * * *", "hour: only numbers from 0 to 23 are allowed here, no names"},
    {"0 0 ? * *", "day of month: '?' isn't allowed here, expected a value"},
    {"1,, * * * *", "minute: ',' isn't allowed here, expected a value"},
    {"0 0 * * 1,", "day of week: a value is missing here"},
    {"0 0 * * *\r", "day of week: byte 0x0d isn't allowed here, expected a comma or a blank"},
    {"0 0 * *", "day of week: this field is missing, five fields are needed"},
    {"0 0 * * * *", "there is more after the fifth field, only five are read"},
    {"@reboot", "@reboot names no time; a schedule has to be due at times"},
};

static void speaks_plainly(void)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        struct hy_cron cron;
        struct hy_cron_error error = {0};

        CHECK_INT(hy_cron_parse(messages[i].text, &cron, &error), HY_E_INVALID);
        CHECK_TEXT(error.message, messages[i].message);
    }
}

static void refuses_long_texts(void)
{
    char text[HY_CRON_TEXT_BYTES + 1];
    struct hy_cron cron;
    struct hy_cron_error error = {0};

    memset(text, ' ', sizeof text);
    memcpy(text, "* * * * *", 9);
    text[HY_CRON_TEXT_BYTES - 1] = '\0';
    CHECK_INT(hy_cron_parse(text, &cron, &error), 0);
    text[HY_CRON_TEXT_BYTES - 1] = ' ';
    text[HY_CRON_TEXT_BYTES] = '\0';
    CHECK_INT(hy_cron_parse(text, &cron, &error), HY_E_INVALID);
    CHECK_TEXT(error.rule, "length");
    CHECK_TEXT(error.message, "longer than 511 bytes");
}

static const struct {
    const char *text, *canonical;
} texts[] = {
    {"* * * * *", "* * * * *"},
    {" \t*\t* *  * *\t ", "* * * * *"},
    {"0-59 0-23 1-31 1-12 0-7", "0-59 0-23 1-31 1-12 0-6"},
    {"*/1 */24 */31 */12 */7", "* */24 */31 */12 */7"},
    {"*/5,7 */2 */15 */3 */2", "*/5,7 */2 */15 */3 */2"},
    {"*/90,0,1,2 5 6 7 7", "*/60,1,2 5 6 7 0"},
    {"*/4294967296 5 6 7 7", "*/60 5 6 7 0"}, /* 0 in 32 bits */
    {"*,5 1,* 3 4 5", "* 0-23 3 4 5"},
    {"00,01,02,05,6 0010 1 1 1", "0-2,5,6 10 1 1 1"},
    {"10-30/7 1-1 1 1 1", "10,17,24 1 1 1 1"},
    {"0 0 1 jan,MAR-May,12 sun,Tue-THU,sat", "0 0 1 1,3-5,12 0,2-4,6"},
    {"0 0 * * 5-7", "0 0 * * 0,5,6"},
    {"0 0 * * fri-7", "0 0 * * 0,5,6"},
    {"0 0 * * 0,7", "0 0 * * 0"},
    {"@hourly", "0 * * * *"},
    {"@Daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {" @WEEKLY ", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually\t", "0 0 1 1 *"},
};

static void prints_canonically(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char printed[HY_CRON_TEXT_BYTES], again[HY_CRON_TEXT_BYTES];
        struct hy_cron cron, reread;

        CHECK_INT(hy_cron_parse(texts[i].text, &cron, NULL), 0);
        CHECK_TEXT(hy_cron_print(&cron, printed), texts[i].canonical);
        CHECK_INT(hy_cron_parse(printed, &reread, NULL), 0);
        CHECK(hy_cron_equal(&cron, &reread));
        CHECK_TEXT(hy_cron_print(&reread, again), printed);
    }
}

static void tells_schedules_apart(void)
{
    static const char *const others[] = {
        "1 0 1 1 0",    "0 1 1 1 0",    "0 0 2 1 0",    "0 0 1 2 0",    "0 0 1 1 1",
        "*/60 0 1 1 0", "0 */24 1 1 0", "0 0 */31 1 0", "0 0 1 */12 0", "0 0 1 1 */7"};
    struct hy_cron cron, other;

    CHECK_INT(hy_cron_parse("0 0 1 1 0", &cron, NULL), 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK_INT(hy_cron_parse(others[i], &other, NULL), 0);
        CHECK(!hy_cron_equal(&cron, &other));
    }
}

static const struct {
    const char *text;
    bool possible;
} dates[] = {
    {"0 0 31 2 *", false},        {"0 0 30 2 *", false},  {"0 0 29 2 *", true},
    {"0 0 31 4,6,9,11 *", false}, {"0 0 31 4,5 *", true}, {"0 0 30-31 feb */2", false},
    {"0 0 31 2 1", true},         {"* * * * *", true},    {"0 0 29 2 */7", true},
    {"0 0 31 apr */7", false},
};

static void knows_impossible_dates(void)
{
    struct hy_zone *utc;

    CHECK_INT(hy_zone_open("UTC", &utc), 0);
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct hy_cron cron;
        int64_t run_ms = 77;

        CHECK_INT(hy_cron_parse(dates[i].text, &cron, NULL), 0);
        CHECK_INT(hy_cron_possible(&cron), dates[i].possible);
        CHECK_INT(hy_cron_next(&cron, utc, 0, &run_ms), dates[i].possible ? 0 : HY_CRON_NEVER);
        CHECK_INT(run_ms == 77, !dates[i].possible);
    }
    hy_zone_close(utc);
}

static void runs_next(const struct hy_zone *zone, const char *text, int64_t from_ms,
                      int64_t expected_ms)
{
    struct hy_cron cron;
    int64_t run_ms = 0;

    CHECK_INT(hy_cron_parse(text, &cron, NULL), 0);
    CHECK_INT(hy_cron_next(&cron, zone, from_ms, &run_ms), 0);
    CHECK_INT(run_ms, expected_ms);
}

/* The second Sunday of March has no 02:xx in this zone, in no year; any other Sunday has. */
static void runs_minutes_that_never_come(void)
{
    struct tzif_sample s = {.offset_s = {-18000, -18000}, .footer = "\nAAA5BBB,M3.2.0,M11.1.0\n"};
    struct hy_zone *zone;
    struct hy_buf b;

    hy_buf_init(&b, 4096);
    tzif_build(&b, &s);
    CHECK_INT(hy_zone_parse("Test/Zone", b.data, b.size, &zone), 0);
    hy_buf_deinit(&b);
    runs_next(zone, "*/5 2 8-14 3 */7", 0, 5727600000);           /* 1970-03-08T03:00:00-04:00 */
    runs_next(zone, "*/5 2 8-14 3 */7", 5727600000, 37782000000); /* 1971-03-14T03:00:00-04:00 */
    runs_next(zone, "*/5 2 8-15 3 */7", 5727600000, 6328800000);  /* 1970-03-15T02:00:00-04:00 */
    hy_zone_close(zone);
}

static void keeps_to_its_years(void)
{
    struct hy_cron cron;
    struct hy_zone *utc;
    int64_t first_ms, last_ms, run_ms = 77;

    CHECK_INT(hy_zone_open("UTC", &utc), 0);
    CHECK_INT(hy_instant_parse("0001-01-01T00:00:00Z", &first_ms), 0);
    CHECK_INT(hy_instant_parse("9999-12-31T23:59:59.999Z", &last_ms), 0);
    CHECK_INT(hy_cron_parse("0 0 * * *", &cron, NULL), 0);
    CHECK_INT(hy_cron_next(&cron, utc, first_ms - 1, &run_ms), HY_E_INVALID);
    CHECK_INT(hy_cron_next(&cron, utc, last_ms + 1, &run_ms), HY_E_INVALID);
    CHECK_INT(hy_cron_next(&cron, utc, last_ms, &run_ms), HY_CRON_NEVER);
    CHECK_INT(run_ms, 77);
    CHECK_INT(hy_cron_next(&cron, utc, first_ms, &run_ms), 0);
    CHECK_INT(run_ms, first_ms + 86400000);
    hy_zone_close(utc);
}

static void lists_the_next_ones(void)
{
    struct hy_cron cron;
    struct hy_zone *utc;
    int64_t runs[RUNS_MAX] = {0}, from_ms;
    size_t count = 77;

    CHECK_INT(hy_zone_open("UTC", &utc), 0);
    CHECK_INT(hy_cron_parse("0 0 1 * *", &cron, NULL), 0);
    CHECK_INT(hy_cron_next_n(&cron, utc, 0, 3, runs, &count), 0);
    CHECK_INT(count, 3);
    CHECK_INT(runs[0], 2678400000);
    CHECK_INT(runs[1], 5097600000);
    CHECK_INT(runs[2], 7776000000);
    CHECK_INT(runs[3], 0);
    CHECK_INT(hy_cron_next_n(&cron, utc, 0, 0, runs, &count), 0);
    CHECK_INT(count, 0);
    CHECK_INT(hy_instant_parse("9999-10-31T00:00:00Z", &from_ms), 0);
    CHECK_INT(hy_cron_next_n(&cron, utc, from_ms, 5, runs, &count), 0);
    CHECK_INT(count, 2);
    CHECK_INT(hy_cron_next_n(&cron, utc, INT64_MIN, 5, runs, &count), HY_E_INVALID);
    CHECK_INT(hy_cron_parse("0 0 31 2 *", &cron, NULL), 0);
    CHECK_INT(hy_cron_next_n(&cron, utc, 0, 5, runs, &count), HY_CRON_NEVER);
    CHECK_INT(count, 0);
    hy_zone_close(utc);
}

/* From every minute of a year with both changes, the next run is the one from the minute before
 * until that has come. */
static void never_skips_or_repeats_a_run(void)
{
    static const char *const schedules[] = {"*/30 * * * *", "10 * * * *", "10,40 0-3 * * *",
                                            "30 2 * * *"};
    struct hy_zone *zone;
    int64_t start_ms;

    CHECK_INT(hy_zone_open("Australia/Lord_Howe", &zone), 0);
    CHECK_INT(hy_instant_parse("2023-01-01T00:00:00Z", &start_ms), 0);
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        struct hy_cron cron;
        int64_t due_ms = start_ms, run_ms = 0;

        CHECK_INT(hy_cron_parse(schedules[i], &cron, NULL), 0);
        for (int64_t minute = 0; minute < 365 * 1440; minute++) {
            int64_t now_ms = start_ms + minute * 60000;

            CHECK_INT(hy_cron_next(&cron, zone, now_ms, &run_ms), 0);
            CHECK(run_ms > now_ms);
            CHECK(now_ms >= due_ms || run_ms == due_ms);
            due_ms = run_ms;
        }
    }
    hy_zone_close(zone);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s cron_cases.tsv\n", argv[0]);
        return 2;
    }
    cases_path = argv[1];
    RUN(says_where_and_why);
    RUN(speaks_plainly);
    RUN(refuses_long_texts);
    RUN(prints_canonically);
    RUN(tells_schedules_apart);
    RUN(knows_impossible_dates);
    RUN(runs_minutes_that_never_come);
    RUN(keeps_to_its_years);
    RUN(lists_the_next_ones);
    RUN(never_skips_or_repeats_a_run);
    RUN(has_all_cases);
    run_cases();
    return hy_tap_end();
}
