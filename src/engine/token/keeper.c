/*
 * keeper.c - one token an app, fetched ahead of time, by one caller at a time.
 *
 *   idle --begin (store: compare-and-swap, budget)--> asking --reply--> ending (store) --> idle
 *
 * The old token stays in use until the new one is on disk; a failed refresh keeps it. A refusal
 * (40001 and its like) names the version of the token that was refused: when another one came
 * meanwhile there is nothing to do but to use that.
 *
 * In stable mode a plain call returns the same token while it lives; when that is the very token
 * that was refused, a forced one follows under the same right to ask (wechat.md 1.2 and 1.4): what was
 * refused is never stored as a new token, so other nodes don't hear of it.
 *
 * While another node asks (HY_TOKEN_TAKEN), those who wait here wait for what comes of that: the news of it,
 * or a look every 0.2 s, for no longer than a right to ask lasts.
 */
#include "base/log.h"
#include "crypto/secret.h"
#include "domain/retry.h"
#include "engine/internal.h"
#include "engine/token/refresh.h"

#include <stdio.h>
#include <string.h>

/* Classic tokens are renewed this long before they end; the hourly job does it earlier. Stable ones
 * return a new token only in their last 5 minutes. */
static const int64_t classic_ahead_ms = 600000;
static const int64_t stable_ahead_ms = 280000;

void hy_token_context(int64_t app_no, char *into, size_t size)
{
    snprintf(into, size, "app:%lld:token", (long long)app_no);
}

/* --- what is known ---------------------------------------------------------------------------- */

void hy_keeper_load(struct hy_engine *engine, struct hy_lane *lane, const struct hy_token *token)
{
    struct hy_keeper *k = &lane->keeper;
    struct hy_arena arena;
    char context[48], *plain;
    size_t size;

    k->version = token->version;
    k->obtained_at_ms = token->obtained_at_ms;
    k->expires_at_ms = token->expires_at_ms;
    k->day = token->day;
    k->calls_today = token->calls;
    k->failures = token->failures;
    if (!token->access.size)
        return;
    hy_arena_init(&arena);
    hy_token_context(lane->app_no, context, sizeof context);
    if (hy_seal_unlock(engine->config.seal, context, token->access.bytes, token->access.size,
                       &arena, &plain, &size) == 0 &&
        size < sizeof k->access) {
        memcpy(k->access, plain, size + 1);
        k->tried = true;
        hy_wipe(plain, size);
    }
    hy_arena_deinit(&arena);
}

void hy_keeper_replace(struct hy_engine *engine, struct hy_lane *lane, const struct hy_token *token)
{
    struct hy_keeper *k = &lane->keeper;
    char before[HY_ACCESS_TOKEN_BYTES];

    memcpy(before, k->access, sizeof before);
    hy_keeper_load(engine, lane, token);
    k->refused = k->force = k->refused && hy_secret_text_equal(before, k->access);
    k->wanted = false;
    k->error[0] = 0;
    k->retry_at_ms = k->taken_at_ms = 0;
    hy_wipe(before, sizeof before);
}

/* Another node's call failed: its next try is everybody's. */
static void hear_failure(struct hy_engine *engine, struct hy_lane *lane,
                         const struct hy_token *token)
{
    struct hy_keeper *k = &lane->keeper;

    k->failures = token->failures;
    k->retry_at_ms = engine->now_ms +
                     hy_retry_delay_ms(&hy_retry_tokens, (int)k->failures, (uint64_t)lane->app_no);
    k->taken_at_ms = 0;
    snprintf(k->error, sizeof k->error, "%s", token->last_error ? token->last_error : "");
}

/* While this node's own call is under way that tells the same, or more. */
void hy_keeper_hear(struct hy_engine *engine, struct hy_lane *lane, const struct hy_token *token)
{
    struct hy_keeper *k = &lane->keeper;

    if (k->phase != HY_KEEPER_IDLE || lane->app->app.deleted_at_ms)
        return;
    if (token->version > k->version)
        hy_keeper_replace(engine, lane, token);
    else if (token->version == k->version && token->failures > k->failures)
        hear_failure(engine, lane, token);
    else
        return;
    if (!k->refused || k->error[0])
        hy_keeper_answer_all(engine, lane);
}

void hy_keeper_deinit(struct hy_engine *engine, struct hy_lane *lane)
{
    hy_wipe(lane->keeper.access, sizeof lane->keeper.access);
}

bool hy_keeper_alive(const struct hy_engine *engine, const struct hy_keeper *k)
{
    return k->access[0] && k->expires_at_ms > engine->now_ms;
}

bool hy_keeper_ready(const struct hy_engine *engine, const struct hy_lane *lane)
{
    return hy_keeper_alive(engine, &lane->keeper) && !lane->keeper.refused;
}

void hy_keeper_refused(struct hy_engine *engine, struct hy_lane *lane, int64_t version)
{
    struct hy_keeper *k = &lane->keeper;

    if (version == k->version && !k->refused) {
        k->refused = true;
        hy_log(HY_LOG_WARN, "token.refused", "app=%s version=%lld", lane->app->app.id,
               (long long)version);
    }
}

void hy_keeper_refresh(struct hy_engine *engine, struct hy_lane *lane)
{
    lane->keeper.wanted = true;
}

/* --- when ------------------------------------------------------------------------------------- */

/* The instant at which the keeper wants a new token. */
static int64_t wanted_at(const struct hy_engine *engine, const struct hy_lane *lane)
{
    const struct hy_keeper *k = &lane->keeper;
    bool stable = lane->app->settings.token_mode == HY_TOKEN_STABLE;
    int64_t ahead = stable ? stable_ahead_ms : classic_ahead_ms, half, at;

    if (!k->access[0] || k->refused || k->wanted)
        return engine->now_ms;
    half = (k->expires_at_ms - k->obtained_at_ms) / 2;
    at = k->expires_at_ms - (ahead < half ? ahead : half);
    return at;
}

int64_t hy_keeper_turn(struct hy_engine *engine, struct hy_lane *lane)
{
    struct hy_keeper *k = &lane->keeper;
    int64_t at;

    if (k->phase != HY_KEEPER_IDLE)
        return HY_NEVER;
    if (lane->app->app.deleted_at_ms || engine->quiet ||
        lane->app->platform->auth.kind != HY_AUTH_TOKEN) {
        hy_keeper_answer_all(engine, lane); /* there will be no other token */
        return HY_NEVER;
    }
    at = wanted_at(engine, lane);
    if (at < k->retry_at_ms)
        at = k->retry_at_ms;
    if (at > engine->now_ms) {
        if (k->waiting && k->retry_at_ms > engine->now_ms && !k->taken_at_ms)
            hy_keeper_answer_all(engine, lane); /* it failed a moment ago and says why */
        return at;
    }
    hy_refresh_begin(engine, lane);
    return HY_NEVER;
}
