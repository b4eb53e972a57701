/*
 * gate.c - one channel of an app: open, paused, or tried by a single message.
 *
 *   open --pause--> paused --its end, or a probe--> one message tries --it works--> open
 *                     ^                                   |
 *                     +-------------- it doesn't ---------+
 *
 * A pause that a restart would have to find out again is written down, behind the engine's back:
 * the one in memory acts, and if the disk is full only the next start knows less.
 */
#include "base/log.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t probe_gap_ms = 600000; /* a gate out of quota is tried every 10 minutes */
static const char operator_reason[] = "operator";

/* --- on record -------------------------------------------------------------------------------- */

struct record {
    struct hy_pause_put put;
    struct hy_engine *engine;
    char reason[HY_REASON_BYTES];
};

static void recorded(struct hy_op *op, void *arg)
{
    struct record *r = arg;

    if (op->result)
        hy_log(HY_LOG_WARN, "store.pause_put", "error=\"%s\"", hy_err_text(op->result));
    hy_news_pause_ended(r->engine);
    free(r);
}

static struct hy_pause as_stored(const struct hy_lane *lane, enum hy_channel channel)
{
    const struct hy_gate *gate = &lane->gates[channel];

    return (struct hy_pause){.app_no = lane->app_no,
                             .channel = channel,
                             .until_ms = gate->paused_until_ms,
                             .since_ms = gate->paused_since_ms,
                             .probe = gate->probe,
                             .reason = gate->pause_reason};
}

static void record(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel)
{
    struct record *r = calloc(1, sizeof *r);

    if (!r)
        return;
    r->put = (struct hy_pause_put){.op.verb = HY_VERB_PAUSE_PUT, .pause = as_stored(lane, channel)};
    snprintf(r->reason, sizeof r->reason, "%s", lane->gates[channel].pause_reason);
    r->put.pause.reason = r->reason;
    r->engine = engine;
    hy_news_pause_begun(engine);
    hy_engine_verb(engine, &r->put.op, recorded, r);
}

static enum hy_gate_hold hold_of(const struct hy_pause *p)
{
    return strcmp(p->reason, operator_reason) == 0 ? HY_GATE_OPERATOR : HY_GATE_VERDICT;
}

/* What it had been of, a duration or an instant, is not known any more: it ends by its instant. */
static void load(const struct hy_engine *engine, struct hy_gate *gate, const struct hy_pause *p)
{
    int64_t probes =
        p->since_ms < engine->now_ms ? (engine->now_ms - p->since_ms) / probe_gap_ms : 0;

    gate->hold = hold_of(p);
    gate->stored = gate->by_clock = true;
    gate->probe = p->probe;
    gate->paused_until_ms = p->until_ms;
    gate->paused_since_ms = p->since_ms;
    gate->probe_at_ms = p->probe ? p->since_ms + (probes + 1) * probe_gap_ms : HY_NEVER;
    snprintf(gate->pause_reason, sizeof gate->pause_reason, "%s", p->reason);
}

int hy_gates_load(struct hy_engine *engine)
{
    struct hy_arena arena;
    struct hy_pauses pauses = {.op.verb = HY_VERB_PAUSES, .arena = &arena};
    int err;

    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &pauses.op);
    for (size_t i = 0; !err && i < pauses.count; i++) {
        const struct hy_pause *p = &pauses.pauses[i];
        struct hy_lane *lane = hy_lane_find(engine, p->app_no);

        if (lane)
            load(engine, &lane->gates[p->channel], p);
    }
    hy_arena_deinit(&arena);
    return err;
}

void hy_gate_reset(struct hy_engine *engine, struct hy_gate *gate, const struct hy_pause *pause)
{
    int64_t pauses = gate->pauses;

    *gate = (struct hy_gate){.pauses = pauses};
    hy_window_init(&gate->window);
    if (pause)
        load(engine, gate, pause);
}

/* --- pausing ---------------------------------------------------------------------------------- */

/* A pause of a lesser kind, or a shorter one that the platform asks for, changes nothing while the
 * present one lasts. One whose end has come is half open: whatever its probe found out replaces
 * it. */
