/*
 * acts.c - what callers, operators and time do.
 */
#include "story.h"

#include "base/instant.h"

#include <stdlib.h>

/* --- things people do ------------------------------------------------------------------------- */

static void complain(const struct hy_violations *v)
{
    FAIL("%s: %s", v->items[0].field, v->items[0].message);
}

static void app_done(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

/* [{"max":1,"window_s":3600}] of "1/1h" or "t:1/1h,3/1d" */
static json_t *caps_of(const char *text)
{
    json_t *caps = json_array();
    char *copy = hy_arena_strdup(&story_arena, text), *rest = NULL;

    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        char *colon = strchr(word, ':'), *slash = strchr(word, '/');
        json_t *cap = json_object();

        if (!slash)
            FAIL("no cap: %s", word);
        if (colon) {
            *colon = 0;
            json_object_set_new(cap, "template", json_string(story_template(word)));
            word = colon + 1;
        }
        json_object_set_new(cap, "max", json_integer(atoi(word)));
        json_object_set_new(cap, "window_s", json_integer(story_duration_ms(slash + 1) / 1000));
        json_array_append_new(caps, cap);
    }
    return caps;
}

/* app ID [mode=classic] [margin=1d] [in_flight=N] [rate=N] [quiet=22:00-08:00] [timezone=..]
 * [caps=[TEMPLATE:]N/1h,..] */
static void cmd_app(char **words)
{
    struct hy_app_change change = {0};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s}", "id", words[1], "secret", "0123456789abcdef0123456789abcdef");
    int result = 1, err;

    if (story_option(words, "mode"))
        json_object_set_new(body, "token_mode", json_string(story_option(words, "mode")));
    if (story_option(words, "margin"))
        json_object_set_new(body, "receipt_margin_s",
                            json_integer(story_duration_ms(story_option(words, "margin")) / 1000));
    if (story_option(words, "in_flight"))
        json_object_set_new(body, "max_in_flight",
                            json_integer(atoi(story_option(words, "in_flight"))));
    if (story_option(words, "rate"))
        json_object_set_new(body, "rate_per_s", json_integer(atoi(story_option(words, "rate"))));
    if (story_option(words, "quiet"))
        json_object_set_new(body, "quiet_hours", json_string(story_option(words, "quiet")));
    if (story_option(words, "timezone"))
        json_object_set_new(body, "timezone", json_string(story_option(words, "timezone")));
    if (story_option(words, "caps"))
        json_object_set_new(body, "caps", caps_of(story_option(words, "caps")));
    hy_violations_init(&v, &story_arena);
    change.done = app_done;
    change.arg = &result;
    err = hy_engine_app_change(story_world.engine, NULL, body, &v, &change);
    if (err == HY_E_INVALID)
        complain(&v);
    world_settle(&story_world);
    if (result)
        FAIL("app: result %d", result);
    snprintf(story_app, sizeof story_app, "%s", words[1]);
}

static void removal_done(struct hy_app_removal *removal, void *arg)
{
    *(int *)arg = removal->removal.op.result;
}

/* remove-app ID */
static void cmd_remove_app(char **words)
{
    struct hy_app_removal removal = {.done = removal_done};
    int result = 1;

    removal.arg = &result;
    if (hy_engine_app_remove(story_world.engine, words[1], &removal))
        FAIL("no app %s", words[1]);
    world_settle(&story_world);
    if (result)
        FAIL("result %d", result);
}

/* use ID: later commands mean that app */
static void cmd_use(char **words)
{
    snprintf(story_app, sizeof story_app, "%s", words[1]);
}

static void report_done(struct hy_report *report, void *arg)
{
    *(int *)arg = report->deposit.op.result;
}

/* grant USER KIND CREDENTIAL [age=2d] [expect=accepted|duplicate|REASON] */
static void cmd_grant(char **words)
{
    struct hy_report report = {.done = report_done};
    struct hy_violations v;
    const char *expect = story_option(words, "expect") ? story_option(words, "expect") : "accepted";
    const char *got;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s, s:s}", "app", story_app, "user", story_openid(words[1]), "kind",
                  words[2], "credential", words[3]);
    int result = 1, err;

    if (story_option(words, "age"))
        json_object_set_new(
            body, "obtained_at",
            json_integer((world_now_ms() - story_duration_ms(story_option(words, "age"))) / 1000));
    hy_violations_init(&v, &story_arena);
    report.arg = &result;
    err = hy_engine_report(story_world.engine, body, &v, &report);
    if (err)
        complain(&v);
    world_settle(&story_world);
    got = report.refused_count ? report.refused[0].reason
          : report.duplicates  ? "duplicate"
          : report.accepted    ? "accepted"
                               : "nothing";
    if (result || strcmp(got, expect) != 0)
        FAIL("grant: %s, expected %s", got, expect);
}

