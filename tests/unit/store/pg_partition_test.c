/* Messages by weeks: partitions that are made ahead and filled, and reads that look at few of them. */
#include "pg_weeks.h"

/* --- making ------------------------------------------------------------------------------------- */

static void rows_land_in_their_week(void)
{
    fresh();
    make_weeks(WEEK, WEEK + 1);
    failed("a");
    now_ms += week_ms - HOUR - 1; /* its last millisecond */
    failed("a");
    now_ms += 1;
    failed("a");
    now_ms += week_ms;
    failed("a");
    CHECK_INT(messages_in("message_p20260105"), 2);
    CHECK_INT(messages_in("message_p20260112"), 1);
    CHECK_INT(messages_in("message_rest"), 1);
    CHECK_INT(listed("a"), 4);
    check_store();
}

static void attempts_lie_beside_them(void)
{
    struct hy_claimed c;

    fresh();
    make_weeks(WEEK, WEEK);
    post("a", HY_ON_MISSING_TRY);
    c = claim_one();
    now_ms += 2 * week_ms; /* it counts when the message was made */
    judge(&c, HY_VERDICT_OK);
    CHECK_INT(messages_in("attempt_p20260105"), 1);
    check_store();
}

static void a_week_is_made_once(void)
{
    fresh();
    CHECK_INT(ask("SELECT week_make(105)::integer"), 1);
    CHECK_INT(ask("SELECT week_make(105)::integer"), 0);
    CHECK_INT(ask("SELECT weeks_make(105, 107)"), 1);
    CHECK(has_week(106));
    CHECK_INT(ask("SELECT weeks_make(105, 107)"), 1);
    CHECK_INT(ask("SELECT weeks_make(105, 107)"), 0);
    CHECK(has_week(107) && !has_week(108));
    check_store();
}

static void what_was_in_the_rest_moves(void)
{
    int64_t id;

    fresh();
    id = failed("a");
    make_weeks(WEEK, WEEK);
    CHECK_INT(messages_in("message_p20260105"), 1);
    CHECK_INT(messages_in("message_rest"), 0);
    CHECK_INT(fetch(id), 0);
    check_store();
}

static void nobody_waits_long_for_who_is_in_the_way(void)
{
    struct hy_pg_link *other;
    int64_t began_us;

    fresh();
    other = pg_open(pg_url());
    pg_script(other, "BEGIN; SELECT count(*) FROM message");
    began_us = hy_clock_mono_us();
    CHECK_INT(ask("SELECT week_make(105)::integer"), 0);
    CHECK(hy_clock_mono_us() - began_us < 2000000);
    CHECK(!has_week(WEEK));
    pg_script(other, "COMMIT");
    hy_pg_link_close(other);
    CHECK_INT(ask("SELECT week_make(105)::integer"), 1);
    check_store();
}

/* With its threads a store does that by itself, once it is a node. */
static void weeks_are_made_ahead(void)
{
    struct hy_node_beat beat = {.name = "n", .version = "1", .lease_ms = 60000, .arena = NULL};
    struct hy_meta_put work = {.name = "n", .value = "v"};
    int64_t end_us = hy_clock_mono_us() + 20000000;

    fresh_with(false);
    beat.arena = &arena;
    CHECK_INT(run(&beat.op, HY_VERB_NODE_BEAT), 0);
    while (ask("SELECT count(*) FROM week") < 3) {
        CHECK_INT(run(&work.op, HY_VERB_META_PUT), 0);
        CHECK(hy_clock_mono_us() < end_us);
        pg_sleep_ms(20);
    }
    CHECK_INT(ask("SELECT count(*) FROM week WHERE no = (extract(epoch FROM now() - "
                  "timestamptz '2024-01-01 00:00Z') / 604800)::integer"),
              1);
    check_store();
}

/* --- reading ------------------------------------------------------------------------------------ */

enum { WEEKS = 26, IN_A_WEEK = 2000 };

