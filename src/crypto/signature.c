#include "crypto/signature.h"

#include "base/err.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { MADE_KEY_BYTES = 32, PREFIX_CHARS = 6 };

static const char prefix[] = "whsec_";

/* --- keys ------------------------------------------------------------------------------------- */

void hy_signature_key_make(struct hy_signature_key *ret_key)
{
    ret_key->size = MADE_KEY_BYTES;
    hy_random_bytes(ret_key->bytes, ret_key->size);
}

int hy_signature_key_parse(const char *secret, struct hy_signature_key *ret_key)
{
    struct hy_signature_key key = {.size = 0};
    int err = HY_E_INVALID;

    if (strncmp(secret, prefix, PREFIX_CHARS) != 0)
        return HY_E_INVALID;
    secret += PREFIX_CHARS;
    if (sodium_base642bin(key.bytes, sizeof key.bytes, secret, strlen(secret), NULL, &key.size,
                          NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
        key.size >= HY_SIGNATURE_KEY_MIN) {
        *ret_key = key;
        err = 0;
    }
    hy_wipe(&key, sizeof key);
    return err;
}

const char *hy_signature_key_print(const struct hy_signature_key *key,
                                   char into[HY_SIGNATURE_SECRET_TEXT_BYTES])
{
    memcpy(into, prefix, PREFIX_CHARS);
    return sodium_bin2base64(into + PREFIX_CHARS, HY_SIGNATURE_SECRET_TEXT_BYTES - PREFIX_CHARS,
                             key->bytes, key->size, sodium_base64_VARIANT_ORIGINAL) -
           PREFIX_CHARS;
}

/* --- signing ---------------------------------------------------------------------------------- */

/* In pieces: bodies may be large, and are not copied for a few bytes before them. */
static int mac(EVP_MAC_CTX *ctx, const struct hy_signature_key *key, const char *head,
               const void *body, size_t body_size, uint8_t ret_mac[HY_SHA256_BYTES])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1),
        OSSL_PARAM_construct_end()};
    size_t size = 0;

    if (!ctx || EVP_MAC_init(ctx, key->bytes, key->size, params) != 1 ||
        EVP_MAC_update(ctx, (const unsigned char *)head, strlen(head)) != 1 ||
        EVP_MAC_update(ctx, body, body_size) != 1 ||
        EVP_MAC_final(ctx, ret_mac, &size, HY_SHA256_BYTES) != 1)
        return HY_E_IO;
    return size == HY_SHA256_BYTES ? 0 : HY_E_IO;
}

int hy_signature_sign(const struct hy_signature_key *key, const char *id, int64_t timestamp_s,
                      const void *body, size_t body_size, char ret_text[HY_SIGNATURE_TEXT_BYTES])
{
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *ctx = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
    uint8_t bytes[HY_SHA256_BYTES];
    char head[128];
    int size = snprintf(head, sizeof head, "%s.%" PRId64 ".", id, timestamp_s), err = HY_E_INVALID;

    if ((size_t)size < sizeof head)
        err = mac(ctx, key, head, body, body_size, bytes);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(algorithm);
    if (err)
        return err;
    memcpy(ret_text, "v1,", 3);
    sodium_bin2base64(ret_text + 3, HY_SIGNATURE_TEXT_BYTES - 3, bytes, sizeof bytes,
                      sodium_base64_VARIANT_ORIGINAL);
    return 0;
}
