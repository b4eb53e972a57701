/*
 * zone.h - what the clocks of a place show: IANA time zones with all their daylight saving.
 *
 * The rules are the system's own compiled zone files (package tzdata, RFC 9636), because those are
 * what the distribution keeps up to date: governments change daylight saving every year, and the
 * ICU of Debian 12 stopped at 2022e (no summer time in Cairo since 2023, an hour wrong in Mexico
 * City). Nothing about any zone is written here.
 *
 * Two kinds of time, both int64_t milliseconds:
 *   an instant   since 1970-01-01T00:00:00Z: unique, always grows;
 *   local time   what the wall clock shows, counted as if the clock were in UTC. It jumps over a
 *                gap in spring and shows an hour again in an autumn overlap.
 *
 * Instants are good from year 0000 to 9999.
 *
 * Threads: a zone never changes once it is open, so any number of threads may use one at the same
 * time without a lock. An update of the system's files is seen by zones opened after it.
 */
#ifndef HY_DOMAIN_ZONE_H
#define HY_DOMAIN_ZONE_H

#include <stddef.h>
#include <stdint.h>

enum {
    HY_ZONE_NAME_BYTES = 64,            /* with the final zero; the longest IANA name has 32 */
    HY_ZONE_FILE_MAX_BYTES = 64 * 1024, /* the largest real file has 4 KiB */
};

struct hy_zone;

/* A run of instants, from `start_ms` up to but not with `end_ms`, in which the offset is the same;
 * its neighbours may have the same offset too. INT64_MIN and INT64_MAX where there is no more. */
struct hy_zone_span {
    int64_t start_ms;
    int64_t end_ms;
    int64_t offset_ms; /* local time minus instant: positive in the east */
};

/*
 * Opens the zone of an IANA name: "Asia/Shanghai", "America/New_York", "Etc/GMT-8". "UTC" needs no
 * file. Names are case-sensitive as IANA writes them. Offsets ("GMT+8:00", "+08:00"), POSIX strings
 * and the system's own choice ("localtime") are refused: they aren't names of zones.
 *
 *   HY_E_INVALID    no such zone (null and "" too)
 *   HY_E_NOT_FOUND  this machine has no zone files at all: install tzdata
 *   HY_E_CORRUPT    the file isn't a zone file of RFC 9636 without leap seconds
 *   HY_E_IO, HY_E_NOMEM
 */
int hy_zone_open(const char *name, struct hy_zone **ret_zone);

/* The same from the bytes of a zone file; `name` is only kept. HY_E_CORRUPT, HY_E_NOMEM,
 * HY_E_INVALID when the name is null or too long. */
int hy_zone_parse(const char *name, const void *bytes, size_t size, struct hy_zone **ret_zone);

void hy_zone_close(struct hy_zone *zone); /* null is fine */

const char *hy_zone_name(const struct hy_zone *zone);

/* Local time at an instant is the instant plus this. */
int64_t hy_zone_offset_ms(const struct hy_zone *zone, int64_t utc_ms);

void hy_zone_span(const struct hy_zone *zone, int64_t utc_ms, struct hy_zone_span *ret_span);

/* The latest local time that the clock has shown up to and with `utc_ms`. It is the local time of
 * that instant, but for the repeated part of an overlap, where the clock was further once. */
int64_t hy_zone_shown_ms(const struct hy_zone *zone, int64_t utc_ms);

/* The first instant after `after_ms` at which the clock shows `local_ms` or later. For a local time
 * inside a gap that is the first instant after the gap. */
int64_t hy_zone_when_ms(const struct hy_zone *zone, int64_t local_ms, int64_t after_ms);

/* The first instant of the next local day; 01:00 where midnight itself falls into a gap. */
int64_t hy_zone_next_midnight_ms(const struct hy_zone *zone, int64_t now_ms);

#endif
