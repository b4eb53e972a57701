/*
 * secret.h - the secrets of an endpoint, sealed and opened. Only src/engine includes it.
 *
 * Context "webhook:CREATED_AT_MS:secret": an endpoint has no number yet when its secret is sealed,
 * and the instant never changes. The old secret of a rotation is the sealed one, moved.
 */
#ifndef HY_ENGINE_WEBHOOK_SECRET_H
#define HY_ENGINE_WEBHOOK_SECRET_H

#include "crypto/seal.h"
#include "crypto/signature.h"
#include "domain/outcome.h"

/* "v1,BASE64 v1,BASE64" */
enum { HY_WEBHOOK_SIGNATURES_BYTES = 2 * HY_SIGNATURE_TEXT_BYTES };

/* `created_at_ms` is that of the endpoint. */
int hy_webhook_secret_seal(const struct hy_seal *seal, int64_t created_at_ms,
                           const struct hy_signature_key *key, struct hy_arena *arena,
                           struct hy_sealed *ret_sealed);

/* The signatures of a body for one endpoint: by its secret, and by the old one while that is good.
 * Keys are opened in `arena` and wiped. Errors of hy_seal_unlock(). */
int hy_webhook_sign(const struct hy_seal *seal, const struct hy_webhook *webhook, const char *id,
                    int64_t now_ms, const void *body, size_t size, struct hy_arena *arena,
                    char ret_text[HY_WEBHOOK_SIGNATURES_BYTES]);

#endif