static void submit_done(struct hy_submit *submit, void *arg)
{
    *(int *)arg = submit->admit.op.result;
}

static json_t *message_body(char **words, const char *user)
{
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:{s:s}}", "app", story_app, "user", story_openid(user), "template",
        story_template(story_option(words, "template") ? story_option(words, "template") : "t"),
        "data", "keyword1", "hello");
    static const char *const plain[] = {"page", "emphasis", "policy", "on_missing",
                                        "tag",  "key",      "repair"};
    const char *data = story_option(words, "data");

    if (data)
        json_object_set_new(body, "data", json_loads(data, JSON_DECODE_ANY, NULL));

    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (story_option(words, plain[i]))
            json_object_set_new(body, plain[i], json_string(story_option(words, plain[i])));
    }
    if (story_option(words, "urgent"))
        json_object_set_new(body, "urgent", json_true());
    if (story_option(words, "in"))
        json_object_set_new(
            body, "send_at",
            json_integer((world_now_ms() + story_duration_ms(story_option(words, "in"))) / 1000));
    if (story_option(words, "ttl"))
        json_object_set_new(
            body, "expires_at",
            json_integer((world_now_ms() + story_duration_ms(story_option(words, "ttl"))) / 1000));
    return body;
}

/* Whether it was refused, as refused=FIELD says. */
static bool refused(char **words, const struct hy_violations *v)
{
    const char *field = story_option(words, "refused");

    if (!field && hy_violations_any(v))
        complain(v);
    if (field && (v->count == 0 || strcmp(v->items[0].field, field) != 0))
        FAIL("not refused for %s but %s", field, v->count ? v->items[0].field : "taken");
    return field != NULL;
}

/* repaired=VALUE: the first repair made that of its field. */
static void check_repaired(char **words, const struct hy_submission *s)
{
    const char *value = story_option(words, "repaired");

    if (value ? s->repair_count == 0 || strcmp(s->repairs[0].value, value) != 0
              : s->repair_count > 0)
        FAIL("repaired: %s", s->repair_count ? s->repairs[0].value : "nothing");
}

/* send NAME USER [page=..] [policy=..] [on_missing=..] [in=1h] [ttl=1d] [key=..] [state=queued]
 * [data=JSON] [repair=cut] [repaired=VALUE] [refused=FIELD] [urgent=1] [broadcast=N] */
static void cmd_send(char **words)
{
    struct hy_submit submit = {.done = submit_done};
    struct hy_submission s;
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = message_body(words, words[2]);
    const char *expect = story_option(words, "state") ? story_option(words, "state") : "queued";
    int result = 1;

    hy_violations_init(&v, &story_arena);
    hy_engine_prepare(story_world.engine, body, NULL, NULL, &v, &s);
    if (refused(words, &v))
        return;
    check_repaired(words, &s);
    if (story_option(words, "broadcast"))
        s.message.broadcast_id = atoll(story_option(words, "broadcast"));
    submit.admit.items = &s.item;
    submit.admit.count = 1;
    submit.admit.arena = &story_arena;
    submit.arg = &result;
    hy_engine_submit(story_world.engine, &submit);
    hy_store_pump(story_world.store);
    if (result)
        FAIL("send: result %d", result);
    if (s.item.admission == HY_ADMIT_CONFLICT && strcmp(expect, "conflict") == 0)
        return;
    if (strcmp(hy_message_state_names[s.message.state], expect) != 0)
        FAIL("admitted as %s, expected %s", hy_message_state_names[s.message.state], expect);
    if (story_option(words, "same") && *story_message(story_option(words, "same")) != s.message.id)
        FAIL("another message than %s", story_option(words, "same"));
    *story_message(words[1]) = s.message.id;
    world_settle(&story_world);
}

/* burst N [options of send]: N messages b1, b2 ... to the users b1, b2 ..., who need no permission */
static void cmd_burst(char **words)
{
    char try[] = "on_missing=try", send[] = "send", name[16];
    char *line[20] = {send, name, name};
    size_t count = 3;

    for (char **word = words + 2; *word && count < 17; word++)
        line[count++] = *word;
    line[count] = try;
    for (int i = 1; i <= atoi(words[1]); i++) {
        snprintf(name, sizeof name, "b%d", i);
        cmd_send(line);
    }
}

