/* Templates of apps, and from when on sessions must be. */
#include "store/memory/memory.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* --- templates -------------------------------------------------------------------------------- */

void hy_mem_template_free(void *item)
{
    struct hy_template *t = (struct hy_template *)item;

    hy_mem_free_text(t->id);
    hy_mem_free_text(t->title);
    hy_mem_free_text(t->content);
    hy_mem_free_text(t->example);
    hy_mem_free_text(t->choices);
    free(t);
}

static int by_title(const void *a, const void *b)
{
    const struct hy_template *ta = (const struct hy_template *)a;
    const struct hy_template *tb = (const struct hy_template *)b;
    int titles = strcmp(ta->title, tb->title);

    if (ta->app_no != tb->app_no)
        return ta->app_no < tb->app_no ? -1 : 1;
    if (ta->kind != tb->kind)
        return ta->kind < tb->kind ? -1 : 1;
    return titles ? titles : strcmp(ta->id, tb->id);
}

static int by_kind(const void *a, const void *b)
{
    const struct hy_template_sync *sa = (const struct hy_template_sync *)a;
    const struct hy_template_sync *sb = (const struct hy_template_sync *)b;

    if (sa->app_no != sb->app_no)
        return sa->app_no < sb->app_no ? -1 : 1;
    return (int)sa->kind - (int)sb->kind;
}

static struct hy_template *template_at(const struct hy_backend *b, size_t i)
{
    return (struct hy_template *)b->templates.items[i];
}

/* Its place, or how many there are. */
static size_t find(const struct hy_backend *b, int64_t app_no, const char *id)
{
    size_t i = 0;

    while (i < b->templates.count &&
           (template_at(b, i)->app_no != app_no || strcmp(template_at(b, i)->id, id) != 0))
        i++;
    return i;
}

static void drop(struct hy_backend *b, size_t at)
{
    struct hy_template *t = template_at(b, at);

    hy_vector_remove(&b->templates, at);
    hy_mem_template_free(t);
}

static void put(struct hy_backend *b, struct hy_templates_put *v, const struct hy_template *from)
{
    struct hy_template *added = (struct hy_template *)hy_mem_alloc(sizeof *added);
    size_t at = find(b, v->app_no, from->id);

    if (at < b->templates.count)
        drop(b, at);
    else
        v->added++;
    *added = *from;
    added->app_no = v->app_no;
    added->id = hy_mem_text(from->id);
    added->title = hy_mem_text(from->title);
    added->content = hy_mem_text(from->content);
    added->example = hy_mem_text(from->example);
    added->choices = hy_mem_text(from->choices);
    hy_vector_insert_sorted(&b->templates, added, by_title);
}

static bool is_given(const struct hy_templates_put *v, const char *id)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->templates[i].id, id) == 0)
            return true;
    return false;
}

static void drop_others(struct hy_backend *b, struct hy_templates_put *v)
{
    for (size_t i = b->templates.count; i > 0; i--) {
        const struct hy_template *t = template_at(b, i - 1);

        if (t->app_no != v->app_no || !v->kinds[t->kind] || is_given(v, t->id))
            continue;
        drop(b, i - 1);
        v->removed++;
    }
}

static void note_sync(struct hy_backend *b, int64_t app_no, enum hy_template_kind kind,
                      int64_t at_ms)
{
    struct hy_template_sync wanted = {app_no, kind, at_ms};
    size_t at = hy_vector_place(&b->syncs, &wanted, by_kind);
    struct hy_template_sync *sync;

    if (at == b->syncs.count || by_kind(b->syncs.items[at], &wanted) != 0)
        hy_vector_insert(&b->syncs, at, hy_mem_alloc(sizeof *sync));
    sync = (struct hy_template_sync *)b->syncs.items[at];
    *sync = wanted;
}

static void note_syncs(struct hy_backend *b, const struct hy_templates_put *v)
{
    int64_t at_ms = v->now_ms;

    for (size_t i = 0; i < v->count; i++)
        if (v->templates[i].synced_at_ms > at_ms)
            at_ms = v->templates[i].synced_at_ms;
    for (int kind = HY_TEMPLATE_LEGACY; kind < HY_TEMPLATE_KINDS; kind++)
        if (v->kinds[kind])
            note_sync(b, v->app_no, (enum hy_template_kind)kind, at_ms);
}

int hy_mem_templates_put(struct hy_backend *b, struct hy_op *op)
{
    struct hy_templates_put *v = (struct hy_templates_put *)op;
    const struct hy_mem_app *app = hy_mem_app(b, v->app_no);

    if (!app || app->app.deleted_at_ms > 0)
        return HY_E_NOT_FOUND;
    v->added = 0;
    v->removed = 0;
    if (v->replace) {
        drop_others(b, v);
        note_syncs(b, v);
    }
    for (size_t i = 0; i < v->count; i++)
        put(b, v, &v->templates[i]);
    return 0;
}

