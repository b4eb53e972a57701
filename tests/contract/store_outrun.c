/* An accept that comes while a refusal is on its way: the refusal says nothing about it. */
#include "store_cases.h"
#include "store_suspect.h"

/* What nobody has refused yet is not dropped: the request that is answered now left before it came. */
static void an_accept_outruns_the_second_refusal(void)
{
    struct hy_message *m, *second;
    struct hy_claimed *c;

    once("u", "T1", 1);
    m = post("u");
    refuse();
    second = post_with("u", HY_ON_MISSING_WAIT);
    rig.now_ms += RETRY;
    c = claim_one();
    CHECK_INT(c->message.id, m->id);
    CHECK_INT(tell_accept("u", HY_SOURCE_PAGE, rig.now_ms), 1);
    judge(c, HY_VERDICT_GRANT_GONE, "43101");
    CHECK_TEXT(balance("u"), "2/2 available");
    CHECK_INT(counter_of("u")->refusals, 0);
    CHECK_INT(timeline("u", 10)->messages[1].attempts[1].grant_move, HY_GRANT_GIVE_BACK);
    CHECK_STATE(second->id, QUEUED);
    CHECK_STATE(m->id, QUEUED);
    CHECK_INT(claim(ALL)->count, 1);
}

/* Of the first refusal too, when she accepted after the request had left: it goes again at once. */
static void an_accept_outruns_the_first_refusal(void)
{
    struct hy_judgement j = judged(HY_VERDICT_GRANT_GONE, "43101");
    struct hy_settle_item item;
    struct hy_settle settle = {.items = &item, .count = 1};
    struct hy_message *m;

    once("u", "T1", 1);
    m = post("u");
    item = settled(claim_one(), &j);
    CHECK_INT(item.settlement.grant_move, HY_GRANT_REFUSE);
    rig.now_ms += SECOND;
    CHECK_INT(tell_accept("u", HY_SOURCE_BACKEND, rig.now_ms), 1);
    settle.now_ms = ++rig.now_ms;
    CHECK_INT(run(&settle.op, HY_VERB_SETTLE), 0);
    CHECK_INT(item.result, 0);
    CHECK_INT(item.state, HY_MESSAGE_QUEUED);
    CHECK_INT(settle.freed, 1);
    CHECK_TEXT(balance("u"), "2/2 available");
    CHECK_INT(counter_of("u")->refusals, 0);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms);
    CHECK(get(m->id)->reason == NULL);
    CHECK_INT(timeline("u", 10)->messages[0].attempts[0].grant_move, HY_GRANT_GIVE_BACK);
    refuse(); /* this one left after it */
    check_waits(m->id, rig.now_ms + RETRY);
}

/* Told while the request was on its way, but given before it left: the refusal is about that, too. */
static void an_older_accept_outruns_nothing(void)
{
    struct hy_claimed *c;

    once("u", "T1", 1);
    post("u");
    c = claim_one();
    CHECK_INT(tell_accept("u", HY_SOURCE_BACKEND, rig.now_ms), 1);
    judge(c, HY_VERDICT_GRANT_GONE, "43101");
    check_suspect("u", 1, rig.now_ms + RETRY);
}

void store_outrun_cases(void)
{
    CASE(an_accept_outruns_the_second_refusal);
    CASE(an_accept_outruns_the_first_refusal);
    CASE(an_older_accept_outruns_nothing);
}