/* Half a year of messages to 1000 users, each tenth failed, each seventh of a broadcast. */
static void fill(void)
{
    make_weeks(WEEK, WEEK + WEEKS - 1);
    script(
        "INSERT INTO message SELECT week_id(%d + w) + n, %" PRId64
        ", 'u' || n %% 1000, 'T1', '{}', NULL, NULL, "
        "NULL, NULL, NULL, NULL, 0, false, CASE WHEN n %% 7 = 0 THEN 1 ELSE 0 END, "
        "CASE WHEN n %% 10 = 0 THEN 5 ELSE 3 END, NULL, 0, 0, 1, 0, 0, 0, 1, 0, false, 0, false, 0 "
        "FROM generate_series(0, %d) w, generate_series(1, %d) n",
        WEEK, app_no, WEEKS - 1, IN_A_WEEK);
    script("INSERT INTO dead SELECT app_no, id FROM message WHERE state = 5; ANALYZE message; "
           "ANALYZE dead");
}

static void look(struct hy_message_list v, size_t expected)
{
    size_t count = 0;

    v.arena = &arena;
    v.limit = 1000;
    do {
        CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
        count += v.count;
        v.before_id = v.next_before_id;
    } while (v.more);
    CHECK_INT(count, expected);
}

/* The counters of a session are there when it has ended. */
static int64_t scans(void)
{
    hy_store_close(store);
    store = NULL;
    pg_sleep_ms(50);
    hy_pg_link_close(pg);
    pg = pg_open(pg_url());
    open_store(true);
    return ask("SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_user_tables WHERE relname LIKE "
               "'message\\_p%' OR "
               "relname = 'dead'");
}

/* What is read goes down an index, of each week, to its end at most. */
static void reads_do_not_scan(void)
{
    int64_t before;

    fresh();
    fill();
    before = scans();
    for (int i = 0; i < 8; i++) { /* from the sixth time on a statement may have a general plan */
        look((struct hy_message_list){.app_no = app_no, .user = "u7", .state = -1}, WEEKS * 2);
        look((struct hy_message_list){.app_no = app_no, .user = "u7", .state = 5}, 0);
        look((struct hy_message_list){.broadcast_id = 1, .state = -1}, WEEKS * (IN_A_WEEK / 7));
        look((struct hy_message_list){.broadcast_id = 1, .state = 5}, WEEKS * (IN_A_WEEK / 70));
        look((struct hy_message_list){.app_no = app_no, .state = 5}, WEEKS * (IN_A_WEEK / 10));
        look((struct hy_message_list){.app_no = app_no, .state = 2}, 0);
        look((struct hy_message_list){.app_no = app_no, .state = -1, .reason = "none"}, 0);
        look((struct hy_message_list){.state = -1, .tag = "none"}, 0);
        CHECK_INT(fetch(ids.last + 1), HY_E_NOT_FOUND);
    }
    CHECK_INT(scans() - before, 0);
}

/* A call that finds nothing ends, and says where it was. */
static void a_rare_filter_is_searched_in_pieces(void)
{
    struct hy_message_list v = {
        .app_no = 0, .state = -1, .tag = "none", .limit = 10, .arena = &arena};
    int pieces = 0;

    fresh();
    fill();
    do {
        CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
        CHECK_INT(v.count, 0);
        CHECK(!v.more || v.before_id == 0 || v.next_before_id < v.before_id);
        v.before_id = v.next_before_id;
        pieces++;
    } while (v.more);
    CHECK_INT(pieces, (WEEKS * IN_A_WEEK + 19999) / 20000);
}

int main(void)
{
    RUN(rows_land_in_their_week);
    RUN(attempts_lie_beside_them);
    RUN(a_week_is_made_once);
    RUN(what_was_in_the_rest_moves);
    RUN(nobody_waits_long_for_who_is_in_the_way);
    RUN(weeks_are_made_ahead);
    RUN(reads_do_not_scan);
    RUN(a_rare_filter_is_searched_in_pieces);
    end();
    return hy_tap_end();
}
