/*
 * looks.c - what must be true.
 */
#include "story.h"

#include "base/instant.h"
#include "domain/message.h"

#include <stdlib.h>

enum { QUERIES_MAX = 64 };

static void verb_done(struct hy_op *op, void *arg)
{
    *(bool *)arg = true;
}

/* --- looking ---------------------------------------------------------------------------------- */

void story_read(struct hy_op *op)
{
    bool done = false;

    op->done = verb_done;
    op->arg = &done;
    hy_engine_read(story_world.engine, op);
    while (!done && hy_store_pump(story_world.store))
        ;
    if (!done)
        FAIL("no answer from the store");
}

/* state NAME STATE [reason=..] [attempts=N] [due=1h] */
static void cmd_state(char **words)
{
    struct hy_message_get get = {.op.verb = HY_VERB_MESSAGE_GET,
                                 .message_id = *story_message(words[1]),
                                 .arena = &story_arena};
    const char *state, *reason = story_option(words, "reason"),
                       *attempts = story_option(words, "attempts"),
                       *due = story_option(words, "due");

    story_read(&get.op);
    if (get.op.result)
        FAIL("no such message");
    state = hy_message_state_names[get.message.state];
    if (strcmp(state, words[2]) != 0)
        FAIL("state %s, reason %s, expected %s", state,
             get.message.reason ? get.message.reason : "-", words[2]);
    if (reason && strcmp(get.message.reason ? get.message.reason : "", reason) != 0)
        FAIL("reason %s, expected %s", get.message.reason ? get.message.reason : "-", reason);
    if (due && get.message.due_at_ms !=
                   (strcmp(due, "-") == 0 ? 0 : world_now_ms() + story_duration_ms(due)))
        FAIL("due in %lld ms, expected %s",
             (long long)(get.message.due_at_ms ? get.message.due_at_ms - world_now_ms() : -1), due);
    if (attempts && (size_t)atoi(attempts) != get.attempt_count)
        FAIL("%zu attempts, expected %s", get.attempt_count, attempts);
}

/* uses USER N: uses available now */
static void cmd_uses(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    struct hy_grant_list list = {.op.verb = HY_VERB_GRANT_LIST,
                                 .app_no = app->app.no,
                                 .user = story_openid(words[1]),
                                 .now_ms = world_now_ms(),
                                 .margin_ms = app->settings.receipt_margin_s * 1000,
                                 .limit = 100,
                                 .arena = &story_arena};

    hy_engine_app_release(app);
    story_read(&list.op);
    if (list.available != atoll(words[2]))
        FAIL("%lld uses available, expected %s", (long long)list.available, words[2]);
}

/* grants USER N: grants stored, good or not */
static void cmd_grants(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    struct hy_grant_list list = {.op.verb = HY_VERB_GRANT_LIST,
                                 .app_no = app->app.no,
                                 .user = story_openid(words[1]),
                                 .now_ms = world_now_ms(),
                                 .limit = 100,
                                 .arena = &story_arena};

    hy_engine_app_release(app);
    story_read(&list.op);
    if (list.count != (size_t)atoi(words[2]))
        FAIL("%zu grants, expected %s", list.count, words[2]);
}

/* messages N: messages of the current app in all states */
static void cmd_messages(char **words)
{
    struct hy_message_list list = {
        .op.verb = HY_VERB_MESSAGE_LIST, .state = -1, .limit = 1000, .arena = &story_arena};

    story_read(&list.op);
    if (list.count != (size_t)atoi(words[1]))
        FAIL("%zu messages, expected %s", list.count, words[1]);
}

/* lane open|REASON */
static void cmd_lane(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    struct hy_app_status status;
    const char *got;

    hy_engine_app_status(story_world.engine, app->app.no, &story_arena, &status);
    hy_engine_app_release(app);
    got = status.pause_reason ? status.pause_reason : "open";
    if (strcmp(got, words[1]) != 0)
        FAIL("lane is %s, expected %s", got, words[1]);
}

/* channel NAME [open|REASON] [window=N] [in_flight=N] [gap=100ms] [for=1s] */
static void cmd_channel(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    const char *window = story_option(words, "window"), *flying = story_option(words, "in_flight"),
               *gap = story_option(words, "gap"), *length = story_option(words, "for");
    struct hy_app_status status;
    struct hy_channel_status c;

    hy_engine_app_status(story_world.engine, app->app.no, &story_arena, &status);
    hy_engine_app_release(app);
    c = status.channels[strcmp(words[1], hy_channel_names[HY_CHANNEL_TEMPLATE]) == 0];
    if (words[2] && !strchr(words[2], '=') &&
        strcmp(words[2], c.pause_reason ? c.pause_reason : "open") != 0)
        FAIL("channel is %s, expected %s", c.pause_reason ? c.pause_reason : "open", words[2]);
    if (window && c.window != atoi(window))
        FAIL("window %lld, expected %s", (long long)c.window, window);
    if (flying && c.in_flight != atoi(flying))
        FAIL("%lld in flight, expected %s", (long long)c.in_flight, flying);
    if (gap && c.user_gap_ms != story_duration_ms(gap))
        FAIL("gap %lld ms, expected %s", (long long)c.user_gap_ms, gap);
    if (length && c.paused_until_ms - world_now_ms() != story_duration_ms(length))
        FAIL("paused for %lld ms, expected %s", (long long)(c.paused_until_ms - world_now_ms()),
             length);
}

