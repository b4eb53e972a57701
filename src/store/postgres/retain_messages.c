/*
 * What is kept of messages. A week that has a partition goes as a whole when all of it is old enough, and not
 * before; what has none, the rest, goes one by one.
 *
 *   close    a trigger notes from now on which messages of the week change
 *   look     those that have to stay are noted, too, a bounded number of messages a step
 *   drop     who was noted is looked at again and moves to the rest; the partitions go
 *
 * So dropping keeps everybody waiting only for as long as what was noted takes, however large the week is.
 * Should somebody be in the way, the week is left to the next night. What is in the rest comes in between, by
 * its ids.
 */
#include "store/postgres/retain.h"

#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/partition.h"

struct week {
    int no; /* -1: none */
    bool closing, crowded;
    int64_t from_id, until_id;
};

/* The first one that is old enough and does not lie behind the cursor. */
static const struct hy_pg_sql week_next = {
    "retain_week", "SELECT no, closing, crowded, week_id(no), week_id(no + 1) FROM week "
                   "WHERE week_id(no + 1) - 1 > $1 AND week_id(no + 1) <= $2 ORDER BY no LIMIT 1"};
static const struct hy_pg_sql week_close = {"retain_week_close", "SELECT week_close($1::integer)"};
static const struct hy_pg_sql week_reopen = {"retain_week_reopen",
                                             "SELECT week_reopen($1::integer)"};
static const struct hy_pg_sql week_drop = {"retain_week_drop", "SELECT week_drop($1::integer, $2)"};
static const struct hy_pg_sql week_thinned = {"retain_week_thinned",
                                              "UPDATE week SET crowded = false WHERE no = $1"};
static const struct hy_pg_sql week_look = {"retain_week_look",
                                           "WITH looked AS MATERIALIZED (SELECT id, NOT "
                                           "message_goes(accepted_at_ms, settled_at_ms, state, "
                                           "due_at_ms, $4) OR (holds AND state = 6) AS stays FROM "
                                           "message WHERE id > $1 AND id < $2 ORDER BY id "
                                           "LIMIT $3), noted AS (INSERT INTO survivor SELECT id "
                                           "FROM looked WHERE stays ON CONFLICT DO NOTHING) "
                                           "SELECT count(*), max(id) FROM looked"};
static const struct hy_pg_sql week_survivors = {
    "retain_week_survivors",
    "SELECT count(*) FROM survivor WHERE message_id >= $1 AND message_id < $2"};

#define LOOK(from)                                                                                 \
    "SELECT id, message_goes(accepted_at_ms, settled_at_ms, state, due_at_ms, $4), "               \
    "accepted_at_ms >= $4 AND id >= $5 FROM " from                                                 \
    " WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3 + 1"
static const struct hy_pg_sql look_rest = {"retain_rest", LOOK("message_rest")};
static const struct hy_pg_sql look_all = {"retain_one_by_one", LOOK("message")};

/* --- one by one --------------------------------------------------------------------------------- */

/* A message that is over stands in no list but those of the dead and the awaiting. */
static const struct hy_pg_sql rows_delete[] = {
    {"retain_message_rows", "DELETE FROM message WHERE id = ANY ($1::bigint[])"},
    {"retain_attempt_rows", "DELETE FROM attempt WHERE message_id = ANY ($1::bigint[])"},
    {"retain_dead_rows",
     "DELETE FROM dead d USING unnest($1::bigint[], $2::bigint[]) AS t (id, app_no) "
     "WHERE d.app_no = t.app_no AND d.message_id = t.id"},
    {"retain_awaiting_rows",
     "DELETE FROM awaiting a USING unnest($1::bigint[], $2::bigint[], $3::text[]) AS t (id, "
     "app_no, name) "
     "WHERE a.app_no = t.app_no AND a.\"user\" = t.name AND a.message_id = t.id"},
};
static const char *const rows_delete_by[] = {"i", "i", "ii", "iit"};
enum { ROWS_DELETE = sizeof rows_delete / sizeof *rows_delete };

struct gone {
    int64_t id, app_no;
    const char *user;
};

