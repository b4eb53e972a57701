/* One connection: values in, rows out, many statements in a round trip. */
#include "pg_rig.h"

#include <stdlib.h>

static struct hy_pg_link *pg;

static void fresh(void)
{
    hy_pg_link_close(pg);
    pg = NULL;
    pg = pg_open(pg_url());
    pg_script(pg,
              "DROP TABLE IF EXISTS thing; CREATE TABLE thing (id bigint PRIMARY KEY, name text, "
              "body bytea, small smallint, middle integer, flag boolean)");
}

/* --- values ------------------------------------------------------------------------------------- */

static const struct hy_pg_sql count_things = {"count_things", "SELECT count(*) FROM thing"};

static const struct hy_pg_sql add_thing = {
    "add_thing", "INSERT INTO thing (id, name, body, small, middle, flag) "
                 "VALUES ($1, $2, $3, $4, $5, $6 <> 0)"};

static void put_thing(int64_t id, const char *name, const void *body, size_t size)
{
    struct hy_pg_args *args = hy_pg_args(pg);

    hy_pg_put_int(args, id);
    hy_pg_put_text(args, name);
    hy_pg_put_bytes(args, body, size);
    hy_pg_put_int(args, -7);
    hy_pg_put_int(args, 100000);
    hy_pg_put_int(args, 1);
}

static void add(int64_t id, const char *name, const void *body, size_t size)
{
    put_thing(id, name, body, size);
    CHECK_INT(hy_pg_run(pg, &add_thing, NULL), 0);
}

static int look(int64_t id, struct hy_pg_rows *ret_rows)
{
    static const struct hy_pg_sql sql = {
        "look", "SELECT id, name, body, small, middle, flag FROM thing WHERE id = $1"};

    hy_pg_put_int(hy_pg_args(pg), id);
    return hy_pg_run(pg, &sql, ret_rows);
}

static void values_come_back_as_they_went(void)
{
    static const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN, 4294967296};
    static const char *const names[] = {"",
                                        "it's \"quoted\" \\ and {braced}, NULL",
                                        "鸿雁传书 🪿",
                                        "line\nline\ttab",
                                        "\x7f$1",
                                        "'); DROP TABLE thing; --"};
    static const char bytes[] = {0, 1, '\\', (char)0xff, 0, '"'};
    struct hy_pg_rows rows;
    size_t size;

    fresh();
    for (size_t i = 0; i < 6; i++)
        add(numbers[i], names[i], bytes, i);
    for (size_t i = 0; i < 6; i++) {
        CHECK_INT(look(numbers[i], &rows), 0);
        CHECK_INT(rows.count, 1);
        CHECK(hy_pg_next(&rows));
        CHECK(hy_pg_int(&rows, 0) == numbers[i]);
        CHECK_TEXT(hy_pg_text(&rows, 1), names[i]);
        CHECK(memcmp(hy_pg_bytes(&rows, 2, &size), bytes, i) == 0);
        CHECK_INT(size, i);
        CHECK_INT(hy_pg_int(&rows, 3), -7);
        CHECK_INT(hy_pg_int(&rows, 4), 100000);
        CHECK_INT(hy_pg_int(&rows, 5), 1);
        CHECK(!hy_pg_next(&rows));
        hy_pg_rows_free(&rows);
    }
}

static void nulls_are_told_from_what_is_empty(void)
{
    struct hy_pg_rows rows;
    struct hy_arena arena;
    size_t size = 9;

    hy_arena_init(&arena);
    fresh();
    add(1, NULL, NULL, 0);
    add(2, "", "", 0);
    pg_script(pg, "UPDATE thing SET small = NULL, flag = NULL WHERE id = 1");
    CHECK_INT(look(1, &rows), 0);
    CHECK(hy_pg_next(&rows));
    CHECK(!hy_pg_text(&rows, 1));
    CHECK(!hy_pg_copy(&rows, 1, &arena));
    CHECK(!hy_pg_bytes(&rows, 2, &size));
    CHECK_INT(size, 0);
    CHECK_INT(hy_pg_int(&rows, 3), 0);
    CHECK_INT(hy_pg_int(&rows, 5), 0);
    hy_pg_rows_free(&rows);
    CHECK_INT(look(2, &rows), 0);
    CHECK(hy_pg_next(&rows));
    CHECK_TEXT(hy_pg_text(&rows, 1), "");
    CHECK_TEXT(hy_pg_copy(&rows, 1, &arena), "");
    CHECK(hy_pg_bytes(&rows, 2, &size) != NULL);
    CHECK_INT(size, 0);
    hy_pg_rows_free(&rows);
    hy_arena_deinit(&arena);
}

