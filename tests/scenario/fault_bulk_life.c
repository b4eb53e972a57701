/*
 * A life of what comes in numbers: broadcasts to a list and to the ledger's reach, one that is canceled,
 * outcomes told to a backend, messages that are sent again by hand, a pause, and the nights that delete
 * it all. See fault_life.h.
 */
#include "fault_life.h"

#include "base/err.h"
#include "engine/broadcasts.h"
#include "engine/webhooks.h"
#include "fault_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Users 1 to 8 are on the list; 7 and 8 have no permission. The platform refuses the first message to
 * 5 and to 6. Users 1 to 3 get a second form_id, and so are the reach. */
enum { LISTED = 8, PERMITTED = 6, REACHED = 3, USERS = LISTED + 1, FIRST_BAD = 5 };

static const char hook_url[] = "https://hooks.example.com/hongyan";

static struct {
    int requests[USERS], cards[USERS], receipts[32];
    int told_sent, told_failed, told_events;
} platform;
static int64_t list_id, reach_id, canceled_id;

/* --- the platform and the backend ------------------------------------------------------------- */

static int number_behind(const char *text, const char *what)
{
    const char *at = strstr(text, what);

    return at ? atoi(at + strlen(what)) : 0;
}

static const char *answer_to(const char *body)
{
    int user = number_behind(body, "Scenario_u"), receipt = number_behind(body, "\"form_id\":\"f");

    if (user < 1 || user > LISTED || receipt < 1 || receipt >= 32)
        return "{\"errcode\":40003,\"errmsg\":\"who?\"}";
    if (platform.requests[user]++ == 0 && (user == 5 || user == 6))
        return "{\"errcode\":47003,\"errmsg\":\"argument invalid\"}";
    if (platform.receipts[receipt]++)
        return "{\"errcode\":41029,\"errmsg\":\"used\"}";
    platform.cards[user]++;
    return "{\"errcode\":0,\"errmsg\":\"ok\"}";
}

static void answer_hook(size_t i)
{
    const char *body = stage.world.requests[i].body;

    platform.told_sent += strstr(body, "\"message.sent\"") != NULL;
    platform.told_failed += strstr(body, "\"message.failed\"") != NULL;
    platform.told_events++;
    world_answer(&stage.world, i, HY_HTTP_ANSWERED, 204, "");
}

static void serve(void)
{
    for (size_t i = stage.world.request_count; i-- > 0;) {
        const struct world_request *r = &stage.world.requests[i];

        if (stage_answer_token(i))
            continue;
        if (strstr(r->url, "hooks.example.com"))
            answer_hook(i);
        else if (strstr(r->url, "/quota/get"))
            world_answer(&stage.world, i, HY_HTTP_ANSWERED, 200,
                         "{\"errcode\":0,\"quota\":{\"daily_limit\":1000,\"used\":0,"
                         "\"remain\":1000}}");
        else
            world_answer(&stage.world, i, HY_HTTP_ANSWERED, 200, answer_to(r->body));
    }
}

/* --- callers: webhooks ------------------------------------------------------------------------ */

static int hooks(size_t *ret_count, int64_t *ret_id)
{
    struct hy_webhooks list = {
        .op.verb = HY_VERB_WEBHOOKS, .count_pending = true, .arena = &stage.arena};
    int result = hy_store_run(stage.world.store, &list.op);

    *ret_count = list.count;
    *ret_id = list.count ? list.webhooks[0].id : 0;
    return result;
}

static void hook_done(struct hy_webhook_change *change, void *arg)
{
    *(int *)arg = change->op.result;
}

/* Has no key: who is not sure looks first. */
static int put_hook(void *none)
{
    struct hy_webhook_change change = {.done = hook_done};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:[s,s]}", "url", hook_url, "events", "message.sent", "message.failed");
    int64_t id;
    size_t count;
    int result = hooks(&count, &id);

    (void)none;
    if (result || count)
        return result;
    result = 1;
    change.arg = &result;
    hy_violations_init(&v, &stage.arena);
    if (hy_engine_webhook_put(stage.world.engine, body, NULL, &v, &change))
        return hy_violations_any(&v) ? HY_E_INVALID : HY_E_NOMEM;
    world_settle(&stage.world);
    return result;
}

