/*
 * changes.c - adding and changing apps and keys: checked, sealed, stored, then known in memory.
 */
#include "base/log.h"
#include "crypto/apikey.h"
#include "crypto/secret.h"
#include "engine/app_secrets.h"
#include "engine/broadcast/feeder.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- apps ------------------------------------------------------------------------------------- */

struct app_body {
    const char *id, *platform, *secret;
    uint32_t present; /* bits of identity_fields */
    json_t *callback; /* its members that say something of the callback's secrets */
    struct hy_callback_secrets secrets;
    bool secrets_changed;
};

enum { HAS_ID = 1, HAS_SECRET = 4 };

#define AT(field) offsetof(struct app_body, field)

static const struct hy_json_field identity_fields[] = {
    {.name = "id", .type = HY_JSON_TEXT, .offset = AT(id), .max = 64},
    {.name = "platform", .type = HY_JSON_TEXT, .offset = AT(platform), .max = 32},
    {.name = "secret", .type = HY_JSON_TEXT, .offset = AT(secret), .max = 256, .secret = true},
    {0}};

static bool is_identity(const char *key)
{
    for (size_t i = 0; identity_fields[i].name; i++) {
        if (strcmp(identity_fields[i].name, key) == 0)
            return true;
    }
    return false;
}

static bool is_callback_secret(const char *key)
{
    return strcmp(key, "callback_token") == 0 || strcmp(key, "callback_aes_key") == 0;
}

/* The body holds three tables' fields: who it is, the callback's secrets, and the settings. */
static int read_app_body(const json_t *body, struct app_body *b, struct hy_app_settings *settings,
                         struct hy_violations *v)
{
    HY_JSON_SCOPED json_t *identity = json_object();
    HY_JSON_SCOPED json_t *rest = json_object();
    const char *key;
    json_t *value;

    if (!json_is_object(body)) {
        hy_json_read(body, identity_fields, b, v);
        return 0;
    }
    json_object_foreach((json_t *)body, key, value)
    {
        json_t *part = is_callback_secret(key) ? b->callback : is_identity(key) ? identity : rest;

        if (json_object_set(part, key, value) != 0)
            return HY_E_NOMEM; /* not to miss a field that is there */
    }
    b->present = hy_json_read(identity, identity_fields, b, v);
    hy_json_read(rest, hy_app_settings_fields, settings, v);
    return 0;
}

static const struct hy_platform *find_platform(const char *name, struct hy_violations *v)
{
    const struct hy_platform *platform = hy_platform_find(name);
    char known[128] = "";

    if (platform)
        return platform;
    for (size_t i = 0; hy_platforms[i]; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 hy_platforms[i]->name);
    hy_violations_add(v, "platform", "one_of", known, NULL, "platform must be one of %s.", known);
    return NULL;
}

static void check_new(const struct app_body *b, struct hy_violations *v)
{
    const struct hy_platform *platform = find_platform(b->platform, v);

    if (!(b->present & HAS_ID))
        hy_violations_add(v, "id", "required", NULL, NULL, "id is required.");
    if (!(b->present & HAS_SECRET))
        hy_violations_add(v, "secret", "required", NULL, NULL, "secret is required.");
    if (platform && b->id)
        platform->check_app(b->id, b->secret, v);
}

static void check_change(const struct app_body *b, const struct hy_app_entry *present,
                         struct hy_violations *v)
{
    if (b->id && strcmp(b->id, present->app.id) != 0)
        hy_violations_add(v, "id", "fixed", NULL, NULL, "The id of an app cannot be changed.");
    if (strcmp(b->platform, present->app.platform) != 0)
        hy_violations_add(v, "platform", "fixed", NULL, NULL,
                          "The platform of an app cannot be changed.");
    if (b->secret)
        present->platform->check_app(present->app.id, b->secret, v);
}

/* The callback's secrets as they are now and as the body changes them. */
static int read_callback_secrets(struct hy_engine *engine, struct app_body *b,
                                 const struct hy_app_settings *settings,
                                 const struct hy_app_entry *present, struct hy_violations *v)
{
    const struct hy_platform *platform =
        present ? present->platform : hy_platform_find(b->platform);
    struct hy_sealed sealed = {0};
    int err = 0;

    if (present && json_object_size(b->callback) > 0)
        err = hy_registry_callback(&engine->registry, present->app.no, v->arena, &sealed);
    if (!err && present)
        err = hy_callback_secrets_open(engine->config.seal, present->app.id, &sealed, v->arena,
                                       &b->secrets);
    if (err && err != HY_E_DENIED && err != HY_E_CORRUPT) /* else none, as in the registry */
        return err;
    b->secrets_changed = hy_callback_secrets_read(b->callback, platform, v, &b->secrets);
    hy_callback_mode_check(
        settings,
        b->secrets_changed ? b->secrets.aes_key != NULL : present && present->has_callback_key, v);
    return 0;
}

