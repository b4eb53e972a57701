/*
 * app_secrets.h - the secrets of an app, sealed and opened. Only src/engine includes it.
 *
 *   secret      context "app:ID:secret", the text itself
 *   callback    context "app:ID:callback", JSON {"token":"...","aes_key":"..."}; either may be missing
 */
#ifndef HY_ENGINE_APP_SECRETS_H
#define HY_ENGINE_APP_SECRETS_H

#include "base/violation.h"
#include "crypto/seal.h"
#include "domain/app.h"
#include "engine/engine.h"

struct hy_callback_secrets {
    char *token;   /* or null */
    char *aes_key; /* or null */
};

/* Zeroes the texts. */
void hy_callback_secrets_wipe(const struct hy_callback_secrets *secrets);

int hy_app_secret_seal(const struct hy_seal *seal, const char *app_id, const char *secret,
                       struct hy_arena *arena, struct hy_sealed *ret_sealed);

/* The AppSecret of an app in use; whoever asks wipes it. HY_E_NOT_FOUND: it has none (any more);
 * errors of hy_seal_unlock(). */
int hy_app_secret_open(struct hy_engine *engine, const struct hy_app_entry *app,
                       struct hy_arena *arena, char **ret_secret, size_t *ret_size);

int hy_callback_secrets_seal(const struct hy_seal *seal, const char *app_id,
                             const struct hy_callback_secrets *secrets, struct hy_arena *arena,
                             struct hy_sealed *ret_sealed);

/* Texts in the arena; whoever asks wipes them. `sealed` of size 0 gives none. Errors of
 * hy_seal_unlock(). */
int hy_callback_secrets_open(const struct hy_seal *seal, const char *app_id,
                             const struct hy_sealed *sealed, struct hy_arena *arena,
                             struct hy_callback_secrets *ret_secrets);

/*
 * What a request's body says of them: `body` may hold callback_token and callback_aes_key. A text
 * replaces, null removes, absent keeps what `secrets` holds; what is not kept is zeroed. Checked by the platform, and against each
 * other: faults into `v`. True when one of them was named.
 */
bool hy_callback_secrets_read(const json_t *body, const struct hy_platform *platform,
                              struct hy_violations *v, struct hy_callback_secrets *secrets);

/* Adds a fault when the settings ask for more than these secrets can do. */
void hy_callback_mode_check(const struct hy_app_settings *settings, bool has_key,
                            struct hy_violations *v);

#endif
