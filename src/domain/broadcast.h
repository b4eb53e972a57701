/*
 * broadcast.h - one template to many users, as an object with progress.
 *
 *   draft --> scheduled --> running <--> paused      canceled <- draft, scheduled, running, paused
 *     |                        ^ |
 *     +------------------------+ +--> done
 *
 * Its audience is a table of its own. While it runs, the feeder moves users from there into
 * messages, a few seconds' worth at a time: each by one transaction, so that a crash neither
 * repeats nor skips one. A user stands in an audience once. Messages that are made are like any
 * others, in the bulk queues.
 *
 * Of a canceled one, total - fed are users of whom no message was ever made: they leave the
 * audience when it is wound up and stay in total.
 *
 * done: nobody is left in the audience, and no message of it is queued or sending. Those that wait
 * for a permission, or for word of the platform, may still move: the counts go on.
 */
#ifndef HY_DOMAIN_BROADCAST_H
#define HY_DOMAIN_BROADCAST_H

#include "domain/message.h"

#include <stdbool.h>
#include <stdint.h>

enum hy_broadcast_state {
    HY_BROADCAST_DRAFT,
    HY_BROADCAST_SCHEDULED,
    HY_BROADCAST_RUNNING,
    HY_BROADCAST_PAUSED,
    HY_BROADCAST_DONE,
    HY_BROADCAST_CANCELED,
    HY_BROADCAST_STATES
};

/* The words of the API, ended by a null. Stored: append, never reorder. */
extern const char *const hy_broadcast_state_names[];

/* True when `from` -> `to` is drawn above. Staying is not a move. */
bool hy_broadcast_may_move(enum hy_broadcast_state from, enum hy_broadcast_state to);

/* All texts may be null when not given. As text an id is "b" and its number. */
struct hy_broadcast {
    int64_t id; /* given by the store, never used again */
    int64_t app_no;
    const char *name;          /* for people; or null */
    struct hy_message message; /* what is sent: template, data, page, ..., tag, policy, on_missing,
                                   expires_at_ms, urgent. `data` may be null in a draft whose lines
                                   bring their own */
    const char *schedule_name; /* made by that schedule, or null */
    enum hy_broadcast_state state;
    const char *reason; /* why it is paused: "operator"; or null */
    int64_t rate_per_s; /* 0 = as fast as the app may */
    int64_t send_at_ms; /* 0 = at once */
    int64_t created_at_ms;
    int64_t started_at_ms, ended_at_ms; /* 0 = not yet */

    bool reach;     /* the audience is the ledger's reach */
    bool collected; /* it is all in the audience; true for lists and uploads once started */
    const char *collect_from; /* reach: the last user that was looked at, or null */
    bool winding_up;          /* canceled, and something of it is left to cancel */

    int64_t total;      /* users in the audience, those that are messages by now counted */
    int64_t fed;        /* of them: made into messages */
    int64_t duplicates; /* told more than once: counted once */
    /* Made, by their state now; what retention deletes stays counted. Together they are `fed`. */
    int64_t messages[HY_MESSAGE_STATES];
};

#endif
