#include "store/apps.h"

#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/postgres.h"

/* --- put -------------------------------------------------------------------------------------- */

static const struct hy_pg_sql app_add = {
    "app_add",
    "INSERT INTO app (id, platform, settings, secret, callback, created_at_ms, updated_at_ms, "
    "deleted_at_ms) SELECT $1, $2, $3, $4, $5, $6, $7, 0 "
    "WHERE NOT EXISTS (SELECT 1 FROM app WHERE id = $1 AND deleted_at_ms = 0) "
    "ON CONFLICT (id) WHERE deleted_at_ms = 0 DO NOTHING RETURNING no"};

static const struct hy_pg_sql app_change = {
    "app_change", "UPDATE app SET settings = $1, secret = coalesce($2, secret), callback = "
                  "coalesce($3, callback), "
                  "updated_at_ms = $4 WHERE no = $5 AND deleted_at_ms = 0"};

/* Put off by a cap, and not parked: those stand in `due`. */
static const struct hy_pg_sql app_recap = {
    "app_recap",
    "WITH put_off AS MATERIALIZED ("
    "SELECT d.queue, d.due_at_ms, d.message_id FROM due d JOIN message m ON m.id = d.message_id "
    "WHERE d.app_no = $1 AND d.due_at_ms > $2 AND starts_with(m.reason, 'cap.')), "
    "earlier AS (UPDATE message m SET due_at_ms = $2 FROM put_off p WHERE m.id = p.message_id) "
    "UPDATE due d SET due_at_ms = $2 FROM put_off p WHERE d.app_no = $1 AND d.queue = p.queue AND "
    "d.due_at_ms = p.due_at_ms AND d.message_id = p.message_id"};

static int app_insert(struct hy_pg *pg, struct hy_app *app)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_text(args, app->id);
    hy_pg_put_text(args, app->platform);
    hy_pg_put_text(args, app->settings);
    hy_pg_put_sealed(args, &app->secret);
    hy_pg_put_sealed(args, &app->callback);
    hy_pg_put_int(args, app->created_at_ms);
    hy_pg_put_int(args, app->updated_at_ms);
    r = hy_pg_ask(pg->link, &app_add, &app->no);
    return r == HY_E_NOT_FOUND ? HY_E_EXISTS : r;
}

static int app_update(struct hy_pg *pg, const struct hy_app *app)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_text(args, app->settings);
    hy_pg_put_sealed(args, &app->secret);
    hy_pg_put_sealed(args, &app->callback);
    hy_pg_put_int(args, app->updated_at_ms);
    hy_pg_put_int(args, app->no);
    return hy_pg_must_change(pg->link, &app_change);
}

/* Other nodes may have such messages on their desks: nobody has, while the app is locked. */
static int recap(struct hy_pg *pg, const struct hy_app *app)
{
    struct hy_pg_args *args;
    int r = hy_desk_put_away(pg);

    if (r == 0)
        r = hy_desk_lock_app(pg, app->no);
    if (r < 0)
        return r;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, app->no);
    hy_pg_put_int(args, app->updated_at_ms);
    r = hy_pg_must_change(pg->link, &app_recap);
    if (r == 0)
        hy_pg_tell_due(pg, app->no, app->updated_at_ms);
    return r == HY_E_NOT_FOUND ? 0 : r;
}

int hy_pg_app_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_app_put *v = (struct hy_app_put *)op;
    struct hy_app *app = &v->app;
    int r = app->no == 0 ? app_insert(pg, app) : app_update(pg, app);

    if (r == 0 && app->no > 0 && v->recap)
        r = recap(pg, app);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_APPS, app->no);
    return r;
}

/* --- delete ----------------------------------------------------------------------------------- */

static const struct hy_pg_sql app_wipe = {
    "app_wipe",
    "UPDATE app SET deleted_at_ms = CASE WHEN deleted_at_ms = 0 THEN $2 ELSE deleted_at_ms END, "
    "secret = NULL, callback = NULL WHERE no = $1"};

static const struct hy_pg_sql broadcasts_cancel = {
    "app_broadcasts_cancel",
    "UPDATE broadcast SET state = 5, winding_up = true, reason = NULL, ended_at_ms = $2 "
    "WHERE app_no = $1 AND state < 4"};

