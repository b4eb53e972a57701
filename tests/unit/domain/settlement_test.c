/*
 * Every row of the table in settlement.h, against every kind of grant, doubt, policy and age. What
 * the rows are for (nobody is messaged twice, no permission is lost) is settlement_walk_test.c's.
 */
#include "tap.h"

#include "domain/retry.h"
#include "domain/settlement.h"

#include <stddef.h>

static const int64_t now_ms = 1772323200000;
static const int64_t day_ms = 86400000;

/* One case of everything that the rules look at. */
struct scene {
    struct hy_message message;
    struct hy_grant grant_room;
    const struct hy_grant *grant; /* &grant_room, or null */
};

enum holding { NO_GRANT, PROVING, LAST_BUT_DOUBTED, SEVERAL_LEFT, COUNTER, STANDING, HOLDINGS };
enum age { FRESH, OLD_BY_TIME, OLD_BY_TRIES, OLD, AGES };

static bool grant_alive = true;
static struct hy_settle_rules rules = {.suspect_retry_ms = 7000, .unknown_settle_ms = 9000};

static void set_up(struct scene *s, enum holding holding, bool in_doubt, enum hy_policy policy,
                   enum age age)
{
    bool aged = age == OLD || age == OLD_BY_TIME;
    struct hy_grant *g = &s->grant_room;

    *s = (struct scene){0};
    s->message = (struct hy_message){
        .id = 77,
        .state = HY_MESSAGE_SENDING,
        .policy = policy,
        .in_doubt = in_doubt,
        .accepted_at_ms = aged ? now_ms - hy_retry_messages.give_up_ms : now_ms - 60000,
        .attempt_count = age == OLD || age == OLD_BY_TRIES ? hy_retry_messages.give_up_tries : 1,
        .grant_id = holding == NO_GRANT ? 0 : 9};
    *g = (struct hy_grant){.id = 9, .uses_reserved = 1, .uses_total = 3, .uses_left = 1};
    g->kind = holding == COUNTER    ? HY_GRANT_ONCE
              : holding == STANDING ? HY_GRANT_ALWAYS
                                    : HY_GRANT_PREPAY_ID;
    g->in_doubt = holding == LAST_BUT_DOUBTED;
    g->uses_left = holding == SEVERAL_LEFT ? 2 : 1;
    if (hy_grant_is_receipt(g->kind))
        g->expires_at_ms = grant_alive ? now_ms + day_ms : now_ms;
    s->grant = holding == NO_GRANT ? NULL : g;
}

/* The case that is being looked at, for the line of a fault. */
static char here[160];

#define CHECK_HERE(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            hy_tap_fail(__FILE__, __LINE__, "%s: %s", here, #condition);                           \
    } while (0)

static struct hy_settlement settled(const struct scene *s, const struct hy_judgement *j,
                                    int64_t hint_at_ms)
{
    struct hy_settlement settlement;

    memset(&settlement, 0x55, sizeof settlement);
    hy_settle(&s->message, s->grant, j, &rules, now_ms, hint_at_ms, &settlement);
    return settlement;
}

/* True for the delay that the retry policy gives this message. */
static bool at_growing_delay(const struct scene *s, int64_t due_at_ms)
{
    return due_at_ms ==
           now_ms + hy_retry_delay_ms(&hy_retry_messages, s->message.attempt_count, 77);
}

static void for_every_scene(void (*look)(const struct scene *s, enum holding holding, enum age age))
{
    struct scene s;

    for (int holding = 0; holding < HOLDINGS; holding++) {
        for (int bits = 0; bits < 4 * AGES; bits++) {
            set_up(&s, holding, bits & 1, bits >> 1 & 1, bits >> 2);
            snprintf(here, sizeof here, "holding %d, in doubt %d, policy %d, age %d", holding,
                     bits & 1, bits >> 1 & 1, bits >> 2);
            look(&s, holding, bits >> 2);
        }
    }
}

/* --- one row after the other ------------------------------------------------------------------ */

