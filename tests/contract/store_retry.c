/* An operator has a message sent again. */
#include "store_bulk.h"
#include "store_cases.h"

static void a_failed_one_goes_again(void)
{
    struct hy_message *m = failed_with("u", "40037");
    struct hy_retry *v;
    struct hy_claimed *c;

    rig.now_ms += HOUR;
    v = retry(m->id, 0);
    CHECK_INT(v->state, HY_MESSAGE_QUEUED);
    CHECK_INT(v->app_no, rig.app);
    CHECK_INT(v->queue, rig.queue);
    CHECK_STATE(m->id, QUEUED);
    CHECK(get(m->id)->reason == NULL);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms);
    CHECK_INT(get(m->id)->send_at_ms, rig.now_ms);
    CHECK_INT(get(m->id)->settled_at_ms, 0);
    CHECK_INT(get(m->id)->grant_id, 0);
    c = claim_one();
    CHECK_INT(c->message.id, m->id);
    CHECK_INT(c->message.attempt_count, 1);
    judge(c, HY_VERDICT_OK, "");
    CHECK_STATE(m->id, SENT);
    CHECK_INT(fetch(m->id)->attempt_count, 2);
    CHECK_INT(fetch(m->id)->attempts[0].judgement.verdict, HY_VERDICT_BAD_PAYLOAD);
}

static void an_expired_one_goes_again_when_its_time_is_changed(void)
{
    struct hy_message *m = draft("u");
    struct hy_retry v = {.set_expiry = true};

    m->expires_at_ms = rig.now_ms + MINUTE;
    m->on_missing = HY_ON_MISSING_WAIT;
    CHECK_INT(admit(m), 0);
    rig.now_ms += MINUTE;
    CHECK_INT(sweep(9), 1);
    CHECK_INT(retry(m->id, HY_E_CONFLICT)->state, HY_MESSAGE_EXPIRED);
    CHECK_STATE(m->id, EXPIRED);
    v.message_id = m->id;
    v.now_ms = rig.now_ms;
    v.expires_at_ms = rig.now_ms; /* that is past, too */
    CHECK_INT(run(&v.op, HY_VERB_RETRY), HY_E_CONFLICT);
    CHECK_INT(get(m->id)->expires_at_ms, m->expires_at_ms);
    v.expires_at_ms = rig.now_ms + HOUR;
    CHECK_INT(run(&v.op, HY_VERB_RETRY), 0);
    CHECK_INT(get(m->id)->expires_at_ms, rig.now_ms + HOUR);
    rig.now_ms += HOUR; /* and it can expire again */
    CHECK_INT(sweep(9), 1);
    v.now_ms = rig.now_ms;
    v.expires_at_ms = 0;
    CHECK_INT(run(&v.op, HY_VERB_RETRY), 0);
    CHECK_INT(get(m->id)->expires_at_ms, 0);
    rig.now_ms += DAY;
    CHECK_INT(sweep(9), 0);
}

static void an_unknown_one_goes_again_with_another_grant(void)
{
    int64_t g = once("u", "T1", 2);
    struct hy_message *m = post("u");
    struct hy_claimed *c;

    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(get(m->id)->due_at_ms, 0);
    CHECK_TEXT(ledger("u", g), "1/0 available");
    retry(m->id, 0);
    CHECK_STATE(m->id, QUEUED);
    CHECK(!get(m->id)->in_doubt);
    CHECK_TEXT(ledger("u", g), "1/0 available"); /* nothing is reserved before the claim */
    c = claim_one();
    CHECK_INT(c->grant.id, g);
    CHECK_TEXT(ledger("u", g), "1/1 available");
    judge(c, HY_VERDICT_OK, "");
    CHECK_TEXT(ledger("u", g), "0/0 spent");
}

