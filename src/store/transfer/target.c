#include "store/transfer/target.h"

#include "base/err.h"
#include "store/postgres/migrate.h"
#include "store/postgres/partition.h"
#include "store/postgres/unfinished.h"

#include <stdio.h>
#include <string.h>

/* --- opening ---------------------------------------------------------------------------------- */

/* Whoever transfers holds it, to the end of the connection: "transfer" in two numbers, which are no
 * user's (store/postgres/desk.h locks by one). What a killed one had sent yet is done when we get it. */
static int lock(struct hy_target *t, char *ret_explain, size_t explain_size)
{
    static const struct hy_pg_sql take = {"transfer_lock",
                                          "SELECT pg_advisory_lock(1953653103, 1936025970)"};
    int r;

    hy_pg_args(t->link);
    r = hy_pg_run(t->link, &take, NULL);
    if (r == HY_E_BUSY)
        snprintf(ret_explain, explain_size,
                 "another hongyan migrate-store is filling that database");
    return r;
}

/* "copying ID ROWS TITLE", "complete ID 0 -". */
static int read_place(struct hy_target *t)
{
    static const struct hy_pg_sql place = {
        "transfer_place", "SELECT value FROM meta WHERE name = '" HY_PG_UNFINISHED_META "'"};
    struct hy_pg_rows rows;
    long long count = 0;
    char state[16] = "";
    int r;

    hy_pg_args(t->link);
    r = hy_pg_run(t->link, &place, &rows);
    t->state = HY_TARGET_EMPTY;
    if (r == 0 && hy_pg_next(&rows)) {
        if (sscanf(hy_pg_text(&rows, 0), "%15s %32s %lld %63[^\n]", state, t->id, &count,
                   t->title) != 4)
            r = HY_E_CORRUPT;
        t->rows = count;
        t->state =
            strcmp(state, HY_PG_UNFINISHED_STATE) == 0 ? HY_TARGET_COPYING : HY_TARGET_COMPLETE;
    }
    hy_pg_rows_free(&rows);
    return r;
}

/* A server that was started there once has left a node, or its admin key. */
static int look_whether_used(struct hy_target *t)
{
    static const struct hy_pg_sql any = {
        "transfer_any",
        "SELECT EXISTS (SELECT 1 FROM node) OR EXISTS (SELECT 1 FROM api_key) OR EXISTS (SELECT 1 "
        "FROM "
        "app) OR EXISTS (SELECT 1 FROM meta WHERE name = 'master_key') OR EXISTS (SELECT 1 FROM "
        "message) OR EXISTS (SELECT 1 FROM \"grant\") OR EXISTS (SELECT 1 FROM audit)"};
    struct hy_pg_rows rows;
    int r;

    hy_pg_args(t->link);
    r = hy_pg_run(t->link, &any, &rows);
    if (r == 0 && hy_pg_next(&rows) && hy_pg_int(&rows, 0) != 0)
        t->state = HY_TARGET_USED;
    hy_pg_rows_free(&rows);
    return r;
}

int hy_target_open(struct hy_target *t, const char *url, char *ret_explain, size_t explain_size)
{
    bool put_off;
    int r;

    *t = (struct hy_target){0};
    r = hy_pg_link_open(url, "hongyan migrate-store", &t->link, ret_explain, explain_size);
    if (r < 0)
        return r;
    r = lock(t, ret_explain, explain_size);
    if (r < 0 && r != HY_E_BUSY)
        snprintf(ret_explain, explain_size, "%s", hy_pg_link_why(t->link));
    if (r < 0)
        return r;
    r = hy_pg_migrate(t->link, hy_pg_steps, &put_off, ret_explain, explain_size);
    if (r < 0)
        return r;
    /* A table of many millions of rows may be counted and analyzed for minutes. */
    r = hy_pg_script(t->link,
                     "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0");
    if (r == 0)
        r = read_place(t);
    if (r == 0 && t->state == HY_TARGET_EMPTY)
        r = look_whether_used(t);
    if (r < 0)
        snprintf(ret_explain, explain_size, "%s", hy_pg_link_why(t->link));
    return r;
}

void hy_target_close(struct hy_target *t)
{
    hy_pg_link_close(t->link);
    *t = (struct hy_target){0};
}

/* --- places ----------------------------------------------------------------------------------- */

static void queue_place(struct hy_target *t, const char *state, const char *title, int64_t rows)
{
    static const struct hy_pg_sql put = {
        "transfer_put_place",
        "INSERT INTO meta (name, value) VALUES ('" HY_PG_UNFINISHED_META "', $1::text) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value"};
    char text[HY_TRANSFER_TITLE_BYTES + 96];

    snprintf(text, sizeof text, "%s %s %lld %s", state, t->id, (long long)rows, title);
    hy_pg_put_text(hy_pg_args(t->link), text);
    hy_pg_queue(t->link, &put, NULL, NULL);
}

