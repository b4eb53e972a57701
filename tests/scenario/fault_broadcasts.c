#include "fault_broadcasts.h"

#include "base/err.h"
#include "engine/broadcasts.h"
#include "engine/webhooks.h"
#include "trouble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 30, SCHEDULED = 3, CANCELED = 400, USERS = LISTED + SCHEDULED };

static const char app_id[] = "wx0000000000000001";
static const char template_id[] = "TemplateTemplateTemplateTemplateTemplate__o";
static const char hook_url[] = "https://hooks.example.com/told";

/* What there is on the phones of the users, and what the endpoint was told of each: of the list 1 to 30,
 * of the schedule 31 to 33. Those of the canceled one have numbers above. */
static int cards[USERS + CANCELED + 1], told[USERS + CANCELED + 1];

/* --- the other sides -------------------------------------------------------------------------- */

static const char *user_of(int n)
{
    return hy_arena_printf(&trouble_arena, "oScenarioScenarioScenario_u%d", n);
}

static int number_of_user(const char *body)
{
    const char *at = strstr(body, "Scenario_u");
    int n = at ? atoi(at + strlen("Scenario_u")) : 0;

    return n >= 0 && n <= USERS + CANCELED ? n : 0;
}

static void answer(struct world *w, size_t i)
{
    const struct world_request *r = &w->requests[i];
    const char *body = "{\"errcode\":0,\"errmsg\":\"ok\"}";
    int user = number_of_user(r->body);

    if (strstr(r->url, "/cgi-bin/stable_token"))
        body = "{\"access_token\":\"T1\",\"expires_in\":7200}";
    else if (strstr(r->url, "quota/get"))
        body = "{\"errcode\":0,\"quota\":{\"daily_limit\":9000,\"used\":0,\"remain\":9000}}";
    else if (strcmp(r->url, hook_url) == 0)
        told[user] += strstr(r->body, "message.sent") != NULL;
    else
        cards[user]++;
    world_answer(w, i, HY_HTTP_ANSWERED, 200, body);
}

static void serve(struct world *w)
{
    for (size_t i = w->request_count; i-- > 0;)
        answer(w, i);
}

/* --- callers ---------------------------------------------------------------------------------- */

static void app_done(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

static int put_app(void *arg)
{
    int result = 1;
    struct hy_app_change change = {.done = app_done, .arg = &result};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s}", "id", app_id, "secret", "0123456789abcdef0123456789abcdef");

    (void)arg;
    hy_violations_init(&v, &trouble_arena);
    if (hy_engine_app_change(trouble_world.engine, NULL, body, &v, &change))
        return HY_E_EXISTS; /* the only fault that it may have now */
    world_settle(&trouble_world);
    return result;
}

static void hook_done(struct hy_webhook_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

static size_t hooks(void)
{
    struct hy_webhooks list = {.op.verb = HY_VERB_WEBHOOKS, .arena = &trouble_arena};

    return hy_store_run(trouble_world.store, &list.op) ? 0 : list.count;
}

static int put_hook(void *arg)
{
    int result = 1;
    struct hy_webhook_change change = {.done = hook_done, .arg = &result};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:[s]}", "url", hook_url, "events", "message.sent");

    (void)arg;
    if (hooks() > 0)
        return 0;
    hy_violations_init(&v, &trouble_arena);
    if (hy_engine_webhook_put(trouble_world.engine, body, NULL, &v, &change))
        return HY_E_INVALID;
    world_settle(&trouble_world);
    return result;
}

static json_t *body_of(int first, int count)
{
    json_t *users = json_array();

    for (int i = first; i < first + count; i++)
        json_array_append_new(users, json_string(user_of(i)));
    return json_pack("{s:s, s:{s:s}, s:s, s:{s:o}}", "template", template_id, "data", "keyword1",
                     "hello", "on_missing", "try", "audience", "users", users);
}

struct sending {
    const char *name;
    int first, count, rate_per_s;
    int64_t id; /* out */
};

/* Null: there is none. */
static const struct hy_broadcast *find(const char *name)
{
    struct hy_broadcasts list = {
        .op.verb = HY_VERB_BROADCASTS, .limit = 10, .arena = &trouble_arena};

    if (hy_store_run(trouble_world.store, &list.op))
        return NULL;
    for (size_t i = 0; i < list.count; i++) {
        if (strncmp(list.broadcasts[i].name, name, strlen(name)) == 0)
            return &list.broadcasts[i];
    }
    return NULL;
}

static void verb_done(struct hy_op *op, void *arg)
{
    *(int *)arg = op->result;
}

static int start(void *arg)
{
    struct sending *s = arg;
    int result = 1;
    struct hy_broadcast_put put = {.op = {.done = verb_done, .arg = &result}};
    struct hy_broadcast_draft draft;
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = body_of(s->first, s->count);
    const struct hy_broadcast *there = find(s->name);

    if (there) {
        s->id = there->id;
        return 0;
    }
    json_object_set_new(body, "name", json_string(s->name));
    if (s->rate_per_s)
        json_object_set_new(body, "rate_per_s", json_integer(s->rate_per_s));
    hy_violations_init(&v, &trouble_arena);
    hy_engine_broadcast_prepare(trouble_world.engine, body, NULL, app_id, &v, &draft);
    if (hy_violations_any(&v))
        return v.count ? HY_E_INVALID : HY_E_NOMEM;
    put.make = draft.make;
    hy_engine_broadcast_create(trouble_world.engine, &put);
    world_settle(&trouble_world);
    s->id = put.make.broadcast.id;
    return result;
}

