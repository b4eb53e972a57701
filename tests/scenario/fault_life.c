#include "fault_life.h"

#include "base/err.h"
#include "crypto/digest.h"
#include "engine/callbacks.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 60, RETRY_MS = 10000, TROUBLE_MS = 150000 };

static const char app_id[] = "wx0000000000000001";
static const char callback_token[] = "a_token_of_scenarios";
static const char old_template[] = "TemplateTemplateTemplateTemplateTemplate__o";
static const char new_template[] = "TemplateTemplateTemplateTemplateTemplate__n";

static struct world world;
static struct hy_arena arena;
static char *fault_text;
static size_t fault_size;
static int64_t struck_at_ms;

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
    va_list args;

    if (fault_text[0])
        return; /* the first one says most */
    va_start(args, format);
    vsnprintf(fault_text, fault_size, format, args);
    va_end(args);
}

/* --- the platform ----------------------------------------------------------------------------- */

/* What became of each message, by the marker in its text; the last is the schedule's. */
enum { MARKERS = 9, SCHEDULED = 8 };

static struct {
    int requests[MARKERS], cards[MARKERS];
    int receipts[MARKERS]; /* times that a form_id was good; the receipt of m4 is f4 */
    int tokens;
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
    struct world_request *r = &world.requests[i];
    int marker = number_behind(r->body, "\"value\":\"m");
    int receipt = number_behind(r->body, "\"form_id\":\"f");
    bool first = !r->seen && platform.requests[marker]++ == 0;

    r->seen = true;
    if (marker == 2 && first) {
        world_answer(&world, i, HY_HTTP_NOT_SENT, 0, "connection refused");
    } else if (used_up(receipt) && !(marker == 6 && !platform.crashed)) {
        world_answer(&world, i, HY_HTTP_ANSWERED, 200, "{\"errcode\":41029,\"errmsg\":\"used\"}");
    } else if (marker == 6 && !platform.crashed) {
        if (first)
            carry_out(marker, receipt); /* and the program dies before the answer comes */
    } else {
        carry_out(marker, receipt);
        if (marker == 3 && first)
            world_answer(&world, i, HY_HTTP_NO_ANSWER, 0, "closed without an answer");
        else
            world_answer(&world, i, HY_HTTP_ANSWERED, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}");
    }
}

static void answer_token(size_t i)
{
    char body[80];

    snprintf(body, sizeof body, "{\"access_token\":\"T%d\",\"expires_in\":7200}",
             ++platform.tokens);
    world_answer(&world, i, HY_HTTP_ANSWERED, 200, body);
}

static void serve_platform(void)
{
    for (size_t i = world.request_count; i-- > 0;) {
        if (strstr(world.requests[i].url, "/cgi-bin/stable_token"))
            answer_token(i);
        else
            answer_send(i);
    }
}

/* --- time ------------------------------------------------------------------------------------- */

static void heal_in_time(void)
{
    if (faulty_struck() && struck_at_ms == 0)
        struck_at_ms = world_now_ms();
    if (struck_at_ms && world_now_ms() - struck_at_ms >= TROUBLE_MS)
        faulty_lift();
}

static void pass(int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        world_advance(&world, 1000);
        serve_platform();
        heal_in_time();
    }
}

static bool is_trouble(int result)
{
    return result == HY_E_IO || result == HY_E_FULL || result == HY_E_CORRUPT ||
           result == HY_E_NOMEM || result == HY_E_BUSY || result == HY_E_UNCERTAIN;
}

static bool start_again(struct world *w, int err)
{
    (void)w;
    world_sleep(RETRY_MS);
    heal_in_time();
    return is_trouble(err);
}

/* A caller who repeats what was refused for now; the last result. */
static int keep_at(const char *what, int (*once)(void *arg), void *arg)
{
    int result = HY_E_IO;

    for (int i = 0; i < TRIES_MAX && is_trouble(result); i++) {
        result = once(arg);
        heal_in_time();
        if (is_trouble(result))
            pass(RETRY_MS);
    }
    if (result < 0 && result != HY_E_EXISTS)
        complain("%s: %s", what, hy_err_text(result));
    return result;
}

/* --- callers ---------------------------------------------------------------------------------- */

static void change_done(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

static int put_app(void *arg)
{
    struct hy_app_change change = {.done = change_done};
    struct hy_violations v;
    int result = 1;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s}", "id", app_id, "secret", "0123456789abcdef0123456789abcdef",
                  "callback_token", callback_token);

    (void)arg;
    hy_violations_init(&v, &arena);
    change.arg = &result;
    if (hy_engine_app_change(world.engine, NULL, body, &v, &change))
        return HY_E_EXISTS; /* the only fault that it may have now */
    world_settle(&world);
    return result;
}

