/*
 * feeder_pace.h - how fast a broadcast goes, and how far ahead of that it is to be fed. Pure: time
 * is an argument.
 */
#ifndef HY_ENGINE_BROADCAST_FEEDER_PACE_H
#define HY_ENGINE_BROADCAST_FEEDER_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HY_AHEAD_MAX = 1000, /* messages of one broadcast in the queue */
    HY_AHEAD_MIN = 20,
    HY_AHEAD_FIRST = 100,
    HY_AHEAD_S = 2, /* seconds' worth */
    HY_FEED_PACE_SAMPLES = 12
};

/* `gone` is how many of a broadcast were fed and have left the queue. */
struct hy_feed_pace {
    int64_t at_ms[HY_FEED_PACE_SAMPLES],
        gone[HY_FEED_PACE_SAMPLES]; /* every 5 s: the last minute; oldest first */
    size_t count;
    int64_t last_ms, last_gone; /* of the last look */
    double now_per_s;           /* of the last few looks */
    int64_t ahead;              /* how many are to be in the queue */
    bool hungry;                /* the queue was empty at the last look: the true pace is higher */
    double bucket;              /* of rate_per_s */
    int64_t bucket_at_ms;
};

/* A look: `queued` are in the queue now. */
void hy_feed_pace_note(struct hy_feed_pace *pace, int64_t now_ms, int64_t gone, int64_t queued);

/* The clock was set back by that much: what was seen before is as old as it was. */
void hy_feed_pace_set_back(struct hy_feed_pace *pace, int64_t by_ms);

/* Of the last minute; 0 = not known yet. */
double hy_feed_pace_per_s(const struct hy_feed_pace *pace, int64_t now_ms);

/* How many may be in the queue; the rates: 0 = none. */
int64_t hy_feed_pace_ahead(const struct hy_feed_pace *pace, int64_t rate_per_s,
                           int64_t app_rate_per_s);

/* How many the broadcast's own rate lets go now (INT64_MAX without one). The bucket starts empty,
 * so that a restart is no new burst, and holds a second's worth. */
int64_t hy_feed_pace_allowance(struct hy_feed_pace *pace, int64_t rate_per_s, int64_t now_ms);
void hy_feed_pace_take(struct hy_feed_pace *pace, int64_t rate_per_s, int64_t count);

/* For how long to leave it alone after a feed or a look at a full queue. */
int64_t hy_feed_pace_rest_ms(const struct hy_feed_pace *pace, int64_t rate_per_s, int64_t queued);

#endif
