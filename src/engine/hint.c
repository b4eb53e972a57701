/*
 * hint.c - a reply's "try again" as an instant, in the platform's own time zone.
 */
#include "base/instant.h"
#include "engine/internal.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 86400000 };

static int64_t floor_day(int64_t ms)
{
    return ms >= 0 ? ms / DAY_MS : -((-ms + DAY_MS - 1) / DAY_MS);
}

int64_t hy_day_number(const struct hy_zone *zone, int64_t now_ms)
{
    return floor_day(now_ms + hy_zone_offset_ms(zone, now_ms));
}

static int64_t next_month(const struct hy_zone *zone, int64_t now_ms)
{
    int year, month, day;

    hy_civil_from_days(hy_day_number(zone, now_ms), &year, &month, &day);
    if (++month > 12) {
        month = 1;
        year++;
    }
    return hy_zone_when_ms(zone, hy_days_from_civil(year, month, 1) * DAY_MS, now_ms);
}

int64_t hy_hint_at(enum hy_hint hint, const struct hy_zone *zone, int64_t now_ms)
{
    switch (hint) {
    case HY_HINT_SECOND: return now_ms + 1000;
    case HY_HINT_NEXT_MINUTE: return (now_ms / MINUTE_MS + 1) * MINUTE_MS;
    case HY_HINT_HOUR: return now_ms + HOUR_MS;
    case HY_HINT_DAY: return now_ms + DAY_MS;
    case HY_HINT_NEXT_DAY: return hy_zone_next_midnight_ms(zone, now_ms);
    case HY_HINT_NEXT_MONTH: return next_month(zone, now_ms);
    case HY_HINT_NONE:
    case HY_HINTS: break;
    }
    return 0;
}
