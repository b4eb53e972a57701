/*
 * digest.h - hashes of bytes.
 *
 * Functions that return an int fail with HY_E_IO when OpenSSL refuses the algorithm (a machine in
 * FIPS mode may refuse SHA-1); the result is untouched then. `bytes` may be null when `size` is 0.
 */
#ifndef HY_CRYPTO_DIGEST_H
#define HY_CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum {
    HY_SHA1_HEX_CHARS = 40,
    HY_SHA256_BYTES = 32,
    HY_BLAKE2B16_BYTES = 16,
};

/* Lower-case hex of `size` bytes; `ret_hex` has room for 2 * size + 1. */
void hy_digest_hex(const void *bytes, size_t size, char *ret_hex);

/* For WeChat's callback signatures only: SHA-1 protects nothing of our own. */
int hy_digest_sha1_hex(const void *bytes, size_t size, char ret_hex[HY_SHA1_HEX_CHARS + 1]);

int hy_digest_sha256(const void *bytes, size_t size, uint8_t ret_hash[HY_SHA256_BYTES]);

/* HMAC-SHA256, the signature of outgoing webhooks. */
int hy_digest_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                          uint8_t ret_mac[HY_SHA256_BYTES]);

/* BLAKE2b of 16 bytes: "the same key, the same body?" at a price that does not show. */
void hy_digest_blake2b16(const void *bytes, size_t size, uint8_t ret_hash[HY_BLAKE2B16_BYTES]);

#endif
