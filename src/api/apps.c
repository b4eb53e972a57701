#include "api/audit.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/why.h"
#include "base/err.h"

static void write_token(struct hy_out *out, const struct hy_app_status *status)
{
    hy_out_begin(out, "token", '{');
    hy_out_instant(out, "obtained_at", status->token_obtained_at_ms);
    hy_out_instant(out, "expires_at", status->token_expires_at_ms);
    hy_out_int(out, "failures", status->token_failures);
    hy_out_text(out, "error", status->token_error);
    hy_out_int(out, "calls_today", status->token_calls_today);
    hy_out_int(out, "calls_max", status->token_calls_max);
    hy_out_end(out, '}');
}

static void write_alarms(struct hy_call *call, struct hy_out *out,
                         const struct hy_app_status *status)
{
    struct hy_why why = hy_why_burst(hy_call_chinese(call));

    hy_out_begin(out, "alarms", '[');
    if (status->refusal_burst_at_ms) {
        hy_out_begin(out, NULL, '{');
        hy_out_text(out, "name", "refusal_burst");
        hy_out_instant(out, "since", status->refusal_burst_at_ms);
        hy_out_int(out, "refusals", status->refusals);
        hy_out_text(out, "meaning", why.meaning);
        hy_out_text(out, "fix", why.fix);
        hy_out_end(out, '}');
    }
    hy_out_end(out, ']');
}

/* One that lasts until it is ended by hand has no end to show. */
static void write_pause(struct hy_out *out, int64_t until_ms, const char *reason)
{
    hy_out_bool(out, "paused", until_ms != 0);
    hy_out_instant(out, "paused_until", until_ms == INT64_MAX ? 0 : until_ms);
    hy_out_text(out, "pause_reason", reason);
}

static void write_channels(struct hy_out *out, const struct hy_app_status *status)
{
    hy_out_begin(out, "channels", '{');
    for (int i = 0; i < HY_CHANNELS; i++) {
        const struct hy_channel_status *channel = &status->channels[i];

        hy_out_begin(out, hy_channel_names[i], '{');
        hy_out_int(out, "in_flight", channel->in_flight);
        hy_out_int(out, "window", channel->window);
        write_pause(out, channel->paused_until_ms, channel->pause_reason);
        hy_out_int(out, "user_gap_ms", channel->user_gap_ms);
        hy_out_end(out, '}');
    }
    hy_out_end(out, '}');
}

static void write_status(struct hy_call *call, struct hy_out *out, int64_t app_no)
{
    struct hy_app_status status = {0};

    hy_engine_app_status(call->engine, app_no, call->arena, &status);
    hy_out_begin(out, "status", '{');
    hy_out_bool(out, "held", status.held);
    hy_out_int(out, "in_flight", status.in_flight);
    write_pause(out, status.paused_until_ms, status.pause_reason);
    write_token(out, &status);
    hy_out_end(out, '}');
    write_channels(out, &status);
    hy_out_instant(out, "quiet_until", status.quiet_until_ms);
    write_alarms(call, out, &status);
}

/* What somebody has to enter in the platform's console, but for the secrets. */
static void write_callback(struct hy_call *call, struct hy_out *out,
                           const struct hy_app_entry *entry)
{
    hy_out_begin(out, "callback", '{');
    hy_out_bool(out, "configured", entry->has_callback);
    hy_out_bool(out, "encrypted", entry->has_callback_key);
    hy_out_text(out, "url", hy_arena_printf(call->arena, "/callback/%s", entry->app.id));
    hy_out_end(out, '}');
}

/* As they act: what callbacks are held to is said, not that it follows from the key. */
static void write_settings(struct hy_out *out, const struct hy_app_entry *entry)
{
    struct hy_app_settings acting = entry->settings;

    if (acting.callback_mode == HY_CALLBACK_AUTO)
        acting.callback_mode = entry->has_callback_key ? HY_CALLBACK_SAFE : HY_CALLBACK_PLAIN;
    hy_out_fields(out, hy_app_settings_fields, &acting);
}

static void write_app(struct hy_call *call, struct hy_out *out, const struct hy_app_entry *entry)
{
    const struct hy_app *app = &entry->app;

    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "id", app->id);
    hy_out_text(out, "platform", app->platform);
    write_settings(out, entry);
    write_callback(call, out, entry);
    hy_out_instant(out, "created_at", app->created_at_ms);
    hy_out_instant(out, "updated_at", app->updated_at_ms);
    write_status(call, out, app->no);
    hy_out_end(out, '}');
}

static void reply_app(struct hy_call *call, int status, const char *id)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = hy_engine_app(call->engine, id);
    struct hy_out out;

    if (hy_call_failed(call, entry ? 0 : HY_E_NOT_FOUND))
        return;
    hy_out_init(&out);
    write_app(call, &out, entry);
    hy_call_reply(call, status, &out);
}

void hy_api_apps_show(struct hy_call *call)
{
    reply_app(call, 200, call->params[0]);
}

void hy_api_apps_list(struct hy_call *call)
{
    size_t count;
    const struct hy_app_entry **entries = hy_engine_app_list(call->engine, call->arena, &count);
    struct hy_out out;

    if (hy_call_failed(call, entries ? 0 : HY_E_NOMEM))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < count; i++) {
        write_app(call, &out, entries[i]);
        hy_engine_app_release(entries[i]);
    }
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

