#include "store/sqlite/ledger.h"

#include "base/err.h"
#include "store/sqlite/tally.h"

#include <string.h>

void hy_grant_read(struct hy_query *q, struct hy_arena *arena, struct hy_grant *ret_grant)
{
    ret_grant->id = hy_get_int(q);
    ret_grant->app_no = hy_get_int(q);
    ret_grant->user = hy_get_text(q, arena);
    ret_grant->kind = (enum hy_grant_kind)hy_get_int(q);
    ret_grant->template_id = hy_get_text(q, arena);
    ret_grant->credential = hy_get_text(q, arena);
    ret_grant->state = (enum hy_grant_state)hy_get_int(q);
    ret_grant->reason = hy_get_text(q, arena);
    ret_grant->uses_total = (int32_t)hy_get_int(q);
    ret_grant->uses_left = (int32_t)hy_get_int(q);
    ret_grant->uses_reserved = (int32_t)hy_get_int(q);
    ret_grant->in_doubt = hy_get_int(q) != 0;
    ret_grant->obtained_at_ms = hy_get_int(q);
    ret_grant->expires_at_ms = hy_get_int(q);
}

int hy_grant_load(struct hy_sqlite *s, int64_t id, struct hy_arena *arena,
                  struct hy_grant *ret_grant)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_GRANT_GET, &q);
    hy_put_int(&q, id);
    r = hy_query_step(&q);
    if (r <= 0)
        return r < 0 ? r : HY_E_NOT_FOUND;
    hy_grant_read(&q, arena, ret_grant);
    return hy_query_close(&q);
}

int64_t hy_grant_free_uses(const struct hy_grant *grant)
{
    return grant->state == HY_GRANT_AVAILABLE ? grant->uses_left - grant->uses_reserved : 0;
}

int hy_grant_pick(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                  int64_t margin_ms, struct hy_arena *arena, struct hy_grant *ret_grant)
{
    struct hy_grant grant;
    struct hy_query q;
    int r, found = 0;

    hy_query_open(s, SQL_GRANT_FREE, &q);
    hy_put_int(&q, m->app_no);
    hy_put_text(&q, m->user);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        hy_grant_read(&q, arena, &grant);
        if (!q.nomem && hy_grant_fits(&grant, m->template_id, m->template_kind) &&
            hy_grant_usable(&grant, now_ms, margin_ms) &&
            (!found || hy_grant_compare(&grant, ret_grant) < 0)) {
            *ret_grant = grant;
            found = 1;
        }
    }
    return r < 0 ? r : found;
}

int hy_grant_why_missing(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                         int64_t margin_ms, const char **ret_reason)
{
    struct hy_grant grant, *newest = NULL;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_GRANT_OF_USER, &q);
    hy_put_int(&q, m->app_no);
    hy_put_text(&q, m->user);
    while (!newest && (r = hy_query_step(&q)) == HY_ROW) {
        hy_grant_read(&q, &s->scratch, &grant);
        if (!q.nomem && hy_grant_fits(&grant, m->template_id, m->template_kind))
            newest = &grant;
    }
    if (newest)
        r = hy_query_close(&q);
    if (r == 0)
        *ret_reason = hy_grant_missing_reason(newest, now_ms, margin_ms);
    return r;
}

/* `before`: its free uses as they are stored. */
static int save(struct hy_sqlite *s, const struct hy_grant *grant, int64_t before)
{
    struct hy_query q;
    int r = hy_tally_add(s, grant->app_no, HY_TALLY_FREE_USES, hy_grant_free_uses(grant) - before);

    if (r < 0)
        return r;
    hy_query_open(s, SQL_GRANT_SAVE, &q);
    hy_put_int(&q, grant->state);
    hy_put_text(&q, grant->reason);
    hy_put_int(&q, grant->uses_left);
    hy_put_int(&q, grant->uses_reserved);
    hy_put_int(&q, grant->in_doubt);
    hy_put_int(&q, grant->id);
    return hy_query_run(&q);
}

int hy_grant_take(struct hy_sqlite *s, struct hy_message *m, struct hy_grant *grant)
{
    int64_t before = hy_grant_free_uses(grant);

    hy_grant_reserve(grant);
    m->grant_id = grant->id;
    m->in_doubt = false;
    return save(s, grant, before);
}

int hy_grant_let_go(struct hy_sqlite *s, struct hy_message *m, enum hy_grant_move move,
                    const char *reason)
{
    struct hy_grant grant;
    int64_t before;
    int r;

    if (m->grant_id == 0 || move == HY_GRANT_KEEP)
        return 0;
    r = hy_grant_load(s, m->grant_id, &s->scratch, &grant);
    if (move != HY_GRANT_SPEND)
        m->grant_id = 0;
    if (r < 0) /* only a standing grant, of which nothing is counted, may be gone */
        return r == HY_E_NOT_FOUND ? 0 : r;
    before = hy_grant_free_uses(&grant);
    hy_grant_release(&grant, move, m->in_doubt, reason, 0);
    hy_purge_mark_lower(s, &grant);
    return save(s, &grant, before);
}

/* --- wake ------------------------------------------------------------------------------------- */

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
    struct hy_grant grant;
    int r;

    if (m->expires_at_ms > 0 && m->expires_at_ms <= now_ms)
        return 0;
    r = hy_grant_pick(s, m, now_ms, margin_ms, &s->scratch, &grant);
    if (r <= 0)
        return r;
    r = hy_grant_take(s, m, &grant);
    if (r < 0)
        return r;
    hy_message_move(m, HY_MESSAGE_QUEUED);
    m->reason = NULL;
    m->due_at_ms = now_ms;
    r = hy_message_save(s, row);
    if (r == 0)
        r = hy_became_due(s, m->id);
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
