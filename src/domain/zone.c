#include "domain/tzif.h"

#include <stdlib.h>

static const int64_t day_ms = 86400000;

/* Two clocks of one place differ by less than twice this, so nothing further away matters. */
static const int64_t reach_ms = HY_TZ_OFFSET_MAX_S * INT64_C(1000);

void hy_zone_close(struct hy_zone *zone)
{
    free(zone);
}

const char *hy_zone_name(const struct hy_zone *zone)
{
    return zone->name;
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* How many changes lie at or before `at_s`. */
static size_t changes_until(const struct hy_zone *zone, int64_t at_s)
{
    size_t low = 0, high = zone->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (zone->changes[middle].at_s <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct hy_tzrule_span span_s(const struct hy_zone *zone, int64_t at_s)
{
    size_t until = changes_until(zone, at_s);
    struct hy_tzrule_span span = {INT64_MIN, INT64_MAX, zone->first_offset_s};

    if (until == zone->count && zone->has_rule) {
        hy_tzrule_span(&zone->rule, at_s, &span);
        if (until > 0 && zone->changes[until - 1].at_s > span.start_s)
            span.start_s = zone->changes[until - 1].at_s;
        return span;
    }
    if (until > 0) {
        span.start_s = zone->changes[until - 1].at_s;
        span.offset_s = zone->changes[until - 1].offset_s;
    }
    if (until < zone->count)
        span.end_s = zone->changes[until].at_s;
    return span;
}

void hy_zone_span(const struct hy_zone *zone, int64_t utc_ms, struct hy_zone_span *ret_span)
{
    struct hy_tzrule_span s = span_s(zone, floor_div(utc_ms, 1000));

    ret_span->start_ms = s.start_s == INT64_MIN ? INT64_MIN : s.start_s * 1000;
    ret_span->end_ms = s.end_s == INT64_MAX ? INT64_MAX : s.end_s * 1000;
    ret_span->offset_ms = (int64_t)s.offset_s * 1000;
}

int64_t hy_zone_offset_ms(const struct hy_zone *zone, int64_t utc_ms)
{
    struct hy_zone_span span;

    hy_zone_span(zone, utc_ms, &span);
    return span.offset_ms;
}

int64_t hy_zone_shown_ms(const struct hy_zone *zone, int64_t utc_ms)
{
    struct hy_zone_span span;
    int64_t shown;

    hy_zone_span(zone, utc_ms, &span);
    shown = utc_ms + span.offset_ms;
    while (span.start_ms > utc_ms - 2 * reach_ms) {
        int64_t change_ms = span.start_ms;

        hy_zone_span(zone, change_ms - 1, &span);
        if (change_ms - 1 + span.offset_ms > shown)
            shown = change_ms - 1 + span.offset_ms;
    }
    return shown;
}

int64_t hy_zone_when_ms(const struct hy_zone *zone, int64_t local_ms, int64_t after_ms)
{
    int64_t at_ms = local_ms - reach_ms; /* no clock shows `local_ms` earlier */
    struct hy_zone_span span;

    if (at_ms <= after_ms)
        at_ms = after_ms + 1;
    for (;; at_ms = span.end_ms) {
        hy_zone_span(zone, at_ms, &span);
        if (local_ms - span.offset_ms > at_ms)
            at_ms = local_ms - span.offset_ms;
        if (at_ms < span.end_ms)
            return at_ms;
    }
}

int64_t hy_zone_next_midnight_ms(const struct hy_zone *zone, int64_t now_ms)
{
    int64_t local_ms = now_ms + hy_zone_offset_ms(zone, now_ms);

    return hy_zone_when_ms(zone, (floor_div(local_ms, day_ms) + 1) * day_ms, now_ms);
}