static void verb_done(struct hy_op *op, void *arg)
{
    *(bool *)arg = true;
}

/* cancel NAME [expect=conflict] */
static void cmd_cancel(char **words)
{
    bool done = false;
    struct hy_cancel cancel = {.op = {.done = verb_done, .arg = &done},
                               .message_id = *story_message(words[1])};
    bool conflict = story_option(words, "expect") != NULL;

    hy_engine_cancel(story_world.engine, &cancel);
    world_settle(&story_world);
    if (!done || cancel.op.result != (conflict ? HY_E_CONFLICT : 0))
        FAIL("cancel: result %d", cancel.op.result);
}

/* retry NAME [ttl=1h] [expect=conflict] */
static void cmd_retry(char **words)
{
    const char *ttl = story_option(words, "ttl");
    bool done = false, conflict = story_option(words, "expect") != NULL;
    struct hy_retry retry = {.op = {.done = verb_done, .arg = &done},
                             .message_id = *story_message(words[1]),
                             .set_expiry = ttl != NULL,
                             .expires_at_ms = ttl ? world_now_ms() + story_duration_ms(ttl) : 0};

    hy_engine_retry(story_world.engine, &retry);
    world_settle(&story_world);
    if (!done || retry.op.result != (conflict ? HY_E_CONFLICT : 0))
        FAIL("retry: result %d", retry.op.result);
}

static void schedule_done(struct hy_schedule_change *change, void *arg)
{
    *(int *)arg = change->op.result;
}

/* schedule NAME USER M H DOM MON DOW [timezone=..] [misfire=..] */
static void cmd_schedule(char **words)
{
    struct hy_schedule_change change = {.done = schedule_done};
    struct hy_violations v;
    char cron[128];
    HY_JSON_SCOPED json_t *message = message_body(words, words[2]);
    HY_JSON_SCOPED json_t *body;
    int result = 1;

    snprintf(cron, sizeof cron, "%s %s %s %s %s", words[3], words[4], words[5], words[6], words[7]);
    body = json_pack("{s:s, s:s, s:s, s:O}", "app", story_app, "name", words[1], "cron", cron,
                     "message", message);
    if (story_option(words, "timezone"))
        json_object_set_new(body, "timezone", json_string(story_option(words, "timezone")));
    if (story_option(words, "misfire"))
        json_object_set_new(body, "misfire", json_string(story_option(words, "misfire")));
    hy_violations_init(&v, &story_arena);
    memset(&change.put.schedule, 0, sizeof change.put.schedule);
    hy_engine_schedule_read(story_world.engine, body, NULL, &v, &change.put);
    if (hy_violations_any(&v))
        complain(&v);
    change.arg = &result;
    hy_engine_schedule_put(story_world.engine, &change);
    world_settle(&story_world);
    if (result)
        FAIL("schedule: result %d", result);
}

/* --- time ------------------------------------------------------------------------------------- */

static void cmd_advance(char **words)
{
    world_advance(&story_world, story_duration_ms(words[1]));
}

static void cmd_jump(char **words)
{
    world_jump(&story_world, story_duration_ms(words[1]));
}

/* now INSTANT: it is that instant */
static void cmd_now(char **words)
{
    char at[HY_INSTANT_TEXT_BYTES];

    if (strncmp(hy_instant_print(world_now_ms(), at), words[1], strlen(words[1])) != 0)
        FAIL("it is %s", at);
}

/* crash [connections=N] [down=2h] */
static void cmd_crash(char **words)
{
    if (story_option(words, "connections"))
        world_connections(atoi(story_option(words, "connections")));
    world_crash(&story_world,
                story_option(words, "down") ? story_duration_ms(story_option(words, "down")) : 0);
    story_templates_forget();
}

/* disk full|ok */
static void cmd_disk(char **words)
{
    world_disk(strcmp(words[1], "full") == 0);
}

const struct story_command story_acts[] = {{"app", 2, cmd_app},
                                           {"remove-app", 2, cmd_remove_app},
                                           {"use", 2, cmd_use},
                                           {"grant", 4, cmd_grant},
                                           {"retry", 2, cmd_retry},
                                           {"send", 3, cmd_send},
                                           {"burst", 2, cmd_burst},
                                           {"cancel", 2, cmd_cancel},
                                           {"schedule", 8, cmd_schedule},
                                           {"advance", 2, cmd_advance},
                                           {"jump", 2, cmd_jump},
                                           {"now", 2, cmd_now},
                                           {"crash", 1, cmd_crash},
                                           {"disk", 2, cmd_disk},
                                           {0}};
