/*
 * setback.c - when the clock is set back.
 *
 * Whatever was to happen "a second later" was written down as an instant. Set the clock back by an
 * hour, and it happens an hour late. So what was a duration is moved along, in memory at once and
 * in the store by the verb rewind, in the background; what was meant as an instant of the wall
 * clock (midnight, a send_at, an operator's "until") stays. A clock that goes forward, or a machine
 * that slept, only makes things due.
 */
#include "base/log.h"
#include "domain/retry.h"
#include "engine/broadcast/feeder.h"
#include "engine/internal.h"

#include <stdlib.h>

enum { SETBACK_MS = 2000, REWIND_LIMIT = 1000, RETRY_MS = 1000 };

static void shift_gate(struct hy_gate *gate, int64_t by_ms)
{
    if (!gate->by_clock)
        gate->paused_until_ms = hy_set_back_ms(gate->paused_until_ms, by_ms);
    gate->probe_at_ms = hy_set_back_ms(gate->probe_at_ms, by_ms);
    gate->window.halved_at_ms = hy_set_back_ms(gate->window.halved_at_ms, by_ms);
}

static void shift_lane(struct hy_lane *lane, int64_t by_ms)
{
    struct hy_keeper *k = &lane->keeper;

    for (int c = 0; c < HY_CHANNELS; c++)
        shift_gate(&lane->gates[c], by_ms);
    lane->allowance_at_ms = hy_set_back_ms(lane->allowance_at_ms, by_ms);
    k->retry_at_ms = hy_set_back_ms(k->retry_at_ms, by_ms);
    k->obtained_at_ms =
        hy_set_back_ms(k->obtained_at_ms, by_ms); /* a token lives for a while, not until */
    k->expires_at_ms = hy_set_back_ms(k->expires_at_ms, by_ms);
}

/* --- in the store ----------------------------------------------------------------------------- */

struct rewind {
    struct hy_mail mail;
    struct hy_rewind verb;
    struct hy_engine *engine;
    size_t total;
};

static void rewind_some(struct rewind *r);

static void rewind_later(struct hy_engine *engine)
{
    engine->rewind_again = true;
    engine->rewind_not_before_ms = engine->now_ms + RETRY_MS;
}

static void rewound(struct hy_engine *engine, struct hy_mail *mail)
{
    struct rewind *r = (struct rewind *)mail;

    if (!r->verb.op.result)
        r->total += r->verb.rewound;
    if (!r->verb.op.result && (r->verb.rewound == REWIND_LIMIT || engine->rewind_again)) {
        rewind_some(r);
        return;
    }
    if (r->verb.op.result) {
        hy_log(HY_LOG_ERROR, "store.rewind", "error=\"%s\"", hy_err_text(r->verb.op.result));
        rewind_later(engine);
    } else {
        hy_log(HY_LOG_INFO, "clock.rewound", "messages=%zu", r->total);
    }
    engine->rewinding = false;
    hy_lane_notice(engine, 0, 0);
    free(r);
}

static void rewind_done(struct hy_op *op, void *arg)
{
    struct rewind *r = arg;

    r->mail.open = rewound;
    hy_engine_post(r->engine, &r->mail);
}

/* Longer than any delay that is rightly ahead: a repetition's, or that of a lost answer. */
static int64_t slack_ms(const struct hy_engine *engine)
{
    int64_t slack = hy_retry_messages.longest_ms * 3 / 2;

    for (size_t i = 0; i < engine->lanes.count; i++) {
        int64_t settle_ms = engine->lanes.items[i]->app->settings.unknown_settle_s * 1000;

        slack = settle_ms > slack ? settle_ms : slack;
    }
    return slack;
}

static void rewind_some(struct rewind *r)
{
    r->engine->rewind_again = false;
    r->verb = (struct hy_rewind){.op.verb = HY_VERB_REWIND,
                                 .now_ms = r->engine->now_ms,
                                 .slack_ms = slack_ms(r->engine),
                                 .limit = REWIND_LIMIT};
    hy_engine_verb(r->engine, &r->verb.op, rewind_done, r);
}

static void start_rewind(struct hy_engine *engine)
{
    struct rewind *r;

    engine->rewind_again = true;
    if (engine->rewinding)
        return;
    r = calloc(1, sizeof *r);
    if (!r) {
        rewind_later(engine);
        return;
    }
    engine->rewinding = true;
    r->engine = engine;
    rewind_some(r);
}

/* --- noticing --------------------------------------------------------------------------------- */

void hy_setback_turn(struct hy_engine *engine)
{
    int64_t wall = engine->config.now_ms();
    int64_t steady = engine->config.steady_ms ? engine->config.steady_ms() : engine->steady_at_ms;
    int64_t by_ms = (engine->wall_at_ms - wall) - (engine->steady_at_ms - steady);
    bool first = engine->wall_at_ms == 0;

    engine->wall_at_ms = wall;
    engine->steady_at_ms = steady;
    if (first || by_ms <= SETBACK_MS) {
        if (engine->rewind_again && !engine->rewinding && !engine->quiet &&
            engine->rewind_not_before_ms <= engine->now_ms)
            start_rewind(engine);
        return;
    }
    hy_log(HY_LOG_WARN, "clock.set_back", "by_s=%lld", (long long)by_ms / 1000);
    for (size_t i = 0; i < engine->lanes.count; i++)
        shift_lane(engine->lanes.items[i], by_ms);
    engine->settle_not_before_ms = hy_set_back_ms(engine->settle_not_before_ms, by_ms);
    engine->clockwork.not_before_ms = hy_set_back_ms(engine->clockwork.not_before_ms, by_ms);
    engine->doubt.not_before_ms = hy_set_back_ms(engine->doubt.not_before_ms, by_ms);
    hy_feeder_set_back(engine, by_ms);
    hy_retention_set_back(engine, by_ms);
    start_rewind(engine);
}
