#include "engine/broadcast/feeder_pace.h"

#include <string.h>

static const int64_t sample_ms = 5000, minute_ms = 60000;
static const int64_t rest_min_ms = 100, rest_max_ms = 1000;

static void sample(struct hy_feed_pace *pace, int64_t now_ms, int64_t gone)
{
    if (pace->count && now_ms - pace->at_ms[pace->count - 1] < sample_ms)
        return;
    if (pace->count == HY_FEED_PACE_SAMPLES) {
        pace->count--;
        memmove(pace->at_ms, pace->at_ms + 1, pace->count * sizeof pace->at_ms[0]);
        memmove(pace->gone, pace->gone + 1, pace->count * sizeof pace->gone[0]);
    }
    pace->at_ms[pace->count] = now_ms;
    pace->gone[pace->count++] = gone;
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

/* An empty queue says that it goes faster than we thought: twice as many. Otherwise the pace
 * says. */
static void adapt(struct hy_feed_pace *pace, int64_t queued)
{
    int64_t worth = clamp((int64_t)(pace->now_per_s * HY_AHEAD_S), HY_AHEAD_MIN, HY_AHEAD_MAX);

    if (queued == 0)
        worth = clamp(pace->ahead * 2, worth, HY_AHEAD_MAX);
    pace->ahead = worth;
}

void hy_feed_pace_note(struct hy_feed_pace *pace, int64_t now_ms, int64_t gone, int64_t queued)
{
    int64_t took_ms = now_ms - pace->last_ms;

    if (pace->last_ms == 0) {
        pace->ahead = HY_AHEAD_FIRST;
    } else if (took_ms < rest_min_ms) {
        return; /* too short to say anything */
    } else {
        double per_s = (double)(gone - pace->last_gone) * 1000.0 / (double)took_ms;

        double weight = (double)took_ms / (double)(took_ms + 1000); /* about the last two seconds */

        pace->now_per_s += ((per_s > 0 ? per_s : 0) - pace->now_per_s) * weight;
        if (queued > 0 || gone > pace->last_gone)
            adapt(pace, queued);
    }
    pace->hungry = queued == 0;
    pace->last_ms = now_ms;
    pace->last_gone = gone;
    sample(pace, now_ms, gone);
}

void hy_feed_pace_set_back(struct hy_feed_pace *pace, int64_t by_ms)
{
    for (size_t i = 0; i < pace->count; i++)
        pace->at_ms[i] -= by_ms;
    if (pace->last_ms)
        pace->last_ms -= by_ms;
    if (pace->bucket_at_ms)
        pace->bucket_at_ms -= by_ms;
}

double hy_feed_pace_per_s(const struct hy_feed_pace *pace, int64_t now_ms)
{
    for (size_t i = 0; i < pace->count; i++) {
        int64_t took_ms = pace->last_ms - pace->at_ms[i];

        if (now_ms - pace->at_ms[i] > minute_ms + sample_ms || took_ms < 1000)
            continue;
        return (double)(pace->last_gone - pace->gone[i]) * 1000.0 / (double)took_ms;
    }
    return 0;
}

static int64_t cap(int64_t ahead, int64_t rate_per_s)
{
    return rate_per_s && ahead > rate_per_s * HY_AHEAD_S ? rate_per_s * HY_AHEAD_S : ahead;
}

int64_t hy_feed_pace_ahead(const struct hy_feed_pace *pace, int64_t rate_per_s,
                           int64_t app_rate_per_s)
{
    return cap(cap(pace->ahead, rate_per_s), app_rate_per_s);
}

int64_t hy_feed_pace_allowance(struct hy_feed_pace *pace, int64_t rate_per_s, int64_t now_ms)
{
    if (rate_per_s == 0)
        return INT64_MAX;
    if (pace->bucket_at_ms && now_ms > pace->bucket_at_ms)
        pace->bucket += (double)(now_ms - pace->bucket_at_ms) * (double)rate_per_s / 1000.0;
    if (pace->bucket > (double)rate_per_s)
        pace->bucket = (double)rate_per_s;
    pace->bucket_at_ms = now_ms;
    return (int64_t)pace->bucket;
}

void hy_feed_pace_take(struct hy_feed_pace *pace, int64_t rate_per_s, int64_t count)
{
    if (rate_per_s)
        pace->bucket -= (double)count;
}

int64_t hy_feed_pace_rest_ms(const struct hy_feed_pace *pace, int64_t rate_per_s, int64_t queued)
{
    int64_t half_ms = rest_min_ms;

    if (rate_per_s)
        half_ms = 1 + 1000 / rate_per_s;
    else if (pace->now_per_s > 0 && !pace->hungry)
        half_ms = (int64_t)((double)queued * 500.0 / pace->now_per_s);
    return clamp(half_ms, rest_min_ms, rest_max_ms);
}
