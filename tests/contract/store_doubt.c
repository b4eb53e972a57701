/* Messages of which nobody knows whether they went: in doubt, unknown. */
#include "store_cases.h"

static void in_doubt_the_same_receipt_is_kept_to_its_end(void)
{
    int64_t g = form("u", rig.now_ms + 2 * (int64_t)DAY);
    struct hy_message *m = post("u");
    struct hy_claimed *c = claim_one();

    form("u", 0);
    judge(c, HY_VERDICT_TRANSIENT, "-1");
    CHECK(get(m->id)->in_doubt);
    rig.now_ms += 2 * (int64_t)DAY - 1;
    c = claim_one();
    CHECK_INT(c->grant.id, g); /* far inside the margin, but only this one can prove anything */
    CHECK(c->message.in_doubt);
    judge(c, HY_VERDICT_GRANT_GONE, "41029");
    CHECK_STATE(m->id, SENT);
    CHECK_TEXT(get(m->id)->reason, "proved_by_receipt");
    CHECK_TEXT(ledger("u", g), "0/0 spent");
}

static void in_doubt_and_the_receipt_over(void)
{
    int64_t g = form("u", rig.now_ms + 2 * (int64_t)DAY);
    struct hy_message *m = post("u");
    struct hy_claim *v;
    int64_t other = form("u", 0);

    judge(claim_one(), HY_VERDICT_TRANSIENT, "-1");
    rig.now_ms += 2 * (int64_t)DAY;
    v = claim(ALL);
    CHECK_INT(v->count, 0);
    CHECK_INT(v->ended, 1);
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_TEXT(get(m->id)->reason, "unknown.grant_over");
    CHECK_INT(get(m->id)->due_at_ms, 0);
    CHECK_INT(get(m->id)->grant_id, 0);
    CHECK_INT(get(m->id)->settled_at_ms, 0);
    CHECK_TEXT(ledger("u", g), "0/0 spent");
    CHECK(grant("u", g)->in_doubt);
    CHECK_TEXT(ledger("u", other), "1/0 available");
    CHECK_INT(next_due(), 0);
}

static void in_doubt_and_the_receipt_gone(void)
{
    int64_t g = prepay("u", 0);
    struct hy_message *doubtful = post("u");
    struct hy_message *other = post("u");

    judge(claim_one(), HY_VERDICT_TRANSIENT, "-1");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "41028"); /* `other`: the receipt is dropped */
    CHECK_TEXT(ledger("u", g), "3/1 revoked");
    form("u", 0);
    rig.now_ms += HOUR;
    CHECK_INT(claim_one()->message.id, other->id);
    CHECK_INT(recover(), 1);
    claim(ALL);
    CHECK_STATE(doubtful->id, UNKNOWN); /* with another grant it might be the second time */
    CHECK_INT(grant("u", g)->uses_reserved, 0);
}

static void unknown_is_tried_with_the_same_receipt(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");

    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(get(m->id)->grant_id, g);
    CHECK_TEXT(ledger("u", g), "1/1 available");
    CHECK_INT(claim(ALL)->count, 0);
    rig.now_ms = next_due();
    CHECK_INT(claim_one()->grant.id, g);
    CHECK_STATE(m->id, SENDING);
}

static void unknown_at_least_once_takes_another_use(void)
{
    int64_t g = once("u", "T1", 2);
    struct hy_message *m = draft("u");
    struct hy_claimed *c;

    m->policy = HY_POLICY_AT_LEAST_ONCE;
    CHECK_INT(admit(m), 0);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(get(m->id)->grant_id, 0);
    CHECK(get(m->id)->in_doubt);
    CHECK_TEXT(ledger("u", g), "1/0 available");
    rig.now_ms = next_due();
    c = claim_one();
    CHECK_INT(c->grant.id, g);
    CHECK(!c->message.in_doubt);
    judge(c, HY_VERDICT_OK, "");
    CHECK_TEXT(ledger("u", g), "0/0 spent");
}

static void unknown_that_can_reserve_nothing_rests(void)
{
    struct hy_message *m = draft("u");
    struct hy_claim *v;

    once("u", "T1", 1);
    m->policy = HY_POLICY_AT_LEAST_ONCE;
    CHECK_INT(admit(m), 0);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    rig.now_ms = next_due();
    v = claim(ALL);
    CHECK_INT(v->count, 0);
    CHECK_INT(v->ended, 1);
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_TEXT(get(m->id)->reason, "unknown.no_answer");
    CHECK_INT(next_due(), 0);
    once("u", "T1", 1);
    CHECK_INT(claim(ALL)->count, 0);
}

static void unknown_past_its_expiry_is_not_sent_again(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = draft("u");

    m->expires_at_ms = rig.now_ms + 100;
    CHECK_INT(admit(m), 0);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    rig.now_ms = next_due();
    CHECK_INT(claim(ALL)->ended, 1);
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(next_due(), 0);
    CHECK_TEXT(ledger("u", g), "0/0 spent");
}

static void unknown_ones_are_parked_too(void)
{
    struct hy_message *m = post("u");
    int64_t due;

    CHECK_INT(m->state, HY_MESSAGE_FAILED);
    form("u", 0);
    m = post("u");
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    due = next_due();
    post_with("u", HY_ON_MISSING_TRY);
    claim_one();
    rig.now_ms = due;
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(next_due(), 0);
    CHECK_INT(recover(), 1);
    CHECK_INT(claim_one()->message.id, m->id);
}

void store_doubt_cases(void)
{
    CASE(in_doubt_the_same_receipt_is_kept_to_its_end);
    CASE(in_doubt_and_the_receipt_over);
    CASE(in_doubt_and_the_receipt_gone);
    CASE(unknown_is_tried_with_the_same_receipt);
    CASE(unknown_at_least_once_takes_another_use);
    CASE(unknown_that_can_reserve_nothing_rests);
    CASE(unknown_past_its_expiry_is_not_sent_again);
    CASE(unknown_ones_are_parked_too);
}
