/* What one node changes is known on another: told at once, and within two seconds where the word was lost. */
#include "tap.h"

#include "base/err.h"
#include "crypto/signature.h"
#include "engine/internal.h"
#include "engine/nodes.h"
#include "engine/page/session.h"
#include "engine/pages.h"
#include "engine/templates.h"
#include "engine/webhooks.h"
#include "store/memory/shared.h"
#include "store/webhooks.h"
#include "world.h"

#include <stdlib.h>

enum { LATEST_MS = 2000 };

static const char app_id[] = "wx0000000000000001";
static const char user[] = "oScenarioScenarioScenario_u1";

static struct world world;
static struct hy_engine *a, *b;
static struct hy_arena arena;

/* --- two nodes -------------------------------------------------------------------------------- */

static void note_change(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

static void change_app(struct hy_engine *engine, const char *id, json_t *body)
{
    struct hy_app_change change = {.done = note_change};
    struct hy_violations v;
    int result = 1;

    hy_violations_init(&v, &arena);
    change.arg = &result;
    CHECK_INT(hy_engine_app_change(engine, id, body, &v, &change), 0);
    world_settle(&world);
    CHECK_INT(result, 0);
    json_decref(body);
}

static void begin(void)
{
    hy_arena_init(&arena);
    world_start_shared(&world);
    world_node_start(&world, "A", 0);
    world_node_start(&world, "B", 0);
    a = world_node(&world, "A")->engine;
    b = world_node(&world, "B")->engine;
    change_app(a, NULL,
               json_pack("{s:s, s:s}", "id", app_id, "secret", "0123456789abcdef0123456789abcdef"));
    world_advance(&world, 5000);
}

static void end(void)
{
    world_stop(&world);
    hy_arena_deinit(&arena);
}

/* Twice: told, and with the word lost. `check` holds on the other node afterwards. */
static void both_ways(void (*act)(void), void (*check)(void))
{
    for (int lost = 0; lost < 2; lost++) {
        begin();
        hy_mem_shared_mute(world.shared, lost);
        act();
        world_settle(&world);
        if (lost)
            world_advance(&world, LATEST_MS);
        check();
        hy_mem_shared_mute(world.shared, false);
        end();
    }
}

/* --- keys ------------------------------------------------------------------------------------- */

static char secret[64];
static int64_t key_id;

static void note_key(struct hy_key_change *change, void *arg)
{
    *(int *)arg = change->op.result;
}

static void make_key(void)
{
    struct hy_key_change change = {.done = note_key};
    int result = 1;

    change.arg = &result;
    hy_engine_key_create(a, "shop", HY_SCOPE_SEND, &change);
    world_settle(&world);
    CHECK_INT(result, 0);
    snprintf(secret, sizeof secret, "%s", change.secret);
    key_id = change.put.key.id;
}

static void key_is_known(void)
{
    CHECK_INT(hy_engine_key_scopes(a, secret, NULL), HY_SCOPE_SEND);
    CHECK_INT(hy_engine_key_scopes(b, secret, NULL), HY_SCOPE_SEND);
}

static void make_and_revoke_key(void)
{
    struct hy_key_change change = {.done = note_key};
    int result = 1;

    make_key();
    world_advance(&world, LATEST_MS);
    key_is_known();
    change.arg = &result;
    hy_engine_key_revoke(b, key_id, &change);
    world_settle(&world);
    CHECK_INT(result, 0);
}

static void key_is_void(void)
{
    CHECK_INT(hy_engine_key_scopes(a, secret, NULL), 0);
    CHECK_INT(hy_engine_key_scopes(b, secret, NULL), 0);
}

static void a_key_works_everywhere(void)
{
    both_ways(make_key, key_is_known);
}

static void a_revoked_key_works_nowhere(void)
{
    both_ways(make_and_revoke_key, key_is_void);
}

/* Two that start at once are both given the same admin key: the second one finds it stored. */
static void an_admin_key_is_adopted_by_all(void)
{
    static const char key[] = "an-admin-key-of-this-test";

    begin();
    hy_mem_shared_mute(world.shared, true);
    CHECK_INT(hy_engine_key_adopt(a, "admin", key), 0);
    CHECK_INT(hy_engine_key_scopes(b, key, NULL), 0);
    CHECK_INT(hy_engine_key_adopt(b, "admin", key), 0);
    CHECK_INT(hy_engine_key_scopes(b, key, NULL), HY_SCOPE_ADMIN);
    hy_mem_shared_mute(world.shared, false);
    end();
}

/* --- settings --------------------------------------------------------------------------------- */

static void change_twice(void)
{
    change_app(a, app_id, json_pack("{s:i}", "rate_per_s", 5));
    world_advance(&world, LATEST_MS);
    change_app(b, app_id, json_pack("{s:i}", "rate_per_s", 7));
}

static void settings_are_the_last(void)
{
    HY_APP_SCOPED const struct hy_app_entry *on_a = hy_engine_app(a, app_id);
    HY_APP_SCOPED const struct hy_app_entry *on_b = hy_engine_app(b, app_id);

    CHECK_INT(on_a->settings.rate_per_s, 7);
    CHECK_INT(on_b->settings.rate_per_s, 7);
}

static void the_last_settings_count(void)
{
    both_ways(change_twice, settings_are_the_last);
}

/* A change whose done the test does not wait for. */
static void submit_app(struct hy_engine *engine, const char *id)
{
    static struct hy_app_change changes[2];
    static int results[2];
    static size_t turn;
    struct hy_app_change *change = &changes[turn % 2];
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s}", "id", id, "secret", "0123456789abcdef0123456789abcdef");
    struct hy_violations v;

    hy_violations_init(&v, &arena);
    *change = (struct hy_app_change){.done = note_change, .arg = &results[turn++ % 2]};
    CHECK_INT(hy_engine_app_change(engine, NULL, body, &v, change), 0);
}

