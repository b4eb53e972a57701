#include "tap.h"

#include "base/err.h"
#include "base/instant.h"

static const struct {
    const char *text;
    int64_t ms;
} valid[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T08:00:00+08:00", 0},
    {"1969-12-31T23:59:59.999Z", -1},
    {"2000-02-29T12:00:00z", 951825600000},
    {"2026-03-01t08:00:00.5Z", 1772352000500},
    {"2026-03-01 08:00:00.123456Z", 1772352000123},
    {"2016-12-31T23:59:60Z", 1483228799000},
    {"9999-12-31T23:59:59Z", 253402300799000},
};

static const char *const invalid[] = {
    "",
    "2026",
    "2026-03-01",
    "2026-3-1T08:00:00Z",
    "2026-03-01T08:00:00",
    "2026-02-29T08:00:00Z",
    "2026-13-01T08:00:00Z",
    "2026-03-01T24:00:00Z",
    "2026-03-01T08:60:00Z",
    "2026-03-01T08:00:00.Z",
    "2026-03-01T08:00:00+0800",
    "2026-03-01T08:00:00Zx",
    "1900-02-29T00:00:00Z",
};

static void reads_rfc3339(void)
{
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++) {
        int64_t ms = 77;

        CHECK_INT(hy_instant_parse(valid[i].text, &ms), 0);
        CHECK_INT(ms, valid[i].ms);
    }
}

static void refuses_anything_else(void)
{
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        int64_t ms = 77;

        CHECK_INT(hy_instant_parse(invalid[i], &ms), HY_E_INVALID);
        CHECK_INT(ms, 77);
    }
}

static void prints_what_it_reads(void)
{
    char text[HY_INSTANT_TEXT_BYTES];

    CHECK_TEXT(hy_instant_print(1772352000123, text), "2026-03-01T08:00:00.123Z");
    for (int64_t ms = -62167219200000; ms < 253402300799999; ms += 86399999 * 1013LL) {
        int64_t again;

        CHECK_INT(hy_instant_parse(hy_instant_print(ms, text), &again), 0);
        CHECK_INT(again, ms);
    }
}

static void civil_dates_go_both_ways(void)
{
    for (int64_t days = -800000; days < 3000000; days += 61) {
        int year, month, day;

        hy_civil_from_days(days, &year, &month, &day);
        CHECK_INT(hy_days_from_civil(year, month, day), days);
    }
}

int main(void)
{
    RUN(reads_rfc3339);
    RUN(refuses_anything_else);
    RUN(prints_what_it_reads);
    RUN(civil_dates_go_both_ways);
    return hy_tap_end();
}
