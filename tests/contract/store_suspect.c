/* Suspect grants: a refusal that may be wrong burns nothing, and is tried again. */
#include "store_suspect.h"

#include "store_cases.h"

int64_t refuse(void)
{
    struct hy_claimed *c = claim_one();

    judge(c, HY_VERDICT_GRANT_GONE, "43101");
    return c->message.id;
}

/* Those that cannot go are un-parked one by one; returns how many ended. */
static size_t claim_none(void)
{
    size_t ended = 0, more;

    do {
        struct hy_claim *c = claim(ALL);

        CHECK_INT(c->count, 0);
        more = c->ended;
        ended += more;
    } while (more > 0);
    return ended;
}

void check_waits(int64_t id, int64_t due_at_ms)
{
    CHECK_STATE(id, WAITING);
    CHECK_TEXT(get(id)->reason, "no_grant.suspect");
    CHECK_INT(get(id)->due_at_ms, due_at_ms);
    CHECK_INT(get(id)->grant_id, 0);
    CHECK_INT(get(id)->settled_at_ms, 0);
}

void check_suspect(const char *user, int refusals, int64_t retry_at_ms)
{
    const struct hy_grant *g = counter_of(user);

    CHECK_INT(g->state, HY_GRANT_SUSPECT);
    CHECK_TEXT(g->reason, "43101");
    CHECK_INT(g->refusals, refusals);
    CHECK_INT(g->retry_at_ms, retry_at_ms);
}

static void the_first_refusal_waits_for_the_retry(void)
{
    for (int on_missing = HY_ON_MISSING_FAIL; on_missing <= HY_ON_MISSING_TRY; on_missing++) {
        const char *user = hy_arena_printf(&rig.arena, "u%d", on_missing);
        struct hy_message *m;

        once(user, "T1", 2);
        m = post_with(user, on_missing);
        CHECK_INT(refuse(), m->id);
        check_waits(m->id, rig.now_ms + RETRY);
        check_suspect(user, 1, rig.now_ms + RETRY);
        CHECK_TEXT(balance(user), "2/2 suspect");
        CHECK_INT(grants(user, "T1")->available, 0);
    }
    CHECK_INT(next_due(), rig.now_ms + RETRY);
    CHECK_INT(claim(ALL)->count, 0);
}

static void a_success_ends_it(void)
{
    int64_t g = once("u", "T1", 2);
    struct hy_message *m = post("u");

    refuse();
    rig.now_ms += RETRY - 1;
    CHECK_INT(claim(ALL)->count, 0);
    rig.now_ms++;
    CHECK_INT(grants("u", "T1")->available, 2);
    CHECK_INT(claim_one()->grant.id, g);
    CHECK_TEXT(ledger("u", g), "2/1 suspect");
    judge(&(struct hy_claimed){.message = *get(m->id), .grant = *grant("u", g)}, HY_VERDICT_OK, "");
    CHECK_STATE(m->id, SENT);
    CHECK_TEXT(ledger("u", g), "1/0 available");
    CHECK_INT(grant("u", g)->refusals, 0);
    CHECK_INT(grant("u", g)->retry_at_ms, 0);
    CHECK(grant("u", g)->reason == NULL);
    CHECK_STATE(post("u")->id, QUEUED);
}

static void the_second_refusal_is_believed(void)
{
    static const enum hy_message_state ends[] = {HY_MESSAGE_FAILED, HY_MESSAGE_WAITING,
                                                 HY_MESSAGE_SENDING};

    for (int on_missing = HY_ON_MISSING_FAIL; on_missing <= HY_ON_MISSING_TRY; on_missing++) {
        const char *user = hy_arena_printf(&rig.arena, "u%d", on_missing);
        struct hy_message *m;

        once(user, "T1", 3);
        m = post_with(user, on_missing);
        refuse();
        rig.now_ms += RETRY;
        refuse();
        CHECK_STATE(m->id, QUEUED);
        CHECK_TEXT(balance(user), "3/3 revoked");
        CHECK_TEXT(counter_of(user)->reason, "43101");
        CHECK_INT(counter_of(user)->retry_at_ms, 0);
        claim(ALL);
        CHECK_INT(state_of(m->id), ends[on_missing]);
        CHECK_INT(get(m->id)->due_at_ms, 0);
        if (on_missing != HY_ON_MISSING_TRY)
            CHECK_TEXT(get(m->id)->reason, "no_grant.revoked");
    }
}

