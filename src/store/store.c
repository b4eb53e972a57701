#include "store/store.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/front.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE_EVERY_US = 1000000 };

static const struct hy_backend_ops *const backends[] = {&hy_backend_sqlite, &hy_backend_postgres,
                                                        &hy_backend_memory, NULL};

/* --- threads ---------------------------------------------------------------------------------- */

/* With the lock held, which it lets go of meanwhile. */
static void sleep_until_woken(struct hy_store *store, struct hy_worker *worker)
{
    worker->asleep = true;
    while (worker->asleep)
        pthread_cond_wait(&worker->wake, &store->lock);
}

static bool idle_is_late(const struct hy_store *store)
{
    return hy_clock_mono_us() - store->idle_at_us >= IDLE_EVERY_US;
}

/* With the lock held, which it lets go of meanwhile. */
static void be_idle(struct hy_store *store)
{
    if (!store->ops->idle)
        return;
    pthread_mutex_unlock(&store->lock);
    store->ops->idle(store->backend);
    store->idle_at_us = hy_clock_mono_us();
    pthread_mutex_lock(&store->lock);
}

static void *write_thread(void *arg)
{
    struct hy_store *store = (struct hy_store *)arg;
    struct hy_queue reads;
    bool worked = false, any;

    hy_queue_init(&reads);
    pthread_mutex_lock(&store->lock);
    for (;;) {
        any = hy_front_begin(store);
        if (!store->reader)
            hy_queue_move(&reads, &store->reading.queue);
        if (any || reads.first) {
            pthread_mutex_unlock(&store->lock);
            hy_front_run_writes(store);
            hy_front_run_reads(store, &reads);
            pthread_mutex_lock(&store->lock);
            worked = true;
            if (idle_is_late(store))
                be_idle(store);
        } else if (store->closing) {
            break;
        } else if (worked) {
            worked = false;
            be_idle(store);
        } else {
            sleep_until_woken(store, &store->writing);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}

static void *read_thread(void *arg)
{
    struct hy_store *store = (struct hy_store *)arg;
    struct hy_queue reads;

    hy_queue_init(&reads);
    pthread_mutex_lock(&store->lock);
    for (;;) {
        hy_queue_move(&reads, &store->reading.queue);
        if (reads.first) {
            pthread_mutex_unlock(&store->lock);
            hy_front_run_reads(store, &reads);
            pthread_mutex_lock(&store->lock);
        } else if (store->closing) {
            break;
        } else {
            sleep_until_woken(store, &store->reading);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}

/* With the lock held. */
static void wake(struct hy_worker *worker)
{
    if (!worker->asleep)
        return;
    worker->asleep = false;
    pthread_cond_signal(&worker->wake);
}

static int start(struct hy_worker *worker, void *(*run)(void *), struct hy_store *store)
{
    sigset_t all, before;
    int r;

    /* Signals are the main thread's business. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&worker->thread, NULL, run, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    worker->started = r == 0;
    return worker->started ? 0 : HY_E_NOMEM;
}

static void stop(struct hy_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->closing = true;
    wake(&store->writing);
    wake(&store->reading);
    pthread_mutex_unlock(&store->lock);
    if (store->writing.started)
        pthread_join(store->writing.thread, NULL);
    if (store->reading.started)
        pthread_join(store->reading.thread, NULL);
}

/* --- open and close --------------------------------------------------------------------------- */

static struct hy_store *store_new(const struct hy_backend_ops *ops, bool inline_mode)
{
    struct hy_store *store = (struct hy_store *)calloc(1, sizeof *store);

    if (!store)
        return NULL;
    store->alone = hy_alone_new();
    if (!store->alone) {
        free(store);
        return NULL;
    }
    store->ops = ops;
    store->inline_mode = inline_mode;
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->writing.wake, NULL);
    pthread_cond_init(&store->reading.wake, NULL);
    hy_queue_init(&store->writing.queue);
    hy_queue_init(&store->reading.queue);
    hy_queue_init(&store->begun);
    hy_queue_init(&store->beats);
    hy_queue_init(&store->hurried);
    store->idle_at_us = hy_clock_mono_us();
    return store;
}

static void store_free(struct hy_store *store)
{
    if (store->backend)
        store->ops->close(store->backend);
    pthread_cond_destroy(&store->writing.wake);
    pthread_cond_destroy(&store->reading.wake);
    pthread_mutex_destroy(&store->lock);
    hy_alone_free(store->alone);
    free(store);
}

static int start_threads(struct hy_store *store)
{
    int r = start(&store->writing, write_thread, store);

    if (r == 0 && store->reader)
        r = start(&store->reading, read_thread, store);
    if (r < 0)
        stop(store);
    return r;
}

/* Of what a backend has no words for: its second handle, threads. */
static void explain_plainly(int err, char *ret_explain, size_t explain_size)
{
    if (explain_size > 0 && !ret_explain[0])
        snprintf(ret_explain, explain_size,
                 "the store's reading side cannot be opened: %s; are there enough file descriptors "
                 "and memory, and room on the disk?",
                 hy_err_text(err));
}

int hy_store_open_on(const struct hy_backend_ops *ops, struct hy_backend *backend,
                     struct hy_store **ret_store)
{
    struct hy_store *store = store_new(ops, true);

    if (!store)
        return HY_E_NOMEM;
    store->backend = backend;
    *ret_store = store;
    return 0;
}

int hy_store_open_backend(const struct hy_backend_ops *ops, const char *path, bool inline_mode,
                          struct hy_store **ret_store, char *ret_explain, size_t explain_size)
{
    struct hy_store *store = store_new(ops, inline_mode);
    int r;

    if (!store)
        return HY_E_NOMEM;
    r = ops->open(path, &store->backend, ret_explain, explain_size);
    if (r == 0 && ops->open_reader)
        r = ops->open_reader(store->backend, &store->reader);
    if (r == 0 && !inline_mode)
        r = start_threads(store);
    if (r < 0) {
        explain_plainly(r, ret_explain, explain_size);
        store_free(store);
        return r;
    }
    *ret_store = store;
    return 0;
}

/* The backend of a location, and what follows its prefix. Null, and why, when there is none. */
static const struct hy_backend_ops *find_backend(const char *location, const char **ret_path,
                                                 char *ret_explain, size_t explain_size)
{
    for (size_t i = 0; location && backends[i]; i++) {
        size_t length = strlen(backends[i]->prefix);

        *ret_path = location + length;
        if (strncmp(location, backends[i]->prefix, length) == 0)
            return backends[i];
    }
    /* The location itself may hold a password: it is not repeated. */
    if (explain_size > 0)
        snprintf(ret_explain, explain_size,
                 "the store's location is of no known kind; give sqlite:PATH, postgresql://... or "
                 "memory:");
    return NULL;
}

int hy_store_open(const struct hy_store_config *config, struct hy_store **ret_store,
                  char *ret_explain, size_t explain_size)
{
    const struct hy_backend_ops *ops;
    const char *path;

    if (ret_explain && explain_size > 0)
        ret_explain[0] = 0;
    else
        explain_size = 0;
    ops = find_backend(config->location, &path, ret_explain, explain_size);
    return ops ? hy_store_open_backend(ops, path, config->inline_mode, ret_store, ret_explain,
                                       explain_size)
               : HY_E_INVALID;
}

int hy_store_backup(const char *location, const char *to, char *ret_explain, size_t explain_size)
{
    const struct hy_backend_ops *ops;
    const char *path;

    if (ret_explain && explain_size > 0)
        ret_explain[0] = 0;
    else
        explain_size = 0;
    ops = find_backend(location, &path, ret_explain, explain_size);
    if (!ops)
        return HY_E_INVALID;
    if (ops->backup)
        return ops->backup(path, to, ret_explain, explain_size);
    if (explain_size > 0)
        snprintf(ret_explain, explain_size, "a store of kind %s has no file to copy", ops->name);
    return HY_E_INVALID;
}

void hy_store_close(struct hy_store *store)
{
    if (!store)
        return;
    if (store->inline_mode) {
        pthread_mutex_lock(&store->lock);
        store->closing = true;
        pthread_mutex_unlock(&store->lock);
        while (hy_store_pump(store))
            continue;
    } else {
        stop(store);
    }
    store_free(store);
}

void hy_store_end_by(struct hy_store *store, int64_t at_us)
{
    if (store->ops->end_by)
        store->ops->end_by(store->backend, at_us);
}

const char *hy_store_kind(const struct hy_store *store)
{
    return store->ops->name;
}

/* --- news ------------------------------------------------------------------------------------- */

bool hy_store_is_shared(const struct hy_store *store)
{
    return store->ops->watch != NULL;
}

void hy_store_watch(struct hy_store *store, hy_store_news *tell, void *arg)
{
    if (store->ops->watch)
        store->ops->watch(store->backend, tell, arg);
}

/* --- submitting ------------------------------------------------------------------------------- */

void hy_store_submit(struct hy_store *store, struct hy_op *op)
{
    bool write = op->verb < HY_VERB_WRITES;
    struct hy_worker *target = write ? &store->writing : &store->reading;
    bool closing;

    assert((unsigned)op->verb < HY_VERB_COUNT && op->done);
    pthread_mutex_lock(&store->lock);
    closing = store->closing;
    if (!closing) {
        hy_queue_put(&target->queue, op);
        if (write)
            atomic_fetch_add_explicit(&store->backlog, 1, memory_order_relaxed);
        wake(store->reader ? target : &store->writing);
    }
    pthread_mutex_unlock(&store->lock);
    if (closing) {
        op->result = HY_E_STOPPED;
        op->done(op, op->arg);
    }
}

bool hy_store_pump(struct hy_store *store)
{
    struct hy_queue reads;
    bool any;

    assert(store->inline_mode);
    hy_queue_init(&reads);
    pthread_mutex_lock(&store->lock);
    any = hy_front_begin(store);
    hy_queue_move(&reads, &store->reading.queue);
    pthread_mutex_unlock(&store->lock);
    any = any || reads.first;
    if (store->ops->deliver && store->ops->deliver(store->backend))
        any = true;
    hy_front_run_writes(store);
    hy_front_run_reads(store, &reads);
    if (any && store->ops->idle && !store->begun.first && !store->hurried.first)
        store->ops->idle(store->backend);
    return any;
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
};

static void note_done(struct hy_op *op, void *arg)
{
    struct waiter *waiter = (struct waiter *)arg;

    pthread_mutex_lock(&waiter->lock);
    waiter->done = true;
    pthread_cond_signal(&waiter->ended);
    pthread_mutex_unlock(&waiter->lock);
}

int hy_store_run(struct hy_store *store, struct hy_op *op)
{
    struct waiter waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

    op->done = note_done;
    op->arg = &waiter;
    hy_store_submit(store, op);
    if (store->inline_mode)
        while (!waiter.done && hy_store_pump(store))
            continue;
    pthread_mutex_lock(&waiter.lock);
    while (!waiter.done)
        pthread_cond_wait(&waiter.ended, &waiter.lock);
    pthread_mutex_unlock(&waiter.lock);
    pthread_cond_destroy(&waiter.ended);
    pthread_mutex_destroy(&waiter.lock);
    return op->result;
}

size_t hy_store_backlog(struct hy_store *store)
{
    return atomic_load_explicit(&store->backlog, memory_order_relaxed);
}

void hy_store_stats(struct hy_store *store, struct hy_store_stats *ret_stats)
{
    ret_stats->writes = atomic_load_explicit(&store->writes, memory_order_relaxed);
    ret_stats->groups = atomic_load_explicit(&store->groups, memory_order_relaxed);
    ret_stats->reads = atomic_load_explicit(&store->reads, memory_order_relaxed);
    ret_stats->failures = atomic_load_explicit(&store->failures, memory_order_relaxed);
    ret_stats->log_bytes = store->ops->log_bytes ? store->ops->log_bytes(store->backend) : -1;
}
