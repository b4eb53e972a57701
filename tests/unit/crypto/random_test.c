#include "tap.h"

#include "crypto/random.h"

#include <pthread.h>
#include <stdint.h>

static void *start(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)hy_crypto_init();
}

static void starts_from_many_threads(void)
{
    pthread_t threads[8];
    void *result;

    for (int i = 0; i < 8; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, start, NULL), 0);
    for (int i = 0; i < 8; i++) {
        CHECK_INT(pthread_join(threads[i], &result), 0);
        CHECK_INT((intptr_t)result, 0);
    }
}

static void fills_exactly_what_was_asked(void)
{
    uint8_t bytes[64] = {0};
    int zeroes = 0;

    hy_random_bytes(bytes + 1, 62);
    CHECK_INT(bytes[0], 0);
    CHECK_INT(bytes[63], 0);
    for (int i = 1; i < 63; i++)
        zeroes += bytes[i] == 0;
    CHECK(zeroes < 16); /* 62 bytes with 16 zeroes: once in 10^24 */
}

static void numbers_use_all_bits(void)
{
    uint64_t ones = 0, all = UINT64_MAX;

    for (int i = 0; i < 200; i++) {
        uint64_t value = hy_random_u64();
        ones |= value;
        all &= value;
    }
    CHECK(ones == UINT64_MAX);
    CHECK(all == 0);
}

int main(void)
{
    RUN(starts_from_many_threads);
    RUN(fills_exactly_what_was_asked);
    RUN(numbers_use_all_bits);
    return hy_tap_end();
}
