#include "api/broadcast_out.h"

#include "api/problem.h"
#include "base/err.h"

#include <string.h>

/* What is sent, to everybody. */
static void write_order(struct hy_out *out, const struct hy_message *m)
{
    hy_out_text(out, "template", m->template_id);
    if (m->data)
        hy_out_raw(out, "data", m->data);
    hy_out_text(out, "page", m->page);
    hy_out_text(out, "emphasis", m->emphasis);
    hy_out_text(out, "miniprogram_state", m->miniprogram_state);
    hy_out_text(out, "lang", m->lang);
    if (m->extra)
        hy_out_raw(out, "extra", m->extra);
    hy_out_text(out, "tag", m->tag);
    hy_out_text(out, "policy", hy_policy_names[m->policy]);
    hy_out_text(out, "on_missing", hy_on_missing_names[m->on_missing]);
    hy_out_instant(out, "expires_at", m->expires_at_ms);
    if (m->urgent)
        hy_out_bool(out, "urgent", true);
}

/* Everybody is counted once: total is the sum of all but `delivered`, which is part of `sent`. Who
 * was not fed when it was canceled will not be. */
static void write_counts(struct hy_out *out, const struct hy_broadcast *b)
{
    const int64_t *m = b->messages;
    int64_t unfed = b->total - b->fed;
    bool canceled = b->state == HY_BROADCAST_CANCELED;

    hy_out_int(out, "total", b->total);
    hy_out_int(out, "queued",
               (canceled ? 0 : unfed) + m[HY_MESSAGE_QUEUED] + m[HY_MESSAGE_SENDING]);
    hy_out_int(out, "sent", m[HY_MESSAGE_SENT] + m[HY_MESSAGE_DELIVERED]);
    hy_out_int(out, "delivered", m[HY_MESSAGE_DELIVERED]);
    hy_out_int(out, "failed", m[HY_MESSAGE_FAILED]);
    hy_out_int(out, "unknown", m[HY_MESSAGE_UNKNOWN]);
    hy_out_int(out, "waiting", m[HY_MESSAGE_WAITING]);
    hy_out_int(out, "expired", m[HY_MESSAGE_EXPIRED]);
    hy_out_int(out, "canceled", (canceled ? unfed : 0) + m[HY_MESSAGE_CANCELED]);
    hy_out_int(out, "duplicates", b->duplicates);
}

static void write_progress(struct hy_call *call, struct hy_out *out, const struct hy_broadcast *b)
{
    struct hy_broadcast_progress progress;

    hy_engine_broadcast_progress(call->engine, b, &progress);
    if (progress.eta_ms)
        hy_out_instant(out, "eta", progress.eta_ms);
    else
        hy_out_null(out, "eta");
    hy_out_instant(out, "quota_until", progress.quota_until_ms);
}

void hy_broadcast_write(struct hy_call *call, struct hy_out *out, const struct hy_broadcast *b)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = hy_engine_app_by_no(call->engine, b->app_no);

    hy_out_id(out, "id", 'b', b->id);
    hy_out_text(out, "app", entry ? entry->app.id : NULL);
    hy_out_text(out, "name", b->name);
    hy_out_text(out, "schedule", b->schedule_name);
    write_order(out, &b->message);
    hy_out_text(out, "state", hy_broadcast_state_names[b->state]);
    hy_out_text(out, "reason", b->reason);
    hy_out_bool(out, "reach", b->reach);
    write_counts(out, b);
    write_progress(call, out, b);
    if (b->rate_per_s)
        hy_out_int(out, "rate_per_s", b->rate_per_s);
    hy_out_instant(out, "send_at", b->send_at_ms);
    hy_out_instant(out, "created_at", b->created_at_ms);
    hy_out_instant(out, "started_at", b->started_at_ms);
    hy_out_instant(out, "ended_at", b->ended_at_ms);
}

void hy_broadcast_write_repaired(struct hy_out *out, const struct hy_repair_note *repairs,
                                 size_t count)
{
    if (count == 0)
        return;
    hy_out_begin(out, "repaired", '{');
    for (size_t i = 0; i < count; i++) {
        if (strcmp(repairs[i].field, "data") == 0)
            hy_out_raw(out, "data", repairs[i].value);
        else
            hy_out_text(out, repairs[i].field, repairs[i].value);
    }
    hy_out_end(out, '}');
}

bool hy_broadcast_find(struct hy_call *call, struct hy_broadcasts *find, hy_call_step *next)
{
    if (hy_call_failed(call, hy_out_id_parse(call->params[0], 'b', &find->id)))
        return false;
    find->limit = 1;
    find->arena = call->arena;
    hy_call_read(call, &find->op, HY_VERB_BROADCASTS, next);
    return true;
}

const struct hy_broadcast *hy_broadcast_found(struct hy_call *call,
                                              const struct hy_broadcasts *find)
{
    int err = find->op.result;

    if (!err && find->count == 0)
        err = HY_E_NOT_FOUND;
    return hy_call_failed(call, err) ? NULL : &find->broadcasts[0];
}