/* quiet no|INSTANT: whether it is quiet now, and until when */
static void cmd_quiet(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    char text[HY_INSTANT_TEXT_BYTES] = "no";
    struct hy_app_status status;

    hy_engine_app_status(story_world.engine, app->app.no, &story_arena, &status);
    hy_engine_app_release(app);
    if (status.quiet_until_ms)
        hy_instant_print(status.quiet_until_ms, text);
    if (strncmp(text, words[1], strlen(words[1])) != 0)
        FAIL("quiet %s, expected %s", text, words[1]);
}

static void pause_done(struct hy_app_pause *pause, void *arg)
{
    *(bool *)arg = true;
}

/* pause [for=2h], resume */
static void by_hand(char **words, bool resume)
{
    const char *length = story_option(words, "for");
    int64_t until_ms = length ? world_now_ms() + story_duration_ms(length) : 0;
    bool done = false;
    struct hy_app_pause pause = {.done = pause_done, .arg = &done};

    if (resume ? hy_engine_app_resume(story_world.engine, story_app, &pause)
               : hy_engine_app_pause(story_world.engine, story_app, until_ms, &pause))
        FAIL("no such app");
    world_settle(&story_world);
    if (!done || pause.result)
        FAIL("not stored: result %d", pause.result);
}

static void cmd_pause(char **words)
{
    by_hand(words, false);
}

static void cmd_resume(char **words)
{
    by_hand(words, true);
}

/* Of token calls: one that waits must live on. */
static struct {
    struct hy_token_query query;
    bool done, waits;
} asked[QUERIES_MAX];

void story_queries_forget(void)
{
    for (size_t i = 0; i < QUERIES_MAX; i++)
        asked[i].waits = false;
}

static void query_done(struct hy_token_query *query, void *arg)
{
    *(bool *)arg = true;
}

static void check_answer(const struct hy_token_query *query, const char *expected)
{
    if (strcmp(expected, "none") == 0
            ? query->result == 0
            : query->result != 0 || strcmp(query->access_token, expected) != 0)
        FAIL("token %s, error %s", query->access_token, query->error);
}

static bool lives(const struct hy_engine *engine)
{
    struct world_node *n = world_node_next(&story_world, NULL);

    while (n && n->engine != engine)
        n = world_node_next(&story_world, n);
    return n || engine == story_world.engine;
}

/* waited N TEXT|none: so many token calls waited since that was asked last (not at nodes that died), and that
 * was their answer */
static void cmd_waited(char **words)
{
    int count = 0;

    for (size_t i = 0; i < QUERIES_MAX; i++) {
        if (!asked[i].waits)
            continue;
        asked[i].waits = false;
        if (!lives(asked[i].query.engine))
            continue;
        count++;
        if (!asked[i].done)
            FAIL("one waits still");
        check_answer(&asked[i].query, words[2]);
    }
    if (count != atoi(words[1]))
        FAIL("%d waited", count);
}

/* ask-token TEXT|none|wait [refresh=1] [bad=TEXT]: what GET /token answers now */
static void cmd_ask_token(char **words)
{
    static size_t used;
    size_t i = used++ % QUERIES_MAX;
    struct hy_token_query *query = &asked[i].query;
    const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);

    *query = (struct hy_token_query){.app_no = app->app.no,
                                     .refresh = story_option(words, "refresh") ||
                                                story_option(words, "bad"),
                                     .done = query_done,
                                     .arg = &asked[i].done};
    hy_engine_app_release(app);
    if (story_option(words, "bad"))
        snprintf(query->bad_token, sizeof query->bad_token, "%s", story_option(words, "bad"));
    asked[i].done = asked[i].waits = false;
    hy_engine_token(story_world.engine, query);
    world_settle(&story_world);
    if (strcmp(words[1], "wait") == 0) {
        asked[i].waits = true;
        if (asked[i].done)
            FAIL("answered at once: %s%s", query->access_token, query->error);
        return;
    }
    if (!asked[i].done)
        FAIL("no answer yet");
    check_answer(query, words[1]);
}

/* check: the store's invariants hold (every story ends with it) */
static void cmd_check(char **words)
{
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &story_arena};

    story_read(&check.op);
    if (check.op.result)
        FAIL("store: %s", check.count ? check.findings[0] : "damaged");
}

const struct story_command story_looks[] = {{"state", 3, cmd_state},
                                            {"uses", 3, cmd_uses},
                                            {"grants", 3, cmd_grants},
                                            {"messages", 2, cmd_messages},
                                            {"lane", 2, cmd_lane},
                                            {"resume", 1, cmd_resume},
                                            {"channel", 2, cmd_channel},
                                            {"quiet", 2, cmd_quiet},
                                            {"pause", 1, cmd_pause},
                                            {"ask-token", 2, cmd_ask_token},
                                            {"waited", 3, cmd_waited},
                                            {"check", 1, cmd_check},
                                            {0}};
