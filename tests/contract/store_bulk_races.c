/*
 * Two nodes on one store at the same time: a broadcast that is fed, paused and let go on while others claim
 * by what they knew of it a moment ago; messages that end again and again while an endpoint is told of it.
 * Shared stores only.
 */
#include "store_bulk.h"
#include "store_cases.h"

#include "store/nodes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { NODES = 2, PLAYERS_MAX = 6, AUDIENCE = 150, PAUSES = 12, MESSAGES = 8, ENDS = 150 };

static struct hy_store *nodes[NODES];
static atomic_int busy;          /* so many have not finished what they came for */
static atomic_int sent, endings; /* how often in all */
static int64_t subject;          /* the broadcast, or the webhook */
static int64_t ids_of[MESSAGES];

struct player {
    pthread_t thread;
    struct hy_store *store;
    struct hy_arena arena;
    struct hy_message_ids ids;
    unsigned random;
    int wrong; /* verbs that ended as they must not */
};

/* --- players ------------------------------------------------------------------------------------ */

typedef void play(struct player *p);

struct role {
    play *play;
    int node;
};

struct part { /* what a thread needs */
    struct player player;
    play *play;
};

static void *run_part(void *arg)
{
    struct part *part = (struct part *)arg;

    part->play(&part->player);
    return NULL;
}

static void join_as_node(struct hy_store *store, const char *name)
{
    struct hy_node_beat v = {.op = {.verb = HY_VERB_NODE_BEAT},
                             .name = name,
                             .version = "1",
                             .lease_ms = HOUR,
                             .arena = &rig.arena};

    CHECK_INT(hy_store_run(store, &v.op), 0);
}

/* Each role on its node, all at once; returns when all are done. Both claim whatever they hold: one that was
 * the holder a moment ago may, too. */
