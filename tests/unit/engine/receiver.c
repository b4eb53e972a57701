#include "receiver.h"

#include "tap.h"

#include <stdio.h>

struct told told[TOLD_MAX];
size_t told_count;
char hook_secret[HY_WEBHOOK_SECRET_TEXT_BYTES];

static void copy_header(char *into, size_t size, const struct hy_http_request *request,
                        const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0)
            snprintf(into, size, "%s", request->headers[i].value);
    }
}

static bool take(const struct hy_http_request *request, hy_httpc_done *done, void *arg)
{
    struct told *one = &told[told_count];

    if (strstr(request->url, "api.weixin.qq.com"))
        return false;
    CHECK(told_count < TOLD_MAX);
    told_count++;
    *one = (struct told){.public_only = request->public_only,
                         .status_only = request->status_only,
                         .timeout_ms = request->timeout_ms,
                         .at_ms = rig_now_ms,
                         .done = done,
                         .arg = arg};
    snprintf(one->url, sizeof one->url, "%s", request->url);
    copy_header(one->id, sizeof one->id, request, "webhook-id");
    copy_header(one->timestamp, sizeof one->timestamp, request, "webhook-timestamp");
    copy_header(one->signature, sizeof one->signature, request, "webhook-signature");
    CHECK(request->body_size < sizeof one->body);
    memcpy(one->body, request->body, request->body_size);
    return true;
}

void receiver_open(void)
{
    told_count = 0;
    rig_open("memory:");
    rig.intercept = take;
    CHECK_INT(rig_add_app(""), 0);
}

void told_answer(struct told *one, int status)
{
    struct hy_http_response response = {.outcome = status ? HY_HTTP_ANSWERED : HY_HTTP_NOT_SENT,
                                        .status = status,
                                        .body = "",
                                        .error = status ? "" : "connection refused"};
    hy_httpc_done *done = one->done;

    one->done = NULL;
    done(&response, one->arg);
    rig_run();
}

size_t told_answer_all(int status)
{
    size_t answered = 0;

    for (size_t i = 0; i < told_count; i++) {
        if (told[i].done) {
            told_answer(&told[i], status);
            answered++;
        }
    }
    return answered;
}

size_t told_waiting(void)
{
    size_t waiting = 0;

    for (size_t i = 0; i < told_count; i++)
        waiting += told[i].done != NULL;
    return waiting;
}

void receiver_pass(int64_t ms, int status)
{
    int64_t end_ms = rig_now_ms + ms;

    while (rig_now_ms < end_ms) {
        int64_t next_ms;

        rig_run();
        told_answer_all(status);
        if (told_count > TOLD_MAX / 2)
            told_count = 0; /* all are answered */
        next_ms = hy_engine_tick(rig.engine, rig_now_ms);
        next_ms = next_ms > rig_now_ms ? next_ms : rig_now_ms + 1;
        rig_now_ms = next_ms < end_ms ? next_ms : end_ms;
    }
    rig_run();
}

/* --- verbs ------------------------------------------------------------------------------------ */

static void changed(struct hy_webhook_change *change, void *arg)
{
    *(int *)arg = change->op.result;
}

static struct hy_webhook_change change;
static int result;

static void begin(void)
{
    result = 1;
    change = (struct hy_webhook_change){.done = changed, .arg = &result};
}

static int finish(int err)
{
    if (err)
        return err;
    rig_run();
    memcpy(hook_secret, change.secret, sizeof hook_secret);
    return result;
}

int64_t hook_add(const char *url, const char *events)
{
    json_t *body = rig_json("{'url':'%s','events':[%s]}", url, events);

    begin();
    CHECK_INT(finish(hy_engine_webhook_put(rig.engine, body, NULL, rig_faults(), &change)), 0);
    json_decref(body);
    return change.put.webhook.id;
}

struct hy_webhook hook_show(int64_t id)
{
    struct hy_webhooks list = {
        .op.verb = HY_VERB_WEBHOOKS, .count_pending = true, .arena = &rig.arena};

    CHECK_INT(hy_store_run(rig.store, &list.op), 0);
    for (size_t i = 0; i < list.count; i++) {
        if (list.webhooks[i].id == id)
            return list.webhooks[i];
    }
    return (struct hy_webhook){0};
}

int hook_change(int64_t id, const char *text)
{
    struct hy_violations *v = rig_faults();
    struct hy_webhook existing = id ? hook_show(id) : (struct hy_webhook){0};
    json_t *body = rig_json("%s", text);
    int err;

    begin();
    err = finish(hy_engine_webhook_put(rig.engine, body, id ? &existing : NULL, v, &change));
    json_decref(body);
    return err;
}

int hook_rotate(int64_t id, const char *secret, int64_t overlap_s)
{
    struct hy_violations *v = rig_faults();
    struct hy_webhook existing = hook_show(id);
    char copy[256] = "";

    if (secret)
        snprintf(copy, sizeof copy, "%s", secret);
    begin();
    return finish(hy_engine_webhook_rotate(rig.engine, &existing, secret ? copy : NULL, overlap_s,
                                           v, &change));
}

void hook_enable(int64_t id)
{
    struct hy_webhook existing = hook_show(id);

    begin();
    hy_engine_webhook_enable(rig.engine, &existing, &change);
    CHECK_INT(finish(0), 0);
}

int hook_remove(int64_t id)
{
    begin();
    hy_engine_webhook_delete(rig.engine, id, &change);
    return finish(0);
}

int64_t hook_test(int64_t id)
{
    begin();
    hy_engine_webhook_test(rig.engine, id, &change);
    CHECK_INT(finish(0), 0);
    return change.test.outcome.id;
}

/* --- outcomes --------------------------------------------------------------------------------- */

static void submitted(struct hy_submit *submit, void *arg)
{
    *(int *)arg = submit->admit.op.result;
}

void fail_a_message(void)
{
    static struct hy_submission submission;
    struct hy_violations *v = rig_faults();
    struct hy_submit submit = {.done = submitted, .arg = &result};
    json_t *body = rig_json("{'app':'" RIG_APP "','user':'" RIG_USER "','template':'" RIG_TEMPLATE
                            "','data':{'keyword1':'x'},'tag':'order 17'}");

    hy_engine_prepare(rig.engine, body, NULL, NULL, v, &submission);
    CHECK_INT(v->count, 0);
    submit.admit.items = &submission.item;
    submit.admit.count = 1;
    submit.admit.arena = &rig.arena;
    hy_engine_submit(rig.engine, &submit);
    rig_run();
    CHECK_INT(result, 0);
    CHECK_INT(submission.message.state, HY_MESSAGE_FAILED);
    json_decref(body);
}
