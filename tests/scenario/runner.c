/*
 * runner.c - plays the text scenarios: one file, one test.
 *
 * A scenario is a list of lines, each a command; `#` starts a comment. See README.md beside this
 * file for the commands. A line that does not come true ends the scenario with its line number.
 */
#include "tap.h"

#include "base/err.h"
#include "base/instant.h"
#include "domain/message.h"
#include "world.h"

#include <stdlib.h>

enum { WORDS_MAX = 16, NAMES_MAX = 64, LINE_BYTES = 1024 };

static struct world world;
static const char *file;
static int line_number;
static struct hy_arena arena;
static struct {
    char name[32];
    int64_t id;
} messages[NAMES_MAX];
static size_t message_count;
static char current_app[64];

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        printf("# %s:%d: ", file, line_number);                                                    \
        printf(__VA_ARGS__);                                                                       \
        printf("\n");                                                                              \
        longjmp(hy_tap_escape, 1);                                                                 \
    } while (0)

/* --- words ------------------------------------------------------------------------------------ */

/* "name=value" among the words, or null. */
static const char *option(char **words, const char *name)
{
    size_t length = strlen(name);

    for (; *words; words++) {
        if (strncmp(*words, name, length) == 0 && (*words)[length] == '=')
            return *words + length + 1;
    }
    return NULL;
}

static int64_t duration_ms(const char *text)
{
    char *unit;
    long long n = strtoll(text, &unit, 10);
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].unit) == 0)
            return n * units[i].ms;
    }
    FAIL("no duration: %s", text);
}

/* "u1" -> an openid that ends with it. */
static const char *openid(const char *alias)
{
    char text[29] = "oScenarioScenarioScenario___";

    memcpy(text + 28 - strlen(alias), alias, strlen(alias));
    return hy_arena_strdup(&arena, text);
}

static const char *template_id(const char *alias)
{
    char text[44] = "TemplateTemplateTemplateTemplateTemplate___";

    memcpy(text + 43 - strlen(alias), alias, strlen(alias));
    return hy_arena_strdup(&arena, text);
}

static int64_t *message_of(const char *name)
{
    for (size_t i = 0; i < message_count; i++) {
        if (strcmp(messages[i].name, name) == 0)
            return &messages[i].id;
    }
    snprintf(messages[message_count].name, sizeof messages[0].name, "%s", name);
    return &messages[message_count++].id;
}

/* --- things people do ------------------------------------------------------------------------- */

static void complain(const struct hy_violations *v)
{
    FAIL("%s: %s", v->items[0].field, v->items[0].message);
}

static void app_done(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

/* app ID [mode=classic] [margin=1d] [in_flight=N] [rate=N] */
static void cmd_app(char **words)
{
    struct hy_app_change change = {0};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s}", "id", words[1], "secret", "0123456789abcdef0123456789abcdef");
    int result = 1, err;

    if (option(words, "mode"))
        json_object_set_new(body, "token_mode", json_string(option(words, "mode")));
    if (option(words, "margin"))
        json_object_set_new(body, "receipt_margin_s",
                            json_integer(duration_ms(option(words, "margin")) / 1000));
    if (option(words, "in_flight"))
        json_object_set_new(body, "max_in_flight", json_integer(atoi(option(words, "in_flight"))));
    if (option(words, "rate"))
        json_object_set_new(body, "rate_per_s", json_integer(atoi(option(words, "rate"))));
    hy_violations_init(&v, &arena);
    change.done = app_done;
    change.arg = &result;
    err = hy_engine_app_change(world.engine, NULL, body, &v, &change);
    if (err == HY_E_INVALID)
        complain(&v);
    world_settle(&world);
    if (result)
        FAIL("app: result %d", result);
    snprintf(current_app, sizeof current_app, "%s", words[1]);
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
    if (hy_engine_app_remove(world.engine, words[1], &removal))
        FAIL("no app %s", words[1]);
    world_settle(&world);
    if (result)
        FAIL("result %d", result);
}

/* use ID: later commands mean that app */
static void cmd_use(char **words)
{
    snprintf(current_app, sizeof current_app, "%s", words[1]);
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
    const char *expect = option(words, "expect") ? option(words, "expect") : "accepted";
    const char *got;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s, s:s}", "app", current_app, "user", openid(words[1]), "kind",
                  words[2], "credential", words[3]);
    int result = 1, err;

    if (option(words, "age"))
        json_object_set_new(
            body, "obtained_at",
            json_integer((world_now_ms() - duration_ms(option(words, "age"))) / 1000));
    hy_violations_init(&v, &arena);
    report.arg = &result;
    err = hy_engine_report(world.engine, body, &v, &report);
    if (err)
        complain(&v);
    world_settle(&world);
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
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:{s:s}}", "app", current_app, "user", openid(user), "template",
                  template_id(option(words, "template") ? option(words, "template") : "t"), "data",
                  "keyword1", "hello");
    static const char *const plain[] = {"page", "emphasis", "policy", "on_missing", "tag", "key"};

    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (option(words, plain[i]))
            json_object_set_new(body, plain[i], json_string(option(words, plain[i])));
    }
    if (option(words, "in"))
        json_object_set_new(
            body, "send_at",
            json_integer((world_now_ms() + duration_ms(option(words, "in"))) / 1000));
    if (option(words, "ttl"))
        json_object_set_new(
            body, "expires_at",
            json_integer((world_now_ms() + duration_ms(option(words, "ttl"))) / 1000));
    return body;
}

