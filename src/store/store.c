#include "store/store.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/backend.h"
#include "store/verbs.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bounds of one group, so that the first verb of a long queue is not kept waiting for the last. */
enum { GROUP_VERBS_MAX = 1000, GROUP_WEIGHT_MAX = 10000 };

enum { IDLE_EVERY_US = 1000000 };

static const struct hy_backend_ops *const backends[] = {
#ifdef HY_STORE_SQLITE
    &hy_backend_sqlite,
#endif
#ifdef HY_STORE_MEMORY
    &hy_backend_memory,
#endif
    NULL};

struct queue {
    struct hy_op *first;
    struct hy_op **end; /* where the next one is put */
};

/* A thread and what it waits for. */
struct worker {
    struct queue queue;
    pthread_cond_t wake;
    pthread_t thread;
    bool started;
    bool asleep; /* waits on `wake`: only then a submit has to pay for a signal */
};

struct hy_store {
    const struct hy_backend_ops *ops;
    struct hy_backend *backend;
    struct hy_backend *reader; /* null: reads run on the writer's thread, too */
    bool inline_mode;

    pthread_mutex_t lock; /* guards the queues, asleep, closing */
    struct worker writing;
    struct worker reading;
    bool closing;

    struct queue begun; /* the writer's own: taken from its queue, not yet run */
    int64_t idle_at_us; /* the writer's own: when idle was called last */

    atomic_size_t backlog;
    atomic_uint_fast64_t writes, groups, reads, failures;
};

/* --- queues ----------------------------------------------------------------------------------- */

static void queue_init(struct queue *q)
{
    q->first = NULL;
    q->end = &q->first;
}

static void queue_put(struct queue *q, struct hy_op *op)
{
    op->next = NULL;
    *q->end = op;
    q->end = &op->next;
}

/* Moves everything in `from` behind what `into` holds. */
static void queue_move(struct queue *into, struct queue *from)
{
    if (!from->first)
        return;
    *into->end = from->first;
    into->end = from->end;
    queue_init(from);
}

static struct hy_op *queue_take(struct queue *q)
{
    struct hy_op *op = q->first;

    q->first = op->next;
    if (!q->first)
        q->end = &q->first;
    op->next = NULL;
    return op;
}

/* --- running verbs ---------------------------------------------------------------------------- */

static bool storage_failed(int result)
{
    return result == HY_E_IO || result == HY_E_FULL || result == HY_E_CORRUPT ||
           result == HY_E_NOMEM;
}

static void finish(struct hy_store *store, struct hy_op *op)
{
    if (storage_failed(op->result))
        atomic_fetch_add_explicit(&store->failures, 1, memory_order_relaxed);
    op->done(op, op->arg);
}

static void run_reads(struct hy_store *store, struct queue *reads)
{
    struct hy_backend *handle = store->reader ? store->reader : store->backend;

    while (reads->first) {
        struct hy_op *op = queue_take(reads);

        op->result = hy_verb_check(op);
        if (op->result == 0)
            op->result = store->ops->verbs[op->verb](handle, op);
        atomic_fetch_add_explicit(&store->reads, 1, memory_order_relaxed);
        finish(store, op);
    }
}

enum outcome {
    COMMITTED, /* each op has its result */
    UNDONE,    /* nothing is stored: every op gets the same error */
    BROKEN     /* one verb's storage failed; rolled back */
};

static enum outcome transact(struct hy_store *store, struct hy_op *first, int *ret_error)
{
    int r = store->ops->begin(store->backend);

    for (struct hy_op *op = first; op && r >= 0; op = op->next) {
        if (op->result == HY_E_INVALID)
            continue; /* refused by the check of its arguments */
        op->result = store->ops->verbs[op->verb](store->backend, op);
        if (storage_failed(op->result)) {
            store->ops->rollback(store->backend);
            *ret_error = op->result;
            return BROKEN;
        }
    }
    if (r >= 0)
        r = store->ops->commit(store->backend);
    if (r < 0) {
        *ret_error = r;
        return UNDONE;
    }
    atomic_fetch_add_explicit(&store->groups, 1, memory_order_relaxed);
    return COMMITTED;
}

static void fail(struct hy_op *op, int error)
{
    hy_verb_restore(op);
    if (op->result != HY_E_INVALID)
        op->result = error;
}

/* A group broke: again, each verb for itself, so that only the guilty one fails. */
static void run_singly(struct hy_store *store, struct queue *group)
{
    while (group->first) {
        struct hy_op *op = queue_take(group);
        int error = 0;

        hy_verb_restore(op);
        if (transact(store, op, &error) != COMMITTED)
            fail(op, error);
        finish(store, op);
    }
}

