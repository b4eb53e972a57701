#include "base/log.h"
#include "engine/broadcast/feeder_private.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 1000 };

/* --- what there is ---------------------------------------------------------------------------- */

struct hy_feed *hy_feed_find(const struct hy_feeder *feeder, int64_t id)
{
    for (size_t i = 0; feeder && i < feeder->count; i++) {
        if (feeder->feeds[i]->id == id)
            return feeder->feeds[i];
    }
    return NULL;
}

void hy_feed_adopt(struct hy_feed *feed, const struct hy_broadcast *b)
{
    feed->id = b->id;
    feed->app_no = b->app_no;
    feed->state = b->state;
    feed->channel = hy_queue_channel(hy_message_queue(&b->message));
    snprintf(feed->template_id, sizeof feed->template_id, "%s",
             b->message.template_id ? b->message.template_id : "");
    feed->urgent = b->message.urgent;
    feed->reach = b->reach;
    feed->collected = b->collected;
    feed->winding_up = b->winding_up;
    feed->rate_per_s = b->rate_per_s;
    feed->send_at_ms = b->send_at_ms;
    feed->expires_at_ms = b->message.expires_at_ms;
    feed->total = b->total;
    feed->fed = b->fed;
    memcpy(feed->messages, b->messages, sizeof feed->messages);
}

static struct hy_feed *add(struct hy_feeder *feeder)
{
    struct hy_feed **grown = realloc(feeder->feeds, (feeder->count + 1) * sizeof(struct hy_feed *));
    struct hy_feed *feed = calloc(1, sizeof *feed);

    if (grown)
        feeder->feeds = grown;
    if (!grown || !feed || !hy_held_reserve(feeder)) {
        free(feed);
        return NULL;
    }
    grown[feeder->count++] = feed;
    return feed;
}

/* False: out of memory. */
static bool adopt_page(struct hy_engine *engine, const struct hy_broadcasts *page)
{
    for (size_t i = 0; i < page->count; i++) {
        struct hy_feed *feed = hy_feed_find(engine->feeder, page->broadcasts[i].id);

        if (!feed)
            feed = add(engine->feeder);
        if (!feed)
            return false;
        hy_feed_adopt(feed, &page->broadcasts[i]);
        feed->seen = true;
        if (!feed->busy)
            feed->next_ms = 0;
    }
    return true;
}

static void mark_unseen(struct hy_feeder *feeder)
{
    for (size_t i = 0; i < feeder->count; i++)
        feeder->feeds[i]->seen = false;
}

/* Those that were not in the list are over. One with a verb under way is looked for when that
 * ends. */
static void drop_unseen(struct hy_feeder *feeder)
{
    size_t kept = 0;

    for (size_t i = 0; i < feeder->count; i++) {
        if (feeder->feeds[i]->seen || feeder->feeds[i]->busy)
            feeder->feeds[kept++] = feeder->feeds[i];
        else
            free(feeder->feeds[i]);
    }
    feeder->count = kept;
}

/* What is known of it is the list's; how it goes, whoever moves it on finds out. */
bool hy_feed_is_ours(struct hy_engine *engine, const struct hy_feed *feed)
{
    const struct hy_lane *lane = hy_lane_find(engine, feed->app_no);

    if (!lane || lane->app->app.deleted_at_ms)
        return hy_cluster_good(engine);
    return hy_lane_is_ours(engine, lane);
}

bool hy_feeder_rests(const struct hy_engine *engine, int64_t app_no)
{
    const struct hy_feeder *feeder = engine->feeder;

    for (size_t i = 0; feeder && i < feeder->count; i++) {
        if (feeder->feeds[i]->app_no == app_no && feeder->feeds[i]->busy)
            return false;
    }
    return true;
}

int64_t hy_feeder_read_anew(struct hy_engine *engine)
{
    hy_feeder_stale(engine);
    return engine->feeder->readings + 1;
}

bool hy_feeder_has_read(const struct hy_engine *engine, int64_t reading)
{
    return engine->feeder->read >= reading;
}

