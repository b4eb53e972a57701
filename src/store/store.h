/*
 * store.h - the one truth on disk, as verbs of the domain.
 *
 * A walk through one message, to know the verbs by:
 *
 *   admit    inserts it (and reserves a grant if it is due); durable before `done` is called
 *   claim    takes due messages for sending: state sending, grant reserved, a lease on each
 *   settle   writes the attempt, moves the message, burns or gives back the grant
 *
 * and through the front:
 *
 *   any thread --hy_store_submit()--> queue --> writer thread: begin, verb, verb, ..., commit
 *                                                              then `done` of each, in order
 *                                     queue --> reader thread: verb, `done`
 *
 * Drivers are plain blocking code; this front makes them asynchronous and gathers all writes that
 * wait into one transaction (group commit), once for every backend. Writes run in the order in
 * which they came, but events (hear) overtake others: whoever tells one waits for seconds only; and
 * so do beats (node_beat), on which a lease hangs. It also checks arguments and counts. A backend
 * only stores: store/backend.h.
 *
 * Durability: when `done` of a write verb is called with 0, its effect is on disk and survives
 * kill -9 and power loss. With any negative result nothing of that verb was done, except
 * HY_E_UNCERTAIN: the commit's answer was lost and the caller must look again by its own id.
 * When a commit fails, every verb of that group gets its error. HY_E_FENCED: this node was taken for
 * dead and another has its place; nothing was done, of this verb or of later ones, until it beats.
 *
 * The verbs, each a struct that starts with a struct hy_op:
 *   store/messages.h   store/grants.h   store/events.h   store/apps.h   store/templates.h
 *   store/schedules.h   store/broadcasts.h   store/webhooks.h   store/housekeeping.h
 *   store/nodes.h
 */
#ifndef HY_STORE_STORE_H
#define HY_STORE_STORE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_store;
struct hy_audit; /* domain/audit.h */

enum hy_verb {
    /* writes */
    HY_VERB_ADMIT,
    HY_VERB_CLAIM,
    HY_VERB_SETTLE,
    HY_VERB_CANCEL,
    HY_VERB_RECOVER,
    HY_VERB_SWEEP,
    HY_VERB_DEPOSIT,
    HY_VERB_PURGE,
    HY_VERB_TIDY,
    HY_VERB_HEAR,
    HY_VERB_TEMPLATES_PUT,
    HY_VERB_TEMPLATE_DELETE,
    HY_VERB_SESSION_CUT,
    HY_VERB_APP_PUT,
    HY_VERB_APP_DELETE,
    HY_VERB_KEY_PUT,
    HY_VERB_KEY_REVOKE,
    HY_VERB_META_PUT,
    HY_VERB_TOKEN_BEGIN,
    HY_VERB_TOKEN_END,
    HY_VERB_SCHEDULE_PUT,
    HY_VERB_SCHEDULE_DELETE,
    HY_VERB_SCHEDULE_FIRE,
    HY_VERB_SCHEDULE_RESULT,
    HY_VERB_RETRY,
    HY_VERB_DEAD_RETRY,
    HY_VERB_REWIND,
    HY_VERB_AUDIENCE_ADD,
    HY_VERB_AUDIENCE_COLLECT,
    HY_VERB_BROADCAST_PUT,
    HY_VERB_BROADCAST_CHANGE,
    HY_VERB_BROADCAST_MOVE,
    HY_VERB_BROADCAST_FEED,
    HY_VERB_BROADCAST_WIND_UP,
    HY_VERB_WEBHOOK_PUT,
    HY_VERB_WEBHOOK_DELETE,
    HY_VERB_OUTBOX_HURRY,
    HY_VERB_OUTBOX_PUT,
    HY_VERB_OUTBOX_CLAIM,
    HY_VERB_OUTBOX_SETTLE,
    HY_VERB_RETAIN,
    HY_VERB_VACUUM,
    HY_VERB_PAUSE_PUT,
    HY_VERB_NODE_BEAT,
    HY_VERB_NODE_LEAVE,
    HY_VERB_WRITES, /* not a verb: all below only read */
    HY_VERB_MESSAGE_GET = HY_VERB_WRITES,
    HY_VERB_MESSAGE_LIST,
    HY_VERB_GRANT_LIST,
    HY_VERB_REACH,
    HY_VERB_PROSPECTS,
    HY_VERB_EVENTS,
    HY_VERB_TIMELINE,
    HY_VERB_TEMPLATES,
    HY_VERB_SESSION_CUTS,
    HY_VERB_APPS,
    HY_VERB_KEYS,
    HY_VERB_META_GET,
    HY_VERB_TOKENS,
    HY_VERB_SCHEDULES,
    HY_VERB_COUNTS,
    HY_VERB_DEAD_GROUPS,
    HY_VERB_AUDIENCE_LOOK,
    HY_VERB_BROADCASTS,
    HY_VERB_WEBHOOKS,
    HY_VERB_PAUSES,
    HY_VERB_AUDITS,
    HY_VERB_CHECK,
    HY_VERB_NODES,
    HY_VERB_CHANGES,
    HY_VERB_COUNT /* how many */
};

