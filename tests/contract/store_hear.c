/* Callbacks: repetitions, answers, what they free, and how long things are kept. */
#include "store_tell.h"

#include "store_cases.h"

/* --- repetitions ------------------------------------------------------------------------------ */

static void a_repetition_changes_nothing(void)
{
    struct hy_sent_item items[2] = {{.template_id = "T1", .msgid = 1, .delivered = true},
                                    {.template_id = "T1", .msgid = 2, .reason = "event.1003"}};
    struct hy_hear v = heard("u", "");
    struct hy_message *a;

    once("u", "T1", 2);
    a = post_sent("u", 1);
    memcpy(items[0].identity, identity_of("i1"), HY_IDENTITY_BYTES);
    memcpy(items[1].identity, identity_of("i2"), HY_IDENTITY_BYTES);
    v.sent = items;
    v.sent_count = 1;
    CHECK_INT(hear(&v), 0);
    CHECK(v.fresh && !items[0].duplicate);
    CHECK_INT(items[0].message_id, a->id);
    CHECK(v.event_id > 0);
    CHECK_INT(hear(&v), 0);
    CHECK(!v.fresh && items[0].duplicate);
    CHECK_INT(items[0].message_id, 0);
    CHECK_INT(v.event_id, 0);
    v.sent_count = 2; /* one of two is new */
    CHECK_INT(hear(&v), 0);
    CHECK(v.fresh && items[0].duplicate && !items[1].duplicate);
    CHECK_INT(timeline("u", 10)->event_count, 2);
    CHECK_STATE(a->id, DELIVERED);
    rig.now_ms += 20 * (int64_t)DAY;
    v.now_ms = rig.now_ms;
    while (tidy(ALL) >= ALL)
        continue;
    CHECK_INT(hear(&v), 0);
    CHECK(!v.fresh);
}

static void a_second_word_about_one_is_kept_but_moves_nothing(void)
{
    struct hy_message *m;

    once("u", "T1", 2);
    m = post_sent("u", 1);
    CHECK_INT(hear_sent("u", 1, NULL), m->id);
    CHECK_INT(hear_sent("u", 1, "event.1003"), 0);
    CHECK_STATE(m->id, DELIVERED);
    post_sent("u", 2);
    CHECK_STATE(m->id, DELIVERED);
}

static void one_without_items_is_known_by_its_text(void)
{
    struct hy_hear v = heard(NULL, "unknown_event");

    v.raw = "{\"Event\":\"x\"}";
    CHECK_INT(hear(&v), 0);
    CHECK(v.fresh);
    CHECK_INT(hear(&v), 0);
    CHECK(!v.fresh);
    v = heard(NULL, "another");
    CHECK_INT(hear(&v), 0);
    CHECK(v.fresh);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void the_answers_of_an_event_count(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_WAIT);
    struct hy_deposit_item items[2] = {
        known_as(accept_item("u", HY_SOURCE_EVENT), "a1"),
        known_as(answer_item("u", HY_SOURCE_EVENT, HY_ANSWER_REJECT), "a2")};
    struct hy_hear v = heard("u", "");

    items[1].grant.template_id = "T2";
    v.answers = items;
    v.answer_count = 2;
    CHECK_INT(hear(&v), 0);
    CHECK(v.fresh);
    CHECK_INT(v.woken, 1);
    CHECK_INT(items[0].added, 1);
    CHECK_INT(items[1].added, 0);
    CHECK_STATE(m->id, QUEUED);
    CHECK_TEXT(balance("u"), "1/1 available");
    CHECK_INT(hear(&v), 0);
    CHECK(!v.fresh && items[0].duplicate && items[1].duplicate);
    CHECK_INT(v.woken, 0);
    CHECK_INT(items[0].grant.id, counter_of("u")->id);
    CHECK_TEXT(balance("u"), "1/1 available");
}

