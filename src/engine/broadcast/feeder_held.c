/*
 * feeder_held.c - the broadcasts whose messages claims hold back: paused ones, and canceled ones
 * that are not wound up.
 */
#include "engine/broadcast/feeder_private.h"

#include <stdlib.h>

static bool is_held(const struct hy_feed *feed)
{
    return feed->state == HY_BROADCAST_PAUSED ||
           (feed->state == HY_BROADCAST_CANCELED && feed->winding_up);
}

/* Room for one that is held: made when a broadcast comes, so that holding it back cannot fail. */
bool hy_held_reserve(struct hy_feeder *feeder)
{
    int64_t *grown = realloc(feeder->held, (feeder->count + 1) * sizeof *grown);

    if (grown)
        feeder->held = grown;
    return grown != NULL;
}

void hy_held_refresh(struct hy_feeder *feeder)
{
    feeder->held_count = 0;
    for (size_t i = 0; i < feeder->count; i++) {
        if (is_held(feeder->feeds[i]))
            feeder->held[feeder->held_count++] = feeder->feeds[i]->id;
    }
}

const int64_t *hy_broadcasts_held(struct hy_engine *engine, size_t *ret_count)
{
    *ret_count = engine->feeder->held_count;
    return engine->feeder->held;
}
