/* Nodes: who lives, who holds what, and that nobody else writes. */
#include "store_nodes.h"

#include "store_bulk.h"

/* --- in few words ----------------------------------------------------------------------------- */

int try_beat(size_t store, struct hy_node_beat *v)
{
    rig_use(store);
    v->name = "127.0.0.1:8080";
    v->version = "1.2.3";
    v->lease_ms = LEASE;
    v->now_ms = rig.now_ms;
    v->arena = &rig.arena;
    return run(&v->op, HY_VERB_NODE_BEAT);
}

struct hy_node_beat *beat(size_t store)
{
    struct hy_node_beat *v = (struct hy_node_beat *)hy_arena_alloc(&rig.arena, sizeof *v);

    CHECK_INT(try_beat(store, v), 0);
    return v;
}

struct hy_node_beat *beat_giving(size_t store, enum hy_hold_kind kind, int64_t id)
{
    struct hy_node_beat *v = (struct hy_node_beat *)hy_arena_alloc(&rig.arena, sizeof *v);
    const struct hy_hold given = {.kind = kind, .id = id};

    v->give_back = &given;
    v->give_back_count = 1;
    CHECK_INT(try_beat(store, v), 0);
    return v;
}

void leave(size_t store)
{
    struct hy_node_leave v = {.op.result = 0};

    rig_use(store);
    CHECK_INT(run(&v.op, HY_VERB_NODE_LEAVE), 0);
}

const char *holds_of(const struct hy_node_beat *v, enum hy_hold_kind kind)
{
    char *text = hy_arena_strdup(&rig.arena, "");

    for (size_t i = 0; i < v->hold_count; i++)
        if (v->holds[i].kind == kind)
            text = hy_arena_printf(&rig.arena, "%s%s%lld", text, *text ? " " : "",
                                   (long long)v->holds[i].id);
    return text;
}

struct hy_nodes *all_nodes(void)
{
    struct hy_nodes *v = (struct hy_nodes *)hy_arena_alloc(&rig.arena, sizeof *v);

    v->arena = &rig.arena;
    CHECK_INT(run(&v->op, HY_VERB_NODES), 0);
    return v;
}

int64_t holder_of(enum hy_hold_kind kind, int64_t id)
{
    const struct hy_nodes *v = all_nodes();

    for (size_t i = 0; i < v->hold_count; i++)
        if (v->holds[i].kind == kind && v->holds[i].id == id)
            return v->holds[i].node;
    return 0;
}

void add_apps(size_t count, int64_t *ret_apps)
{
    ret_apps[0] = rig.app;
    for (size_t i = 1; i <= count; i++) {
        struct hy_app_put v = {.app = {.id = hy_arena_printf(&rig.arena, "more%zu", i),
                                       .platform = "wechat_mini",
                                       .settings = "{}",
                                       .secret = {"secret", 6}}};

        CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
        ret_apps[i] = v.app.no;
    }
}

void remove_app(int64_t app_no)
{
    struct hy_app_delete v = {.app_no = app_no, .now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_APP_DELETE), 0);
}

static int put_meta(const char *value)
{
    struct hy_meta_put v = {.name = "who", .value = value};

    return run(&v.op, HY_VERB_META_PUT);
}

static const char *meta(void)
{
    struct hy_meta_get v = {.name = "who", .arena = &rig.arena};

    return run(&v.op, HY_VERB_META_GET) == 0 ? v.value : "";
}

/* --- a store of one process ------------------------------------------------------------------- */

