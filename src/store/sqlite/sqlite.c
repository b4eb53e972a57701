#include "store/sqlite/sqlite.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/sqlite/checkpoint.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/gather.h"
#include "store/sqlite/heard.h"
#include "store/sqlite/held.h"
#include "store/sqlite/idempotency.h"
#include "store/sqlite/logfile.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/moved.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/sending.h"
#include "store/sqlite/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes that the page caches may take: what does not fit is read again from the system's cache. */
#define WRITER_CACHE "PRAGMA cache_size = -24576"
#define READER_CACHE "PRAGMA cache_size = -4096"

static int library_rc;

/* Once, before anything else: allocations are not counted, which takes a lock each time. */
static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    library_rc = sqlite3_initialize();
    if (library_rc == SQLITE_OK)
        library_rc = hy_logfile_register();
}

static int exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* --- opening ---------------------------------------------------------------------------------- */

/*
 * Makes the file, if there is none, readable by nobody else (the log takes over its mode), and
 * finds its one name: two names of a file would have two locks.
 */
static int find_file(const char *path, char **ret_path, char *ret_explain, size_t explain_size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int fault = errno;

    if (fd < 0)
        return hy_sqlite_explain_file(path, fault, ret_explain, explain_size);
    close(fd);
    *ret_path = realpath(path, NULL);
    return *ret_path ? 0 : HY_E_NOMEM;
}

/* SQLite keeps the old mode without a word where a log is not possible. */
static int use_log(sqlite3 *db)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);

    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        rc = strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0 ? SQLITE_OK
                                                                            : SQLITE_IOERR;
    sqlite3_finalize(stmt);
    return rc;
}

static int set_up_writer(sqlite3 *db)
{
    static const char *const settings[] = {"PRAGMA synchronous = FULL",
                                           WRITER_CACHE,
                                           "PRAGMA temp_store = MEMORY",
                                           "PRAGMA mmap_size = 0",
                                           "PRAGMA secure_delete = FAST",
                                           "PRAGMA wal_autocheckpoint = 0",
                                           "PRAGMA journal_size_limit = 100000000"};
    /* Of a file that has no page yet; of any other it changes nothing. */
    int rc = exec(db, "PRAGMA auto_vacuum = INCREMENTAL");

    if (rc == SQLITE_OK)
        rc = use_log(db);

    for (size_t i = 0; rc == SQLITE_OK && i < sizeof settings / sizeof *settings; i++)
        rc = exec(db, settings[i]);
    return rc;
}

static int open_database(struct hy_sqlite *s, char *ret_explain, size_t explain_size)
{
    int r, rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                HY_LOGFILE_VFS);

    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(s->db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(s->db, HY_SQLITE_BUSY_MS);
    if (rc != SQLITE_OK)
        return hy_sqlite_explain(s->db, rc, "opening", ret_explain, explain_size);
    r = hy_sqlite_identify(s->db, ret_explain, explain_size);
    if (r < 0)
        return r;
    rc = set_up_writer(s->db);
    if (rc != SQLITE_OK)
        return hy_sqlite_explain(s->db, rc, "setting up the log", ret_explain, explain_size);
    return hy_sqlite_migrate(s->db, hy_sqlite_migrations, hy_clock_now_ms(), ret_explain,
                             explain_size);
}

/* What the writer may know without asking again: see sqlite.h. */
static int remember(struct hy_sqlite *s)
{
    int r = hy_message_remember_last(s);

    if (r == 0)
        r = hy_keys_remember_bounds(s);
    if (r == 0)
        r = hy_events_remember(s);
    if (r == 0)
        r = hy_hooks_remember(s);
    return r < 0 ? r : hy_heard_remember(s);
}

static void close_backend(struct hy_backend *backend);

static int open_all(struct hy_sqlite *s, const char *path, char *ret_explain, size_t explain_size)
{
    int r = find_file(path, &s->path, ret_explain, explain_size);

    if (r == 0)
        r = hy_sqlite_lock(s->path, &s->lock_fd, ret_explain, explain_size);
    if (r < 0)
        return r;
    r = open_database(s, ret_explain, explain_size);
    if (r == 0)
        r = hy_sqlite_refuse_moved(s->db, s->path, ret_explain, explain_size);
    if (r == 0)
        r = hy_sqlite_prepare(s, ret_explain, explain_size);
    if (r < 0)
        return r;
    r = remember(s);
    if (r == 0)
        r = hy_checkpointer_start(s->path, s->db, &hy_checkpoint_limits, &s->checkpointer);
    if (r < 0)
        hy_sqlite_explain(s->db, sqlite3_extended_errcode(s->db), "reading", ret_explain,
                          explain_size);
    return r;
}

