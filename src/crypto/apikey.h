/*
 * apikey.h - the keys that callers of the API show.
 *
 * A key is "hy_" and 43 base64url characters (32 random bytes). It is shown once, when it is made;
 * the store keeps its hash alone.
 */
#ifndef HY_CRYPTO_APIKEY_H
#define HY_CRYPTO_APIKEY_H

#include "crypto/seal.h"

#include <stdint.h>

enum { HY_APIKEY_CHARS = 3 + 43, HY_APIKEY_HASH_BYTES = HY_SEAL_HASH_BYTES };

/* A fresh key, ended by a zero byte. */
void hy_apikey_new(char ret_key[HY_APIKEY_CHARS + 1]);

/* What the store keeps and looks up by. Any text: operators may bring a first key of their own. */
void hy_apikey_hash(const struct hy_seal *seal, const char *key,
                    uint8_t ret_hash[HY_APIKEY_HASH_BYTES]);

#endif
