#include "domain/cron.h"

#include "base/err.h"
#include "base/instant.h"

static const int64_t minute_ms = 60000;
static const int64_t day_minutes = 1440;
static const int64_t first_from_ms = -62135596800000; /* 0001-01-01 */
static const int64_t last_ms = 253402300799999;       /* 9999-12-31T23:59:59.999Z */

enum { SEARCH_YEARS = 41, FEBRUARY = 2 };

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == FEBRUARY && leap);
}

/* Vixie's rule: two restricted day fields widen each other, a star field only narrows. */
static bool either_day(const struct hy_cron *c)
{
    return !(c->stars & (HY_CRON_STAR_DAY | HY_CRON_STAR_WEEKDAY));
}

static bool wildcard(const struct hy_cron *c)
{
    return c->stars & (HY_CRON_STAR_MINUTE | HY_CRON_STAR_HOUR);
}

/* Every weekday falls on every date sooner or later, so only the length of months can forbid. */
bool hy_cron_possible(const struct hy_cron *cron)
{
    if (either_day(cron))
        return true;
    for (int month = 1; month <= 12; month++) {
        uint32_t in_month = (uint32_t)((UINT64_C(2) << month_length(2000, month)) - 2);

        if ((cron->months >> month & 1) && (cron->days & in_month))
            return true;
    }
    return false;
}

/* Bit d: day d of that month matches. */
static uint32_t days_of_month(const struct hy_cron *c, int year, int month)
{
    int64_t first = hy_days_from_civil(year, month, 1);
    int weekday = (int)(((first + 4) % 7 + 7) % 7); /* day 0 of the epoch was a Thursday */
    uint32_t days = 0;

    if (!(c->months >> month & 1))
        return 0;
    for (int day = 1; day <= month_length(year, month); day++) {
        bool by_date = c->days >> day & 1;
        bool by_weekday = c->weekdays >> (weekday + day - 1) % 7 & 1;

        if (either_day(c) ? by_date || by_weekday : by_date && by_weekday)
            days |= UINT32_C(1) << day;
    }
    return days;
}

/* The first matching day at or after `from_day` (days since 1970); false after SEARCH_YEARS. */
static bool next_day(const struct hy_cron *c, int64_t from_day, int64_t *ret_day)
{
    int year, month, day, last_year;

    hy_civil_from_days(from_day, &year, &month, &day);
    last_year = year + SEARCH_YEARS;
    while (year <= last_year) {
        uint32_t days = days_of_month(c, year, month) >> day;

        if (days) {
            *ret_day = hy_days_from_civil(year, month, day + __builtin_ctz(days));
            return true;
        }
        day = 1;
        year += month == 12;
        month = month == 12 ? 1 : month + 1;
    }
    return false;
}

/* The first matching minute of the day at or after `from`; false when the day has no more. */
static bool next_minute(const struct hy_cron *c, int from, int *ret_minute)
{
    int hour = from / 60;
    uint64_t minutes = c->minutes >> from % 60;
    uint32_t later = (uint32_t)((uint64_t)c->hours >> (hour + 1));

    if ((c->hours >> hour & 1) && minutes) {
        *ret_minute = from + __builtin_ctzll(minutes);
        return true;
    }
    if (!later)
        return false;
    *ret_minute = (hour + 1 + __builtin_ctz(later)) * 60 + __builtin_ctzll(c->minutes);
    return true;
}

/* The first matching local time at or after `from_ms`, itself local. */
static bool next_local(const struct hy_cron *c, int64_t from_ms, int64_t *ret_ms)
{
    int64_t from = from_ms / minute_ms + (from_ms % minute_ms > 0);
    int64_t day = from / day_minutes - (from % day_minutes < 0);
    int64_t found;
    int minute = 0;

    if (!next_day(c, day, &found))
        return false;
    if (found > day || !next_minute(c, (int)(from - day * day_minutes), &minute)) {
        if (found == day && !next_day(c, day + 1, &found))
            return false;
        next_minute(c, 0, &minute);
    }
    *ret_ms = (found * day_minutes + minute) * minute_ms;
    return true;
}

/* The next local time that the clock hasn't shown yet. It always comes: if not shown, then as the
 * end of the gap that swallows it. */
static bool next_unseen(const struct hy_cron *c, const struct hy_zone *zone, int64_t from_ms,
                        int64_t *ret_ms)
{
    int64_t local_ms;

    if (!next_local(c, hy_zone_shown_ms(zone, from_ms) + 1, &local_ms))
        return false;
    *ret_ms = hy_zone_when_ms(zone, local_ms, from_ms);
    return true;
}

/* The next time that the clock shows before `end_ms`, also one that an overlap shows again. */
static bool next_shown(const struct hy_cron *c, const struct hy_zone *zone, int64_t from_ms,
                       int64_t end_ms, int64_t *ret_ms)
{
    struct hy_zone_span span;
    int64_t local_ms;

    for (int64_t at_ms = from_ms + 1; at_ms < end_ms; at_ms = span.end_ms) {
        hy_zone_span(zone, at_ms, &span);
        if (!next_local(c, at_ms + span.offset_ms, &local_ms))
            return false;
        if (local_ms - span.offset_ms < span.end_ms) {
            *ret_ms = local_ms - span.offset_ms;
            return *ret_ms < end_ms;
        }
    }
    return false;
}

/* Fixed times run when they are new to the clock; a wildcard schedule also when they are shown
 * again, and whichever comes first is its next run. */
static bool next_run(const struct hy_cron *c, const struct hy_zone *zone, int64_t from_ms,
                     int64_t *ret_ms)
{
    int64_t again_ms;

    if (!next_unseen(c, zone, from_ms, ret_ms))
        return false;
    if (wildcard(c) && next_shown(c, zone, from_ms, *ret_ms, &again_ms))
        *ret_ms = again_ms;
    return true;
}

int hy_cron_next(const struct hy_cron *cron, const struct hy_zone *zone, int64_t from_ms,
                 int64_t *ret_ms)
{
    int64_t run_ms = 0;

    if (from_ms < first_from_ms || from_ms > last_ms)
        return HY_E_INVALID;
    if (!hy_cron_possible(cron) || !next_run(cron, zone, from_ms, &run_ms) || run_ms > last_ms)
        return HY_CRON_NEVER;
    *ret_ms = run_ms;
    return 0;
}

int hy_cron_next_n(const struct hy_cron *cron, const struct hy_zone *zone, int64_t from_ms,
                   size_t n, int64_t *ret_runs, size_t *ret_count)
{
    size_t count = 0;
    int result = 0;

    while (count < n && result == 0) {
        result = hy_cron_next(cron, zone, from_ms, &ret_runs[count]);
        if (result == 0)
            from_ms = ret_runs[count++];
    }
    if (result < 0)
        return result;
    *ret_count = count;
    return count == 0 && n > 0 ? HY_CRON_NEVER : 0;
}