static void run_group(struct hy_store *store, struct queue *group)
{
    bool alone = group->first && !group->first->next;
    int error = 0;
    enum outcome outcome = transact(store, group->first, &error);

    if (outcome == BROKEN && !alone) {
        run_singly(store, group);
        return;
    }
    while (group->first) {
        struct hy_op *op = queue_take(group);

        if (outcome != COMMITTED)
            fail(op, error);
        finish(store, op);
    }
}

/* Runs one group of what was begun. */
static void run_writes(struct hy_store *store)
{
    struct queue group;
    size_t verbs = 0;
    size_t weight = 0;

    queue_init(&group);
    while (store->begun.first && verbs < GROUP_VERBS_MAX && weight < GROUP_WEIGHT_MAX) {
        struct hy_op *op = queue_take(&store->begun);

        op->result = hy_verb_check(op);
        weight += op->result == 0 ? hy_verb_weight(op) : 1;
        verbs++;
        hy_verb_remember(op);
        queue_put(&group, op);
    }
    if (verbs == 0)
        return;
    atomic_fetch_sub_explicit(&store->backlog, verbs, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->writes, verbs, memory_order_relaxed);
    run_group(store, &group);
}

/* --- threads ---------------------------------------------------------------------------------- */

/* With the lock held, which it lets go of meanwhile. */
static void sleep_until_woken(struct hy_store *store, struct worker *worker)
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
    struct queue reads;
    bool worked = false;

    queue_init(&reads);
    pthread_mutex_lock(&store->lock);
    for (;;) {
        queue_move(&store->begun, &store->writing.queue);
        if (!store->reader)
            queue_move(&reads, &store->reading.queue);
        if (store->begun.first || reads.first) {
            pthread_mutex_unlock(&store->lock);
            run_writes(store);
            run_reads(store, &reads);
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
    struct queue reads;

    queue_init(&reads);
    pthread_mutex_lock(&store->lock);
    for (;;) {
        queue_move(&reads, &store->reading.queue);
        if (reads.first) {
            pthread_mutex_unlock(&store->lock);
            run_reads(store, &reads);
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
static void wake(struct worker *worker)
{
    if (!worker->asleep)
        return;
    worker->asleep = false;
    pthread_cond_signal(&worker->wake);
}

static int start(struct worker *worker, void *(*run)(void *), struct hy_store *store)
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
    store->ops = ops;
    store->inline_mode = inline_mode;
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->writing.wake, NULL);
    pthread_cond_init(&store->reading.wake, NULL);
    queue_init(&store->writing.queue);
    queue_init(&store->reading.queue);
    queue_init(&store->begun);
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
        store_free(store);
        return r;
    }
    *ret_store = store;
    return 0;
}

int hy_store_open(const struct hy_store_config *config, struct hy_store **ret_store,
                  char *ret_explain, size_t explain_size)
{
    if (ret_explain && explain_size > 0)
        ret_explain[0] = 0;
    else
        explain_size = 0;
    for (size_t i = 0; config->location && backends[i]; i++) {
        size_t length = strlen(backends[i]->prefix);

        if (strncmp(config->location, backends[i]->prefix, length) == 0)
            return hy_store_open_backend(backends[i], config->location + length,
                                         config->inline_mode, ret_store, ret_explain, explain_size);
    }
    /* The location itself may hold a password: it is not repeated. */
    if (explain_size > 0)
        snprintf(ret_explain, explain_size,
                 "the store's location is of no known kind; give sqlite:PATH or memory:");
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

const char *hy_store_kind(const struct hy_store *store)
{
    return store->ops->name;
}

/* --- submitting ------------------------------------------------------------------------------- */

void hy_store_submit(struct hy_store *store, struct hy_op *op)
{
    bool write = op->verb < HY_VERB_WRITES;
    struct worker *target = write ? &store->writing : &store->reading;
    bool closing;

    assert((unsigned)op->verb < HY_VERB_COUNT && op->done);
    pthread_mutex_lock(&store->lock);
    closing = store->closing;
    if (!closing) {
        queue_put(&target->queue, op);
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
    struct queue reads;
    bool any;

    assert(store->inline_mode);
    queue_init(&reads);
    pthread_mutex_lock(&store->lock);
    queue_move(&store->begun, &store->writing.queue);
    queue_move(&reads, &store->reading.queue);
    pthread_mutex_unlock(&store->lock);
    any = store->begun.first || reads.first;
    run_writes(store);
    run_reads(store, &reads);
    if (any && store->ops->idle && !store->begun.first)
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
}
