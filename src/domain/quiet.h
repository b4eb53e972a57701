/*
 * quiet.h - the hours in which an app's users are left alone: "22:00-08:00" in a time zone.
 *
 * From the first minute up to, not with, the second. A range may go past midnight; one that begins
 * where it ends is no range. Minutes that a clock change swallows or repeats are as that zone's
 * clocks show them.
 */
#ifndef HY_DOMAIN_QUIET_H
#define HY_DOMAIN_QUIET_H

#include "domain/zone.h"

#include <stdint.h>

struct hy_quiet {
    int from_min, until_min; /* of the day; equal: never quiet */
};

enum { HY_QUIET_TEXT_BYTES = 12 };

/* "" is never. HY_E_INVALID for anything but HH:MM-HH:MM with two different times. */
int hy_quiet_parse(const char *text, struct hy_quiet *ret_quiet);
const char *hy_quiet_print(const struct hy_quiet *quiet, char into[HY_QUIET_TEXT_BYTES]);

/* The end of the quiet hours that `now_ms` lies in; 0 = it is not quiet. */
int64_t hy_quiet_until(const struct hy_quiet *quiet, const struct hy_zone *zone, int64_t now_ms);

/* The next instant after `now_ms` at which quiet hours begin or end; INT64_MAX = never. */
int64_t hy_quiet_change(const struct hy_quiet *quiet, const struct hy_zone *zone, int64_t now_ms);

#endif
