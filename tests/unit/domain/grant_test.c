#include "tap.h"

#include "domain/grant.h"

#include <stddef.h>

static const int64_t day_ms = 86400000;
static const int64_t now_ms = 1772323200000;

static struct hy_grant form_id(int64_t obtained_at_ms)
{
    return (struct hy_grant){
        .id = 1,
        .kind = HY_GRANT_FORM_ID,
        .credential = "f1",
        .uses_total = 1,
        .uses_left = 1,
        .obtained_at_ms = obtained_at_ms,
        .expires_at_ms = obtained_at_ms + hy_grant_lifetime_ms(HY_GRANT_FORM_ID),
    };
}

static void kinds_are_what_the_platform_says(void)
{
    CHECK(hy_grant_is_receipt(HY_GRANT_FORM_ID));
    CHECK(hy_grant_is_receipt(HY_GRANT_PREPAY_ID));
    CHECK(!hy_grant_is_receipt(HY_GRANT_ONCE));
    CHECK(!hy_grant_is_receipt(HY_GRANT_ALWAYS));
    CHECK_INT(hy_grant_uses(HY_GRANT_FORM_ID), 1);
    CHECK_INT(hy_grant_uses(HY_GRANT_PREPAY_ID), 3);
    CHECK_INT(hy_grant_uses(HY_GRANT_ONCE), 1);
    CHECK_INT(hy_grant_uses(HY_GRANT_ALWAYS), 1);
    CHECK_INT(hy_grant_lifetime_ms(HY_GRANT_FORM_ID), 7 * day_ms);
    CHECK_INT(hy_grant_lifetime_ms(HY_GRANT_PREPAY_ID), 7 * day_ms);
    CHECK_INT(hy_grant_lifetime_ms(HY_GRANT_ONCE), 0);
    CHECK_INT(hy_grant_lifetime_ms(HY_GRANT_ALWAYS), 0);
}

static void numbers_keep_their_words(void)
{
    static const char *const kinds[] = {"form_id", "prepay_id", "once", "always"};
    static const char *const states[] = {"available", "spent", "expired", "revoked", "suspect"};

    for (int i = 0; i < HY_GRANT_KINDS; i++)
        CHECK_TEXT(hy_grant_kind_names[i], kinds[i]);
    for (int i = 0; i < HY_GRANT_STATES; i++)
        CHECK_TEXT(hy_grant_state_names[i], states[i]);
    CHECK(!hy_grant_kind_names[HY_GRANT_KINDS]);
    CHECK(!hy_grant_state_names[HY_GRANT_STATES]);
}

static void is_usable_up_to_the_margin_to_the_millisecond(void)
{
    struct hy_grant g = form_id(now_ms);
    int64_t last = g.expires_at_ms;

    CHECK(hy_grant_usable(&g, now_ms, day_ms));
    CHECK(hy_grant_usable(&g, last - day_ms - 1, day_ms));
    CHECK(!hy_grant_usable(&g, last - day_ms, day_ms));
    CHECK(hy_grant_usable(&g, last - 1, 0));
    CHECK(!hy_grant_usable(&g, last, 0));
    CHECK(!hy_grant_usable(&g, last + 1, 0));
    CHECK(hy_grant_usable(&g, last - 2, 1));
    CHECK(!hy_grant_usable(&g, last - 1, 1));
}

static void a_margin_of_the_whole_life_leaves_nothing(void)
{
    struct hy_grant g = form_id(now_ms);

    CHECK(!hy_grant_usable(&g, now_ms, 7 * day_ms));
    CHECK(hy_grant_usable(&g, now_ms, 7 * day_ms - 1));
}

static void without_expiry_it_is_usable_for_ever(void)
{
    struct hy_grant g = {.kind = HY_GRANT_ONCE, .uses_total = 1, .uses_left = 1};

    CHECK(hy_grant_usable(&g, INT64_MAX, 7 * day_ms));
}

static void is_usable_only_while_a_use_is_free(void)
{
    struct hy_grant g = form_id(now_ms);

    g.kind = HY_GRANT_PREPAY_ID;
    g.uses_total = 3;
    g.uses_left = 3;
    for (g.uses_reserved = 0; g.uses_reserved < 3; g.uses_reserved++)
        CHECK(hy_grant_usable(&g, now_ms, 0));
    CHECK(!hy_grant_usable(&g, now_ms, 0));
    g.uses_left = 0;
    g.uses_reserved = 0;
    CHECK(!hy_grant_usable(&g, now_ms, 0));
}

