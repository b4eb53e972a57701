/* Counts of nodes that are no more: in node 0's rows soon, in bounded steps, and the sums are always the same. */
#include "pg_stores.h"

#include "base/clock.h"
#include "domain/message.h"
#include "store/grants.h"
#include "store/messages.h"

enum { LEASE_MS = 600000, DAY = 86400000, DEADLINE_US = 20000000, ROWS = 2500 };
static const int64_t now_ms = 1767571200000; /* 2026-01-05 */

static struct hy_store *a, *b, *c;
static struct hy_pg_link *pg;
static struct hy_message_ids ids;
static struct hy_arena arena;
static int64_t app_no;

/* --- in few words ------------------------------------------------------------------------------- */

static void end(void)
{
    hy_store_close(a);
    hy_store_close(b);
    hy_store_close(c);
    a = b = c = NULL;
    hy_pg_link_close(pg);
    pg = NULL;
    hy_arena_deinit(&arena);
}

static void fresh(void)
{
    end();
    stores_forget();
    hy_arena_init(&arena);
    a = store_open(pg_url());
    b = store_open(pg_url());
    pg = pg_open(pg_url());
    app_no = put_app(a, "wx1");
    hy_message_ids_init(&ids, 0, 0);
    CHECK_INT(beat_for(a, LEASE_MS).result, 0);
    CHECK_INT(beat_for(b, LEASE_MS).result, 0);
}

static int run(struct hy_store *store, struct hy_op *op, enum hy_verb verb)
{
    op->verb = verb;
    return hy_store_run(store, op);
}

/* A receipt, a counter and a message that takes the receipt. */
static void work(struct hy_store *store, const char *user)
{
    struct hy_message m = {.id = hy_message_ids_next(&ids, now_ms),
                           .app_no = app_no,
                           .user = user,
                           .template_id = "T2",
                           .data = "{}",
                           .accepted_at_ms = now_ms};
    struct hy_admit_item item = {.message = &m};
    struct hy_admit admit = {
        .items = &item, .count = 1, .now_ms = now_ms, .key_window_ms = DAY, .arena = &arena};
    struct hy_deposit_item grants[2] = {{.grant = {.app_no = app_no,
                                                   .user = user,
                                                   .kind = HY_GRANT_PREPAY_ID,
                                                   .credential = user,
                                                   .uses_total = 3,
                                                   .uses_left = 3,
                                                   .obtained_at_ms = now_ms,
                                                   .expires_at_ms = now_ms + 7 * DAY}},
                                        {.grant = {.app_no = app_no,
                                                   .user = user,
                                                   .kind = HY_GRANT_ONCE,
                                                   .template_id = "T1",
                                                   .uses_total = 2,
                                                   .uses_left = 2,
                                                   .obtained_at_ms = now_ms}}};
    struct hy_deposit deposit = {.items = grants, .count = 2, .now_ms = now_ms};

    CHECK_INT(run(store, &deposit.op, HY_VERB_DEPOSIT), 0);
    CHECK_INT(run(store, &admit.op, HY_VERB_ADMIT), 0);
}

static void check_store(struct hy_store *store)
{
    struct hy_check v = {.arena = &arena};
    int r = run(store, &v.op, HY_VERB_CHECK);

    if (v.count > 0)
        hy_tap_fail(__FILE__, __LINE__, "check: %s", v.findings[0]);
    CHECK_INT(r, 0);
}

/* Rows of whoever is no node. */
static int64_t left_over(void)
{
    static const struct hy_pg_sql sql = {
        "left_over",
        "SELECT count(*) FROM (SELECT node FROM tally UNION ALL SELECT node FROM "
        "broadcast_tally UNION ALL SELECT node FROM reach_counter UNION ALL SELECT node "
        "FROM reach_receipt) t WHERE node > 0 AND node NOT IN (SELECT node FROM node)"};

    return pg_number(pg, &sql);
}

static int64_t counted(void)
{
    static const struct hy_pg_sql sql = {
        "counted", "SELECT ((SELECT coalesce(sum(number), 0) FROM tally) + 10000 * (SELECT "
                   "coalesce(sum(number), 0) FROM broadcast_tally) + (SELECT coalesce(sum(uses + 7 "
                   "* users), 0) "
                   "FROM reach_counter) + 100 * (SELECT coalesce(sum(uses + 7 * users), 0) FROM "
                   "reach_receipt))::int8"};

    return pg_number(pg, &sql);
}

