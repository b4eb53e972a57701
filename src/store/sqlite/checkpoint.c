#include "store/sqlite/checkpoint.h"

#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/query.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { PAUSE_MS = 20 };

const struct hy_checkpoint_limits hy_checkpoint_limits = {.start_pages = 4000,
                                                          .step_pages = 1000,
                                                          .stop_pages = 20000,
                                                          .limit_pages = 32000,
                                                          .readers_ms = 1000};

struct hy_checkpointer {
    sqlite3 *db;     /* of the thread */
    sqlite3 *writer; /* of the writer's thread */
    pthread_t thread;
    pthread_mutex_t pass; /* held during a checkpoint: SQLite refuses a second one */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    bool wanted;
    bool stop;
    atomic_int pages;  /* in the log */
    atomic_int copied; /* of them, as far as the last pass knew */
    /* The writer's: from how many pages on the thread is asked, it does one by itself, and it waits
     * until there is room. */
    struct hy_checkpoint_limits limits;
    int next_ask, next_own, next_wait;
};

static int checkpoint(struct hy_checkpointer *c, sqlite3 *db, int mode)
{
    int pages, copied;
    int rc = sqlite3_wal_checkpoint_v2(db, NULL, mode, &pages, &copied);

    if (copied >= 0)
        atomic_store_explicit(&c->copied, copied, memory_order_relaxed);
    return rc;
}

/* Those that no pass has copied: an estimate, the thread may be at it. */
static int left(struct hy_checkpointer *c)
{
    return atomic_load_explicit(&c->pages, memory_order_relaxed) -
           atomic_load_explicit(&c->copied, memory_order_relaxed);
}

static void want(struct hy_checkpointer *c)
{
    pthread_mutex_lock(&c->lock);
    if (!c->wanted) {
        c->wanted = true;
        pthread_cond_signal(&c->wake);
    }
    pthread_mutex_unlock(&c->lock);
}

/* --- the writer's own ------------------------------------------------------------------------- */

/*
 * Waits for those who read, so that the next commit begins the log again. They are few: whoever comes
 * when all is copied reads the file alone, and is waited for by nobody. One that reads on and on (a
 * backup) is waited for once, and again when the log is twice as large.
 */
static void make_room(struct hy_checkpointer *c, int pages)
{
    int rc;

    sqlite3_busy_timeout(c->writer, c->limits.readers_ms);
    rc = checkpoint(c, c->writer, SQLITE_CHECKPOINT_RESTART);
    sqlite3_busy_timeout(c->writer, HY_SQLITE_BUSY_MS);
    c->next_wait = rc == SQLITE_OK ? c->limits.limit_pages : pages * 2;
    if (rc != SQLITE_OK)
        hy_log(HY_LOG_WARN, "store.log", "mb=%d why=\"%s\"", pages / 256,
               rc == SQLITE_BUSY ? "someone reads for long" : sqlite3_errstr(rc));
}

/*
 * Nothing is written meanwhile, so it copies all there is, and the log begins again with the next
 * commit, unless somebody reads at that moment; then it is tried again soon. Most commits find the
 * thread between two passes, with little left to copy. Much is left to the thread.
 */
static void own_checkpoint(struct hy_checkpointer *c, int pages)
{
    bool must = pages >= c->next_wait;

    if (must)
        pthread_mutex_lock(&c->pass);
    else if (left(c) > c->limits.start_pages || pthread_mutex_trylock(&c->pass) != 0)
        return;
    c->next_own = pages + c->limits.step_pages;
    checkpoint(c, c->writer, SQLITE_CHECKPOINT_PASSIVE);
    if (must || (pages >= c->limits.limit_pages && left(c) == 0))
        make_room(c, pages);
    pthread_mutex_unlock(&c->pass);
}

static void began_again(struct hy_checkpointer *c)
{
    atomic_store_explicit(&c->copied, 0, memory_order_relaxed);
    c->next_ask = c->limits.start_pages;
    c->next_own = c->limits.stop_pages;
    c->next_wait = c->limits.limit_pages;
}

/* After each commit, on the writer's thread; the log has `pages` now. A checkpoint that fails here
 * is no failure of the commit: the pages stay in the log, and the next one tries again. */
static int committed(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct hy_checkpointer *c = (struct hy_checkpointer *)arg;

    if (pages < atomic_exchange_explicit(&c->pages, pages, memory_order_relaxed))
        began_again(c);
    if (pages >= c->next_ask) {
        c->next_ask = pages + c->limits.step_pages;
        want(c);
    }
    if (pages >= c->next_own)
        own_checkpoint(c, pages);
    return SQLITE_OK;
}

/* --- the thread ------------------------------------------------------------------------------- */

/* False when it is to stop. */
static bool wait_for_work(struct hy_checkpointer *c)
{
    bool stop;

    pthread_mutex_lock(&c->lock);
    while (!c->wanted && !c->stop)
        pthread_cond_wait(&c->wake, &c->lock);
    c->wanted = false;
    stop = c->stop;
    pthread_mutex_unlock(&c->lock);
    return !stop;
}

static void pause_a_little(struct hy_checkpointer *c)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PAUSE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_mutex_lock(&c->lock);
    while (!c->stop && pthread_cond_timedwait(&c->wake, &c->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&c->lock);
}

static void *run(void *arg)
{
    struct hy_checkpointer *c = arg;

    while (wait_for_work(c)) {
        pthread_mutex_lock(&c->pass);
        checkpoint(c, c->db, SQLITE_CHECKPOINT_PASSIVE);
        pthread_mutex_unlock(&c->pass);
        pause_a_little(c);
    }
    return NULL;
}

static void init_sync(struct hy_checkpointer *c)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->pass, NULL);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, &attr);
    pthread_condattr_destroy(&attr);
}

/* Signals are the main thread's business. */
static int start_thread(struct hy_checkpointer *c)
{
    sigset_t all, before;
    int r;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&c->thread, NULL, run, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r == 0 ? 0 : HY_E_NOMEM;
}

static void discard(struct hy_checkpointer *c)
{
    sqlite3_close(c->db);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->pass);
    free(c);
}

int hy_checkpointer_start(const char *path, sqlite3 *writer,
                          const struct hy_checkpoint_limits *limits,
                          struct hy_checkpointer **ret_checkpointer)
{
    struct hy_checkpointer *c = calloc(1, sizeof *c);
    int r;

    if (!c)
        return HY_E_NOMEM;
    c->writer = writer;
    c->limits = *limits;
    began_again(c);
    init_sync(c);
    r = hy_sqlite_err(
        sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    /* Reads the file once, so that the connection knows that there is a log. */
    if (r == 0)
        r = hy_sqlite_err(sqlite3_exec(c->db, "PRAGMA synchronous = FULL; PRAGMA user_version",
                                       NULL, NULL, NULL));
    if (r == 0)
        r = start_thread(c);
    if (r < 0) {
        discard(c);
        return r;
    }
    sqlite3_wal_hook(writer, committed, c);
    *ret_checkpointer = c;
    return 0;
}

void hy_checkpointer_stop(struct hy_checkpointer *c)
{
    if (!c)
        return;
    sqlite3_wal_hook(c->writer, NULL, NULL);
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    discard(c);
}

int64_t hy_checkpointer_log_bytes(struct hy_checkpointer *c)
{
    return (int64_t)atomic_load_explicit(&c->pages, memory_order_relaxed) * HY_LOG_PAGE_BYTES;
}
