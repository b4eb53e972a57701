/*
 * What the third schema made of a file of the second one; pages that are given back; and what retention
 * looks at.
 */
#include "sqlite_rig.h"

#include "store/housekeeping.h"
#include "store/sqlite/migrate.h"

#include <sys/stat.h>

static int claim(struct hy_store *store, int64_t app, int queue, int64_t now_ms)
{
    struct hy_claim_lane lane = {.app_no = app, .queue = queue, .capacity = 10};
    struct hy_claim v = {.op = {.verb = HY_VERB_CLAIM},
                         .lanes = &lane,
                         .lane_count = 1,
                         .now_ms = now_ms,
                         .lease_until_ms = now_ms + 1000};
    struct hy_arena arena;

    hy_arena_init(&arena);
    v.arena = &arena;
    CHECK_INT(hy_store_run(store, &v.op), 0);
    hy_arena_deinit(&arena);
    return (int)v.count;
}

static struct hy_retain retain(struct hy_store *store, enum hy_retain_kind kind, int64_t before_ms,
                               size_t limit, int64_t cursor)
{
    struct hy_retain v = {.op = {.verb = HY_VERB_RETAIN},
                          .kind = kind,
                          .before_ms = before_ms,
                          .limit = limit,
                          .cursor = cursor};

    CHECK_INT(hy_store_run(store, &v.op), 0);
    return v;
}

static size_t vacuum_for(struct hy_store *store, size_t pages, int64_t for_us)
{
    struct hy_vacuum v = {.op = {.verb = HY_VERB_VACUUM}, .pages = pages, .for_us = for_us};

    CHECK_INT(hy_store_run(store, &v.op), 0);
    return v.left;
}

static size_t vacuum(struct hy_store *store, size_t pages)
{
    return vacuum_for(store, pages, 0);
}

/* --- files of before -------------------------------------------------------------------------- */

static void make_second_schema(const char *path)
{
    const struct hy_migration before[] = {hy_sqlite_migrations[0], hy_sqlite_migrations[1], {0}};
    sqlite3 *db = NULL;
    char explain[200];

    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(hy_sqlite_migrate(db, before, 1, explain, sizeof explain), 0);
    sqlite3_close(db);
    rig_sql(path,
            "PRAGMA application_id = 1213817198; "
            "INSERT INTO message (id, state, due_at_ms, parked_due_ms, lease_until_ms, grant_id, "
            "attempt_count, in_doubt, msgid, settled_at_ms, app_no, bucket, policy, on_missing, "
            "accepted_at_ms, send_at_ms, expires_at_ms, user, template_id, data, template_kind, "
            "reason) VALUES "
            "(1, 0, 900, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 2, 500, 0, 0, 'u', 'T', '{}', 2, NULL), "
            "(2, 0, 900, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 2, 500, 0, 0, 'v', 'L', '{}', 1, NULL), "
            "(3, 5, 0, 0, 0, 0, 0, 0, 0, 900, 1, 1, 0, 0, 500, 0, 0, 'w', 'T', '{}', 2, 'x.1'); "
            "INSERT INTO tally VALUES (1, 0, 2), (1, 5, 1)");
}