/* --- create and change ------------------------------------------------------------------------ */

static void change_done(struct hy_app_change *change, void *arg)
{
    hy_call_wake(arg);
}

/* What it is about: the path's, or the one that the body brings. */
static bool audit_change(struct hy_call *call, const char *id, struct hy_app_change *change)
{
    const char *made = json_string_value(json_object_get(call->body, "id"));

    change->put.op.audit =
        hy_call_audit(call, id ? "app.change" : "app.create", id ? id : made, call->body);
    return change->put.op.audit != NULL;
}

static void start_change(struct hy_call *call, const char *id, hy_call_step *next)
{
    struct hy_app_change *change;
    int err;

    if (!hy_call_json(call, HY_BODY_REQUIRED))
        return;
    change = hy_call_work(call, sizeof *change);
    if (!change || !audit_change(call, id, change))
        return;
    change->done = change_done;
    change->arg = call;
    hy_call_defer(call, next);
    err = hy_engine_app_change(call->engine, id, call->body, &call->v, change);
    if (err)
        hy_call_not_started(call, err);
}

static void created(struct hy_call *call)
{
    const struct hy_app_change *change = call->work;
    const char *id = change->put.app.id;
    const char *location;

    if (change->put.op.result == HY_E_EXISTS) {
        hy_problem_reply(call, HY_PROBLEM_EXISTS,
                         "There is an app %s already; PATCH /v1/apps/%s changes it.", id, id);
        return;
    }
    if (hy_call_failed(call, change->put.op.result))
        return;
    location = hy_arena_printf(call->arena, "/v1/apps/%s", id);
    if (location)
        hy_httpd_add_header(call->req, "Location", location);
    reply_app(call, 201, id);
}

void hy_api_apps_create(struct hy_call *call)
{
    start_change(call, NULL, created);
}

static void changed(struct hy_call *call)
{
    const struct hy_app_change *change = call->work;

    if (!hy_call_failed(call, change->put.op.result))
        reply_app(call, 200, call->params[0]);
}

void hy_api_apps_change(struct hy_call *call)
{
    start_change(call, call->params[0], changed);
}

/* --- remove ----------------------------------------------------------------------------------- */

static void removed(struct hy_call *call)
{
    const struct hy_app_removal *removal = call->work;

    if (!hy_call_failed(call, removal->removal.op.result))
        hy_call_reply_nothing(call);
}

static void removal_done(struct hy_app_removal *removal, void *arg)
{
    hy_call_wake(arg);
}

void hy_api_apps_remove(struct hy_call *call)
{
    struct hy_app_removal *removal = hy_call_work(call, sizeof *removal);
    int err;

    if (!removal)
        return;
    removal->removal.op.audit = hy_call_audit(call, "app.delete", call->params[0], NULL);
    if (!removal->removal.op.audit)
        return;
    removal->done = removal_done;
    removal->arg = call;
    hy_call_defer(call, removed);
    err = hy_engine_app_remove(call->engine, call->params[0], removal);
    if (err)
        hy_call_not_started(call, err);
}

/* --- pause and resume ------------------------------------------------------------------------- */

static void pause_done(struct hy_app_pause *pause, void *arg)
{
    hy_call_wake(arg);
}

static void paused(struct hy_call *call)
{
    const struct hy_app_pause *pause = call->work;

    if (!hy_call_failed(call, pause->result))
        reply_app(call, 200, call->params[0]);
}

/* Null: something was answered. */
static struct hy_app_pause *new_pause(struct hy_call *call, const char *action)
{
    struct hy_app_pause *pause = hy_call_work(call, sizeof *pause);

    if (!pause)
        return NULL;
    pause->done = pause_done;
    pause->arg = call;
    pause->audit = hy_call_audit(call, action, call->params[0], call->body);
    return pause->audit ? pause : NULL;
}

struct pause_body {
    int64_t until_ms;
};

static const struct hy_json_field pause_fields[] = {
    {.name = "until", .type = HY_JSON_INSTANT, .offset = offsetof(struct pause_body, until_ms)},
    {0}};

void hy_api_apps_pause(struct hy_call *call)
{
    struct pause_body body = {0};
    struct hy_app_pause *pause;
    uint32_t present;
    int err;

    if (!hy_call_json(call, HY_BODY_OPTIONAL))
        return;
    present = hy_json_read(call->body, pause_fields, &body, &call->v);
    if (present && body.until_ms <= hy_engine_now_ms(call->engine))
        hy_violations_add(&call->v, "until", "future", NULL, NULL, "until must be in the future.");
    if (hy_call_refused(call))
        return;
    pause = new_pause(call, "app.pause");
    if (!pause)
        return;
    hy_call_defer(call, paused);
    err = hy_engine_app_pause(call->engine, call->params[0], body.until_ms, pause);
    if (err)
        hy_call_not_started(call, err);
}

void hy_api_apps_resume(struct hy_call *call)
{
    struct hy_app_pause *pause = new_pause(call, "app.resume");
    int err;

    if (!pause)
        return;
    hy_call_defer(call, paused);
    err = hy_engine_app_resume(call->engine, call->params[0], pause);
    if (err)
        hy_call_not_started(call, err);
}
