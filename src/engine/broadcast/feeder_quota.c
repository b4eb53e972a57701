/*
 * feeder_quota.c - what is left of the platform's day, so that broadcasts leave some of it to what
 * backends send one by one.
 *
 * A tenth of the day's limit is kept. The platform is asked when a broadcast is about to be fed and
 * it was not asked for this channel within ten minutes; in between, what was fed is taken off. That
 * it tells nothing (no answer, no such call) stops nothing: the lane pauses by itself when the
 * platform refuses.
 */
#include "base/log.h"
#include "crypto/secret.h"
#include "engine/broadcast/feeder_private.h"

#include <stdlib.h>
#include <string.h>

enum { RESERVE_PART = 10 }; /* of the limit */

static const int64_t ask_gap_ms = 600000, answer_wait_ms = 5000, answer_poll_ms = 100;

static struct hy_quota *find(struct hy_feeder *feeder, int64_t app_no, enum hy_channel channel)
{
    for (size_t i = 0; i < feeder->quota_count; i++) {
        if (feeder->quotas[i].app_no == app_no && feeder->quotas[i].channel == channel)
            return &feeder->quotas[i];
    }
    return NULL;
}

static struct hy_quota *find_or_add(struct hy_feeder *feeder, const struct hy_feed *feed)
{
    struct hy_quota *q = find(feeder, feed->app_no, feed->channel), *grown;

