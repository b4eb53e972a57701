/*
 * grants.h - the store's verbs for grants. See store.h for what all verbs share.
 */
#ifndef HY_STORE_GRANTS_H
#define HY_STORE_GRANTS_H

#include "domain/grant.h"
#include "store/store.h"

struct hy_deposit_item {
    /* In: everything but id and uses_reserved; state available, 1 <= uses_left <= uses_total, a
     * receipt has a credential and no template, a counter a template and no credential, `always` no
     * expiry. Out: id (of a duplicate: that of the stored one), never used again. */
    struct hy_grant grant;
    int64_t margin_ms; /* the app's receipt margin */
    bool duplicate;    /* out: this credential is stored already for this app; nothing was added */
};

/*
 * Stores grants, all or none, and wakes the messages that wait for them (messages.h). A credential
 * is stored once an app, whoever deposits it again; items of one call count among themselves too.
 * May be repeated: the second time all receipts are duplicates. Counters have nothing to be known
 * by and are added again: after HY_E_UNCERTAIN look first.
 */
struct hy_deposit {
    struct hy_op op;
    struct hy_deposit_item *items;
    size_t count;
    int64_t now_ms;
    size_t woken; /* out: messages that waited and are due now */
};

/* Deletes the grants of one app whose time is over and of which nothing is reserved: available and
 * suspect ones when expires_at_ms - margin_ms <= now, spent and revoked ones when expires_at_ms <=
 * now; never those without an expiry. At most `limit`, in order of expires_at_ms, then id. */
struct hy_purge {
    struct hy_op op;
    int64_t app_no;
    int64_t now_ms;
    int64_t margin_ms;
    size_t limit;
    size_t purged; /* out; == limit: call again */
};

/*
 * The grants of one user that fit `template_id` (null: all of them): first those that are usable
 * now, then the others, both in the order of hy_grant_compare(). `available` counts the free uses
 * of all usable ones, beyond `limit` too.
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
