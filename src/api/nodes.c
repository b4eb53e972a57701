#include "engine/nodes.h"
#include "api/routes.h"
#include "base/err.h"

#include <string.h>

/*
 * GET /v1/nodes: which processes share the store, and which of them sends for which app and tells which
 * webhook. Of each node what it last said of itself, of this one what it says now.
 */

struct work {
    struct hy_nodes verb;
    int64_t self;
    struct hy_gauges gauges; /* of this one */
    const char *own_report;  /* or null */
};

static const char *report_of(const struct work *work, const struct hy_node *node)
{
    return node->node == work->self && work->own_report ? work->own_report : node->report;
}

static void write_node(struct hy_out *out, const struct work *work, const struct hy_node *node)
{
    const char *report = report_of(work, node);

    hy_out_begin(out, NULL, '{');
    hy_out_id(out, "id", 'n', node->node);
    hy_out_text(out, "name", node->name);
    hy_out_text(out, "version", node->version);
    if (node->schema > 0)
        hy_out_int(out, "schema", node->schema);
    hy_out_bool(out, "self", node->node == work->self);
    hy_out_int(out, "apps", node->apps);
    hy_out_int(out, "webhooks", node->webhooks);
    hy_out_instant(out, "started_at", node->started_ms);
    hy_out_instant(out, "beat_at", node->beat_ms);
    hy_out_instant(out, "lease_until", node->lease_until_ms);
    hy_out_int(out, "beat_age_ms", work->verb.now_ms - node->beat_ms);
    if (report)
        hy_out_raw(out, "report", report);
    hy_out_end(out, '}');
}

static const struct hy_hold *hold_of(const struct work *work, enum hy_hold_kind kind, int64_t id)
{
    for (size_t i = 0; i < work->verb.hold_count; i++) {
        if (work->verb.holds[i].kind == kind && work->verb.holds[i].id == id)
            return &work->verb.holds[i];
    }
    return NULL;
}

static int64_t own_lag(const struct hy_gauges *g, const char *app)
{
    for (size_t i = 0; i < g->app_count; i++) {
        if (strcmp(g->apps[i].app, app) == 0)
            return g->apps[i].lag_ms;
    }
    return -1;
}

/* As its holder last said; below 0: it did not. */
static int64_t lag_of(const struct work *work, int64_t node, const char *app)
{
    if (node == work->self)
        return own_lag(&work->gauges, app);
    for (size_t i = 0; i < work->verb.count; i++) {
        const char *text = report_of(work, &work->verb.nodes[i]);
        HY_JSON_SCOPED json_t *report = NULL;

        if (work->verb.nodes[i].node != node || !text)
            continue;
        report = hy_json_parse(text, strlen(text), NULL, 0);
        return (int64_t)json_integer_value(json_object_get(json_object_get(report, "lag_ms"), app));
    }
    return -1;
}

static void write_app(struct hy_out *out, const struct work *work, const struct hy_app_entry *entry)
{
    const struct hy_hold *hold = hold_of(work, HY_HOLD_APP, entry->app.no);
    int64_t lag_ms = hold ? lag_of(work, hold->node, entry->app.id) : -1;

    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "app", entry->app.id);
    if (hold) {
        hy_out_id(out, "node", 'n', hold->node);
        hy_out_instant(out, "since", hold->since_ms);
    }
    if (lag_ms >= 0)
        hy_out_int(out, "lag_ms", lag_ms);
    hy_out_end(out, '}');
}

static void write_webhooks(struct hy_out *out, const struct work *work)
{
    hy_out_begin(out, "webhooks", '[');
    for (size_t i = 0; i < work->verb.hold_count; i++) {
        const struct hy_hold *hold = &work->verb.holds[i];

        if (hold->kind != HY_HOLD_WEBHOOK)
            continue;
        hy_out_begin(out, NULL, '{');
        hy_out_id(out, "webhook", 'w', hold->id);
        hy_out_id(out, "node", 'n', hold->node);
        hy_out_instant(out, "since", hold->since_ms);
        hy_out_end(out, '}');
    }
    hy_out_end(out, ']');
}

static void listed(struct hy_call *call)
{
    struct work *work = call->work;
    const struct hy_app_entry **entries;
    struct hy_out out;
    size_t count;

    if (hy_call_failed(call, work->verb.op.result))
        return;
    entries = hy_engine_app_list(call->engine, call->arena, &count);
    if (hy_call_failed(call, entries ? 0 : HY_E_NOMEM))
        return;
    if (hy_engine_gauges(call->engine, call->arena, &work->gauges))
        work->gauges.app_count = 0;
    work->self = hy_engine_node(call->engine);
    work->own_report = hy_engine_node_report(call->engine, call->arena);
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < work->verb.count; i++)
        write_node(&out, work, &work->verb.nodes[i]);
    hy_out_end(&out, ']');
    hy_out_begin(&out, "apps", '[');
    for (size_t i = 0; i < count; i++) {
        write_app(&out, work, entries[i]);
        hy_engine_app_release(entries[i]);
    }
    hy_out_end(&out, ']');
    write_webhooks(&out, work);
    hy_out_text(&out, "store", hy_store_kind(hy_engine_store(call->engine)));
    if (work->verb.schema > 0)
        hy_out_int(&out, "schema", work->verb.schema);
    hy_out_instant(&out, "now", work->verb.now_ms);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_nodes(struct hy_call *call)
{
    struct work *work = hy_call_work(call, sizeof *work);

    if (!work)
        return;
    work->verb.arena = call->arena;
    hy_call_read(call, &work->verb.op, HY_VERB_NODES, listed);
}