static bool knows(struct hy_engine *engine, const char *id)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(engine, id);

    return app != NULL;
}

/* B reads the apps because A has a new one, and meanwhile gets one of its own: what it read is old then, and
 * is read again in the same instant. */
static void apps_in_quick_succession_are_known_at_once(void)
{
    begin();
    submit_app(a, "wx0000000000000002");
    while (hy_store_pump(world_node(&world, "A")->store))
        ;
    hy_store_pump(world_node(&world, "B")->store);
    hy_engine_tick(b, world_now_ms());
    submit_app(b, "wx0000000000000003");
    world_settle(&world);
    CHECK(knows(a, "wx0000000000000003"));
    CHECK(knows(b, "wx0000000000000003"));
    CHECK(knows(b, "wx0000000000000002"));
    end();
}

static void ignore_removal(struct hy_app_removal *removal, void *arg)
{
    (void)removal;
    (void)arg;
}

static void remove_app(void)
{
    struct hy_app_removal removal = {.done = ignore_removal};

    CHECK_INT(hy_engine_app_remove(b, app_id, &removal), 0);
    world_settle(&world);
}

static void app_is_gone(void)
{
    CHECK(!hy_engine_app(a, app_id));
    CHECK(!hy_engine_app(b, app_id));
}

static void an_app_is_removed_everywhere(void)
{
    both_ways(remove_app, app_is_gone);
}

/* --- templates and sessions ------------------------------------------------------------------- */

static void run(struct hy_engine *engine, struct hy_op *op)
{
    CHECK_INT(hy_store_run(hy_engine_store(engine), op), 0);
}

static void put_template(void)
{
    struct hy_template template = {
        .app_no = 1, .id = "T1", .kind = HY_TEMPLATE_ONCE, .title = "t", .content = ""};
    struct hy_templates_put put = {.op.verb = HY_VERB_TEMPLATES_PUT,
                                   .app_no = 1,
                                   .templates = &template,
                                   .count = 1,
                                   .now_ms = world_now_ms()};

    run(a, &put.op);
}

static void template_is_known(void)
{
    CHECK_INT(hy_engine_template_kind(b, 1, "T1", NULL), HY_TEMPLATE_ONCE);
}

static void a_template_is_known_everywhere(void)
{
    both_ways(put_template, template_is_known);
}

static char session[HY_SESSION_BYTES];

static void ignore_op(struct hy_op *op, void *arg)
{
    (void)op;
    (void)arg;
}

static int open_session(struct hy_engine *engine)
{
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;
    const char *found;

    return hy_engine_session_open(engine, session, &arena, &app, &found);
}

