/* Claiming: what is due, in which order, with which grant, and one at a time for each user. */
#include "store_cases.h"

static void a_claim_hands_out_everything_that_sending_needs(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = draft("u");
    struct hy_claimed *c;

    m->page = "pages/a";
    CHECK_INT(admit(m), 0);
    c = claim_one();
    CHECK_INT(c->message.id, m->id);
    CHECK_INT(c->message.app_no, rig.app);
    CHECK_TEXT(c->message.user, "u");
    CHECK_TEXT(c->message.template_id, "T1");
    CHECK_TEXT(c->message.data, m->data);
    CHECK_TEXT(c->message.page, "pages/a");
    CHECK(c->message.tag == NULL);
    CHECK_INT(c->message.grant_id, g);
    CHECK_INT(c->grant.id, g);
    CHECK_TEXT(c->grant.credential, "credential-1");
    CHECK_TEXT(c->grant.user, "u");
    CHECK_INT(c->grant.kind, HY_GRANT_FORM_ID);
    CHECK_INT(c->grant.uses_left, 1);
    CHECK_INT(c->grant.uses_reserved, 1);
    CHECK_STATE(m->id, SENDING);
    CHECK_INT(get(m->id)->due_at_ms, 0);
}

static void what_is_claimed_is_not_claimed_again(void)
{
    form("u", 0);
    post("u");
    claim_one();
    CHECK_INT(claim(ALL)->count, 0);
    rig.now_ms += DAY; /* the lease alone frees nothing */
    CHECK_INT(claim(ALL)->count, 0);
}

static void in_order_of_due_time_then_id(void)
{
    struct hy_message *second = post_later("b", rig.now_ms + 200);
    struct hy_message *third = post_later("c", rig.now_ms + 200);
    struct hy_message *first = post_later("a", rig.now_ms + 100);
    struct hy_claim *v;

    form("a", 0);
    form("b", 0);
    form("c", 0);
    rig.now_ms += 300;
    v = claim(ALL);
    CHECK_INT(v->count, 3);
    CHECK_INT(v->claimed[0].message.id, first->id);
    CHECK_INT(v->claimed[1].message.id, second->id);
    CHECK_INT(v->claimed[2].message.id, third->id);
}

static void at_its_very_instant_and_not_before(void)
{
    struct hy_message *m = post_later("u", rig.now_ms + 1000);

    form("u", 0);
    rig.now_ms += 999;
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(next_due(), m->send_at_ms);
    rig.now_ms += 1;
    CHECK_INT(claim_one()->message.id, m->id);
    CHECK_INT(next_due(), 0);
}

static void no_more_than_the_capacity(void)
{
    struct hy_claim *v;

    for (int i = 0; i < 5; i++)
        post_with(hy_arena_printf(&rig.arena, "u%d", i), HY_ON_MISSING_TRY);
    CHECK_INT(claim(0)->count, 0);
    v = claim(3);
    CHECK_INT(v->count, 3);
    CHECK_INT(v->lanes[0].next_due_ms, rig.now_ms);
    v = claim(3);
    CHECK_INT(v->count, 2);
    CHECK_INT(v->lanes[0].next_due_ms, 0);
}

static void lanes_are_apart(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_claim_lane lanes[2] = {{.app_no = 0},
                                     {.app_no = rig.app, .queue = rig.queue, .capacity = 0}};
    struct hy_claim v = {.lanes = lanes, .lane_count = 2, .arena = &rig.arena};
    struct hy_message *m;

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    m = draft("u");
    m->app_no = app.app.no;
    m->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(m), 0);
    post_with("u", HY_ON_MISSING_TRY); /* the same name in the other app: somebody else */
    lanes[0] = (struct hy_claim_lane){.app_no = app.app.no, .queue = rig.queue, .capacity = 9};
    v.now_ms = rig.now_ms;
    v.lease_until_ms = rig.now_ms + MINUTE;
    CHECK_INT(run(&v.op, HY_VERB_CLAIM), 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.claimed[0].message.id, m->id);
    CHECK_INT(lanes[0].claimed, 1);
    CHECK_INT(lanes[0].next_due_ms, 0);
    CHECK_INT(lanes[1].claimed, 0);
    CHECK_INT(lanes[1].next_due_ms, rig.now_ms);
    CHECK_INT(claim(ALL)->count, 1);
}

