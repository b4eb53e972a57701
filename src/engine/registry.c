/*
 * registry.c - apps in memory, so that a request is checked without asking the store; keys: keys.c.
 *
 * An app's entry never changes: a change puts a new one in its place, and whoever holds the old one
 * keeps it until they release it.
 */
#include "base/log.h"
#include "engine/app_secrets.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

struct hy_registry_app {
    struct hy_app_entry entry; /* first: an entry pointer is a pointer to this */
    atomic_int references;
    struct hy_sealed secret, callback;
    struct hy_arena arena;
};

int hy_registry_init(struct hy_registry *registry, const struct hy_seal *seal)
{
    *registry = (struct hy_registry){.seal = seal};
    return pthread_rwlock_init(&registry->lock, NULL) == 0 ? 0 : HY_E_NOMEM;
}

static void release(struct hy_registry_app *app)
{
    if (app && atomic_fetch_sub(&app->references, 1) == 1) {
        hy_arena_deinit(&app->arena);
        free(app);
    }
}

void hy_registry_deinit(struct hy_registry *registry)
{
    for (size_t i = 0; i < registry->app_count; i++)
        release(registry->apps[i]);
    for (size_t i = 0; i < registry->key_count; i++)
        free((char *)registry->keys[i].name);
    free(registry->apps);
    free(registry->keys);
    pthread_rwlock_destroy(&registry->lock);
}

/* --- apps ------------------------------------------------------------------------------------- */

static int read_settings(struct hy_registry_app *app, const char *text)
{
    struct hy_violations faults;
    HY_JSON_SCOPED json_t *root = hy_json_parse(text, strlen(text), NULL, 0);

    app->entry.settings = hy_app_settings_default;
    hy_violations_init(&faults, &app->arena);
    if (!root)
        return hy_json_starved() ? HY_E_NOMEM : HY_E_CORRUPT;
    hy_json_read(root, hy_app_settings_fields, &app->entry.settings, &faults);
    return hy_violations_any(&faults) ? HY_E_CORRUPT : 0;
}

static struct hy_sealed copied(struct hy_arena *arena, const struct hy_sealed *from)
{
    const void *bytes = hy_arena_memdup(arena, from->bytes, from->size);

    return (struct hy_sealed){.bytes = bytes, .size = bytes ? from->size : 0};
}

/* Which of the callback's secrets there are. What cannot be opened counts as none: the app goes on
 * without callbacks. HY_E_NOMEM: it is not known. */
static int look_at_callback(const struct hy_seal *seal, struct hy_registry_app *app)
{
    struct hy_callback_secrets secrets;
    struct hy_arena arena;
    int err;

    hy_arena_init(&arena);
    err = hy_callback_secrets_open(seal, app->entry.app.id, &app->callback, &arena, &secrets);
    if (err && err != HY_E_NOMEM)
        hy_log(HY_LOG_ERROR, "app.callback_unreadable", "app=%s error=%s", app->entry.app.id,
               hy_err_text(err));
    app->entry.has_callback = secrets.token != NULL;
    app->entry.has_callback_key = secrets.aes_key != NULL;
    hy_callback_secrets_wipe(&secrets);
    hy_arena_deinit(&arena);
    return err == HY_E_NOMEM ? err : 0;
}

static int new_entry(const struct hy_seal *seal, const struct hy_app *from,
                     struct hy_registry_app **ret_app)
{
    struct hy_registry_app *app = calloc(1, sizeof *app);
    struct hy_app *to;
    int err;

    if (!app)
        return HY_E_NOMEM;
    hy_arena_init(&app->arena);
    atomic_init(&app->references, 1);
    to = &app->entry.app;
    *to = *from;
    to->id = hy_arena_strdup(&app->arena, from->id);
    to->platform = hy_arena_strdup(&app->arena, from->platform);
    to->settings = hy_arena_strdup(&app->arena, from->settings);
    to->secret = to->callback = (struct hy_sealed){0};
    app->secret = copied(&app->arena, &from->secret);
    app->callback = copied(&app->arena, &from->callback);
    app->entry.platform = hy_platform_find(from->platform);
    if (!to->id || !to->platform || !to->settings || app->secret.size != from->secret.size ||
        app->callback.size != from->callback.size)
        err = HY_E_NOMEM;
    else
        err = app->entry.platform ? read_settings(app, to->settings) : HY_E_CORRUPT;
    if (!err)
        err = look_at_callback(seal, app);
    if (err) {
        release(app);
        return err;
    }
    *ret_app = app;
    return 0;
}

/* Index of the entry with that number, or where it belongs. */
static size_t place_of(const struct hy_registry *registry, int64_t no)
{
    size_t i = registry->app_count;

    while (i > 0 && registry->apps[i - 1]->entry.app.no >= no)
        i--;
    return i;
}

/* A change that brings none keeps the present ones. */
static void keep_secrets(struct hy_registry_app *entry, const struct hy_registry_app *present)
{
    if (entry->secret.size == 0)
        entry->secret = copied(&entry->arena, &present->secret);
    if (entry->callback.size == 0) {
        entry->callback = copied(&entry->arena, &present->callback);
        entry->entry.has_callback = present->entry.has_callback;
        entry->entry.has_callback_key = present->entry.has_callback_key;
    }
}

