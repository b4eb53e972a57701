/*
 * grants.h - the store's verbs for grants. See store.h for what all verbs share.
 */
#ifndef HY_STORE_GRANTS_H
#define HY_STORE_GRANTS_H

#include "domain/answer.h"
#include "domain/grant.h"
#include "domain/message.h"
#include "store/store.h"

enum { HY_IDENTITY_BYTES = 16, HY_IDENTITY_BACK_MS = 86400000 };

/* How long after its instant an identity is remembered: what is older cannot be told from its
 * repetition. */
#define HY_IDENTITY_KEPT_MS (30 * 86400000LL)

/* --- deposit ---------------------------------------------------------------------------------- */

struct hy_deposit_item {
    /*
     * In: everything but id, uses_reserved, refusals and retry_at_ms; state available,
     * 1 <= uses_left == uses_total. A receipt has a credential and no template. A counter has a
     * template, no credential and no expiry; uses_total is how many accepts are told (always: 1),
     * obtained_at_ms when they were given. With `answer` other than accept: a counter, 1 use, and
     * nothing is added but the answer; withdraw revokes (hy_grant_withdraw(), "withdrawn"). An
     * accept that is not newer than the newest withdrawal known is void: it adds the answer alone.
     * Out: id (of a duplicate: that of the stored one; 0 when there is none), never used again.
     */
    struct hy_grant grant;
    enum hy_source source;      /* counters: who tells */
    enum hy_answer_kind answer; /* counters: what */
    /* Counters: what this tell is known by, so that its repetition is found; null = nothing. The
     * instant is the tell's own (obtained_at_ms), or any that the repetition will have, too; of a tell
     * without one it is now, and a repetition is found for identity_back_ms (at most a day; 0 = only
     * with that instant). */
    const uint8_t *identity;
    int64_t identity_at_ms;
    int64_t identity_back_ms;
    int64_t window_ms; /* counters: the app's accept window */
    int64_t margin_ms; /* the app's receipt margin */
    /* Out: a receipt whose credential is stored already for this app, or a counter all of whose
     * taps had been told before by this source (identity) or another one (window): no use was added.
     */
    bool duplicate;
    int32_t added; /* out: uses that were added; of a standing grant the new taps */
};

/*
 * Stores grants, all or none, and wakes the messages that wait for them (messages.h). A credential
 * is stored once an app, whoever deposits it again; counters are told as domain/answer.h says;
 * items of one call count among themselves too. An identity is remembered for HY_IDENTITY_KEPT_MS.
 * May be repeated if every counter has an identity. A counter of kind once that is told as always
 * becomes one even when the tap is known.
 */
struct hy_deposit {
    struct hy_op op;
    struct hy_deposit_item *items;
    size_t count;
    int64_t now_ms;
    size_t woken; /* out: messages that waited and are due now */
};

/* --- purge, tidy ------------------------------------------------------------------------------ */

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

/* Deletes what is only kept for a while: identities older than HY_IDENTITY_KEPT_MS, what awaits a
 * sent event (events.h) for 3 days, events that came early a day ago, what users heard (settle)
 * some days after its heard_for_ms, session cuts that no session can be older than (30 days). At
 * most about `limit` rows. */
struct hy_tidy {
    struct hy_op op;
    int64_t now_ms;
    size_t limit;
    size_t tidied; /* out; >= limit: call again */
};

/* --- reads ------------------------------------------------------------------------------------ */

/*
 * The grants of one user that fit `template_id` (null: all of them) and its kind: first those that
 * are usable now, then the others, both in the order of hy_grant_compare(). `available` counts the
 * free uses of all usable ones, beyond `limit` too.
 */
struct hy_grant_list {
    struct hy_op op;
    int64_t app_no;
    const char *user;
    const char *template_id; /* or null */
    enum hy_template_kind template_kind;
    int64_t now_ms;
    int64_t margin_ms;
    size_t limit; /* 1..1000 */
    struct hy_arena *arena;
    struct hy_grant *grants; /* out */
    size_t count;            /* out */
    int64_t available;       /* out */
};

/*
 * How many users could be sent a message of this template now, and how many messages. Kept, not
 * counted: takes microseconds however many grants there are. A template of kind legacy is reached
 * by receipts, of any other known kind by counters, an unknown one by counters if it ever had one,
 * else by receipts. `users` never counts one twice. Receipts whose expiry less the margin is within
 * a minute of now may be left out already. A suspect grant does not count before its next accept or
 * success.
 */
struct hy_reach {
    struct hy_op op;
    int64_t app_no;
    const char *template_id;
    enum hy_template_kind template_kind;
    int64_t now_ms;
    int64_t margin_ms;
    int64_t users; /* out */
    int64_t uses;  /* out; a standing grant counts as 1 */
};

/* What is worth knowing before a user is asked again. */
struct hy_prospect {
    const char *template_id;             /* in */
    enum hy_template_kind template_kind; /* in */
    int64_t available;                   /* out: uses usable now */
    struct hy_grant counter;             /* out: the user's counter of it; id 0 = none */
    int64_t waiting;                     /* out: messages that wait for it (counted up to 100) */
    /* Out: the newest answer, of several at one instant the one told last; 0 = none known. */
    int64_t answered_at_ms;
    enum hy_answer_kind answer;
};

struct hy_prospects {
    struct hy_op op;
    int64_t app_no;
    const char *user;
    struct hy_prospect *items; /* templates in, the rest out */
    size_t count;              /* 1..20 */
    int64_t now_ms;
    int64_t margin_ms;
    struct hy_arena *arena;
};

#endif
