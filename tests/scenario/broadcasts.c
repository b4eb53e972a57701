/*
 * broadcasts.c - broadcasts, and a platform that answers many requests.
 */
#include "story.h"

#include "engine/broadcasts.h"

#include <stdlib.h>

enum { NAMES_MAX = 16, USERS_MAX = 4096, WAIT_STEPS_MAX = 600 };

static struct {
    char name[32];
    int64_t id;
} names[NAMES_MAX];
static size_t name_count;

/* Who was answered 0, and how often. */
static struct {
    char user[40];
    int times;
} heard[USERS_MAX];
static size_t heard_count;

void story_broadcasts_forget(void)
{
    name_count = heard_count = 0;
}

static int64_t *broadcast_id(const char *name)
{
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(names[i].name, name) == 0)
            return &names[i].id;
    }
    snprintf(names[name_count].name, sizeof names[0].name, "%s", name);
    names[name_count].id = 0;
    return &names[name_count++].id;
}

static void verb_done(struct hy_op *op, void *arg)
{
    *(bool *)arg = true;
}

/* --- acts ------------------------------------------------------------------------------------- */

/* users=u1,u2 ; many=N: x0001 to xN ; reach=1 ; null: a draft */
static json_t *audience(char **words)
{
    const char *users = story_option(words, "users"), *many = story_option(words, "many");
    json_t *list = json_array();
    char alias[16], copy[512], *rest = NULL;

    if (story_option(words, "reach")) {
        json_decref(list);
        return json_pack("{s:b}", "reach", 1);
    }
    snprintf(copy, sizeof copy, "%s", users ? users : "");
    for (char *one = strtok_r(copy, ",", &rest); one; one = strtok_r(NULL, ",", &rest))
        json_array_append_new(list, json_string(story_openid(one)));
    for (int i = 1; many && i <= atoi(many); i++) {
        snprintf(alias, sizeof alias, "x%05d", i);
        json_array_append_new(list, json_string(story_openid(alias)));
    }
    if (json_array_size(list) > 0)
        return json_pack("{s:o}", "users", list);
    json_decref(list);
    return NULL;
}

static json_t *broadcast_body(char **words)
{
    static const char *const plain[] = {"on_missing", "policy", "tag", "name", "key"};
    const char *template = story_option(words, "template");
    json_t *who = audience(words);
    json_t *body =
        json_pack("{s:s, s:{s:s}}", "template", story_template(template ? template : "t"), "data",
                  "keyword1", "hello");

    if (who)
        json_object_set_new(body, "audience", who);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (story_option(words, plain[i]))
            json_object_set_new(body, plain[i], json_string(story_option(words, plain[i])));
    }
    if (story_option(words, "rate"))
        json_object_set_new(body, "rate_per_s", json_integer(atoi(story_option(words, "rate"))));
    if (story_option(words, "urgent"))
        json_object_set_new(body, "urgent", json_true());
    if (story_option(words, "in"))
        json_object_set_new(
            body, "send_at",
            json_integer((world_now_ms() + story_duration_ms(story_option(words, "in"))) / 1000));
    return body;
}

/* broadcast NAME [users=u1,u2|many=N|reach=1] [in=1h] [rate=N] [urgent=1] [on_missing=..] [policy=..]
 * [key=K] [state=running] [same=NAME] */
static void cmd_broadcast(char **words)
{
    struct hy_broadcast_put put = {.op.done = verb_done};
    struct hy_broadcast_draft draft;
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = broadcast_body(words);
    const char *expect = story_option(words, "state") ? story_option(words, "state") : "running";
    bool done = false;

    hy_violations_init(&v, &story_arena);
    hy_engine_broadcast_prepare(story_world.engine, body, NULL, story_app, &v, &draft);
    if (hy_violations_any(&v))
        FAIL("%s: %s", v.items[0].field, v.items[0].message);
    put.op.arg = &done;
    put.make = draft.make;
    hy_engine_broadcast_create(story_world.engine, &put);
    while (!done && hy_store_pump(story_world.store))
        ;
    if (!done || put.op.result)
        FAIL("broadcast: result %d", put.op.result);
    if (strcmp(hy_broadcast_state_names[put.make.broadcast.state], expect) != 0)
        FAIL("made as %s", hy_broadcast_state_names[put.make.broadcast.state]);
    if (story_option(words, "same") &&
        *broadcast_id(story_option(words, "same")) != put.make.broadcast.id)
        FAIL("another broadcast than %s", story_option(words, "same"));
    *broadcast_id(words[1]) = put.make.broadcast.id;
    world_settle(&story_world);
}

