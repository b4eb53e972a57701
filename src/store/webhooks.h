/*
 * webhooks.h - the store's verbs for outcome webhooks. See store.h for what all verbs share,
 * domain/outcome.h for the words.
 *
 * Outbox: whenever a verb moves a message into a state that is told, adds or revokes a grant, or
 * keeps an event, it writes an outcome for each webhook that is in use, wants that type and is of
 * that app or of all: in the same transaction. Outcomes of one message are told to one endpoint in
 * order: one is due only when the earlier ones of the same message are told or given up. With no
 * webhook that wants it, an outcome costs nothing.
 *
 *   message.*      each move into sent, delivered, failed, unknown (from another state), expired, canceled,
 *                  and an admission that ends at once (failed)
 *   grant.added    uses that were added (hy_deposit_item.added > 0), one outcome an item
 *   grant.revoked  a grant that became revoked: by a withdrawal or by a drop (its reason)
 *   callback.raw   a stored event (hy_hear.fresh)
 *
 * Outcomes are numbered in the order in which the verb comes to what they tell (its items in order;
 * hear: the event, the answers, the sent items; a dropped grant before its message), those of one
 * thing in the order of the webhooks. What does not follow from the type is 0 or null: user and
 * template_id (receipts: null) are told of grants only. `at_ms` is the verb's now_ms.
 */
#ifndef HY_STORE_WEBHOOKS_H
#define HY_STORE_WEBHOOKS_H

#include "domain/outcome.h"
#include "domain/timeline.h"
#include "store/store.h"

/* `webhook.id` 0: inserts, gives `id`; HY_E_LIMIT: there are HY_WEBHOOKS_MAX already. Otherwise
 * replaces url, events, app_no, paused, and the secrets that are given (size 0: kept);
 * HY_E_NOT_FOUND. `enable`: ends disabled_at_ms and failing_since_ms. */
struct hy_webhook_put {
    struct hy_op op;
    struct hy_webhook webhook;
    bool enable;
};

/* What of its outcomes would be due later than now_ms, is due at now_ms (but what is behind another one of
 * its message): at most `limit` of them a call. `left`: perhaps there are more, call again. Claimed ones
 * are told twice by that: for an endpoint that nobody tells just now. May be repeated. */
struct hy_outbox_hurry {
    struct hy_op op;
    int64_t webhook_id;
    int64_t now_ms;
    size_t limit;
    bool left; /* out */
};

/* Deletes it and its outcomes, at most `limit` of them a call; HY_E_NOT_FOUND: neither it nor any
 * of them is there. From the first call on it is gone for everybody; `left`: call again. */
struct hy_webhook_delete {
    struct hy_op op;
    int64_t webhook_id;
    size_t limit;
    bool left; /* out */
};

/* All, in order of id. `count_pending`: with pending and oldest_at_ms, which counts rows. */
struct hy_webhooks {
    struct hy_op op;
    bool count_pending;
    struct hy_arena *arena;
    struct hy_webhook *webhooks; /* out */
    size_t count;                /* out */
};

/* Adds an outcome for one webhook by hand: a test, about no message and no event, due at its at_ms.
 * HY_E_NOT_FOUND. `outcome.id` out. */
struct hy_outbox_put {
    struct hy_op op;
    struct hy_outcome outcome;
};

struct hy_outbox_lane {
    int64_t webhook_id;
    size_t capacity;
    int64_t next_due_ms; /* out: the earliest due instant left, of claimed ones too; 0 = none */
};

struct hy_outbox_claimed {
    struct hy_outcome outcome;
    struct hy_message message; /* message.*: as it is now; id 0 = it is not kept any more */
    struct hy_event event;     /* callback.raw, with raw; id 0 = likewise */
};

/* Takes due outcomes of each webhook, in order of due instant, then id: none of them is due before
 * lease_until_ms. Not repeatable. */
struct hy_outbox_claim {
    struct hy_op op;
    struct hy_outbox_lane *lanes;
    size_t lane_count;
    int64_t now_ms;
    int64_t lease_until_ms;
    struct hy_arena *arena;
    struct hy_outbox_claimed *claimed; /* out */
    size_t count;                      /* out */
};

struct hy_outbox_item {
    int64_t outcome_id;
    int64_t webhook_id;
    bool over;         /* told, or given up: deleted, and the next one of its message is due now */
    int64_t due_at_ms; /* otherwise: when to try again; attempts + 1 */
};

/* What became of an endpoint. */
struct hy_outbox_state {
    int64_t webhook_id;
    int64_t failing_since_ms;
    int64_t disabled_at_ms;
    const char *last_error; /* or null */
};

/* May be repeated: unknown ids are passed over, and what is due at that very instant already. */
struct hy_outbox_settle {
    struct hy_op op;
    const struct hy_outbox_item *items;
    size_t count;
    const struct hy_outbox_state *states; /* of endpoints whose state changed */
    size_t state_count;
    int64_t now_ms;
    size_t freed; /* out: outcomes that became due */
};

#endif
