/*
 * ledger.c - prompts: what users answer, who tells it, what the platform's events say, and what must
 * be true of counters, alarms and timelines.
 */
#include "story.h"

#include "crypto/digest.h"
#include "domain/timeline.h"
#include "engine/callbacks.h"
#include "engine/pages.h"

#include <stdlib.h>

static const char callback_token[] = "a_token_of_scenarios";

static const char *option_or(char **words, const char *name, const char *fallback)
{
    const char *value = story_option(words, name);

    return value ? value : fallback;
}

static const char *template_of(char **words)
{
    return story_template(option_or(words, "template", "t"));
}

static int64_t instant_of(char **words)
{
    const char *age = story_option(words, "age");

    return world_now_ms() - (age ? story_duration_ms(age) : 0);
}

/* --- settings --------------------------------------------------------------------------------- */

static void change_done(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

/* "suspect_retry_s=1h", "policy=x": what looks like a duration is one, in seconds. */
static json_t *setting_value(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || text[digits] == 0 || text[digits] == ':')
        return digits && !text[digits] ? json_integer(atoll(text)) : json_string(text);
    return json_integer(story_duration_ms(text) / 1000);
}

/* set NAME=VALUE...: settings of the app; `callback=on` lets the platform's events in */
static void cmd_set(char **words)
{
    struct hy_app_change change = {.done = change_done};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = json_object();
    int result = 1;

    for (char **word = words + 1; *word; word++) {
        char *value = strchr(*word, '=');

        if (!value)
            FAIL("no value: %s", *word);
        *value++ = 0;
        if (strcmp(*word, "callback") == 0)
            json_object_set_new(body, "callback_token", json_string(callback_token));
        else
            json_object_set_new(body, *word, setting_value(value));
    }
    hy_violations_init(&v, &story_arena);
    change.arg = &result;
    if (hy_engine_app_change(story_world.engine, story_app, body, &v, &change))
        FAIL("%s: %s", v.items[0].field, v.items[0].message);
    world_settle(&story_world);
    if (result)
        FAIL("set: result %d", result);
}

/* --- who tells an answer ---------------------------------------------------------------------- */

static void report_done(struct hy_report *report, void *arg)
{
    *(int *)arg = report->deposit.op.result;
}

static void check_report(const struct hy_report *report, int result, char **words)
{
    const char *got = report->refused_count ? report->refused[0].reason
                      : report->duplicates  ? "duplicate"
                                            : "accepted";

    if (result || strcmp(got, option_or(words, "expect", "accepted")) != 0)
        FAIL("%s, result %d", got, result);
}

/* accept USER [template=t] [kind=once] [count=N] [age=1h] [report=ID] [expect=..]: the backend tells */
static void cmd_accept(char **words)
{
    struct hy_report report = {.done = report_done};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s, s:s}", "app", story_app, "user", story_openid(words[1]), "kind",
                  option_or(words, "kind", "once"), "template", template_of(words));
    int result = 1;

    if (story_option(words, "count"))
        json_object_set_new(body, "count", json_integer(atoi(story_option(words, "count"))));
    if (story_option(words, "age"))
        json_object_set_new(body, "obtained_at", json_integer(instant_of(words) / 1000));
    if (story_option(words, "report"))
        json_object_set_new(body, "report_id", json_string(story_option(words, "report")));
    hy_violations_init(&v, &story_arena);
    report.arg = &result;
    if (hy_engine_report(story_world.engine, body, &v, &report))
        FAIL("%s: %s", v.items[0].field, v.items[0].message);
    world_settle(&story_world);
    check_report(&report, result, words);
}

/* page USER ANSWER [template=t] [age=1h] [report=ID] [expect=..]: the mini program tells */
static void cmd_page(char **words)
{
    static int reports;
    struct hy_report report = {.done = report_done};
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    struct hy_violations v;
    char id[32];
    HY_JSON_SCOPED json_t *body = NULL;
    int result = 1;

    snprintf(id, sizeof id, "r%d", ++reports);
    body = json_pack("{s:{s:s}, s:s, s:I}", "subscriptions", template_of(words), words[2],
                     "report_id", option_or(words, "report", id), "obtained_at",
                     (json_int_t)(instant_of(words) / 1000));
    hy_violations_init(&v, &story_arena);
    report.arg = &result;
    if (hy_engine_client_report(story_world.engine, app, story_openid(words[1]), body, &v, &report))
        FAIL("%s: %s", v.items[0].field, v.items[0].message);
    world_settle(&story_world);
    check_report(&report, result, words);
}

