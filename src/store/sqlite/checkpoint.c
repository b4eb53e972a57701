#include "store/sqlite/checkpoint.h"

#include "base/err.h"
#include "store/sqlite/query.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { PAUSE_MS = 20, STEP_PAGES = 1000 };

struct hy_checkpointer {
    sqlite3 *db;     /* of the thread */
    sqlite3 *writer; /* of the writer's thread */
    pthread_t thread;
    pthread_mutex_t pass; /* held during a checkpoint: SQLite refuses a second one */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    bool wanted;
    bool stop;
    /* The writer's: from how many pages on the next one is asked for, or done by itself. A reader
     * that takes long keeps the log from starting again; trying after every commit would help
     * nobody. */
    int next_ask, next_own;
};

static void want(struct hy_checkpointer *c)
{
    pthread_mutex_lock(&c->lock);
    if (!c->wanted) {
        c->wanted = true;
        pthread_cond_signal(&c->wake);
    }
    pthread_mutex_unlock(&c->lock);
}

/*
 * The writer's own: nothing is written meanwhile, so it copies all there is, and the log starts again
 * from its beginning (unless a reader still needs it). Most commits find the thread between two
 * passes, with little left to copy; only a log that grew on and on is worth waiting for a pass.
 */
static void own_checkpoint(struct hy_checkpointer *c, int pages)
{
    if (pages >= HY_CHECKPOINT_WAIT_PAGES)
        pthread_mutex_lock(&c->pass);
    else if (pthread_mutex_trylock(&c->pass) != 0)
        return;
    c->next_own = pages + HY_CHECKPOINT_START_PAGES;
    sqlite3_wal_checkpoint_v2(c->writer, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    pthread_mutex_unlock(&c->pass);
}

/* After each commit, on the writer's thread; the log has `pages` now. A checkpoint that fails here
 * is no failure of the commit: the pages stay in the log, and the next one tries again. */
static int committed(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct hy_checkpointer *c = (struct hy_checkpointer *)arg;

    if (pages < HY_CHECKPOINT_START_PAGES) {
        c->next_ask = HY_CHECKPOINT_START_PAGES;
        c->next_own = HY_CHECKPOINT_STOP_PAGES;
    } else if (pages >= c->next_own) {
        own_checkpoint(c, pages);
    } else if (pages >= c->next_ask) {
        c->next_ask = pages + STEP_PAGES;
        want(c);
    }
    return SQLITE_OK;
}

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
        sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
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
                          struct hy_checkpointer **ret_checkpointer)
{
    struct hy_checkpointer *c = calloc(1, sizeof *c);
    int r;

    if (!c)
        return HY_E_NOMEM;
    c->writer = writer;
    c->next_ask = HY_CHECKPOINT_START_PAGES;
    c->next_own = HY_CHECKPOINT_STOP_PAGES;
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
