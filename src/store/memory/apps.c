#include "store/memory/memory.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* --- apps ------------------------------------------------------------------------------------- */

static int app_insert(struct hy_backend *b, struct hy_app *from)
{
    struct hy_mem_app *added;

    for (size_t i = 0; i < b->apps.count; i++) {
        const struct hy_mem_app *app = (const struct hy_mem_app *)b->apps.items[i];

        if (app->app.deleted_at_ms == 0 && strcmp(app->app.id, from->id) == 0)
            return HY_E_EXISTS;
    }
    from->no = ++b->last_app_no;
    added = (struct hy_mem_app *)hy_mem_alloc(sizeof *added);
    added->app = *from;
    added->app.id = hy_mem_text(from->id);
    added->app.platform = hy_mem_text(from->platform);
    added->app.settings = hy_mem_text(from->settings);
    added->app.secret = (struct hy_sealed){0};
    hy_mem_set_sealed(&added->app.secret, &from->secret);
    added->app.callback = (struct hy_sealed){0};
    hy_mem_set_sealed(&added->app.callback, &from->callback);
    hy_vector_push(&b->apps, added);
    return 0;
}

static void recap(struct hy_backend *b, const struct hy_app *app)
{
    for (size_t i = 0; i < b->messages.count; i++) {
        struct hy_mem_message *m = (struct hy_mem_message *)b->messages.items[i];

        if (m->m.app_no == app->no && !m->parked && m->m.due_at_ms > app->updated_at_ms &&
            m->m.reason && strncmp(m->m.reason, "cap.", 4) == 0)
            hy_mem_redue(b, m, app->updated_at_ms);
    }
}

int hy_mem_app_put(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_app_put *v = (const struct hy_app_put *)op;
    struct hy_app *from = &((struct hy_app_put *)op)->app;
    struct hy_mem_app *app;

    if (from->no == 0)
        return app_insert(b, from);
    app = hy_mem_app(b, from->no);
    if (!app || app->app.deleted_at_ms > 0)
        return HY_E_NOT_FOUND;
    hy_mem_set_text(&app->app.settings, from->settings);
    if (from->secret.size > 0)
        hy_mem_set_sealed(&app->app.secret, &from->secret);
    if (from->callback.size > 0)
        hy_mem_set_sealed(&app->app.callback, &from->callback);
    app->app.updated_at_ms = from->updated_at_ms;
    if (v->recap)
        recap(b, &app->app);
    return 0;
}

static void end_broadcasts(struct hy_backend *b, int64_t app_no, int64_t now_ms)
{
    for (size_t i = 0; i < b->broadcasts.count; i++) {
        struct hy_mem_broadcast *broadcast = (struct hy_mem_broadcast *)b->broadcasts.items[i];

        if (broadcast->b.app_no == app_no &&
            hy_broadcast_may_move(broadcast->b.state, HY_BROADCAST_CANCELED))
            hy_mem_broadcast_cancel(broadcast, now_ms);
    }
}

void hy_mem_app_end_messages(struct hy_backend *b, int64_t app_no, int64_t now_ms)
{
    for (size_t i = 0; i < b->messages.count; i++) {
        struct hy_mem_message *m = (struct hy_mem_message *)b->messages.items[i];

        if (m->m.app_no != app_no)
            continue;
        if (m->m.state == HY_MESSAGE_QUEUED || m->m.state == HY_MESSAGE_WAITING)
            hy_mem_end_unsent(b, m, HY_MESSAGE_CANCELED, "app_deleted", now_ms);
        else if (m->m.state == HY_MESSAGE_UNKNOWN && m->m.due_at_ms > 0)
            hy_mem_move(b, m, HY_MESSAGE_UNKNOWN, m->m.reason, 0, now_ms);
    }
}

int hy_mem_app_delete(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_app_delete *v = (const struct hy_app_delete *)op;
    struct hy_mem_app *app = hy_mem_app(b, v->app_no);

    if (!app)
        return HY_E_NOT_FOUND;
    if (app->app.deleted_at_ms == 0)
        app->app.deleted_at_ms = v->now_ms;
    hy_mem_set_sealed(&app->app.secret, &(struct hy_sealed){0});
    hy_mem_set_sealed(&app->app.callback, &(struct hy_sealed){0});
    hy_mem_set_sealed(&app->token.access, &(struct hy_sealed){0});
    hy_mem_set_text(&app->token.last_error, NULL);
    app->token = (struct hy_token){0};
    app->has_token = false;
    hy_mem_templates_forget(b, v->app_no);
    hy_mem_pauses_forget(b, v->app_no);
    end_broadcasts(b, v->app_no, v->now_ms);
    hy_mem_app_end_messages(b, v->app_no, v->now_ms);
    for (size_t i = b->schedules.count; i > 0; i--) {
        struct hy_schedule *s = (struct hy_schedule *)b->schedules.items[i - 1];

        if (s->app_no != v->app_no)
            continue;
        hy_vector_remove(&b->schedules, i - 1);
        hy_mem_schedule_free(s);
    }
    return 0;
}

