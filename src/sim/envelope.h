/*
 * envelope.h - the signatures and the encryption of what the platform pushes.
 *
 * Written from the platform's public description and judged by its published samples; the product
 * has an envelope of its own, which this one must never share a line with.
 */
#ifndef HY_SIM_ENVELOPE_H
#define HY_SIM_ENVELOPE_H

#include "base/buf.h"

#include <stdbool.h>

enum {
    HY_SIM_SIGNATURE_BYTES = 41, /* 40 hex digits and a zero */
    HY_SIM_AES_KEY_CHARS = 43,
    HY_SIM_SALT_CHARS = 16,
    HY_SIM_SIGNED_MAX = 4
};

/* Whether `text` is 43 characters that decode to a key. */
bool hy_sim_aes_key_ok(const char *text);

/* SHA-1 over the `count` (to HY_SIM_SIGNED_MAX) texts, sorted by bytes and joined, in lower hex.
 * HY_E_IO: OpenSSL does not do it; `into` is empty. */
int hy_sim_sign(const char *const *parts, size_t count, char into[HY_SIM_SIGNATURE_BYTES]);

/* Appends the Encrypt of `message`: base64 of AES-256-CBC over salt, length, message and appid.
 * `salt` has HY_SIM_SALT_CHARS. HY_E_INVALID (aes_key), HY_E_LIMIT, HY_E_NOMEM, HY_E_IO. */
int hy_sim_seal(const char *aes_key, const char *appid, const char *salt, const char *message,
                size_t size, struct hy_buf *out);

#endif
