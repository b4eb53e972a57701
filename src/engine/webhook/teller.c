/*
 * teller.c - tells endpoints what became of messages, grants and events: outcome webhooks.
 *
 *   due -> claimed -> posted -> told | to be tried again | given up -> settled
 *
 * Nothing is asked of the store while no endpoint is in use. Otherwise a claim follows each verb
 * that may have written outcomes, right behind it and mostly in the same transaction; what has to
 * wait is known by its due instant. One claim and one settle are under way at a time, for all
 * endpoints, so they gather by themselves under load. What a process that dies had claimed is due
 * again when its lease ends: so an outcome may be told twice, never not at all, and has the same
 * webhook-id each time.
 */
#include "base/log.h"
#include "engine/internal.h"
#include "engine/webhook/telling.h"

#include <stdlib.h>

static const int64_t lease_ms = 30000; /* a request, and the settling of it */
static const int64_t trouble_ms = 1000;

/* --- notices ---------------------------------------------------------------------------------- */

/* Verbs that may write outcomes, or make them due. */
static const bool tells[HY_VERB_WRITES] = {
    [HY_VERB_ADMIT] = true,
    [HY_VERB_CLAIM] = true, /* what is past its time */
    [HY_VERB_SETTLE] = true,
    [HY_VERB_CANCEL] = true,
    [HY_VERB_SWEEP] = true,
    [HY_VERB_DEPOSIT] = true,
    [HY_VERB_HEAR] = true,
    [HY_VERB_APP_DELETE] = true,
    [HY_VERB_SCHEDULE_FIRE] = true,
    [HY_VERB_BROADCAST_FEED] = true,
    [HY_VERB_BROADCAST_WIND_UP] = true,
    [HY_VERB_OUTBOX_PUT] = true,
};

bool hy_teller_listens(struct hy_engine *engine, enum hy_verb verb)
{
    return atomic_load(&engine->teller.used) > 0 && verb < HY_VERB_WRITES && tells[verb];
}

/* The store runs writes in order, so a claim that is submitted later sees what this one will
 * write. */
void hy_teller_notice(struct hy_engine *engine)
{
    if (!atomic_exchange(&engine->teller.noticed, true))
        engine->config.transport.wake(engine->config.transport.self);
}

static void take_notice(struct hy_teller *t)
{
    if (!atomic_exchange(&t->noticed, false))
        return;
    for (size_t i = 0; i < t->count; i++)
        t->endpoints[i]->next_due_ms = 0;
}

/* --- claiming --------------------------------------------------------------------------------- */

static void release_batch(struct hy_telling_batch *batch)
{
    if (--batch->open == 0) {
        hy_arena_deinit(&batch->arena);
        free(batch);
    }
}

static void start_all(struct hy_engine *engine, struct hy_telling_batch *batch)
{
    size_t count = batch->verb.op.result ? 0 : batch->verb.count;

    batch->open = 1; /* held by this function */
    for (size_t i = 0; i < count; i++) {
        const struct hy_outbox_claimed *claimed = &batch->verb.claimed[i];
        struct hy_endpoint *endpoint = hy_endpoint_find(engine, claimed->outcome.webhook_id);
        struct hy_telling *telling = &batch->tellings[i];

        if (!endpoint)
            continue; /* deleted meanwhile, and its outcomes with it */
        *telling = (struct hy_telling){.batch = batch, .endpoint = endpoint, .claimed = claimed};
        endpoint->in_flight++;
        engine->teller.open++;
        batch->open++;
        hy_telling_start(telling);
    }
    release_batch(batch);
}

static void claimed(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_telling_batch *batch = (struct hy_telling_batch *)mail;
    struct hy_outbox_claim *claim = &batch->verb;

    engine->teller.claiming = false;
    hy_cluster_verb_ended(engine, claim->op.result);
    if (claim->op.result) {
        hy_log(HY_LOG_ERROR, "store.outbox_claim", "error=\"%s\"", hy_err_text(claim->op.result));
        engine->teller.claim_not_before_ms = engine->now_ms + trouble_ms;
    }
    for (size_t i = 0; i < claim->lane_count; i++) {
        struct hy_endpoint *endpoint = hy_endpoint_find(engine, claim->lanes[i].webhook_id);
        int64_t due_ms = claim->op.result ? 0 : claim->lanes[i].next_due_ms;

        if (endpoint && (due_ms || claim->op.result) && due_ms < endpoint->next_due_ms)
            endpoint->next_due_ms = due_ms;
    }
    start_all(engine, batch);
}

static void claim_done(struct hy_op *op, void *arg)
{
    struct hy_telling_batch *batch = arg;

    batch->mail.open = claimed;
    hy_engine_post(batch->engine, &batch->mail);
}

static struct hy_telling_batch *new_batch(struct hy_engine *engine)
{
    struct hy_telling_batch *batch = calloc(1, sizeof *batch);
    size_t most = engine->teller.count * HY_TELLER_WINDOW_MAX;

