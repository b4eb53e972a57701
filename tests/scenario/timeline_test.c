/*
 * timeline_test.c - random lives of one user, played with the whole engine; after each step her story
 * must add up: it begins at nothing, no balance jumps between two steps, and it ends at what the
 * ledger says.
 */
#include "tap.h"

#include "base/err.h"
#include "domain/timeline.h"
#include "world.h"

#include <stdlib.h>

enum { LIVES = 300, STEPS = 60, CHECK_EVERY = 6, CRASHES_MAX = 50 };

static const char app_id[] = "wx0000000000000001";
static const char user[] = "oScenarioScenarioScenario_u1";
static const char *const templates[] = {"TemplateTemplateTemplateTemplateTemplate__a",
                                        "TemplateTemplateTemplateTemplateTemplate__b"};

static struct world world;
static struct hy_arena arena;
static uint64_t random_state;
static int receipts, crashes;

static unsigned chance(unsigned below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % below;
}

static const char *any_template(void)
{
    return templates[chance(2)];
}

/* --- what may happen -------------------------------------------------------------------------- */

static void note_app(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

static void add_app(void)
{
    struct hy_app_change change = {.done = note_app};
    struct hy_violations v;
    int result = 1;
    HY_JSON_SCOPED json_t *body = json_pack("{s:s, s:s, s:i, s:i}", "id", app_id, "secret",
                                            "0123456789abcdef0123456789abcdef", "suspect_retry_s",
                                            60, "receipt_margin_s", 60);

    json_object_set_new(body, "callback_token", json_string("a_token_of_scenarios"));

    hy_violations_init(&v, &arena);
    change.arg = &result;
    CHECK_INT(hy_engine_app_change(world.engine, NULL, body, &v, &change), 0);
    world_settle(&world);
    CHECK_INT(result, 0);
}

static void ignore_report(struct hy_report *report, void *arg)
{
    (void)report;
    (void)arg;
}

static void report(json_t *body)
{
    struct hy_report r = {.done = ignore_report};
    struct hy_violations v;

    hy_violations_init(&v, &arena);
    CHECK_INT(hy_engine_report(world.engine, body, &v, &r), 0);
    json_decref(body);
    world_settle(&world);
}

static void accept(void)
{
    report(json_pack("{s:s, s:s, s:s, s:s, s:i}", "app", app_id, "user", user, "kind", "once",
                     "template", any_template(), "count", 1 + (int)chance(3)));
}

static void receipt(void)
{
    char credential[40];

    snprintf(credential, sizeof credential, "wx%030d", ++receipts);
    report(json_pack("{s:s, s:s, s:s, s:s}", "app", app_id, "user", user, "kind",
                     chance(2) ? "form_id" : "prepay_id", "credential", credential));
}

static void note_op(struct hy_op *op, void *arg)
{
    *(bool *)arg = true;
}

static void run(struct hy_op *op)
{
    bool done = false;

    op->done = note_op;
    op->arg = &done;
    hy_store_submit(world.store, op);
    world_settle(&world);
    CHECK(done);
    CHECK_INT(op->result, 0);
}

/* In the settings, now or a while ago. */
static void withdraw(void)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(world.engine, app_id);
    uint8_t identity[HY_IDENTITY_BYTES] = {0};
    struct hy_deposit_item item = {
        .grant = {.app_no = app->app.no,
                  .user = user,
                  .kind = HY_GRANT_ONCE,
                  .template_id = any_template(),
                  .state = HY_GRANT_AVAILABLE,
                  .uses_total = 1,
                  .uses_left = 1,
                  .obtained_at_ms = world_now_ms() - (chance(3) == 0 ? chance(30000) : 0)},
        .source = HY_SOURCE_EVENT,
        .answer = HY_ANSWER_WITHDRAW,
        .identity = identity};
    struct hy_deposit deposit = {
        .op.verb = HY_VERB_DEPOSIT, .items = &item, .count = 1, .now_ms = world_now_ms()};

    memcpy(identity, &random_state, sizeof random_state);
    item.identity_at_ms = item.grant.obtained_at_ms;
    run(&deposit.op);
}

/* What became of a message, told before its answer or long after. */
static void outcome(void)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(world.engine, app_id);
    struct hy_sent_item sent = {.template_id = any_template(), .delivered = chance(2)};
    struct hy_hear hear = {.op.verb = HY_VERB_HEAR,
                           .app_no = app->app.no,
                           .name = "subscribe_msg_sent_event",
                           .user = user,
                           .created_at_ms = world_now_ms(),
                           .now_ms = world_now_ms(),
                           .raw = "{}",
                           .sent = &sent,
                           .sent_count = 1};

    sent.reason = sent.delivered ? NULL : "event.1003";
    memcpy(sent.identity, &random_state, sizeof random_state);
    run(&hear.op);
}

static void ignore_submit(struct hy_submit *submit, void *arg)
{
    (void)submit;
    (void)arg;
}

static void send(void)
{
    static const char *const missing[] = {"fail", "wait", "try"};
    static const char *const policies[] = {"at_most_once", "at_least_once"};
    struct hy_submit submit = {.done = ignore_submit};
    struct hy_submission s;
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s}}", "app", app_id, "user", user, "template",
                  any_template(), "on_missing", missing[chance(3)], "policy", policies[chance(2)],
                  "data", "keyword1", "hello");

    hy_violations_init(&v, &arena);
    hy_engine_prepare(world.engine, body, NULL, NULL, &v, &s);
    CHECK(!hy_violations_any(&v));
    submit.admit.items = &s.item;
    submit.admit.count = 1;
    submit.admit.arena = &arena;
    hy_engine_submit(world.engine, &submit);
    world_settle(&world);
}

