/* Grants: deposits, who is woken by them, purging and listing. */
#include "store_cases.h"

static void a_credential_is_stored_once(void)
{
    struct hy_deposit_item items[3] = {form_item("u", "f1", 0), form_item("u", "f2", 0),
                                       form_item("v", "f1", 0)}; /* whoever brings it */
    struct hy_deposit_item again[2];

    CHECK_INT(deposit_items(items, 3, NULL), 0);
    CHECK(!items[0].duplicate && !items[1].duplicate && items[2].duplicate);
    CHECK_INT(items[2].grant.id, items[0].grant.id);
    CHECK(items[1].grant.id > items[0].grant.id);
    again[0] = form_item("u", "f2", rig.now_ms + DAY);
    again[1] = form_item("u", "f3", 0);
    CHECK_INT(deposit_items(again, 2, NULL), 0);
    CHECK(again[0].duplicate && !again[1].duplicate);
    CHECK_INT(again[0].grant.id, items[1].grant.id);
    CHECK_INT(grants("u", NULL)->count, 3);
    CHECK_INT(grants("v", NULL)->count, 0);
    CHECK_INT(grant("u", items[1].grant.id)->expires_at_ms, rig.now_ms + 7 * (int64_t)DAY);
}

static void a_spent_credential_does_not_come_back(void)
{
    struct hy_deposit_item item = form_item("u", "f1", 0);

    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    post("u");
    judge(claim_one(), HY_VERDICT_OK, "");
    item = form_item("u", "f1", 0);
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK(item.duplicate);
    CHECK_INT(post("u")->state, HY_MESSAGE_FAILED);
}

static void every_app_has_its_own_credentials(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_deposit_item items[2] = {form_item("u", "f1", 0), form_item("u", "f1", 0)};

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    items[1].grant.app_no = app.app.no;
    CHECK_INT(deposit_items(items, 2, NULL), 0);
    CHECK(!items[0].duplicate && !items[1].duplicate);
}

static void every_field_of_a_grant_is_kept(void)
{
    struct hy_deposit_item item = form_item("用户", "形式-1", 0);
    const struct hy_grant *g;
    int64_t c = once("u", "T9", 4);

    item.grant.kind = HY_GRANT_PREPAY_ID;
    item.grant.uses_total = 3;
    item.grant.uses_left = 3;
    item.grant.in_doubt = true;
    item.grant.obtained_at_ms = rig.now_ms - HOUR;
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    g = grant("用户", item.grant.id);
    CHECK_INT(g->app_no, rig.app);
    CHECK_TEXT(g->user, "用户");
    CHECK_INT(g->kind, HY_GRANT_PREPAY_ID);
    CHECK(g->template_id == NULL);
    CHECK_TEXT(g->credential, "形式-1");
    CHECK_INT(g->state, HY_GRANT_AVAILABLE);
    CHECK(g->reason == NULL);
    CHECK_INT(g->uses_total, 3);
    CHECK_INT(g->uses_left, 3);
    CHECK_INT(g->uses_reserved, 0);
    CHECK(g->in_doubt);
    CHECK_INT(g->obtained_at_ms, rig.now_ms - HOUR);
    CHECK_INT(g->expires_at_ms, rig.now_ms + 7 * (int64_t)DAY);
    g = grant("u", c);
    CHECK_TEXT(g->template_id, "T9");
    CHECK(g->credential == NULL);
    CHECK_INT(g->expires_at_ms, 0);
}

static void one_bad_item_stores_none(void)
{
    static const int bad_kinds = 6;

    for (int i = 0; i < bad_kinds; i++) {
        struct hy_deposit_item items[2] = {form_item("u", "good", 0), form_item("u", "bad", 0)};
        struct hy_grant *g = &items[1].grant;

        switch (i) {
        case 0: g->user = ""; break;
        case 1: g->credential = NULL; break;
        case 2: g->template_id = "T1"; break;
        case 3: g->uses_left = 0; break;
        case 4: g->uses_left = 2; break;
        default: g->state = HY_GRANT_SPENT; break;
        }
        CHECK_INT(deposit_items(items, 2, NULL), HY_E_INVALID);
    }
    CHECK_INT(grants("u", NULL)->count, 0);
    CHECK_INT(deposit_items(NULL, 0, NULL), 0);
}

/* --- waking ----------------------------------------------------------------------------------- */

