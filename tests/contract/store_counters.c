/* Counters: one row for a user and a template, in which accepts add up. */
#include "store_tell.h"

#include "store_cases.h"

static void accepts_add_up_in_one_row(void)
{
    int64_t a = once("u", "T1", 1);

    rig.now_ms += HOUR;
    CHECK_INT(once("u", "T1", 2), a);
    CHECK_INT(grants("u", NULL)->count, 1);
    CHECK_INT(grants("u", "T1")->available, 3);
    CHECK_TEXT(balance("u"), "3/3 available");
    CHECK_INT(counter_of("u")->obtained_at_ms, rig.now_ms);
    CHECK_INT(post("u")->grant_id, a);
    CHECK_INT(post("u")->grant_id, a);
    CHECK_TEXT(ledger("u", a), "3/2 available");
    CHECK(once("u", "T2", 1) != a);
    CHECK(once("v", "T1", 1) != a);
}

static void a_spent_one_becomes_good_again(void)
{
    int64_t a = once("u", "T1", 1);
    struct hy_message *m;

    post("u");
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_TEXT(balance("u"), "0/1 spent");
    m = post_with("u", HY_ON_MISSING_WAIT);
    CHECK_TEXT(get(m->id)->reason, "no_grant.used_up");
    rig.now_ms += HOUR;
    CHECK_INT(tell_accept("u", HY_SOURCE_PAGE, rig.now_ms), 1);
    CHECK_TEXT(ledger("u", a), "1/1 available");
    CHECK_STATE(m->id, QUEUED);
    CHECK_TEXT(balance("u"), "1/2 available");
}

static void every_word_of_a_backend_counts(void)
{
    struct hy_deposit_item item = accept_item("u", HY_SOURCE_BACKEND);

    item.grant.uses_total = item.grant.uses_left = 1000;
    CHECK_INT(tell(item), 1000);
    CHECK_INT(tell(item), 1000); /* nothing to be known by: they are others */
    CHECK_TEXT(balance("u"), "2000/2000 available");
}

static void a_standing_one_is_told_once(void)
{
    int64_t a = always("u", "T1");

    rig.now_ms += HOUR;
    CHECK_INT(always("u", "T1"), a);
    CHECK_INT(once("u", "T1", 5), a);
    CHECK_TEXT(balance("u"), "1/1 available");
    CHECK_INT(counter_of("u")->kind, HY_GRANT_ALWAYS);
    CHECK_INT(counter_of("u")->obtained_at_ms, rig.now_ms);
}

/* Messages that hold a use of it go on holding it. */
static void a_one_time_becomes_a_standing_one(void)
{
    int64_t a = once("u", "T1", 2);
    struct hy_message *m = post("u");
    struct hy_message *waits;

    post("u");
    waits = post_with("u", HY_ON_MISSING_WAIT);
    CHECK_STATE(waits->id, WAITING);
    rig.now_ms += HOUR;
    CHECK_INT(always("u", "T1"), a);
    CHECK_STATE(waits->id, QUEUED);
    CHECK_TEXT(ledger("u", a), "1/0 available");
    for (int i = 0; i < 3; i++)
        judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_STATE(m->id, SENT);
    CHECK_TEXT(balance("u"), "1/1 available");
}

/* The page does not know of which kind a template is; the backend does. */
static void a_known_tap_may_make_it_standing(void)
{
    struct hy_deposit_item item = accept_item("u", HY_SOURCE_BACKEND);

    tell_accept("u", HY_SOURCE_PAGE, rig.now_ms);
    item.grant.kind = HY_GRANT_ALWAYS;
    item.grant.obtained_at_ms += SECOND;
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK(item.duplicate);
    CHECK_INT(counter_of("u")->obtained_at_ms, rig.now_ms); /* of the tap, as first told */
    CHECK_INT(item.added, 0);
    CHECK_INT(counter_of("u")->kind, HY_GRANT_ALWAYS);
    CHECK_TEXT(balance("u"), "1/1 available");
}

/* --- withdrawals ------------------------------------------------------------------------------ */

