/*
 * dispatch.c - which apps may send how many messages now: a lane an app.
 *
 * A lane asks the store for messages only while something is due in it, its token is good, it isn't
 * paused, and it has room. One claim verb is under way at a time, for all lanes that want one, so
 * claims gather by themselves under load.
 */
#include "base/log.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t probe_gap_ms = 600000; /* a lane out of quota is tried every 10 minutes */
static const int64_t default_lease_s = 120;

struct hy_lane *hy_lane_find(struct hy_engine *engine, int64_t app_no)
{
    for (size_t i = 0; i < engine->lanes.count; i++) {
        if (engine->lanes.items[i]->app_no == app_no)
            return engine->lanes.items[i];
    }
    return NULL;
}

static struct hy_lane *add_lane(struct hy_engine *engine, int64_t app_no)
{
    struct hy_lanes *lanes = &engine->lanes;
    struct hy_lane **grown = realloc(lanes->items, (lanes->count + 1) * sizeof(struct hy_lane *));
    struct hy_lane *lane = calloc(1, sizeof *lane);

    if (grown)
        lanes->items = grown;
    if (!grown || !lane) {
        free(lane);
        return NULL;
    }
    lane->app_no = app_no;
    lane->next_due_ms = 0; /* unknown: ask the store */
    grown[lanes->count++] = lane;
    return lane;
}

/* Takes over the count on `entry`. */
static void adopt_entry(struct hy_engine *engine, struct hy_lane *lane,
                        const struct hy_app_entry *entry)
{
    if (lane->app && lane->app != entry)
        lane->keeper.retry_at_ms = 0; /* perhaps the secret was put right: try now */
    hy_engine_app_release(lane->app);
    lane->app = entry;
    if (entry->app.deleted_at_ms)
        hy_keeper_deinit(engine, lane);
}

/* Lanes are never taken away: an attempt under way points to its lane. A deleted app's lane keeps
 * its entry marked deleted and does nothing more. */
void hy_lanes_match(struct hy_engine *engine)
{
    struct hy_registry *registry = &engine->registry;
    int generation = atomic_load(&registry->generation);
    const struct hy_app_entry *entry;

    if (generation == engine->lanes.generation)
        return;
    for (size_t i = 0; (entry = hy_registry_at(registry, i)) != NULL; i++) {
        struct hy_lane *lane = hy_lane_find(engine, entry->app.no);

        if (!lane)
            lane = add_lane(engine, entry->app.no);
        if (!lane) {
            hy_engine_app_release(entry);
            return; /* out of memory: tried again at the next tick */
        }
        adopt_entry(engine, lane, entry);
    }
    engine->lanes.generation = generation;
}

void hy_lanes_free(struct hy_engine *engine)
{
    for (size_t i = 0; i < engine->lanes.count; i++) {
        hy_keeper_deinit(engine, engine->lanes.items[i]);
        hy_engine_app_release(engine->lanes.items[i]->app);
        free(engine->lanes.items[i]);
    }
    free(engine->lanes.items);
}

/* --- notices ---------------------------------------------------------------------------------- */

void hy_lane_notice(struct hy_engine *engine, int64_t app_no, int64_t due_ms)
{
    size_t i = 0;
    bool fresh;

    pthread_mutex_lock(&engine->notice_lock);
    /* The first one since they were taken wakes the engine's thread; the others are taken with it. */
    fresh = engine->notice_count == 0 && !engine->notices_lost;
    while (i < engine->notice_count && engine->notices[i].app_no != app_no)
        i++;
    if (app_no == 0 || i == HY_NOTICES_MAX) {
        engine->notices_lost = true;
    } else if (i == engine->notice_count) {
        engine->notices[engine->notice_count++] = (struct hy_notice){app_no, due_ms};
    } else if (due_ms < engine->notices[i].due_ms) {
        engine->notices[i].due_ms = due_ms;
        fresh = true;
    }
    pthread_mutex_unlock(&engine->notice_lock);
    if (fresh)
        engine->config.transport.wake(engine->config.transport.self);
}

