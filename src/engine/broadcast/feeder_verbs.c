/*
 * feeder_verbs.c - the verbs of a broadcast's turn, and what their ends mean. One at a time for
 * each broadcast; a failure of the store is tried again a second later.
 */
#include "base/log.h"
#include "engine/broadcast/feeder_private.h"

#include <stdlib.h>

static const int64_t retry_ms = 1000;

struct run {
    struct hy_mail mail;
    struct hy_engine *engine;
    int64_t id;
    int64_t changes; /* as of its start */
    struct hy_arena arena;
    /* It ended with 0; `feed` is that of `id`. */
    void (*ended)(struct hy_engine *engine, struct run *run, struct hy_feed *feed);
    union {
        struct hy_op op;
        struct hy_broadcasts look;
        struct hy_audience_collect collect;
        struct hy_broadcast_feed feed;
        struct hy_broadcast_move move;
        struct hy_broadcast_wind_up wind_up;
    } verb;
};

static void failed(struct hy_engine *engine, const struct run *run, struct hy_feed *feed)
{
    int err = run->verb.op.result;
    bool not_yet = err == HY_E_CONFLICT && run->verb.op.verb == HY_VERB_BROADCAST_MOVE &&
                   run->verb.move.state == HY_BROADCAST_RUNNING;

    feed->next_ms = engine->now_ms + retry_ms;
    if (not_yet)
        return;
    engine->feeder->not_before_ms = feed->next_ms;
    hy_feeder_stale(engine); /* perhaps it isn't what we took it for */
    if (err != HY_E_CONFLICT && err != HY_E_NOT_FOUND)
        hy_log(HY_LOG_ERROR, "store.broadcast", "broadcast=b%lld error=\"%s\"", (long long)feed->id,
               hy_err_text(err));
}

static void opened(struct hy_engine *engine, struct hy_mail *mail)
{
    struct run *run = (struct run *)mail;
    struct hy_feed *feed = hy_feed_find(engine->feeder, run->id);

    engine->feeder->open--;
    hy_cluster_verb_ended(engine, run->verb.op.result);
    if (feed) {
        feed->busy = false;
        feed->next_ms = engine->now_ms;
        if (run->verb.op.result)
            failed(engine, run, feed);
        else
            run->ended(engine, run, feed);
    }
    hy_arena_deinit(&run->arena);
    free(run);
}

static void done(struct hy_op *op, void *arg)
{
    struct run *run = arg;

    run->mail.open = opened;
    hy_engine_post(run->engine, &run->mail);
}

/* Null: out of memory, or nothing is begun here any more; the broadcast's turn comes again. */
static struct run *begin(struct hy_engine *engine, struct hy_feed *feed,
                         void (*ended)(struct hy_engine *, struct run *, struct hy_feed *))
{
    bool ours = !engine->quiet && hy_feed_is_ours(engine, feed);
    struct run *run = ours ? calloc(1, sizeof *run) : NULL;

    if (!run) {
        feed->next_ms = engine->now_ms + retry_ms;
        return NULL;
    }
    hy_arena_init(&run->arena);
    run->engine = engine;
    run->id = feed->id;
    run->changes = engine->feeder->changes;
    run->ended = ended;
    return run;
}

static void start(struct run *run, struct hy_feed *feed)
{
    feed->busy = true;
    run->engine->feeder->open++;
    hy_engine_verb(run->engine, &run->verb.op, done, run);
}

static int64_t margin_ms(struct hy_engine *engine, const struct hy_feed *feed)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, feed->app_no);

    return app ? app->settings.receipt_margin_s * 1000 : 0;
}

/* --- look ------------------------------------------------------------------------------------- */

static void looked(struct hy_engine *engine, struct run *run, struct hy_feed *feed)
{
    const struct hy_broadcast *b = run->verb.look.broadcasts;

    if (run->verb.look.count == 0 || run->changes != engine->feeder->changes) {
        feed->next_ms = HY_NEVER; /* until the list was read again */
        hy_feeder_stale(engine);
        return;
    }
    hy_feed_adopt(feed, b);
    if (feed->state == HY_BROADCAST_RUNNING) {
        hy_feed_pace_note(&feed->pace, engine->now_ms, feed->fed - hy_feed_under_way(feed),
                          feed->messages[HY_MESSAGE_QUEUED]);
        hy_feed_decide(engine, feed);
    }
}

void hy_feed_look(struct hy_engine *engine, struct hy_feed *feed)
{
    struct run *run = begin(engine, feed, looked);

    if (!run)
        return;
    run->verb.look = (struct hy_broadcasts){
        .op.verb = HY_VERB_BROADCASTS, .id = feed->id, .limit = 1, .arena = &run->arena};
    start(run, feed);
}

/* --- collect ---------------------------------------------------------------------------------- */

static void collected(struct hy_engine *engine, struct run *run, struct hy_feed *feed)
{
    feed->total += (int64_t)run->verb.collect.added;
    feed->collected = run->verb.collect.collected;
}

void hy_feed_collect(struct hy_engine *engine, struct hy_feed *feed)
{
    struct run *run = begin(engine, feed, collected);

    if (!run)
        return;
    run->verb.collect = (struct hy_audience_collect){.op.verb = HY_VERB_AUDIENCE_COLLECT,
                                                     .broadcast_id = feed->id,
                                                     .now_ms = engine->now_ms,
                                                     .margin_ms = margin_ms(engine, feed),
                                                     .limit = HY_FEED_STEP};
    start(run, feed);
}

