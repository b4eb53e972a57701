#include "domain/timeline.h"

#include "tap.h"

#include <stdlib.h>

enum { MOST = 16 };

static struct hy_grant grants[MOST];
static struct hy_answer answers[MOST];
static struct hy_told_message messages[MOST];
static struct hy_attempt attempts[MOST][MOST];
static struct hy_event events[MOST];
static struct hy_timeline_facts facts;
static struct hy_arena arena;
static struct hy_step *story;
static size_t count;

static void fresh(void)
{
    hy_arena_deinit(&arena);
    hy_arena_init(&arena);
    facts = (struct hy_timeline_facts){.grants = grants,
                                       .answers = answers,
                                       .messages = messages,
                                       .events = events,
                                       .whole = true,
                                       .now_ms = 1000000};
}

static struct hy_grant *add_grant(enum hy_grant_kind kind, const char *template_id, int32_t left)
{
    struct hy_grant *g = &grants[facts.grant_count++];

    *g = (struct hy_grant){.id = (int64_t)facts.grant_count,
                           .kind = kind,
                           .template_id = template_id,
                           .uses_total = 9,
                           .uses_left = left,
                           .state = left ? HY_GRANT_AVAILABLE : HY_GRANT_SPENT};
    return g;
}

static struct hy_grant *receipt(int64_t at_ms, int32_t left, int64_t expires_at_ms)
{
    struct hy_grant *g = add_grant(HY_GRANT_PREPAY_ID, NULL, left);

    g->obtained_at_ms = at_ms;
    g->expires_at_ms = expires_at_ms;
    return g;
}

static void answer(enum hy_answer_kind kind, const char *template_id, int32_t uses, int64_t at_ms)
{
    answers[facts.answer_count++] = (struct hy_answer){.id = (int64_t)facts.answer_count + 1,
                                                       .template_id = template_id,
                                                       .kind = kind,
                                                       .uses = uses,
                                                       .at_ms = at_ms};
}

static struct hy_message *message(const char *template_id, enum hy_message_state state,
                                  int64_t at_ms)
{
    struct hy_told_message *m = &messages[facts.message_count];

    *m = (struct hy_told_message){
        .message = {.id = (int64_t)facts.message_count + 1,
                    .template_id = template_id,
                    .state = state,
                    .accepted_at_ms = at_ms,
                    .settled_at_ms = hy_message_is_final(state) ? at_ms + 1 : 0},
        .attempts = attempts[facts.message_count]};
    facts.message_count++;
    return &m->message;
}

/* Of the last message. */
static void attempt(const struct hy_grant *grant, enum hy_grant_move move, int64_t at_ms)
{
    struct hy_told_message *m = &messages[facts.message_count - 1];

    m->attempts[m->attempt_count++] = (struct hy_attempt){.number = (int32_t)m->attempt_count + 1,
                                                          .at_ms = at_ms,
                                                          .grant_id = grant ? grant->id : 0,
                                                          .grant_move = move};
}

static void tell(void)
{
    story = hy_timeline(&facts, &arena, &count);
    CHECK(story != NULL);
}

static void check_next(size_t *at, enum hy_step_type type, int64_t before, int64_t after)
{
    CHECK(*at < count);
    CHECK_TEXT(hy_step_type_names[story[*at].type], hy_step_type_names[type]);
    CHECK(story[*at].known);
    CHECK_INT(story[*at].before, before);
    CHECK_INT(story[*at].after, after);
    ++*at;
}

/* --- counters --------------------------------------------------------------------------------- */

static void accepts_add_up_and_sends_take_them(void)
{
    size_t i = 0;
    struct hy_grant *g;

    fresh();
    g = add_grant(HY_GRANT_ONCE, "t", 1);
    answer(HY_ANSWER_ACCEPT, "t", 1, 10);
    answer(HY_ANSWER_ACCEPT, "t", 2, 20);
    message("t", HY_MESSAGE_SENT, 30);
    attempt(g, HY_GRANT_SPEND, 30);
    message("t", HY_MESSAGE_UNKNOWN, 40);
    attempt(g, HY_GRANT_DOUBT, 40);
    tell();
    check_next(&i, HY_STEP_ANSWER, 0, 1);
    check_next(&i, HY_STEP_ANSWER, 1, 3);
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 3, 3);
    check_next(&i, HY_STEP_ATTEMPT, 3, 2);
    check_next(&i, HY_STEP_SETTLED, 2, 2);
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 2, 2);
    check_next(&i, HY_STEP_ATTEMPT, 2, 1);
    CHECK_INT(i, count);
}

