/*
 * attempt.c - one request for one message, and the settling of what came of it.
 *
 *   claimed -> build -> under way -> judged -> in the settle queue -> settled
 *                |                     ^
 *                +-- cannot be built --+
 *
 * Every exit goes through the settle queue. One settle verb is under way at a time; what is judged
 * meanwhile waits for the next, so settles gather by themselves under load.
 */
#include "base/log.h"
#include "engine/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void release_batch(struct hy_batch *batch)
{
    if (--batch->open == 0) {
        hy_arena_deinit(&batch->arena);
        free(batch);
    }
}

/* For how long what was sent counts: as long as the longest window of a cap. */
static int64_t heard_for_ms(const struct hy_attempt_run *run)
{
    const struct hy_app_settings *s = &run->lane->app->settings;
    enum hy_message_state state = run->outcome.settlement.state;
    int64_t longest_s = 0;

    if (state != HY_MESSAGE_SENT && state != HY_MESSAGE_UNKNOWN)
        return 0;
    for (int64_t i = 0; i < s->cap_count; i++) {
        if (s->caps[i].window_s > longest_s)
            longest_s = s->caps[i].window_s;
    }
    return longest_s * 1000;
}

struct hy_settle_rules hy_app_settle_rules(const struct hy_app_entry *app)
{
    return (struct hy_settle_rules){.suspect_retry_ms = app->settings.suspect_retry_s * 1000,
                                    .unknown_settle_ms = app->settings.unknown_settle_s * 1000};
}

struct hy_recover_app hy_app_recover_rules(const struct hy_app_entry *app)
{
    return (struct hy_recover_app){.app_no = app->app.no,
                                   .rules = hy_app_settle_rules(app),
                                   .expect_event = hy_app_hears_events(app)};
}

bool hy_app_hears_events(const struct hy_app_entry *app)
{
    return app->has_callback;
}

/* Sent as a subscription: by a counter, or without any grant. */
static bool by_subscription(const struct hy_claimed *claimed)
{
    return claimed->grant.id == 0 || !hy_grant_is_receipt(claimed->grant.kind);
}

/* A second refusal of the same grant is what the first one foretold: it raises no alarm. But it keeps
 * up one that is on, or second tries would make a burst look calm while it lasts. */
static void tell_alarm(struct hy_attempt_run *run, int64_t now_ms)
{
    const struct hy_judgement *j = &run->outcome.attempt.judgement;
    const struct hy_claimed *c = run->claimed;
    bool first = c->grant.refusals == 0 || run->lane->alarm.since_ms != 0;
    bool refused = j->grant_refused && c->grant.id != 0 && first;

    if (!j->answered || !by_subscription(c))
        return;
    if (hy_alarm_note(&run->lane->alarm, refused, now_ms))
        hy_log(HY_LOG_WARN, "app.refusal_burst",
               "app=%s refusals=%lld: the platform refuses permissions that users gave; none is "
               "given up meanwhile",
               run->lane->app->app.id, (long long)hy_alarm_refusals(&run->lane->alarm, now_ms));
}

int64_t hy_lane_alarm_turn(struct hy_engine *engine, struct hy_lane *lane)
{
    if (hy_alarm_calm(&lane->alarm, engine->now_ms))
        hy_log(HY_LOG_INFO, "app.refusal_calm", "app=%s", lane->app->app.id);
    return hy_alarm_next_ms(&lane->alarm, engine->now_ms);
}

static void await_settling(struct hy_engine *engine, struct hy_attempt_run *run)
{
    run->next = NULL;
    *engine->unsettled_last = run;
    engine->unsettled_last = &run->next;
}

static void judged(struct hy_attempt_run *run, int64_t took_ms)
{
    struct hy_engine *engine = run->engine;
    struct hy_claimed *c = run->claimed;
    struct hy_attempt *attempt = &run->outcome.attempt;
    struct hy_settle_rules rules = hy_app_settle_rules(run->lane->app);
    int64_t now = engine->config.now_ms();

    c->message.attempt_count++;
    attempt->number = c->message.attempt_count;
    attempt->at_ms = run->started_ms;
    attempt->took_ms = took_ms;
    attempt->grant_id = c->grant.id;
    run->outcome.message_id = c->message.id;
    run->outcome.expect_event = by_subscription(c) && hy_app_hears_events(run->lane->app);
    tell_alarm(run, now);
    rules.burst = run->lane->alarm.since_ms != 0;
    hy_settle(&c->message, c->grant.id ? &c->grant : NULL, &attempt->judgement, &rules, now,
              hy_hint_at(attempt->judgement.hint, engine->zone, now), &run->outcome.settlement);
    run->outcome.heard_for_ms = heard_for_ms(run);
    run->outcome.gap_ms = run->lane->gates[run->sent_by].gap.gap_ms;
    hy_feedback_verdict(run);
    await_settling(engine, run);
}