static void the_only_node_holds_everything(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_node_beat first = {.report = "{\"rate\":7}"}, again = {.report = NULL};
    const struct hy_nodes *v;
    int64_t apps[3];

    add_apps(2, apps);
    remove_app(apps[1]);
    rig.stores[0] = rig.store;
    CHECK_INT(try_beat(0, &first), 0);
    CHECK_INT(first.self.node, 1);
    CHECK_INT(first.self.slot, 0);
    CHECK(!first.renewed);
    CHECK_INT(first.nodes, 1);
    CHECK_INT(first.hold_count, 3);
    CHECK_INT(first.holds[0].id, apps[0]);
    CHECK_INT(first.holds[1].id, apps[2]);
    CHECK_INT(first.holds[2].kind, HY_HOLD_WEBHOOK);
    CHECK_INT(first.holds[2].id, hook);
    CHECK_INT(first.surplus[HY_HOLD_APP] + first.surplus[HY_HOLD_WEBHOOK], 0);
    rig.now_ms += DAY; /* late as nobody else could be */
    CHECK_INT(try_beat(0, &again), 0);
    CHECK(again.renewed);
    CHECK_INT(again.self.node, 1);
    CHECK_INT(again.removed, 0);
    v = all_nodes();
    CHECK_INT(v->count, 1);
    CHECK_TEXT(v->nodes[0].name, "127.0.0.1:8080");
    CHECK_TEXT(v->nodes[0].version, "1.2.3");
    CHECK(v->nodes[0].report == NULL);
    CHECK_INT(v->nodes[0].started_ms, rig.now_ms - DAY);
    CHECK_INT(v->nodes[0].lease_until_ms, rig.now_ms + LEASE);
    CHECK_INT(v->nodes[0].apps, 2);
    CHECK_INT(v->nodes[0].webhooks, 1);
    CHECK_INT(v->hold_count, 3);
    CHECK_INT(v->now_ms, rig.now_ms);
}

static void the_only_node_leaves_and_writes_on(void)
{
    struct hy_changes changes = {.op.result = 0};

    rig.stores[0] = rig.store;
    beat(0);
    leave(0);
    CHECK_INT(all_nodes()->count, 0);
    CHECK_INT(put_meta("me"), 0);
    CHECK(!hy_store_is_shared(rig.store));
    hy_store_watch(rig.store, NULL, NULL);
    CHECK_INT(run(&changes.op, HY_VERB_CHANGES), 0);
    CHECK_INT(changes.counts[HY_NEWS_APPS], 0);
}

static void one_app_is_recovered(void)
{
    int64_t apps[2];
    struct hy_recover v = {.now_ms = rig.now_ms};
    const struct hy_message *first, *second;

    add_apps(1, apps);
    form("u", 0);
    first = post("u");
    rig.app = apps[1];
    form("u", 0);
    second = post("u");
    claim_one();
    rig.app = apps[0];
    claim_one();
    v.app_no = apps[1];
    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    CHECK_INT(v.recovered, 1);
    CHECK_INT(v.last_message_id, second->id);
    CHECK_STATE(first->id, SENDING);
    CHECK_STATE(second->id, UNKNOWN);
    CHECK_INT(recover(), 1);
    CHECK_STATE(first->id, UNKNOWN);
}

static void a_beat_without_its_arguments_is_refused(void)
{
    struct hy_node_beat v = {.name = "n", .version = "v", .lease_ms = 1, .arena = &rig.arena};
    struct hy_hold odd = {.kind = HY_HOLD_KINDS};
    char name[HY_NODE_NAME_BYTES + 1] = "";

    memset(name, 'n', HY_NODE_NAME_BYTES);
    v.name = name;
    CHECK_INT(run(&v.op, HY_VERB_NODE_BEAT), HY_E_INVALID);
    v.name = "n";
    v.lease_ms = 0;
    CHECK_INT(run(&v.op, HY_VERB_NODE_BEAT), HY_E_INVALID);
    v.lease_ms = 1;
    v.give_back = &odd;
    v.give_back_count = 1;
    CHECK_INT(run(&v.op, HY_VERB_NODE_BEAT), HY_E_INVALID);
    CHECK_INT(all_nodes()->count, 0);
}

/* --- joining, renewing, removing -------------------------------------------------------------- */

