/* What tells endpoints while the store has trouble, or while an operator changes them. */
#include "receiver.h"
#include "tap.h"

#include "base/err.h"
#include "crypto/random.h"
#include "engine/engine.h"
#include "store/backend.h"

enum { SECOND = 1000 };

static struct hy_backend_ops frail;
static enum hy_verb failing;
static int failures_left, spared; /* so many go well before the first failure */
static bool answer_lost;          /* it is done, and nobody hears of it */

/* In place of the verb that fails; memory can roll nothing back, so it is no failure of the storage. */
static int run_frail(struct hy_backend *backend, struct hy_op *op)
{
    if (op->verb == failing && failures_left > 0 && spared-- <= 0) {
        failures_left--;
        if (!answer_lost)
            return HY_E_LIMIT;
        hy_backend_memory.verbs[op->verb](backend, op);
        return HY_E_UNCERTAIN;
    }
    return hy_backend_memory.verbs[op->verb](backend, op);
}

static void open_frail(enum hy_verb verb)
{
    frail = hy_backend_memory;
    frail.verbs[verb] = run_frail;
    failing = verb;
    failures_left = spared = 0;
    answer_lost = false;
    rig_backend = &frail;
    receiver_open();
    rig_backend = NULL;
    hook_add(HOOK_URL, "'message.failed'");
}

static void pass_seconds(int count)
{
    for (int i = 0; i < count; i++) {
        rig_now_ms += SECOND;
        rig_run();
    }
}

static void what_was_told_is_settled_when_the_store_can(void)
{
    open_frail(HY_VERB_OUTBOX_SETTLE);
    fail_a_message();
    fail_a_message();
    failures_left = 3;
    told_answer(&told[0], 200);
    told_answer(&told[1], 500);
    CHECK_INT(hook_show(1).pending, 2);
    CHECK(!hy_engine_idle(rig.engine));
    pass_seconds(4);
    CHECK_INT(failures_left, 0);
    CHECK_INT(told_count, 2);
    CHECK_INT(hook_show(1).pending, 1);
    CHECK_TEXT(hook_show(1).last_error, "500");
    pass_seconds(7);
    CHECK_INT(told_count, 3);
    CHECK_TEXT(told[2].id, told[1].id);
    told_answer_all(200);
    CHECK_INT(hook_show(1).pending, 0);
    rig_close();
}

static void what_could_not_be_claimed_is_claimed_later(void)
{
    open_frail(HY_VERB_OUTBOX_CLAIM);
    failures_left = 3;
    fail_a_message();
    CHECK_INT(told_count, 0);
    pass_seconds(4);
    CHECK_INT(told_count, 1);
    told_answer_all(200);
    rig_close();
}

static void a_list_that_cannot_be_read_is_read_later(void)
{
    open_frail(HY_VERB_WEBHOOKS);
    failures_left = 2;
    hook_add("https://hooks.example.com/b", "'message.failed'");
    fail_a_message();
    CHECK_INT(told_count, 1);
    pass_seconds(3);
    CHECK_INT(told_count, 2);
    told_answer_all(200);
    rig_close();
}

static void verb_done(struct hy_op *op, void *arg)
{
    *(int *)arg = op->result;
}

/* A failed message is to be sent again, and canceled before that: two things to tell of one message. */
static void cancel_what_failed(void)
{
    struct hy_message_list list = {
        .op.verb = HY_VERB_MESSAGE_LIST, .state = -1, .limit = 1, .arena = &rig.arena};
    int retried = 1, canceled = 1;
    struct hy_retry retry = {.op = {.done = verb_done, .arg = &retried}};
    struct hy_cancel cancel = {.op = {.done = verb_done, .arg = &canceled}};

    CHECK_INT(hy_store_run(rig.store, &list.op), 0);
    CHECK_INT(list.count, 1);
    retry.message_id = cancel.message_id = list.messages[0].id;
    hy_engine_retry(rig.engine, &retry);
    hy_engine_cancel(rig.engine, &cancel);
    rig_run();
    CHECK_INT(retried, 0);
    CHECK_INT(canceled, 0);
}