static const struct hy_pg_sql belongings[] = {
    {"app_token_end", "DELETE FROM token WHERE app_no = $1"},
    {"app_schedules_end", "DELETE FROM schedule WHERE app_no = $1"},
    {"app_templates_end", "DELETE FROM template WHERE app_no = $1"},
    {"app_syncs_end", "DELETE FROM template_sync WHERE app_no = $1"},
    {"app_pauses_end", "DELETE FROM pause WHERE app_no = $1"},
};
enum { BELONGINGS = sizeof belongings / sizeof *belongings };

/* What the end of the app is the end of. */
static const struct hy_pg_sql app_open = {
    "app_open", "SELECT message_id FROM due WHERE app_no = $1 UNION SELECT message_id FROM parked "
                "WHERE app_no = $1 UNION SELECT message_id FROM waiting WHERE app_no = $1 UNION "
                "SELECT h.message_id FROM broadcast b JOIN held h ON h.broadcast_id = b.id "
                "WHERE b.app_no = $1 ORDER BY 1"};

/* On the desk at once: each comes with its user. */
enum { CHUNK = 500 };

static int end_messages(struct hy_pg *pg, int64_t app_no, int64_t now_ms)
{
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(hy_pg_args(pg->link), app_no);
    r = hy_pg_run(pg->link, &app_open, &rows);
    while (r == 0 && rows.at + 1 < rows.count) {
        for (int i = 0; i < CHUNK && hy_pg_next(&rows); i++)
            hy_desk_want_message(pg, hy_pg_int(&rows, 0), 0);
        r = hy_desk_fetch(pg);
        if (r < 0)
            break;
        hy_mem_app_end_messages(&pg->desk, app_no, now_ms);
        r = hy_desk_result(pg, 0);
        if (r == 0)
            r = hy_desk_put_away(pg);
    }
    hy_pg_rows_free(&rows);
    return r;
}

static int end_belongings(struct hy_pg *pg, const struct hy_app_delete *v)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, v->app_no);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_queue(pg->link, &broadcasts_cancel, NULL, NULL);
    for (int i = 0; i < BELONGINGS; i++)
        hy_pg_queue_on(pg->link, &belongings[i], v->app_no);
    return hy_pg_drain(pg->link);
}

int hy_pg_app_delete(struct hy_backend *backend, struct hy_op *op)
{
    static const enum hy_news news[] = {HY_NEWS_APPS,      HY_NEWS_TOKENS, HY_NEWS_SCHEDULES,
                                        HY_NEWS_TEMPLATES, HY_NEWS_PAUSES, HY_NEWS_BROADCASTS};
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_app_delete *v = (const struct hy_app_delete *)op;
    struct hy_pg_args *args;
    int r = hy_desk_put_away(pg);

    if (r < 0)
        return r;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, v->app_no);
    hy_pg_put_int(args, v->now_ms);
    r = hy_pg_must_change(pg->link, &app_wipe);
    if (r == 0)
        r = hy_desk_lock_app(pg, v->app_no);
    if (r == 0)
        r = end_belongings(pg, v);
    if (r == 0)
        r = end_messages(pg, v->app_no, v->now_ms);
    for (size_t i = 0; i < sizeof news / sizeof *news && r == 0; i++)
        hy_pg_tell_news(pg, news[i], v->app_no);
    return r;
}

/* --- list ------------------------------------------------------------------------------------- */

static const struct hy_pg_sql apps = {
    "apps", "SELECT no, id, platform, settings, secret, callback, created_at_ms, "
            "updated_at_ms, deleted_at_ms FROM app ORDER BY no"};

static void read_app(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_app *)item = (struct hy_app){.no = hy_pg_int(rows, 0),
                                             .id = hy_pg_copy(rows, 1, arena),
                                             .platform = hy_pg_copy(rows, 2, arena),
                                             .settings = hy_pg_copy(rows, 3, arena),
                                             .secret = hy_pg_copy_sealed(rows, 4, arena),
                                             .callback = hy_pg_copy_sealed(rows, 5, arena),
                                             .created_at_ms = hy_pg_int(rows, 6),
                                             .updated_at_ms = hy_pg_int(rows, 7),
                                             .deleted_at_ms = hy_pg_int(rows, 8)};
}

int hy_pg_apps(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_apps *v = (struct hy_apps *)op;

    hy_pg_args(hy_pg(backend)->link);
    return hy_pg_list(hy_pg(backend)->link, &apps, v->arena, read_app, sizeof *v->apps, &v->apps,
                      &v->count);
}