static void a_refusal_keeps_and_the_second_takes_all(void)
{
    size_t i = 0;
    struct hy_grant *g;

    fresh();
    g = add_grant(HY_GRANT_ONCE, "t", 2);
    g->state = HY_GRANT_REVOKED;
    answer(HY_ANSWER_ACCEPT, "t", 2, 10);
    message("t", HY_MESSAGE_FAILED, 20)->settled_at_ms = 90;
    attempt(g, HY_GRANT_REFUSE, 20);
    attempt(g, HY_GRANT_DROP, 80);
    tell();
    check_next(&i, HY_STEP_ANSWER, 0, 2);
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 2, 2);
    check_next(&i, HY_STEP_ATTEMPT, 2, 2);
    check_next(&i, HY_STEP_GRANT_SUSPECT, 2, 2);
    check_next(&i, HY_STEP_ATTEMPT, 2, 2);
    check_next(&i, HY_STEP_GRANT_REVOKED, 2, 0);
    check_next(&i, HY_STEP_SETTLED, 0, 0);
    CHECK_INT(i, count);
}

static void a_withdrawal_voids_what_was_before(void)
{
    size_t i = 0;

    fresh();
    add_grant(HY_GRANT_ONCE, "t", 1);
    answer(HY_ANSWER_ACCEPT, "t", 3, 10);
    answer(HY_ANSWER_WITHDRAW, "t", 1, 20);
    answer(HY_ANSWER_ACCEPT, "t", 1, 30);
    tell();
    check_next(&i, HY_STEP_ANSWER, 0, 3);
    check_next(&i, HY_STEP_ANSWER, 3, 3);
    CHECK_TEXT(story[i].reason, "withdrawn");
    check_next(&i, HY_STEP_GRANT_REVOKED, 3, 0);
    check_next(&i, HY_STEP_ANSWER, 0, 1);
    CHECK_INT(i, count);
}

static void a_withdrawal_that_was_overtaken_changes_nothing(void)
{
    size_t i = 0;

    fresh();
    add_grant(HY_GRANT_ONCE, "t", 1);
    answer(HY_ANSWER_ACCEPT, "t", 1, 30);
    answer(HY_ANSWER_WITHDRAW, "t", 1, 20);
    tell();
    check_next(&i, HY_STEP_ANSWER, 0, 0);
    check_next(&i, HY_STEP_ANSWER, 0, 1);
    CHECK_INT(i, count);
}

static void a_standing_permission_is_one(void)
{
    size_t i = 0;
    struct hy_grant *g;

    fresh();
    g = add_grant(HY_GRANT_ALWAYS, "t", 1);
    answer(HY_ANSWER_ACCEPT, "t", 1, 10);
    answer(HY_ANSWER_ACCEPT, "t", 1, 20);
    message("t", HY_MESSAGE_SENT, 30);
    attempt(g, HY_GRANT_SPEND, 30);
    tell();
    check_next(&i, HY_STEP_ANSWER, 0, 1);
    check_next(&i, HY_STEP_ANSWER, 1, 1);
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 1, 1);
    check_next(&i, HY_STEP_ATTEMPT, 1, 1);
    check_next(&i, HY_STEP_SETTLED, 1, 1);
}

static void templates_do_not_mix(void)
{
    size_t i = 0;

    fresh();
    add_grant(HY_GRANT_ONCE, "a", 1);
    add_grant(HY_GRANT_ONCE, "b", 5);
    answer(HY_ANSWER_ACCEPT, "a", 1, 10);
    answer(HY_ANSWER_ACCEPT, "b", 5, 20);
    answer(HY_ANSWER_REJECT, "a", 1, 30);
    tell();
    check_next(&i, HY_STEP_ANSWER, 0, 1);
    check_next(&i, HY_STEP_ANSWER, 0, 5);
    check_next(&i, HY_STEP_ANSWER, 1, 1);
}

/* --- a story that is cut ---------------------------------------------------------------------- */

static void cut_is_counted_back_from_the_ledger(void)
{
    size_t i = 0;
    struct hy_grant *g;

    fresh();
    facts.whole = false;
    g = add_grant(HY_GRANT_ONCE, "t", 7);
    answer(HY_ANSWER_ACCEPT, "t", 1, 10);
    message("t", HY_MESSAGE_SENT, 30);
    attempt(g, HY_GRANT_SPEND, 30);
    tell();
    check_next(&i, HY_STEP_ANSWER, 7, 8);
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 8, 8);
    check_next(&i, HY_STEP_ATTEMPT, 8, 7);
    check_next(&i, HY_STEP_SETTLED, 7, 7);
}

