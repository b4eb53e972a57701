/* What became of a message, as the platform tells it afterwards: which one is meant. */
#include "store_tell.h"

#include "store_cases.h"

/* --- which message is meant ------------------------------------------------------------------- */

static void a_msgid_finds_its_message(void)
{
    int64_t g = once("u", "T1", 3);
    struct hy_message *a = post_sent("u", 11), *b = post_sent("u", 12), *c = post_sent("u", 13);

    rig.now_ms += MINUTE;
    CHECK_INT(hear_sent("u", 12, NULL), b->id);
    CHECK_STATE(b->id, DELIVERED);
    CHECK_INT(get(b->id)->settled_at_ms, rig.now_ms);
    CHECK_INT(get(b->id)->grant_id, g);
    CHECK_INT(get(b->id)->msgid, 12);
    CHECK(get(b->id)->reason == NULL);
    CHECK_INT(hear_sent("u", 13, "event.1003"), c->id);
    CHECK_STATE(c->id, FAILED);
    CHECK_TEXT(get(c->id)->reason, "event.1003");
    CHECK_INT(get(c->id)->settled_at_ms, rig.now_ms);
    CHECK_INT(get(c->id)->grant_id, 0);
    CHECK_STATE(a->id, SENT);
    CHECK_TEXT(balance("u"), "0/3 spent");
}

static void large_msgids_are_kept(void)
{
    struct hy_message *m;

    once("u", "T1", 1);
    m = post_sent("u", INT64_MAX);
    CHECK_INT(hear_sent("u", INT64_MAX - 1, NULL), 0);
    CHECK_INT(hear_sent("u", INT64_MAX, NULL), m->id);
}

static void an_unknown_one_is_settled_by_its_event(void)
{
    struct hy_message *m = draft("u");

    once("u", "T1", 2);
    m->policy = HY_POLICY_AT_LEAST_ONCE;
    CHECK_INT(admit(m), 0);
    rig.expect_event = true;
    send_lost();
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms + 10 * MINUTE);
    CHECK_TEXT(balance("u"), "1/2 available");
    rig.now_ms += MINUTE;
    CHECK_INT(hear_sent("u", 77, NULL), m->id);
    CHECK_STATE(m->id, DELIVERED);
    CHECK_INT(get(m->id)->msgid, 77);
    CHECK_INT(get(m->id)->due_at_ms, 0);
    CHECK_INT(get(m->id)->in_doubt, 0);
    CHECK_TEXT(balance("u"), "1/2 available"); /* the lost one had gone */
    rig.now_ms += HOUR;
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(next_due(), 0);
}

static void an_unknown_one_may_have_failed(void)
{
    struct hy_message *m;

    once("u", "T1", 1);
    m = post_lost("u");
    CHECK_INT(hear_sent("u", 0, "event.2001"), m->id);
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(balance("u"), "0/1 spent");
}

static void without_a_msgid_the_first_that_left_is_meant(void)
{
    struct hy_message *a, *b;

    once("u", "T1", 3);
    b = post_later("u", rig.now_ms + MINUTE); /* the smaller id leaves later */
    a = post_lost("u");
    rig.now_ms += MINUTE;
    send_ok(0);
    CHECK_STATE(b->id, SENT);
    CHECK_INT(hear_sent("u", 1, NULL), a->id);
    CHECK_INT(hear_sent("u", 2, NULL), b->id);
    CHECK_INT(get(b->id)->msgid, 2);
    CHECK_INT(hear_sent("u", 3, NULL), 0);
}

/* A request of long ago that nobody told of has most likely not gone. */
static void one_that_left_long_ago_is_meant_last(void)
{
    struct hy_message *lost, *gone;

    once("u", "T1", 3);
    lost = post_lost("u");
    rig.now_ms += MINUTE + 1;
    gone = post_lost("u");
    CHECK_INT(hear_sent("u", 1, NULL), gone->id);
    CHECK_STATE(lost->id, UNKNOWN);
    CHECK_INT(hear_sent("u", 2, NULL), lost->id);
}

/* Of one that was tried twice it is the last request that counts. */
static void a_later_request_is_later(void)
{
    struct hy_message *a = draft("u"), *b;

    once("u", "T1", 3);
    a->policy = HY_POLICY_AT_LEAST_ONCE;
    CHECK_INT(admit(a), 0);
    rig.expect_event = true;
    send_lost();
    rig.now_ms += 9 * MINUTE;
    b = post_lost("u");
    rig.now_ms += MINUTE;
    send_lost();
    CHECK_INT(get(a->id)->attempt_count, 2);
    CHECK_INT(hear_sent("u", 1, NULL), b->id);
    CHECK_INT(hear_sent("u", 2, NULL), a->id);
}

static void a_request_that_left_after_it_is_not_meant(void)
{
    struct hy_message *m;
    int64_t left_at_ms;

    once("u", "T1", 1);
    m = post_lost("u");
    left_at_ms = rig.now_ms;
    rig.now_ms = left_at_ms - 5 * MINUTE - 1; /* when the event was made */
    CHECK_INT(hear_sent("u", 1, NULL), 0);
    CHECK_STATE(m->id, UNKNOWN);
    rig.now_ms = left_at_ms - 5 * MINUTE;
    CHECK_INT(hear_sent("u", 2, NULL), m->id);
}

