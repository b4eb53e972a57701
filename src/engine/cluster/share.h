/*
 * share.h - which of its holds a node gives back when it has more than its share: those with the least
 * under way, since they are drained first. Pure.
 */
#ifndef HY_ENGINE_CLUSTER_SHARE_H
#define HY_ENGINE_CLUSTER_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_share {
    int64_t id;
    int64_t under_way;
    bool leaving; /* in: it is being drained already; out: it is to be */
};

/* Marks `surplus` of them: first those that are leaving already, then those with less under way, then those
 * with the larger id. */
void hy_share_choose(struct hy_share *shares, size_t count, size_t surplus);

#endif
