/*
 * order_test.c - things that happen between two steps of something else. A story cannot say where
 * in a turn it is; here each turn of the engine and each group of the store is made by hand.
 */
#include "tap.h"

#include "base/err.h"
#include "world.h"

#include <stdlib.h>
#include <sys/resource.h>

static const char app_id[] = "wx0000000000000001";
static const char user[] = "oScenarioScenarioScenario_u1";
static const char template_id[] = "TemplateTemplateTemplateTemplateTemplate__t";

static struct world world;
static struct hy_arena arena;

/* --- what callers do, without waiting for it -------------------------------------------------- */

static void tick(void)
{
    hy_engine_tick(world.engine, world_now_ms());
}

static void note_change(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

/* `id` null: adds the app of this test; otherwise only its secret is changed. */
static void put_app(const char *id, const char *mode)
{
    struct hy_app_change change = {.done = note_change};
    struct hy_violations v;
    int result = 1;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s}", "id", app_id, "secret", "0123456789abcdef0123456789abcdef");

    json_object_set_new(body, "token_mode", json_string(mode));
    hy_violations_init(&v, &arena);
    change.arg = &result;
    CHECK_INT(hy_engine_app_change(world.engine, id, body, &v, &change), 0);
    world_settle(&world);
    CHECK_INT(result, 0);
}

static void ignore_removal(struct hy_app_removal *removal, void *arg)
{
    (void)removal;
    (void)arg;
}

static void ask_removal(struct hy_app_removal *removal)
{
    *removal = (struct hy_app_removal){.done = ignore_removal};
    CHECK_INT(hy_engine_app_remove(world.engine, app_id, removal), 0);
}

static void ignore_report(struct hy_report *report, void *arg)
{
    (void)report;
    (void)arg;
}

static void grant(const char *credential)
{
    struct hy_report report = {.done = ignore_report};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = json_pack("{s:s, s:s, s:s, s:s}", "app", app_id, "user", user,
                                            "kind", "form_id", "credential", credential);

    hy_violations_init(&v, &arena);
    CHECK_INT(hy_engine_report(world.engine, body, &v, &report), 0);
    world_settle(&world);
    CHECK_INT(report.accepted, 1);
}

struct sending {
    struct hy_submit submit;
    struct hy_submission submission;
};

static void ignore_submit(struct hy_submit *submit, void *arg)
{
    (void)submit;
    (void)arg;
}

static void ask_send(struct sending *s)
{
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = json_pack("{s:s, s:s, s:s, s:{s:s}}", "app", app_id, "user", user,
                                            "template", template_id, "data", "keyword1", "hello");

    *s = (struct sending){.submit = {.done = ignore_submit}};
    hy_violations_init(&v, &arena);
    hy_engine_prepare(world.engine, body, NULL, NULL, &v, &s->submission);
    CHECK(!hy_violations_any(&v));
    s->submit.admit.items = &s->submission.item;
    s->submit.admit.count = 1;
    s->submit.admit.arena = &arena;
    hy_engine_submit(world.engine, &s->submit);
}

static void check_message(const struct sending *s, enum hy_message_state state, const char *reason)
{
    struct hy_message_get get = {
        .op.verb = HY_VERB_MESSAGE_GET, .message_id = s->submission.message.id, .arena = &arena};

    CHECK_INT(hy_store_run(world.store, &get.op), 0);
    CHECK_TEXT(hy_message_state_names[get.message.state], hy_message_state_names[state]);
    CHECK_TEXT(get.message.reason, reason);
    CHECK_INT(get.message.due_at_ms, 0);
}

static void answer(const char *body)
{
    CHECK_INT(world.request_count, 1);
    world_answer(&world, 0, HY_HTTP_ANSWERED, 200, body);
}

static void answer_token(const char *token)
{
    char body[128];

    CHECK_INT(world.request_count, 1);
    CHECK(strstr(world.requests[0].url, "token") != NULL);
    snprintf(body, sizeof body, "{\"access_token\":\"%s\",\"expires_in\":7200}", token);
    answer(body);
}

/* An app with a token and one permission. */
static void begin(void)
{
    world_start(&world);
    put_app(NULL, "stable");
    answer_token("T1");
    grant("f1");
}

static void end(void)
{
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &arena};

    CHECK_INT(hy_store_run(world.store, &check.op), 0);
    world_stop(&world);
    hy_arena_reset(&arena);
}

/* --- an app goes ------------------------------------------------------------------------------ */

static void an_app_that_goes_during_a_claim_sends_nothing(void)
{
    struct hy_app_removal removal;
    struct sending m;

    begin();
    ask_send(&m);
    hy_store_pump(world.store);
    tick(); /* asks to claim it */
    ask_removal(&removal);
    hy_store_pump(world.store); /* claimed, then the app is gone */
    tick();
    CHECK_INT(world.request_count, 0);
    world_settle(&world);
    check_message(&m, HY_MESSAGE_CANCELED, "app_deleted");
    end();
}

static void a_message_admitted_behind_the_removal_is_canceled(void)
{
    struct hy_app_removal removal;
    struct sending m;

    begin();
    ask_removal(&removal);
    ask_send(&m);
    world_settle(&world);
    CHECK_INT(m.submit.admit.op.result, 0);
    check_message(&m, HY_MESSAGE_CANCELED, "app_deleted");
    end();
}

/* On the engine's thread, in the middle of a turn: the store's thread gets on. */
static void pump_in_the_turn(struct hy_token_query *query, void *arg)
{
    (void)query;
    (void)arg;
    hy_store_pump(world.store);
}

