/* The players' webhooks, and what they are told. */
#include "store_player.h"

#include "store_print.h"

#include <inttypes.h>

static int64_t some_webhook(struct player *p)
{
    return (int64_t)player_pick(p, (uint64_t)p->webhooks + 2);
}

static void put(struct player *p)
{
    struct hy_webhook_put v = {
        .webhook = {.id = player_chance(p, 50) ? some_webhook(p) : 0,
                    .url = "http://127.0.0.1/hook",
                    .events = (uint32_t)player_pick(p, (1u << HY_OUTCOME_TYPES) - 1) + 1,
                    .app_no = player_chance(p, 30) ? p->apps[player_pick(p, APPS)] : 0,
                    .secret = {"secret", 6},
                    .old_secret = {"old", player_chance(p, 50) ? 3 : 0},
                    .old_until_ms = p->now_ms + HOUR,
                    .paused = player_chance(p, 20),
                    .created_at_ms = p->now_ms},
        .enable = player_chance(p, 30)};
    struct hy_audit audit = {.at_ms = p->now_ms,
                             .who = "somebody",
                             .address = "::1",
                             .action = "webhook.create",
                             .made_id = &v.webhook.id,
                             .letter = 'w'};

    if (player_chance(p, 80))
        v.webhook.events |= 0x3f;
    v.op.audit = &audit;
    player_run(p, &v.op, HY_VERB_WEBHOOK_PUT, "webhook_put");
    hy_buf_printf(&p->out, "  id=%" PRId64 "\n", v.webhook.id);
    if (v.op.result == 0 && v.webhook.id > p->webhooks)
        p->webhooks = v.webhook.id;
}

static void delete (struct player *p)
{
    struct hy_webhook_delete v = {.webhook_id = some_webhook(p), .limit = player_pick(p, 20) + 1};

    player_run(p, &v.op, HY_VERB_WEBHOOK_DELETE, "webhook_delete");
    if (v.op.result == 0)
        hy_buf_printf(&p->out, "  left=%d\n", v.left);
    while (v.op.result == 0 && v.left)
        player_run(p, &v.op, HY_VERB_WEBHOOK_DELETE, "webhook_delete more");
}

static void hurry(struct player *p)
{
    struct hy_outbox_hurry v = {
        .webhook_id = some_webhook(p), .now_ms = p->now_ms, .limit = player_pick(p, 20) + 1};

    do {
        player_run(p, &v.op, HY_VERB_OUTBOX_HURRY, "outbox_hurry");
        hy_buf_printf(&p->out, "  left=%d\n", v.left);
    } while (v.op.result == 0 && v.left);
}

static void put_test(struct player *p)
{
    struct hy_outbox_put v = {
        .outcome = {.webhook_id = some_webhook(p), .type = HY_OUTCOME_TEST, .at_ms = p->now_ms}};

    player_run(p, &v.op, HY_VERB_OUTBOX_PUT, "outbox_put");
}

void player_look_at_webhooks(struct player *p)
{
    struct hy_webhooks v = {.count_pending = true, .arena = &p->arena};

    player_run(p, &v.op, HY_VERB_WEBHOOKS, "webhooks");
    for (size_t i = 0; i < v.count; i++)
        print_webhook(&p->out, &v.webhooks[i]);
}

void player_move_webhook(struct player *p)
{
    unsigned what = (unsigned)player_pick(p, 100);

    if (what < 50)
        put(p);
    else if (what < 60)
        delete (p);
    else if (what < 70)
        hurry(p);
    else if (what < 85)
        put_test(p);
    else
        player_look_at_webhooks(p);
}

/* --- the outbox ------------------------------------------------------------------------------- */

static void claim_outcomes(struct player *p)
{
    struct hy_outbox_lane lanes[3];
    struct hy_outbox_claim v = {.lanes = lanes,
                                .lane_count = player_pick(p, 3) + 1,
                                .now_ms = p->now_ms,
                                .lease_until_ms = p->now_ms + MINUTE,
                                .arena = &p->arena};

    for (size_t i = 0; i < v.lane_count; i++)
        lanes[i] = (struct hy_outbox_lane){.webhook_id = some_webhook(p) + 1,
                                           .capacity = player_pick(p, 15)};
    if (player_run(p, &v.op, HY_VERB_OUTBOX_CLAIM, "outbox_claim") != 0)
        return;
    for (size_t i = 0; i < v.lane_count; i++)
        hy_buf_printf(&p->out, "  lane=%" PRId64 " next=%" PRId64 "\n", lanes[i].webhook_id,
                      lanes[i].next_due_ms);
    for (size_t i = 0; i < v.count; i++) {
        const struct hy_outcome *o = &v.claimed[i].outcome;

        print_outcome(&p->out, o);
        if (v.claimed[i].message.id)
            print_message(&p->out, &v.claimed[i].message);
        if (v.claimed[i].event.id)
            print_event(&p->out, &v.claimed[i].event);
        p->told[p->told_count++ % TOLD_MAX] =
            (struct hy_outbox_item){.outcome_id = o->id, .webhook_id = o->webhook_id};
    }
}

static void settle_outcomes(struct player *p)
{
    size_t known = p->told_count < TOLD_MAX ? p->told_count : TOLD_MAX;
    struct hy_outbox_item items[10];
    struct hy_outbox_state state = {.webhook_id = some_webhook(p),
                                    .failing_since_ms = player_chance(p, 50) ? p->now_ms : 0,
                                    .disabled_at_ms = player_chance(p, 10) ? p->now_ms : 0,
                                    .last_error = player_chance(p, 50) ? "410" : NULL};
    struct hy_outbox_settle v = {.items = items,
                                 .count = known > 0 ? player_pick(p, 11) : 0,
                                 .states = &state,
                                 .state_count = player_chance(p, 20),
                                 .now_ms = p->now_ms};

    for (size_t i = 0; i < v.count; i++) {
        items[i] = p->told[player_pick(p, known)];
        items[i].over = player_chance(p, 70);
        items[i].due_at_ms = p->now_ms + (int64_t)player_pick(p, HOUR) + 1;
    }
    player_run(p, &v.op, HY_VERB_OUTBOX_SETTLE, "outbox_settle");
    hy_buf_printf(&p->out, "  freed=%zu\n", v.freed);
}

void player_move_outbox(struct player *p)
{
    if (player_chance(p, 50))
        claim_outcomes(p);
    else
        settle_outcomes(p);
}
