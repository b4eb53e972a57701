#include "crypto/seal.h"

#include "base/err.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

enum {
    VERSION = 1,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    HEAD_BYTES = 1 + NONCE_BYTES,
};

/* Numbers of the derived keys: part of the format, never reused. */
enum subkey { SUBKEY_LOCK = 1, SUBKEY_HASH = 2, SUBKEY_FINGERPRINT = 3 };

struct hy_seal {
    uint8_t lock_key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    uint8_t hash_key[crypto_generichash_KEYBYTES];
    uint8_t fingerprint[crypto_kdf_BYTES_MIN];
};

_Static_assert(HEAD_BYTES + TAG_BYTES == HY_SEAL_OVERHEAD_BYTES, "the stated overhead is real");
_Static_assert(crypto_kdf_KEYBYTES == HY_MASTER_KEY_BYTES, "the master key derives the others");
_Static_assert(HY_SEAL_FINGERPRINT_CHARS / 2 <= crypto_kdf_BYTES_MIN, "enough bytes to print");

static void derive(const uint8_t *master, enum subkey number, uint8_t *into, size_t size)
{
    static const char context[crypto_kdf_CONTEXTBYTES] = "hy-seal";

    crypto_kdf_derive_from_key(into, size, number, context, master);
}

int hy_seal_from_key(const uint8_t key[HY_MASTER_KEY_BYTES], struct hy_seal **ret_seal)
{
    struct hy_seal *seal;
    int r;

    r = hy_crypto_init();
    if (r < 0)
        return r;
    seal = sodium_malloc(sizeof *seal);
    if (!seal)
        return HY_E_NOMEM;
    derive(key, SUBKEY_LOCK, seal->lock_key, sizeof seal->lock_key);
    derive(key, SUBKEY_HASH, seal->hash_key, sizeof seal->hash_key);
    derive(key, SUBKEY_FINGERPRINT, seal->fingerprint, sizeof seal->fingerprint);
    if (sodium_mprotect_readonly(seal) != 0) {
        sodium_free(seal);
        return HY_E_NOMEM;
    }
    *ret_seal = seal;
    return HY_OK;
}

static int read_or_create(const char *path, bool create, uint8_t *ret_key)
{
    int r = hy_keyfile_read(path, ret_key);

    if (r != HY_E_NOT_FOUND || !create)
        return r;
    r = hy_keyfile_create(path);
    if (r < 0 && r != HY_E_EXISTS) /* EXISTS: another process was faster, its key is ours */
        return r;
    return hy_keyfile_read(path, ret_key);
}

int hy_seal_open_file(const char *path, bool create, struct hy_seal **ret_seal)
{
    uint8_t key[HY_MASTER_KEY_BYTES];
    int r;

    r = hy_crypto_init();
    if (r < 0)
        return r;
    r = read_or_create(path, create, key);
    if (r == HY_OK)
        r = hy_seal_from_key(key, ret_seal);
    hy_wipe(key, sizeof key);
    return r;
}

void hy_seal_close(struct hy_seal *seal)
{
    sodium_free(seal); /* zeroes first */
}

int hy_seal_lock(const struct hy_seal *seal, const char *context, const void *plain, size_t size,
                 struct hy_arena *arena, uint8_t **ret_sealed, size_t *ret_size)
{
    uint8_t *sealed;

    if (size > HY_SEAL_PLAIN_MAX)
        return HY_E_LIMIT;
    sealed = hy_arena_alloc(arena, size + HY_SEAL_OVERHEAD_BYTES);
    if (!sealed)
        return HY_E_NOMEM;
    sealed[0] = VERSION;
    hy_random_bytes(sealed + 1, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + HEAD_BYTES, NULL, plain, size,
                                               (const uint8_t *)context, strlen(context), NULL,
                                               sealed + 1, seal->lock_key);
    *ret_sealed = sealed;
    *ret_size = size + HY_SEAL_OVERHEAD_BYTES;
    return HY_OK;
}

int hy_seal_unlock(const struct hy_seal *seal, const char *context, const void *sealed, size_t size,
                   struct hy_arena *arena, char **ret_plain, size_t *ret_size)
{
    const uint8_t *bytes = sealed;
    size_t plain_size;
    char *plain;

    if (size < HY_SEAL_OVERHEAD_BYTES || size > HY_SEAL_PLAIN_MAX + HY_SEAL_OVERHEAD_BYTES ||
        bytes[0] != VERSION)
        return HY_E_CORRUPT;
    plain_size = size - HY_SEAL_OVERHEAD_BYTES;
    plain = hy_arena_alloc(arena, plain_size + 1);
    if (!plain)
        return HY_E_NOMEM;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)plain, NULL, NULL, bytes + HEAD_BYTES,
                                                   size - HEAD_BYTES, (const uint8_t *)context,
                                                   strlen(context), bytes + 1, seal->lock_key) != 0)
        return HY_E_DENIED;
    plain[plain_size] = '\0';
    *ret_plain = plain;
    *ret_size = plain_size;
    return HY_OK;
}

void hy_seal_hash(const struct hy_seal *seal, const char *purpose, const void *bytes, size_t size,
                  uint8_t ret_hash[HY_SEAL_HASH_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, seal->hash_key, sizeof seal->hash_key, HY_SEAL_HASH_BYTES);
    /* With its final zero, so that no purpose and bytes run together into another pair. */
    crypto_generichash_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&state, bytes, size);
    crypto_generichash_final(&state, ret_hash, HY_SEAL_HASH_BYTES);
    hy_wipe(&state, sizeof state);
}

void hy_seal_fingerprint(const struct hy_seal *seal, char ret_hex[HY_SEAL_FINGERPRINT_CHARS + 1])
{
    hy_digest_hex(seal->fingerprint, HY_SEAL_FINGERPRINT_CHARS / 2, ret_hex);
}