static int delete_hook(void *none)
{
    struct hy_webhook_change change = {.done = hook_done};
    int64_t id;
    size_t count;
    int result = hooks(&count, &id);

    (void)none;
    if (result || !count)
        return result;
    result = 1;
    change.arg = &result;
    hy_engine_webhook_delete(stage.world.engine, id, &change);
    world_settle(&stage.world);
    return result == HY_E_NOT_FOUND ? 0 : result;
}

/* --- callers: broadcasts ---------------------------------------------------------------------- */

struct making {
    const char *key;
    bool reach;
    int64_t *ret_id;
};

static int make_broadcast(void *arg)
{
    const struct making *m = arg;
    int result = 1;
    struct hy_broadcast_put put = {.op = {.done = stage_op_done, .arg = &result}};
    struct hy_broadcast_draft draft;
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:{s:s}, s:s, s:i}", "template", STAGE_OLD_TEMPLATE, "data", "keyword1",
                  "hello", "on_missing", "fail", "rate_per_s", 1);

    if (m->reach)
        json_object_set_new(body, "audience", json_pack("{s:b}", "reach", 1));
    hy_violations_init(&v, &stage.arena);
    hy_engine_broadcast_prepare(stage.world.engine, body, m->key, STAGE_APP, &v, &draft);
    if (hy_violations_any(&v))
        return v.count ? HY_E_INVALID : HY_E_NOMEM;
    put.make = draft.make;
    hy_engine_broadcast_create(stage.world.engine, &put);
    world_settle(&stage.world);
    *m->ret_id = put.make.broadcast.id;
    return result == 0 && put.make.admission > HY_ADMITTED_BEFORE ? HY_E_CONFLICT : result;
}

static int upload(void *arg)
{
    struct hy_audience_item items[LISTED];
    int result = 1;
    struct hy_audience_add add = {
        .op = {.verb = HY_VERB_AUDIENCE_ADD, .done = stage_op_done, .arg = &result},
        .broadcast_id = *(const int64_t *)arg,
        .items = items,
        .count = LISTED};

    for (int i = 0; i < LISTED; i++)
        items[i] = (struct hy_audience_item){.user = stage_user(i + 1)};
    hy_store_submit(stage.world.store, &add.op);
    world_settle(&stage.world);
    return result;
}

struct moving {
    const int64_t *id;
    enum hy_broadcast_state to;
};

/* One that was moved already says 409, and what it is. */
static int move(void *arg)
{
    const struct moving *m = arg;
    int result = 1;
    struct hy_broadcast_move verb = {
        .op = {.done = stage_op_done, .arg = &result}, .broadcast_id = *m->id, .to = m->to};

    hy_engine_broadcast_move(stage.world.engine, &verb);
    world_settle(&stage.world);
    if (result == HY_E_CONFLICT && (verb.state == m->to || verb.state == HY_BROADCAST_DONE))
        return 0;
    return result;
}

/* --- callers: by hand ------------------------------------------------------------------------- */

static struct hy_message_list failed_ones(const char *reason)
{
    return (struct hy_message_list){.op.verb = HY_VERB_MESSAGE_LIST,
                                    .state = HY_MESSAGE_FAILED,
                                    .reason = reason,
                                    .limit = 100,
                                    .arena = &stage.arena};
}

static int64_t retry_id;