static void a_lane_nobody_knows_is_empty(void)
{
    struct hy_claim_lane lane = {.app_no = 4711, .capacity = 9};
    struct hy_claim v = {
        .lanes = &lane, .lane_count = 1, .now_ms = rig.now_ms, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_CLAIM), 0);
    CHECK_INT(v.count, 0);
    CHECK_INT(lane.next_due_ms, 0);
    v.lane_count = 0;
    CHECK_INT(run(&v.op, HY_VERB_CLAIM), 0);
}

/* --- one at a time ---------------------------------------------------------------------------- */

static void a_user_gets_one_at_a_time(void)
{
    struct hy_message *m[4];

    prepay("u", 0);
    prepay("u", 0);
    for (int i = 0; i < 4; i++)
        m[i] = post("u");
    for (int i = 0; i < 4; i++) {
        struct hy_claimed *c = claim_one();

        CHECK_INT(c->message.id, m[i]->id);
        CHECK_INT(claim(ALL)->count, 0);
        CHECK_INT(next_due(), 0); /* parked ones do not count */
        judge(c, HY_VERDICT_OK, "");
    }
    CHECK_INT(claim(ALL)->count, 0);
}

static void parked_ones_take_no_capacity(void)
{
    struct hy_claim *v;

    for (int i = 0; i < 5; i++)
        post_with("busy", HY_ON_MISSING_TRY);
    post_with("other", HY_ON_MISSING_TRY);
    v = claim(2);
    CHECK_INT(v->count, 2);
    CHECK_TEXT(v->claimed[0].message.user, "busy");
    CHECK_TEXT(v->claimed[1].message.user, "other");
}

static void a_retry_lets_the_parked_one_go_first(void)
{
    struct hy_message *m[2] = {post_with("u", HY_ON_MISSING_TRY),
                               post_with("u", HY_ON_MISSING_TRY)};
    struct hy_claimed *c = claim_one();

    judge(c, HY_VERDICT_TOKEN, "40001"); /* queued again, due now */
    c = claim_one();
    CHECK_INT(c->message.id, m[0]->id); /* same due time, smaller id */
    rig.now_ms += 1;
    judge(c, HY_VERDICT_TOKEN, "40001");
    c = claim_one();
    CHECK_INT(c->message.id, m[1]->id);
}

static void nobody_is_parked_for_ever(void)
{
    int64_t id[5];

    for (int i = 0; i < 5; i++)
        id[i] = post_with("u", HY_ON_MISSING_TRY)->id;
    judge(claim_one(), HY_VERDICT_OK, "");
    /* The one that was let go next is taken away in every way there is. */
    CHECK_INT(cancel(id[1]), 0);
    CHECK_INT(claim_one()->message.id, id[2]);
    CHECK_INT(cancel(id[3]), 0); /* parked */
    CHECK_INT(recover(), 1);
    CHECK_INT(claim_one()->message.id, id[4]);
}

static void a_parked_one_follows_one_that_expired(void)
{
    struct hy_message *m[3];

    for (int i = 0; i < 3; i++) {
        m[i] = draft("u");
        m[i]->on_missing = HY_ON_MISSING_TRY;
        m[i]->expires_at_ms = i == 1 ? rig.now_ms + MINUTE : 0;
        CHECK_INT(admit(m[i]), 0);
    }
    claim_one();
    rig.now_ms += HOUR;
    CHECK_INT(sweep(ALL), 1);
    CHECK_STATE(m[1]->id, EXPIRED);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(recover(), 1);
    CHECK_INT(claim_one()->message.id, m[2]->id);
}

