#include "domain/broadcast.h"

#include <stddef.h>

const char *const hy_broadcast_state_names[] = {"draft", "scheduled", "running", "paused",
                                                "done",  "canceled",  NULL};

#define TO(state) (1u << HY_BROADCAST_##state)

static const unsigned moves[HY_BROADCAST_STATES] = {
    [HY_BROADCAST_DRAFT] = TO(SCHEDULED) | TO(RUNNING) | TO(CANCELED),
    [HY_BROADCAST_SCHEDULED] = TO(RUNNING) | TO(CANCELED),
    [HY_BROADCAST_RUNNING] = TO(PAUSED) | TO(DONE) | TO(CANCELED),
    [HY_BROADCAST_PAUSED] = TO(RUNNING) | TO(CANCELED),
};

bool hy_broadcast_may_move(enum hy_broadcast_state from, enum hy_broadcast_state to)
{
    return moves[from] >> to & 1;
}
