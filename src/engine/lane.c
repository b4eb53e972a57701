/*
 * lane.c - the lanes: one an app, found, matched with the registry, told what is due.
 */
#include "engine/lane.h"

#include "base/log.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

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
    for (int i = 0; i < HY_CHANNELS; i++)
        hy_window_init(&lane->gates[i].window);
    hy_lane_ask(lane);
    lane->holding = engine->cluster.shared ? HY_HOLDING_NO : HY_HOLDING_YES;
    engine->cluster.stirred = engine->cluster.shared;
    hy_cluster_hurry(engine);
    grown[lanes->count++] = lane;
    return lane;
}

/* A zone that cannot be read any more was there when it was set: the platform's own is nearer to it
 * than no quiet hours at all. */
static void adopt_quiet_hours(struct hy_engine *engine, struct hy_lane *lane)
{
    const struct hy_app_settings *s = &lane->app->settings;
    int err;

    hy_zone_close(lane->zone);
    lane->zone = NULL;
    lane->quiet_until_ms = 0;
    lane->quiet_change_ms = lane->quiet_seen_ms = 0;
    if (s->quiet_hours.from_min == s->quiet_hours.until_min)
        return;
    err = hy_zone_open(s->timezone, &lane->zone);
    if (!err)
        return;
    hy_log(HY_LOG_ERROR, "app.zone", "app=%s timezone=%s error=\"%s\": quiet hours are those of %s",
           lane->app->app.id, s->timezone, hy_err_text(err), hy_zone_name(engine->zone));
    if (hy_zone_open(hy_zone_name(engine->zone), &lane->zone))
        lane->zone = NULL;
}

/* Takes over the count on `entry`. */
static void adopt_entry(struct hy_engine *engine, struct hy_lane *lane,
                        const struct hy_app_entry *entry)
{
    bool changed = lane->app != entry;

    if (lane->app && changed)
        lane->keeper.retry_at_ms = 0; /* perhaps the secret was put right: try now */
    hy_engine_app_release(lane->app);
    lane->app = entry;
    if (changed)
        adopt_quiet_hours(engine, lane);
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
        struct hy_lane *lane = engine->lanes.items[i];

        hy_keeper_deinit(engine, lane);
        hy_zone_close(lane->zone);
        hy_engine_app_release(lane->app);
        free(lane);
    }
    free(engine->lanes.items);
    free(engine->lanes.asked);
}

/* --- notices ---------------------------------------------------------------------------------- */

/* The place of that app's notice, or null: there is no more room. */
static struct hy_notice *notice_of(struct hy_engine *engine, int64_t app_no)
{
    struct hy_notice *n = engine->notices;

    while (n < engine->notices + engine->notice_count && n->app_no != app_no)
        n++;
    if (n == engine->notices + HY_NOTICES_MAX)
        return NULL;
    if (n == engine->notices + engine->notice_count) {
        engine->notice_count++;
        n->app_no = app_no;
        for (int q = 0; q < HY_QUEUES; q++)
            n->due_ms[q] = HY_NEVER;
    }
    return n;
}

/*
 * Who is woken. A turn of the engine ends with the instant of the next one, and is published under
 * notice_lock. What is due at that instant or later wakes nobody: it is found in `notices` then. What is
 * due earlier wakes the engine's thread, once: from there on, and until a turn ends, it is HY_AWAKE.
 *
 *   notice before the turn has looked   taken by it
 *   between its look and its end        the end sees it and brings the next turn forward; no wake
 *   behind its end                      compared with what was published; the wake is remembered by the
 *                                       transport, so it also ends a wait that has not begun
 *
 * The engine's thread may turn more often than it says; that only takes notices earlier.
 */
static bool must_wake(struct hy_engine *engine, int64_t at_ms)
{
    if (at_ms >= engine->wakes_at_ms)
        return false;
    engine->wakes_at_ms = HY_AWAKE;
    return true;
}

static void wake(struct hy_engine *engine)
{
    engine->config.transport.wake(engine->config.transport.self);
}

void hy_turn_begin(struct hy_engine *engine)
{
    pthread_mutex_lock(&engine->notice_lock);
    engine->wakes_at_ms = HY_AWAKE;
    pthread_mutex_unlock(&engine->notice_lock);
}

int64_t hy_turn_end(struct hy_engine *engine, int64_t next_ms)
{
    pthread_mutex_lock(&engine->notice_lock);
    if (engine->noticed_due_ms < next_ms)
        next_ms = engine->noticed_due_ms;
    if (engine->noticed_expiry_ms < next_ms)
        next_ms = engine->noticed_expiry_ms;
    engine->wakes_at_ms = next_ms;
    pthread_mutex_unlock(&engine->notice_lock);
    return next_ms;
}

