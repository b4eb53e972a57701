/*
 * refresh.c - one refresh of a token, step by step.
 *
 *   begin (store: compare-and-swap, budget) --> ask the platform --> end (store)
 *     ^                                              |
 *     +-- stable mode: it gave the refused one ------+
 *
 * A refused token that comes again is a failure: nothing is stored but that.
 */
#include "engine/token/refresh.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "domain/retry.h"
#include "engine/app_secrets.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_LEASE_MS = 30000, RETRY_TAKEN_MS = 200 };

/* One refresh: begin, ask, end. */
struct hy_keeper_call {
    struct hy_mail mail;
    struct hy_token_begin begin;
    struct hy_token_end end;
    struct hy_token_reply reply;
    struct hy_arena arena;
    struct hy_engine *engine;
    struct hy_lane *lane;
    int64_t until_ms;      /* steady: then others may ask */
    int64_t not_before_ms; /* of the next try, if this one fails */
};

static void finish(struct hy_keeper_call *call)
{
    struct hy_engine *engine = call->engine;
    struct hy_lane *lane = call->lane;

    lane->keeper.phase = HY_KEEPER_IDLE;
    lane->keeper.tried = true;
    engine->tokens_open--;
    hy_arena_deinit(&call->arena);
    free(call);
    if (!lane->keeper.taken_at_ms && (!lane->keeper.refused || lane->keeper.error[0]))
        hy_keeper_answer_all(engine, lane); /* else another call follows, here or elsewhere */
}

static void failed(struct hy_keeper_call *call, int64_t retry_at_ms)
{
    struct hy_keeper *k = &call->lane->keeper;
    char error[HY_ERRMSG_BYTES];

    k->failures++;
    k->retry_at_ms = retry_at_ms;
    k->taken_at_ms = 0;
    hy_log(HY_LOG_WARN, "token.failed", "app=%s failures=%lld retry_in_s=%lld error=%s",
           call->lane->app->app.id, (long long)k->failures,
           (long long)(retry_at_ms - call->engine->now_ms) / 1000,
           hy_log_safe(error, sizeof error, k->error));
    finish(call);
}

static void adopt(struct hy_keeper_call *call)
{
    struct hy_keeper *k = &call->lane->keeper;
    bool same = strcmp(k->access, call->reply.access_token) == 0;

    k->refused = k->force = same && k->refused; /* it was while this was stored */
    snprintf(k->access, sizeof k->access, "%s", call->reply.access_token);
    k->version = call->end.version + 1;
    k->obtained_at_ms = call->end.obtained_at_ms;
    k->expires_at_ms = call->end.expires_at_ms;
    k->failures = 0;
    k->error[0] = 0;
    k->wanted = false;
    k->retry_at_ms = k->taken_at_ms = 0;
    hy_log(HY_LOG_INFO, "token.refreshed", "app=%s version=%lld same=%d calls_today=%lld",
           call->lane->app->app.id, (long long)k->version, same, (long long)k->calls_today);
}

static void ended(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_keeper_call *call = (struct hy_keeper_call *)mail;
    struct hy_keeper *k = &call->lane->keeper;
    int result = call->end.op.result;
    int64_t hinted, retry_at_ms;

    if (call->end.access.size && result == 0) {
        adopt(call);
        hy_wipe((void *)call->reply.access_token, strlen(call->reply.access_token));
        finish(call);
        return;
    }
    if (call->end.access.size && result < 0)
        snprintf(k->error, sizeof k->error, "the new token could not be stored: %s",
                 hy_err_text(result));
    retry_at_ms = engine->now_ms + hy_retry_delay_ms(&hy_retry_tokens, (int)k->failures + 1,
                                                     (uint64_t)call->lane->app_no);
    hinted = hy_hint_at(call->reply.judgement.hint, engine->zone, engine->now_ms);
    if (retry_at_ms < hinted)
        retry_at_ms = hinted;
    failed(call, call->not_before_ms > retry_at_ms ? call->not_before_ms : retry_at_ms);
}

static void end_done(struct hy_op *op, void *arg)
{
    struct hy_keeper_call *call = arg;

    call->mail.open = ended;
    hy_engine_post(call->engine, &call->mail);
}

