#include "store/apps.h"

#include "base/err.h"
#include "store/sqlite/verbs.h"

#include <stdlib.h>

/* 1 when a query about one number has a row, else 0. */
static int any(struct hy_sqlite *s, enum hy_sql which, int64_t value)
{
    struct hy_query q;
    int64_t one;
    int r;

    hy_query_open(s, which, &q);
    hy_put_int(&q, value);
    r = hy_query_int(&q, &one);
    return r == HY_E_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

static int run_on(struct hy_sqlite *s, enum hy_sql which, int64_t value)
{
    struct hy_query q;

    hy_query_open(s, which, &q);
    hy_put_int(&q, value);
    return hy_query_run(&q);
}

/* --- put -------------------------------------------------------------------------------------- */

static int app_insert(struct hy_sqlite *s, struct hy_app *app)
{
    struct hy_query q;
    int64_t no;
    int r;

    hy_query_open(s, SQL_APP_BY_ID, &q);
    hy_put_text(&q, app->id);
    r = hy_query_int(&q, &no);
    if (r != HY_E_NOT_FOUND)
        return r < 0 ? r : HY_E_EXISTS;
    hy_query_open(s, SQL_APP_INSERT, &q);
    hy_put_text(&q, app->id);
    hy_put_text(&q, app->platform);
    hy_put_text(&q, app->settings);
    hy_put_blob(&q, app->secret.bytes, app->secret.size);
    hy_put_blob(&q, app->callback.bytes, app->callback.size);
    hy_put_int(&q, app->created_at_ms);
    hy_put_int(&q, app->updated_at_ms);
    r = hy_query_run(&q);
    if (r == 0)
        app->no = sqlite3_last_insert_rowid(s->db);
    return r;
}

static int recap(struct hy_sqlite *s, const struct hy_app *app)
{
    struct hy_query q;

    hy_query_open(s, SQL_MESSAGE_RECAP, &q);
    hy_put_int(&q, app->no);
    hy_put_int(&q, app->updated_at_ms);
    return hy_query_run(&q);
}

int hy_sqlite_app_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_app_put *v = (struct hy_app_put *)op;
    struct hy_app *app = &v->app;
    struct hy_query q;
    int r;

    if (app->no == 0)
        return app_insert(s, app);
    r = any(s, SQL_APP_IN_USE, app->no);
    if (r != 1)
        return r < 0 ? r : HY_E_NOT_FOUND;
    hy_query_open(s, SQL_APP_UPDATE, &q);
    hy_put_text(&q, app->settings);
    hy_put_blob(&q, app->secret.bytes, app->secret.size);
    hy_put_blob(&q, app->callback.bytes, app->callback.size);
    hy_put_int(&q, app->updated_at_ms);
    hy_put_int(&q, app->no);
    r = hy_query_run(&q);
    return r == 0 && v->recap ? recap(s, app) : r;
}

/* --- delete ----------------------------------------------------------------------------------- */

/* The ids of messages that an app's end is the end of. */
struct ending {
    int64_t *ids;
    size_t count, capacity;
};

static int note(struct ending *e, int64_t id)
{
    if (e->count == e->capacity) {
        size_t capacity = e->capacity ? e->capacity * 2 : 256;
        int64_t *larger = (int64_t *)realloc(e->ids, capacity * sizeof *larger);

        if (!larger)
            return HY_E_NOMEM;
        e->ids = larger;
        e->capacity = capacity;
    }
    e->ids[e->count++] = id;
    return 0;
}

static int collect(struct hy_sqlite *s, enum hy_sql which, int64_t app_no, struct ending *e)
{
    struct hy_query q;
    int r;

    hy_query_open(s, which, &q);
    hy_put_int(&q, app_no);
    while ((r = hy_query_step(&q)) == HY_ROW)
        if (note(e, hy_get_int(&q)) < 0) {
            hy_query_close(&q);
            return HY_E_NOMEM;
        }
    return r;
}

static int end_row(struct hy_sqlite *s, struct hy_row *row, int64_t now_ms)
{
    if (row->m.state != HY_MESSAGE_UNKNOWN)
        return hy_end_unsent(s, row, HY_MESSAGE_CANCELED, "app_deleted", now_ms);
    row->m.due_at_ms = 0;
    row->parked = false;
    return hy_message_save(s, row);
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x > y ? 1 : x < y ? -1 : 0;
}

