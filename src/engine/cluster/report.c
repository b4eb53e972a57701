#include "base/json.h"
#include "engine/internal.h"
#include "engine/nodes.h"

#include <stdlib.h>

enum { RATE_MS = 1000 };

static int64_t attempts_of(const struct hy_engine *engine)
{
    int64_t sum = 0;

    for (int v = 0; v < HY_VERDICTS; v++)
        sum += atomic_load(&engine->counters.attempts[v]);
    return sum;
}

/* Of the time since the last report; one that is asked for again at once tells the same. */
static void measure(struct hy_engine *engine)
{
    struct hy_cluster *c = &engine->cluster;
    int64_t steady_ms = hy_cluster_steady_ms(engine), took_ms = steady_ms - c->report_at_ms;
    int64_t accepted = atomic_load(&engine->counters.accepted), attempts = attempts_of(engine);

    if (c->report_at_ms != 0 && took_ms < RATE_MS)
        return;
    if (c->report_at_ms != 0) {
        c->accepts_per_s = (double)(accepted - c->report_accepted) * 1000.0 / (double)took_ms;
        c->sends_per_s = (double)(attempts - c->report_attempts) * 1000.0 / (double)took_ms;
    }
    c->report_at_ms = steady_ms;
    c->report_accepted = accepted;
    c->report_attempts = attempts;
}

static double rounded(double per_s)
{
    return (double)(int64_t)(per_s * 10 + 0.5) / 10;
}

static int larger_lag_first(const void *a, const void *b)
{
    int64_t x = ((const struct hy_app_gauge *)a)->lag_ms,
            y = ((const struct hy_app_gauge *)b)->lag_ms;

    return (x < y) - (x > y);
}

static json_t *lags(struct hy_gauges *g)
{
    json_t *lags = json_object();

    if (g->app_count)
        qsort(g->apps, g->app_count, sizeof *g->apps, larger_lag_first);
    for (size_t i = 0; lags && i < g->app_count && i < HY_REPORT_LAGS_MAX && g->apps[i].lag_ms > 0;
         i++)
        json_object_set_new(lags, g->apps[i].app, json_integer(g->apps[i].lag_ms));
    return lags;
}

static int64_t paused_apps(const struct hy_gauges *g)
{
    int64_t count = 0;

    for (size_t i = 0; i < g->app_count; i++) {
        bool paused = false;

        for (int c = 0; c < HY_CHANNELS; c++)
            paused = paused || g->apps[i].paused[c];
        count += paused && g->apps[i].held;
    }
    return count;
}

const char *hy_node_report(struct hy_engine *engine, struct hy_arena *arena)
{
    HY_JSON_SCOPED json_t *root = json_object();
    struct hy_gauges g;

    if (!root || hy_engine_gauges(engine, arena, &g) != 0)
        return NULL;
    measure(engine);
    json_object_set_new(root, "accepts_per_s", json_real(rounded(engine->cluster.accepts_per_s)));
    json_object_set_new(root, "sends_per_s", json_real(rounded(engine->cluster.sends_per_s)));
    json_object_set_new(root, "in_flight", json_integer(g.in_flight));
    json_object_set_new(root, "backlog",
                        json_integer((json_int_t)hy_store_backlog(engine->config.store)));
    json_object_set_new(root, "paused_apps", json_integer(paused_apps(&g)));
    json_object_set_new(root, "lag_ms", lags(&g));
    return hy_json_text(arena, root);
}
