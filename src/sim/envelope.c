#include "sim/envelope.h"

#include "base/err.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32, IV_BYTES = 16, PAD_BLOCK = 32, MESSAGE_MAX_BYTES = 1 << 20 };

/* 44 characters are 33 bytes: the padding counts as a zero byte, and spare bits are ignored. */
static bool decode_key(const char *text, unsigned char key[KEY_BYTES])
{
    unsigned char padded[HY_SIM_AES_KEY_CHARS + 2], decoded[KEY_BYTES + 1];

    if (strlen(text) != HY_SIM_AES_KEY_CHARS || strchr(text, '='))
        return false;
    snprintf((char *)padded, sizeof padded, "%s=", text);
    if (EVP_DecodeBlock(decoded, padded, HY_SIM_AES_KEY_CHARS + 1) != KEY_BYTES + 1)
        return false;
    memcpy(key, decoded, KEY_BYTES);
    return true;
}

bool hy_sim_aes_key_ok(const char *text)
{
    unsigned char key[KEY_BYTES];

    return decode_key(text, key);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int hy_sim_sign(const char *const *parts, size_t count, char into[HY_SIM_SIGNATURE_BYTES])
{
    const char *sorted[HY_SIM_SIGNED_MAX];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && EVP_DigestInit_ex(context, EVP_sha1(), NULL);

    memcpy(sorted, parts, count * sizeof *parts);
    qsort(sorted, count, sizeof *sorted, by_bytes);
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(context, sorted[i], strlen(sorted[i]));
    ok = ok && EVP_DigestFinal_ex(context, digest, &size);
    EVP_MD_CTX_free(context);
    into[0] = 0;
    for (unsigned i = 0; ok && i < size; i++)
        snprintf(into + (size_t)2 * i, 3, "%02x", digest[i]);
    return ok ? 0 : HY_E_IO;
}

/* Salt, length, message, appid, and 1 to 32 bytes of padding: the cipher's own padding knows
 * blocks of 16 only. */
static void lay_out(struct hy_buf *plain, const char *appid, const char *salt, const char *message,
                    size_t size)
{
    const char length[4] = {(char)(size >> 24), (char)(size >> 16), (char)(size >> 8), (char)size};
    size_t pad;

    hy_buf_append(plain, salt, HY_SIM_SALT_CHARS);
    hy_buf_append(plain, length, sizeof length);
    hy_buf_append(plain, message, size);
    hy_buf_puts(plain, appid);
    pad = PAD_BLOCK - plain->size % PAD_BLOCK;
    for (size_t i = 0; i < pad; i++)
        hy_buf_putc(plain, (char)pad);
}

static bool encrypt(const unsigned char key[KEY_BYTES], const struct hy_buf *plain,
                    unsigned char *cipher)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0, more = 0;
    bool ok = context && EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, key, key) &&
              EVP_CIPHER_CTX_set_padding(context, 0) &&
              EVP_EncryptUpdate(context, cipher, &size, (const unsigned char *)plain->data,
                                (int)plain->size) &&
              EVP_EncryptFinal_ex(context, cipher + size, &more);

    EVP_CIPHER_CTX_free(context);
    return ok && (size_t)(size + more) == plain->size;
}

static int seal(const unsigned char key[KEY_BYTES], const struct hy_buf *plain, struct hy_buf *out)
{
    unsigned char *cipher = malloc(plain->size);
    unsigned char *text = malloc(plain->size / 3 * 4 + 5);
    int err = cipher && text ? 0 : HY_E_NOMEM;

    if (!err && !encrypt(key, plain, cipher))
        err = HY_E_IO;
    if (!err)
        hy_buf_append(out, text, (size_t)EVP_EncodeBlock(text, cipher, (int)plain->size));
    free(cipher);
    free(text);
    return err;
}

int hy_sim_seal(const char *aes_key, const char *appid, const char *salt, const char *message,
                size_t size, struct hy_buf *out)
{
    unsigned char key[KEY_BYTES];
    struct hy_buf plain;
    int err;

    if (!decode_key(aes_key, key))
        return HY_E_INVALID;
    if (size > MESSAGE_MAX_BYTES)
        return HY_E_LIMIT;
    hy_buf_init(&plain, (size_t)MESSAGE_MAX_BYTES * 2);
    lay_out(&plain, appid, salt, message, size);
    err = hy_buf_ok(&plain) ? seal(key, &plain, out) : HY_E_NOMEM;
    hy_buf_deinit(&plain);
    return err;
}
