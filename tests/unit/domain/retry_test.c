#include "tap.h"

#include "domain/retry.h"

#include <limits.h>

static const struct hy_retry_policy *const policies[] = {&hy_retry_messages, &hy_retry_tokens};

static int64_t mean_of(const struct hy_retry_policy *p, int failures)
{
    int64_t mean = p->first_ms;

    while (--failures > 0 && mean < p->longest_ms)
        mean *= 2;
    return mean < p->longest_ms ? mean : p->longest_ms;
}

static void stays_between_half_and_one_and_a_half(void)
{
    for (size_t i = 0; i < 2; i++) {
        for (int failures = 1; failures < 40; failures++) {
            int64_t mean = mean_of(policies[i], failures);

            for (uint64_t seed = 0; seed < 200; seed++) {
                int64_t delay = hy_retry_delay_ms(policies[i], failures, seed * 0x1234567);

                CHECK(delay >= mean / 2 && delay <= mean / 2 + mean);
            }
        }
    }
}

static void the_same_seed_gives_the_same_delay(void)
{
    for (int failures = 1; failures < 10; failures++)
        CHECK_INT(hy_retry_delay_ms(&hy_retry_messages, failures, 42),
                  hy_retry_delay_ms(&hy_retry_messages, failures, 42));
}

/* A thousand messages that failed in one second must not come back in one millisecond. */
static void seeds_spread_over_the_whole_width(void)
{
    int parts[10] = {0};

    for (uint64_t seed = 0; seed < 1000; seed++) {
        int64_t delay = hy_retry_delay_ms(&hy_retry_messages, 4, seed); /* 4000 .. 12000 */

        parts[(delay - 4000) * 10 / 8001]++;
    }
    for (int i = 0; i < 10; i++)
        CHECK(parts[i] > 60 && parts[i] < 140);
}

static void one_message_is_not_always_early(void)
{
    int early = 0;

    for (int failures = 11; failures < 111; failures++)
        early += hy_retry_delay_ms(&hy_retry_messages, failures, 7) < hy_retry_messages.longest_ms;
    CHECK(early > 25 && early < 75);
}

static void grows_and_stops_growing(void)
{
    int64_t before = 0;

    for (int failures = 1; failures <= 10; failures++) {
        int64_t sum = 0;

        for (uint64_t seed = 0; seed < 100; seed++)
            sum += hy_retry_delay_ms(&hy_retry_messages, failures, seed);
        CHECK(sum > before);
        before = sum;
    }
    CHECK_INT(mean_of(&hy_retry_messages, 11), 600000);
    CHECK(hy_retry_delay_ms(&hy_retry_messages, INT_MAX, 1) <= 900000);
    CHECK(hy_retry_delay_ms(&hy_retry_messages, INT_MAX, 1) >= 300000);
}

static void odd_counts_are_the_first(void)
{
    CHECK(hy_retry_delay_ms(&hy_retry_messages, 0, 1) <= 1500);
    CHECK(hy_retry_delay_ms(&hy_retry_messages, -5, 1) <= 1500);
}

static void policies_are_the_written_ones(void)
{
    CHECK_INT(hy_retry_messages.first_ms, 1000);
    CHECK_INT(hy_retry_messages.longest_ms, 600000);
    CHECK_INT(hy_retry_messages.give_up_ms, 259200000);
    CHECK_INT(hy_retry_messages.give_up_tries, 10);
    CHECK_INT(hy_retry_tokens.first_ms, 1000);
    CHECK_INT(hy_retry_tokens.longest_ms, 60000);
    CHECK_INT(hy_retry_tokens.give_up_ms + hy_retry_tokens.give_up_tries, 0);
}

int main(void)
{
    RUN(stays_between_half_and_one_and_a_half);
    RUN(the_same_seed_gives_the_same_delay);
    RUN(seeds_spread_over_the_whole_width);
    RUN(one_message_is_not_always_early);
    RUN(grows_and_stops_growing);
    RUN(odd_counts_are_the_first);
    RUN(policies_are_the_written_ones);
    return hy_tap_end();
}
