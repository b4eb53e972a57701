/* What is kept for how long. */
#include "store_bulk.h"
#include "store_cases.h"

static bool is_kept(int64_t id)
{
    struct hy_message_get v = {.message_id = id, .arena = &rig.arena};

    return run(&v.op, HY_VERB_MESSAGE_GET) == 0;
}

static void messages_that_ended_go(void)
{
    struct hy_message *old = failed_with("u", "40037");
    struct hy_message *waits = post_with("w", HY_ON_MISSING_WAIT), *young;

    rig.now_ms += DAY;
    young = failed_with("u", "40037");
    CHECK_INT(retain(HY_RETAIN_MESSAGES, old->accepted_at_ms), 0); /* not before itself */
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms), 1);
    CHECK(!is_kept(old->id));
    CHECK(is_kept(waits->id));
    CHECK(is_kept(young->id));
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms), 0);
}

static void one_that_was_settled_lately_stays(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);

    rig.now_ms += DAY;
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms), 0);
    CHECK(is_kept(m->id));
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms + 1), 1);
}

static void an_unknown_one_goes_when_nothing_asks_for_it(void)
{
    struct hy_message *dead = post_with("u", HY_ON_MISSING_TRY), *asks;

    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    form("v", 0);
    asks = post("v");
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms + 1), 1);
    CHECK(!is_kept(dead->id));
    CHECK(is_kept(asks->id));
}

static void a_deleted_one_awaits_no_event(void)
{
    struct hy_sent_item sent = {.template_id = "T1", .delivered = true};
    struct hy_hear v = {
        .app_no = rig.app, .name = "e", .user = "u", .raw = "{}", .sent = &sent, .sent_count = 1};

    rig.expect_event = true;
    post_with("u", HY_ON_MISSING_TRY);
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms + 1), 1);
    v.created_at_ms = v.now_ms = rig.now_ms;
    CHECK_INT(run(&v.op, HY_VERB_HEAR), 0);
    CHECK_INT(sent.message_id, 0);
}

static void a_repeated_request_is_still_known(void)
{
    struct hy_admit_item first = keyed(draft("u"), "k", "b"), again;

    CHECK_INT(admit_items(&first, 1), 0);
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms + 1), 1);
    again = keyed(draft("u"), "k", "b");
    CHECK_INT(admit_items(&again, 1), 0);
    CHECK_INT(again.admission, HY_ADMITTED_BEFORE);
    CHECK_INT(again.message->id, first.message->id);
}

static void the_largest_id_does_not_go_back(void)
{
    struct hy_message *m = post("u");
    struct hy_message_list v = {.state = -1, .limit = 10, .arena = &rig.arena};

    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms + 1), 1);
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.count, 0);
    CHECK(post("u")->id > m->id);
}

static void a_broadcast_counts_what_is_deleted(void)
{
    int64_t id = run_to(3);

    feed(id, 3);
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms + 1), 3);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_FAILED], 3);
    CHECK_INT(broadcast(id)->fed, 3);
}

/* --- others ----------------------------------------------------------------------------------- */

static int64_t hear_raw(uint8_t identity)
{
    struct hy_hear v = {.app_no = rig.app,
                        .name = "e",
                        .created_at_ms = rig.now_ms,
                        .now_ms = rig.now_ms,
                        .raw = "{}",
                        .identity = {identity}};

    CHECK_INT(run(&v.op, HY_VERB_HEAR), 0);
    return v.event_id;
}

static void events_go_when_everybody_was_told(void)
{
    struct hy_events v = {.limit = 10, .arena = &rig.arena};
    int64_t hook, told;

    hear_raw(1);
    hook = listen_to(1u << HY_OUTCOME_CALLBACK_RAW);
    told = hear_raw(2);
    CHECK_INT(retain(HY_RETAIN_EVENTS, rig.now_ms), 0);
    rig.now_ms += DAY;
    CHECK_INT(retain(HY_RETAIN_EVENTS, rig.now_ms), 1);
    CHECK_INT(run(&v.op, HY_VERB_EVENTS), 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.events[0].id, told);
    tell_over(outbox_one(hook));
    CHECK_INT(retain(HY_RETAIN_EVENTS, rig.now_ms), 1);
    CHECK(hear_raw(3) > told); /* no number is used again */
}

static struct hy_deposit_item answer(enum hy_answer_kind kind)
{
    return (struct hy_deposit_item){.grant = {.app_no = rig.app,
                                              .user = "u",
                                              .kind = HY_GRANT_ONCE,
                                              .template_id = "T1",
                                              .uses_total = 1,
                                              .uses_left = 1,
                                              .obtained_at_ms = rig.now_ms},
                                    .answer = kind};
}