static void is_usable_in_state_available_alone(void)
{
    struct hy_grant g = form_id(now_ms);

    for (int state = 0; state < HY_GRANT_STATES; state++) {
        g.state = (enum hy_grant_state)state;
        g.retry_at_ms = state == HY_GRANT_SUSPECT ? now_ms + 1 : 0;
        CHECK_INT(hy_grant_usable(&g, now_ms, 0), state == HY_GRANT_AVAILABLE);
    }
}

static struct hy_grant counter(enum hy_grant_kind kind, int left, int reserved)
{
    return (struct hy_grant){.id = 3,
                             .kind = kind,
                             .template_id = "t",
                             .uses_total = left,
                             .uses_left = left,
                             .uses_reserved = reserved,
                             .obtained_at_ms = now_ms};
}

static struct hy_grant suspect(enum hy_grant_kind kind, int left, int reserved)
{
    struct hy_grant g = counter(kind, left, reserved);

    g.state = HY_GRANT_SUSPECT;
    g.reason = "43101";
    g.refusals = 1;
    g.retry_at_ms = now_ms + 5;
    return g;
}

static void a_suspect_one_is_tried_again_by_one(void)
{
    struct hy_grant g = suspect(HY_GRANT_ONCE, 3, 0);

    CHECK(!hy_grant_usable(&g, now_ms + 4, 0));
    CHECK(hy_grant_usable(&g, now_ms + 5, 0));
    g.uses_reserved = 1;
    CHECK(!hy_grant_usable(&g, now_ms + 5, 0));
}

/* --- accepts and withdrawals ------------------------------------------------------------------ */

static void check_counter(const struct hy_grant *g, int total, int left, int reserved)
{
    CHECK_INT(g->uses_total, total);
    CHECK_INT(g->uses_left, left);
    CHECK_INT(g->uses_reserved, reserved);
    CHECK_INT(g->state, HY_GRANT_AVAILABLE);
    CHECK_INT(g->refusals, 0);
    CHECK_INT(g->retry_at_ms, 0);
    CHECK(!g->reason);
}

static void accepts_add_up(void)
{
    struct hy_grant g = counter(HY_GRANT_ONCE, 2, 1);

    hy_grant_accept(&g, HY_GRANT_ONCE, 1, now_ms + 7);
    check_counter(&g, 3, 3, 1);
    CHECK_INT(g.obtained_at_ms, now_ms + 7);
    hy_grant_accept(&g, HY_GRANT_ONCE, 10, now_ms - 7); /* told late */
    check_counter(&g, 13, 13, 1);
    CHECK_INT(g.obtained_at_ms, now_ms + 7);
}

/* Beyond what a number can hold there is no more, and never less. */
static void accepts_never_overflow(void)
{
    struct hy_grant g = counter(HY_GRANT_ONCE, INT32_MAX - 2, 1);

    hy_grant_accept(&g, HY_GRANT_ONCE, 2, now_ms);
    check_counter(&g, INT32_MAX, INT32_MAX, 1);
    hy_grant_accept(&g, HY_GRANT_ONCE, 1000, now_ms);
    check_counter(&g, INT32_MAX, INT32_MAX, 1);
    g.uses_left = 5;
    hy_grant_accept(&g, HY_GRANT_ONCE, 1000, now_ms);
    check_counter(&g, INT32_MAX, 1005, 1);
}

static void an_accept_makes_good_what_was_spent_or_suspect(void)
{
    struct hy_grant g = counter(HY_GRANT_ONCE, 2, 0);

    g.uses_left = 0;
    g.state = HY_GRANT_SPENT;
    hy_grant_accept(&g, HY_GRANT_ONCE, 1, now_ms);
    check_counter(&g, 3, 1, 0);
    g = suspect(HY_GRANT_ONCE, 2, 1);
    hy_grant_accept(&g, HY_GRANT_ONCE, 1, now_ms);
    check_counter(&g, 3, 3, 1);
    g = suspect(HY_GRANT_ALWAYS, 1, 0);
    hy_grant_accept(&g, HY_GRANT_ALWAYS, 1, now_ms);
    check_counter(&g, 1, 1, 0);
}

