/*
 * login.c - whose page is this? The platform tells for a code that its client gave the page; a
 * session is made of the answer. All of it but the question runs on the engine's thread.
 */
#include "base/log.h"
#include "crypto/secret.h"
#include "engine/app_secrets.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each is a request to the platform beside those of messages. An app whose logins hang leaves room
 * for those of others. */
enum { LOGINS_MAX = 256, LOGINS_OF_APP_MAX = 64, LATER_S = 1, LOG_BYTES = 300 };

struct login_work {
    struct hy_mail mail;
    struct hy_login *login;
    const struct hy_app_entry *app; /* counted */
    struct hy_lane *lane;           /* the app's, once it counts there */
    struct hy_login_reply reply;
    struct hy_arena arena;
};

static void finish(struct hy_engine *engine, struct login_work *work, int result)
{
    struct hy_login *login = work->login;

    if (work->lane) {
        engine->logins_open--;
        work->lane->logins_open--;
    }
    hy_engine_app_release(work->app);
    hy_arena_deinit(&work->arena);
    free(work);
    login->work = NULL;
    login->result = result;
    login->done(login, login->arg);
}

static void busy(struct hy_engine *engine, struct login_work *work, const char *error,
                 int64_t retry_after_s)
{
    snprintf(work->login->error, sizeof work->login->error, "%s", error);
    work->login->retry_after_s = retry_after_s;
    finish(engine, work, HY_E_BUSY);
}

/* --- the answer ------------------------------------------------------------------------------- */

static bool is_fit(const struct hy_app_entry *app, const char *user, struct hy_arena *arena)
{
    struct hy_violations faults;

    hy_violations_init(&faults, arena);
    app->platform->check_user(user, "user", &faults);
    return !hy_violations_any(&faults);
}

static void succeed(struct hy_engine *engine, struct login_work *work, const char *user)
{
    const struct hy_app_entry *app = work->app;
    int err;

    if (!is_fit(app, user, &work->arena)) {
        busy(engine, work, "the platform names no user", 0);
        return;
    }
    err = hy_session_issue(engine, app->app.no, user, app->settings.session_ttl_s * 1000,
                           work->login->session);
    work->login->expires_in_s = app->settings.session_ttl_s;
    finish(engine, work, err);
}

static void say_trouble(struct hy_engine *engine, const struct login_work *work,
                        const struct hy_judgement *j, int64_t now_ms)
{
    char text[LOG_BYTES];
    int64_t unsaid;

    if (hy_hush_may_say(&engine->login_trouble, work->app->app.no, now_ms, &unsaid))
        hy_log(HY_LOG_WARN, "login.failed", "app=%s verdict=%s errcode=%s unsaid=%lld errmsg=%s",
               work->app->app.id, hy_verdict_names[j->verdict], j->errcode, (long long)unsaid,
               hy_log_safe(text, sizeof text, j->errmsg));
}

static void judged(struct hy_engine *engine, struct hy_mail *mail)
{
    struct login_work *work = (struct login_work *)mail;
    const struct hy_judgement *j = &work->reply.judgement;
    int64_t now_ms = engine->config.now_ms(), later_ms;

    if (j->verdict == HY_VERDICT_OK && work->reply.user) {
        succeed(engine, work, work->reply.user);
        return;
    }
    if (j->verdict == HY_VERDICT_BAD_PAYLOAD || j->verdict == HY_VERDICT_USER_GONE) {
        finish(engine, work, HY_E_DENIED);
        return;
    }
    say_trouble(engine, work, j, now_ms);
    later_ms = hy_hint_at(j->hint, engine->zone, now_ms);
    busy(engine, work, j->errcode[0] ? j->errcode : "no answer that could be read",
         later_ms > now_ms ? (later_ms - now_ms + 999) / 1000 : 0);
}

/* It may come before the start of the request returns, which still holds the secret in the arena:
 * so the rest is a mail. */
static void replied(const struct hy_http_response *response, void *arg)
{
    struct login_work *work = arg;

    work->app->platform->judge_login(response, &work->arena, &work->reply);
    work->mail.open = judged;
    hy_engine_post(work->login->engine, &work->mail);
}

/* --- the question ----------------------------------------------------------------------------- */

static int ask(struct hy_engine *engine, struct login_work *work)
{
    const struct hy_app_entry *app = work->app;
    struct hy_login_ask ask = {.app_id = app->app.id, .code = work->login->code};
    struct hy_http_request request = {0};
    char *secret = NULL;
    size_t size = 0;
    int err = hy_app_secret_open(engine, app, &work->arena, &secret, &size);

    if (!err) {
        ask.base_url =
            engine->config.wechat_url ? engine->config.wechat_url : app->platform->base_url;
        ask.secret = secret;
        err = app->platform->build_login(&ask, &work->arena, &request);
    }
    if (!err)
        engine->config.transport.start(engine->config.transport.self, &request, replied, work);
    hy_wipe(secret, size);
    hy_wipe((char *)request.body, request.body_size);
    hy_wipe((char *)request.url, request.url ? strlen(request.url) : 0);
    return err == HY_E_DENIED ? HY_E_CORRUPT : err; /* the secret is there and does not open */
}

/* Why it cannot be asked now; null: it can. */
static const char *refuse_now(const struct hy_engine *engine, const struct hy_lane *lane)
{
    if (engine->quiet)
        return "shutting down";
    return !lane || engine->logins_open >= LOGINS_MAX || lane->logins_open >= LOGINS_OF_APP_MAX
               ? "too many logins at once"
               : NULL;
}

static void opened(struct hy_engine *engine, struct hy_mail *mail)
{
    struct login_work *work = (struct login_work *)mail;
    struct hy_lane *lane;
    const char *why;
    int err;

    work->app = hy_engine_app(engine, work->login->app);
    if (!work->app) {
        finish(engine, work, HY_E_NOT_FOUND);
        return;
    }
    lane = hy_lane_find(engine, work->app->app.no);
    why = refuse_now(engine, lane);
    if (why) {
        busy(engine, work, why, LATER_S);
        return;
    }
    work->lane = lane;
    engine->logins_open++;
    lane->logins_open++;
    err = ask(engine, work);
    if (err)
        finish(engine, work, err);
}

void hy_engine_login(struct hy_engine *engine, struct hy_login *login)
{
    struct login_work *work = calloc(1, sizeof *work);

    login->engine = engine;
    login->work = work;
    login->retry_after_s = login->expires_in_s = 0;
    login->error[0] = login->session[0] = 0;
    if (!work) {
        login->result = HY_E_NOMEM;
        login->done(login, login->arg);
        return;
    }
    hy_arena_init(&work->arena);
    work->login = login;
    work->mail.open = opened;
    hy_engine_post(engine, &work->mail);
}