static void schedule_done(struct hy_schedule_change *change, void *arg)
{
    *(int *)arg = change->op.result;
}

static int put_schedule(void *arg)
{
    int result = 1;
    struct hy_schedule_change change = {.done = schedule_done, .arg = &result};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o}", "app", app_id, "name", "daily", "cron", "30 0 * * *",
        "timezone", "UTC", "misfire", "once", "broadcast", body_of(LISTED + 1, SCHEDULED));

    (void)arg;
    hy_violations_init(&v, &trouble_arena);
    hy_engine_schedule_read(trouble_world.engine, body, NULL, &v, &change.put);
    if (hy_violations_any(&v))
        return HY_E_INVALID;
    hy_engine_schedule_put(trouble_world.engine, &change);
    world_settle(&trouble_world);
    return result;
}

struct moving {
    const struct sending *which;
    enum hy_broadcast_state to;
};

static int move(void *arg)
{
    const struct moving *m = arg;
    int result = 1;
    struct hy_broadcast_move verb = {.op = {.done = verb_done, .arg = &result},
                                     .broadcast_id = m->which->id,
                                     .to = m->to,
                                     .reason = m->to == HY_BROADCAST_PAUSED ? "operator" : NULL};

    hy_engine_broadcast_move(trouble_world.engine, &verb);
    world_settle(&trouble_world);
    return result == HY_E_CONFLICT ? 0 : result; /* it is so already, or over */
}

/* --- the life --------------------------------------------------------------------------------- */

static struct sending list, canceled;

static void live(void)
{
    static struct moving pause = {&list, HY_BROADCAST_PAUSED};
    static struct moving resume = {&list, HY_BROADCAST_RUNNING};
    static struct moving cancel = {&canceled, HY_BROADCAST_CANCELED};

    trouble_keep_at("app", put_app, NULL);
    trouble_keep_at("webhook", put_hook, NULL);
    trouble_keep_at("schedule", put_schedule, NULL);
    trouble_pass(5000);
    trouble_keep_at("list", start, &list);
    trouble_pass(1000);
    trouble_keep_at("pause", move, &pause);
    trouble_pass(5000);
    trouble_keep_at("resume", move, &resume);
    trouble_keep_at("canceled", start, &canceled);
    trouble_keep_at("cancel", move, &cancel);
    while (world_now_ms() - trouble_world.started_ms < 1860000)
        trouble_pass(10000);
    trouble_sit_out();
    trouble_pass(600000); /* what was tried in vain rests the longer */
}

/* --- the judge -------------------------------------------------------------------------------- */

static void judge_broadcast(const char *name, enum hy_broadcast_state state, int64_t total)
{
    const struct hy_broadcast *b = find(name);

    if (!b)
        trouble_complain("there is no broadcast %s", name);
    else if (b->state != state || b->winding_up)
        trouble_complain("%s is %s%s", name, hy_broadcast_state_names[b->state],
                         b->winding_up ? ", winding up" : "");
    else if (b->total != total)
        trouble_complain("%s counts %lld users", name, (long long)b->total);
    else if (state == HY_BROADCAST_DONE && b->messages[HY_MESSAGE_SENT] != total)
        trouble_complain("%s counts %lld as sent", name, (long long)b->messages[HY_MESSAGE_SENT]);
}

static void judge(void)
{
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &trouble_arena};

    for (int i = 1; i <= USERS + CANCELED; i++) {
        if (i <= USERS ? cards[i] != 1 : cards[i] > 1)
            trouble_complain("user %d has %d cards", i, cards[i]);
        if (told[i] < cards[i])
            trouble_complain("the endpoint was told %d times of user %d", told[i], i);
    }
    judge_broadcast(list.name, HY_BROADCAST_DONE, LISTED);
    judge_broadcast("daily", HY_BROADCAST_DONE, SCHEDULED);
    judge_broadcast(canceled.name, HY_BROADCAST_CANCELED, CANCELED);
    if (hy_store_run(trouble_world.store, &check.op))
        trouble_complain("check: %s", check.count ? check.findings[0] : "damaged");
    if (!hy_engine_idle(trouble_world.engine))
        trouble_complain("the engine is not idle");
}

bool broadcasts_play(const char *path, const struct fault *fault, char *ret_fault, size_t size)
{
    memset(cards, 0, sizeof cards);
    memset(told, 0, sizeof told);
    list = (struct sending){.name = "list", .first = 1, .count = LISTED};
    canceled = (struct sending){
        .name = "canceled", .first = USERS + 1, .count = CANCELED, .rate_per_s = 1};
    trouble_begin(path, fault, serve, ret_fault, size);
    live();
    if (!trouble_complained())
        judge();
    return trouble_end();
}
