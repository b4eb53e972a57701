/*
 * compare.h - asks both stores for the same figures.
 */
#ifndef HY_STORE_TRANSFER_COMPARE_H
#define HY_STORE_TRANSFER_COMPARE_H

#include "store/transfer.h"
#include "store/transfer/source.h"
#include "store/transfer/target.h"

struct hy_comparison {
    struct hy_source *source;
    struct hy_target *target;
    struct hy_arena *arena;
    /* out */
    struct hy_transfer_line *lines; /* in the arena */
    size_t count;
    size_t differences;
    bool target_failed; /* an error was the target's */
    size_t capacity;
};

/* The rows of every table, and hy_transfer_figures. Differences are no error. */
int hy_transfer_compare(struct hy_comparison *c);

#endif