static int retry_first(void *none)
{
    struct hy_message_list list = failed_ones("bad_payload");
    int result = 1;
    struct hy_retry retry = {.op = {.done = stage_op_done, .arg = &result}};
    int err = retry_id ? 0 : hy_store_run(stage.world.store, &list.op);

    (void)none;
    if (err)
        return err;
    if (!retry_id && list.count != PERMITTED - FIRST_BAD + 1)
        stage_complain("%zu messages failed by their payload", list.count);
    else if (!retry_id)
        retry_id = list.messages[0].id;
    if (!retry_id)
        return 0;
    retry.message_id = retry_id;
    hy_engine_retry(stage.world.engine, &retry);
    world_settle(&stage.world);
    return result == HY_E_CONFLICT && retry.state != HY_MESSAGE_FAILED ? 0 : result;
}

static int retry_rest(void *none)
{
    int result = 1;
    struct hy_dead_retry retry = {.op = {.done = stage_op_done, .arg = &result},
                                  .filter = {.state = -1, .reason = "bad_payload"},
                                  .limit = 100};

    (void)none;
    hy_engine_dead_retry(stage.world.engine, &retry);
    world_settle(&stage.world);
    return result;
}

static void pause_done(struct hy_app_pause *pause, void *arg)
{
    *(int *)arg = 0;
    for (size_t i = 0; i < HY_CHANNELS; i++) {
        if (pause->put[i].op.result)
            *(int *)arg = pause->put[i].op.result;
    }
}

/* Anything but null: resumes it. */
static int pause_app(void *resume)
{
    struct hy_app_pause pause = {.done = pause_done};
    int result = 1, err;

    pause.arg = &result;
    err = resume ? hy_engine_app_resume(stage.world.engine, STAGE_APP, &pause)
                 : hy_engine_app_pause(stage.world.engine, STAGE_APP, 0, &pause);
    world_settle(&stage.world);
    return err ? err : result;
}

/* --- the life --------------------------------------------------------------------------------- */

static enum hy_broadcast_state state_of(int64_t id)
{
    struct hy_broadcasts look = {
        .op.verb = HY_VERB_BROADCASTS, .id = id, .limit = 1, .arena = &stage.arena};

    if (hy_store_run(stage.world.store, &look.op) || look.count == 0)
        return HY_BROADCAST_DRAFT;
    return look.broadcasts[0].state;
}

static bool list_is_done(void)
{
    return state_of(list_id) == HY_BROADCAST_DONE;
}

static bool reach_is_done(void)
{
    return state_of(reach_id) == HY_BROADCAST_DONE;
}

static bool all_have_cards(void)
{
    for (int i = 1; i <= PERMITTED; i++) {
        if (platform.cards[i] == 0)
            return false;
    }
    return true;
}

static bool all_is_told(void)
{
    return platform.told_sent >= PERMITTED + REACHED &&
           platform.told_failed >= LISTED - FIRST_BAD + 1;
}

static void permit(int from, int to, int first_receipt)
{
    for (int i = from; i <= to; i++) {
        struct stage_deposit d = {i, first_receipt + i};

        stage_keep_at("deposit", stage_put_receipt, &d);
    }
}

static void send_to_the_list(void)
{
    static struct making list = {"list", false, &list_id};
    static struct moving start = {&list_id, HY_BROADCAST_RUNNING},
                         pause = {&list_id, HY_BROADCAST_PAUSED};

    permit(1, PERMITTED, 0);
    stage_keep_at("make the list", make_broadcast, &list);
    stage_keep_at("upload", upload, &list_id);
    stage_keep_at("start", move, &start);
    stage_pass(3000);
    stage_keep_at("pause", move, &pause);
    stage_pass(3000);
    stage_keep_at("resume", move, &start);
    stage_pass(3000);
    stage_keep_at("pause the app", pause_app, NULL);
    stage_pass(2000);
    world_crash(&stage.world, 0);
    stage_pass(20000);
    if (platform.cards[PERMITTED])
        stage_complain("it was paused before the crash, and sends");
    stage_keep_at("resume the app", pause_app, &platform);
    stage_wait_until("the list is done", list_is_done);
}