/* What another source told is new all the same: that the platform said so, too, is worth keeping. */
static void a_paired_answer_is_fresh(void)
{
    struct hy_deposit_item item = known_as(accept_item("u", HY_SOURCE_EVENT), "a1");
    struct hy_hear v = heard("u", "");

    tell_accept("u", HY_SOURCE_PAGE, rig.now_ms);
    v.answers = &item;
    v.answer_count = 1;
    CHECK_INT(hear(&v), 0);
    CHECK(v.fresh);
    CHECK(item.duplicate);
    CHECK(v.event_id > 0);
    CHECK_TEXT(balance("u"), "1/1 available");
}

/* --- the rest --------------------------------------------------------------------------------- */

static void the_next_of_the_user_is_unparked(void)
{
    struct hy_sent_item item = {.template_id = "T1", .msgid = 1, .delivered = true};
    struct hy_hear v;
    struct hy_message *unknown, *before, *behind;

    prepay("v", 0);
    form("u", 0);
    unknown = post_lost("u"); /* keeps its receipt, which can prove it */
    rig.expect_event = false;
    prepay("u", 0);
    before = post_later("u", get(unknown->id)->due_at_ms - 1);
    behind = post_later("u", get(unknown->id)->due_at_ms);
    rig.now_ms = get(unknown->id)->due_at_ms;
    CHECK_INT(claim_one()->message.id, before->id);
    judge(&(struct hy_claimed){.message = *get(before->id)}, HY_VERDICT_OK, "");
    v = heard("u", "");
    v.sent = &item;
    v.sent_count = 1;
    CHECK_INT(hear(&v), 0);
    CHECK_INT(item.message_id, unknown->id);
    CHECK_INT(v.freed, 1);
    CHECK_INT(claim_one()->message.id, behind->id);
}

static void a_use_that_it_holds_is_spent(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post_lost("u");

    CHECK_TEXT(ledger("u", g), "1/1 available");
    CHECK_INT(hear_sent("u", 4, NULL), m->id);
    CHECK_STATE(m->id, DELIVERED);
    CHECK_TEXT(ledger("u", g), "0/0 spent");
    CHECK_INT(get(m->id)->grant_id, g);
    CHECK_INT(next_due(), 0);
}

static void events_are_read_in_order(void)
{
    struct hy_events v = {.limit = 2, .arena = &rig.arena};
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_hear h;
    int64_t ids[3];

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    for (int i = 0; i < 3; i++) {
        h = heard(i == 1 ? NULL : "u", hy_arena_printf(&rig.arena, "e%d", i));
        h.app_no = i == 2 ? app.app.no : rig.app;
        h.created_at_ms = rig.now_ms - DAY;
        h.raw = "{\"键\":\"值\"}";
        CHECK_INT(hear(&h), 0);
        ids[i] = h.event_id;
    }
    CHECK_INT(run(&v.op, HY_VERB_EVENTS), 0);
    CHECK_INT(v.count, 2);
    CHECK_INT(v.events[0].id, ids[0]);
    CHECK_INT(v.events[1].id, ids[1]);
    CHECK_TEXT(v.events[0].user, "u");
    CHECK(v.events[1].user == NULL);
    CHECK_TEXT(v.events[0].name, "an_event");
    CHECK_TEXT(v.events[0].raw, "{\"键\":\"值\"}");
    CHECK_INT(v.events[0].created_at_ms, rig.now_ms - DAY);
    CHECK_INT(v.events[0].received_at_ms, rig.now_ms);
    v.after_id = ids[1];
    CHECK_INT(run(&v.op, HY_VERB_EVENTS), 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.events[0].app_no, app.app.no);
    v.after_id = 0;
    v.app_no = app.app.no;
    CHECK_INT(run(&v.op, HY_VERB_EVENTS), 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.events[0].id, ids[2]);
    v.limit = 0;
    CHECK_INT(run(&v.op, HY_VERB_EVENTS), HY_E_INVALID);
}