static void issue_and_cut(void)
{
    struct hy_session_cut cut = {.op.done = ignore_op, .app_no = 1, .user = user};

    CHECK_INT(hy_session_issue(a, 1, user, 3600000, session), 0);
    CHECK_INT(open_session(b), 0); /* any node opens it: they share the master key */
    hy_engine_session_cut(b, &cut);
    world_settle(&world);
}

static void session_is_void(void)
{
    CHECK_INT(open_session(a), HY_E_DENIED);
    CHECK_INT(open_session(b), HY_E_DENIED);
}

static void a_session_is_cut_everywhere(void)
{
    both_ways(issue_and_cut, session_is_void);
}

/* --- webhooks, holds, ids --------------------------------------------------------------------- */

static struct hy_gauges gauges_of(struct hy_engine *engine)
{
    struct hy_gauges gauges;

    CHECK_INT(hy_engine_gauges(engine, &arena, &gauges), 0);
    return gauges;
}

/* --- endpoints -------------------------------------------------------------------------------- */

static void add_webhook(const char *url)
{
    static const uint8_t bytes[] = "sealed";
    struct hy_webhook_put put = {.op.verb = HY_VERB_WEBHOOK_PUT,
                                 .webhook = {.url = url,
                                             .events = 1,
                                             .secret = {.bytes = bytes, .size = sizeof bytes},
                                             .created_at_ms = world_now_ms()}};

    run(a, &put.op);
}

static void note_hook(struct hy_webhook_change *change, void *arg)
{
    *(int *)arg = change->op.result;
}

/* Makes it, or has it lie elsewhere; is done when the world is settled. */
static void put_hook(struct hy_engine *engine, const char *url, const struct hy_webhook *existing)
{
    static struct hy_webhook_change change;
    static int result;
    HY_JSON_SCOPED json_t *body = json_pack("{s:s, s:[s]}", "url", url, "events", "message.failed");
    struct hy_violations v;

    hy_violations_init(&v, &arena);
    result = 1;
    change = (struct hy_webhook_change){.done = note_hook, .arg = &result};
    CHECK_INT(hy_engine_webhook_put(engine, body, existing, &v, &change), 0);
}

static size_t requests_to(const char *url)
{
    size_t count = 0;

    for (size_t i = 0; i < world.request_count; i++)
        count += strcmp(world.requests[i].url, url) == 0;
    return count;
}

static bool says_that_it_sends(struct hy_engine *engine)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(engine, app_id);
    struct hy_app_status status;

    hy_engine_app_status(engine, app->app.no, &arena, &status);
    return status.held;
}

static void one_says_that_it_sends_for_an_app(void)
{
    begin();
    CHECK_INT(says_that_it_sends(a) + says_that_it_sends(b), 1);
    CHECK_INT(says_that_it_sends(a), gauges_of(a).apps_held);
    world_node_kill(&world, world_node(&world, says_that_it_sends(a) ? "A" : "B"));
    world_advance(&world, 9000);
    CHECK(says_that_it_sends(world.engine));
    end();
}

/* What comes about when the other node has changed it goes where it lies now. */
static void an_endpoint_is_told_where_it_lies_now(void)
{
    struct hy_webhooks list = {.op.verb = HY_VERB_WEBHOOKS, .arena = &arena};
    struct hy_outbox_put test = {.op.verb = HY_VERB_OUTBOX_PUT,
                                 .outcome = {.type = HY_OUTCOME_TEST}};
    struct hy_engine *other;

    begin();
    put_hook(a, "https://a.example/", NULL);
    world_advance(&world, 5000);
    other = gauges_of(a).webhooks_held ? b : a;
    CHECK_INT(gauges_of(other).webhooks_held, 0);
    run(other, &list.op);
    test.outcome.webhook_id = list.webhooks[0].id;
    test.outcome.at_ms = world_now_ms();
    put_hook(other, "https://b.example/", &list.webhooks[0]);
    run(other, &test.op);
    world_settle(&world);
    CHECK_INT(requests_to("https://a.example/"), 0);
    CHECK_INT(requests_to("https://b.example/"), 1);
    end();
}

static void an_endpoint_is_told_by_one(void)
{
    begin();
    add_webhook("https://a.example/");
    add_webhook("https://b.example/");
    world_advance(&world, 5000);
    CHECK_INT(gauges_of(a).webhooks_held, 1);
    CHECK_INT(gauges_of(b).webhooks_held, 1);
    world_node_kill(&world, world_node(&world, "A"));
    world_advance(&world, 9000);
    CHECK_INT(gauges_of(b).webhooks_held, 2);
    CHECK_INT(gauges_of(b).apps_held, 1);
    CHECK_INT(gauges_of(b).nodes, 1);
    end();
}