/* What the platform said becomes what the store is told. */
static void seal_reply(struct hy_keeper_call *call)
{
    struct hy_engine *engine = call->engine;
    struct hy_keeper *k = &call->lane->keeper;
    const struct hy_judgement *j = &call->reply.judgement;
    uint8_t *sealed;
    char context[48];
    int err;

    if (j->verdict != HY_VERDICT_OK) {
        snprintf(k->error, sizeof k->error, "%s%s%.200s", j->errcode, j->errcode[0] ? " " : "",
                 j->errmsg);
        call->end.error = k->error;
        return;
    }
    hy_token_context(call->lane->app_no, context, sizeof context);
    err = hy_seal_lock(engine->config.seal, context, call->reply.access_token,
                       strlen(call->reply.access_token), &call->arena, &sealed,
                       &call->end.access.size);
    if (err) {
        snprintf(k->error, sizeof k->error, "the new token could not be sealed: %s",
                 hy_err_text(err));
        call->end.access.size = 0;
        call->end.error = k->error;
        return;
    }
    call->end.access.bytes = sealed;
    call->end.obtained_at_ms = engine->config.now_ms();
    call->end.expires_at_ms = call->end.obtained_at_ms + call->reply.expires_in_s * 1000;
}

static void end_without(struct hy_keeper_call *call)
{
    call->end.error = call->lane->keeper.error;
    call->lane->keeper.phase = HY_KEEPER_ENDING;
    hy_engine_verb(call->engine, &call->end.op, end_done, call);
}

static void begin(struct hy_keeper_call *call, const struct hy_audit *audit);

/* The refused token came again. After a plain stable call a forced one helps, at once; otherwise nothing but
 * time may, and each call is one of the day's. */
static void came_again(struct hy_keeper_call *call)
{
    struct hy_keeper *k = &call->lane->keeper;
    bool stable = call->lane->app->settings.token_mode == HY_TOKEN_STABLE;

    hy_wipe((void *)call->reply.access_token, strlen(call->reply.access_token));
    if (stable && !call->begin.forced) {
        k->force = true;
        begin(call, NULL);
        return;
    }
    snprintf(k->error, sizeof k->error, "the platform gave the token again that it refused");
    end_without(call);
}

static void replied(const struct hy_http_response *response, void *arg)
{
    struct hy_keeper_call *call = arg;
    struct hy_lane *lane = call->lane;

    pthread_mutex_lock(&call->engine->turn_lock);
    lane->app->platform->judge_token(lane->app->settings.token_mode, response, &call->arena,
                                     &call->reply);
    if (call->reply.judgement.verdict == HY_VERDICT_OK && lane->keeper.refused &&
        strcmp(call->reply.access_token, lane->keeper.access) == 0) {
        came_again(call);
    } else {
        seal_reply(call);
        lane->keeper.phase = HY_KEEPER_ENDING;
        hy_engine_verb(call->engine, &call->end.op, end_done, call);
    }
    pthread_mutex_unlock(&call->engine->turn_lock);
}

/* A process that was stopped meanwhile would ask a second time. */
static bool may_go(void *arg)
{
    const struct hy_keeper_call *call = arg;

    return hy_cluster_steady_ms(call->engine) < call->until_ms;
}

static int ask(struct hy_keeper_call *call)
{
    struct hy_engine *engine = call->engine;
    const struct hy_app_entry *app = call->lane->app;
    struct hy_token_ask ask = {
        .app_id = app->app.id, .mode = app->settings.token_mode, .force = call->begin.forced};
    struct hy_http_request request = {0};
    char *secret = NULL;
    size_t size = 0;
    int err = hy_app_secret_open(engine, app, &call->arena, &secret, &size);

    if (!err) {
        ask.base_url =
            engine->config.wechat_url ? engine->config.wechat_url : app->platform->base_url;
        ask.secret = secret;
        err = app->platform->build_token(&ask, &call->arena, &request);
    }
    if (engine->cluster.shared) {
        request.may_go = may_go;
        request.may_go_arg = call;
    }
    if (!err)
        engine->config.transport.start(engine->config.transport.self, &request, replied, call);
    hy_wipe(secret, size);
    hy_wipe((char *)request.body, request.body_size);
    hy_wipe((char *)request.url, request.url ? strlen(request.url) : 0);
    return err;
}

/* The right to ask is on disk; a request that cannot be made ends it again. */
static void ask_platform(struct hy_keeper_call *call)
{
    struct hy_keeper *k = &call->lane->keeper;
    int err;

    k->phase = HY_KEEPER_ASKING;
    atomic_fetch_add_explicit(&call->engine->counters.token_calls, 1, memory_order_relaxed);
    err = ask(call);
    if (!err)
        return;
    snprintf(k->error, sizeof k->error, "the token request could not be made: %s",
             hy_err_text(err));
    end_without(call);
}

/* Who still has the right to ask gives it back. */
static void not_granted(struct hy_keeper_call *call, int64_t retry_at_ms)
{
    if (!call->begin.held_until_ms) {
        failed(call, retry_at_ms);
        return;
    }
    call->not_before_ms = retry_at_ms;
    end_without(call);
}

