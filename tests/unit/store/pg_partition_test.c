/* Messages by weeks: partitions that are made ahead, filled, and dropped when all in them is old enough. */
#include "pg_rig.h"

#include "base/clock.h"
#include "domain/message.h"
#include "store/apps.h"
#include "store/grants.h"
#include "store/housekeeping.h"
#include "store/nodes.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR };
static const int64_t week_ms = 7 * DAY;
static const int64_t monday = 1767571200000; /* 2026-01-05, week 105 */
enum { WEEK = 105, LIMIT = 100 };

static struct hy_store *store;
static struct hy_pg_link *pg;
static struct hy_arena arena;
static struct hy_message_ids ids;
static int64_t now_ms, app_no;

static int run(struct hy_op *op, enum hy_verb verb)
{
    op->verb = verb;
    return hy_store_run(store, op);
}

/* --- SQL ---------------------------------------------------------------------------------------- */

static void script(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void script(const char *format, ...)
{
    char text[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pg_script(pg, text);
}

static int64_t ask(const char *text)
{
    static struct hy_pg_sql sql = {"asked", "SELECT number FROM answer_of_test"};

    script("DROP VIEW IF EXISTS answer_of_test; CREATE VIEW answer_of_test AS SELECT (%s)::bigint "
           "AS number",
           text);
    return pg_number(pg, &sql);
}

static void make_weeks(int from, int until)
{
    for (int week = from; week <= until; week++)
        script("SELECT week_make(%d)", week);
}

/* --- the store ---------------------------------------------------------------------------------- */

static void open_store(bool inline_mode)
{
    struct hy_store_config config = {.location = pg_url(), .inline_mode = inline_mode};
    char explain[300] = "";

    if (hy_store_open(&config, &store, explain, sizeof explain) < 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", explain);
}

static void end(void)
{
    hy_store_close(store);
    store = NULL;
    hy_pg_link_close(pg);
    pg = NULL;
    hy_arena_deinit(&arena);
}

static void fresh_with(bool inline_mode)
{
    struct hy_app_put app = {.app = {.id = "wx1", .platform = "wechat_mini", .settings = "{}"}};

    end();
    pg = pg_open(pg_url());
    pg_script(pg, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    open_store(inline_mode);
    hy_arena_init(&arena);
    now_ms = monday + HOUR;
    hy_message_ids_init(&ids, 0, 0);
    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    app_no = app.app.no;
}

static void fresh(void)
{
    fresh_with(true);
}

static void check_store(void)
{
    struct hy_check v = {.arena = &arena};
    int r = run(&v.op, HY_VERB_CHECK);

    if (v.count > 0)
        hy_tap_fail(__FILE__, __LINE__, "check: %s", v.findings[0]);
    CHECK_INT(r, 0);
}

static int64_t post(const char *user, enum hy_on_missing on_missing)
{
    struct hy_message m = {.id = hy_message_ids_next(&ids, now_ms),
                           .app_no = app_no,
                           .user = user,
                           .template_id = "T1",
                           .data = "{}",
                           .on_missing = on_missing,
                           .accepted_at_ms = now_ms};
    struct hy_admit_item item = {.message = &m};
    struct hy_admit v = {
        .items = &item, .count = 1, .now_ms = now_ms, .key_window_ms = DAY, .arena = &arena};

    CHECK_INT(run(&v.op, HY_VERB_ADMIT), 0);
    return m.id;
}

static int64_t failed(const char *user)
{
    return post(user, HY_ON_MISSING_FAIL);
}

static int64_t waits(const char *user)
{
    return post(user, HY_ON_MISSING_WAIT);
}

static struct hy_message_get fetched;

static int fetch(int64_t id)
{
    fetched = (struct hy_message_get){.message_id = id, .arena = &arena};
    return run(&fetched.op, HY_VERB_MESSAGE_GET);
}

static void deposit(const char *user)
{
    struct hy_deposit_item item = {.grant = {.app_no = app_no,
                                             .user = user,
                                             .kind = HY_GRANT_FORM_ID,
                                             .credential = user,
                                             .uses_total = 1,
                                             .uses_left = 1,
                                             .obtained_at_ms = now_ms,
                                             .expires_at_ms = now_ms + 7 * DAY}};
    struct hy_deposit v = {.items = &item, .count = 1, .now_ms = now_ms};

    CHECK_INT(run(&v.op, HY_VERB_DEPOSIT), 0);
}

static struct hy_claimed claim_one(void)
{
    struct hy_claim_lane lane = {.app_no = app_no,
                                 .queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_NORMAL),
                                 .capacity = 10};
    struct hy_claim v = {.lanes = &lane,
                         .lane_count = 1,
                         .now_ms = now_ms,
                         .lease_until_ms = now_ms + DAY,
                         .arena = &arena};

    CHECK_INT(run(&v.op, HY_VERB_CLAIM), 0);
    CHECK_INT(v.count, 1);
    return v.claimed[0];
}

static void judge(const struct hy_claimed *c, enum hy_verdict verdict)
{
    struct hy_judgement j = {.verdict = verdict, .answered = verdict != HY_VERDICT_UNKNOWN};
    struct hy_message counted = c->message;
    struct hy_settle_item item = {.message_id = c->message.id,
                                  .attempt = {.number = counted.attempt_count + 1,
                                              .at_ms = now_ms,
                                              .grant_id = c->grant.id,
                                              .judgement = j}};
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = now_ms};

    counted.attempt_count++;
    hy_settle(&counted, c->grant.id ? &c->grant : NULL, &j, &hy_settle_rules_default, now_ms, 0,
              &item.settlement);
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), 0);
    CHECK_INT(item.result, 0);
}

