#include "store/templates.h"

#include "base/err.h"
#include "store/apps.h"
#include "store/sqlite/verbs.h"

#include <string.h>

static void put_key(struct hy_sqlite *s, enum hy_sql which, int64_t app_no, const char *id,
                    struct hy_query *q)
{
    hy_query_open(s, which, q);
    hy_put_int(q, app_no);
    hy_put_text(q, id);
}

/* 1 when it is stored, else 0. */
static int exists(struct hy_sqlite *s, int64_t app_no, const char *id)
{
    struct hy_query q;
    int64_t one;
    int r;

    put_key(s, SQL_TEMPLATE_EXISTS, app_no, id, &q);
    r = hy_query_int(&q, &one);
    return r == HY_E_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

static int delete_one(struct hy_sqlite *s, int64_t app_no, const char *id)
{
    struct hy_query q;

    put_key(s, SQL_TEMPLATE_DELETE, app_no, id, &q);
    return hy_query_run(&q);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int read_templates(struct hy_sqlite *s, int64_t app_no, struct hy_arena *arena,
                          struct hy_template **ret_templates, size_t *ret_count)
{
    void *templates = NULL;
    size_t count = 0, capacity = 0;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_TEMPLATES, &q);
    hy_put_int(&q, app_no);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_template *t = hy_query_room(&q, arena, &templates, count, &capacity, sizeof *t);

        if (!t)
            return HY_E_NOMEM;
        count++;
        t->app_no = hy_get_int(&q);
        t->id = hy_get_text(&q, arena);
        t->kind = (enum hy_template_kind)hy_get_int(&q);
        t->title = hy_get_text(&q, arena);
        t->content = hy_get_text(&q, arena);
        t->example = hy_get_text(&q, arena);
        t->choices = hy_get_text(&q, arena);
        t->synced_at_ms = hy_get_int(&q);
    }
    *ret_templates = templates;
    *ret_count = count;
    return r;
}

static int read_syncs(struct hy_sqlite *s, struct hy_templates *v)
{
    void *syncs = NULL;
    size_t capacity = 0;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_TEMPLATE_SYNCS, &q);
    hy_put_int(&q, v->app_no);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_template_sync *sync =
            hy_query_room(&q, v->arena, &syncs, v->sync_count, &capacity, sizeof *sync);

        if (!sync)
            return HY_E_NOMEM;
        v->sync_count++;
        sync->app_no = hy_get_int(&q);
        sync->kind = (enum hy_template_kind)hy_get_int(&q);
        sync->synced_at_ms = hy_get_int(&q);
    }
    v->syncs = syncs;
    return r;
}

int hy_sqlite_templates(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_templates *v = (struct hy_templates *)op;
    int r = hy_read_begin(s);

    if (r < 0)
        return r;
    v->sync_count = 0;
    r = read_templates(s, v->app_no, v->arena, &v->templates, &v->count);
    if (r == 0)
        r = read_syncs(s, v);
    return hy_read_end(s, r);
}

/* --- put, delete ------------------------------------------------------------------------------ */

static bool listed(const struct hy_templates_put *v, const char *id)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->templates[i].id, id) == 0)
            return true;
    return false;
}

static int remove_others(struct hy_sqlite *s, struct hy_templates_put *v)
{
    struct hy_template *stored;
    size_t count;
    int r = read_templates(s, v->app_no, &s->scratch, &stored, &count);

    for (size_t i = 0; i < count && r == 0; i++) {
        if (!v->kinds[stored[i].kind] || listed(v, stored[i].id))
            continue;
        r = delete_one(s, v->app_no, stored[i].id);
        v->removed++;
    }
    return r;
}

static int note_sync(struct hy_sqlite *s, const struct hy_templates_put *v)
{
    int64_t synced_at_ms = v->now_ms;
    int r = 0;

    for (size_t i = 0; i < v->count; i++)
        if (v->templates[i].synced_at_ms > synced_at_ms)
            synced_at_ms = v->templates[i].synced_at_ms;
    for (int kind = 0; kind < HY_TEMPLATE_KINDS && r == 0; kind++) {
        struct hy_query q;

        if (!v->kinds[kind])
            continue;
        hy_query_open(s, SQL_TEMPLATE_SYNC_PUT, &q);
        hy_put_int(&q, v->app_no);
        hy_put_int(&q, kind);
        hy_put_int(&q, synced_at_ms);
        r = hy_query_run(&q);
    }
    return r;
}

static int put_one(struct hy_sqlite *s, struct hy_templates_put *v, const struct hy_template *t)
{
    struct hy_query q;
    int r = exists(s, v->app_no, t->id);

    if (r < 0)
        return r;
    v->added += r == 0;
    hy_query_open(s, SQL_TEMPLATE_PUT, &q);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, t->id);
    hy_put_int(&q, t->kind);
    hy_put_text(&q, t->title);
    hy_put_text(&q, t->content);
    hy_put_text(&q, t->example);
    hy_put_text(&q, t->choices);
    hy_put_int(&q, t->synced_at_ms);
    return hy_query_run(&q);
}

int hy_sqlite_templates_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_templates_put *v = (struct hy_templates_put *)op;
    struct hy_query q;
    int64_t one;
    int r;

    hy_arena_reset(&s->scratch);
    v->added = v->removed = 0;
    hy_query_open(s, SQL_APP_IN_USE, &q);
    hy_put_int(&q, v->app_no);
    r = hy_query_int(&q, &one);
    if (r == 0 && v->replace)
        r = remove_others(s, v);
    if (r == 0 && v->replace)
        r = note_sync(s, v);
    for (size_t i = 0; i < v->count && r == 0; i++)
        r = put_one(s, v, &v->templates[i]);
    return r;
}

int hy_sqlite_template_delete(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    const struct hy_template_delete *v = (const struct hy_template_delete *)op;
    int r = exists(s, v->app_no, v->template_id);

    if (r != 1)
        return r < 0 ? r : HY_E_NOT_FOUND;
    return delete_one(s, v->app_no, v->template_id);
}

/* --- sessions --------------------------------------------------------------------------------- */

int hy_sqlite_session_cut(struct hy_backend *backend, struct hy_op *op)
{
    const struct hy_session_cut *v = (const struct hy_session_cut *)op;
    struct hy_query q;

    hy_query_open(hy_sqlite_of(backend), SQL_SESSION_CUT_PUT, &q);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->user ? v->user : "");
    hy_put_int(&q, v->at_ms);
    return hy_query_run(&q);
}

int hy_sqlite_session_cuts(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_session_cuts *v = (struct hy_session_cuts *)op;
    void *cuts = NULL;
    size_t capacity = 0;
    struct hy_query q;
    int r;

    v->count = 0;
    hy_query_open(hy_sqlite_of(backend), SQL_SESSION_CUTS, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_session_cut_row *cut =
            hy_query_room(&q, v->arena, &cuts, v->count, &capacity, sizeof *cut);

        if (!cut)
            return HY_E_NOMEM;
        v->count++;
        cut->app_no = hy_get_int(&q);
        cut->user = hy_get_text(&q, v->arena);
        cut->at_ms = hy_get_int(&q);
    }
    v->cuts = cuts;
    return r;
}
