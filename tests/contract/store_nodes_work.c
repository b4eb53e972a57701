/* Nodes: what becomes of the work of one that is gone, and what only one of several gets. */
#include "store_nodes.h"

#include "store_bulk.h"

/* --- messages --------------------------------------------------------------------------------- */

static size_t recover_as(size_t store, int64_t app_no)
{
    struct hy_recover v = {.now_ms = rig.now_ms, .app_no = app_no};

    rig_use(store);
    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    return v.recovered;
}

/* A message of "u" that the store in use has claimed. */
static int64_t under_way(void)
{
    form("u", 0);
    post("u");
    return claim_one()->message.id;
}

static void what_a_dead_node_sent_the_next_holder_recovers(void)
{
    int64_t id, next;

    beat(0);
    beat(1);
    beat(2);
    rig_use(0);
    id = under_way();
    rig.now_ms += LEASE - 1;
    CHECK_INT(recover_as(1, 0), 0); /* its lease is good */
    beat(1);
    beat(2);
    rig.now_ms += 1;
    CHECK_INT(recover_as(1, rig.app), 0); /* nobody has removed it */
    next = beat(2)->self.node;
    CHECK_INT(holder_of(HY_HOLD_APP, rig.app), 0); /* its share is none */
    CHECK_INT(recover_as(2, 0), 0);
    CHECK_INT(beat(1)->self.apps, 1);
    CHECK_INT(recover_as(2, 0), 0);
    CHECK_INT(recover_as(2, rig.app), 0);
    CHECK(holder_of(HY_HOLD_APP, rig.app) != next);
    CHECK_STATE(id, SENDING);
    CHECK_INT(recover_as(1, rig.app), 1);
    CHECK_STATE(id, UNKNOWN);
    CHECK_TEXT(fetch(id)->attempts[0].judgement.errmsg, "the server stopped while sending");
    CHECK_INT(recover_as(1, 0), 0);
}

static void what_it_claimed_itself_it_does_not_recover(void)
{
    int64_t id;

    beat(0);
    id = under_way();
    CHECK_INT(recover_as(0, 0), 0);
    CHECK_INT(recover_as(0, rig.app), 0);
    CHECK_STATE(id, SENDING);
}

static void who_comes_back_recovers_what_it_left(void)
{
    int64_t id;

    beat(0);
    id = under_way();
    rig.now_ms += LEASE;
    CHECK(!beat(0)->renewed);
    CHECK_INT(recover_as(0, rig.app), 1);
    CHECK_STATE(id, UNKNOWN);
}

static void what_was_left_at_giving_back_the_next_holder_recovers(void)
{
    int64_t apps[2], id;

    add_apps(1, apps);
    beat(0);
    beat(1);
    rig_use(0);
    id = under_way();
    beat_giving(0, HY_HOLD_APP, apps[0]);
    CHECK_INT(recover_as(0, 0), 0);
    CHECK_INT(beat(1)->self.apps, 1);
    CHECK_INT(recover_as(1, apps[0]), 1);
    CHECK_STATE(id, UNKNOWN);
}

static void of_a_deleted_app_anybody_recovers(void)
{
    struct hy_app_delete gone = {.app_no = rig.app, .now_ms = rig.now_ms};
    int64_t id;

    beat(0);
    beat(1);
    rig_use(0);
    id = under_way();
    rig_use(1);
    CHECK_INT(run(&gone.op, HY_VERB_APP_DELETE), 0);
    beat(1); /* nobody holds it any more */
    CHECK_INT(recover_as(1, 0), 0);
    CHECK_STATE(id, SENDING);
    rig.now_ms += LEASE - 1;
    beat(1);
    rig.now_ms += 1;
    CHECK_INT(beat(1)->removed, 1);
    CHECK_INT(recover_as(1, 0), 1);
    CHECK_STATE(id, UNKNOWN);
}

static void who_is_no_node_leaves_the_living_alone(void)
{
    int64_t id;

    beat(0);
    id = under_way();
    CHECK_INT(recover_as(1, 0), 0);
    rig.now_ms += LEASE;
    leave(0);
    CHECK_INT(recover_as(1, 0), 1);
    CHECK_STATE(id, UNKNOWN);
}

/* A node stalls while it sends; another takes its app, recovers, and sends what it sent. */
static void a_late_answer_of_a_removed_node_changes_nothing(void)
{
    const struct hy_claimed *late;
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item;
    struct hy_settle v = {.items = &item, .count = 1};
    int64_t form_id;

    beat(0);
    form_id = form("u", 0);
    post("u");
    late = claim_one();
    item = settled(late, &j);
    rig.now_ms += LEASE;
    beat(1);
    CHECK_INT(recover_as(1, rig.app), 1);
    CHECK_TEXT(ledger("u", form_id), "1/1 available");
    rig.now_ms += HOUR;
    judge(claim_one(), HY_VERDICT_BAD_PAYLOAD, "47003");
    rig_use(0);
    v.now_ms = rig.now_ms;
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), HY_E_FENCED);
    CHECK_INT(get(late->message.id)->attempt_count, 2);
    CHECK(state_of(late->message.id) != HY_MESSAGE_SENT);
}

/* --- outcomes --------------------------------------------------------------------------------- */

static void what_a_dead_node_told_is_due_at_its_next_holder(void)
{
    int64_t hook = listen_to(EVERYTHING);

    beat(0);
    beat(1);
    rig_use(0);
    post("u");
    CHECK_INT(outbox(hook, ALL)->count, 1); /* for a minute */
    rig.now_ms += LEASE - 1;
    beat(1);
    rig.now_ms += 1;
    CHECK_INT(outbox(hook, ALL)->count, 0);
    CHECK_INT(beat(1)->self.webhooks, 1);
    CHECK_INT(outbox(hook, ALL)->count, 1);
}