/* send NAME USER [page=..] [policy=..] [on_missing=..] [in=1h] [ttl=1d] [key=..] [state=queued] */
static void cmd_send(char **words)
{
    struct hy_submit submit = {.done = submit_done};
    struct hy_submission s;
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = message_body(words, words[2]);
    const char *expect = option(words, "state") ? option(words, "state") : "queued";
    int result = 1;

    hy_violations_init(&v, &arena);
    hy_engine_prepare(world.engine, body, NULL, NULL, &v, &s);
    if (hy_violations_any(&v))
        complain(&v);
    submit.admit.items = &s.item;
    submit.admit.count = 1;
    submit.admit.arena = &arena;
    submit.arg = &result;
    hy_engine_submit(world.engine, &submit);
    hy_store_pump(world.store);
    if (result)
        FAIL("send: result %d", result);
    if (s.item.admission == HY_ADMIT_CONFLICT && strcmp(expect, "conflict") == 0)
        return;
    if (strcmp(hy_message_state_names[s.message.state], expect) != 0)
        FAIL("admitted as %s, expected %s", hy_message_state_names[s.message.state], expect);
    if (option(words, "same") && *message_of(option(words, "same")) != s.message.id)
        FAIL("another message than %s", option(words, "same"));
    *message_of(words[1]) = s.message.id;
    world_settle(&world);
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
                               .message_id = *message_of(words[1])};
    bool conflict = option(words, "expect") != NULL;

    hy_engine_cancel(world.engine, &cancel);
    world_settle(&world);
    if (!done || cancel.op.result != (conflict ? HY_E_CONFLICT : 0))
        FAIL("cancel: result %d", cancel.op.result);
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
    body = json_pack("{s:s, s:s, s:s, s:O}", "app", current_app, "name", words[1], "cron", cron,
                     "message", message);
    if (option(words, "timezone"))
        json_object_set_new(body, "timezone", json_string(option(words, "timezone")));
    if (option(words, "misfire"))
        json_object_set_new(body, "misfire", json_string(option(words, "misfire")));
    hy_violations_init(&v, &arena);
    memset(&change.put.schedule, 0, sizeof change.put.schedule);
    hy_engine_schedule_read(world.engine, body, NULL, &v, &change.put.schedule);
    if (hy_violations_any(&v))
        complain(&v);
    change.arg = &result;
    hy_engine_schedule_put(world.engine, &change);
    world_settle(&world);
    if (result)
        FAIL("schedule: result %d", result);
}

/* --- the platform's side ---------------------------------------------------------------------- */

static void all_text(const struct world_request *r, char *into, size_t size)
{
    snprintf(into, size, "%s %s %s", r->method, r->url, r->body);
}

/* request WORD...: one request under way, not looked at yet, holds all the words */
static size_t find_request(char **words, bool fresh)
{
    char text[8192];

    for (size_t i = 0; i < world.request_count; i++) {
        bool all = !(fresh && world.requests[i].seen);

        all_text(&world.requests[i], text, sizeof text);
        for (char **word = words; all && *word; word++) {
            const char *user = **word == '@' ? openid(*word + 1) : *word;

            all = strstr(text, user) != NULL;
        }
        if (all)
            return i;
    }
    return world.request_count;
}

static void cmd_request(char **words)
{
    size_t i = find_request(words + 1, true);

    if (i == world.request_count) {
        for (size_t k = 0; k < world.request_count; k++)
            printf("# under way: %s %s\n", world.requests[k].url, world.requests[k].body);
        FAIL("no such request under way");
    }
    world.requests[i].seen = true;
}

/* no-request [WORD...]: none under way that holds the words and was not looked at yet */
static void cmd_no_request(char **words)
{
    size_t i = find_request(words + 1, true);

    if (i < world.request_count)
        FAIL("there is %s %s", world.requests[i].url, world.requests[i].body);
}

static size_t oldest_seen(void)
{
    for (size_t i = 0; i < world.request_count; i++) {
        if (world.requests[i].seen)
            return i;
    }
    FAIL("no request was looked at");
}

