#include "store/front.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/verbs.h"

/* Bounds of one group, so that the first verb of a long queue is not kept waiting for the last. */
enum { GROUP_VERBS_MAX = 1000, GROUP_WEIGHT_MAX = 10000, LIGHT_WEIGHT_MAX = 100 };

/* How often a verb is run that other processes' transactions are in the way of. */
enum { TRIES_MAX = 3 };

/* --- queues ----------------------------------------------------------------------------------- */

void hy_queue_init(struct hy_queue *q)
{
    q->first = NULL;
    q->end = &q->first;
}

void hy_queue_put(struct hy_queue *q, struct hy_op *op)
{
    op->next = NULL;
    *q->end = op;
    q->end = &op->next;
}

void hy_queue_move(struct hy_queue *into, struct hy_queue *from)
{
    if (!from->first)
        return;
    *into->end = from->first;
    into->end = from->end;
    hy_queue_init(from);
}

struct hy_op *hy_queue_take(struct hy_queue *q)
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

/* STOPPED: a node that is too old for the store may not leave its row there. */
static bool ends_group(int result)
{
    return storage_failed(result) || result == HY_E_BUSY || result == HY_E_FENCED ||
           result == HY_E_STOPPED;
}

static void finish(struct hy_store *store, struct hy_op *op)
{
    if (storage_failed(op->result))
        atomic_fetch_add_explicit(&store->failures, 1, memory_order_relaxed);
    op->done(op, op->arg);
}

static bool is_of_nodes(const struct hy_op *op)
{
    return op->verb == HY_VERB_NODE_BEAT || op->verb == HY_VERB_NODE_LEAVE;
}

/* A store of one process has no verbs for nodes: alone.c. */
static int run_verb(struct hy_store *store, struct hy_backend *handle, struct hy_op *op)
{
    hy_backend_verb *verb = store->ops->verbs[op->verb];

    return verb ? verb(handle, op) : hy_alone_verb(store, handle, op);
}

static void read(struct hy_store *store, struct hy_backend *handle, struct hy_op *op)
{
    op->result = store->ops->before_reads ? store->ops->before_reads(handle) : 0;
    if (op->result < 0)
        return;
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        op->result = run_verb(store, handle, op);
        if (op->result != HY_E_BUSY)
            return;
    }
    op->result = HY_E_IO;
}

void hy_front_run_reads(struct hy_store *store, struct hy_queue *reads)
{
    struct hy_backend *handle = store->reader ? store->reader : store->backend;

    while (reads->first) {
        struct hy_op *op = hy_queue_take(reads);

        op->result = hy_verb_check(op);
        if (op->result == 0)
            read(store, handle, op);
        atomic_fetch_add_explicit(&store->reads, 1, memory_order_relaxed);
        finish(store, op);
    }
}

enum outcome {
    COMMITTED, /* each op has its result */
    UNDONE,    /* nothing is stored: every op gets the same error */
    BROKEN     /* one verb's storage failed, or others were in the way; rolled back */
};

static int begin(struct hy_store *store, const struct hy_op *first)
{
    if (is_of_nodes(first) && store->ops->begin_unfenced)
        return store->ops->begin_unfenced(store->backend);
    return store->ops->begin(store->backend);
}

static enum outcome broken(struct hy_store *store, int error, int *ret_error)
{
    store->ops->rollback(store->backend);
    *ret_error = error;
    return error == HY_E_FENCED ? UNDONE : BROKEN;
}

static enum outcome transact(struct hy_store *store, struct hy_op *first, int *ret_error)
{
    int r = begin(store, first);
    bool begun = r >= 0;
    int64_t began_us;