static void in_a_burst_it_is_tried_again_and_again(void)
{
    once("u", "T1", 1);
    post("u");
    rig.rules.burst = true;
    for (int i = 1; i < 5; i++) {
        refuse();
        check_suspect("u", i, rig.now_ms + RETRY);
        rig.now_ms += RETRY;
    }
    rig.rules.burst = false;
    refuse();
    CHECK_TEXT(balance("u"), "1/1 revoked");
}

static void a_new_accept_wakes_at_once(void)
{
    struct hy_message *m, *second;
    size_t woken;
    struct hy_deposit_item item;

    once("u", "T1", 1);
    m = post("u");
    refuse();
    second = post_with("u", HY_ON_MISSING_WAIT);
    rig.now_ms += HOUR;
    item = accept_item("u", HY_SOURCE_EVENT);
    CHECK_INT(deposit_items(&item, 1, &woken), 0);
    CHECK_INT(woken, 2);
    CHECK_TEXT(balance("u"), "2/2 available");
    CHECK_INT(counter_of("u")->refusals, 0);
    CHECK_STATE(m->id, QUEUED);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms);
    CHECK_STATE(second->id, QUEUED);
    refuse(); /* the first refusal again */
    check_suspect("u", 1, rig.now_ms + RETRY);
}

static void who_comes_while_it_is_suspect(void)
{
    struct hy_message *m;
    int64_t retry_at_ms = rig.now_ms + RETRY;

    once("u", "T1", 4);
    post("u");
    refuse();
    rig.now_ms += HOUR;
    m = post("u");
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(m->reason, "no_grant.suspect");
    m = post_with("u", HY_ON_MISSING_WAIT);
    check_waits(m->id, retry_at_ms);
    CHECK_INT(m->due_at_ms, retry_at_ms);
    m = post_with("u", HY_ON_MISSING_TRY);
    CHECK_STATE(m->id, QUEUED);
    CHECK_INT(m->grant_id, 0);
    m = draft("u"); /* and one whose time comes while it is so */
    m->send_at_ms = rig.now_ms + MINUTE;
    m->on_missing = HY_ON_MISSING_WAIT;
    CHECK_INT(admit(m), 0);
    judge(claim_one(), HY_VERDICT_OK, "");
    rig.now_ms += MINUTE;
    CHECK_INT(claim(ALL)->count, 0);
    check_waits(m->id, retry_at_ms);
}

/* It was promised a use: it waits for that, whatever on_missing says. */
static void who_held_a_use_waits_too(void)
{
    int64_t g = once("u", "T1", 4);
    int64_t retry_at_ms = rig.now_ms + RETRY;
    struct hy_message *m[4];

    for (int i = 0; i < 4; i++)
        m[i] = post_with("u", i % 3);
    CHECK_INT(refuse(), m[0]->id);
    CHECK_TEXT(ledger("u", g), "4/3 suspect");
    CHECK_INT(claim_none(), 3);
    CHECK_TEXT(ledger("u", g), "4/0 suspect");
    for (int i = 0; i < 4; i++)
        check_waits(m[i]->id, retry_at_ms);
    rig.now_ms = retry_at_ms;
    CHECK_INT(claim_one()->message.id, m[0]->id); /* one at a time; the others are parked */
    CHECK_TEXT(ledger("u", g), "4/1 suspect");
    CHECK_INT(next_due(), 0);
}

static void the_others_follow_the_one_that_tried(void)
{
    struct hy_message *m[3];

    once("u", "T1", 3);
    for (int i = 0; i < 3; i++)
        m[i] = post("u");
    refuse();
    CHECK_INT(claim_none(), 2);
    rig.now_ms += RETRY;
    for (int i = 0; i < 3; i++) {
        struct hy_claimed *c = claim_one();

        CHECK_INT(c->message.id, m[i]->id);
        judge(c, HY_VERDICT_OK, "");
    }
    CHECK_TEXT(balance("u"), "0/3 spent");
}