/* answer STATUS BODY | answer lost | answer refused: to the oldest request that was looked at */
static void cmd_answer(char **words)
{
    size_t i = oldest_seen();

    if (strcmp(words[1], "lost") == 0)
        world_answer(&world, i, HY_HTTP_NO_ANSWER, 0, "closed without an answer");
    else if (strcmp(words[1], "refused") == 0)
        world_answer(&world, i, HY_HTTP_NOT_SENT, 0, "connection refused");
    else
        world_answer(&world, i, HY_HTTP_ANSWERED, atoi(words[1]), words[2] ? words[2] : "");
}

/* code N [MSG]: answers errcode N */
static void cmd_code(char **words)
{
    char body[256];

    snprintf(body, sizeof body, "{\"errcode\":%s,\"errmsg\":\"%s\"}", words[1],
             words[2] ? words[2] : "text");
    world_answer(&world, oldest_seen(), HY_HTTP_ANSWERED, 200, body);
}

/* token TEXT [expires_in=N]: waits for a token request and answers it */
static void cmd_token(char **words)
{
    char body[256];
    static char *token_request[] = {"token", NULL};
    size_t i = find_request(token_request, true);

    if (i == world.request_count)
        FAIL("no token request under way");
    snprintf(body, sizeof body, "{\"access_token\":\"%s\",\"expires_in\":%s}", words[1],
             option(words, "expires_in") ? option(words, "expires_in") : "7200");
    world_answer(&world, i, HY_HTTP_ANSWERED, 200, body);
}

/* --- time ------------------------------------------------------------------------------------- */

static void cmd_advance(char **words)
{
    world_advance(&world, duration_ms(words[1]));
}

static void cmd_jump(char **words)
{
    world_jump(&world, duration_ms(words[1]));
}

/* now INSTANT: it is that instant */
static void cmd_now(char **words)
{
    char at[HY_INSTANT_TEXT_BYTES];

    if (strncmp(hy_instant_print(world_now_ms(), at), words[1], strlen(words[1])) != 0)
        FAIL("it is %s", at);
}

static void cmd_crash(char **words)
{
    world_crash(&world);
}

/* --- looking ---------------------------------------------------------------------------------- */

static void run_read(struct hy_op *op)
{
    bool done = false;

    op->done = verb_done;
    op->arg = &done;
    hy_engine_read(world.engine, op);
    while (!done && hy_store_pump(world.store))
        ;
    if (!done)
        FAIL("no answer from the store");
}

/* state NAME STATE [reason=..] [attempts=N] */
static void cmd_state(char **words)
{
    struct hy_message_get get = {
        .op.verb = HY_VERB_MESSAGE_GET, .message_id = *message_of(words[1]), .arena = &arena};
    const char *state, *reason = option(words, "reason"), *attempts = option(words, "attempts");

    run_read(&get.op);
    if (get.op.result)
        FAIL("no such message");
    state = hy_message_state_names[get.message.state];
    if (strcmp(state, words[2]) != 0)
        FAIL("state %s, reason %s, expected %s", state,
             get.message.reason ? get.message.reason : "-", words[2]);
    if (reason && strcmp(get.message.reason ? get.message.reason : "", reason) != 0)
        FAIL("reason %s, expected %s", get.message.reason ? get.message.reason : "-", reason);
    if (attempts && (size_t)atoi(attempts) != get.attempt_count)
        FAIL("%zu attempts, expected %s", get.attempt_count, attempts);
}

/* uses USER N: uses available now */
static void cmd_uses(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(world.engine, current_app);
    struct hy_grant_list list = {.op.verb = HY_VERB_GRANT_LIST,
                                 .app_no = app->app.no,
                                 .user = openid(words[1]),
                                 .now_ms = world_now_ms(),
                                 .margin_ms = app->settings.receipt_margin_s * 1000,
                                 .limit = 100,
                                 .arena = &arena};

    hy_engine_app_release(app);
    run_read(&list.op);
    if (list.available != atoll(words[2]))
        FAIL("%lld uses available, expected %s", (long long)list.available, words[2]);
}

/* grants USER N: grants stored, good or not */
static void cmd_grants(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(world.engine, current_app);
    struct hy_grant_list list = {.op.verb = HY_VERB_GRANT_LIST,
                                 .app_no = app->app.no,
                                 .user = openid(words[1]),
                                 .now_ms = world_now_ms(),
                                 .limit = 100,
                                 .arena = &arena};

    hy_engine_app_release(app);
    run_read(&list.op);
    if (list.count != (size_t)atoi(words[2]))
        FAIL("%zu grants, expected %s", list.count, words[2]);
}