static void answer(void)
{
    static const int codes[] = {0, 0, 0, 43101, 43101, 47003, -1, 41028, 41029, 43108, 40003};
    char body[64];
    unsigned which = chance(sizeof codes / sizeof codes[0] + 2);

    if (world.request_count == 0)
        return;
    if (strstr(world.requests[0].url, "token")) {
        world_answer(&world, 0, HY_HTTP_ANSWERED, 200,
                     "{\"access_token\":\"T\",\"expires_in\":7200}");
        return;
    }
    if (which >= sizeof codes / sizeof codes[0]) {
        world_answer(&world, 0, chance(2) ? HY_HTTP_NO_ANSWER : HY_HTTP_NOT_SENT, 0, "lost");
        return;
    }
    snprintf(body, sizeof body, "{\"errcode\":%d,\"errmsg\":\"text\"}", codes[which]);
    world_answer(&world, 0, HY_HTTP_ANSWERED, 200, body);
}

static void pass(void)
{
    world_advance(&world, 1000 + chance(90000));
}

/* Dead engines are kept until the end, so there may not be many of them. */
static void crash(void)
{
    if (crashes < CRASHES_MAX && chance(5) == 0 && ++crashes)
        world_crash(&world, 0);
}

static void (*const happenings[])(void) = {accept, accept,   receipt, send,  send,
                                           answer, answer,   answer,  pass,  pass,
                                           answer, withdraw, send,    crash, outcome};

/* --- what must be true ------------------------------------------------------------------------ */

static void read_facts(struct hy_timeline_facts *facts, size_t limit)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(world.engine, app_id);
    struct hy_timeline_read read = {.op.verb = HY_VERB_TIMELINE,
                                    .app_no = app->app.no,
                                    .user = user,
                                    .limit = limit,
                                    .arena = &arena};

    run(&read.op);
    *facts =
        (struct hy_timeline_facts){.grants = read.grants,
                                   .grant_count = read.grant_count,
                                   .answers = read.answers,
                                   .answer_count = read.answer_count,
                                   .messages = read.messages,
                                   .message_count = read.message_count,
                                   .whole = read.answer_count < limit && read.message_count < limit,
                                   .now_ms = world_now_ms(),
                                   .margin_ms = app->settings.receipt_margin_s * 1000};
}

static int64_t in_ledger(const struct hy_timeline_facts *facts, const struct hy_grant *pot)
{
    int64_t sum = 0;

    if (pot)
        return hy_timeline_left(pot, facts->now_ms, facts->margin_ms);
    for (size_t i = 0; i < facts->grant_count; i++) {
        if (hy_grant_is_receipt(facts->grants[i].kind))
            sum += hy_timeline_left(&facts->grants[i], facts->now_ms, facts->margin_ms);
    }
    return sum;
}

static void print_story(const struct hy_step *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("# %lld %-16s %s %lld>%lld%s move=%d\n", (long long)items[i].at_ms,
               hy_step_type_names[items[i].type],
               items[i].pot ? items[i].pot->template_id + 40 : "receipts",
               (long long)items[i].before, (long long)items[i].after, items[i].known ? "" : "?",
               items[i].attempt ? (int)items[i].attempt->grant_move : -1);
}

static void check_pot(const struct hy_timeline_facts *facts, const struct hy_step *items,
                      size_t count, const struct hy_grant *pot)
{
    int64_t balance = facts->whole ? 0 : -1;

    for (size_t i = 0; i < count; i++) {
        const struct hy_step *t = &items[i];

        if (t->pot != pot)
            continue;
        if (!t->known)
            CHECK(!facts->whole || !pot); /* a receipt that was deleted */
        if (t->known && balance >= 0 && t->before != balance) {
            print_story(items, count);
            hy_tap_fail(__FILE__, __LINE__, "step %zu begins with %lld, not %lld", i,
                        (long long)t->before, (long long)balance);
        }
        balance = t->known ? t->after : balance;
    }
    if (balance >= 0 && balance != in_ledger(facts, pot)) {
        print_story(items, count);
        CHECK_INT(balance, in_ledger(facts, pot));
    }
}

/* With a small limit the story is cut; what is told of it is still true. */
static void check_story(size_t limit)
{
    struct hy_timeline_facts facts;
    struct hy_step *items;
    size_t count;

    read_facts(&facts, limit);
    items = hy_timeline(&facts, &arena, &count);
    CHECK(items != NULL);
    for (size_t i = 1; i < count; i++)
        CHECK(items[i - 1].at_ms <= items[i].at_ms);
    check_pot(&facts, items, count, NULL);
    for (size_t i = 0; i < facts.grant_count; i++) {
        if (!hy_grant_is_receipt(facts.grants[i].kind))
            check_pot(&facts, items, count, &facts.grants[i]);
    }
}

static void live(uint64_t seed)
{
    random_state = seed;
    receipts = 0;
    hy_arena_init(&arena);
    world_start(&world);
    add_app();
    answer();
    for (int step = 0; step < STEPS; step++) {
        happenings[chance(sizeof happenings / sizeof happenings[0])]();
        world_advance(&world, 10); /* an answer takes 7 ms */
        if (step % CHECK_EVERY == 0) {
            check_story(1000);
            check_story(5);
            hy_arena_reset(&arena);
        }
    }
    check_story(1000);
    world_stop(&world);
    hy_arena_deinit(&arena);
}

static void every_story_adds_up(void)
{
    for (uint64_t seed = 1; seed <= LIVES; seed++)
        live(seed * 7919);
}

int main(void)
{
    RUN(every_story_adds_up);
    return hy_tap_end();
}
