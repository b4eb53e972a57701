/* Cancel, sweep and recover: how messages end without an answer. */
#include "store_cases.h"

static void a_queued_one_is_canceled_and_gives_back(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");

    rig.now_ms += 5;
    CHECK_INT(cancel(m->id), 0);
    CHECK_STATE(m->id, CANCELED);
    CHECK(get(m->id)->reason == NULL);
    CHECK_INT(get(m->id)->settled_at_ms, rig.now_ms);
    CHECK_INT(get(m->id)->due_at_ms, 0);
    CHECK_INT(get(m->id)->grant_id, 0);
    CHECK_TEXT(ledger("u", g), "1/0 available");
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(post("u")->grant_id, g);
}

static void a_later_one_and_a_waiting_one_are_canceled(void)
{
    struct hy_message *later = post_later("u", rig.now_ms + HOUR);
    struct hy_message *waits = post_with("u", HY_ON_MISSING_WAIT);

    CHECK_INT(cancel(later->id), 0);
    CHECK_INT(cancel(waits->id), 0);
    form("u", 0);
    rig.now_ms += DAY;
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_STATE(waits->id, CANCELED);
}

static void what_was_canceled_gives_way(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");
    struct hy_message *waits = post_with("u", HY_ON_MISSING_WAIT);

    CHECK_INT(cancel(m->id), 0);
    CHECK_STATE(waits->id, QUEUED);
    CHECK_INT(get(waits->id)->grant_id, g);
}

static void the_other_states_forbid_it(void)
{
    struct hy_message *failed = post("f");
    struct hy_message *sent, *sending, *unknown, *expired, *canceled;

    sent = post_with("s", HY_ON_MISSING_TRY);
    judge(claim_one(), HY_VERDICT_OK, "");
    unknown = post_with("n", HY_ON_MISSING_TRY);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    expired = draft("e");
    expired->expires_at_ms = rig.now_ms + 1;
    expired->on_missing = HY_ON_MISSING_WAIT;
    CHECK_INT(admit(expired), 0);
    rig.now_ms++;
    CHECK_INT(sweep(ALL), 1);
    canceled = post_with("c", HY_ON_MISSING_WAIT);
    CHECK_INT(cancel(canceled->id), 0);
    sending = post_with("g", HY_ON_MISSING_TRY);
    claim_one();
    CHECK_INT(cancel(failed->id), HY_E_CONFLICT);
    CHECK_INT(cancel(sent->id), HY_E_CONFLICT);
    CHECK_INT(cancel(unknown->id), HY_E_CONFLICT);
    CHECK_INT(cancel(expired->id), HY_E_CONFLICT);
    CHECK_INT(cancel(canceled->id), HY_E_CONFLICT);
    CHECK_INT(cancel(sending->id), HY_E_CONFLICT);
    CHECK_INT(cancel(12345), HY_E_NOT_FOUND);
    CHECK_STATE(failed->id, FAILED);
    CHECK_STATE(sent->id, SENT);
    CHECK_STATE(unknown->id, UNKNOWN);
    CHECK_STATE(expired->id, EXPIRED);
    CHECK_STATE(sending->id, SENDING);
}

static void a_parked_one_is_canceled(void)
{
    struct hy_message *first = post_with("u", HY_ON_MISSING_TRY);
    struct hy_message *second = post_with("u", HY_ON_MISSING_TRY);
    struct hy_claimed *c = claim_one();

    CHECK_INT(c->message.id, first->id);
    CHECK_INT(cancel(second->id), 0);
    judge(c, HY_VERDICT_OK, "");
    CHECK_INT(claim(ALL)->count, 0);
}

static void canceled_in_doubt_says_so(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");

    judge(claim_one(), HY_VERDICT_TRANSIENT, "-1");
    CHECK_INT(cancel(m->id), 0);
    CHECK_TEXT(get(m->id)->reason, "in_doubt");
    CHECK_TEXT(ledger("u", g), "1/0 available");
    CHECK(grant("u", g)->in_doubt);
}

/* --- sweep ------------------------------------------------------------------------------------ */

static struct hy_message *expiring(const char *user, int64_t expires_at_ms,
                                   enum hy_on_missing on_missing)
{
    struct hy_message *m = draft(user);

