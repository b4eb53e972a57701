/* Templates of apps, and from when on sessions must be. */
#include "store/templates.h"

#include "store/apps.h"
#include "store/postgres/ask.h"
#include "store/postgres/postgres.h"

/* --- put, delete ------------------------------------------------------------------------------ */

static const struct hy_pg_sql app_is_used = {
    "template_app", "SELECT 1 FROM app WHERE no = $1 AND deleted_at_ms = 0 FOR SHARE"};
static const struct hy_pg_sql remove_others = {"templates_remove_others",
                                               "DELETE FROM template WHERE app_no = $1 AND kind = "
                                               "ANY ($2::bigint[]) AND id <> ALL ($3::text[])"};
static const struct hy_pg_sql note_sync = {
    "template_sync_put",
    "INSERT INTO template_sync (app_no, kind, synced_at_ms) SELECT $1, k, $3 FROM "
    "unnest($2::bigint[]) k "
    "ON CONFLICT (app_no, kind) DO UPDATE SET synced_at_ms = excluded.synced_at_ms"};
/* Of one that is given twice the last one counts. */
static const struct hy_pg_sql templates_put = {
    "templates_put",
    "WITH given AS (SELECT DISTINCT ON (id) id, kind, title, content, example, choices, "
    "synced_at_ms "
    "FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], "
    "$8::bigint[]) "
    "WITH ORDINALITY AS t (id, kind, title, content, example, choices, synced_at_ms, n) "
    "ORDER BY id, n DESC), "
    "put AS (INSERT INTO template (app_no, id, kind, title, content, example, choices, "
    "synced_at_ms) "
    "SELECT $1, id, kind, title, content, example, choices, synced_at_ms FROM given "
    "ON CONFLICT (app_no, id) DO UPDATE SET kind = excluded.kind, title = excluded.title, "
    "content = excluded.content, example = excluded.example, choices = excluded.choices, "
    "synced_at_ms = excluded.synced_at_ms) "
    "SELECT count(*) FROM given g WHERE NOT EXISTS "
    "(SELECT 1 FROM template t WHERE t.app_no = $1 AND t.id = g.id)"};
static const struct hy_pg_sql template_delete = {
    "template_delete", "DELETE FROM template WHERE app_no = $1 AND id = $2"};

static void put_kinds(struct hy_pg_args *args, const struct hy_templates_put *v)
{
    hy_pg_columns_begin(args, "i");
    for (int kind = 0; kind < HY_TEMPLATE_KINDS; kind++)
        if (v->kinds[kind])
            hy_pg_put_int(args, kind);
    hy_pg_columns_end(args);
}

static int take_removed(struct hy_pg_rows *rows, void *arg)
{
    ((struct hy_templates_put *)arg)->removed = rows->changed;
    return 0;
}

static void queue_removal(struct hy_pg *pg, struct hy_templates_put *v)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, v->app_no);
    put_kinds(args, v);
    hy_pg_columns_begin(args, "t");
    for (size_t i = 0; i < v->count; i++)
        hy_pg_put_text(args, v->templates[i].id);
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &remove_others, take_removed, v);
}

static void queue_sync(struct hy_pg *pg, const struct hy_templates_put *v)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int64_t synced_at_ms = v->now_ms;

    for (size_t i = 0; i < v->count; i++)
        if (v->templates[i].synced_at_ms > synced_at_ms)
            synced_at_ms = v->templates[i].synced_at_ms;
    hy_pg_put_int(args, v->app_no);
    put_kinds(args, v);
    hy_pg_put_int(args, synced_at_ms);
    hy_pg_queue(pg->link, &note_sync, NULL, NULL);
}

static int put_all(struct hy_pg *pg, struct hy_templates_put *v)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int64_t added = 0;
    int r;

    hy_pg_put_int(args, v->app_no);
    hy_pg_columns_begin(args, "titttti");
    for (size_t i = 0; i < v->count; i++) {
        const struct hy_template *t = &v->templates[i];

        hy_pg_put_text(args, t->id);
        hy_pg_put_int(args, t->kind);
        hy_pg_put_text(args, t->title);
        hy_pg_put_text(args, t->content);
        hy_pg_put_text(args, t->example);
        hy_pg_put_text(args, t->choices);
        hy_pg_put_int(args, t->synced_at_ms);
    }
    hy_pg_columns_end(args);
    r = hy_pg_ask(pg->link, &templates_put, &added);
    v->added = (size_t)added;
    return r;
}