/* Until nothing is left over; it beats meanwhile, and what is counted stays. The most rows that one look
 * found less than the one before. */
static int64_t wait_folded(struct hy_store *store)
{
    int64_t until_us = hy_clock_mono_us() + DEADLINE_US, sum = counted(), left = left_over();
    int64_t most = 0;

    while (left > 0 && hy_clock_mono_us() < until_us) {
        int64_t now_left = left_over();

        most = left - now_left > most ? left - now_left : most;
        left = now_left;
        CHECK_INT(counted(), sum);
        CHECK(beat_for(store, LEASE_MS).took_us < 2000000);
        pg_sleep_ms(10);
    }
    CHECK_INT(left, 0);
    return most;
}

/* --- cases -------------------------------------------------------------------------------------- */

static void counts_of_a_node_that_left_are_kept(void)
{
    static const struct hy_pg_sql own = {
        "own", "SELECT count(*) FROM reach_counter WHERE node IN (SELECT node FROM node)"};
    static const struct hy_pg_sql others = {"others",
                                            "SELECT users FROM reach_counter WHERE node = 0"};
    struct hy_node_leave leave = {.op.result = 0};
    int64_t sum;

    fresh();
    work(a, "u1");
    work(a, "u2");
    work(b, "u3");
    sum = counted();
    CHECK_INT(run(a, &leave.op, HY_VERB_NODE_LEAVE), 0);
    CHECK(left_over() > 0);
    c = store_open(pg_url());
    CHECK_INT(beat_for(c, LEASE_MS).result, 0);
    wait_folded(c);
    CHECK_INT(counted(), sum);
    CHECK_INT(pg_number(pg, &own), 1); /* the living one's */
    CHECK_INT(pg_number(pg, &others), 2);
    check_store(b);
    work(b, "u1"); /* what was counted by the one is taken off by another */
    work(c, "u2");
    check_store(c);
}

/* Of a thousand nodes that were once. */
static void many_go_in_steps(void)
{
    char text[600];
    int64_t most;

    fresh();
    snprintf(text, sizeof text,
             "INSERT INTO reach_counter SELECT %lld, 'X' || n %% 7, 1000 + n, n, 2 * n FROM "
             "generate_series(1, %d) n; INSERT INTO tally SELECT %lld, n %% 3, n %% 5, 1000 + n, n "
             "FROM generate_series(1, %d) n",
             (long long)app_no, ROWS, (long long)app_no, ROWS);
    pg_script(pg, text);
    c = store_open(pg_url());
    CHECK_INT(beat_for(c, LEASE_MS).result, 0);
    most = wait_folded(c);
    CHECK(most < 2LL * ROWS); /* not all at once */
}

static void nobody_waits_for_it(void)
{
    struct hy_pg_link *busy = pg_open(pg_url_with("application_name=busy"));
    struct hy_node_leave leave = {.op.result = 0};

    fresh();
    work(a, "u1");
    work(b, "u2");
    pg_script(pg,
              "INSERT INTO reach_counter SELECT app_no, template_id, 0, 0, 0 FROM reach_counter "
              "LIMIT 1");
    /* Somebody has all that living nodes and node 0 count, and doesn't let go. */
    pg_script(busy, "BEGIN; SELECT FROM reach_counter WHERE node <= 0 OR node = (SELECT max(node) "
                    "FROM node) FOR UPDATE");
    CHECK_INT(run(a, &leave.op, HY_VERB_NODE_LEAVE), 0);
    c = store_open(pg_url());
    for (int i = 0; i < 20; i++) {
        CHECK(beat_for(c, LEASE_MS).took_us < 2000000);
        pg_sleep_ms(20);
    }
    CHECK(left_over() > 0);
    pg_script(busy, "COMMIT");
    hy_pg_link_close(busy);
    wait_folded(c);
    check_store(c);
}

int main(void)
{
    RUN(counts_of_a_node_that_left_are_kept);
    RUN(many_go_in_steps);
    RUN(nobody_waits_for_it);
    end();
    return hy_tap_end();
}
