/*
 * sqlite.h - the SQLite backend's own state. Only src/store/sqlite includes it.
 *
 *   file            what
 *   sqlite.c        open, close, transactions, the table of verbs
 *   lock.c          one process a file
 *   logfile.c       the log, written in large pieces
 *   explain.c       what a fault means, and what to do
 *   migrate.c       the steps of schema/, numbered and checksummed
 *   moved.c         the mark of a file that was taken to another store
 *   checkpoint.c    the thread that copies the log back, so that no commit has to
 *   statements.c    every SQL text       query.c    values in, rows out
 *   row.c           a message as a row   ledger.c   grants: take, let go   wake.c   who waits
 *   gather.c        rows that are held back, so that many go in one statement
 *   tally.c         counts that are kept, not counted                      reach.c  of users, too
 *   sending.c       what is under way, remembered between claim and settle
 *   held.c          grants that are reserved, remembered
 *   awaiting.c      messages of which an event will tell
 *   outbox.c        which webhooks want what; outcomes, in the transaction of what they tell
 *   heard.c         what counts for caps
 *   backup.c        a copy beside a running server
 *   the verbs:      admit.c (keys: idempotency.c) claim.c settle.c end.c hear.c read.c timeline.c
 *                   deposit.c (counters: tell.c) grants.c purge.c tidy.c templates.c apps.c
 *                   tokens.c schedules.c check.c retry.c dead.c rewind.c broadcasts.c audience.c
 *                   feed.c webhooks.c deliver.c retain.c pauses.c audit.c
 *
 * Connections: the writer's, the reader's, the checkpointer's; each is used by one thread. The file
 * belongs to one process, so what the writer knows of it stays true: that is what the fields below
 * `remembered` rest on.
 */
#ifndef HY_STORE_SQLITE_SQLITE_H
#define HY_STORE_SQLITE_SQLITE_H

#include "base/arena.h"
#include "domain/message.h"
#include "domain/outcome.h"
#include "store/backend.h"
#include "store/sqlite/statements.h"
#include "store/sqlite/tally.h"

#include <sqlite3.h>

struct hy_checkpointer;
struct hy_gather;
struct hy_held;
struct hy_sending;

/* How long the writer waits for a lock of the file. */
enum { HY_SQLITE_BUSY_MS = 5000 };

/* Up to where a purge found nothing any more to take: see grants.c. */
struct hy_purge_mark {
    int64_t app_no;
    int64_t until_ms;
};

/* A webhook that is in use, and what it wants: see outbox.h. */
struct hy_hook {
    int64_t id;
    int64_t app_no; /* 0 = all */
    uint32_t events;
};

struct hy_hooks {
    struct hy_hook hooks[HY_WEBHOOKS_MAX];
    size_t count;
    uint32_t wanted; /* the events of all of them */
};

struct hy_sqlite {
    sqlite3 *db;
    sqlite3_stmt *stmts[SQL_COUNT];
    unsigned
        touches[SQL_COUNT];   /* what is gathered for tables that the statement reads or writes */
    unsigned gathered;        /* of which there is something: bits of enum hy_gather_kind */
    struct hy_gather *gather; /* never null in the writer's handle */
    struct hy_arena scratch;  /* of the verb under way */

    /* The writer's only. */
    char *path;
    int lock_fd; /* -1 in the reader's handle */
    struct hy_sqlite *reader;
    struct hy_checkpointer *checkpointer;

    /* --- remembered
     * ------------------------------------------------------------------------------- */
    int64_t last_message_id; /* no stored id is larger */
    int64_t bucket;          /* of the next message above last_message_id */
    int64_t bucket_rows;
    int64_t key_bucket_first, key_bucket_last; /* of idempotency; first > last: empty */
    int64_t key_window_ms;                     /* the longest that was asked for */
    int64_t last_event_id;
    bool early_any;             /* false: the table `early` is empty */
    struct hy_sending *sending; /* never null in the writer's handle */
    struct hy_held *held;       /* likewise */
    struct hy_purge_mark *purge_marks;
    size_t purge_mark_count;
    struct hy_hooks hooks;
    struct hy_hooks hooks_before; /* this transaction, if that has changed them */
    bool hooks_changed;
    int64_t heard_first, heard_last; /* buckets of `heard`; first > last: empty */

