/*
 * Bytes of others meet the two parsers of src/crypto: the line of a master key file and a locked
 * value. What parses as a line must print as the same line; no bytes without our key may open; and
 * the same bytes locked by us must come back.
 */
#include "base/err.h"
#include "crypto/keyfile.h"
#include "crypto/seal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int truth)
{
    if (!truth)
        abort();
}

static void try_keyfile(const uint8_t *data, size_t size)
{
    uint8_t key[HY_MASTER_KEY_BYTES];
    char again[HY_KEYFILE_BYTES + 1];
    int r = hy_keyfile_parse((const char *)data, size, key);

    expect(r == HY_OK || r == HY_E_CORRUPT);
    if (r != HY_OK)
        return;
    hy_keyfile_print(key, again);
    expect(size == HY_KEYFILE_BYTES && memcmp(again, data, size) == 0);
}

static void try_unlock(const struct hy_seal *seal, const uint8_t *data, size_t size,
                       struct hy_arena *arena)
{
    uint8_t *sealed;
    size_t sealed_size, plain_size;
    char *plain;
    int r = hy_seal_unlock(seal, "fuzz", data, size, arena, &plain, &plain_size);

    expect(r == HY_E_CORRUPT || r == HY_E_DENIED);
    expect(hy_seal_lock(seal, "fuzz", data, size, arena, &sealed, &sealed_size) == HY_OK);
    r = hy_seal_unlock(seal, "fuzz", sealed, sealed_size, arena, &plain, &plain_size);
    expect(r == HY_OK && plain_size == size && memcmp(plain, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[HY_MASTER_KEY_BYTES] = {7};
    static struct hy_seal *seal;
    struct hy_arena arena;

    if (!seal)
        expect(hy_seal_from_key(key, &seal) == HY_OK);
    hy_arena_init(&arena);
    try_keyfile(data, size);
    try_unlock(seal, data, size, &arena);
    hy_arena_deinit(&arena);
    return 0;
}
