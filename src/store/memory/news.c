/* What the other stores on one memory backend are told: shared.h. */
#include "store/memory/nodes.h"

#include <stdlib.h>

/* --- telling ---------------------------------------------------------------------------------- */

void hy_mem_news_put(struct hy_mem_seat *to, enum hy_news news, int64_t id, int64_t at_ms)
{
    struct hy_mem_word *word;

    if (!to->tell || to->shared->mute)
        return;
    word = (struct hy_mem_word *)hy_mem_alloc(sizeof *word);
    *word = (struct hy_mem_word){.news = news, .id = id, .at_ms = at_ms};
    hy_vector_push(&to->inbox, word);
}

void hy_mem_news_tell(struct hy_mem_seat *seat, enum hy_news news, int64_t id)
{
    struct hy_mem_shared *shared = seat->shared;

    shared->counts[news]++;
    for (size_t i = 0; i < shared->seats.count; i++)
        if (shared->seats.items[i] != seat)
            hy_mem_news_put((struct hy_mem_seat *)shared->seats.items[i], news, id, 0);
}

bool hy_mem_news_deliver(struct hy_mem_seat *seat)
{
    bool any = seat->inbox.count > 0;

    while (seat->inbox.count > 0) {
        struct hy_mem_word word = *(struct hy_mem_word *)seat->inbox.items[0];

        free(seat->inbox.items[0]);
        hy_vector_remove(&seat->inbox, 0);
        if (seat->tell)
            seat->tell(word.news, word.id, word.at_ms, seat->arg);
    }
    return any;
}

/* --- what a verb changed ---------------------------------------------------------------------- */

#define KIND(news)     (1U << HY_NEWS_##news)
#define AT(type, path) offsetof(struct type, path)

static int64_t app_of_broadcast(const struct hy_backend *b, int64_t id)
{
    const struct hy_mem_broadcast *found = hy_mem_broadcast(b, id);

    return found ? found->b.app_no : 0;
}

static const struct {
    unsigned kinds;
    size_t app_offset;       /* of its app_no; 0 = not said */
    size_t broadcast_offset; /* or of a broadcast's id */
} changes[HY_VERB_WRITES] = {
    [HY_VERB_APP_PUT] = {KIND(APPS), .app_offset = AT(hy_app_put, app.no)},
    [HY_VERB_APP_DELETE] = {KIND(APPS) | KIND(TEMPLATES) | KIND(SCHEDULES) | KIND(BROADCASTS) |
                                KIND(PAUSES) | KIND(TOKENS),
                            .app_offset = AT(hy_app_delete, app_no)},
    [HY_VERB_KEY_PUT] = {KIND(KEYS)},
    [HY_VERB_KEY_REVOKE] = {KIND(KEYS)},
    [HY_VERB_TEMPLATES_PUT] = {KIND(TEMPLATES), .app_offset = AT(hy_templates_put, app_no)},
    [HY_VERB_TEMPLATE_DELETE] = {KIND(TEMPLATES), .app_offset = AT(hy_template_delete, app_no)},
    [HY_VERB_SESSION_CUT] = {KIND(CUTS), .app_offset = AT(hy_session_cut, app_no)},
    [HY_VERB_SCHEDULE_PUT] = {KIND(SCHEDULES), .app_offset = AT(hy_schedule_put, schedule.app_no)},
    [HY_VERB_SCHEDULE_DELETE] = {KIND(SCHEDULES)},
    [HY_VERB_SCHEDULE_FIRE] = {KIND(SCHEDULES)},
    [HY_VERB_SCHEDULE_RESULT] = {KIND(SCHEDULES)},
    [HY_VERB_BROADCAST_PUT] = {KIND(BROADCASTS),
                               .app_offset = AT(hy_broadcast_put, make.broadcast.app_no)},
    [HY_VERB_BROADCAST_CHANGE] = {KIND(BROADCASTS),
                                  .broadcast_offset = AT(hy_broadcast_change, broadcast.id)},
    [HY_VERB_BROADCAST_MOVE] = {KIND(BROADCASTS),
                                .broadcast_offset = AT(hy_broadcast_move, broadcast_id)},
    [HY_VERB_WEBHOOK_PUT] = {KIND(WEBHOOKS)},
    [HY_VERB_WEBHOOK_DELETE] = {KIND(WEBHOOKS)},
    [HY_VERB_PAUSE_PUT] = {KIND(PAUSES), .app_offset = AT(hy_pause_put, pause.app_no)},
    [HY_VERB_TOKEN_END] = {KIND(TOKENS), .app_offset = AT(hy_token_end, app_no)},
};

static int64_t app_of(const struct hy_backend *b, const struct hy_op *op)
{
    const char *verb = (const char *)op;

    if (changes[op->verb].app_offset)
        return *(const int64_t *)(const void *)(verb + changes[op->verb].app_offset);
    if (changes[op->verb].broadcast_offset)
        return app_of_broadcast(
            b, *(const int64_t *)(const void *)(verb + changes[op->verb].broadcast_offset));
    return 0;
}

