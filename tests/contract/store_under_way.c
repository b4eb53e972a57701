/*
 * What a store may remember of a message between claim and settle is thrown away with the transaction that
 * changed it, and never outlives a change of its grant, its user's other messages or its app.
 */
#include "store_cases.h"

#include "store/backend.h"

static int commit_result; /* of the commits from now on, if not 0: nothing of them is stored */
static bool verbs_break;  /* of each group, the one that puts a fact */

static int commit(struct hy_backend *backend)
{
    if (commit_result == 0)
        return rig_backend()->commit(backend);
    rig_backend()->rollback(backend);
    return commit_result;
}

static int meta_put(struct hy_backend *backend, struct hy_op *op)
{
    return verbs_break ? HY_E_IO : rig_backend()->verbs[HY_VERB_META_PUT](backend, op);
}

static void reopen_breakable(void)
{
    static struct hy_backend_ops ops;

    ops = *rig_backend();
    ops.commit = commit;
    ops.verbs[HY_VERB_META_PUT] = meta_put;
    commit_result = 0;
    verbs_break = false;
    rig_reopen_with(&ops);
}

static void claim_in_vain(int result)
{
    struct hy_claim_lane lane = {
        .app_no = rig.app, .queue = rig.queue, .capacity = ALL, .margin_ms = rig.margin_ms};
    struct hy_claim v = {.lanes = &lane,
                         .lane_count = 1,
                         .now_ms = rig.now_ms,
                         .lease_until_ms = rig.now_ms + MINUTE,
                         .arena = &rig.arena};

    commit_result = result;
    CHECK_INT(run(&v.op, HY_VERB_CLAIM), result);
    commit_result = 0;
}

static struct hy_settle_item sent(const struct hy_claimed *c)
{
    struct hy_judgement ok = judged(HY_VERDICT_OK, "0");

    return settled(c, &ok);
}

static void settle_in_vain(const struct hy_claimed *c, int result)
{
    struct hy_settle_item item = sent(c);
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    commit_result = result;
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), result);
    commit_result = 0;
}

static const int failures[] = {HY_E_IO, HY_E_UNCERTAIN};
enum { FAILURES = sizeof failures / sizeof *failures };

static void a_claim_that_is_undone_never_was(void)
{
    int64_t use = form("u", rig.now_ms + 3 * DAY);
    const struct hy_message *m = post("u");
    struct hy_settle_item item;

    reopen_breakable();
    for (size_t i = 0; i < FAILURES; i++) {
        claim_in_vain(failures[i]);
        CHECK_STATE(m->id, QUEUED);
        CHECK_TEXT(ledger("u", use), "1/1 available");
    }
    item = sent(claim_one());
    CHECK_INT(settle_item(&item), 0);
    CHECK_STATE(m->id, SENT);
    CHECK_INT(recover(), 0);
}

static void a_settle_that_is_undone_never_was(void)
{
    int64_t use = prepay("u", rig.now_ms + 3 * DAY);
    const struct hy_message *m = post("u"), *next = post("u");
    const struct hy_claimed *c;
    struct hy_settle_item item;

    reopen_breakable();
    c = claim_one();
    CHECK_INT(c->message.id, m->id);
    for (size_t i = 0; i < FAILURES; i++) {
        settle_in_vain(c, failures[i]);
        CHECK_STATE(m->id, SENDING);
        CHECK_TEXT(ledger("u", use), "3/2 available");
        CHECK_INT(claim(ALL)->count, 0); /* the other one is parked still */
    }
    item = sent(c);
    CHECK_INT(settle_item(&item), 0);
    CHECK_INT(settle_item(&item), HY_E_CONFLICT);
    CHECK_TEXT(ledger("u", use), "2/1 available");
    CHECK_INT(claim_one()->message.id, next->id);
}

static void ignore(struct hy_op *op, void *arg)
{
}

/* A group that breaks runs again, one by one. */
static void a_settle_in_a_group_that_breaks_counts_once(void)
{
    int64_t use = prepay("u", rig.now_ms + 3 * DAY);
    const struct hy_message *m = post("u");
    struct hy_settle_item item;
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};
    struct hy_meta_put broken = {.name = "n", .value = "v"};

    reopen_breakable();
    item = sent(claim_one());
    verbs_break = true;
    v.op.verb = HY_VERB_SETTLE;
    broken.op.verb = HY_VERB_META_PUT;
    v.op.done = broken.op.done = ignore;
    hy_store_submit(rig.store, &v.op);
    hy_store_submit(rig.store, &broken.op);
    while (hy_store_pump(rig.store))
        continue;
    CHECK_INT(broken.op.result, HY_E_IO);
    CHECK_INT(v.op.result, 0);
    CHECK_INT(item.result, 0);
    CHECK_STATE(m->id, SENT);
    CHECK_TEXT(ledger("u", use), "2/0 available");
}

