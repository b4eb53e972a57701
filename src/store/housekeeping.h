/*
 * housekeeping.h - the store's verbs for what is kept for how long, for lanes that are paused, and
 * for the record of who did what. See store.h for what all verbs share.
 */
#ifndef HY_STORE_HOUSEKEEPING_H
#define HY_STORE_HOUSEKEEPING_H

#include "domain/audit.h"
#include "domain/queue.h"
#include "store/messages.h"

/* --- retention -------------------------------------------------------------------------------- */

enum hy_retain_kind {
    /* In a final state, or unknown without a due time, accepted and settled before; with their attempts.
     * A use that one still holds is in doubt. Its broadcast's counts stay. A store that keeps them by weeks
     * (PostgreSQL) deletes those of a week together, when the last of them is old enough. */
    HY_RETAIN_MESSAGES,
    HY_RETAIN_EVENTS,  /* received before, and not in any outbox */
    HY_RETAIN_ANSWERS, /* given before; what prospects say of the newest one stays */
    /* Spent and revoked, nothing reserved, obtained before. A counter's row only when no message of its
     * user and template and no answer about it is kept; if an accept was the newest answer, none is
     * known any more then. */
    HY_RETAIN_GRANTS,
    HY_RETAIN_BROADCASTS, /* done or canceled before and wound up, of which no message is kept any more */
    HY_RETAIN_OUTBOX, /* outcomes from before, told or not; what is behind one is due at its at_ms */
    HY_RETAIN_AUDIT,
    HY_RETAIN_KINDS
};

/* "messages", "events", "answers", "grants", "broadcasts", "outbox", "audit"; ended by a null. */
extern const char *const hy_retain_names[];

/*
 * Deletes what is older than `before_ms`, looking at no more than `limit` records above `cursor` (0
 * = from the oldest), in the order of their ids. `cursor` out: where to go on; `more` false: all
 * was looked at. The caller keeps a call short by choosing `limit`: the writer serves nobody else
 * meanwhile. A record may cost a hundred times as much as the one before it, so a store of one file also ends
 * the call with the record during which `for_us` is over.
 */
struct hy_retain {
    struct hy_op op;
    enum hy_retain_kind kind;
    int64_t before_ms;
    size_t limit;   /* 1..10000 */
    int64_t for_us; /* 0 = as long as it takes */
    int64_t cursor; /* in and out */
    size_t deleted; /* out */
    bool more;      /* out */
};

/* Gives at most `pages` free pages of the file back to the file system. A store without a file has
 * none. */
struct hy_vacuum {
    struct hy_op op;
    size_t pages;
    int64_t for_us; /* as that of hy_retain */
    size_t left;    /* out: free pages still in the file */
};

/* --- lanes that are paused -------------------------------------------------------------------- */

/* Kept so that a restart does not have to find out again. */
struct hy_pause {
    int64_t app_no;
    enum hy_channel channel;
    int64_t until_ms; /* 0 = open: the row is deleted */
    int64_t since_ms;
    bool probe;         /* one message tries every ten minutes */
    const char *reason; /* "rate.45009", "account.48001", "operator" */
};

struct hy_pause_put {
    struct hy_op op;
    struct hy_pause pause;
};

struct hy_pauses {
    struct hy_op op;
    struct hy_arena *arena;
    struct hy_pause *pauses; /* out, by app_no, channel */
    size_t count;            /* out */
};

/* --- when the clock was set back -------------------------------------------------------------- */

/*
 * Messages that were to go by now, but whose due instant comes from a clock that was ahead: queued
 * with send_at_ms <= now and due_at_ms > now + slack -> due now; unknown with a due time > now +
 * slack -> due at now + slack. (Parked ones likewise.) At most `limit` a call, in order of id.
 */
struct hy_rewind {
    struct hy_op op;
    int64_t now_ms;
    int64_t slack_ms;
    size_t limit;   /* 1..10000 */
    size_t rewound; /* out; == limit: call again */
};

/* --- audit ------------------------------------------------------------------------------------ */

/* Newest first. */
struct hy_audit_list {
    struct hy_op op;
    const char *action;  /* prefix, or null */
    const char *subject; /* or null */
    int64_t before_id;   /* 0 = from the newest */
    size_t limit;        /* 1..1000 */
    struct hy_arena *arena;
    struct hy_audit *audits; /* out */
    size_t count;            /* out */
    bool more;               /* out */
};

#endif
