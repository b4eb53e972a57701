/*
 * broadcasts.h - the store's verbs for broadcasts and their audiences. See store.h for what all
 * verbs share, domain/broadcast.h for the words.
 */
#ifndef HY_STORE_BROADCASTS_H
#define HY_STORE_BROADCASTS_H

#include "domain/broadcast.h"
#include "store/messages.h"

/* --- audience --------------------------------------------------------------------------------- */

struct hy_audience_item {
    const char *user;
    const char *data; /* the message's data for this user, whole; null = the broadcast's */
};

/* Adds users to a draft; one who is there already, in this call or before, is counted as a
 * duplicate and not changed: so an upload whose answer was lost may be sent again. HY_E_NOT_FOUND,
 * HY_E_CONFLICT (no draft, or its audience is the reach: then it has no other). total and
 * duplicates of the broadcast grow; of one that is told with other data the first counts. */
struct hy_audience_add {
    struct hy_op op;
    int64_t broadcast_id;
    const struct hy_audience_item *items;
    size_t count;             /* 1..10000 */
    size_t added, duplicates; /* out */
};

/*
 * One step of collecting the ledger's reach: looks at the grants of users above collect_from, about
 * `limit` of them (whole users), adds those who have a use for the template that is free now (as
 * reach counts: hy_reach), moves collect_from on, and sets `collected` when there is none left.
 * HY_E_CONFLICT when it is not running, or collected.
 */
struct hy_audience_collect {
    struct hy_op op;
    int64_t broadcast_id;
    int64_t now_ms;
    int64_t margin_ms;
    size_t limit;   /* 1..10000 */
    size_t added;   /* out */
    bool collected; /* out */
};

/*
 * How many of an audience could be sent to now, in pieces: users of `broadcast_id` above `after`
 * (null: from the first), at most `limit`, in the order of their names (bytes). `reachable` as
 * reach counts: a free use for the broadcast's template. HY_E_NOT_FOUND. For an audience that is
 * still to be collected (reach) nothing is found: ask hy_reach.
 */
struct hy_audience_look {
    struct hy_op op;
    int64_t broadcast_id;
    const char *after; /* or null */
    int64_t now_ms;
    int64_t margin_ms;
    size_t limit; /* 1..10000 */
    struct hy_arena *arena;
    size_t users, reachable;             /* out */
    struct hy_audience_item samples[10]; /* out: the first of them, texts in the arena */
    size_t sample_count;                 /* out */
    const char *last;                    /* out: the last user looked at, null = none */
    bool more;                           /* out */
};

/* --- broadcasts ------------------------------------------------------------------------------- */

struct hy_broadcast_make {
    /* In: state draft, scheduled (then send_at_ms, too), or running (then started_at_ms, too); `id` out.
     * Counters, `collected`, collect_from and ended_at_ms are the store's. Of `message` are kept:
     * template_id, template_kind, data, page, emphasis, miniprogram_state, lang, tag, extra, policy,
     * on_missing, expires_at_ms, urgent. With `reach` there are no items. Unless it is a draft, there is
     * data for everybody: the broadcast's, or each item's. */
    struct hy_broadcast broadcast;
    const struct hy_audience_item *items;
    size_t count;
    size_t added, duplicates; /* out */
    /* Idempotency, for as long as the broadcast is kept; null = no key. With one that is stored: same
     * body HY_ADMITTED_BEFORE and `broadcast.id`, `broadcast.state` are those of that one now; other
     * body HY_ADMIT_CONFLICT. Nothing is stored then. */
    const uint8_t *key, *body;   /* HY_FINGERPRINT_BYTES each */
    enum hy_admission admission; /* out */
};

/* Inserts. */
struct hy_broadcast_put {
    struct hy_op op;
    struct hy_broadcast_make make;
};

/* Of a draft or a scheduled one everything that a caller chooses (name, message, rate_per_s,
 * send_at_ms); of others only name and rate_per_s are taken. HY_E_NOT_FOUND, HY_E_CONFLICT (done or
 * canceled), HY_E_INVALID (a draft or a scheduled one without a template). */
struct hy_broadcast_change {
    struct hy_op op;
    struct hy_broadcast broadcast;
};

/*
 * To another state, as drawn in domain/broadcast.h; HY_E_CONFLICT for anything else (`state` tells
 * what it is), HY_E_NOT_FOUND. What goes with it, in the same transaction:
 *   running    started_at_ms, once; from draft and scheduled: `collected` = !reach. From paused: the
 *              messages that claim had held are due now, and count as freed
 *   paused     `reason`; in all other states it is null
 *   canceled   ended_at_ms, winding_up
 *   done       ended_at_ms. HY_E_CONFLICT while users are left in the audience, it is not collected, or
 *              messages of it are queued or sending. What claim held is queued
 */
struct hy_broadcast_move {
    struct hy_op op;
    int64_t broadcast_id;
    enum hy_broadcast_state to;
    const char *reason; /* or null */
    int64_t now_ms;
    enum hy_broadcast_state state; /* out: the one that it has now, or has still */
    size_t freed;                  /* out: as for settle */
};

/*
 * Feeds a running one: the next `limit` users in the order of their names leave the audience and
 * become messages, as admit makes them of a due one: accepted now, with the ids given, grants
 * reserved, or ended as on_missing says. `fed` of them, perhaps fewer. HY_E_CONFLICT when it is not
 * running; HY_E_EXISTS when an id that would be used is stored already. `left`: there are more in
 * the audience now. When the broadcast's expires_at_ms has come, they become messages that are
 * expired, and no grant is touched. A user without data in a broadcast without data gets "{}":
 * whoever starts one looks first.
 */
struct hy_broadcast_feed {
    struct hy_op op;
    int64_t broadcast_id;
    const int64_t *ids; /* new, growing: `limit` of them */
    size_t limit;       /* 1..10000 */
    int64_t now_ms;
    int64_t margin_ms;
    enum hy_template_kind template_kind; /* as it is known now */
    size_t fed;                          /* out */
    size_t due;                          /* out: of them queued */
    bool left;                           /* out */
};

/* One step of winding up a canceled one: deletes at most about `limit` of its audience and cancels
 * its queued and waiting messages (reason "broadcast_canceled", grants given back). Ends winding_up
 * when there is none left (`left` false) and none of its messages is in `sending`: what is under
 * way may come back (`sending`: look again when those are settled). What is unknown stays, and goes
 * on. HY_E_NOT_FOUND; HY_E_CONFLICT when it is not winding up. */
struct hy_broadcast_wind_up {
    struct hy_op op;
    int64_t broadcast_id;
    size_t limit;
    int64_t now_ms;
    bool left;      /* out: call again */
    size_t sending; /* out */
    size_t freed;   /* out: as for settle */
};

/* Newest first, with their counts. `id` > 0: that one alone. */
struct hy_broadcasts {
    struct hy_op op;
    int64_t id;
    int64_t app_no; /* 0 = all */
    /* Only those that the engine has to do with: scheduled, running, paused, winding up. */
    bool unfinished;
    int64_t before_id; /* 0 = from the newest */
    size_t limit;      /* 1..1000 */
    struct hy_arena *arena;
    struct hy_broadcast *broadcasts; /* out */
    size_t count;                    /* out */
    bool more;                       /* out */
};

#endif