    if (q)
        return q;
    grown = realloc(feeder->quotas, (feeder->quota_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    feeder->quotas = grown;
    q = &grown[feeder->quota_count++];
    *q = (struct hy_quota){.app_no = feed->app_no, .channel = feed->channel};
    return q;
}

static bool is_today(const struct hy_engine *engine, const struct hy_quota *q)
{
    return q->told_at_ms && hy_day_number(engine->zone, q->told_at_ms) ==
                                hy_day_number(engine->zone, engine->now_ms);
}

/* --- asking ----------------------------------------------------------------------------------- */

struct ask {
    struct hy_engine *engine;
    const struct hy_platform *platform;
    int64_t app_no;
    enum hy_channel channel;
};

static void log_answer(const struct ask *ask, const struct hy_quota_reply *reply)
{
    const struct hy_judgement *j = &reply->judgement;
    char safe[HY_ERRMSG_BYTES];

    if (j->verdict == HY_VERDICT_OK)
        hy_log(HY_LOG_INFO, "quota.told", "app_no=%lld channel=%s limit=%lld used=%lld",
               (long long)ask->app_no, hy_channel_names[ask->channel], (long long)reply->limit,
               (long long)reply->used);
    else
        hy_log(HY_LOG_WARN, "quota.not_told", "app_no=%lld channel=%s errcode=%s error=%s",
               (long long)ask->app_no, hy_channel_names[ask->channel],
               j->errcode[0] ? j->errcode : "-", hy_log_safe(safe, sizeof safe, j->errmsg));
}

static void take_over(struct hy_quota *q, const struct hy_quota_reply *reply)
{
    q->told_at_ms = q->asked_at_ms;
    q->limit = reply->limit;
    q->used = reply->used;
    q->remain = reply->remain; /* not always the difference */
    q->spent = q->spent_next;
}

/* After a failure what was told before counts on until its day ends. */
static void replied(const struct hy_http_response *response, void *arg)
{
    struct ask *ask = arg;
    struct hy_engine *engine = ask->engine;
    struct hy_quota_reply reply = {0};
    struct hy_quota *q;

    pthread_mutex_lock(&engine->turn_lock);
    ask->platform->judge_quota(response, &reply);
    log_answer(ask, &reply);
    q = find(engine->feeder, ask->app_no, ask->channel);
    if (q)
        q->asking = false;
    if (q && reply.judgement.verdict == HY_VERDICT_OK && reply.limit > 0)
        take_over(q, &reply);
    engine->feeder->open--;
    pthread_mutex_unlock(&engine->turn_lock);
    free(ask);
}

/* What is in the queue will be sent and counted, though nothing of it is now. */
static int64_t on_its_way(const struct hy_feeder *feeder, const struct hy_quota *q)
{
    int64_t count = 0;

    for (size_t i = 0; i < feeder->count; i++) {
        const struct hy_feed *feed = feeder->feeds[i];

        if (feed->app_no == q->app_no && feed->channel == q->channel)
            count += hy_feed_under_way(feed);
    }
    return count;
}

static void send_ask(struct ask *ask, const struct hy_lane *lane)
{
    struct hy_engine *engine = ask->engine;
    struct hy_http_request request = {0};
    struct hy_quota_ask quota = {.base_url = engine->config.wechat_url ? engine->config.wechat_url
                                                                       : ask->platform->base_url,
                                 .access_token = lane->keeper.access,
                                 .channel = ask->channel};
    struct hy_arena arena;

    hy_arena_init(&arena);
    if (ask->platform->build_quota(&quota, &arena, &request) == 0) {
        engine->feeder->open++;
        engine->config.transport.start(engine->config.transport.self, &request, replied, ask);
    } else {
        find(engine->feeder, ask->app_no, ask->channel)->asking = false;
        free(ask);
    }
    if (request.url)
        hy_wipe((char *)request.url, strlen(request.url));
    hy_arena_deinit(&arena);
}

static void ask_platform(struct hy_engine *engine, struct hy_quota *q)
{
    const struct hy_lane *lane = hy_lane_find(engine, q->app_no);
    struct ask *ask;

    if (q->asking || (q->asked_at_ms && engine->now_ms - q->asked_at_ms < ask_gap_ms) || !lane ||
        !lane->app->platform->build_quota || !hy_keeper_ready(engine, lane))
        return;
    ask = calloc(1, sizeof *ask);
    if (!ask)
        return;
    *ask = (struct ask){engine, lane->app->platform, q->app_no, q->channel};
    q->asking = true;
    q->asked_at_ms = engine->now_ms;
    q->spent_next = on_its_way(engine->feeder, q);
    send_ask(ask, lane);
}

/* --- answering -------------------------------------------------------------------------------- */

int64_t hy_quota_left(struct hy_engine *engine, const struct hy_feed *feed, int64_t *ret_again_ms,
                      int64_t *ret_until_ms)
{
    struct hy_quota *q = find_or_add(engine->feeder, feed);
    int64_t left, midnight, again;

    *ret_until_ms = 0;
    if (!q)
        return INT64_MAX;
    ask_platform(engine, q);
    if (q->asking && engine->now_ms - q->asked_at_ms < answer_wait_ms) {
        *ret_again_ms = engine->now_ms + answer_poll_ms;
        return 0;
    }
    if (!is_today(engine, q))
        return INT64_MAX;
    left = q->remain - q->limit / RESERVE_PART - q->spent;
    if (left > 0)
        return left;
    midnight = hy_zone_next_midnight_ms(engine->zone, engine->now_ms);
    again = q->asked_at_ms + ask_gap_ms;
    if (again <= engine->now_ms)
        again = engine->now_ms + answer_wait_ms; /* it could not be asked now */
    *ret_until_ms = midnight;
    *ret_again_ms = again < midnight ? again : midnight;
    return 0;
}

void hy_quota_spend(struct hy_engine *engine, const struct hy_feed *feed, int64_t count)
{
    struct hy_quota *q = find(engine->feeder, feed->app_no, feed->channel);

    if (!q)
        return;
    q->spent += count;
    q->spent_next += count;
}

bool hy_feeder_quota(struct hy_engine *engine, int64_t app_no, enum hy_channel channel,
                     int64_t *ret_limit, int64_t *ret_used)
{
    const struct hy_quota *q = find(engine->feeder, app_no, channel);

    if (!q || !is_today(engine, q))
        return false;
    *ret_limit = q->limit;
    *ret_used = q->used + q->spent;
    return true;
}
