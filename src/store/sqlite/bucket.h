/*
 * bucket.h - what comes with random keys lies in buckets by time.
 */
#ifndef HY_STORE_SQLITE_BUCKET_H
#define HY_STORE_SQLITE_BUCKET_H

#include <stdint.h>

/* 2^24 ms, 4 hours and 40 minutes: a day is 6 looks, and random keys fall into what came since the
 * bucket began, not into everything. The numbers are stored. */
enum { HY_BUCKET_SHIFT = 24 };

static inline int64_t hy_bucket_of(int64_t ms)
{
    return ms >> HY_BUCKET_SHIFT;
}

#endif
