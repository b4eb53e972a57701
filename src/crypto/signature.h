/*
 * signature.h - signatures of outgoing webhooks, after the Standard Webhooks specification.
 *
 *   secret      "whsec_" and the base64 of the key
 *   signed      ID.TIMESTAMP.BODY, joined by dots
 *   signature   "v1," and the base64 of its HMAC-SHA256
 */
#ifndef HY_CRYPTO_SIGNATURE_H
#define HY_CRYPTO_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

enum {
    HY_SIGNATURE_KEY_MIN = 24, /* bytes, as the specification has it */
    HY_SIGNATURE_KEY_MAX = 64,
    HY_SIGNATURE_SECRET_TEXT_BYTES = 6 + 88 + 1,
    HY_SIGNATURE_TEXT_BYTES = 3 + 44 + 1
};

/* Whoever holds one wipes it (hy_wipe). */
struct hy_signature_key {
    uint8_t bytes[HY_SIGNATURE_KEY_MAX];
    size_t size;
};

/* 32 bytes that nobody can guess. */
void hy_signature_key_make(struct hy_signature_key *ret_key);

/* HY_E_INVALID: not "whsec_" and the padded base64 of 24 to 64 bytes. */
int hy_signature_key_parse(const char *secret, struct hy_signature_key *ret_key);

/* What parse reads. Returns `into`. */
const char *hy_signature_key_print(const struct hy_signature_key *key,
                                   char into[HY_SIGNATURE_SECRET_TEXT_BYTES]);

/* HY_E_IO when OpenSSL refuses, HY_E_INVALID for an id of more than 100 characters. */
int hy_signature_sign(const struct hy_signature_key *key, const char *id, int64_t timestamp_s,
                      const void *body, size_t body_size, char ret_text[HY_SIGNATURE_TEXT_BYTES]);

#endif
