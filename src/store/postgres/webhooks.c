/* Endpoints that are told: store/webhooks.h. */
#include "store/webhooks.h"

#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/outbox.h"

static int read_number(struct hy_pg_rows *rows, void *arg)
{
    if (hy_pg_next(rows))
        *(int64_t *)arg = hy_pg_int(rows, 0);
    return 0;
}

static int changed(struct hy_pg *pg)
{
    hy_pg_tell_news(pg, HY_NEWS_WEBHOOKS, 0);
    return hy_pg_endpoints_changed(pg);
}

/* --- put ---------------------------------------------------------------------------------------- */

static void put_chosen(struct hy_pg_args *args, const struct hy_webhook *w)
{
    hy_pg_put_text(args, w->url);
    hy_pg_put_int(args, w->events);
    hy_pg_put_int(args, w->app_no);
    hy_pg_put_int(args, w->paused);
    hy_pg_put_sealed(args, &w->secret);
    hy_pg_put_sealed(args, &w->old_secret);
    hy_pg_put_int(args, w->old_until_ms);
}

/* Nobody else may count at the same time. */
static int insert(struct hy_pg *pg, struct hy_webhook *w)
{
    static const struct hy_pg_sql lock = {"webhooks_lock",
                                          "LOCK TABLE webhook IN SHARE ROW EXCLUSIVE MODE"};
    static const struct hy_pg_sql insert = {
        "webhook_insert",
        "INSERT INTO webhook (url, events, app_no, paused, secret, old_secret, old_until_ms, "
        "created_at_ms, failing_since_ms, disabled_at_ms) "
        "SELECT $1, $2, $3, $4 <> 0, $5, $6, $7, $8, 0, 0 WHERE (SELECT count(*) FROM webhook) < "
        "$9 "
        "RETURNING id"};
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int64_t id = 0;
    int r;

    hy_pg_queue(pg->link, &lock, NULL, NULL);
    args = hy_pg_args(pg->link);
    put_chosen(args, w);
    hy_pg_put_int(args, w->created_at_ms);
    hy_pg_put_int(args, HY_WEBHOOKS_MAX);
    hy_pg_queue(pg->link, &insert, read_number, &id);
    r = hy_pg_drain(pg->link);
    if (r == 0 && id == 0)
        return HY_E_LIMIT;
    if (r == 0)
        w->id = id;
    return r;
}

static int update(struct hy_pg *pg, const struct hy_webhook *w)
{
    static const struct hy_pg_sql update = {
        "webhook_update",
        "UPDATE webhook SET url = $1, events = $2, app_no = $3, paused = $4 <> 0, "
        "secret = coalesce($5, secret), old_secret = coalesce($6, old_secret), "
        "old_until_ms = CASE WHEN $6 IS NULL THEN old_until_ms ELSE $7 END WHERE id = $8"};
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    put_chosen(args, w);
    hy_pg_put_int(args, w->id);
    r = hy_pg_run(pg->link, &update, &rows);
    if (r == 0 && rows.changed == 0)
        r = HY_E_NOT_FOUND;
    hy_pg_rows_free(&rows);
    return r;
}

static int enable(struct hy_pg *pg, int64_t id)
{
    static const struct hy_pg_sql enable = {
        "webhook_enable",
        "UPDATE webhook SET disabled_at_ms = 0, failing_since_ms = 0 WHERE id = $1"};

    hy_pg_queue_on(pg->link, &enable, id);
    hy_pg_tell_news(pg, HY_NEWS_OUTCOMES, id);
    return hy_pg_drain(pg->link);
}

int hy_pg_webhook_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_webhook_put *v = (struct hy_webhook_put *)op;
    bool new = v->webhook.id == 0;
    int r = new ? insert(pg, &v->webhook) : update(pg, &v->webhook);

    if (r == 0 && v->enable && !new)
        r = enable(pg, v->webhook.id);
    return r < 0 ? r : changed(pg);
}

/* --- delete ------------------------------------------------------------------------------------- */

struct deleting {
    bool found; /* the webhook */
    size_t outcomes;
};

static int read_webhook(struct hy_pg_rows *rows, void *arg)
{
    ((struct deleting *)arg)->found = rows->changed > 0;
    return 0;
}

static int read_outcomes(struct hy_pg_rows *rows, void *arg)
{
    ((struct deleting *)arg)->outcomes = rows->changed;
    return 0;
}

/* The webhook itself goes first: whoever was adding outcomes has ended then, and nobody adds any more. */
static int delete_some(struct hy_pg *pg, const struct hy_webhook_delete *v, struct deleting *d)
{
    static const struct hy_pg_sql webhook = {"webhook_delete", "DELETE FROM webhook WHERE id = $1"};
    static const struct hy_pg_sql outcomes = {"outbox_of_webhook",
                                              "DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT id "
                                              "FROM outbox WHERE webhook_id = $1 ORDER BY "
                                              "due_at_ms, id LIMIT $2))"};
    struct hy_pg_args *args;

    hy_pg_put_int(hy_pg_args(pg->link), v->webhook_id);
    hy_pg_queue(pg->link, &webhook, read_webhook, d);
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, v->webhook_id);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_queue(pg->link, &outcomes, read_outcomes, d);
    return hy_pg_drain(pg->link);
}