static void read_broadcast(const char *name, struct hy_broadcasts *ret_read)
{
    *ret_read = (struct hy_broadcasts){.op.verb = HY_VERB_BROADCASTS,
                                       .id = *broadcast_id(name),
                                       .limit = 1,
                                       .arena = &story_arena};
    story_read(&ret_read->op);
    if (ret_read->op.result || ret_read->count != 1)
        FAIL("no broadcast %s", name);
}

/* upload NAME USER... [added=N] [duplicates=N] */
static void cmd_upload(char **words)
{
    struct hy_audience_item items[16];
    struct hy_audience_add add = {.op = {.verb = HY_VERB_AUDIENCE_ADD, .done = verb_done},
                                  .broadcast_id = *broadcast_id(words[1]),
                                  .items = items};
    struct hy_broadcasts read;
    struct hy_violations v;
    bool done = false;

    read_broadcast(words[1], &read);
    hy_violations_init(&v, &story_arena);
    for (char **word = words + 2; *word && !strchr(*word, '='); word++) {
        HY_JSON_SCOPED json_t *line = json_pack("{s:s}", "user", story_openid(*word));

        hy_engine_broadcast_line(story_world.engine, &read.broadcasts[0], line, &v,
                                 &items[add.count++]);
    }
    if (hy_violations_any(&v))
        FAIL("%s: %s", v.items[0].field, v.items[0].message);
    add.op.arg = &done;
    hy_store_submit(story_world.store, &add.op);
    world_settle(&story_world);
    if (!done || add.op.result)
        FAIL("upload: result %d", add.op.result);
    if (story_option(words, "added") && add.added != (size_t)atoi(story_option(words, "added")))
        FAIL("%zu added", add.added);
    if (story_option(words, "duplicates") &&
        add.duplicates != (size_t)atoi(story_option(words, "duplicates")))
        FAIL("%zu duplicates", add.duplicates);
}

static enum hy_broadcast_state state_named(const char *name)
{
    int state = 0;

    while (hy_broadcast_state_names[state] && strcmp(hy_broadcast_state_names[state], name) != 0)
        state++;
    if (state == HY_BROADCAST_STATES)
        FAIL("no state %s", name);
    return (enum hy_broadcast_state)state;
}

/* move NAME running|paused|canceled [expect=conflict] */
static void cmd_move(char **words)
{
    struct hy_broadcast_move move = {
        .op.done = verb_done, .broadcast_id = *broadcast_id(words[1]), .to = state_named(words[2])};
    int expect = story_option(words, "expect") ? HY_E_CONFLICT : 0;
    bool done = false;

    move.op.arg = &done;
    move.reason = move.to == HY_BROADCAST_PAUSED ? "operator" : NULL;
    hy_engine_broadcast_move(story_world.engine, &move);
    world_settle(&story_world);
    if (!done || move.op.result != expect)
        FAIL("move: result %d", move.op.result);
}

static void schedule_done(struct hy_schedule_change *change, void *arg)
{
    *(int *)arg = change->op.result;
}

/* schedule-broadcast NAME M H DOM MON DOW users=.. [misfire=..] [max_late=1h] */
static void cmd_schedule(char **words)
{
    struct hy_schedule_change change = {.done = schedule_done};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = json_pack("{s:s, s:s, s:o}", "app", story_app, "name", words[1],
                                            "broadcast", broadcast_body(words));
    char cron[128];
    int result = 1;

    snprintf(cron, sizeof cron, "%s %s %s %s %s", words[2], words[3], words[4], words[5], words[6]);
    json_object_set_new(body, "cron", json_string(cron));
    if (story_option(words, "misfire"))
        json_object_set_new(body, "misfire", json_string(story_option(words, "misfire")));
    if (story_option(words, "max_late"))
        json_object_set_new(
            body, "max_late_s",
            json_integer(story_duration_ms(story_option(words, "max_late")) / 1000));
    hy_violations_init(&v, &story_arena);
    memset(&change.put.schedule, 0, sizeof change.put.schedule);
    hy_engine_schedule_read(story_world.engine, body, NULL, &v, &change.put);
    if (hy_violations_any(&v))
        FAIL("%s: %s", v.items[0].field, v.items[0].message);
    change.arg = &result;
    hy_engine_schedule_put(story_world.engine, &change);
    world_settle(&story_world);
    if (result)
        FAIL("schedule: result %d", result);
}

