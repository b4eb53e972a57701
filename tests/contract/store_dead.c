/* Dead letters: what failed, by reason, and all of it again. */
#include "store_bulk.h"
#include "store_cases.h"

static struct hy_dead_groups *groups(struct hy_dead_filter filter, size_t limit)
{
    struct hy_dead_groups *v = (struct hy_dead_groups *)hy_arena_alloc(&rig.arena, sizeof *v);

    *v = (struct hy_dead_groups){.filter = filter, .limit = limit, .arena = &rig.arena};
    CHECK_INT(run(&v->op, HY_VERB_DEAD_GROUPS), 0);
    return v;
}

static struct hy_dead_retry *dead_retry(struct hy_dead_filter filter, bool dry)
{
    struct hy_dead_retry *v = (struct hy_dead_retry *)hy_arena_alloc(&rig.arena, sizeof *v);

    *v = (struct hy_dead_retry){.filter = filter, .dry = dry, .now_ms = rig.now_ms, .limit = 10000};
    CHECK_INT(run(&v->op, HY_VERB_DEAD_RETRY), 0);
    CHECK(!v->more);
    CHECK_INT(v->matched, v->retried + v->skipped);
    return v;
}

static const struct hy_dead_filter all = {.state = -1};

static struct hy_message *unknown_one(const char *user)
{
    struct hy_message *m = post_with(user, HY_ON_MISSING_TRY);

    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    return m;
}

static void they_stand_in_groups_the_largest_first(void)
{
    struct hy_dead_groups *v;
    struct hy_message *newest;
    struct hy_claimed *c;
    struct hy_judgement j = judged(HY_VERDICT_BAD_PAYLOAD, "47003");
    struct hy_settle_item item;

    failed_with("a", "40037");
    failed_with("b", "47003");
    newest = draft("c");
    newest->template_id = "T9";
    newest->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(newest), 0);
    c = claim_one();
    snprintf(j.errmsg, sizeof j.errmsg, "argument invalid!");
    item = settled(c, &j);
    CHECK_INT(settle_item(&item), 0);
    v = groups(all, 100);
    CHECK_INT(v->count, 2);
    CHECK(!v->more);
    CHECK_INT(v->groups[0].messages, 2);
    CHECK_INT(v->groups[0].app_no, rig.app);
    CHECK_INT(v->groups[0].state, HY_MESSAGE_FAILED);
    CHECK_TEXT(v->groups[0].reason, "bad_payload.47003");
    CHECK_INT(v->groups[0].newest_id, newest->id);
    CHECK_TEXT(v->groups[0].template_id, "T9");
    CHECK_TEXT(v->groups[0].errmsg, "argument invalid!");
    CHECK_TEXT(v->groups[1].reason, "bad_payload.40037");
    CHECK(v->groups[1].errmsg == NULL);
}

static void of_two_groups_of_one_size_the_newest_is_first(void)
{
    struct hy_dead_groups *v;

    failed_with("a", "1");
    failed_with("a", "2");
    post("b"); /* no grant: no attempt, no errmsg */
    v = groups(all, 100);
    CHECK_INT(v->count, 3);
    CHECK_TEXT(v->groups[0].reason, "no_grant.never");
    CHECK(v->groups[0].errmsg == NULL);
    CHECK_TEXT(v->groups[1].reason, "bad_payload.2");
    CHECK_TEXT(v->groups[2].reason, "bad_payload.1");
}

static void only_so_many_are_looked_at(void)
{
    struct hy_dead_groups *v;

    failed_with("a", "1");
    failed_with("a", "2");
    v = groups(all, 1);
    CHECK_INT(v->count, 1);
    CHECK_TEXT(v->groups[0].reason, "bad_payload.2");
    CHECK(v->more);
    CHECK(!groups(all, 2)->more);
}

static void an_unknown_one_is_dead_when_nothing_asks_for_it(void)
{
    struct hy_message *m = unknown_one("u");

    form("v", 0);
    post("v");
    judge(claim_one(), HY_VERDICT_UNKNOWN, ""); /* the receipt will prove it */
    CHECK_INT(groups(all, 9)->count, 1);
    CHECK_INT(groups(all, 9)->groups[0].newest_id, m->id);
    CHECK_INT(groups(all, 9)->groups[0].state, HY_MESSAGE_UNKNOWN);
}

static void what_is_not_dead_is_not_here(void)
{
    struct hy_message *m;

    post_with("a", HY_ON_MISSING_TRY);
    judge(claim_one(), HY_VERDICT_OK, "");
    m = post_with("b", HY_ON_MISSING_WAIT);
    CHECK_INT(cancel(m->id), 0);
    m = draft("c");
    m->on_missing = HY_ON_MISSING_WAIT;
    m->expires_at_ms = rig.now_ms + 1;
    CHECK_INT(admit(m), 0);
    rig.now_ms++;
    CHECK_INT(sweep(9), 1);
    post_with("d", HY_ON_MISSING_TRY);
    CHECK_INT(groups(all, 9)->count, 0);
    CHECK_INT(dead_retry(all, false)->matched, 0);
}