/* All that is older; how many went. `between` after each step. */
static size_t retain_and(int64_t before_ms, void (*between)(const struct hy_retain *v))
{
    struct hy_retain v = {.kind = HY_RETAIN_MESSAGES, .before_ms = before_ms, .limit = LIMIT};
    size_t deleted = 0, steps = 0;

    do {
        CHECK_INT(run(&v.op, HY_VERB_RETAIN), 0);
        deleted += v.deleted;
        if (between)
            between(&v);
        CHECK(++steps < 1000);
    } while (v.more);
    return deleted;
}

static size_t retain(int64_t before_ms)
{
    return retain_and(before_ms, NULL);
}

static int64_t messages_in(const char *table)
{
    char text[100];

    snprintf(text, sizeof text, "SELECT count(*) FROM %s", table);
    return ask(text);
}

static bool has_week(int week)
{
    char text[100];

    snprintf(text, sizeof text, "SELECT count(*) FROM week WHERE no = %d", week);
    return ask(text) == 1;
}

static int64_t listed(const char *user)
{
    struct hy_message_list v = {
        .app_no = user ? app_no : 0, .user = user, .state = -1, .limit = 1000, .arena = &arena};

    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK(!v.more);
    return (int64_t)v.count;
}

static int64_t counted(enum hy_message_state state)
{
    struct hy_counts v = {.arena = &arena};

    CHECK_INT(run(&v.op, HY_VERB_COUNTS), 0);
    for (size_t i = 0; i < v.count; i++)
        if (v.counts[i].state == state)
            return v.counts[i].messages;
    return 0;
}

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

/* --- dropping ----------------------------------------------------------------------------------- */

static void an_old_week_goes_as_a_whole(void)
{
    int64_t old, young;

    fresh();
    make_weeks(WEEK, WEEK + 1);
    for (int i = 0; i < 250; i++)
        old = failed("a");
    now_ms += week_ms;
    young = failed("a");
    CHECK_INT(retain(monday + week_ms - 1), 0); /* the last of them might be younger */
    CHECK_INT(fetch(old), 0);
    CHECK_INT(retain(monday + week_ms), 250);
    CHECK_INT(fetch(old), HY_E_NOT_FOUND);
    CHECK_INT(fetch(young), 0);
    CHECK(!has_week(WEEK) && has_week(WEEK + 1));
    CHECK_INT(ask("SELECT count(*) FROM pg_class WHERE relname IN ('message_p20260105', "
                  "'attempt_p20260105')"),
              0);
    CHECK_INT(counted(HY_MESSAGE_FAILED), 1);
    CHECK_INT(messages_in("dead"), 1);
    check_store();
}