static void ten_users_ten_messages_each(void)
{
    size_t sent = 0;

    for (int i = 0; i < 100; i++)
        post_with(hy_arena_printf(&rig.arena, "u%d", i % 10), HY_ON_MISSING_TRY);
    for (int round = 0; round < 10; round++) {
        struct hy_claim *v = claim(ALL);

        CHECK_INT(v->count, 10);
        for (size_t i = 0; i < v->count; i++)
            for (size_t j = 0; j < i; j++)
                CHECK(strcmp(v->claimed[i].message.user, v->claimed[j].message.user) != 0);
        for (size_t i = 0; i < v->count; i++, sent++)
            judge(&v->claimed[i], HY_VERDICT_OK, "");
    }
    CHECK_INT(sent, 100);
    CHECK_INT(claim(ALL)->count, 0);
}

static void nothing_that_is_due_is_passed_over(void)
{
    const char *users[] = {"expired1", "expired2", "busy1", "busy2"};
    struct hy_message *m[2], *last;
    struct hy_claim *v;

    /* Two users whose next message has expired while another one is parked behind it, two who are
     * busy, and at the very end one that can go. */
    for (int i = 0; i < 4; i++)
        post_with(users[i], HY_ON_MISSING_TRY);
    for (int i = 0; i < 2; i++) {
        m[i] = draft(users[i]);
        m[i]->on_missing = HY_ON_MISSING_TRY;
        m[i]->expires_at_ms = rig.now_ms + SECOND;
        CHECK_INT(admit(m[i]), 0);
        post_with(users[i], HY_ON_MISSING_TRY);
    }
    v = claim(ALL);
    CHECK_INT(v->count, 4);
    judge(&v->claimed[0], HY_VERDICT_OK, "");
    judge(&v->claimed[1], HY_VERDICT_OK, "");
    post_with("busy1", HY_ON_MISSING_TRY);
    post_with("busy2", HY_ON_MISSING_TRY);
    last = post_with("free", HY_ON_MISSING_TRY);
    rig.now_ms += SECOND;
    v = claim(2);
    CHECK_INT(v->ended, 2);
    CHECK_STATE(m[0]->id, EXPIRED);
    CHECK_STATE(m[1]->id, EXPIRED);
    CHECK_INT(v->count, 1);
    CHECK_INT(v->claimed[0].message.id, last->id);
    CHECK(v->lanes[0].next_due_ms > 0 && v->lanes[0].next_due_ms < rig.now_ms);
    CHECK_INT(claim(ALL)->count, 2); /* those that were parked */
}

/* --- grants at claim -------------------------------------------------------------------------- */

static void a_later_message_reserves_when_claimed(void)
{
    struct hy_message *m = post_later("u", rig.now_ms + HOUR);
    int64_t late = form("u", rig.now_ms + 5 * (int64_t)DAY);
    int64_t early = form("u", rig.now_ms + 4 * (int64_t)DAY);

    rig.now_ms += HOUR;
    CHECK_INT(claim_one()->grant.id, early);
    CHECK_INT(get(m->id)->grant_id, early);
    CHECK_TEXT(ledger("u", early), "1/1 available");
    CHECK_TEXT(ledger("u", late), "1/0 available");
}

static void a_later_message_without_a_grant(void)
{
    struct hy_message *m[3];
    struct hy_claim *v;

    for (int i = 0; i < 3; i++) {
        m[i] = draft(hy_arena_printf(&rig.arena, "u%d", i));
        m[i]->send_at_ms = rig.now_ms + HOUR;
        m[i]->on_missing = (enum hy_on_missing)i;
        CHECK_INT(admit(m[i]), 0);
    }
    rig.now_ms += HOUR;
    v = claim(1);
    CHECK_INT(v->count, 1); /* the others do not take its place */
    CHECK_INT(v->ended, 2);
    CHECK_INT(v->claimed[0].message.id, m[2]->id);
    CHECK_INT(v->claimed[0].grant.id, 0);
    CHECK_STATE(m[0]->id, FAILED);
    CHECK_TEXT(get(m[0]->id)->reason, "no_grant.never");
    CHECK_INT(get(m[0]->id)->settled_at_ms, rig.now_ms);
    CHECK_STATE(m[1]->id, WAITING);
    CHECK_TEXT(get(m[1]->id)->reason, "no_grant.never");
}