/* The second outcome of a message is freed by the settling of the first. */
static void what_a_lost_answer_freed_is_told(void)
{
    open_frail(HY_VERB_OUTBOX_SETTLE);
    CHECK_INT(hook_change(1, "{'events':['message.failed','message.canceled']}"), 0);
    answer_lost = true;
    fail_a_message();
    cancel_what_failed();
    CHECK_INT(told_count, 1);
    failures_left = 1;
    told_answer(&told[0], 200);
    pass_seconds(2);
    CHECK_INT(failures_left, 0);
    CHECK_INT(told_count, 2);
    CHECK(strcmp(told[1].id, told[0].id) != 0);
    told_answer_all(200);
    pass_seconds(2);
    CHECK_INT(hook_show(1).pending, 0);
    CHECK(hy_engine_idle(rig.engine));
    rig_close();
}

static void one_whose_making_was_not_answered_is_told(void)
{
    open_frail(HY_VERB_WEBHOOK_PUT);
    answer_lost = true;
    failures_left = 1;
    CHECK_INT(hook_change(0, "{'url':'https://hooks.example.com/b','events':['message.failed']}"),
              HY_E_UNCERTAIN);
    fail_a_message();
    CHECK_INT(told_count, 2);
    told_answer_all(200);
    rig_close();
}

/* The list is asked for while what became of the other one is being settled. */
static void one_is_enabled_while_another_one_is_settled(void)
{
    struct hy_http_response well = {
        .outcome = HY_HTTP_ANSWERED, .status = 200, .body = "", .error = ""};

    open_frail(HY_VERB_WEBHOOKS);
    hook_add("https://hooks.example.com/b", "'message.failed'");
    fail_a_message();
    CHECK_INT(told_count, 2);
    told_answer(&told[0], 410);
    failures_left = spared = 1; /* not the test's own look */
    hook_enable(1);
    CHECK_INT(failures_left, 0);
    told[1].done(&well, told[1].arg);
    told[1].done = NULL;
    hy_engine_tick(rig.engine, rig_now_ms);
    rig_now_ms += SECOND;
    rig_run();
    pass_seconds(2);
    CHECK_INT(told_count, 3);
    CHECK_TEXT(told[2].id, told[0].id);
    told_answer_all(200);
    CHECK_INT(hook_show(1).pending, 0);
    rig_close();
}

/* More than two steps have. */
static void enabling_hurries_however_many_there_are(void)
{
    enum { MANY = 2500 };
    static const int64_t day_ms = 86400 * SECOND;
    struct hy_outbox_put late = {.op.verb = HY_VERB_OUTBOX_PUT,
                                 .outcome = {.webhook_id = 1, .type = HY_OUTCOME_TEST}};
    struct hy_outbox_lane lane = {.webhook_id = 1, .capacity = MANY};
    struct hy_outbox_claim due = {.op.verb = HY_VERB_OUTBOX_CLAIM, .lanes = &lane, .lane_count = 1};

    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    late.outcome.at_ms = rig_now_ms + 2 * day_ms;
    for (int i = 0; i < MANY; i++)
        CHECK_INT(hy_store_run(rig.store, &late.op), 0);
    hook_enable(1);
    CHECK(told_waiting() > 0);
    told_answer_all(410); /* takes no more */
    due.now_ms = rig_now_ms;
    due.lease_until_ms = rig_now_ms + 1;
    due.arena = &rig.arena;
    CHECK_INT(hy_store_run(rig.store, &due.op), 0);
    CHECK(due.count > 2000);
    rig_close();
}

int main(void)
{
    if (hy_crypto_init() != 0)
        return 1;
    RUN(what_was_told_is_settled_when_the_store_can);
    RUN(what_could_not_be_claimed_is_claimed_later);
    RUN(a_list_that_cannot_be_read_is_read_later);
    RUN(what_a_lost_answer_freed_is_told);
    RUN(one_whose_making_was_not_answered_is_told);
    RUN(one_is_enabled_while_another_one_is_settled);
    RUN(enabling_hurries_however_many_there_are);
    return hy_tap_end();
}