    struct hy_tally tally; /* changes of this transaction */

    int64_t now_ms;         /* of the verb under way, as far as it moves messages or grants */
    int64_t unpark_from_ms; /* what is un-parked is not due before; 0 = as it was */
    size_t freed;           /* messages un-parked or woken; the verbs that tell it begin at 0 */

    /* During one claim: ids that became due by it, and are left for the next one. */
    bool claiming;
    int64_t *became_due;
    size_t became_due_count, became_due_capacity;
};

/* --- lock.c: PATH.lock is locked as long as the store is open; the file itself stays ---------- */

/* HY_E_BUSY: another process (or this one) has it open. The log that goes with the file would let
 * a second writer in, and what is remembered above would be wrong. */
int hy_sqlite_lock(const char *path, int *ret_fd, char *ret_explain, size_t explain_size);

/* --- verbs ------------------------------------------------------------------------------------ */

hy_backend_verb hy_sqlite_admit, hy_sqlite_claim, hy_sqlite_settle, hy_sqlite_cancel,
    hy_sqlite_recover, hy_sqlite_sweep, hy_sqlite_deposit, hy_sqlite_purge, hy_sqlite_app_put,
    hy_sqlite_app_delete, hy_sqlite_key_put, hy_sqlite_key_revoke, hy_sqlite_meta_put,
    hy_sqlite_token_begin, hy_sqlite_token_end, hy_sqlite_schedule_put, hy_sqlite_schedule_delete,
    hy_sqlite_schedule_fire, hy_sqlite_schedule_result, hy_sqlite_message_get,
    hy_sqlite_message_list, hy_sqlite_grant_list, hy_sqlite_apps, hy_sqlite_keys,
    hy_sqlite_meta_get, hy_sqlite_tokens, hy_sqlite_schedules, hy_sqlite_counts, hy_sqlite_check,
    hy_sqlite_tidy, hy_sqlite_hear, hy_sqlite_templates_put, hy_sqlite_template_delete,
    hy_sqlite_session_cut, hy_sqlite_reach, hy_sqlite_prospects, hy_sqlite_events,
    hy_sqlite_timeline, hy_sqlite_templates, hy_sqlite_session_cuts, hy_sqlite_retry,
    hy_sqlite_dead_retry, hy_sqlite_dead_groups, hy_sqlite_rewind, hy_sqlite_audience_add,
    hy_sqlite_audience_collect, hy_sqlite_audience_look, hy_sqlite_broadcast_put,
    hy_sqlite_broadcast_change, hy_sqlite_broadcast_move, hy_sqlite_broadcast_feed,
    hy_sqlite_broadcast_wind_up, hy_sqlite_broadcasts, hy_sqlite_webhook_put,
    hy_sqlite_webhook_delete, hy_sqlite_webhooks, hy_sqlite_outbox_hurry, hy_sqlite_outbox_put,
    hy_sqlite_outbox_claim, hy_sqlite_outbox_settle, hy_sqlite_retain, hy_sqlite_vacuum,
    hy_sqlite_pause_put, hy_sqlite_pauses, hy_sqlite_audits;

/* Within the transaction of the verb that it is about. */
int hy_sqlite_audit(struct hy_backend *backend, const struct hy_audit *audit);

/* --- backup.c: hy_store_backup() -------------------------------------------------------------- */

int hy_sqlite_backup(const char *path, const char *to, char *ret_explain, size_t explain_size);

static inline struct hy_sqlite *hy_sqlite_of(struct hy_backend *backend)
{
    return (struct hy_sqlite *)(void *)backend;
}

#endif
