#include "sim/calls.h"

#include <string.h>

enum {
    POST_JSON = HY_SIM_CALL_POST | HY_SIM_CALL_JSON,
    MANAGE = POST_JSON | HY_SIM_CALL_TOKEN,
    LEGACY = MANAGE | HY_SIM_CALL_LEGACY,
    SEND = MANAGE | HY_SIM_CALL_SEND,
    NEWTMPL_GET = HY_SIM_CALL_TOKEN | HY_SIM_CALL_NEWTMPL,
    NEWTMPL_POST = MANAGE | HY_SIM_CALL_NEWTMPL
};

/* The busy ones first: a linear walk. */
static const struct hy_sim_call calls[] = {
    {.path = "/cgi-bin/message/subscribe/send",
     .run = hy_sim_run_send_subscribe,
     .flags = SEND,
     .day_limit = 10000000},
    {.path = "/cgi-bin/message/wxopen/template/send",
     .run = hy_sim_run_send_legacy,
     .flags = SEND | HY_SIM_CALL_LEGACY,
     .day_limit = 1000000},
    {.path = "/cgi-bin/message/wxopen/template/uniform_send",
     .run = hy_sim_run_send_uniform,
     .flags = SEND},
    {.path = "/cgi-bin/token",
     .run = hy_sim_run_token,
     .flags = HY_SIM_CALL_MAKES_TOKEN,
     .day_limit = 2000},
    {.path = "/cgi-bin/stable_token",
     .run = hy_sim_run_stable_token,
     .flags = POST_JSON | HY_SIM_CALL_MAKES_TOKEN,
     .day_limit = 500000,
     .minute_limit = 10000},
    {.path = "/sns/jscode2session", .run = hy_sim_run_code2session},
    {.path = "/cgi-bin/openapi/quota/get", .run = hy_sim_run_quota_get, .flags = MANAGE},
    {.path = "/cgi-bin/clear_quota", .run = hy_sim_run_clear_quota, .flags = MANAGE},
    {.path = "/cgi-bin/clear_quota/v2",
     .run = hy_sim_run_clear_quota_v2,
     .flags = HY_SIM_CALL_POST},
    {.path = "/cgi-bin/wxopen/template/library/list",
     .run = hy_sim_run_library_list,
     .flags = LEGACY},
    {.path = "/cgi-bin/wxopen/template/library/get",
     .run = hy_sim_run_library_get,
     .flags = LEGACY},
    {.path = "/cgi-bin/wxopen/template/add", .run = hy_sim_run_template_add, .flags = LEGACY},
    {.path = "/cgi-bin/wxopen/template/list", .run = hy_sim_run_template_list, .flags = LEGACY},
    {.path = "/cgi-bin/wxopen/template/del", .run = hy_sim_run_template_del, .flags = LEGACY},
    {.path = "/wxaapi/newtmpl/addtemplate", .run = hy_sim_run_addtemplate, .flags = NEWTMPL_POST},
    {.path = "/wxaapi/newtmpl/deltemplate", .run = hy_sim_run_deltemplate, .flags = NEWTMPL_POST},
    {.path = "/wxaapi/newtmpl/getcategory", .run = hy_sim_run_getcategory, .flags = NEWTMPL_GET},
    {.path = "/wxaapi/newtmpl/getpubtemplatekeywords",
     .run = hy_sim_run_getpubtemplatekeywords,
     .flags = NEWTMPL_GET},
    {.path = "/wxaapi/newtmpl/getpubtemplatetitles",
     .run = hy_sim_run_getpubtemplatetitles,
     .flags = NEWTMPL_GET},
    {.path = "/wxaapi/newtmpl/gettemplate",
     .run = hy_sim_run_gettemplate,
     .flags = NEWTMPL_GET,
     .day_limit = 50},
};

#define CALL_COUNT (sizeof calls / sizeof calls[0])
_Static_assert(CALL_COUNT <= (size_t)HY_SIM_CALLS_MAX, "every call has its counters in an app");

const struct hy_sim_call *hy_sim_call_find(const char *path)
{
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (strcmp(calls[i].path, path) == 0)
            return &calls[i];
    }
    return NULL;
}

size_t hy_sim_call_index(const struct hy_sim_call *call)
{
    return (size_t)(call - calls);
}

int64_t hy_sim_call_day_limit(const struct hy_sim_call *call, const struct hy_sim_app *app)
{
    int64_t own = app->day_limit[hy_sim_call_index(call)];

    return own >= 0 ? own : call->day_limit;
}

int hy_sim_call_count(struct hy_sim_exchange *x)
{
    size_t i = hy_sim_call_index(x->call);
    int64_t minute_limit = x->call->minute_limit ? x->call->minute_limit : INT64_MAX;
    int64_t day_limit = x->call->day_limit ? x->call->day_limit : INT64_MAX;

    if (x->app->day_limit[i] >= 0)
        day_limit = x->app->day_limit[i];
    if (!hy_sim_counter_take(&x->app->minute[i], hy_sim_minute_of(x->now_ms), minute_limit))
        return HY_SIM_MINUTE_QUOTA;
    if (!hy_sim_counter_take(&x->app->day[i], hy_sim_day_of(x->now_ms), day_limit))
        return HY_SIM_DAY_QUOTA;
    return 0;
}

int hy_sim_ok(struct hy_sim_exchange *x)
{
    hy_buf_puts(x->out, "{\"errcode\":0,\"errmsg\":\"ok\"}");
    return 0;
}

const char *hy_sim_body_text(const struct hy_sim_exchange *x, const char *name)
{
    return json_string_value(json_object_get(x->body, name));
}
