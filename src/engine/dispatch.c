/*
 * dispatch.c - which apps may send how many messages of which queues now.
 *
 * A lane asks the store for messages only while something is due in one of its queues, its token is
 * good, the gate isn't paused, and there is room: in the gate's window, in the app's max_in_flight,
 * in its rate, and on the client's connections. One claim verb is under way at a time, for all
 * lanes that want one, so claims gather by themselves under load.
 *
 * Room is given urgent first, then normal; broadcasts get a fifth of the slots while both want
 * them, and all of them otherwise (docs/decisions/0022).
 */
#include "base/log.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

static const int64_t default_lease_s = 120;
enum { CONNECTIONS_MAX = 2048 };

/* Of broadcasts, while others are due, too. The credit remembers what whole slots cannot express:
 * with room for one, every fifth is theirs. */
static const double bulk_share = 0.2, credit_least = -1, credit_most = 2;

/* --- the answer ------------------------------------------------------------------------------- */

static bool is_bulk(int queue)
{
    return hy_queue_rank(queue) >= HY_RANK_BULK_URGENT;
}

static void keep_due(struct hy_claim_lane *asked, struct hy_lane *lane, int64_t due_ms)
{
    int64_t *known = hy_lane_due(lane, asked->queue);

    if (due_ms && due_ms < *known)
        *known = due_ms;
}

/* What was due and not taken: how far the lane is behind. */
static void keep_left(const struct hy_claim_lane *asked, struct hy_lane *lane)
{
    lane->gates[hy_queue_channel(asked->queue)].left_due_ms[hy_queue_rank(asked->queue)] =
        asked->next_due_ms;
}

/* What a contested claim gave to whom, against the share. */
static void keep_credit(struct hy_lane *lane, const struct hy_claim_lane *asked)
{
    if (!lane->contested || asked->claimed == 0)
        return;
    if (is_bulk(asked->queue))
        lane->bulk_credit -= (double)asked->claimed;
    else
        lane->bulk_credit += (double)asked->claimed * bulk_share / (1 - bulk_share);
    if (lane->bulk_credit < credit_least)
        lane->bulk_credit = credit_least;
    if (lane->bulk_credit > credit_most)
        lane->bulk_credit = credit_most;
}

static void claimed(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_batch *batch = (struct hy_batch *)mail;
    struct hy_claim *claim = &batch->claim;

    engine->claiming = false;
    for (size_t i = 0; i < claim->lane_count; i++) {
        struct hy_claim_lane *asked = &claim->lanes[i];
        struct hy_lane *lane = hy_lane_find(engine, asked->app_no);

        if (claim->op.result) {
            keep_due(asked, lane, engine->now_ms + 1000); /* the store has trouble: not at once */
            continue;
        }
        if (lane->app->settings.rate_per_s > 0)
            lane->allowance -= (double)asked->claimed;
        keep_due(asked, lane, asked->next_due_ms);
        keep_left(asked, lane);
        keep_credit(lane, asked);
    }
    if (claim->op.result)
        hy_log(HY_LOG_ERROR, "store.claim", "error=\"%s\"", hy_err_text(claim->op.result));
    if (claim->op.result == HY_E_UNCERTAIN && hy_cluster_is(engine, batch->node))
        hy_doubt_claim(engine);
    hy_cluster_verb_ended(engine, claim->op.result);
    hy_batch_start(engine, batch);
}

static void claim_done(struct hy_op *op, void *arg)
{
    struct hy_batch *batch = arg;

    batch->mail.open = claimed;
    hy_engine_post(batch->engine, &batch->mail);
}

/* --- filling it ------------------------------------------------------------------------------- */

/* One lane while its room is given out. */
struct filling {
    struct hy_engine *engine;
    struct hy_lane *lane;
    size_t asked; /* queues, of all lanes: the first of lanes.asked */
    int64_t room[HY_CHANNELS];
    bool ready[HY_QUEUES]; /* due, and its gate has room */
    size_t total;          /* slots given in this claim, to all lanes */
    int64_t wake_ms;
};

static void wake_at(struct filling *f, int64_t ms)
{
    if (ms > f->engine->now_ms && ms < f->wake_ms)
        f->wake_ms = ms;
}

