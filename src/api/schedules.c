#include "api/audit.h"
#include "api/auth.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"

struct work {
    struct hy_schedules all;
    struct hy_schedule_change change;
    int64_t id;
    void (*found)(struct hy_call *call, const struct hy_schedule *schedule);
};

enum { RUNS_SHOWN = 5 };

/* A paused schedule has none. */
static void write_next_runs(struct hy_call *call, struct hy_out *out, const struct hy_schedule *s)
{
    int64_t runs[RUNS_SHOWN];
    struct hy_violations none;
    size_t count = 0;

    hy_violations_init(&none, call->arena);
    if (!s->paused)
        hy_engine_runs(s->cron, s->timezone, hy_engine_now_ms(call->engine), RUNS_SHOWN, &none,
                       runs, &count);
    out->buf.failed |= none.unkept > 0; /* out of memory: not "never" */
    hy_out_begin(out, "next_runs", '[');
    for (size_t i = 0; i < count; i++)
        hy_out_instant(out, NULL, runs[i]);
    hy_out_end(out, ']');
}

static void write_schedule(struct hy_call *call, struct hy_out *out, const struct hy_schedule *s)
{
    HY_APP_SCOPED const struct hy_app_entry *entry =
        s->app_no ? hy_engine_app_by_no(call->engine, s->app_no) : NULL;

    hy_out_begin(out, NULL, '{');
    hy_out_id(out, "id", 's', s->id);
    hy_out_text(out, "app", entry ? entry->app.id : NULL);
    hy_out_text(out, "name", s->name);
    hy_out_text(out, "job", s->job);
    hy_out_text(out, "cron", s->cron);
    hy_out_text(out, "timezone", s->timezone);
    hy_out_text(out, "misfire", hy_misfire_names[s->misfire]);
    hy_out_int(out, "max_late_s", s->max_late_s);
    hy_out_raw(out, "message", s->message);
    hy_out_raw(out, "broadcast", s->broadcast);
    hy_out_bool(out, "paused", s->paused);
    hy_out_instant(out, "created_at", s->created_at_ms);
    hy_out_instant(out, "next_run", s->next_run_ms);
    hy_out_instant(out, "last_run", s->last_run_ms);
    hy_out_instant(out, "last_fired_at", s->last_fired_at_ms);
    hy_out_text(out, "last_result", s->last_result);
    write_next_runs(call, out, s);
    hy_out_end(out, '}');
}

static void reply_one(struct hy_call *call, int status, const struct hy_schedule *schedule)
{
    struct hy_out out;

    hy_out_init(&out);
    write_schedule(call, &out, schedule);
    hy_call_reply(call, status, &out);
}

/* --- list and show ---------------------------------------------------------------------------- */

static void read_all(struct hy_call *call, struct work *work, hy_call_step *next)
{
    work->all.arena = call->arena;
    hy_call_read(call, &work->all.op, HY_VERB_SCHEDULES, next);
}

