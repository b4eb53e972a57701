#include "pg_weeks.h"

struct hy_store *store;
struct hy_pg_link *pg;
struct hy_arena arena;
struct hy_message_ids ids;
int64_t now_ms, app_no;

int run(struct hy_op *op, enum hy_verb verb)
{
    op->verb = verb;
    return hy_store_run(store, op);
}

/* --- SQL ---------------------------------------------------------------------------------------- */

void script(const char *format, ...)
{
    char text[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pg_script(pg, text);
}

int64_t ask(const char *text)
{
    static struct hy_pg_sql sql = {"asked", "SELECT number FROM answer_of_test"};

    script("DROP VIEW IF EXISTS answer_of_test; CREATE VIEW answer_of_test AS SELECT (%s)::bigint "
           "AS number",
           text);
    return pg_number(pg, &sql);
}

void make_weeks(int from, int until)
{
    for (int week = from; week <= until; week++)
        script("SELECT week_make(%d)", week);
}

/* --- the store ---------------------------------------------------------------------------------- */

void open_store(bool inline_mode)
{
    struct hy_store_config config = {.location = pg_url(), .inline_mode = inline_mode};
    char explain[300] = "";

    if (hy_store_open(&config, &store, explain, sizeof explain) < 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", explain);
}

void end(void)
{
    hy_store_close(store);
    store = NULL;
    hy_pg_link_close(pg);
    pg = NULL;
    hy_arena_deinit(&arena);
}

void fresh_with(bool inline_mode)
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

void fresh(void)
{
    fresh_with(true);
}

void check_store(void)
{
    struct hy_check v = {.arena = &arena};
    int r = run(&v.op, HY_VERB_CHECK);

    if (v.count > 0)
        hy_tap_fail(__FILE__, __LINE__, "check: %s", v.findings[0]);
    CHECK_INT(r, 0);
}

int64_t post(const char *user, enum hy_on_missing on_missing)
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

int64_t failed(const char *user)
{
    return post(user, HY_ON_MISSING_FAIL);
}

int64_t waits(const char *user)
{
    return post(user, HY_ON_MISSING_WAIT);
}

struct hy_message_get fetched;

int fetch(int64_t id)
{
    fetched = (struct hy_message_get){.message_id = id, .arena = &arena};
    return run(&fetched.op, HY_VERB_MESSAGE_GET);
}

void deposit(const char *user)
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

struct hy_claimed claim_one(void)
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

void judge(const struct hy_claimed *c, enum hy_verdict verdict)
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

size_t retain_and(int64_t before_ms, void (*between)(const struct hy_retain *v))
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

size_t retain(int64_t before_ms)
{
    return retain_and(before_ms, NULL);
}

int64_t messages_in(const char *table)
{
    char text[100];

    snprintf(text, sizeof text, "SELECT count(*) FROM %s", table);
    return ask(text);
}

bool has_week(int week)
{
    char text[100];

    snprintf(text, sizeof text, "SELECT count(*) FROM week WHERE no = %d", week);
    return ask(text) == 1;
}

int64_t listed(const char *user)
{
    struct hy_message_list v = {
        .app_no = user ? app_no : 0, .user = user, .state = -1, .limit = 1000, .arena = &arena};

    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK(!v.more);
    return (int64_t)v.count;
}

int64_t counted(enum hy_message_state state)
{
    struct hy_counts v = {.arena = &arena};

    CHECK_INT(run(&v.op, HY_VERB_COUNTS), 0);
    for (size_t i = 0; i < v.count; i++)
        if (v.counts[i].state == state)
            return v.counts[i].messages;
    return 0;
}
