#include "api/problem.h"
#include "api/query.h"
#include "api/report.h"
#include "api/routes.h"
#include "base/err.h"
#include "domain/grant.h"
#include "engine/templates.h"

#include <stdio.h>

enum { REPORTS_MAX = 10000, LIST_DEFAULT = 100, LIST_MAX = 1000 };

/* --- report ----------------------------------------------------------------------------------- */

static bool count_ok(struct hy_call *call)
{
    size_t count = json_array_size(call->body);
    char actual[24];

    snprintf(actual, sizeof actual, "%zu", count);
    if (json_is_array(call->body) && (count < 1 || count > REPORTS_MAX))
        hy_violations_add(&call->v, "", "items", "1..10000", actual,
                          "The array must have 1 to 10000 items; it has %zu.", count);
    return !hy_call_refused(call);
}

void hy_api_grants_report(struct hy_call *call)
{
    struct hy_report *report;
    int err;

    if (!hy_call_json(call, HY_BODY_REQUIRED) || !count_ok(call))
        return;
    report = hy_api_report_new(call);
    if (!report)
        return;
    err = hy_engine_report(call->engine, call->body, &call->v, report);
    if (err)
        hy_call_not_started(call, err);
}

/* --- list ------------------------------------------------------------------------------------- */

struct query {
    const char *app, *user, *template_id;
    int64_t limit;
};

const struct hy_json_field hy_api_grants_query[] = {{.name = "app",
                                                     .type = HY_JSON_TEXT,
                                                     .offset = offsetof(struct query, app),
                                                     .required = true,
                                                     .max = 64},
                                                    {.name = "user",
                                                     .type = HY_JSON_TEXT,
                                                     .offset = offsetof(struct query, user),
                                                     .required = true,
                                                     .max = 128},
                                                    {.name = "template",
                                                     .type = HY_JSON_TEXT,
                                                     .offset = offsetof(struct query, template_id),
                                                     .max = 128},
                                                    {.name = "limit",
                                                     .type = HY_JSON_INT,
                                                     .offset = offsetof(struct query, limit),
                                                     .min = 1,
                                                     .max = LIST_MAX},
                                                    {0}};

static void write_grant(struct hy_out *out, const struct hy_grant *grant,
                        const struct hy_grant_list *list)
{
    hy_out_begin(out, NULL, '{');
    hy_out_id(out, "id", 'g', grant->id);
    hy_out_text(out, "kind", hy_grant_kind_names[grant->kind]);
    hy_out_text(out, "template", grant->template_id);
    hy_out_text(out, "credential", grant->credential);
    hy_out_text(out, "state", hy_grant_state_word(grant, list->now_ms, list->margin_ms));
    hy_out_text(out, "reason", grant->reason);
    hy_out_bool(out, "usable", hy_grant_usable(grant, list->now_ms, list->margin_ms));
    hy_out_int(out, "uses_total", grant->uses_total);
    hy_out_int(out, "uses_left", grant->uses_left);
    hy_out_int(out, "uses_reserved", grant->uses_reserved);
    if (grant->refusals)
        hy_out_int(out, "refusals", grant->refusals);
    hy_out_instant(out, "retry_at", grant->retry_at_ms);
    hy_out_instant(out, "obtained_at", grant->obtained_at_ms);
    hy_out_instant(out, "expires_at", grant->expires_at_ms);
    hy_out_end(out, '}');
}

static void listed(struct hy_call *call)
{
    const struct hy_grant_list *list = call->work;
    struct hy_out out;

    if (hy_call_failed(call, list->op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_int(&out, "available", list->available);
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < list->count; i++)
        write_grant(&out, &list->grants[i], list);
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_grants_list(struct hy_call *call)
{
    struct query query = {.limit = LIST_DEFAULT};
    HY_APP_SCOPED const struct hy_app_entry *entry = NULL;
    struct hy_grant_list *list;

    if (!hy_query_read(call, hy_api_grants_query, &query))
        return;
    entry = hy_call_app(call, query.app);
    if (entry)
        entry->platform->check_user(query.user, "user", &call->v);
    if (hy_call_refused(call))
        return;
    list = hy_call_work(call, sizeof *list);
    if (!list)
        return;
    list->app_no = entry->app.no;
    list->user = query.user;
    list->template_id = query.template_id;
    if (query.template_id)
        list->template_kind =
            hy_engine_template_kind(call->engine, entry->app.no, query.template_id, NULL);
    list->now_ms = hy_engine_now_ms(call->engine);
    list->margin_ms = entry->settings.receipt_margin_s * 1000;
    list->limit = (size_t)query.limit;
    list->arena = call->arena;
    hy_call_read(call, &list->op, HY_VERB_GRANT_LIST, listed);
}
