/*
 * seal.h - secrets at rest.
 *
 * A seal is made from the master key (keyfile.h) and locks what the store keeps: app secrets,
 * AES keys, access tokens. A locked value is
 *
 *   1 byte version (1) | 24 bytes nonce | XChaCha20-Poly1305 of the plain bytes | 16 bytes tag
 *
 * with the context, a text that names the place ("app:3:secret"), as associated data: a value
 * copied to another row or column does not open there. Nonces are random; with 24 bytes a key may
 * be used for ever. Subkeys for locking, hashing and the fingerprint are derived from the master
 * key, so none tells anything of another.
 *
 * A seal never changes after it is made and may be used by any number of threads. Its memory is
 * locked (where the machine allows it), read-only, left out of core dumps and zeroed at the end.
 */
#ifndef HY_CRYPTO_SEAL_H
#define HY_CRYPTO_SEAL_H

#include "base/arena.h"
#include "crypto/keyfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_seal;

enum {
    HY_SEAL_OVERHEAD_BYTES = 1 + 24 + 16,
    HY_SEAL_PLAIN_MAX = 1 << 20, /* bytes */
    HY_SEAL_HASH_BYTES = 32,
    HY_SEAL_FINGERPRINT_CHARS = 16,
};

/*
 * Reads the master key at `path`; when there is none and `create` is true, makes one. Several
 * processes may do this at once: all get the same key. Errors as in keyfile.h; HY_E_NOT_FOUND is
 * "no file" without `create`, "no directory" with it.
 */
int hy_seal_open_file(const char *path, bool create, struct hy_seal **ret_seal);

/* From a key in memory, which is copied: tests and stores that forget. */
int hy_seal_from_key(const uint8_t key[HY_MASTER_KEY_BYTES], struct hy_seal **ret_seal);

/* Zeroes and frees. Null is fine. */
void hy_seal_close(struct hy_seal *seal);

/* Locks `size` bytes into arena memory of size + HY_SEAL_OVERHEAD_BYTES. HY_E_LIMIT over
 * HY_SEAL_PLAIN_MAX, HY_E_NOMEM. */
int hy_seal_lock(const struct hy_seal *seal, const char *context, const void *plain, size_t size,
                 struct hy_arena *arena, uint8_t **ret_sealed, size_t *ret_size);

/*
 * The plain bytes in arena memory, followed by a zero byte that is not counted. Whoever asks wipes
 * them (hy_wipe) when they have done their work.
 *
 * HY_E_CORRUPT  too short, too long or of an unknown version: not a locked value at all;
 * HY_E_DENIED   another key, another context or changed bytes: which of them, nobody can tell.
 */
int hy_seal_unlock(const struct hy_seal *seal, const char *context, const void *sealed, size_t size,
                   struct hy_arena *arena, char **ret_plain, size_t *ret_size);

/*
 * A keyed hash (BLAKE2b), for secrets that are only ever compared: without the master key the
 * hashes of a stolen store cannot be tried against guesses. The same bytes give unrelated hashes
 * for different purposes ("apikey", "session").
 */
void hy_seal_hash(const struct hy_seal *seal, const char *purpose, const void *bytes, size_t size,
                  uint8_t ret_hash[HY_SEAL_HASH_BYTES]);

/* Hex that differs from key to key and leads to none: a store keeps it to tell the operator at once
 * that this master key is not the one the store was made with. */
void hy_seal_fingerprint(const struct hy_seal *seal, char ret_hex[HY_SEAL_FINGERPRINT_CHARS + 1]);

#endif
