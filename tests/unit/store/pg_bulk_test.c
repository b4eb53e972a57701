/*
 * Broadcasts and the outbox, when two processes are at it at the same moment: one is held in the middle
 * of its transaction until the other one waits for it.
 */
#include "pg_two.h"

#include "base/clock.h"
#include "store/backend.h"
#include "store/broadcasts.h"
#include "store/housekeeping.h"
#include "store/messages.h"
#include "store/nodes.h"
#include "store/postgres/outbox.h"
#include "store/postgres/postgres.h"

enum { LATER = 2000000, APP = 1 };

/* --- broadcasts ----------------------------------------------------------------------------------- */

static int64_t put_broadcast(enum hy_broadcast_state state, size_t users)
{
    static const struct hy_audience_item all[] = {{.user = "a"}, {.user = "b"}, {.user = "c"}};
    struct hy_broadcast_put v = {
        .make = {.broadcast = {.app_no = APP,
                               .state = state,
                               .message = {.template_id = "T1",
                                           .data = "{}",
                                           .on_missing = HY_ON_MISSING_TRY},
                               .started_at_ms = state == HY_BROADCAST_RUNNING ? NOW : 0,
                               .created_at_ms = NOW},
                 .items = all,
                 .count = users}};

    CHECK_INT(do_verb(one, &v.op, HY_VERB_BROADCAST_PUT), 0);
    return v.make.broadcast.id;
}

static void two_add_to_an_audience_at_once(void)
{
    static const struct hy_audience_item first[] = {{.user = "a"}, {.user = "b"}};
    static const struct hy_audience_item second[] = {{.user = "c"}, {.user = "b"}};
    struct hy_audience_add ours, theirs;

    fresh();
    ours = theirs = (struct hy_audience_add){
        .broadcast_id = put_broadcast(HY_BROADCAST_DRAFT, 0), .items = first, .count = 2};
    theirs.items = second;
    begin(one);
    CHECK_INT(run_verb(one, &ours.op, HY_VERB_AUDIENCE_ADD), 0);
    begin_meanwhile(&theirs.op, HY_VERB_AUDIENCE_ADD);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(ours.added, 2);
    CHECK_INT(theirs.added, 1);
    CHECK_INT(theirs.duplicates, 1);
    CHECK_INT(number_of("SELECT total FROM broadcast"), 3);
    CHECK_INT(number_of("SELECT duplicates FROM broadcast"), 1);
}

/* A paused one with a message that is due. */
static int64_t paused(void)
{
    int64_t id = put_broadcast(HY_BROADCAST_RUNNING, 1);
    int64_t message_id = hy_message_ids_next(&ids, NOW);
    struct hy_broadcast_feed feed = {
        .broadcast_id = id, .ids = &message_id, .limit = 1, .now_ms = NOW};
    struct hy_broadcast_move move = {.broadcast_id = id, .to = HY_BROADCAST_PAUSED, .now_ms = NOW};

    CHECK_INT(do_verb(one, &feed.op, HY_VERB_BROADCAST_FEED), 0);
    CHECK_INT(feed.due, 1);
    CHECK_INT(do_verb(one, &move.op, HY_VERB_BROADCAST_MOVE), 0);
    return id;
}

static struct hy_claim_lane bulk_lane(void)
{
    return (struct hy_claim_lane){
        .app_no = APP, .queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_BULK), .capacity = 10};
}

static void what_is_being_set_aside_is_brought_back(void)
{
    struct hy_claim_lane lane = bulk_lane();
    struct hy_claim claim = {.lanes = &lane,
                             .lane_count = 1,
                             .held_count = 1,
                             .now_ms = NOW,
                             .lease_until_ms = LATER,
                             .arena = &arena};
    struct hy_broadcast_move move = {.to = HY_BROADCAST_RUNNING, .now_ms = LATER};

    fresh();
    claim.held = &move.broadcast_id;
    move.broadcast_id = paused();
    begin(one);
    CHECK_INT(run_verb(one, &claim.op, HY_VERB_CLAIM), 0);
    CHECK_INT(claim.count, 0);
    begin_meanwhile(&move.op, HY_VERB_BROADCAST_MOVE);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(move.freed, 1);
    CHECK_INT(number_of("SELECT count(*) FROM held"), 0);
    CHECK_INT(number_of("SELECT due_at_ms FROM due"), LATER);
}

