/*
 * Bytes of others meet the envelope of WeChat's callbacks in three ways: as an Encrypt, as the
 * decrypted bytes inside one (which chance would not reach through the cipher), and as a message.
 * What opens must seal to the same text again, and what we seal must open to the same message.
 */
#include "base/err.h"
#include "crypto/envelope.h"
#include "crypto/random.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 };

static const uint8_t KEY[HY_ENVELOPE_KEY_BYTES] = {7};
static const char APPID[] = "wx1";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int truth)
{
    if (!truth)
        abort();
}

/* `plain`, when the text was made of it, tells the random bytes to seal with. */
static void try_open(const char *text, const uint8_t *plain, struct hy_arena *arena)
{
    char *message, *again;
    size_t size;
    int r = hy_envelope_open(KEY, APPID, text, arena, &message, &size);

    expect(r == HY_OK || r == HY_E_INVALID || r == HY_E_LIMIT || r == HY_E_DENIED);
    if (r != HY_OK)
        return;
    expect(message[size] == '\0');
    if (!plain)
        return;
    expect(hy_envelope_seal(KEY, APPID, message, size, plain, arena, &again) == HY_OK);
    expect(strcmp(again, text) == 0);
}

/* Whole blocks of the data, encrypted as they are. */
static void try_plain(const uint8_t *data, size_t size, struct hy_arena *arena)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    size_t whole = size - size % BLOCK;
    uint8_t *bytes = hy_arena_alloc(arena, whole + 1);
    char *text = hy_arena_alloc(arena, whole / 3 * 4 + 5);
    int done = 0;

    expect(context && bytes && text);
    expect(EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, KEY, KEY) == 1);
    expect(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
    expect(EVP_EncryptUpdate(context, bytes, &done, data, (int)whole) == 1);
    expect((size_t)done == whole);
    EVP_CIPHER_CTX_free(context);
    EVP_EncodeBlock((unsigned char *)text, bytes, done);
    try_open(text, data, arena);
}

static void try_round_trip(const uint8_t *data, size_t size, struct hy_arena *arena)
{
    char *text, *message;
    size_t message_size;

    expect(hy_envelope_seal(KEY, APPID, data, size, NULL, arena, &text) == HY_OK);
    expect(hy_envelope_open(KEY, APPID, text, arena, &message, &message_size) == HY_OK);
    expect(message_size == size && (size == 0 || memcmp(message, data, size) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_arena arena;
    char *text;

    expect(hy_crypto_init() == HY_OK);
    hy_arena_init(&arena);
    text = hy_arena_memdup(&arena, data, size);
    expect(text != NULL);
    try_open(text, NULL, &arena);
    try_plain(data, size, &arena);
    try_round_trip(data, size, &arena);
    hy_arena_deinit(&arena);
    return 0;
}