static void send_to_the_reach(void)
{
    static struct making reach = {"reach", true, &reach_id};

    permit(1, REACHED, 10);
    stage_keep_at("make the reach", make_broadcast, &reach);
    stage_wait_until("the reach is done", reach_is_done);
}

static void cancel_one(void)
{
    static struct making third = {"third", false, &canceled_id};
    static struct moving cancel = {&canceled_id, HY_BROADCAST_CANCELED};

    stage_keep_at("make the third", make_broadcast, &third);
    stage_keep_at("upload", upload, &canceled_id);
    stage_keep_at("cancel", move, &cancel);
}

static void judge_the_day(void);

static void live(void)
{
    stage_keep_at("app", stage_put_app, NULL);
    stage_keep_at("webhook", put_hook, NULL);
    send_to_the_list();
    if (stage.fault_text[0])
        return;
    stage_keep_at("retry", retry_first, NULL);
    stage_keep_at("retry the rest", retry_rest, NULL);
    stage_wait_until("all have their cards", all_have_cards);
    send_to_the_reach();
    cancel_one();
    stage_wait_until("all is told", all_is_told);
    stage_pass(60000);
    if (stage.fault_text[0])
        return;
    judge_the_day();
    stage_keep_at("delete the webhook", delete_hook, NULL);
    for (int night = 0; night < 3; night++) {
        world_jump(&stage.world, 3 * 86400000LL);
        stage_pass(60000);
    }
    stage_outlast();
    world_jump(&stage.world, 86400000LL);
    stage_pass(60000);
}

/* --- the judge -------------------------------------------------------------------------------- */

static void judge_messages(void)
{
    struct hy_message_list list = {
        .op.verb = HY_VERB_MESSAGE_LIST, .state = -1, .limit = 1000, .arena = &stage.arena};
    size_t sent = 0;

    if (hy_store_run(stage.world.store, &list.op))
        return; /* the fault is there; the next cell looks again */
    for (size_t i = 0; i < list.count; i++)
        sent += list.messages[i].state == HY_MESSAGE_SENT;
    if (list.count != LISTED + REACHED)
        stage_complain("%zu messages were fed for %d users", list.count, LISTED + REACHED);
    if (sent != PERMITTED + REACHED)
        stage_complain("%zu messages are sent", sent);
}

static void judge_the_day(void)
{
    judge_messages();
    for (int i = 1; i <= LISTED; i++) {
        int cards = i <= REACHED ? 2 : i <= PERMITTED ? 1 : 0;

        if (platform.cards[i] != cards)
            stage_complain("u%d has %d cards, should have %d", i, platform.cards[i], cards);
    }
    if (state_of(canceled_id) != HY_BROADCAST_CANCELED)
        stage_complain("the third is not canceled");
}

static void judge(void)
{
    struct hy_message_list messages = {
        .op.verb = HY_VERB_MESSAGE_LIST, .state = -1, .limit = 1000, .arena = &stage.arena};
    struct hy_broadcasts broadcasts = {
        .op.verb = HY_VERB_BROADCASTS, .limit = 10, .arena = &stage.arena};
    struct hy_webhooks webhooks = {.op.verb = HY_VERB_WEBHOOKS, .arena = &stage.arena};

    if (hy_store_run(stage.world.store, &messages.op) || messages.count)
        stage_complain("%zu messages are kept", messages.count);
    if (hy_store_run(stage.world.store, &broadcasts.op) || broadcasts.count)
        stage_complain("%zu broadcasts are kept", broadcasts.count);
    if (hy_store_run(stage.world.store, &webhooks.op) || webhooks.count)
        stage_complain("%zu webhooks are left", webhooks.count);
}

bool life_play(const char *path, const struct fault *fault, char *ret_fault, size_t size)
{
    static const struct stage_life life = {serve, live, judge};

    memset(&platform, 0, sizeof platform);
    list_id = reach_id = canceled_id = retry_id = 0;
    world_keep_s(86400);
    return stage_play(&life, path, fault, ret_fault, size);
}