/* --- the platform ----------------------------------------------------------------------------- */

static bool is_send(const struct world_request *r)
{
    return !r->waits && (strstr(r->url, "template/send") || strstr(r->url, "subscribe/send"));
}

static size_t oldest_send(void)
{
    size_t i = 0;

    while (i < story_world.request_count && !is_send(&story_world.requests[i]))
        i++;
    return i;
}

static void note_heard(const char *body)
{
    HY_JSON_SCOPED json_t *request = json_loads(body, 0, NULL);
    const char *user = json_string_value(json_object_get(request, "touser"));
    size_t i = 0;

    while (i < heard_count && strcmp(heard[i].user, user) != 0)
        i++;
    if (i == USERS_MAX)
        FAIL("too many users");
    if (i == heard_count) {
        snprintf(heard[i].user, sizeof heard[i].user, "%s", user);
        heard[heard_count++].times = 0;
    }
    heard[i].times++;
}

static void answer_send(size_t i, int code)
{
    char body[64];

    if (code == 0)
        note_heard(story_world.requests[i].body);
    snprintf(body, sizeof body, "{\"errcode\":%d,\"errmsg\":\"text\"}", code);
    world_answer(&story_world, i, HY_HTTP_ANSWERED, 200, body);
}

/* serve N [code=43101] [every=2]: answers N sends in their order, with time going on between them as
 * long as there is none; with `code` (each, or one of `every`), else 0 */
static void cmd_serve(char **words)
{
    int code = story_option(words, "code") ? atoi(story_option(words, "code")) : 0;
    int every = story_option(words, "every") ? atoi(story_option(words, "every")) : 1;
    int count = atoi(words[1]), waited = 0;

    for (int served = 0; served < count;) {
        size_t i = oldest_send();

        if (i < story_world.request_count) {
            answer_send(i, ++served % every == 0 ? code : 0);
            waited = 0;
        } else if (waited++ < WAIT_STEPS_MAX) {
            world_advance(&story_world, 100);
        } else {
            FAIL("%d served, and no more came", served);
        }
    }
}

/* quota LIMIT USED: answers the question about it under way */
static void cmd_quota(char **words)
{
    long long limit = atoll(words[1]), used = atoll(words[2]);
    char body[256];
    size_t i = 0;

    while (i < story_world.request_count && !strstr(story_world.requests[i].url, "quota/get"))
        i++;
    if (i == story_world.request_count)
        FAIL("nobody asked");
    snprintf(body, sizeof body,
             "{\"errcode\":0,\"quota\":{\"daily_limit\":%lld,\"used\":%lld,\"remain\":%lld}}",
             limit, used, limit - used);
    world_answer(&story_world, i, HY_HTTP_ANSWERED, 200, body);
    world_advance(&story_world, 100);
}

/* --- looks ------------------------------------------------------------------------------------ */

static void check_number(char **words, const char *name, int64_t value)
{
    const char *expect = story_option(words, name);

    if (expect && value != atoll(expect))
        FAIL("%s %lld, expected %s", name, (long long)value, expect);
}

static void check_counts(char **words, const struct hy_broadcast *b)
{
    check_number(words, "total", b->total);
    check_number(words, "fed", b->fed);
    check_number(words, "duplicates", b->duplicates);
    for (int state = 0; state < HY_MESSAGE_STATES; state++)
        check_number(words, hy_message_state_names[state], b->messages[state]);
}

/* broadcast-is NAME STATE [total=N] [fed=N] [duplicates=N] [queued=N] [sent=N] ... [ahead=N]: `ahead`
 * is how many there may be in the queue at most */
static void cmd_broadcast_is(char **words)
{
    struct hy_broadcasts read;
    const struct hy_broadcast *b;
    const char *ahead = story_option(words, "ahead");

    read_broadcast(words[1], &read);
    b = read.broadcasts;
    if (strcmp(hy_broadcast_state_names[b->state], words[2]) != 0)
        FAIL("%s is %s (total %lld, fed %lld)", words[1], hy_broadcast_state_names[b->state],
             (long long)b->total, (long long)b->fed);
    check_counts(words, b);
    if (ahead && b->messages[HY_MESSAGE_QUEUED] > atoll(ahead))
        FAIL("%lld are queued", (long long)b->messages[HY_MESSAGE_QUEUED]);
    if (b->winding_up)
        FAIL("it is still wound up");
}

