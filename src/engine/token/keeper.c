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
 * that was refused, the next call is a forced one (wechat.md 1.2 and 1.4).
 */
#include "base/log.h"
#include "crypto/secret.h"
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
        if (k->waiting && k->retry_at_ms > engine->now_ms)
            hy_keeper_answer_all(engine, lane); /* it failed a moment ago and says why */
        return at;
    }
    hy_refresh_begin(engine, lane);
    return HY_NEVER;
}
