/*
 * broadcasts.c - the verbs: create, change of state, progress. See broadcasts.h.
 */
#include "engine/broadcast/feeder_private.h"

#include <stdlib.h>

enum { PIECE = 10000 }; /* users that the store takes at once */

/* --- create ----------------------------------------------------------------------------------- */

/*
 * A long list goes in pieces: a draft, its users, then the move that starts it. Should the process
 * die in between, the draft is there with what it has; the same call with the same key goes on with
 * it.
 */
struct creation {
    struct hy_engine *engine;
    struct hy_broadcast_put *put;
    void (*done)(struct hy_op *op, void *arg); /* the caller's */
    void *arg;
    struct hy_broadcast wanted; /* what the broadcast is to become */
    const struct hy_audience_item *items;
    size_t count, sent;
    size_t added, duplicates;
    union {
        struct hy_op op;
        struct hy_audience_add add;
        struct hy_broadcast_move move;
    } verb;
};

static void end(struct creation *c, int result)
{
    struct hy_broadcast_put *put = c->put;
    void (*done)(struct hy_op *, void *) = c->done;
    void *arg = c->arg;

    put->op.result = result;
    put->op.done = done;
    put->op.arg = arg;
    if (result == 0 || result == HY_E_UNCERTAIN)
        hy_feeder_stale(c->engine);
    free(c);
    done(&put->op, arg);
}

static void started(struct hy_op *op, void *arg)
{
    struct creation *c = arg;
    struct hy_broadcast *b = &c->put->make.broadcast;

    if (op->result == 0) {
        b->state = c->wanted.state;
        b->started_at_ms = c->wanted.started_at_ms;
        b->collected = c->wanted.collected;
        b->total += (int64_t)c->added;
        b->duplicates += (int64_t)c->duplicates;
        c->put->make.added = c->added;
        c->put->make.duplicates = c->duplicates;
    }
    end(c, op->result);
}

static void start(struct creation *c)
{
    c->verb.move = (struct hy_broadcast_move){.op.verb = HY_VERB_BROADCAST_MOVE,
                                              .broadcast_id = c->put->make.broadcast.id,
                                              .to = c->wanted.state,
                                              .now_ms = c->engine->config.now_ms()};
    hy_engine_verb(c->engine, &c->verb.op, started, c);
}

static void piece_added(struct hy_op *op, void *arg);

static void add_piece(struct creation *c)
{
    size_t left = c->count - c->sent;

    c->verb.add = (struct hy_audience_add){.op.verb = HY_VERB_AUDIENCE_ADD,
                                           .broadcast_id = c->put->make.broadcast.id,
                                           .items = c->items + c->sent,
                                           .count = left < PIECE ? left : PIECE};
    c->sent += c->verb.add.count;
    hy_engine_verb(c->engine, &c->verb.op, piece_added, c);
}

static void piece_added(struct hy_op *op, void *arg)
{
    struct creation *c = arg;

    c->added += op->result ? 0 : c->verb.add.added;
    c->duplicates += op->result ? 0 : c->verb.add.duplicates;
    if (op->result)
        end(c, op->result);
    else if (c->sent < c->count)
        add_piece(c);
    else
        start(c);
}

static void stored(struct hy_op *op, void *arg)
{
    struct creation *c = arg;
    const struct hy_broadcast_make *make = &c->put->make;
    bool half =
        make->admission == HY_ADMITTED_BEFORE && make->broadcast.state == HY_BROADCAST_DRAFT;

    if (op->result == 0 && c->count && (make->admission == HY_ADMITTED || half))
        add_piece(c);
    else
        end(c, op->result);
}

static void split(struct creation *c, struct hy_broadcast_make *make)
{
    if (make->count <= PIECE)
        return;
    c->wanted = make->broadcast;
    c->items = make->items;
    c->count = make->count;
    make->items = NULL;
    make->count = 0;
    make->broadcast.state = HY_BROADCAST_DRAFT;
    make->broadcast.started_at_ms = 0;
    make->broadcast.collected = false;
}

