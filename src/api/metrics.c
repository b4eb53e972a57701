#include "api/routes.h"
#include "base/err.h"
#include "engine/nodes.h"

#include <inttypes.h>

/*
 * GET /metrics: numbers in Prometheus' text format. No key is asked for, so nothing of users, messages or
 * secrets is in it. Label values are apps' ids and words of this program, as many as there are apps.
 *
 * When the store does not answer, its own numbers are left out and hongyan_store_up is 0.
 */

struct work {
    struct hy_counts counts;
};

enum { METRICS_MAX_BYTES = 16 << 20 };

/* --- writing ---------------------------------------------------------------------------------- */

static void head(struct hy_buf *out, const char *name, const char *type, const char *help)
{
    hy_buf_printf(out, "# HELP hongyan_%s %s\n# TYPE hongyan_%s %s\n", name, help, name, type);
}

static void number(struct hy_buf *out, const char *name, const char *type, const char *help,
                   int64_t value)
{
    head(out, name, type, help);
    hy_buf_printf(out, "hongyan_%s %" PRId64 "\n", name, value);
}

static void seconds(struct hy_buf *out, const char *name, const char *help, int64_t ms)
{
    head(out, name, "gauge", help);
    hy_buf_printf(out, "hongyan_%s %.3f\n", name, (double)ms / 1000.0);
}

/* --- the store -------------------------------------------------------------------------------- */

static void write_states(struct hy_buf *out, const struct hy_counts *counts, const char *app,
                         int64_t app_no)
{
    int64_t states[HY_MESSAGE_STATES] = {0};

    for (size_t i = 0; i < counts->count; i++) {
        if (counts->counts[i].app_no == app_no)
            states[counts->counts[i].state] = counts->counts[i].messages;
    }
    for (int s = 0; s < HY_MESSAGE_STATES; s++)
        hy_buf_printf(out, "hongyan_messages{app=\"%s\",state=\"%s\"} %" PRId64 "\n", app,
                      hy_message_state_names[s], states[s]);
}

static void write_counts(struct hy_call *call, struct hy_buf *out, const struct hy_counts *counts)
{
    size_t count;
    const struct hy_app_entry **entries = hy_engine_app_list(call->engine, call->arena, &count);

    number(out, "grants_available", "gauge", "Free uses of all permissions that are available.",
           counts->grants_available);
    head(out, "messages", "gauge", "Messages that are kept, by app and state.");
    for (size_t i = 0; entries && i < count; i++) {
        write_states(out, counts, entries[i]->app.id, entries[i]->app.no);
        hy_engine_app_release(entries[i]);
    }
}

static void write_store(struct hy_call *call, struct hy_buf *out, const struct hy_counts *counts)
{
    struct hy_store *store = hy_engine_store(call->engine);
    struct hy_store_stats stats;

    hy_store_stats(store, &stats);
    number(out, "store_up", "gauge", "The store answered this request.", counts->op.result == 0);
    number(out, "store_backlog", "gauge", "Writes that wait and have not begun.",
           (int64_t)hy_store_backlog(store));
    number(out, "store_writes_total", "counter", "Writing verbs that ended.",
           (int64_t)stats.writes);
    number(out, "store_groups_total", "counter", "Transactions that were committed.",
           (int64_t)stats.groups);
    number(out, "store_reads_total", "counter", "Reading verbs that ended.", (int64_t)stats.reads);
    number(out, "store_failures_total", "counter", "Verbs that ended with a failure of the store.",
           (int64_t)stats.failures);
    if (stats.log_bytes >= 0)
        number(out, "store_log_bytes", "gauge",
               "What stands in the write-ahead log beside the store's file.", stats.log_bytes);
    if (counts->op.result == 0)
        write_counts(call, out, counts);
}

/* --- the engine ------------------------------------------------------------------------------- */

