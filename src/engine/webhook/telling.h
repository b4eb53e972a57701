/*
 * telling.h - one outcome on its way to one endpoint. Only src/engine includes it.
 */
#ifndef HY_ENGINE_WEBHOOK_TELLING_H
#define HY_ENGINE_WEBHOOK_TELLING_H

#include "engine/internal.h"

/* What was claimed together shares the arena of the claim until the last of it is settled. */
struct hy_telling_batch {
    struct hy_mail mail;
    struct hy_outbox_claim verb;
    struct hy_arena arena;
    struct hy_telling *tellings;
    size_t open;  /* not settled */
    int64_t node; /* who claimed */
    struct hy_engine *engine;
};

struct hy_telling {
    struct hy_telling *next; /* in the queue to be settled */
    struct hy_telling_batch *batch;
    struct hy_endpoint *endpoint;
    const struct hy_outbox_claimed *claimed;
    int64_t left_at_ms;
    struct hy_outbox_item item;
};

/* Posts it; what comes of it ends it, perhaps at once. */
void hy_telling_start(struct hy_telling *telling);

/* It is told or given up (`over`), or to be tried again: waits to be settled. */
void hy_telling_end(struct hy_telling *telling, bool over, int64_t due_at_ms);

#endif