static void changed_rows_are_counted(void)
{
    static const struct hy_pg_sql sql = {"change", "UPDATE thing SET small = 1 WHERE id > $1"};
    struct hy_pg_rows rows;

    fresh();
    for (int64_t id = 1; id <= 5; id++)
        add(id, "n", NULL, 0);
    hy_pg_put_int(hy_pg_args(pg), 2);
    CHECK_INT(hy_pg_run(pg, &sql, &rows), 0);
    CHECK_INT(rows.changed, 3);
    CHECK_INT(rows.count, 0);
    CHECK(!hy_pg_next(&rows));
    hy_pg_rows_free(&rows);
}

/* --- arrays ------------------------------------------------------------------------------------- */

static const struct hy_pg_sql add_things = {
    "add_things",
    "INSERT INTO thing (id, name, body, small, middle) SELECT id, name, body, $1, $5 FROM "
    "unnest($2::int8[], $3::text[], $4::bytea[]) AS t (id, name, body)"};

static void arrays_become_rows(void)
{
    static const char *const names[] = {"a", NULL, "", "{,\"\\", "雁"};
    struct hy_pg_args *args;
    struct hy_pg_rows rows;

    fresh();
    args = hy_pg_args(pg);
    hy_pg_put_int(args, 3);
    hy_pg_columns_begin(args, "itb");
    for (int i = 0; i < 5; i++) {
        hy_pg_put_int(args, i - 2);
        hy_pg_put_text(args, names[i]);
        hy_pg_put_bytes(args, i == 3 ? NULL : "\0x", (size_t)(i % 3));
    }
    hy_pg_columns_end(args);
    hy_pg_put_int(args, 4);
    CHECK_INT(hy_pg_run(pg, &add_things, &rows), 0);
    CHECK_INT(rows.changed, 5);
    hy_pg_rows_free(&rows);
    for (int i = 0; i < 5; i++) {
        size_t size;
        const char *bytes;

        CHECK_INT(look(i - 2, &rows), 0);
        CHECK(hy_pg_next(&rows));
        if (names[i])
            CHECK_TEXT(hy_pg_text(&rows, 1), names[i]);
        else
            CHECK(!hy_pg_text(&rows, 1));
        bytes = (const char *)hy_pg_bytes(&rows, 2, &size);
        CHECK((bytes == NULL) == (i == 3));
        CHECK_INT(size, i == 3 ? 0 : i % 3);
        CHECK(!bytes || memcmp(bytes, "\0x", size) == 0);
        CHECK_INT(hy_pg_int(&rows, 3), 3);
        CHECK_INT(hy_pg_int(&rows, 4), 4);
        hy_pg_rows_free(&rows);
    }
}

static void arrays_may_be_empty(void)
{
    struct hy_pg_args *args;
    struct hy_pg_rows rows;

    fresh();
    args = hy_pg_args(pg);
    hy_pg_put_int(args, 3);
    hy_pg_columns_begin(args, "itb");
    hy_pg_columns_end(args);
    hy_pg_put_int(args, 4);
    CHECK_INT(hy_pg_run(pg, &add_things, &rows), 0);
    CHECK_INT(rows.changed, 0);
    hy_pg_rows_free(&rows);
}

/* Of several blocks of columns in one statement. */
static void blocks_of_columns_follow_each_other(void)
{
    static const struct hy_pg_sql sql = {
        "blocks",
        "SELECT (SELECT sum(a)::int8 FROM unnest($1::int8[]) AS a), $2::text, "
        "(SELECT string_agg(b || c, ' ') FROM unnest($3::text[], $4::int8[]) AS t (b, c))"};
    struct hy_pg_args *args;
    struct hy_pg_rows rows;

    fresh();
    args = hy_pg_args(pg);
    hy_pg_columns_begin(args, "i");
    for (int i = 1; i <= 4; i++)
        hy_pg_put_int(args, i);
    hy_pg_columns_end(args);
    hy_pg_put_text(args, "between");
    hy_pg_columns_begin(args, "ti");
    hy_pg_put_text(args, "x");
    hy_pg_put_int(args, 1);
    hy_pg_put_text(args, "y");
    hy_pg_put_int(args, 2);
    hy_pg_columns_end(args);
    CHECK_INT(hy_pg_run(pg, &sql, &rows), 0);
    CHECK(hy_pg_next(&rows));
    CHECK_INT(hy_pg_int(&rows, 0), 10);
    CHECK_TEXT(hy_pg_text(&rows, 1), "between");
    CHECK_TEXT(hy_pg_text(&rows, 2), "x1 y2");
    hy_pg_rows_free(&rows);
}

enum { MANY = 100000 };

static int add_up(struct hy_pg_rows *rows, void *arg)
{
    while (hy_pg_next(rows))
        *(int64_t *)arg += hy_pg_int(rows, 0) + (int64_t)strlen(hy_pg_text(rows, 1));
    return 0;
}