/* What depends on the arguments. */
static unsigned further(const struct hy_op *op)
{
    if (op->verb == HY_VERB_SCHEDULE_FIRE && ((const struct hy_schedule_fire *)op)->broadcast)
        return KIND(BROADCASTS);
    if (op->verb == HY_VERB_OUTBOX_SETTLE && ((const struct hy_outbox_settle *)op)->state_count > 0)
        return KIND(WEBHOOKS);
    return 0;
}

void hy_mem_news_of(struct hy_mem_seat *seat, const struct hy_op *op)
{
    unsigned kinds = changes[op->verb].kinds | further(op);
    int64_t app_no = kinds ? app_of(seat->shared->data, op) : 0;

    for (enum hy_news news = 0; news < HY_NEWS_KINDS; news++)
        if (kinds >> news & 1)
            hy_mem_news_tell(seat, news, app_no);
}

/* --- what became due -------------------------------------------------------------------------- */

/* The first thing that is due of a lane or of an endpoint. */
struct hy_mem_first {
    const void *of; /* the lane, the webhook */
    enum hy_hold_kind kind;
    int64_t id; /* of the app, of the webhook */
    int64_t due_ms;
};

static void note_first(struct hy_vector *firsts, struct hy_mem_first first)
{
    struct hy_mem_first *kept = (struct hy_mem_first *)hy_mem_alloc(sizeof *kept);

    *kept = first;
    hy_vector_push(firsts, kept);
}

static void note_lane(void *value, void *arg)
{
    const struct hy_mem_lane *lane = (const struct hy_mem_lane *)value;
    const struct hy_mem_message *m = (const struct hy_mem_message *)hy_heap_first(&lane->due);

    if (m)
        note_first((struct hy_vector *)arg,
                   (struct hy_mem_first){lane, HY_HOLD_APP, m->m.app_no, m->m.due_at_ms});
}

static void note_webhook(const struct hy_backend *b, const struct hy_webhook *w,
                         struct hy_vector *firsts)
{
    struct hy_mem_first first = {w, HY_HOLD_WEBHOOK, w->id, 0};

    for (size_t i = 0; i < b->outcomes.count; i++) {
        const struct hy_outcome *o = (const struct hy_outcome *)b->outcomes.items[i];

        if (o->webhook_id == w->id && o->due_at_ms > 0 &&
            (first.due_ms == 0 || o->due_at_ms < first.due_ms))
            first.due_ms = o->due_at_ms;
    }
    if (first.due_ms > 0)
        note_first(firsts, first);
}

void hy_mem_dues_note(const struct hy_backend *b, struct hy_mem_dues *dues)
{
    hy_map_each(&b->lanes, note_lane, &dues->firsts);
    for (size_t i = 0; i < b->webhooks.count; i++)
        note_webhook(b, (const struct hy_webhook *)b->webhooks.items[i], &dues->firsts);
}

static void drop_dues(struct hy_mem_dues *dues)
{
    for (size_t i = 0; i < dues->firsts.count; i++)
        free(dues->firsts.items[i]);
    hy_vector_deinit(&dues->firsts);
}

static bool is_earlier(const struct hy_mem_first *now, const struct hy_mem_dues *before)
{
    for (size_t i = 0; i < before->firsts.count; i++) {
        const struct hy_mem_first *then = (const struct hy_mem_first *)before->firsts.items[i];

        if (then->of == now->of)
            return now->due_ms < then->due_ms;
    }
    return true;
}

static void tell_holder(const struct hy_mem_seat *seat, const struct hy_mem_first *first)
{
    const struct hy_mem_shared *shared = seat->shared;
    int64_t holder = hy_mem_holder(shared, first->kind, first->id);

    for (size_t i = 0; holder != 0 && i < shared->seats.count; i++) {
        struct hy_mem_seat *other = (struct hy_mem_seat *)shared->seats.items[i];

        if (other != seat && other->node == holder)
            hy_mem_news_put(other, first->kind == HY_HOLD_APP ? HY_NEWS_DUE : HY_NEWS_OUTCOMES,
                            first->id, first->due_ms);
    }
}

void hy_mem_dues_tell(struct hy_mem_seat *seat, struct hy_mem_dues *dues)
{
    struct hy_mem_dues now = {{0}};

    hy_mem_dues_note(seat->shared->data, &now);
    for (size_t i = 0; i < now.firsts.count; i++) {
        const struct hy_mem_first *first = (const struct hy_mem_first *)now.firsts.items[i];

        if (is_earlier(first, dues))
            tell_holder(seat, first);
    }
    drop_dues(&now);
    drop_dues(dues);
}