static void look_at_ok(const struct scene *s, enum holding holding, enum age age)
{
    struct hy_settlement t = settled(s, &(struct hy_judgement){.verdict = HY_VERDICT_OK}, 0);

    CHECK_HERE(t.state == HY_MESSAGE_SENT && t.grant_move == HY_GRANT_SPEND);
    CHECK_HERE(!t.in_doubt && t.due_at_ms == 0 && t.lane_pause_until_ms == 0);
    CHECK_HERE(t.reason[0] == 0);
}

static void ok_is_sent_and_spent(void)
{
    for_every_scene(look_at_ok);
}

static void look_at_used(const struct scene *s, enum holding holding, enum age age)
{
    struct hy_judgement used = {
        .verdict = HY_VERDICT_GRANT_GONE, .grant_used = true, .answered = true, .errcode = "41029"};
    struct hy_settlement t = settled(s, &used, 0);

    CHECK_HERE(t.lane_pause_until_ms == 0);
    CHECK_HERE(t.in_doubt == (t.state == HY_MESSAGE_UNKNOWN));
    if (holding == PROVING && s->message.in_doubt) {
        CHECK_HERE(t.state == HY_MESSAGE_SENT && t.grant_move == HY_GRANT_SPEND);
        CHECK_HERE(t.due_at_ms == 0 && strcmp(t.reason, "proved_by_receipt") == 0);
    } else if (s->message.in_doubt && s->message.policy == HY_POLICY_AT_MOST_ONCE) {
        /* Another use or another grant might be the second message. */
        CHECK_HERE(t.state == HY_MESSAGE_UNKNOWN && t.due_at_ms == 0);
        CHECK_HERE(t.grant_move == (holding == NO_GRANT ? HY_GRANT_GIVE_BACK : HY_GRANT_DROP));
    } else if (holding == NO_GRANT) {
        CHECK_HERE(t.state == HY_MESSAGE_FAILED && t.due_at_ms == 0);
        CHECK_HERE(t.grant_move == HY_GRANT_GIVE_BACK);
    } else {
        CHECK_HERE(t.state == HY_MESSAGE_QUEUED && t.grant_move == HY_GRANT_DROP);
        CHECK_HERE(t.due_at_ms == now_ms && strcmp(t.reason, "grant_gone.41029") == 0);
    }
}

static void used_already_proves_or_drops(void)
{
    for_every_scene(look_at_used);
}

static void look_at_gone(const struct scene *s, enum holding holding, enum age age)
{
    struct hy_judgement gone = {
        .verdict = HY_VERDICT_GRANT_GONE, .answered = true, .errcode = "41028"};
    struct hy_settlement t = settled(s, &gone, 0);

    CHECK_HERE(strcmp(t.reason, "grant_gone.41028") == 0);
    if (holding == NO_GRANT && s->message.in_doubt && s->message.policy == HY_POLICY_AT_MOST_ONCE) {
        CHECK_HERE(t.state == HY_MESSAGE_UNKNOWN && t.in_doubt && t.due_at_ms == 0);
        return;
    }
    CHECK_HERE(!t.in_doubt);
    CHECK_HERE(t.state == (holding == NO_GRANT ? HY_MESSAGE_FAILED : HY_MESSAGE_QUEUED));
    CHECK_HERE(t.grant_move == (holding == NO_GRANT ? HY_GRANT_GIVE_BACK : HY_GRANT_DROP));
    CHECK_HERE(t.due_at_ms == (holding == NO_GRANT ? 0 : now_ms));
}

static void gone_drops_and_takes_the_next(void)
{
    for_every_scene(look_at_gone);
}

static void look_at_refused(const struct scene *s, enum holding holding, enum age age)
{
    struct hy_judgement no = {.verdict = HY_VERDICT_GRANT_GONE,
                              .grant_refused = true,
                              .answered = true,
                              .errcode = "43101"};
    struct hy_settlement t = settled(s, &no, 0);

    CHECK_HERE(t.lane_pause_until_ms == 0);
    if (s->message.in_doubt && s->message.policy == HY_POLICY_AT_MOST_ONCE) {
        CHECK_HERE(t.state == HY_MESSAGE_UNKNOWN && t.in_doubt && t.due_at_ms == 0);
        CHECK_HERE(t.grant_move == (s->grant ? HY_GRANT_DOUBT : HY_GRANT_GIVE_BACK));
    } else if (holding == NO_GRANT) {
        CHECK_HERE(t.state == HY_MESSAGE_FAILED && strcmp(t.reason, "grant_gone.43101") == 0);
    } else {
        CHECK_HERE(t.state == HY_MESSAGE_WAITING && t.grant_move == HY_GRANT_REFUSE);
        CHECK_HERE(t.due_at_ms == now_ms + 7000 && t.grant_retry_at_ms == now_ms + 7000);
        CHECK_HERE(!t.in_doubt && strcmp(t.reason, "no_grant.suspect") == 0);
    }
}