int hy_pg_templates_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_templates_put *v = (struct hy_templates_put *)op;
    int r;

    v->added = v->removed = 0;
    hy_pg_put_int(hy_pg_args(pg->link), v->app_no);
    r = hy_pg_ask(pg->link, &app_is_used, NULL);
    if (r < 0)
        return r;
    if (v->replace) {
        queue_removal(pg, v);
        queue_sync(pg, v);
    }
    r = put_all(pg, v);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_TEMPLATES, v->app_no);
    return r;
}

int hy_pg_template_delete(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_template_delete *v = (const struct hy_template_delete *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_int(args, v->app_no);
    hy_pg_put_text(args, v->template_id);
    r = hy_pg_must_change(pg->link, &template_delete);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_TEMPLATES, v->app_no);
    return r;
}

/* --- list ------------------------------------------------------------------------------------- */

#define OF_APP "($1 = 0 OR app_no = $1) AND app_no IN (SELECT no FROM app WHERE deleted_at_ms = 0) "
static const struct hy_pg_sql templates = {
    "templates",
    "SELECT app_no, id, kind, title, content, example, choices, synced_at_ms FROM template "
    "WHERE " OF_APP "ORDER BY app_no, kind, title, id"};
static const struct hy_pg_sql syncs = {
    "template_syncs",
    "SELECT app_no, kind, synced_at_ms FROM template_sync WHERE " OF_APP "ORDER BY app_no, kind"};

static void read_template(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_template *)item =
        (struct hy_template){.app_no = hy_pg_int(rows, 0),
                             .id = hy_pg_copy(rows, 1, arena),
                             .kind = (enum hy_template_kind)hy_pg_int(rows, 2),
                             .title = hy_pg_copy(rows, 3, arena),
                             .content = hy_pg_copy(rows, 4, arena),
                             .example = hy_pg_copy(rows, 5, arena),
                             .choices = hy_pg_copy(rows, 6, arena),
                             .synced_at_ms = hy_pg_int(rows, 7)};
}

static void read_sync(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    (void)arena;
    *(struct hy_template_sync *)item =
        (struct hy_template_sync){.app_no = hy_pg_int(rows, 0),
                                  .kind = (enum hy_template_kind)hy_pg_int(rows, 1),
                                  .synced_at_ms = hy_pg_int(rows, 2)};
}

int hy_pg_templates(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg_link *link = hy_pg(backend)->link;
    struct hy_templates *v = (struct hy_templates *)op;
    int r;

    hy_pg_snapshot(link);
    hy_pg_put_int(hy_pg_args(link), v->app_no);
    r = hy_pg_list(link, &templates, v->arena, read_template, sizeof *v->templates, &v->templates,
                   &v->count);
    hy_pg_put_int(hy_pg_args(link), v->app_no);
    if (r == 0)
        r = hy_pg_list(link, &syncs, v->arena, read_sync, sizeof *v->syncs, &v->syncs,
                       &v->sync_count);
    return hy_pg_snapshot_end(link, r);
}

/* --- sessions --------------------------------------------------------------------------------- */

static const struct hy_pg_sql cut_put = {
    "session_cut",
    "INSERT INTO session_cut (app_no, \"user\", at_ms) VALUES ($1, coalesce($2, ''), $3) "
    "ON CONFLICT (app_no, \"user\") DO UPDATE SET at_ms = excluded.at_ms"};
static const struct hy_pg_sql cuts = {
    "session_cuts",
    "SELECT app_no, nullif(\"user\", ''), at_ms FROM session_cut ORDER BY app_no, \"user\""};

int hy_pg_session_cut(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_session_cut *v = (const struct hy_session_cut *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_int(args, v->app_no);
    hy_pg_put_text(args, v->user);
    hy_pg_put_int(args, v->at_ms);
    r = hy_pg_run(pg->link, &cut_put, NULL);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_CUTS, v->app_no);
    return r;
}

static void read_cut(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_session_cut_row *)item =
        (struct hy_session_cut_row){.app_no = hy_pg_int(rows, 0),
                                    .user = hy_pg_copy(rows, 1, arena),
                                    .at_ms = hy_pg_int(rows, 2)};
}

int hy_pg_session_cuts(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_session_cuts *v = (struct hy_session_cuts *)op;

    hy_pg_args(hy_pg(backend)->link);
    return hy_pg_list(hy_pg(backend)->link, &cuts, v->arena, read_cut, sizeof *v->cuts, &v->cuts,
                      &v->count);
}
