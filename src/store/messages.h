/*
 * messages.h - the store's verbs for messages. See store.h for what all verbs share.
 */
#ifndef HY_STORE_MESSAGES_H
#define HY_STORE_MESSAGES_H

#include "domain/message.h"
#include "domain/settlement.h"
#include "store/store.h"

enum { HY_FINGERPRINT_BYTES = 16 };

/* --- admit ------------------------------------------------------------------------------------ */

enum hy_admission { HY_ADMITTED, HY_ADMITTED_BEFORE, HY_ADMIT_CONFLICT };

struct hy_admit_item {
    /*
     * In: everything but state, reason, grant_id, due_at_ms. `id` is new and larger than any stored
     * one, give or take what other threads admit at the same moment.
     * Out: those four, as stored. (HY_ADMITTED_BEFORE: `id`, `state` and `reason` are those that
     * the first admission answered.)
     */
    struct hy_message *message;
    /* Idempotency: fingerprints of (app, key) and of the request's meaning; null = no key. */
    const uint8_t *key;
    const uint8_t *body;
    int64_t margin_ms;           /* the app's receipt margin: see hy_grant_usable() */
    enum hy_admission admission; /* out */
};

/*
 * All items or none, in order. An item with a key that was used within the last `key_window_ms` is
 * not inserted again: same body HY_ADMITTED_BEFORE, other body HY_ADMIT_CONFLICT (the other items
 * are admitted all the same).
 *
 * A message that is due (send_at_ms <= now) gets its grant reserved in this transaction; when the
 * user has none, on_missing decides: fail -> failed with the reason of hy_grant_missing_reason(),
 * wait -> waiting, try -> queued without a grant. A later message is queued and gets its grant
 * when it is claimed. A message behind another one of the same user in `sending` is queued too: it
 * is parked by claim, not here.
 */
struct hy_admit {
    struct hy_op op;
    struct hy_admit_item *items;
    size_t count;
    int64_t now_ms;
    int64_t key_window_ms;
    struct hy_arena *arena; /* texts of `reason` */
};

/* --- claim ------------------------------------------------------------------------------------ */

struct hy_claim_lane {
    int64_t app_no;
    size_t capacity;   /* at most so many; 0 = skip the lane */
    int64_t margin_ms; /* the app's receipt margin */
    /* out */
    size_t claimed;
    int64_t next_due_ms; /* the earliest due instant left in this lane (may be <= now when capacity
                            was the limit); 0 = none */
};

struct hy_claimed {
    struct hy_message message; /* state sending */
    struct hy_grant grant;     /* id 0 = sent without one */
};

/*
 * Takes due messages (queued, or unknown with a due time) of each lane in order of due time, then
 * id: state sending, one use of a grant reserved (the one it holds, while usable or in doubt; else
 * the usable one of its user that expires first), lease until `lease_until_ms`.
 *
 * A user has at most one message in `sending`: further ones are parked, and the settle that ends
 * the first one un-parks the next. A due message whose expires_at is past becomes expired; one
 * without a usable grant becomes failed or waiting after its on_missing (try: is claimed without
 * one). An unknown one that can reserve nothing stays unknown and has no due time any more. Those
 * do not count against capacity.
 *
 * Texts of the claimed messages are in `arena`. A claim that dies with the process is found by
 * recover. Not repeatable: each call takes more.
 */
struct hy_claim {
    struct hy_op op;
    struct hy_claim_lane *lanes;
    size_t lane_count;
    int64_t now_ms;
    int64_t lease_until_ms;
    struct hy_arena *arena;
    /* out */
    struct hy_claimed *claimed;
    size_t count;
    size_t ended; /* messages that became failed, expired or waiting on the way */
};

/* --- settle ----------------------------------------------------------------------------------- */

struct hy_attempt {
    int32_t number; /* 1, 2, ... within its message */
    int64_t at_ms;  /* when the request left */
    int64_t took_ms;
    int64_t grant_id; /* used for it, 0 = none */
    struct hy_judgement judgement;
};

struct hy_settle_item {
    int64_t message_id;
    struct hy_attempt attempt;
    struct hy_settlement settlement; /* state, grant move, due, reason: see domain/settlement.h */
    int result; /* out: 0; HY_E_CONFLICT: the message is not in `sending` any more, nothing done */
};

/*
 * For each item: appends the attempt, moves the message out of `sending`, does the grant move on
 * the grant that it holds, un-parks the next message of that user. A final state sets
 * settled_at_ms = now_ms. May be repeated safely: the second time is a conflict.
 */
struct hy_settle {
    struct hy_op op;
    struct hy_settle_item *items;
    size_t count;
    int64_t now_ms;
};

/* --- cancel, recover, sweep ------------------------------------------------------------------- */

/* queued or waiting -> canceled, its grant given back. HY_E_NOT_FOUND, HY_E_CONFLICT (other
 * state, which is then in `state`). */
struct hy_cancel {
    struct hy_op op;
    int64_t message_id;
    int64_t now_ms;
    enum hy_message_state state; /* out */
};

/*
 * Start-up: every message in `sending` whose lease is not held by a living process had perhaps left
 * when its process died. Each becomes what an unanswered request makes of it (hy_settle() with an
 * unknown judgement "the server stopped while sending"), with an attempt that says so. Also returns
 * the largest message id. For SQLite and memory: all of them, since a store has one process.
 */
struct hy_recover {
    struct hy_op op;
    int64_t now_ms;
    size_t recovered;        /* out */
    int64_t last_message_id; /* out */
};

/*
 * What time alone does: messages past their expires_at that are queued or waiting -> expired,
 * grants given back. At most `limit` of them.
 */
struct hy_sweep {
    struct hy_op op;
    int64_t now_ms;
    size_t limit;
    size_t expired; /* out */
};

/* --- reads ------------------------------------------------------------------------------------ */

/* HY_E_NOT_FOUND. */
struct hy_message_get {
    struct hy_op op;
    int64_t message_id;
    struct hy_arena *arena;
    struct hy_message message;   /* out */
    struct hy_attempt *attempts; /* out, in order */
    size_t attempt_count;        /* out */
};

/* Newest first. Filters that are 0, null or -1 do not filter. */
struct hy_message_list {
    struct hy_op op;
    int64_t app_no;
    const char *user;
    int state; /* enum hy_message_state, or -1 */
    const char *template_id;
    const char *tag;
    int64_t before_id; /* only ids below it; 0 = from the newest */
    size_t limit;      /* 1..1000 */
    struct hy_arena *arena;
    struct hy_message *messages; /* out; without attempts */
    size_t count;                /* out */
    bool more;                   /* out: there may be older ones */
};

struct hy_count {
    int64_t app_no;
    enum hy_message_state state;
    int64_t messages;
};

/* Messages by app and state, and grants: what the ledger is about. May be slow: for operators. */
struct hy_counts {
    struct hy_op op;
    struct hy_arena *arena;
    struct hy_count *counts;  /* out; only those above 0 */
    size_t count;             /* out */
    int64_t grants_available; /* out */
};

/*
 * Verifies what must always hold (grant counters, one `sending` a user, reservations that match
 * messages, the backend's own structures). HY_E_CORRUPT when something does not; `findings` has a
 * sentence for each, at most 100.
 */
struct hy_check {
    struct hy_op op;
    struct hy_arena *arena;
    const char **findings; /* out */
    size_t count;          /* out */
};

#endif
