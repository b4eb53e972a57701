/*
 * take.c - what is done before anything of an app leaves here: what its last holder left in `sending` is
 * settled, its pauses are read from the store, and so are the broadcasts, of which some may be held back.
 *
 * What is learned and not stored begins anew: windows and gaps as at a start; the bucket of its rate empty,
 * since its last holder may have used up this second's; a broadcast's pace and what is left of the platform's
 * day are found out again.
 */
#include "base/log.h"
#include "engine/broadcast/feeder.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 1000 };

struct recover {
    struct hy_mail mail;
    struct hy_recover verb;
    struct hy_recover_app rules;
    struct hy_engine *engine;
    int64_t node; /* who took it */
};

/* --- what was left in sending ----------------------------------------------------------------- */

static void raise_ids(struct hy_engine *engine, int64_t last_id)
{
    pthread_mutex_lock(&engine->ids_lock);
    if (engine->ids.last < last_id)
        engine->ids.last = last_id;
    pthread_mutex_unlock(&engine->ids_lock);
}

static void recovered(struct hy_engine *engine, struct hy_lane *lane, const struct hy_recover *verb)
{
    if (verb->recovered)
        hy_log(HY_LOG_WARN, "node.recovered", "app=%s messages=%zu were being sent elsewhere",
               lane->app->app.id, verb->recovered);
    raise_ids(engine, verb->last_message_id);
    hy_expiry_notice(engine,
                     engine->now_ms); /* only its last holder may have known when one expires */
    lane->holding = HY_HOLDING_READING;
    lane->pauses_asked = lane->pauses_read = false;
    lane->feeder_reading = hy_feeder_read_anew(engine);
    hy_news_stale(engine, HY_NEWS_PAUSES);
}

static void ended(struct hy_engine *engine, struct hy_mail *mail)
{
    struct recover *r = (struct recover *)mail;
    struct hy_cluster *c = &engine->cluster;
    struct hy_lane *lane = hy_lane_find(engine, r->verb.app_no);
    int err = r->verb.op.result;

    c->recovers_open--;
    hy_cluster_verb_ended(engine, err);
    if (lane->holding != HY_HOLDING_RECOVERING || r->node != c->node) {
        if (lane->holding == HY_HOLDING_RECOVERING)
            lane->holding = HY_HOLDING_TAKING; /* by the node that this is now */
    } else if (err) {
        hy_log(HY_LOG_ERROR, "store.recover", "app=%s error=\"%s\"", lane->app->app.id,
               hy_err_text(err));
        lane->holding = HY_HOLDING_TAKING;
        c->take_not_before_ms = engine->now_ms + RETRY_MS;
    } else {
        recovered(engine, lane, &r->verb);
    }
    free(r);
}

static void done(struct hy_op *op, void *arg)
{
    struct recover *r = arg;

    r->mail.open = ended;
    hy_engine_post(r->engine, &r->mail);
}

void hy_take_recover(struct hy_engine *engine, struct hy_lane *lane)
{
    struct recover *r = calloc(1, sizeof *r);

    if (!r) {
        engine->cluster.take_not_before_ms = engine->now_ms + RETRY_MS;
        return;
    }
    r->engine = engine;
    r->node = engine->cluster.node;
    r->rules = hy_app_recover_rules(lane->app);
    r->verb = (struct hy_recover){.op.verb = HY_VERB_RECOVER,
                                  .now_ms = engine->now_ms,
                                  .app_no = lane->app_no,
                                  .apps = &r->rules,
                                  .app_count = 1};
    lane->holding = HY_HOLDING_RECOVERING;
    engine->cluster.recovers_open++;
    hy_engine_verb(engine, &r->verb.op, done, r);
}

/* --- pauses ----------------------------------------------------------------------------------- */

static const struct hy_pause *pause_of(const struct hy_pauses *pauses, int64_t app_no,
                                       enum hy_channel channel)
{
    for (size_t i = 0; i < pauses->count; i++) {
        if (pauses->pauses[i].app_no == app_no && pauses->pauses[i].channel == channel)
            return &pauses->pauses[i];
    }
    return NULL;
}

/* On the holder the store's word counts, too: people pause and resume on any node, and those pauses that it
 * found out itself are written down. What is not, a dead peer, ends by a resume only. */
static void match_gates(struct hy_engine *engine, struct hy_lane *lane,
                        const struct hy_pauses *pauses, bool resumed)
{
    for (int i = 0; i < HY_CHANNELS; i++) {
        enum hy_channel channel = (enum hy_channel)i;
        const struct hy_pause *row = pause_of(pauses, lane->app_no, channel);

        if (row)
            hy_gate_take(engine, lane, channel, row);
        else if (lane->gates[i].stored || (resumed && lane->gates[i].hold == HY_GATE_DEAD))
            hy_gate_resume(lane, channel);
    }
    if (resumed)
        lane->keeper.retry_at_ms = 0;
}

static void copy_gates(struct hy_engine *engine, struct hy_lane *lane,
                       const struct hy_pauses *pauses)
{
    for (int i = 0; i < HY_CHANNELS; i++)
        hy_gate_reset(engine, &lane->gates[i], pause_of(pauses, lane->app_no, (enum hy_channel)i));
}

void hy_take_pauses(struct hy_engine *engine, const struct hy_pauses *pauses)
{
    struct hy_resumed resumed;

    hy_news_take_resumed(engine, &resumed);
    for (size_t i = 0; i < engine->lanes.count; i++) {
        struct hy_lane *lane = engine->lanes.items[i];
        bool asked = lane->holding == HY_HOLDING_READING && lane->pauses_asked;

        if (lane->holding == HY_HOLDING_YES || lane->holding == HY_HOLDING_LEAVING)
            match_gates(engine, lane, pauses, hy_news_was_resumed(&resumed, lane->app_no));
        else if (asked || lane->in_flight == 0)
            copy_gates(engine, lane, pauses); /* what others are shown, at least */
        lane->pauses_read = lane->pauses_read || asked;
    }
}

/* --- open ------------------------------------------------------------------------------------- */

void hy_take_open(struct hy_engine *engine, struct hy_lane *lane)
{
    if (!lane->pauses_read || !hy_feeder_has_read(engine, lane->feeder_reading))
        return;
    lane->holding = HY_HOLDING_YES;
    lane->alarm = (struct hy_alarm){0};
    lane->allowance = lane->bulk_credit = 0;
    lane->allowance_at_ms = engine->now_ms;
    hy_lane_ask(lane);
    hy_feeder_taken(engine, lane->app_no);
    hy_log(HY_LOG_INFO, "node.took", "app=%s", lane->app->app.id);
}
