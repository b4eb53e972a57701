#include "store/front.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/verbs.h"

/* Bounds of one group, so that the first verb of a long queue is not kept waiting for the last. */
enum { GROUP_VERBS_MAX = 1000, GROUP_WEIGHT_MAX = 10000, LIGHT_WEIGHT_MAX = 100 };

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

static void finish(struct hy_store *store, struct hy_op *op)
{
    if (storage_failed(op->result))
        atomic_fetch_add_explicit(&store->failures, 1, memory_order_relaxed);
    op->done(op, op->arg);
}

void hy_front_run_reads(struct hy_store *store, struct hy_queue *reads)
{
    struct hy_backend *handle = store->reader ? store->reader : store->backend;

    while (reads->first) {
        struct hy_op *op = hy_queue_take(reads);

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
    int64_t began_us;

    for (struct hy_op *op = first; op && r >= 0; op = op->next) {
        if (op->result == HY_E_INVALID)
            continue; /* refused by the check of its arguments */
        began_us = hy_clock_mono_us();
        op->result = store->ops->verbs[op->verb](store->backend, op);
        op->took_us = hy_clock_mono_us() - began_us;
        if (op->result == 0 && op->audit && hy_verb_did(op))
            op->result = store->ops->audit(store->backend, op->audit);
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
static void run_singly(struct hy_store *store, struct hy_queue *group)
{
    while (group->first) {
        struct hy_op *op = hy_queue_take(group);
        int error = 0;

        hy_verb_restore(op);
        if (transact(store, op, &error) != COMMITTED)
            fail(op, error);
        finish(store, op);
    }
}

static void run_group(struct hy_store *store, struct hy_queue *group)
{
    bool alone = group->first && !group->first->next;
    int error = 0;
    enum outcome outcome = transact(store, group->first, &error);

    if (outcome == BROKEN && !alone) {
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

/* --- choosing a group ------------------------------------------------------------------------- */

struct gathering {
    struct hy_queue queue;
    size_t verbs, weight;
};

bool hy_front_begin(struct hy_store *store)
{
    while (store->writing.queue.first) {
        struct hy_op *op = hy_queue_take(&store->writing.queue);

        hy_queue_put(op->verb == HY_VERB_HEAR ? &store->hurried : &store->begun, op);
    }
    return store->begun.first || store->hurried.first;
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
static void choose(struct hy_store *store, struct gathering *g)
{
    bool hurry = store->hurried.first && !store->held;

    store->held = false;
    while (hurry && store->hurried.first && has_room(g))
        gather(g, &store->hurried);
    while (store->begun.first && has_room(g) && !store->held) {
        if (hurry && is_heavy(store->begun.first))
            store->held = true;
        else
            gather(g, &store->begun);
    }
    while (store->hurried.first && has_room(g))
        gather(g, &store->hurried);
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
    run_group(store, &g.queue);
}
