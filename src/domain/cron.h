/*
 * cron.h - schedules in the five fields of Vixie cron, and when they run.
 *
 *   minute 0-59, hour 0-23, day of month 1-31, month 1-12 (jan-dec), day of week 0-7 (sun-sat)
 *
 * A field is a list "a,b,c" of single values, ranges "a-b" and "*" (first to last); a range and "*"
 * may have a step after a slash ("10-30/7" is 10, 17, 24). Names are three letters in any case and
 * stand wherever a number can. 0 and 7 are Sunday; "sun" is 0. Fields are parted by blanks and
 * tabs. As in Vixie's code a range must not run backwards ("fri-sun": write "fri-7"), and a step
 * after a single value ("5/15") is an error: others read it as "5-59/15" and older cron as "5", so
 * it has no one meaning. A step larger than its range is allowed and leaves the first value.
 *
 * Instead of the fields one of these words, in any case: @hourly (0 * * * *), @daily and @midnight
 * (0 0 * * *), @weekly (0 0 * * 0), @monthly (0 0 1 * *), @yearly and @annually (0 0 1 1 *).
 *
 * Which days: a day field whose text begins with "*" is a star, with a step too. When neither
 * day field is a star, a day counts if either field has it; otherwise it has to be in both.
 *
 * Daylight saving.
 *   - Spring, every schedule: a matching local time inside a gap runs at the first instant after
 *     the gap. Several times inside one gap (and one that falls on its end) are one run. The size
 *     of the gap doesn't matter: in Apia the times of 30 December 2011, a day that never was, run
 *     as 31 December begins. The day fields are asked of the local time itself, not of the instant
 *     it was moved to. So "30 * * * *" where 02:00 becomes 03:00 runs at 01:30, 03:00 and 03:30.
 *   - Autumn: the text of the minute and the hour field decides. When either begins with "*" it is
 *     a wildcard schedule and runs in both passes of an overlap; otherwise its times are fixed and
 *     each runs once, in the first pass. ("0 * * * *" stays one run an hour of real time, spring
 *     and autumn, where clocks are changed by whole hours.)
 *
 * A run is never in the middle of a minute of the local clock, but for the first instant after a
 * gap in some zones before 1972.
 */
#ifndef HY_DOMAIN_CRON_H
#define HY_DOMAIN_CRON_H

#include "domain/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HY_CRON_TEXT_BYTES = 512, /* longest text with its final zero, read or printed */
    HY_CRON_NEVER = 1,        /* condition of hy_cron_next and hy_cron_next_n */
};

enum hy_cron_star {
    HY_CRON_STAR_MINUTE = 1,
    HY_CRON_STAR_HOUR = 2,
    HY_CRON_STAR_DAY = 4,
    HY_CRON_STAR_MONTH = 8,
    HY_CRON_STAR_WEEKDAY = 16,
};

/* A plain value without heap; bit n = value n. Made by hy_cron_parse only. */
struct hy_cron {
    uint64_t minutes;
    uint32_t hours;
    uint32_t days;    /* bits 1 to 31 */
    uint16_t months;  /* bits 1 to 12 */
    uint8_t weekdays; /* bits 0 (Sunday) to 6 */
    uint8_t stars;    /* enum hy_cron_star: fields whose text begins with "*" */
};

struct hy_cron_error {
    size_t position;   /* bytes before the fault, 0 = the first character */
    const char *field; /* "minute", "day of month", ...; "" = the text as a whole; static */
    const char *rule;  /* short stable name: "length", "macro", "missing", "extra", "syntax",
                          "name", "range", "order", "step"; static */
    char message[160]; /* one English sentence that names the field and what is allowed */
};

/* HY_E_INVALID when `text` isn't a schedule; then `ret_error` (null is fine) says why. On success
 * `ret_error` isn't touched. A date that no year has ("0 0 31 2 *") is valid, as in cron: ask
 * hy_cron_possible. */
int hy_cron_parse(const char *text, struct hy_cron *ret_cron, struct hy_cron_error *ret_error);

/* Whether any year has a day that matches. */
bool hy_cron_possible(const struct hy_cron *cron);

bool hy_cron_equal(const struct hy_cron *a, const struct hy_cron *b);

/* The canonical text: numbers only, single blanks, a star stays a star (with the smallest step that
 * fits), three and more in a row are a range. Reading it gives an equal schedule. Returns `into`.
 */
const char *hy_cron_print(const struct hy_cron *cron, char into[HY_CRON_TEXT_BYTES]);

/*
 * The first run strictly after `from_ms`, on the clock of `zone`.
 *
 *   HY_CRON_NEVER  no run in the next 41 years (every day that can match comes back within 40:
 *                  29 February on a Sunday over 2100), or none before the year 10000
 *   HY_E_INVALID   `from_ms` isn't in the years 1 to 9999
 */
int hy_cron_next(const struct hy_cron *cron, const struct hy_zone *zone, int64_t from_ms,
                 int64_t *ret_ms);

/* The next `n` runs, ascending; fewer when there are no more. HY_CRON_NEVER when there is none,
 * with `*ret_count` 0; otherwise as hy_cron_next. */
int hy_cron_next_n(const struct hy_cron *cron, const struct hy_zone *zone, int64_t from_ms,
                   size_t n, int64_t *ret_runs, size_t *ret_count);

#endif
