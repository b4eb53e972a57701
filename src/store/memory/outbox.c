/* What endpoints are told: webhooks.h. */
#include "store/memory/memory.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* --- telling ---------------------------------------------------------------------------------- */

void hy_mem_outcome_free(void *item)
{
    struct hy_outcome *outcome = (struct hy_outcome *)item;

    hy_mem_free_text(outcome->reason);
    hy_mem_free_text(outcome->user);
    hy_mem_free_text(outcome->template_id);
    free(outcome);
}

static struct hy_outcome *head(const struct hy_backend *b, const struct hy_outcome *o)
{
    return (struct hy_outcome *)hy_map_get(&b->outcome_heads, o->message_id, &o->webhook_id,
                                           sizeof o->webhook_id);
}

static void set_head(struct hy_backend *b, struct hy_outcome *o)
{
    hy_map_put(&b->outcome_heads, o->message_id, &o->webhook_id, sizeof o->webhook_id, o);
}

/* Due at `at_ms`, unless it is behind another one of its message. */
static int64_t add(struct hy_backend *b, int64_t webhook_id, const struct hy_outcome *from)
{
    struct hy_outcome *added = (struct hy_outcome *)hy_mem_alloc(sizeof *added);

    *added = *from;
    added->id = hy_mem_next_id(b, HY_MEM_OUTCOME_ID);
    added->webhook_id = webhook_id;
    added->reason = hy_mem_text(from->reason);
    added->user = hy_mem_text(from->user);
    added->template_id = hy_mem_text(from->template_id);
    added->attempts = 0;
    added->due_at_ms = from->at_ms;
    if (from->message_id != 0 && head(b, added))
        added->due_at_ms = 0;
    else if (from->message_id != 0)
        set_head(b, added);
    hy_vector_push(&b->outcomes, added);
    return added->id;
}

static bool wants(const struct hy_webhook *w, const struct hy_outcome *o)
{
    return w->disabled_at_ms == 0 && w->events >> o->type & 1 &&
           (w->app_no == 0 || w->app_no == o->app_no);
}

static void tell(struct hy_backend *b, const struct hy_outcome *o)
{
    for (size_t i = 0; i < b->webhooks.count; i++) {
        const struct hy_webhook *w = (const struct hy_webhook *)b->webhooks.items[i];

        if (wants(w, o))
            add(b, w->id, o);
    }
}

void hy_mem_tell_message(struct hy_backend *b, const struct hy_message *m, int64_t now_ms)
{
    struct hy_outcome o = {.app_no = m->app_no,
                           .at_ms = now_ms,
                           .message_id = m->id,
                           .reason = m->reason,
                           .msgid = m->msgid};
    int type = hy_outcome_of_state(m->state);

    if (type < 0)
        return;
    o.type = (enum hy_outcome_type)type;
    tell(b, &o);
}

void hy_mem_tell_added(struct hy_backend *b, const struct hy_deposit_item *item, int64_t now_ms)
{
    if (item->added > 0)
        tell(b, &(struct hy_outcome){.type = HY_OUTCOME_GRANT_ADDED,
                                     .app_no = item->grant.app_no,
                                     .at_ms = now_ms,
                                     .user = item->grant.user,
                                     .template_id = item->grant.template_id,
                                     .uses = item->added});
}

void hy_mem_tell_revoked(struct hy_backend *b, const struct hy_grant *g, enum hy_grant_state before,
                         int64_t now_ms)
{
    if (g->state == HY_GRANT_REVOKED && before != HY_GRANT_REVOKED)
        tell(b, &(struct hy_outcome){.type = HY_OUTCOME_GRANT_REVOKED,
                                     .app_no = g->app_no,
                                     .at_ms = now_ms,
                                     .reason = g->reason,
                                     .user = g->user,
                                     .template_id = g->template_id});
}

void hy_mem_tell_event(struct hy_backend *b, const struct hy_event *event, int64_t now_ms)
{
    tell(b, &(struct hy_outcome){.type = HY_OUTCOME_CALLBACK_RAW,
                                 .app_no = event->app_no,
                                 .at_ms = now_ms,
                                 .event_id = event->id});
}

/* --- finding and deleting --------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    int64_t ia = ((const struct hy_outcome *)a)->id;
    int64_t ib = ((const struct hy_outcome *)b)->id;

    return ia < ib ? -1 : ia > ib;
}

static struct hy_outcome *outcome(const struct hy_backend *b, int64_t id)
{
    struct hy_outcome wanted = {.id = id};
    size_t at = hy_vector_place(&b->outcomes, &wanted, by_id);
    struct hy_outcome *found =
        at < b->outcomes.count ? (struct hy_outcome *)b->outcomes.items[at] : NULL;

    return found && found->id == id ? found : NULL;
}

/* Who stands behind `o`, from its place on. */
static struct hy_outcome *next_of(const struct hy_backend *b, const struct hy_outcome *o, size_t at)
{
    for (; at < b->outcomes.count; at++) {
        struct hy_outcome *other = (struct hy_outcome *)b->outcomes.items[at];

        if (other->message_id == o->message_id && other->webhook_id == o->webhook_id &&
            other->id > o->id)
            return other;
    }
    return NULL;
}