/* What there was before it was lost is forgotten, if it came back since. */
static void cut_says_what_it_cannot_know(void)
{
    size_t i = 2;

    fresh();
    facts.whole = false;
    add_grant(HY_GRANT_ONCE, "t", 1);
    answer(HY_ANSWER_ACCEPT, "t", 1, 10);
    answer(HY_ANSWER_WITHDRAW, "t", 1, 20);
    answer(HY_ANSWER_ACCEPT, "t", 1, 30);
    tell();
    CHECK(!story[0].known);
    CHECK(!story[1].known);
    CHECK(!story[2].known);
    i = 3;
    check_next(&i, HY_STEP_ANSWER, 0, 1);
}

static void cut_knows_what_the_revoked_row_keeps(void)
{
    size_t i = 0;
    struct hy_grant *g;

    fresh();
    facts.whole = false;
    g = add_grant(HY_GRANT_ONCE, "t", 6);
    g->state = HY_GRANT_REVOKED;
    answer(HY_ANSWER_ACCEPT, "t", 1, 10);
    answer(HY_ANSWER_WITHDRAW, "t", 1, 20);
    tell();
    check_next(&i, HY_STEP_ANSWER, 5, 6);
    check_next(&i, HY_STEP_ANSWER, 6, 6);
    check_next(&i, HY_STEP_GRANT_REVOKED, 6, 0);
}

/* --- receipts --------------------------------------------------------------------------------- */

static void receipts_are_counted_together(void)
{
    size_t i = 0;
    struct hy_grant *a, *b;

    fresh();
    a = receipt(10, 1, 500);
    b = receipt(20, 2, 2000000);
    message("t", HY_MESSAGE_SENT, 30);
    attempt(a, HY_GRANT_SPEND, 30);
    message("t", HY_MESSAGE_SENT, 40);
    attempt(a, HY_GRANT_SPEND, 40);
    message("t", HY_MESSAGE_SENT, 600);
    attempt(b, HY_GRANT_SPEND, 600);
    tell();
    check_next(&i, HY_STEP_GRANT_ADDED, 0, 3);
    check_next(&i, HY_STEP_GRANT_ADDED, 3, 6);
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 6, 6);
    check_next(&i, HY_STEP_ATTEMPT, 6, 5);
    check_next(&i, HY_STEP_SETTLED, 5, 5);
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 5, 5);
    check_next(&i, HY_STEP_ATTEMPT, 5, 4);
    check_next(&i, HY_STEP_SETTLED, 4, 4);
    check_next(&i, HY_STEP_GRANT_EXPIRED, 4, 3);
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 3, 3);
    check_next(&i, HY_STEP_ATTEMPT, 3, 2);
    check_next(&i, HY_STEP_SETTLED, 2, 2);
    CHECK_INT(i, count);
}

static void a_deleted_receipt_has_no_balance(void)
{
    struct hy_grant gone = {.id = 99};

    fresh();
    message("t", HY_MESSAGE_SENT, 30);
    attempt(&gone, HY_GRANT_SPEND, 30);
    tell();
    CHECK_INT(count, 3);
    CHECK(story[0].known);
    CHECK(!story[1].known);
}

static void a_bad_receipt_is_dropped_alone(void)
{
    size_t i = 2;
    struct hy_grant *a;

    fresh();
    a = receipt(10, 3, 0);
    receipt(20, 3, 0);
    a->state = HY_GRANT_REVOKED;
    message("t", HY_MESSAGE_QUEUED, 30);
    attempt(a, HY_GRANT_DROP, 30);
    tell();
    check_next(&i, HY_STEP_MESSAGE_ACCEPTED, 6, 6);
    check_next(&i, HY_STEP_ATTEMPT, 6, 6);
    check_next(&i, HY_STEP_GRANT_REVOKED, 6, 3);
}

static void events_stand_by_themselves(void)
{
    fresh();
    facts.event_count = 1;
    events[0] = (struct hy_event){.name = "user_enter_tempsession", .created_at_ms = 5};
    tell();
    CHECK_INT(count, 1);
    CHECK_TEXT(story[0].event->name, "user_enter_tempsession");
    CHECK(!story[0].known);
}

int main(void)
{
    RUN(accepts_add_up_and_sends_take_them);
    RUN(a_refusal_keeps_and_the_second_takes_all);
    RUN(a_withdrawal_voids_what_was_before);
    RUN(a_withdrawal_that_was_overtaken_changes_nothing);
    RUN(a_standing_permission_is_one);
    RUN(templates_do_not_mix);
    RUN(cut_is_counted_back_from_the_ledger);
    RUN(cut_says_what_it_cannot_know);
    RUN(cut_knows_what_the_revoked_row_keeps);
    RUN(receipts_are_counted_together);
    RUN(a_deleted_receipt_has_no_balance);
    RUN(a_bad_receipt_is_dropped_alone);
    RUN(events_stand_by_themselves);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
