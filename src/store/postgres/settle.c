/* Verbs that are about messages by their ids. */
#include "store/postgres/desk_wants.h"

void hy_pg_want_settle(struct hy_pg *pg, const struct hy_op *op)
{
    const struct hy_settle *v = (const struct hy_settle *)op;

    for (size_t i = 0; i < v->count; i++)
        hy_desk_want_message(pg, v->items[i].message_id,
                             v->items[i].heard_for_ms > 0 ? HY_DESK_HEARD : 0);
}

void hy_pg_want_cancel(struct hy_pg *pg, const struct hy_op *op)
{
    hy_desk_want_message(pg, ((const struct hy_cancel *)op)->message_id, 0);
}

void hy_pg_want_retry(struct hy_pg *pg, const struct hy_op *op)
{
    hy_desk_want_message(pg, ((const struct hy_retry *)op)->message_id, 0);
}

static int run(struct hy_backend *backend, struct hy_op *op, hy_pg_want *want,
               hy_backend_verb *verb)
{
    struct hy_pg *pg = hy_pg(backend);
    int r;

    want(pg, op);
    r = hy_desk_fetch(pg);
    return hy_desk_result(pg, r < 0 ? r : verb(backend, op));
}

int hy_pg_settle(struct hy_backend *backend, struct hy_op *op)
{
    return run(backend, op, hy_pg_want_settle, hy_mem_settle);
}

int hy_pg_cancel(struct hy_backend *backend, struct hy_op *op)
{
    return run(backend, op, hy_pg_want_cancel, hy_mem_cancel);
}

int hy_pg_retry(struct hy_backend *backend, struct hy_op *op)
{
    return run(backend, op, hy_pg_want_retry, hy_mem_retry);
}
