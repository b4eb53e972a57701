/* Messages that are in sending although nobody sends them any more: messages.h. */
#include "store/postgres/desk_messages.h"

#include "base/err.h"

/* At once on the desk. */
enum { PIECE = 500 };

/* $1 the node, 0 = none; $2 the app, 0 = all. What the header says of several nodes, in its order. */
static const struct hy_pg_sql left = {
    "recover_left", "SELECT s.message_id, s.app_no, s.\"user\" FROM sending s LEFT JOIN hold h ON "
                    "h.kind = 0 AND h.id = s.app_no "
                    "WHERE ($2 = 0 OR s.app_no = $2) AND ($1 = 0 OR s.node <> $1) AND CASE WHEN "
                    "h.node IS NOT NULL THEN h.node = $1 "
                    "ELSE NOT EXISTS (SELECT FROM node n WHERE n.node = s.node) AND ($1 = 0 OR NOT "
                    "EXISTS (SELECT FROM app a WHERE "
                    "a.no = s.app_no AND a.deleted_at_ms = 0)) END ORDER BY s.message_id"};

static const struct hy_pg_sql last = {"recover_last",
                                      "SELECT id FROM message ORDER BY id DESC LIMIT 1"};

static int read_last(struct hy_pg_rows *rows, void *arg)
{
    while (hy_pg_next(rows))
        *(int64_t *)arg = hy_pg_int(rows, 0);
    return 0;
}

/* Whoever claimed it, it was not us: meanwhile our own claim may have come. */
static bool is_left(const struct hy_backend *b, const struct hy_mem_message *m)
{
    const struct hy_pg *pg = (const struct hy_pg *)(const void *)b;
    const struct hy_desk_image *stored = (const struct hy_desk_image *)m->stored;

    return stored && stored->m.state == HY_MESSAGE_SENDING &&
           (pg->node == 0 || stored->node != pg->node);
}

static int recover_here(struct hy_pg *pg, struct hy_recover *v)
{
    bool (*before)(const struct hy_backend *, const struct hy_mem_message *) = pg->desk.is_left;
    size_t recovered = v->recovered;
    int r = hy_desk_fetch(pg);

    if (r < 0)
        return r;
    pg->desk.is_left = is_left;
    r = hy_mem_recover(&pg->desk, &v->op);
    pg->desk.is_left = before;
    v->recovered += recovered;
    return r < 0 ? r : hy_desk_put_away(pg);
}

static int recover_all(struct hy_pg *pg, struct hy_recover *v, struct hy_pg_rows *rows)
{
    unsigned parts = 0;
    size_t count = 0;
    int r = 0;

    for (size_t i = 0; i < v->app_count; i++)
        parts |= v->apps[i].heard_for_ms > 0 ? HY_DESK_HEARD : 0;
    while (r == 0 && hy_pg_next(rows)) {
        hy_desk_want_message_of(pg, hy_pg_int(rows, 0), hy_pg_int(rows, 1), hy_pg_text(rows, 2),
                                parts, false);
        if (++count % PIECE == 0)
            r = recover_here(pg, v);
    }
    return r < 0 ? r : recover_here(pg, v);
}

int hy_pg_recover(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_recover *v = (struct hy_recover *)op;
    struct hy_pg_args *args;
    struct hy_pg_rows rows = {0};
    int r = hy_desk_put_away(pg);

    v->recovered = 0;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, pg->node);
    hy_pg_put_int(args, v->app_no);
    if (r == 0)
        r = hy_pg_run(pg->link, &left, &rows);
    if (r == 0)
        r = recover_all(pg, v, &rows);
    hy_pg_rows_free(&rows);
    v->last_message_id = 0;
    if (r == 0) {
        hy_pg_args(pg->link);
        hy_pg_queue(pg->link, &last, read_last, &v->last_message_id);
        r = hy_pg_drain(pg->link);
    }
    return hy_desk_result(pg, r);
}
