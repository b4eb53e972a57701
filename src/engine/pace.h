/*
 * pace.h - how much to ask of the store's writer at once, and how long to leave it alone
 * afterwards.
 *
 * For work that has time, such as deleting what is old: while the writer does it, it serves nobody
 * else. A step is to take 8 ms and not more than 20, on whatever disk, and all steps together a
 * tenth of the writer's time. Records differ: to look at one costs next to nothing, to delete one a
 * page or ten. So the price of the dearest ones of late decides, and it rises at once and falls
 * slowly.
 */
#ifndef HY_ENGINE_PACE_H
#define HY_ENGINE_PACE_H

#include <stddef.h>
#include <stdint.h>

struct hy_pace {
    int64_t cost_us; /* of one record that is deleted */
    size_t limit;    /* records that the next step may look at */
};

enum { HY_PACE_LIMIT_MIN = 1, HY_PACE_LIMIT_MAX = 10000 };

/* What a step is told to end after, should its records cost more than those before them: its commit may take as
 * long again. SQLite looks at the clock and does; on PostgreSQL, where a step holds nobody up, the aim is all. */
enum { HY_PACE_LONGEST_US = 7000 };

/* Begins with 50 records. */
void hy_pace_init(struct hy_pace *pace);

/* A step of pace->limit records deleted `done` of them in `took_us`. Sets the next limit and
 * returns how long to wait, in ms. */
int64_t hy_pace_step(struct hy_pace *pace, int64_t took_us, size_t done);

#endif
