#include "world.h"

#include "base/err.h"
#include "store/memory/shared.h"
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Stores of nodes that were killed: what was on its way into them never arrives. Closed at the end. */
static struct hy_store *left[64];
static size_t left_count;

struct world_node *world_node(struct world *w, const char *name)
{
    for (size_t i = 0; i < WORLD_NODES_MAX; i++) {
        if (w->nodes[i].engine && strcmp(w->nodes[i].name, name) == 0)
            return &w->nodes[i];
    }
    return NULL;
}

struct world_node *world_node_next(struct world *w, const struct world_node *before)
{
    for (size_t i = before ? (size_t)(before - w->nodes) + 1 : 0; i < WORLD_NODES_MAX; i++) {
        if (w->nodes[i].engine)
            return &w->nodes[i];
    }
    return NULL;
}

void world_node_use(struct world *w, struct world_node *node)
{
    w->store = node ? node->store : NULL;
    w->engine = node ? node->engine : NULL;
}

/* --- living ----------------------------------------------------------------------------------- */

static void start_request(void *self, const struct hy_http_request *request, hy_httpc_done *done,
                          void *arg)
{
    struct world_node *node = self;
    struct world *w = node->world;

    world_config().transport.start(w, request, done, arg);
    w->requests[w->request_count - 1].node = node;
    w->requests[w->request_count - 1].waits = node->connecting;
}

void world_start_shared(struct world *w)
{
    world_begin(w);
    w->shared = hy_mem_shared_new();
}

void world_node_start(struct world *w, const char *name, int64_t lease_ms)
{
    struct hy_engine_config config = world_config();
    struct world_node *node = w->nodes;
    int err;

    while (node->engine)
        node++;
    assert(node < w->nodes + WORLD_NODES_MAX);
    *node = (struct world_node){.world = w};
    strncpy(node->name, name, sizeof node->name - 1);
    err = hy_mem_shared_open(w->shared, &node->store);
    assert(err == 0);
    config.store = node->store;
    config.seal = w->seal;
    config.transport.self = node;
    config.transport.start = start_request;
    config.node_name = node->name;
    config.node_lease_ms = lease_ms;
    config.store_ms = world_now_ms;
    err = hy_engine_new(&config, &node->engine);
    assert(err == 0);
    (void)err;
    world_node_use(w, node);
    world_settle(w);
}

/* Drained: it goes, as a process does. */
static void bring_out(struct world *w, struct world_node *node)
{
    bool used = w->engine == node->engine;

    hy_store_close(node->store);
    hy_engine_free(node->engine);
    *node = (struct world_node){0};
    if (used)
        world_node_use(w, world_node_next(w, NULL));
}

int64_t world_nodes_tick(struct world *w)
{
    int64_t next = world_now_ms() + 60000, at;

    for (struct world_node *n = world_node_next(w, NULL); n; n = world_node_next(w, n)) {
        at = n->stopped ? next : world_tick(n->engine);
        next = at < next ? at : next;
        if (n->ending && !n->stopped && hy_engine_idle(n->engine))
            bring_out(w, n);
    }
    return next;
}

bool world_nodes_pump(struct world *w)
{
    bool any = false;

    for (struct world_node *n = world_node_next(w, NULL); n; n = world_node_next(w, n)) {
        if (!n->stopped && !n->cut_off && world_pump(n->store))
            any = true;
    }
    return any;
}

/* --- dying ------------------------------------------------------------------------------------ */

void world_node_kill(struct world *w, struct world_node *node)
{
    bool used = w->engine == node->engine;

    assert(left_count < sizeof left / sizeof left[0]);
    left[left_count++] = node->store;
    world_node_buried(node->engine, w, node);
    *node = (struct world_node){0};
    if (used)
        world_node_use(w, world_node_next(w, NULL));
}

void world_node_connect(struct world *w, struct world_node *node)
{
    node->connecting = false;
    for (size_t i = 0; i < w->request_count;) {
        struct world_request *r = &w->requests[i];

        if (r->node != node || !r->waits) {
            i++;
            continue;
        }
        r->waits = false;
        if (!r->may_go || r->may_go(r->may_go_arg))
            continue;
        world_answer(w, i, HY_HTTP_NOT_SENT, 0, "withheld");
        i = 0;
    }
}

void world_nodes_stop(struct world *w)
{
    for (struct world_node *n = world_node_next(w, NULL); n; n = world_node_next(w, n)) {
        n->stopped = n->cut_off = false;
        hy_engine_quiesce(n->engine);
    }
    while (w->request_count)
        world_answer(w, 0, HY_HTTP_NOT_SENT, 0, "stopped");
    world_advance(w, 2000); /* what failed while it was cut off is tried again */
    for (struct world_node *n = world_node_next(w, NULL); n; n = world_node_next(w, n)) {
        assert(hy_engine_idle(n->engine));
        bring_out(w, n);
    }
    while (left_count > 0)
        hy_store_close(left[--left_count]);
    hy_mem_shared_free(w->shared);
    hy_seal_close(w->seal);
}
