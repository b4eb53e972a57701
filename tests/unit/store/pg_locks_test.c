/*
 * Who waits for whom: two stores on one database, of which nobody ever waits for the other out of order, and
 * how much of the server's table of locks a transaction takes.
 */
#include "pg_two.h"

#include "base/clock.h"
#include "store/front.h"
#include "store/grants.h"
#include "store/messages.h"
#include "store/postgres/postgres.h"
#include "store/webhooks.h"

enum { LATER = 2000000, SHORT_US = 5000000, APP = 1, APPS = 12, OF_EACH = 900 };

/* As the front: what the verb is known to need is locked at once. */
static int begin_with(struct hy_backend *b, struct hy_op *op, enum hy_verb verb)
{
    op->verb = verb;
    begin(b);
    return hy_backend_postgres.gather(b, op);
}

static int64_t locks(void)
{
    return number_of("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'");
}

/* --- verbs -------------------------------------------------------------------------------------- */

struct posting {
    struct hy_admit_item item;
    struct hy_admit verb;
};

static struct hy_op *posting(struct posting *p, const char *user)
{
    *p = (struct posting){.item = {.message = draft(APP, user)}};
    p->verb = (struct hy_admit){
        .items = &p->item, .count = 1, .now_ms = NOW, .key_window_ms = 1000, .arena = &arena};
    return &p->verb.op;
}

static int64_t post(const char *user)
{
    struct posting p;
    struct hy_op *op = posting(&p, user);

    CHECK_INT(begin_with(one, op, HY_VERB_ADMIT), 0);
    CHECK_INT(run_verb(one, op, HY_VERB_ADMIT), 0);
    commit(one);
    return p.item.message->id;
}

/* OF_EACH users of each of the apps. */
static struct hy_admit *many(int apps)
{
    size_t count = (size_t)apps * OF_EACH;
    struct hy_admit_item *items =
        (struct hy_admit_item *)hy_arena_array(&arena, count, sizeof *items);
    struct hy_admit *v = (struct hy_admit *)hy_arena_alloc(&arena, sizeof *v);
    char name[24];

    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "u%zu", i / (size_t)apps);
        items[i] =
            (struct hy_admit_item){.message = draft(APP + (int64_t)(i % (size_t)apps), name)};
    }
    *v = (struct hy_admit){.items = items, .count = count, .now_ms = NOW, .arena = &arena};
    return v;
}

/* --- out of order ------------------------------------------------------------------------------- */

/* One has a and wants b, the other has b: that is refused at once, and the next try waits for b in its turn. */
static void who_comes_late_does_not_wait(void)
{
    struct posting ours, theirs;
    struct hy_cancel late = {.now_ms = NOW};
    struct hy_op *our_op, *their_op;

    fresh();
    late.message_id = post("b");
    our_op = posting(&ours, "a");
    their_op = posting(&theirs, "b");
    CHECK_INT(begin_with(other, their_op, HY_VERB_ADMIT), 0);
    CHECK_INT(begin_with(one, our_op, HY_VERB_ADMIT), 0);
    CHECK_INT(run_verb(one, our_op, HY_VERB_ADMIT), 0);
    CHECK_INT(run_verb(one, &late.op, HY_VERB_CANCEL), HY_E_BUSY);
    hy_backend_postgres.rollback(one);
    CHECK_INT(run_verb(other, their_op, HY_VERB_ADMIT), 0);
    commit(other);

    CHECK_INT(locks(), 0);
    CHECK_INT(begin_with(one, our_op, HY_VERB_ADMIT), 0);
    CHECK_INT(locks(), 3); /* the app, a, b */
    CHECK_INT(run_verb(one, our_op, HY_VERB_ADMIT), 0);
    CHECK_INT(run_verb(one, &late.op, HY_VERB_CANCEL), 0);
    commit(one);
    CHECK_INT(begin_with(one, posting(&ours, "c"), HY_VERB_ADMIT), 0);
    CHECK_INT(locks(), 2); /* b is forgotten */
    hy_backend_postgres.rollback(one);
}

