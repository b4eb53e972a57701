#include "store_race.h"

#include "store/nodes.h"

#include <stdlib.h>

static struct hy_store *nodes[NODES];
atomic_int race_racing, race_given, race_spent, race_purged;

/* --- racing ----------------------------------------------------------------------------------- */

void race_start(void *(*run_racer)(void *), struct racer *racers, int count)
{
    atomic_store(&race_racing, count);
    for (int i = 0; i < count; i++) {
        racers[i] =
            (struct racer){.number = i, .store = nodes[i % NODES], .random = (unsigned)i + 1};
        hy_arena_init(&racers[i].arena);
        hy_message_ids_init(&racers[i].ids, i + 1, 0);
        CHECK_INT(pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]), 0);
    }
}

void race_end(struct racer *racers, int count)
{
    for (int i = 0; i < count; i++)
        pthread_join(racers[i].thread, NULL);
    for (int i = 0; i < count; i++)
        hy_arena_deinit(&racers[i].arena);
    for (int i = 0; i < count; i++)
        CHECK_INT(racers[i].wrong, 0);
}

void race_two_nodes(const char *name, void (*test)(void))
{
    rig_run(name, test, false);
    hy_store_close(nodes[1]); /* here, for the case may have failed half-way */
    nodes[1] = NULL;
}

/* The first holds the app, so it may claim. */
static void join_as_node(struct hy_store *store, const char *name)
{
    struct hy_node_beat v = {.op = {.verb = HY_VERB_NODE_BEAT},
                             .name = name,
                             .version = "1",
                             .lease_ms = HOUR,
                             .arena = &rig.arena};

    CHECK_INT(hy_store_run(store, &v.op), 0);
}

void race_open(void)
{
    nodes[0] = rig.store;
    rig_open(rig.location, false, &nodes[1]);
    join_as_node(nodes[0], "first");
    join_as_node(nodes[1], "second");
    atomic_store(&race_given, 0);
    atomic_store(&race_spent, 0);
    atomic_store(&race_purged, 0);
}

int race_run(struct racer *r, struct hy_op *op, enum hy_verb verb)
{
    int result;

    op->verb = verb;
    result = hy_store_run(r->store, op);
    r->wrong += result != 0;
    return result;
}

int race_pick(struct racer *r, int below)
{
    return rand_r(&r->random) % below;
}

const char *race_user(struct hy_arena *arena, int user)
{
    return hy_arena_printf(arena, "u%d", user);
}

/* --- what a node is told ---------------------------------------------------------------------- */

void race_deposit(struct racer *r, struct hy_deposit_item *items, size_t count)
{
    struct hy_deposit v = {.items = items, .count = count, .now_ms = rig.now_ms};

    race_run(r, &v.op, HY_VERB_DEPOSIT);
    for (size_t i = 0; i < count; i++) {
        atomic_fetch_add(&race_given, items[i].added);
        r->news += !items[i].duplicate;
    }
}

struct hy_deposit_item race_receipt(const char *user, const char *credential)
{
    struct hy_deposit_item item = {.grant = {.app_no = rig.app,
                                             .user = user,
                                             .kind = HY_GRANT_FORM_ID,
                                             .credential = credential,
                                             .uses_total = 1,
                                             .uses_left = 1,
                                             .obtained_at_ms = rig.now_ms},
                                   .margin_ms = rig.margin_ms};

    item.grant.expires_at_ms = rig.now_ms + 7 * (int64_t)DAY;
    return item;
}

struct hy_deposit_item race_accept(const char *user, int number, const uint8_t *identity)
{
    struct hy_deposit_item item = accept_item(user, HY_SOURCE_EVENT);

    item.grant.obtained_at_ms = rig.now_ms - number;
    item.identity = identity;
    item.identity_at_ms = item.grant.obtained_at_ms;
    return item;
}

const uint8_t *race_identity(struct racer *r, int who, int number)
{
    uint8_t *bytes = (uint8_t *)hy_arena_alloc(&r->arena, HY_IDENTITY_BYTES);

    memcpy(bytes, &who, sizeof who);
    memcpy(bytes + sizeof who, &number, sizeof number);
    return bytes;
}

void race_settle(struct racer *r, const struct hy_claimed *c, enum hy_verdict verdict,
                 const char *errcode)
{
    struct hy_judgement j = judged(verdict, errcode);
    struct hy_settle_item item;
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    j.msgid = c->message.id;
    item = settled(c, &j);
    race_run(r, &v.op, HY_VERB_SETTLE);
    r->wrong += item.result != 0;
    if (verdict == HY_VERDICT_OK)
        atomic_fetch_add(&race_spent, 1);
}
