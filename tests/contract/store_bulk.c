#include "store_bulk.h"

#include <stdio.h>

/* --- broadcasts ------------------------------------------------------------------------------- */

struct hy_broadcast_make *campaign(void)
{
    struct hy_broadcast_make *make =
        (struct hy_broadcast_make *)hy_arena_alloc(&rig.arena, sizeof *make);

    *make = (struct hy_broadcast_make){.broadcast = {.app_no = rig.app,
                                                     .name = "sale",
                                                     .message = {.template_id = "T1", .data = "{}"},
                                                     .created_at_ms = rig.now_ms}};
    return make;
}

int put_make(struct hy_broadcast_make *make)
{
    struct hy_broadcast_put *v = (struct hy_broadcast_put *)hy_arena_alloc(&rig.arena, sizeof *v);
    int r;

    v->make = *make;
    r = run(&v->op, HY_VERB_BROADCAST_PUT);
    *make = v->make;
    return r;
}

static int64_t put_to(int users, enum hy_broadcast_state state, bool reach)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_audience_item *items =
        (struct hy_audience_item *)hy_arena_array(&rig.arena, (size_t)users + 1, sizeof *items);

    for (int i = 0; i < users; i++)
        items[i].user = hy_arena_printf(&rig.arena, "%c", 'a' + i);
    make->broadcast.state = state;
    make->broadcast.reach = reach;
    if (state == HY_BROADCAST_RUNNING)
        make->broadcast.started_at_ms = rig.now_ms;
    make->items = items;
    make->count = (size_t)users;
    CHECK_INT(put_make(make), 0);
    CHECK_INT(make->admission, HY_ADMITTED);
    CHECK_INT(make->added, users);
    return make->broadcast.id;
}

int64_t draft_to(int users)
{
    return put_to(users, HY_BROADCAST_DRAFT, false);
}

int64_t run_to(int users)
{
    return put_to(users, HY_BROADCAST_RUNNING, false);
}

int64_t run_over_reach(void)
{
    return put_to(0, HY_BROADCAST_RUNNING, true);
}

int add_users(int64_t id, struct hy_audience_item *items, size_t count, struct hy_audience_add *v)
{
    *v = (struct hy_audience_add){.broadcast_id = id, .items = items, .count = count};
    return run(&v->op, HY_VERB_AUDIENCE_ADD);
}

int feed_result(int64_t id, size_t limit, struct hy_broadcast_feed **ret_v)
{
    struct hy_broadcast_feed *v = (struct hy_broadcast_feed *)hy_arena_alloc(&rig.arena, sizeof *v);
    int64_t *ids = (int64_t *)hy_arena_array(&rig.arena, limit, sizeof *ids);

    for (size_t i = 0; i < limit; i++)
        ids[i] = hy_message_ids_next(&rig.ids, rig.now_ms);
    *v = (struct hy_broadcast_feed){.broadcast_id = id,
                                    .ids = ids,
                                    .limit = limit,
                                    .now_ms = rig.now_ms,
                                    .margin_ms = rig.margin_ms};
    *ret_v = v;
    return run(&v->op, HY_VERB_BROADCAST_FEED);
}

struct hy_broadcast_feed *feed(int64_t id, size_t limit)
{
    struct hy_broadcast_feed *v;

    CHECK_INT(feed_result(id, limit, &v), 0);
    return v;
}

int move_to(int64_t id, enum hy_broadcast_state to, const char *reason)
{
    struct hy_broadcast_move v = {
        .broadcast_id = id, .to = to, .reason = reason, .now_ms = rig.now_ms};
    int r = run(&v.op, HY_VERB_BROADCAST_MOVE);

    if (r != HY_E_NOT_FOUND)
        CHECK_INT(v.state, broadcast(id)->state);
    return r;
}

const struct hy_broadcast *broadcast(int64_t id)
{
    struct hy_broadcasts v = {.id = id, .limit = 5, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
    CHECK_INT(v.count, 1);
    CHECK(!v.more);
    return &v.broadcasts[0];
}

int bulk_queue(void)
{
    return hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_BULK);
}

