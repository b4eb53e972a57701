/* Quotas: what is left of a day, and the ten times a month that all of it can be had anew. */
#include "sim/calls.h"

#include "net/httpd.h"

#include <inttypes.h>
#include <string.h>

enum { CLEARS_A_MONTH = 10 };

int hy_sim_run_quota_get(struct hy_sim_exchange *x)
{
    const char *path = hy_sim_body_text(x, "cgi_path");
    const struct hy_sim_call *call = path ? hy_sim_call_find(path) : NULL;
    int64_t limit, used;

    if (path && path[0] != '/')
        return HY_SIM_QUOTA_PATH_BAD;
    if (path && strncmp(path, "/sns/", 5) == 0)
        return HY_SIM_QUOTA_PATH_FORBIDDEN;
    if (!call)
        return HY_SIM_QUOTA_PATH_UNKNOWN;
    limit = hy_sim_call_day_limit(call, x->app);
    used = hy_sim_counter_used(&x->app->day[hy_sim_call_index(call)], hy_sim_day_of(x->now_ms));
    hy_buf_printf(x->out,
                  "{\"errcode\":0,\"errmsg\":\"ok\",\"quota\":{\"daily_limit\":%" PRId64
                  ",\"used\":%" PRId64 ",\"remain\":%" PRId64 "}",
                  limit, used, limit > used ? limit - used : 0);
    if (call->minute_limit)
        hy_buf_printf(x->out, ",\"rate_limit\":{\"call_count\":%" PRId64 ",\"refresh_second\":60}",
                      call->minute_limit);
    hy_buf_putc(x->out, '}');
    return 0;
}

/* Both calls share the month's ten. */
static int clear(struct hy_sim_exchange *x)
{
    if (!hy_sim_counter_take(&x->app->cleared, hy_sim_month_of(x->now_ms), CLEARS_A_MONTH))
        return HY_SIM_CLEAR_LIMIT;
    memset(x->app->day, 0, sizeof x->app->day);
    return hy_sim_ok(x);
}

int hy_sim_run_clear_quota(struct hy_sim_exchange *x)
{
    const char *appid = hy_sim_body_text(x, "appid");

    if (!appid || strcmp(appid, x->app->appid) != 0)
        return HY_SIM_BAD_APPID;
    return clear(x);
}

/* The table of its document has both in the body, the example beside it in the query: either will
 * do. */
static const char *parameter(const struct hy_sim_exchange *x, const json_t *body, const char *name)
{
    const char *in_query = hy_httpd_query(x->req, name);

    return in_query ? in_query : json_string_value(json_object_get(body, name));
}

int hy_sim_run_clear_quota_v2(struct hy_sim_exchange *x)
{
    size_t size;
    const char *bytes = hy_httpd_body(x->req, &size);
    HY_JSON_SCOPED json_t *body = size ? hy_json_parse(bytes, size, NULL, 0) : NULL;
    int code = hy_sim_secret_check(x, parameter(x, body, "appid"), parameter(x, body, "appsecret"));

    return code ? code : clear(x);
}
