/* The players' broadcasts. */
#include "store_player.h"

#include "store_print.h"

#include <inttypes.h>

enum { ITEMS_MAX = 8, LISTED_MAX = 1000, FEED_MAX = 6 };

/* One that was made, or one that never was. */
static int64_t some_broadcast(struct player *p)
{
    int64_t recent = p->broadcasts < 6 ? p->broadcasts : 6;

    return p->broadcasts + 1 - (int64_t)player_pick(p, (uint64_t)recent + 2);
}

/* Most often one that is in that state, so that more than refusals are compared. */
static int64_t broadcast_in(struct player *p, enum hy_broadcast_state state)
{
    struct hy_broadcasts v = {
        .op.verb = HY_VERB_BROADCASTS, .limit = LISTED_MAX, .arena = &p->arena};
    size_t count = 0;

    CHECK_INT(hy_store_run(p->store, &v.op), 0);
    for (size_t i = 0; i < v.count; i++)
        if (v.broadcasts[i].state == state &&
            (state != HY_BROADCAST_CANCELED || v.broadcasts[i].winding_up))
            v.broadcasts[count++].id = v.broadcasts[i].id;
    if (count == 0 || player_chance(p, 10))
        return some_broadcast(p);
    return v.broadcasts[player_pick(p, count)].id;
}

static const char *some_user(struct player *p)
{
    if (player_chance(p, 60))
        return player_user(p);
    return hy_arena_printf(&p->arena, "bulk%d", (int)player_pick(p, BULK_USERS));
}

static struct hy_audience_item *random_items(struct player *p, size_t count)
{
    struct hy_audience_item *items =
        (struct hy_audience_item *)hy_arena_array(&p->arena, ITEMS_MAX, sizeof *items);

    for (size_t i = 0; i < count; i++) {
        items[i].user = some_user(p);
        items[i].data = player_chance(p, 30) ? "{\"own\":1}" : NULL;
    }
    return items;
}

static struct hy_message random_bulk(struct player *p)
{
    struct hy_message m = {
        .template_id = player_chance(p, 70) ? "T1" : "T2",
        .template_kind = (enum hy_template_kind)(player_chance(p, 50) ? 0 : player_pick(p, 4)),
        .data = player_chance(p, 90) ? "{}" : NULL,
        .page = player_chance(p, 20) ? "pages/a" : NULL,
        .tag = player_chance(p, 30) ? "tag" : NULL,
        .urgent = player_chance(p, 20),
        .policy = player_chance(p, 40) ? HY_POLICY_AT_LEAST_ONCE : HY_POLICY_AT_MOST_ONCE,
        .on_missing = (enum hy_on_missing)player_pick(p, 3)};

    if (player_chance(p, 20))
        m.expires_at_ms = p->now_ms + (int64_t)player_pick(p, 2 * (uint64_t)DAY);
    return m;
}

struct hy_broadcast_make *player_random_make(struct player *p)
{
    struct hy_broadcast_make *make =
        (struct hy_broadcast_make *)hy_arena_alloc(&p->arena, sizeof *make);
    uint8_t *prints = (uint8_t *)hy_arena_alloc(&p->arena, 2 * (size_t)HY_FINGERPRINT_BYTES);

    *make = (struct hy_broadcast_make){
        .broadcast = {.app_no = p->apps[player_pick(p, APPS)],
                      .name = player_chance(p, 50) ? "name" : NULL,
                      .message = random_bulk(p),
                      .state = (enum hy_broadcast_state)player_pick(p, 3),
                      .rate_per_s = (int64_t)player_pick(p, 10),
                      .send_at_ms = p->now_ms,
                      .started_at_ms = p->now_ms,
                      .created_at_ms = p->now_ms,
                      .reach = player_chance(p, 30)}};
    make->count = make->broadcast.reach ? 0 : player_pick(p, ITEMS_MAX);
    make->items = random_items(p, make->count);
    if (player_chance(p, 30)) {
        prints[0] = (uint8_t)player_pick(p, 10);
        prints[HY_FINGERPRINT_BYTES] = (uint8_t)player_pick(p, 2);
        make->key = prints;
        make->body = prints + HY_FINGERPRINT_BYTES;
    }
    return make;
}