static int open_backend(const char *path, struct hy_backend **ret_backend, char *ret_explain,
                        size_t explain_size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct hy_sqlite *s;
    int r;

    /* SQLite takes an empty path and ":memory:" for a database that is gone on close. */
    if (!*path || *path == ':') {
        snprintf(ret_explain, explain_size, "sqlite: needs the path of a file");
        return HY_E_INVALID;
    }
    pthread_once(&once, configure_library);
    if (library_rc != SQLITE_OK) {
        snprintf(ret_explain, explain_size, "SQLite does not start: %s",
                 sqlite3_errstr(library_rc));
        return hy_sqlite_err(library_rc);
    }
    s = (struct hy_sqlite *)calloc(1, sizeof *s);
    if (!s)
        return HY_E_NOMEM;
    s->lock_fd = -1;
    hy_arena_init(&s->scratch);
    hy_tally_init(&s->tally);
    s->sending = hy_sending_new();
    s->held = hy_held_new();
    s->gather = hy_gather_new();
    r = s->sending && s->held && s->gather ? open_all(s, path, ret_explain, explain_size)
                                           : HY_E_NOMEM;
    if (r < 0) {
        close_backend((struct hy_backend *)(void *)s);
        return r;
    }
    *ret_backend = (struct hy_backend *)(void *)s;
    return 0;
}

/* --- the reader ------------------------------------------------------------------------------- */

static void close_reader(struct hy_sqlite *s)
{
    if (!s)
        return;
    hy_sqlite_finalize(s);
    sqlite3_close(s->db);
    hy_arena_deinit(&s->scratch);
    free(s);
}

static int open_reader(struct hy_backend *backend, struct hy_backend **ret_reader)
{
    struct hy_sqlite *writer = hy_sqlite_of(backend);
    struct hy_sqlite *s = (struct hy_sqlite *)calloc(1, sizeof *s);
    int r;

    if (!s)
        return HY_E_NOMEM;
    s->lock_fd = -1;
    hy_arena_init(&s->scratch);
    /* Not opened read-only: that could not make the log's shared memory. query_only refuses writes.
     * Its sorts (check, counts) may be larger than memory should be and go to a file. */
    r = hy_sqlite_err(
        sqlite3_open_v2(writer->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    if (r == 0)
        r = hy_sqlite_err(exec(s->db, "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; "
                                      "PRAGMA mmap_size = 0; " READER_CACHE));
    if (r == 0)
        r = hy_sqlite_prepare(s, NULL, 0);
    if (r < 0) {
        close_reader(s);
        return r;
    }
    writer->reader = s;
    *ret_reader = (struct hy_backend *)(void *)s;
    return 0;
}

static void close_backend(struct hy_backend *backend)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);

    hy_checkpointer_stop(s->checkpointer);
    close_reader(s->reader);
    hy_sqlite_finalize(s);
    sqlite3_close(s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    hy_arena_deinit(&s->scratch);
    hy_tally_deinit(&s->tally);
    hy_sending_free(s->sending);
    hy_held_free(s->held);
    hy_gather_free(s->gather);
    free(s->purge_marks);
    free(s->became_due);
    free(s->path);
    free(s);
}

static int64_t log_bytes(struct hy_backend *backend)
{
    return hy_checkpointer_log_bytes(hy_sqlite_of(backend)->checkpointer);
}

/* --- transactions ----------------------------------------------------------------------------- */

static int run(struct hy_sqlite *s, enum hy_sql which)
{
    struct hy_query q;

    hy_query_open(s, which, &q);
    return hy_query_run(&q);
}

static int begin(struct hy_backend *backend)
{
    return run(hy_sqlite_of(backend), SQL_BEGIN);
}

/* After some faults SQLite has rolled back by itself already. */
static void rollback(struct hy_backend *backend)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);

    hy_gather_forget(s);
    if (!sqlite3_get_autocommit(s->db))
        run(s, SQL_ROLLBACK);
    /* A purge or a trim of this transaction may have moved past what is there again. */
    hy_tally_forget(s);
    hy_sending_forget(s->sending);
    hy_held_forget_all(s->held);
    s->purge_mark_count = 0;
    hy_keys_remember_bounds(s);
    hy_events_remember(s);
    hy_hooks_undo(s);
    hy_heard_remember(s);
}

/*
 * A COMMIT that fails is not stored, as far as this process can tell. But when only the sync failed
 * the record is whole in the system's cache: a process that dies now and comes back may find it.
 */
static int commit(struct hy_backend *backend)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    int r = hy_gather_write(s, HY_GATHER_ALL);

    if (r == 0)
        r = hy_tally_write(s);
    if (r == 0)
        r = run(s, SQL_COMMIT);
    if (r < 0 && sqlite3_extended_errcode(s->db) == SQLITE_IOERR_FSYNC)
        r = HY_E_UNCERTAIN;
    if (r < 0)
        rollback(backend);
    s->hooks_changed = false;
    return r;
}

/* --- the table -------------------------------------------------------------------------------- */