static void the_others_fall_with_the_one_that_tried(void)
{
    struct hy_message *m[3];

    once("u", "T1", 3);
    for (int i = 0; i < 3; i++)
        m[i] = post_with("u", i % 2);
    refuse();
    CHECK_INT(claim_none(), 2);
    rig.now_ms += RETRY;
    refuse();
    CHECK_INT(claim_none(), 3);
    CHECK_STATE(m[0]->id, FAILED);
    CHECK_STATE(m[1]->id, WAITING);
    CHECK_INT(get(m[1]->id)->due_at_ms, 0);
    CHECK_TEXT(get(m[1]->id)->reason, "no_grant.revoked");
    CHECK_STATE(m[2]->id, FAILED);
}

/* The one that tries is queued again (its request never left), so that nobody else may try. */
static void who_finds_it_taken_is_woken_by_the_end_of_the_try(void)
{
    static const enum hy_verdict ends[] = {HY_VERDICT_OK, HY_VERDICT_UNKNOWN,
                                           HY_VERDICT_BAD_PAYLOAD};

    for (int i = 0; i < 3; i++) {
        const char *user = hy_arena_printf(&rig.arena, "u%d", i);
        struct hy_judgement j = judged(HY_VERDICT_TRANSIENT, "");
        struct hy_settle_item item;
        struct hy_message *first, *second;

        once(user, "T1", 2);
        first = post(user);
        refuse();
        second = post_with(user, HY_ON_MISSING_WAIT);
        rig.now_ms += RETRY;
        j.not_sent = true;
        item = settled(claim_one(), &j);
        CHECK_INT(settle_item(&item), 0);
        CHECK_STATE(first->id, QUEUED);
        CHECK_INT(claim_none(), 1);
        check_waits(second->id, 0);
        rig.now_ms = get(first->id)->due_at_ms;
        judge(claim_one(), ends[i], "");
        CHECK_STATE(second->id, QUEUED);
        judge(claim_one(), HY_VERDICT_OK, "");
        CHECK_STATE(second->id, SENT);
    }
}

static void a_fault_of_the_message_says_nothing_about_it(void)
{
    once("u", "T1", 2);
    post("u");
    refuse();
    post_with("u", HY_ON_MISSING_WAIT);
    rig.now_ms += RETRY;
    judge(claim_one(), HY_VERDICT_BAD_PAYLOAD, "47003");
    CHECK_TEXT(balance("u"), "2/2 suspect");
    CHECK_INT(counter_of("u")->refusals, 1);
    refuse(); /* the second one goes, and is the second refusal */
    CHECK_TEXT(balance("u"), "2/2 revoked");
}

static void what_waits_for_it_may_end(void)
{
    struct hy_message *m = draft("u"), *late = draft("v");

    once("u", "T1", 1);
    once("v", "T1", 1);
    m->expires_at_ms = rig.now_ms + HOUR;
    CHECK_INT(admit(m), 0);
    refuse();
    CHECK_INT(admit(late), 0);
    refuse();
    CHECK_INT(cancel(late->id), 0);
    CHECK_STATE(late->id, CANCELED);
    CHECK_INT(get(late->id)->due_at_ms, 0);
    rig.now_ms += HOUR;
    CHECK_INT(sweep(ALL), 1);
    CHECK_STATE(m->id, EXPIRED);
    CHECK_INT(next_due(), 0);
}

static void it_expires_when_it_is_claimed_too_late(void)
{
    struct hy_message *m = draft("u");

    once("u", "T1", 1);
    m->expires_at_ms = rig.now_ms + RETRY;
    CHECK_INT(admit(m), 0);
    refuse();
    rig.now_ms += RETRY;
    CHECK_INT(claim(ALL)->ended, 1);
    CHECK_STATE(m->id, EXPIRED);
    CHECK_TEXT(balance("u"), "1/1 suspect");
}

static void turned_off_while_suspect_is_over(void)
{
    struct hy_message *m;

    once("u", "T1", 1);
    m = post("u");
    refuse();
    rig.now_ms += HOUR;
    withdraw("u", rig.now_ms);
    CHECK_TEXT(balance("u"), "1/1 revoked");
    CHECK_TEXT(counter_of("u")->reason, "withdrawn");
    rig.now_ms += RETRY;
    claim(ALL);
    CHECK_STATE(m->id, FAILED);
    CHECK_TEXT(get(m->id)->reason, "no_grant.revoked");
}