/* --- the platform's events -------------------------------------------------------------------- */

struct signature {
    char timestamp[24], signature[41];
};

static const char *query_of(void *self, const char *name)
{
    const struct signature *s = self;

    if (strcmp(name, "timestamp") == 0)
        return s->timestamp;
    if (strcmp(name, "nonce") == 0)
        return "nonce";
    return strcmp(name, "signature") == 0 ? s->signature : NULL;
}

/* SHA-1 over the sorted texts, as the platform signs in plain mode. */
static void sign(struct signature *s)
{
    char text[128];

    snprintf(s->timestamp, sizeof s->timestamp, "%lld", (long long)(world_now_ms() / 1000));
    snprintf(text, sizeof text, "%s%s%s", s->timestamp, callback_token,
             "nonce"); /* '1' < 'a' < 'n' */
    if (hy_digest_sha1_hex(text, strlen(text), s->signature))
        FAIL("no digest");
}

static void callback_done(struct hy_callback_run *run, void *arg)
{
    *(int *)arg = run->hear.op.result;
}

static void push(json_t *event)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    struct hy_callback_run run = {.done = callback_done};
    struct signature s;
    const char *body = hy_json_text(&story_arena, event);
    struct hy_callback_ask ask = {
        .method = "POST", .query = query_of, .self = &s, .body = body, .body_size = strlen(body)};
    int result = 1, err;

    sign(&s);
    run.arg = &result;
    err = hy_engine_callback(story_world.engine, app, &ask, &story_arena, &run);
    if (err || run.callback.verdict != HY_CALLBACK_EVENT)
        FAIL("event: error %d, %s", err, run.callback.why ? run.callback.why : "no event");
    world_settle(&story_world);
    if (result)
        FAIL("event: result %d", result);
}

static json_t *event_of(char **words, const char *name, json_t *item)
{
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "ToUserName", "gh_scenario", "FromUserName",
                     story_openid(words[1]), "CreateTime", (json_int_t)(instant_of(words) / 1000),
                     "MsgType", "event", "Event", name, "List", item);
}

/* popup USER accept|reject [template=t] [age=1h]: what she answered to a prompt */
static void cmd_popup(char **words)
{
    HY_JSON_SCOPED json_t *event =
        event_of(words, "subscribe_msg_popup_event",
                 json_pack("{s:s, s:s, s:s}", "TemplateId", template_of(words),
                           "SubscribeStatusString", words[2], "PopupScene", "0"));

    push(event);
}

/* withdraw USER [template=t] [age=1h]: she switched the template off in the settings */
static void cmd_withdraw(char **words)
{
    HY_JSON_SCOPED json_t *event =
        event_of(words, "subscribe_msg_change_event",
                 json_pack("{s:s, s:s}", "TemplateId", template_of(words), "SubscribeStatusString",
                           "reject"));

    push(event);
}

/* sent-event USER CODE [msgid=N] [template=t]: what became of a message */
static void cmd_sent_event(char **words)
{
    HY_JSON_SCOPED json_t *event = event_of(
        words, "subscribe_msg_sent_event",
        json_pack("{s:s, s:s, s:s, s:s}", "TemplateId", template_of(words), "MsgID",
                  option_or(words, "msgid", "0"), "ErrorCode", words[2], "ErrorStatus", "text"));

    push(event);
}

/* --- looking ---------------------------------------------------------------------------------- */

static struct hy_app_status status_of_app(int64_t *ret_app_no)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    struct hy_app_status status;

    hy_engine_app_status(story_world.engine, app->app.no, &story_arena, &status);
    if (ret_app_no)
        *ret_app_no = app->app.no;
    return status;
}

