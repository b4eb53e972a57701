/* Idempotency: the same request twice is one message. */
#include "store_cases.h"

static void a_twin_gets_the_first_answer(void)
{
    int64_t g = form("u", 0);
    struct hy_admit_item first = keyed(draft("u"), "k", "b");
    struct hy_admit_item twin = keyed(draft("u"), "k", "b");
    int64_t own_id = twin.message->id;

    CHECK_INT(admit_items(&first, 1), 0);
    CHECK_INT(admit_items(&twin, 1), 0);
    CHECK_INT(first.admission, HY_ADMITTED);
    CHECK_INT(twin.admission, HY_ADMITTED_BEFORE);
    CHECK_INT(twin.message->id, first.message->id);
    CHECK_INT(twin.message->state, HY_MESSAGE_QUEUED);
    CHECK(own_id != first.message->id);
    CHECK_TEXT(ledger("u", g), "1/1 available");
    CHECK_INT(claim(ALL)->count, 1);
}

static void a_twin_gets_the_state_of_then(void)
{
    struct hy_admit_item first = keyed(draft("u"), "k", "b");
    struct hy_admit_item failed = keyed(draft("v"), "k2", "b");
    struct hy_admit_item twin;

    form("u", 0);
    CHECK_INT(admit_items(&first, 1), 0);
    CHECK_INT(admit_items(&failed, 1), 0);
    judge(claim_one(), HY_VERDICT_OK, "");
    twin = keyed(draft("u"), "k", "b");
    CHECK_INT(admit_items(&twin, 1), 0);
    CHECK_INT(twin.message->state, HY_MESSAGE_QUEUED);
    CHECK(twin.message->reason == NULL);
    twin = keyed(draft("v"), "k2", "b");
    CHECK_INT(admit_items(&twin, 1), 0);
    CHECK_INT(twin.message->state, HY_MESSAGE_FAILED);
    CHECK_TEXT(twin.message->reason, "no_grant.never");
}

static void another_body_is_a_conflict(void)
{
    struct hy_admit_item first = keyed(draft("u"), "k", "b");
    struct hy_admit_item items[3] = {
        {.message = draft("u")}, keyed(draft("u"), "k", "B"), {.message = draft("u")}};
    struct hy_message_get gone = {.message_id = items[1].message->id, .arena = &rig.arena};

    CHECK_INT(admit_items(&first, 1), 0);
    CHECK_INT(admit_items(items, 3), 0);
    CHECK_INT(items[0].admission, HY_ADMITTED);
    CHECK_INT(items[1].admission, HY_ADMIT_CONFLICT);
    CHECK_INT(items[2].admission, HY_ADMITTED);
    CHECK_STATE(items[0].message->id, FAILED);
    CHECK_STATE(items[2].message->id, FAILED);
    CHECK_INT(run(&gone.op, HY_VERB_MESSAGE_GET), HY_E_NOT_FOUND);
}

static void what_comes_late_is_not_stored_but_its_twin_is_known(void)
{
    struct hy_admit_item items[3] = {
        keyed(draft("u"), "k", "b"), keyed(draft("u"), "late", "b"), {.message = draft("u")}};
    struct hy_admit_item first = keyed(draft("u"), "k", "b");
    struct hy_message_get gone = {.message_id = items[1].message->id, .arena = &rig.arena};

    first.message->expires_at_ms = rig.now_ms + 1;
    CHECK_INT(admit_items(&first, 1), 0);
    CHECK_INT(first.admission, HY_ADMITTED);
    rig.now_ms++;
    for (int i = 0; i < 3; i++)
        items[i].message->expires_at_ms = rig.now_ms;
    CHECK_INT(admit_items(items, 3), 0);
    CHECK_INT(items[0].admission, HY_ADMITTED_BEFORE);
    CHECK_INT(items[0].message->id, first.message->id);
    CHECK_INT(items[1].admission, HY_ADMIT_LATE);
    CHECK_INT(items[2].admission, HY_ADMIT_LATE);
    CHECK_INT(run(&gone.op, HY_VERB_MESSAGE_GET), HY_E_NOT_FOUND);
    items[1] = keyed(draft("u"), "late", "other body");
    CHECK_INT(admit_items(&items[1], 1), 0);
    CHECK_INT(items[1].admission, HY_ADMITTED);
}

static void what_may_only_be_a_repeat_is_not_stored(void)
{
    struct hy_admit_item first = keyed(draft("u"), "k", "b");
    struct hy_admit_item items[3] = {keyed(draft("u"), "k", "b"), keyed(draft("u"), "k", "B"),
                                     keyed(draft("u"), "new", "b")};
    struct hy_message_get gone = {.message_id = items[2].message->id, .arena = &rig.arena};

    CHECK_INT(admit_items(&first, 1), 0);
    for (int i = 0; i < 3; i++)
        items[i].repeat_only = true;
    CHECK_INT(admit_items(items, 3), 0);
    CHECK_INT(items[0].admission, HY_ADMITTED_BEFORE);
    CHECK_INT(items[0].message->id, first.message->id);
    CHECK_INT(items[1].admission, HY_ADMIT_CONFLICT);
    CHECK_INT(items[2].admission, HY_ADMIT_LATE);
    CHECK_INT(run(&gone.op, HY_VERB_MESSAGE_GET), HY_E_NOT_FOUND);
    items[2] = keyed(draft("u"), "new", "b");
    CHECK_INT(admit_items(&items[2], 1), 0);
    CHECK_INT(items[2].admission, HY_ADMITTED);
}

