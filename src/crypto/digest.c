#include "crypto/digest.h"

#include "base/err.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <string.h>

enum { SHA1_BYTES = HY_SHA1_HEX_CHARS / 2 };

void hy_digest_hex(const void *bytes, size_t size, char *ret_hex)
{
    sodium_bin2hex(ret_hex, 2 * size + 1, bytes, size);
}

int hy_digest_sha1_hex(const void *bytes, size_t size, char ret_hex[HY_SHA1_HEX_CHARS + 1])
{
    uint8_t hash[SHA1_BYTES];

    if (EVP_Digest(bytes, size, hash, NULL, EVP_sha1(), NULL) != 1)
        return HY_E_IO;
    hy_digest_hex(hash, sizeof hash, ret_hex);
    return HY_OK;
}

int hy_digest_sha256(const void *bytes, size_t size, uint8_t ret_hash[HY_SHA256_BYTES])
{
    uint8_t hash[HY_SHA256_BYTES];

    if (EVP_Digest(bytes, size, hash, NULL, EVP_sha256(), NULL) != 1)
        return HY_E_IO;
    memcpy(ret_hash, hash, sizeof hash);
    return HY_OK;
}

int hy_digest_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                          uint8_t ret_mac[HY_SHA256_BYTES])
{
    uint8_t mac[HY_SHA256_BYTES];

    if (key_size > INT_MAX)
        return HY_E_INVALID;
    /* HMAC() reads a null key as "the key of last time", so an empty key needs an address. */
    if (!HMAC(EVP_sha256(), key ? key : "", (int)key_size, bytes, size, mac, NULL))
        return HY_E_IO;
    memcpy(ret_mac, mac, sizeof mac);
    return HY_OK;
}

void hy_digest_blake2b16(const void *bytes, size_t size, uint8_t ret_hash[HY_BLAKE2B16_BYTES])
{
    crypto_generichash(ret_hash, HY_BLAKE2B16_BYTES, bytes, size, NULL, 0);
}