static struct hy_prospect prospect(void)
{
    struct hy_prospect item = {.template_id = "T1"};
    struct hy_prospects v = {.app_no = rig.app,
                             .user = "u",
                             .items = &item,
                             .count = 1,
                             .now_ms = rig.now_ms,
                             .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_PROSPECTS), 0);
    return item;
}

static void answers_go_and_the_newest_stays_known(void)
{
    struct hy_deposit_item item = answer(HY_ANSWER_REJECT);
    struct hy_timeline_read v = {.app_no = rig.app, .user = "u", .limit = 10, .arena = &rig.arena};
    int64_t rejected_ms = rig.now_ms;

    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    rig.now_ms += DAY;
    CHECK_INT(retain(HY_RETAIN_ANSWERS, rig.now_ms), 1);
    CHECK_INT(run(&v.op, HY_VERB_TIMELINE), 0);
    CHECK_INT(v.answer_count, 0);
    CHECK_INT(prospect().answered_at_ms, rejected_ms);
    CHECK_INT(prospect().answer, HY_ANSWER_REJECT);
}

/* What was withdrawn makes older accepts void, however long ago it was. */
static void a_withdrawal_stays_known(void)
{
    struct hy_deposit_item item = answer(HY_ANSWER_WITHDRAW);

    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK_INT(retain(HY_RETAIN_ANSWERS, rig.now_ms + 1), 1);
    item = answer(HY_ANSWER_ACCEPT);
    item.grant.obtained_at_ms = rig.now_ms - HOUR;
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK_INT(item.added, 0);
}

static void receipts_that_are_spent_or_revoked_go(void)
{
    int64_t spent = form("u", 0);

    post("u");
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_TEXT(ledger("u", spent), "0/0 spent");
    form("u", 0);
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms), 0);
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms + 1), 1);
    CHECK_INT(grants("u", NULL)->count, 1); /* the good one */
    post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "41028");
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms + 1), 1);
    CHECK_INT(grants("u", NULL)->count, 0);
}

static void a_receipt_that_is_promised_stays(void)
{
    int64_t g = prepay("u", 0);

    for (int i = 0; i < 2; i++)
        post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "41028"); /* revoked, and the other holds a use */
    CHECK_TEXT(ledger("u", g), "3/1 revoked");
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms + 1), 0);
}

static void a_counter_goes_when_nothing_refers_to_it(void)
{
    once("u", "T1", 1);
    post("u");
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms + 1), 0); /* its message and answer are kept */
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms + 1), 1);
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms + 1), 0); /* its answer */
    CHECK_INT(retain(HY_RETAIN_ANSWERS, rig.now_ms + 1), 1);
    CHECK_INT(prospect().answer, HY_ANSWER_ACCEPT);
    CHECK(prospect().answered_at_ms > 0);
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms), 0);
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms + 1), 1);
    CHECK_INT(prospect().answered_at_ms, 0);
    CHECK_INT(prospect().counter.id, 0);
    once("u", "T1", 1); /* she begins anew */
    CHECK_TEXT(ledger("u", grants("u", NULL)->grants[0].id), "1/0 available");
}

static void a_counter_that_is_good_stays(void)
{
    once("u", "T1", 1);
    CHECK_INT(retain(HY_RETAIN_ANSWERS, rig.now_ms + 1), 1);
    CHECK_INT(retain(HY_RETAIN_GRANTS, rig.now_ms + 1), 0);
}

static void broadcasts_go_after_their_messages(void)
{
    struct hy_broadcast_wind_up w = {.limit = 100, .now_ms = rig.now_ms};
    struct hy_broadcasts v = {.limit = 9, .arena = &rig.arena};
    int64_t done = run_to(1), canceled = run_to(3), running = run_to(1);

    feed(done, 1);
    CHECK_INT(move_to(done, HY_BROADCAST_DONE, NULL), 0);
    CHECK_INT(move_to(canceled, HY_BROADCAST_CANCELED, NULL), 0);
    rig.now_ms += DAY;
    CHECK_INT(retain(HY_RETAIN_BROADCASTS, rig.now_ms), 0); /* a message; not wound up; running */
    w.broadcast_id = canceled;
    CHECK_INT(run(&w.op, HY_VERB_BROADCAST_WIND_UP), 0);
    CHECK_INT(retain(HY_RETAIN_BROADCASTS, rig.now_ms - DAY), 0);
    CHECK_INT(retain(HY_RETAIN_BROADCASTS, rig.now_ms), 1);
    CHECK_INT(retain(HY_RETAIN_MESSAGES, rig.now_ms), 1);
    CHECK_INT(retain(HY_RETAIN_BROADCASTS, rig.now_ms), 1);
    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.broadcasts[0].id, running);
    CHECK(draft_to(0) > running);
}