static void twins_in_one_call(void)
{
    struct hy_admit_item items[3] = {keyed(draft("u"), "k", "b"), keyed(draft("u"), "k", "b"),
                                     keyed(draft("u"), "k", "c")};

    CHECK_INT(admit_items(items, 3), 0);
    CHECK_INT(items[0].admission, HY_ADMITTED);
    CHECK_INT(items[1].admission, HY_ADMITTED_BEFORE);
    CHECK_INT(items[1].message->id, items[0].message->id);
    CHECK_INT(items[2].admission, HY_ADMIT_CONFLICT);
}

static void a_twin_may_repeat_its_id(void)
{
    struct hy_message *m = draft("u");
    struct hy_message same = *m;
    struct hy_admit_item first = keyed(m, "k", "b");
    struct hy_admit_item twin = keyed(&same, "k", "b");

    CHECK_INT(admit_items(&first, 1), 0);
    CHECK_INT(admit_items(&twin, 1), 0);
    CHECK_INT(twin.admission, HY_ADMITTED_BEFORE);
}

static void a_key_is_free_again_after_its_window(void)
{
    struct hy_admit_item first = keyed(draft("u"), "k", "b");
    struct hy_admit_item again;

    CHECK_INT(admit_items(&first, 1), 0);
    rig.now_ms += DAY - 1;
    again = keyed(draft("u"), "k", "b");
    CHECK_INT(admit_items(&again, 1), 0);
    CHECK_INT(again.admission, HY_ADMITTED_BEFORE);
    rig.now_ms += 1; /* a twin does not prolong the window */
    again = keyed(draft("u"), "k", "c");
    CHECK_INT(admit_items(&again, 1), 0);
    CHECK_INT(again.admission, HY_ADMITTED);
    again = keyed(draft("u"), "k", "b");
    CHECK_INT(admit_items(&again, 1), 0);
    CHECK_INT(again.admission, HY_ADMIT_CONFLICT);
}

static void ended(struct hy_op *op, void *arg)
{
    (void)op;
    ++*(int *)arg;
}

static void submit(struct hy_op *op, enum hy_verb verb, int *count)
{
    op->verb = verb;
    op->done = ended;
    op->arg = count;
    hy_store_submit(rig.store, op);
}

static const char *const group_keys[] = {"k1", "k2", "k3"};

/* Behind another verb in one transaction, where each is admitted by itself. */
static void every_key_of_a_group_is_kept(void)
{
    struct hy_admit_item items[3];
    struct hy_admit admits[3];
    struct hy_sweep sweep = {.now_ms = rig.now_ms, .limit = 1};
    int count = 0;

    for (int i = 0; i < 3; i++) {
        items[i] = keyed(draft("u"), group_keys[i], "b");
        admits[i] = (struct hy_admit){.items = &items[i],
                                      .count = 1,
                                      .now_ms = rig.now_ms,
                                      .key_window_ms = DAY,
                                      .arena = &rig.arena};
    }
    submit(&sweep.op, HY_VERB_SWEEP, &count);
    for (int i = 0; i < 3; i++)
        submit(&admits[i].op, HY_VERB_ADMIT, &count);
    while (count < 4 && hy_store_pump(rig.store))
        continue;
    for (int i = 0; i < 3; i++) {
        struct hy_admit_item twin = keyed(draft("u"), group_keys[i], "b");

        CHECK_INT(admits[i].op.result, 0);
        CHECK_INT(admit_items(&twin, 1), 0);
        CHECK_INT(twin.admission, HY_ADMITTED_BEFORE);
        CHECK_INT(twin.message->id, items[i].message->id);
    }
}

static void keys_are_bytes(void)
{
    struct hy_admit_item a = keyed(draft("u"), "", "b");
    struct hy_admit_item b = keyed(draft("u"), "k", "b");
    uint8_t late[HY_FINGERPRINT_BYTES] = {0};

    late[15] = 1; /* differs from `a` behind a zero byte only */
    CHECK_INT(admit_items(&a, 1), 0);
    b.key = late;
    CHECK_INT(admit_items(&b, 1), 0);
    CHECK_INT(b.admission, HY_ADMITTED);
}

void store_twins_cases(void)
{
    CASE(a_twin_gets_the_first_answer);
    CASE(a_twin_gets_the_state_of_then);
    CASE(another_body_is_a_conflict);
    CASE(what_comes_late_is_not_stored_but_its_twin_is_known);
    CASE(what_may_only_be_a_repeat_is_not_stored);
    CASE(twins_in_one_call);
    CASE(a_twin_may_repeat_its_id);
    CASE(a_key_is_free_again_after_its_window);
    CASE(every_key_of_a_group_is_kept);
    CASE(keys_are_bytes);
}
