#include "api/routes.h"
#include "base/err.h"
#include "engine/webhooks.h"

/*
 * GET /v1/stats: how many messages there are by state, of all apps and of each; and how many
 * webhooks somebody should look at.
 */

struct work {
    struct hy_counts counts;
};

/* Every state has its number, 0 too. app_no 0: of all apps. */
static void write_states(struct hy_out *out, const struct hy_counts *counts, int64_t app_no)
{
    int64_t states[HY_MESSAGE_STATES] = {0};

    for (size_t i = 0; i < counts->count; i++)
        if (!app_no || counts->counts[i].app_no == app_no)
            states[counts->counts[i].state] += counts->counts[i].messages;
    hy_out_begin(out, "messages", '{');
    for (int state = 0; state < HY_MESSAGE_STATES; state++)
        hy_out_int(out, hy_message_state_names[state], states[state]);
    hy_out_end(out, '}');
}

static void counted(struct hy_call *call)
{
    const struct work *work = call->work;
    const struct hy_app_entry **entries;
    struct hy_out out;
    size_t count;

    if (hy_call_failed(call, work->counts.op.result))
        return;
    entries = hy_engine_app_list(call->engine, call->arena, &count);
    if (hy_call_failed(call, entries ? 0 : HY_E_NOMEM))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    write_states(&out, &work->counts, 0);
    hy_out_int(&out, "grants_available", work->counts.grants_available);
    hy_out_int(&out, "webhooks_ailing", hy_engine_webhooks_ailing(call->engine));
    hy_out_begin(&out, "apps", '[');
    for (size_t i = 0; i < count; i++) {
        hy_out_begin(&out, NULL, '{');
        hy_out_text(&out, "app", entries[i]->app.id);
        write_states(&out, &work->counts, entries[i]->app.no);
        hy_out_end(&out, '}');
        hy_engine_app_release(entries[i]);
    }
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_stats(struct hy_call *call)
{
    struct work *work = hy_call_work(call, sizeof *work);

    if (!work)
        return;
    work->counts.arena = call->arena;
    hy_call_read(call, &work->counts.op, HY_VERB_COUNTS, counted);
}