void player_print_make(struct player *p, const struct hy_broadcast_make *make)
{
    hy_buf_printf(&p->out, "  admission=%d added=%zu duplicates=%zu\n", make->admission,
                  make->added, make->duplicates);
    if (make->admission == HY_ADMIT_CONFLICT)
        return;
    hy_buf_printf(&p->out, "  id=%" PRId64 " state=%d\n", make->broadcast.id,
                  make->broadcast.state);
    if (make->broadcast.id > p->broadcasts)
        p->broadcasts = make->broadcast.id;
}

/* --- moves ------------------------------------------------------------------------------------ */

static void put(struct player *p)
{
    struct hy_broadcast_put v = {.make = *player_random_make(p)};
    struct hy_audit audit = {.at_ms = p->now_ms,
                             .who = "somebody",
                             .address = "::1",
                             .action = "broadcast.create",
                             .made_id = &v.make.broadcast.id,
                             .letter = 'b'};

    v.op.audit = &audit;
    if (player_run(p, &v.op, HY_VERB_BROADCAST_PUT, "broadcast_put") == 0)
        player_print_make(p, &v.make);
}

static void add(struct player *p)
{
    struct hy_audience_add v = {.broadcast_id = broadcast_in(p, HY_BROADCAST_DRAFT),
                                .count = player_pick(p, ITEMS_MAX) + 1};

    v.items = random_items(p, v.count);
    if (player_run(p, &v.op, HY_VERB_AUDIENCE_ADD, "audience_add") == 0)
        hy_buf_printf(&p->out, "  added=%zu duplicates=%zu\n", v.added, v.duplicates);
}

static void change(struct player *p)
{
    struct hy_broadcast_change v = {.broadcast = {.id = some_broadcast(p),
                                                  .name = "changed",
                                                  .message = random_bulk(p),
                                                  .rate_per_s = 7,
                                                  .send_at_ms = p->now_ms + HOUR}};

    player_run(p, &v.op, HY_VERB_BROADCAST_CHANGE, "broadcast_change");
}

static void move(struct player *p)
{
    static const enum hy_broadcast_state often[] = {HY_BROADCAST_RUNNING, HY_BROADCAST_RUNNING,
                                                    HY_BROADCAST_PAUSED, HY_BROADCAST_DONE};
    struct hy_broadcast_move v = {.to = often[player_pick(p, 4)],
                                  .reason = player_chance(p, 50) ? "operator" : NULL,
                                  .now_ms = p->now_ms};

    v.broadcast_id =
        broadcast_in(p, v.to == HY_BROADCAST_RUNNING ? HY_BROADCAST_PAUSED : HY_BROADCAST_RUNNING);
    if (player_chance(p, 20))
        v.to = (enum hy_broadcast_state)player_pick(p, HY_BROADCAST_STATES);
    if (player_run(p, &v.op, HY_VERB_BROADCAST_MOVE, "broadcast_move") != HY_E_NOT_FOUND)
        hy_buf_printf(&p->out, "  state=%d\n", v.state);
    if (v.op.result == 0)
        hy_buf_printf(&p->out, "  freed=%zu\n", v.freed);
}

/* Steps may be of any size: only what they come to is compared. */
static void collect(struct player *p)
{
    struct hy_audience_collect v = {.broadcast_id = broadcast_in(p, HY_BROADCAST_RUNNING),
                                    .now_ms = p->now_ms,
                                    .margin_ms = DAY,
                                    .limit = player_pick(p, 5) + 1};
    size_t added = 0;

    player_run(p, &v.op, HY_VERB_AUDIENCE_COLLECT, "audience_collect");
    while (v.op.result == 0) {
        added += v.added;
        if (v.collected)
            break;
        v.op.verb = HY_VERB_AUDIENCE_COLLECT;
        hy_store_run(p->store, &v.op);
    }
    hy_buf_printf(&p->out, "  added=%zu\n", added);
}