/* broadcasts N [name=..]: so many are kept; the newest is called so, blanks written as _ */
static void cmd_broadcasts(char **words)
{
    char plain[128];

    struct hy_broadcasts read = {
        .op.verb = HY_VERB_BROADCASTS, .limit = 1000, .arena = &story_arena};
    const char *name = story_option(words, "name");

    story_read(&read.op);
    if (read.op.result || read.count != (size_t)atoi(words[1]))
        FAIL("%zu broadcasts", read.count);
    if (!name)
        return;
    snprintf(plain, sizeof plain, "%s", read.broadcasts[0].name ? read.broadcasts[0].name : "-");
    for (char *c = plain; *c; c++)
        *c = *c == ' ' ? '_' : *c;
    if (strcmp(plain, name) != 0)
        FAIL("the newest is %s", plain);
    *broadcast_id(name) = read.broadcasts[0].id;
}

/* heard N: so many users were answered 0, each of them once */
static void cmd_heard(char **words)
{
    for (size_t i = 0; i < heard_count; i++) {
        if (heard[i].times != 1)
            FAIL("%s heard it %d times", heard[i].user, heard[i].times);
    }
    if (heard_count != (size_t)atoi(words[1]))
        FAIL("%zu users heard it", heard_count);
}

/* progress NAME [pace=N] [eta=10s] [quota=until-midnight|none] */
static void cmd_progress(char **words)
{
    struct hy_broadcast_progress progress;
    struct hy_broadcasts read;
    const char *quota = story_option(words, "quota"), *eta = story_option(words, "eta");

    read_broadcast(words[1], &read);
    hy_engine_broadcast_progress(story_world.engine, read.broadcasts, &progress);
    check_number(words, "pace", (int64_t)(progress.pace_per_s + 0.5));
    if (quota && (strcmp(quota, "none") == 0) != (progress.quota_until_ms == 0))
        FAIL("quota_until %lld", (long long)progress.quota_until_ms);
    if (eta && llabs(progress.eta_ms - world_now_ms() - story_duration_ms(eta)) > 1000)
        FAIL("eta in %lld ms", (long long)(progress.eta_ms - world_now_ms()));
}

static void preview_done(struct hy_preview *preview, void *arg)
{
    *(bool *)arg = true;
}

/* preview NAME [users=N] [reachable=N] [uses=N] [samples=N] [good=N] [quota=N] */
static void cmd_preview(char **words)
{
    struct hy_broadcasts read;
    struct hy_violations faults;
    bool done = false;
    struct hy_preview preview = {
        .done = preview_done, .arg = &done, .arena = &story_arena, .faults = &faults};

    read_broadcast(words[1], &read);
    hy_violations_init(&faults, &story_arena);
    preview.broadcast = read.broadcasts;
    hy_engine_broadcast_preview(story_world.engine, &preview);
    while (!done && hy_store_pump(story_world.store))
        ;
    if (!done || preview.result)
        FAIL("preview: result %d", preview.result);
    check_number(words, "users", preview.users);
    check_number(words, "reachable", preview.reachable);
    check_number(words, "uses", preview.uses);
    check_number(words, "samples", (int64_t)preview.samples);
    check_number(words, "good", (int64_t)preview.samples_good);
    check_number(words, "quota", preview.quota_limit);
    if (!preview.complete)
        FAIL("not all was looked at");
}

const struct story_command story_broadcasts[] = {{"broadcast", 2, cmd_broadcast},
                                                 {"upload", 3, cmd_upload},
                                                 {"move", 3, cmd_move},
                                                 {"schedule-broadcast", 8, cmd_schedule},
                                                 {"serve", 2, cmd_serve},
                                                 {"quota", 3, cmd_quota},
                                                 {"broadcast-is", 3, cmd_broadcast_is},
                                                 {"broadcasts", 2, cmd_broadcasts},
                                                 {"heard", 2, cmd_heard},
                                                 {"progress", 2, cmd_progress},
                                                 {"preview", 2, cmd_preview},
                                                 {0}};
