/* Broadcasts that rest: their messages are set aside. */
#include "store_bulk.h"
#include "store_cases.h"

static struct hy_claim *claim_holding(const int64_t *id)
{
    rig.queue = bulk_queue();
    rig.held = id;
    rig.held_count = 1;
    return claim(ALL);
}

static void what_is_paused_is_set_aside_and_comes_back(void)
{
    int64_t id = run_to(2), g = once("a", "T1", 1);
    struct hy_broadcast_move v = {.broadcast_id = id, .to = HY_BROADCAST_RUNNING};
    struct hy_broadcast_feed *f;
    struct hy_claim *c;

    once("b", "T1", 1);
    f = feed(id, 2);
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, "operator"), 0);
    c = claim_holding(&id);
    CHECK_INT(c->count, 0);
    CHECK_INT(c->ended, 0);
    CHECK_INT(c->lanes[0].next_due_ms, 0);
    CHECK_STATE(f->ids[0], QUEUED);
    CHECK_INT(get(f->ids[0])->due_at_ms, 0);
    CHECK_INT(get(f->ids[0])->grant_id, g);
    CHECK_TEXT(ledger("a", g), "1/1 available");
    rig.held_count = 0;
    CHECK_INT(claim(ALL)->count, 0); /* it is not due any more */
    rig.now_ms += HOUR;
    v.now_ms = rig.now_ms;
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_MOVE), 0);
    CHECK_INT(v.freed, 2);
    CHECK_INT(get(f->ids[0])->due_at_ms, rig.now_ms);
    CHECK_INT(claim(ALL)->count, 2);
}

static void what_is_set_aside_can_expire_and_be_canceled(void)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_audience_item items[2] = {{.user = "a"}, {.user = "b"}};
    int64_t id;
    struct hy_broadcast_feed *f;

    make->broadcast.message.on_missing = HY_ON_MISSING_TRY;
    make->broadcast.message.expires_at_ms = rig.now_ms + HOUR;
    make->broadcast.state = HY_BROADCAST_RUNNING;
    make->broadcast.started_at_ms = rig.now_ms;
    make->items = items;
    make->count = 2;
    CHECK_INT(put_make(make), 0);
    id = make->broadcast.id;
    f = feed(id, 2);
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, NULL), 0);
    CHECK_INT(claim_holding(&id)->count, 0);
    CHECK_INT(cancel(f->ids[0]), 0);
    rig.now_ms += HOUR;
    CHECK_INT(sweep(9), 1);
    CHECK_STATE(f->ids[1], EXPIRED);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_EXPIRED], 1);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_CANCELED], 1);
}

static void what_is_set_aside_lets_the_users_next_one_go(void)
{
    int64_t id = run_to(1);
    struct hy_claimed *busy;
    struct hy_message *other;

    once("a", "T1", 3);
    post("a");
    busy = claim_one();
    feed(id, 1);
    rig.queue = bulk_queue();
    CHECK_INT(claim(ALL)->count, 0); /* parked */
    rig.now_ms += 1;
    other = post("a");
    rig.queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_NORMAL);
    CHECK_INT(claim(ALL)->count, 0); /* parked behind it */
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, NULL), 0);
    judge(busy, HY_VERDICT_OK, "");
    CHECK_INT(claim_holding(&id)->freed, 1);
    rig.queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_NORMAL);
    CHECK_INT(claim_one()->message.id, other->id);
}

/* It asks what became of one that is perhaps there already. */
static void an_unknown_one_is_not_held(void)
{
    int64_t id = run_to(1);
    struct hy_broadcast_feed *f;

    form("a", 0);
    f = feed(id, 1);
    rig.queue = bulk_queue();
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, NULL), 0);
    rig.now_ms = get(f->ids[0])->due_at_ms;
    CHECK_INT(claim_holding(&id)->count, 1);
}

void store_held_cases(void)
{
    CASE(what_is_paused_is_set_aside_and_comes_back);
    CASE(what_is_set_aside_can_expire_and_be_canceled);
    CASE(what_is_set_aside_lets_the_users_next_one_go);
    CASE(an_unknown_one_is_not_held);
}