static void the_first_refusal_waits(void)
{
    for_every_scene(look_at_refused);
}

static void look_at_second_refusal(const struct scene *s, enum holding holding, enum age age)
{
    struct hy_judgement no = {
        .verdict = HY_VERDICT_GRANT_GONE, .grant_refused = true, .errcode = "43101"};
    struct scene again = *s;
    struct hy_settlement t;

    if (holding == NO_GRANT)
        return;
    again.grant = &again.grant_room;
    again.grant_room.refusals = 1;
    rules.burst = true;
    look_at_refused(&again, holding, age);
    rules.burst = false;
    t = settled(&again, &no, 0);
    CHECK_HERE(t.state == HY_MESSAGE_QUEUED && t.grant_move == HY_GRANT_DROP);
    CHECK_HERE(t.due_at_ms == now_ms && !t.in_doubt);
    CHECK_HERE(strcmp(t.reason, "grant_gone.43101") == 0);
}

static void the_second_refusal_drops_but_in_a_burst(void)
{
    for_every_scene(look_at_second_refusal);
}

static void look_at_failures(const struct scene *s, enum holding holding, enum age age)
{
    static const enum hy_verdict verdicts[] = {HY_VERDICT_USER_GONE, HY_VERDICT_BAD_PAYLOAD};

    for (int i = 0; i < 2; i++) {
        struct hy_judgement j = {.verdict = verdicts[i], .answered = true, .errcode = "40037"};
        struct hy_settlement t = settled(s, &j, now_ms + 5);

        CHECK_HERE(t.state == HY_MESSAGE_FAILED && t.grant_move == HY_GRANT_GIVE_BACK);
        CHECK_HERE(t.due_at_ms == 0 && !t.in_doubt && t.lane_pause_until_ms == 0);
        CHECK_HERE(strcmp(t.reason, i ? "bad_payload.40037" : "user_gone.40037") == 0);
    }
}

static void user_and_payload_fail_and_give_back(void)
{
    for_every_scene(look_at_failures);
}

static void look_at_token(const struct scene *s, enum holding holding, enum age age)
{
    struct hy_judgement j = {.verdict = HY_VERDICT_TOKEN, .answered = true, .errcode = "40001"};
    struct scene again = *s;

    again.grant = s->grant ? &again.grant_room : NULL;
    for (again.message.attempt_count = 1; again.message.attempt_count < 6;
         again.message.attempt_count++) {
        struct hy_settlement t = settled(&again, &j, 0);

        CHECK_HERE(t.state == HY_MESSAGE_QUEUED && t.grant_move == HY_GRANT_KEEP);
        CHECK_HERE(t.in_doubt == s->message.in_doubt && t.lane_pause_until_ms == 0);
        CHECK_HERE(again.message.attempt_count < 3 ? t.due_at_ms == now_ms
                                                   : at_growing_delay(&again, t.due_at_ms));
    }
}

static void token_keeps_and_goes_again(void)
{
    for_every_scene(look_at_token);
}

static void look_at_pauses(const struct scene *s, enum holding holding, enum age age)
{
    struct hy_judgement rate = {.verdict = HY_VERDICT_RATE}, account = rate;
    struct hy_settlement t = settled(s, &rate, 0);

    account.verdict = HY_VERDICT_ACCOUNT;
    CHECK_HERE(t.state == HY_MESSAGE_QUEUED && t.grant_move == HY_GRANT_KEEP);
    CHECK_HERE(t.in_doubt == s->message.in_doubt && t.due_at_ms == now_ms);
    CHECK_HERE(t.lane_pause_until_ms == now_ms + 60000);
    t = settled(s, &rate, now_ms + day_ms);
    CHECK_HERE(t.lane_pause_until_ms == now_ms + day_ms && t.due_at_ms == now_ms);
    t = settled(s, &rate, now_ms - 1); /* a hint that is past already still pauses */
    CHECK_HERE(t.lane_pause_until_ms == now_ms + 60000);
    t = settled(s, &account, 0);
    CHECK_HERE(t.state == HY_MESSAGE_QUEUED && t.grant_move == HY_GRANT_KEEP);
    CHECK_HERE(t.lane_pause_until_ms == now_ms + 300000 && t.in_doubt == s->message.in_doubt);
}