/* --- webhooks --------------------------------------------------------------------------------- */

struct hy_webhook_put webhook_to(uint32_t events)
{
    return (struct hy_webhook_put){.webhook = {.url = "https://example.com/hook",
                                               .events = events,
                                               .secret = {"0123456789", 10},
                                               .created_at_ms = rig.now_ms}};
}

int64_t listen_to(uint32_t events)
{
    struct hy_webhook_put v = webhook_to(events);

    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    CHECK(v.webhook.id > 0);
    return v.webhook.id;
}

const struct hy_webhook *webhook(int64_t id)
{
    struct hy_webhooks v = {.count_pending = true, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_WEBHOOKS), 0);
    for (size_t i = 0; i < v.count; i++) {
        CHECK(i == 0 || v.webhooks[i].id > v.webhooks[i - 1].id);
        if (v.webhooks[i].id == id)
            return &v.webhooks[i];
    }
    return NULL;
}

struct hy_outbox_claim *outbox(int64_t webhook_id, size_t capacity)
{
    struct hy_outbox_claim *v = (struct hy_outbox_claim *)hy_arena_alloc(&rig.arena, sizeof *v);
    struct hy_outbox_lane *lane = (struct hy_outbox_lane *)hy_arena_alloc(&rig.arena, sizeof *lane);

    *lane = (struct hy_outbox_lane){.webhook_id = webhook_id, .capacity = capacity};
    *v = (struct hy_outbox_claim){.lanes = lane,
                                  .lane_count = 1,
                                  .now_ms = rig.now_ms,
                                  .lease_until_ms = rig.now_ms + MINUTE,
                                  .arena = &rig.arena};
    CHECK_INT(run(&v->op, HY_VERB_OUTBOX_CLAIM), 0);
    return v;
}

const struct hy_outbox_claimed *outbox_one(int64_t webhook_id)
{
    struct hy_outbox_claim *v = outbox(webhook_id, ALL);

    CHECK_INT(v->count, 1);
    return &v->claimed[0];
}

size_t tell_over(const struct hy_outbox_claimed *c)
{
    struct hy_outbox_item item = {
        .outcome_id = c->outcome.id, .webhook_id = c->outcome.webhook_id, .over = true};
    struct hy_outbox_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_SETTLE), 0);
    return v.freed;
}

const char *told_all(int64_t webhook_id)
{
    struct hy_outbox_claim *v;
    const char *text = "";

    do {
        v = outbox(webhook_id, ALL);
        for (size_t i = 0; i < v->count; i++) {
            text = hy_arena_printf(&rig.arena, "%s%s%s", text, *text ? " " : "",
                                   hy_outcome_names[v->claimed[i].outcome.type]);
            tell_over(&v->claimed[i]);
        }
    } while (v->count > 0);
    return text;
}

/* --- others ----------------------------------------------------------------------------------- */

struct hy_message *failed_with(const char *user, const char *errcode)
{
    struct hy_message *m = post_with(user, HY_ON_MISSING_TRY);

    judge(claim_one(), HY_VERDICT_BAD_PAYLOAD, errcode);
    CHECK_STATE(m->id, FAILED);
    return m;
}

struct hy_retry *retry(int64_t id, int expected)
{
    struct hy_retry *v = (struct hy_retry *)hy_arena_alloc(&rig.arena, sizeof *v);

    *v = (struct hy_retry){.message_id = id, .now_ms = rig.now_ms};
    CHECK_INT(run(&v->op, HY_VERB_RETRY), expected);
    return v;
}

size_t retain(enum hy_retain_kind kind, int64_t before_ms)
{
    struct hy_retain v = {.kind = kind, .before_ms = before_ms, .limit = 1000};

    CHECK_INT(run(&v.op, HY_VERB_RETAIN), 0);
    CHECK(!v.more);
    return v.deleted;
}
