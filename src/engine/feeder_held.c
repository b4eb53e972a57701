/*
 * feeder_held.c - the broadcasts whose messages claims hold back: paused ones, and canceled ones that
 * are not wound up. A claim under way reads its list on the store's thread, so a list never changes:
 * a new one takes its place, and old ones go when no claim is under way.
 */
#include "engine/feeder_private.h"

#include <stdlib.h>

static bool is_held(const struct hy_feed *feed)
{
    return feed->state == HY_BROADCAST_PAUSED ||
           (feed->state == HY_BROADCAST_CANCELED && feed->winding_up);
}

static bool keep_old(struct hy_feeder *feeder)
{
    int64_t **grown;

    if (!feeder->held)
        return true;
    grown = realloc(feeder->old_held, (feeder->old_count + 1) * sizeof(int64_t *));
    if (!grown)
        return false;
    feeder->old_held = grown;
    grown[feeder->old_count++] = feeder->held;
    return true;
}

void hy_held_refresh(struct hy_engine *engine)
{
    struct hy_feeder *feeder = engine->feeder;
    int64_t *held = malloc((feeder->count + 1) * sizeof *held);
    size_t count = 0;

    feeder->held_dirty = !held || !keep_old(feeder);
    if (feeder->held_dirty) {
        free(held);
        return;
    }
    for (size_t i = 0; i < feeder->count; i++) {
        if (is_held(feeder->feeds[i]))
            held[count++] = feeder->feeds[i]->id;
    }
    feeder->held = held;
    feeder->held_count = count;
}

const int64_t *hy_broadcasts_held(struct hy_engine *engine, size_t *ret_count)
{
    *ret_count = engine->feeder->held_count;
    return engine->feeder->held;
}

static void free_old(struct hy_feeder *feeder)
{
    for (size_t i = 0; i < feeder->old_count; i++)
        free(feeder->old_held[i]);
    feeder->old_count = 0;
}

void hy_held_turn(struct hy_engine *engine)
{
    if (engine->feeder->held_dirty)
        hy_held_refresh(engine);
    if (!engine->claiming)
        free_old(engine->feeder);
}

void hy_held_free(struct hy_feeder *feeder)
{
    free_old(feeder);
    free(feeder->old_held);
    free(feeder->held);
}