static void put_notice(struct hy_engine *engine, int64_t app_no, int first, int last,
                       int64_t due_ms)
{
    struct hy_notice *n = app_no ? notice_of(engine, app_no) : NULL;

    if (!n)
        engine->notices_lost = true;
    for (int q = first; n && q <= last; q++)
        n->due_ms[q] = due_ms < n->due_ms[q] ? due_ms : n->due_ms[q];
    if (due_ms < engine->noticed_due_ms)
        engine->noticed_due_ms = due_ms;
}

static void notice(struct hy_engine *engine, int64_t app_no, int first, int last, int64_t due_ms)
{
    bool asleep;

    pthread_mutex_lock(&engine->notice_lock);
    put_notice(engine, app_no, first, last, due_ms);
    asleep = must_wake(engine, due_ms);
    pthread_mutex_unlock(&engine->notice_lock);
    if (asleep)
        wake(engine);
}

void hy_queue_notice(struct hy_engine *engine, int64_t app_no, int queue, int64_t due_ms)
{
    notice(engine, app_no, queue, queue, due_ms);
}

/* Nobody knows whether there is anything in each: 0 says that it has to be asked for. */
void hy_lane_notice(struct hy_engine *engine, int64_t app_no, int64_t due_ms)
{
    notice(engine, app_no, 0, HY_QUEUES - 1, due_ms <= engine->config.now_ms() ? 0 : due_ms);
}

void hy_lane_ask(struct hy_lane *lane)
{
    for (int q = 0; q < HY_QUEUES; q++)
        *hy_lane_due(lane, q) = 0;
}

void hy_lane_take_notices(struct hy_engine *engine)
{
    pthread_mutex_lock(&engine->notice_lock);
    for (size_t i = 0; i < engine->notice_count; i++) {
        const struct hy_notice *n = &engine->notices[i];
        struct hy_lane *lane = hy_lane_find(engine, n->app_no);

        for (int q = 0; lane && q < HY_QUEUES; q++) {
            int64_t *due = hy_lane_due(lane, q);

            *due = n->due_ms[q] < *due ? n->due_ms[q] : *due;
        }
    }
    for (size_t i = 0; engine->notices_lost && i < engine->lanes.count; i++)
        hy_lane_ask(engine->lanes.items[i]);
    engine->notice_count = 0;
    engine->notices_lost = false;
    engine->noticed_due_ms = HY_NEVER;
    pthread_mutex_unlock(&engine->notice_lock);
}

/* An atomic of its own, because nearly every message of a load expires later than the earliest. */
void hy_expiry_notice(struct hy_engine *engine, int64_t expires_at_ms)
{
    bool asleep;

    if (expires_at_ms >= atomic_load(&engine->expiry_ms))
        return;
    pthread_mutex_lock(&engine->notice_lock);
    if (expires_at_ms < atomic_load(&engine->expiry_ms))
        atomic_store(&engine->expiry_ms, expires_at_ms);
    if (expires_at_ms < engine->noticed_expiry_ms)
        engine->noticed_expiry_ms = expires_at_ms;
    asleep = must_wake(engine, expires_at_ms);
    pthread_mutex_unlock(&engine->notice_lock);
    if (asleep)
        wake(engine);
}

int64_t hy_expiry_take(struct hy_engine *engine)
{
    int64_t at_ms;

    pthread_mutex_lock(&engine->notice_lock);
    at_ms = atomic_load(&engine->expiry_ms);
    engine->noticed_expiry_ms = HY_NEVER;
    pthread_mutex_unlock(&engine->notice_lock);
    return at_ms;
}

/* --- rate and quiet hours --------------------------------------------------------------------- */

/* The bucket holds one second's worth. */
int64_t hy_lane_allowance(struct hy_lane *lane, int64_t now_ms)
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

/* Computed at the changes only, and when the clock went back behind the last look. */
int64_t hy_lane_quiet_until(struct hy_lane *lane, int64_t now_ms)
{
    if (!lane->zone)
        return 0;
    if (now_ms >= lane->quiet_change_ms || now_ms < lane->quiet_seen_ms) {
        const struct hy_quiet *hours = &lane->app->settings.quiet_hours;

        lane->quiet_seen_ms = now_ms;
        lane->quiet_until_ms = hy_quiet_until(hours, lane->zone, now_ms);
        lane->quiet_change_ms = hy_quiet_change(hours, lane->zone, now_ms);
    }
    return lane->quiet_until_ms;
}
