/*
 * tzif.h - the inside of a zone and the reader of compiled zone files (RFC 9636, versions 2 to 4).
 *
 * Private to the zone files of this folder; everybody else includes domain/zone.h.
 */
#ifndef HY_DOMAIN_TZIF_H
#define HY_DOMAIN_TZIF_H

#include "domain/tzrule.h"
#include "domain/zone.h"

struct hy_zone_change {
    int64_t at_s;
    int32_t offset_s; /* from here on */
};

struct hy_zone {
    char name[HY_ZONE_NAME_BYTES];
    int32_t first_offset_s; /* before the first change */
    bool has_rule;          /* after the last change; without, its offset stays */
    struct hy_tzrule rule;
    size_t count;
    struct hy_zone_change changes[]; /* ascending */
};

#endif
