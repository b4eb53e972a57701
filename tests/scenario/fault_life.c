#include "fault_life.h"

#include "base/err.h"
#include "crypto/digest.h"
#include "engine/callbacks.h"
#include "fault_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char old_template[] = STAGE_OLD_TEMPLATE;
static const char new_template[] = STAGE_NEW_TEMPLATE;

/* --- the platform ----------------------------------------------------------------------------- */

/* What became of each message, by the marker in its text; the last is the schedule's. */
enum { MARKERS = 9, SCHEDULED = 8 };

static struct {
    int requests[MARKERS], cards[MARKERS];
    int receipts[MARKERS]; /* times that a form_id was good; the receipt of m4 is f4 */
    bool crashed;
} platform;

static int number_behind(const char *text, const char *what)
{
    const char *at = strstr(text, what);

    return at ? atoi(at + strlen(what)) : 0;
}

static void carry_out(int marker, int receipt)
{
    platform.cards[marker]++;
    if (receipt)
        platform.receipts[receipt]++;
}

static bool used_up(int receipt)
{
    return receipt && platform.receipts[receipt] > 0;
}

static void answer_send(size_t i)
{
    struct world_request *r = &stage.world.requests[i];
    int marker = number_behind(r->body, "\"value\":\"m");
    int receipt = number_behind(r->body, "\"form_id\":\"f");
    bool first = !r->seen && platform.requests[marker]++ == 0;

    r->seen = true;
    if (marker == 2 && first) {
        world_answer(&stage.world, i, HY_HTTP_NOT_SENT, 0, "connection refused");
    } else if (used_up(receipt) && !(marker == 6 && !platform.crashed)) {
        world_answer(&stage.world, i, HY_HTTP_ANSWERED, 200,
                     "{\"errcode\":41029,\"errmsg\":\"used\"}");
    } else if (marker == 6 && !platform.crashed) {
        if (first)
            carry_out(marker, receipt); /* and the program dies before the answer comes */
    } else {
        carry_out(marker, receipt);
        if (marker == 3 && first)
            world_answer(&stage.world, i, HY_HTTP_NO_ANSWER, 0, "closed without an answer");
        else
            world_answer(&stage.world, i, HY_HTTP_ANSWERED, 200,
                         "{\"errcode\":0,\"errmsg\":\"ok\"}");
    }
}

static void serve_platform(void)
{
    for (size_t i = stage.world.request_count; i-- > 0;) {
        if (!stage_answer_token(i))
            answer_send(i);
    }
}

/* --- callers ---------------------------------------------------------------------------------- */

static int accept_once(void *arg)
{
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "app", STAGE_APP, "user", stage_user(*(int *)arg),
                  "kind", "once", "template", new_template, "report_id", "r1");

    return stage_report(body);
}

struct sending {
    int marker, user;
    const char *template_id, *field;
    int64_t send_at_s, expires_at_s;
    int64_t id; /* out */
};

static json_t *message_of(const struct sending *s)
{
    char marker[8];

    snprintf(marker, sizeof marker, "m%d", s->marker);
    return json_pack("{s:s, s:s, s:{s:s}, s:s}", "user", stage_user(s->user), "template",
                     s->template_id, "data", s->field, marker, "on_missing", "wait");
}

static void submit_done(struct hy_submit *submit, void *arg)
{
    *(int *)arg = submit->admit.op.result;
}

static int send_message(void *arg)
{
    struct sending *s = arg;
    struct hy_submit submit = {.done = submit_done};
    struct hy_submission submission;
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = message_of(s);
    char key[8];
    int result = 1;

    snprintf(key, sizeof key, "k%d", s->marker);
    if (s->send_at_s)
        json_object_set_new(body, "send_at", json_integer(s->send_at_s));
    if (s->expires_at_s)
        json_object_set_new(body, "expires_at", json_integer(s->expires_at_s));
    hy_violations_init(&v, &stage.arena);
    hy_engine_prepare(stage.world.engine, body, key, STAGE_APP, &v, &submission);
    if (hy_violations_any(&v))
        return v.count ? HY_E_INVALID : HY_E_NOMEM;
    submit.admit.items = &submission.item;
    submit.admit.count = 1;
    submit.admit.arena = &stage.arena;
    submit.arg = &result;
    hy_engine_submit(stage.world.engine, &submit);
    world_settle(&stage.world);
    s->id = submission.message.id;
    return result == 0 && submission.item.admission > HY_ADMITTED_BEFORE ? HY_E_CONFLICT : result;
}

