#include "tap.h"

#include "domain/reservation.h"

#include <stddef.h>

static const int64_t now_ms = 1772323200000;
static const int64_t hour_ms = 3600000;

static struct hy_grant grant(enum hy_grant_kind kind, int left, int reserved)
{
    return (struct hy_grant){.id = 9,
                             .kind = kind,
                             .template_id = hy_grant_is_receipt(kind) ? NULL : "t",
                             .uses_total = 3,
                             .uses_left = left,
                             .uses_reserved = reserved};
}

static void check(const struct hy_grant *g, int left, int reserved, enum hy_grant_state state,
                  bool in_doubt)
{
    CHECK_INT(g->uses_left, left);
    CHECK_INT(g->uses_reserved, reserved);
    CHECK_INT(g->state, state);
    CHECK_INT(g->in_doubt, in_doubt);
    CHECK(g->uses_reserved >= 0 && g->uses_reserved <= g->uses_left);
    CHECK((g->uses_left == 0) == (g->state == HY_GRANT_SPENT));
}

static void release(struct hy_grant *g, enum hy_grant_move move)
{
    hy_grant_release(g, move, false, "41028", 0);
}

static void fits_its_template_or_any(void)
{
    struct hy_grant receipt = grant(HY_GRANT_FORM_ID, 1, 0), once = grant(HY_GRANT_ONCE, 1, 0);

    CHECK(hy_grant_fits(&receipt, "t", HY_TEMPLATE_ANY));
    CHECK(hy_grant_fits(&receipt, "other", HY_TEMPLATE_ANY));
    CHECK(hy_grant_fits(&receipt, NULL, HY_TEMPLATE_ANY));
    CHECK(hy_grant_fits(&once, "t", HY_TEMPLATE_ANY));
    CHECK(!hy_grant_fits(&once, "T", HY_TEMPLATE_ANY));
    CHECK(!hy_grant_fits(&once, "other", HY_TEMPLATE_ANY));
    CHECK(!hy_grant_fits(&once, NULL, HY_TEMPLATE_ANY));
    once.template_id = NULL;
    CHECK(!hy_grant_fits(&once, "t", HY_TEMPLATE_ANY));
}

static void the_kind_of_template_decides_which_fit(void)
{
    struct hy_grant receipt = grant(HY_GRANT_PREPAY_ID, 1, 0), once = grant(HY_GRANT_ONCE, 1, 0);
    struct hy_grant always = grant(HY_GRANT_ALWAYS, 1, 0);
    static const bool receipts[] = {true, true, false, false};

    for (int kind = 0; kind < HY_TEMPLATE_KINDS; kind++) {
        CHECK_INT(hy_grant_fits(&receipt, "t", kind), receipts[kind]);
        CHECK_INT(hy_grant_fits(&once, "t", kind), kind != HY_TEMPLATE_LEGACY);
        CHECK_INT(hy_grant_fits(&always, "t", kind), kind != HY_TEMPLATE_LEGACY);
        CHECK(!hy_grant_fits(&always, "u", kind));
    }
}

static void counters_are_used_before_receipts(void)
{
    struct hy_grant receipt = {.id = 1, .kind = HY_GRANT_FORM_ID, .expires_at_ms = 100};
    struct hy_grant once = {.id = 2, .kind = HY_GRANT_ONCE};
    struct hy_grant always = {.id = 3, .kind = HY_GRANT_ALWAYS};

    CHECK(hy_grant_compare(&once, &receipt) < 0);
    CHECK(hy_grant_compare(&receipt, &always) > 0);
    CHECK(hy_grant_compare(&once, &always) < 0);
}

static void the_earliest_to_expire_is_used_first(void)
{
    struct hy_grant soon = {.id = 5, .expires_at_ms = 100}, late = {.id = 1, .expires_at_ms = 200};
    struct hy_grant never = {.id = 2}, never_too = {.id = 3}, twin = soon;

    twin.id = 6;
    CHECK(hy_grant_compare(&soon, &late) < 0);
    CHECK(hy_grant_compare(&late, &soon) > 0);
    CHECK(hy_grant_compare(&late, &never) < 0);
    CHECK(hy_grant_compare(&never, &soon) > 0);
    CHECK(hy_grant_compare(&never, &never_too) < 0);
    CHECK(hy_grant_compare(&soon, &twin) < 0);
    CHECK(hy_grant_compare(&twin, &soon) > 0);
    CHECK_INT(hy_grant_compare(&soon, &soon), 0);
}

static void takes_one_use(void)
{
    struct hy_grant g = grant(HY_GRANT_PREPAY_ID, 3, 1);

    hy_grant_reserve(&g);
    check(&g, 3, 2, HY_GRANT_AVAILABLE, false);
}