    if (!batch)
        return NULL;
    hy_arena_init(&batch->arena);
    batch->engine = engine;
    batch->node = engine->cluster.node;
    batch->verb = (struct hy_outbox_claim){.op.verb = HY_VERB_OUTBOX_CLAIM,
                                           .now_ms = engine->now_ms,
                                           .lease_until_ms = engine->now_ms + lease_ms,
                                           .arena = &batch->arena};
    batch->verb.lanes =
        hy_arena_array(&batch->arena, engine->teller.count, sizeof *batch->verb.lanes);
    batch->tellings = hy_arena_array(&batch->arena, most, sizeof *batch->tellings);
    if (batch->verb.lanes && batch->tellings)
        return batch;
    hy_arena_deinit(&batch->arena);
    free(batch);
    return NULL;
}

/* A share of its own, so that no endpoint takes the room of another. */
static int64_t share(const struct hy_engine *engine)
{
    int used = atomic_load(&engine->teller.used);

    return used * HY_TELLER_WINDOW_MAX <= HY_TELLER_OPEN_MAX ? HY_TELLER_WINDOW_MAX
                                                             : HY_TELLER_OPEN_MAX / used;
}

/* How many it may be told now; when none, `ret_wake_ms` is when time may change that. */
static int64_t room(const struct hy_engine *engine, const struct hy_endpoint *endpoint,
                    int64_t *ret_wake_ms)
{
    int64_t free_slots = hy_window_size(&endpoint->window, share(engine)) - endpoint->in_flight;
    int64_t at_ms = endpoint->next_due_ms > endpoint->rest_until_ms ? endpoint->next_due_ms
                                                                    : endpoint->rest_until_ms;

    *ret_wake_ms = HY_NEVER;
    if (!hy_endpoint_in_use(endpoint) || !hy_endpoint_is_ours(engine, endpoint) || free_slots <= 0)
        return 0;
    if (at_ms > engine->now_ms) {
        *ret_wake_ms = at_ms;
        return 0;
    }
    return free_slots;
}

/* True when there is something to claim; then all of it is in the batch. `batch` null: only
 * looks. */
static bool fill_lanes(struct hy_engine *engine, struct hy_telling_batch *batch,
                       int64_t *ret_next_ms)
{
    struct hy_teller *t = &engine->teller;
    int64_t wake_ms;
    bool any = false;

    *ret_next_ms = HY_NEVER;
    for (size_t i = 0; i < t->count; i++) {
        struct hy_endpoint *endpoint = t->endpoints[i];
        int64_t capacity = room(engine, endpoint, &wake_ms);

        *ret_next_ms = wake_ms < *ret_next_ms ? wake_ms : *ret_next_ms;
        any = any || capacity > 0;
        if (!batch || capacity <= 0)
            continue;
        batch->verb.lanes[batch->verb.lane_count++] = (struct hy_outbox_lane){
            .webhook_id = endpoint->webhook.id, .capacity = (size_t)capacity};
        /* What becomes known from here on may not be seen by this claim. */
        endpoint->next_due_ms = HY_NEVER;
    }
    return any;
}

/* Somebody was answered that an endpoint is another now (its secret is replaced): what comes about after
 * that is told as the list will say. The end of the read is a turn. */
static bool list_is_old(const struct hy_engine *engine)
{
    const struct hy_teller *t = &engine->teller;

    return t->reading || (atomic_load(&t->stale) && t->read_not_before_ms <= engine->now_ms);
}

static int64_t claim_turn(struct hy_engine *engine)
{
    struct hy_teller *t = &engine->teller;
    struct hy_telling_batch *batch;
    int64_t next_ms;

    if (t->claiming || engine->quiet || list_is_old(engine))
        return HY_NEVER;
    take_notice(t);
    if (!fill_lanes(engine, NULL, &next_ms))
        return next_ms;
    if (t->claim_not_before_ms > engine->now_ms)
        return t->claim_not_before_ms;
    batch = new_batch(engine);
    if (!batch)
        return engine->now_ms + trouble_ms;
    fill_lanes(engine, batch, &next_ms);
    t->claiming = true;
    hy_engine_verb(engine, &batch->verb.op, claim_done, batch);
    return next_ms;
}

/* --- settling --------------------------------------------------------------------------------- */

struct settling {
    struct hy_mail mail;
    struct hy_outbox_settle verb;
    struct hy_arena arena;
    struct hy_telling **tellings;
    struct hy_engine *engine;
};

static void finish(struct hy_engine *engine, struct hy_telling *telling, bool freed)
{
    struct hy_endpoint *endpoint = telling->endpoint;
    int64_t due_ms = telling->item.over ? (freed ? 0 : HY_NEVER) : telling->item.due_at_ms;

    if (due_ms < endpoint->next_due_ms)
        endpoint->next_due_ms = due_ms;
    engine->teller.open--;
    hy_endpoint_release(engine, endpoint);
    release_batch(telling->batch);
}

/* Settling is safe to repeat: until it is on disk. Perhaps it is, and only the answer was lost:
 * then the next time doesn't tell what became due by it. */
static void settle_again(struct hy_engine *engine, struct hy_telling *telling)
{
    telling->endpoint->next_due_ms = 0;
    telling->endpoint->unsaved = telling->endpoint->moved = true;
    hy_telling_end(telling, telling->item.over, telling->item.due_at_ms);
}