static void feed(struct player *p)
{
    int64_t ids[FEED_MAX];
    struct hy_broadcast_feed v = {.broadcast_id = broadcast_in(p, HY_BROADCAST_RUNNING),
                                  .ids = ids,
                                  .limit = player_pick(p, FEED_MAX) + 1,
                                  .now_ms = p->now_ms,
                                  .margin_ms = DAY,
                                  .template_kind =
                                      (enum hy_template_kind)player_pick(p, HY_TEMPLATE_KINDS)};

    for (size_t i = 0; i < v.limit; i++)
        ids[i] = hy_message_ids_next(&p->ids, p->now_ms);
    if (player_run(p, &v.op, HY_VERB_BROADCAST_FEED, "broadcast_feed") != 0)
        return;
    hy_buf_printf(&p->out, "  fed=%zu due=%zu left=%d\n", v.fed, v.due, v.left);
    for (size_t i = 0; i < v.fed; i++)
        p->known[p->known_count++ % IDS_MAX] = ids[i];
}

/* Likewise. */
static void wind_up(struct player *p)
{
    struct hy_broadcast_wind_up v = {.broadcast_id = broadcast_in(p, HY_BROADCAST_CANCELED),
                                     .limit = player_pick(p, 5) + 1,
                                     .now_ms = p->now_ms};
    size_t freed = 0;

    player_run(p, &v.op, HY_VERB_BROADCAST_WIND_UP, "broadcast_wind_up");
    while (v.op.result == 0) {
        freed += v.freed;
        if (!v.left)
            break;
        v.op.verb = HY_VERB_BROADCAST_WIND_UP;
        hy_store_run(p->store, &v.op);
    }
    if (v.op.result == 0)
        hy_buf_printf(&p->out, "  freed=%zu sending=%zu\n", freed, v.sending);
}

static void look(struct player *p)
{
    struct hy_audience_look v = {.broadcast_id = some_broadcast(p),
                                 .after = player_chance(p, 50) ? some_user(p) : NULL,
                                 .now_ms = p->now_ms,
                                 .margin_ms = DAY,
                                 .limit = player_pick(p, 12) + 1,
                                 .arena = &p->arena};

    if (player_run(p, &v.op, HY_VERB_AUDIENCE_LOOK, "audience_look") != 0)
        return;
    hy_buf_printf(&p->out, "  users=%zu reachable=%zu last=%s more=%d\n", v.users, v.reachable,
                  v.last ? v.last : "-", v.more);
    for (size_t i = 0; i < v.sample_count; i++)
        hy_buf_printf(&p->out, "  sample=%s %s\n", v.samples[i].user,
                      v.samples[i].data ? v.samples[i].data : "-");
}

void player_move_broadcast(struct player *p)
{
    static void (*const moves[])(struct player * p) = {put,  collect, put,  add,     change, move,
                                                       move, move,    feed, feed,    feed,   feed,
                                                       feed, feed,    look, collect, wind_up};

    moves[player_pick(p, sizeof moves / sizeof *moves)](p);
}

/* --- looking ---------------------------------------------------------------------------------- */

size_t player_held(struct player *p, int64_t *held)
{
    struct hy_broadcasts v = {
        .op.verb = HY_VERB_BROADCASTS, .unfinished = true, .limit = HELD_MAX, .arena = &p->arena};
    size_t count = 0;

    CHECK_INT(hy_store_run(p->store, &v.op), 0);
    for (size_t i = 0; i < v.count; i++)
        if (v.broadcasts[i].state == HY_BROADCAST_PAUSED ||
            v.broadcasts[i].state == HY_BROADCAST_CANCELED)
            held[count++] = v.broadcasts[i].id;
    return count;
}

void player_look_at_broadcasts(struct player *p)
{
    struct hy_broadcasts v = {.limit = LISTED_MAX, .arena = &p->arena};

    player_run(p, &v.op, HY_VERB_BROADCASTS, "broadcasts");
    for (size_t i = 0; i < v.count; i++)
        print_broadcast(&p->out, &v.broadcasts[i]);
}