int hy_mem_template_delete(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_template_delete *v = (const struct hy_template_delete *)op;
    size_t at = find(b, v->app_no, v->template_id);

    if (at == b->templates.count)
        return HY_E_NOT_FOUND;
    drop(b, at);
    return 0;
}

void hy_mem_templates_forget(struct hy_backend *b, int64_t app_no)
{
    for (size_t i = b->templates.count; i > 0; i--)
        if (template_at(b, i - 1)->app_no == app_no)
            drop(b, i - 1);
    for (size_t i = b->syncs.count; i > 0; i--) {
        struct hy_template_sync *sync = (struct hy_template_sync *)b->syncs.items[i - 1];

        if (sync->app_no != app_no)
            continue;
        hy_vector_remove(&b->syncs, i - 1);
        free(sync);
    }
}

static void copy_template(struct hy_arena *arena, struct hy_template *into,
                          const struct hy_template *t)
{
    *into = *t;
    into->id = hy_mem_copy_text(arena, t->id);
    into->title = hy_mem_copy_text(arena, t->title);
    into->content = hy_mem_copy_text(arena, t->content);
    into->example = hy_mem_copy_text(arena, t->example);
    into->choices = hy_mem_copy_text(arena, t->choices);
}

int hy_mem_templates(struct hy_backend *b, struct hy_op *op)
{
    struct hy_templates *v = (struct hy_templates *)op;

    v->count = 0;
    v->sync_count = 0;
    v->templates =
        (struct hy_template *)hy_mem_copy_array(v->arena, b->templates.count, sizeof *v->templates);
    v->syncs =
        (struct hy_template_sync *)hy_mem_copy_array(v->arena, b->syncs.count, sizeof *v->syncs);
    for (size_t i = 0; i < b->templates.count; i++)
        if (v->app_no == 0 || template_at(b, i)->app_no == v->app_no)
            copy_template(v->arena, &v->templates[v->count++], template_at(b, i));
    for (size_t i = 0; i < b->syncs.count; i++) {
        const struct hy_template_sync *sync = (const struct hy_template_sync *)b->syncs.items[i];

        if (v->app_no == 0 || sync->app_no == v->app_no)
            v->syncs[v->sync_count++] = *sync;
    }
    return 0;
}

/* --- session cuts ----------------------------------------------------------------------------- */

void hy_mem_cut_free(void *item)
{
    struct hy_session_cut_row *cut = (struct hy_session_cut_row *)item;

    hy_mem_free_text(cut->user);
    free(cut);
}

/* A cut of all users comes before those of one. */
static int by_user(const void *a, const void *b)
{
    const struct hy_session_cut_row *ca = (const struct hy_session_cut_row *)a;
    const struct hy_session_cut_row *cb = (const struct hy_session_cut_row *)b;

    if (ca->app_no != cb->app_no)
        return ca->app_no < cb->app_no ? -1 : 1;
    return strcmp(ca->user ? ca->user : "", cb->user ? cb->user : "");
}

int hy_mem_session_cut(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_session_cut *v = (const struct hy_session_cut *)op;
    struct hy_session_cut_row wanted = {v->app_no, v->user, v->at_ms};
    size_t at = hy_vector_place(&b->cuts, &wanted, by_user);
    struct hy_session_cut_row *cut;

    if (at == b->cuts.count || by_user(b->cuts.items[at], &wanted) != 0) {
        cut = (struct hy_session_cut_row *)hy_mem_alloc(sizeof *cut);
        cut->app_no = v->app_no;
        cut->user = hy_mem_text(v->user);
        hy_vector_insert(&b->cuts, at, cut);
    }
    cut = (struct hy_session_cut_row *)b->cuts.items[at];
    cut->at_ms = v->at_ms;
    return 0;
}

int hy_mem_session_cuts(struct hy_backend *b, struct hy_op *op)
{
    struct hy_session_cuts *v = (struct hy_session_cuts *)op;

    v->count = b->cuts.count;
    v->cuts = (struct hy_session_cut_row *)hy_mem_copy_array(v->arena, v->count, sizeof *v->cuts);
    for (size_t i = 0; i < v->count; i++) {
        v->cuts[i] = *(const struct hy_session_cut_row *)b->cuts.items[i];
        v->cuts[i].user = hy_mem_copy_text(v->arena, v->cuts[i].user);
    }
    return 0;
}