/* Which queues could be claimed from; false: none. */
static bool look(struct filling *f)
{
    int64_t now = f->engine->now_ms, quiet_until = hy_lane_quiet_until(f->lane, now), wake;
    bool any = false;

    for (int c = 0; c < HY_CHANNELS; c++)
        f->room[c] = -1; /* not asked yet */
    for (int q = 0; q < HY_QUEUES; q++) {
        enum hy_channel channel = hy_queue_channel(q);
        int64_t due = *hy_lane_due(f->lane, q);

        f->ready[q] = false;
        if (quiet_until && hy_rank_is_quiet(hy_queue_rank(q)) && due < quiet_until)
            due = quiet_until;
        if (due > now) {
            wake_at(f, due);
            continue;
        }
        if (f->room[channel] < 0) {
            f->room[channel] = hy_gate_room(f->engine, f->lane, channel, &wake);
            wake_at(f, wake);
        }
        f->ready[q] = f->room[channel] > 0;
        any = any || f->ready[q];
    }
    return any;
}

/*
 * An app that answers slowly keeps its connections for long. It may have no more of them than are
 * free: one such app takes half, two a third each, and there is always as much left for the next
 * one.
 */
static int64_t connections(const struct filling *f)
{
    int64_t most =
        f->engine->config.connections_max ? f->engine->config.connections_max : CONNECTIONS_MAX;
    int64_t left = most - f->engine->attempts_open - (int64_t)f->total - f->lane->in_flight;

    return left < 1 && f->lane->in_flight == 0 ? 1 : left;
}

/* Slots for the lane in all. */
static int64_t slots(struct filling *f)
{
    int64_t n = f->lane->app->settings.max_in_flight - f->lane->in_flight;
    int64_t allowed = hy_lane_allowance(f->lane, f->engine->now_ms), spare = connections(f);

    if (n > 0 && allowed <= 0)
        wake_at(f, f->engine->now_ms + 1 + 1000 / f->lane->app->settings.rate_per_s);
    n = allowed < n ? allowed : n;
    n = spare < n ? spare : n;
    return n > 0 ? n : 0;
}

/* capacity 0 only asks when something is due. */
static void ask(struct filling *f, int queue, int64_t capacity)
{
    const struct hy_app_settings *s = &f->lane->app->settings;

    f->engine->lanes.asked[f->asked++] =
        (struct hy_claim_lane){.app_no = f->lane->app_no,
                               .queue = queue,
                               .capacity = (size_t)capacity,
                               .margin_ms = s->receipt_margin_s * 1000,
                               .caps = s->cap_count ? s->caps : NULL,
                               .cap_count = (size_t)s->cap_count};
    f->room[hy_queue_channel(queue)] -= capacity;
    f->total += (size_t)capacity;
    if (capacity > 0)
        hy_gate_probed(f->engine, &f->lane->gates[hy_queue_channel(queue)]);
    /* What becomes known from here on may not be seen by this claim. */
    *hy_lane_due(f->lane, queue) = HY_NEVER;
}

/*
 * Gives `n` slots to the queues of that half that are ready, in order of rank, both gates in turn;
 * returns what is left. One that is known to have something due takes what it can; one that has to
 * be asked first gets one, so that those behind it go in the same claim.
 */
static int64_t give(struct filling *f, bool bulk, int64_t n)
{
    int first = bulk ? HY_RANK_BULK_URGENT : HY_RANK_URGENT, waiting = 0;

    for (int q = 0; q < HY_QUEUES; q++)
        waiting += f->ready[q] && is_bulk(q) == bulk;
    for (int i = 0; i < 2 * HY_CHANNELS; i++) {
        enum hy_channel channel =
            (enum hy_channel)(((unsigned)i + f->lane->turn) % (unsigned)HY_CHANNELS);
        int queue = hy_queue_no(channel, (enum hy_rank)(first + i / HY_CHANNELS));
        int64_t most = f->room[channel] < n ? f->room[channel] : n;

        if (!f->ready[queue])
            continue;
        if (--waiting > 0 && *hy_lane_due(f->lane, queue) == 0)
            most = most > 1 ? 1 : 0;
        else if (most == 0)
            continue; /* it stays due: in the next claim */
        n -= most;
        ask(f, queue, most);
    }
    return n;
}

static bool any_ready(const struct filling *f, bool bulk)
{
    for (int q = 0; q < HY_QUEUES; q++) {
        if (f->ready[q] && is_bulk(q) == bulk)
            return true;
    }
    return false;
}

static void share(struct filling *f, int64_t n)
{
    bool bulk = any_ready(f, true), others = any_ready(f, false);
    double part = (double)n * bulk_share + f->lane->bulk_credit;
    int64_t for_bulk = bulk ? n : 0;

    f->lane->contested = bulk && others;
    if (f->lane->contested)
        for_bulk = part < 0 ? 0 : part > (double)n ? n : (int64_t)part;
    n = give(f, false, n - for_bulk);
    give(f, true, for_bulk + (bulk ? n : 0));
    f->lane->turn++;
}

