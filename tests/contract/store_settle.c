/* Settling: what an answer does to the message, to its grant and to those who wait. */
#include "store_cases.h"

static void ok_spends(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");
    const struct hy_message *s;

    judge(claim_one(), HY_VERDICT_OK, "");
    s = get(m->id);
    CHECK_STATE(m->id, SENT);
    CHECK(s->reason == NULL);
    CHECK_INT(s->grant_id, g);
    CHECK_INT(s->settled_at_ms, rig.now_ms);
    CHECK_INT(s->due_at_ms, 0);
    CHECK_INT(s->attempt_count, 1);
    CHECK(s->msgid == 1234567890123456789);
    CHECK_TEXT(ledger("u", g), "0/0 spent");
}

static void an_attempt_is_kept_whole(void)
{
    struct hy_judgement j = judged(HY_VERDICT_OK, "0");
    struct hy_settle_item item;
    struct hy_message_get *v;
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");

    snprintf(j.errmsg, sizeof j.errmsg, "ok 好");
    snprintf(j.rid, sizeof j.rid, "5f8e-1");
    j.hint = HY_HINT_NEXT_DAY;
    item = settled(claim_one(), &j);
    item.attempt.at_ms = rig.now_ms - 250;
    item.attempt.took_ms = 250;
    CHECK_INT(settle_item(&item), 0);
    v = fetch(m->id);
    CHECK_INT(v->attempt_count, 1);
    CHECK_INT(v->attempts[0].number, 1);
    CHECK_INT(v->attempts[0].at_ms, rig.now_ms - 250);
    CHECK_INT(v->attempts[0].took_ms, 250);
    CHECK_INT(v->attempts[0].grant_id, g);
    CHECK_INT(v->attempts[0].judgement.verdict, HY_VERDICT_OK);
    CHECK_INT(v->attempts[0].judgement.hint, HY_HINT_NEXT_DAY);
    CHECK(v->attempts[0].judgement.answered && !v->attempts[0].judgement.not_sent);
    CHECK(!v->attempts[0].judgement.grant_used);
    CHECK_TEXT(v->attempts[0].judgement.errcode, "0");
    CHECK_TEXT(v->attempts[0].judgement.errmsg, "ok 好");
    CHECK_TEXT(v->attempts[0].judgement.rid, "5f8e-1");
    CHECK_INT(v->attempts[0].judgement.msgid, j.msgid);
}

static void attempts_are_numbered_in_order(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);
    struct hy_message_get *v;

    for (int i = 0; i < 4; i++) {
        judge(claim_one(), i < 3 ? HY_VERDICT_TOKEN : HY_VERDICT_OK, i < 3 ? "40001" : "");
        rig.now_ms = next_due() ? next_due() : rig.now_ms;
    }
    v = fetch(m->id);
    CHECK_INT(v->attempt_count, 4);
    CHECK_INT(v->message.attempt_count, 4);
    for (int i = 0; i < 4; i++)
        CHECK_INT(v->attempts[i].number, i + 1);
    CHECK_INT(v->attempts[3].judgement.verdict, HY_VERDICT_OK);
}

static void a_prepay_id_is_spent_after_three(void)
{
    int64_t g = prepay("u", 0);
    const char *after[] = {"2/0 available", "1/0 available", "0/0 spent"};

    for (int i = 0; i < 3; i++) {
        post("u");
        judge(claim_one(), HY_VERDICT_OK, "");
        CHECK_TEXT(ledger("u", g), after[i]);
    }
    CHECK_INT(post("u")->state, HY_MESSAGE_FAILED);
}

static void a_bad_message_gives_back(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");

    judge(claim_one(), HY_VERDICT_BAD_PAYLOAD, "40037");
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(get(m->id)->reason, "bad_payload.40037");
    CHECK_INT(get(m->id)->grant_id, 0);
    CHECK_INT(get(m->id)->settled_at_ms, rig.now_ms);
    CHECK_TEXT(ledger("u", g), "1/0 available");
    CHECK_INT(post("u")->grant_id, g);
}

static void a_gone_grant_is_dropped_for_the_next(void)
{
    int64_t first = form("u", 0);
    int64_t second = form("u", 0);
    struct hy_message *m = post("u");
    struct hy_claimed *c;

    judge(claim_one(), HY_VERDICT_GRANT_GONE, "41028");
    CHECK_TEXT(ledger("u", first), "1/0 revoked");
    CHECK_TEXT(grant("u", first)->reason, "41028");
    CHECK_STATE(m->id, QUEUED);
    CHECK_INT(get(m->id)->grant_id, 0);
    c = claim_one();
    CHECK_INT(c->grant.id, second);
    CHECK_INT(c->message.attempt_count, 1);
    judge(c, HY_VERDICT_OK, "");
    CHECK_STATE(m->id, SENT);
}