void hy_feeder_taken(struct hy_engine *engine, int64_t app_no)
{
    struct hy_feeder *feeder = engine->feeder;

    for (size_t i = 0; i < feeder->count; i++) {
        struct hy_feed *feed = feeder->feeds[i];

        if (feed->app_no != app_no)
            continue;
        feed->pace = (struct hy_feed_pace){0};
        feed->quota_until_ms = 0;
        feed->next_ms = 0;
    }
    for (size_t i = 0; i < feeder->quota_count; i++) {
        if (feeder->quotas[i].app_no == app_no && !feeder->quotas[i].asking)
            feeder->quotas[i].asked_at_ms = feeder->quotas[i].told_at_ms = 0;
    }
}

bool hy_feed_app_gone(struct hy_engine *engine, const struct hy_feed *feed)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, feed->app_no);

    return !app || app->app.deleted_at_ms;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct hy_mail mail;
    struct hy_broadcasts verb;
    struct hy_arena arena;
    struct hy_engine *engine;
    int64_t changes; /* as of its start */
    int64_t reading; /* its number */
};

static void read_done(struct hy_op *op, void *arg);

static void read_page(struct reading *r)
{
    r->verb.op.verb = HY_VERB_BROADCASTS;
    r->verb.unfinished = true;
    r->verb.limit = PAGE;
    r->verb.arena = &r->arena;
    hy_engine_verb(r->engine, &r->verb.op, read_done, r);
}

static void end_reading(struct reading *r, bool good)
{
    struct hy_feeder *feeder = r->engine->feeder;

    feeder->reading = false;
    feeder->open--;
    if (good) {
        feeder->read = r->reading;
        drop_unseen(feeder);
        hy_held_refresh(feeder);
    } else {
        atomic_store(&feeder->stale, true);
    }
    hy_arena_deinit(&r->arena);
    free(r);
}

static void was_read(struct hy_engine *engine, struct hy_mail *mail)
{
    struct reading *r = (struct reading *)mail;
    bool good = r->verb.op.result == 0;

    if (!good) {
        hy_log(HY_LOG_ERROR, "store.broadcasts", "error=\"%s\"", hy_err_text(r->verb.op.result));
        engine->feeder->not_before_ms = engine->now_ms + 1000;
    } else if (r->changes != engine->feeder->changes || engine->feeder->moving) {
        good = false; /* from before a move: it would undo what that did */
    } else if (!adopt_page(engine, &r->verb)) {
        good = false;
        engine->feeder->not_before_ms = engine->now_ms + 1000;
    } else if (r->verb.more) {
        r->verb.before_id = r->verb.broadcasts[r->verb.count - 1].id;
        read_page(r);
        return;
    }
    end_reading(r, good);
}

static void read_done(struct hy_op *op, void *arg)
{
    struct reading *r = arg;

    r->mail.open = was_read;
    hy_engine_post(r->engine, &r->mail);
}

static void read_all(struct hy_engine *engine)
{
    struct reading *r = calloc(1, sizeof *r);

    if (!r)
        return; /* still stale: at the next turn */
    atomic_store(&engine->feeder->stale, false);
    engine->feeder->reading = true;
    engine->feeder->open++;
    mark_unseen(engine->feeder);
    hy_arena_init(&r->arena);
    r->engine = engine;
    r->changes = engine->feeder->changes;
    r->reading = ++engine->feeder->readings;
    read_page(r);
}

void hy_feeder_stale(struct hy_engine *engine)
{
    atomic_store(&engine->feeder->stale, true);
    engine->config.transport.wake(engine->config.transport.self);
}

/* --- a turn ----------------------------------------------------------------------------------- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t hy_feeder_turn(struct hy_engine *engine)
{
    struct hy_feeder *feeder = engine->feeder;
    int64_t next = HY_NEVER;

    if (engine->quiet)
        return HY_NEVER;
    if (atomic_load(&feeder->stale) && !feeder->reading && !feeder->moving) {
        if (feeder->not_before_ms <= engine->now_ms)
            read_all(engine);
        else
            next = feeder->not_before_ms;
    }
    for (size_t i = 0; i < feeder->count; i++) {
        struct hy_feed *feed = feeder->feeds[i];

        if (!hy_feed_is_ours(engine, feed))
            continue;
        if (!feed->busy && feed->next_ms <= engine->now_ms)
            hy_feed_step(engine, feed);
        if (!feed->busy)
            next = sooner(next, feed->next_ms);
    }
    return next;
}

/* One that starts at an instant, or rests until midnight, looks at the clock again when it is
 * woken. */