/* In order of id. One that waits with a due time was found twice. */
static int end_all(struct hy_sqlite *s, const struct ending *e, int64_t now_ms)
{
    struct hy_row row;
    int r = 0;

    for (size_t i = 0; i < e->count && r == 0; i++) {
        if (i > 0 && e->ids[i] == e->ids[i - 1])
            continue;
        hy_arena_reset(&s->scratch);
        r = hy_message_load(s, e->ids[i], &row);
        if (r == 0)
            r = end_row(s, &row, now_ms);
    }
    return r;
}

static int end_messages(struct hy_sqlite *s, int64_t app_no, int64_t now_ms)
{
    static const enum hy_sql all[] = {SQL_MESSAGE_APP_PARKED, SQL_MESSAGE_APP_DUE,
                                      SQL_MESSAGE_APP_HELD, SQL_MESSAGE_APP_WAITING};
    struct ending e = {0};
    int r = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all && r == 0; i++)
        r = collect(s, all[i], app_no, &e);
    if (e.count > 1)
        qsort(e.ids, e.count, sizeof *e.ids, by_id);
    if (r == 0)
        r = end_all(s, &e, now_ms);
    free(e.ids);
    return r;
}

static int cancel_broadcasts(struct hy_sqlite *s, int64_t app_no, int64_t now_ms)
{
    struct hy_query q;

    hy_query_open(s, SQL_BROADCASTS_CANCEL, &q);
    hy_put_int(&q, now_ms);
    hy_put_int(&q, app_no);
    return hy_query_run(&q);
}

int hy_sqlite_app_delete(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    const struct hy_app_delete *v = (const struct hy_app_delete *)op;
    struct hy_query q;
    int r = any(s, SQL_APP_GET, v->app_no);

    if (r != 1)
        return r < 0 ? r : HY_E_NOT_FOUND;
    hy_query_open(s, SQL_APP_DELETE, &q);
    hy_put_int(&q, v->now_ms);
    hy_put_int(&q, v->app_no);
    r = hy_query_run(&q);
    if (r == 0)
        r = run_on(s, SQL_TOKEN_DELETE, v->app_no);
    if (r == 0)
        r = run_on(s, SQL_SCHEDULE_DELETE_OF_APP, v->app_no);
    if (r == 0)
        r = run_on(s, SQL_TEMPLATE_DELETE_OF_APP, v->app_no);
    if (r == 0)
        r = run_on(s, SQL_TEMPLATE_SYNC_DELETE, v->app_no);
    if (r == 0)
        r = run_on(s, SQL_PAUSE_DELETE_OF_APP, v->app_no);
    if (r == 0)
        r = cancel_broadcasts(s, v->app_no, v->now_ms);
    if (r == 0)
        r = end_messages(s, v->app_no, v->now_ms);
    return r;
}

/* --- list ------------------------------------------------------------------------------------- */

static int read_apps(struct hy_sqlite *s, struct hy_apps *v)
{
    size_t capacity = 0;
    void *apps = NULL;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_APPS, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_app *app = hy_query_room(&q, v->arena, &apps, v->count, &capacity, sizeof *app);

        if (!app)
            return HY_E_NOMEM;
        v->count++;
        app->no = hy_get_int(&q);
        app->id = hy_get_text(&q, v->arena);
        app->platform = hy_get_text(&q, v->arena);
        app->settings = hy_get_text(&q, v->arena);
        app->secret.bytes = hy_get_blob(&q, v->arena, &app->secret.size);
        app->callback.bytes = hy_get_blob(&q, v->arena, &app->callback.size);
        app->created_at_ms = hy_get_int(&q);
        app->updated_at_ms = hy_get_int(&q);
        app->deleted_at_ms = hy_get_int(&q);
    }
    v->apps = apps;
    return r;
}

int hy_sqlite_apps(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_apps *v = (struct hy_apps *)op;

    v->apps = NULL;
    v->count = 0;
    return read_apps(hy_sqlite_of(backend), v);
}
