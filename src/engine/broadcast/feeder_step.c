/*
 * feeder_step.c - what a broadcast's turn is, by its state.
 *
 * Several running broadcasts of an app share alike: each keeps a little in the app's bulk queues,
 * which are served in order of due time, and gets more when its own has gone.
 */
#include "engine/broadcast/feeder_private.h"

static const int64_t end_look_ms = 1000, closed_look_ms = 2000, quiet_look_ms = 10000;

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* 0 when the lane lets messages of this broadcast go, else when to look again: sooner than what
 * closes it ends, since people may open it by hand. */
static int64_t closed_until(struct hy_engine *engine, const struct hy_feed *feed)
{
    struct hy_lane *lane = hy_lane_find(engine, feed->app_no);
    int64_t now = engine->now_ms, paused_until, quiet_until;

    if (!lane || !hy_keeper_ready(engine, lane))
        return now + end_look_ms;
    paused_until = lane->gates[feed->channel].paused_until_ms;
    if (paused_until > now)
        return sooner(paused_until, now + closed_look_ms);
    quiet_until = feed->urgent ? 0 : hy_lane_quiet_until(lane, now);
    return quiet_until > now ? sooner(quiet_until, now + quiet_look_ms) : 0;
}

static int64_t app_rate(struct hy_engine *engine, const struct hy_feed *feed)
{
    const struct hy_lane *lane = hy_lane_find(engine, feed->app_no);

    return lane ? lane->app->settings.rate_per_s : 0;
}

/* --- running ---------------------------------------------------------------------------------- */

/* How many to feed now; 0: next_ms is set. */
static int64_t portion(struct hy_engine *engine, struct hy_feed *feed)
{
    int64_t queued = feed->messages[HY_MESSAGE_QUEUED], now = engine->now_ms;
    int64_t ahead = hy_feed_pace_ahead(&feed->pace, feed->rate_per_s, app_rate(engine, feed));
    int64_t allowed = hy_feed_pace_allowance(&feed->pace, feed->rate_per_s, now);
    int64_t room = ahead - queued, again;
    int64_t quota = hy_quota_left(engine, feed, &again, &feed->quota_until_ms);

    feed->next_ms = now + hy_feed_pace_rest_ms(&feed->pace, feed->rate_per_s, queued);
    if (quota <= 0) {
        feed->next_ms = again;
        return 0;
    }
    if (room > allowed)
        room = allowed;
    else if (room < ahead / 4 && queued > 0)
        return 0; /* not in crumbs */
    if (room <= 0)
        return 0;
    return sooner(sooner(room, quota), HY_FEED_STEP);
}

void hy_feed_decide(struct hy_engine *engine, struct hy_feed *feed)
{
    int64_t closed = closed_until(engine, feed), count;

    if (!hy_feed_left(feed)) {
        if (!feed->collected)
            hy_feed_collect(engine, feed);
        else if (hy_feed_under_way(feed) == 0)
            hy_feed_move(engine, feed, HY_BROADCAST_DONE, NULL);
        else
            feed->next_ms = engine->now_ms + (closed ? closed_look_ms : end_look_ms);
        return;
    }
    if (closed) {
        feed->next_ms = closed;
        return;
    }
    count = portion(engine, feed);
    if (count > 0)
        hy_feed_feed(engine, feed, count);
}

/* Looking is a read; while the lane is closed nothing has to be known but whether it is over. */
static void run(struct hy_engine *engine, struct hy_feed *feed)
{
    int64_t closed = closed_until(engine, feed);

    if (hy_feed_app_gone(engine, feed))
        hy_feed_move(engine, feed, HY_BROADCAST_CANCELED, "app_deleted");
    else if (!feed->collected && (closed || feed->total - feed->fed < HY_FEED_BACKLOG))
        hy_feed_collect(engine, feed);
    else if (closed && hy_feed_left(feed))
        feed->next_ms = closed;
    else
        hy_feed_look(engine, feed);
}

/* --- the others ------------------------------------------------------------------------------- */

static void wait_for_start(struct hy_engine *engine, struct hy_feed *feed)
{
    if (hy_feed_app_gone(engine, feed))
        hy_feed_move(engine, feed, HY_BROADCAST_CANCELED, "app_deleted");
    else if (feed->send_at_ms <= engine->now_ms)
        hy_feed_move(engine, feed, HY_BROADCAST_RUNNING, NULL);
    else
        feed->next_ms = feed->send_at_ms;
}

static void rest(struct hy_engine *engine, struct hy_feed *feed)
{
    feed->next_ms = HY_NEVER;
    if (hy_feed_app_gone(engine, feed))
        hy_feed_move(engine, feed, HY_BROADCAST_CANCELED, "app_deleted");
}

static void wind_up(struct hy_engine *engine, struct hy_feed *feed)
{
    if (feed->winding_up)
        hy_feed_wind_up(engine, feed);
    else
        feed->next_ms = HY_NEVER;
}

void hy_feed_step(struct hy_engine *engine, struct hy_feed *feed)
{
    static void (*const steps[HY_BROADCAST_STATES])(struct hy_engine *, struct hy_feed *) = {
        [HY_BROADCAST_SCHEDULED] = wait_for_start,
        [HY_BROADCAST_RUNNING] = run,
        [HY_BROADCAST_PAUSED] = rest,
        [HY_BROADCAST_CANCELED] = wind_up,
    };

    if (steps[feed->state])
        steps[feed->state](engine, feed);
    else
        feed->next_ms = HY_NEVER;
}