void hy_engine_broadcast_create(struct hy_engine *engine, struct hy_broadcast_put *put)
{
    struct creation *c = calloc(1, sizeof *c);

    put->op.verb = HY_VERB_BROADCAST_PUT;
    if (!c) {
        put->op.result = HY_E_NOMEM;
        put->op.done(&put->op, put->op.arg);
        return;
    }
    c->engine = engine;
    c->put = put;
    c->done = put->op.done;
    c->arg = put->op.arg;
    split(c, &put->make);
    hy_engine_verb(engine, &put->op, stored, c);
}

/* --- move ------------------------------------------------------------------------------------- */

/* By way of the engine's thread, which knows before the caller what must not leave any more. */
struct moving {
    struct hy_mail mail;
    struct hy_engine *engine;
    struct hy_broadcast_move *move;
    void (*done)(struct hy_op *op, void *arg); /* the caller's */
    void *arg;
};

static void move_ended(struct hy_engine *engine, struct hy_mail *mail)
{
    struct moving m = *(struct moving *)mail;

    free(mail);
    hy_feeder_moved(engine, m.move);
    m.move->op.done = m.done;
    m.move->op.arg = m.arg;
    m.done(&m.move->op, m.arg);
}

static void move_done(struct hy_op *op, void *arg)
{
    struct moving *m = arg;

    m->mail.open = move_ended;
    hy_engine_post(m->engine, &m->mail);
}

static void move_opened(struct hy_engine *engine, struct hy_mail *mail)
{
    struct moving *m = (struct moving *)mail;

    hy_feeder_moving(engine, m->move);
    hy_engine_verb(engine, &m->move->op, move_done, m);
}

void hy_engine_broadcast_move(struct hy_engine *engine, struct hy_broadcast_move *move)
{
    struct moving *m = calloc(1, sizeof *m);

    move->op.verb = HY_VERB_BROADCAST_MOVE;
    move->now_ms = engine->config.now_ms();
    if (!m) {
        move->op.result = HY_E_NOMEM;
        move->op.done(&move->op, move->op.arg);
        return;
    }
    *m = (struct moving){.mail.open = move_opened,
                         .engine = engine,
                         .move = move,
                         .done = move->op.done,
                         .arg = move->op.arg};
    hy_engine_post(engine, &m->mail);
}

/* --- progress --------------------------------------------------------------------------------- */

static int64_t in_queue(const struct hy_broadcast *b)
{
    return b->messages[HY_MESSAGE_QUEUED] + b->messages[HY_MESSAGE_SENDING];
}

/* As the store's figures say, which every node has: since its start. */
static double mean_pace_per_s(const struct hy_broadcast *b, int64_t now_ms)
{
    int64_t took_ms = now_ms - b->started_at_ms;

    return took_ms > 0 ? (double)(b->fed - in_queue(b)) * 1000.0 / (double)took_ms : 0;
}

/* When the last one has left the queue. */
static int64_t eta_ms(const struct hy_broadcast *b, const struct hy_broadcast_progress *p,
                      int64_t now_ms)
{
    int64_t to_go = b->total - b->fed + in_queue(b);
    int64_t from_ms = p->quota_until_ms > now_ms ? p->quota_until_ms : now_ms;

    if (b->state != HY_BROADCAST_RUNNING || p->pace_per_s <= 0)
        return 0;
    return from_ms + (int64_t)((double)to_go * 1000.0 / p->pace_per_s);
}

void hy_engine_broadcast_progress(struct hy_engine *engine, const struct hy_broadcast *broadcast,
                                  struct hy_broadcast_progress *ret_progress)
{
    int64_t now_ms = engine->config.now_ms();
    const struct hy_feed *feed;
    const struct hy_lane *lane;
    bool running = broadcast->state == HY_BROADCAST_RUNNING;

    *ret_progress = (struct hy_broadcast_progress){0};
    pthread_mutex_lock(&engine->turn_lock);
    feed = hy_feed_find(engine->feeder, broadcast->id);
    lane = hy_lane_find(engine, broadcast->app_no);
    if (running && lane && !hy_lane_is_ours(engine, lane)) {
        ret_progress->pace_per_s = mean_pace_per_s(broadcast, now_ms);
    } else if (running && feed) {
        ret_progress->pace_per_s = hy_feed_pace_per_s(&feed->pace, now_ms);
        ret_progress->quota_until_ms = feed->quota_until_ms;
    }
    pthread_mutex_unlock(&engine->turn_lock);
    ret_progress->eta_ms = eta_ms(broadcast, ret_progress, now_ms);
}
