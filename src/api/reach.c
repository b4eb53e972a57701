/* GET /v1/reach: how many users could be sent a message of a template now. */
#include "api/query.h"
#include "api/routes.h"
#include "engine/templates.h"

struct query {
    const char *app, *template_id;
};

const struct hy_json_field hy_api_reach_query[] = {{.name = "app",
                                                    .type = HY_JSON_TEXT,
                                                    .offset = offsetof(struct query, app),
                                                    .required = true,
                                                    .max = 64},
                                                   {.name = "template",
                                                    .type = HY_JSON_TEXT,
                                                    .offset = offsetof(struct query, template_id),
                                                    .required = true,
                                                    .max = 128},
                                                   {0}};

static void reached(struct hy_call *call)
{
    const struct hy_reach *reach = call->work;
    struct hy_out out;

    if (hy_call_failed(call, reach->op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_int(&out, "users", reach->users);
    hy_out_int(&out, "uses", reach->uses);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_reach(struct hy_call *call)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = NULL;
    struct query query = {0};
    struct hy_reach *reach;

    if (!hy_query_read(call, hy_api_reach_query, &query))
        return;
    entry = hy_call_app(call, query.app);
    if (hy_call_refused(call))
        return;
    reach = hy_call_work(call, sizeof *reach);
    if (!reach)
        return;
    reach->app_no = entry->app.no;
    reach->template_id = query.template_id;
    reach->template_kind =
        hy_engine_template_kind(call->engine, entry->app.no, query.template_id, NULL);
    reach->now_ms = hy_engine_now_ms(call->engine);
    reach->margin_ms = entry->settings.receipt_margin_s * 1000;
    hy_call_read(call, &reach->op, HY_VERB_REACH, reached);
}