/* Its request is under way, the app is removed, and both that and what the answer made of the
 * message become known in one turn, after it began. */
static void remove_and_settle_in_one_turn(struct sending *m, enum hy_http_outcome outcome)
{
    struct hy_http_response response = {.outcome = outcome, .error = "over"};
    struct hy_token_query query = {.done = pump_in_the_turn, .app_no = 1};
    static struct hy_app_removal removal;
    struct world_request *r = &world.requests[0];

    ask_send(m);
    world_settle(&world);
    CHECK_INT(world.request_count, 1);
    ask_removal(&removal);
    r->done(&response, r->arg);
    tick(); /* asks to settle it, behind the removal */
    free(r->method);
    free(r->url);
    free(r->body);
    world.request_count = 0;
    hy_engine_token(world.engine, &query);
    world_settle(&world);
}

static void what_is_queued_again_after_the_removal_is_canceled(void)
{
    struct sending m;

    begin();
    remove_and_settle_in_one_turn(&m, HY_HTTP_NOT_SENT);
    check_message(&m, HY_MESSAGE_CANCELED, "app_deleted");
    end();
}

static void what_is_unknown_after_the_removal_is_not_due(void)
{
    struct sending m;

    begin();
    remove_and_settle_in_one_turn(&m, HY_HTTP_NO_ANSWER);
    check_message(&m, HY_MESSAGE_UNKNOWN, "unknown.no_answer");
    end();
}

/* --- an app is changed ------------------------------------------------------------------------ */

static void a_new_secret_is_tried_at_once(void)
{
    world_start(&world);
    put_app(NULL, "stable");
    for (int i = 0; i < 6; i++) {
        answer("{\"errcode\":40125,\"errmsg\":\"invalid appsecret\"}");
        CHECK_INT(world.request_count, 0);
        if (i < 5)
            world_advance(&world, 90000);
    }
    put_app(app_id, "stable");
    answer_token("T1");
    end();
}

/* --- schedules -------------------------------------------------------------------------------- */

static void ignore_schedule(struct hy_schedule_change *change, void *arg)
{
    (void)change;
    (void)arg;
}

/* `existing` null: a new one, due every minute. */
static void ask_schedule(struct hy_schedule_change *change, const struct hy_schedule *existing)
{
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = json_pack("{s:{s:s, s:s, s:{s:s}}}", "message", "user", user,
                                            "template", template_id, "data", "keyword1", "changed");

    if (!existing) {
        json_object_set_new(body, "app", json_string(app_id));
        json_object_set_new(body, "name", json_string("minutely"));
        json_object_set_new(body, "cron", json_string("* * * * *"));
    }
    *change = (struct hy_schedule_change){.done = ignore_schedule};
    hy_violations_init(&v, &arena);
    hy_engine_schedule_read(world.engine, body, existing, &v, &change->put);
    CHECK(!hy_violations_any(&v));
    hy_engine_schedule_put(world.engine, change);
}

static void read_schedules(struct hy_schedules *ret_all)
{
    *ret_all = (struct hy_schedules){.op.verb = HY_VERB_SCHEDULES, .arena = &arena};
    CHECK_INT(hy_store_run(world.store, &ret_all->op), 0);
}

static void a_change_that_was_read_before_a_firing_fires_nothing_again(void)
{
    struct hy_schedule_change change;
    struct hy_schedules all;
    const struct hy_schedule *mine;
    int64_t first_ms;

    begin();
    grant("f2");
    ask_schedule(&change, NULL);
    world_settle(&world);
    read_schedules(&all);
    mine = &all.schedules[all.count - 1];
    CHECK_TEXT(mine->name, "minutely");
    first_ms = mine->next_run_ms;
    world_advance(&world, 60000);
    answer("{\"errcode\":0}");
    ask_schedule(&change, mine); /* as it was before it fired */
    world_settle(&world);
    CHECK_INT(change.put.schedule.next_run_ms, first_ms + 60000);
    world_advance(&world, 30000);
    CHECK_INT(world.request_count, 0);
    world_advance(&world, 30000);
    CHECK_INT(world.request_count, 1);
    CHECK(strstr(world.requests[0].body, "changed") != NULL);
    end();
}

/* No file can be opened, as when clients hold every descriptor that there is. */
static void limit_files(bool none)
{
    static struct rlimit before;
    struct rlimit limit;

    if (none) {
        CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
        limit = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    } else {
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    }
}

static void a_zone_that_cannot_be_read_now_ends_no_schedule(void)
{
    struct hy_schedule_change change;
    struct hy_schedules all;

    begin();
    ask_schedule(&change, NULL);
    world_settle(&world);
    limit_files(true);
    world_advance(&world, 150000);
    limit_files(false);
    world_advance(&world, 70000);
    CHECK_INT(world.request_count, 1);
    read_schedules(&all);
    CHECK_INT(all.count, 5);
    for (size_t i = 0; i < all.count; i++)
        CHECK(all.schedules[i].next_run_ms > world_now_ms());
    end();
}

int main(void)
{
    hy_arena_init(&arena);
    RUN(an_app_that_goes_during_a_claim_sends_nothing);
    RUN(a_message_admitted_behind_the_removal_is_canceled);
    RUN(what_is_queued_again_after_the_removal_is_canceled);
    RUN(what_is_unknown_after_the_removal_is_not_due);
    RUN(a_new_secret_is_tried_at_once);
    RUN(a_change_that_was_read_before_a_firing_fires_nothing_again);
    RUN(a_zone_that_cannot_be_read_now_ends_no_schedule);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