static void what_goes_on_is_not_set_aside(void)
{
    struct hy_claim_lane lane = bulk_lane();
    struct hy_broadcast_move move = {.to = HY_BROADCAST_RUNNING, .now_ms = NOW};
    struct hy_claim claim = {.lanes = &lane,
                             .lane_count = 1,
                             .held = &move.broadcast_id,
                             .held_count = 1,
                             .now_ms = NOW,
                             .lease_until_ms = LATER,
                             .arena = &arena};

    fresh();
    move.broadcast_id = paused();
    begin(one);
    CHECK_INT(run_verb(one, &move.op, HY_VERB_BROADCAST_MOVE), 0);
    CHECK_INT(hy_desk_put_away(hy_pg(one)), 0);
    begin_meanwhile(&claim.op, HY_VERB_CLAIM);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(claim.count, 1);
    CHECK_INT(number_of("SELECT count(*) FROM held"), 0);
}

/* --- the outbox ----------------------------------------------------------------------------------- */

static int64_t listen_to(struct hy_backend *b, uint32_t events)
{
    struct hy_webhook_put v = {
        .webhook = {.url = "http://x", .events = events, .secret = {"0123", 4}}};

    CHECK_INT(do_verb(b, &v.op, HY_VERB_WEBHOOK_PUT), 0);
    return v.webhook.id;
}

static int64_t post(const char *user)
{
    struct hy_message m = {.id = hy_message_ids_next(&ids, NOW),
                           .app_no = APP,
                           .user = user,
                           .template_id = "T1",
                           .data = "{}",
                           .accepted_at_ms = NOW};
    struct hy_admit_item item = {.message = &m};
    struct hy_admit v = {.items = &item, .count = 1, .now_ms = NOW, .arena = &arena};

    CHECK_INT(do_verb(one, &v.op, HY_VERB_ADMIT), 0);
    return m.id;
}

/* It has failed, which nobody was told yet, and is queued again. */
static int64_t failed_and_retried(void)
{
    struct hy_retry v = {.message_id = post("u"), .now_ms = NOW};

    CHECK_INT(do_verb(one, &v.op, HY_VERB_RETRY), 0);
    CHECK_INT(number_of("SELECT count(*) FROM outbox"), 1);
    return v.message_id;
}

/* What is due is told. */
static struct hy_outbox_item told(int64_t webhook_id)
{
    struct hy_outbox_lane lane = {.webhook_id = webhook_id, .capacity = 10};
    struct hy_outbox_claim v = {
        .lanes = &lane, .lane_count = 1, .now_ms = NOW, .lease_until_ms = LATER, .arena = &arena};

    CHECK_INT(do_verb(one, &v.op, HY_VERB_OUTBOX_CLAIM), 0);
    CHECK_INT(v.count, 1);
    return (struct hy_outbox_item){
        .outcome_id = v.claimed[0].outcome.id, .webhook_id = webhook_id, .over = true};
}