static void what_was_revoked_stays_void(void)
{
    struct hy_grant g = counter(HY_GRANT_ONCE, 5, 2);

    CHECK(hy_grant_withdraw(&g, now_ms, "withdrawn"));
    hy_grant_accept(&g, HY_GRANT_ONCE, 3, now_ms + 1);
    check_counter(&g, 8, 3, 2);
    CHECK(hy_grant_withdraw(&g, now_ms + 1, "withdrawn"));
    hy_grant_accept(&g, HY_GRANT_ONCE, 1, now_ms + 2);
    check_counter(&g, 9, 2, 2); /* two messages hold one each */
}

static void a_standing_one_does_not_count(void)
{
    struct hy_grant g = counter(HY_GRANT_ALWAYS, 1, 0);

    hy_grant_accept(&g, HY_GRANT_ALWAYS, 1, now_ms + 1);
    check_counter(&g, 1, 1, 0);
    hy_grant_accept(&g, HY_GRANT_ONCE, 4, now_ms + 2);
    check_counter(&g, 1, 1, 0);
    CHECK_INT(g.kind, HY_GRANT_ALWAYS);
    CHECK_INT(g.obtained_at_ms, now_ms + 2);
    CHECK(hy_grant_withdraw(&g, now_ms + 3, "withdrawn"));
    CHECK_INT(g.state, HY_GRANT_REVOKED);
    hy_grant_accept(&g, HY_GRANT_ONCE, 1, now_ms + 4);
    check_counter(&g, 1, 1, 0);
}

static void one_time_becomes_standing(void)
{
    struct hy_grant g = counter(HY_GRANT_ONCE, 5, 2);

    hy_grant_accept(&g, HY_GRANT_ALWAYS, 1, now_ms);
    check_counter(&g, 1, 1, 0);
    CHECK_INT(g.kind, HY_GRANT_ALWAYS);
    g = counter(HY_GRANT_ONCE, 1, 0);
    g.uses_left = 0;
    g.state = HY_GRANT_SPENT;
    hy_grant_accept(&g, HY_GRANT_ALWAYS, 0, now_ms + 1); /* the tap itself was known */
    check_counter(&g, 1, 1, 0);
    CHECK_INT(g.obtained_at_ms, now_ms);
}

static void a_withdrawal_counts_unless_an_accept_came_later(void)
{
    struct hy_grant g = counter(HY_GRANT_ONCE, 2, 1);

    CHECK(!hy_grant_withdraw(&g, now_ms - 1, "withdrawn"));
    check_counter(&g, 2, 2, 1);
    CHECK(hy_grant_withdraw(&g, now_ms, "withdrawn"));
    CHECK_INT(g.state, HY_GRANT_REVOKED);
    CHECK_TEXT(g.reason, "withdrawn");
    CHECK_INT(g.uses_left, 2);
    CHECK(!hy_grant_withdraw(&g, now_ms + 9, "again"));
    CHECK_TEXT(g.reason, "withdrawn");
    g = suspect(HY_GRANT_ONCE, 2, 0);
    CHECK(hy_grant_withdraw(&g, now_ms, "withdrawn"));
    CHECK_INT(g.retry_at_ms, 0);
    g = counter(HY_GRANT_ONCE, 2, 0);
    g.uses_left = 0;
    g.state = HY_GRANT_SPENT;
    CHECK(!hy_grant_withdraw(&g, now_ms, "withdrawn"));
    CHECK_INT(g.state, HY_GRANT_SPENT);
}

static void proves_with_one_use_left_and_no_doubt(void)
{
    for (int kind = 0; kind < HY_GRANT_KINDS; kind++) {
        for (int left = 0; left <= 3; left++) {
            struct hy_grant g = {
                .kind = (enum hy_grant_kind)kind, .uses_total = 3, .uses_left = left};
            bool receipt = kind == HY_GRANT_FORM_ID || kind == HY_GRANT_PREPAY_ID;

            CHECK_INT(hy_grant_proves(&g), receipt && left == 1);
            g.in_doubt = true;
            CHECK(!hy_grant_proves(&g));
        }
    }
}