static bool outranked(const struct hy_engine *engine, const struct hy_gate *gate,
                      const struct hy_gate_pause *p)
{
    bool shorter = p->hold == HY_GATE_VERDICT && gate->hold == HY_GATE_VERDICT &&
                   p->until_ms < gate->paused_until_ms;

    return (gate->hold > p->hold || shorter) && gate->paused_until_ms > engine->now_ms;
}

static void log_pause(struct hy_engine *engine, const struct hy_lane *lane, enum hy_channel channel)
{
    const struct hy_gate *gate = &lane->gates[channel];
    char length[32] = "-";

    if (gate->paused_until_ms != HY_NEVER)
        snprintf(length, sizeof length, "%lld",
                 (long long)(gate->paused_until_ms - engine->now_ms) / 1000);
    hy_log(HY_LOG_WARN, "lane.paused", "app=%s channel=%s reason=%s for_s=%s", lane->app->app.id,
           hy_channel_names[channel], gate->pause_reason, length);
}

/* True when the gate is paused otherwise than before. */
static bool set_pause(struct hy_engine *engine, struct hy_gate *gate, const struct hy_gate_pause *p)
{
    bool same = gate->hold == p->hold && strcmp(gate->pause_reason, p->reason) == 0;
    int64_t before_ms = gate->paused_until_ms;

    if (!same)
        gate->paused_since_ms = engine->now_ms;
    gate->hold = p->hold;
    gate->by_clock = p->by_clock;
    gate->probe = p->probe;
    gate->paused_until_ms = p->until_ms;
    gate->probe_at_ms = p->probe ? engine->now_ms + probe_gap_ms : HY_NEVER;
    snprintf(gate->pause_reason, sizeof gate->pause_reason, "%s", p->reason);
    return !same || p->until_ms != before_ms;
}

void hy_gate_pause(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel,
                   const struct hy_gate_pause *pause)
{
    struct hy_gate *gate = &lane->gates[channel];
    enum hy_gate_hold before = gate->hold;

    gate->pauses++;
    if (outranked(engine, gate, pause))
        return;
    if (set_pause(engine, gate, pause) && pause->hold == HY_GATE_VERDICT) {
        gate->stored = true;
        record(engine, lane, channel);
    }
    if (before != pause->hold)
        log_pause(engine, lane, channel);
}

void hy_gate_take(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel,
                  const struct hy_pause *pause)
{
    struct hy_gate *gate = &lane->gates[channel];

    if (gate->hold == hold_of(pause) && gate->paused_until_ms == pause->until_ms &&
        strcmp(gate->pause_reason, pause->reason) == 0)
        return;
    gate->pauses++;
    load(engine, gate, pause);
    log_pause(engine, lane, channel);
}

static void open_gate(struct hy_lane *lane, enum hy_channel channel)
{
    struct hy_gate *gate = &lane->gates[channel];

    if (gate->hold != HY_GATE_OPEN)
        hy_log(HY_LOG_INFO, "lane.open", "app=%s channel=%s", lane->app->app.id,
               hy_channel_names[channel]);
    gate->hold = HY_GATE_OPEN;
    gate->paused_until_ms = 0;
    gate->pause_reason[0] = 0;
}

void hy_gate_reopen(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel)
{
    struct hy_gate *gate = &lane->gates[channel];

    if (gate->hold == HY_GATE_OPEN)
        return;
    open_gate(lane, channel);
    if (gate->stored)
        record(engine, lane, channel);
    gate->stored = false;
}

void hy_gate_resume(struct hy_lane *lane, enum hy_channel channel)
{
    struct hy_gate *gate = &lane->gates[channel];

    open_gate(lane, channel);
    gate->stored = false; /* the record goes, or is gone */
    gate->window.deaths = gate->window.dead_in_a_row = 0;
}