/* messages N: messages of the current app in all states */
static void cmd_messages(char **words)
{
    struct hy_message_list list = {
        .op.verb = HY_VERB_MESSAGE_LIST, .state = -1, .limit = 1000, .arena = &arena};

    run_read(&list.op);
    if (list.count != (size_t)atoi(words[1]))
        FAIL("%zu messages, expected %s", list.count, words[1]);
}

/* lane open|REASON */
static void cmd_lane(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(world.engine, current_app);
    struct hy_app_status status;
    const char *got;

    hy_engine_app_status(world.engine, app->app.no, &arena, &status);
    hy_engine_app_release(app);
    got = status.pause_reason ? status.pause_reason : "open";
    if (strcmp(got, words[1]) != 0)
        FAIL("lane is %s, expected %s", got, words[1]);
}

static void cmd_resume(char **words)
{
    if (hy_engine_app_resume(world.engine, current_app))
        FAIL("no such app");
    world_settle(&world);
}

static void query_done(struct hy_token_query *query, void *arg)
{
    *(bool *)arg = true;
}

/* ask-token TEXT|none|wait [refresh=1] [bad=TEXT]: what GET /token answers now */
static void cmd_ask_token(char **words)
{
    static struct hy_token_query queries[NAMES_MAX]; /* one that waits must live on */
    static size_t used;
    static bool done[NAMES_MAX];
    size_t i = used++ % NAMES_MAX;
    struct hy_token_query *query = &queries[i];
    const struct hy_app_entry *app = hy_engine_app(world.engine, current_app);

    *query = (struct hy_token_query){.app_no = app->app.no,
                                     .refresh = option(words, "refresh") || option(words, "bad"),
                                     .done = query_done,
                                     .arg = &done[i]};
    hy_engine_app_release(app);
    if (option(words, "bad"))
        snprintf(query->bad_token, sizeof query->bad_token, "%s", option(words, "bad"));
    done[i] = false;
    hy_engine_token(world.engine, query);
    world_settle(&world);
    if (strcmp(words[1], "wait") == 0) {
        if (done[i])
            FAIL("answered at once: %s%s", query->access_token, query->error);
        return;
    }
    if (!done[i])
        FAIL("no answer yet");
    if (strcmp(words[1], "none") == 0 ? query->result == 0
                                      : strcmp(query->access_token, words[1]) != 0)
        FAIL("token %s, error %s", query->access_token, query->error);
}

/* --- the player ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t words; /* at least, with the name */
    void (*run)(char **words);
} commands[] = {
    {"app", 2, cmd_app},
    {"remove-app", 2, cmd_remove_app},
    {"use", 2, cmd_use},
    {"grant", 4, cmd_grant},
    {"send", 3, cmd_send},
    {"cancel", 2, cmd_cancel},
    {"schedule", 8, cmd_schedule},
    {"request", 1, cmd_request},
    {"no-request", 1, cmd_no_request},
    {"answer", 2, cmd_answer},
    {"code", 2, cmd_code},
    {"token", 2, cmd_token},
    {"advance", 2, cmd_advance},
    {"jump", 2, cmd_jump},
    {"now", 2, cmd_now},
    {"crash", 1, cmd_crash},
    {"state", 3, cmd_state},
    {"uses", 3, cmd_uses},
    {"grants", 3, cmd_grants},
    {"messages", 2, cmd_messages},
    {"lane", 2, cmd_lane},
    {"resume", 1, cmd_resume},
    {"ask-token", 2, cmd_ask_token},
};

static void run_line(char *line)
{
    char *words[WORDS_MAX + 1] = {0}, *rest = NULL;
    size_t count = 0;

    for (char *word = strtok_r(line, " \t\n", &rest); word && *word != '#' && count < WORDS_MAX;
         word = strtok_r(NULL, " \t\n", &rest))
        words[count++] = word;
    if (count == 0)
        return;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, words[0]) == 0) {
            if (count < commands[i].words)
                FAIL("%s needs more words", words[0]);
            commands[i].run(words);
            return;
        }
    }
    FAIL("no command %s", words[0]);
}

static void check_store(void)
{
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &arena};

    run_read(&check.op);
    if (check.op.result)
        FAIL("store: %s", check.count ? check.findings[0] : "damaged");
}

static void play(void)
{
    char line[LINE_BYTES];
    FILE *f = fopen(file, "r");

    CHECK(f != NULL);
    message_count = 0;
    world_start(&world);
    for (line_number = 1; fgets(line, sizeof line, f); line_number++)
        run_line(line);
    fclose(f);
    check_store();
    world_stop(&world);
}

int main(int argc, char **argv)
{
    hy_arena_init(&arena);
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');

        file = argv[i];
        hy_tap_run(slash ? slash + 1 : argv[i], play);
    }
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