static void what_is_turned_off_is_void(void)
{
    int64_t a = once("u", "T1", 3);
    struct hy_message *held = post("u");
    struct hy_message *m;

    withdraw("u", rig.now_ms + MINUTE);
    CHECK_TEXT(ledger("u", a), "3/1 revoked");
    CHECK_TEXT(counter_of("u")->reason, "withdrawn");
    m = post("u");
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(m->reason, "no_grant.revoked");
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_STATE(held->id, FAILED);
    CHECK_TEXT(ledger("u", a), "3/0 revoked");
    rig.now_ms += HOUR;
    CHECK_INT(tell_accept("u", HY_SOURCE_PAGE, rig.now_ms), 1);
    CHECK_TEXT(balance("u"), "1/4 available");
    CHECK(counter_of("u")->reason == NULL);
}

static void a_standing_one_is_turned_off_and_on(void)
{
    always("u", "T1");
    rig.now_ms += HOUR;
    withdraw("u", rig.now_ms);
    CHECK_TEXT(balance("u"), "1/1 revoked");
    rig.now_ms += HOUR;
    CHECK_INT(tell_accept("u", HY_SOURCE_PAGE, rig.now_ms), 1);
    CHECK_TEXT(balance("u"), "1/1 available");
    CHECK_INT(counter_of("u")->kind, HY_GRANT_ALWAYS);
}

static void an_accept_after_it_makes_it_good(void)
{
    tell_accept("u", HY_SOURCE_PAGE, rig.now_ms + HOUR);
    withdraw("u", rig.now_ms); /* told late */
    CHECK_TEXT(balance("u"), "1/1 available");
    withdraw("u", rig.now_ms + HOUR);
    CHECK_TEXT(balance("u"), "1/1 revoked");
}

/* The page's report of what was turned off since lay in its queue. */
static void a_late_word_of_an_accept_before_it_is_void(void)
{
    struct hy_deposit_item item = accept_item("u", HY_SOURCE_PAGE);
    struct hy_message *m = post_with("u", HY_ON_MISSING_WAIT);

    withdraw("u", rig.now_ms + MINUTE);
    item.grant.obtained_at_ms = rig.now_ms + MINUTE;
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK_INT(item.added, 0);
    CHECK(!item.duplicate);
    CHECK_INT(item.grant.id, 0);
    CHECK_INT(grants("u", NULL)->count, 0);
    CHECK_STATE(m->id, WAITING);
    CHECK_INT(tell_accept("u", HY_SOURCE_EVENT, rig.now_ms + MINUTE), 0);
    CHECK_INT(timeline("u", 10)->answer_count, 2);
    CHECK_INT(tell_accept("u", HY_SOURCE_PAGE, rig.now_ms + MINUTE + 1), 1);
    CHECK_TEXT(balance("u"), "1/1 available");
    CHECK_STATE(m->id, QUEUED);
}

/* An accept, then the withdrawal, then another accept; told in any order, but not the withdrawal after
 * both: then the newer accept has already said that it is over. */
static void of_what_was_turned_off_the_order_does_not_matter(void)
{
    const int64_t start = rig.now_ms;
    static const int orders[4][3] = {{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}};

    for (int i = 0; i < 4; i++) {
        const char *user = hy_arena_printf(&rig.arena, "u%d", i);

        for (int j = 0; j < 3; j++) {
            if (orders[i][j] == 1)
                withdraw(user, start + HOUR);
            else
                tell_accept(user, HY_SOURCE_PAGE, start + orders[i][j] * HOUR);
        }
        CHECK_INT(grants(user, "T1")->available, 1);
    }
}

/* --- other answers, identities ---------------------------------------------------------------- */