static void take_notices(struct hy_engine *engine)
{
    pthread_mutex_lock(&engine->notice_lock);
    for (size_t i = 0; i < engine->notice_count; i++) {
        struct hy_lane *lane = hy_lane_find(engine, engine->notices[i].app_no);

        if (lane && engine->notices[i].due_ms < lane->next_due_ms)
            lane->next_due_ms = engine->notices[i].due_ms;
    }
    for (size_t i = 0; engine->notices_lost && i < engine->lanes.count; i++)
        engine->lanes.items[i]->next_due_ms = 0;
    engine->notice_count = 0;
    engine->notices_lost = false;
    pthread_mutex_unlock(&engine->notice_lock);
}

/* --- pauses ----------------------------------------------------------------------------------- */

void hy_lane_pause(struct hy_engine *engine, struct hy_lane *lane, int64_t until_ms,
                   const char *reason, bool probe)
{
    bool fresh = lane->paused_until_ms == 0;

    lane->pauses++;
    if (until_ms > lane->paused_until_ms)
        lane->paused_until_ms = until_ms;
    lane->probe_at_ms = probe ? engine->now_ms + probe_gap_ms : HY_NEVER;
    snprintf(lane->pause_reason, sizeof lane->pause_reason, "%s", reason);
    if (fresh)
        hy_log(HY_LOG_WARN, "lane.paused", "app=%s reason=%s for_s=%lld", lane->app->app.id, reason,
               (long long)(until_ms - engine->now_ms) / 1000);
}

void hy_lane_reopen(struct hy_engine *engine, struct hy_lane *lane)
{
    if (lane->paused_until_ms == 0)
        return;
    lane->paused_until_ms = 0;
    lane->pause_reason[0] = 0;
    hy_log(HY_LOG_INFO, "lane.open", "app=%s", lane->app->app.id);
}

/* --- claiming --------------------------------------------------------------------------------- */

/* Messages that the rate limit lets go now; the bucket holds one second's worth. */
static int64_t allowance(struct hy_lane *lane, int64_t now_ms)
{
    int64_t rate = lane->app->settings.rate_per_s;

    if (rate == 0)
        return INT64_MAX;
    if (lane->allowance_at_ms == 0)
        lane->allowance = (double)rate;
    else if (now_ms > lane->allowance_at_ms)
        lane->allowance += (double)(now_ms - lane->allowance_at_ms) * (double)rate / 1000.0;
    if (lane->allowance > (double)rate)
        lane->allowance = (double)rate;
    lane->allowance_at_ms = now_ms;
    return (int64_t)lane->allowance;
}

/* How many messages the lane may claim now; when none, `wake_ms` is when time may change that. */
static size_t room(struct hy_engine *engine, struct hy_lane *lane, int64_t *wake_ms)
{
    int64_t now = engine->now_ms, free_slots, allowed;

    *wake_ms = HY_NEVER;
    if (engine->quiet || lane->app->app.deleted_at_ms)
        return 0;
    if (lane->next_due_ms > now) {
        *wake_ms = lane->next_due_ms;
        return 0;
    }
    if (!hy_keeper_ready(engine, lane))
        return 0;
    if (lane->paused_until_ms) {
        /* Paused, or half open: one message tries whether the trouble is over. */
        int64_t probe =
            lane->probe_at_ms < lane->paused_until_ms ? lane->probe_at_ms : lane->paused_until_ms;

        *wake_ms = probe > now ? probe : HY_NEVER;
        return probe <= now && lane->in_flight == 0;
    }
    free_slots = lane->app->settings.max_in_flight - lane->in_flight;
    if (free_slots <= 0)
        return 0;
    allowed = allowance(lane, now);
    if (allowed <= 0) {
        *wake_ms = now + 1 + 1000 / lane->app->settings.rate_per_s;
        return 0;
    }
    return (size_t)(free_slots < allowed ? free_slots : allowed);
}