static void a_node_joins_and_renews(void)
{
    const struct hy_node_beat *first = beat(0), *again;
    const struct hy_nodes *v;

    CHECK(!first->renewed);
    CHECK_INT(first->nodes, 1);
    CHECK_INT(first->self.lease_until_ms, rig.now_ms + LEASE);
    CHECK_INT(first->self.apps, 1);
    rig.now_ms += 2 * SECOND;
    again = beat(0);
    CHECK(again->renewed);
    CHECK_INT(again->self.node, first->self.node);
    CHECK_INT(again->self.slot, first->self.slot);
    CHECK_INT(again->self.started_ms, first->self.started_ms);
    CHECK_INT(again->self.lease_until_ms, rig.now_ms + LEASE);
    CHECK_TEXT(holds_of(again, HY_HOLD_APP), holds_of(first, HY_HOLD_APP));
    CHECK_INT(again->holds[0].since_ms, rig.now_ms - 2 * SECOND);
    rig_use(1);
    v = all_nodes();
    CHECK_INT(v->count, 1);
    CHECK_TEXT(v->nodes[0].name, "127.0.0.1:8080");
    CHECK_TEXT(v->nodes[0].version, "1.2.3");
    CHECK_INT(v->nodes[0].beat_ms, rig.now_ms);
    CHECK_INT(v->nodes[0].apps, 1);
    CHECK_INT(holder_of(HY_HOLD_APP, rig.app), first->self.node);
    CHECK(hy_store_is_shared(rig.store));
}

static void a_lease_that_is_over_ends_a_node(void)
{
    int64_t gone = beat(0)->self.node;
    const struct hy_node_beat *v;

    rig.now_ms += 1;
    CHECK_INT(beat(1)->nodes, 2);
    rig.now_ms += LEASE - 2; /* the last instant */
    v = beat(1);
    CHECK_INT(v->removed, 0);
    CHECK_INT(v->nodes, 2);
    rig.now_ms += 1;
    v = beat(1);
    CHECK_INT(v->removed, 1);
    CHECK_INT(v->nodes, 1);
    CHECK(v->self.node != gone);
    CHECK_INT(holder_of(HY_HOLD_APP, rig.app), v->self.node);
}

static void who_comes_back_is_a_new_one(void)
{
    const struct hy_node_beat *before = beat(0), *now;
    int64_t other;

    rig.now_ms += LEASE - 1;
    other = beat(1)->self.node;
    rig.now_ms += 1;
    CHECK_INT(beat(1)->removed, 1);
    now = beat(0);
    CHECK(!now->renewed);
    CHECK(now->self.node > other);
    CHECK(now->self.slot != before->self.slot);
    CHECK_INT(now->hold_count, 0);
    CHECK_INT(now->nodes, 2);
    CHECK_INT(holder_of(HY_HOLD_APP, rig.app), other);
}

static void who_is_late_alone_is_a_new_one_too(void)
{
    const struct hy_node_beat *before = beat(0), *now;

    rig.now_ms += LEASE;
    now = beat(0);
    CHECK(!now->renewed);
    CHECK_INT(now->removed, 1);
    CHECK_INT(now->nodes, 1);
    CHECK(now->self.node > before->self.node);
    CHECK_TEXT(holds_of(now, HY_HOLD_APP), holds_of(before, HY_HOLD_APP));
}

static void slots_differ(void)
{
    bool taken[HY_MESSAGE_NODE_MAX + 1] = {false};

    for (size_t i = 0; i < RIG_STORES_MAX; i++) {
        int slot = beat(i)->self.slot;

        CHECK(slot >= 0 && slot <= HY_MESSAGE_NODE_MAX);
        CHECK(!taken[slot]);
        taken[slot] = true;
    }
}

/* A node that comes and goes takes each slot once before any is taken again. */
static void a_slot_rests(void)
{
    int last = beat(0)->self.slot;

    for (int i = 0; i < HY_MESSAGE_NODE_MAX + 3; i++) {
        int slot;

        rig.now_ms += LEASE;
        slot = beat(0)->self.slot;
        CHECK_INT(slot, (last + 1) % (HY_MESSAGE_NODE_MAX + 1));
        last = slot;
    }
}

/* --- fences ----------------------------------------------------------------------------------- */