static void settled(struct hy_engine *engine, struct hy_mail *mail)
{
    struct settling *s = (struct settling *)mail;
    int result = s->verb.op.result;

    engine->teller.settling = false;
    hy_cluster_verb_ended(engine, result);
    engine->teller.settle_not_before_ms = result ? engine->now_ms + trouble_ms : 0;
    if (result)
        hy_log(HY_LOG_ERROR, "store.outbox_settle", "error=\"%s\"", hy_err_text(result));
    for (size_t i = 0; i < engine->teller.count; i++)
        engine->teller.endpoints[i]->saving = false;
    for (size_t i = 0; i < s->verb.count; i++) {
        if (result)
            settle_again(engine, s->tellings[i]);
        else
            finish(engine, s->tellings[i], s->verb.freed > 0);
    }
    hy_arena_deinit(&s->arena);
    free(s);
}

static void settle_done(struct hy_op *op, void *arg)
{
    struct settling *s = arg;

    s->mail.open = settled;
    hy_engine_post(s->engine, &s->mail);
}

/* How the endpoints are whose state the store does not have yet. HY_E_NOMEM. */
static int gather_states(struct hy_teller *t, struct settling *s)
{
    struct hy_outbox_state *states = hy_arena_array(&s->arena, t->count, sizeof *states);

    if (!states)
        return HY_E_NOMEM;
    for (size_t i = 0; i < t->count; i++) {
        struct hy_endpoint *e = t->endpoints[i];
        char *error = e->unsaved && e->error[0] ? hy_arena_strdup(&s->arena, e->error) : NULL;

        if (!e->unsaved)
            continue;
        if (e->error[0] && !error)
            return HY_E_NOMEM;
        states[s->verb.state_count++] =
            (struct hy_outbox_state){.webhook_id = e->webhook.id,
                                     .failing_since_ms = e->failing_since_ms,
                                     .disabled_at_ms = e->disabled_at_ms,
                                     .last_error = error};
    }
    s->verb.states = states;
    return 0;
}

static int gather_items(struct hy_teller *t, struct settling *s)
{
    struct hy_outbox_item *items;
    size_t count = 0;

    for (struct hy_telling *one = t->over; one; one = one->next)
        count++;
    items = hy_arena_array(&s->arena, count, sizeof *items);
    s->tellings = hy_arena_array(&s->arena, count, sizeof(struct hy_telling *));
    if (!items || !s->tellings)
        return HY_E_NOMEM;
    for (struct hy_telling *one = t->over; one; one = one->next) {
        s->tellings[s->verb.count] = one;
        items[s->verb.count++] = one->item;
    }
    s->verb.items = items;
    return 0;
}

static struct settling *gather(struct hy_engine *engine)
{
    struct hy_teller *t = &engine->teller;
    struct settling *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->engine = engine;
    hy_arena_init(&s->arena);
    s->verb = (struct hy_outbox_settle){.op.verb = HY_VERB_OUTBOX_SETTLE, .now_ms = engine->now_ms};
    if (gather_items(t, s) || gather_states(t, s)) {
        hy_arena_deinit(&s->arena);
        free(s);
        return NULL;
    }
    for (size_t i = 0; i < t->count; i++) {
        t->endpoints[i]->saving = t->endpoints[i]->unsaved;
        t->endpoints[i]->unsaved = false;
    }
    t->over = NULL;
    t->over_last = &t->over;
    return s;
}

static int64_t settle_turn(struct hy_engine *engine)
{
    struct hy_teller *t = &engine->teller;
    struct settling *s;

    if (t->settling || !t->over)
        return HY_NEVER;
    if (t->settle_not_before_ms > engine->now_ms)
        return t->settle_not_before_ms;
    s = gather(engine);
    if (!s)
        return engine->now_ms + trouble_ms;
    t->settling = true;
    hy_engine_verb(engine, &s->verb.op, settle_done, s);
    return HY_NEVER;
}

/* ---------------------------------------------------------------------------------------------- */

/* The clock was set back: what rests or waits by its old time is looked at anew. */
static void look_anew(struct hy_teller *t)
{
    t->read_not_before_ms = t->claim_not_before_ms = t->settle_not_before_ms = 0;
    for (size_t i = 0; i < t->count; i++)
        t->endpoints[i]->next_due_ms = t->endpoints[i]->rest_until_ms = 0;
}

int64_t hy_teller_turn(struct hy_engine *engine)
{
    int64_t next_ms, settle_ms, claim_ms;

    if (engine->now_ms < engine->teller.turned_at_ms)
        look_anew(&engine->teller);
    engine->teller.turned_at_ms = engine->now_ms;
    next_ms = hy_endpoints_turn(engine);
    settle_ms = settle_turn(engine);
    claim_ms = claim_turn(engine);

    next_ms = settle_ms < next_ms ? settle_ms : next_ms;
    return claim_ms < next_ms ? claim_ms : next_ms;
}

bool hy_teller_idle(const struct hy_teller *teller)
{
    return teller->open == 0 && !teller->reading && !teller->claiming && !teller->settling;
}
