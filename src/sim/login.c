#include "sim/calls.h"

#include "net/httpd.h"

#include <string.h>

/* A code that was shown once is spent, whatever the answer was. */
static int take_code(struct hy_sim_exchange *x, const char *text, struct hy_sim_user **ret_user)
{
    struct hy_sim_login *login = hy_sim_table_find(&x->sim->logins, text);

    if (!login)
        return HY_SIM_BAD_CODE;
    if (login->used)
        return HY_SIM_CODE_USED;
    login->used = true;
    if (login->user->app != x->app || x->now_ms >= login->expires_ms)
        return HY_SIM_BAD_CODE;
    *ret_user = login->user;
    return 0;
}

int hy_sim_run_code2session(struct hy_sim_exchange *x)
{
    const char *code_text = hy_httpd_query(x->req, "js_code");
    const char *grant_type = hy_httpd_query(x->req, "grant_type");
    char session_key[HY_SIM_SESSION_KEY_BYTES];
    struct hy_sim_user *user = NULL;
    int code =
        hy_sim_secret_check(x, hy_httpd_query(x->req, "appid"), hy_httpd_query(x->req, "secret"));

    if (code)
        return code;
    if (!code_text || !*code_text)
        return HY_SIM_CODE_MISSING;
    if (!grant_type || strcmp(grant_type, "authorization_code") != 0)
        return HY_SIM_BAD_GRANT_TYPE;
    code = hy_sim_call_count(x);
    if (!code)
        code = take_code(x, code_text, &user);
    if (code)
        return code;
    hy_sim_session_key(&x->sim->ids, session_key);
    hy_buf_printf(x->out, "{\"session_key\":\"%s\",\"openid\":\"%s\"}", session_key, user->openid);
    return 0;
}
