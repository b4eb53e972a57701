#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

void hy_wipe(void *bytes, size_t size)
{
    sodium_memzero(bytes, size);
}

bool hy_secret_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

bool hy_secret_text_equal(const char *a, const char *b)
{
    unsigned char hash_a[crypto_generichash_BYTES], hash_b[crypto_generichash_BYTES];
    bool equal;

    if (!a || !b)
        return false;

    /* Hashes have one length, so there is no early end at the shorter text or the first
     * difference. */
    crypto_generichash(hash_a, sizeof hash_a, (const unsigned char *)a, strlen(a), NULL, 0);
    crypto_generichash(hash_b, sizeof hash_b, (const unsigned char *)b, strlen(b), NULL, 0);
    equal = hy_secret_equal(hash_a, hash_b, sizeof hash_a);
    hy_wipe(hash_a, sizeof hash_a);
    hy_wipe(hash_b, sizeof hash_b);
    return equal;
}