/* One that was taken for dead comes back as another one. */
static void a_late_node_is_another_one(void)
{
    int64_t before;

    begin();
    before = hy_engine_node(a);
    world_node(&world, "A")->stopped = true;
    world_advance(&world, 10000);
    CHECK_INT(gauges_of(b).apps_held, 1);
    world_node(&world, "A")->stopped = false;
    world_advance(&world, 3000);
    CHECK(hy_engine_node(a) != before);
    CHECK(hy_engine_node(a) != hy_engine_node(b));
    CHECK_INT(gauges_of(a).apps_held + gauges_of(b).apps_held, 1);
    CHECK(gauges_of(a).lease_left_ms > 0);
    end();
}

static void note_pause(struct hy_app_pause *pause, void *arg)
{
    *(int *)arg = pause->put[0].op.result;
}

static void resume(struct hy_engine *engine, const char *id)
{
    struct hy_app_pause pause = {.done = note_pause};
    int result = 1;

    pause.arg = &result;
    CHECK_INT(hy_engine_app_resume(engine, id, &pause), 0);
    world_settle(&world);
    CHECK_INT(result, 0);
}

static bool is_paused(struct hy_engine *engine)
{
    struct hy_gauges gauges = gauges_of(engine);

    CHECK_TEXT(gauges.apps[0].app, app_id);
    CHECK(gauges.apps[0].held);
    return gauges.apps[0].paused[HY_CHANNEL_SUBSCRIBE];
}

/* A pause that its holder alone knows of ends by a word from elsewhere, also after many words of other apps. */
static void a_dead_peer_is_tried_after_a_resume_elsewhere(void)
{
    static const char other[] = "wx0000000000000002";
    struct hy_gate_pause dead = {.hold = HY_GATE_DEAD, .reason = "dead.connect"};

    begin();
    change_app(a, NULL,
               json_pack("{s:s, s:s}", "id", other, "secret", "0123456789abcdef0123456789abcdef"));
    world_advance(&world, 5000);
    dead.until_ms = world_now_ms() + 3600000;
    hy_gate_pause(a, hy_lane_find(a, 1), HY_CHANNEL_SUBSCRIBE, &dead);
    for (int i = 0; i < 2 * HY_RESUMED_MAX; i++)
        resume(b, other);
    world_advance(&world, LATEST_MS);
    CHECK(is_paused(a));
    resume(b, app_id);
    world_advance(&world, LATEST_MS);
    CHECK(!is_paused(a));
    end();
}

static void a_node_without_a_store_is_not_ready(void)
{
    struct hy_readiness readiness;

    begin();
    world_node(&world, "A")->cut_off = true;
    world_advance(&world, 10000);
    hy_engine_readiness(a, &readiness);
    CHECK(!readiness.ready && strstr(readiness.detail, "lease") != NULL);
    CHECK(gauges_of(a).lease_left_ms < 0);
    hy_engine_readiness(b, &readiness);
    CHECK(!strstr(readiness.detail, "lease"));
    world_node(&world, "A")->cut_off = false;
    world_advance(&world, 3000);
    hy_engine_readiness(a, &readiness);
    CHECK(!strstr(readiness.detail, "lease"));
    end();
}

int main(void)
{
    RUN(a_key_works_everywhere);
    RUN(a_revoked_key_works_nowhere);
    RUN(an_admin_key_is_adopted_by_all);
    RUN(the_last_settings_count);
    RUN(apps_in_quick_succession_are_known_at_once);
    RUN(an_app_is_removed_everywhere);
    RUN(a_template_is_known_everywhere);
    RUN(a_session_is_cut_everywhere);
    RUN(an_endpoint_is_told_by_one);
    RUN(one_says_that_it_sends_for_an_app);
    RUN(an_endpoint_is_told_where_it_lies_now);
    RUN(a_late_node_is_another_one);
    RUN(a_dead_peer_is_tried_after_a_resume_elsewhere);
    RUN(a_node_without_a_store_is_not_ready);
    return hy_tap_end();
}
