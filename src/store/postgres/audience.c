/* Who a broadcast is to be sent to: store/broadcasts.h. */
#include "store/postgres/broadcasts.h"

#include "base/err.h"

/* --- add ---------------------------------------------------------------------------------------- */

/* Items of one call count among themselves: of several with the same user the first is taken. */
#define JOIN_AUDIENCE(condition)                                                                   \
    "WITH b AS MATERIALIZED (SELECT id FROM broadcast WHERE id = $1" condition "), "               \
    "added AS (INSERT INTO audience (broadcast_id, \"user\", data) "                               \
    "SELECT b.id, t.u, t.d FROM b CROSS JOIN unnest($2::text[], $3::text[]) WITH ORDINALITY "      \
    "AS t (u, d, n) ORDER BY t.u COLLATE \"C\", t.n ON CONFLICT DO NOTHING RETURNING 1), "         \
    "joined AS MATERIALIZED (SELECT count(*)::int8 AS n FROM added) "                              \
    "UPDATE broadcast SET total = total + joined.n, duplicates = duplicates + $4 - joined.n "      \
    "FROM b, joined WHERE broadcast.id = b.id RETURNING joined.n"

static void put_items(struct hy_pg *pg, int64_t id, const struct hy_audience_item *items,
                      size_t count)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, id);
    hy_pg_columns_begin(args, "tt");
    for (size_t i = 0; i < count; i++) {
        hy_pg_put_text(args, items[i].user);
        hy_pg_put_text(args, items[i].data);
    }
    hy_pg_columns_end(args);
    hy_pg_put_int(args, (int64_t)count);
}

static int read_size(struct hy_pg_rows *rows, void *arg)
{
    if (hy_pg_next(rows))
        *(size_t *)arg = (size_t)hy_pg_int(rows, 0);
    return 0;
}

void hy_pg_queue_audience(struct hy_pg *pg, int64_t id, const struct hy_audience_item *items,
                          size_t count, size_t *ret_added)
{
    static const struct hy_pg_sql join = {"audience_join", JOIN_AUDIENCE("")};

    *ret_added = 0;
    put_items(pg, id, items, count);
    hy_pg_queue(pg->link, &join, read_size, ret_added);
}

int hy_pg_audience_add(struct hy_backend *backend, struct hy_op *op)
{
    /* As drawn in broadcast.h: a draft whose audience isn't the reach. */
    static const struct hy_pg_sql join = {"audience_add",
                                          JOIN_AUDIENCE(" AND state = 0 AND NOT reach")};
    struct hy_pg *pg = hy_pg(backend);
    struct hy_audience_add *v = (struct hy_audience_add *)op;
    struct hy_pg_broadcast row;
    int r;

    v->added = 0;
    hy_pg_queue_broadcast(pg, v->broadcast_id, &row);
    put_items(pg, v->broadcast_id, v->items, v->count);
    hy_pg_queue(pg->link, &join, read_size, &v->added);
    r = hy_pg_drain(pg->link);
    v->duplicates = v->count - v->added;
    if (r < 0)
        return r;
    if (row.b.id == 0)
        return HY_E_NOT_FOUND;
    return row.b.state != HY_BROADCAST_DRAFT || row.b.reach ? HY_E_CONFLICT : 0;
}

/* --- whom the ledger reaches -------------------------------------------------------------------- */

/* By what the template of a broadcast is reached: 0 receipts, 1 counters. One that is not known: by counters,
 * if it ever had one. */
#define BY_COUNTERS                                                                                \
    "CASE template_kind WHEN 0 THEN EXISTS (SELECT FROM reach_counter r WHERE "                    \
    "r.app_no = b.app_no AND r.template_id = b.template_id) ELSE template_kind <> 1 END"

/* hy_grant_usable(), of available ones; $2 and $3: now and margin. */
#define GRANT_COUNTS                                                                               \
    "g.state = 0 AND g.uses_left > g.uses_reserved AND "                                           \
    "(g.expires_at_ms = 0 OR g.expires_at_ms - $3 > $2) AND "                                      \
    "CASE WHEN b.by_counters THEN g.kind >= 2 AND g.template_id = b.template_id "                  \
    "ELSE g.kind < 2 END"
_Static_assert(HY_GRANT_AVAILABLE == 0 && HY_GRANT_FORM_ID == 0 && HY_GRANT_PREPAY_ID == 1,
               "GRANT_COUNTS: states and kinds");
_Static_assert(HY_TEMPLATE_ANY == 0 && HY_TEMPLATE_LEGACY == 1, "BY_COUNTERS: kinds");

/* --- collect ------------------------------------------------------------------------------------ */

struct collecting {
    bool found; /* it runs, and isn't collected */
    size_t added;
    bool collected;
};

static int read_collected(struct hy_pg_rows *rows, void *arg)
{
    struct collecting *c = (struct collecting *)arg;

    c->found = hy_pg_next(rows);
    if (c->found) {
        c->added = (size_t)hy_pg_int(rows, 0);
        c->collected = hy_pg_int(rows, 1) != 0;
    }
    return 0;
}