void hy_feeder_set_back(struct hy_engine *engine, int64_t by_ms)
{
    struct hy_feeder *feeder = engine->feeder;

    feeder->not_before_ms = hy_set_back_ms(feeder->not_before_ms, by_ms);
    for (size_t i = 0; i < feeder->count; i++) {
        feeder->feeds[i]->next_ms = hy_set_back_ms(feeder->feeds[i]->next_ms, by_ms);
        hy_feed_pace_set_back(&feeder->feeds[i]->pace, by_ms);
    }
    for (size_t i = 0; i < feeder->quota_count; i++)
        feeder->quotas[i].asked_at_ms = hy_set_back_ms(feeder->quotas[i].asked_at_ms, by_ms);
}

bool hy_feeder_idle(const struct hy_engine *engine)
{
    return engine->feeder->open == 0 && engine->feeder->moving == 0;
}

/* --- moves ------------------------------------------------------------------------------------ */

/*
 * What claim set aside is due again with the move back to running, so a claim that comes after that
 * move must not hold it any more; a claim before it in the store's queue may.
 */
void hy_feeder_moving(struct hy_engine *engine, const struct hy_broadcast_move *move)
{
    struct hy_feed *feed = hy_feed_find(engine->feeder, move->broadcast_id);

    engine->feeder->moving++;
    if (!feed || move->to != HY_BROADCAST_RUNNING || feed->state != HY_BROADCAST_PAUSED)
        return;
    feed->state = HY_BROADCAST_RUNNING;
    feed->next_ms = HY_NEVER; /* not before it is */
    engine->feeder->changes++;
    hy_held_refresh(engine->feeder);
}

/* Held back from the next claim on, before the caller hears of it. */
static void stop(struct hy_engine *engine, const struct hy_broadcast_move *move)
{
    struct hy_feed *feed = hy_feed_find(engine->feeder, move->broadcast_id);

    if (!feed)
        feed = add(engine->feeder);
    if (!feed)
        return; /* the list is read again */
    feed->id = move->broadcast_id;
    feed->state = move->to;
    feed->winding_up = move->to == HY_BROADCAST_CANCELED;
    feed->next_ms = HY_NEVER; /* until it was read */
    hy_held_refresh(engine->feeder);
}

void hy_feed_after_move(struct hy_engine *engine, const struct hy_broadcast_move *move)
{
    engine->feeder->changes++;
    hy_feeder_stale(engine);
    if (move->op.result != 0)
        return;
    if (move->to == HY_BROADCAST_PAUSED || move->to == HY_BROADCAST_CANCELED)
        stop(engine, move);
    if (move->freed || move->to == HY_BROADCAST_RUNNING)
        hy_lane_notice(engine, 0, 0);
}

void hy_feeder_moved(struct hy_engine *engine, const struct hy_broadcast_move *move)
{
    engine->feeder->moving--;
    hy_feed_after_move(engine, move);
}

/* --- start and end ---------------------------------------------------------------------------- */

/* Before the first claim: what is paused must not leave. */
int hy_feeder_init(struct hy_engine *engine)
{
    struct hy_arena arena;
    struct hy_broadcasts page = {
        .op.verb = HY_VERB_BROADCASTS, .unfinished = true, .limit = PAGE, .arena = &arena};
    int err = 0;

    engine->feeder = calloc(1, sizeof *engine->feeder);
    if (!engine->feeder)
        return HY_E_NOMEM;
    hy_arena_init(&arena);
    do {
        err = hy_store_run(engine->config.store, &page.op);
        if (!err && !adopt_page(engine, &page))
            err = HY_E_NOMEM;
        if (!err && page.count)
            page.before_id = page.broadcasts[page.count - 1].id;
    } while (!err && page.more);
    hy_arena_deinit(&arena);
    hy_held_refresh(engine->feeder);
    return err;
}

void hy_feeder_deinit(struct hy_engine *engine)
{
    struct hy_feeder *feeder = engine->feeder;

    if (!feeder)
        return;
    for (size_t i = 0; i < feeder->count; i++)
        free(feeder->feeds[i]);
    free(feeder->feeds);
    free(feeder->quotas);
    free(feeder->held);
    free(feeder);
    engine->feeder = NULL;
}