static void who_has_to_stay_moves_to_the_rest(void)
{
    int64_t waiting, asks;
    struct hy_claimed c;

    fresh();
    make_weeks(WEEK, WEEK);
    failed("a");
    waiting = waits("b");
    deposit("c");
    asks = failed("c"); /* unknown, and the same receipt is to be asked again */
    c = claim_one();
    judge(&c, HY_VERDICT_UNKNOWN);
    now_ms += 2 * week_ms;
    CHECK_INT(retain(now_ms - 1), 1);
    CHECK(!has_week(WEEK));
    CHECK_INT(messages_in("message_rest"), 2);
    CHECK_INT(fetch(waiting), 0);
    CHECK_INT(fetched.message.state, HY_MESSAGE_WAITING);
    CHECK_INT(fetch(asks), 0);
    CHECK_INT(fetched.message.state, HY_MESSAGE_UNKNOWN);
    CHECK_INT(fetched.attempt_count, 1);
    CHECK_INT(listed(NULL), 2);
    CHECK_INT(listed("b"), 1);
    CHECK_INT(counted(HY_MESSAGE_WAITING), 1);
    check_store();
    deposit("b"); /* it is woken where it is now, and sent */
    c = claim_one();
    CHECK_INT(c.message.id, waiting);
    judge(&c, HY_VERDICT_OK);
    CHECK_INT(fetch(waiting), 0);
    CHECK_INT(fetched.message.state, HY_MESSAGE_SENT);
    check_store();
    CHECK_INT(retain(now_ms), 1); /* `asks`: its grant is over, and nothing asks for it any more */
    CHECK_INT(retain(now_ms + 1), 1);
    CHECK_INT(fetch(waiting), HY_E_NOT_FOUND);
    check_store();
}

static void one_that_was_settled_lately_stays_and_may_be_retried(void)
{
    struct hy_retry again = {.now_ms = 0};
    struct hy_claimed c;
    int64_t id;

    fresh();
    make_weeks(WEEK, WEEK);
    id = post("a", HY_ON_MISSING_TRY);
    now_ms += 3 * week_ms;
    c = claim_one();
    judge(&c, HY_VERDICT_BAD_PAYLOAD);
    CHECK_INT(retain(now_ms), 0);
    CHECK_INT(messages_in("message_rest"), 1);
    CHECK_INT(messages_in("dead"), 1);
    again.message_id = id;
    again.now_ms = now_ms;
    CHECK_INT(run(&again.op, HY_VERB_RETRY), 0);
    c = claim_one();
    judge(&c, HY_VERDICT_OK);
    CHECK_INT(fetch(id), 0);
    CHECK_INT(fetched.attempt_count, 2);
    check_store();
}

static void a_use_that_one_holds_is_in_doubt(void)
{
    struct hy_grant_list v = {.user = "a", .limit = 10, .arena = &arena};
    struct hy_claimed c;

    fresh();
    make_weeks(WEEK, WEEK);
    deposit("a");
    failed("a");
    c = claim_one();
    judge(&c, HY_VERDICT_UNKNOWN);
    script("UPDATE message SET due_at_ms = 0; DELETE FROM due; "
           "INSERT INTO dead SELECT app_no, id FROM message"); /* nothing asks for it any more */
    check_store();
    CHECK_INT(retain(now_ms + week_ms), 1);
    v.app_no = app_no;
    CHECK_INT(run(&v.op, HY_VERB_GRANT_LIST), 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.grants[0].uses_reserved, 0);
    CHECK(v.grants[0].in_doubt);
    check_store();
}

static int64_t changed_id;

/* When it was looked at and before it is dropped, somebody has it sent again. */
static void retry_once(const struct hy_retain *v)
{
    struct hy_retry again = {.message_id = changed_id, .now_ms = now_ms};

    if (v->cursor > changed_id && changed_id > 0) {
        CHECK_INT(run(&again.op, HY_VERB_RETRY), 0);
        changed_id = 0;
    }
}