    m->expires_at_ms = expires_at_ms;
    m->on_missing = on_missing;
    CHECK_INT(admit(m), 0);
    return m;
}

static void time_expires_what_is_queued_or_waiting(void)
{
    int64_t g = form("q", 0);
    int64_t at = rig.now_ms + HOUR;
    struct hy_message *queued = expiring("q", at, HY_ON_MISSING_FAIL);
    struct hy_message *waits = expiring("w", at, HY_ON_MISSING_WAIT);
    struct hy_message *stays = expiring("s", at + 1, HY_ON_MISSING_WAIT);
    struct hy_message *ever = post_with("e", HY_ON_MISSING_WAIT);

    rig.now_ms = at - 1;
    CHECK_INT(sweep(ALL), 0);
    rig.now_ms = at;
    CHECK_INT(sweep(ALL), 2);
    CHECK_INT(sweep(ALL), 0);
    CHECK_STATE(queued->id, EXPIRED);
    CHECK_STATE(waits->id, EXPIRED);
    CHECK_STATE(stays->id, WAITING);
    CHECK_STATE(ever->id, WAITING);
    CHECK_INT(get(queued->id)->settled_at_ms, at);
    CHECK_INT(get(queued->id)->grant_id, 0);
    CHECK_TEXT(ledger("q", g), "1/0 available");
    CHECK_INT(claim(ALL)->count, 0);
}

static void a_sweep_takes_the_earliest_and_no_more_than_asked(void)
{
    struct hy_message *third = expiring("a", rig.now_ms + 3, HY_ON_MISSING_WAIT);
    struct hy_message *first = expiring("b", rig.now_ms + 1, HY_ON_MISSING_WAIT);
    struct hy_message *second = expiring("c", rig.now_ms + 2, HY_ON_MISSING_WAIT);

    rig.now_ms += HOUR;
    CHECK_INT(sweep(2), 2);
    CHECK_STATE(first->id, EXPIRED);
    CHECK_STATE(second->id, EXPIRED);
    CHECK_STATE(third->id, WAITING);
    CHECK_INT(sweep(2), 1);
}

static void check_next_expiry(int64_t expected_ms)
{
    struct hy_sweep v = {.now_ms = rig.now_ms, .limit = ALL};

    CHECK_INT(run(&v.op, HY_VERB_SWEEP), 0);
    CHECK_INT(v.next_ms, expected_ms);
}

static void a_sweep_tells_when_the_next_is_due(void)
{
    int64_t at = rig.now_ms + HOUR;
    struct hy_message *later;

    check_next_expiry(0);
    later = expiring("a", at + 2, HY_ON_MISSING_WAIT);
    expiring("b", at, HY_ON_MISSING_WAIT);
    post_with("c", HY_ON_MISSING_WAIT);
    check_next_expiry(at);
    rig.now_ms = at;
    check_next_expiry(at + 2);
    CHECK_INT(cancel(later->id), 0);
    check_next_expiry(0);
}

static void what_is_sending_or_unknown_does_not_expire(void)
{
    struct hy_message *unknown = expiring("n", rig.now_ms + HOUR, HY_ON_MISSING_TRY);
    struct hy_message *sending;

    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    sending = expiring("s", rig.now_ms + HOUR, HY_ON_MISSING_TRY);
    claim_one();
    rig.now_ms += HOUR;
    CHECK_INT(sweep(ALL), 0);
    CHECK_STATE(unknown->id, UNKNOWN);
    CHECK_STATE(sending->id, SENDING);
}

static void what_a_sweep_gives_back_wakes(void)
{
    struct hy_message *waits;

    form("u", 0);
    expiring("u", rig.now_ms + HOUR, HY_ON_MISSING_FAIL);
    waits = post_with("u", HY_ON_MISSING_WAIT);
    rig.now_ms += HOUR;
    CHECK_INT(sweep(ALL), 1);
    CHECK_STATE(waits->id, QUEUED);
}

/* --- recover ---------------------------------------------------------------------------------- */