static int settle_late(const struct hy_claimed *c)
{
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item = settled(c, &j);
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    return run(&v.op, HY_VERB_SETTLE);
}

static void writes_of_a_removed_node_change_nothing(void)
{
    struct hy_message *m;
    struct hy_claim *claimed;

    form("u", 0);
    m = post("u");
    CHECK_INT(put_meta("nobody"), 0); /* before the first beat */
    beat(0);
    CHECK_INT(put_meta("first"), 0);
    claimed = claim(ALL);
    CHECK_INT(claimed->count, 1);
    rig.now_ms += LEASE;
    CHECK_INT(put_meta("late"), 0); /* nobody has taken its place yet */
    beat(1);
    rig_use(0);
    CHECK_INT(put_meta("too late"), HY_E_FENCED);
    CHECK_INT(put_meta("too late"), HY_E_FENCED);
    CHECK_INT(settle_late(&claimed->claimed[0]), HY_E_FENCED);
    CHECK_STATE(m->id, SENDING); /* it may look */
    CHECK_TEXT(meta(), "late");
    rig_use(1);
    CHECK_TEXT(meta(), "late");
    CHECK_STATE(m->id, SENDING);
    CHECK_INT(put_meta("second"), 0);
    beat(0);
    CHECK_INT(put_meta("third"), 0);
}

static void count_fenced(struct hy_op *op, void *arg)
{
    *(size_t *)arg += op->result == HY_E_FENCED;
}

static void a_whole_group_is_fenced(void)
{
    struct hy_meta_put v[3];
    size_t fenced = 0;

    beat(0);
    rig.now_ms += LEASE;
    beat(1);
    rig_use(0);
    for (size_t i = 0; i < 3; i++) {
        v[i] = (struct hy_meta_put){
            .op = {.verb = HY_VERB_META_PUT, .done = count_fenced, .arg = &fenced},
            .name = "who",
            .value = "late"};
        hy_store_submit(rig.store, &v[i].op);
    }
    CHECK(hy_store_pump(rig.store));
    CHECK_INT(fenced, 3);
    CHECK_TEXT(meta(), "");
}

static void who_left_does_not_write(void)
{
    int64_t node = beat(0)->self.node;
    const struct hy_node_beat *v;

    beat(1);
    leave(0);
    leave(0);
    CHECK_INT(put_meta("left"), HY_E_FENCED);
    CHECK_INT(all_nodes()->count, 1);
    CHECK_INT(holder_of(HY_HOLD_APP, rig.app), 0);
    v = beat(1);
    CHECK_INT(v->nodes, 1);
    CHECK_INT(v->removed, 0);
    CHECK_INT(v->self.apps, 1);
    v = beat(0);
    CHECK(!v->renewed);
    CHECK(v->self.node > node);
    CHECK_INT(put_meta("back"), 0);
}

static void who_never_beat_may_leave(void)
{
    leave(0);
    CHECK_INT(put_meta("me"), 0);
}

void store_nodes_cases(void)
{
    CASE(a_beat_without_its_arguments_is_refused);
    if (!rig_shared()) {
        CASE(the_only_node_holds_everything);
        CASE(the_only_node_leaves_and_writes_on);
        CASE(one_app_is_recovered);
    }
    if (!rig_shared() && rig_durable())
        return; /* SQLite: one process */
    CASE_NODES(a_node_joins_and_renews);
    CASE_NODES(a_lease_that_is_over_ends_a_node);
    CASE_NODES(who_comes_back_is_a_new_one);
    CASE_NODES(who_is_late_alone_is_a_new_one_too);
    CASE_NODES(slots_differ);
    CASE_NODES(a_slot_rests);
    CASE_NODES(writes_of_a_removed_node_change_nothing);
    CASE_NODES(a_whole_group_is_fenced);
    CASE_NODES(who_left_does_not_write);
    CASE_NODES(who_never_beat_may_leave);
    store_nodes_holds_cases();
    store_nodes_news_cases();
    store_nodes_work_cases();
}