static void a_no_adds_nothing_but_the_answer(void)
{
    static const enum hy_answer_kind noes[] = {HY_ANSWER_REJECT, HY_ANSWER_BAN, HY_ANSWER_FILTER};
    struct hy_timeline_read *v;

    for (int i = 0; i < 3; i++) {
        CHECK_INT(tell(answer_item("u", HY_SOURCE_PAGE, noes[i])), 0);
        rig.now_ms += HOUR;
    }
    CHECK_INT(grants("u", NULL)->count, 0);
    once("u", "T1", 2);
    CHECK_INT(tell(answer_item("u", HY_SOURCE_EVENT, HY_ANSWER_REJECT)), 0);
    CHECK_TEXT(balance("u"), "2/2 available");
    v = timeline("u", 10);
    CHECK_INT(v->answer_count, 5);
    CHECK_INT(v->answers[4].kind, HY_ANSWER_REJECT);
    CHECK_INT(v->answers[3].kind, HY_ANSWER_BAN);
    CHECK_INT(v->answers[2].kind, HY_ANSWER_FILTER);
    CHECK_INT(v->answers[4].told[HY_SOURCE_PAGE], 1);
}

static void a_report_counts_once(void)
{
    struct hy_deposit_item items[3] = {
        known_as(accept_item("u", HY_SOURCE_PAGE), "r1"),
        known_as(accept_item("u", HY_SOURCE_PAGE), "r1"),
        known_as(accept_item("u", HY_SOURCE_PAGE), "r2"),
    };

    CHECK_INT(deposit_items(items, 3, NULL), 0);
    CHECK(!items[0].duplicate && items[1].duplicate && !items[2].duplicate);
    CHECK_INT(items[0].added, 1);
    CHECK_INT(items[1].added, 0);
    CHECK_INT(items[1].grant.id, items[0].grant.id);
    CHECK_INT(items[2].grant.id, items[0].grant.id);
    rig.now_ms += 20 * (int64_t)DAY;
    tidy(ALL);
    CHECK_INT(deposit_items(items, 3, NULL), 0);
    CHECK(items[0].duplicate && items[1].duplicate && items[2].duplicate);
    CHECK_TEXT(balance("u"), "2/2 available");
    rig.now_ms += 12 * (int64_t)DAY; /* remembered at least 30 days; then it may be forgotten */
    while (tidy(1) > 0)
        continue;
    CHECK_TEXT(balance("u"), "2/2 available");
}

static void a_report_without_an_instant_is_found_for_a_day(void)
{
    struct hy_deposit_item item = known_as(accept_item("u", HY_SOURCE_PAGE), "r1");

    item.identity_back_ms = DAY;
    CHECK_INT(tell(item), 1);
    rig.now_ms += 23 * HOUR;
    item = known_as(accept_item("u", HY_SOURCE_PAGE), "r1");
    item.identity_back_ms = DAY;
    CHECK_INT(tell(item), 0);
    CHECK_TEXT(balance("u"), "1/1 available");
    item.identity_back_ms = DAY + 1;
    CHECK_INT(deposit_items(&item, 1, NULL), HY_E_INVALID);
}

static void identities_are_an_app_s_own(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_deposit_item item = known_as(accept_item("u", HY_SOURCE_PAGE), "r1");

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    CHECK_INT(tell(item), 1);
    item.grant.app_no = app.app.no;
    CHECK_INT(tell(item), 1);
    CHECK_INT(tell(item), 0);
}

static void a_bad_counter_is_refused(void)
{
    for (int i = 0; i < 9; i++) {
        struct hy_deposit_item item = accept_item("u", HY_SOURCE_PAGE);
        struct hy_deposit_item receipt = form_item("u", "f1", 0);

        switch (i) {
        case 0: item.grant.template_id = NULL; break;
        case 1: item.grant.credential = "f"; break;
        case 2: item.grant.expires_at_ms = rig.now_ms + DAY; break;
        case 3: item.source = (enum hy_source)HY_SOURCES; break;
        case 4: item.answer = (enum hy_answer_kind)HY_ANSWERS; break;
        case 5: item.window_ms = -1; break;
        case 6:
            item.grant.kind = HY_GRANT_ALWAYS;
            item.grant.uses_total = 2;
            break;
        case 7:
            item.answer = HY_ANSWER_REJECT;
            item.grant.uses_total = 2;
            break;
        default:
            item = receipt;
            item.answer = HY_ANSWER_REJECT;
            break;
        }
        item.grant.uses_left = item.grant.uses_total;
        CHECK_INT(deposit_items(&item, 1, NULL), HY_E_INVALID);
    }
    CHECK_INT(timeline("u", 10)->answer_count, 0);
}