static void keeping_changes_nothing(void)
{
    struct hy_grant g = grant(HY_GRANT_FORM_ID, 1, 1);

    hy_grant_release(&g, HY_GRANT_KEEP, true, "x", 7);
    check(&g, 1, 1, HY_GRANT_AVAILABLE, false);
    CHECK(!g.reason);
}

static void spending_burns_one(void)
{
    struct hy_grant g = grant(HY_GRANT_PREPAY_ID, 3, 2);

    release(&g, HY_GRANT_SPEND);
    check(&g, 2, 1, HY_GRANT_AVAILABLE, false);
    release(&g, HY_GRANT_SPEND);
    check(&g, 1, 0, HY_GRANT_AVAILABLE, false);
    hy_grant_reserve(&g);
    release(&g, HY_GRANT_SPEND);
    check(&g, 0, 0, HY_GRANT_SPENT, false);
    CHECK(!g.reason);
}

/* A send that worked leaves no doubt, whatever there was before it. */
static void spending_after_a_doubt_is_no_doubt(void)
{
    struct hy_grant g = grant(HY_GRANT_FORM_ID, 1, 1);

    hy_grant_release(&g, HY_GRANT_SPEND, true, NULL, 0);
    check(&g, 0, 0, HY_GRANT_SPENT, false);
}

static void a_doubt_burns_one_and_marks(void)
{
    struct hy_grant g = grant(HY_GRANT_PREPAY_ID, 2, 1), last = grant(HY_GRANT_FORM_ID, 1, 1);

    release(&g, HY_GRANT_DOUBT);
    check(&g, 1, 0, HY_GRANT_AVAILABLE, true);
    CHECK(!hy_grant_proves(&g));
    release(&last, HY_GRANT_DOUBT);
    check(&last, 0, 0, HY_GRANT_SPENT, true);
}

static void giving_back_frees_it(void)
{
    struct hy_grant g = grant(HY_GRANT_FORM_ID, 1, 1);

    release(&g, HY_GRANT_GIVE_BACK);
    check(&g, 1, 0, HY_GRANT_AVAILABLE, false);
    CHECK(hy_grant_proves(&g));
}

/* The next holder of this receipt must not take "used already" as a proof of its own send. */
static void giving_back_in_doubt_marks(void)
{
    struct hy_grant g = grant(HY_GRANT_FORM_ID, 1, 1);

    hy_grant_release(&g, HY_GRANT_GIVE_BACK, true, NULL, 0);
    check(&g, 1, 0, HY_GRANT_AVAILABLE, true);
    CHECK(!hy_grant_proves(&g));
}

static void dropping_revokes_with_a_reason(void)
{
    struct hy_grant g = grant(HY_GRANT_PREPAY_ID, 3, 2);

    release(&g, HY_GRANT_DROP);
    check(&g, 3, 1, HY_GRANT_REVOKED, false);
    CHECK_TEXT(g.reason, "41028");
    CHECK(!hy_grant_usable(&g, now_ms, 0));
    /* The other message that held a use lets go of it later. */
    release(&g, HY_GRANT_GIVE_BACK);
    check(&g, 3, 0, HY_GRANT_REVOKED, false);
    CHECK_TEXT(g.reason, "41028");
}

static void a_standing_grant_is_not_counted(void)
{
    static const enum hy_grant_move moves[] = {HY_GRANT_KEEP, HY_GRANT_SPEND, HY_GRANT_GIVE_BACK,
                                               HY_GRANT_DOUBT};
    struct hy_grant g = {.kind = HY_GRANT_ALWAYS, .uses_total = 1, .uses_left = 1};

    for (int i = 0; i < 100; i++) {
        CHECK(hy_grant_usable(&g, now_ms, 0));
        hy_grant_reserve(&g);
        CHECK(hy_grant_holds(&g, i % 2, now_ms, 0));
        hy_grant_release(&g, moves[i % 4], false, NULL, 0);
        CHECK_INT(g.uses_left, 1);
        CHECK_INT(g.uses_reserved, 0);
        CHECK_INT(g.state, HY_GRANT_AVAILABLE);
    }
    release(&g, HY_GRANT_DROP);
    CHECK_INT(g.state, HY_GRANT_REVOKED);
    CHECK_INT(g.uses_left, 1);
    CHECK(!hy_grant_holds(&g, false, now_ms, 0));
}

