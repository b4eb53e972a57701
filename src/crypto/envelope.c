#include "crypto/envelope.h"

#include "base/err.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHA1_BYTES = HY_SHA1_HEX_CHARS / 2,
    PAD_BLOCK = 32,
    SIZE_BYTES = 4,
    HEAD_BYTES = HY_ENVELOPE_RANDOM_BYTES + SIZE_BYTES,
    CIPHER_MAX = HY_ENVELOPE_TEXT_MAX / 4 * 3, /* bytes */
};

_Static_assert(CIPHER_MAX % PAD_BLOCK == 0, "the longest text is a whole number of blocks");

/* Strict: no spaces, the right number of '=', no bits set that no byte has. */
static bool decode_base64(const char *text, size_t chars, uint8_t *into, size_t room,
                          size_t *ret_size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

    /* libsodium 1.0.18 reads every byte above 127 as '/' where char is signed. */
    if (strspn(text, alphabet) != chars)
        return false;
    return sodium_base642bin(into, room, text, chars, NULL, ret_size, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

int hy_envelope_key_parse(const char *text, uint8_t ret_key[HY_ENVELOPE_KEY_BYTES])
{
    char whole[HY_ENVELOPE_KEY_CHARS + 2];
    uint8_t bytes[HY_ENVELOPE_KEY_BYTES + 1];
    size_t size;
    int r = HY_OK;

    if (!text || strlen(text) != HY_ENVELOPE_KEY_CHARS)
        return HY_ENVELOPE_KEY_LENGTH;

    /* With one more character the spare bits become part of a 33rd byte, which is dropped; with
     * '=' in its place the decoder would insist that they are zero. */
    memcpy(whole, text, HY_ENVELOPE_KEY_CHARS);
    memcpy(whole + HY_ENVELOPE_KEY_CHARS, "A", 2);
    if (!decode_base64(whole, HY_ENVELOPE_KEY_CHARS + 1, bytes, sizeof bytes, &size))
        r = HY_ENVELOPE_KEY_ALPHABET;
    else
        memcpy(ret_key, bytes, HY_ENVELOPE_KEY_BYTES);
    hy_wipe(whole, sizeof whole);
    hy_wipe(bytes, sizeof bytes);
    return r;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Piece by piece: an Encrypt may be long, and joining would copy it. */
static int hash_joined(const char *const texts[], size_t count, uint8_t ret_hash[SHA1_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t i;
    bool ok;

    if (!context)
        return HY_E_NOMEM;
    ok = EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1;
    for (i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(context, texts[i], strlen(texts[i])) == 1;
    ok = ok && EVP_DigestFinal_ex(context, ret_hash, NULL) == 1;
    EVP_MD_CTX_free(context);
    return ok ? HY_OK : HY_E_IO;
}

int hy_envelope_signature(const char *token, const char *const parts[], size_t count,
                          char ret_hex[HY_SHA1_HEX_CHARS + 1])
{
    const char *sorted[1 + HY_ENVELOPE_PARTS_MAX];
    uint8_t hash[SHA1_BYTES];
    size_t i;
    int r;

    if (!token || !*token || count > HY_ENVELOPE_PARTS_MAX)
        return HY_E_INVALID;
    sorted[0] = token;
    for (i = 0; i < count; i++) {
        if (!parts[i])
            return HY_E_INVALID;
        sorted[1 + i] = parts[i];
    }
    qsort(sorted, 1 + count, sizeof sorted[0], by_bytes);
    r = hash_joined(sorted, 1 + count, hash);
    if (r < 0)
        return r;
    hy_digest_hex(hash, sizeof hash, ret_hex);
    return HY_OK;
}

int hy_envelope_verify(const char *token, const char *const parts[], size_t count,
                       const char *shown)
{
    char expected[HY_SHA1_HEX_CHARS + 1];
    int r;

    r = hy_envelope_signature(token, parts, count, expected);
    if (r < 0)
        return r;
    return hy_secret_text_equal(expected, shown) ? HY_OK : HY_E_DENIED;
}

/* Encrypts or decrypts in place; `size` is a multiple of PAD_BLOCK and at most CIPHER_MAX. */
static int run_cipher(bool encrypt, const uint8_t *key, uint8_t *bytes, size_t size)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0, rest = 0;
    bool ok;

    if (!context)
        return HY_E_NOMEM;
    /* OpenSSL would pad to 16, and refuse the padding of 17 to 32 bytes that WeChat sends. */
    ok = EVP_CipherInit_ex(context, EVP_aes_256_cbc(), NULL, key, key, encrypt) == 1 &&
         EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
         EVP_CipherUpdate(context, bytes, &done, bytes, (int)size) == 1 &&
         EVP_CipherFinal_ex(context, bytes + done, &rest) == 1 && (size_t)(done + rest) == size;
    EVP_CIPHER_CTX_free(context);
    return ok ? HY_OK : HY_E_IO;
}

static int decode_text(const char *encrypt, struct hy_arena *arena, uint8_t **ret_bytes,
                       size_t *ret_size)
{
    size_t chars = strnlen(encrypt, HY_ENVELOPE_TEXT_MAX + 1), size;
    uint8_t *bytes;

    if (chars > HY_ENVELOPE_TEXT_MAX)
        return HY_E_LIMIT;
    bytes = hy_arena_alloc(arena, chars / 4 * 3 + 1);
    if (!bytes)
        return HY_E_NOMEM;
    if (!decode_base64(encrypt, chars, bytes, chars / 4 * 3, &size) || size == 0 ||
        size % PAD_BLOCK != 0)
        return HY_E_INVALID;
    *ret_bytes = bytes;
    *ret_size = size;
    return HY_OK;
}

static void put_size(uint8_t *into, size_t size)
{
    into[0] = (uint8_t)(size >> 24);
    into[1] = (uint8_t)(size >> 16);
    into[2] = (uint8_t)(size >> 8);
    into[3] = (uint8_t)size;
}

static size_t get_size(const uint8_t *from)
{
    return (size_t)from[0] << 24 | (size_t)from[1] << 16 | (size_t)from[2] << 8 | from[3];
}

/* Takes the padding off `size`; false when it is none. */
static bool strip_padding(const uint8_t *plain, size_t *size)
{
    size_t pad = plain[*size - 1], i;
    uint8_t wrong = 0;

    if (pad < 1 || pad > PAD_BLOCK)
        return false;
    for (i = 1; i <= pad; i++)
        wrong |= plain[*size - i] ^ (uint8_t)pad;
    *size -= pad;
    return wrong == 0;
}

/* Padding, appid and stated size all fit? Sizes are only ever subtracted after the comparison that
 * allows it, so that no stated size can wrap around. */
static bool unwrap(const uint8_t *plain, size_t size, const char *appid, size_t *ret_size)
{
    size_t appid_size = strlen(appid), message_size;

    if (!strip_padding(plain, &size) || size < HEAD_BYTES || size - HEAD_BYTES < appid_size)
        return false;
    message_size = size - HEAD_BYTES - appid_size;
    if (get_size(plain + HY_ENVELOPE_RANDOM_BYTES) != message_size ||
        memcmp(plain + HEAD_BYTES + message_size, appid, appid_size) != 0)
        return false;
    *ret_size = message_size;
    return true;
}

int hy_envelope_open(const uint8_t key[HY_ENVELOPE_KEY_BYTES], const char *appid,
                     const char *encrypt, struct hy_arena *arena, char **ret_message,
                     size_t *ret_size)
{
    size_t size, message_size;
    uint8_t *bytes;
    int r;

    if (!appid || !*appid || !encrypt)
        return HY_E_INVALID;
    r = decode_text(encrypt, arena, &bytes, &size);
    if (r < 0)
        return r;
    r = run_cipher(false, key, bytes, size);
    if (r < 0)
        return r;
    if (!unwrap(bytes, size, appid, &message_size)) {
        hy_wipe(bytes, size);
        return HY_E_DENIED;
    }
    bytes[HEAD_BYTES + message_size] = '\0'; /* over the appid, which has been compared */
    *ret_message = (char *)bytes + HEAD_BYTES;
    *ret_size = message_size;
    return HY_OK;
}

/* How many bytes are encrypted for a message of `size`: never without a byte of padding. */
static int wrapped_size(const char *appid, size_t size, size_t *ret_size)
{
    size_t appid_size = strlen(appid), bare;

    if (size >= CIPHER_MAX || appid_size >= CIPHER_MAX)
        return HY_E_LIMIT;
    bare = HEAD_BYTES + size + appid_size;
    if (bare >= CIPHER_MAX)
        return HY_E_LIMIT;
    *ret_size = bare + PAD_BLOCK - bare % PAD_BLOCK;
    return HY_OK;
}

static void wrap(const char *appid, const void *message, size_t size, const uint8_t *random,
                 uint8_t *into, size_t total)
{
    size_t appid_size = strlen(appid), bare = HEAD_BYTES + size + appid_size;

    if (random)
        memcpy(into, random, HY_ENVELOPE_RANDOM_BYTES);
    else
        hy_random_bytes(into, HY_ENVELOPE_RANDOM_BYTES);
    put_size(into + HY_ENVELOPE_RANDOM_BYTES, size);
    if (size)
        memcpy(into + HEAD_BYTES, message, size);
    memcpy(into + HEAD_BYTES + size, appid, appid_size);
    memset(into + bare, (int)(total - bare), total - bare);
}

int hy_envelope_seal(const uint8_t key[HY_ENVELOPE_KEY_BYTES], const char *appid,
                     const void *message, size_t size, const uint8_t *random,
                     struct hy_arena *arena, char **ret_encrypt)
{
    size_t total, chars;
    uint8_t *bytes;
    char *text;
    int r;

    if (!appid || !*appid)
        return HY_E_INVALID;
    r = wrapped_size(appid, size, &total);
    if (r < 0)
        return r;
    chars = sodium_base64_ENCODED_LEN(total, sodium_base64_VARIANT_ORIGINAL); /* with the zero */
    bytes = hy_arena_alloc(arena, total);
    text = hy_arena_alloc(arena, chars);
    if (!bytes || !text)
        return HY_E_NOMEM;
    wrap(appid, message, size, random, bytes, total);
    r = run_cipher(true, key, bytes, total);
    if (r < 0)
        return r;
    *ret_encrypt = sodium_bin2base64(text, chars, bytes, total, sodium_base64_VARIANT_ORIGINAL);
    return HY_OK;
}
