/* The outbox: what is told, to whom, in which order, and when again. */
#include "store_bulk.h"
#include "store_cases.h"

/* --- which moves are told --------------------------------------------------------------------- */

static void each_end_of_a_message_is_told(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_message *m;
    const struct hy_outbox_claimed *c;

    m = post("u"); /* fails at once */
    c = outbox_one(hook);
    CHECK_INT(c->outcome.type, HY_OUTCOME_FAILED);
    CHECK_INT(c->outcome.webhook_id, hook);
    CHECK_INT(c->outcome.app_no, rig.app);
    CHECK_INT(c->outcome.message_id, m->id);
    CHECK_TEXT(c->outcome.reason, "no_grant.never");
    CHECK_INT(c->outcome.at_ms, rig.now_ms);
    CHECK_INT(c->outcome.attempts, 0);
    CHECK(c->outcome.user == NULL && c->outcome.template_id == NULL);
    CHECK_INT(c->message.id, m->id);
    CHECK_TEXT(c->message.user, "u");
    CHECK_INT(c->event.id, 0);
    tell_over(c);
    post_with("u", HY_ON_MISSING_TRY);
    CHECK_INT(outbox(hook, ALL)->count, 0); /* queued and sending are told to nobody */
    judge(claim_one(), HY_VERDICT_OK, "");
    c = outbox_one(hook);
    CHECK_INT(c->outcome.type, HY_OUTCOME_SENT);
    CHECK(c->outcome.reason == NULL);
    CHECK_INT(c->outcome.msgid, 1234567890123456789);
    tell_over(c);
    m = post_with("u", HY_ON_MISSING_TRY);
    CHECK_INT(cancel(m->id), 0);
    CHECK_TEXT(told_all(hook), "message.canceled");
    m = draft("u");
    m->on_missing = HY_ON_MISSING_WAIT;
    m->expires_at_ms = rig.now_ms + 1;
    CHECK_INT(admit(m), 0);
    rig.now_ms++;
    CHECK_INT(sweep(9), 1);
    CHECK_TEXT(told_all(hook), "message.expired");
    post_with("u", HY_ON_MISSING_TRY);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_TEXT(told_all(hook), "message.unknown");
}

static void what_stays_in_its_state_is_not_told_again(void)
{
    int64_t hook = listen_to(EVERYTHING & ~(1u << HY_OUTCOME_GRANT_ADDED));
    struct hy_message *m = draft("u");

    form("u", rig.now_ms + 2 * DAY);
    m->expires_at_ms = rig.now_ms + HOUR;
    CHECK_INT(admit(m), 0);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_TEXT(told_all(hook), "message.unknown");
    rig.now_ms += HOUR;
    CHECK_INT(claim(ALL)->ended, 1); /* stays unknown, without a due time */
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_TEXT(told_all(hook), "");
}

static void a_retry_is_told_by_what_comes_of_it(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_message *m = failed_with("u", "40037");

    CHECK_TEXT(told_all(hook), "message.failed");
    retry(m->id, 0);
    CHECK_TEXT(told_all(hook), "");
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_TEXT(told_all(hook), "message.sent");
}

static void a_platforms_event_is_told_raw_and_by_what_it_means(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_sent_item sent = {.template_id = "T1", .delivered = true};
    struct hy_hear v = {.app_no = rig.app,
                        .name = "subscribe_msg_sent_event",
                        .user = "u",
                        .created_at_ms = rig.now_ms,
                        .now_ms = rig.now_ms,
                        .raw = "{\"a\":1}",
                        .sent = &sent,
                        .sent_count = 1};
    const struct hy_outbox_claim *c;
    int64_t event_id;

    rig.expect_event = true;
    post_with("u", HY_ON_MISSING_TRY);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_INT(run(&v.op, HY_VERB_HEAR), 0);
    event_id = v.event_id;
    CHECK_INT(run(&v.op, HY_VERB_HEAR), 0); /* the second time it is nothing new */
    c = outbox(hook, ALL);
    CHECK_INT(c->count, 2); /* the delivery is behind "unknown" */
    CHECK_INT(c->claimed[0].outcome.type, HY_OUTCOME_UNKNOWN);
    CHECK_INT(c->claimed[1].outcome.type, HY_OUTCOME_CALLBACK_RAW);
    CHECK_INT(c->claimed[1].outcome.event_id, event_id);
    CHECK_INT(c->claimed[1].outcome.app_no, rig.app);
    CHECK_INT(c->claimed[1].event.id, event_id);
    CHECK_TEXT(c->claimed[1].event.raw, "{\"a\":1}");
    CHECK_TEXT(c->claimed[1].event.name, "subscribe_msg_sent_event");
    CHECK_INT(c->claimed[1].message.id, 0);
    CHECK_INT(tell_over(&c->claimed[0]), 1);
    CHECK_TEXT(told_all(hook), "message.delivered");
}

