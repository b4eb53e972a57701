/*
 * random.h - bytes nobody can guess, and the start of the crypto layer.
 */
#ifndef HY_CRYPTO_RANDOM_H
#define HY_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Once at start, before any other function of src/crypto; any thread, any number of times. HY_E_IO
 * when the machine offers no source of randomness: there is nothing to do but to stop. */
int hy_crypto_init(void);

void hy_random_bytes(void *into, size_t size);
uint64_t hy_random_u64(void);

#endif