/* An app that others share is not waited for either, once somebody is locked. */
static void a_whole_app_is_not_waited_for_late(void)
{
    struct posting ours, theirs;
    struct hy_op *op;

    fresh();
    CHECK_INT(begin_with(other, posting(&theirs, "b"), HY_VERB_ADMIT), 0);
    op = posting(&ours, "a");
    CHECK_INT(begin_with(one, op, HY_VERB_ADMIT), 0);
    CHECK_INT(hy_desk_lock_app(hy_pg(one), APP), HY_E_BUSY);
    hy_backend_postgres.rollback(one);
    hy_backend_postgres.rollback(other);
    CHECK_INT(begin_with(one, op, HY_VERB_ADMIT), 0);
    CHECK_INT(number_of("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = "
                        "'ExclusiveLock'"),
              1);
    CHECK_INT(hy_desk_lock_app(hy_pg(one), APP), 0);
    commit(one);
}

/* Both have written already: each has a key that the other one wants. */
static void who_writes_twice_waits_shortly(void)
{
    static const uint8_t keys[2][HY_FINGERPRINT_BYTES] = {{1}, {2}}, body[HY_FINGERPRINT_BYTES];
    struct hy_backend *stores[2];
    struct posting first[2], second;
    int64_t from_us;

    fresh();
    stores[0] = one;
    stores[1] = other;
    for (int i = 0; i < 2; i++) {
        struct hy_op *op = posting(&first[i], i ? "b" : "a");

        first[i].item.key = keys[i];
        first[i].item.body = body;
        CHECK_INT(begin_with(stores[i], op, HY_VERB_ADMIT), 0);
        hy_pg(stores[i])->node = 1 + i; /* counts of its own */
        CHECK_INT(run_verb(stores[i], op, HY_VERB_ADMIT), 0);
        CHECK_INT(hy_desk_put_away(hy_pg(stores[i])), 0);
    }
    posting(&second, "c");
    second.item.key = keys[1];
    second.item.body = body;
    from_us = hy_clock_mono_us();
    CHECK_INT(run_verb(one, &second.verb.op, HY_VERB_ADMIT), 0);
    CHECK_INT(hy_backend_postgres.commit(one), HY_E_BUSY);
    CHECK(hy_clock_mono_us() - from_us < SHORT_US);
    commit(other);
    CHECK_INT(number_of("SELECT deadlocks FROM pg_stat_database WHERE datname = "
                        "current_database()"),
              0);
}

/* Sums of all nodes: whoever deletes them has them locked, so that comes last. */
static void purge_leaves_rows_of_others_for_the_end(void)
{
    struct hy_purge v = {.app_no = APP, .now_ms = 3600000, .limit = 100};

    fresh();
    pg_script(looker, "INSERT INTO reach_receipt (app_no, minute, node, users, uses) VALUES (1, 5, "
                      "7, 0, 0)");
    CHECK_INT(begin_with(one, &v.op, HY_VERB_PURGE), 0);
    CHECK_INT(run_verb(one, &v.op, HY_VERB_PURGE), 0);
    CHECK_INT(number_of("WITH free AS (SELECT minute FROM reach_receipt FOR UPDATE SKIP LOCKED) "
                        "SELECT count(*) FROM free"),
              1);
    commit(one);
    CHECK_INT(number_of("SELECT count(*) FROM reach_receipt"), 0);
}