/* --- grants ----------------------------------------------------------------------------------- */

static void what_is_added_to_the_ledger_is_told(void)
{
    int64_t hook = listen_to(1u << HY_OUTCOME_GRANT_ADDED);
    const struct hy_outbox_claim *v;

    once("u", "T1", 3);
    form("v", 0);
    v = outbox(hook, ALL);
    CHECK_INT(v->count, 2);
    CHECK_TEXT(v->claimed[0].outcome.user, "u");
    CHECK_TEXT(v->claimed[0].outcome.template_id, "T1");
    CHECK_INT(v->claimed[0].outcome.uses, 3);
    CHECK_INT(v->claimed[0].outcome.app_no, rig.app);
    CHECK_INT(v->claimed[0].outcome.message_id, 0);
    CHECK_TEXT(v->claimed[1].outcome.user, "v");
    CHECK(v->claimed[1].outcome.template_id == NULL);
    CHECK_INT(v->claimed[1].outcome.uses, 1);
}

static void a_duplicate_is_told_to_nobody(void)
{
    int64_t hook = listen_to(1u << HY_OUTCOME_GRANT_ADDED);
    struct hy_deposit_item items[2] = {form_item("u", "same", 0), form_item("u", "same", 0)};

    CHECK_INT(deposit_items(items, 2, NULL), 0);
    CHECK_INT(outbox(hook, ALL)->count, 1);
}

static struct hy_deposit_item answer(enum hy_answer_kind kind)
{
    return (struct hy_deposit_item){.grant = {.app_no = rig.app,
                                              .user = "u",
                                              .kind = HY_GRANT_ONCE,
                                              .template_id = "T1",
                                              .uses_total = 1,
                                              .uses_left = 1,
                                              .obtained_at_ms = rig.now_ms},
                                    .answer = kind};
}

static void a_withdrawal_is_told_once(void)
{
    int64_t hook = listen_to(1u << HY_OUTCOME_GRANT_REVOKED);
    struct hy_deposit_item item;
    const struct hy_outbox_claimed *c;

    once("u", "T1", 2);
    rig.now_ms++;
    item = answer(HY_ANSWER_REJECT);
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK_INT(outbox(hook, ALL)->count, 0);
    item = answer(HY_ANSWER_WITHDRAW);
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    c = outbox_one(hook);
    CHECK_INT(c->outcome.type, HY_OUTCOME_GRANT_REVOKED);
    CHECK_TEXT(c->outcome.user, "u");
    CHECK_TEXT(c->outcome.template_id, "T1");
    CHECK_TEXT(c->outcome.reason, "withdrawn");
    CHECK_INT(c->outcome.uses, 0);
    tell_over(c);
    rig.now_ms++;
    item = answer(HY_ANSWER_WITHDRAW);
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK_INT(outbox(hook, ALL)->count, 0);
}

static void a_grant_that_the_platform_drops_is_told_before_its_message(void)
{
    int64_t hook = listen_to(EVERYTHING & ~(1u << HY_OUTCOME_GRANT_ADDED));
    const struct hy_outbox_claim *v;

    form("u", 0);
    post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "41028"); /* queued again, and fails without one */
    claim(ALL);
    v = outbox(hook, ALL);
    CHECK_INT(v->count, 2);
    CHECK_INT(v->claimed[0].outcome.type, HY_OUTCOME_GRANT_REVOKED);
    CHECK_TEXT(v->claimed[0].outcome.reason, "41028");
    CHECK_TEXT(v->claimed[0].outcome.user, "u");
    CHECK(v->claimed[0].outcome.template_id == NULL);
    CHECK_INT(v->claimed[1].outcome.type, HY_OUTCOME_FAILED);
}

/* --- who is told ------------------------------------------------------------------------------ */

static void each_is_told_what_it_wants_of_its_app(void)
{
    struct hy_webhook_put v = webhook_to(1u << HY_OUTCOME_FAILED);
    int64_t sent_only = listen_to(1u << HY_OUTCOME_SENT), both = listen_to(EVERYTHING);
    int64_t other_app, own_app;

    v.webhook.app_no = rig.app + 1;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    other_app = v.webhook.id;
    v.webhook.id = 0;
    v.webhook.app_no = rig.app;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    own_app = v.webhook.id;
    post("u");
    CHECK_TEXT(told_all(sent_only), "");
    CHECK_TEXT(told_all(both), "message.failed");
    CHECK_TEXT(told_all(other_app), "");
    CHECK_TEXT(told_all(own_app), "message.failed");
}

