#include "tap.h"

#include "base/instant.h"
#include "engine/internal.h"

static struct hy_zone *zone;

static void check(const char *zone_name, enum hy_hint hint, const char *now, const char *expected)
{
    char text[HY_INSTANT_TEXT_BYTES];
    int64_t now_ms;

    CHECK_INT(hy_zone_open(zone_name, &zone), 0);
    CHECK_INT(hy_instant_parse(now, &now_ms), 0);
    hy_instant_print(hy_hint_at(hint, zone, now_ms), text);
    hy_zone_close(zone);
    CHECK_TEXT(text, expected);
}

static const char shanghai[] = "Asia/Shanghai";

static void durations_count_from_now(void)
{
    check(shanghai, HY_HINT_SECOND, "2026-03-01T08:00:00.123Z", "2026-03-01T08:00:01.123Z");
    check(shanghai, HY_HINT_HOUR, "2026-03-01T23:30:00Z", "2026-03-02T00:30:00.000Z");
    check(shanghai, HY_HINT_DAY, "2026-02-28T08:00:00Z", "2026-03-01T08:00:00.000Z");
}

static void the_next_minute_begins_strictly_later(void)
{
    check(shanghai, HY_HINT_NEXT_MINUTE, "2026-03-01T08:00:00Z", "2026-03-01T08:01:00.000Z");
    check(shanghai, HY_HINT_NEXT_MINUTE, "2026-03-01T08:00:59.999Z", "2026-03-01T08:01:00.000Z");
    check(shanghai, HY_HINT_NEXT_MINUTE, "2026-12-31T23:59:30Z", "2027-01-01T00:00:00.000Z");
}

/* Midnight in Shanghai is 16:00 UTC. */
static void the_next_day_is_the_platforms(void)
{
    check(shanghai, HY_HINT_NEXT_DAY, "2026-03-01T15:59:59.999Z", "2026-03-01T16:00:00.000Z");
    check(shanghai, HY_HINT_NEXT_DAY, "2026-03-01T16:00:00Z", "2026-03-02T16:00:00.000Z");
    check(shanghai, HY_HINT_NEXT_DAY, "2026-12-31T17:00:00Z", "2027-01-01T16:00:00.000Z");
}

static void the_next_month_is_the_platforms(void)
{
    check(shanghai, HY_HINT_NEXT_MONTH, "2026-03-15T00:00:00Z", "2026-03-31T16:00:00.000Z");
    check(shanghai, HY_HINT_NEXT_MONTH, "2026-03-31T15:59:59.999Z", "2026-03-31T16:00:00.000Z");
    check(shanghai, HY_HINT_NEXT_MONTH, "2026-03-31T16:00:00Z", "2026-04-30T16:00:00.000Z");
    check(shanghai, HY_HINT_NEXT_MONTH, "2026-12-15T00:00:00Z", "2026-12-31T16:00:00.000Z");
    check(shanghai, HY_HINT_NEXT_MONTH, "2026-12-31T20:00:00Z", "2027-01-31T16:00:00.000Z");
    check(shanghai, HY_HINT_NEXT_MONTH, "2028-02-01T00:00:00Z", "2028-02-29T16:00:00.000Z");
}

/* A platform elsewhere: the night of the change of clocks has 23 or 25 hours. */
static void a_day_with_a_change_of_clocks(void)
{
    check("America/New_York", HY_HINT_NEXT_DAY, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00.000Z");
    check("America/New_York", HY_HINT_NEXT_DAY, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00.000Z");
    check("America/New_York", HY_HINT_NEXT_MONTH, "2026-10-05T00:00:00Z",
          "2026-11-01T04:00:00.000Z");
}

static void no_hint_is_no_instant(void)
{
    CHECK_INT(hy_zone_open(shanghai, &zone), 0);
    CHECK_INT(hy_hint_at(HY_HINT_NONE, zone, 1772323200000), 0);
    CHECK_INT(hy_hint_at(HY_HINTS, zone, 1772323200000), 0);
    hy_zone_close(zone);
}

/* Every hint is in the future, whenever it is asked: a pause that ends at once would be none. */
static void hints_are_always_later(void)
{
    CHECK_INT(hy_zone_open(shanghai, &zone), 0);
    for (int64_t now = 1772323200000; now < 1772323200000 + 70 * 86400000LL; now += 8640001) {
        for (int hint = HY_HINT_SECOND; hint < HY_HINTS; hint++)
            CHECK(hy_hint_at((enum hy_hint)hint, zone, now) > now);
    }
    hy_zone_close(zone);
}

static void day_numbers_change_at_the_platforms_midnight(void)
{
    int64_t midnight_ms, day;

    CHECK_INT(hy_zone_open(shanghai, &zone), 0);
    CHECK_INT(hy_instant_parse("2026-03-01T16:00:00Z", &midnight_ms), 0);
    day = hy_days_from_civil(2026, 3, 2);
    CHECK_INT(hy_day_number(zone, midnight_ms), day);
    CHECK_INT(hy_day_number(zone, midnight_ms - 1), day - 1);
    CHECK_INT(hy_day_number(zone, midnight_ms + 86399999), day);
    CHECK_INT(hy_day_number(zone, 0), 0);
    CHECK_INT(hy_day_number(zone, -8 * 3600000LL - 5 * 60000 - 44000), -1); /* before 1901 too */
    hy_zone_close(zone);
}

int main(void)
{
    RUN(durations_count_from_now);
    RUN(the_next_minute_begins_strictly_later);
    RUN(the_next_day_is_the_platforms);
    RUN(the_next_month_is_the_platforms);
    RUN(a_day_with_a_change_of_clocks);
    RUN(no_hint_is_no_instant);
    RUN(hints_are_always_later);
    RUN(day_numbers_change_at_the_platforms_midnight);
    return hy_tap_end();
}