static void filters_choose(void)
{
    struct hy_message *first = failed_with("a", "40037"), *second, *third;
    struct hy_dead_filter f = all;

    rig.now_ms += HOUR;
    second = draft("b");
    second->template_id = "T2";
    second->tag = "x";
    second->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(second), 0);
    judge(claim_one(), HY_VERDICT_BAD_PAYLOAD, "47003");
    third = unknown_one("c");
    CHECK_INT(dead_retry(f, true)->matched, 3);
    f.state = HY_MESSAGE_UNKNOWN;
    CHECK_INT(groups(f, 9)->groups[0].newest_id, third->id);
    f = all;
    f.reason = "bad_payload";
    CHECK_INT(dead_retry(f, true)->matched, 2);
    f.reason = "bad_payload.47003";
    CHECK_INT(groups(f, 9)->groups[0].newest_id, second->id);
    f.reason = "payload";
    CHECK_INT(groups(f, 9)->count, 0);
    f = (struct hy_dead_filter){.state = -1, .template_id = "T2"};
    CHECK_INT(dead_retry(f, true)->matched, 1);
    f = (struct hy_dead_filter){.state = -1, .tag = "x"};
    CHECK_INT(dead_retry(f, true)->matched, 1);
    f = (struct hy_dead_filter){.state = -1, .app_no = rig.app + 1};
    CHECK_INT(dead_retry(f, true)->matched, 0);
    f.app_no = rig.app;
    CHECK_INT(dead_retry(f, true)->matched, 3);
    f = (struct hy_dead_filter){.state = -1, .from_id = second->id};
    CHECK_INT(dead_retry(f, true)->matched, 2);
    f = (struct hy_dead_filter){.state = -1, .until_id = second->id};
    CHECK_INT(groups(f, 9)->groups[0].newest_id, first->id);
    CHECK_INT(dead_retry(f, true)->matched, 1);
    f = (struct hy_dead_filter){.state = -1, .broadcast_id = 1};
    CHECK_INT(dead_retry(f, true)->matched, 0);
}

static void one_broadcast_alone(void)
{
    int64_t one = run_to(2), other = run_to(3);

    feed(one, 9);
    feed(other, 9); /* all fail: nobody gave a permission */
    CHECK_INT(
        dead_retry((struct hy_dead_filter){.state = -1, .broadcast_id = other}, false)->retried, 3);
    CHECK_INT(broadcast(other)->messages[HY_MESSAGE_QUEUED], 3);
    CHECK_INT(broadcast(one)->messages[HY_MESSAGE_FAILED], 2);
}

static void a_dry_run_changes_nothing(void)
{
    struct hy_message *m = failed_with("a", "40037");

    CHECK_INT(dead_retry(all, true)->retried, 1);
    CHECK_STATE(m->id, FAILED);
    CHECK_INT(dead_retry(all, false)->retried, 1);
    CHECK_STATE(m->id, QUEUED);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms);
    CHECK_INT(dead_retry(all, false)->matched, 0);
}

static void what_is_too_late_is_skipped(void)
{
    struct hy_message *late = draft("a");
    struct hy_dead_retry *v;

    late->expires_at_ms = rig.now_ms + 10;
    CHECK_INT(admit(late), 0);
    CHECK_STATE(late->id, FAILED);
    failed_with("b", "40037");
    rig.now_ms += 10;
    v = dead_retry(all, false);
    CHECK_INT(v->matched, 2);
    CHECK_INT(v->retried, 1);
    CHECK_INT(v->skipped, 1);
    CHECK_STATE(late->id, FAILED);
}

static void it_goes_on_piece_by_piece(void)
{
    struct hy_dead_retry v = {.filter = all, .limit = 2};
    size_t matched = 0, calls = 0;

    for (int i = 0; i < 7; i++)
        post("u");
    v.now_ms = rig.now_ms;
    do {
        CHECK_INT(run(&v.op, HY_VERB_DEAD_RETRY), 0);
        CHECK(v.matched <= 2);
        matched += v.matched;
        v.before_id = v.next_before_id;
        CHECK(++calls < 20);
    } while (v.more);
    CHECK_INT(matched, 7);
    CHECK_INT(groups(all, 9)->count, 0);
}

static void arguments_are_checked(void)
{
    struct hy_dead_retry v = {.filter = {.state = HY_MESSAGE_SENT}, .limit = 1};
    struct hy_dead_groups g = {.filter = all, .limit = 0, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_DEAD_RETRY), HY_E_INVALID);
    v.filter.state = -1;
    v.limit = 10001;
    CHECK_INT(run(&v.op, HY_VERB_DEAD_RETRY), HY_E_INVALID);
    CHECK_INT(run(&g.op, HY_VERB_DEAD_GROUPS), HY_E_INVALID);
    g.limit = 100001;
    CHECK_INT(run(&g.op, HY_VERB_DEAD_GROUPS), HY_E_INVALID);
    g.limit = 100000;
    CHECK_INT(run(&g.op, HY_VERB_DEAD_GROUPS), 0);
}

void store_dead_cases(void)
{
    CASE(they_stand_in_groups_the_largest_first);
    CASE(of_two_groups_of_one_size_the_newest_is_first);
    CASE(only_so_many_are_looked_at);
    CASE(an_unknown_one_is_dead_when_nothing_asks_for_it);
    CASE(what_is_not_dead_is_not_here);
    CASE(filters_choose);
    CASE(one_broadcast_alone);
    CASE(a_dry_run_changes_nothing);
    CASE(what_is_too_late_is_skipped);
    CASE(it_goes_on_piece_by_piece);
    CASE(arguments_are_checked);
}
