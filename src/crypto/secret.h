/*
 * secret.h - how memory that holds a secret is compared and given up.
 */
#ifndef HY_CRYPTO_SECRET_H
#define HY_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroes `size` bytes; unlike memset the compiler never drops it. */
void hy_wipe(void *bytes, size_t size);

/* Equal? The time depends on `size` alone. */
bool hy_secret_equal(const void *a, const void *b, size_t size);

/* The same for texts whose lengths may differ: the time depends on the two lengths and on nothing
 * else. A null is equal to nothing, not even to a null. */
bool hy_secret_text_equal(const char *a, const char *b);

#endif