static const char *user_of(int n)
{
    return hy_arena_printf(&arena, "oScenarioScenarioScenario_u%d", n);
}

static void report_done(struct hy_report *report, void *arg)
{
    *(int *)arg = report->deposit.op.result;
}

static int report(json_t *body)
{
    struct hy_report r = {.done = report_done};
    struct hy_violations v;
    int result = 1;

    hy_violations_init(&v, &arena);
    r.arg = &result;
    if (hy_engine_report(world.engine, body, &v, &r))
        return HY_E_INVALID;
    world_settle(&world);
    return r.refused_count ? HY_E_DENIED : result;
}

struct deposit {
    int user, receipt;
};

static int deposit(void *arg)
{
    const struct deposit *d = arg;
    char credential[8];
    HY_JSON_SCOPED json_t *body = NULL;

    snprintf(credential, sizeof credential, "f%d", d->receipt);
    body = json_pack("{s:s, s:s, s:s, s:s}", "app", app_id, "user", user_of(d->user), "kind",
                     "form_id", "credential", credential);
    return report(body);
}

static int accept_once(void *arg)
{
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "app", app_id, "user", user_of(*(int *)arg), "kind",
                  "once", "template", new_template, "report_id", "r1");

    return report(body);
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
    return json_pack("{s:s, s:s, s:{s:s}, s:s}", "user", user_of(s->user), "template",
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
    hy_violations_init(&v, &arena);
    hy_engine_prepare(world.engine, body, key, app_id, &v, &submission);
    if (hy_violations_any(&v))
        return v.count ? HY_E_INVALID : HY_E_NOMEM;
    submit.admit.items = &submission.item;
    submit.admit.count = 1;
    submit.admit.arena = &arena;
    submit.arg = &result;
    hy_engine_submit(world.engine, &submit);
    world_settle(&world);
    s->id = submission.message.id;
    return result == 0 && submission.item.admission > HY_ADMITTED_BEFORE ? HY_E_CONFLICT : result;
}

static void verb_done(struct hy_op *op, void *arg)
{
    *(int *)arg = op->result;
}

static int cancel(void *arg)
{
    const struct sending *s = arg;
    int result = 1;
    struct hy_cancel c = {.op = {.done = verb_done, .arg = &result}, .message_id = s->id};

    hy_engine_cancel(world.engine, &c);
    world_settle(&world);
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
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "app", app_id, "name", "daily", "cron",
                  "8 0 * * *", "timezone", "UTC", "misfire", "once", "message", message);

    hy_violations_init(&v, &arena);
    memset(&change.put.schedule, 0, sizeof change.put.schedule);
    hy_engine_schedule_read(world.engine, body, NULL, &v, &change.put);
    if (hy_violations_any(&v))
        return HY_E_INVALID;
    change.arg = &result;
    hy_engine_schedule_put(world.engine, &change);
    world_settle(&world);
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
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(world.engine, app_id);
    struct hy_callback_run run = {.done = callback_done};
    struct hy_callback_ask ask = {.method = "POST",
                                  .query = query_of,
                                  .self = p,
                                  .body = p->body,
                                  .body_size = strlen(p->body)};
    char text[128];
    int result = 1;

    snprintf(p->timestamp, sizeof p->timestamp, "%lld", (long long)(world_now_ms() / 1000));
    snprintf(text, sizeof text, "%s%s%s", p->timestamp, callback_token, "nonce");
    hy_digest_sha1_hex(text, strlen(text), p->signature);
    run.arg = &result;
    if (!app || hy_engine_callback(world.engine, app, &ask, &arena, &run))
        return HY_E_INVALID;
    world_settle(&world);
    return result;
}

static void write_sent_event(struct push *p, int user)
{
    snprintf(p->body, sizeof p->body,
             "{\"ToUserName\":\"gh_1\",\"FromUserName\":\"%s\",\"CreateTime\":%lld,\"MsgType\":"
             "\"event\",\"Event\":\"subscribe_msg_sent_event\",\"List\":{\"TemplateId\":\"%s\","
             "\"MsgID\":\"0\",\"ErrorCode\":\"0\",\"ErrorStatus\":\"success\"}}",
             user_of(user), (long long)(world_now_ms() / 1000), new_template);
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

static void wait_for(const char *what, const int *count)
{
    for (int i = 0; i < 600 && *count == 0; i++)
        pass(1000);
    if (*count == 0)
        complain("not within ten minutes: %s", what);
}

static void begin_life(void)
{
    static struct deposit deposits[] = {{1, 1}, {1, 2}, {6, 6}, {8, 8}};
    int three = 3, result = keep_at("app", put_app, NULL);
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;

    app = hy_engine_app(world.engine, app_id);
    if (!app) {
        complain("an app that was put (%s) is not known", hy_err_text(result < 0 ? result : 0));
        return;
    }
    sendings[SCHEDULED] = (struct sending){
        .marker = SCHEDULED, .user = 8, .template_id = old_template, .field = "keyword1"};
    keep_at("schedule", put_schedule, &sendings[SCHEDULED]);
    for (size_t i = 0; i < sizeof deposits / sizeof deposits[0]; i++)
        keep_at("deposit", deposit, &deposits[i]);
    keep_at("accept", accept_once, &three);
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
        keep_at("send", send_message, s);
    }
}

