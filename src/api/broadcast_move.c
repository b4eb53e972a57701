/* Broadcasts: started, paused, resumed, canceled, and looked at before. */
#include "api/audit.h"
#include "api/broadcast_out.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"

#include <string.h>

struct work {
    struct hy_broadcasts find;
    struct hy_broadcast_move move;
    struct hy_preview preview;
    struct hy_violations faults; /* of the preview's samples */
    const char *action;
};

/* --- the four moves --------------------------------------------------------------------------- */

static void show(struct hy_call *call)
{
    const struct work *work = call->work;
    const struct hy_broadcast *b = hy_broadcast_found(call, &work->find);
    struct hy_out out;

    if (!b)
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_broadcast_write(call, &out, b);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static void refuse_state(struct hy_call *call, enum hy_broadcast_state state)
{
    const struct work *work = call->work;

    hy_problem_reply(call, HY_PROBLEM_STATE, "The broadcast is %s; it cannot %s.",
                     hy_broadcast_state_names[state],
                     strcmp(work->action, "broadcast.start") == 0    ? "be started"
                     : strcmp(work->action, "broadcast.pause") == 0  ? "be paused"
                     : strcmp(work->action, "broadcast.resume") == 0 ? "be resumed"
                                                                     : "be canceled");
}

static void moved(struct hy_call *call)
{
    struct work *work = call->work;

    if (work->move.op.result == HY_E_CONFLICT) {
        refuse_state(call, work->move.state);
        return;
    }
    if (hy_call_failed(call, work->move.op.result))
        return;
    work->find =
        (struct hy_broadcasts){.id = work->move.broadcast_id, .limit = 1, .arena = call->arena};
    hy_call_read(call, &work->find.op, HY_VERB_BROADCASTS, show);
}

static void move(struct hy_call *call, enum hy_broadcast_state to, const char *reason)
{
    struct work *work = call->work;

    work->move = (struct hy_broadcast_move){.broadcast_id = work->find.broadcasts[0].id,
                                            .to = to,
                                            .reason = reason,
                                            .now_ms = hy_engine_now_ms(call->engine)};
    work->move.op.audit = hy_call_audit(call, work->action, call->params[0], NULL);
    if (!work->move.op.audit)
        return;
    work->move.op.done = hy_call_op_done;
    work->move.op.arg = call;
    hy_call_defer(call, moved);
    hy_engine_broadcast_move(call->engine, &work->move);
}

static void begin(struct hy_call *call, const char *action, hy_call_step *found)
{
    struct work *work = hy_call_work(call, sizeof *work);

    if (!work)
        return;
    work->action = action;
    hy_broadcast_find(call, &work->find, found);
}

/* What was found and may go from `from`; null: something was answered. */
static const struct hy_broadcast *found_in(struct hy_call *call, enum hy_broadcast_state from,
                                           enum hy_broadcast_state or_from)
{
    const struct work *work = call->work;
    const struct hy_broadcast *b = hy_broadcast_found(call, &work->find);

    if (!b || b->state == from || b->state == or_from)
        return b;
    refuse_state(call, b->state);
    return NULL;
}

/* A draft that has a time of its own waits for it; one that waits for it goes at once. */
static void start_found(struct hy_call *call)
{
    const struct hy_broadcast *b = found_in(call, HY_BROADCAST_DRAFT, HY_BROADCAST_SCHEDULED);
    bool later;

    if (!b)
        return;
    hy_engine_broadcast_check(call->engine, b, &call->v);
    if (hy_call_refused(call))
        return;
    later = b->state == HY_BROADCAST_DRAFT && b->send_at_ms > hy_engine_now_ms(call->engine);
    move(call, later ? HY_BROADCAST_SCHEDULED : HY_BROADCAST_RUNNING, NULL);
}

void hy_api_broadcasts_start(struct hy_call *call)
{
    begin(call, "broadcast.start", start_found);
}

static void pause_found(struct hy_call *call)
{
    if (found_in(call, HY_BROADCAST_RUNNING, HY_BROADCAST_RUNNING))
        move(call, HY_BROADCAST_PAUSED, "operator");
}

void hy_api_broadcasts_pause(struct hy_call *call)
{
    begin(call, "broadcast.pause", pause_found);
}

static void resume_found(struct hy_call *call)
{
    if (found_in(call, HY_BROADCAST_PAUSED, HY_BROADCAST_PAUSED))
        move(call, HY_BROADCAST_RUNNING, NULL);
}

void hy_api_broadcasts_resume(struct hy_call *call)
{
    begin(call, "broadcast.resume", resume_found);
}

static void cancel_found(struct hy_call *call)
{
    const struct work *work = call->work;
    const struct hy_broadcast *b = hy_broadcast_found(call, &work->find);

    if (b)
        move(call, HY_BROADCAST_CANCELED, NULL);
}

void hy_api_broadcasts_cancel(struct hy_call *call)
{
    begin(call, "broadcast.cancel", cancel_found);
}

/* --- preview ---------------------------------------------------------------------------------- */

static void write_samples(struct hy_out *out, const struct hy_preview *preview)
{
    hy_out_begin(out, "samples", '{');
    hy_out_int(out, "checked", (int64_t)preview->samples);
    hy_out_int(out, "good", (int64_t)preview->samples_good);
    hy_out_text(out, "user", preview->sample_user);
    hy_problem_write_errors(out, preview->faults);
    hy_out_end(out, '}');
}

static void previewed(struct hy_call *call)
{
    const struct hy_preview *preview = &((struct work *)call->work)->preview;
    struct hy_out out;

    if (hy_call_failed(call, preview->result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_int(&out, "users", preview->users);
    hy_out_int(&out, "reachable", preview->reachable);
    if (preview->uses >= 0)
        hy_out_int(&out, "uses", preview->uses);
    hy_out_bool(&out, "complete", preview->complete);
    write_samples(&out, preview);
    if (preview->quota_limit >= 0) {
        hy_out_begin(&out, "quota", '{');
        hy_out_int(&out, "limit", preview->quota_limit);
        hy_out_int(&out, "used", preview->quota_used);
        hy_out_end(&out, '}');
    }
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static void preview_done(struct hy_preview *preview, void *arg)
{
    hy_call_wake(arg);
}

static void preview_found(struct hy_call *call)
{
    struct work *work = call->work;
    const struct hy_broadcast *b = hy_broadcast_found(call, &work->find);

    if (!b)
        return;
    hy_violations_init(&work->faults, call->arena);
    work->preview = (struct hy_preview){.done = preview_done,
                                        .arg = call,
                                        .arena = call->arena,
                                        .broadcast = b,
                                        .faults = &work->faults};
    hy_call_defer(call, previewed);
    hy_engine_broadcast_preview(call->engine, &work->preview);
}

void hy_api_broadcasts_preview(struct hy_call *call)
{
    begin(call, "broadcast.preview", preview_found);
}