static void a_grant_that_changes_meanwhile_is_read_again(void)
{
    int64_t counter = once("u", "T", 1);
    struct hy_message *m = draft("u");
    const struct hy_claimed *c;
    struct hy_settle_item item;

    m->template_id = "T";
    CHECK_INT(admit(m), 0);
    c = claim_one();
    CHECK_INT(once("u", "T", 2), counter);
    CHECK_TEXT(ledger("u", counter), "3/1 available");
    item = sent(c);
    CHECK_INT(settle_item(&item), 0);
    CHECK_TEXT(ledger("u", counter), "2/0 available");
}

static void a_deposit_that_is_undone_changes_no_grant(void)
{
    int64_t counter = once("u", "T", 1);
    struct hy_deposit_item item = {.grant = {.app_no = rig.app,
                                             .user = "u",
                                             .kind = HY_GRANT_ONCE,
                                             .template_id = "T",
                                             .uses_total = 2,
                                             .uses_left = 2,
                                             .obtained_at_ms = rig.now_ms}};
    struct hy_deposit v = {.items = &item, .count = 1, .now_ms = rig.now_ms};
    struct hy_message *m = draft("u");
    struct hy_settle_item settle;

    m->template_id = "T";
    reopen_breakable();
    CHECK_INT(admit(m), 0);
    commit_result = HY_E_UNCERTAIN;
    CHECK_INT(run(&v.op, HY_VERB_DEPOSIT), HY_E_UNCERTAIN);
    commit_result = 0;
    CHECK_TEXT(ledger("u", counter), "1/1 available");
    settle = sent(claim_one());
    CHECK_INT(settle_item(&settle), 0);
    CHECK_TEXT(ledger("u", counter), "0/0 spent");
}

/* An id that is there already is found after others of the call were written. */
static void an_admission_that_is_undone_reserves_nothing(void)
{
    int64_t use = prepay("u", rig.now_ms + 3 * DAY);
    const struct hy_message *first = post("u");
    struct hy_message *m = draft("u"), *again = draft("v");
    struct hy_admit_item items[2] = {{.message = m, .margin_ms = rig.margin_ms},
                                     {.message = again, .margin_ms = rig.margin_ms}};
    struct hy_settle_item item;

    again->id = first->id;
    CHECK_INT(admit_items(items, 2), HY_E_EXISTS);
    CHECK_TEXT(ledger("u", use), "3/1 available");
    item = sent(claim_one());
    CHECK_INT(settle_item(&item), 0);
    CHECK_TEXT(ledger("u", use), "2/0 available");
}

static void delete_app(int result)
{
    struct hy_app_delete v = {.app_no = rig.app, .now_ms = rig.now_ms};

    commit_result = result;
    CHECK_INT(run(&v.op, HY_VERB_APP_DELETE), result);
    commit_result = 0;
}

static void an_app_that_is_deleted_meanwhile(void)
{
    int64_t use = prepay("u", rig.now_ms + 3 * DAY);
    const struct hy_message *m = post("u"), *next = post("u");
    const struct hy_claimed *c;
    struct hy_settle_item item;

    reopen_breakable();
    c = claim_one();
    CHECK_INT(claim(ALL)->count, 0); /* parks */
    delete_app(HY_E_UNCERTAIN);
    CHECK_STATE(next->id, QUEUED);
    delete_app(0);
    CHECK_STATE(m->id, SENDING);
    CHECK_STATE(next->id, CANCELED);
    CHECK_TEXT(ledger("u", use), "3/1 available");
    item = sent(c);
    CHECK_INT(settle_item(&item), 0);
    CHECK_STATE(m->id, SENT);
    CHECK_TEXT(ledger("u", use), "2/0 available");
    CHECK_INT(claim(ALL)->count, 0);
}

/* Two claims name it; what the first one took beside it is settled last. */
static void a_message_that_is_claimed_again(void)
{
    const struct hy_claimed *first, *again;
    struct hy_settle_item item;

    form("u", rig.now_ms + 3 * DAY);
    form("v", rig.now_ms + 3 * DAY);
    post("u");
    post("v");
    first = claim(ALL)->claimed;
    judge(&first[0], HY_VERDICT_TRANSIENT, "-1");
    rig.now_ms = next_due();
    again = claim_one();
    CHECK_INT(again->message.id, first[0].message.id);
    if (rig_durable())
        reopen_breakable();
    item = sent(&first[1]);
    CHECK_INT(settle_item(&item), 0);
    if (rig_durable())
        reopen_breakable();
    CHECK_INT(claim(ALL)->count, 0);
    item = sent(again);
    CHECK_INT(settle_item(&item), 0);
    CHECK_INT(recover(), 0);
}

void store_under_way_cases(void)
{
    CASE(a_grant_that_changes_meanwhile_is_read_again);
    CASE(a_message_that_is_claimed_again);
    CASE(an_admission_that_is_undone_reserves_nothing);
    if (!rig_durable())
        return; /* nothing breaks in memory */
    CASE(a_claim_that_is_undone_never_was);
    CASE(a_settle_that_is_undone_never_was);
    CASE(a_settle_in_a_group_that_breaks_counts_once);
    CASE(a_deposit_that_is_undone_changes_no_grant);
    CASE(an_app_that_is_deleted_meanwhile);
}