static void what_changes_meanwhile_stays(void)
{
    int64_t id;

    fresh();
    make_weeks(WEEK, WEEK);
    id = changed_id = failed("a");
    for (int i = 0; i < 3 * LIMIT; i++)
        failed("b");
    now_ms += 2 * week_ms;
    CHECK_INT(retain_and(now_ms - 1, retry_once), 3 * LIMIT);
    CHECK_INT(changed_id, 0);
    CHECK(!has_week(WEEK));
    CHECK_INT(fetch(id), 0);
    CHECK_INT(fetched.message.state, HY_MESSAGE_QUEUED);
    check_store();
}

static struct hy_pg_link *in_the_way;

static void step_aside(const struct hy_retain *v)
{
    if (in_the_way && !v->more) {
        pg_script(in_the_way, "COMMIT");
        hy_pg_link_close(in_the_way);
        in_the_way = NULL;
    }
}

static void a_week_that_cannot_be_had_is_left_to_another_night(void)
{
    fresh();
    make_weeks(WEEK, WEEK + 1);
    failed("a");
    now_ms += week_ms;
    failed("a");
    now_ms += 2 * week_ms;
    in_the_way = pg_open(pg_url());
    pg_script(in_the_way, "BEGIN; LOCK TABLE message_p20260105 IN ACCESS SHARE MODE");
    CHECK_INT(retain_and(now_ms, step_aside), 1); /* the other week's */
    CHECK(has_week(WEEK) && !has_week(WEEK + 1));
    CHECK_INT(listed("a"), 1);
    check_store();
    CHECK_INT(retain(now_ms), 1);
    CHECK(!has_week(WEEK));
    check_store();
}

/* More has to stay than may be moved while everybody waits. */
static void a_crowded_week_goes_one_by_one(void)
{
    int64_t ids_from;

    fresh();
    make_weeks(WEEK, WEEK);
    failed("a");
    waits("b");
    ids_from = ids.last;
    script("INSERT INTO message SELECT (m).* FROM (SELECT jsonb_populate_record(m, "
           "jsonb_build_object('id', "
           "m.id + n, 'user', 'u' || n)) AS m FROM message m, generate_series(1, 20001) n "
           "WHERE m.id = %" PRId64 ") t",
           ids_from);
    script("INSERT INTO waiting SELECT app_no, \"user\", id FROM message WHERE id > %" PRId64
           "; UPDATE tally SET number = number + 20001 WHERE state = 1",
           ids_from);
    check_store();
    now_ms += 2 * week_ms;
    CHECK_INT(retain(now_ms), 1);
    CHECK(has_week(WEEK));
    CHECK_INT(messages_in("message_p20260105"), 20002);
    CHECK_INT(ask("SELECT count(*) FROM week WHERE closing OR crowded"), 0);
    CHECK_INT(messages_in("survivor"), 0);
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
    hy_tap_run("rows_land_in_their_week", rows_land_in_their_week);
    hy_tap_run("attempts_lie_beside_them", attempts_lie_beside_them);
    hy_tap_run("a_week_is_made_once", a_week_is_made_once);
    hy_tap_run("what_was_in_the_rest_moves", what_was_in_the_rest_moves);
    hy_tap_run("nobody_waits_long_for_who_is_in_the_way", nobody_waits_long_for_who_is_in_the_way);
    hy_tap_run("weeks_are_made_ahead", weeks_are_made_ahead);
    hy_tap_run("an_old_week_goes_as_a_whole", an_old_week_goes_as_a_whole);
    hy_tap_run("who_has_to_stay_moves_to_the_rest", who_has_to_stay_moves_to_the_rest);
    hy_tap_run("one_that_was_settled_lately_stays_and_may_be_retried",
               one_that_was_settled_lately_stays_and_may_be_retried);
    hy_tap_run("a_use_that_one_holds_is_in_doubt", a_use_that_one_holds_is_in_doubt);
    hy_tap_run("what_changes_meanwhile_stays", what_changes_meanwhile_stays);
    hy_tap_run("a_week_that_cannot_be_had_is_left_to_another_night",
               a_week_that_cannot_be_had_is_left_to_another_night);
    hy_tap_run("a_crowded_week_goes_one_by_one", a_crowded_week_goes_one_by_one);
    hy_tap_run("reads_do_not_scan", reads_do_not_scan);
    hy_tap_run("a_rare_filter_is_searched_in_pieces", a_rare_filter_is_searched_in_pieces);
    end();
    return hy_tap_end();
}
