/*
 * call.c - how a question about templates reaches the platform: one at a time for an app,
 * with the keeper's token, again with a fresh one when that was refused.
 */
#include "base/log.h"
#include "crypto/secret.h"
#include "engine/template/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- ends ------------------------------------------------------------------------------------- */

static const struct {
    int result;
    const char *what;
} ends[HY_VERDICTS] = {
    [HY_VERDICT_OK] = {0, ""},
    [HY_VERDICT_TRANSIENT] = {HY_E_BUSY, "The platform has trouble"},
    [HY_VERDICT_TOKEN] = {HY_E_BUSY, "The platform does not take the access token"},
    [HY_VERDICT_GRANT_GONE] = {HY_E_DENIED, "The platform refuses this"},
    [HY_VERDICT_USER_GONE] = {HY_E_DENIED, "The platform refuses this"},
    [HY_VERDICT_BAD_PAYLOAD] = {HY_E_DENIED, "The platform refuses this"},
    [HY_VERDICT_RATE] = {HY_E_BUSY, "The platform takes no more of these calls now"},
    [HY_VERDICT_ACCOUNT] = {HY_E_DENIED, "The platform does not let this account do that"},
    [HY_VERDICT_UNKNOWN] = {HY_E_BUSY, "The platform's answer was lost"},
};

/* "template_manage": other calls explain the same code in their own way. */
static bool is_management(const char *api)
{
    size_t length = strlen(api);

    return length >= 7 && strcmp(api + length - 7, "_manage") == 0;
}

static const struct hy_code *explain(const struct hy_platform *platform,
                                     const struct hy_judgement *j)
{
    const struct hy_code *row = platform->codes;

    while (row->api && !(is_management(row->api) && strcmp(row->code, j->errcode) == 0))
        row++;
    return row->api ? row : NULL;
}

const char *hy_template_work_error(const struct hy_template_work *work)
{
    const struct hy_judgement *j = &work->reply.judgement;
    const struct hy_code *code = explain(work->app->platform, j);

    return hy_arena_printf(work->call->arena, "%s: %s%s%s.%s%s%s%s", ends[j->verdict].what,
                           j->errcode, j->errcode[0] && j->errmsg[0] ? " " : "", j->errmsg,
                           code ? " " : "", code ? code->meaning_en : "", code ? " " : "",
                           code ? code->fix_en : "");
}

static void log_end(const struct hy_template_work *work, int result, const char *error)
{
    static const char *const ops[HY_TEMPLATE_OPS] = {"list",       "add",    "delete",
                                                     "categories", "titles", "keywords"};
    const struct hy_template_call *call = work->call;
    const char *app = work->app ? work->app->app.id : "-", *op = ops[call->ask.op];
    char safe[HY_ERRMSG_BYTES];

    if (result)
        hy_log(HY_LOG_WARN, "templates.failed", "app=%s op=%s error=%s", app, op,
               hy_log_safe(safe, sizeof safe, error ? error : hy_err_text(result)));
    else if (call->ask.op == HY_TEMPLATE_OP_LIST)
        hy_log(HY_LOG_INFO, "templates.synced", "app=%s templates=%zu added=%zu removed=%zu", app,
               call->reply.count, call->added, call->removed);
    else
        hy_log(HY_LOG_INFO, "templates.called", "app=%s op=%s", app, op);
}

static struct hy_template_work *next_of_app(const struct hy_engine *engine, int64_t app_no)
{
    struct hy_template_work *work = engine->template_works;

    while (work && work->call->app_no != app_no)
        work = work->next;
    return work;
}

static void unlink_work(struct hy_template_work *work)
{
    struct hy_template_work **at = &work->engine->template_works;

    while (*at != work)
        at = &(*at)->next;
    *at = work->next;
}

static void take_turn(struct hy_template_work *work);

void hy_template_work_end(struct hy_template_work *work, int result, const char *error)
{
    struct hy_template_call *call = work->call;
    struct hy_template_work *next;

    call->result = result;
    call->error = error;
    log_end(work, result, error);
    unlink_work(work);
    next = next_of_app(work->engine, call->app_no);
    hy_wipe(work->token.access_token, sizeof work->token.access_token);
    hy_wipe(work->token.bad_token, sizeof work->token.bad_token);
    hy_engine_app_release(work->app);
    hy_arena_deinit(&work->arena);
    free(work);
    call->done(call, call->arg);
    if (next)
        take_turn(next);
}