static void a_standing_one_is_suspect_and_tried_again(void)
{
    struct hy_message *m[3];

    always("u", "T1");
    for (int i = 0; i < 3; i++)
        m[i] = post("u");
    refuse();
    CHECK_TEXT(balance("u"), "1/1 suspect");
    CHECK_INT(claim_none(), 2);
    rig.now_ms += RETRY;
    for (int i = 0; i < 3; i++)
        judge(claim_one(), HY_VERDICT_OK, "");
    for (int i = 0; i < 3; i++)
        CHECK_STATE(m[i]->id, SENT);
    CHECK_TEXT(balance("u"), "1/1 available");
}

/* "System error" may have been a send, which took the last use: then 43101 is no news. */
static void a_refusal_after_a_doubt_is_unknown(void)
{
    struct hy_message *m;

    once("u", "T1", 1);
    m = post("u");
    judge(claim_one(), HY_VERDICT_TRANSIENT, "-1");
    rig.now_ms += HOUR;
    refuse();
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(get(m->id)->due_at_ms, 0);
    CHECK_TEXT(balance("u"), "0/1 spent");
}

static void the_front_refuses_what_is_no_refusal(void)
{
    struct hy_claimed *c;
    struct hy_judgement j = judged(HY_VERDICT_GRANT_GONE, "43101");

    once("u", "T1", 1);
    post("u");
    c = claim_one();
    for (int i = 0; i < 6; i++) {
        struct hy_settle_item item = settled(c, &j);
        struct hy_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};
        struct hy_settlement *s = &item.settlement;

        switch (i) {
        case 0: s->due_at_ms = 0; break;
        case 1: s->grant_retry_at_ms = 0; break;
        case 2: s->grant_move = HY_GRANT_GIVE_BACK; break;
        case 3: s->state = HY_MESSAGE_QUEUED; break;
        case 4: s->state = HY_MESSAGE_FAILED; break;
        default:
            s->state = HY_MESSAGE_QUEUED;
            s->grant_move = HY_GRANT_KEEP;
            s->due_at_ms = 0;
        }
        CHECK_INT(run(&v.op, HY_VERB_SETTLE), HY_E_INVALID);
    }
    CHECK_STATE(c->message.id, SENDING);
}

static void an_app_s_rules_count_at_start_up(void)
{
    struct hy_recover_app app = {.app_no = rig.app, .rules = hy_settle_rules_default};
    struct hy_recover v = {.now_ms = rig.now_ms, .apps = &app, .app_count = 1};
    struct hy_message *m = draft("u");

    once("u", "T1", 2);
    m->policy = HY_POLICY_AT_LEAST_ONCE;
    CHECK_INT(admit(m), 0);
    claim_one();
    app.rules.unknown_settle_ms = 77 * MINUTE;
    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms + 77 * MINUTE);
}

void store_suspect_cases(void)
{
    CASE(the_first_refusal_waits_for_the_retry);
    CASE(a_success_ends_it);
    CASE(the_second_refusal_is_believed);
    CASE(in_a_burst_it_is_tried_again_and_again);
    CASE(a_new_accept_wakes_at_once);
    CASE(who_comes_while_it_is_suspect);
    CASE(who_held_a_use_waits_too);
    CASE(the_others_follow_the_one_that_tried);
    CASE(the_others_fall_with_the_one_that_tried);
    CASE(who_finds_it_taken_is_woken_by_the_end_of_the_try);
    CASE(a_fault_of_the_message_says_nothing_about_it);
    CASE(what_waits_for_it_may_end);
    CASE(it_expires_when_it_is_claimed_too_late);
    CASE(turned_off_while_suspect_is_over);
    CASE(a_standing_one_is_suspect_and_tried_again);
    CASE(a_refusal_after_a_doubt_is_unknown);
    CASE(the_front_refuses_what_is_no_refusal);
    CASE(an_app_s_rules_count_at_start_up);
}
