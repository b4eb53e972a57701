/* What is kept for how long: one step of one kind at a time. Messages are in retain_messages.c. */
#include "store/postgres/retain.h"

#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/fold.h"

/* --- kinds of which a statement is enough ----------------------------------------------------- */

/*
 * $1 above which id, $2 how many at most, $3 before when. `goes`: whether one (r) may be deleted; `young`:
 * nothing behind it is older. `also` deletes or changes more, by the table `gone` of what is deleted.
 * Answers how many are gone, the last one that was looked at, and whether there are more.
 */
#define STEP(table, goes, young, returning, also)                                                  \
    "WITH looked AS MATERIALIZED (SELECT id, " goes " AS goes, " young                             \
    " AS young, row_number() OVER (ORDER BY id) AS n FROM (SELECT * FROM " table                   \
    " WHERE id > $1 ORDER BY id LIMIT $2 + 1) AS r), "                                             \
    "upto AS (SELECT least(min(n) FILTER (WHERE young), $2 + 1) AS n FROM looked), "               \
    "gone AS (DELETE FROM " table " t USING looked l, upto u WHERE t.id = l.id AND l.n < u.n AND " \
    "l.goes AND $3::bigint IS NOT NULL RETURNING t.id" returning ")" also                          \
    " SELECT (SELECT count(*) FROM gone), "                                                        \
    "(SELECT max(l.id) FROM looked l, upto u WHERE l.n < u.n), "                                   \
    "EXISTS (SELECT FROM looked l, upto u WHERE l.n = u.n AND NOT l.young)"

/* A scalar question, so that it is asked by the index for those alone whose turn it is. */
#define NONE(from) "(SELECT 1 FROM " from " LIMIT 1) IS NULL"

static const struct hy_pg_sql steps[HY_RETAIN_KINDS] = {
    [HY_RETAIN_EVENTS] = {"retain_events",
                          STEP("event",
                               "r.received_at_ms < $3 AND " NONE(
                                   "outbox o WHERE o.event_id = r.id AND o.event_id > 0"),
                               "r.received_at_ms >= $3", "", "")},
    [HY_RETAIN_ANSWERS] = {"retain_answers", STEP("answer", "r.at_ms < $3", "false", "", "")},
    [HY_RETAIN_BROADCASTS] =
        {"retain_broadcasts",
         STEP("broadcast",
              "r.state >= 4 AND NOT r.winding_up AND r.ended_at_ms < $3 AND " NONE(
                  "message m WHERE m.broadcast_id = r.id AND m.broadcast_id > 0"),
              "false", "",
              ", counts AS (DELETE FROM broadcast_tally c USING gone g "
              "WHERE c.broadcast_id = g.id)")},
    /* What was behind one of them, and is first now, is due. */
    [HY_RETAIN_OUTBOX] =
        {"retain_outbox",
         STEP(
             "outbox", "r.at_ms < $3", "r.at_ms >= $3", ", t.webhook_id, t.message_id",
             ", next AS (SELECT DISTINCT ON (p.webhook_id, p.message_id) p.id FROM "
             "(SELECT DISTINCT webhook_id, message_id FROM gone WHERE message_id > 0) AS g "
             "JOIN outbox p ON p.message_id = g.message_id AND p.message_id > 0 AND "
             "p.webhook_id = g.webhook_id WHERE p.id NOT IN (SELECT id FROM gone) "
             "ORDER BY p.webhook_id, p.message_id, p.id), "
             "freed AS (UPDATE outbox o SET due_at_ms = o.at_ms FROM next WHERE o.id = next.id AND "
             "o.due_at_ms = 0)")},
    [HY_RETAIN_AUDIT] = {"retain_audit", STEP("audit", "r.at_ms < $3", "r.at_ms >= $3", "", "")},
};

/* Whoever is adding behind one of these ends first, and the step sees what was added: outbox.h. */
static const struct hy_pg_sql outbox_lock = {
    "retain_outbox_lock",
    "SELECT FROM (SELECT id FROM outbox WHERE id > $1 ORDER BY id LIMIT $2) AS r FOR UPDATE"};

static int run_step(struct hy_pg *pg, struct hy_retain *v)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    if (v->kind == HY_RETAIN_OUTBOX) {
        hy_pg_put_int(args, v->cursor);
        hy_pg_put_int(args, (int64_t)v->limit);
        hy_pg_queue(pg->link, &outbox_lock, NULL, NULL);
        args = hy_pg_args(pg->link);
    }
    hy_pg_put_int(args, v->cursor);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_put_int(args, v->before_ms);
    r = hy_pg_run(pg->link, &steps[v->kind], &rows);
    if (r == 0 && hy_pg_next(&rows)) {
        v->deleted = (size_t)hy_pg_int(&rows, 0);
        if (hy_pg_int(&rows, 1) > 0)
            v->cursor = hy_pg_int(&rows, 1);
        v->more = hy_pg_int(&rows, 2) != 0;
    }
    hy_pg_rows_free(&rows);
    return r;
}

/* --- grants: on the desk, for others may have them on theirs ------------------------------------ */

static const struct hy_pg_sql grants_look = {
    "retain_grants",
    "SELECT id, app_no, \"user\", state IN (1, 3) AND uses_reserved = 0 AND obtained_at_ms < $3 "
    "FROM \"grant\" WHERE id > $1 ORDER BY id LIMIT $2 + 1"};
