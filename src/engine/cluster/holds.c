/*
 * holds.c - which apps and endpoints are this node's, and the moves of cluster.h.
 */
#include "base/log.h"
#include "engine/broadcast/feeder.h"
#include "engine/cluster/share.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

/* --- what the store said ---------------------------------------------------------------------- */

static bool is_listed(const struct hy_cluster *c, enum hy_hold_kind kind, int64_t id)
{
    size_t low = 0, high = c->hold_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct hy_hold *h = &c->holds[middle];

        if (h->kind == kind && h->id == id)
            return true;
        if (h->kind < kind || (h->kind == kind && h->id < id))
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool is_open(enum hy_holding holding)
{
    return holding == HY_HOLDING_YES || holding == HY_HOLDING_LEAVING;
}

/* --- more than its share ---------------------------------------------------------------------- */

static void mark_lanes(struct hy_engine *engine, size_t surplus, struct hy_share *shares)
{
    size_t count = 0;

    for (size_t i = 0; i < engine->lanes.count; i++) {
        const struct hy_lane *lane = engine->lanes.items[i];

        if (is_open(lane->holding))
            shares[count++] = (struct hy_share){.id = lane->app_no,
                                                .under_way = lane->in_flight,
                                                .leaving = lane->holding == HY_HOLDING_LEAVING};
    }
    hy_share_choose(shares, count, surplus);
    for (size_t i = 0; i < count; i++)
        hy_lane_find(engine, shares[i].id)->holding =
            shares[i].leaving ? HY_HOLDING_LEAVING : HY_HOLDING_YES;
}

static void mark_endpoints(struct hy_engine *engine, size_t surplus, struct hy_share *shares)
{
    struct hy_teller *t = &engine->teller;
    size_t count = 0;

    for (size_t i = 0; i < t->count; i++) {
        const struct hy_endpoint *e = t->endpoints[i];

        if (is_open(e->holding))
            shares[count++] = (struct hy_share){.id = e->webhook.id,
                                                .under_way = e->in_flight,
                                                .leaving = e->holding == HY_HOLDING_LEAVING};
    }
    hy_share_choose(shares, count, surplus);
    for (size_t i = 0; i < count; i++)
        hy_endpoint_find(engine, shares[i].id)->holding =
            shares[i].leaving ? HY_HOLDING_LEAVING : HY_HOLDING_YES;
}

/* Out of memory: the next beat tells it again. */
static void mark_surplus(struct hy_engine *engine, const struct hy_node_beat *beat)
{
    size_t most =
        engine->lanes.count > engine->teller.count ? engine->lanes.count : engine->teller.count;
    struct hy_share *shares = calloc(most + 1, sizeof *shares);

    if (!shares)
        return;
    mark_lanes(engine, beat->surplus[HY_HOLD_APP], shares);
    mark_endpoints(engine, beat->surplus[HY_HOLD_WEBHOOK], shares);
    free(shares);
}

int hy_holds_told(struct hy_engine *engine, const struct hy_node_beat *beat)
{
    struct hy_cluster *c = &engine->cluster;
    struct hy_hold *holds = calloc(beat->hold_count + 1, sizeof *holds);

    if (!holds)
        return HY_E_NOMEM;
    if (beat->hold_count > 0)
        memcpy(holds, beat->holds, beat->hold_count * sizeof *holds);
    free(c->holds);
    c->holds = holds;
    c->hold_count = beat->hold_count;
    c->stirred = true;
    mark_surplus(engine, beat);
    return 0;
}

/* --- losing and finding ----------------------------------------------------------------------- */

static void lose_lane(struct hy_lane *lane)
{
    lane->holding = HY_HOLDING_NO;
    lane->alarm = (struct hy_alarm){0}; /* whoever has it now keeps one */
}

void hy_holds_forget(struct hy_engine *engine)
{
    for (size_t i = 0; i < engine->lanes.count; i++)
        lose_lane(engine->lanes.items[i]);
    for (size_t i = 0; i < engine->teller.count; i++)
        engine->teller.endpoints[i]->holding = HY_HOLDING_NO;
    engine->cluster.hold_count = 0;
    engine->cluster.stirred = true;
    hy_doubt_forget(engine);
}

static void match_lane(struct hy_engine *engine, struct hy_lane *lane)
{
    bool ours =
        is_listed(&engine->cluster, HY_HOLD_APP, lane->app_no) && !lane->app->app.deleted_at_ms;

    if (!ours && lane->holding != HY_HOLDING_NO) {
        hy_log(HY_LOG_INFO, "node.gave", "app=%s", lane->app->app.id);
        lose_lane(lane);
    } else if (ours && lane->holding == HY_HOLDING_NO) {
        lane->holding = HY_HOLDING_TAKING;
    }
}

/* How it did is the store's to say: what this node knew of it may be old. */
static void match_endpoint(struct hy_engine *engine, struct hy_endpoint *endpoint)
{
    bool ours = is_listed(&engine->cluster, HY_HOLD_WEBHOOK, endpoint->webhook.id);

    if (!ours) {
        endpoint->holding = HY_HOLDING_NO;
    } else if (endpoint->holding == HY_HOLDING_NO) {
        endpoint->holding = HY_HOLDING_YES;
        endpoint->next_due_ms = 0;
        hy_teller_stale(engine);
    }
}

static void match_all(struct hy_engine *engine)
{
    engine->cluster.stirred = false;
    for (size_t i = 0; i < engine->lanes.count; i++)
        match_lane(engine, engine->lanes.items[i]);
    for (size_t i = 0; i < engine->teller.count; i++)
        match_endpoint(engine, engine->teller.endpoints[i]);
}

/* --- giving back ------------------------------------------------------------------------------ */

/* Nothing of this process is under way for it. */
static bool is_at_rest(struct hy_engine *engine, const struct hy_lane *lane)
{
    return lane->in_flight == 0 && !engine->claiming && hy_feeder_rests(engine, lane->app_no);
}

static bool endpoint_at_rest(const struct hy_engine *engine, const struct hy_endpoint *endpoint)
{
    return endpoint->in_flight == 0 && !engine->teller.claiming && !endpoint->unsaved &&
           !endpoint->saving;
}

void hy_holds_give_back(struct hy_engine *engine, struct hy_node_beat *beat)
{
    size_t most = engine->lanes.count + engine->teller.count, count = 0;
    struct hy_hold *back;

    if (engine->cluster.on_the_way == 0)
        return;
    back = hy_arena_array(beat->arena, most + 1, sizeof *back);
    if (!back)
        return;
    for (size_t i = 0; i < engine->lanes.count; i++) {
        const struct hy_lane *lane = engine->lanes.items[i];

        if (lane->holding == HY_HOLDING_LEAVING && is_at_rest(engine, lane))
            back[count++] = (struct hy_hold){.kind = HY_HOLD_APP, .id = lane->app_no};
    }
    for (size_t i = 0; i < engine->teller.count; i++) {
        const struct hy_endpoint *e = engine->teller.endpoints[i];

        if (e->holding == HY_HOLDING_LEAVING && endpoint_at_rest(engine, e))
            back[count++] = (struct hy_hold){.kind = HY_HOLD_WEBHOOK, .id = e->webhook.id};
    }
    beat->give_back = back;
    beat->give_back_count = count;
}

/* --- a turn ----------------------------------------------------------------------------------- */

/* One that leaves and can be given back is worth a beat. */
static void move_lane(struct hy_engine *engine, struct hy_lane *lane)
{
    bool rests;

    if (lane->holding == HY_HOLDING_NO || lane->holding == HY_HOLDING_YES)
        return;
    engine->cluster.on_the_way++;
    rests = is_at_rest(engine, lane);
    if (lane->holding == HY_HOLDING_TAKING && rests &&
        engine->cluster.take_not_before_ms <= engine->now_ms)
        hy_take_recover(engine, lane);
    else if (lane->holding == HY_HOLDING_READING)
        hy_take_open(engine, lane);
    else if (lane->holding == HY_HOLDING_LEAVING && rests)
        hy_cluster_hurry(engine);
}

int64_t hy_holds_turn(struct hy_engine *engine)
{
    struct hy_cluster *c = &engine->cluster;
    bool stirred = c->stirred;

    if (stirred)
        match_all(engine);
    if (!stirred && c->on_the_way == 0)
        return HY_NEVER;
    c->on_the_way = 0;
    for (size_t i = 0; i < engine->lanes.count && !engine->quiet; i++)
        move_lane(engine, engine->lanes.items[i]);
    for (size_t i = 0; i < engine->teller.count; i++) {
        const struct hy_endpoint *e = engine->teller.endpoints[i];

        if (e->holding != HY_HOLDING_LEAVING)
            continue;
        c->on_the_way++;
        if (endpoint_at_rest(engine, e))
            hy_cluster_hurry(engine);
    }
    return c->take_not_before_ms > engine->now_ms ? c->take_not_before_ms : HY_NEVER;
}

/* --- asked by the others ---------------------------------------------------------------------- */

bool hy_lane_is_ours(const struct hy_engine *engine, const struct hy_lane *lane)
{
    return lane->holding == HY_HOLDING_YES && hy_cluster_good(engine);
}

bool hy_endpoint_is_ours(const struct hy_engine *engine, const struct hy_endpoint *endpoint)
{
    return endpoint->holding == HY_HOLDING_YES && hy_cluster_good(engine);
}
