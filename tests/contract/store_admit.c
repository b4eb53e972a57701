/* Admission: what is stored, who gets a grant, what a repeated request is answered. */
#include "store_cases.h"

static void without_a_grant_it_fails_and_stays(void)
{
    struct hy_message *m = post("u");
    const struct hy_message *stored = get(m->id);

    CHECK_INT(m->state, HY_MESSAGE_FAILED);
    CHECK_TEXT(m->reason, "no_grant.never");
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(stored->reason, "no_grant.never");
    CHECK_INT(stored->settled_at_ms, rig.now_ms);
    CHECK_INT(stored->due_at_ms, 0);
    CHECK_INT(claim(ALL)->count, 0);
}

static void without_a_grant_it_waits_when_asked(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_WAIT);

    CHECK_INT(m->state, HY_MESSAGE_WAITING);
    CHECK_TEXT(m->reason, "no_grant.never");
    CHECK_STATE(m->id, WAITING);
    CHECK_INT(get(m->id)->settled_at_ms, 0);
    CHECK_INT(claim(ALL)->count, 0);
}

static void without_a_grant_it_is_tried_when_asked(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);

    CHECK_INT(m->state, HY_MESSAGE_QUEUED);
    CHECK_INT(m->grant_id, 0);
    CHECK_INT(claim_one()->grant.id, 0);
}

static void a_due_message_reserves(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");

    CHECK_INT(m->state, HY_MESSAGE_QUEUED);
    CHECK(m->reason == NULL);
    CHECK_INT(m->grant_id, g);
    CHECK_INT(m->due_at_ms, rig.now_ms);
    CHECK_TEXT(ledger("u", g), "1/1 available");
}

static void a_later_message_reserves_nothing(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post_later("u", rig.now_ms + 1);

    CHECK_INT(m->state, HY_MESSAGE_QUEUED);
    CHECK_INT(m->grant_id, 0);
    CHECK_INT(m->due_at_ms, rig.now_ms + 1);
    CHECK_TEXT(ledger("u", g), "1/0 available");
}

static void a_send_at_in_the_past_is_now(void)
{
    form("u", 0);
    CHECK_INT(post_later("u", rig.now_ms - HOUR)->due_at_ms, rig.now_ms);
    CHECK_INT(get(rig.ids.last)->send_at_ms, rig.now_ms - HOUR);
}

static void two_messages_never_share_a_use(void)
{
    int64_t g = form("u", 0);
    struct hy_message *first = post("u");
    struct hy_message *second = post("u");

    CHECK_INT(first->grant_id, g);
    CHECK_INT(second->state, HY_MESSAGE_FAILED);
    CHECK_TEXT(second->reason, "no_grant.used_up");
    CHECK_TEXT(ledger("u", g), "1/1 available");
}

static void a_batch_is_admitted_in_order(void)
{
    struct hy_admit_item items[3];

    form("u", 0);
    form("u", 0);
    for (int i = 0; i < 3; i++)
        items[i] = (struct hy_admit_item){.message = draft("u")};
    CHECK_INT(admit_items(items, 3), 0);
    CHECK_INT(items[0].message->state, HY_MESSAGE_QUEUED);
    CHECK_INT(items[1].message->state, HY_MESSAGE_QUEUED);
    CHECK_INT(items[2].message->state, HY_MESSAGE_FAILED);
    CHECK(items[0].message->grant_id != items[1].message->grant_id);
}

static void a_prepay_id_serves_three(void)
{
    int64_t g = prepay("u", 0);

    for (int i = 0; i < 3; i++)
        CHECK_INT(post("u")->grant_id, g);
    CHECK_TEXT(ledger("u", g), "3/3 available");
    CHECK_TEXT(post("u")->reason, "no_grant.used_up");
}

static void what_expires_first_is_used_first(void)
{
    int64_t late = form("u", rig.now_ms + 6 * (int64_t)DAY);
    int64_t early = form("u", rig.now_ms + 3 * (int64_t)DAY);
    int64_t middle = form("u", rig.now_ms + 4 * (int64_t)DAY);

    CHECK_INT(post("u")->grant_id, early);
    CHECK_INT(post("u")->grant_id, middle);
    CHECK_INT(post("u")->grant_id, late);
}

static void of_equal_ones_the_older_is_used_first(void)
{
    int64_t a = form("u", 0);
    int64_t b = form("u", 0);

    CHECK(a < b);
    CHECK_INT(post("u")->grant_id, a);
    CHECK_INT(post("u")->grant_id, b);
}

static void a_counter_goes_before_a_receipt(void)
{
    int64_t receipt = form("u", 0);
    int64_t counter = once("u", "T1", 1);

    CHECK_INT(post("u")->grant_id, counter);
    CHECK_INT(post("u")->grant_id, receipt);
}

