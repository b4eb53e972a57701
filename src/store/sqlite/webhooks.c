#include "store/webhooks.h"

#include "base/err.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/verbs.h"

/* HY_E_NOT_FOUND. */
static int exists(struct hy_sqlite *s, int64_t id)
{
    struct hy_query q;
    int64_t one;

    hy_query_open(s, SQL_WEBHOOK_EXISTS, &q);
    hy_put_int(&q, id);
    return hy_query_int(&q, &one);
}

static int run_on(struct hy_sqlite *s, enum hy_sql which, int64_t id)
{
    struct hy_query q;

    hy_query_open(s, which, &q);
    hy_put_int(&q, id);
    return hy_query_run(&q);
}

/* --- put -------------------------------------------------------------------------------------- */

static int count_webhooks(struct hy_sqlite *s, size_t *ret_count)
{
    struct hy_query q;
    int r;

    *ret_count = 0;
    hy_query_open(s, SQL_WEBHOOKS, &q);
    while ((r = hy_query_step(&q)) == HY_ROW)
        ++*ret_count;
    return r;
}

static void put_chosen(struct hy_query *q, const struct hy_webhook *w)
{
    hy_put_text(q, w->url);
    hy_put_int(q, w->events);
    hy_put_int(q, w->app_no);
    hy_put_int(q, w->paused);
    hy_put_blob(q, w->secret.bytes, w->secret.size);
    hy_put_blob(q, w->old_secret.bytes, w->old_secret.size);
    hy_put_int(q, w->old_until_ms);
}

static int insert(struct hy_sqlite *s, struct hy_webhook *w)
{
    struct hy_query q;
    size_t count;
    int r = count_webhooks(s, &count);

    if (r < 0 || count >= HY_WEBHOOKS_MAX)
        return r < 0 ? r : HY_E_LIMIT;
    hy_query_open(s, SQL_WEBHOOK_INSERT, &q);
    put_chosen(&q, w);
    hy_put_int(&q, w->created_at_ms);
    r = hy_query_run(&q);
    if (r == 0)
        w->id = sqlite3_last_insert_rowid(s->db);
    return r;
}

static int update(struct hy_sqlite *s, const struct hy_webhook *w)
{
    struct hy_query q;
    int r = exists(s, w->id);

    if (r < 0)
        return r;
    hy_query_open(s, SQL_WEBHOOK_UPDATE, &q);
    put_chosen(&q, w);
    hy_put_int(&q, w->id);
    return hy_query_run(&q);
}

int hy_sqlite_webhook_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_webhook_put *v = (struct hy_webhook_put *)op;
    int r = v->webhook.id == 0 ? insert(s, &v->webhook) : update(s, &v->webhook);

    if (r == 0 && v->enable)
        r = run_on(s, SQL_WEBHOOK_ENABLE, v->webhook.id);
    if (r < 0)
        return r;
    hy_hooks_keep(s);
    return hy_hooks_remember(s);
}

/* --- delete ----------------------------------------------------------------------------------- */

static int collect_outcomes(struct hy_sqlite *s, const struct hy_webhook_delete *v,
                            int64_t **ret_ids, size_t *ret_count)
{
    size_t count = 0, capacity = 0;
    void *ids = NULL;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_OUTBOX_OF_WEBHOOK, &q);
    hy_put_int(&q, v->webhook_id);
    hy_put_int(&q, (int64_t)v->limit + 1);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        int64_t *id = hy_query_room(&q, &s->scratch, &ids, count, &capacity, sizeof *id);

        if (!id)
            return HY_E_NOMEM;
        *id = hy_get_int(&q);
        count++;
    }
    *ret_ids = ids;
    *ret_count = count;
    return r;
}

int hy_sqlite_webhook_delete(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_webhook_delete *v = (struct hy_webhook_delete *)op;
    int64_t *ids;
    size_t count;
    int r, found = exists(s, v->webhook_id);

    hy_arena_reset(&s->scratch);
    v->left = false;
    if (found < 0 && found != HY_E_NOT_FOUND)
        return found;
    r = collect_outcomes(s, v, &ids, &count);
    if (r < 0 || (found < 0 && count == 0))
        return r < 0 ? r : HY_E_NOT_FOUND;
    v->left = count > v->limit;
    for (size_t i = 0; i < count && i < v->limit && r == 0; i++)
        r = run_on(s, SQL_OUTBOX_DELETE, ids[i]);
    if (r < 0 || found < 0)
        return r;
    r = run_on(s, SQL_WEBHOOK_DELETE, v->webhook_id);
    if (r < 0)
        return r;
    hy_hooks_keep(s);
    return hy_hooks_remember(s);
}

/* --- hurry ------------------------------------------------------------------------------------ */

int hy_sqlite_outbox_hurry(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_outbox_hurry *v = (struct hy_outbox_hurry *)op;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_OUTBOX_HURRY, &q);
    hy_put_int(&q, v->webhook_id);
    hy_put_int(&q, v->now_ms);
    hy_put_int(&q, (int64_t)v->limit);
    r = hy_query_run(&q);
    v->left = r == 0 && (size_t)sqlite3_changes(s->db) == v->limit;
    return r;
}

/* --- list ------------------------------------------------------------------------------------- */

static int read_webhooks(struct hy_sqlite *s, struct hy_webhooks *v)
{
    void *webhooks = NULL;
    size_t capacity = 0;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_WEBHOOKS, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_webhook *w =
            hy_query_room(&q, v->arena, &webhooks, v->count, &capacity, sizeof *w);

        if (!w)
            return HY_E_NOMEM;
        v->count++;
        w->id = hy_get_int(&q);
        w->url = hy_get_text(&q, v->arena);
        w->events = (uint32_t)hy_get_int(&q);
        w->app_no = hy_get_int(&q);
        w->secret.bytes = hy_get_blob(&q, v->arena, &w->secret.size);
        w->old_secret.bytes = hy_get_blob(&q, v->arena, &w->old_secret.size);
        w->old_until_ms = hy_get_int(&q);
        w->paused = hy_get_int(&q) != 0;
        w->created_at_ms = hy_get_int(&q);
        w->failing_since_ms = hy_get_int(&q);
        w->disabled_at_ms = hy_get_int(&q);
        w->last_error = hy_get_text(&q, v->arena);
    }
    v->webhooks = webhooks;
    return r;
}

/* One walk for all of them. */
static int count_outcomes(struct hy_sqlite *s, struct hy_webhooks *v)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_OUTBOX_ALL, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        int64_t id = hy_get_int(&q), at_ms = hy_get_int(&q);

        for (size_t i = 0; i < v->count; i++) {
            struct hy_webhook *w = &v->webhooks[i];

            if (w->id != id)
                continue;
            if (w->pending++ == 0 || at_ms < w->oldest_at_ms)
                w->oldest_at_ms = at_ms;
        }
    }
    return r;
}

int hy_sqlite_webhooks(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_webhooks *v = (struct hy_webhooks *)op;
    int r = hy_read_begin(s);

    if (r < 0)
        return r;
    v->webhooks = NULL;
    v->count = 0;
    r = read_webhooks(s, v);
    if (r == 0 && v->count_pending && v->count > 0)
        r = count_outcomes(s, v);
    return hy_read_end(s, r);
}
