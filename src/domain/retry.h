/*
 * retry.h - how long to wait before the next try: exponential, with jitter, bounded.
 */
#ifndef HY_DOMAIN_RETRY_H
#define HY_DOMAIN_RETRY_H

#include <stdint.h>

struct hy_retry_policy {
    int64_t first_ms;   /* mean delay after the first failure */
    int64_t longest_ms; /* no mean delay is longer */
    /* Given up when both are reached: the age since it was asked for, and the tries so far (by their
     * delays some 10 tries take 15 minutes). Both 0: never. */
    int64_t give_up_ms;
    int32_t give_up_tries;
};

/* Messages: 1 s, doubling, at most 10 minutes, for 3 days and at least 10 tries. */
extern const struct hy_retry_policy hy_retry_messages;
/* Token refreshes: 1 s, doubling, at most 1 minute; never given up. */
extern const struct hy_retry_policy hy_retry_tokens;

/*
 * The delay before try number `failures` + 1 (failures >= 1), in ms: between half and one and a
 * half times first * 2^(failures-1), after the bound. `seed` makes the jitter: the same seed, the
 * same delay, so that a test knows it; callers pass the message's id.
 */
int64_t hy_retry_delay_ms(const struct hy_retry_policy *policy, int failures, uint64_t seed);

#endif
