#include "engine/nodes.h"
#include "api/routes.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/*
 * GET /v1/nodes: which processes share the store, and which of them sends for which app and tells which
 * webhook. Of each node what it last said of itself, of this one what it says now.
 */

struct work {
    struct hy_nodes verb;
    int64_t self;
    const char *own_report; /* or null */
    json_t **lags;          /* of each node: app to ms, as it last said; or null */
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

/* As the verb gives them. */
static int hold_order(const void *a, const void *b)
{
    const struct hy_hold *x = a, *y = b;

    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind)
                              : (x->id > y->id) - (x->id < y->id);
}

static const struct hy_hold *hold_of(const struct work *work, enum hy_hold_kind kind, int64_t id)
{
    const struct hy_hold key = {.kind = kind, .id = id};

    return work->verb.hold_count
               ? bsearch(&key, work->verb.holds, work->verb.hold_count, sizeof key, hold_order)
               : NULL;
}

static const json_t *lags_of(const struct work *work, int64_t node)
{
    for (size_t i = 0; i < work->verb.count; i++)
        if (work->verb.nodes[i].node == node)
            return work->lags[i];
    return NULL;
}

/* As its holder last said; below 0: it did not, or has too many to tell of this one. */
static int64_t lag_of(const struct work *work, int64_t node, const char *app)
{
    const json_t *lags = lags_of(work, node), *lag = json_object_get(lags, app);

    if (lag)
        return (int64_t)json_integer_value(lag);
    return lags && json_object_size(lags) < HY_REPORT_LAGS_MAX ? 0 : -1;
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

/* So that apps, of which there may be thousands, are looked up and not searched for. False: 503 was answered. */
static bool prepare(struct hy_call *call, struct work *work)
{
    work->self = hy_engine_node(call->engine);
    work->own_report = hy_engine_node_report(call->engine, call->arena);
    work->lags = hy_arena_alloc(call->arena, (work->verb.count + 1) * sizeof *work->lags);
    if (hy_call_failed(call, work->lags ? 0 : HY_E_NOMEM))
        return false;
    for (size_t i = 0; i < work->verb.count; i++) {
        const char *report = report_of(work, &work->verb.nodes[i]);

        work->lags[i] =
            report ? json_object_get(hy_json_parse_in(call->arena, report, strlen(report), NULL, 0),
                                     "lag_ms")
                   : NULL;
    }
    return true;
}

static void listed(struct hy_call *call)
{
    struct work *work = call->work;
    const struct hy_app_entry **entries;
    struct hy_out out;
    size_t count;

    if (hy_call_failed(call, work->verb.op.result) || !prepare(call, work))
        return;
    entries = hy_engine_app_list(call->engine, call->arena, &count);
    if (hy_call_failed(call, entries ? 0 : HY_E_NOMEM))
        return;
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