static void queue_delete(struct hy_pg *pg, const struct gone *gone, size_t count)
{
    for (int which = 0; which < ROWS_DELETE; which++) {
        struct hy_pg_args *args = hy_pg_args(pg->link);

        hy_pg_columns_begin(args, rows_delete_by[which]);
        for (size_t i = 0; i < count; i++) {
            hy_pg_put_int(args, gone[i].id);
            if (rows_delete_by[which][1])
                hy_pg_put_int(args, gone[i].app_no);
            if (rows_delete_by[which][1] && rows_delete_by[which][2])
                hy_pg_put_text(args, gone[i].user);
        }
        hy_pg_columns_end(args);
        hy_pg_queue(pg->link, &rows_delete[which], NULL, NULL);
    }
}

/* It stays counted in its broadcast. */
static void uncount(struct hy_pg *pg, const struct hy_message *m)
{
    struct hy_message counted = *m;

    counted.broadcast_id = 0;
    hy_desk_tally_message(pg, &counted, (int)m->state, -1);
}

/* The use that one may hold is let go by the rules; then its rows go. */
static bool delete_message(struct hy_pg *pg, struct hy_mem_message *m, int64_t before_ms,
                           struct gone *ret)
{
    struct hy_message was = m->m;

    *ret = (struct gone){.id = m->m.id, .app_no = m->m.app_no, .user = m->user->name};
    if (!hy_mem_retain_message(&pg->desk, m, before_ms))
        return false;
    uncount(pg, &was);
    return true;
}

/* Their users are locked: whoever was changed since is seen as it is now. */
static int delete_messages(struct hy_pg *pg, struct hy_retain *v, const int64_t *ids, size_t count)
{
    struct gone gone[HY_RETAIN_CHUNK];
    size_t goes = 0;
    int r = hy_desk_fetch(pg);

    for (size_t i = 0; i < count && r == 0; i++) {
        struct hy_mem_message *m = hy_mem_message(&pg->desk, ids[i]);

        goes += m && delete_message(pg, m, v->before_ms, &gone[goes]);
    }
    if (r < 0)
        return r;
    if (goes > 0)
        queue_delete(pg, gone, goes);
    v->deleted += goes;
    return hy_desk_put_away(pg);
}

/* Those that were found: the last one may be one too many. True in `ret_end` when all were looked at. */
static int walk(struct hy_pg *pg, struct hy_retain *v, struct hy_pg_rows *rows, bool *ret_end)
{
    int64_t ids[HY_RETAIN_CHUNK];
    size_t count = 0, looked_at = 0;
    bool young = false;
    int r = 0;

    while (r == 0 && looked_at < v->limit && hy_pg_next(rows)) {
        young = hy_pg_int(rows, 2) != 0;
        if (young)
            break;
        looked_at++;
        v->cursor = hy_pg_int(rows, 0);
        if (hy_pg_int(rows, 1)) {
            hy_desk_want_message(pg, v->cursor, 0);
            ids[count++] = v->cursor;
        }
        if (count == HY_RETAIN_CHUNK) {
            r = delete_messages(pg, v, ids, count);
            count = 0;
        }
    }
    if (r == 0 && count > 0)
        r = delete_messages(pg, v, ids, count);
    *ret_end = young || looked_at < v->limit || !hy_pg_next(rows) || hy_pg_int(rows, 2) != 0;
    return r;
}

static int one_by_one(struct hy_pg *pg, struct hy_retain *v, const struct hy_pg_sql *look,
                      int64_t until_id, bool *ret_end)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, v->cursor);
    hy_pg_put_int(args, until_id);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_put_int(args, v->before_ms);
    hy_pg_put_int(args, hy_message_id_at(v->before_ms));
    r = hy_pg_run(pg->link, look, &rows);
    if (r == 0)
        r = walk(pg, v, &rows, ret_end);
    hy_pg_rows_free(&rows);
    return r;
}

/* --- weeks -------------------------------------------------------------------------------------- */