/* More than the sockets hold in both directions: while we send, the server's answer has to be read. */
static void large_arrays_go_both_ways(void)
{
    static const struct hy_pg_sql echo = {
        "echo", "SELECT id, name FROM unnest($1::int8[], $2::text[]) AS t (id, name)"};
    int64_t sums[3] = {0}, expected = 0;
    char name[80];

    fresh();
    for (int turn = 0; turn < 3; turn++) {
        struct hy_pg_args *args = hy_pg_args(pg);

        hy_pg_columns_begin(args, "it");
        for (int i = 0; i < MANY; i++) {
            snprintf(name, sizeof name, "%.*s", i % 60,
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
            hy_pg_put_int(args, i);
            hy_pg_put_text(args, name);
            expected += turn == 0 ? i + i % 60 : 0;
        }
        hy_pg_columns_end(args);
        hy_pg_queue(pg, &echo, add_up, &sums[turn]);
    }
    CHECK_INT(hy_pg_drain(pg), 0);
    for (int turn = 0; turn < 3; turn++)
        CHECK(sums[turn] == expected);
}

/* --- many statements in one round trip ------------------------------------------------------------ */

static int note_count(struct hy_pg_rows *rows, void *arg)
{
    CHECK(hy_pg_next(rows));
    *(int64_t *)arg = hy_pg_int(rows, 0);
    return 0;
}

static void queue_count(int64_t *into)
{
    hy_pg_args(pg);
    hy_pg_queue(pg, &count_things, note_count, into);
}

static void queue_add(int64_t id)
{
    put_thing(id, "n", NULL, 0);
    hy_pg_queue(pg, &add_thing, NULL, NULL);
}

static void what_is_queued_runs_in_order(void)
{
    int64_t counts[3] = {-1, -1, -1};

    fresh();
    queue_count(&counts[0]);
    queue_add(1);
    queue_count(&counts[1]);
    queue_add(2);
    queue_count(&counts[2]);
    CHECK_INT(hy_pg_drain(pg), 0);
    CHECK_INT(counts[0], 0);
    CHECK_INT(counts[1], 1);
    CHECK_INT(counts[2], 2);
    CHECK_INT(hy_pg_drain(pg), 0); /* nothing is queued any more */
}

/* Outside of a transaction what is queued is one; and the connection is good afterwards. */
static void one_that_fails_undoes_all(void)
{
    int64_t before = -1, after = -1;

    fresh();
    queue_add(1);
    queue_count(&before);
    queue_add(1);
    queue_count(&after);
    CHECK_INT(hy_pg_drain(pg), HY_E_BUSY);
    CHECK(strstr(hy_pg_link_why(pg), "23505") != NULL);
    CHECK_INT(before, 1);
    CHECK_INT(after, -1);
    CHECK(hy_pg_link_good(pg));
    CHECK_INT(pg_number(pg, &count_things), 0);
    queue_add(1);
    queue_count(&after);
    CHECK_INT(hy_pg_drain(pg), 0);
    CHECK_INT(after, 1);
}

static int refuse(struct hy_pg_rows *rows, void *arg)
{
    return HY_E_CONFLICT;
}

static void a_reader_may_refuse(void)
{
    int64_t before = -1, after = -1;

    fresh();
    queue_count(&before);
    hy_pg_queue(pg, &count_things, refuse, NULL);
    queue_count(&after);
    CHECK_INT(hy_pg_drain(pg), HY_E_CONFLICT);
    CHECK_INT(before, 0);
    CHECK_INT(after, -1);
    queue_count(&after);
    CHECK_INT(hy_pg_drain(pg), 0);
    CHECK_INT(after, 0);
}

static void a_statement_that_is_wrong_is_a_bug(void)
{
    static const struct hy_pg_sql wrong = {"wrong", "SELECT nothing FROM nowhere"};
    static const struct hy_pg_sql narrow = {"narrow", "SELECT $1::int2"};

    fresh();
    CHECK_INT(hy_pg_run(pg, &wrong, NULL), HY_E_CORRUPT);
    CHECK(strstr(hy_pg_link_why(pg), "nowhere") != NULL);
    CHECK_INT(hy_pg_run(pg, &wrong, NULL), HY_E_CORRUPT);
    hy_pg_put_int(hy_pg_args(pg), 40000);
    CHECK_INT(hy_pg_run(pg, &narrow, NULL), HY_E_CORRUPT);
    hy_pg_put_int(hy_pg_args(pg), 1);
    CHECK_INT(hy_pg_run(pg, &narrow, NULL), 0);
}

/* Each statement is prepared once, though it is queued several times before the first answer. */
static void a_statement_is_prepared_once(void)
{
    static const struct hy_pg_sql prepared = {
        "prepared", "SELECT count(*) FROM pg_prepared_statements WHERE name = 'add_thing'"};

    fresh();
    for (int64_t id = 1; id <= 20; id++)
        queue_add(id);
    CHECK_INT(hy_pg_drain(pg), 0);
    CHECK_INT(pg_number(pg, &prepared), 1);
    CHECK_INT(pg_number(pg, &count_things), 20);
}

/* --- transactions ------------------------------------------------------------------------------- */

static const struct hy_pg_sql begin = {"begin_test", "BEGIN"};
static const struct hy_pg_sql commit = {"commit_test", "COMMIT"};

static void undo_forgets_what_is_queued(void)
{
    int64_t count = -1;

    fresh();
    hy_pg_queue(pg, &begin, NULL, NULL);
    queue_add(1);
    CHECK_INT(hy_pg_drain(pg), 0);
    queue_add(2);
    queue_count(&count); /* is not called: `count` could be gone */
    hy_pg_undo(pg);
    CHECK_INT(count, -1);
    CHECK_INT(pg_number(pg, &count_things), 0);
    hy_pg_undo(pg); /* legal at any time */
    CHECK_INT(pg_number(pg, &count_things), 0);
}

static void undo_ends_a_transaction_that_failed(void)
{
    fresh();
    hy_pg_queue(pg, &begin, NULL, NULL);
    queue_add(1);
    queue_add(1);
    CHECK_INT(hy_pg_drain(pg), HY_E_BUSY);
    queue_add(2);
    CHECK(hy_pg_drain(pg) < 0);
    hy_pg_undo(pg);
    queue_add(3);
    CHECK_INT(hy_pg_drain(pg), 0);
    CHECK_INT(pg_number(pg, &count_things), 1);
}

/* The server answers such a COMMIT with a word of its own, and no error. */
static void a_commit_of_what_failed_is_no_commit(void)
{
    fresh();
    hy_pg_queue(pg, &begin, NULL, NULL);
    queue_add(1);
    queue_add(1);
    CHECK_INT(hy_pg_drain(pg), HY_E_BUSY);
    hy_pg_args(pg);
    CHECK(hy_pg_run(pg, &commit, NULL) < 0);
    CHECK_INT(pg_number(pg, &count_things), 0);
}

static void a_commit_behind_what_fails_is_not_done(void)
{
    fresh();
    hy_pg_queue(pg, &begin, NULL, NULL);
    queue_add(1);
    queue_add(1);
    hy_pg_queue(pg, &commit, NULL, NULL);
    CHECK_INT(hy_pg_drain(pg), HY_E_BUSY);
    hy_pg_undo(pg);
    CHECK_INT(pg_number(pg, &count_things), 0);
}

static void a_snapshot_sees_one_state(void)
{
    struct hy_pg_link *other;

    fresh();
    other = pg_open(pg_url());
    hy_pg_snapshot(pg);
    CHECK_INT(pg_number(pg, &count_things), 0);
    pg_script(other, "INSERT INTO thing (id) VALUES (1)");
    CHECK_INT(pg_number(pg, &count_things), 0);
    queue_add(2);
    CHECK(hy_pg_drain(pg) < 0); /* it only reads */
    hy_pg_undo(pg);
    CHECK_INT(pg_number(pg, &count_things), 1);
    hy_pg_link_close(other);
}

/* --- scripts ------------------------------------------------------------------------------------ */

static void scripts_go_between_statements(void)
{
    fresh();
    queue_add(1);
    pg_script(
        pg,
        "INSERT INTO thing (id) VALUES (2); SELECT * FROM thing; DELETE FROM thing WHERE id = 1");
    CHECK_INT(pg_number(pg, &count_things), 1);
    CHECK_INT(hy_pg_script(pg, "INSERT INTO thing (id) VALUES (3); SELECT nothing"), HY_E_CORRUPT);
    CHECK_INT(pg_number(pg, &count_things), 1); /* a script is a transaction */
    pg_script(pg, "");
}

int main(void)
{
    RUN(values_come_back_as_they_went);
    RUN(nulls_are_told_from_what_is_empty);
    RUN(changed_rows_are_counted);
    RUN(arrays_become_rows);
    RUN(arrays_may_be_empty);
    RUN(blocks_of_columns_follow_each_other);
    RUN(large_arrays_go_both_ways);
    RUN(what_is_queued_runs_in_order);
    RUN(one_that_fails_undoes_all);
    RUN(a_reader_may_refuse);
    RUN(a_statement_that_is_wrong_is_a_bug);
    RUN(a_statement_is_prepared_once);
    RUN(undo_forgets_what_is_queued);
    RUN(undo_ends_a_transaction_that_failed);
    RUN(a_commit_of_what_failed_is_no_commit);
    RUN(a_commit_behind_what_fails_is_not_done);
    RUN(a_snapshot_sees_one_state);
    RUN(scripts_go_between_statements);
    hy_pg_link_close(pg);
    return hy_tap_end();
}
