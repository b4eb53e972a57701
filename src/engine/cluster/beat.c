/*
 * beat.c - the heart of a node: a beat every third of the lease, on the engine's tick.
 *
 * A beat that fails is tried again soon; one that stays without an answer, or is answered too late, lets the
 * lease end by this node's own clock, and nothing new is begun until the next good one. A beat that says that
 * this is another node now (its lease had been over for the store) voids all that was held.
 */
#include "base/log.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

/* --- the clock -------------------------------------------------------------------------------- */

int64_t hy_cluster_steady_ms(const struct hy_engine *engine)
{
    return engine->config.steady_ms ? engine->config.steady_ms() : engine->config.now_ms();
}

bool hy_cluster_good(const struct hy_engine *engine)
{
    const struct hy_cluster *c = &engine->cluster;

    return !c->shared || hy_lease_good(&c->lease, hy_cluster_steady_ms(engine));
}

bool hy_cluster_is(const struct hy_engine *engine, int64_t node)
{
    return !engine->cluster.shared || node == engine->cluster.node;
}

bool hy_cluster_may_send(const struct hy_engine *engine, int64_t node)
{
    return hy_cluster_is(engine, node) && hy_cluster_good(engine);
}

void hy_cluster_hurry(struct hy_engine *engine)
{
    if (engine->cluster.shared)
        hy_lease_hurry(&engine->cluster.lease, hy_cluster_steady_ms(engine));
}

/* --- what a beat tells ------------------------------------------------------------------------ */

/* Ids of this process go on above those that it gave out under another slot. */
static void take_slot(struct hy_engine *engine, int slot, int64_t last_id)
{
    pthread_mutex_lock(&engine->ids_lock);
    if (last_id < engine->ids.last)
        last_id = engine->ids.last;
    hy_message_ids_init(&engine->ids, slot, last_id);
    pthread_mutex_unlock(&engine->ids_lock);
}

static void become(struct hy_engine *engine, const struct hy_node *self)
{
    struct hy_cluster *c = &engine->cluster;

    if (c->node != 0 && c->node != self->node) {
        hy_log(HY_LOG_WARN, "node.fenced",
               "node=%lld: its lease was over; it goes on as node %lld and holds nothing of before",
               (long long)c->node, (long long)self->node);
        hy_holds_forget(engine);
    }
    if (c->shared)
        hy_log(HY_LOG_INFO, "node.joined", "node=%lld slot=%d name=%s", (long long)self->node,
               self->slot, c->name);
    c->node = self->node;
    take_slot(engine, self->slot, 0);
}

/* What expires of messages that only the dead one knew is looked for. */
static void tell_removed(struct hy_engine *engine, size_t removed)
{
    if (removed == 0)
        return;
    hy_log(HY_LOG_WARN, "node.removed", "nodes=%zu: their leases were over", removed);
    hy_expiry_notice(engine, engine->now_ms);
}

static int told(struct hy_engine *engine, const struct hy_node_beat *beat, int64_t asked_ms)
{
    struct hy_cluster *c = &engine->cluster;

    if (c->node != beat->self.node)
        become(engine, &beat->self);
    c->nodes = beat->nodes;
    tell_removed(engine, beat->removed);
    if (c->shared)
        hy_lease_renew(&c->lease, asked_ms);
    return c->shared ? hy_holds_told(engine, beat) : 0;
}

/* --- beating ---------------------------------------------------------------------------------- */

struct beat {
    struct hy_mail mail;
    struct hy_node_beat verb;
    struct hy_arena arena;
    struct hy_engine *engine;
    int64_t asked_ms;
};

static void fill(struct hy_engine *engine, struct hy_node_beat *verb, struct hy_arena *arena)
{
    struct hy_cluster *c = &engine->cluster;

    *verb = (struct hy_node_beat){.op.verb = HY_VERB_NODE_BEAT,
                                  .name = c->name,
                                  .version = HY_VERSION,
                                  .report = hy_node_report(engine, arena),
                                  .lease_ms = c->lease.length_ms,
                                  .now_ms = engine->config.store_ms ? engine->config.store_ms() : 0,
                                  .arena = arena};
}

static void answered(struct hy_engine *engine, struct hy_mail *mail)
{
    struct beat *beat = (struct beat *)mail;
    struct hy_cluster *c = &engine->cluster;
    int64_t steady_ms = hy_cluster_steady_ms(engine);
    int err = beat->verb.op.result;

    c->beating = false;
    if (!err)
        err = told(engine, &beat->verb, beat->asked_ms);
    c->too_old = err == HY_E_STOPPED && !engine->quiet;
    if (c->too_old)
        hy_log(HY_LOG_ERROR, "node.too_old",
               "version=%s: a newer program has changed the database for good while this node was "
               "not heard of; it ends, start that program in its place",
               HY_VERSION);
    else if (err) {
        hy_log(HY_LOG_ERROR, "store.node_beat", "error=\"%s\" lease_left_ms=%lld", hy_err_text(err),
               (long long)(c->lease.until_ms - steady_ms));
        hy_lease_failed(&c->lease, steady_ms);
    }
    hy_arena_deinit(&beat->arena);
    free(beat);
}

static void beat_done(struct hy_op *op, void *arg)
{
    struct beat *beat = arg;

    beat->mail.open = answered;
    hy_engine_post(beat->engine, &beat->mail);
}

