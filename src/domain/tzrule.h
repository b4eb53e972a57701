/*
 * tzrule.h - the rule that ends a zone file: how its clock goes on after the last listed change.
 *
 * "CET-1CEST,M3.5.0,M10.5.0/3": standard time one hour east, summer time from the last Sunday of
 * March to the last Sunday of October. The grammar is POSIX's TZ with the wider hours of RFC 9636.
 * Private to the zone files of this folder.
 */
#ifndef HY_DOMAIN_TZRULE_H
#define HY_DOMAIN_TZRULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No clock is further from UTC than this; RFC 9636 has -24:59:59 to +25:59:59. */
enum { HY_TZ_OFFSET_MAX_S = 26 * 3600 };

enum hy_tzrule_kind {
    HY_TZRULE_WEEKDAY, /* Mm.w.d: the w-th (5 = last) weekday d of month m */
    HY_TZRULE_JULIAN,  /* Jn: day 1 to 365, 29 February is never counted */
    HY_TZRULE_ORDINAL, /* n: day 0 to 365, 29 February is counted */
};

struct hy_tzrule_date {
    enum hy_tzrule_kind kind;
    int month, week, day;
    int time_s; /* on the clock as it goes before the change; may leave the day on either side */
};

struct hy_tzrule {
    bool has_dst; /* without, only `std_offset_s` counts */
    int std_offset_s, dst_offset_s;
    struct hy_tzrule_date start, end; /* of daylight saving */
};

struct hy_tzrule_span {
    int64_t start_s, end_s; /* INT64_MIN, INT64_MAX: no more */
    int offset_s;
};

/* Reads the `size` bytes at `text`; HY_E_CORRUPT when they aren't a rule. */
int hy_tzrule_parse(const char *text, size_t size, struct hy_tzrule *ret_rule);

/* The span of constant offset around `at_s`, as if the rule held for all years. */
void hy_tzrule_span(const struct hy_tzrule *rule, int64_t at_s, struct hy_tzrule_span *ret_span);

#endif