static int cancel(void *arg)
{
    const struct sending *s = arg;
    int result = 1;
    struct hy_cancel c = {.op = {.done = stage_op_done, .arg = &result}, .message_id = s->id};

    hy_engine_cancel(stage.world.engine, &c);
    world_settle(&stage.world);
    return result == HY_E_CONFLICT && c.state == HY_MESSAGE_CANCELED ? 0 : result;
}

static void schedule_done(struct hy_schedule_change *change, void *arg)
{
    *(int *)arg = change->op.result;
}

static int put_schedule(void *arg)
{
    struct hy_schedule_change change = {.done = schedule_done};
    struct hy_violations v;
    int result = 1;
    HY_JSON_SCOPED json_t *message = message_of(arg);
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "app", STAGE_APP, "name", "daily", "cron",
                  "8 0 * * *", "timezone", "UTC", "misfire", "once", "message", message);

    hy_violations_init(&v, &stage.arena);
    memset(&change.put.schedule, 0, sizeof change.put.schedule);
    hy_engine_schedule_read(stage.world.engine, body, NULL, &v, &change.put);
    if (hy_violations_any(&v))
        return HY_E_INVALID;
    change.arg = &result;
    hy_engine_schedule_put(stage.world.engine, &change);
    world_settle(&stage.world);
    return result;
}

/* --- the platform's event --------------------------------------------------------------------- */

struct push {
    char timestamp[24], signature[41], body[600];
};

static const char *query_of(void *self, const char *name)
{
    const struct push *p = self;

    if (strcmp(name, "timestamp") == 0)
        return p->timestamp;
    if (strcmp(name, "nonce") == 0)
        return "nonce";
    return strcmp(name, "signature") == 0 ? p->signature : NULL;
}

static void callback_done(struct hy_callback_run *run, void *arg)
{
    *(int *)arg = run->hear.op.result;
}

/* The message of `user` arrived. */
static int push_sent_event(void *arg)
{
    struct push *p = arg;
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(stage.world.engine, STAGE_APP);
    struct hy_callback_run run = {.done = callback_done};
    struct hy_callback_ask ask = {.method = "POST",
                                  .query = query_of,
                                  .self = p,
                                  .body = p->body,
                                  .body_size = strlen(p->body)};
    char text[128];
    int result = 1;

    snprintf(p->timestamp, sizeof p->timestamp, "%lld", (long long)(world_now_ms() / 1000));
    snprintf(text, sizeof text, "%s%s%s", p->timestamp, STAGE_CALLBACK_TOKEN, "nonce");
    hy_digest_sha1_hex(text, strlen(text), p->signature);
    run.arg = &result;
    if (!app || hy_engine_callback(stage.world.engine, app, &ask, &stage.arena, &run))
        return HY_E_INVALID;
    world_settle(&stage.world);
    return result;
}

static void write_sent_event(struct push *p, int user)
{
    snprintf(p->body, sizeof p->body,
             "{\"ToUserName\":\"gh_1\",\"FromUserName\":\"%s\",\"CreateTime\":%lld,\"MsgType\":"
             "\"event\",\"Event\":\"subscribe_msg_sent_event\",\"List\":{\"TemplateId\":\"%s\","
             "\"MsgID\":\"0\",\"ErrorCode\":\"0\",\"ErrorStatus\":\"success\"}}",
             stage_user(user), (long long)(world_now_ms() / 1000), new_template);
}

/* --- the life --------------------------------------------------------------------------------- */

static struct sending sendings[MARKERS];
static const struct {
    int marker, user;
    bool fresh; /* by the new kind of template */
    enum hy_message_state ends;
    int cards;
} cast[] = {
    {1, 1, false, HY_MESSAGE_SENT, 1},     /* all goes well */
    {2, 1, false, HY_MESSAGE_SENT, 1},     /* behind the first one; its first try does not leave */
    {3, 3, true, HY_MESSAGE_DELIVERED, 1}, /* its answer is lost, the event tells */
    {4, 4, false, HY_MESSAGE_SENT, 1},     /* waits for a permission */
    {5, 5, false, HY_MESSAGE_EXPIRED, 0},  /* in vain */
    {6, 6, false, HY_MESSAGE_SENT, 1},     /* the program dies meanwhile */
    {7, 7, false, HY_MESSAGE_CANCELED, 0},
};

static bool m3_was_sent(void)
{
    return platform.requests[3] > 0;
}

static bool m6_was_sent(void)
{
    return platform.requests[6] > 0;
}

