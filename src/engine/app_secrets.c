#include "engine/app_secrets.h"

#include "crypto/secret.h"
#include "engine/internal.h"

#include <stdio.h>
#include <string.h>

enum { CONTEXT_BYTES = 96 };

static int lock(const struct hy_seal *seal, const char *app_id, const char *what, const char *text,
                struct hy_arena *arena, struct hy_sealed *ret_sealed)
{
    char context[CONTEXT_BYTES];
    uint8_t *bytes;
    size_t size;
    int err;

    snprintf(context, sizeof context, "app:%s:%s", app_id, what);
    err = hy_seal_lock(seal, context, text, strlen(text), arena, &bytes, &size);
    if (!err)
        *ret_sealed = (struct hy_sealed){.bytes = bytes, .size = size};
    return err;
}

static int unlock(const struct hy_seal *seal, const char *app_id, const char *what,
                  const struct hy_sealed *sealed, struct hy_arena *arena, char **ret_text,
                  size_t *ret_size)
{
    char context[CONTEXT_BYTES];

    snprintf(context, sizeof context, "app:%s:%s", app_id, what);
    return hy_seal_unlock(seal, context, sealed->bytes, sealed->size, arena, ret_text, ret_size);
}

/* --- the AppSecret ---------------------------------------------------------------------------- */

int hy_app_secret_seal(const struct hy_seal *seal, const char *app_id, const char *secret,
                       struct hy_arena *arena, struct hy_sealed *ret_sealed)
{
    return lock(seal, app_id, "secret", secret, arena, ret_sealed);
}

int hy_app_secret_open(struct hy_engine *engine, const struct hy_app_entry *app,
                       struct hy_arena *arena, char **ret_secret, size_t *ret_size)
{
    struct hy_sealed sealed;
    int err = hy_registry_secret(&engine->registry, app->app.no, arena, &sealed);

    return err ? err
               : unlock(engine->config.seal, app->app.id, "secret", &sealed, arena, ret_secret,
                        ret_size);
}

/* --- those of callbacks ----------------------------------------------------------------------- */

static void wipe_text(const char *text)
{
    if (text)
        hy_wipe((char *)text, strlen(text));
}

void hy_callback_secrets_wipe(const struct hy_callback_secrets *secrets)
{
    wipe_text(secrets->token);
    wipe_text(secrets->aes_key);
}

/* The texts of a tree of ours, which is freed next. */
static void wipe_tree(json_t *root)
{
    const char *key;
    json_t *value;

    json_object_foreach(root, key, value)
    {
        wipe_text(json_string_value(value));
    }
}

int hy_callback_secrets_seal(const struct hy_seal *seal, const char *app_id,
                             const struct hy_callback_secrets *secrets, struct hy_arena *arena,
                             struct hy_sealed *ret_sealed)
{
    HY_JSON_SCOPED json_t *root =
        json_pack("{s:s*, s:s*}", "token", secrets->token, "aes_key", secrets->aes_key);
    char *text = root ? hy_json_text(arena, root) : NULL;
    int err = text ? lock(seal, app_id, "callback", text, arena, ret_sealed) : HY_E_NOMEM;

    wipe_tree(root);
    wipe_text(text);
    return err;
}

static int read_tree(const json_t *root, struct hy_arena *arena,
                     struct hy_callback_secrets *ret_secrets)
{
    const char *token = json_string_value(json_object_get(root, "token"));
    const char *aes_key = json_string_value(json_object_get(root, "aes_key"));
    struct hy_callback_secrets secrets = {.token = hy_arena_strdup(arena, token),
                                          .aes_key = hy_arena_strdup(arena, aes_key)};

    if ((token && !secrets.token) || (aes_key && !secrets.aes_key)) {
        hy_callback_secrets_wipe(&secrets);
        return HY_E_NOMEM;
    }
    *ret_secrets = secrets;
    return 0;
}

int hy_callback_secrets_open(const struct hy_seal *seal, const char *app_id,
                             const struct hy_sealed *sealed, struct hy_arena *arena,
                             struct hy_callback_secrets *ret_secrets)
{
    HY_JSON_SCOPED json_t *root = NULL;
    char *plain;
    size_t size;
    int err;

    *ret_secrets = (struct hy_callback_secrets){0};
    if (sealed->size == 0)
        return 0;
    err = unlock(seal, app_id, "callback", sealed, arena, &plain, &size);
    if (err)
        return err;
    root = hy_json_parse(plain, size, NULL, 0);
    hy_wipe(plain, size);
    err = root                ? read_tree(root, arena, ret_secrets)
          : hy_json_starved() ? HY_E_NOMEM
                              : HY_E_CORRUPT;
    wipe_tree(root);
    return err;
}

/* --- what a request says ---------------------------------------------------------------------- */

#define AT(field) offsetof(struct hy_callback_secrets, field)

static const struct hy_json_field fields[] = {{.name = "callback_token",
                                               .type = HY_JSON_TEXT,
                                               .offset = AT(token),
                                               .max = 256,
                                               .secret = true},
                                              {.name = "callback_aes_key",
                                               .type = HY_JSON_TEXT,
                                               .offset = AT(aes_key),
                                               .max = 256,
                                               .secret = true},
                                              {0}};

static void replace(char **text, char *by)
{
    wipe_text(*text);
    *text = by;
}

bool hy_callback_secrets_read(const json_t *body, const struct hy_platform *platform,
                              struct hy_violations *v, struct hy_callback_secrets *secrets)
{
    const json_t *token = json_object_get(body, fields[0].name);
    const json_t *aes_key = json_object_get(body, fields[1].name);
    struct hy_callback_secrets given = {0};
    uint32_t present = hy_json_read(body, fields, &given, v);

    if (platform && present)
        platform->check_callback(given.token, given.aes_key, v);
    if (token)
        replace(&secrets->token, given.token);
    if (aes_key)
        replace(&secrets->aes_key, given.aes_key);
    if (secrets->aes_key && !secrets->token)
        hy_violations_add(v, "callback_token", "required", NULL, NULL,
                          "callback_token is required with a callback_aes_key.");
    return token || aes_key;
}

void hy_callback_mode_check(const struct hy_app_settings *settings, bool has_key,
                            struct hy_violations *v)
{
    if (settings->callback_mode == HY_CALLBACK_SAFE && !has_key)
        hy_violations_add(v, "callback_mode", "needs_key", NULL, NULL,
                          "callback_mode safe needs a callback_aes_key.");
}
