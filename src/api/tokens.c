#include "api/audit.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"

#include <stdio.h>

struct input {
    const char *bad_token;
};

static const struct hy_json_field fields[] = {{.name = "bad_token",
                                               .type = HY_JSON_TEXT,
                                               .offset = offsetof(struct input, bad_token),
                                               .secret = true,
                                               .max = HY_ACCESS_TOKEN_BYTES - 1},
                                              {0}};

static void answered(struct hy_call *call)
{
    const struct hy_token_query *query = call->work;
    int64_t left_s = (query->expires_at_ms - hy_engine_now_ms(call->engine)) / 1000;
    struct hy_out out;

    if (query->result == HY_E_BUSY) {
        hy_problem_reply(call, HY_PROBLEM_TOKEN, "%s",
                         query->error[0] ? query->error : "There is no token yet.");
        return;
    }
    if (hy_call_failed(call, query->result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_text(&out, "access_token", query->access_token);
    hy_out_instant(&out, "expires_at", query->expires_at_ms);
    hy_out_int(&out, "expires_in", left_s > 0 ? left_s : 0);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static void query_done(struct hy_token_query *query, void *arg)
{
    hy_call_wake(arg);
}

/* `body` null: the token as it is. */
static void ask(struct hy_call *call, const json_t *body, const char *bad_token)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = hy_engine_app(call->engine, call->params[0]);
    struct hy_token_query *query;

    if (hy_call_failed(call, entry ? 0 : HY_E_NOT_FOUND))
        return;
    query = hy_call_work(call, sizeof *query);
    if (!query)
        return;
    query->app_no = entry->app.no;
    query->refresh = body != NULL;
    if (body)
        query->audit = hy_call_audit(call, "token.refresh", call->params[0], body);
    if (body && !query->audit)
        return;
    if (bad_token)
        snprintf(query->bad_token, sizeof query->bad_token, "%s", bad_token);
    query->done = query_done;
    query->arg = call;
    hy_call_defer(call, answered);
    hy_engine_token(call->engine, query);
}

void hy_api_tokens_show(struct hy_call *call)
{
    ask(call, NULL, NULL);
}

void hy_api_tokens_refresh(struct hy_call *call)
{
    struct input input = {0};

    if (!hy_call_json(call, HY_BODY_OPTIONAL))
        return;
    hy_json_read(call->body, fields, &input, &call->v);
    if (!hy_call_refused(call))
        ask(call, call->body, input.bad_token);
}