static void what_is_kept_for_a_while_goes(void)
{
    struct hy_message *early, *awaits;

    once("u", "T1", 1);
    awaits = post_sent("u", 1);
    once("v", "T1", 2);
    CHECK_INT(hear_sent("v", 9, NULL), 0);
    CHECK_INT(tidy(ALL), 0);
    rig.now_ms += 30 * HOUR;
    while (tidy(1) > 0)
        continue;
    early = post_sent("v", 9);
    CHECK_STATE(early->id, SENT); /* the event was forgotten after a day */
    rig.now_ms += 2 * (int64_t)DAY - 31 * HOUR;
    CHECK_INT(hear_sent("u", 1, NULL), awaits->id); /* within three days */
    rig.now_ms += 4 * (int64_t)DAY;
    while (tidy(1) > 0)
        continue;
    CHECK_INT(hear_sent("v", 9, NULL), 0);
    CHECK_STATE(early->id, SENT);
}

static void at_start_up_the_app_s_own_expect_events(void)
{
    struct hy_recover_app app = {
        .app_no = rig.app, .rules = hy_settle_rules_default, .expect_event = true};
    struct hy_recover v = {.now_ms = rig.now_ms, .apps = &app, .app_count = 1};
    struct hy_message *counted, *receipt;

    once("u", "T1", 1);
    form("v", 0);
    counted = post("u");
    receipt = post("v");
    CHECK_INT(claim(ALL)->count, 2);
    CHECK_INT(hear_sent("u", 3, NULL), 0);
    CHECK_INT(hear_sent("v", 4, NULL), 0);
    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    CHECK_STATE(counted->id, DELIVERED);
    CHECK_STATE(receipt->id, UNKNOWN);
}

/* The event came, the process died before the answer was settled, and is back hours later. */
static void an_event_from_before_a_long_stop_is_believed(void)
{
    struct hy_recover_app app = {
        .app_no = rig.app, .rules = hy_settle_rules_default, .expect_event = true};
    struct hy_recover v = {.apps = &app, .app_count = 1};
    struct hy_message *m;

    once("u", "T1", 1);
    m = post("u");
    claim_one();
    CHECK_INT(hear_sent("u", 3, NULL), 0);
    rig.now_ms += 3 * (int64_t)HOUR;
    v.now_ms = rig.now_ms;
    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    CHECK_STATE(m->id, DELIVERED);
}

static void a_bad_callback_is_refused(void)
{
    for (int i = 0; i < 11; i++) {
        struct hy_sent_item sent = {.template_id = "T1", .msgid = 1, .delivered = true};
        struct hy_deposit_item answer = known_as(accept_item("u", HY_SOURCE_EVENT), "a");
        struct hy_hear v = heard("u", "");

        v.sent = &sent;
        v.sent_count = 1;
        v.answers = &answer;
        v.answer_count = 1;
        switch (i) {
        case 0: v.app_no = 0; break;
        case 1: v.name = ""; break;
        case 2: v.raw = NULL; break;
        case 3: v.user = NULL; break;
        case 4: v.user = ""; break;
        case 5: sent.template_id = NULL; break;
        case 6: sent.reason = "event.1"; break;
        case 7: sent.delivered = false; break;
        case 8: answer.identity = NULL; break;
        case 9: answer.source = HY_SOURCE_PAGE; break;
        default: answer = form_item("u", "f", 0); break;
        }
        CHECK_INT(hear(&v), HY_E_INVALID);
    }
    CHECK_INT(timeline("u", 10)->event_count, 0);
}

void store_hear_cases(void)
{
    CASE(a_repetition_changes_nothing);
    CASE(a_second_word_about_one_is_kept_but_moves_nothing);
    CASE(one_without_items_is_known_by_its_text);
    CASE(the_answers_of_an_event_count);
    CASE(a_paired_answer_is_fresh);
    CASE(the_next_of_the_user_is_unparked);
    CASE(a_use_that_it_holds_is_spent);
    CASE(events_are_read_in_order);
    CASE(what_is_kept_for_a_while_goes);
    CASE(at_start_up_the_app_s_own_expect_events);
    CASE(an_event_from_before_a_long_stop_is_believed);
    CASE(a_bad_callback_is_refused);
}
