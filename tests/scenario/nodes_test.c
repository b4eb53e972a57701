/* What one node changes is known on another: told at once, and within two seconds where the word was lost. */
#include "tap.h"
#include "two_nodes.h"

#include "base/err.h"
#include "crypto/signature.h"
#include "engine/internal.h"
#include "engine/page/session.h"
#include "engine/pages.h"
#include "engine/templates.h"
#include "store/memory/shared.h"

#include <stdlib.h>

static const char user[] = "oScenarioScenarioScenario_u1";

/* Twice: told, and with the word lost. `check` holds on the other node afterwards. */
static void both_ways(void (*act)(void), void (*check)(void))
{
    for (int lost = 0; lost < 2; lost++) {
        two_nodes_begin();
        hy_mem_shared_mute(world.shared, lost);
        act();
        world_settle(&world);
        if (lost)
            world_advance(&world, TWO_NODES_LATEST_MS);
        check();
        hy_mem_shared_mute(world.shared, false);
        two_nodes_end();
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
    world_advance(&world, TWO_NODES_LATEST_MS);
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

    two_nodes_begin();
    hy_mem_shared_mute(world.shared, true);
    CHECK_INT(hy_engine_key_adopt(a, "admin", key), 0);
    CHECK_INT(hy_engine_key_scopes(b, key, NULL), 0);
    CHECK_INT(hy_engine_key_adopt(b, "admin", key), 0);
    CHECK_INT(hy_engine_key_scopes(b, key, NULL), HY_SCOPE_ADMIN);
    hy_mem_shared_mute(world.shared, false);
    two_nodes_end();
}

/* --- settings --------------------------------------------------------------------------------- */

static void change_twice(void)
{
    two_nodes_change_app(a, two_nodes_app, json_pack("{s:i}", "rate_per_s", 5));
    world_advance(&world, TWO_NODES_LATEST_MS);
    two_nodes_change_app(b, two_nodes_app, json_pack("{s:i}", "rate_per_s", 7));
}

static void settings_are_the_last(void)
{
    HY_APP_SCOPED const struct hy_app_entry *on_a = hy_engine_app(a, two_nodes_app);
    HY_APP_SCOPED const struct hy_app_entry *on_b = hy_engine_app(b, two_nodes_app);

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
    *change = (struct hy_app_change){.done = two_nodes_note, .arg = &results[turn++ % 2]};
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
    two_nodes_begin();
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
    two_nodes_end();
}

static void ignore_removal(struct hy_app_removal *removal, void *arg)
{
    (void)removal;
    (void)arg;
}

static void remove_app(void)
{
    struct hy_app_removal removal = {.done = ignore_removal};

    CHECK_INT(hy_engine_app_remove(b, two_nodes_app, &removal), 0);
    world_settle(&world);
}

static void app_is_gone(void)
{
    CHECK(!hy_engine_app(a, two_nodes_app));
    CHECK(!hy_engine_app(b, two_nodes_app));
}

static void an_app_is_removed_everywhere(void)
{
    both_ways(remove_app, app_is_gone);
}

/* --- templates and sessions ------------------------------------------------------------------- */

static void put_template(void)
{
    struct hy_template template = {
        .app_no = 1, .id = "T1", .kind = HY_TEMPLATE_ONCE, .title = "t", .content = ""};
    struct hy_templates_put put = {.op.verb = HY_VERB_TEMPLATES_PUT,
                                   .app_no = 1,
                                   .templates = &template,
                                   .count = 1,
                                   .now_ms = world_now_ms()};

    two_nodes_run(a, &put.op);
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
    return hy_tap_end();
}
