/* Broadcasts as objects: broadcasts.h. Their audiences are in audience.c. */
#include "store/memory/memory.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
    int64_t ia = ((const struct hy_mem_broadcast *)a)->b.id;
    int64_t ib = ((const struct hy_mem_broadcast *)b)->b.id;

    return ia < ib ? -1 : ia > ib;
}

struct hy_mem_broadcast *hy_mem_broadcast(const struct hy_backend *b, int64_t id)
{
    struct hy_mem_broadcast wanted = {.b = {.id = id}};
    size_t at = hy_vector_place(&b->broadcasts, &wanted, by_id);
    struct hy_mem_broadcast *found =
        at < b->broadcasts.count ? (struct hy_mem_broadcast *)b->broadcasts.items[at] : NULL;

    return found && found->b.id == id ? found : NULL;
}

void hy_mem_broadcast_free(void *item)
{
    struct hy_mem_broadcast *broadcast = (struct hy_mem_broadcast *)item;

    for (size_t i = 0; i < broadcast->audience.count; i++)
        hy_mem_listener_free(broadcast->audience.items[i]);
    hy_vector_deinit(&broadcast->audience);
    hy_mem_message_disown(&broadcast->b.message);
    hy_mem_free_text(broadcast->b.name);
    hy_mem_free_text(broadcast->b.schedule_name);
    hy_mem_free_text(broadcast->b.reason);
    hy_mem_free_text(broadcast->b.collect_from);
    free(broadcast);
}

void hy_mem_broadcast_count(struct hy_backend *b, const struct hy_message *m, int from)
{
    struct hy_mem_broadcast *broadcast =
        m->broadcast_id ? hy_mem_broadcast(b, m->broadcast_id) : NULL;

    if (!broadcast)
        return;
    if (from >= 0)
        broadcast->b.messages[from]--;
    broadcast->b.messages[m->state]++;
}

/* --- making and changing ---------------------------------------------------------------------- */

/* What a caller chooses of each message. */
static struct hy_message chosen(const struct hy_message *from)
{
    struct hy_message m = {.template_id = from->template_id,
                           .data = from->data,
                           .page = from->page,
                           .emphasis = from->emphasis,
                           .miniprogram_state = from->miniprogram_state,
                           .lang = from->lang,
                           .tag = from->tag,
                           .extra = from->extra,
                           .template_kind = from->template_kind,
                           .urgent = from->urgent,
                           .policy = from->policy,
                           .on_missing = from->on_missing,
                           .expires_at_ms = from->expires_at_ms};

    hy_mem_message_own(&m);
    return m;
}

static const struct hy_mem_broadcast *by_key(const struct hy_backend *b, const uint8_t *key)
{
    for (size_t i = 0; key && i < b->broadcasts.count; i++) {
        const struct hy_mem_broadcast *broadcast =
            (const struct hy_mem_broadcast *)b->broadcasts.items[i];

        if (broadcast->has_key && memcmp(broadcast->key, key, HY_FINGERPRINT_BYTES) == 0)
            return broadcast;
    }
    return NULL;
}

static void answer_again(const struct hy_mem_broadcast *first, struct hy_broadcast_make *make)
{
    make->added = make->duplicates = 0;
    make->admission = HY_ADMIT_CONFLICT;
    if (memcmp(first->body, make->body, HY_FINGERPRINT_BYTES) != 0)
        return;
    make->admission = HY_ADMITTED_BEFORE;
    make->broadcast.id = first->b.id;
    make->broadcast.state = first->b.state;
}

static struct hy_mem_broadcast *new_broadcast(struct hy_backend *b, const struct hy_broadcast *from)
{
    struct hy_mem_broadcast *added = (struct hy_mem_broadcast *)hy_mem_alloc(sizeof *added);

    added->b = (struct hy_broadcast){
        .id = ++b->last_broadcast_id,
        .app_no = from->app_no,
        .name = hy_mem_text(from->name),
        .message = chosen(&from->message),
        .schedule_name = hy_mem_text(from->schedule_name),
        .state = from->state,
        .rate_per_s = from->rate_per_s,
        .send_at_ms = from->send_at_ms,
        .created_at_ms = from->created_at_ms,
        .started_at_ms = from->state == HY_BROADCAST_RUNNING ? from->started_at_ms : 0,
        .reach = from->reach,
        .collected = from->state == HY_BROADCAST_RUNNING && !from->reach};
    hy_vector_push(&b->broadcasts, added);
    return added;
}

void hy_mem_broadcast_make(struct hy_backend *b, struct hy_broadcast_make *make)
{
    const struct hy_mem_broadcast *first = by_key(b, make->key);
    struct hy_mem_broadcast *added;

    if (first) {
        answer_again(first, make);
        return;
    }
    added = new_broadcast(b, &make->broadcast);
    added->has_key = make->key != NULL;
    if (make->key) {
        memcpy(added->key, make->key, sizeof added->key);
        memcpy(added->body, make->body, sizeof added->body);
    }
    hy_mem_audience_join(added, make->items, make->count, &make->added, &make->duplicates);
    make->admission = HY_ADMITTED;
    make->broadcast.id = added->b.id;
}

int hy_mem_broadcast_put(struct hy_backend *b, struct hy_op *op)
{
    hy_mem_broadcast_make(b, &((struct hy_broadcast_put *)op)->make);
    return 0;
}