static void a_paused_one_collects_and_a_disabled_one_does_not(void)
{
    struct hy_webhook_put v = webhook_to(EVERYTHING);
    struct hy_outbox_state state = {.disabled_at_ms = rig.now_ms, .last_error = "410"};
    struct hy_outbox_settle s = {.states = &state, .state_count = 1, .now_ms = rig.now_ms};

    v.webhook.paused = true;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    post("u");
    CHECK_INT(webhook(v.webhook.id)->pending, 1);
    state.webhook_id = v.webhook.id;
    CHECK_INT(run(&s.op, HY_VERB_OUTBOX_SETTLE), 0);
    post("u");
    CHECK_INT(webhook(v.webhook.id)->pending, 1);
}

/* --- in order --------------------------------------------------------------------------------- */

static void what_is_told_of_one_message_is_told_in_order(void)
{
    int64_t hook = listen_to(EVERYTHING), other = listen_to(EVERYTHING);
    struct hy_message *m = failed_with("u", "40037");
    const struct hy_outbox_claimed *c;

    retry(m->id, 0);
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_INT(webhook(hook)->pending, 2);
    c = outbox_one(hook);
    CHECK_INT(c->outcome.type, HY_OUTCOME_FAILED);
    CHECK_INT(c->message.state, HY_MESSAGE_SENT); /* the message as it is now */
    rig.now_ms += 5;
    CHECK_INT(tell_over(c), 1);
    c = outbox_one(hook);
    CHECK_INT(c->outcome.type, HY_OUTCOME_SENT);
    CHECK_INT(tell_over(c), 0);
    CHECK_INT(webhook(other)->pending, 2); /* each endpoint has its own order */
}

static void different_messages_do_not_wait_for_each_other(void)
{
    int64_t hook = listen_to(EVERYTHING);

    post("a");
    post("b");
    once("c", "T1", 1);
    CHECK_INT(outbox(hook, ALL)->count, 3);
}

static void in_order_of_due_instant_then_id(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_outbox_claim *v;
    struct hy_outbox_item item = {.webhook_id = hook};
    struct hy_outbox_settle s = {.items = &item, .count = 1};

    post("a");
    post("b");
    v = outbox(hook, 1);
    CHECK_INT(v->count, 1);
    CHECK_TEXT(v->claimed[0].message.user, "a");
    item.outcome_id = v->claimed[0].outcome.id;
    item.due_at_ms = rig.now_ms + MINUTE;
    CHECK_INT(run(&s.op, HY_VERB_OUTBOX_SETTLE), 0);
    rig.now_ms += MINUTE;
    post("c");
    v = outbox(hook, ALL);
    CHECK_INT(v->count, 3);
    CHECK_TEXT(v->claimed[0].message.user, "b");
    CHECK_TEXT(v->claimed[1].message.user, "a");
    CHECK_TEXT(v->claimed[2].message.user, "c");
}

/* --- again ------------------------------------------------------------------------------------ */

static void what_is_claimed_is_not_due_before_its_lease_is_over(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_outbox_claim *v;

    post("u");
    CHECK_INT(outbox(hook, 0)->lanes[0].next_due_ms, rig.now_ms);
    v = outbox(hook, ALL);
    CHECK_INT(v->count, 1);
    CHECK_INT(v->lanes[0].next_due_ms, rig.now_ms + MINUTE);
    CHECK_INT(outbox(hook, ALL)->count, 0);
    rig.now_ms += MINUTE - 1;
    CHECK_INT(outbox(hook, ALL)->count, 0);
    rig.now_ms++;
    CHECK_INT(outbox(hook, ALL)->count, 1);
}

static void a_try_in_vain_counts_and_comes_again(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_outbox_item item = {.webhook_id = hook, .due_at_ms = rig.now_ms + 5 * SECOND};
    struct hy_outbox_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};
    const struct hy_outbox_claimed *c;

    post("u");
    item.outcome_id = outbox_one(hook)->outcome.id;
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(v.freed, 0);
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_SETTLE), 0); /* repeated: it counts once */
    rig.now_ms += 5 * SECOND - 1;
    CHECK_INT(outbox(hook, ALL)->count, 0);
    rig.now_ms++;
    c = outbox_one(hook);
    CHECK_INT(c->outcome.attempts, 1);
    CHECK_INT(c->outcome.at_ms, item.due_at_ms - 5 * SECOND);
    tell_over(c);
    tell_over(c); /* gone already */
    CHECK_INT(webhook(hook)->pending, 0);
}

