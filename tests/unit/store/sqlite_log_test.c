/* How large the write-ahead log becomes beside those who read: store/sqlite/checkpoint.h. */
#include "sqlite_rig.h"

#include "base/clock.h"
#include "store/sqlite/checkpoint.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, COMMIT_PAGES_MAX = 24 };

static const struct hy_checkpoint_limits small = {
    .start_pages = 40, .step_pages = 10, .stop_pages = 200, .limit_pages = 320, .readers_ms = 5000};

/* --- a writer and readers --------------------------------------------------------------------- */

static struct writer {
    sqlite3 *db;
    sqlite3_stmt *insert;
    struct hy_checkpointer *checkpointer;
    int commits;
} writer;

static void must(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", sql, sqlite3_errmsg(db));
}

static void begin_writer(const char *path, const struct hy_checkpoint_limits *limits)
{
    writer = (struct writer){0};
    CHECK_INT(sqlite3_open(path, &writer.db), SQLITE_OK);
    must(writer.db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, x); INSERT INTO t (x) VALUES (0)");
    CHECK_INT(sqlite3_prepare_v2(writer.db,
                                 "INSERT INTO t (id, x) VALUES (abs(random() % 1000000) + 2, "
                                 "randomblob(3000)) ON CONFLICT DO UPDATE SET x = excluded.x",
                                 -1, &writer.insert, NULL),
              SQLITE_OK);
    CHECK_INT(hy_checkpointer_start(path, writer.db, limits, &writer.checkpointer), 0);
}

static void end_writer(void)
{
    hy_checkpointer_stop(writer.checkpointer);
    sqlite3_finalize(writer.insert);
    sqlite3_close(writer.db);
}

/* A few pages. */
static void write_some(void)
{
    CHECK_INT(sqlite3_step(writer.insert), SQLITE_DONE);
    CHECK_INT(sqlite3_reset(writer.insert), SQLITE_OK);
    writer.commits++;
}

static int64_t log_pages(void)
{
    return hy_checkpointer_log_bytes(writer.checkpointer) / HY_LOG_PAGE_BYTES;
}

static sqlite3 *open_reader(const char *path)
{
    sqlite3 *db = NULL;

    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    must(db, "PRAGMA busy_timeout = 5000; SELECT count(*) FROM t");
    return db;
}

static off_t file_bytes(const char *path)
{
    char name[400];
    struct stat st;

    snprintf(name, sizeof name, "%s-wal", path);
    return stat(name, &st) == 0 ? st.st_size : 0;
}

/* --- readers one after the other --------------------------------------------------------------- */

static struct relay {
    sqlite3 *db[2];
    atomic_bool stop;
    atomic_int rounds;
    bool failed;
} relay;

/* The next one begins before the last one ends, so that there is one at every moment. */
static void *run_relay(void *arg)
{
    struct timespec while_ms = {.tv_nsec = 2000000};
    bool fine = true;
    int i;

    for (i = 0; fine && !atomic_load(&relay.stop); i++) {
        fine = sqlite3_exec(relay.db[i & 1], "BEGIN; SELECT x FROM t WHERE id = 1", NULL, NULL,
                            NULL) == SQLITE_OK;
        if (i > 0)
            fine = sqlite3_exec(relay.db[~i & 1], "COMMIT", NULL, NULL, NULL) == SQLITE_OK && fine;
        atomic_fetch_add(&relay.rounds, 1);
        nanosleep(&while_ms, NULL);
    }
    relay.failed = !fine;
    return NULL;
}

static void the_log_is_bounded_though_somebody_always_reads(void)
{
    const char *path = rig_path("a.db");
    int64_t largest = 0, since_ms, begun = 0, before = 0;
    pthread_t thread;

    begin_writer(path, &small);
    relay = (struct relay){.db = {open_reader(path), open_reader(path)}};
    CHECK_INT(pthread_create(&thread, NULL, run_relay, NULL), 0);
    while (atomic_load(&relay.rounds) < 2)
        sched_yield();
    since_ms = hy_clock_mono_us() / 1000;
    while (begun < 8 && hy_clock_mono_us() / 1000 - since_ms < DEADLINE_MS) {
        write_some();
        largest = log_pages() > largest ? log_pages() : largest;
        begun += log_pages() < before;
        before = log_pages();
    }
    atomic_store(&relay.stop, true);
    pthread_join(thread, NULL);
    end_writer();
    for (int i = 0; i < 2; i++)
        sqlite3_close(relay.db[i]);
    CHECK(!relay.failed);
    CHECK_INT(begun, 8);
    if (largest > small.limit_pages + COMMIT_PAGES_MAX)
        hy_tap_fail(__FILE__, __LINE__, "the log had %lld pages", (long long)largest);
}