static void one_that_may_try_takes_a_grant_that_came(void)
{
    int64_t g;

    post_with("u", HY_ON_MISSING_TRY);
    g = form("u", 0);
    CHECK_INT(claim_one()->grant.id, g);
    CHECK_TEXT(ledger("u", g), "1/1 available");
}

static void one_that_is_too_late_expires(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = draft("u");
    struct hy_claim *v;

    m->expires_at_ms = rig.now_ms + HOUR;
    CHECK_INT(admit(m), 0);
    rig.now_ms += HOUR;
    v = claim(ALL);
    CHECK_INT(v->count, 0);
    CHECK_INT(v->ended, 1);
    CHECK_STATE(m->id, EXPIRED);
    CHECK(get(m->id)->reason == NULL);
    CHECK_INT(get(m->id)->grant_id, 0);
    CHECK_TEXT(ledger("u", g), "1/0 available");
}

static void what_an_expired_one_gives_back_wakes_another(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = draft("u");
    struct hy_message *waits;
    struct hy_claim *v;

    m->expires_at_ms = rig.now_ms + HOUR;
    CHECK_INT(admit(m), 0);
    waits = post_with("u", HY_ON_MISSING_WAIT);
    rig.now_ms += HOUR;
    v = claim(ALL);
    CHECK_INT(v->count, 0);
    CHECK_INT(v->lanes[0].next_due_ms, rig.now_ms); /* woken: left for the next claim */
    CHECK_STATE(waits->id, QUEUED);
    CHECK_INT(claim_one()->grant.id, g);
}

static void a_receipt_that_grew_old_is_changed_for_another(void)
{
    int64_t old = form("u", rig.now_ms + 2 * (int64_t)DAY);
    int64_t young;
    struct hy_message *m = post("u");

    CHECK_INT(m->grant_id, old);
    young = form("u", rig.now_ms + 5 * (int64_t)DAY);
    rig.now_ms += DAY;
    CHECK_INT(claim_one()->grant.id, young);
    CHECK_TEXT(ledger("u", old), "1/0 available");
    CHECK_TEXT(ledger("u", young), "1/1 available");
}

static void a_receipt_that_grew_old_without_another(void)
{
    int64_t g = form("u", rig.now_ms + 2 * (int64_t)DAY);
    struct hy_message *m = post("u");
    struct hy_message *waits;
    int64_t h;

    rig.now_ms += DAY;
    CHECK_INT(claim(ALL)->ended, 1);
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(get(m->id)->reason, "no_grant.expired");
    CHECK_TEXT(ledger("u", g), "1/0 available");

    h = form("w", rig.now_ms + 2 * (int64_t)DAY);
    waits = post_with("w", HY_ON_MISSING_WAIT);
    CHECK_INT(waits->grant_id, h);
    rig.now_ms += DAY;
    CHECK_INT(claim(ALL)->ended, 1);
    CHECK_STATE(waits->id, WAITING);
    CHECK_TEXT(ledger("w", h), "1/0 available");
    h = form("w", 0);
    CHECK_INT(claim_one()->grant.id, h);
}

void store_claim_cases(void)
{
    CASE(a_claim_hands_out_everything_that_sending_needs);
    CASE(what_is_claimed_is_not_claimed_again);
    CASE(in_order_of_due_time_then_id);
    CASE(at_its_very_instant_and_not_before);
    CASE(no_more_than_the_capacity);
    CASE(lanes_are_apart);
    CASE(a_lane_nobody_knows_is_empty);
    CASE(a_user_gets_one_at_a_time);
    CASE(parked_ones_take_no_capacity);
    CASE(a_retry_lets_the_parked_one_go_first);
    CASE(nobody_is_parked_for_ever);
    CASE(a_parked_one_follows_one_that_expired);
    CASE(ten_users_ten_messages_each);
    CASE(nothing_that_is_due_is_passed_over);
    CASE(a_later_message_reserves_when_claimed);
    CASE(a_later_message_without_a_grant);
    CASE(one_that_may_try_takes_a_grant_that_came);
    CASE(one_that_is_too_late_expires);
    CASE(what_an_expired_one_gives_back_wakes_another);
    CASE(a_receipt_that_grew_old_is_changed_for_another);
    CASE(a_receipt_that_grew_old_without_another);
}