static void the_margin_is_exact(void)
{
    int64_t g;

    form("u", rig.now_ms + DAY);
    CHECK_TEXT(post("u")->reason, "no_grant.expired");
    g = form("u", rig.now_ms + DAY + 1);
    CHECK_INT(post("u")->grant_id, g);
}

static void a_counter_is_for_its_own_template(void)
{
    int64_t g = once("u", "T2", 1);
    struct hy_message *m = draft("u");

    CHECK_TEXT(post("u")->reason, "no_grant.never");
    m->template_id = "T2";
    CHECK_INT(admit(m), 0);
    CHECK_INT(m->grant_id, g);
}

static void a_counter_counts_down(void)
{
    int64_t g = once("u", "T1", 2);

    CHECK_INT(post("u")->grant_id, g);
    CHECK_INT(post("u")->grant_id, g);
    CHECK_TEXT(post("u")->reason, "no_grant.used_up");
    CHECK_TEXT(ledger("u", g), "2/2 available");
}

static void a_standing_grant_serves_any_number(void)
{
    int64_t g = always("u", "T1");

    for (int i = 0; i < 5; i++)
        CHECK_INT(post("u")->grant_id, g);
    CHECK_TEXT(ledger("u", g), "1/0 available");
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_TEXT(ledger("u", g), "1/0 available");
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_TEXT(ledger("u", g), "1/0 available");
    CHECK_INT(claim_one()->grant.id, g);
}

static void nobody_gets_anothers_grant(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_message *m = draft("u");

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    form("u", 0);
    CHECK_TEXT(post("U")->reason, "no_grant.never");
    CHECK_TEXT(post("uu")->reason, "no_grant.never");
    m->app_no = app.app.no;
    CHECK_INT(admit(m), 0);
    CHECK_TEXT(m->reason, "no_grant.never");
}

static void the_reason_names_what_became_of_the_newest(void)
{
    form("used", 0);
    post("used");
    CHECK_TEXT(post("used")->reason, "no_grant.used_up");
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_TEXT(post("used")->reason, "no_grant.used_up");

    form("gone", 0);
    post("gone");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "41028");
    CHECK_INT(claim(ALL)->ended, 1);
    CHECK_TEXT(post("gone")->reason, "no_grant.revoked");

    form("late", 0);
    rig.now_ms += 6 * (int64_t)DAY;
    CHECK_TEXT(post("late")->reason, "no_grant.expired");
}

static void every_field_is_kept(void)
{
    struct hy_message *m = draft("o6_bmjrPTlm6_2sgVt7hMZOPfL2M");
    const struct hy_message *s;

    m->template_id = "模板";
    m->data = "{\"thing1\":{\"value\":\"鸿雁 🪿\"}}";
    m->page = "pages/index?a=1&b='2'";
    m->emphasis = "keyword1";
    m->miniprogram_state = "trial";
    m->lang = "zh_CN";
    m->tag = "campaign; drop table messages;--";
    m->policy = HY_POLICY_AT_LEAST_ONCE;
    m->on_missing = HY_ON_MISSING_TRY;
    m->send_at_ms = rig.now_ms + HOUR;
    m->expires_at_ms = rig.now_ms + DAY;
    CHECK_INT(admit(m), 0);
    s = get(m->id);
    CHECK_TEXT(s->user, m->user);
    CHECK_TEXT(s->template_id, m->template_id);
    CHECK_TEXT(s->data, m->data);
    CHECK_TEXT(s->page, m->page);
    CHECK_TEXT(s->emphasis, m->emphasis);
    CHECK_TEXT(s->miniprogram_state, m->miniprogram_state);
    CHECK_TEXT(s->lang, m->lang);
    CHECK_TEXT(s->tag, m->tag);
    CHECK_INT(s->app_no, rig.app);
    CHECK_INT(s->policy, HY_POLICY_AT_LEAST_ONCE);
    CHECK_INT(s->on_missing, HY_ON_MISSING_TRY);
    CHECK_INT(s->accepted_at_ms, rig.now_ms);
    CHECK_INT(s->send_at_ms, rig.now_ms + HOUR);
    CHECK_INT(s->expires_at_ms, rig.now_ms + DAY);
}

static void what_was_not_given_stays_null(void)
{
    const struct hy_message *s = get(post("u")->id);

    CHECK(!s->page && !s->emphasis && !s->miniprogram_state && !s->lang && !s->tag);
    CHECK_INT(s->send_at_ms, 0);
    CHECK_INT(s->expires_at_ms, 0);
    CHECK_INT(s->attempt_count, 0);
    CHECK_INT(s->msgid, 0);
}