static void live(void)
{
    static struct deposit late = {4, 4};
    struct push push;

    begin_life();
    if (fault_text[0])
        return;
    send_all();
    pass(10000);
    wait_for("m3 was sent", &platform.requests[3]);
    write_sent_event(&push, 3);
    keep_at("event", push_sent_event, &push);
    keep_at("deposit", deposit, &late);
    keep_at("cancel", cancel, &sendings[7]);
    wait_for("m6 was sent", &platform.requests[6]);
    platform.crashed = true;
    world_crash(&world, 0);
    while (world_now_ms() - world.started_ms < 780000)
        pass(10000);
    world_jump(&world, 6900000); /* the token is old */
    pass(10000);
    world_jump(&world, world.started_ms + 19 * 3600000LL + 1770000 - world_now_ms());
    pass(60000); /* the janitor */
    for (int i = 0; struck_at_ms && world_now_ms() - struck_at_ms < TROUBLE_MS && i < 600; i++)
        pass(1000);
    faulty_lift();
    pass(200000);
}

/* --- the judge -------------------------------------------------------------------------------- */

static void judge_message(int marker, enum hy_message_state ends)
{
    struct hy_message_get get = {
        .op.verb = HY_VERB_MESSAGE_GET, .message_id = sendings[marker].id, .arena = &arena};
    int result = hy_store_run(world.store, &get.op);

    if (result)
        complain("m%d was accepted: %s", marker, hy_err_text(result));
    else if (get.message.state != ends)
        complain("m%d is %s (%s), should be %s", marker, hy_message_state_names[get.message.state],
                 get.message.reason ? get.message.reason : "-", hy_message_state_names[ends]);
    else if (get.message.attempt_count < platform.requests[marker])
        complain("m%d has %d attempts on record and %d requests came", marker,
                 (int)get.message.attempt_count, platform.requests[marker]);
}

static void judge_numbers(void)
{
    struct hy_message_list list = {
        .op.verb = HY_VERB_MESSAGE_LIST, .state = -1, .limit = 1000, .arena = &arena};

    if (hy_store_run(world.store, &list.op) || list.count != sizeof cast / sizeof cast[0] + 1)
        complain("%zu messages", list.count);
    if (platform.cards[SCHEDULED] != 1)
        complain("the schedule sent %d times", platform.cards[SCHEDULED]);
    for (int i = 0; i < MARKERS; i++) {
        if (platform.receipts[i] > 1)
            complain("receipt f%d was used %d times", i, platform.receipts[i]);
    }
    if (platform.tokens > 12)
        complain("%d tokens were fetched", platform.tokens);
}

static void judge_store(void)
{
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &arena};

    if (hy_store_run(world.store, &check.op))
        complain("check: %s", check.count ? check.findings[0] : "damaged");
}

static void judge(void)
{
    for (size_t i = 0; i < sizeof cast / sizeof cast[0]; i++) {
        if (platform.cards[cast[i].marker] != cast[i].cards)
            complain("m%d is on the phone %d times", cast[i].marker,
                     platform.cards[cast[i].marker]);
        judge_message(cast[i].marker, cast[i].ends);
    }
    judge_numbers();
    judge_store();
    if (!hy_engine_idle(world.engine))
        complain("the engine is not idle");
}

bool life_play(const char *path, const struct fault *fault, char *ret_fault, size_t size)
{
    static const struct fault none = {.step = 0};

    fault_text = ret_fault;
    fault_size = size;
    fault_text[0] = 0;
    struck_at_ms = 0;
    memset(&platform, 0, sizeof platform);
    memset(sendings, 0, sizeof sendings);
    hy_arena_init(&arena);
    faulty_plan(&none);
    world_start_on(&world, faulty_store(), path, start_again);
    faulty_plan(fault);
    live();
    if (!fault_text[0])
        judge();
    faulty_lift();
    world_stop(&world);
    hy_arena_deinit(&arena);
    return !fault_text[0];
}