static void fill_lane(struct filling *f)
{
    int64_t n;

    if (f->engine->quiet || f->lane->app->app.deleted_at_ms ||
        !hy_lane_is_ours(f->engine, f->lane) || !look(f))
        return;
    if (!hy_keeper_ready(f->engine, f->lane))
        return; /* a token that comes runs a turn */
    n = slots(f);
    if (n > 0)
        share(f, n);
}

/* --- a claim ---------------------------------------------------------------------------------- */

static void free_batch(struct hy_batch *batch)
{
    hy_arena_deinit(&batch->arena);
    free(batch);
}

/* What the store reads on its own thread may not change meanwhile: an app's settings may, and what
 * is held. */
static bool copy_lanes(struct hy_engine *engine, struct hy_batch *batch, size_t count)
{
    const struct hy_cap *from = NULL;
    const void *caps = NULL;

    batch->claim.lanes = hy_arena_array(&batch->arena, count, sizeof *batch->claim.lanes);
    if (!batch->claim.lanes)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct hy_claim_lane *lane = &batch->claim.lanes[i];

        *lane = engine->lanes.asked[i];
        if (lane->caps && lane->caps != from) {
            from = lane->caps;
            caps = hy_arena_memdup(&batch->arena, from, lane->cap_count * sizeof *from);
        }
        if (lane->caps && !caps)
            return false;
        lane->caps = lane->caps ? caps : NULL;
    }
    batch->claim.lane_count = count;
    return true;
}

static bool copy_held(struct hy_engine *engine, struct hy_batch *batch)
{
    size_t count;
    const int64_t *held = hy_broadcasts_held(engine, &count);
    const void *copy;

    if (count == 0)
        return true;
    copy = hy_arena_memdup(&batch->arena, held, count * sizeof *held);
    batch->claim.held = copy;
    batch->claim.held_count = count;
    return batch->claim.held != NULL;
}

/* Of the first `count` queues that are asked; room for `total` messages. */
static struct hy_batch *new_batch(struct hy_engine *engine, size_t count, size_t total)
{
    struct hy_batch *batch = calloc(1, sizeof *batch);
    int64_t lease_s = engine->config.lease_s ? engine->config.lease_s : default_lease_s;

    if (!batch)
        return NULL;
    hy_arena_init(&batch->arena);
    batch->engine = engine;
    batch->node = engine->cluster.node;
    batch->claim = (struct hy_claim){.op.verb = HY_VERB_CLAIM,
                                     .now_ms = engine->now_ms,
                                     .lease_until_ms = engine->now_ms + lease_s * 1000,
                                     .arena = &batch->arena};
    batch->runs = hy_arena_array(&batch->arena, total + 1, sizeof *batch->runs);
    if (!batch->runs || !copy_lanes(engine, batch, count) || !copy_held(engine, batch)) {
        free_batch(batch);
        return NULL;
    }
    return batch;
}

/* Kept from turn to turn: most of them ask for nothing. */
static bool make_room(struct hy_lanes *lanes)
{
    size_t need = lanes->count * HY_QUEUES;
    struct hy_claim_lane *grown;

    if (need <= lanes->asked_room)
        return true;
    grown = realloc(lanes->asked, need * sizeof *grown);
    if (!grown)
        return false;
    lanes->asked = grown;
    lanes->asked_room = need;
    return true;
}

int64_t hy_dispatch(struct hy_engine *engine)
{
    struct filling f = {.engine = engine, .wake_ms = HY_NEVER};
    struct hy_batch *batch;

    hy_lane_take_notices(engine);
    if (engine->claiming)
        return HY_NEVER; /* its answer is mail */
    if (!make_room(&engine->lanes))
        return engine->now_ms + 100;
    for (size_t i = 0; i < engine->lanes.count; i++) {
        f.lane = engine->lanes.items[i];
        fill_lane(&f);
    }
    if (f.asked == 0)
        return f.wake_ms;
    batch = new_batch(engine, f.asked, f.total);
    if (!batch) {
        for (size_t i = 0; i < f.asked; i++)
            hy_lane_ask(hy_lane_find(engine, engine->lanes.asked[i].app_no));
        return engine->now_ms + 100;
    }
    engine->claiming = true;
    hy_engine_verb(engine, &batch->claim.op, claim_done, batch);
    return f.wake_ms;
}
