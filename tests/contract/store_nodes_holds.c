/* Nodes: who holds what. */
#include "store_nodes.h"

#include "store_bulk.h"

static void check_counts(const char *expected)
{
    const struct hy_nodes *v = all_nodes();
    char *text = hy_arena_strdup(&rig.arena, "");

    for (size_t i = 0; i < v->count; i++)
        text = hy_arena_printf(&rig.arena, "%s%s%lld", text, *text ? " " : "",
                               (long long)v->nodes[i].apps);
    CHECK_TEXT(text, expected);
}

/* Each gives back what it has too much of, until nobody has. */
static void settle_down(size_t nodes)
{
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < nodes; i++) {
            const struct hy_node_beat *v = beat(i);

            if (v->surplus[HY_HOLD_APP] > 0)
                beat_giving(i, HY_HOLD_APP, v->holds[0].id);
        }
    }
}

static void apps_are_spread_evenly(void)
{
    int64_t apps[7];

    add_apps(6, apps);
    CHECK_INT(beat(0)->self.apps, 7);
    check_counts("7");
    CHECK_INT(beat(1)->hold_count, 0); /* nothing is free */
    CHECK_INT(beat(0)->surplus[HY_HOLD_APP], 3);
    settle_down(2);
    check_counts("4 3");
    settle_down(3);
    check_counts("3 2 2");
    settle_down(4);
    check_counts("2 2 2 1");
    leave(1);
    rig_use(0);
    check_counts("2 2 1");
    beat(0);
    beat(2);
    beat(3);
    check_counts("3 2 2");
}

static void webhooks_are_spread_by_themselves(void)
{
    int64_t hooks[4];
    const struct hy_node_beat *v;

    for (size_t i = 0; i < 4; i++)
        hooks[i] = listen_to(EVERYTHING);
    v = beat(0);
    CHECK_INT(v->self.webhooks, 4);
    beat(1);
    v = beat_giving(0, HY_HOLD_WEBHOOK, hooks[3]);
    CHECK_INT(v->self.webhooks, 3);
    CHECK_INT(v->surplus[HY_HOLD_WEBHOOK], 1);
    CHECK_INT(v->surplus[HY_HOLD_APP], 0); /* one app, and the first node has it */
    beat_giving(0, HY_HOLD_WEBHOOK, hooks[0]);
    v = beat(1);
    CHECK_INT(v->self.webhooks, 2);
    CHECK_INT(v->self.apps, 0);
    CHECK_INT(holder_of(HY_HOLD_WEBHOOK, hooks[0]), v->self.node);
    CHECK_INT(holder_of(HY_HOLD_WEBHOOK, hooks[3]), v->self.node);
}

static void what_is_given_back_is_free_for_others(void)
{
    int64_t apps[2];
    const struct hy_node_beat *v;
    int64_t first, second;

    add_apps(1, apps);
    first = beat(0)->self.node;
    second = beat(1)->self.node;
    v = beat_giving(0, HY_HOLD_APP, apps[0]);
    CHECK_INT(v->self.apps, 1);
    CHECK_INT(holder_of(HY_HOLD_APP, apps[0]), 0);
    v = beat_giving(1, HY_HOLD_APP, apps[1]); /* not its own: nothing happens */
    CHECK_INT(v->self.apps, 1);
    CHECK_INT(holder_of(HY_HOLD_APP, apps[0]), second);
    CHECK_INT(holder_of(HY_HOLD_APP, apps[1]), first);
}

static void alone_one_takes_again_what_it_gave(void)
{
    CHECK_INT(beat(0)->self.apps, 1);
    CHECK_INT(beat_giving(0, HY_HOLD_APP, rig.app)->self.apps, 0);
    CHECK_INT(beat(0)->self.apps, 1);
}

static void holds_of_what_is_deleted_end(void)
{
    int64_t apps[2], hook = listen_to(EVERYTHING);
    struct hy_webhook_delete gone = {.webhook_id = hook, .limit = 10};

    add_apps(1, apps);
    CHECK_INT(beat(0)->hold_count, 3);
    rig_use(1);
    remove_app(apps[1]);
    CHECK_INT(run(&gone.op, HY_VERB_WEBHOOK_DELETE), 0);
    CHECK_INT(beat(0)->hold_count, 1);
    CHECK_INT(all_nodes()->hold_count, 1);
}

static void new_apps_are_held_at_the_next_beat(void)
{
    int64_t apps[3];

    beat(0);
    beat(1);
    add_apps(2, apps);
    CHECK_INT(holder_of(HY_HOLD_APP, apps[1]), 0);
    CHECK_INT(beat(1)->self.apps, 1);
    CHECK_INT(beat(0)->self.apps, 2);
    CHECK_INT(all_nodes()->hold_count, 3);
}

void store_nodes_holds_cases(void)
{
    CASE_NODES(apps_are_spread_evenly);
    CASE_NODES(webhooks_are_spread_by_themselves);
    CASE_NODES(what_is_given_back_is_free_for_others);
    CASE_NODES(alone_one_takes_again_what_it_gave);
    CASE_NODES(holds_of_what_is_deleted_end);
    CASE_NODES(new_apps_are_held_at_the_next_beat);
}
