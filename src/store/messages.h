/*
 * messages.h - the store's verbs for messages. See store.h for what all verbs share.
 */
#ifndef HY_STORE_MESSAGES_H
#define HY_STORE_MESSAGES_H

#include "domain/attempt.h"
#include "domain/message.h"
#include "domain/queue.h"
#include "domain/settlement.h"
#include "store/store.h"

/*
 * Wake: whenever a use becomes free (a deposit; a reservation given back; a try of a suspect grant
 * that is settled with spend or doubt, for others may try it then), the messages of that user that
 * are `waiting` for one that fits are woken in the same transaction: each, oldest (smallest id)
 * first, reserves the use that hy_grant_compare() puts first, is queued, due now, reason null, not
 * in doubt. One whose expires_at_ms is past is left to sweep. One that waits for a suspect grant
 * (waiting with a due time, parked or not) is woken like the others. Where a verb knows the app's
 * margin it counts; elsewhere (settle, cancel, sweep, hear of a sent item) it is taken as 0, and
 * claim looks again.
 *
 * Missing: the reason of a message without a grant is that of hy_grant_missing_reason() for the
 * user's counter that fits, else for the receipt that fits and has the largest id. With
 * no_grant.suspect a message that waits is due at that counter's retry_at_ms, if that is still
 * ahead.
 */

enum { HY_FINGERPRINT_BYTES = 16 };

/* --- admit ------------------------------------------------------------------------------------ */

enum hy_admission { HY_ADMITTED, HY_ADMITTED_BEFORE, HY_ADMIT_CONFLICT, HY_ADMIT_LATE };

struct hy_admit_item {
    /*
     * In: what the caller asked for, and accepted_at_ms. The store sets state, reason, grant_id,
     * due_at_ms and settled_at_ms; attempts and doubts begin at none. `id` is new and larger than
     * any stored one, give or take what other threads admit at the same moment.
     * Out: state, reason, grant_id and due_at_ms, as stored. (HY_ADMITTED_BEFORE: `id`, `state` and
     * `reason` are those that the first admission answered. Conflict and late: untouched.)
     */
    struct hy_message *message;
    /* Idempotency: fingerprints of (app, key) and of the request's meaning; null = no key. */
    const uint8_t *key;
    const uint8_t *body;
    /* It is not fit to be admitted: only a repeat is answered, else HY_ADMIT_LATE. */
    bool repeat_only;
    int64_t margin_ms;           /* the app's receipt margin: see hy_grant_usable() */
    enum hy_admission admission; /* out */
};

/*
 * All items or none, in order. An item with a key that was used within the last `key_window_ms`
 * (first use + window > now; the same window in every call) is not inserted again: same body
 * HY_ADMITTED_BEFORE, other body HY_ADMIT_CONFLICT (the other items are admitted all the same).
 * One that no key answers and whose expires_at_ms has come is not inserted: HY_ADMIT_LATE.
 * Items of one call count among themselves. HY_E_EXISTS when an id that would be inserted is stored
 * already.
 *
 * A message that is due (send_at_ms <= now) gets its grant reserved in this transaction; when the
 * user has none, on_missing decides: fail -> failed, wait -> waiting, both with the reason of
 * Missing above; try -> queued without a grant. A later message is queued and gets its grant when
 * it is claimed. A message behind another one of the same user in `sending` is queued too: it is
 * parked by claim, not here.
 *
 * Queued: due_at_ms is the later of send_at_ms and now_ms. Failed, waiting for anything else: 0.
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

/* One queue of an app. */
struct hy_claim_lane {
    int64_t app_no;
    int queue;                 /* domain/queue.h */
    size_t capacity;           /* at most so many; 0 = take nothing, tell next_due_ms */
    int64_t margin_ms;         /* the app's receipt margin */
    const struct hy_cap *caps; /* the app's */
    size_t cap_count;
    /* out */
    size_t claimed;
    int64_t next_due_ms; /* the earliest due instant left in this lane, parked ones not counted;
                            0 = none. <= now: claim again (capacity was the limit, or something
                            became due during this claim) */
};

struct hy_claimed {
    struct hy_message message; /* state sending */
    struct hy_grant grant;     /* id 0 = sent without one */
};

