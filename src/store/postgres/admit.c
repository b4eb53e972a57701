#include "store/postgres/desk_wants.h"

void hy_pg_want_admit(struct hy_pg *pg, const struct hy_op *op)
{
    const struct hy_admit *v = (const struct hy_admit *)op;

    for (size_t i = 0; i < v->count; i++) {
        const struct hy_admit_item *item = &v->items[i];

        hy_desk_want_user(pg, item->message->app_no, item->message->user, HY_DESK_BARE);
        hy_desk_want_id(pg, item->message->id);
        if (item->key)
            hy_desk_want_key(pg, item->key, v->now_ms, v->key_window_ms);
    }
}

int hy_pg_admit(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    int r;

    hy_pg_want_admit(pg, op);
    r = hy_desk_fetch(pg);
    return hy_desk_result(pg, r < 0 ? r : hy_mem_admit(backend, op));
}