static void rate_and_account_pause_the_lane(void)
{
    for_every_scene(look_at_pauses);
}

static void look_at_transient(const struct scene *s, enum holding holding, enum age age)
{
    for (int not_sent = 0; not_sent < 2; not_sent++) {
        struct hy_judgement j = {.verdict = HY_VERDICT_TRANSIENT, .not_sent = not_sent};
        bool in_doubt = s->message.in_doubt || !not_sent;
        struct hy_settlement t = settled(s, &j, 0);

        CHECK_HERE(t.lane_pause_until_ms == 0 &&
                   t.in_doubt == (in_doubt && (age != OLD || t.state == HY_MESSAGE_UNKNOWN)));
        if (age != OLD) {
            CHECK_HERE(t.state == HY_MESSAGE_QUEUED && t.grant_move == HY_GRANT_KEEP);
            CHECK_HERE(at_growing_delay(s, t.due_at_ms));
            CHECK_HERE(settled(s, &j, now_ms + 7).due_at_ms == now_ms + 7);
            CHECK_HERE(at_growing_delay(s, settled(s, &j, now_ms).due_at_ms));
        } else if (in_doubt) {
            CHECK_HERE(t.state == HY_MESSAGE_UNKNOWN && t.grant_move == HY_GRANT_DOUBT);
            CHECK_HERE(t.due_at_ms == 0);
        } else {
            CHECK_HERE(t.state == HY_MESSAGE_FAILED && t.grant_move == HY_GRANT_GIVE_BACK);
            CHECK_HERE(t.due_at_ms == 0 && strcmp(t.reason, "transient.not_sent") == 0);
        }
    }
}

static void transient_goes_again_until_it_is_old(void)
{
    for_every_scene(look_at_transient);
}

static void look_at_unknown(const struct scene *s, enum holding holding, enum age age)
{
    struct hy_settlement t = settled(s, &(struct hy_judgement){.verdict = HY_VERDICT_UNKNOWN}, 0);
    bool proves = holding == PROVING && grant_alive;
    bool another = s->message.policy == HY_POLICY_AT_LEAST_ONCE && age != OLD;

    CHECK_HERE(t.state == HY_MESSAGE_UNKNOWN && t.in_doubt && t.lane_pause_until_ms == 0);
    CHECK_HERE(t.grant_move == (proves ? HY_GRANT_KEEP : HY_GRANT_DOUBT));
    if (!proves && another && (holding == COUNTER || holding == STANDING))
        CHECK_HERE(t.due_at_ms == now_ms + 9000); /* the platform's event may tell until then */
    else
        CHECK_HERE(proves || another ? at_growing_delay(s, t.due_at_ms) : t.due_at_ms == 0);
    CHECK_HERE(strcmp(t.reason, "unknown.no_answer") == 0);
}

static void unknown_is_proved_or_left(void)
{
    for_every_scene(look_at_unknown);
}

/* A receipt whose time is over is refused for its age: that says nothing about our send. */
static void a_dead_receipt_proves_nothing(void)
{
    grant_alive = false;
    for_every_scene(look_at_unknown);
    grant_alive = true;
}

/* --- the rest --------------------------------------------------------------------------------- */