static void puts_old_messages_into_queues(void)
{
    struct hy_dead_groups dead = {
        .op = {.verb = HY_VERB_DEAD_GROUPS}, .filter = {.state = -1}, .limit = 10};
    struct hy_store *store;
    struct hy_arena arena;

    rig_begin();
    make_second_schema(rig_path("a.db"));
    store = rig_open(rig_path("a.db"));
    if (rig_check(store) > 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", rig_explain);
    hy_arena_init(&arena);
    dead.arena = &arena;
    CHECK_INT(hy_store_run(store, &dead.op), 0);
    CHECK_INT(dead.count, 1);
    CHECK_TEXT(dead.groups[0].reason, "x.1");
    CHECK_INT(dead.groups[0].newest_id, 3);
    hy_arena_deinit(&arena);
    for (int queue = 0; queue < HY_QUEUES; queue++)
        CHECK_INT(claim(store, 1, queue, 1000), queue % HY_RANKS == HY_RANK_NORMAL);
    CHECK_INT(vacuum(store, 100), 0);
    hy_store_close(store);
    CHECK_INT(rig_sql_int(rig_path("a.db"), "SELECT queue FROM message WHERE id = 2"), 5);
    rig_end();
}

/* What was in sending under an index of its own is found by the claim that the fourth schema noted. */
static void finds_what_was_in_sending_before(void)
{
    const struct hy_migration before[] = {
        hy_sqlite_migrations[0], hy_sqlite_migrations[1], hy_sqlite_migrations[2], {0}};
    struct hy_recover v = {.op = {.verb = HY_VERB_RECOVER}, .now_ms = 2000};
    struct hy_store *store;
    sqlite3 *db = NULL;
    char explain[200];

    rig_begin();
    make_second_schema(rig_path("a.db"));
    CHECK_INT(sqlite3_open(rig_path("a.db"), &db), SQLITE_OK);
    CHECK_INT(hy_sqlite_migrate(db, before, 1, explain, sizeof explain), 0);
    sqlite3_close(db);
    rig_sql(rig_path("a.db"), "UPDATE message SET state = 2, due_at_ms = 0, lease_until_ms = 1500 "
                              "WHERE state = 0; UPDATE tally SET state = 2 WHERE state = 0");
    store = rig_open(rig_path("a.db"));
    if (rig_check(store) > 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", rig_explain);
    CHECK_INT(hy_store_run(store, &v.op), 0);
    CHECK_INT(v.recovered, 2);
    CHECK_INT(rig_state(store, 1), HY_MESSAGE_UNKNOWN);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    CHECK_INT(rig_sql_int(rig_path("a.db"), "SELECT count(*) FROM claimed"), 0);
    rig_end();
}

/* --- pages ------------------------------------------------------------------------------------ */

static void cancel(struct hy_store *store, int64_t id, int64_t now_ms)
{
    struct hy_cancel v = {.op = {.verb = HY_VERB_CANCEL}, .message_id = id, .now_ms = now_ms};

    CHECK_INT(hy_store_run(store, &v.op), 0);
}

static long size_of(const char *path)
{
    struct stat st;

    CHECK_INT(stat(path, &st), 0);
    return (long)st.st_size;
}

static void gives_pages_back(void)
{
    struct hy_store *store;
    struct hy_retain v;
    size_t left, before;
    int64_t app;
    long size;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    for (int64_t id = 1; id <= 1000; id++) {
        char user[32];

        snprintf(user, sizeof user, "user%lld", (long long)id);
        CHECK_INT(rig_admit(store, app, id, user, 1000), 0);
        cancel(store, id, 1000);
    }
    CHECK_INT(vacuum(store, 1), 0);
    v = retain(store, HY_RETAIN_MESSAGES, 2000, 600, 0);
    CHECK_INT(v.deleted, 600);
    CHECK(v.more);
    v = retain(store, HY_RETAIN_MESSAGES, 2000, 600, v.cursor);
    CHECK_INT(v.deleted, 400);
    CHECK(!v.more);
    before = vacuum(store, 1);
    CHECK(before > 20);
    left = vacuum(store, 5);
    CHECK(left < before && left + 8 >= before); /* and what pointed to them */
    before = left;
    left = vacuum_for(store, 1000, 1);
    CHECK(left > 0 && left < before && left + 20 >= before); /* 16 between two looks at the clock */
    hy_store_close(store);
    size = size_of(rig_path("a.db"));
    store = rig_open(rig_path("a.db"));
    CHECK_INT(vacuum(store, 1000), 0);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    CHECK(size_of(rig_path("a.db")) <= size - (long)left * 4096);
    rig_end();
}

/* --- what retention looks at ------------------------------------------------------------------ */

/* Ids grow with time: behind one that is too young for its id, too, nothing is older. */
static void stops_where_the_young_ones_begin(void)
{
    static const int64_t noon = 1767268800000;
    int64_t first = hy_message_id_at(noon), app;
    struct hy_store *store;
    struct hy_retain v;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    for (int i = 0; i < 20; i++) {
        int64_t now_ms = noon + i * 1000;

        CHECK_INT(rig_admit(store, app, hy_message_id_at(now_ms), "u", now_ms), 0);
        cancel(store, hy_message_id_at(now_ms), now_ms);
    }
    v = retain(store, HY_RETAIN_MESSAGES, noon + 3000, 10, 0);
    CHECK_INT(v.deleted, 3);
    CHECK(!v.more);
    CHECK_INT(v.cursor, hy_message_id_at(noon + 2000));
    CHECK_INT(rig_state(store, first), HY_E_NOT_FOUND);
    CHECK_INT(rig_state(store, hy_message_id_at(noon + 3000)), HY_MESSAGE_CANCELED);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    rig_end();
}

int main(void)
{
    RUN(puts_old_messages_into_queues);
    RUN(finds_what_was_in_sending_before);
    RUN(gives_pages_back);
    RUN(stops_where_the_young_ones_begin);
    return hy_tap_end();
}