static int next_week(struct hy_pg *pg, const struct hy_retain *v, struct week *ret_week)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, v->cursor);
    hy_pg_put_int(args, hy_message_id_at(v->before_ms));
    r = hy_pg_run(pg->link, &week_next, &rows);
    *ret_week = (struct week){.no = -1, .from_id = INT64_MAX};
    if (r == 0 && hy_pg_next(&rows))
        *ret_week = (struct week){.no = (int)hy_pg_int(&rows, 0),
                                  .closing = hy_pg_int(&rows, 1) != 0,
                                  .crowded = hy_pg_int(&rows, 2) != 0,
                                  .from_id = hy_pg_int(&rows, 3),
                                  .until_id = hy_pg_int(&rows, 4)};
    hy_pg_rows_free(&rows);
    return r;
}

static int ask_of_week(struct hy_pg *pg, const struct hy_pg_sql *sql, const struct week *week,
                       int64_t *ret)
{
    hy_pg_put_int(hy_pg_args(pg->link), week->no);
    return hy_pg_ask(pg->link, sql, ret);
}

/* On from there: it is left to another night. */
static void leave(struct hy_retain *v, const struct week *week)
{
    v->cursor = week->until_id - 1;
}

static int drop(struct hy_pg *pg, struct hy_retain *v, const struct week *week)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int64_t gone = -1;
    int r;

    hy_pg_put_int(args, week->no);
    hy_pg_put_int(args, v->before_ms);
    r = hy_pg_ask(pg->link, &week_drop, &gone);
    if (r < 0)
        return r;
    leave(v, week);
    if (gone >= 0) {
        v->deleted += (size_t)gone;
        v->cursor = week->from_id - 1; /* what moved to the rest is looked at */
    }
    return 0;
}

static int end_week(struct hy_pg *pg, struct hy_retain *v, const struct week *week)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int64_t survivors = 0, done = 0;
    int r;

    hy_pg_put_int(args, week->from_id);
    hy_pg_put_int(args, week->until_id);
    r = hy_pg_ask(pg->link, &week_survivors, &survivors);
    if (r < 0)
        return r;
    if (survivors <= HY_RETAIN_SURVIVORS_MAX)
        return drop(pg, v, week);
    r = ask_of_week(pg, &week_reopen, week, &done);
    leave(v, week);
    if (done)
        v->cursor = week->from_id - 1;
    return r;
}

/* The next messages of a closing week. */
static int look_at_week(struct hy_pg *pg, struct hy_retain *v, const struct week *week)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int64_t count = 0;
    int r;

    hy_pg_put_int(args, v->cursor);
    hy_pg_put_int(args, week->until_id);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_put_int(args, v->before_ms);
    r = hy_pg_run(pg->link, &week_look, &rows);
    if (r == 0 && hy_pg_next(&rows)) {
        count = hy_pg_int(&rows, 0);
        if (count > 0)
            v->cursor = hy_pg_int(&rows, 1);
    }
    hy_pg_rows_free(&rows);
    return r == 0 && count < (int64_t)v->limit ? end_week(pg, v, week) : r;
}

static int step_week(struct hy_pg *pg, struct hy_retain *v, const struct week *week)
{
    int64_t done = 0;
    int r;

    if (week->closing)
        return look_at_week(pg, v, week);
    r = ask_of_week(pg, &week_close, week, &done);
    if (r == 0 && !done)
        leave(v, week);
    return r;
}

/* All of it that had to go went. The next night it may be closed again. */
static int end_crowded(struct hy_pg *pg, struct hy_retain *v, const struct week *week)
{
    leave(v, week);
    hy_pg_put_int(hy_pg_args(pg->link), week->no);
    return hy_pg_run(pg->link, &week_thinned, NULL);
}

/* --- a step ------------------------------------------------------------------------------------- */

int hy_pg_retain_messages(struct hy_pg *pg, struct hy_retain *v)
{
    bool inside, end = false;
    struct week week;
    int r = next_week(pg, v, &week);

    if (r < 0)
        return r;
    inside = week.no >= 0 && !week.crowded && v->cursor >= week.from_id - 1;
    if (inside)
        r = step_week(pg, v, &week);
    else if (week.crowded)
        r = one_by_one(pg, v, &look_all, week.until_id, &end);
    else
        r = one_by_one(pg, v, &look_rest, week.from_id, &end);
    if (r == 0 && end && week.crowded)
        r = end_crowded(pg, v, &week);
    else if (r == 0 && end && week.no >= 0)
        v->cursor = week.from_id - 1;
    v->more = week.no >= 0 || !end;
    return r;
}
