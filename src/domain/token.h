/*
 * token.h - the access token of an app as the store keeps it, and its call budget.
 */
#ifndef HY_DOMAIN_TOKEN_H
#define HY_DOMAIN_TOKEN_H

#include "domain/app.h"

#include <stdint.h>

/*
 * `version` grows with every token that was stored: a refresh names the version it wants to
 * replace, and does nothing when another came first.
 */
struct hy_token {
    int64_t app_no;
    int64_t version;         /* 0 = there never was one */
    struct hy_sealed access; /* the token itself, sealed */
    int64_t obtained_at_ms;
    int64_t expires_at_ms;
    int64_t refreshing_until_ms; /* somebody asks the platform now, at the latest until then */
    int64_t failures;            /* refreshes that failed since the last good one */
    const char *last_error; /* of the last failed refresh, "40125 invalid appsecret", or null */
    int64_t day;            /* the platform's day that the counts below belong to */
    int64_t calls;          /* token calls on that day */
    int64_t forced_calls;   /* of them, forced ones of the stable interface */
    int64_t forced_at_ms;   /* when the last forced one was made */
};

#endif