/* What is claimed may leave only while this node is the one that claimed it: cluster/cluster.h. */
static bool may_go(void *arg)
{
    const struct hy_attempt_run *run = arg;

    return hy_cluster_may_send(run->engine, run->batch->node);
}

static void withheld(struct hy_attempt_run *run)
{
    struct hy_judgement *j = &run->outcome.attempt.judgement;

    *j = (struct hy_judgement){.verdict = HY_VERDICT_TRANSIENT, .not_sent = true};
    snprintf(j->errmsg, sizeof j->errmsg, "nothing was sent: this node's lease was over");
    judged(run, 0);
}

static void judge_answer(struct hy_attempt_run *run, const struct hy_http_response *response)
{
    run->lane->app->platform->judge_send(run->api, response, &run->outcome.attempt.judgement);
    hy_feedback_answer(run, response);
    judged(run, response->took_ms);
}

/* That it was withheld says nothing of the other side. */
static void answered(const struct hy_http_response *response, void *arg)
{
    struct hy_attempt_run *run = arg;

    pthread_mutex_lock(&run->engine->turn_lock);
    if (response->outcome == HY_HTTP_NOT_SENT && !may_go(run))
        withheld(run);
    else
        judge_answer(run, response);
    pthread_mutex_unlock(&run->engine->turn_lock);
}

/* A request that cannot be made never left. */
static void not_built(struct hy_attempt_run *run, int err)
{
    struct hy_judgement *j = &run->outcome.attempt.judgement;

    *j = (struct hy_judgement){.verdict = HY_VERDICT_TRANSIENT, .not_sent = true};
    if (err == HY_E_INVALID) {
        j->verdict = HY_VERDICT_BAD_PAYLOAD;
        snprintf(j->errmsg, sizeof j->errmsg, "the request cannot be built from this message");
    } else if (err == HY_E_NOT_FOUND) {
        snprintf(j->errmsg, sizeof j->errmsg, "the app was deleted");
    } else {
        snprintf(j->errmsg, sizeof j->errmsg, "%s", hy_err_text(err));
    }
    judged(run, 0);
}

static void start(struct hy_attempt_run *run)
{
    struct hy_engine *engine = run->engine;
    const struct hy_platform *platform = run->lane->app->platform;
    const char *base_url = engine->config.wechat_url;
    struct hy_http_request request = {0};
    struct hy_send_ask ask = {
        .base_url = base_url ? base_url : platform->base_url,
        .access_token = run->lane->keeper.access,
        .message = &run->claimed->message,
        .grant = &run->claimed->grant,
    };
    int err;

    run->token_version = run->lane->keeper.version;
    for (int c = 0; c < HY_CHANNELS; c++)
        run->pauses[c] = run->lane->gates[c].pauses;
    run->started_ms = engine->now_ms;
    if (!may_go(run)) {
        withheld(run);
        return;
    }
    hy_arena_reset(&engine->scratch);
    if (run->lane->app->app.deleted_at_ms)
        err = HY_E_NOT_FOUND; /* during the claim */
    else
        err = platform->build_send(&ask, &engine->scratch, &request, &run->api);
    if (!err)
        run->sent_by = platform->channel_of(run->api);
    if (engine->cluster.shared) {
        request.may_go = may_go;
        request.may_go_arg = run;
    }
    if (err)
        not_built(run, err);
    else
        engine->config.transport.start(engine->config.transport.self, &request, answered, run);
}

void hy_batch_start(struct hy_engine *engine, struct hy_batch *batch)
{
    size_t count = batch->claim.op.result ? 0 : batch->claim.count;

    batch->open = 1; /* held by this function */
    for (size_t i = 0; i < count; i++) {
        struct hy_claimed *claimed = &batch->claim.claimed[i];
        struct hy_attempt_run *run = &batch->runs[i];

        run->engine = engine;
        run->batch = batch;
        run->claimed = claimed;
        run->lane = hy_lane_find(engine, claimed->message.app_no);
        run->queued_in = run->sent_by = hy_queue_channel(hy_message_queue(&claimed->message));
        run->lane->in_flight++;
        run->lane->gates[run->queued_in].in_flight++;
        engine->attempts_open++;
        batch->open++;
        start(run);
    }
    release_batch(batch);
}

/* --- settling --------------------------------------------------------------------------------- */

