#include "store/housekeeping.h"

#include "base/err.h"
#include "store/sqlite/query.h"

/* A message whose due instant is from a clock that was ahead. */
struct ahead {
    int64_t id;
    bool queued, parked;
};

static int collect(struct hy_sqlite *s, const struct hy_rewind *v, struct ahead **ret_all,
                   size_t *ret_count)
{
    size_t count = 0, capacity = 0;
    void *all = NULL;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_MESSAGE_AHEAD, &q);
    hy_put_int(&q, v->now_ms + v->slack_ms);
    hy_put_int(&q, v->now_ms);
    hy_put_int(&q, (int64_t)v->limit);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct ahead *a = hy_query_room(&q, &s->scratch, &all, count, &capacity, sizeof *a);

        if (!a)
            return HY_E_NOMEM;
        a->id = hy_get_int(&q);
        a->queued = hy_get_int(&q) == HY_MESSAGE_QUEUED;
        a->parked = hy_get_int(&q) != 0;
        count++;
    }
    *ret_all = all;
    *ret_count = count;
    return r;
}

int hy_sqlite_rewind(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_rewind *v = (struct hy_rewind *)op;
    struct ahead *all;
    size_t count;
    int r;

    hy_arena_reset(&s->scratch);
    r = collect(s, v, &all, &count);
    for (size_t i = 0; i < count && r == 0; i++) {
        struct hy_query q;

        hy_query_open(s, all[i].parked ? SQL_MESSAGE_REWIND_PARKED : SQL_MESSAGE_REWIND, &q);
        hy_put_int(&q, all[i].queued ? v->now_ms : v->now_ms + v->slack_ms);
        hy_put_int(&q, all[i].id);
        r = hy_query_run(&q);
    }
    v->rewound = r == 0 ? count : 0;
    return r;
}
