/*
 * desk.h - the working set of one transaction: what its verbs need lies on the desk as the records of
 * the memory backend, whose rules move them; what is different at the end goes back in few statements.
 *
 *     settle of three messages:
 *       want     message ids -> their users                    1 round trip (when users aren't known)
 *       fetch    locks the users, reads all that the rules     1 round trip
 *                look at: messages, grants, ...
 *       run      hy_mem_settle()                               none
 *       flush    UPDATE message, grant ... FROM unnest(...),   1 round trip with the COMMIT
 *                INSERT attempt ...
 *
 * So the rules of the ledger exist once (store/memory), a group of any size costs as few round trips as one
 * verb, and SQL only loads and stores. What admit, settle and their like need is known from their arguments
 * (the table in desk_gather.c); claim, recover, sweep and others find it out as they go. The rest is SQL,
 * which puts the desk away before it touches what lies there.
 *
 * Lock: whoever has a user on the desk holds the advisory lock of (app, user) until the transaction
 * ends; so what is there cannot change, and what is not there (no grant, nobody waiting) cannot come.
 * Locks are waited for in the order of their numbers, once, by gather; later ones are only tried (desk_lock.c).
 * A transaction of more than HY_DESK_USERS_MAX users locks whole apps instead, those with most of them: others hold
 * that lock shared. A claim only tries the locks of those who have something due, HY_DESK_USERS_MAX beside
 * the others; whom others have it passes over (desk_lanes.c).
 *
 * Complete: of a user on the desk there are
 *   always      messages that are sending, waiting; the first parked ones; those that were wanted by id;
 *               those that await an event; what came early; grants that are live, and counters;
 *               webhooks that are in use. The rest of what is parked, and grants that only say why
 *               there is none, come when the moves ask for them: struct hy_mem_hooks
 *   HY_DESK_TELLS   answers near the instants that were wanted, the newest answers, identities
 *   HY_DESK_HEARD   what counts for caps
 */
#ifndef HY_STORE_POSTGRES_DESK_H
#define HY_STORE_POSTGRES_DESK_H

#include "store/memory/memory.h"
#include "store/postgres/link.h"

struct hy_pg;

enum { HY_DESK_USERS_MAX = 1000 };
/* BARE: nothing but the lock and grants: what admission looks at. LOCKED: nothing but the lock, for SQL that
 * changes what others may have on their desks. */
enum hy_desk_part { HY_DESK_TELLS = 1, HY_DESK_HEARD = 2, HY_DESK_BARE = 4, HY_DESK_LOCKED = 32 };

/* Makes and frees pg->working; what the desk keeps between transactions is in it, too. */
int hy_desk_open(struct hy_pg *pg);
void hy_desk_close(struct hy_pg *pg);

/* --- wanting: nothing is read yet; what is there already is not wanted again ------------------- */

void hy_desk_want_user(struct hy_pg *pg, int64_t app_no, const char *user, unsigned parts);
void hy_desk_want_message(struct hy_pg *pg, int64_t id, unsigned parts); /* and its user */
/* Whether the id is taken: admission. */
void hy_desk_want_id(struct hy_pg *pg, int64_t id);
void hy_desk_want_key(struct hy_pg *pg, const uint8_t key[HY_FINGERPRINT_BYTES], int64_t now_ms,
                      int64_t window_ms);
void hy_desk_want_credential(struct hy_pg *pg, int64_t app_no, const char *credential);
void hy_desk_want_identity(struct hy_pg *pg, int64_t app_no,
                           const uint8_t identity[HY_IDENTITY_BYTES], int64_t at_ms);
/* Answers of that user and template from..to. */
void hy_desk_want_answers(struct hy_pg *pg, int64_t app_no, const char *user,
                          const char *template_id, int64_t from_ms, int64_t to_ms);

/* Locks and reads all that is wanted. HY_E_BUSY: others have somebody who was not wanted in gather. */
int hy_desk_fetch(struct hy_pg *pg);
/* From now on nobody else has users of the app on the desk; HY_E_BUSY as fetch. */
int hy_desk_lock_app(struct hy_pg *pg, int64_t app_no);
/* The hook `gather` of store/backend.h: wants what the verbs from `first` on need, and fetches it. */
int hy_desk_gather(struct hy_backend *backend, struct hy_op *first);
/* `result` of a verb that ran on the desk, or what went wrong meanwhile where nobody could be told. */
int hy_desk_result(struct hy_pg *pg, int result);

/* Writes what is different now; the desk stays as it is. Ends the link's queue with it: the caller
 * drains. */
void hy_desk_flush(struct hy_pg *pg);
/* Flushes, drains and empties the desk: before SQL that changes what lies there. The locks stay. */
int hy_desk_put_away(struct hy_pg *pg);
/*
 * Queues that this transaction waits for less time from now on than the server lets pass before it looks for
 * deadlocks (deadlock_timeout, 1 s); then it is HY_E_BUSY, and run again. For what locks rows out of the order in
 * which a flush does: whatever is written behind a first flush, or behind outcomes that are settled. So in
 * each ring of transactions that wait for each other one lets go by itself.
 */
void hy_desk_wait_shortly(struct hy_pg *pg);
/* Empties it; nothing is written. The transaction is over: begin, commit and rollback call it. */
void hy_desk_clear(struct hy_pg *pg);

/* --- kinds of records: a file each, desk_NAME.c ------------------------------------------------ */

struct hy_desk_wants; /* desk_wants.h: what is wanted now and not there yet, and how to read it */

struct hy_desk_kind {
    const char *name;
    /* Queues the statements that read what is wanted; their `read` puts it on the desk and keeps what it
     * was like. */
    void (*load)(struct hy_pg *pg, const struct hy_desk_wants *wants);
    /* Optional: queues what only the first answers showed to be needed. A further round trip. */
    void (*load_more)(struct hy_pg *pg, const struct hy_desk_wants *wants);
    /* Queues the statements that store what is new, different or gone, and from then on takes that for
     * what is stored. */
    void (*flush)(struct hy_pg *pg);
    /* Optional: forgets what it keeps outside of the desk's arena; the records themselves go with the
     * desk. */
    void (*clear)(struct hy_pg *pg);
};

/* In the order in which they are loaded; flushed in the same order. Ended by a null. desk_kinds.c */
extern const struct hy_desk_kind *const hy_desk_kinds[];
extern const struct hy_desk_kind hy_desk_messages, hy_desk_grants, hy_desk_keys, hy_desk_answers,
    hy_desk_events, hy_desk_heard, hy_desk_outcomes, hy_desk_broadcasts, hy_desk_lanes;

/* --- counts that are kept, by node so that no two nodes wait for each other -------------------- */

/* Of this transaction; written by flush (desk_tally.c). */
void hy_desk_tally_message(struct hy_pg *pg, const struct hy_message *m, int from,
                           int to); /* -1 = none */
void hy_desk_tally_reach(struct hy_pg *pg, int64_t app_no, const char *template_id, int64_t users,
                         int64_t uses);
void hy_desk_tally_receipts(struct hy_pg *pg, int64_t app_no, int64_t minute, int64_t users,
                            int64_t uses);
/* Queues the statements that add them up. After the kinds. */
void hy_desk_tally_flush(struct hy_pg *pg);
void hy_desk_tally_clear(struct hy_pg *pg);

#endif
