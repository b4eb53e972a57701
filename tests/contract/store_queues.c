/* Queues: a claim names them, and takes of no other. */
#include "store_bulk.h"
#include "store_cases.h"

static struct hy_message *post_in(const char *user, enum hy_template_kind kind, bool urgent)
{
    struct hy_message *m = draft(user);

    m->template_kind = kind;
    m->urgent = urgent;
    m->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(m), 0);
    return m;
}

static struct hy_claim *claim_queue(int queue)
{
    rig.queue = queue;
    return claim(ALL);
}

static void each_queue_has_its_own(void)
{
    int64_t ids[HY_QUEUES];
    struct hy_broadcast_make *bulk = campaign();

    ids[0] = post_in("u0", HY_TEMPLATE_ONCE, true)->id;
    ids[1] = post_in("u1", HY_TEMPLATE_ANY, false)->id;
    ids[4] = post_in("u4", HY_TEMPLATE_LEGACY, true)->id;
    ids[5] = post_in("u5", HY_TEMPLATE_LEGACY, false)->id;
    bulk->broadcast.message.on_missing = HY_ON_MISSING_TRY;
    bulk->broadcast.state = HY_BROADCAST_RUNNING;
    bulk->broadcast.started_at_ms = rig.now_ms;
    for (int queue = 2; queue < HY_QUEUES; queue += queue == 3 ? 3 : 1) {
        struct hy_audience_item item = {.user = hy_arena_printf(&rig.arena, "u%d", queue)};
        struct hy_broadcast_feed f = {.ids = &ids[queue], .limit = 1, .now_ms = rig.now_ms};

        bulk->items = &item;
        bulk->count = 1;
        bulk->broadcast.message.urgent = hy_queue_rank(queue) == HY_RANK_BULK_URGENT;
        CHECK_INT(put_make(bulk), 0);
        f.broadcast_id = bulk->broadcast.id;
        f.template_kind = queue < 4 ? HY_TEMPLATE_ONCE : HY_TEMPLATE_LEGACY;
        ids[queue] = hy_message_ids_next(&rig.ids, rig.now_ms);
        CHECK_INT(run(&f.op, HY_VERB_BROADCAST_FEED), 0);
        CHECK_INT(f.fed, 1);
    }
    for (int queue = 0; queue < HY_QUEUES; queue++) {
        struct hy_claim *v = claim_queue(queue);

        CHECK_INT(v->count, 1);
        CHECK_INT(v->claimed[0].message.id, ids[queue]);
        CHECK_INT(hy_message_queue(&v->claimed[0].message), queue);
    }
}

static void urgency_is_kept(void)
{
    CHECK(get(post_in("u", HY_TEMPLATE_ANY, true)->id)->urgent);
    CHECK(!get(post_in("u", HY_TEMPLATE_ANY, false)->id)->urgent);
}

static void the_next_due_instant_is_that_of_the_queue(void)
{
    struct hy_message *m = draft("u");

    m->send_at_ms = rig.now_ms + 500;
    m->urgent = true;
    CHECK_INT(admit(m), 0);
    post_later("v", rig.now_ms + 900);
    CHECK_INT(next_due(), rig.now_ms + 900);
    rig.queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_URGENT);
    CHECK_INT(next_due(), rig.now_ms + 500);
    rig.queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_BULK);
    CHECK_INT(next_due(), 0);
}

static void a_user_gets_one_at_a_time_whatever_the_queue(void)
{
    struct hy_message *normal = post_in("u", HY_TEMPLATE_ANY, false);
    struct hy_message *urgent = post_in("u", HY_TEMPLATE_ANY, true);
    struct hy_claim *first = claim_queue(0);

    CHECK_INT(first->claimed[0].message.id, urgent->id);
    CHECK_INT(claim_queue(1)->count, 0);
    CHECK_INT(next_due(), 0); /* parked */
    judge(&first->claimed[0], HY_VERDICT_OK, "");
    CHECK_INT(claim_one()->message.id, normal->id);
}

/* Two lanes of one app in one claim. */
static struct hy_claim claim_two(struct hy_claim_lane *lanes, int first, int second)
{
    struct hy_claim v = {.lanes = lanes,
                         .lane_count = 2,
                         .now_ms = rig.now_ms,
                         .lease_until_ms = rig.now_ms + MINUTE,
                         .arena = &rig.arena};