/* --- one that reads for long ------------------------------------------------------------------- */

static void a_long_reader_stops_nobody_and_the_log_begins_again(void)
{
    struct hy_checkpoint_limits limits = small;
    const char *path = rig_path("b.db");
    sqlite3 *reader;
    int64_t until_ms;
    int commits;

    limits.readers_ms = 20;
    begin_writer(path, &limits);
    write_some();
    reader = open_reader(path);
    must(reader, "BEGIN; SELECT x FROM t");
    for (int i = 0; i < 100000 && log_pages() < 5 * limits.limit_pages; i++)
        write_some();
    CHECK(log_pages() >= 5 * limits.limit_pages); /* or nobody was in the way */
    must(reader, "COMMIT");
    commits = writer.commits;
    until_ms = hy_clock_mono_us() / 1000 + DEADLINE_MS;
    while (log_pages() > limits.limit_pages && hy_clock_mono_us() / 1000 < until_ms)
        write_some();
    CHECK(log_pages() <= limits.limit_pages);
    CHECK(writer.commits > commits);
    sqlite3_close(reader);
    end_writer();
    CHECK_TEXT(rig_sql_int(path, "SELECT count(*) FROM pragma_integrity_check "
                                 "WHERE integrity_check = 'ok'") == 1
                   ? "whole"
                   : "damaged",
               "whole");
}

/* --- the store's own --------------------------------------------------------------------------- */

static int64_t stored_log(struct hy_store *store)
{
    struct hy_store_stats stats;

    hy_store_stats(store, &stats);
    return stats.log_bytes;
}

/* An app's settings may be large: few verbs, many pages. */
static void write_a_lot(struct hy_store *store)
{
    static char value[1 << 20];
    struct hy_meta_put v = {.op.verb = HY_VERB_META_PUT, .name = "large", .value = value};

    memset(value, 'x', sizeof value - 1);
    CHECK_INT(hy_store_run(store, &v.op), 0);
}

static void the_file_of_a_store_is_small_again_after_a_backup(void)
{
    const int64_t limit = (int64_t)hy_checkpoint_limits.limit_pages * HY_LOG_PAGE_BYTES;
    const char *path = rig_path("c.db");
    struct hy_store *store = rig_open(path);
    sqlite3 *reader = NULL;

    write_a_lot(store);
    CHECK(stored_log(store) > 1 << 20);
    CHECK_INT(sqlite3_open(path, &reader), SQLITE_OK);
    must(reader, "BEGIN; SELECT count(*) FROM meta");
    for (int i = 0; i < 1000 && stored_log(store) < limit + limit / 4; i++)
        write_a_lot(store);
    CHECK(stored_log(store) >= limit + limit / 4);
    CHECK(file_bytes(path) >= stored_log(store));
    must(reader, "COMMIT");
    for (int i = 0; i < 100 && file_bytes(path) > limit; i++)
        write_a_lot(store);
    CHECK(stored_log(store) <= limit);
    CHECK(file_bytes(path) <= limit);
    sqlite3_close(reader);
    hy_store_close(store);
    CHECK_INT(rig_sql_int(path, "SELECT length(value) FROM meta WHERE name = 'large'"),
              (1 << 20) - 1);
}

int main(void)
{
    rig_begin();
    RUN(the_log_is_bounded_though_somebody_always_reads);
    RUN(a_long_reader_stops_nobody_and_the_log_begins_again);
    RUN(the_file_of_a_store_is_small_again_after_a_backup);
    rig_end();
    return hy_tap_end();
}