static void write_node(struct hy_call *call, struct hy_buf *out, const struct hy_gauges *g)
{
    head(out, "build_info", "gauge", "The program, and the kind of its store.");
    hy_buf_printf(out, "hongyan_build_info{version=\"%s\",store=\"%s\"} 1\n", HY_VERSION,
                  hy_store_kind(hy_engine_store(call->engine)));
    seconds(out, "start_time_seconds", "When the process started, in Unix time.", g->started_ms);
    seconds(out, "uptime_seconds", "For how long it has been running.", g->now_ms - g->started_ms);
    number(out, "node", "gauge", "The number of this node in its store; 0: it has left.", g->node);
    number(out, "nodes", "gauge", "Nodes that live, itself counted.", g->nodes);
    if (g->shared)
        seconds(out, "lease_left_seconds", "For how long this node may send; below 0: not now.",
                g->lease_left_ms);
    number(out, "apps_held", "gauge", "Apps that this node sends for.", g->apps_held);
    number(out, "webhooks_held", "gauge", "Webhooks that this node tells.", g->webhooks_held);
    number(out, "messages_accepted_total", "counter", "Messages that were accepted here.",
           g->accepted);
    number(out, "token_calls_total", "counter", "Token calls to the platform made here.",
           g->token_calls);
    head(out, "attempts_total", "counter", "Requests for messages that ended here, by verdict.");
    for (int v = 0; v < HY_VERDICTS; v++)
        hy_buf_printf(out, "hongyan_attempts_total{verdict=\"%s\"} %" PRId64 "\n",
                      hy_verdict_names[v], g->attempts[v]);
}

static void write_apps(struct hy_buf *out, const struct hy_gauges *g)
{
    head(out, "app_held", "gauge", "Whether this node sends for the app.");
    for (size_t i = 0; i < g->app_count; i++)
        hy_buf_printf(out, "hongyan_app_held{app=\"%s\"} %d\n", g->apps[i].app, g->apps[i].held);
    head(out, "in_flight", "gauge", "Messages that are under way from here.");
    for (size_t i = 0; i < g->app_count; i++)
        hy_buf_printf(out, "hongyan_in_flight{app=\"%s\"} %" PRId64 "\n", g->apps[i].app,
                      g->apps[i].in_flight);
    head(out, "due_lag_seconds", "gauge", "Age of the oldest due message that waits, where held.");
    for (size_t i = 0; i < g->app_count; i++) {
        if (g->apps[i].held)
            hy_buf_printf(out, "hongyan_due_lag_seconds{app=\"%s\"} %.3f\n", g->apps[i].app,
                          (double)g->apps[i].lag_ms / 1000.0);
    }
    head(out, "lane_paused", "gauge", "Whether a channel of the app is paused.");
    for (size_t i = 0; i < g->app_count; i++) {
        for (int c = 0; c < HY_CHANNELS; c++)
            hy_buf_printf(out, "hongyan_lane_paused{app=\"%s\",channel=\"%s\"} %d\n",
                          g->apps[i].app, hy_channel_names[c], g->apps[i].paused[c]);
    }
}

/* --- the API ---------------------------------------------------------------------------------- */

static void write_http(const struct hy_call *call, struct hy_buf *out)
{
    head(out, "http_requests_total", "counter", "Answers of the API, by class of status.");
    for (int i = 1; i < HY_API_CLASSES; i++)
        hy_buf_printf(out, "hongyan_http_requests_total{class=\"%dxx\"} %" PRIu64 "\n", i,
                      call->api->answers[i]);
}

static void counted(struct hy_call *call)
{
    const struct work *work = call->work;
    struct hy_gauges g;
    struct hy_buf out;

    if (hy_call_failed(call, hy_engine_gauges(call->engine, call->arena, &g)))
        return;
    hy_buf_init(&out, METRICS_MAX_BYTES);
    write_node(call, &out, &g);
    write_apps(&out, &g);
    write_store(call, &out, &work->counts);
    write_http(call, &out);
    if (hy_buf_ok(&out))
        hy_call_reply_bytes(call, 200, "text/plain; version=0.0.4; charset=utf-8",
                            hy_buf_text(&out), out.size);
    else
        hy_call_failed(call, HY_E_NOMEM);
    hy_buf_deinit(&out);
}

void hy_api_metrics(struct hy_call *call)
{
    struct work *work = hy_call_work(call, sizeof *work);

    if (!work)
        return;
    work->counts.arena = call->arena;
    hy_call_read(call, &work->counts.op, HY_VERB_COUNTS, counted);
}
