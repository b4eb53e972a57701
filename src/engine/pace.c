#include "engine/pace.h"

enum {
    AIM_US = 8000,
    LIMIT_FIRST = 50,
    FEW = 16,        /* fewer than one in so many were deleted: looking was all the work */
    REST = 9,        /* times as long as the step took */
    REST_MIN_MS = 40 /* after a step that wrote: its commit syncs, which nobody measures here */
};

void hy_pace_init(struct hy_pace *pace)
{
    *pace = (struct hy_pace){.cost_us = AIM_US / LIMIT_FIRST, .limit = LIMIT_FIRST};
}

static size_t clamped(int64_t limit)
{
    if (limit < HY_PACE_LIMIT_MIN)
        return HY_PACE_LIMIT_MIN;
    return limit > HY_PACE_LIMIT_MAX ? HY_PACE_LIMIT_MAX : (size_t)limit;
}

/* With few deleted ones the step says nothing of their price, but it must not be long all the
 * same. */
static void learn(struct hy_pace *pace, int64_t took_us, size_t done)
{
    size_t among = done * 4 >= pace->limit ? done : pace->limit;
    int64_t seen_us = took_us / (int64_t)(among ? among : 1);

    if (seen_us > pace->cost_us)
        pace->cost_us = seen_us;
    else if (among == done)
        pace->cost_us -= (pace->cost_us - seen_us) / 4;
    if (pace->cost_us < 1)
        pace->cost_us = 1;
}

int64_t hy_pace_step(struct hy_pace *pace, int64_t took_us, size_t done)
{
    size_t before = pace->limit;
    int64_t rest_ms = (took_us * REST + 999) / 1000;
    size_t dear;

    learn(pace, took_us, done);
    dear = clamped(AIM_US / pace->cost_us);
    /* A row of old ones may come at any moment: twice as much is 16 ms then. */
    pace->limit = done * FEW < before ? clamped((int64_t)dear * 2) : dear;
    if (pace->limit > before * 2)
        pace->limit = clamped((int64_t)before * 2);
    if (done && rest_ms < REST_MIN_MS)
        return REST_MIN_MS;
    return rest_ms > 0 ? rest_ms : 1;
}