/*
 * Takes due messages (queued; unknown or waiting with a due time) of each lane in order of due
 * time, then id: state sending, reason null, due_at_ms 0, one use of a grant reserved, lease until
 * `lease_until_ms`. For each message in turn, the first that applies:
 *
 *   1. its user has a message in `sending`: parked (see below)
 *   2. expires_at_ms <= now: queued, waiting -> expired, grant given back; unknown -> stays, no due
 *      time any more, grant move DOUBT
 *   2a. it is queued or waiting, of a broadcast in `held`: set aside, as queued, with no due time and no
 *      reason, until that moves on (store/broadcasts.h) or it expires; it keeps its grant. It is not
 *      parked: the user's next one is un-parked
 *   2b. it is queued or waiting, not urgent, and a cap is full (hy_cap_free_at() of those that count: see
 *      settle): stays so, due then, reason "cap.template" or "cap.app"; it keeps its grant. Of several
 *      full ones the one that is free last counts, then the first in the list. The user's next one is
 *      un-parked
 *   3. it holds a use for which hy_grant_holds() is true: sent with that
 *   4. it holds a use, is in doubt, but the grant is over or gone: unknown with reason
 *      "unknown.grant_over", no due time, grant move DOUBT
 *   5. (a use that it holds otherwise is given back; if it was one of a grant that is suspect until
 *      later, and there is no other: -> waiting, reason "no_grant.suspect", due at its retry_at_ms,
 *      whatever on_missing says) its user has a usable grant that fits: sent
 *      with the one that hy_grant_compare() puts first, not in doubt any more
 *   6. queued, waiting: on_missing decides; fail -> failed, wait -> waiting, both as Missing above
 *      says; try -> sent without a grant.
 *      unknown: stays unknown and has no due time any more
 *
 * What row 2 gives back wakes others; what row 5 gives back is no good to anybody.
 *
 * Only what becomes `sending` counts against capacity. `next_due_ms` of each lane is that of the
 * moment when the whole claim was done; what becomes due during the claim (woken, un-parked) is
 * left for the next one, in whichever lane it stands. In a store of several processes a message is
 * passed over whose user another process is busy with: then the lane is due again in a moment.
 *
 * Parked: a user has at most one message in `sending`; further due ones are set aside, keep their
 * state, due time and grant, and count neither as due nor against capacity. Whenever a message of
 * that user leaves `sending`, or a queued one, or an unknown or waiting one with a due time, leaves
 * that (by any verb), and the user then has none in `sending`, the parked one with the smallest due
 * time, then id, is un-parked.
 *
 * Texts of the claimed messages are in `arena`. A claim that dies with the process is found by
 * recover. Not repeatable: each call takes more.
 */
struct hy_claim {
    struct hy_op op;
    struct hy_claim_lane *lanes;
    size_t lane_count;
    const int64_t *held; /* broadcasts that are paused or canceled */
    size_t held_count;
    int64_t now_ms;
    int64_t lease_until_ms;
    struct hy_arena *arena;
    /* out */
    struct hy_claimed *claimed;
    size_t count;
    size_t ended; /* due, and neither claimed nor parked nor put off: rows 2, 4, 5, 6 */
    size_t freed; /* as for settle: perhaps in queues that were not asked for */
};

/* --- settle ----------------------------------------------------------------------------------- */

struct hy_settle_item {
    int64_t message_id;
    struct hy_attempt attempt;
    struct hy_settlement settlement; /* state, grant move, due, reason: see domain/settlement.h */
    bool expect_event;               /* the platform will tell what became of it: see events.h */
    /* Sent or unknown: counts for caps that long (the longest window); 0 = not. */
    int64_t heard_for_ms;
    int64_t gap_ms; /* the user's next message is due so much later at the earliest */
    /* Out: 0; HY_E_CONFLICT, nothing done: the message is not in `sending` any more, or it is by a
     * later claim (attempt.number is not attempt_count + 1). */
    int result;
    /* Out: the message's state now; an event that came before may have moved it on, or a use that it
     * gave back and got again: it is queued then, due at now_ms. */
    enum hy_message_state state;
};

