#include "store/housekeeping.h"

#include "base/err.h"
#include "store/sqlite/query.h"

int hy_sqlite_pause_put(struct hy_backend *backend, struct hy_op *op)
{
    const struct hy_pause *p = &((const struct hy_pause_put *)op)->pause;
    bool open = p->until_ms == 0;
    struct hy_query q;

    hy_query_open(hy_sqlite_of(backend), open ? SQL_PAUSE_DELETE : SQL_PAUSE_PUT, &q);
    hy_put_int(&q, p->app_no);
    hy_put_int(&q, p->channel);
    if (!open) {
        hy_put_int(&q, p->until_ms);
        hy_put_int(&q, p->since_ms);
        hy_put_int(&q, p->probe);
        hy_put_text(&q, p->reason);
    }
    return hy_query_run(&q);
}

int hy_sqlite_pauses(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pauses *v = (struct hy_pauses *)op;
    void *pauses = NULL;
    size_t capacity = 0;
    struct hy_query q;
    int r;

    v->count = 0;
    hy_query_open(hy_sqlite_of(backend), SQL_PAUSES, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_pause *p = hy_query_room(&q, v->arena, &pauses, v->count, &capacity, sizeof *p);

        if (!p)
            return HY_E_NOMEM;
        v->count++;
        p->app_no = hy_get_int(&q);
        p->channel = (enum hy_channel)hy_get_int(&q);
        p->until_ms = hy_get_int(&q);
        p->since_ms = hy_get_int(&q);
        p->probe = hy_get_int(&q) != 0;
        p->reason = hy_get_text(&q, v->arena);
    }
    v->pauses = pauses;
    return r;
}
