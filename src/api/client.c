#include "api/client.h"

#include "api/audit.h"
#include "api/auth.h"
#include "api/problem.h"
#include "api/report.h"
#include "api/routes.h"
#include "base/err.h"
#include "engine/pages.h"

#include <inttypes.h>
#include <string.h>

/* Each login is a call to the platform. The others cost next to nothing. */
enum { LOGINS_PER_MIN = 30, USER_PER_MIN_MIN = 60, STRANGER_PER_MIN = 600 };

/* --- how often -------------------------------------------------------------------------------- */

/* False: 429 was answered. */
static bool take(struct hy_call *call, char kind, const void *key, size_t size, int64_t per_min)
{
    int64_t wait_s =
        hy_limits_take(call->api->limits, kind, key, size, per_min, hy_engine_now_ms(call->engine));
    const char *text;

    if (!wait_s)
        return true;
    text = hy_arena_printf(call->arena, "%" PRId64, wait_s);
    if (text)
        hy_httpd_add_header(call->req, "Retry-After", text);
    hy_problem_reply(call, HY_PROBLEM_RATE,
                     "At most %" PRId64 " a minute; try again in %" PRId64 " s.", per_min, wait_s);
    return false;
}

struct app_key {
    int64_t app_no;
    uint8_t address[HY_ADDRESS_BYTES];
};

static bool take_of_address(struct hy_call *call, const struct hy_app_entry *app,
                            const uint8_t address[HY_ADDRESS_BYTES])
{
    struct app_key key = {.app_no = app->app.no};

    memcpy(key.address, address, HY_ADDRESS_BYTES);
    return take(call, 'a', &key, sizeof key, app->settings.client_rate_per_min);
}

/* A fifth of what an address may: one person is one of several behind it. */
static int64_t per_user(int64_t per_address)
{
    int64_t share = per_address / 5 > USER_PER_MIN_MIN ? per_address / 5 : USER_PER_MIN_MIN;

    return share < per_address ? share : per_address;
}

static bool take_of_user(struct hy_call *call, const struct hy_app_entry *app, const char *user)
{
    const char *key = hy_arena_printf(call->arena, "%" PRId64 " %s", app->app.no, user);

    if (hy_call_failed(call, key ? 0 : HY_E_NOMEM))
        return false;
    return take(call, 'u', key, strlen(key), per_user(app->settings.client_rate_per_min));
}

/* --- whose page ------------------------------------------------------------------------------- */

static void refuse_session(struct hy_call *call, const char *session)
{
    hy_httpd_add_header(call->req, "WWW-Authenticate",
                        session ? "Bearer realm=\"hongyan client\", error=\"invalid_token\""
                                : "Bearer realm=\"hongyan client\"");
    hy_problem_reply(call, HY_PROBLEM_SESSION, "%s",
                     session ? "This session is over or was revoked: log in again."
                             : "Send the header Authorization: Bearer SESSION.");
}

bool hy_client_enter(struct hy_call *call, struct hy_client *ret_client)
{
    const char *session = hy_auth_bearer(hy_httpd_header(call->req, "Authorization"));
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;
    uint8_t address[HY_ADDRESS_BYTES];
    const char *user;
    int err = HY_E_DENIED;

    hy_call_address(call, address);
    hy_address_cut(address);
    if (session)
        err = hy_engine_session_open(call->engine, session, call->arena, &app, &user);
    if (err == HY_E_DENIED) {
        if (take(call, 's', address, sizeof address, STRANGER_PER_MIN))
            refuse_session(call, session);
        return false;
    }
    if (hy_call_failed(call, err) || !take_of_address(call, app, address) ||
        !take_of_user(call, app, user))
        return false;
    *ret_client = (struct hy_client){.app = app, .user = user};
    app = NULL; /* handed out */
    return true;
}

/* --- login ------------------------------------------------------------------------------------ */

struct login_body {
    const char *app, *code;
};

static const struct hy_json_field login_fields[] = {{.name = "app",
                                                     .type = HY_JSON_TEXT,
                                                     .offset = offsetof(struct login_body, app),
                                                     .required = true,
                                                     .max = 64},
                                                    {.name = "code",
                                                     .type = HY_JSON_TEXT,
                                                     .offset = offsetof(struct login_body, code),
                                                     .required = true,
                                                     .secret = true,
                                                     .max = 256},
                                                    {0}};

struct login_work {
    struct hy_login login;
    uint8_t address[HY_ADDRESS_BYTES];
};

