/* The verbs of nodes.h for a store that one process uses: one node, which holds everything. Nothing of it
 * is stored; a beat costs no write. */
#include "base/clock.h"
#include "base/err.h"
#include "store/apps.h"
#include "store/front.h"
#include "store/webhooks.h"

#include <stdlib.h>
#include <string.h>

enum { THE_NODE = 1 };

struct hy_alone {
    pthread_mutex_t lock; /* the reader's thread tells what the writer's was told */
    bool beats;
    bool own_clock;      /* its beats leave the time to the store */
    struct hy_node self; /* owns its texts */
};

struct hy_alone *hy_alone_new(void)
{
    struct hy_alone *alone = (struct hy_alone *)calloc(1, sizeof *alone);

    if (alone)
        pthread_mutex_init(&alone->lock, NULL);
    return alone;
}

static void drop_texts(struct hy_node *node)
{
    free((void *)(uintptr_t)node->name);
    free((void *)(uintptr_t)node->version);
    free((void *)(uintptr_t)node->report);
    node->name = node->version = node->report = NULL;
}

void hy_alone_free(struct hy_alone *alone)
{
    if (!alone)
        return;
    drop_texts(&alone->self);
    pthread_mutex_destroy(&alone->lock);
    free(alone);
}

/* --- what it holds ---------------------------------------------------------------------------- */

static void hold(const struct hy_alone *alone, struct hy_hold *hold, enum hy_hold_kind kind,
                 int64_t id)
{
    *hold = (struct hy_hold){
        .kind = kind, .id = id, .node = THE_NODE, .since_ms = alone->self.started_ms};
}

static int list(const struct hy_alone *alone, const struct hy_apps *apps,
                const struct hy_webhooks *webhooks, struct hy_arena *arena,
                struct hy_hold **ret_holds, size_t *ret_count)
{
    size_t count = 0;
    struct hy_hold *holds =
        (struct hy_hold *)hy_arena_array(arena, apps->count + webhooks->count + 1, sizeof *holds);

    if (!holds)
        return HY_E_NOMEM;
    for (size_t i = 0; i < apps->count; i++)
        if (apps->apps[i].deleted_at_ms == 0)
            hold(alone, &holds[count++], HY_HOLD_APP, apps->apps[i].no);
    for (size_t i = 0; i < webhooks->count; i++)
        hold(alone, &holds[count++], HY_HOLD_WEBHOOK, webhooks->webhooks[i].id);
    *ret_holds = holds;
    *ret_count = count;
    return 0;
}

/* All there is: apps in use and webhooks. */
static int find_holds(const struct hy_store *store, struct hy_backend *handle,
                      struct hy_arena *arena, struct hy_hold **ret_holds, size_t *ret_count)
{
    struct hy_arena scratch;
    struct hy_apps apps = {.op.verb = HY_VERB_APPS, .arena = &scratch};
    struct hy_webhooks webhooks = {.op.verb = HY_VERB_WEBHOOKS, .arena = &scratch};
    int r;

    hy_arena_init(&scratch);
    r = store->ops->verbs[HY_VERB_APPS](handle, &apps.op);
    if (r == 0)
        r = store->ops->verbs[HY_VERB_WEBHOOKS](handle, &webhooks.op);
    if (r == 0)
        r = list(store->alone, &apps, &webhooks, arena, ret_holds, ret_count);
    hy_arena_deinit(&scratch);
    return r;
}

static int copy_self(const struct hy_alone *alone, const struct hy_hold *holds, size_t hold_count,
                     struct hy_arena *arena, struct hy_node *ret_self)
{
    struct hy_node copy = alone->self;

    copy.name = hy_arena_strdup(arena, copy.name);
    copy.version = hy_arena_strdup(arena, copy.version);
    copy.report = hy_arena_strdup(arena, copy.report);
    copy.apps = copy.webhooks = 0;
    for (size_t i = 0; i < hold_count; i++)
        *(holds[i].kind == HY_HOLD_APP ? &copy.apps : &copy.webhooks) += 1;
    if (!copy.name || !copy.version || (alone->self.report && !copy.report))
        return HY_E_NOMEM;
    *ret_self = copy;
    return 0;
}