static void a_deposit_wakes_the_oldest(void)
{
    struct hy_message *m[3];
    struct hy_deposit_item items[2] = {form_item("u", "f1", 0), form_item("u", "f2", 0)};
    size_t woken;

    for (int i = 0; i < 3; i++)
        m[i] = post_with("u", HY_ON_MISSING_WAIT);
    rig.now_ms += HOUR;
    CHECK_INT(deposit_items(items, 2, &woken), 0);
    CHECK_INT(woken, 2);
    CHECK_STATE(m[0]->id, QUEUED);
    CHECK_STATE(m[1]->id, QUEUED);
    CHECK_STATE(m[2]->id, WAITING);
    CHECK_INT(get(m[0]->id)->grant_id, items[0].grant.id);
    CHECK_INT(get(m[1]->id)->grant_id, items[1].grant.id);
    CHECK_INT(get(m[0]->id)->due_at_ms, rig.now_ms);
    CHECK(get(m[0]->id)->reason == NULL);
    CHECK_INT(next_due(), rig.now_ms);
    CHECK_TEXT(post("u")->reason, "no_grant.used_up"); /* nobody can step in between */
    CHECK_INT(claim_one()->message.id, m[0]->id);
}

static void a_prepay_id_wakes_three(void)
{
    struct hy_message *m[4];

    for (int i = 0; i < 4; i++)
        m[i] = post_with("u", HY_ON_MISSING_WAIT);
    prepay("u", 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(state_of(m[i]->id), i < 3 ? HY_MESSAGE_QUEUED : HY_MESSAGE_WAITING);
}

static void only_those_that_it_fits_are_woken(void)
{
    struct hy_message *t1 = post_with("u", HY_ON_MISSING_WAIT);
    struct hy_message *t2 = draft("u");
    struct hy_message *other = post_with("v", HY_ON_MISSING_WAIT);
    size_t woken;
    struct hy_deposit_item old = form_item("u", "old", rig.now_ms + DAY);

    t2->template_id = "T2";
    t2->on_missing = HY_ON_MISSING_WAIT;
    CHECK_INT(admit(t2), 0);
    CHECK_INT(deposit_items(&old, 1, &woken), 0); /* inside the margin */
    CHECK_INT(woken, 0);
    once("u", "T2", 5);
    CHECK_STATE(t1->id, WAITING);
    CHECK_STATE(t2->id, QUEUED);
    CHECK_STATE(other->id, WAITING);
}

static void the_expired_and_the_duplicate_wake_nobody(void)
{
    struct hy_message *m = draft("u");
    struct hy_message *second;
    struct hy_deposit_item item = form_item("u", "f1", 0);
    size_t woken;

    m->expires_at_ms = rig.now_ms + HOUR;
    m->on_missing = HY_ON_MISSING_WAIT;
    CHECK_INT(admit(m), 0);
    rig.now_ms += HOUR;
    CHECK_INT(deposit_items(&item, 1, &woken), 0);
    CHECK_INT(woken, 0);
    CHECK_STATE(m->id, WAITING);
    CHECK_INT(post("u")->grant_id, item.grant.id); /* it is still free */
    second = post_with("u", HY_ON_MISSING_WAIT);
    CHECK_INT(deposit_items(&item, 1, &woken), 0);
    CHECK(item.duplicate);
    CHECK_INT(woken, 0);
    CHECK_STATE(second->id, WAITING);
}

static void a_standing_grant_wakes_all(void)
{
    for (int i = 0; i < 5; i++)
        post_with("u", HY_ON_MISSING_WAIT);
    always("u", "T1");
    for (int i = 0; i < 5; i++)
        judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_INT(claim(ALL)->count, 0);
}

/* --- purge ------------------------------------------------------------------------------------ */

static size_t purge(size_t limit)
{
    struct hy_purge v = {
        .app_no = rig.app, .now_ms = rig.now_ms, .margin_ms = rig.margin_ms, .limit = limit};

    CHECK_INT(run(&v.op, HY_VERB_PURGE), 0);
    return v.purged;
}

static void purge_takes_what_nobody_can_use_any_more(void)
{
    int64_t spent = form("s", rig.now_ms + 2 * (int64_t)DAY);
    int64_t held = form("h", rig.now_ms + 2 * (int64_t)DAY);
    int64_t counter = once("c", "T1", 1);
    struct hy_message *m;

    post("s");
    judge(claim_one(), HY_VERDICT_OK, "");
    m = post("h");
    form("x", rig.now_ms + 2 * (int64_t)DAY);
    form("y", rig.now_ms + 2 * (int64_t)DAY + 1);
    rig.now_ms += DAY - 1;
    CHECK_INT(purge(ALL), 0);
    rig.now_ms += 1;
    CHECK_INT(purge(ALL), 1);
    CHECK_INT(grants("x", NULL)->count, 0);
    CHECK_INT(grants("y", NULL)->count, 1);
    CHECK_TEXT(ledger("s", spent), "0/0 spent");
    CHECK_TEXT(ledger("h", held), "1/1 available");
    rig.now_ms += DAY;
    CHECK_INT(purge(ALL), 2); /* y, s */
    CHECK_INT(grants("s", NULL)->count, 0);
    CHECK_TEXT(ledger("h", held), "1/1 available");
    CHECK_INT(cancel(m->id), 0);
    CHECK_INT(purge(ALL), 1);
    rig.now_ms += 10000 * (int64_t)DAY;
    CHECK_INT(purge(ALL), 0);
    CHECK_TEXT(ledger("c", counter), "1/0 available");
}

static void purge_takes_the_oldest_and_no_more_than_asked(void)
{
    struct hy_purge foreign = {.app_no = rig.app + 1, .now_ms = rig.now_ms, .limit = 5};
    int64_t third = form("u", rig.now_ms + 30);
    int64_t ids[2];

    ids[0] = form("u", rig.now_ms + 10);
    ids[1] = form("u", rig.now_ms + 20);
    CHECK_INT(run(&foreign.op, HY_VERB_PURGE), 0);
    CHECK_INT(foreign.purged, 0);
    CHECK_INT(purge(2), 2);
    CHECK_INT(grants("u", NULL)->count, 1);
    CHECK_INT(grants("u", NULL)->grants[0].id, third);
    CHECK(ids[0] != ids[1]);
}

static void ids_are_not_used_again(void)
{
    int64_t last = form("u", rig.now_ms + 10);
    struct hy_deposit_item again = form_item("u", "credential-1", 0);

    CHECK_INT(purge(ALL), 1);
    CHECK_INT(deposit_items(&again, 1, NULL), 0);
    CHECK(!again.duplicate);
    CHECK(again.grant.id > last);
}

/* --- listing ---------------------------------------------------------------------------------- */

static void a_list_begins_with_what_is_used_next(void)
{
    int64_t old = form("u", rig.now_ms + DAY);
    int64_t late = form("u", rig.now_ms + 6 * (int64_t)DAY);
    int64_t three = prepay("u", rig.now_ms + 5 * (int64_t)DAY);
    int64_t counter = once("u", "T1", 4);
    int64_t foreign = once("u", "T2", 8);
    struct hy_grant_list *v = grants("u", "T1");
    int64_t expected[] = {counter, three, late, old};

    CHECK_INT(v->count, 4);
    for (int i = 0; i < 4; i++)
        CHECK_INT(v->grants[i].id, expected[i]);
    CHECK_INT(v->available, 3 + 1 + 4);
    CHECK_INT(post("u")->grant_id, counter);
    CHECK_INT(grants("u", "T1")->available, 7);
    CHECK_INT(grants("u", "T3")->available, 4);
    v = grants("u", NULL);
    CHECK_INT(v->count, 5);
    CHECK_INT(v->available, 15);
    CHECK_INT(v->grants[1].id, foreign);
    CHECK_INT(v->grants[4].id, old);
}

static void a_list_is_cut_but_counts_all(void)
{
    struct hy_grant_list v = {
        .app_no = rig.app, .user = "u", .now_ms = rig.now_ms, .limit = 2, .arena = &rig.arena};

    for (int i = 0; i < 5; i++)
        form("u", 0);
    CHECK_INT(run(&v.op, HY_VERB_GRANT_LIST), 0);
    CHECK_INT(v.count, 2);
    CHECK_INT(v.available, 5);
    v.limit = 1001;
    CHECK_INT(run(&v.op, HY_VERB_GRANT_LIST), HY_E_INVALID);
    v.limit = 0;
    CHECK_INT(run(&v.op, HY_VERB_GRANT_LIST), HY_E_INVALID);
    CHECK_INT(grants("nobody", NULL)->count, 0);
    CHECK_INT(grants("nobody", NULL)->available, 0);
}

void store_grants_cases(void)
{
    CASE(a_credential_is_stored_once);
    CASE(a_spent_credential_does_not_come_back);
    CASE(every_app_has_its_own_credentials);
    CASE(every_field_of_a_grant_is_kept);
    CASE(one_bad_item_stores_none);
    CASE(a_deposit_wakes_the_oldest);
    CASE(a_prepay_id_wakes_three);
    CASE(only_those_that_it_fits_are_woken);
    CASE(the_expired_and_the_duplicate_wake_nobody);
    CASE(a_standing_grant_wakes_all);
    CASE(purge_takes_what_nobody_can_use_any_more);
    CASE(purge_takes_the_oldest_and_no_more_than_asked);
    CASE(ids_are_not_used_again);
    CASE(a_list_begins_with_what_is_used_next);
    CASE(a_list_is_cut_but_counts_all);
}