static void another_endpoints_id_is_passed_over(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_outbox_item item = {.webhook_id = hook + 1, .over = true};
    struct hy_outbox_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    post("u");
    item.outcome_id = outbox_one(hook)->outcome.id;
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(webhook(hook)->pending, 1);
}

static void a_state_is_noted(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_outbox_state state = {
        .webhook_id = hook, .failing_since_ms = 77, .last_error = "500"};
    struct hy_outbox_settle v = {.states = &state, .state_count = 1, .now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(webhook(hook)->failing_since_ms, 77);
    CHECK_TEXT(webhook(hook)->last_error, "500");
    state = (struct hy_outbox_state){.webhook_id = hook};
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(webhook(hook)->failing_since_ms, 0);
    CHECK(webhook(hook)->last_error == NULL);
    state.webhook_id = 4711;
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_SETTLE), 0);
}

static void a_message_that_is_not_kept_is_told_bare(void)
{
    int64_t hook = listen_to(EVERYTHING);
    struct hy_message *m = post("u");
    const struct hy_outbox_claimed *c;

    rig.now_ms += DAY;
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms), 1);
    c = outbox_one(hook);
    CHECK_INT(c->outcome.message_id, m->id);
    CHECK_TEXT(c->outcome.reason, "no_grant.never");
    CHECK_INT(c->message.id, 0);
}

static void a_test_is_told_to_one(void)
{
    int64_t hook = listen_to(1u << HY_OUTCOME_SENT), other = listen_to(EVERYTHING);
    struct hy_outbox_put v = {
        .outcome = {.webhook_id = hook, .type = HY_OUTCOME_TEST, .at_ms = rig.now_ms}};

    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_PUT), 0);
    CHECK(v.outcome.id > 0);
    CHECK_INT(outbox_one(hook)->outcome.id, v.outcome.id);
    CHECK_INT(webhook(other)->pending, 0);
    v.outcome.webhook_id = 4711;
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_PUT), HY_E_NOT_FOUND);
    v.outcome.type = HY_OUTCOME_SENT;
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_PUT), HY_E_INVALID);
}

static void a_group_that_ends_together_is_told_whole(void)
{
    struct hy_app_delete v = {.app_no = rig.app, .now_ms = rig.now_ms};
    int64_t hook = listen_to(EVERYTHING);
    struct hy_outbox_claim *c;

    post_with("a", HY_ON_MISSING_TRY);
    post_with("b", HY_ON_MISSING_WAIT);
    CHECK_INT(run(&v.op, HY_VERB_APP_DELETE), 0);
    c = outbox(hook, ALL);
    CHECK_INT(c->count, 2);
    CHECK_INT(c->claimed[0].outcome.type, HY_OUTCOME_CANCELED);
    CHECK_TEXT(c->claimed[0].outcome.reason, "app_deleted");
    CHECK(c->claimed[0].outcome.message_id < c->claimed[1].outcome.message_id);
}

void store_outbox_cases(void)
{
    CASE(each_end_of_a_message_is_told);
    CASE(what_stays_in_its_state_is_not_told_again);
    CASE(a_retry_is_told_by_what_comes_of_it);
    CASE(a_platforms_event_is_told_raw_and_by_what_it_means);
    CASE(what_is_added_to_the_ledger_is_told);
    CASE(a_duplicate_is_told_to_nobody);
    CASE(a_withdrawal_is_told_once);
    CASE(a_grant_that_the_platform_drops_is_told_before_its_message);
    CASE(each_is_told_what_it_wants_of_its_app);
    CASE(a_paused_one_collects_and_a_disabled_one_does_not);
    CASE(what_is_told_of_one_message_is_told_in_order);
    CASE(different_messages_do_not_wait_for_each_other);
    CASE(in_order_of_due_instant_then_id);
    CASE(what_is_claimed_is_not_due_before_its_lease_is_over);
    CASE(a_try_in_vain_counts_and_comes_again);
    CASE(another_endpoints_id_is_passed_over);
    CASE(a_state_is_noted);
    CASE(a_message_that_is_not_kept_is_told_bare);
    CASE(a_test_is_told_to_one);
    CASE(a_group_that_ends_together_is_told_whole);
}