static void begin_life(void)
{
    static struct stage_deposit deposits[] = {{1, 1}, {1, 2}, {6, 6}, {8, 8}};
    int three = 3, result = stage_keep_at("app", stage_put_app, NULL);
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;

    app = hy_engine_app(stage.world.engine, STAGE_APP);
    if (!app) {
        stage_complain("an app that was put (%s) is not known",
                       hy_err_text(result < 0 ? result : 0));
        return;
    }
    sendings[SCHEDULED] = (struct sending){
        .marker = SCHEDULED, .user = 8, .template_id = old_template, .field = "keyword1"};
    stage_keep_at("schedule", put_schedule, &sendings[SCHEDULED]);
    for (size_t i = 0; i < sizeof deposits / sizeof deposits[0]; i++)
        stage_keep_at("deposit", stage_put_receipt, &deposits[i]);
    stage_keep_at("accept", accept_once, &three);
}

static void send_all(void)
{
    for (size_t i = 0; i < sizeof cast / sizeof cast[0]; i++) {
        struct sending *s = &sendings[cast[i].marker];

        *s = (struct sending){.marker = cast[i].marker,
                              .user = cast[i].user,
                              .template_id = cast[i].fresh ? new_template : old_template,
                              .field = cast[i].fresh ? "thing1" : "keyword1"};
        if (s->marker == 5)
            s->expires_at_s = world_now_ms() / 1000 + 600;
        if (s->marker == 7)
            s->send_at_s = world_now_ms() / 1000 + 86400;
        stage_keep_at("send", send_message, s);
    }
}

static void live(void)
{
    static struct stage_deposit late = {4, 4};
    struct push push;

    begin_life();
    if (stage.fault_text[0])
        return;
    send_all();
    stage_pass(10000);
    stage_wait_until("m3 was sent", m3_was_sent);
    write_sent_event(&push, 3);
    stage_keep_at("event", push_sent_event, &push);
    stage_keep_at("deposit", stage_put_receipt, &late);
    stage_keep_at("cancel", cancel, &sendings[7]);
    stage_wait_until("m6 was sent", m6_was_sent);
    platform.crashed = true;
    world_crash(&stage.world, 0);
    while (world_now_ms() - stage.world.started_ms < 780000)
        stage_pass(10000);
    world_jump(&stage.world, 6900000); /* the token is old */
    stage_pass(10000);
    world_jump(&stage.world, stage.world.started_ms + 19 * 3600000LL + 1770000 - world_now_ms());
    stage_pass(60000); /* the janitor */
    stage_outlast();
}

/* --- the judge -------------------------------------------------------------------------------- */

static void judge_message(int marker, enum hy_message_state ends)
{
    struct hy_message_get get = {
        .op.verb = HY_VERB_MESSAGE_GET, .message_id = sendings[marker].id, .arena = &stage.arena};
    int result = hy_store_run(stage.world.store, &get.op);

    if (result)
        stage_complain("m%d was accepted: %s", marker, hy_err_text(result));
    else if (get.message.state != ends)
        stage_complain("m%d is %s (%s), should be %s", marker,
                       hy_message_state_names[get.message.state],
                       get.message.reason ? get.message.reason : "-", hy_message_state_names[ends]);
    else if (get.message.attempt_count < platform.requests[marker])
        stage_complain("m%d has %d attempts on record and %d requests came", marker,
                       (int)get.message.attempt_count, platform.requests[marker]);
}

static void judge_numbers(void)
{
    struct hy_message_list list = {
        .op.verb = HY_VERB_MESSAGE_LIST, .state = -1, .limit = 1000, .arena = &stage.arena};

    if (hy_store_run(stage.world.store, &list.op) || list.count != sizeof cast / sizeof cast[0] + 1)
        stage_complain("%zu messages", list.count);
    if (platform.cards[SCHEDULED] != 1)
        stage_complain("the schedule sent %d times", platform.cards[SCHEDULED]);
    for (int i = 0; i < MARKERS; i++) {
        if (platform.receipts[i] > 1)
            stage_complain("receipt f%d was used %d times", i, platform.receipts[i]);
    }
    if (stage.tokens > 12)
        stage_complain("%d tokens were fetched", stage.tokens);
}

static void judge(void)
{
    for (size_t i = 0; i < sizeof cast / sizeof cast[0]; i++) {
        if (platform.cards[cast[i].marker] != cast[i].cards)
            stage_complain("m%d is on the phone %d times", cast[i].marker,
                           platform.cards[cast[i].marker]);
        judge_message(cast[i].marker, cast[i].ends);
    }
    judge_numbers();
}

bool life_play(const char *path, const struct fault *fault, char *ret_fault, size_t size)
{
    static const struct stage_life life = {serve_platform, live, judge};

    memset(&platform, 0, sizeof platform);
    memset(sendings, 0, sizeof sendings);
    return stage_play(&life, path, fault, ret_fault, size);
}