static void submit(struct hy_engine *engine, int64_t steady_ms)
{
    struct beat *beat = calloc(1, sizeof *beat);

    if (!beat) {
        hy_lease_failed(&engine->cluster.lease, steady_ms);
        return;
    }
    hy_arena_init(&beat->arena);
    beat->engine = engine;
    beat->asked_ms = steady_ms;
    fill(engine, &beat->verb, &beat->arena);
    hy_holds_give_back(engine, &beat->verb);
    engine->cluster.beating = true;
    hy_engine_verb(engine, &beat->verb.op, beat_done, beat);
}

void hy_cluster_verb_ended(struct hy_engine *engine, int result)
{
    struct hy_cluster *c = &engine->cluster;

    if (result != HY_E_FENCED || !c->shared)
        return;
    hy_lease_lose(&c->lease, hy_cluster_steady_ms(engine));
}

/* --- leaving ---------------------------------------------------------------------------------- */

struct leave {
    struct hy_mail mail;
    struct hy_node_leave verb;
    struct hy_engine *engine;
};

/* Whatever came of it: if the store does not know, it finds out when the lease ends. */
static void gone(struct hy_engine *engine, struct hy_mail *mail)
{
    struct leave *leave = (struct leave *)mail;
    struct hy_cluster *c = &engine->cluster;

    hy_log(HY_LOG_INFO, "node.left", "node=%lld store=\"%s\"", (long long)c->node,
           hy_err_text(leave->verb.op.result));
    c->leaving = false;
    c->left = true;
    c->node = 0;
    c->lease.until_ms = 0;
    free(leave);
}

static void leave_done(struct hy_op *op, void *arg)
{
    struct leave *leave = arg;

    leave->mail.open = gone;
    hy_engine_post(leave->engine, &leave->mail);
}

static void leave_now(struct hy_engine *engine)
{
    struct leave *leave = calloc(1, sizeof *leave);

    if (!leave)
        return; /* at the next turn */
    leave->engine = engine;
    leave->verb.op.verb = HY_VERB_NODE_LEAVE;
    engine->cluster.leaving = true;
    hy_engine_verb(engine, &leave->verb.op, leave_done, leave);
}

/* --- a turn ----------------------------------------------------------------------------------- */

/* The instant of the wall clock at which the steady one says that. */
static int64_t wall_of(const struct hy_engine *engine, int64_t at_ms, int64_t steady_ms)
{
    return engine->now_ms + (at_ms > steady_ms ? at_ms - steady_ms : 0);
}

static int64_t beat_turn(struct hy_engine *engine)
{
    struct hy_cluster *c = &engine->cluster;
    int64_t steady_ms = hy_cluster_steady_ms(engine);

    if (c->beating || c->leaving || c->left)
        return HY_NEVER;
    if (engine->quiet && hy_engine_works_ended(engine)) {
        leave_now(engine);
        return c->leaving ? HY_NEVER : engine->now_ms + 100;
    }
    if (c->lease.next_ms <= steady_ms) {
        submit(engine, steady_ms);
        return c->beating ? HY_NEVER : wall_of(engine, c->lease.next_ms, steady_ms);
    }
    return wall_of(engine, c->lease.next_ms, steady_ms);
}

int64_t hy_cluster_turn(struct hy_engine *engine)
{
    int64_t next = HY_NEVER, at;

    if (!engine->cluster.shared)
        return HY_NEVER;
    at = hy_news_turn(engine);
    next = at < next ? at : next;
    at = hy_holds_turn(engine);
    next = at < next ? at : next;
    at = beat_turn(engine);
    return at < next ? at : next;
}

bool hy_cluster_idle(const struct hy_engine *engine)
{
    const struct hy_cluster *c = &engine->cluster;

    if (!c->shared)
        return true;
    return !c->beating && !c->leaving && !c->counting && c->reading == 0 && c->recovers_open == 0 &&
           (!engine->quiet || c->left);
}

/* --- start ------------------------------------------------------------------------------------ */

static const int64_t default_lease_ms = 6000;

/* The largest id there is. */
static int last_id(struct hy_engine *engine, int64_t *ret_id)
{
    struct hy_arena arena;
    struct hy_message_list list = {
        .op.verb = HY_VERB_MESSAGE_LIST, .state = -1, .limit = 1, .arena = &arena};
    int err;

    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &list.op);
    *ret_id = !err && list.count > 0 ? list.messages[0].id : 0;
    hy_arena_deinit(&arena);
    return err;
}

int hy_cluster_join(struct hy_engine *engine)
{
    struct hy_cluster *c = &engine->cluster;
    const char *name = engine->config.node_name;
    struct hy_node_beat beat;
    struct hy_arena arena;
    int64_t asked_ms, last = 0;
    int err;

    c->shared = hy_store_is_shared(engine->config.store);
    snprintf(c->name, sizeof c->name, "%s", name && *name ? name : "-");
    hy_lease_init(&c->lease,
                  engine->config.node_lease_ms ? engine->config.node_lease_ms : default_lease_ms);
    hy_arena_init(&arena);
    fill(engine, &beat, &arena);
    asked_ms = hy_cluster_steady_ms(engine);
    err = hy_store_run(engine->config.store, &beat.op);
    if (!err && c->shared)
        err = last_id(engine, &last);
    if (!err)
        err = told(engine, &beat, asked_ms);
    if (!err && c->shared)
        take_slot(engine, beat.self.slot, last);
    hy_arena_deinit(&arena);
    return err;
}

void hy_cluster_deinit(struct hy_engine *engine)
{
    free(engine->cluster.holds);
}