int hy_target_begin(struct hy_target *t, const char *id)
{
    snprintf(t->id, sizeof t->id, "%s", id);
    queue_place(t, HY_PG_UNFINISHED_STATE, "-", 0);
    return hy_pg_drain(t->link);
}

int hy_target_complete(struct hy_target *t)
{
    queue_place(t, "complete", "-", 0);
    return hy_pg_drain(t->link);
}

/* --- rows ------------------------------------------------------------------------------------- */

struct hy_pg_args *hy_target_batch(struct hy_target *t, const char *types)
{
    static const struct hy_pg_sql begin = {"transfer_begin", "BEGIN"};

    hy_pg_args(t->link);
    hy_pg_queue(t->link, &begin, NULL, NULL);
    t->batch = hy_pg_args(t->link);
    hy_pg_columns_begin(t->batch, types);
    return t->batch;
}

int hy_target_write(struct hy_target *t, const struct hy_pg_sql *sql, const char *title,
                    int64_t rows)
{
    static const struct hy_pg_sql commit = {"transfer_commit", "COMMIT"};

    hy_pg_columns_end(t->batch);
    hy_pg_queue(t->link, sql, NULL, NULL);
    queue_place(t, HY_PG_UNFINISHED_STATE, title, rows);
    hy_pg_args(t->link);
    hy_pg_queue(t->link, &commit, NULL, NULL);
    return hy_pg_drain(t->link);
}

/* --- weeks ------------------------------------------------------------------------------------ */

enum { WEEKS_MAX = 104, TRIES = 4 };

/* One call makes one week at most. */
int hy_target_make_weeks(struct hy_target *t, int64_t first_id, int64_t last_id)
{
    static const struct hy_pg_sql sql = {"transfer_weeks",
                                         "SELECT weeks_make($1::integer, $2::integer)"};
    int last = hy_pg_week_of(last_id), first = hy_pg_week_of(first_id), r = 0;
    bool more = true;

    if (first < last - WEEKS_MAX)
        first = last - WEEKS_MAX;
    for (int i = 0; i < TRIES * (last - first + 1) && r == 0 && more; i++) {
        struct hy_pg_args *args = hy_pg_args(t->link);
        struct hy_pg_rows rows;

        hy_pg_put_int(args, first);
        hy_pg_put_int(args, last);
        r = hy_pg_run(t->link, &sql, &rows);
        more = r == 0 && hy_pg_next(&rows) && hy_pg_int(&rows, 0) != 0;
        hy_pg_rows_free(&rows);
    }
    return r;
}

/* --- at the end ------------------------------------------------------------------------------- */

int hy_target_set(struct hy_target *t, const char *sql, int64_t number, struct hy_arena *arena)
{
    struct hy_pg_sql *set = (struct hy_pg_sql *)hy_arena_alloc(arena, sizeof *set);

    if (!set)
        return HY_E_NOMEM;
    set->name = ""; /* the unnamed one: used once */
    set->text = sql;
    hy_pg_put_int(hy_pg_args(t->link), number);
    return hy_pg_run(t->link, set, NULL);
}

int hy_target_analyze(struct hy_target *t)
{
    return hy_pg_script(t->link, "ANALYZE");
}

/* Answers to a statement are awaited for half a minute, those to a script as long as it takes: so the query
 * fills a table, and that is read. */
int hy_target_figures(struct hy_target *t, const char *sql, struct hy_arena *arena,
                      void (*each)(const char *what, int64_t number, void *arg), void *arg)
{
    static const struct hy_pg_sql read = {
        "transfer_figures", "SELECT what, number FROM pg_temp.figure ORDER BY what COLLATE \"C\""};
    const char *script =
        hy_arena_printf(arena,
                        "CREATE TEMP TABLE IF NOT EXISTS figure (what text, number bigint); "
                        "TRUNCATE pg_temp.figure; INSERT INTO pg_temp.figure %s",
                        sql);
    struct hy_pg_rows rows;
    int r = script ? hy_pg_script(t->link, script) : HY_E_NOMEM;

    if (r < 0)
        return r;
    hy_pg_args(t->link);
    r = hy_pg_run(t->link, &read, &rows);
    while (r == 0 && hy_pg_next(&rows))
        each(hy_pg_text(&rows, 0), hy_pg_int(&rows, 1), arg);
    hy_pg_rows_free(&rows);
    return r;
}
