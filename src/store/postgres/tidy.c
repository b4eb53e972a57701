/* What is only kept for a while. */
#include "store/grants.h"

#include "store/postgres/postgres.h"

#define DAY_MS 86400000LL

/* Rows that another transaction has in hand are left to the next time. */
#define DELETE_OLD(table, column)                                                                  \
    "DELETE FROM " table " WHERE ctid = ANY(ARRAY(SELECT ctid FROM " table " WHERE " column        \
    " <= $1 ORDER BY " column " LIMIT $2 FOR UPDATE SKIP LOCKED))"

static const struct hy_pg_sql seen = {"tidy_seen", DELETE_OLD("seen", "at_ms")};
static const struct hy_pg_sql awaiting = {"tidy_awaiting", DELETE_OLD("awaiting", "noted_at_ms")};
static const struct hy_pg_sql early = {"tidy_early", DELETE_OLD("early", "received_at_ms")};
static const struct hy_pg_sql heard = {"tidy_heard", DELETE_OLD("heard", "until_ms")};
static const struct hy_pg_sql cuts = {"tidy_cuts", DELETE_OLD("session_cut", "at_ms")};

static int tidy(struct hy_pg *pg, struct hy_tidy *v, const struct hy_pg_sql *sql, int64_t kept_ms)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, v->now_ms - kept_ms);
    hy_pg_put_int(args, (int64_t)(v->limit - v->tidied));
    r = hy_pg_run(pg->link, sql, &rows);
    if (r == 0)
        v->tidied += rows.changed;
    hy_pg_rows_free(&rows);
    return r;
}

int hy_pg_tidy(struct hy_backend *backend, struct hy_op *op)
{
    static const struct {
        const struct hy_pg_sql *sql;
        int64_t kept_ms;
    } kinds[] = {{&seen, HY_IDENTITY_KEPT_MS},
                 {&awaiting, 3 * DAY_MS},
                 {&early, DAY_MS},
                 {&heard, 0},
                 {&cuts, 30 * DAY_MS}};
    struct hy_pg *pg = hy_pg(backend);
    struct hy_tidy *v = (struct hy_tidy *)op;
    int r = hy_desk_put_away(pg);

    v->tidied = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && r == 0 && v->tidied < v->limit; i++)
        r = tidy(pg, v, kinds[i].sql, kinds[i].kept_ms);
    return r;
}
