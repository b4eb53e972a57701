#include "engine/nodes.h"

#include "engine/internal.h"

/* The earliest instant that is known to be due of any queue, 0 = none. */
static int64_t oldest_due(const struct hy_lane *lane)
{
    int64_t oldest = 0;

    for (int q = 0; q < HY_QUEUES; q++) {
        const struct hy_gate *gate = &lane->gates[hy_queue_channel(q)];
        int64_t next = gate->next_due_ms[hy_queue_rank(q)];
        int64_t left = gate->left_due_ms[hy_queue_rank(q)];

        if (next > 0 && next != HY_NEVER && (oldest == 0 || next < oldest))
            oldest = next;
        if (left > 0 && (oldest == 0 || left < oldest))
            oldest = left;
    }
    return oldest;
}

static void fill_app(const struct hy_lane *lane, int64_t now_ms, struct hy_app_gauge *gauge)
{
    int64_t due_ms = oldest_due(lane);

    gauge->held = lane->holding == HY_HOLDING_YES || lane->holding == HY_HOLDING_LEAVING;
    gauge->in_flight = lane->in_flight;
    if (gauge->held && due_ms > 0 && due_ms < now_ms)
        gauge->lag_ms = now_ms - due_ms;
    for (int c = 0; c < HY_CHANNELS; c++)
        gauge->paused[c] = lane->gates[c].paused_until_ms > now_ms;
}

static int fill_apps(struct hy_engine *engine, struct hy_arena *arena, struct hy_gauges *g)
{
    g->apps = hy_arena_array(arena, engine->lanes.count + 1, sizeof *g->apps);
    if (!g->apps)
        return HY_E_NOMEM;
    for (size_t i = 0; i < engine->lanes.count; i++) {
        const struct hy_lane *lane = engine->lanes.items[i];
        struct hy_app_gauge *gauge = &g->apps[g->app_count];

        if (lane->app->app.deleted_at_ms)
            continue;
        *gauge = (struct hy_app_gauge){.app = hy_arena_strdup(arena, lane->app->app.id)};
        if (!gauge->app)
            return HY_E_NOMEM;
        fill_app(lane, g->now_ms, gauge);
        g->apps_held += gauge->held;
        g->app_count++;
    }
    return 0;
}

static void fill_counters(struct hy_engine *engine, struct hy_gauges *g)
{
    g->accepted = atomic_load(&engine->counters.accepted);
    g->token_calls = atomic_load(&engine->counters.token_calls);
    for (int v = 0; v < HY_VERDICTS; v++)
        g->attempts[v] = atomic_load(&engine->counters.attempts[v]);
}

static int fill(struct hy_engine *engine, struct hy_arena *arena, struct hy_gauges *g)
{
    const struct hy_cluster *c = &engine->cluster;

    *g = (struct hy_gauges){.now_ms = engine->config.now_ms(),
                            .started_ms = engine->started_ms,
                            .shared = c->shared,
                            .node = c->node,
                            .nodes = (int64_t)c->nodes,
                            .in_flight = engine->attempts_open};
    if (c->shared)
        g->lease_left_ms = c->lease.until_ms - hy_cluster_steady_ms(engine);
    for (size_t i = 0; i < engine->teller.count; i++) {
        const struct hy_endpoint *e = engine->teller.endpoints[i];

        g->webhooks_held += !e->gone && e->holding != HY_HOLDING_NO;
    }
    fill_counters(engine, g);
    return fill_apps(engine, arena, g);
}

int hy_engine_gauges(struct hy_engine *engine, struct hy_arena *arena, struct hy_gauges *ret_gauges)
{
    int err;

    pthread_mutex_lock(&engine->turn_lock);
    err = fill(engine, arena, ret_gauges);
    pthread_mutex_unlock(&engine->turn_lock);
    return err;
}

bool hy_engine_too_old(const struct hy_engine *engine)
{
    return engine->cluster.too_old;
}

int64_t hy_engine_node(struct hy_engine *engine)
{
    int64_t node;

    pthread_mutex_lock(&engine->turn_lock);
    node = engine->cluster.node;
    pthread_mutex_unlock(&engine->turn_lock);
    return node;
}

const char *hy_engine_node_report(struct hy_engine *engine, struct hy_arena *arena)
{
    const char *report;

    pthread_mutex_lock(&engine->turn_lock);
    report = hy_node_report(engine, arena);
    pthread_mutex_unlock(&engine->turn_lock);
    return report;
}

int hy_engine_leave(struct hy_engine *engine)
{
    struct hy_node_leave leave = {.op.verb = HY_VERB_NODE_LEAVE};

    return engine->cluster.shared ? hy_store_run(engine->config.store, &leave.op) : 0;
}
