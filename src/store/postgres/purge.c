/*
 * Grants whose time is over. In steps: which ones; their users are locked, so that nobody reserves a use
 * meanwhile; those that are still over are deleted, and what they counted for reach with them.
 *
 * Within the margin the good ones go and the spent ones stay, and of these there are many. The good
 * ones are found without walking past the others: they are in minutes in which somebody is reached
 * (reach_receipt), and of suspect ones there are few (an index of their own).
 */
#include "store/grants.h"

#include "base/err.h"
#include "store/postgres/postgres.h"
#include "store/postgres/reach.h"

#define GOOD   "state IN (0, 4)" /* available, suspect */
#define FREE   "state = 0 AND uses_left > uses_reserved"
#define MINUTE "(CASE WHEN expires_at_ms > 0 THEN expires_at_ms / 60000 ELSE 1::int8 << 40 END)"
#define UNHELD "uses_reserved = 0"

/* --- which ------------------------------------------------------------------------------------ */

static const struct hy_pg_sql over_by_now = {
    "purge_over", "SELECT id, \"user\" FROM \"grant\" WHERE app_no = $1 AND expires_at_ms > 0"
                  " AND expires_at_ms <= $2 AND " UNHELD " ORDER BY expires_at_ms, id LIMIT $3"};
static const struct hy_pg_sql over_within_margin = {
    "purge_margin",
    "SELECT id, \"user\" FROM ((SELECT g.id, g.\"user\", g.expires_at_ms FROM"
    "  (SELECT minute FROM reach_receipt WHERE app_no = $1"
    "   AND minute BETWEEN $2 / 60000 AND $3 / 60000 GROUP BY minute HAVING sum(uses) > 0 ORDER BY "
    "minute) m"
    "  CROSS JOIN LATERAL (SELECT id, \"user\", expires_at_ms FROM \"grant\" WHERE app_no = $1"
    "   AND expires_at_ms BETWEEN m.minute * 60000 AND m.minute * 60000 + 59999"
    "   AND expires_at_ms > $2 AND expires_at_ms <= $3 AND expires_at_ms > 0 AND state = 0 "
    "AND " UNHELD "   ORDER BY expires_at_ms, id LIMIT $4) g"
    "  ORDER BY m.minute, g.expires_at_ms, g.id LIMIT $4)"
    " UNION ALL (SELECT id, \"user\", expires_at_ms FROM \"grant\" WHERE app_no = $1"
    "  AND expires_at_ms > $2 AND expires_at_ms <= $3 AND expires_at_ms > 0 AND retry_at_ms > 0"
    "  AND state = 4 AND " UNHELD " ORDER BY expires_at_ms, id LIMIT $4)) g"
    " ORDER BY expires_at_ms, id LIMIT $4"};

struct purging {
    struct hy_pg *pg;
    struct hy_purge *verb;
    struct hy_pg_rows rows[2]; /* of the two above: id, user */
    size_t found;
};

static int find_over(struct purging *p)
{
    const struct hy_purge *v = p->verb;
    struct hy_pg_args *args = hy_pg_args(p->pg->link);
    int r;

    hy_pg_put_int(args, v->app_no);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_put_int(args, (int64_t)v->limit);
    r = hy_pg_run(p->pg->link, &over_by_now, &p->rows[0]);
    p->found = r == 0 ? (size_t)p->rows[0].count : 0;
    if (r < 0 || p->found >= v->limit || v->margin_ms == 0)
        return r;
    args = hy_pg_args(p->pg->link);
    hy_pg_put_int(args, v->app_no);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_put_int(args, v->now_ms + v->margin_ms);
    hy_pg_put_int(args, (int64_t)(v->limit - p->found));
    r = hy_pg_run(p->pg->link, &over_within_margin, &p->rows[1]);
    p->found += r == 0 ? (size_t)p->rows[1].count : 0;
    return r;
}

/* --- deleting --------------------------------------------------------------------------------- */

/* All of one statement see the table as it was before it, so `was` has what is deleted, too. */
static const struct hy_pg_sql delete_over = {
    "purge_delete",
    "WITH gone AS (DELETE FROM \"grant\" WHERE id = ANY($1::int8[]) AND " UNHELD
    "  AND (expires_at_ms <= $3 OR (expires_at_ms <= $4 AND " GOOD "))"
    "  RETURNING id, \"user\", state, expires_at_ms, uses_left, uses_reserved),"
    " counted AS (SELECT id, \"user\", " MINUTE " AS minute, uses_left - uses_reserved AS uses"
    "  FROM gone WHERE " FREE "),"
    " was AS (SELECT u.\"user\", g.id, g.minute FROM (SELECT DISTINCT \"user\" FROM counted) u"
    "  CROSS JOIN LATERAL (SELECT id, " MINUTE " AS minute FROM \"grant\" WHERE app_no = $2"
    "   AND \"user\" = u.\"user\" AND template_id IS NULL AND " FREE " OFFSET 0) g),"
    " last AS (SELECT max(minute) AS before,"
    "  max(minute) FILTER (WHERE id NOT IN (SELECT id FROM counted)) AS after FROM was"
    "  GROUP BY \"user\")"
    " SELECT -1::int8, count(*), 0::int8 FROM gone"
    " UNION ALL SELECT minute, sum(users)::int8, sum(uses)::int8 FROM ("
    "  SELECT minute, 0 AS users, -uses AS uses FROM counted"
    "  UNION ALL SELECT before, -1, 0 FROM last WHERE after IS DISTINCT FROM before"
    "  UNION ALL SELECT after, 1, 0 FROM last WHERE after <> before) AS change GROUP BY minute"};