static void a_drop_without_a_code_names_the_verdict(void)
{
    int64_t g = form("u", 0);

    post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "");
    CHECK_TEXT(grant("u", g)->reason, "grant_gone");
}

static void a_drop_takes_the_grant_from_all_who_hold_it(void)
{
    int64_t g = prepay("u", 0);
    struct hy_message *m[3];
    int64_t other;

    for (int i = 0; i < 3; i++)
        m[i] = post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "41028");
    CHECK_TEXT(ledger("u", g), "3/2 revoked");
    other = form("u", 0);
    judge(claim_one(), HY_VERDICT_OK, ""); /* one of them goes with the new one */
    CHECK_TEXT(ledger("u", other), "0/0 spent");
    while (claim(ALL)->ended > 0)
        continue;
    CHECK_TEXT(ledger("u", g), "3/0 revoked");
    for (int i = 0; i < 3; i++)
        CHECK(state_of(m[i]->id) == HY_MESSAGE_SENT || state_of(m[i]->id) == HY_MESSAGE_FAILED);
}

static void a_transient_answer_keeps_the_grant(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");
    const struct hy_message *s;

    judge(claim_one(), HY_VERDICT_TRANSIENT, "-1");
    s = get(m->id);
    CHECK_INT(s->state, HY_MESSAGE_QUEUED);
    CHECK_TEXT(s->reason, "transient.-1");
    CHECK_INT(s->grant_id, g);
    CHECK(s->in_doubt);
    CHECK(s->due_at_ms > rig.now_ms);
    CHECK_INT(next_due(), s->due_at_ms);
    CHECK_TEXT(ledger("u", g), "1/1 available");
    CHECK_TEXT(post("u")->reason, "no_grant.used_up");
}

static void nothing_sent_is_no_doubt(void)
{
    struct hy_judgement j = judged(HY_VERDICT_TRANSIENT, "");
    struct hy_settle_item item;
    struct hy_message *m;

    form("u", 0);
    m = post("u");
    j.not_sent = true;
    item = settled(claim_one(), &j);
    CHECK_INT(settle_item(&item), 0);
    CHECK(!get(m->id)->in_doubt);
    CHECK_TEXT(get(m->id)->reason, "transient.not_sent");
}

static void no_answer_burns_what_cannot_prove(void)
{
    int64_t g = prepay("u", 0);
    struct hy_message *m = post("u");

    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(get(m->id)->grant_id, 0);
    CHECK_INT(get(m->id)->settled_at_ms, 0);
    CHECK_INT(get(m->id)->due_at_ms, 0);
    CHECK_TEXT(ledger("u", g), "2/0 available");
    CHECK(grant("u", g)->in_doubt);
    CHECK_INT(claim(ALL)->count, 0);
}

static void a_use_given_back_in_doubt_marks_the_grant(void)
{
    int64_t g = form("u", 0);
    struct hy_claimed *c;

    post("u");
    judge(claim_one(), HY_VERDICT_TRANSIENT, "-1"); /* may have gone */
    rig.now_ms = next_due();
    judge(claim_one(), HY_VERDICT_USER_GONE, "40003");
    CHECK_TEXT(ledger("u", g), "1/0 available");
    CHECK(grant("u", g)->in_doubt);

    /* So "used already" proves nothing for the next message that holds it. */
    post("u");
    judge(claim_one(), HY_VERDICT_TRANSIENT, "-1");
    rig.now_ms = next_due();
    c = claim_one();
    CHECK_INT(c->grant.id, g);
    judge(c, HY_VERDICT_GRANT_GONE, "41029");
    CHECK(state_of(c->message.id) != HY_MESSAGE_SENT);
}

static void without_a_grant_there_is_nothing_to_move(void)
{
    struct hy_message *refused = post_with("u", HY_ON_MISSING_TRY);
    struct hy_message *taken;

    judge(claim_one(), HY_VERDICT_GRANT_GONE, "43101");
    CHECK_STATE(refused->id, FAILED);
    taken = post_with("u", HY_ON_MISSING_TRY);
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_STATE(taken->id, SENT);
    CHECK_INT(get(taken->id)->grant_id, 0);
}

