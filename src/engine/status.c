/*
 * status.c - what an app is doing right now.
 */
#include "engine/internal.h"

#include <string.h>

static void fill_channel(const struct hy_lane *lane, enum hy_channel channel, int64_t now_ms,
                         struct hy_arena *arena, struct hy_channel_status *ret_status)
{
    const struct hy_gate *gate = &lane->gates[channel];
    bool paused = gate->paused_until_ms > now_ms;

    *ret_status = (struct hy_channel_status){
        .in_flight = gate->in_flight,
        .window = hy_window_size(&gate->window, lane->app->settings.max_in_flight),
        .paused_until_ms = paused ? gate->paused_until_ms : 0,
        .pause_reason = paused ? hy_arena_strdup(arena, gate->pause_reason) : NULL,
        .user_gap_ms = gate->gap.gap_ms,
    };
}

static void fill_token(const struct hy_lane *lane, struct hy_arena *arena,
                       struct hy_app_status *status)
{
    const struct hy_keeper *k = &lane->keeper;
    const struct hy_auth_plan *plan = &lane->app->platform->auth;
    bool stable = lane->app->settings.token_mode == HY_TOKEN_STABLE;

    status->token_obtained_at_ms = k->access[0] ? k->obtained_at_ms : 0;
    status->token_expires_at_ms = k->access[0] ? k->expires_at_ms : 0;
    status->token_failures = k->failures;
    status->token_error = k->error[0] ? hy_arena_strdup(arena, k->error) : NULL;
    status->token_calls_today = k->calls_today;
    status->token_calls_max = stable ? plan->stable_calls_max_a_day : plan->calls_max_a_day;
}

static void fill(struct hy_engine *engine, struct hy_lane *lane, struct hy_arena *arena,
                 struct hy_app_status *status)
{
    int64_t now = engine->config.now_ms();

    status->held = hy_lane_is_ours(engine, lane);
    status->in_flight = lane->in_flight;
    for (int i = 0; i < HY_CHANNELS; i++) {
        struct hy_channel_status *channel = &status->channels[i];

        fill_channel(lane, (enum hy_channel)i, now, arena, channel);
        if (channel->paused_until_ms > status->paused_until_ms) {
            status->paused_until_ms = channel->paused_until_ms;
            status->pause_reason = channel->pause_reason;
        }
    }
    status->quiet_until_ms = hy_lane_quiet_until(lane, now);
    status->refusal_burst_at_ms = lane->alarm.since_ms;
    status->refusals = hy_alarm_refusals(&lane->alarm, now);
    fill_token(lane, arena, status);
}

void hy_engine_app_status(struct hy_engine *engine, int64_t app_no, struct hy_arena *arena,
                          struct hy_app_status *ret_status)
{
    struct hy_lane *lane;

    *ret_status = (struct hy_app_status){0};
    pthread_mutex_lock(&engine->turn_lock);
    lane = hy_lane_find(engine, app_no);
    if (lane)
        fill(engine, lane, arena, ret_status);
    pthread_mutex_unlock(&engine->turn_lock);
}