static void what_the_store_sets_is_not_taken_from_the_caller(void)
{
    struct hy_message *m = draft("u");
    const struct hy_message *s;

    m->state = HY_MESSAGE_SENT;
    m->reason = "made up";
    m->grant_id = 99;
    m->attempt_count = 5;
    m->in_doubt = true;
    m->msgid = 7;
    m->settled_at_ms = 8;
    m->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(m), 0);
    s = get(m->id);
    CHECK_INT(s->state, HY_MESSAGE_QUEUED);
    CHECK(s->reason == NULL);
    CHECK_INT(s->grant_id, 0);
    CHECK_INT(s->attempt_count, 0);
    CHECK(!s->in_doubt);
    CHECK_INT(s->msgid, 0);
    CHECK_INT(s->settled_at_ms, 0);
}

/* --- all or none ------------------------------------------------------------------------------ */

static void an_id_that_is_taken_admits_nothing(void)
{
    int64_t g = form("u", 0);
    struct hy_message *taken = post("other");
    struct hy_admit_item items[3];

    for (int i = 0; i < 3; i++)
        items[i] = (struct hy_admit_item){.message = draft("u")};
    items[2].message->id = taken->id;
    CHECK_INT(admit_items(items, 3), HY_E_EXISTS);
    CHECK_TEXT(ledger("u", g), "1/0 available");
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_TEXT(get(taken->id)->user, "other");
}

static void the_same_id_twice_admits_nothing(void)
{
    int64_t g = form("u", 0);
    struct hy_admit_item items[2] = {{.message = draft("u")}, {.message = draft("u")}};

    items[1].message->id = items[0].message->id;
    CHECK_INT(admit_items(items, 2), HY_E_EXISTS);
    CHECK_TEXT(ledger("u", g), "1/0 available");
}

static void a_refused_call_leaves_its_keys_free(void)
{
    struct hy_message *taken = post("other");
    struct hy_admit_item items[2] = {keyed(draft("u"), "k", "b"), {.message = draft("u")}};
    struct hy_admit_item again;

    items[1].message->id = taken->id;
    CHECK_INT(admit_items(items, 2), HY_E_EXISTS);
    again = keyed(draft("u"), "k", "other body");
    CHECK_INT(admit_items(&again, 1), 0);
    CHECK_INT(again.admission, HY_ADMITTED);
}

static void nothing_is_a_batch_too(void)
{
    CHECK_INT(admit_items(NULL, 0), 0);
}

static void bad_arguments_change_nothing(void)
{
    struct hy_admit_item items[2] = {{.message = draft("u")}, {.message = draft("u")}};

    form("u", 0);
    items[1].message->user = "";
    CHECK_INT(admit_items(items, 2), HY_E_INVALID);
    items[1].message->user = "u";
    items[1].message->id = 0;
    CHECK_INT(admit_items(items, 2), HY_E_INVALID);
    items[1] = keyed(draft("u"), "k", "b");
    items[1].body = NULL;
    CHECK_INT(admit_items(items, 2), HY_E_INVALID);
    CHECK_INT(admit_items(NULL, 1), HY_E_INVALID);
    CHECK_INT(claim(ALL)->count, 0);
}

static void a_thousand_at_once(void)
{
    struct hy_admit_item *items =
        (struct hy_admit_item *)hy_arena_array(&rig.arena, 1000, sizeof *items);

    for (int i = 0; i < 1000; i++) {
        items[i].message = draft(hy_arena_printf(&rig.arena, "u%d", i));
        items[i].message->on_missing = HY_ON_MISSING_TRY;
    }
    CHECK_INT(admit_items(items, 1000), 0);
    CHECK_INT(claim(ALL)->count, 1000);
}

void store_admit_cases(void)
{
    CASE(without_a_grant_it_fails_and_stays);
    CASE(without_a_grant_it_waits_when_asked);
    CASE(without_a_grant_it_is_tried_when_asked);
    CASE(a_due_message_reserves);
    CASE(a_later_message_reserves_nothing);
    CASE(a_send_at_in_the_past_is_now);
    CASE(two_messages_never_share_a_use);
    CASE(a_batch_is_admitted_in_order);
    CASE(a_prepay_id_serves_three);
    CASE(what_expires_first_is_used_first);
    CASE(of_equal_ones_the_older_is_used_first);
    CASE(a_counter_goes_before_a_receipt);
    CASE(the_margin_is_exact);
    CASE(a_counter_is_for_its_own_template);
    CASE(a_counter_counts_down);
    CASE(a_standing_grant_serves_any_number);
    CASE(nobody_gets_anothers_grant);
    CASE(the_reason_names_what_became_of_the_newest);
    CASE(every_field_is_kept);
    CASE(what_was_not_given_stays_null);
    CASE(what_the_store_sets_is_not_taken_from_the_caller);
    CASE(an_id_that_is_taken_admits_nothing);
    CASE(the_same_id_twice_admits_nothing);
    CASE(a_refused_call_leaves_its_keys_free);
    CASE(nothing_is_a_batch_too);
    CASE(bad_arguments_change_nothing);
    CASE(a_thousand_at_once);
}
