/*
 * grants.h - the store's verbs for grants. See store.h for what all verbs share.
 */
#ifndef HY_STORE_GRANTS_H
#define HY_STORE_GRANTS_H

#include "domain/grant.h"
#include "store/store.h"

struct hy_deposit_item {
    /* In: everything but id and the counters' uses_reserved. Out: id. */
    struct hy_grant grant;
    bool duplicate; /* out: this credential is stored already for this app; nothing was added */
};

/*
 * Stores grants, all or none. A credential is stored once an app, whoever deposits it again; items
 * of one call count among themselves too. May be repeated: the second time all are duplicates.
 */
struct hy_deposit {
    struct hy_op op;
    struct hy_deposit_item *items;
    size_t count;
    int64_t now_ms;
};

/* Expired receipts whose time is over (expires_at_ms - margin_ms <= now, uses left, nothing
 * reserved) become expired and are deleted: at most `limit` of one app. Spent and revoked ones go
 * when their expires_at_ms is past, too. */
struct hy_purge {
    struct hy_op op;
    int64_t app_no;
    int64_t now_ms;
    int64_t margin_ms;
    size_t limit;
    size_t purged; /* out; == limit: call again */
};

/*
 * The grants of one user, the one that is used next first. `available` counts the uses usable now
 * for `template_id` (null: receipts only plus every template's own).
 */
struct hy_grant_list {
    struct hy_op op;
    int64_t app_no;
    const char *user;
    const char *template_id; /* or null */
    int64_t now_ms;
    int64_t margin_ms;
    size_t limit; /* 1..1000 */
    struct hy_arena *arena;
    struct hy_grant *grants; /* out */
    size_t count;            /* out */
    int64_t available;       /* out */
};

#endif
