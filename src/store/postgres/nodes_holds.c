/* Who holds what: shares, and what a beat takes of them. */
#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/beating.h"
#include "store/postgres/outbox.h"

#include <string.h>

/* What there is to be held: in use, not deleted. */
#define THINGS                                                                                     \
    "things AS (SELECT 0 AS kind, no AS id FROM app WHERE deleted_at_ms = 0 UNION ALL SELECT 1, "  \
    "id FROM webhook)"
/* $1 the node, $2 now: of each kind how many it should hold. */
#define SHARES                                                                                     \
    THINGS ", living AS (SELECT count(*) AS n, count(*) FILTER (WHERE node < $1) AS rank FROM "    \
           "node WHERE lease_until_ms > $2), share AS (SELECT kind, total / n + (rank < total % "  \
           "n)::int AS share FROM (SELECT kind, count(*) AS total FROM things GROUP BY kind) t, "  \
           "living WHERE n > 0)"

/* --- holds -------------------------------------------------------------------------------------- */

static void put_given(struct hy_pg_args *args, const struct hy_node_beat *v)
{
    hy_pg_columns_begin(args, "ii");
    for (size_t i = 0; i < v->give_back_count; i++) {
        hy_pg_put_int(args, v->give_back[i].kind);
        hy_pg_put_int(args, v->give_back[i].id);
    }
    hy_pg_columns_end(args);
}

static int move(struct beating *b, const struct hy_pg_sql *sql)
{
    int r = hy_pg_must_change(b->pg->link, sql);

    b->moved = b->moved || r == 0;
    return r == HY_E_NOT_FOUND ? 0 : r;
}

static int give_back(struct beating *b)
{
    static const struct hy_pg_sql sql = {
        "hold_give",
        "DELETE FROM hold h USING unnest($2::int8[], $3::int8[]) AS t (kind, id) WHERE "
        "h.kind = t.kind AND h.id = t.id AND h.node = $1"};
    struct hy_pg_args *args = hy_pg_args(b->pg->link);

    if (b->verb->give_back_count == 0)
        return 0;
    hy_pg_put_int(args, b->verb->self.node);
    put_given(args, b->verb);
    return move(b, &sql);
}

/* Of what is deleted, or of whoever is no node any more. */
static int drop_stale(struct beating *b)
{
    static const struct hy_pg_sql sql = {
        "hold_stale", "WITH " THINGS " DELETE FROM hold h WHERE NOT EXISTS (SELECT FROM things t "
                      "WHERE t.kind = h.kind AND t.id = h.id) OR NOT EXISTS (SELECT FROM node n "
                      "WHERE n.node = h.node)"};

    hy_pg_args(b->pg->link);
    return move(b, &sql);
}

static int note_taken(struct beating *b, struct hy_pg_rows *rows)
{
    int64_t *webhooks =
        (int64_t *)hy_arena_array(b->verb->arena, (size_t)rows->count + 1, sizeof *webhooks);
    size_t count = 0;

    if (!webhooks)
        return HY_E_NOMEM;
    b->moved = b->moved || rows->count > 0;
    while (hy_pg_next(rows))
        if (hy_pg_int(rows, 0) == HY_HOLD_WEBHOOK)
            webhooks[count++] = hy_pg_int(rows, 1);
    if (count > 0)
        hy_pg_queue_outbox_take_over(b->pg, webhooks, count, b->now_ms);
    return 0;
}

/* Not what it gave back just now: somebody else may want that. */
static int take_share(struct beating *b)
{
    static const struct hy_pg_sql sql = {
        "hold_take",
        "WITH " SHARES
        ", mine AS (SELECT kind, count(*) AS n FROM hold WHERE node = $1 GROUP BY kind), free AS "
        "(SELECT t.kind, t.id, row_number() OVER (PARTITION BY t.kind ORDER BY t.id) AS r FROM "
        "things t WHERE NOT EXISTS (SELECT FROM hold h WHERE h.kind = t.kind AND h.id = t.id) AND "
        "(t.kind::int8, t.id) NOT IN (SELECT * FROM unnest($3::int8[], $4::int8[]))) INSERT INTO "
        "hold (kind, id, node, since_ms) SELECT f.kind, f.id, $1, $2 FROM free f JOIN share s "
        "USING (kind) LEFT JOIN mine m USING (kind) WHERE f.r <= s.share - coalesce(m.n, 0) "
        "RETURNING kind, id"};
    struct hy_pg_args *args = hy_pg_args(b->pg->link);
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, b->verb->self.node);
    hy_pg_put_int(args, b->now_ms);
    put_given(args, b->verb);
    r = hy_pg_run(b->pg->link, &sql, &rows);
    if (r == 0)
        r = note_taken(b, &rows);
    hy_pg_rows_free(&rows);
    return r;
}

int hy_pg_holds_move(struct beating *b)
{
    int r = give_back(b);

    if (r == 0 && b->locked)
        r = drop_stale(b);
    if (r == 0 && b->locked)
        r = take_share(b);
    if (r == 0 && b->moved)
        hy_pg_tell_news(b->pg, HY_NEWS_HOLDS, 0);
    return r;
}

/* --- telling ------------------------------------------------------------------------------------ */

/* How many live, and how many more than its share it holds. */
static int read_shares(struct beating *b)
{
    static const struct hy_pg_sql sql = {
        "shares", "WITH " SHARES " SELECT s.kind, s.share, l.n FROM living l LEFT JOIN share s ON "
                  "true"};
    struct hy_node_beat *v = b->verb;
    struct hy_pg_args *args = hy_pg_args(b->pg->link);
    int64_t held[HY_HOLD_KINDS] = {v->self.apps, v->self.webhooks};
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, v->self.node);
    hy_pg_put_int(args, b->now_ms);
    memset(v->surplus, 0, sizeof v->surplus);
    r = hy_pg_run(b->pg->link, &sql, &rows);
    while (r == 0 && hy_pg_next(&rows)) {
        int64_t kind = hy_pg_int(&rows, 0), share = hy_pg_int(&rows, 1);

        v->nodes = (size_t)hy_pg_int(&rows, 2);
        if (held[kind] > share)
            v->surplus[kind] = (size_t)(held[kind] - share);
    }
    hy_pg_rows_free(&rows);
    return r;
}

static int copy_texts(struct hy_node_beat *v)
{
    v->self.name = hy_arena_strdup(v->arena, v->name);
    v->self.version = hy_arena_strdup(v->arena, v->version);
    v->self.report = hy_arena_strdup(v->arena, v->report);
    return v->self.name && v->self.version && (v->self.report || !v->report) ? 0 : HY_E_NOMEM;
}

int hy_pg_holds_tell(struct beating *b)
{
    struct hy_node_beat *v = b->verb;
    int r = hy_pg_read_holds(b->pg, v->self.node, v->arena, &v->holds, &v->hold_count);

    if (r < 0)
        return r;
    hy_pg_count_holds(&v->self, v->holds, v->hold_count);
    r = read_shares(b);
    return r < 0 ? r : copy_texts(v);
}