static void one_that_holds_a_receipt_asks_with_that(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");
    struct hy_claimed *c;

    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK(get(m->id)->due_at_ms > rig.now_ms);
    retry(m->id, 0);
    CHECK_STATE(m->id, UNKNOWN);
    CHECK(get(m->id)->in_doubt);
    CHECK_TEXT(get(m->id)->reason, "unknown.no_answer");
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms);
    CHECK_INT(get(m->id)->send_at_ms, rig.now_ms);
    c = claim_one();
    CHECK_INT(c->grant.id, g);
    judge(c, HY_VERDICT_GRANT_GONE, "41029"); /* so the first one went */
    CHECK_STATE(m->id, SENT);
    CHECK_TEXT(ledger("u", g), "0/0 spent");
}

static void the_claim_decides_what_is_missing(void)
{
    struct hy_message *m = post("u"); /* fails at once: no grant */

    CHECK_STATE(m->id, FAILED);
    retry(m->id, 0);
    CHECK_STATE(m->id, QUEUED);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(get(m->id)->reason, "no_grant.never");
    retry(m->id, 0);
    once("u", "T1", 1);
    claim_one();
}

static void others_are_refused(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);
    struct hy_claimed *c;

    retry(4711, HY_E_NOT_FOUND);
    CHECK_INT(retry(m->id, HY_E_CONFLICT)->state, HY_MESSAGE_QUEUED);
    c = claim_one();
    CHECK_INT(retry(m->id, HY_E_CONFLICT)->state, HY_MESSAGE_SENDING);
    judge(c, HY_VERDICT_OK, "");
    CHECK_INT(retry(m->id, HY_E_CONFLICT)->state, HY_MESSAGE_SENT);
    m = post_with("u", HY_ON_MISSING_WAIT);
    CHECK_INT(retry(m->id, HY_E_CONFLICT)->state, HY_MESSAGE_WAITING);
    CHECK_INT(cancel(m->id), 0);
    CHECK_INT(retry(m->id, HY_E_CONFLICT)->state, HY_MESSAGE_CANCELED);
}

/* The second time finds it queued. */
static void a_retry_is_not_done_twice(void)
{
    struct hy_message *m = failed_with("u", "40037");

    retry(m->id, 0);
    rig.now_ms += 5;
    retry(m->id, HY_E_CONFLICT);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms - 5);
}

/* The event of the request that is given up says nothing about the new one. */
static void an_event_of_the_first_request_finds_nobody(void)
{
    struct hy_sent_item sent = {.template_id = "T1", .msgid = 77, .delivered = true};
    struct hy_hear v = {
        .app_no = rig.app, .name = "e", .user = "u", .raw = "{}", .sent = &sent, .sent_count = 1};
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);

    rig.expect_event = true;
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    retry(m->id, 0);
    CHECK_INT(get(m->id)->msgid, 0);
    v.created_at_ms = v.now_ms = rig.now_ms;
    CHECK_INT(run(&v.op, HY_VERB_HEAR), 0);
    CHECK_INT(sent.message_id, 0);
    CHECK_STATE(m->id, QUEUED);
}

static void one_behind_another_waits_for_its_turn(void)
{
    struct hy_message *m = failed_with("u", "40037");
    struct hy_claimed *c;

    post_with("u", HY_ON_MISSING_TRY);
    c = claim_one();
    retry(m->id, 0);
    CHECK_INT(claim(ALL)->count, 0);
    judge(c, HY_VERDICT_OK, "");
    CHECK_INT(claim_one()->message.id, m->id);
}

void store_retry_cases(void)
{
    CASE(a_failed_one_goes_again);
    CASE(an_expired_one_goes_again_when_its_time_is_changed);
    CASE(an_unknown_one_goes_again_with_another_grant);
    CASE(one_that_holds_a_receipt_asks_with_that);
    CASE(the_claim_decides_what_is_missing);
    CASE(others_are_refused);
    CASE(a_retry_is_not_done_twice);
    CASE(an_event_of_the_first_request_finds_nobody);
    CASE(one_behind_another_waits_for_its_turn);
}