int64_t hy_gate_room(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel,
                     int64_t *ret_wake_ms)
{
    struct hy_gate *gate = &lane->gates[channel];
    int64_t now = engine->now_ms, at = gate->paused_until_ms, room;

    *ret_wake_ms = HY_NEVER;
    if (gate->hold == HY_GATE_OPERATOR && at <= now)
        hy_gate_reopen(engine, lane, channel); /* nothing to find out */
    if (gate->hold == HY_GATE_OPEN) {
        room = hy_window_size(&gate->window, lane->app->settings.max_in_flight) - gate->in_flight;
        return room > 0 ? room : 0;
    }
    if (gate->hold != HY_GATE_OPERATOR && gate->probe_at_ms < at)
        at = gate->probe_at_ms;
    if (at > now) {
        *ret_wake_ms = at;
        return 0;
    }
    return gate->in_flight == 0;
}

void hy_gate_probed(struct hy_engine *engine, struct hy_gate *gate)
{
    if (gate->hold == HY_GATE_VERDICT && gate->probe)
        gate->probe_at_ms = engine->now_ms + probe_gap_ms;
}

/* --- by hand ---------------------------------------------------------------------------------- */

static void stored_by_hand(struct hy_op *op, void *arg)
{
    struct hy_app_pause *pause = arg;

    if (op->result)
        pause->result = op->result;
    if (++pause->open < HY_CHANNELS) {
        hy_engine_verb(pause->engine, &pause->put[pause->open].op, stored_by_hand, pause);
        return;
    }
    hy_news_pause_ended(pause->engine);
    pause->done(pause, pause->arg);
}

/* One channel's record after the other: `done` is called once, whichever thread ends them. */
static void store_by_hand(struct hy_engine *engine, int64_t app_no, int64_t until_ms,
                          struct hy_app_pause *pause)
{
    pause->engine = engine;
    pause->result = 0;
    pause->open = 0;
    for (int i = 0; i < HY_CHANNELS; i++)
        pause->put[i] = (struct hy_pause_put){.op = {.verb = HY_VERB_PAUSE_PUT},
                                              .pause = {.app_no = app_no,
                                                        .channel = (enum hy_channel)i,
                                                        .until_ms = until_ms,
                                                        .since_ms = engine->config.now_ms(),
                                                        .reason = operator_reason}};
    pause->put[0].op.audit = pause->audit;
    hy_news_pause_begun(engine);
    hy_engine_verb(engine, &pause->put[0].op, stored_by_hand, pause);
}

int hy_engine_app_pause(struct hy_engine *engine, const char *id, int64_t until_ms,
                        struct hy_app_pause *pause)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(engine, id);
    struct hy_gate_pause by_hand = {.hold = HY_GATE_OPERATOR,
                                    .until_ms = until_ms ? until_ms : HY_NEVER,
                                    .by_clock = true,
                                    .reason = operator_reason};
    struct hy_lane *lane;

    if (!app)
        return HY_E_NOT_FOUND;
    pthread_mutex_lock(&engine->turn_lock);
    hy_lanes_match(engine);
    lane = hy_lane_find(engine, app->app.no);
    for (int i = 0; lane && i < HY_CHANNELS; i++) {
        hy_gate_pause(engine, lane, (enum hy_channel)i, &by_hand);
        lane->gates[i].stored = true;
    }
    pthread_mutex_unlock(&engine->turn_lock);
    store_by_hand(engine, app->app.no, by_hand.until_ms, pause);
    return 0;
}

int hy_engine_app_resume(struct hy_engine *engine, const char *id, struct hy_app_pause *pause)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app(engine, id);
    struct hy_lane *lane;

    if (!app)
        return HY_E_NOT_FOUND;
    pthread_mutex_lock(&engine->turn_lock);
    lane = hy_lane_find(engine, app->app.no);
    for (int i = 0; lane && i < HY_CHANNELS; i++)
        hy_gate_resume(lane, (enum hy_channel)i);
    if (lane)
        lane->keeper.retry_at_ms = 0;
    pthread_mutex_unlock(&engine->turn_lock);
    store_by_hand(engine, app->app.no, 0, pause);
    hy_lane_notice(engine, app->app.no, 0);
    return 0;
}
