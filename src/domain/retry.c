#include "domain/retry.h"

const struct hy_retry_policy hy_retry_messages = {
    .first_ms = 1000, .longest_ms = 600000, .give_up_ms = 3 * 86400000LL, .give_up_tries = 10};
const struct hy_retry_policy hy_retry_tokens = {.first_ms = 1000, .longest_ms = 60000};

/* One round of splitmix64: enough to spread retries, and the same on every machine. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

int64_t hy_retry_delay_ms(const struct hy_retry_policy *policy, int failures, uint64_t seed)
{
    int64_t mean = policy->first_ms;

    for (int i = 1; i < failures && mean < policy->longest_ms; i++)
        mean *= 2;
    if (mean > policy->longest_ms)
        mean = policy->longest_ms;
    return mean / 2 + (int64_t)(mix(seed ^ (uint64_t)failures << 32) % (uint64_t)(mean + 1));
}