const struct hy_backend_ops hy_backend_sqlite = {
    .name = "sqlite",
    .prefix = "sqlite:",
    .open = open_backend,
    .close = close_backend,
    .open_reader = open_reader,
    .log_bytes = log_bytes,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .audit = hy_sqlite_audit,
    .backup = hy_sqlite_backup,
    .verbs = {[HY_VERB_ADMIT] = hy_sqlite_admit,
              [HY_VERB_CLAIM] = hy_sqlite_claim,
              [HY_VERB_SETTLE] = hy_sqlite_settle,
              [HY_VERB_CANCEL] = hy_sqlite_cancel,
              [HY_VERB_RECOVER] = hy_sqlite_recover,
              [HY_VERB_SWEEP] = hy_sqlite_sweep,
              [HY_VERB_DEPOSIT] = hy_sqlite_deposit,
              [HY_VERB_PURGE] = hy_sqlite_purge,
              [HY_VERB_TIDY] = hy_sqlite_tidy,
              [HY_VERB_HEAR] = hy_sqlite_hear,
              [HY_VERB_TEMPLATES_PUT] = hy_sqlite_templates_put,
              [HY_VERB_TEMPLATE_DELETE] = hy_sqlite_template_delete,
              [HY_VERB_SESSION_CUT] = hy_sqlite_session_cut,
              [HY_VERB_REACH] = hy_sqlite_reach,
              [HY_VERB_PROSPECTS] = hy_sqlite_prospects,
              [HY_VERB_EVENTS] = hy_sqlite_events,
              [HY_VERB_TIMELINE] = hy_sqlite_timeline,
              [HY_VERB_TEMPLATES] = hy_sqlite_templates,
              [HY_VERB_SESSION_CUTS] = hy_sqlite_session_cuts,
              [HY_VERB_APP_PUT] = hy_sqlite_app_put,
              [HY_VERB_APP_DELETE] = hy_sqlite_app_delete,
              [HY_VERB_KEY_PUT] = hy_sqlite_key_put,
              [HY_VERB_KEY_REVOKE] = hy_sqlite_key_revoke,
              [HY_VERB_META_PUT] = hy_sqlite_meta_put,
              [HY_VERB_TOKEN_BEGIN] = hy_sqlite_token_begin,
              [HY_VERB_TOKEN_END] = hy_sqlite_token_end,
              [HY_VERB_SCHEDULE_PUT] = hy_sqlite_schedule_put,
              [HY_VERB_SCHEDULE_DELETE] = hy_sqlite_schedule_delete,
              [HY_VERB_SCHEDULE_FIRE] = hy_sqlite_schedule_fire,
              [HY_VERB_SCHEDULE_RESULT] = hy_sqlite_schedule_result,
              [HY_VERB_MESSAGE_GET] = hy_sqlite_message_get,
              [HY_VERB_MESSAGE_LIST] = hy_sqlite_message_list,
              [HY_VERB_GRANT_LIST] = hy_sqlite_grant_list,
              [HY_VERB_APPS] = hy_sqlite_apps,
              [HY_VERB_KEYS] = hy_sqlite_keys,
              [HY_VERB_META_GET] = hy_sqlite_meta_get,
              [HY_VERB_TOKENS] = hy_sqlite_tokens,
              [HY_VERB_SCHEDULES] = hy_sqlite_schedules,
              [HY_VERB_RETRY] = hy_sqlite_retry,
              [HY_VERB_DEAD_RETRY] = hy_sqlite_dead_retry,
              [HY_VERB_REWIND] = hy_sqlite_rewind,
              [HY_VERB_AUDIENCE_ADD] = hy_sqlite_audience_add,
              [HY_VERB_AUDIENCE_COLLECT] = hy_sqlite_audience_collect,
              [HY_VERB_BROADCAST_PUT] = hy_sqlite_broadcast_put,
              [HY_VERB_BROADCAST_CHANGE] = hy_sqlite_broadcast_change,
              [HY_VERB_BROADCAST_MOVE] = hy_sqlite_broadcast_move,
              [HY_VERB_BROADCAST_FEED] = hy_sqlite_broadcast_feed,
              [HY_VERB_BROADCAST_WIND_UP] = hy_sqlite_broadcast_wind_up,
              [HY_VERB_WEBHOOK_PUT] = hy_sqlite_webhook_put,
              [HY_VERB_WEBHOOK_DELETE] = hy_sqlite_webhook_delete,
              [HY_VERB_OUTBOX_HURRY] = hy_sqlite_outbox_hurry,
              [HY_VERB_OUTBOX_PUT] = hy_sqlite_outbox_put,
              [HY_VERB_OUTBOX_CLAIM] = hy_sqlite_outbox_claim,
              [HY_VERB_OUTBOX_SETTLE] = hy_sqlite_outbox_settle,
              [HY_VERB_RETAIN] = hy_sqlite_retain,
              [HY_VERB_VACUUM] = hy_sqlite_vacuum,
              [HY_VERB_PAUSE_PUT] = hy_sqlite_pause_put,
              [HY_VERB_DEAD_GROUPS] = hy_sqlite_dead_groups,
              [HY_VERB_AUDIENCE_LOOK] = hy_sqlite_audience_look,
              [HY_VERB_BROADCASTS] = hy_sqlite_broadcasts,
              [HY_VERB_WEBHOOKS] = hy_sqlite_webhooks,
              [HY_VERB_PAUSES] = hy_sqlite_pauses,
              [HY_VERB_AUDITS] = hy_sqlite_audits,
              [HY_VERB_COUNTS] = hy_sqlite_counts,
              [HY_VERB_CHECK] = hy_sqlite_check},
};
