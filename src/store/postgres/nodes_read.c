/* What is told of nodes, holds and changes. */
#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/beating.h"

#include <string.h>

static void read_hold(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_hold *)item = (struct hy_hold){.kind = (enum hy_hold_kind)hy_pg_int(rows, 0),
                                               .id = hy_pg_int(rows, 1),
                                               .node = hy_pg_int(rows, 2),
                                               .since_ms = hy_pg_int(rows, 3)};
}

int hy_pg_read_holds(struct hy_pg *pg, int64_t node, struct hy_arena *arena,
                     struct hy_hold **ret_holds, size_t *ret_count)
{
    static const struct hy_pg_sql sql = {"holds", "SELECT kind, id, node, since_ms FROM hold WHERE "
                                                  "$1 = 0 OR node = $1 ORDER BY kind, id"};

    hy_pg_put_int(hy_pg_args(pg->link), node);
    return hy_pg_list(pg->link, &sql, arena, read_hold, sizeof **ret_holds, ret_holds, ret_count);
}

void hy_pg_count_holds(struct hy_node *n, const struct hy_hold *holds, size_t count)
{
    n->apps = n->webhooks = 0;
    for (size_t i = 0; i < count; i++)
        if (holds[i].node == n->node)
            *(holds[i].kind == HY_HOLD_APP ? &n->apps : &n->webhooks) += 1;
}

/* --- the verbs ---------------------------------------------------------------------------------- */

static void read_node(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_node *)item = (struct hy_node){.node = hy_pg_int(rows, 0),
                                               .slot = (int)hy_pg_int(rows, 1),
                                               .name = hy_pg_copy(rows, 2, arena),
                                               .version = hy_pg_copy(rows, 3, arena),
                                               .schema = (int)hy_pg_int(rows, 4),
                                               .started_ms = hy_pg_int(rows, 5),
                                               .beat_ms = hy_pg_int(rows, 6),
                                               .lease_until_ms = hy_pg_int(rows, 7),
                                               .report = hy_pg_copy(rows, 8, arena)};
}

static int read_nodes(struct hy_pg *pg, struct hy_nodes *v)
{
    static const struct hy_pg_sql sql = {
        "nodes", "SELECT node, slot, name, version, schema, started_ms, beat_ms, lease_until_ms, "
                 "report FROM node ORDER BY node"};
    int r;

    hy_pg_args(pg->link);
    r = hy_pg_list(pg->link, &sql, v->arena, read_node, sizeof *v->nodes, &v->nodes, &v->count);
    for (size_t i = 0; r == 0 && i < v->count; i++)
        hy_pg_count_holds(&v->nodes[i], v->holds, v->hold_count);
    return r;
}

static int read_store(struct hy_pg *pg, struct hy_nodes *v)
{
    static const struct hy_pg_sql sql = {
        "nodes_store", "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8, "
                       "coalesce(max(number), 0) FROM schema_step"};
    struct hy_pg_rows rows;
    int r;

    hy_pg_args(pg->link);
    r = hy_pg_run(pg->link, &sql, &rows);
    if (r == 0 && hy_pg_next(&rows)) {
        v->now_ms = hy_pg_int(&rows, 0);
        v->schema = (int)hy_pg_int(&rows, 1);
    }
    hy_pg_rows_free(&rows);
    return r;
}

int hy_pg_nodes(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_nodes *v = (struct hy_nodes *)op;
    int r;

    hy_pg_snapshot(pg->link);
    r = hy_pg_read_holds(pg, 0, v->arena, &v->holds, &v->hold_count);
    if (r == 0)
        r = read_nodes(pg, v);
    if (r == 0)
        r = read_store(pg, v);
    return hy_pg_snapshot_end(pg->link, r);
}

int hy_pg_changes(struct hy_backend *backend, struct hy_op *op)
{
    static const struct hy_pg_sql sql = {"changes", "SELECT news, count FROM change"};
    struct hy_changes *v = (struct hy_changes *)op;
    struct hy_pg *pg = hy_pg(backend);
    struct hy_pg_rows rows;
    int r;

    memset(v->counts, 0, sizeof v->counts);
    hy_pg_args(pg->link);
    r = hy_pg_run(pg->link, &sql, &rows);
    while (r == 0 && hy_pg_next(&rows)) {
        int64_t news = hy_pg_int(&rows, 0);

        if (news >= 0 && news < HY_NEWS_KINDS)
            v->counts[news] = hy_pg_int(&rows, 1);
    }
    hy_pg_rows_free(&rows);
    return r;
}