    lanes[0] = (struct hy_claim_lane){.app_no = rig.app, .queue = first, .capacity = ALL};
    lanes[1] = (struct hy_claim_lane){.app_no = rig.app, .queue = second, .capacity = ALL};
    CHECK_INT(run(&v.op, HY_VERB_CLAIM), 0);
    return v;
}

/* What a claim un-parks is left for the next one, even if its queue is looked at later. */
static void what_becomes_due_in_another_queue_is_left_and_told(void)
{
    struct hy_message *late = draft("u"), *urgent;
    struct hy_claim_lane lanes[2];
    struct hy_claimed *busy;
    struct hy_claim v;

    post_in("u", HY_TEMPLATE_ANY, false);
    busy = claim_one();
    late->expires_at_ms = rig.now_ms + 10;
    late->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(late), 0);
    urgent = post_in("u", HY_TEMPLATE_ANY, true);
    CHECK_INT(claim_two(lanes, 1, 0).count, 0); /* parks both */
    judge(busy, HY_VERDICT_OK, "");
    rig.now_ms += 10;
    v = claim_two(lanes, 1, 0);
    CHECK_INT(v.count, 0);
    CHECK_INT(v.ended, 1);
    CHECK_INT(v.freed, 1);
    CHECK_INT(lanes[0].next_due_ms, 0);
    CHECK_INT(lanes[1].next_due_ms, urgent->accepted_at_ms);
    v = claim_two(lanes, 1, 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.claimed[0].message.id, urgent->id);
}

/* Likewise when its queue was looked at before: next_due_ms is that of the end. */
static void what_becomes_due_in_a_queue_that_was_done_is_told(void)
{
    struct hy_message *late = draft("u"), *urgent;
    struct hy_claim_lane lanes[2];
    struct hy_claimed *busy;

    post_in("u", HY_TEMPLATE_ANY, false);
    busy = claim_one();
    late->expires_at_ms = rig.now_ms + 10;
    late->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(late), 0);
    urgent = post_in("u", HY_TEMPLATE_ANY, true);
    CHECK_INT(claim_two(lanes, 0, 1).count, 0);
    judge(busy, HY_VERDICT_OK, "");
    rig.now_ms += 10;
    CHECK_INT(claim_two(lanes, 0, 1).count, 0);
    CHECK_INT(lanes[0].next_due_ms, urgent->accepted_at_ms);
}

static void a_claim_tells_what_it_freed(void)
{
    struct hy_message *first = draft("u"), *second;
    struct hy_claimed *busy;
    struct hy_claim *v;

    /* `busy` is under way, both others are parked behind it. */
    post_in("u", HY_TEMPLATE_ANY, false);
    busy = claim_one();
    first->expires_at_ms = rig.now_ms + 10;
    first->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(first), 0);
    second = post_in("u", HY_TEMPLATE_ANY, true);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(claim_queue(0)->count, 0);
    rig.queue = 1;
    judge(busy, HY_VERDICT_OK, ""); /* lets `first` go */
    rig.now_ms += 10;
    v = claim(ALL);
    CHECK_INT(v->count, 0);
    CHECK_INT(v->ended, 1);
    CHECK_INT(v->freed, 1);
    CHECK_INT(v->lanes[0].next_due_ms, 0);
    CHECK_STATE(first->id, EXPIRED);
    CHECK_INT(claim_queue(0)->claimed[0].message.id, second->id);
}

static void the_queue_in_a_claim_must_be_one(void)
{
    struct hy_claim_lane lane = {.app_no = rig.app, .queue = HY_QUEUES};
    struct hy_claim v = {.lanes = &lane, .lane_count = 1, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_CLAIM), HY_E_INVALID);
    lane.queue = -1;
    CHECK_INT(run(&v.op, HY_VERB_CLAIM), HY_E_INVALID);
    lane.queue = 0;
    CHECK_INT(run(&v.op, HY_VERB_CLAIM), 0);
    v.held_count = 1;
    CHECK_INT(run(&v.op, HY_VERB_CLAIM), HY_E_INVALID);
}

void store_queues_cases(void)
{
    CASE(each_queue_has_its_own);
    CASE(urgency_is_kept);
    CASE(the_next_due_instant_is_that_of_the_queue);
    CASE(a_user_gets_one_at_a_time_whatever_the_queue);
    CASE(what_becomes_due_in_another_queue_is_left_and_told);
    CASE(what_becomes_due_in_a_queue_that_was_done_is_told);
    CASE(a_claim_tells_what_it_freed);
    CASE(the_queue_in_a_claim_must_be_one);
}