int hy_registry_put_app(struct hy_registry *registry, const struct hy_app *app)
{
    struct hy_registry_app *entry, **grown;
    size_t place;
    int err = new_entry(registry->seal, app, &entry);

    if (err)
        return err;
    pthread_rwlock_wrlock(&registry->lock);
    place = place_of(registry, app->no);
    if (place < registry->app_count && registry->apps[place]->entry.app.no == app->no) {
        if (!app->deleted_at_ms)
            keep_secrets(entry, registry->apps[place]);
        release(registry->apps[place]);
        registry->apps[place] = entry;
    } else {
        grown =
            realloc(registry->apps, (registry->app_count + 1) * sizeof(struct hy_registry_app *));
        if (grown) {
            memmove(grown + place + 1, grown + place,
                    (registry->app_count - place) * sizeof(struct hy_registry_app *));
            grown[place] = entry;
            registry->apps = grown;
            registry->app_count++;
        } else {
            release(entry);
            err = HY_E_NOMEM;
        }
    }
    atomic_fetch_add(&registry->generation, 1);
    pthread_rwlock_unlock(&registry->lock);
    return err;
}

void hy_registry_delete_app(struct hy_registry *registry, int64_t app_no, int64_t now_ms)
{
    const struct hy_app_entry *entry = hy_registry_by_no(registry, app_no);
    struct hy_app gone;

    if (!entry)
        return;
    gone = entry->app;
    gone.deleted_at_ms = now_ms;
    hy_registry_put_app(registry, &gone);
    hy_engine_app_release(entry);
}

static const struct hy_app_entry *counted(struct hy_registry_app *app)
{
    if (!app)
        return NULL;
    atomic_fetch_add(&app->references, 1);
    return &app->entry;
}

const struct hy_app_entry *hy_registry_by_no(struct hy_registry *registry, int64_t no)
{
    const struct hy_app_entry *found = NULL;
    size_t place;

    pthread_rwlock_rdlock(&registry->lock);
    place = place_of(registry, no);
    if (place < registry->app_count && registry->apps[place]->entry.app.no == no)
        found = counted(registry->apps[place]);
    pthread_rwlock_unlock(&registry->lock);
    return found;
}

const struct hy_app_entry *hy_registry_at(struct hy_registry *registry, size_t index)
{
    const struct hy_app_entry *found;

    pthread_rwlock_rdlock(&registry->lock);
    found = counted(index < registry->app_count ? registry->apps[index] : NULL);
    pthread_rwlock_unlock(&registry->lock);
    return found;
}

int hy_registry_secret(struct hy_registry *registry, int64_t app_no, struct hy_arena *arena,
                       struct hy_sealed *ret_secret)
{
    const struct hy_app_entry *entry = hy_registry_by_no(registry, app_no);
    const struct hy_registry_app *app = (const struct hy_registry_app *)entry;
    int err = HY_E_NOT_FOUND;

    if (entry && app->secret.size > 0) {
        *ret_secret = copied(arena, &app->secret);
        err = ret_secret->size ? 0 : HY_E_NOMEM;
    }
    hy_engine_app_release(entry);
    return err;
}

int hy_registry_callback(struct hy_registry *registry, int64_t app_no, struct hy_arena *arena,
                         struct hy_sealed *ret_callback)
{
    const struct hy_app_entry *entry = hy_registry_by_no(registry, app_no);
    const struct hy_registry_app *app = (const struct hy_registry_app *)entry;
    int err = entry ? 0 : HY_E_NOT_FOUND;

    if (entry) {
        *ret_callback = copied(arena, &app->callback);
        err = ret_callback->size == app->callback.size ? 0 : HY_E_NOMEM;
    }
    hy_engine_app_release(entry);
    return err;
}

const struct hy_app_entry *hy_engine_app(struct hy_engine *engine, const char *id)
{
    struct hy_registry *registry = &engine->registry;
    const struct hy_app_entry *found = NULL;

    pthread_rwlock_rdlock(&registry->lock);
    for (size_t i = 0; i < registry->app_count && !found; i++) {
        const struct hy_app *app = &registry->apps[i]->entry.app;

        if (!app->deleted_at_ms && strcmp(app->id, id) == 0)
            found = counted(registry->apps[i]);
    }
    pthread_rwlock_unlock(&registry->lock);
    return found;
}

const struct hy_app_entry *hy_engine_app_by_no(struct hy_engine *engine, int64_t no)
{
    return hy_registry_by_no(&engine->registry, no);
}

void hy_engine_app_release(const struct hy_app_entry *entry)
{
    release((struct hy_registry_app *)entry);
}

void hy_app_scope_end(const struct hy_app_entry **entry)
{
    hy_engine_app_release(*entry);
}

const struct hy_app_entry **hy_engine_app_list(struct hy_engine *engine, struct hy_arena *arena,
                                               size_t *ret_count)
{
    struct hy_registry *registry = &engine->registry;
    const struct hy_app_entry **list;
    size_t count = 0;

    pthread_rwlock_rdlock(&registry->lock);
    list = hy_arena_array(arena, registry->app_count + 1, sizeof *list);
    for (size_t i = 0; list && i < registry->app_count; i++) {
        if (!registry->apps[i]->entry.app.deleted_at_ms)
            list[count++] = counted(registry->apps[i]);
    }
    pthread_rwlock_unlock(&registry->lock);
    *ret_count = count;
    return list;
}

/* --- loading ---------------------------------------------------------------------------------- */

int hy_registry_load(struct hy_engine *engine)
{
    struct hy_arena arena;
    struct hy_apps apps = {.op.verb = HY_VERB_APPS, .arena = &arena};
    struct hy_keys keys = {.op.verb = HY_VERB_KEYS, .arena = &arena};
    int err;

    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &apps.op);
    for (size_t i = 0; !err && i < apps.count; i++)
        err = hy_registry_put_app(&engine->registry, &apps.apps[i]);
    if (!err)
        err = hy_store_run(engine->config.store, &keys.op);
    for (size_t i = 0; !err && i < keys.count; i++)
        err = hy_registry_put_key(&engine->registry, &keys.keys[i]);
    hy_arena_deinit(&arena);
    return err;
}