/*
 * The head of every verb's struct. The caller sets `verb`, `done`, `arg` and the inputs, keeps the
 * struct and everything it points to alive and untouched until `done` is called, and finds the
 * outputs in it then. Outputs that need memory come from the verb's own `arena` field, which the
 * caller provides and which is the store's to use until then. HY_E_INVALID: an argument breaks a
 * rule of the verb's header; nothing was done.
 *
 * `done` runs on a store thread (or inside hy_store_pump()): it must be short and may not call
 * hy_store_run(); it may submit further verbs. It may free the verb's struct. Only HY_E_STOPPED is
 * told on the submitting thread, before hy_store_submit() returns.
 *
 * A verb whose storage fails takes nothing else down: the front rolls the group back and runs its
 * verbs again, each in a transaction of its own. So a verb may run twice before `done`; what the
 * arena got in the first round is lost until the arena is freed.
 */
struct hy_op {
    enum hy_verb verb;
    int result; /* out: 0, a negative hy_err, or a positive condition named at the verb */
    /* Who asked for it: when the verb ends with 0 and did something (no dry run, no repetition of a request
     * with the same key), this is written in the same transaction. Null: nobody with a key. Writing verbs
     * only. */
    const struct hy_audit *audit;
    void (*done)(struct hy_op *op, void *arg);
    void *arg;
    int64_t took_us;     /* out: how long the verb itself kept the writer, its commit not counted */
    struct hy_op *next;  /* the front's */
    int64_t id_at_start; /* the front's: the id that was asked for, should the verb run again */
};

struct hy_store_config {
    /* "sqlite:PATH", "postgresql://..." or "memory:". HY_E_INVALID for anything else. */
    const char *location;
    /* No threads: verbs run when hy_store_pump() is called, on the caller's thread, each pump one
     * group; news is told there, too. For tests with fake time. */
    bool inline_mode;
};

/*
 * Opens, migrates to the newest schema, starts the threads. Errors: HY_E_INVALID (location),
 * HY_E_BUSY (another process has it open), HY_E_CORRUPT (not ours, damaged, a migration was
 * changed, or a newer schema than this program knows), HY_E_CONFLICT (it is being moved to another
 * store, or was: store/transfer.h), HY_E_IO, HY_E_FULL. On an error
 * `ret_explain` (any size, may be null) says in one sentence what and what to do.
 */
int hy_store_open(const struct hy_store_config *config, struct hy_store **ret_store,
                  char *ret_explain, size_t explain_size);

/* Finishes what was submitted, then closes. Null is legal. Other threads may still submit while it
 * runs, but not after it returned. */
void hy_store_close(struct hy_store *store);

/*
 * For a program that ends: what a server of the store has not answered by that instant (hy_clock_mono_us())
 * is given up, HY_E_IO or HY_E_UNCERTAIN, and so is all that comes after. Any thread, also while verbs run. A store
 * without a server has nothing to give up.
 */
void hy_store_end_by(struct hy_store *store, int64_t at_us);

/* "sqlite", "postgresql", "memory". */
const char *hy_store_kind(const struct hy_store *store);

/* Any thread. After hy_store_close() began the verb ends with HY_E_STOPPED. */
void hy_store_submit(struct hy_store *store, struct hy_op *op);

/* Submits and waits; returns op->result. For start-up and tests; `done` is set by this call. */
int hy_store_run(struct hy_store *store, struct hy_op *op);

/* Inline mode: runs what is queued, one group of writes, then the reads. True when there was any:
 * there may be more. */
bool hy_store_pump(struct hy_store *store);

/*
 * A consistent copy of the store at `location` in a new file `to` (0600), while a server may use
 * it: it needs no server and disturbs none. `to` is there whole, synced, or not at all. HY_E_EXISTS
 * (it is there already), HY_E_NOT_FOUND, HY_E_INVALID (no store of that kind has files), HY_E_IO,
 * HY_E_FULL, HY_E_CORRUPT. `ret_explain` as hy_store_open().
 */
int hy_store_backup(const char *location, const char *to, char *ret_explain, size_t explain_size);

/* Writes that wait and have not begun: the front's own load. */
size_t hy_store_backlog(struct hy_store *store);

/* Totals since open, but for log_bytes. writes / groups is how well group commit works. */
struct hy_store_stats {
    uint64_t writes; /* verbs */
    uint64_t groups; /* transactions that were committed */
    uint64_t reads;
    uint64_t failures; /* verbs that ended with a failure of the storage */
    int64_t log_bytes; /* in the write-ahead log beside the store's file; -1: it has none */
};

void hy_store_stats(struct hy_store *store, struct hy_store_stats *ret_stats);

#endif