static void a_holder_may_send_within_the_margin(void)
{
    struct hy_grant g = grant(HY_GRANT_FORM_ID, 1, 1);

    g.expires_at_ms = now_ms + 3 * hour_ms;
    CHECK(hy_grant_holds(&g, false, now_ms, 3 * hour_ms - 1));
    CHECK(!hy_grant_holds(&g, false, now_ms, 3 * hour_ms));
    CHECK(!hy_grant_usable(&g, now_ms, 0)); /* for anybody else: its only use is taken */
}

/* Only the same receipt can tell what became of the first request: up to its very end. */
static void a_doubtful_holder_keeps_it_to_the_end(void)
{
    struct hy_grant g = grant(HY_GRANT_FORM_ID, 1, 1);

    g.expires_at_ms = now_ms + hour_ms;
    CHECK(!hy_grant_holds(&g, false, now_ms, 24 * hour_ms));
    CHECK(hy_grant_holds(&g, true, now_ms, 24 * hour_ms));
    CHECK(hy_grant_holds(&g, true, g.expires_at_ms - 1, 24 * hour_ms));
    CHECK(!hy_grant_holds(&g, true, g.expires_at_ms, 24 * hour_ms));
}

static void nobody_holds_what_was_revoked(void)
{
    struct hy_grant g = grant(HY_GRANT_PREPAY_ID, 3, 2);

    CHECK(hy_grant_holds(&g, false, now_ms, 0));
    release(&g, HY_GRANT_DROP);
    CHECK(!hy_grant_holds(&g, false, now_ms, 0));
    CHECK(!hy_grant_holds(&g, true, now_ms, 0));
}

static void asking_who_holds_changes_nothing(void)
{
    struct hy_grant g = grant(HY_GRANT_FORM_ID, 1, 1);

    hy_grant_holds(&g, true, now_ms, hour_ms);
    check(&g, 1, 1, HY_GRANT_AVAILABLE, false);
}

/* --- refusals --------------------------------------------------------------------------------- */

static struct hy_grant refused(enum hy_grant_kind kind, int left, int reserved)
{
    struct hy_grant g = grant(kind, left, reserved);

    hy_grant_release(&g, HY_GRANT_REFUSE, false, "43101", now_ms);
    return g;
}

static void check_suspect(const struct hy_grant *g, int refusals, int64_t retry_at_ms)
{
    CHECK_INT(g->state, HY_GRANT_SUSPECT);
    CHECK_INT(g->refusals, refusals);
    CHECK_INT(g->retry_at_ms, retry_at_ms);
    CHECK_TEXT(g->reason, "43101");
}

static void check_trusted(const struct hy_grant *g)
{
    CHECK_INT(g->refusals, 0);
    CHECK_INT(g->retry_at_ms, 0);
    CHECK(!g->reason);
}

static void a_refusal_burns_nothing_and_makes_suspect(void)
{
    struct hy_grant g = refused(HY_GRANT_ONCE, 2, 2);

    check(&g, 2, 1, HY_GRANT_SUSPECT, false);
    check_suspect(&g, 1, now_ms);
    hy_grant_release(&g, HY_GRANT_REFUSE, true, "43101", now_ms + 9);
    check(&g, 2, 0, HY_GRANT_SUSPECT, false);
    check_suspect(&g, 2, now_ms + 9);
    g = refused(HY_GRANT_ALWAYS, 1, 0);
    check(&g, 1, 0, HY_GRANT_SUSPECT, false);
    check_suspect(&g, 1, now_ms);
}

static void a_success_ends_the_suspicion(void)
{
    struct hy_grant g = refused(HY_GRANT_ONCE, 2, 2);

    release(&g, HY_GRANT_SPEND);
    check(&g, 1, 0, HY_GRANT_AVAILABLE, false);
    check_trusted(&g);
    g = refused(HY_GRANT_ONCE, 1, 1);
    hy_grant_reserve(&g);
    release(&g, HY_GRANT_SPEND);
    check(&g, 0, 0, HY_GRANT_SPENT, false);
    check_trusted(&g);
    g = refused(HY_GRANT_ALWAYS, 1, 0);
    release(&g, HY_GRANT_SPEND);
    check(&g, 1, 0, HY_GRANT_AVAILABLE, false);
    check_trusted(&g);
}

static void nothing_else_ends_it(void)
{
    struct hy_grant g = refused(HY_GRANT_ONCE, 3, 3);

    release(&g, HY_GRANT_GIVE_BACK);
    check_suspect(&g, 1, now_ms);
    release(&g, HY_GRANT_DOUBT);
    check(&g, 2, 0, HY_GRANT_SUSPECT, true);
    check_suspect(&g, 1, now_ms);
    hy_grant_reserve(&g);
    release(&g, HY_GRANT_DROP);
    check(&g, 2, 0, HY_GRANT_REVOKED, true);
    CHECK_INT(g.retry_at_ms, 0);
    g = refused(HY_GRANT_ONCE, 1, 1);
    hy_grant_reserve(&g);
    release(&g, HY_GRANT_DOUBT);
    check(&g, 0, 0, HY_GRANT_SPENT, true);
    CHECK_INT(g.retry_at_ms, 0);
}