static void what_is_given_back_wakes_who_waits(void)
{
    int64_t g = form("u", 0);
    struct hy_message *first = post("u");
    struct hy_message *waits = post_with("u", HY_ON_MISSING_WAIT);

    CHECK_INT(waits->state, HY_MESSAGE_WAITING);
    judge(claim_one(), HY_VERDICT_BAD_PAYLOAD, "40037");
    CHECK_STATE(first->id, FAILED);
    CHECK_STATE(waits->id, QUEUED);
    CHECK(get(waits->id)->reason == NULL);
    CHECK_INT(get(waits->id)->due_at_ms, rig.now_ms);
    CHECK_INT(get(waits->id)->grant_id, g);
    CHECK_INT(claim_one()->message.id, waits->id);
}

static void what_is_spent_wakes_nobody(void)
{
    struct hy_message *waits;

    form("u", 0);
    post("u");
    waits = post_with("u", HY_ON_MISSING_WAIT);
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_STATE(waits->id, WAITING);
}

/* --- again ------------------------------------------------------------------------------------ */

static void the_second_time_is_a_conflict(void)
{
    int64_t g = prepay("u", 0);
    struct hy_message *m = post("u");
    struct hy_claimed *c = claim_one();
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item = settled(c, &j);

    CHECK_INT(settle_item(&item), 0);
    CHECK_INT(settle_item(&item), HY_E_CONFLICT);
    CHECK_TEXT(ledger("u", g), "2/0 available");
    CHECK_INT(fetch(m->id)->attempt_count, 1);
}

static void a_settle_belongs_to_its_claim(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);
    struct hy_claimed *c = claim_one();
    struct hy_judgement again = judged(HY_VERDICT_TOKEN, "40001");
    struct hy_settle_item item = settled(c, &again);

    CHECK_INT(settle_item(&item), 0);
    claim_one();
    CHECK_INT(settle_item(&item), HY_E_CONFLICT); /* repeated: the second claim is not touched */
    CHECK_STATE(m->id, SENDING);
    CHECK_INT(get(m->id)->attempt_count, 1);
}

static void a_conflict_does_not_stop_the_others(void)
{
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item items[3];
    struct hy_settle v = {.items = items, .count = 3, .now_ms = rig.now_ms};
    struct hy_claim *c;

    post_with("a", HY_ON_MISSING_TRY);
    post_with("b", HY_ON_MISSING_TRY);
    c = claim(ALL);
    items[0] = settled(&c->claimed[0], &j);
    items[1] = items[0];
    items[1].message_id = 12345;
    items[2] = settled(&c->claimed[1], &j);
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), 0);
    CHECK_INT(items[0].result, 0);
    CHECK_INT(items[1].result, HY_E_CONFLICT);
    CHECK_INT(items[2].result, 0);
    CHECK_STATE(c->claimed[1].message.id, SENT);
}

static void settlements_nobody_makes_are_refused(void)
{
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_message *m;
    struct hy_settle_item good, bad;
    struct hy_settle v = {.items = &bad, .count = 1, .now_ms = rig.now_ms};

    form("u", 0);
    m = post("u");
    good = settled(claim_one(), &j);
    bad = good;
    bad.settlement.state = HY_MESSAGE_DELIVERED;
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), HY_E_INVALID);
    bad = good;
    bad.settlement.state = HY_MESSAGE_QUEUED; /* with spend */
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), HY_E_INVALID);
    bad = good;
    bad.settlement.grant_move = HY_GRANT_KEEP; /* with sent */
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), HY_E_INVALID);
    bad = good;
    bad.attempt.number = 0;
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), HY_E_INVALID);
    CHECK_STATE(m->id, SENDING);
    CHECK_INT(settle_item(&good), 0);
}

void store_settle_cases(void)
{
    CASE(ok_spends);
    CASE(an_attempt_is_kept_whole);
    CASE(attempts_are_numbered_in_order);
    CASE(a_prepay_id_is_spent_after_three);
    CASE(a_bad_message_gives_back);
    CASE(a_gone_grant_is_dropped_for_the_next);
    CASE(a_drop_without_a_code_names_the_verdict);
    CASE(a_drop_takes_the_grant_from_all_who_hold_it);
    CASE(a_transient_answer_keeps_the_grant);
    CASE(nothing_sent_is_no_doubt);
    CASE(no_answer_burns_what_cannot_prove);
    CASE(a_use_given_back_in_doubt_marks_the_grant);
    CASE(without_a_grant_there_is_nothing_to_move);
    CASE(what_is_given_back_wakes_who_waits);
    CASE(what_is_spent_wakes_nobody);
    CASE(the_second_time_is_a_conflict);
    CASE(a_settle_belongs_to_its_claim);
    CASE(a_conflict_does_not_stop_the_others);
    CASE(settlements_nobody_makes_are_refused);
}
