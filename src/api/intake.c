#include "api/form.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * POST /index/index/form_id: the shape that home-made services have today, so that a mini program
 * in the shops goes on working unchanged. No key: only apps with `legacy_intake` take it. Other
 * fields and parameters are ignored, because those services ignore them.
 */

enum { FORM_ID_BYTES_MAX = 512 };

static const char form_type[] = "application/x-www-form-urlencoded";

/* Some libraries put text/plain on whatever text they are given. */
static bool is_form(const char *content_type)
{
    static const char *const known[] = {form_type, "text/plain", NULL};
    size_t size = content_type ? strcspn(content_type, "; \t") : 0;

    for (int i = 0; size && known[i]; i++)
        if (strlen(known[i]) == size && strncasecmp(content_type, known[i], size) == 0)
            return true;
    return size == 0;
}

static void refuse_form(struct hy_call *call)
{
    hy_violations_add(&call->v, "", "form", NULL, NULL,
                      "The form holds a bad %%XX, a NUL, or bytes that are not UTF-8.");
    hy_problem_invalid(call, HY_PROBLEM_INVALID);
}

static bool read_form(struct hy_call *call, struct hy_form *ret_form)
{
    size_t size;
    const char *bytes = hy_httpd_body(call->req, &size);
    int err;

    if (!is_form(hy_httpd_header(call->req, "Content-Type"))) {
        hy_problem_reply(call, HY_PROBLEM_MEDIA, "The body has to be %s: form_id=...&openId=...",
                         form_type);
        return false;
    }
    err = hy_form_parse(call->arena, bytes, size, ret_form);
    if (err == HY_E_LIMIT)
        hy_problem_reply(call, HY_PROBLEM_TOO_LARGE,
                         "A form may have at most %d fields in %d bytes.", HY_FORM_FIELDS_MAX,
                         HY_FORM_BYTES_MAX);
    else if (err == HY_E_INVALID)
        refuse_form(call);
    else if (err)
        hy_problem_of_error(call, err);
    return !err;
}

/* The value of a field that has to be there; otherwise a violation, which points out a field of
 * nearly that name. */
static const char *need(struct hy_call *call, const struct hy_form *form, const char *name)
{
    const char *value = hy_form_get(form, name);
    const char *names[HY_FORM_FIELDS_MAX + 1] = {0};
    const char *nearest;

    if (value && *value)
        return value;
    if (value) {
        hy_violations_add(&call->v, name, "not_empty", NULL, NULL, "%s must not be empty.", name);
        return NULL;
    }
    for (size_t i = 0; i < form->count; i++)
        names[i] = form->fields[i].name;
    nearest = hy_nearest_name(name, names);
    if (nearest)
        hy_violations_add(&call->v, name, "required", NULL, NULL,
                          "%s is required; %.60s was sent instead.", name, nearest);
    else
        hy_violations_add(&call->v, name, "required", NULL, NULL, "%s is required.", name);
    return NULL;
}

/* --- which app -------------------------------------------------------------------------------- */

/* The only app that takes the legacy intake; its id in the arena. Null: answered. */
static const char *only_app(struct hy_call *call)
{
    size_t count = 0, takers = 0;
    const struct hy_app_entry **entries = hy_engine_app_list(call->engine, call->arena, &count);
    const char *id = NULL;

    if (hy_call_failed(call, entries ? 0 : HY_E_NOMEM))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (entries[i]->settings.legacy_intake && takers++ == 0)
            id = hy_arena_strdup(call->arena, entries[i]->app.id);
        hy_engine_app_release(entries[i]);
    }
    if (takers > 1) {
        hy_violations_add(&call->v, "app", "required", NULL, NULL,
                          "app is required: several apps take this intake.");
        hy_problem_invalid(call, HY_PROBLEM_INVALID);
        return NULL;
    }
    if (takers == 0)
        hy_problem_reply(call, HY_PROBLEM_NOT_FOUND,
                         "No app takes this intake: set legacy_intake of an app to true.");
    else if (!id)
        hy_problem_of_error(call, HY_E_NOMEM);
    return id;
}

static const char *named_app(struct hy_call *call, const char *id)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = hy_call_app(call, id);

    if (entry && !entry->settings.legacy_intake)
        hy_violations_add(&call->v, "app", "legacy_intake", NULL, NULL,
                          "The app %.64s does not take this intake: its legacy_intake is false.",
                          id);
    return hy_call_refused(call) ? NULL : id;
}

static const char *choose_app(struct hy_call *call, const struct hy_form *form)
{
    const char *id = hy_httpd_query(call->req, "app");

    if (!id || !*id)
        id = hy_form_get(form, "app");
    return id && *id ? named_app(call, id) : only_app(call);
}

/* --- the report ------------------------------------------------------------------------------- */

static void reported(struct hy_call *call)
{
    const struct hy_report *report = call->work;
    const struct hy_refusal *refused = report->refused;
    struct hy_out out;

    if (hy_call_failed(call, report->deposit.op.result))
        return;
    if (report->refused_count) {
        hy_violations_add(&call->v, "form_id", refused->reason, NULL, NULL, "%s", refused->message);
        hy_problem_invalid(call, HY_PROBLEM_INVALID);
        return;
    }
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_int(&out, "accepted", (int64_t)report->accepted);
    hy_out_int(&out, "duplicates", (int64_t)report->duplicates);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static void report_done(struct hy_report *report, void *arg)
{
    hy_call_wake(arg);
}

/* Checked here too, so that a fault carries the name that this form has for the field. */
static bool values_ok(struct hy_call *call, const char *app, const char *user,
                      const char *credential)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = hy_engine_app(call->engine, app);
    char limit[16], actual[24];

    snprintf(limit, sizeof limit, "%d", FORM_ID_BYTES_MAX);
    snprintf(actual, sizeof actual, "%zu", strlen(credential));
    if (strlen(credential) > FORM_ID_BYTES_MAX)
        hy_violations_add(&call->v, "form_id", "max_length", limit, actual,
                          "form_id may have at most %s bytes; it has %s.", limit, actual);
    if (entry)
        entry->platform->check_user(user, "openId", &call->v);
    return !hy_call_refused(call);
}

static void report_form(struct hy_call *call, const char *app, const char *user,
                        const char *credential)
{
    struct hy_report *report = hy_call_work(call, sizeof *report);
    int err;

    if (!report)
        return;
    call->body = json_pack("{s:s, s:s, s:s, s:s}", "app", app, "user", user, "kind", "form_id",
                           "credential", credential);
    if (hy_call_failed(call, call->body ? 0 : HY_E_NOMEM))
        return;
    report->done = report_done;
    report->arg = call;
    hy_call_defer(call, reported);
    err = hy_engine_report(call->engine, call->body, &call->v, report);
    if (err)
        hy_call_not_started(call, err);
}

void hy_api_intake_form_id(struct hy_call *call)
{
    const char *credential, *user, *app;
    struct hy_form form;

    if (!read_form(call, &form))
        return;
    credential = need(call, &form, "form_id");
    user = need(call, &form, "openId");
    if (hy_call_refused(call))
        return;
    app = choose_app(call, &form);
    if (app && values_ok(call, app, user, credential))
        report_form(call, app, user, credential);
}