static void app_stored(struct hy_op *op, void *arg)
{
    struct hy_app_change *change = arg;
    struct hy_engine *engine = change->engine;

    /* What is stored and cannot be kept in memory now is read again. */
    if (op->result == 0 && hy_registry_put_app(&engine->registry, &change->put.app) != 0)
        op->result = HY_E_UNCERTAIN;
    if (op->result == 0) {
        hy_log(HY_LOG_INFO, "app.changed", "app=%s", change->put.app.id);
        hy_lane_notice(engine, change->put.app.no, 0);
    }
    if (op->result == HY_E_UNCERTAIN)
        hy_doubt_note(engine, op->verb);
    change->done(change, change->arg);
}

/* Body, settings and secret become the row to store. */
static int fill_app(struct hy_engine *engine, const struct app_body *b,
                    const struct hy_app_settings *settings, const struct hy_app_entry *present,
                    struct hy_arena *arena, struct hy_app *app)
{
    HY_JSON_SCOPED json_t *text = hy_app_settings_json(settings);
    int64_t now_ms = engine->config.now_ms();
    int err = 0;

    *app = (struct hy_app){.id = b->id, .platform = b->platform, .created_at_ms = now_ms};
    if (present) {
        app->no = present->app.no;
        app->id = hy_arena_strdup(arena, present->app.id);
        app->created_at_ms = present->app.created_at_ms;
    }
    app->platform = hy_arena_strdup(arena, b->platform);
    app->updated_at_ms = now_ms;
    app->settings = text ? hy_json_text(arena, text) : NULL;
    if (b->secret) {
        err = hy_app_secret_seal(engine->config.seal, app->id, b->secret, arena, &app->secret);
        hy_wipe((char *)b->secret, strlen(b->secret));
    }
    if (!err && b->secrets_changed)
        err = hy_callback_secrets_seal(engine->config.seal, app->id, &b->secrets, arena,
                                       &app->callback);
    hy_callback_secrets_wipe(&b->secrets);
    return !err && (!app->id || !app->platform || !app->settings) ? HY_E_NOMEM : err;
}

int hy_engine_app_change(struct hy_engine *engine, const char *id, const json_t *body,
                         struct hy_violations *v, struct hy_app_change *change)
{
    HY_APP_SCOPED const struct hy_app_entry *present = id ? hy_engine_app(engine, id) : NULL;
    HY_JSON_SCOPED json_t *callback = json_object();
    struct app_body b = {.platform = hy_platforms[0]->name, .callback = callback};
    struct hy_app_settings settings = hy_app_settings_default;
    int err;

    if (id && !present)
        return HY_E_NOT_FOUND;
    if (!callback)
        return HY_E_NOMEM;
    if (present) {
        b.platform = present->app.platform;
        settings = present->settings;
    }
    err = read_app_body(body, &b, &settings, v);
    if (err)
        return err;
    if (!hy_violations_any(v) && present)
        check_change(&b, present, v);
    else if (json_is_object(body) && !present)
        check_new(&b, v);
    hy_app_settings_check(&settings, v);
    err = read_callback_secrets(engine, &b, &settings, present, v);
    if (err || hy_violations_any(v)) {
        hy_callback_secrets_wipe(&b.secrets);
        return err ? err : HY_E_INVALID;
    }
    change->put =
        (struct hy_app_put){.op = {.verb = HY_VERB_APP_PUT, .audit = change->put.op.audit},
                            .recap = present && json_object_get(body, "caps")};
    err = fill_app(engine, &b, &settings, present, v->arena, &change->put.app);
    if (err)
        return err;
    change->engine = engine;
    hy_engine_verb(engine, &change->put.op, app_stored, change);
    return 0;
}

static void app_removed(struct hy_op *op, void *arg)
{
    struct hy_app_removal *removal = arg;
    struct hy_engine *engine = removal->engine;

    if (op->result == 0) {
        hy_registry_delete_app(&engine->registry, removal->removal.app_no, removal->removal.now_ms);
        hy_shelf_replace(&engine->shelf, removal->removal.app_no, NULL, 0, false);
        hy_clockwork_stale(engine);
        hy_feeder_stale(engine);
    } else if (op->result == HY_E_UNCERTAIN) {
        hy_doubt_note(engine, op->verb);
    }
    removal->done(removal, removal->arg);
}

int hy_engine_app_remove(struct hy_engine *engine, const char *id, struct hy_app_removal *removal)
{
    HY_APP_SCOPED const struct hy_app_entry *present = hy_engine_app(engine, id);

    if (!present)
        return HY_E_NOT_FOUND;
    removal->engine = engine;
    removal->removal = (struct hy_app_delete){
        .op = {.verb = HY_VERB_APP_DELETE, .audit = removal->removal.op.audit},
        .app_no = present->app.no,
        .now_ms = engine->config.now_ms()};
    hy_engine_verb(engine, &removal->removal.op, app_removed, removal);
    return 0;
}

