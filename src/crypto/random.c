#include "crypto/random.h"

#include "base/err.h"

#include <sodium.h>

int hy_crypto_init(void)
{
    return sodium_init() < 0 ? HY_E_IO : HY_OK;
}

void hy_random_bytes(void *into, size_t size)
{
    randombytes_buf(into, size);
}

uint64_t hy_random_u64(void)
{
    uint64_t value;

    hy_random_bytes(&value, sizeof value);
    return value;
}