static int any_left(struct hy_pg *pg, int64_t webhook_id, bool *ret_left)
{
    static const struct hy_pg_sql any = {
        "outbox_any", "SELECT EXISTS (SELECT FROM outbox WHERE webhook_id = $1)"};
    int64_t left = 0;
    int r;

    hy_pg_put_int(hy_pg_args(pg->link), webhook_id);
    hy_pg_queue(pg->link, &any, read_number, &left);
    r = hy_pg_drain(pg->link);
    *ret_left = left > 0;
    return r;
}

int hy_pg_webhook_delete(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_webhook_delete *v = (struct hy_webhook_delete *)op;
    struct deleting d = {0};
    int r = hy_desk_put_away(pg);

    hy_desk_wait_shortly(pg);
    v->left = false;
    if (r == 0)
        r = delete_some(pg, v, &d);
    if (r == 0 && d.outcomes == v->limit)
        r = any_left(pg, v->webhook_id, &v->left);
    if (r < 0)
        return r;
    if (!d.found)
        return d.outcomes > 0 ? 0 : HY_E_NOT_FOUND;
    return changed(pg);
}

/* --- hurry -------------------------------------------------------------------------------------- */

int hy_pg_outbox_hurry(struct hy_backend *backend, struct hy_op *op)
{
    /* Whoever has one claims or settles it: as if that came a moment later. It counts, for there may be more
     * behind it. */
    static const struct hy_pg_sql hurry = {
        "outbox_hurry",
        "WITH late AS MATERIALIZED (SELECT id FROM outbox WHERE webhook_id = $1 AND due_at_ms > $2 "
        "ORDER BY due_at_ms, id LIMIT $3), moved AS (UPDATE outbox SET due_at_ms = $2, claimed_by "
        "= 0 WHERE id = ANY (ARRAY(SELECT id FROM outbox WHERE id = ANY (ARRAY(SELECT id FROM "
        "late)) AND due_at_ms > $2 FOR NO KEY UPDATE SKIP LOCKED))) SELECT count(*) FROM late"};
    struct hy_pg *pg = hy_pg(backend);
    struct hy_outbox_hurry *v = (struct hy_outbox_hurry *)op;
    struct hy_pg_args *args;
    int64_t late = 0;
    int r = hy_desk_put_away(pg); /* outcomes that lie there are pending, too */

    if (r < 0)
        return r;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, v->webhook_id);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_queue(pg->link, &hurry, read_number, &late);
    r = hy_pg_drain(pg->link);
    v->left = (size_t)late == v->limit;
    return r;
}

/* --- list --------------------------------------------------------------------------------------- */

static void read_row(const struct hy_pg_rows *rows, struct hy_arena *arena, struct hy_webhook *w)
{
    *w = (struct hy_webhook){.id = hy_pg_int(rows, 0),
                             .url = hy_pg_copy(rows, 1, arena),
                             .events = (uint32_t)hy_pg_int(rows, 2),
                             .app_no = hy_pg_int(rows, 3),
                             .secret = hy_pg_copy_sealed(rows, 4, arena),
                             .old_secret = hy_pg_copy_sealed(rows, 5, arena),
                             .old_until_ms = hy_pg_int(rows, 6),
                             .paused = hy_pg_int(rows, 7) != 0,
                             .created_at_ms = hy_pg_int(rows, 8),
                             .failing_since_ms = hy_pg_int(rows, 9),
                             .disabled_at_ms = hy_pg_int(rows, 10),
                             .last_error = hy_pg_copy(rows, 11, arena),
                             .pending = hy_pg_int(rows, 12),
                             .oldest_at_ms = hy_pg_int(rows, 13)};
}

#define WEBHOOK                                                                                    \
    "w.id, url, events, app_no, secret, old_secret, old_until_ms, paused, created_at_ms, "         \
    "failing_since_ms, disabled_at_ms, last_error"

int hy_pg_webhooks(struct hy_backend *backend, struct hy_op *op)
{
    static const struct hy_pg_sql plain = {
        "webhooks", "SELECT " WEBHOOK ", 0::int8, 0::int8 FROM webhook w ORDER BY id"};
    static const struct hy_pg_sql counted = {
        "webhooks_counted",
        "SELECT " WEBHOOK
        ", coalesce(o.pending, 0), coalesce(o.oldest, 0) FROM webhook w LEFT JOIN "
        "(SELECT webhook_id, count(*)::int8 AS pending, min(at_ms) AS oldest FROM outbox GROUP BY "
        "webhook_id) o ON o.webhook_id = w.id ORDER BY w.id"};
    struct hy_pg *pg = hy_pg(backend);
    struct hy_webhooks *v = (struct hy_webhooks *)op;
    struct hy_pg_rows rows;
    int r;

    hy_pg_args(pg->link);
    r = hy_pg_run(pg->link, v->count_pending ? &counted : &plain, &rows);
    v->count = r < 0 ? 0 : (size_t)rows.count;
    v->webhooks = (struct hy_webhook *)hy_mem_copy_array(v->arena, v->count, sizeof *v->webhooks);
    for (size_t i = 0; i < v->count && hy_pg_next(&rows); i++)
        read_row(&rows, v->arena, &v->webhooks[i]);
    hy_pg_rows_free(&rows);
    return r;
}