bool hy_template_work_failed(struct hy_template_work *work)
{
    enum hy_verdict verdict = work->reply.judgement.verdict;

    if (verdict == HY_VERDICT_OK)
        return false;
    work->call->reply.judgement = work->reply.judgement;
    hy_template_work_end(work, ends[verdict].result, hy_template_work_error(work));
    return true;
}

/* --- one request ------------------------------------------------------------------------------ */

static void token_came(struct hy_token_query *query, void *arg);

static void get_token(struct hy_template_work *work, bool refused)
{
    struct hy_token_query *query = &work->token;

    query->app_no = work->call->app_no;
    query->refresh = refused;
    snprintf(query->bad_token, sizeof query->bad_token, "%s", refused ? query->access_token : "");
    query->done = token_came;
    query->arg = work;
    hy_engine_token(work->engine, query);
}

static void replied(const struct hy_http_response *response, void *arg)
{
    struct hy_template_work *work = arg;
    struct hy_engine *engine = work->engine;

    pthread_mutex_lock(&engine->turn_lock);
    work->reply = (struct hy_template_reply){.total = -1};
    work->app->platform->judge_template(&work->ask, response, work->call->arena, &work->reply);
    if (work->reply.judgement.verdict == HY_VERDICT_TOKEN && !work->refreshed) {
        work->refreshed = true;
        get_token(work, true);
    } else {
        work->step(work);
    }
    pthread_mutex_unlock(&engine->turn_lock);
}

/* The transport copies what it needs; `work` may be gone when start() returns. */
static void send_request(struct hy_template_work *work)
{
    struct hy_engine *engine = work->engine;
    const struct hy_platform *platform = work->app->platform;
    struct hy_http_request request = {0};
    struct hy_arena arena;
    int err;

    hy_arena_init(&arena);
    work->ask.base_url = engine->config.wechat_url ? engine->config.wechat_url : platform->base_url;
    work->ask.access_token = work->token.access_token;
    err = platform->build_template(&work->ask, &arena, &request);
    if (err)
        hy_template_work_end(work, err, NULL);
    else
        engine->config.transport.start(engine->config.transport.self, &request, replied, work);
    if (request.url)
        hy_wipe((char *)request.url, strlen(request.url));
    hy_arena_deinit(&arena);
}

/* On the engine's thread, like every answer to its own question. */
static void token_came(struct hy_token_query *query, void *arg)
{
    struct hy_template_work *work = arg;

    if (query->result == 0)
        send_request(work);
    else
        hy_template_work_end(work, query->result,
                             query->result == HY_E_BUSY
                                 ? hy_arena_printf(work->call->arena,
                                                   "There is no access token now: %s.",
                                                   query->error)
                                 : NULL);
}

void hy_template_work_ask(struct hy_template_work *work, const struct hy_template_ask *ask,
                          void (*step)(struct hy_template_work *work))
{
    work->ask = *ask;
    work->step = step;
    get_token(work, false);
}

/* --- a call's turn ---------------------------------------------------------------------------- */

static void take_turn(struct hy_template_work *work)
{
    const struct hy_app_entry *app = hy_engine_app_by_no(work->engine, work->call->app_no);

    work->app = app;
    if (!app || app->app.deleted_at_ms)
        hy_template_work_end(work, HY_E_NOT_FOUND, NULL);
    else if (work->engine->quiet)
        hy_template_work_end(work, HY_E_STOPPED, NULL);
    else
        hy_template_work_begin(work);
}

static void opened(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_template_work *work = (struct hy_template_work *)mail, **last;
    bool busy = next_of_app(engine, work->call->app_no) != NULL;

    for (last = &engine->template_works; *last;)
        last = &(*last)->next;
    *last = work;
    if (!busy)
        take_turn(work);
}

void hy_engine_template_call(struct hy_engine *engine, struct hy_template_call *call)
{
    struct hy_template_work *work = calloc(1, sizeof *work);

    call->engine = engine;
    call->work = work;
    call->reply = (struct hy_template_reply){.total = -1};
    call->added = call->removed = 0;
    call->error = NULL;
    if (!work) {
        call->result = HY_E_NOMEM;
        call->done(call, call->arg);
        return;
    }
    hy_arena_init(&work->arena);
    work->engine = engine;
    work->call = call;
    work->mail.open = opened;
    hy_engine_post(engine, &work->mail);
}