static void listed(struct hy_call *call)
{
    const struct work *work = call->work;
    struct hy_out out;

    if (hy_call_failed(call, work->all.op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < work->all.count; i++)
        write_schedule(call, &out, &work->all.schedules[i]);
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_schedules_list(struct hy_call *call)
{
    struct work *work = hy_call_work(call, sizeof *work);

    if (work)
        read_all(call, work, listed);
}

static void look_up(struct hy_call *call)
{
    const struct work *work = call->work;

    if (hy_call_failed(call, work->all.op.result))
        return;
    for (size_t i = 0; i < work->all.count; i++) {
        if (work->all.schedules[i].id == work->id) {
            work->found(call, &work->all.schedules[i]);
            return;
        }
    }
    hy_problem_of_error(call, HY_E_NOT_FOUND);
}

/* Goes on with `found` when there is a schedule with the id of the path. There are few schedules:
 * the store has no verb for a single one. */
static void find(struct hy_call *call,
                 void (*found)(struct hy_call *call, const struct hy_schedule *schedule))
{
    struct work *work;
    int64_t id;

    if (hy_call_failed(call, hy_out_id_parse(call->params[0], 's', &id)))
        return;
    work = hy_call_work(call, sizeof *work);
    if (!work)
        return;
    work->id = id;
    work->found = found;
    read_all(call, work, look_up);
}

static void show(struct hy_call *call, const struct hy_schedule *schedule)
{
    reply_one(call, 200, schedule);
}

void hy_api_schedules_show(struct hy_call *call)
{
    find(call, show);
}

/* --- create, change, remove ------------------------------------------------------------------- */

static void change_done(struct hy_schedule_change *change, void *arg)
{
    hy_call_wake(arg);
}

static struct hy_schedule_change *new_change(struct hy_call *call)
{
    struct work *work = call->work;

    work->change.done = change_done;
    work->change.arg = call;
    return &work->change;
}

static void reply_stored(struct hy_call *call, int status)
{
    const struct work *work = call->work;
    const struct hy_schedule *schedule = &work->change.put.schedule;

    if (work->change.op.result == HY_E_EXISTS)
        hy_problem_reply(call, HY_PROBLEM_EXISTS, "This app has a schedule named %s already.",
                         schedule->name);
    else if (!hy_call_failed(call, work->change.op.result))
        reply_one(call, status, schedule);
}

static void created(struct hy_call *call)
{
    reply_stored(call, 201);
}

void hy_api_schedules_create(struct hy_call *call)
{
    struct hy_schedule_change *change;

    if (!hy_call_json(call, HY_BODY_REQUIRED) || !hy_call_work(call, sizeof(struct work)))
        return;
    change = new_change(call);
    hy_engine_schedule_read(call->engine, call->body, NULL, &call->v, &change->put);
    if (hy_call_refused(call))
        return;
    change->op.audit =
        hy_call_audit_made(call, "schedule.create", 's', &change->put.schedule.id, call->body);
    if (!change->op.audit)
        return;
    hy_call_defer(call, created);
    hy_engine_schedule_put(call->engine, change);
}

/* The service's own jobs are an admin's business. */
static bool may_change(struct hy_call *call, const struct hy_schedule *schedule)
{
    if (!schedule->job || (call->scopes & HY_SCOPE_ADMIN))
        return true;
    hy_auth_refuse_scope(call, HY_SCOPE_ADMIN);
    return false;
}

static void changed(struct hy_call *call)
{
    reply_stored(call, 200);
}

static void change_found(struct hy_call *call, const struct hy_schedule *existing)
{
    struct hy_schedule_change *change;

    if (!may_change(call, existing))
        return;
    change = new_change(call);
    hy_engine_schedule_read(call->engine, call->body, existing, &call->v, &change->put);
    if (hy_call_refused(call))
        return;
    change->op.audit = hy_call_audit(call, "schedule.change", call->params[0], call->body);
    if (!change->op.audit)
        return;
    hy_call_defer(call, changed);
    hy_engine_schedule_put(call->engine, change);
}

void hy_api_schedules_change(struct hy_call *call)
{
    if (hy_call_json(call, HY_BODY_REQUIRED))
        find(call, change_found);
}

static void removed(struct hy_call *call)
{
    const struct work *work = call->work;

    if (work->change.op.result == HY_E_CONFLICT)
        hy_problem_reply(call, HY_PROBLEM_STATE,
                         "This is one of the service's own jobs; it can be paused, not deleted.");
    else if (!hy_call_failed(call, work->change.op.result))
        hy_call_reply_nothing(call);
}

static void remove_found(struct hy_call *call, const struct hy_schedule *schedule)
{
    struct hy_schedule_change *change;

    if (!may_change(call, schedule))
        return;
    change = new_change(call);
    change->removal.schedule_id = schedule->id;
    change->op.audit = hy_call_audit(call, "schedule.delete", call->params[0], NULL);
    if (!change->op.audit)
        return;
    hy_call_defer(call, removed);
    hy_engine_schedule_delete(call->engine, change);
}

void hy_api_schedules_remove(struct hy_call *call)
{
    find(call, remove_found);
}