/* The user turned the template off while the request was under way. */
static void what_was_revoked_stays_revoked(void)
{
    struct hy_grant g = grant(HY_GRANT_ONCE, 2, 1);

    CHECK(hy_grant_withdraw(&g, now_ms, "withdrawn"));
    hy_grant_release(&g, HY_GRANT_REFUSE, false, "43101", now_ms + 1);
    check(&g, 2, 0, HY_GRANT_REVOKED, false);
    CHECK_TEXT(g.reason, "withdrawn");
    CHECK_INT(g.retry_at_ms, 0);
}

static void holders_of_a_suspect_one_wait_for_the_retry(void)
{
    struct hy_grant g = refused(HY_GRANT_ONCE, 3, 3);

    CHECK_INT(g.uses_reserved, 2);
    CHECK(!hy_grant_holds(&g, false, now_ms - 1, 0));
    CHECK(hy_grant_holds(&g, false, now_ms, 0)); /* whoever else holds one */
    CHECK(!hy_grant_usable(&g, now_ms, 0));
}

static void a_new_accept_outruns_a_second_refusal(void)
{
    struct hy_grant counter = grant(HY_GRANT_ONCE, 2, 1), receipt = grant(HY_GRANT_FORM_ID, 1, 1);

    CHECK_INT(hy_grant_move_now(&counter, HY_GRANT_DROP, now_ms), HY_GRANT_GIVE_BACK);
    CHECK_INT(hy_grant_move_now(&counter, HY_GRANT_SPEND, now_ms), HY_GRANT_SPEND);
    CHECK_INT(hy_grant_move_now(&receipt, HY_GRANT_DROP, now_ms), HY_GRANT_DROP);
    counter.refusals = 1;
    CHECK_INT(hy_grant_move_now(&counter, HY_GRANT_DROP, now_ms), HY_GRANT_DROP);
}

static void a_new_accept_outruns_a_first_refusal(void)
{
    struct hy_grant counter = grant(HY_GRANT_ONCE, 2, 1), receipt = grant(HY_GRANT_FORM_ID, 1, 1);

    counter.obtained_at_ms = receipt.obtained_at_ms = now_ms;
    CHECK_INT(hy_grant_move_now(&counter, HY_GRANT_REFUSE, now_ms - 1), HY_GRANT_GIVE_BACK);
    CHECK_INT(hy_grant_move_now(&counter, HY_GRANT_REFUSE, now_ms), HY_GRANT_REFUSE);
    CHECK_INT(hy_grant_move_now(&counter, HY_GRANT_SPEND, now_ms - 1), HY_GRANT_SPEND);
    CHECK_INT(hy_grant_move_now(&receipt, HY_GRANT_REFUSE, now_ms - 1), HY_GRANT_REFUSE);
    counter.kind = HY_GRANT_ALWAYS;
    CHECK_INT(hy_grant_move_now(&counter, HY_GRANT_REFUSE, now_ms - 1), HY_GRANT_GIVE_BACK);
}

int main(void)
{
    RUN(a_new_accept_outruns_a_second_refusal);
    RUN(a_new_accept_outruns_a_first_refusal);
    RUN(the_kind_of_template_decides_which_fit);
    RUN(counters_are_used_before_receipts);
    RUN(a_refusal_burns_nothing_and_makes_suspect);
    RUN(a_success_ends_the_suspicion);
    RUN(nothing_else_ends_it);
    RUN(what_was_revoked_stays_revoked);
    RUN(holders_of_a_suspect_one_wait_for_the_retry);
    RUN(fits_its_template_or_any);
    RUN(the_earliest_to_expire_is_used_first);
    RUN(takes_one_use);
    RUN(keeping_changes_nothing);
    RUN(spending_burns_one);
    RUN(spending_after_a_doubt_is_no_doubt);
    RUN(a_doubt_burns_one_and_marks);
    RUN(giving_back_frees_it);
    RUN(giving_back_in_doubt_marks);
    RUN(dropping_revokes_with_a_reason);
    RUN(a_standing_grant_is_not_counted);
    RUN(a_holder_may_send_within_the_margin);
    RUN(a_doubtful_holder_keeps_it_to_the_end);
    RUN(nobody_holds_what_was_revoked);
    RUN(asking_who_holds_changes_nothing);
    return hy_tap_end();
}
