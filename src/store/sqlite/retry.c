#include "base/err.h"
#include "store/sqlite/awaiting.h"
#include "store/sqlite/verbs.h"

/* 1 when the message holds a receipt, with which it can prove what became of an earlier request. */
static int holds_receipt(struct hy_sqlite *s, const struct hy_message *m)
{
    struct hy_grant grant;
    int r;

    if (m->state != HY_MESSAGE_UNKNOWN || m->grant_id == 0)
        return 0;
    r = hy_grant_load(s, m->grant_id, &s->scratch, &grant);
    if (r < 0)
        return r == HY_E_NOT_FOUND ? 0 : r;
    return hy_grant_is_receipt(grant.kind);
}

/* What it holds besides, it holds in vain: its use may have gone. */
static int queue_again(struct hy_sqlite *s, struct hy_row *row)
{
    static const struct hy_release doubt = {.move = HY_GRANT_DOUBT};
    struct hy_message *m = &row->m;
    int r = hy_awaiting_forget(s, m->app_no, m->user, m->id);

    if (r == 0)
        r = hy_grant_let_go(s, m, &doubt);
    m->state = HY_MESSAGE_QUEUED; /* drawn, but only for a retry: hy_message_may_retry() */
    m->reason = NULL;
    m->in_doubt = false;
    m->msgid = 0;
    m->settled_at_ms = 0;
    return r < 0 ? r : 0;
}

static int save_instants(struct hy_sqlite *s, const struct hy_message *m)
{
    struct hy_query q;

    hy_query_open(s, SQL_MESSAGE_AGAIN, &q);
    hy_put_int(&q, m->send_at_ms);
    hy_put_int(&q, m->expires_at_ms);
    hy_put_int(&q, m->id);
    return hy_query_run(&q);
}

bool hy_retry_allowed(const struct hy_message *m, const struct hy_retry *v)
{
    int64_t expires_at_ms = v->set_expiry ? v->expires_at_ms : m->expires_at_ms;

    return hy_message_may_retry(m->state) && (expires_at_ms == 0 || expires_at_ms > v->now_ms);
}

int hy_retry_row(struct hy_sqlite *s, struct hy_row *row, const struct hy_retry *v)
{
    struct hy_message *m = &row->m;
    bool was_due = m->due_at_ms > 0;
    int keeps, r;

    s->now_ms = v->now_ms;
    keeps = holds_receipt(s, m);
    r = keeps == 0 ? queue_again(s, row) : keeps;
    if (r < 0)
        return r;
    m->due_at_ms = m->send_at_ms = v->now_ms;
    if (v->set_expiry)
        m->expires_at_ms = v->expires_at_ms;
    if (keeps)
        m->in_doubt = true;
    row->parked = false; /* claim parks it again if it has to */
    r = save_instants(s, m);
    if (r == 0)
        r = hy_message_save(s, row);
    return r == 0 && was_due && !keeps ? hy_user_unpark(s, m->app_no, m->user) : r;
}

int hy_sqlite_retry(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_retry *v = (struct hy_retry *)op;
    struct hy_row row;
    int r;

    hy_arena_reset(&s->scratch);
    r = hy_message_load(s, v->message_id, &row);
    if (r < 0)
        return r;
    v->state = row.m.state;
    v->app_no = row.m.app_no;
    v->queue = row.queue;
    if (!hy_retry_allowed(&row.m, v))
        return HY_E_CONFLICT;
    r = hy_retry_row(s, &row, v);
    v->state = row.m.state;
    return r;
}