static void others_are_not_meant(void)
{
    struct hy_message *m = draft("u"), *silent;

    once("u", "T2", 1);
    once("u", "T1", 2);
    m->template_id = "T2";
    CHECK_INT(admit(m), 0);
    rig.expect_event = true;
    send_ok(5);
    once("v", "T1", 1);
    CHECK_INT(hear_sent("u", 5, NULL), 0); /* of another template */
    CHECK_INT(hear_sent("v", 5, NULL), 0); /* of another user */
    CHECK_INT(hear_sent("w", 5, NULL), 0);
    rig.expect_event = false;
    silent = post("u");
    send_lost();
    CHECK_INT(hear_sent("u", 6, NULL), 0); /* awaits none */
    CHECK_STATE(silent->id, UNKNOWN);
    CHECK_STATE(m->id, SENT);
}

/* --- events that come before the answer ------------------------------------------------------- */

static void one_that_comes_early_is_applied_at_settling(void)
{
    struct hy_claimed *c;
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item;

    once("u", "T1", 1);
    post("u");
    rig.expect_event = true;
    c = claim_one();
    j.msgid = 42;
    CHECK_INT(hear_sent("u", 42, NULL), 0);
    CHECK_STATE(c->message.id, SENDING);
    item = settled(c, &j);
    rig.now_ms += SECOND;
    CHECK_INT(settle_item(&item), 0);
    CHECK_INT(item.state, HY_MESSAGE_DELIVERED);
    CHECK_STATE(c->message.id, DELIVERED);
    CHECK_INT(get(c->message.id)->settled_at_ms, rig.now_ms);
    CHECK_INT(get(c->message.id)->attempt_count, 1);
    CHECK_TEXT(balance("u"), "0/1 spent");
}

static void an_early_one_settles_a_lost_answer(void)
{
    struct hy_message *m;

    once("u", "T1", 1);
    m = post("u");
    rig.expect_event = true;
    claim_one();
    CHECK_INT(hear_sent("u", 42, "event.1"), 0);
    recover(); /* not told that events are expected */
    CHECK_STATE(m->id, UNKNOWN);
    m = post_with("u", HY_ON_MISSING_TRY);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(get(m->id)->reason, "event.1");
}

static void a_settled_message_says_its_state(void)
{
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item;

    once("u", "T1", 1);
    post("u");
    item = settled(claim_one(), &j);
    CHECK_INT(settle_item(&item), 0);
    CHECK_INT(item.state, HY_MESSAGE_SENT);
}

/* While one is under way, an event without its msgid may be about that one. */
static void one_under_way_is_not_overtaken(void)
{
    struct hy_message *first, *second;

    once("u", "T1", 4);
    first = post_lost("u");
    second = post("u");
    claim_one();
    CHECK_INT(hear_sent("u", 8, NULL), 0);
    CHECK_STATE(first->id, UNKNOWN);
    judge(&(struct hy_claimed){.message = *get(second->id)}, HY_VERDICT_UNKNOWN, "");
    CHECK_STATE(first->id, DELIVERED); /* the first that left, now that both may be meant */
    CHECK_STATE(second->id, UNKNOWN);
}

static void one_under_way_takes_its_own(void)
{
    struct hy_message *first, *second;
    struct hy_claimed *c;
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item;

    once("u", "T1", 4);
    first = post_lost("u");
    second = post("u");
    c = claim_one();
    CHECK_INT(hear_sent("u", 8, NULL), 0);
    CHECK_INT(hear_sent("u", 9, NULL), 0);
    j.msgid = 9;
    item = settled(c, &j);
    CHECK_INT(settle_item(&item), 0);
    CHECK_STATE(second->id, DELIVERED);
    CHECK_STATE(first->id, DELIVERED); /* the 8 was its own */
    CHECK_INT(get(first->id)->msgid, 8);
}

static void a_known_msgid_is_meant_while_another_is_under_way(void)
{
    struct hy_message *first;

    once("u", "T1", 4);
    first = post_sent("u", 8);
    post("u");
    claim_one();
    CHECK_INT(hear_sent("u", 8, NULL), first->id);
}

void store_events_cases(void)
{
    CASE(a_msgid_finds_its_message);
    CASE(large_msgids_are_kept);
    CASE(an_unknown_one_is_settled_by_its_event);
    CASE(an_unknown_one_may_have_failed);
    CASE(without_a_msgid_the_first_that_left_is_meant);
    CASE(one_that_left_long_ago_is_meant_last);
    CASE(a_later_request_is_later);
    CASE(a_request_that_left_after_it_is_not_meant);
    CASE(others_are_not_meant);
    CASE(one_that_comes_early_is_applied_at_settling);
    CASE(an_early_one_settles_a_lost_answer);
    CASE(a_settled_message_says_its_state);
    CASE(one_under_way_is_not_overtaken);
    CASE(one_under_way_takes_its_own);
    CASE(a_known_msgid_is_meant_while_another_is_under_way);
}