/* Whole users: those with one of the first $4 grants above collect_from. */
static void queue_collect(struct hy_pg *pg, const struct hy_audience_collect *v,
                          struct collecting *c)
{
    static const struct hy_pg_sql collect = {
        "audience_collect",
        "WITH b AS MATERIALIZED (SELECT id, app_no, template_id, " BY_COUNTERS " AS by_counters, "
        "coalesce(collect_from, '') AS after FROM broadcast b WHERE id = $1 AND state = 2 AND NOT "
        "collected), "
        "last AS MATERIALIZED (SELECT max(\"user\") AS u FROM b CROSS JOIN LATERAL (SELECT "
        "\"user\" "
        "FROM \"grant\" g WHERE g.app_no = b.app_no AND g.\"user\" > b.after ORDER BY g.\"user\" "
        "LIMIT $4) g), "
        "added AS (INSERT INTO audience (broadcast_id, \"user\") "
        "SELECT DISTINCT b.id, g.\"user\" FROM b CROSS JOIN last JOIN \"grant\" g ON "
        "g.app_no = b.app_no AND g.\"user\" > b.after AND g.\"user\" <= last.u WHERE " GRANT_COUNTS
        " ORDER BY g.\"user\" ON CONFLICT DO NOTHING RETURNING 1), "
        "joined AS MATERIALIZED (SELECT count(*)::int8 AS n FROM added) "
        "UPDATE broadcast SET total = total + joined.n, collect_from = coalesce(last.u, "
        "collect_from), "
        "collected = (SELECT g.\"user\" FROM \"grant\" g WHERE g.app_no = b.app_no AND "
        "g.\"user\" > last.u ORDER BY g.\"user\" LIMIT 1) IS NULL "
        "FROM b, last, joined WHERE broadcast.id = b.id RETURNING joined.n, broadcast.collected"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, v->broadcast_id);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_put_int(args, v->margin_ms);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_queue(pg->link, &collect, read_collected, c);
}

int hy_pg_audience_collect(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_audience_collect *v = (struct hy_audience_collect *)op;
    struct collecting c = {0};
    struct hy_pg_broadcast row;
    int r = hy_desk_put_away(pg); /* grants that lie there are other ones by now */

    v->added = 0;
    if (r < 0)
        return r;
    hy_pg_queue_broadcast(pg, v->broadcast_id, &row);
    queue_collect(pg, v, &c);
    r = hy_pg_drain(pg->link);
    if (r < 0)
        return r;
    if (row.b.id == 0)
        return HY_E_NOT_FOUND;
    if (!c.found)
        return HY_E_CONFLICT;
    v->added = c.added;
    v->collected = c.collected;
    return 0;
}

/* --- look --------------------------------------------------------------------------------------- */

enum {
    SAMPLES = sizeof((struct hy_audience_look *)NULL)->samples / sizeof(struct hy_audience_item)
};
_Static_assert(SAMPLES == 10, "audience_look reads the data of so many");

static void look_at(struct hy_audience_look *v, const struct hy_pg_rows *rows)
{
    const char *user = hy_pg_copy(rows, 0, v->arena);

    v->users++;
    v->reachable += hy_pg_int(rows, 1) != 0;
    v->last = user;
    if (v->sample_count < SAMPLES)
        v->samples[v->sample_count++] =
            (struct hy_audience_item){.user = user, .data = hy_pg_copy(rows, 2, v->arena)};
}

/* A row at least: without a user when there is none in the audience. */
static int read_audience(struct hy_audience_look *v, struct hy_pg_rows *rows)
{
    if (!hy_pg_next(rows))
        return HY_E_NOT_FOUND;
    do {
        if (hy_pg_text(rows, 0) && v->users < v->limit)
            look_at(v, rows);
        else
            v->more = hy_pg_text(rows, 0) != NULL;
    } while (hy_pg_next(rows));
    return 0;
}

int hy_pg_audience_look(struct hy_backend *backend, struct hy_op *op)
{
    static const struct hy_pg_sql look = {
        "audience_look",
        "WITH b AS MATERIALIZED (SELECT id, app_no, template_id, " BY_COUNTERS " AS by_counters "
        "FROM broadcast b WHERE id = $1) "
        "SELECT a.\"user\", EXISTS (SELECT FROM \"grant\" g WHERE g.app_no = b.app_no AND "
        "g.\"user\" = a.\"user\" AND " GRANT_COUNTS "), CASE WHEN a.n <= 10 THEN a.data END "
        "FROM b LEFT JOIN LATERAL (SELECT \"user\", data, row_number() OVER (ORDER BY \"user\") "
        "AS n FROM audience WHERE broadcast_id = b.id AND \"user\" > $4 ORDER BY \"user\" LIMIT "
        "$5) "
        "a ON true ORDER BY a.n"};
    struct hy_pg *pg = hy_pg(backend);
    struct hy_audience_look *v = (struct hy_audience_look *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    v->users = v->reachable = v->sample_count = 0;
    v->last = NULL;
    v->more = false;
    hy_pg_put_int(args, v->broadcast_id);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_put_int(args, v->margin_ms);
    hy_pg_put_text(args, v->after ? v->after : "");
    hy_pg_put_int(args, (int64_t)v->limit + 1);
    r = hy_pg_run(pg->link, &look, &rows);
    if (r == 0)
        r = read_audience(v, &rows);
    hy_pg_rows_free(&rows);
    return r;
}