/*
 * For each item, in order: appends the attempt (its grant_move is that of the settlement, after
 * hy_grant_move_now()), moves the message out of `sending`, does that move on the grant that it
 * holds (hy_grant_release(); the reason of a drop or a refusal is the errcode, or without one the
 * verdict's name), un-parks the next message of that user and wakes those that a use that it gave
 * back is for, itself too: a refusal that an accept outran does not make it wait. The message gets
 * state, reason (null for ""), due_at_ms and in_doubt of the settlement, attempt_count + 1, a msgid
 * other than 0 of the judgement; after keep and spend it still names the grant, after the other
 * moves none. A final state sets settled_at_ms = now_ms. May be repeated safely: the second time is
 * a conflict.
 *
 * With heard_for_ms and a state of sent or unknown, the message counts for the caps of its user
 * from now on, for heard_for_ms, once (a later attempt meanwhile does not count again): caps that
 * are longer than that see nothing of it afterwards. The state is that of the settlement.
 *
 * With expect_event and a state of sent or unknown, an event that is kept for it (the same rule as
 * in events.h) is applied at once; otherwise the message is noted as awaiting one, with the instant
 * at which this request left. Other states and messages without expect_event await none any more.
 *
 * The user's messages that this un-parks are due at now + gap_ms at the earliest.
 *
 * HY_E_INVALID for the whole call when a settlement is none that hy_settle() makes: a state that
 * `sending` may not move to, spend without sent, keep or doubt with a final state, queued without a
 * due time, refuse without waiting, waiting without refuse, a due time or a grant_retry_at_ms.
 */
struct hy_settle {
    struct hy_op op;
    struct hy_settle_item *items;
    size_t count;
    int64_t now_ms;
    size_t freed; /* out: messages un-parked or woken by it, of any user here: claim again */
};

/* --- retry ------------------------------------------------------------------------------------ */

/*
 * An operator has a message sent again. failed, expired, unknown -> queued, due at now_ms,
 * send_at_ms = now_ms (so that it is not too old at once), reason null, not in doubt; its earlier
 * attempts stay. An unknown one that still holds a receipt keeps it, stays unknown and in doubt,
 * and is due: the same receipt proves what became of the first. `set_expiry`: expires_at_ms is
 * replaced (0 = never). HY_E_NOT_FOUND; HY_E_CONFLICT: another state, or its expires_at_ms (the new
 * one, if set) is past (then state is one of those three). Nothing is reserved here: claim does
 * that, and decides as on_missing says. One that is queued awaits no event of its earlier requests
 * and has no msgid any more (its attempts keep theirs); the unknown one that stays keeps its reason
 * and awaits on.
 */
struct hy_retry {
    struct hy_op op;
    int64_t message_id;
    int64_t now_ms;
    bool set_expiry;
    int64_t expires_at_ms;
    enum hy_message_state state; /* out: as it is now */
    int64_t app_no;              /* out */
    int queue;                   /* out */
};

/* --- dead letters ----------------------------------------------------------------------------- */

/* Which: messages that are failed, or unknown without a due time. Filters that are 0 or null do not
 * filter. */
struct hy_dead_filter {
    int64_t app_no;
    int state;          /* HY_MESSAGE_FAILED, HY_MESSAGE_UNKNOWN, or -1 */
    const char *reason; /* that one, or all that begin so: "bad_payload", "no_grant.never" */
    const char *template_id;
    const char *tag;
    int64_t broadcast_id;
    int64_t from_id, until_id; /* from <= id < until; 0 = open */
};

/* Retries those that pass, newest first, below before_id (0 = from the newest); looks at no more
 * than `limit` dead ones, or a piece of them: `more` says whether there may be older ones, below
 * next_before_id. Those that cannot be (expires_at_ms is past) are counted in `skipped`; matched =
 * retried + skipped. A dry one counts the same and changes nothing. */
struct hy_dead_retry {
    struct hy_op op;
    struct hy_dead_filter filter;
    bool dry; /* only count */
    int64_t now_ms;
    int64_t before_id;
    size_t limit; /* 1..10000 */
    /* out */
    size_t matched, retried, skipped;
    bool more;
    int64_t next_before_id;
};

