#include "domain/outcome.h"

#include <stddef.h>

const char *const hy_outcome_names[] = {"message.sent",
                                        "message.delivered",
                                        "message.failed",
                                        "message.unknown",
                                        "message.expired",
                                        "message.canceled",
                                        "grant.added",
                                        "grant.revoked",
                                        "callback.raw",
                                        "webhook.test",
                                        NULL};

/* By state, plus one: 0 = told to nobody. */
static const int types[HY_MESSAGE_STATES] = {
    [HY_MESSAGE_SENT] = HY_OUTCOME_SENT + 1,
    [HY_MESSAGE_DELIVERED] = HY_OUTCOME_DELIVERED + 1,
    [HY_MESSAGE_FAILED] = HY_OUTCOME_FAILED + 1,
    [HY_MESSAGE_UNKNOWN] = HY_OUTCOME_UNKNOWN + 1,
    [HY_MESSAGE_EXPIRED] = HY_OUTCOME_EXPIRED + 1,
    [HY_MESSAGE_CANCELED] = HY_OUTCOME_CANCELED + 1,
};

int hy_outcome_of_state(enum hy_message_state state)
{
    return types[state] - 1;
}

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const int64_t delays_ms[] = {5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE,
                                    1 * HOUR,   2 * HOUR,    4 * HOUR,   6 * HOUR};
enum { DELAYS = sizeof delays_ms / sizeof *delays_ms };

static const int64_t give_up_ms = 3 * 24 * (int64_t)HOUR;

/* One round of splitmix64, as in retry.c: endpoints that failed together are not tried together. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

int64_t hy_outcome_retry_ms(int32_t attempts, int64_t age_ms, uint64_t seed)
{
    int32_t at = attempts < 1 ? 0 : attempts - 1;
    int64_t delay_ms = delays_ms[at < DELAYS ? at : DELAYS - 1];

    if (age_ms > give_up_ms)
        return 0;
    return delay_ms +
           (int64_t)(mix(seed ^ (uint64_t)(uint32_t)attempts << 32) % (uint64_t)(delay_ms / 5 + 1));
}