/* Those of two verbs of a group, and the webhook of which the second one changes the state. */
static void outcomes_of_a_group_are_locked_at_once(void)
{
    struct hy_outbox_item late = {.outcome_id = 2, .webhook_id = 1, .over = true},
                          early = {.outcome_id = 1, .webhook_id = 1, .over = true};
    struct hy_outbox_state state = {.webhook_id = 1, .failing_since_ms = NOW};
    struct hy_outbox_settle second = {.op.verb = HY_VERB_OUTBOX_SETTLE,
                                      .items = &early,
                                      .count = 1,
                                      .states = &state,
                                      .state_count = 1,
                                      .now_ms = NOW};
    struct hy_outbox_settle first = {
        .op.next = &second.op, .items = &late, .count = 1, .now_ms = NOW};

    fresh();
    pg_script(
        looker,
        "INSERT INTO webhook VALUES (1, 'http://x', 1, 0, NULL, NULL, 0, false, 0, 0, 0, NULL); "
        "INSERT INTO outbox SELECT n, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0 FROM generate_series(1, 3) "
        "n");
    CHECK_INT(begin_with(one, &first.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(hy_pg_drain(hy_pg(one)->link), 0);
    CHECK_INT(number_of("WITH free AS (SELECT id FROM outbox FOR KEY SHARE SKIP LOCKED) SELECT "
                        "sum(id)::bigint FROM free"),
              3);
    CHECK_INT(number_of("WITH free AS (SELECT id FROM webhook FOR NO KEY UPDATE SKIP LOCKED) "
                        "SELECT count(*) FROM free"),
              0);
    CHECK_INT(run_verb(one, &first.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(run_verb(one, &second.op, HY_VERB_OUTBOX_SETTLE), 0);
    commit(one);
    CHECK_INT(number_of("SELECT sum(id)::bigint FROM outbox"), 3);
    CHECK_INT(number_of("SELECT failing_since_ms FROM webhook"), NOW);
}

/* Whoever makes all of them due passes over the one that is settled at that moment. */
static void what_is_settled_just_now_is_not_waited_for(void)
{
    struct hy_outbox_item item = {.outcome_id = 1, .webhook_id = 1, .due_at_ms = LATER + 1};
    struct hy_outbox_settle settle = {.items = &item, .count = 1, .now_ms = NOW};
    struct hy_outbox_hurry hurry = {.webhook_id = 1, .now_ms = NOW, .limit = 10};

    fresh();
    pg_script(
        looker,
        "INSERT INTO webhook VALUES (1, 'http://x', 1, 0, NULL, NULL, 0, false, 0, 0, 9, NULL); "
        "INSERT INTO outbox SELECT n, 2000000, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0 FROM "
        "generate_series(1, 2) n");
    CHECK_INT(begin_with(one, &settle.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(run_verb(one, &settle.op, HY_VERB_OUTBOX_SETTLE), 0);
    CHECK_INT(begin_with(other, &hurry.op, HY_VERB_OUTBOX_HURRY), 0);
    CHECK_INT(run_verb(other, &hurry.op, HY_VERB_OUTBOX_HURRY), 0);
    commit(other);
    commit(one);
    CHECK_INT(number_of("SELECT due_at_ms FROM outbox WHERE id = 1"), LATER + 1);
    CHECK_INT(number_of("SELECT due_at_ms FROM outbox WHERE id = 2"), NOW);
}

/* --- how many ----------------------------------------------------------------------------------- */

static void users_of_many_apps_are_bounded(void)
{
    struct hy_admit *v;

    fresh();
    v = many(APPS);
    CHECK_INT(begin_with(one, &v->op, HY_VERB_ADMIT), 0);
    CHECK(locks() <= HY_DESK_USERS_MAX + APPS);
    CHECK(locks() > OF_EACH); /* some app is still shared with others */
    CHECK_INT(run_verb(one, &v->op, HY_VERB_ADMIT), 0);
    commit(one);
    CHECK_INT(number_of("SELECT count(*) FROM message"), APPS * OF_EACH);
}

/* What there is no room for is claimed next. */
static void claims_of_many_apps_are_bounded(void)
{
    struct hy_claim_lane lanes[3];
    size_t claimed = 0;

    fresh();
    {
        struct hy_admit *v = many(3);

        CHECK_INT(begin_with(one, &v->op, HY_VERB_ADMIT), 0);
        CHECK_INT(run_verb(one, &v->op, HY_VERB_ADMIT), 0);
        commit(one);
    }
    for (int round = 0; round < 3; round++) {
        struct hy_claim v = {.lanes = lanes,
                             .lane_count = 3,
                             .now_ms = NOW + round,
                             .lease_until_ms = LATER,
                             .arena = &arena};

        for (int i = 0; i < 3; i++)
            lanes[i] = (struct hy_claim_lane){
                .app_no = APP + i, .queue = HY_RANK_NORMAL, .capacity = OF_EACH};
        CHECK_INT(begin_with(one, &v.op, HY_VERB_CLAIM), 0);
        CHECK_INT(run_verb(one, &v.op, HY_VERB_CLAIM), 0);
        CHECK(locks() <= HY_DESK_USERS_MAX + 3);
        CHECK(v.count > 0);
        claimed += v.count;
        if (claimed < 3 * OF_EACH)
            CHECK(lanes[2].next_due_ms > 0 && lanes[2].next_due_ms <= NOW + round + 100);
        commit(one);
    }
    CHECK_INT(claimed, 3 * OF_EACH);
}

int main(void)
{
    RUN(who_comes_late_does_not_wait);
    RUN(a_whole_app_is_not_waited_for_late);
    RUN(who_writes_twice_waits_shortly);
    RUN(purge_leaves_rows_of_others_for_the_end);
    RUN(outcomes_of_a_group_are_locked_at_once);
    RUN(what_is_settled_just_now_is_not_waited_for);
    RUN(users_of_many_apps_are_bounded);
    RUN(claims_of_many_apps_are_bounded);
    close_all();
    return hy_tap_end();
}
