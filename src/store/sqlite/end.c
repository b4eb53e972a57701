#include "base/err.h"
#include "store/sqlite/verbs.h"

int hy_end_unsent(struct hy_sqlite *s, struct hy_row *row, enum hy_message_state to,
                  const char *reason, int64_t now_ms)
{
    struct hy_message *m = &row->m;
    static const struct hy_release give_back = {.move = HY_GRANT_GIVE_BACK};
    bool was_due = m->state == HY_MESSAGE_QUEUED || m->due_at_ms > 0;
    int r;

    s->now_ms = now_ms;
    if (!reason && m->in_doubt)
        reason = "in_doubt";
    r = hy_grant_let_go(s, m, &give_back);
    if (r < 0)
        return r;
    hy_message_move(m, to);
    m->reason = reason;
    m->due_at_ms = 0;
    m->settled_at_ms = now_ms;
    row->parked = false;
    r = hy_message_save(s, row);
    return r == 0 && was_due ? hy_user_unpark(s, m->app_no, m->user) : r;
}

int hy_sqlite_cancel(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_cancel *v = (struct hy_cancel *)op;
    struct hy_row row;
    size_t woken = 0;
    int r;

    hy_arena_reset(&s->scratch);
    r = hy_message_load(s, v->message_id, &row);
    if (r < 0)
        return r;
    v->state = row.m.state;
    if (v->state != HY_MESSAGE_QUEUED && v->state != HY_MESSAGE_WAITING)
        return HY_E_CONFLICT;
    s->freed = 0;
    r = hy_end_unsent(s, &row, HY_MESSAGE_CANCELED, NULL, v->now_ms);
    if (r == 0)
        r = hy_user_wake(s, row.m.app_no, row.m.user, v->now_ms, 0, &woken);
    v->freed = s->freed;
    v->state = HY_MESSAGE_CANCELED;
    return r;
}

enum { SWEEP_CHUNK = 500 };

static int sweep_some(struct hy_sqlite *s, struct hy_sweep *v, size_t *ret_count)
{
    size_t left = v->limit - v->expired;
    struct hy_row *rows;
    struct hy_query q;
    size_t woken = 0;
    int r;

    hy_arena_reset(&s->scratch);
    hy_query_open(s, SQL_MESSAGE_EXPIRED, &q);
    hy_put_int(&q, v->now_ms);
    hy_put_int(&q, left < SWEEP_CHUNK ? (int64_t)left : SWEEP_CHUNK);
    r = hy_message_load_all(s, &q, &rows, ret_count);
    for (size_t i = 0; i < *ret_count && r == 0; i++) {
        r = hy_end_unsent(s, &rows[i], HY_MESSAGE_EXPIRED, NULL, v->now_ms);
        if (r == 0)
            r = hy_user_wake(s, rows[i].m.app_no, rows[i].m.user, v->now_ms, 0, &woken);
    }
    v->expired += *ret_count;
    return r;
}

static int next_expiry(struct hy_sqlite *s, int64_t *ret_next_ms)
{
    struct hy_query q;
    int r;

    *ret_next_ms = 0;
    hy_query_open(s, SQL_MESSAGE_NEXT_EXPIRY, &q);
    while ((r = hy_query_step(&q)) == HY_ROW)
        *ret_next_ms = hy_get_int(&q);
    return r;
}

int hy_sqlite_sweep(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_sweep *v = (struct hy_sweep *)op;
    size_t count = SWEEP_CHUNK;
    int r = 0;

    for (v->expired = 0; r == 0 && count == SWEEP_CHUNK && v->expired < v->limit;) {
        count = 0;
        r = sweep_some(s, v, &count);
    }
    return r == 0 ? next_expiry(s, &v->next_ms) : r;
}
