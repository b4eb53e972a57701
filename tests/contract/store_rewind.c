/* When the clock was set back: what is due by a clock that was ahead. */
#include "store_bulk.h"
#include "store_cases.h"

static size_t rewind_by(int64_t slack_ms, size_t limit)
{
    struct hy_rewind v = {.now_ms = rig.now_ms, .slack_ms = slack_ms, .limit = limit};

    CHECK_INT(run(&v.op, HY_VERB_REWIND), 0);
    return v.rewound;
}

static void what_was_to_go_by_now_is_due_now(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);

    rig.now_ms -= DAY;
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(rewind_by(DAY, 100), 0); /* not further than the slack */
    CHECK_INT(rewind_by(DAY - 1, 100), 1);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms);
    CHECK_INT(rewind_by(DAY - 1, 100), 0);
    CHECK_INT(claim_one()->message.id, m->id);
}

static void what_was_asked_for_later_stays(void)
{
    struct hy_message *m = post_later("u", rig.now_ms + HOUR);

    CHECK_INT(rewind_by(0, 100), 0);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms + HOUR);
    rig.now_ms += HOUR;
    CHECK_INT(rewind_by(0, 100), 0); /* due at this very instant */
}

static void what_is_unknown_asks_after_the_slack(void)
{
    struct hy_message *m;
    int64_t due_ms;

    form("u", 0);
    m = post("u");
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    rig.now_ms -= DAY;
    due_ms = rig.now_ms + HOUR;
    CHECK_INT(rewind_by(HOUR, 100), 1);
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(get(m->id)->due_at_ms, due_ms);
    CHECK_INT(rewind_by(HOUR, 100), 0);
}

static void one_that_nothing_asks_for_stays(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);

    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    rig.now_ms -= DAY;
    CHECK_INT(rewind_by(0, 100), 0);
    CHECK_INT(get(m->id)->due_at_ms, 0);
}

static void parked_ones_too(void)
{
    struct hy_message *m[3];
    struct hy_claimed *c;

    for (int i = 0; i < 3; i++)
        m[i] = post_with("u", HY_ON_MISSING_TRY);
    c = claim_one();
    CHECK_INT(c->message.id, m[0]->id);
    rig.now_ms -= DAY;
    CHECK_INT(rewind_by(0, 100), 2);
    CHECK_INT(get(m[1]->id)->due_at_ms, rig.now_ms);
    CHECK_INT(claim(ALL)->count, 0);
    judge(c, HY_VERDICT_OK, "");
    CHECK_INT(claim_one()->message.id, m[1]->id);
}

static void so_many_a_call_in_order_of_id(void)
{
    struct hy_message *m[5];

    for (int i = 0; i < 5; i++)
        m[i] = post_with(hy_arena_printf(&rig.arena, "u%d", i), HY_ON_MISSING_TRY);
    rig.now_ms -= DAY;
    CHECK_INT(rewind_by(0, 2), 2);
    CHECK_INT(get(m[1]->id)->due_at_ms, rig.now_ms);
    CHECK_INT(get(m[2]->id)->due_at_ms, rig.now_ms + DAY);
    CHECK_INT(rewind_by(0, 2), 2);
    CHECK_INT(rewind_by(0, 2), 1);
    CHECK_INT(claim(ALL)->count, 5);
}

static void arguments_are_checked(void)
{
    struct hy_rewind v = {.now_ms = rig.now_ms, .limit = 0};

    CHECK_INT(run(&v.op, HY_VERB_REWIND), HY_E_INVALID);
    v.limit = 10001;
    CHECK_INT(run(&v.op, HY_VERB_REWIND), HY_E_INVALID);
    v.limit = 1;
    v.slack_ms = -1;
    CHECK_INT(run(&v.op, HY_VERB_REWIND), HY_E_INVALID);
}

void store_rewind_cases(void)
{
    CASE(what_was_to_go_by_now_is_due_now);
    CASE(what_was_asked_for_later_stays);
    CASE(what_is_unknown_asks_after_the_slack);
    CASE(one_that_nothing_asks_for_stays);
    CASE(parked_ones_too);
    CASE(so_many_a_call_in_order_of_id);
    CASE(arguments_are_checked);
}