struct hy_dead_group {
    int64_t app_no;
    enum hy_message_state state;
    const char *reason; /* or null */
    int64_t messages;
    int64_t newest_id;
    const char *template_id; /* of the newest */
    const char *errmsg;      /* of its last attempt, or null */
};

/* The newest `limit` dead ones that pass, by app, state and reason; the groups by number, most
 * first, then that with the larger newest_id. `more`: there are older ones that were not looked
 * at. */
struct hy_dead_groups {
    struct hy_op op;
    struct hy_dead_filter filter;
    size_t limit; /* 1..100000 */
    struct hy_arena *arena;
    struct hy_dead_group *groups; /* out */
    size_t count;                 /* out */
    bool more;                    /* out */
};

/* --- cancel, recover, sweep ------------------------------------------------------------------- */

/* queued or waiting -> canceled, its grant given back; the reason is null, or "in_doubt" when an
 * earlier request may have arrived. HY_E_NOT_FOUND, HY_E_CONFLICT (other state). `state` is the one
 * that it has now. */
struct hy_cancel {
    struct hy_op op;
    int64_t message_id;
    int64_t now_ms;
    enum hy_message_state state; /* out */
    size_t freed;                /* out: as for settle */
};

/*
 * Start-up: every message in `sending` whose lease is not held by a living process had perhaps left
 * when its process died. Each becomes what an unanswered request makes of it (hy_settle() with an
 * unknown judgement "the server stopped while sending", made at now_ms), with an attempt that says
 * so (took_ms 0, at_ms when it left at the latest: hy_recover_left_at()), as settle does, after the
 * rules of its app. Also returns the largest message id.
 * In order of id. A store of one process: all of them. Several nodes: of an app that the caller holds all
 * that it didn't claim itself; of an app that nobody holds only what no living node has claimed, and only
 * if the app is deleted or the caller is no node; nothing of an app that another one holds.
 */
struct hy_recover_app {
    int64_t app_no;
    struct hy_settle_rules rules;
    bool expect_event;    /* of its messages that go by a counter or without a grant */
    int64_t heard_for_ms; /* as for settle */
};

struct hy_recover {
    struct hy_op op;
    int64_t now_ms;
    int64_t app_no;                    /* of one app; 0 = of all */
    const struct hy_recover_app *apps; /* others: hy_settle_rules_default, no events */
    size_t app_count;
    size_t recovered;        /* out */
    int64_t last_message_id; /* out */
};

/* The end of its lease, if that is over: an event about it that came before the process died must
 * not seem to be from long before, however late the next one starts. */
static inline int64_t hy_recover_left_at(const struct hy_recover *v, int64_t lease_until_ms)
{
    return lease_until_ms > 0 && lease_until_ms < v->now_ms ? lease_until_ms : v->now_ms;
}

/*
 * What time alone does: messages past their expires_at_ms (<= now) that are queued or waiting
 * (parked ones too) -> expired, grants given back; reasons as for cancel. At most `limit` of them,
 * in order of expires_at_ms, then id.
 */
struct hy_sweep {
    struct hy_op op;
    int64_t now_ms;
    size_t limit;
    size_t expired;  /* out */
    int64_t next_ms; /* out: the earliest expires_at_ms of those that are left, 0 = there is none */
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
    const char *reason;   /* that one, or all that begin so */
    int64_t broadcast_id; /* all of it, newest first */
    int64_t before_id;    /* only ids below it; 0 = from the newest */
    size_t limit;         /* 1..1000 */
    struct hy_arena *arena;
    struct hy_message *messages; /* out; without attempts */
    size_t count;                /* out */
    /* Out: there may be older ones; they are asked for with before_id = next_before_id. A call may
     * end with fewer than `limit`, even none, and say `more`: a rare filter is searched in pieces.
     */
    bool more;
    int64_t next_before_id; /* out: 0 without `more` */
};

struct hy_count {
    int64_t app_no;
    enum hy_message_state state;
    int64_t messages;
};

/* Messages by app and state, and the free uses of all grants in state available, whatever their
 * time: what the ledger is about. May be slow: for operators. */
struct hy_counts {
    struct hy_op op;
    struct hy_arena *arena;
    struct hy_count *counts;  /* out; only those above 0, by app_no, then state */
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