bool hy_mem_outcome_delete(struct hy_backend *b, struct hy_outcome *o, int64_t due_at_ms)
{
    size_t at = hy_vector_place(&b->outcomes, o, by_id);
    struct hy_outcome *next = NULL;

    if (o->message_id != 0 && head(b, o) == o) {
        next = next_of(b, o, at);
        hy_map_remove(&b->outcome_heads, o->message_id, &o->webhook_id, sizeof o->webhook_id);
    }
    if (next) {
        set_head(b, next);
        next->due_at_ms = due_at_ms ? due_at_ms : next->at_ms;
    }
    hy_vector_remove(&b->outcomes, at);
    hy_mem_outcome_free(o);
    return next != NULL;
}

/* --- verbs ------------------------------------------------------------------------------------ */

int hy_mem_outbox_put(struct hy_backend *b, struct hy_op *op)
{
    struct hy_outbox_put *v = (struct hy_outbox_put *)op;

    if (!hy_mem_webhook(b, v->outcome.webhook_id))
        return HY_E_NOT_FOUND;
    v->outcome.id = add(b, v->outcome.webhook_id, &v->outcome);
    return 0;
}

static int by_due(const void *a, const void *b)
{
    const struct hy_outcome *oa = (const struct hy_outcome *)a;
    const struct hy_outcome *ob = (const struct hy_outcome *)b;

    if (oa->due_at_ms != ob->due_at_ms)
        return oa->due_at_ms < ob->due_at_ms ? -1 : 1;
    return by_id(a, b);
}

static void claim_lane(struct hy_backend *b, const struct hy_outbox_claim *v,
                       struct hy_outbox_lane *lane, struct hy_vector *taken)
{
    struct hy_vector due = {0};

    for (size_t i = 0; i < b->outcomes.count; i++) {
        struct hy_outcome *o = (struct hy_outcome *)b->outcomes.items[i];

        if (o->webhook_id == lane->webhook_id && o->due_at_ms > 0)
            hy_vector_push(&due, o);
    }
    hy_vector_sort(&due, by_due);
    for (size_t i = 0; i < due.count && i < lane->capacity; i++) {
        struct hy_outcome *o = (struct hy_outcome *)due.items[i];

        if (o->due_at_ms > v->now_ms)
            break;
        o->due_at_ms = v->lease_until_ms;
        hy_vector_push(taken, o);
    }
    hy_vector_sort(&due, by_due);
    lane->next_due_ms = due.count > 0 ? ((const struct hy_outcome *)due.items[0])->due_at_ms : 0;
    hy_vector_deinit(&due);
}

static const struct hy_event *event_of(const struct hy_backend *b, int64_t id)
{
    for (size_t i = 0; id != 0 && i < b->events.count; i++) {
        const struct hy_event *event = (const struct hy_event *)b->events.items[i];

        if (event->id == id)
            return event;
    }
    return NULL;
}

static void hand_out(const struct hy_backend *b, struct hy_arena *arena,
                     struct hy_outbox_claimed *into, const struct hy_outcome *o)
{
    const struct hy_mem_message *m = o->message_id ? hy_mem_message(b, o->message_id) : NULL;
    const struct hy_event *event = event_of(b, o->event_id);

    *into = (struct hy_outbox_claimed){.outcome = *o};
    into->outcome.reason = hy_mem_copy_text(arena, o->reason);
    into->outcome.user = hy_mem_copy_text(arena, o->user);
    into->outcome.template_id = hy_mem_copy_text(arena, o->template_id);
    if (m)
        hy_mem_copy_message(arena, &into->message, &m->m);
    if (event)
        hy_mem_copy_event(arena, &into->event, event);
}

int hy_mem_outbox_claim(struct hy_backend *b, struct hy_op *op)
{
    struct hy_outbox_claim *v = (struct hy_outbox_claim *)op;
    struct hy_vector taken = {0};

    for (size_t i = 0; i < v->lane_count; i++)
        claim_lane(b, v, &v->lanes[i], &taken);
    v->count = taken.count;
    v->claimed =
        (struct hy_outbox_claimed *)hy_mem_copy_array(v->arena, v->count, sizeof *v->claimed);
    for (size_t i = 0; i < v->count; i++)
        hand_out(b, v->arena, &v->claimed[i], (const struct hy_outcome *)taken.items[i]);
    hy_vector_deinit(&taken);
    return 0;
}

static void note_state(struct hy_backend *b, const struct hy_outbox_state *state)
{
    struct hy_webhook *w = hy_mem_webhook(b, state->webhook_id);

    if (!w)
        return;
    w->failing_since_ms = state->failing_since_ms;
    w->disabled_at_ms = state->disabled_at_ms;
    hy_mem_set_text(&w->last_error, state->last_error);
}

int hy_mem_outbox_settle(struct hy_backend *b, struct hy_op *op)
{
    struct hy_outbox_settle *v = (struct hy_outbox_settle *)op;

    v->freed = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct hy_outbox_item *item = &v->items[i];
        struct hy_outcome *o = outcome(b, item->outcome_id);

        if (!o || o->webhook_id != item->webhook_id)
            continue;
        if (item->over) {
            v->freed += hy_mem_outcome_delete(b, o, v->now_ms);
        } else if (o->due_at_ms != item->due_at_ms) {
            o->due_at_ms = item->due_at_ms;
            o->attempts++;
        }
    }
    for (size_t i = 0; i < v->state_count; i++)
        note_state(b, &v->states[i]);
    return 0;
}