static void reply_session(struct hy_call *call, const struct login_work *work)
{
    struct hy_out out;

    /* A code that was good cost nothing: behind one address there may be a city. */
    hy_limits_give_back(call->api->limits, 'l', work->address, sizeof work->address, LOGINS_PER_MIN,
                        hy_engine_now_ms(call->engine));
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_text(&out, "session", work->login.session);
    hy_out_int(&out, "expires_in", work->login.expires_in_s);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static void refuse_busy(struct hy_call *call, const struct hy_login *login)
{
    const char *wait =
        login->retry_after_s ? hy_arena_printf(call->arena, "%" PRId64, login->retry_after_s) : "5";

    if (wait)
        hy_httpd_add_header(call->req, "Retry-After", wait);
    hy_problem_reply(call, HY_PROBLEM_PLATFORM,
                     "The platform cannot tell now whose code this is; get a new one and try "
                     "again.");
}

static void logged_in(struct hy_call *call)
{
    const struct login_work *work = call->work;

    if (work->login.result == 0)
        reply_session(call, work);
    else if (work->login.result == HY_E_DENIED)
        hy_problem_reply(call, HY_PROBLEM_CODE,
                         "The platform refuses this code: it may be wrong, used or too old. Call "
                         "wx.login again.");
    else if (work->login.result == HY_E_BUSY)
        refuse_busy(call, &work->login);
    else
        hy_problem_of_error(call, work->login.result);
}

static void login_done(struct hy_login *login, void *arg)
{
    hy_call_wake(arg);
}

static void start_login(struct hy_call *call, const struct login_body *body,
                        const uint8_t address[HY_ADDRESS_BYTES])
{
    struct login_work *work = hy_call_work(call, sizeof *work);

    if (!work)
        return;
    memcpy(work->address, address, HY_ADDRESS_BYTES);
    work->login.app = body->app;
    work->login.code = body->code;
    work->login.done = login_done;
    work->login.arg = call;
    hy_call_defer(call, logged_in);
    hy_engine_login(call->engine, &work->login);
}

void hy_api_client_login(struct hy_call *call)
{
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;
    struct login_body body = {0};
    uint8_t address[HY_ADDRESS_BYTES];

    hy_call_address(call, address);
    hy_address_cut(address);
    if (!take(call, 'l', address, sizeof address, LOGINS_PER_MIN) ||
        !hy_call_json(call, HY_BODY_REQUIRED))
        return;
    hy_json_read(call->body, login_fields, &body, &call->v);
    if (hy_call_refused(call))
        return;
    app = hy_call_app(call, body.app);
    if (!hy_call_refused(call) && take_of_address(call, app, address))
        start_login(call, &body, address);
}

/* --- logout ----------------------------------------------------------------------------------- */

static void cut_done(struct hy_call *call)
{
    const struct hy_session_cut *cut = call->work;

    if (!hy_call_failed(call, cut->op.result))
        hy_call_reply_nothing(call);
}

/* Pages that log out have no key: nothing is written about them. */
static bool audit_cut(struct hy_call *call, const struct hy_app_entry *app, const char *user,
                      struct hy_session_cut *cut)
{
    HY_JSON_SCOPED json_t *detail = NULL;

    if (!call->holder.id)
        return true;
    detail = json_pack("{ss}", "app", app->app.id);
    if (hy_call_failed(call, detail ? 0 : HY_E_NOMEM))
        return false;
    cut->op.audit = hy_call_audit(call, "user.logout", user, detail);
    return cut->op.audit != NULL;
}

static void cut_sessions(struct hy_call *call, const struct hy_app_entry *app, const char *user)
{
    struct hy_session_cut *cut = hy_call_work(call, sizeof *cut);

    if (!cut || !audit_cut(call, app, user, cut))
        return;
    cut->app_no = app->app.no;
    cut->user = user;
    cut->op.done = hy_call_op_done;
    cut->op.arg = call;
    hy_call_defer(call, cut_done);
    hy_engine_session_cut(call->engine, cut);
}

void hy_api_client_logout(struct hy_call *call)
{
    struct hy_client client;

    if (!hy_client_enter(call, &client))
        return;
    cut_sessions(call, client.app, client.user);
    hy_engine_app_release(client.app);
}

void hy_api_users_logout(struct hy_call *call)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(call->engine, call->params[0]);

    if (hy_call_failed(call, app ? 0 : HY_E_NOT_FOUND))
        return;
    app->platform->check_user(call->params[1], "user", &call->v);
    if (!hy_call_refused(call))
        cut_sessions(call, app, call->params[1]);
}

/* --- reports ---------------------------------------------------------------------------------- */

static void start_report(struct hy_call *call, const struct hy_client *client)
{
    struct hy_report *report = hy_api_report_new(call);
    int err;

    if (!report)
        return;
    err = hy_engine_client_report(call->engine, client->app, client->user, call->body, &call->v,
                                  report);
    if (err)
        hy_call_not_started(call, err);
}

void hy_api_client_report(struct hy_call *call)
{
    struct hy_client client;

    if (!hy_client_enter(call, &client))
        return;
    if (hy_call_json(call, HY_BODY_REQUIRED))
        start_report(call, &client);
    hy_engine_app_release(client.app);
}