/* The first row says how many went. */
static int take_deleted(struct hy_pg_rows *rows, void *arg)
{
    struct purging *p = (struct purging *)arg;

    while (hy_pg_next(rows)) {
        int64_t minute = hy_pg_int(rows, 0), users = hy_pg_int(rows, 1);

        if (minute < 0)
            p->verb->purged = (size_t)users;
        else
            hy_desk_reach_receipts(p->pg, p->verb->app_no, minute, users, hy_pg_int(rows, 2));
    }
    return 0;
}

static void delete_found(struct purging *p)
{
    const struct hy_purge *v = p->verb;
    struct hy_pg_args *args = hy_pg_args(p->pg->link);

    hy_pg_columns_begin(args, "i");
    for (int i = 0; i < 2; i++)
        for (p->rows[i].at = -1; hy_pg_next(&p->rows[i]);)
            hy_pg_put_int(args, hy_pg_int(&p->rows[i], 0));
    hy_pg_columns_end(args);
    hy_pg_put_int(args, v->app_no);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_put_int(args, v->now_ms + v->margin_ms);
    hy_pg_queue(p->pg->link, &delete_over, take_deleted, p);
}

/* --- reach ------------------------------------------------------------------------------------ */

/*
 * Rows of minutes that are over and add up to nothing. Whatever is deleted, the sums stay: only rows
 * count that are ours now (what another transaction changes is skipped).
 */
static const struct hy_pg_sql tidy_reach = {
    "purge_reach",
    "WITH old AS (SELECT minute, node, users, uses FROM reach_receipt WHERE app_no = $1"
    "  AND minute >= 0 AND minute < $2 ORDER BY minute LIMIT 10000 FOR UPDATE SKIP LOCKED),"
    " nothing AS (SELECT minute FROM old GROUP BY minute HAVING sum(users) = 0 AND sum(uses) = 0)"
    " DELETE FROM reach_receipt r USING old o WHERE r.app_no = $1 AND r.minute = o.minute"
    " AND r.node = o.node AND o.minute IN (SELECT minute FROM nothing)"};

struct hy_pg_forgetting {
    int64_t app_no, before_minute;
    struct hy_pg_forgetting *next;
};

/* With the commit: these are rows of other nodes, too, which would wait for us. */
static void forget_minutes(struct hy_pg *pg, const struct hy_purge *v)
{
    struct hy_pg_forgetting *f =
        (struct hy_pg_forgetting *)hy_mem_must(hy_arena_alloc(&pg->scratch, sizeof *f));

    *f = (struct hy_pg_forgetting){v->app_no, (v->now_ms + v->margin_ms) / HY_REACH_MINUTE_MS,
                                   pg->forgetting};
    pg->forgetting = f;
}

void hy_pg_purge_flush(struct hy_pg *pg)
{
    for (; pg->forgetting; pg->forgetting = pg->forgetting->next) {
        struct hy_pg_args *args = hy_pg_args(pg->link);

        hy_pg_put_int(args, pg->forgetting->app_no);
        hy_pg_put_int(args, pg->forgetting->before_minute);
        hy_pg_queue(pg->link, &tidy_reach, NULL, NULL);
    }
}

/* --- the verb --------------------------------------------------------------------------------- */

/* Waits for whoever has one of the users on the desk; the desk is empty again afterwards. */
static int lock_users(struct purging *p)
{
    int r;

    for (int i = 0; i < 2; i++)
        for (p->rows[i].at = -1; hy_pg_next(&p->rows[i]);)
            hy_desk_want_user(p->pg, p->verb->app_no, hy_pg_text(&p->rows[i], 1), HY_DESK_LOCKED);
    r = hy_desk_fetch(p->pg);
    return r < 0 ? r : hy_desk_put_away(p->pg);
}

static int delete_locked(struct purging *p)
{
    delete_found(p);
    return hy_pg_drain(p->pg->link);
}

int hy_pg_purge(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_purge *v = (struct hy_purge *)op;
    struct purging p = {.pg = pg, .verb = v};
    int r = hy_desk_put_away(pg);

    v->purged = 0;
    if (r == 0)
        r = find_over(&p);
    if (r == 0 && p.found > 0)
        r = lock_users(&p);
    if (r == 0 && p.found > 0)
        r = delete_locked(&p);
    if (r == 0 && v->purged < v->limit)
        forget_minutes(pg, v);
    for (int i = 0; i < 2; i++)
        hy_pg_rows_free(&p.rows[i]);
    return r;
}