/* Another node asks: its result is waited for, as long as a right to ask lasts. */
static void taken(struct hy_keeper_call *call)
{
    struct hy_engine *engine = call->engine;
    struct hy_lane *lane = call->lane;
    struct hy_keeper *k = &lane->keeper;
    int64_t steady_ms = hy_cluster_steady_ms(engine);

    if (!k->taken_at_ms)
        k->taken_at_ms = steady_ms;
    k->failures = call->begin.token.failures;
    k->retry_at_ms = engine->now_ms + RETRY_TAKEN_MS;
    finish(call);
    if (steady_ms - k->taken_at_ms > ASK_LEASE_MS) {
        snprintf(k->error, sizeof k->error, "another node asks for a token and does not end");
        hy_keeper_answer_all(engine, lane);
    }
}

static void begun(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_keeper_call *call = (struct hy_keeper_call *)mail;
    struct hy_keeper *k = &call->lane->keeper;
    const struct hy_token *stored = &call->begin.token;
    int result = call->begin.op.result;

    if (result >= 0) {
        k->day = stored->day;
        k->calls_today = stored->calls;
    }
    if (result == 0 && k->calls_today * 10 >= call->begin.calls_max * 9)
        hy_log(HY_LOG_WARN, "token.budget", "app=%s calls_today=%lld max=%lld",
               call->lane->app->app.id, (long long)k->calls_today,
               (long long)call->begin.calls_max);
    if (result == 0) {
        k->taken_at_ms = 0;
        ask_platform(call);
    } else if (result == HY_TOKEN_MOVED) {
        hy_keeper_replace(engine, call->lane, stored);
        finish(call);
    } else if (result == HY_TOKEN_TAKEN) {
        taken(call);
    } else if (result == HY_TOKEN_BUDGET) {
        int64_t gap_end = stored->forced_at_ms + call->begin.forced_gap_ms;

        snprintf(k->error, sizeof k->error, "the day's %stoken calls are used up (%lld made)",
                 call->begin.forced ? "forced " : "", (long long)k->calls_today);
        not_granted(call, call->begin.forced && gap_end > engine->now_ms
                              ? gap_end
                              : hy_hint_at(HY_HINT_NEXT_DAY, engine->zone, engine->now_ms));
    } else {
        snprintf(k->error, sizeof k->error, "store: %s", hy_err_text(result));
        not_granted(call, engine->now_ms + 1000);
    }
}

static void begin_done(struct hy_op *op, void *arg)
{
    struct hy_keeper_call *call = arg;

    call->mail.open = begun;
    hy_engine_post(call->engine, &call->mail);
}

/* Whose wish it is: the first one's who asked for a refresh. Queries wait until it has ended. */
static const struct hy_audit *audit_of(const struct hy_keeper *k)
{
    const struct hy_token_query *query = k->waiting;
    const struct hy_audit *audit = NULL;

    for (; query; query = query->next) /* the newest comes first */
        if (query->refresh && query->audit)
            audit = query->audit;
    return audit;
}

/* A second time, for the forced call, it has the right already. */
static void begin(struct hy_keeper_call *call, const struct hy_audit *audit)
{
    struct hy_engine *engine = call->engine;
    struct hy_lane *lane = call->lane;
    const struct hy_auth_plan *plan = &lane->app->platform->auth;
    bool stable = lane->app->settings.token_mode == HY_TOKEN_STABLE;
    int64_t now_ms = engine->config.now_ms();

    call->until_ms = hy_cluster_steady_ms(engine) + ASK_LEASE_MS;
    call->reply = (struct hy_token_reply){0};
    call->begin = (struct hy_token_begin){
        .op = {.verb = HY_VERB_TOKEN_BEGIN, .audit = audit},
        .app_no = lane->app_no,
        .version = call->end.version,
        .now_ms = now_ms,
        .lease_until_ms = now_ms + ASK_LEASE_MS,
        .held_until_ms = call->begin.lease_until_ms,
        .day = hy_day_number(engine->zone, now_ms),
        .forced = stable && lane->keeper.force,
        .calls_max = stable ? plan->stable_calls_max_a_day : plan->calls_max_a_day,
        .forced_max = plan->forced_max_a_day,
        .forced_gap_ms = plan->forced_gap_ms,
        .arena = &call->arena,
    };
    lane->keeper.phase = HY_KEEPER_BEGINNING;
    hy_engine_verb(engine, &call->begin.op, begin_done, call);
}

void hy_refresh_begin(struct hy_engine *engine, struct hy_lane *lane)
{
    struct hy_keeper_call *call = calloc(1, sizeof *call);

    if (!call) {
        lane->keeper.retry_at_ms = engine->now_ms + 1000;
        return;
    }
    hy_arena_init(&call->arena);
    call->engine = engine;
    call->lane = lane;
    call->end = (struct hy_token_end){
        .op.verb = HY_VERB_TOKEN_END, .app_no = lane->app_no, .version = lane->keeper.version};
    engine->tokens_open++;
    begin(call, audit_of(&lane->keeper));
}