static void outcomes_go_told_or_not(void)
{
    int64_t hook = listen_to(EVERYTHING), sent_ms;
    struct hy_message *m = failed_with("u", "40037");
    struct hy_outbox_claim *v;

    rig.now_ms += HOUR;
    retry(m->id, 0);
    judge(claim_one(), HY_VERDICT_OK, "");
    sent_ms = rig.now_ms;
    rig.now_ms += HOUR;
    CHECK_INT(retain(HY_RETAIN_OUTBOX, sent_ms), 1);
    v = outbox(hook, 0);
    CHECK_INT(v->lanes[0].next_due_ms, sent_ms); /* as if the first had been told */
    CHECK_TEXT(told_all(hook), "message.sent");
}

static void a_step_looks_at_so_many(void)
{
    struct hy_retain v = {.kind = HY_RETAIN_MESSAGES, .limit = 2};
    size_t deleted = 0, steps = 0;
    int64_t cursor = 0;

    for (int i = 0; i < 7; i++) {
        post(i % 2 ? "a" : "b");
        if (i % 3 == 0)
            post_with("c", HY_ON_MISSING_WAIT);
    }
    v.before_ms = rig.now_ms + 1;
    do {
        CHECK_INT(run(&v.op, HY_VERB_RETAIN), 0);
        CHECK(v.deleted <= 2);
        CHECK(v.cursor > cursor || !v.more);
        cursor = v.cursor;
        deleted += v.deleted;
        CHECK(++steps < 20);
    } while (v.more);
    CHECK_INT(deleted, 7);
    CHECK(steps >= 4);
}

/* A store of one file looks at the clock after each record; another one need not. */
static void a_step_without_time_deletes_one(void)
{
    bool one_file = strcmp(hy_store_kind(rig.store), "sqlite") == 0;
    struct hy_retain v = {
        .op = {.verb = HY_VERB_RETAIN}, .kind = HY_RETAIN_MESSAGES, .limit = 100, .for_us = 1};
    size_t deleted = 0, steps = 0;

    for (int i = 0; i < 5; i++)
        failed_with("u", "40037");
    v.before_ms = rig.now_ms + 1;
    do {
        CHECK_INT(run(&v.op, HY_VERB_RETAIN), 0);
        deleted += v.deleted;
        steps++;
    } while (v.more && steps < 10);
    CHECK_INT(deleted, 5);
    if (one_file)
        CHECK_INT(steps, 5);
}

static void arguments_are_checked(void)
{
    struct hy_retain v = {.kind = HY_RETAIN_KINDS, .limit = 1};
    struct hy_vacuum vacuum = {.pages = 0};

    CHECK_INT(run(&v.op, HY_VERB_RETAIN), HY_E_INVALID);
    for (int kind = 0; kind < HY_RETAIN_KINDS; kind++) {
        v = (struct hy_retain){.kind = (enum hy_retain_kind)kind, .limit = 1};
        CHECK_INT(run(&v.op, HY_VERB_RETAIN), 0);
        CHECK_INT(v.deleted, 0);
        CHECK(hy_retain_names[kind] != NULL);
    }
    CHECK(hy_retain_names[HY_RETAIN_KINDS] == NULL);
    v.limit = 10001;
    CHECK_INT(run(&v.op, HY_VERB_RETAIN), HY_E_INVALID);
    CHECK_INT(run(&vacuum.op, HY_VERB_VACUUM), HY_E_INVALID);
    vacuum.pages = 100;
    CHECK_INT(run(&vacuum.op, HY_VERB_VACUUM), 0);
}

void store_retain_cases(void)
{
    CASE(messages_that_ended_go);
    CASE(one_that_was_settled_lately_stays);
    CASE(an_unknown_one_goes_when_nothing_asks_for_it);
    CASE(a_deleted_one_awaits_no_event);
    CASE(a_repeated_request_is_still_known);
    CASE(the_largest_id_does_not_go_back);
    CASE(a_broadcast_counts_what_is_deleted);
    CASE(events_go_when_everybody_was_told);
    CASE(answers_go_and_the_newest_stays_known);
    CASE(a_withdrawal_stays_known);
    CASE(receipts_that_are_spent_or_revoked_go);
    CASE(a_receipt_that_is_promised_stays);
    CASE(a_counter_goes_when_nothing_refers_to_it);
    CASE(a_counter_that_is_good_stays);
    CASE(broadcasts_go_after_their_messages);
    CASE(outcomes_go_told_or_not);
    CASE(a_step_looks_at_so_many);
    CASE(a_step_without_time_deletes_one);
    CASE(arguments_are_checked);
}