static void play_all(const struct role *roles, size_t count, int workers)
{
    struct part parts[PLAYERS_MAX] = {0};
    int wrong = 0;

    nodes[0] = rig.store;
    rig_open(rig.location, false, &nodes[1]);
    join_as_node(nodes[0], "first");
    join_as_node(nodes[1], "second");
    atomic_store(&busy, workers);
    for (size_t i = 0; i < count; i++) {
        parts[i].play = roles[i].play;
        parts[i].player = (struct player){.store = nodes[roles[i].node], .random = (unsigned)i + 1};
        hy_arena_init(&parts[i].player.arena);
        hy_message_ids_init(&parts[i].player.ids, (int)i + 1, 0);
        CHECK_INT(pthread_create(&parts[i].player.thread, NULL, run_part, &parts[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(parts[i].player.thread, NULL);
        wrong += parts[i].player.wrong;
        hy_arena_deinit(&parts[i].player.arena);
    }
    CHECK_INT(wrong, 0);
}

/* A conflict is an answer, too: another one was faster. */
static int ask(struct player *p, struct hy_op *op, enum hy_verb verb)
{
    int r;

    op->verb = verb;
    r = hy_store_run(p->store, op);
    p->wrong += r != 0 && r != HY_E_CONFLICT;
    return r;
}

static int pick(struct player *p, int below)
{
    return rand_r(&p->random) % below;
}

/* --- a broadcast -------------------------------------------------------------------------------- */

static enum hy_broadcast_state state_now(struct player *p)
{
    struct hy_broadcasts v = {.id = subject, .limit = 1, .arena = &p->arena};

    ask(p, &v.op, HY_VERB_BROADCASTS);
    return v.count == 1 ? v.broadcasts[0].state : HY_BROADCAST_DRAFT;
}

static void feed_all(struct player *p)
{
    int64_t ids[5];
    struct hy_broadcast_feed v = {
        .broadcast_id = subject, .ids = ids, .now_ms = rig.now_ms, .left = true};

    while (v.left) {
        v.limit = (size_t)pick(p, 5) + 1;
        for (size_t i = 0; i < v.limit; i++)
            ids[i] = hy_message_ids_next(&p->ids, rig.now_ms);
        if (ask(p, &v.op, HY_VERB_BROADCAST_FEED) != 0)
            v.left = true; /* it is paused */
    }
    atomic_fetch_sub(&busy, 1);
}

static void pause_and_resume(struct player *p)
{
    struct hy_broadcast_move v = {.broadcast_id = subject, .now_ms = rig.now_ms};

    for (int i = 0; i < PAUSES; i++) {
        v.to = HY_BROADCAST_PAUSED;
        ask(p, &v.op, HY_VERB_BROADCAST_MOVE);
        for (int rest = pick(p, 4); rest > 0; rest--)
            state_now(p);
        hy_arena_reset(&p->arena);
        v.to = HY_BROADCAST_RUNNING;
        ask(p, &v.op, HY_VERB_BROADCAST_MOVE);
    }
    atomic_fetch_sub(&busy, 1);
}

static void send_it(struct player *p, const struct hy_claimed *c)
{
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item;
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    j.msgid = c->message.id;
    item = settled(c, &j);
    ask(p, &v.op, HY_VERB_SETTLE);
    p->wrong += item.result != 0;
    atomic_fetch_add(&sent, 1);
}

/* By what it knew of the broadcast before it claimed. */
static size_t claim_some(struct player *p)
{
    struct hy_claim_lane lane = {.app_no = rig.app, .queue = rig.queue, .capacity = 4};
    struct hy_claim v = {.lanes = &lane,
                         .lane_count = 1,
                         .held = &subject,
                         .held_count = state_now(p) == HY_BROADCAST_PAUSED,
                         .now_ms = rig.now_ms,
                         .lease_until_ms = rig.now_ms + MINUTE,
                         .arena = &p->arena};

    ask(p, &v.op, HY_VERB_CLAIM);
    for (size_t i = 0; i < v.count; i++)
        send_it(p, &v.claimed[i]);
    return v.count;
}

static void send_all(struct player *p)
{
    int idle = 0;

    while (atomic_load(&busy) > 0 || idle < 3) {
        bool last = atomic_load(&busy) == 0;

        if (claim_some(p) > 0)
            idle = 0;
        else
            idle += last;
        hy_arena_reset(&p->arena);
    }
}

static void everybody_gets_it_once_however_often_it_rests(void)
{
    static const struct role roles[] = {
        {feed_all, 0}, {feed_all, 1}, {pause_and_resume, 1}, {send_all, 0}, {send_all, 1}};
    struct hy_broadcast_make *make = campaign();
    struct hy_audience_item items[AUDIENCE];

    for (int i = 0; i < AUDIENCE; i++)
        items[i] = (struct hy_audience_item){.user = hy_arena_printf(&rig.arena, "u%d", i)};
    make->broadcast.message.on_missing = HY_ON_MISSING_TRY;
    make->broadcast.state = HY_BROADCAST_RUNNING;
    make->broadcast.started_at_ms = rig.now_ms;
    make->items = items;
    make->count = AUDIENCE;
    CHECK_INT(put_make(make), 0);
    subject = make->broadcast.id;
    rig.queue = bulk_queue();
    atomic_store(&sent, 0);
    play_all(roles, sizeof roles / sizeof *roles, 3);
    CHECK_INT(broadcast(subject)->fed, AUDIENCE);
    CHECK_INT(broadcast(subject)->messages[HY_MESSAGE_SENT], AUDIENCE);
    CHECK_INT(atomic_load(&sent), AUDIENCE);
    CHECK_INT(move_to(subject, HY_BROADCAST_DONE, NULL), 0);
}

/* --- outcomes ----------------------------------------------------------------------------------- */

/* Nobody has a grant: what is claimed fails, and is retried. */
static void fail_again_and_again(struct player *p)
{
    while (atomic_load(&endings) < ENDS) {
        struct hy_claim_lane lane = {
            .app_no = rig.app, .queue = rig.queue, .capacity = (size_t)pick(p, 4) + 1};
        struct hy_claim claim = {.lanes = &lane,
                                 .lane_count = 1,
                                 .now_ms = rig.now_ms,
                                 .lease_until_ms = rig.now_ms + MINUTE,
                                 .arena = &p->arena};
        struct hy_retry retry = {.message_id = ids_of[pick(p, MESSAGES)], .now_ms = rig.now_ms};

        ask(p, &retry.op, HY_VERB_RETRY);
        ask(p, &claim.op, HY_VERB_CLAIM);
        p->wrong += claim.count != 0;
        atomic_fetch_add(&endings, (int)claim.ended);
        hy_arena_reset(&p->arena);
    }
    atomic_fetch_sub(&busy, 1);
}

static int64_t last_told[MESSAGES];

/* Later ones of a message have larger ids, whichever node wrote them. */
static void check_order(struct player *p, const struct hy_outcome *o)
{
    size_t i = 0;

    while (i < MESSAGES && ids_of[i] != o->message_id)
        i++;
    p->wrong += i == MESSAGES || o->id <= last_told[i];
    if (i < MESSAGES)
        last_told[i] = o->id;
}

static size_t tell_some(struct player *p)
{
    struct hy_outbox_lane lane = {.webhook_id = subject, .capacity = 5};
    struct hy_outbox_claim claim = {.lanes = &lane,
                                    .lane_count = 1,
                                    .now_ms = rig.now_ms,
                                    .lease_until_ms = rig.now_ms + MINUTE,
                                    .arena = &p->arena};
    struct hy_outbox_item items[5];
    struct hy_outbox_settle settle = {.items = items, .now_ms = rig.now_ms};

    ask(p, &claim.op, HY_VERB_OUTBOX_CLAIM);
    for (size_t i = 0; i < claim.count; i++) {
        check_order(p, &claim.claimed[i].outcome);
        items[i] = (struct hy_outbox_item){
            .outcome_id = claim.claimed[i].outcome.id, .webhook_id = subject, .over = true};
    }
    settle.count = claim.count;
    if (claim.count > 0)
        ask(p, &settle.op, HY_VERB_OUTBOX_SETTLE);
    hy_arena_reset(&p->arena);
    return claim.count;
}

static void tell_all(struct player *p)
{
    size_t told;

    do {
        bool last = atomic_load(&busy) == 0;

        told = tell_some(p);
        atomic_fetch_add(&sent, (int)told);
        if (last && told == 0)
            return;
    } while (true);
}

static void each_end_is_told_once_and_in_order(void)
{
    static const struct role roles[] = {{fail_again_and_again, 0},
                                        {fail_again_and_again, 0},
                                        {fail_again_and_again, 1},
                                        {fail_again_and_again, 1},
                                        {tell_all, 1}};

    subject = listen_to(1u << HY_OUTCOME_FAILED);
    for (int i = 0; i < MESSAGES; i++)
        ids_of[i] = post(hy_arena_printf(&rig.arena, "u%d", i))->id;
    memset(last_told, 0, sizeof last_told);
    atomic_store(&sent, 0);
    atomic_store(&endings, MESSAGES);
    play_all(roles, sizeof roles / sizeof *roles, 4);
    CHECK(atomic_load(&endings) >= ENDS);
    CHECK_INT(atomic_load(&sent), atomic_load(&endings));
    CHECK_INT(webhook(subject)->pending, 0);
}

/* --- the cases ---------------------------------------------------------------------------------- */

static void two_nodes(const char *name, void (*test)(void))
{
    rig_run(name, test, false);
    hy_store_close(nodes[1]); /* here, for the case may have failed half-way */
    nodes[1] = NULL;
}

void store_bulk_races_cases(void)
{
    two_nodes("everybody_gets_it_once_however_often_it_rests",
              everybody_gets_it_once_however_often_it_rests);
    two_nodes("each_end_is_told_once_and_in_order", each_end_is_told_once_and_in_order);
}