static void what_is_put_off_stays_so(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_outbox_item item = {.webhook_id = hook, .due_at_ms = rig.now_ms + HOUR};
    struct hy_outbox_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    beat(0);
    post("u");
    item.outcome_id = outbox_one(hook)->outcome.id;
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_SETTLE), 0);
    leave(0);
    CHECK_INT(beat(1)->self.webhooks, 1);
    CHECK_INT(outbox(hook, ALL)->count, 0);
    rig.now_ms += HOUR;
    CHECK_INT(outbox(hook, ALL)->count, 1);
}

/* --- counts ----------------------------------------------------------------------------------- */

/* Users and uses of a template's counters, uses of all sorts, messages. */
static const char *all_counts(void)
{
    struct hy_reach reach = {.app_no = rig.app, .template_id = "T1", .now_ms = rig.now_ms};
    struct hy_counts counts = {.arena = &rig.arena};
    long long messages = 0;

    CHECK_INT(run(&reach.op, HY_VERB_REACH), 0);
    CHECK_INT(run(&counts.op, HY_VERB_COUNTS), 0);
    for (size_t i = 0; i < counts.count; i++)
        messages += counts.counts[i].messages;
    return hy_arena_printf(&rig.arena, "%lld users, %lld uses of %lld, %lld messages",
                           (long long)reach.users, (long long)reach.uses,
                           (long long)counts.grants_available, messages);
}

static void what_a_dead_node_counted_still_counts(void)
{
    const char *before;

    beat(0);
    form("u", 0);
    once("v", "T1", 3);
    post("w");
    beat(1);
    once("v", "T1", 1);
    before = all_counts();
    CHECK_TEXT(before, "1 users, 4 uses of 5, 1 messages");
    rig.now_ms += LEASE;
    beat(2);
    CHECK_INT(beat(2)->nodes, 1);
    CHECK_TEXT(all_counts(), before);
    once("v", "T1", 1);
    post("v");
    CHECK_TEXT(all_counts(), "1 users, 4 uses of 5, 2 messages");
    beat(1); /* another one now */
    CHECK_TEXT(all_counts(), "1 users, 4 uses of 5, 2 messages");
}

/* --- exactly one ------------------------------------------------------------------------------ */

static void a_due_time_fires_at_one_node(void)
{
    struct hy_schedule_put put = {.schedule = {.app_no = rig.app,
                                               .name = "daily",
                                               .cron = "0 8 * * *",
                                               .timezone = "UTC",
                                               .next_run_ms = rig.now_ms}};
    size_t fired = 0;

    for (size_t i = 0; i < RIG_STORES_MAX; i++)
        beat(i);
    CHECK_INT(run(&put.op, HY_VERB_SCHEDULE_PUT), 0);
    for (size_t i = 0; i < RIG_STORES_MAX; i++) {
        struct hy_schedule_fire fire = {.schedule_id = put.schedule.id,
                                        .due_ms = rig.now_ms,
                                        .next_run_ms = rig.now_ms + DAY,
                                        .now_ms = rig.now_ms,
                                        .arena = &rig.arena};
        int r;

        rig_use(i);
        r = run(&fire.op, HY_VERB_SCHEDULE_FIRE);
        CHECK(r == 0 || r == HY_E_CONFLICT);
        fired += r == 0;
    }
    CHECK_INT(fired, 1);
}

static void one_node_asks_for_a_token(void)
{
    size_t asks = 0;

    for (size_t i = 0; i < RIG_STORES_MAX; i++) {
        struct hy_token_begin v = {.app_no = rig.app,
                                   .now_ms = rig.now_ms,
                                   .lease_until_ms = rig.now_ms + MINUTE,
                                   .arena = &rig.arena};
        int r;

        beat(i);
        r = run(&v.op, HY_VERB_TOKEN_BEGIN);
        CHECK(r == 0 || r == HY_TOKEN_TAKEN);
        asks += r == 0;
    }
    CHECK_INT(asks, 1);
}

static void twins_at_two_nodes_are_one(void)
{
    struct hy_message *first = draft("u"), *second = draft("u");
    struct hy_admit_item a = keyed(first, "k", "body"), b = keyed(second, "k", "body");

    beat(0);
    CHECK_INT(admit_items(&a, 1), 0);
    CHECK_INT(a.admission, HY_ADMITTED);
    beat(1);
    CHECK_INT(admit_items(&b, 1), 0);
    CHECK_INT(b.admission, HY_ADMITTED_BEFORE);
    CHECK_INT(second->id, first->id);
}

void store_nodes_work_cases(void)
{
    CASE_NODES(what_a_dead_node_sent_the_next_holder_recovers);
    CASE_NODES(what_it_claimed_itself_it_does_not_recover);
    CASE_NODES(who_comes_back_recovers_what_it_left);
    CASE_NODES(what_was_left_at_giving_back_the_next_holder_recovers);
    CASE_NODES(of_a_deleted_app_anybody_recovers);
    CASE_NODES(who_is_no_node_leaves_the_living_alone);
    CASE_NODES(a_late_answer_of_a_removed_node_changes_nothing);
    CASE_NODES(what_a_dead_node_told_is_due_at_its_next_holder);
    CASE_NODES(what_is_put_off_stays_so);
    CASE_NODES(what_a_dead_node_counted_still_counts);
    CASE_NODES(a_due_time_fires_at_one_node);
    CASE_NODES(one_node_asks_for_a_token);
    CASE_NODES(twins_at_two_nodes_are_one);
}
