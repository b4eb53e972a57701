/*
 * callback.c - what a platform posts by itself. No key: it is signed with a secret of the app. Queries
 * are the platform's affair, unknown ones too.
 */
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"
#include "engine/callbacks.h"

#include <string.h>

enum { BODY_MAX_BYTES = 1 << 20 };

struct work {
    struct hy_callback_ask ask;
    struct hy_callback_run run;
};

static const char *query(void *self, const char *name)
{
    return hy_httpd_query(self, name);
}

static void reply_text(struct hy_call *call, const char *text)
{
    hy_call_reply_bytes(call, 200, "text/plain; charset=utf-8", text, strlen(text));
}

/* It is on disk: now, and not before, the platform may forget it. */
static void stored(struct hy_call *call)
{
    const struct work *work = call->work;

    if (!hy_call_failed(call, work->run.hear.op.result))
        reply_text(call, work->run.callback.reply);
}

/* What was over at once, without anything to store. */
static void judged(struct hy_call *call)
{
    const struct hy_callback *callback = &((const struct work *)call->work)->run.callback;

    if (callback->verdict == HY_CALLBACK_ECHO)
        reply_text(call, callback->reply);
    else
        hy_problem_reply(call,
                         callback->verdict == HY_CALLBACK_DENIED ? HY_PROBLEM_SIGNATURE
                                                                 : HY_PROBLEM_BAD_REQUEST,
                         "%s", callback->why);
}

static void callback_done(struct hy_callback_run *run, void *arg)
{
    hy_call_wake(arg);
}

/* The step comes when the verb is done, or at once: then `run` is judged and not stored. */
static void decide(struct hy_call *call)
{
    const struct work *work = call->work;

    if (work->run.callback.verdict == HY_CALLBACK_EVENT)
        stored(call);
    else
        judged(call);
}

static void start(struct hy_call *call, const struct hy_app_entry *app)
{
    struct work *work = hy_call_work(call, sizeof *work);
    int err;

    if (!work)
        return;
    work->ask.method =
        strcmp(hy_httpd_method(call->req), "HEAD") == 0 ? "GET" : hy_httpd_method(call->req);
    work->ask.query = query;
    work->ask.self = call->req;
    work->ask.body = hy_httpd_body(call->req, &work->ask.body_size);
    work->run.done = callback_done;
    work->run.arg = call;
    hy_call_defer(call, decide);
    err = hy_engine_callback(call->engine, app, &work->ask, call->arena, &work->run);
    if (err)
        hy_call_not_started(call, err);
    else if (work->run.callback.verdict != HY_CALLBACK_EVENT)
        hy_call_wake(call);
}

void hy_api_callback(struct hy_call *call)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(call->engine, call->params[0]);
    size_t size;

    hy_httpd_body(call->req, &size);
    if (size > BODY_MAX_BYTES)
        hy_problem_reply(call, HY_PROBLEM_TOO_LARGE, "A callback may have at most %d bytes.",
                         BODY_MAX_BYTES);
    else if (!app || !app->has_callback)
        hy_problem_reply(call, HY_PROBLEM_NOT_FOUND,
                         "There is no such app, or it has no callback_token.");
    else
        start(call, app);
}