int hy_mem_broadcast_change(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_broadcast *from = &((const struct hy_broadcast_change *)op)->broadcast;
    struct hy_mem_broadcast *broadcast = hy_mem_broadcast(b, from->id);
    enum hy_broadcast_state state;
    struct hy_message message;

    if (!broadcast)
        return HY_E_NOT_FOUND;
    state = broadcast->b.state;
    if (state == HY_BROADCAST_DONE || state == HY_BROADCAST_CANCELED)
        return HY_E_CONFLICT;
    if (state == HY_BROADCAST_DRAFT || state == HY_BROADCAST_SCHEDULED) {
        if (!from->message.template_id || !*from->message.template_id)
            return HY_E_INVALID;
        message = chosen(&from->message);
        hy_mem_message_disown(&broadcast->b.message);
        broadcast->b.message = message;
        broadcast->b.send_at_ms = from->send_at_ms;
    }
    hy_mem_set_text(&broadcast->b.name, from->name);
    broadcast->b.rate_per_s = from->rate_per_s;
    return 0;
}

/* --- moving ----------------------------------------------------------------------------------- */

void hy_mem_broadcast_cancel(struct hy_mem_broadcast *broadcast, int64_t now_ms)
{
    broadcast->b.state = HY_BROADCAST_CANCELED;
    hy_mem_set_text(&broadcast->b.reason, NULL);
    broadcast->b.ended_at_ms = now_ms;
    broadcast->b.winding_up = true;
}

static void bring_back_all(struct hy_backend *b, int64_t broadcast_id, int64_t now_ms)
{
    for (size_t i = 0; i < b->messages.count; i++) {
        struct hy_mem_message *m = (struct hy_mem_message *)b->messages.items[i];

        if (m->held && m->m.broadcast_id == broadcast_id)
            hy_mem_bring_back(b, m, now_ms);
    }
}

static void start(struct hy_backend *b, struct hy_broadcast *broadcast, int64_t now_ms)
{
    if (broadcast->state == HY_BROADCAST_PAUSED)
        bring_back_all(b, broadcast->id, now_ms);
    else
        broadcast->collected = !broadcast->reach;
    if (broadcast->started_at_ms == 0)
        broadcast->started_at_ms = now_ms;
}

static bool is_through(const struct hy_mem_broadcast *broadcast)
{
    const struct hy_broadcast *b = &broadcast->b;

    return broadcast->audience.count == 0 && b->collected && b->messages[HY_MESSAGE_QUEUED] == 0 &&
           b->messages[HY_MESSAGE_SENDING] == 0;
}

int hy_mem_broadcast_move(struct hy_backend *b, struct hy_op *op)
{
    struct hy_broadcast_move *v = (struct hy_broadcast_move *)op;
    struct hy_mem_broadcast *broadcast = hy_mem_broadcast(b, v->broadcast_id);

    if (!broadcast)
        return HY_E_NOT_FOUND;
    v->state = broadcast->b.state;
    v->freed = 0;
    if (!hy_broadcast_may_move(v->state, v->to) ||
        (v->to == HY_BROADCAST_DONE && !is_through(broadcast)))
        return HY_E_CONFLICT;
    b->freed = 0;
    if (v->to == HY_BROADCAST_RUNNING)
        start(b, &broadcast->b, v->now_ms);
    if (v->to == HY_BROADCAST_DONE)
        broadcast->b.ended_at_ms = v->now_ms;
    if (v->to == HY_BROADCAST_CANCELED)
        hy_mem_broadcast_cancel(broadcast, v->now_ms);
    broadcast->b.state = v->to;
    hy_mem_set_text(&broadcast->b.reason, v->to == HY_BROADCAST_PAUSED ? v->reason : NULL);
    v->state = v->to;
    v->freed = b->freed;
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_unfinished(const struct hy_broadcast *b)
{
    return b->state == HY_BROADCAST_SCHEDULED || b->state == HY_BROADCAST_RUNNING ||
           b->state == HY_BROADCAST_PAUSED || b->winding_up;
}

static bool wanted(const struct hy_broadcasts *v, const struct hy_broadcast *b)
{
    return (v->id == 0 || v->id == b->id) && (v->app_no == 0 || v->app_no == b->app_no) &&
           (v->before_id == 0 || b->id < v->before_id) && (!v->unfinished || is_unfinished(b));
}

static void copy(struct hy_arena *arena, struct hy_broadcast *into, const struct hy_broadcast *b)
{
    *into = *b;
    hy_mem_copy_message(arena, &into->message, &b->message);
    into->name = hy_mem_copy_text(arena, b->name);
    into->schedule_name = hy_mem_copy_text(arena, b->schedule_name);
    into->reason = hy_mem_copy_text(arena, b->reason);
    into->collect_from = hy_mem_copy_text(arena, b->collect_from);
}

int hy_mem_broadcasts(struct hy_backend *b, struct hy_op *op)
{
    struct hy_broadcasts *v = (struct hy_broadcasts *)op;

    v->count = 0;
    v->more = false;
    v->broadcasts =
        (struct hy_broadcast *)hy_mem_copy_array(v->arena, v->limit, sizeof *v->broadcasts);
    for (size_t i = b->broadcasts.count; i > 0 && !v->more; i--) {
        const struct hy_broadcast *broadcast =
            &((const struct hy_mem_broadcast *)b->broadcasts.items[i - 1])->b;

        if (!wanted(v, broadcast))
            continue;
        if (v->count == v->limit)
            v->more = true;
        else
            copy(v->arena, &v->broadcasts[v->count++], broadcast);
    }
    return 0;
}