/* An event that came before the answer was may have moved it on. */
static enum hy_message_state state_of(const struct hy_settle_item *outcome)
{
    return outcome->result ? outcome->settlement.state : outcome->state;
}

static void log_outcome(const struct hy_attempt_run *run)
{
    const struct hy_judgement *j = &run->outcome.attempt.judgement;
    char id[HY_MESSAGE_ID_TEXT_BYTES], errmsg[HY_ERRMSG_BYTES];

    hy_log(HY_LOG_INFO, "message.attempt",
           "id=%s app=%s n=%d verdict=%s errcode=%s state=%s ms=%lld rid=%s errmsg=%s",
           hy_message_id_print(run->outcome.message_id, id), run->lane->app->app.id,
           (int)run->outcome.attempt.number, hy_verdict_names[j->verdict],
           j->errcode[0] ? j->errcode : "-", hy_message_state_names[state_of(&run->outcome)],
           (long long)run->outcome.attempt.took_ms, j->rid[0] ? j->rid : "-",
           hy_log_safe(errmsg, sizeof errmsg, j->errmsg));
}

/* A message that goes on at once, or the next one of its user, may be due now. */
static void finish_run(struct hy_engine *engine, struct hy_attempt_run *run, bool freed)
{
    struct hy_lane *lane = run->lane;
    int64_t due = run->outcome.settlement.due_at_ms;
    int64_t *known = hy_lane_due(lane, hy_message_queue(&run->claimed->message));

    log_outcome(run);
    atomic_fetch_add_explicit(&engine->counters.attempts[run->outcome.attempt.judgement.verdict], 1,
                              memory_order_relaxed);
    lane->in_flight--;
    lane->gates[run->queued_in].in_flight--;
    engine->attempts_open--;
    if (due && due < *known)
        *known = due;
    if (freed)
        hy_lane_ask(lane); /* perhaps in this lane, in any queue */
    if (lane->app->app.deleted_at_ms && due)
        hy_app_clean_up(engine, lane->app_no);
    release_batch(run->batch);
}

static void settled(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_settle_run *s = (struct hy_settle_run *)mail;

    engine->settling = false;
    hy_cluster_verb_ended(engine, s->settle.op.result);
    if (s->settle.op.result)
        hy_log(HY_LOG_ERROR, "store.settle", "error=\"%s\" messages=%zu",
               hy_err_text(s->settle.op.result), s->settle.count);
    for (size_t i = 0; i < s->settle.count; i++) {
        struct hy_attempt_run *run = s->attempts[i];

        run->outcome = s->settle.items[i];
        if (s->settle.op.result)
            await_settling(engine, run); /* settling is safe to repeat: until it is on disk */
        else
            finish_run(engine, run, s->settle.freed > 0 || run->outcome.result);
    }
    engine->settle_not_before_ms = s->settle.op.result ? engine->now_ms + 1000 : 0;
    free(s->settle.items);
    free(s->attempts);
    free(s);
}

static void settle_done(struct hy_op *op, void *arg)
{
    struct hy_settle_run *s = arg;

    s->mail.open = settled;
    hy_engine_post(s->engine, &s->mail);
}

static struct hy_settle_run *gather(struct hy_engine *engine)
{
    struct hy_settle_run *s = calloc(1, sizeof *s);
    size_t count = 0;

    for (struct hy_attempt_run *run = engine->unsettled; run; run = run->next)
        count++;
    if (!s)
        return NULL;
    s->settle.items = calloc(count, sizeof *s->settle.items);
    s->attempts = calloc(count, sizeof(struct hy_attempt_run *));
    if (!s->settle.items || !s->attempts) {
        free(s->settle.items);
        free(s->attempts);
        free(s);
        return NULL;
    }
    for (struct hy_attempt_run *run = engine->unsettled; run; run = run->next) {
        s->settle.items[s->settle.count] = run->outcome;
        s->attempts[s->settle.count++] = run;
    }
    engine->unsettled = NULL;
    engine->unsettled_last = &engine->unsettled;
    return s;
}

int64_t hy_attempts_settle(struct hy_engine *engine)
{
    struct hy_settle_run *s;

    if (engine->settling || !engine->unsettled)
        return HY_NEVER;
    if (engine->settle_not_before_ms > engine->now_ms)
        return engine->settle_not_before_ms;
    s = gather(engine);
    if (!s)
        return engine->now_ms + 100;
    s->engine = engine;
    s->settle.op.verb = HY_VERB_SETTLE;
    s->settle.now_ms = engine->now_ms;
    engine->settling = true;
    hy_engine_verb(engine, &s->settle.op, settle_done, s);
    return HY_NEVER;
}