static void one_more_is_told_while_the_one_before_is_settled(void)
{
    struct hy_cancel cancel = {.now_ms = NOW};
    struct hy_outbox_item item;
    struct hy_outbox_settle settle = {.items = &item, .count = 1, .now_ms = LATER};
    int64_t hook;

    fresh();
    hook = listen_to(one, ~0U);
    cancel.message_id = failed_and_retried();
    item = told(hook);
    begin(one);
    CHECK_INT(run_verb(one, &settle.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(settle.freed, 0);
    begin_meanwhile(&cancel.op, HY_VERB_CANCEL);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(number_of("SELECT count(*) FROM outbox"), 1);
    CHECK_INT(number_of("SELECT due_at_ms FROM outbox"), NOW); /* behind nobody */
}

static void the_one_before_is_settled_while_one_more_is_told(void)
{
    struct hy_cancel cancel = {.now_ms = NOW};
    struct hy_outbox_item item;
    struct hy_outbox_settle settle = {.items = &item, .count = 1, .now_ms = LATER};
    int64_t hook;

    fresh();
    hook = listen_to(one, ~0U);
    cancel.message_id = failed_and_retried();
    item = told(hook);
    begin(one);
    CHECK_INT(run_verb(one, &cancel.op, HY_VERB_CANCEL), 0);
    CHECK_INT(hy_desk_put_away(hy_pg(one)), 0);
    begin_meanwhile(&settle.op, HY_VERB_OUTBOX_SETTLE);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(settle.freed, 1);
    CHECK_INT(number_of("SELECT due_at_ms FROM outbox"), LATER);
}

static void one_that_is_too_old_goes_while_one_more_is_told(void)
{
    struct hy_cancel cancel = {.now_ms = LATER};
    struct hy_retain retain = {.kind = HY_RETAIN_OUTBOX, .before_ms = LATER, .limit = 10};

    fresh();
    listen_to(one, ~0U);
    cancel.message_id = failed_and_retried();
    begin(one);
    CHECK_INT(run_verb(one, &cancel.op, HY_VERB_CANCEL), 0);
    CHECK_INT(hy_desk_put_away(hy_pg(one)), 0);
    begin_meanwhile(&retain.op, HY_VERB_RETAIN);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(retain.deleted, 1);
    CHECK_INT(number_of("SELECT due_at_ms FROM outbox"), LATER);
}

static void a_webhook_is_deleted_while_it_is_told_something(void)
{
    struct hy_cancel cancel = {.now_ms = NOW};
    struct hy_webhook_delete delete = {.limit = 10};

    fresh();
    delete.webhook_id = listen_to(one, ~0U);
    cancel.message_id = failed_and_retried();
    begin(one);
    CHECK_INT(run_verb(one, &cancel.op, HY_VERB_CANCEL), 0);
    CHECK_INT(hy_desk_put_away(hy_pg(one)), 0);
    begin_meanwhile(&delete.op, HY_VERB_WEBHOOK_DELETE);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(number_of("SELECT count(*) FROM outbox"), 0);
}

static void nothing_is_told_to_one_that_is_being_deleted(void)
{
    struct hy_cancel cancel = {.now_ms = NOW};
    struct hy_webhook_delete delete = {.limit = 10};

    fresh();
    delete.webhook_id = listen_to(one, ~0U);
    cancel.message_id = failed_and_retried();
    begin(one);
    CHECK_INT(run_verb(one, &delete.op, HY_VERB_WEBHOOK_DELETE), 0);
    begin_meanwhile(&cancel.op, HY_VERB_CANCEL);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(number_of("SELECT count(*) FROM outbox"), 0);
}

static void only_so_many_webhooks_whoever_adds_them(void)
{
    struct hy_webhook_put ours = {
        .webhook = {.url = "http://x", .events = 1, .secret = {"0123", 4}}};
    struct hy_webhook_put theirs = ours;

    fresh();
    for (int i = 1; i < HY_WEBHOOKS_MAX; i++)
        listen_to(one, 1);
    begin(one);
    CHECK_INT(run_verb(one, &ours.op, HY_VERB_WEBHOOK_PUT), 0);
    begin_meanwhile(&theirs.op, HY_VERB_WEBHOOK_PUT);
    CHECK_INT(end_meanwhile(), HY_E_LIMIT);
    CHECK_INT(number_of("SELECT count(*) FROM webhook"), HY_WEBHOOKS_MAX);
}

static void a_new_holder_tells_what_the_last_one_had_taken(void)
{
    int64_t hooks[2];

    fresh();
    for (int i = 0; i < 2; i++)
        hooks[i] = listen_to(one, ~0U);
    post("u");
    post("v");
    pg_script(looker, "UPDATE outbox SET claimed_by = 7, due_at_ms = 2000000 WHERE id IN (SELECT "
                      "min(id) FROM outbox GROUP BY webhook_id)");
    begin(other);
    hy_pg_queue_outbox_take_over(hy_pg(other), &hooks[1], 1, NOW + 5);
    commit(other);
    CHECK_INT(number_of("SELECT count(*) FROM outbox WHERE due_at_ms = 1000005"), 1);
    CHECK_INT(number_of("SELECT webhook_id FROM outbox WHERE due_at_ms = 1000005"), hooks[1]);
    CHECK_INT(number_of("SELECT count(*) FROM outbox WHERE claimed_by = 7"), 1);
    CHECK_INT(number_of("SELECT count(*) FROM outbox WHERE due_at_ms = 1000000"), 2);
}

/* --- webhooks are remembered ---------------------------------------------------------------------- */

static void become_a_node(struct hy_backend *b, const char *name)
{
    struct hy_node_beat v = {.op.verb = HY_VERB_NODE_BEAT,
                             .name = name,
                             .version = "1",
                             .lease_ms = 60000,
                             .arena = &arena};

    CHECK_INT(hy_backend_postgres.begin_unfenced(b), 0);
    CHECK_INT(run_verb(b, &v.op, HY_VERB_NODE_BEAT), 0);
    commit(b);
    CHECK(hy_pg(b)->node > 0);
}

static void as_long_as_nobody_changes_them(void)
{
    struct hy_pg_endpoints *endpoints;

    fresh();
    become_a_node(one, "one");
    become_a_node(other, "other");
    endpoints = &hy_pg(one)->endpoints;
    listen_to(other, 1U << HY_OUTCOME_FAILED);
    post("u");
    CHECK_INT(number_of("SELECT count(*) FROM outbox"), 1);
    CHECK_INT(endpoints->count, 1);
    endpoints->all[0].events = 0; /* what is remembered is not read again */
    post("v");
    CHECK_INT(number_of("SELECT count(*) FROM outbox"), 1);
    listen_to(other, 1U << HY_OUTCOME_SENT);
    post("w");
    CHECK_INT(number_of("SELECT count(*) FROM outbox"), 2);
    CHECK_INT(endpoints->count, 2);
}

static void not_what_was_undone(void)
{
    struct hy_webhook_put v = {
        .webhook = {.url = "http://x", .events = ~0U, .secret = {"0123", 4}}};

    fresh();
    become_a_node(one, "one");
    post("u");
    begin(one);
    CHECK_INT(run_verb(one, &v.op, HY_VERB_WEBHOOK_PUT), 0);
    CHECK_INT(hy_pg(one)->endpoints.count, 1);
    hy_backend_postgres.rollback(one);
    post("v");
    CHECK_INT(hy_pg(one)->endpoints.count, 0);
    CHECK_INT(number_of("SELECT count(*) FROM outbox"), 0);
}

int main(void)
{
    RUN(two_add_to_an_audience_at_once);
    RUN(what_is_being_set_aside_is_brought_back);
    RUN(what_goes_on_is_not_set_aside);
    RUN(one_more_is_told_while_the_one_before_is_settled);
    RUN(the_one_before_is_settled_while_one_more_is_told);
    RUN(one_that_is_too_old_goes_while_one_more_is_told);
    RUN(a_webhook_is_deleted_while_it_is_told_something);
    RUN(nothing_is_told_to_one_that_is_being_deleted);
    RUN(only_so_many_webhooks_whoever_adds_them);
    RUN(a_new_holder_tells_what_the_last_one_had_taken);
    RUN(as_long_as_nobody_changes_them);
    RUN(not_what_was_undone);
    close_all();
    return hy_tap_end();
}