/* --- the verbs -------------------------------------------------------------------------------- */

/* With the lock held. */
static int note(struct hy_alone *alone, const struct hy_node_beat *v)
{
    int64_t now_ms = v->now_ms > 0 ? v->now_ms : hy_clock_now_ms();
    struct hy_node self = {.node = THE_NODE,
                           .name = strdup(v->name),
                           .version = strdup(v->version),
                           .report = v->report ? strdup(v->report) : NULL,
                           .started_ms = alone->beats ? alone->self.started_ms : now_ms,
                           .beat_ms = now_ms,
                           .lease_until_ms = now_ms + v->lease_ms};

    if (!self.name || !self.version || (v->report && !self.report)) {
        drop_texts(&self);
        return HY_E_NOMEM;
    }
    drop_texts(&alone->self);
    alone->self = self;
    alone->beats = true;
    alone->own_clock = v->now_ms == 0;
    return 0;
}

static int beat(struct hy_store *store, struct hy_backend *handle, struct hy_op *op)
{
    struct hy_node_beat *v = (struct hy_node_beat *)op;
    struct hy_alone *alone = store->alone;
    int r;

    pthread_mutex_lock(&alone->lock);
    v->renewed = alone->beats;
    r = note(alone, v);
    if (r == 0)
        r = find_holds(store, handle, v->arena, &v->holds, &v->hold_count);
    if (r == 0)
        r = copy_self(alone, v->holds, v->hold_count, v->arena, &v->self);
    pthread_mutex_unlock(&alone->lock);
    v->nodes = 1;
    v->removed = 0;
    memset(v->surplus, 0, sizeof v->surplus);
    return r;
}

static int leave(struct hy_store *store, struct hy_backend *handle, struct hy_op *op)
{
    pthread_mutex_lock(&store->alone->lock);
    store->alone->beats = false;
    pthread_mutex_unlock(&store->alone->lock);
    return 0;
}

static int find_nodes(struct hy_store *store, struct hy_backend *handle, struct hy_nodes *v)
{
    int r = find_holds(store, handle, v->arena, &v->holds, &v->hold_count);

    v->nodes = (struct hy_node *)hy_arena_alloc(v->arena, sizeof *v->nodes);
    if (r == 0 && !v->nodes)
        r = HY_E_NOMEM;
    if (r == 0)
        r = copy_self(store->alone, v->holds, v->hold_count, v->arena, v->nodes);
    v->count = r == 0;
    return r;
}

static int nodes(struct hy_store *store, struct hy_backend *handle, struct hy_op *op)
{
    struct hy_nodes *v = (struct hy_nodes *)op;
    int r = 0;

    v->nodes = NULL;
    v->holds = NULL;
    v->count = v->hold_count = 0;
    v->schema = 0;
    pthread_mutex_lock(&store->alone->lock);
    v->now_ms = store->alone->own_clock ? hy_clock_now_ms() : store->alone->self.beat_ms;
    if (store->alone->beats)
        r = find_nodes(store, handle, v);
    pthread_mutex_unlock(&store->alone->lock);
    return r;
}

static int changes(struct hy_store *store, struct hy_backend *handle, struct hy_op *op)
{
    memset(((struct hy_changes *)op)->counts, 0, sizeof((struct hy_changes *)op)->counts);
    return 0;
}

int hy_alone_verb(struct hy_store *store, struct hy_backend *handle, struct hy_op *op)
{
    static int (*const verbs[HY_VERB_COUNT])(struct hy_store *, struct hy_backend *,
                                             struct hy_op *) = {[HY_VERB_NODE_BEAT] = beat,
                                                                [HY_VERB_NODE_LEAVE] = leave,
                                                                [HY_VERB_NODES] = nodes,
                                                                [HY_VERB_CHANGES] = changes};

    return verbs[op->verb](store, handle, op);
}