/* --- which grants fit ------------------------------------------------------------------------- */

static struct hy_message *post_kind(enum hy_template_kind kind)
{
    struct hy_message *m = draft("u");

    m->template_kind = kind;
    m->extra = "{\"new_field\":1}";
    CHECK_INT(admit(m), 0);
    CHECK_INT(get(m->id)->template_kind, kind);
    CHECK_TEXT(get(m->id)->extra, "{\"new_field\":1}");
    return m;
}

static void the_kind_of_template_decides_what_fits(void)
{
    int64_t receipt = prepay("u", 0);
    int64_t counter = once("u", "T1", 3);

    CHECK_INT(post_kind(HY_TEMPLATE_LEGACY)->grant_id, receipt);
    CHECK_INT(post_kind(HY_TEMPLATE_ONCE)->grant_id, counter);
    CHECK_INT(post_kind(HY_TEMPLATE_ALWAYS)->grant_id, counter);
    CHECK_INT(post_kind(HY_TEMPLATE_ANY)->grant_id, counter);
    CHECK_INT(post_kind(HY_TEMPLATE_ANY)->grant_id, receipt);
    CHECK_STATE(post_kind(HY_TEMPLATE_ONCE)->id, FAILED);
    CHECK_INT(post_kind(HY_TEMPLATE_LEGACY)->grant_id, receipt);
    CHECK_TEXT(post_kind(HY_TEMPLATE_LEGACY)->reason, "no_grant.used_up");
}

static void a_list_shows_what_fits_the_kind(void)
{
    struct hy_grant_list v = {.app_no = rig.app,
                              .user = "u",
                              .template_id = "T1",
                              .now_ms = rig.now_ms,
                              .limit = 9,
                              .arena = &rig.arena};
    static const int available[] = {4, 1, 3, 3};

    form("u", 0);
    once("u", "T1", 3);
    for (int kind = 0; kind < HY_TEMPLATE_KINDS; kind++) {
        v.template_kind = kind;
        CHECK_INT(run(&v.op, HY_VERB_GRANT_LIST), 0);
        CHECK_INT(v.available, available[kind]);
        CHECK_INT(v.count, kind == HY_TEMPLATE_ANY ? 2 : 1);
    }
}

static void what_does_not_fit_wakes_nobody(void)
{
    struct hy_message *m = draft("u");

    m->template_kind = HY_TEMPLATE_ONCE;
    m->on_missing = HY_ON_MISSING_WAIT;
    CHECK_INT(admit(m), 0);
    form("u", 0);
    CHECK_STATE(m->id, WAITING);
    once("u", "T1", 1);
    CHECK_STATE(m->id, QUEUED);
}

/* That there is a counter proves that receipts are not what it takes. */
static void the_reason_is_that_of_the_counter(void)
{
    once("u", "T1", 1);
    form("u", 0);
    withdraw("u", rig.now_ms);
    post("u");
    CHECK_TEXT(post("u")->reason, "no_grant.revoked");
}

void store_counters_cases(void)
{
    CASE(accepts_add_up_in_one_row);
    CASE(a_spent_one_becomes_good_again);
    CASE(every_word_of_a_backend_counts);
    CASE(a_standing_one_is_told_once);
    CASE(a_one_time_becomes_a_standing_one);
    CASE(a_known_tap_may_make_it_standing);
    CASE(what_is_turned_off_is_void);
    CASE(a_standing_one_is_turned_off_and_on);
    CASE(an_accept_after_it_makes_it_good);
    CASE(a_late_word_of_an_accept_before_it_is_void);
    CASE(of_what_was_turned_off_the_order_does_not_matter);
    CASE(a_no_adds_nothing_but_the_answer);
    CASE(a_report_counts_once);
    CASE(a_report_without_an_instant_is_found_for_a_day);
    CASE(identities_are_an_app_s_own);
    CASE(a_bad_counter_is_refused);
    CASE(the_kind_of_template_decides_what_fits);
    CASE(a_list_shows_what_fits_the_kind);
    CASE(what_does_not_fit_wakes_nobody);
    CASE(the_reason_is_that_of_the_counter);
}
