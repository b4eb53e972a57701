#include "store/sqlite/ledger.h"

enum { WAITING_AT_ONCE = 64 };

static int waiting(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t after_id,
                   struct hy_row **ret_rows, size_t *ret_count)
{
    struct hy_query q;

    hy_query_open(s, SQL_MESSAGE_WAITING, &q);
    hy_put_int(&q, app_no);
    hy_put_text(&q, user);
    hy_put_int(&q, after_id);
    hy_put_int(&q, WAITING_AT_ONCE);
    return hy_message_load_all(s, &q, ret_rows, ret_count);
}

/* True in *ret_any while the user has a use that is free now. */
static int any_usable(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t now_ms,
                      int64_t margin_ms, bool *ret_any)
{
    struct hy_grant grant;
    struct hy_query q;
    int r = 0;

    *ret_any = false;
    hy_query_open(s, SQL_GRANT_FREE, &q);
    hy_put_int(&q, app_no);
    hy_put_text(&q, user);
    while (!*ret_any && (r = hy_query_step(&q)) == HY_ROW) {
        hy_grant_read(&q, &s->scratch, &grant);
        *ret_any = !q.nomem && hy_grant_usable(&grant, now_ms, margin_ms);
    }
    return *ret_any ? hy_query_close(&q) : r;
}

/* 1 when it was woken. */
static int wake_one(struct hy_sqlite *s, struct hy_row *row, int64_t now_ms, int64_t margin_ms)
{
    struct hy_message *m = &row->m;
    bool was_due = m->due_at_ms > 0;
    struct hy_pick pick;
    int r;

    if (m->expires_at_ms > 0 && m->expires_at_ms <= now_ms)
        return 0;
    r = hy_grant_pick(s, m, now_ms, margin_ms, &s->scratch, &pick);
    if (r <= 0)
        return r;
    r = hy_grant_take(s, m, &pick);
    if (r < 0)
        return r;
    hy_message_move(m, HY_MESSAGE_QUEUED);
    m->reason = NULL;
    m->due_at_ms = now_ms;
    row->parked = false; /* claim parks it again if it has to */
    r = hy_message_save(s, row);
    if (r == 0)
        r = hy_became_due(s, m->id);
    if (r == 0 && was_due)
        r = hy_user_unpark(s, m->app_no, m->user);
    return r < 0 ? r : 1;
}

int hy_user_wake(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t now_ms,
                 int64_t margin_ms, size_t *ret_woken)
{
    int64_t after_id = 0;
    size_t count = WAITING_AT_ONCE;
    struct hy_row *rows;
    bool any;
    int r = 0;

    while (r >= 0 && count == WAITING_AT_ONCE) {
        r = waiting(s, app_no, user, after_id, &rows, &count);
        if (r < 0 || count == 0)
            return r;
        /* With many that wait and nothing to give, this is where it ends. */
        r = any_usable(s, app_no, user, now_ms, margin_ms, &any);
        if (r < 0 || !any)
            return r;
        after_id = rows[count - 1].m.id;
        for (size_t i = 0; i < count && r >= 0; i++) {
            r = wake_one(s, &rows[i], now_ms, margin_ms);
            *ret_woken += r == 1;
        }
    }
    return r < 0 ? r : 0;
}
