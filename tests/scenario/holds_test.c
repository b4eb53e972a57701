/* Which of two nodes sends for an app and tells a webhook: one at a time, and another one when that is gone. */
#include "tap.h"
#include "two_nodes.h"

#include "engine/internal.h"
#include "engine/nodes.h"
#include "engine/webhooks.h"
#include "store/webhooks.h"

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

    two_nodes_run(a, &put.op);
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
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(engine, two_nodes_app);
    struct hy_app_status status;

    hy_engine_app_status(engine, app->app.no, &arena, &status);
    return status.held;
}

static void one_says_that_it_sends_for_an_app(void)
{
    two_nodes_begin();
    CHECK_INT(says_that_it_sends(a) + says_that_it_sends(b), 1);
    CHECK_INT(says_that_it_sends(a), gauges_of(a).apps_held);
    world_node_kill(&world, world_node(&world, says_that_it_sends(a) ? "A" : "B"));
    world_advance(&world, 9000);
    CHECK(says_that_it_sends(world.engine));
    two_nodes_end();
}

/* What comes about when the other node has changed it goes where it lies now. */
static void an_endpoint_is_told_where_it_lies_now(void)
{
    struct hy_webhooks list = {.op.verb = HY_VERB_WEBHOOKS, .arena = &arena};
    struct hy_outbox_put test = {.op.verb = HY_VERB_OUTBOX_PUT,
                                 .outcome = {.type = HY_OUTCOME_TEST}};
    struct hy_engine *other;

    two_nodes_begin();
    put_hook(a, "https://a.example/", NULL);
    world_advance(&world, 5000);
    other = gauges_of(a).webhooks_held ? b : a;
    CHECK_INT(gauges_of(other).webhooks_held, 0);
    two_nodes_run(other, &list.op);
    test.outcome.webhook_id = list.webhooks[0].id;
    test.outcome.at_ms = world_now_ms();
    put_hook(other, "https://b.example/", &list.webhooks[0]);
    two_nodes_run(other, &test.op);
    world_settle(&world);
    CHECK_INT(requests_to("https://a.example/"), 0);
    CHECK_INT(requests_to("https://b.example/"), 1);
    two_nodes_end();
}

static void an_endpoint_is_told_by_one(void)
{
    two_nodes_begin();
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
    two_nodes_end();
}

/* One that was taken for dead comes back as another one. */
static void a_late_node_is_another_one(void)
{
    int64_t before;

    two_nodes_begin();
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
    two_nodes_end();
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

    CHECK_TEXT(gauges.apps[0].app, two_nodes_app);
    CHECK(gauges.apps[0].held);
    return gauges.apps[0].paused[HY_CHANNEL_SUBSCRIBE];
}

/* A pause that its holder alone knows of ends by a word from elsewhere, also after many words of other apps. */
static void a_dead_peer_is_tried_after_a_resume_elsewhere(void)
{
    static const char other[] = "wx0000000000000002";
    struct hy_gate_pause dead = {.hold = HY_GATE_DEAD, .reason = "dead.connect"};

    two_nodes_begin();
    two_nodes_change_app(
        a, NULL,
        json_pack("{s:s, s:s}", "id", other, "secret", "0123456789abcdef0123456789abcdef"));
    world_advance(&world, 5000);
    dead.until_ms = world_now_ms() + 3600000;
    hy_gate_pause(a, hy_lane_find(a, 1), HY_CHANNEL_SUBSCRIBE, &dead);
    for (int i = 0; i < 2 * HY_RESUMED_MAX; i++)
        resume(b, other);
    world_advance(&world, TWO_NODES_LATEST_MS);
    CHECK(is_paused(a));
    resume(b, two_nodes_app);
    world_advance(&world, TWO_NODES_LATEST_MS);
    CHECK(!is_paused(a));
    two_nodes_end();
}

static void a_node_without_a_store_is_not_ready(void)
{
    struct hy_readiness readiness;

    two_nodes_begin();
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
    two_nodes_end();
}

int main(void)
{
    RUN(an_endpoint_is_told_by_one);
    RUN(one_says_that_it_sends_for_an_app);
    RUN(an_endpoint_is_told_where_it_lies_now);
    RUN(a_late_node_is_another_one);
    RUN(a_dead_peer_is_tried_after_a_resume_elsewhere);
    RUN(a_node_without_a_store_is_not_ready);
    return hy_tap_end();
}