/* Of these the counters that something is about which is kept. */
static const struct hy_pg_sql grants_in_use = {
    "retain_grants_in_use",
    "SELECT g.id FROM unnest($1::bigint[]) AS w (id) JOIN \"grant\" g ON g.id = w.id "
    "WHERE g.template_id IS NOT NULL AND ("
    "(SELECT 1 FROM message m WHERE m.app_no = g.app_no AND m.\"user\" = g.\"user\" AND "
    "m.template_id = g.template_id LIMIT 1) IS NOT NULL OR "
    "(SELECT 1 FROM answer a WHERE a.app_no = g.app_no AND a.\"user\" = g.\"user\" AND "
    "a.template_id = g.template_id LIMIT 1) IS NOT NULL)"};

static const struct hy_pg_sql grants_delete = {
    "retain_grants_delete", "DELETE FROM \"grant\" WHERE id = ANY ($1::bigint[])"};

static struct hy_mem_grant *grant_here(struct hy_pg *pg, int64_t id)
{
    struct hy_mem_grant wanted = {.g = {.id = id}};
    size_t at = hy_vector_place(&pg->desk.grants, &wanted, hy_mem_grant_by_id);
    struct hy_mem_grant *found = NULL;

    if (at < pg->desk.grants.count)
        found = (struct hy_mem_grant *)pg->desk.grants.items[at];
    return found && found->g.id == id ? found : NULL;
}

static void put_ids(struct hy_pg *pg, const int64_t *ids, size_t count)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_columns_begin(args, "i");
    for (size_t i = 0; i < count; i++)
        hy_pg_put_int(args, ids[i]);
    hy_pg_columns_end(args);
}

static int find_in_use(struct hy_pg *pg, const int64_t *ids, size_t count,
                       struct hy_map *ret_in_use)
{
    struct hy_pg_rows rows;
    int r;

    put_ids(pg, ids, count);
    r = hy_pg_run(pg->link, &grants_in_use, &rows);
    while (r == 0 && hy_pg_next(&rows))
        hy_map_put(ret_in_use, hy_pg_int(&rows, 0), NULL, 0, pg);
    hy_pg_rows_free(&rows);
    return r;
}

/* Nobody changes them now: their users are on the desk. The rules say which go, and what is known of the user
 * then; the rows go here. */
static int delete_grants(struct hy_pg *pg, struct hy_retain *v, const int64_t *ids, size_t count)
{
    int64_t gone[HY_RETAIN_CHUNK];
    struct hy_map in_use = {0};
    size_t goes = 0;
    int r = hy_desk_fetch(pg);

    if (r == 0)
        r = find_in_use(pg, ids, count, &in_use);
    for (size_t i = 0; i < count && r == 0; i++) {
        struct hy_mem_grant *grant = grant_here(pg, ids[i]);
        bool used = hy_map_get(&in_use, ids[i], NULL, 0) != NULL;

        if (grant && hy_mem_retain_grant(&pg->desk, grant, v->before_ms, used))
            gone[goes++] = ids[i];
    }
    hy_map_deinit(&in_use);
    if (r < 0)
        return r;
    put_ids(pg, gone, goes);
    hy_pg_queue(pg->link, &grants_delete, NULL, NULL);
    v->deleted += goes;
    return hy_desk_put_away(pg);
}

static int retain_grants(struct hy_pg *pg, struct hy_retain *v, struct hy_pg_rows *rows)
{
    int64_t ids[HY_RETAIN_CHUNK];
    size_t count = 0, looked_at = 0;
    int r = 0;

    while (r == 0 && looked_at < v->limit && hy_pg_next(rows)) {
        looked_at++;
        v->cursor = hy_pg_int(rows, 0);
        if (hy_pg_int(rows, 3)) {
            hy_desk_want_user(pg, hy_pg_int(rows, 1), hy_pg_text(rows, 2), HY_DESK_TELLS);
            hy_desk_want_grant(pg, v->cursor);
            ids[count++] = v->cursor;
        }
        if (count == HY_RETAIN_CHUNK) {
            r = delete_grants(pg, v, ids, count);
            count = 0;
        }
    }
    if (r == 0 && count > 0)
        r = delete_grants(pg, v, ids, count);
    v->more = looked_at == v->limit && hy_pg_next(rows);
    return r;
}

static int step_grants(struct hy_pg *pg, struct hy_retain *v)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, v->cursor);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_put_int(args, v->before_ms);
    r = hy_pg_run(pg->link, &grants_look, &rows);
    if (r == 0)
        r = retain_grants(pg, v, &rows);
    hy_pg_rows_free(&rows);
    return r;
}

/* --- the verbs -------------------------------------------------------------------------------- */

int hy_pg_retain(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_retain *v = (struct hy_retain *)op;
    int r = hy_desk_put_away(pg);

    v->deleted = 0;
    v->more = false;
    if (r < 0)
        return r;
    hy_desk_wait_shortly(pg);
    if (v->kind == HY_RETAIN_MESSAGES || v->kind == HY_RETAIN_BROADCASTS)
        hy_pg_fold_hold(pg);
    if (v->kind == HY_RETAIN_MESSAGES)
        return hy_pg_retain_messages(pg, v);
    return v->kind == HY_RETAIN_GRANTS ? step_grants(pg, v) : run_step(pg, v);
}

/* What is free is PostgreSQL's own business. */
int hy_pg_vacuum(struct hy_backend *backend, struct hy_op *op)
{
    (void)backend;
    ((struct hy_vacuum *)op)->left = 0;
    return 0;
}