static void cleaned(struct hy_op *op, void *arg)
{
    free(arg);
}

void hy_app_clean_up(struct hy_engine *engine, int64_t app_no)
{
    struct hy_app_delete *verb = calloc(1, sizeof *verb);

    if (!verb)
        return;
    *verb = (struct hy_app_delete){
        .op.verb = HY_VERB_APP_DELETE, .app_no = app_no, .now_ms = engine->config.now_ms()};
    hy_engine_verb(engine, &verb->op, cleaned, verb);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void key_created(struct hy_op *op, void *arg)
{
    struct hy_key_change *change = arg;

    /* Stored, but not known before the next start: nobody is given its secret. */
    if (op->result == 0 && hy_registry_put_key(&change->engine->registry, &change->put.key) != 0)
        op->result = HY_E_UNCERTAIN;
    change->done(change, change->arg);
}

void hy_engine_key_create(struct hy_engine *engine, const char *name, unsigned scopes,
                          struct hy_key_change *change)
{
    change->engine = engine;
    hy_apikey_new(change->secret);
    change->put = (struct hy_key_put){
        .op = {.verb = HY_VERB_KEY_PUT, .audit = change->op.audit},
        .key = {.name = name, .scopes = scopes, .created_at_ms = engine->config.now_ms()}};
    hy_apikey_hash(engine->config.seal, change->secret, change->put.key.hash);
    hy_engine_verb(engine, &change->op, key_created, change);
}

static void key_revoked(struct hy_op *op, void *arg)
{
    struct hy_key_change *change = arg;

    /* In doubt it opens nothing any more: whoever revokes it means it, and may ask again. */
    if (op->result == 0 || op->result == HY_E_UNCERTAIN)
        hy_registry_remove_key(&change->engine->registry, change->revoke.key_id);
    change->done(change, change->arg);
}

void hy_engine_key_revoke(struct hy_engine *engine, int64_t key_id, struct hy_key_change *change)
{
    change->engine = engine;
    change->revoke =
        (struct hy_key_revoke){.op = {.verb = HY_VERB_KEY_REVOKE, .audit = change->op.audit},
                               .key_id = key_id,
                               .now_ms = engine->config.now_ms()};
    hy_engine_verb(engine, &change->op, key_revoked, change);
}

static int revoke_now(struct hy_engine *engine, int64_t key_id)
{
    struct hy_key_revoke revoke = {
        .op.verb = HY_VERB_KEY_REVOKE, .key_id = key_id, .now_ms = engine->config.now_ms()};
    int err = hy_store_run(engine->config.store, &revoke.op);

    if (!err)
        hy_registry_remove_key(&engine->registry, key_id);
    return err;
}

/* Another node that starts, too, has stored it a moment ago. HY_E_EXISTS: it is one that was revoked. */
static int adopt_stored(struct hy_engine *engine, const uint8_t *hash)
{
    struct hy_arena arena;
    struct hy_keys keys = {.op.verb = HY_VERB_KEYS, .arena = &arena};
    int err, found = HY_E_EXISTS;

    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &keys.op);
    for (size_t i = 0; !err && i < keys.count; i++) {
        if (keys.keys[i].scopes & HY_SCOPE_ADMIN &&
            hy_secret_equal(keys.keys[i].hash, hash, sizeof keys.keys[i].hash))
            found = hy_registry_put_key(&engine->registry, &keys.keys[i]);
    }
    hy_arena_deinit(&arena);
    return err ? err : found;
}

int hy_engine_key_adopt(struct hy_engine *engine, const char *name, const char *secret)
{
    struct hy_key_put put = {
        .op.verb = HY_VERB_KEY_PUT,
        .key = {.name = name, .scopes = HY_SCOPE_ADMIN, .created_at_ms = engine->config.now_ms()}};
    struct hy_arena arena;
    struct hy_key *keys;
    bool known = false;
    size_t count;
    int err = 0;

    hy_apikey_hash(engine->config.seal, secret, put.key.hash);
    hy_arena_init(&arena);
    keys = hy_engine_key_list(engine, &arena, &count);
    for (size_t i = 0; i < count && !err; i++) {
        bool same = hy_secret_equal(keys[i].hash, put.key.hash, sizeof put.key.hash);

        if (same && keys[i].scopes & HY_SCOPE_ADMIN)
            known = true;
        else if (same || strcmp(keys[i].name, name) == 0)
            err = revoke_now(engine, keys[i].id);
    }
    hy_arena_deinit(&arena);
    if (err || known)
        return err;
    err = hy_store_run(engine->config.store, &put.op);
    if (err == HY_E_EXISTS)
        return adopt_stored(engine, put.key.hash);
    return err ? err : hy_registry_put_key(&engine->registry, &put.key);
}