static const char *reason(enum hy_grant_state state, int left, int reserved, int64_t expires_at_ms)
{
    struct hy_grant g = {.state = state,
                         .uses_total = 3,
                         .uses_left = left,
                         .uses_reserved = reserved,
                         .expires_at_ms = expires_at_ms};

    return hy_grant_missing_reason(&g, now_ms, day_ms);
}

static void tells_what_became_of_the_newest(void)
{
    int64_t good = now_ms + 2 * day_ms;

    CHECK_TEXT(hy_grant_missing_reason(NULL, now_ms, day_ms), "no_grant.never");
    CHECK_TEXT(reason(HY_GRANT_REVOKED, 1, 0, good), "no_grant.revoked");
    CHECK_TEXT(reason(HY_GRANT_SUSPECT, 1, 0, good), "no_grant.suspect");
    CHECK_TEXT(reason(HY_GRANT_SPENT, 0, 0, good), "no_grant.used_up");
    CHECK_TEXT(reason(HY_GRANT_AVAILABLE, 1, 1, good), "no_grant.used_up");
    CHECK_TEXT(reason(HY_GRANT_EXPIRED, 1, 0, good), "no_grant.expired");
    CHECK_TEXT(reason(HY_GRANT_AVAILABLE, 1, 0, now_ms + day_ms), "no_grant.expired");
    CHECK_TEXT(reason(HY_GRANT_AVAILABLE, 1, 0, now_ms - 1), "no_grant.expired");
}

static const char *word(enum hy_grant_state state, int reserved, int64_t expires_at_ms)
{
    struct hy_grant g = {.state = state,
                         .uses_total = 3,
                         .uses_left = 2,
                         .uses_reserved = reserved,
                         .expires_at_ms = expires_at_ms};

    return hy_grant_state_word(&g, now_ms, day_ms);
}

static void says_what_it_is_good_for_now(void)
{
    int64_t good = now_ms + day_ms + 1;

    CHECK_TEXT(word(HY_GRANT_AVAILABLE, 0, good), "available");
    CHECK_TEXT(word(HY_GRANT_AVAILABLE, 1, good), "available");
    CHECK_TEXT(word(HY_GRANT_AVAILABLE, 2, good), "reserved");
    CHECK_TEXT(word(HY_GRANT_AVAILABLE, 0, 0), "available");
    CHECK_TEXT(word(HY_GRANT_AVAILABLE, 1, good - 1), "expired");
    CHECK_TEXT(word(HY_GRANT_AVAILABLE, 2, good - 1), "reserved");
    CHECK_TEXT(word(HY_GRANT_REVOKED, 2, good - 1), "revoked");
    CHECK_TEXT(word(HY_GRANT_SUSPECT, 0, good - 1), "suspect");
}

/* A use that is spent and past its time was used, not lost. */
static void used_up_comes_before_expired(void)
{
    CHECK_TEXT(reason(HY_GRANT_SPENT, 0, 0, now_ms - day_ms), "no_grant.used_up");
    CHECK_TEXT(reason(HY_GRANT_REVOKED, 1, 1, now_ms - day_ms), "no_grant.revoked");
}

int main(void)
{
    RUN(kinds_are_what_the_platform_says);
    RUN(numbers_keep_their_words);
    RUN(is_usable_up_to_the_margin_to_the_millisecond);
    RUN(a_margin_of_the_whole_life_leaves_nothing);
    RUN(without_expiry_it_is_usable_for_ever);
    RUN(is_usable_only_while_a_use_is_free);
    RUN(is_usable_in_state_available_alone);
    RUN(a_suspect_one_is_tried_again_by_one);
    RUN(accepts_add_up);
    RUN(accepts_never_overflow);
    RUN(an_accept_makes_good_what_was_spent_or_suspect);
    RUN(what_was_revoked_stays_void);
    RUN(a_standing_one_does_not_count);
    RUN(one_time_becomes_standing);
    RUN(a_withdrawal_counts_unless_an_accept_came_later);
    RUN(proves_with_one_use_left_and_no_doubt);
    RUN(says_what_it_is_good_for_now);
    RUN(tells_what_became_of_the_newest);
    RUN(used_up_comes_before_expired);
    return hy_tap_end();
}