static void claimed(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_batch *batch = (struct hy_batch *)mail;
    struct hy_claim *claim = &batch->claim;

    engine->claiming = false;
    for (size_t i = 0; i < claim->lane_count; i++) {
        struct hy_lane *lane = hy_lane_find(engine, claim->lanes[i].app_no);
        int64_t due = claim->lanes[i].next_due_ms;

        if (claim->op.result)
            due = engine->now_ms + 1000; /* the store has trouble: not at once */
        else if (lane->app->settings.rate_per_s > 0)
            lane->allowance -= (double)claim->lanes[i].claimed;
        if (due && due < lane->next_due_ms)
            lane->next_due_ms = due;
    }
    if (claim->op.result)
        hy_log(HY_LOG_ERROR, "store.claim", "error=\"%s\"", hy_err_text(claim->op.result));
    if (claim->op.result == HY_E_UNCERTAIN)
        hy_doubt_claim(engine);
    hy_batch_start(engine, batch);
}

static void claim_done(struct hy_op *op, void *arg)
{
    struct hy_batch *batch = arg;

    batch->mail.open = claimed;
    hy_engine_post(batch->engine, &batch->mail);
}

static struct hy_batch *new_batch(struct hy_engine *engine)
{
    struct hy_batch *batch = calloc(1, sizeof *batch);
    int64_t lease_s = engine->config.lease_s ? engine->config.lease_s : default_lease_s;

    if (!batch)
        return NULL;
    hy_arena_init(&batch->arena);
    batch->engine = engine;
    batch->claim = (struct hy_claim){.op.verb = HY_VERB_CLAIM,
                                     .now_ms = engine->now_ms,
                                     .lease_until_ms = engine->now_ms + lease_s * 1000,
                                     .arena = &batch->arena};
    batch->claim.lanes =
        hy_arena_array(&batch->arena, engine->lanes.count + 1, sizeof *batch->claim.lanes);
    if (!batch->claim.lanes) {
        free(batch);
        return NULL;
    }
    return batch;
}

static void free_batch(struct hy_batch *batch)
{
    hy_arena_deinit(&batch->arena);
    free(batch);
}

/* Fills in the lanes that have room; returns for how many messages in all. `ret_next_ms` is when
 * time alone may make room in another one. */
static size_t fill_claim(struct hy_engine *engine, struct hy_batch *batch, int64_t *ret_next_ms)
{
    int64_t next = HY_NEVER, wake;
    size_t total = 0;

    for (size_t i = 0; i < engine->lanes.count; i++) {
        struct hy_lane *lane = engine->lanes.items[i];
        size_t capacity = room(engine, lane, &wake);

        if (capacity > 0) {
            total += capacity;
            batch->claim.lanes[batch->claim.lane_count++] =
                (struct hy_claim_lane){.app_no = lane->app_no,
                                       .capacity = capacity,
                                       .margin_ms = lane->app->settings.receipt_margin_s * 1000};
            if (lane->paused_until_ms > engine->now_ms)
                lane->probe_at_ms = engine->now_ms + probe_gap_ms;
        }
        next = wake < next ? wake : next;
    }
    *ret_next_ms = next;
    return total;
}

int64_t hy_dispatch(struct hy_engine *engine)
{
    struct hy_batch *batch;
    int64_t next;
    size_t total;

    take_notices(engine);
    if (engine->claiming)
        return HY_NEVER; /* its answer is mail */
    batch = new_batch(engine);
    if (!batch)
        return engine->now_ms + 100;
    total = fill_claim(engine, batch, &next);
    if (total == 0) {
        free_batch(batch);
        return next;
    }
    batch->runs = hy_arena_array(&batch->arena, total, sizeof *batch->runs);
    if (!batch->runs) {
        free_batch(batch);
        return engine->now_ms + 100;
    }
    /* What becomes known from here on may not be seen by this claim. */
    for (size_t i = 0; i < batch->claim.lane_count; i++)
        hy_lane_find(engine, batch->claim.lanes[i].app_no)->next_due_ms = HY_NEVER;
    engine->claiming = true;
    hy_engine_verb(engine, &batch->claim.op, claim_done, batch);
    return next;
}