static void what_was_sending_becomes_unknown(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");
    struct hy_message_get *v;
    struct hy_claimed *c = claim_one();

    rig.now_ms += 10;
    CHECK_INT(recover(), 1);
    v = fetch(m->id);
    CHECK_INT(v->message.state, HY_MESSAGE_UNKNOWN);
    CHECK_TEXT(v->message.reason, "unknown.no_answer");
    CHECK(v->message.in_doubt);
    CHECK_INT(v->message.grant_id, g);
    CHECK_INT(v->message.attempt_count, 1);
    CHECK_INT(v->attempt_count, 1);
    CHECK_INT(v->attempts[0].number, 1);
    CHECK_INT(v->attempts[0].at_ms, rig.now_ms);
    CHECK_INT(v->attempts[0].took_ms, 0);
    CHECK_INT(v->attempts[0].grant_id, g);
    CHECK_INT(v->attempts[0].judgement.verdict, HY_VERDICT_UNKNOWN);
    CHECK(!v->attempts[0].judgement.answered);
    CHECK_TEXT(v->attempts[0].judgement.errmsg, "the server stopped while sending");
    CHECK_TEXT(ledger("u", g), "1/1 available");
    CHECK_INT(recover(), 0);

    /* An answer that comes after all is not believed any more. */
    struct hy_judgement late = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item = settled(c, &late);

    CHECK_INT(settle_item(&item), HY_E_CONFLICT);
    CHECK_STATE(m->id, UNKNOWN);

    /* The same receipt again tells. */
    rig.now_ms = next_due();
    c = claim_one();
    CHECK_INT(c->grant.id, g);
    judge(c, HY_VERDICT_GRANT_GONE, "41029");
    CHECK_STATE(m->id, SENT);
}

static void what_cannot_be_proved_stays_unknown(void)
{
    int64_t g = prepay("p", 0);
    struct hy_message *p = post("p");
    struct hy_message *n = post_with("n", HY_ON_MISSING_TRY);
    struct hy_message *o;
    int64_t h = once("o", "T1", 2);

    o = draft("o");
    o->policy = HY_POLICY_AT_LEAST_ONCE;
    CHECK_INT(admit(o), 0);
    CHECK_INT(claim(ALL)->count, 3);
    CHECK_INT(recover(), 3);
    CHECK_STATE(p->id, UNKNOWN);
    CHECK_STATE(n->id, UNKNOWN);
    CHECK_STATE(o->id, UNKNOWN);
    CHECK_TEXT(ledger("p", g), "2/0 available");
    CHECK(grant("p", g)->in_doubt);
    CHECK_INT(get(p->id)->due_at_ms, 0);
    CHECK_INT(get(n->id)->due_at_ms, 0);
    rig.now_ms = next_due();
    CHECK_INT(claim_one()->grant.id, h);
}

static void recover_tells_the_largest_id(void)
{
    struct hy_recover v = {.now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    CHECK_INT(v.last_message_id, 0);
    post("a");
    post("b");
    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    CHECK_INT(v.recovered, 0);
    CHECK_INT(v.last_message_id, rig.ids.last);
}

static void recover_lets_the_parked_go(void)
{
    post_with("u", HY_ON_MISSING_TRY);
    post_with("u", HY_ON_MISSING_TRY);
    claim_one();
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(recover(), 1);
    CHECK_INT(claim(ALL)->count, 1);
}

void store_end_cases(void)
{
    CASE(a_queued_one_is_canceled_and_gives_back);
    CASE(a_later_one_and_a_waiting_one_are_canceled);
    CASE(what_was_canceled_gives_way);
    CASE(the_other_states_forbid_it);
    CASE(a_parked_one_is_canceled);
    CASE(canceled_in_doubt_says_so);
    CASE(time_expires_what_is_queued_or_waiting);
    CASE(a_sweep_takes_the_earliest_and_no_more_than_asked);
    CASE(a_sweep_tells_when_the_next_is_due);
    CASE(what_is_sending_or_unknown_does_not_expire);
    CASE(what_a_sweep_gives_back_wakes);
    CASE(what_was_sending_becomes_unknown);
    CASE(what_cannot_be_proved_stays_unknown);
    CASE(recover_tells_the_largest_id);
    CASE(recover_lets_the_parked_go);
}