    if (begun && store->ops->gather)
        r = store->ops->gather(store->backend, first);
    if (begun && r < 0)
        return broken(store, r, ret_error);
    for (struct hy_op *op = first; op && r >= 0; op = op->next) {
        if (op->result == HY_E_INVALID)
            continue; /* refused by the check of its arguments */
        began_us = hy_clock_mono_us();
        op->result = run_verb(store, store->backend, op);
        op->took_us = hy_clock_mono_us() - began_us;
        if (op->result == 0 && op->audit && hy_verb_did(op))
            op->result = store->ops->audit(store->backend, op->audit);
        if (ends_group(op->result))
            return broken(store, op->result, ret_error);
    }
    if (r >= 0)
        r = store->ops->commit(store->backend);
    if (r < 0) {
        *ret_error = r;
        return begun && r == HY_E_BUSY ? BROKEN : UNDONE;
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
static void run_singly(struct hy_store *store, struct hy_queue *group)
{
    while (group->first) {
        struct hy_op *op = hy_queue_take(group);
        int error = HY_E_BUSY;
        enum outcome outcome = BROKEN;

        for (int tries = 0; outcome == BROKEN && error == HY_E_BUSY && tries < TRIES_MAX; tries++) {
            hy_verb_restore(op);
            outcome = transact(store, op, &error);
        }
        if (outcome != COMMITTED)
            fail(op, error == HY_E_BUSY ? HY_E_IO : error);
        finish(store, op);
    }
}

/* Whoever was in the way has ended, and the backend knows what it ran into: all of them once more cost less than
 * each of them for itself. */
static enum outcome transact_again(struct hy_store *store, struct hy_op *first, int *ret_error)
{
    enum outcome outcome = transact(store, first, ret_error);

    for (int tries = 1; outcome == BROKEN && *ret_error == HY_E_BUSY && tries < TRIES_MAX;
         tries++) {
        for (struct hy_op *op = first; op; op = op->next)
            hy_verb_restore(op);
        outcome = transact(store, first, ret_error);
    }
    return outcome;
}

static void run_group(struct hy_store *store, struct hy_queue *group)
{
    bool alone = group->first && !group->first->next;
    int error = 0;
    enum outcome outcome = transact_again(store, group->first, &error);

    if (outcome == BROKEN && (!alone || error == HY_E_BUSY)) {
        run_singly(store, group);
        return;
    }
    while (group->first) {
        struct hy_op *op = hy_queue_take(group);

        if (outcome != COMMITTED)
            fail(op, error);
        finish(store, op);
    }
}

/* A verb of nodes.h that is the front's own: nothing is stored. */
static void run_alone(struct hy_store *store, struct hy_op *op)
{
    if (op->result == 0)
        op->result = hy_alone_verb(store, store->backend, op);
    finish(store, op);
}

/* --- choosing a group ------------------------------------------------------------------------- */

struct gathering {
    struct hy_queue queue;
    size_t verbs, weight;
};

bool hy_front_begin(struct hy_store *store)
{
    while (store->writing.queue.first) {
        struct hy_op *op = hy_queue_take(&store->writing.queue);

        hy_queue_put(op->verb == HY_VERB_HEAR        ? &store->hurried
                     : op->verb == HY_VERB_NODE_BEAT ? &store->beats
                                                     : &store->begun,
                     op);
    }
    return store->begun.first || store->hurried.first || store->beats.first;
}

static bool has_room(const struct gathering *g)
{
    return g->verbs < GROUP_VERBS_MAX && g->weight < GROUP_WEIGHT_MAX;
}

static void gather(struct gathering *g, struct hy_queue *from)
{
    struct hy_op *op = hy_queue_take(from);

    op->result = hy_verb_check(op);
    g->weight += op->result == 0 ? hy_verb_weight(op) : 1;
    g->verbs++;
    hy_verb_remember(op);
    hy_queue_put(&g->queue, op);
}

static bool is_heavy(const struct hy_op *op)
{
    return hy_verb_check(op) == 0 && hy_verb_weight(op) > LIGHT_WEIGHT_MAX;
}

/* An import of many thousand grants is many groups of half a second, and who pushed an event waits
 * 5 s. So events go first, with nothing heavy beside them; the next group takes what was left in
 * its order, so that no stream of events stops an import. */
static void choose_work(struct hy_store *store, struct gathering *g)
{
    bool hurry = store->hurried.first && !store->held;

    store->held = false;
    while (hurry && store->hurried.first && has_room(g))
        gather(g, &store->hurried);
    while (store->begun.first && has_room(g) && !store->held && !is_of_nodes(store->begun.first)) {
        if (hurry && is_heavy(store->begun.first))
            store->held = true;
        else
            gather(g, &store->begun);
    }
    while (store->hurried.first && has_room(g))
        gather(g, &store->hurried);
}

/* Verbs of nodes.h go alone: beats before all others, a leave when nothing is before it. */
static void choose(struct hy_store *store, struct gathering *g)
{
    if (store->beats.first)
        gather(g, &store->beats);
    else if (store->begun.first && is_of_nodes(store->begun.first) && !store->hurried.first)
        gather(g, &store->begun);
    else
        choose_work(store, g);
}

void hy_front_run_writes(struct hy_store *store)
{
    struct gathering g = {0};

    hy_queue_init(&g.queue);
    choose(store, &g);
    if (g.verbs == 0)
        return;
    atomic_fetch_sub_explicit(&store->backlog, g.verbs, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->writes, g.verbs, memory_order_relaxed);
    if (is_of_nodes(g.queue.first) && !store->ops->verbs[g.queue.first->verb])
        run_alone(store, hy_queue_take(&g.queue));
    else
        run_group(store, &g.queue);
}