/* --- feed ------------------------------------------------------------------------------------- */

/* The template may have become known since the broadcast was made. */
static int queue_of(const struct hy_broadcast_feed *v, const struct hy_feed *feed)
{
    struct hy_message made = {
        .template_kind = v->template_kind, .urgent = feed->urgent, .broadcast_id = feed->id};

    return hy_message_queue(&made);
}

static void fed(struct hy_engine *engine, struct run *run, struct hy_feed *feed)
{
    const struct hy_broadcast_feed *v = &run->verb.feed;

    feed->fed += (int64_t)v->fed;
    atomic_fetch_add_explicit(&engine->counters.accepted, (int64_t)v->fed, memory_order_relaxed);
    feed->messages[HY_MESSAGE_QUEUED] += (int64_t)v->due;
    if (!v->left)
        feed->total = feed->fed;
    hy_feed_pace_take(&feed->pace, feed->rate_per_s, (int64_t)v->fed);
    hy_quota_spend(engine, feed, (int64_t)v->due);
    if (hy_feed_app_gone(engine, feed))
        hy_app_clean_up(engine, feed->app_no);
    else if (v->due)
        hy_queue_notice(engine, feed->app_no, queue_of(v, feed), engine->now_ms);
    if (feed->expires_at_ms && v->fed)
        hy_expiry_notice(engine, feed->expires_at_ms);
    feed->next_ms = engine->now_ms + hy_feed_pace_rest_ms(&feed->pace, feed->rate_per_s,
                                                          feed->messages[HY_MESSAGE_QUEUED]);
}

static int64_t *new_ids(struct hy_engine *engine, struct hy_arena *arena, size_t count)
{
    int64_t *ids = hy_arena_array(arena, count, sizeof *ids);

    pthread_mutex_lock(&engine->ids_lock);
    for (size_t i = 0; ids && i < count; i++)
        ids[i] = hy_message_ids_next(&engine->ids, engine->now_ms);
    pthread_mutex_unlock(&engine->ids_lock);
    return ids;
}

void hy_feed_feed(struct hy_engine *engine, struct hy_feed *feed, int64_t count)
{
    struct run *run = begin(engine, feed, fed);
    int64_t *ids = run ? new_ids(engine, &run->arena, (size_t)count) : NULL;

    if (!ids) {
        if (run)
            hy_arena_deinit(&run->arena);
        free(run);
        feed->next_ms = engine->now_ms + retry_ms;
        return;
    }
    run->verb.feed = (struct hy_broadcast_feed){
        .op.verb = HY_VERB_BROADCAST_FEED,
        .broadcast_id = feed->id,
        .ids = ids,
        .limit = (size_t)count,
        .now_ms = engine->now_ms,
        .margin_ms = margin_ms(engine, feed),
        .template_kind = hy_engine_template_kind(engine, feed->app_no, feed->template_id, NULL)};
    start(run, feed);
}

/* --- move ------------------------------------------------------------------------------------- */

static void moved(struct hy_engine *engine, struct run *run, struct hy_feed *feed)
{
    feed->state = run->verb.move.to;
    feed->next_ms = HY_NEVER; /* until the list was read again */
    hy_feed_after_move(engine, &run->verb.move);
    hy_log(HY_LOG_INFO, "broadcast.moved", "broadcast=b%lld state=%s", (long long)feed->id,
           hy_broadcast_state_names[feed->state]);
}

void hy_feed_move(struct hy_engine *engine, struct hy_feed *feed, enum hy_broadcast_state to,
                  const char *reason)
{
    struct run *run = begin(engine, feed, moved);

    if (!run)
        return;
    run->verb.move = (struct hy_broadcast_move){.op.verb = HY_VERB_BROADCAST_MOVE,
                                                .broadcast_id = feed->id,
                                                .to = to,
                                                .reason = reason,
                                                .now_ms = engine->now_ms};
    start(run, feed);
}

/* --- wind up ---------------------------------------------------------------------------------- */

/* One that is being sent may come back to the queue: until then all of it is held. */
static void wound_up(struct hy_engine *engine, struct run *run, struct hy_feed *feed)
{
    const struct hy_broadcast_wind_up *v = &run->verb.wind_up;

    if (v->freed)
        hy_lane_notice(engine, 0, 0);
    if (v->left)
        return;
    if (v->sending) {
        feed->next_ms = engine->now_ms + retry_ms;
        return;
    }
    feed->winding_up = false;
    feed->next_ms = HY_NEVER;
    engine->feeder->changes++;
    hy_feeder_stale(engine);
}

void hy_feed_wind_up(struct hy_engine *engine, struct hy_feed *feed)
{
    struct run *run = begin(engine, feed, wound_up);

    if (!run)
        return;
    run->verb.wind_up = (struct hy_broadcast_wind_up){.op.verb = HY_VERB_BROADCAST_WIND_UP,
                                                      .broadcast_id = feed->id,
                                                      .limit = HY_FEED_STEP,
                                                      .now_ms = engine->now_ms};
    start(run, feed);
}