/* alarm on|off */
static void cmd_alarm(char **words)
{
    struct hy_app_status status = status_of_app(NULL);
    const char *is = status.refusal_burst_at_ms ? "on" : "off";

    if (strcmp(is, words[1]) != 0)
        FAIL("the alarm is %s, %lld refusals", is, (long long)status.refusals);
}

/* The option is not given, or that number. */
static bool is(char **words, const char *name, int64_t number)
{
    return !story_option(words, name) || atoll(story_option(words, name)) == number;
}

static const char *reason_of(const struct hy_grant *g)
{
    return g->reason ? g->reason : "-";
}

/* counter USER STATE [template=t] [left=N] [reason=..] [refusals=N] [retry=6h] */
static void cmd_counter(char **words)
{
    struct hy_grant_list list = {.op.verb = HY_VERB_GRANT_LIST,
                                 .user = story_openid(words[1]),
                                 .template_id = template_of(words),
                                 .template_kind = HY_TEMPLATE_ONCE,
                                 .now_ms = world_now_ms(),
                                 .limit = 10,
                                 .arena = &story_arena};
    const struct hy_grant *g;
    const char *word, *retry = story_option(words, "retry");
    bool good;

    status_of_app(&list.app_no);
    story_read(&list.op);
    if (list.count != 1)
        FAIL("%zu counters", list.count);
    g = list.grants;
    word = hy_grant_state_word(g, world_now_ms(), 0);
    good = strcmp(word, words[2]) == 0 && is(words, "left", g->uses_left) &&
           is(words, "refusals", g->refusals) &&
           strcmp(option_or(words, "reason", reason_of(g)), reason_of(g)) == 0 &&
           (!retry || g->retry_at_ms == world_now_ms() + story_duration_ms(retry));
    if (!good)
        FAIL("%s left=%d reason=%s refusals=%d retry in %lld ms", word, (int)g->uses_left,
             reason_of(g), (int)g->refusals,
             (long long)(g->retry_at_ms ? g->retry_at_ms - world_now_ms() : 0));
}

static struct hy_step *story_of(char **words, size_t *ret_count)
{
    struct hy_timeline_read read = {.op.verb = HY_VERB_TIMELINE,
                                    .user = story_openid(words[1]),
                                    .limit = 1000,
                                    .arena = &story_arena};
    struct hy_timeline_facts facts;
    struct hy_step *items;

    status_of_app(&read.app_no);
    story_read(&read.op);
    facts = (struct hy_timeline_facts){read.grants,
                                       read.grant_count,
                                       read.answers,
                                       read.answer_count,
                                       read.messages,
                                       read.message_count,
                                       read.events,
                                       read.event_count,
                                       true,
                                       world_now_ms(),
                                       0};
    items = hy_timeline(&facts, &story_arena, ret_count);
    if (!items)
        FAIL("no timeline");
    return items;
}

/* timeline USER TYPE[:BEFORE>AFTER]...: events left out, exactly these in this order */
static void cmd_timeline(char **words)
{
    size_t count, i = 0;
    struct hy_step *items = story_of(words, &count);
    char text[64];

    for (char **word = words + 2; *word || i < count; i++) {
        if (i < count && items[i].type == HY_STEP_EVENT)
            continue;
        if (i >= count)
            FAIL("the story ends before %s", *word);
        snprintf(text, sizeof text, "%s:%lld>%lld", hy_step_type_names[items[i].type],
                 (long long)items[i].before, (long long)items[i].after);
        if (*word && !strchr(*word, ':'))
            *strchr(text, ':') = 0;
        if (!*word || strcmp(*word, text) != 0)
            FAIL("step %zu is %s, expected %s", i, text, *word ? *word : "the end");
        word++;
    }
}

const struct story_command story_ledger[] = {
    {"set", 2, cmd_set},           {"accept", 2, cmd_accept},
    {"page", 3, cmd_page},         {"popup", 3, cmd_popup},
    {"withdraw", 2, cmd_withdraw}, {"sent-event", 3, cmd_sent_event},
    {"alarm", 2, cmd_alarm},       {"counter", 3, cmd_counter},
    {"timeline", 3, cmd_timeline}, {0}};
