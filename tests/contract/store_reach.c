/* Who can be reached with a template, and who is worth asking. */
#include "store_tell.h"

#include "store_cases.h"

static void check_reach(enum hy_template_kind kind, int64_t users, int64_t uses)
{
    struct hy_reach v = reach("T1", kind);

    CHECK_INT(v.users, users);
    CHECK_INT(v.uses, uses);
}

static void counters_reach_by_subscription(void)
{
    check_reach(HY_TEMPLATE_ONCE, 0, 0);
    once("u", "T1", 3);
    once("v", "T1", 1);
    always("w", "T1");
    once("x", "T2", 9);
    form("y", 0);
    check_reach(HY_TEMPLATE_ONCE, 3, 5);
    check_reach(HY_TEMPLATE_ALWAYS, 3, 5);
    check_reach(HY_TEMPLATE_ANY, 3, 5);
    check_reach(HY_TEMPLATE_LEGACY, 1, 1);
}

static void receipts_reach_by_form_templates(void)
{
    form("u", 0);
    form("u", 0);
    prepay("u", 0);
    form("v", 0);
    check_reach(HY_TEMPLATE_LEGACY, 2, 6);
    check_reach(HY_TEMPLATE_ANY, 2, 6);
    check_reach(HY_TEMPLATE_ONCE, 0, 0);
    once("v", "T1", 1); /* so T1 is no form template */
    check_reach(HY_TEMPLATE_ANY, 1, 1);
    withdraw("v", rig.now_ms);
    check_reach(HY_TEMPLATE_ANY, 0, 0);
}

static void what_is_reserved_or_spent_does_not_count(void)
{
    struct hy_message *m;

    once("u", "T1", 2);
    once("v", "T1", 1);
    m = post("u");
    post("v");
    check_reach(HY_TEMPLATE_ONCE, 1, 1);
    CHECK_INT(cancel(m->id), 0);
    check_reach(HY_TEMPLATE_ONCE, 1, 2);
    judge(claim_one(), HY_VERDICT_OK, "");
    check_reach(HY_TEMPLATE_ONCE, 1, 2);
    tell_accept("v", HY_SOURCE_PAGE, rig.now_ms + HOUR);
    check_reach(HY_TEMPLATE_ONCE, 2, 3);
    always("w", "T1");
    m = post("w");
    check_reach(HY_TEMPLATE_ONCE, 3, 4);
}

static void a_standing_one_counts_as_one(void)
{
    once("u", "T1", 5);
    post("u");
    always("u", "T1");
    check_reach(HY_TEMPLATE_ALWAYS, 1, 1);
    judge(claim_one(), HY_VERDICT_OK, "");
    check_reach(HY_TEMPLATE_ALWAYS, 1, 1);
}

static void a_suspect_one_does_not_count(void)
{
    once("u", "T1", 2);
    post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "43101");
    check_reach(HY_TEMPLATE_ONCE, 0, 0);
    rig.now_ms += 6 * HOUR;
    check_reach(HY_TEMPLATE_ONCE, 0, 0);
    judge(claim_one(), HY_VERDICT_OK, "");
    check_reach(HY_TEMPLATE_ONCE, 1, 1);
    post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "43101");
    tell_accept("u", HY_SOURCE_PAGE, rig.now_ms);
    check_reach(HY_TEMPLATE_ONCE, 1, 1); /* the other is held by the one that waited */
}

/* Up to a minute before they cannot be used any more receipts may be left out. */
static void old_receipts_do_not_count(void)
{
    form("u", rig.now_ms + 2 * (int64_t)DAY);
    form("v", rig.now_ms + 3 * (int64_t)DAY);
    rig.now_ms += DAY - 2 * MINUTE;
    check_reach(HY_TEMPLATE_LEGACY, 2, 2);
    rig.now_ms += 2 * MINUTE;
    check_reach(HY_TEMPLATE_LEGACY, 1, 1);
    rig.margin_ms = 0;
    check_reach(HY_TEMPLATE_LEGACY, 2, 2);
    rig.margin_ms = 3 * (int64_t)DAY;
    check_reach(HY_TEMPLATE_LEGACY, 0, 0);
}

static void purged_receipts_do_not_count(void)
{
    struct hy_purge v = {.app_no = rig.app, .now_ms = rig.now_ms + 3 * (int64_t)DAY, .limit = 10};

    form("u", rig.now_ms + DAY);
    form("u", 0);
    prepay("v", rig.now_ms + DAY);
    CHECK_INT(run(&v.op, HY_VERB_PURGE), 0);
    CHECK_INT(v.purged, 2);
    check_reach(HY_TEMPLATE_LEGACY, 1, 1);
}