int hy_mem_apps(struct hy_backend *b, struct hy_op *op)
{
    struct hy_apps *v = (struct hy_apps *)op;

    v->count = b->apps.count;
    v->apps = (struct hy_app *)hy_mem_copy_array(v->arena, v->count, sizeof *v->apps);
    for (size_t i = 0; i < v->count; i++) {
        const struct hy_app *app = &((const struct hy_mem_app *)b->apps.items[i])->app;

        v->apps[i] = *app;
        v->apps[i].id = hy_mem_copy_text(v->arena, app->id);
        v->apps[i].platform = hy_mem_copy_text(v->arena, app->platform);
        v->apps[i].settings = hy_mem_copy_text(v->arena, app->settings);
        hy_mem_copy_sealed(v->arena, &v->apps[i].secret, &app->secret);
        hy_mem_copy_sealed(v->arena, &v->apps[i].callback, &app->callback);
    }
    return 0;
}

/* --- keys ------------------------------------------------------------------------------------- */

int hy_mem_key_put(struct hy_backend *b, struct hy_op *op)
{
    struct hy_key *from = &((struct hy_key_put *)op)->key;
    struct hy_key *added;

    for (size_t i = 0; i < b->keys.count; i++) {
        const struct hy_key *key = (const struct hy_key *)b->keys.items[i];

        if (key->revoked_at_ms == 0 && memcmp(key->hash, from->hash, sizeof key->hash) == 0)
            return HY_E_EXISTS;
    }
    from->id = ++b->last_key_id;
    added = (struct hy_key *)hy_mem_alloc(sizeof *added);
    *added = *from;
    added->name = hy_mem_text(from->name);
    hy_vector_push(&b->keys, added);
    return 0;
}

int hy_mem_key_revoke(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_key_revoke *v = (const struct hy_key_revoke *)op;

    for (size_t i = 0; i < b->keys.count; i++) {
        struct hy_key *key = (struct hy_key *)b->keys.items[i];

        if (key->id == v->key_id && key->revoked_at_ms == 0) {
            key->revoked_at_ms = v->now_ms;
            return 0;
        }
    }
    return HY_E_NOT_FOUND;
}

int hy_mem_keys(struct hy_backend *b, struct hy_op *op)
{
    struct hy_keys *v = (struct hy_keys *)op;

    v->count = 0;
    v->keys = (struct hy_key *)hy_mem_copy_array(v->arena, b->keys.count, sizeof *v->keys);
    for (size_t i = 0; i < b->keys.count; i++) {
        const struct hy_key *key = (const struct hy_key *)b->keys.items[i];

        if (key->revoked_at_ms > 0)
            continue;
        v->keys[v->count] = *key;
        v->keys[v->count++].name = hy_mem_copy_text(v->arena, key->name);
    }
    return 0;
}

/* --- meta ------------------------------------------------------------------------------------- */

static struct hy_mem_meta *meta(const struct hy_backend *b, const char *name)
{
    for (size_t i = 0; i < b->metas.count; i++) {
        struct hy_mem_meta *m = (struct hy_mem_meta *)b->metas.items[i];

        if (strcmp(m->name, name) == 0)
            return m;
    }
    return NULL;
}

int hy_mem_meta_put(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_meta_put *v = (const struct hy_meta_put *)op;
    struct hy_mem_meta *m = meta(b, v->name);

    if (m && v->if_absent)
        return HY_E_EXISTS;
    if (!m) {
        m = (struct hy_mem_meta *)hy_mem_alloc(sizeof *m);
        hy_mem_set_text(&m->name, v->name);
        hy_vector_push(&b->metas, m);
    }
    hy_mem_set_text(&m->value, v->value);
    return 0;
}

int hy_mem_meta_get(struct hy_backend *b, struct hy_op *op)
{
    struct hy_meta_get *v = (struct hy_meta_get *)op;
    const struct hy_mem_meta *m = meta(b, v->name);

    if (!m)
        return HY_E_NOT_FOUND;
    v->value = hy_mem_copy_text(v->arena, m->value);
    return 0;
}