static void age_counts_from_when_it_was_asked_for(void)
{
    struct hy_judgement j = {.verdict = HY_VERDICT_TRANSIENT, .not_sent = true};
    struct scene s;

    set_up(&s, PROVING, false, HY_POLICY_AT_MOST_ONCE, OLD);
    CHECK_INT(settled(&s, &j, 0).state, HY_MESSAGE_FAILED);
    s.message.send_at_ms = now_ms - hy_retry_messages.give_up_ms + 1;
    CHECK_INT(settled(&s, &j, 0).state, HY_MESSAGE_QUEUED);
    s.message.send_at_ms--;
    CHECK_INT(settled(&s, &j, 0).state, HY_MESSAGE_FAILED);
    s.message.attempt_count--;
    CHECK_INT(settled(&s, &j, 0).state, HY_MESSAGE_QUEUED);
}

static void the_rules_have_defaults(void)
{
    CHECK_INT(hy_settle_rules_default.suspect_retry_ms, 21600000);
    CHECK_INT(hy_settle_rules_default.unknown_settle_ms, 600000);
    CHECK(!hy_settle_rules_default.burst);
}

static void reasons_name_the_verdict_and_the_code(void)
{
    struct hy_judgement j = {.verdict = HY_VERDICT_UNKNOWN, .answered = true};
    struct scene s;

    set_up(&s, PROVING, false, HY_POLICY_AT_MOST_ONCE, FRESH);
    CHECK_TEXT(settled(&s, &j, 0).reason, "unknown");
    snprintf(j.errcode, sizeof j.errcode, "-1");
    j.verdict = HY_VERDICT_TRANSIENT;
    CHECK_TEXT(settled(&s, &j, 0).reason, "transient.-1");
    memset(j.errcode, 'x', sizeof j.errcode - 1);
    CHECK_INT(strlen(settled(&s, &j, 0).reason), strlen("transient.") + sizeof j.errcode - 1);
}

/* settle may only say what the store takes: checks.c refuses a whole group for anything else. */
static void look_at_legality(const struct scene *s, enum holding holding, enum age age)
{
    for (int verdict = 0; verdict < HY_VERDICTS; verdict++) {
        for (int bits = 0; bits < 16; bits++) {
            struct hy_judgement j = {.verdict = verdict,
                                     .grant_used = bits & 1,
                                     .not_sent = bits >> 1 & 1,
                                     .answered = bits >> 2 & 1,
                                     .grant_refused = bits >> 3};
            struct hy_settlement t = settled(s, &j, 0);
            bool final = hy_message_is_final(t.state);

            CHECK_HERE(hy_message_may_move(HY_MESSAGE_SENDING, t.state));
            CHECK_HERE((t.grant_move == HY_GRANT_REFUSE) == (t.state == HY_MESSAGE_WAITING));
            CHECK_HERE((t.grant_move == HY_GRANT_REFUSE) == (t.grant_retry_at_ms > 0));
            CHECK_HERE((t.grant_move == HY_GRANT_SPEND) == (t.state == HY_MESSAGE_SENT));
            CHECK_HERE(!final || (t.grant_move != HY_GRANT_KEEP && t.grant_move != HY_GRANT_DOUBT));
            CHECK_HERE(!final || (t.due_at_ms == 0 && !t.in_doubt));
            /* What is not over comes back by itself, but for the unknown that nothing can settle.*/
            CHECK_HERE(final || t.due_at_ms >= now_ms || t.state == HY_MESSAGE_UNKNOWN);
            CHECK_HERE(memchr(t.reason, 0, sizeof t.reason));
            CHECK_HERE(t.reason[0] || verdict == HY_VERDICT_OK);
        }
    }
}

static void says_only_what_the_store_takes(void)
{
    for_every_scene(look_at_legality);
}

int main(void)
{
    RUN(ok_is_sent_and_spent);
    RUN(used_already_proves_or_drops);
    RUN(gone_drops_and_takes_the_next);
    RUN(the_first_refusal_waits);
    RUN(the_second_refusal_drops_but_in_a_burst);
    RUN(the_rules_have_defaults);
    RUN(user_and_payload_fail_and_give_back);
    RUN(token_keeps_and_goes_again);
    RUN(rate_and_account_pause_the_lane);
    RUN(transient_goes_again_until_it_is_old);
    RUN(unknown_is_proved_or_left);
    RUN(a_dead_receipt_proves_nothing);
    RUN(age_counts_from_when_it_was_asked_for);
    RUN(reasons_name_the_verdict_and_the_code);
    RUN(says_only_what_the_store_takes);
    return hy_tap_end();
}