static void apps_are_reached_apart(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_deposit_item item = accept_item("u", HY_SOURCE_PAGE);
    struct hy_reach v = {.template_id = "T1", .now_ms = rig.now_ms};

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    item.grant.app_no = app.app.no;
    CHECK_INT(tell(item), 1);
    check_reach(HY_TEMPLATE_ANY, 0, 0);
    v.app_no = app.app.no;
    CHECK_INT(run(&v.op, HY_VERB_REACH), 0);
    CHECK_INT(v.users, 1);
    v.template_id = "";
    CHECK_INT(run(&v.op, HY_VERB_REACH), HY_E_INVALID);
}

/* --- prospects -------------------------------------------------------------------------------- */

static struct hy_prospect prospect(const char *user, enum hy_template_kind kind)
{
    struct hy_prospect items[2] = {{.template_id = "T2", .template_kind = kind},
                                   {.template_id = "T1", .template_kind = kind}};
    struct hy_prospects v = {.app_no = rig.app,
                             .user = user,
                             .items = items,
                             .count = 2,
                             .now_ms = rig.now_ms,
                             .margin_ms = rig.margin_ms,
                             .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_PROSPECTS), 0);
    CHECK_TEXT(items[1].template_id, "T1");
    CHECK_INT(items[0].counter.id, 0);
    return items[1];
}

static void nothing_is_known_of_a_stranger(void)
{
    struct hy_prospect p = prospect("u", HY_TEMPLATE_ONCE);

    CHECK_INT(p.available, 0);
    CHECK_INT(p.counter.id, 0);
    CHECK_INT(p.waiting, 0);
    CHECK_INT(p.answered_at_ms, 0);
}

static void what_is_worth_knowing_before_asking(void)
{
    int64_t g = once("u", "T1", 2);
    struct hy_prospect p;

    form("u", 0);
    post("u");
    p = prospect("u", HY_TEMPLATE_ONCE);
    CHECK_INT(p.available, 1);
    CHECK_INT(p.counter.id, g);
    CHECK_TEXT(p.counter.template_id, "T1");
    CHECK_INT(p.counter.uses_reserved, 1);
    CHECK_INT(p.answer, HY_ANSWER_ACCEPT);
    CHECK_INT(p.answered_at_ms, rig.now_ms);
    CHECK_INT(prospect("u", HY_TEMPLATE_ANY).available, 2);
    CHECK_INT(prospect("u", HY_TEMPLATE_LEGACY).available, 1);
    rig.now_ms += HOUR;
    tell(answer_item("u", HY_SOURCE_PAGE, HY_ANSWER_BAN));
    tell_accept("u", HY_SOURCE_PAGE, rig.now_ms - MINUTE);
    p = prospect("u", HY_TEMPLATE_ONCE);
    CHECK_INT(p.answer, HY_ANSWER_BAN);
    CHECK_INT(p.answered_at_ms, rig.now_ms);
    CHECK_INT(p.available, 2);
}

static void those_that_wait_are_counted_up_to_a_hundred(void)
{
    struct hy_message *m = draft("u");

    m->on_missing = HY_ON_MISSING_WAIT;
    m->template_id = "T2";
    CHECK_INT(admit(m), 0);
    for (int i = 1; i <= 102; i++) {
        post_with("u", HY_ON_MISSING_WAIT);
        CHECK_INT(prospect("u", HY_TEMPLATE_ONCE).waiting, i < 100 ? i : 100);
    }
}

static void a_suspect_one_is_shown(void)
{
    struct hy_prospect p;

    once("u", "T1", 2);
    post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "43101");
    p = prospect("u", HY_TEMPLATE_ONCE);
    CHECK_INT(p.available, 0);
    CHECK_INT(p.waiting, 1);
    CHECK_INT(p.counter.state, HY_GRANT_SUSPECT);
    CHECK_INT(p.counter.retry_at_ms, rig.now_ms + 6 * HOUR);
}

static void a_bad_question_is_refused(void)
{
    struct hy_prospect items[21] = {{.template_id = "T1"}};
    struct hy_prospects v = {.app_no = rig.app, .user = "u", .items = items, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_PROSPECTS), HY_E_INVALID);
    v.count = 2; /* the second has no template */
    CHECK_INT(run(&v.op, HY_VERB_PROSPECTS), HY_E_INVALID);
    v.count = 21;
    CHECK_INT(run(&v.op, HY_VERB_PROSPECTS), HY_E_INVALID);
}

void store_reach_cases(void)
{
    CASE(counters_reach_by_subscription);
    CASE(receipts_reach_by_form_templates);
    CASE(what_is_reserved_or_spent_does_not_count);
    CASE(a_standing_one_counts_as_one);
    CASE(a_suspect_one_does_not_count);
    CASE(old_receipts_do_not_count);
    CASE(purged_receipts_do_not_count);
    CASE(apps_are_reached_apart);
    CASE(nothing_is_known_of_a_stranger);
    CASE(what_is_worth_knowing_before_asking);
    CASE(those_that_wait_are_counted_up_to_a_hundred);
    CASE(a_suspect_one_is_shown);
    CASE(a_bad_question_is_refused);
}
