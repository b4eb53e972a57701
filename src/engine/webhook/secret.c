#include "engine/webhook/secret.h"

#include "base/err.h"
#include "crypto/secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CONTEXT_BYTES = 64 };

static const char *context(int64_t created_at_ms, char into[CONTEXT_BYTES])
{
    snprintf(into, CONTEXT_BYTES, "webhook:%" PRId64 ":secret", created_at_ms);
    return into;
}

int hy_webhook_secret_seal(const struct hy_seal *seal, int64_t created_at_ms,
                           const struct hy_signature_key *key, struct hy_arena *arena,
                           struct hy_sealed *ret_sealed)
{
    char place[CONTEXT_BYTES];
    uint8_t *bytes;
    size_t size;
    int err = hy_seal_lock(seal, context(created_at_ms, place), key->bytes, key->size, arena,
                           &bytes, &size);

    if (!err)
        *ret_sealed = (struct hy_sealed){.bytes = bytes, .size = size};
    return err;
}

static int open_key(const struct hy_seal *seal, int64_t created_at_ms,
                    const struct hy_sealed *sealed, struct hy_arena *arena,
                    struct hy_signature_key *ret_key)
{
    char place[CONTEXT_BYTES], *plain;
    size_t size;
    int err = hy_seal_unlock(seal, context(created_at_ms, place), sealed->bytes, sealed->size,
                             arena, &plain, &size);

    if (err)
        return err;
    if (size <= sizeof ret_key->bytes) {
        memcpy(ret_key->bytes, plain, size);
        ret_key->size = size;
    } else {
        err = HY_E_CORRUPT;
    }
    hy_wipe(plain, size);
    return err;
}

static int sign_by(const struct hy_seal *seal, const struct hy_webhook *webhook,
                   const struct hy_sealed *sealed, const char *id, int64_t now_ms, const void *body,
                   size_t size, struct hy_arena *arena, char ret_text[HY_SIGNATURE_TEXT_BYTES])
{
    struct hy_signature_key key;
    int err = open_key(seal, webhook->created_at_ms, sealed, arena, &key);

    if (!err)
        err = hy_signature_sign(&key, id, now_ms / 1000, body, size, ret_text);
    hy_wipe(&key, sizeof key);
    return err;
}

int hy_webhook_sign(const struct hy_seal *seal, const struct hy_webhook *webhook, const char *id,
                    int64_t now_ms, const void *body, size_t size, struct hy_arena *arena,
                    char ret_text[HY_WEBHOOK_SIGNATURES_BYTES])
{
    bool twice = webhook->old_secret.size > 0 && now_ms < webhook->old_until_ms;
    int err = sign_by(seal, webhook, &webhook->secret, id, now_ms, body, size, arena, ret_text);
    char *end = ret_text + HY_SIGNATURE_TEXT_BYTES - 1;

    if (err || !twice)
        return err;
    err = sign_by(seal, webhook, &webhook->old_secret, id, now_ms, body, size, arena, end + 1);
    *end = ' ';
    return err;
}
