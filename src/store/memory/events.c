/* What a platform tells by callback: events.h. */
#include "store/memory/memory.h"

#include <stdlib.h>
#include <string.h>

static const int64_t slack_ms = 300000; /* between the platform's clock and ours */

/* --- who awaits one --------------------------------------------------------------------------- */

void hy_mem_await(struct hy_mem_message *m, int64_t left_at_ms, int64_t now_ms)
{
    if (!m->awaits_event)
        hy_vector_insert_sorted(&m->user->awaiting, m, hy_mem_message_by_id);
    m->awaits_event = true;
    m->left_at_ms = left_at_ms;
    m->noted_at_ms = now_ms;
}

void hy_mem_await_none(struct hy_mem_message *m)
{
    if (m->awaits_event)
        hy_vector_remove_sorted(&m->user->awaiting, m, hy_mem_message_by_id);
    m->awaits_event = false;
}

static bool may_be_told(const struct hy_mem_message *m, const char *template_id)
{
    return (m->m.state == HY_MESSAGE_SENT || m->m.state == HY_MESSAGE_UNKNOWN) &&
           strcmp(m->m.template_id, template_id) == 0;
}

static struct hy_mem_message *by_msgid(const struct hy_mem_user *user,
                                       const struct hy_mem_early *event)
{
    for (size_t i = 0; event->msgid != 0 && i < user->awaiting.count; i++) {
        struct hy_mem_message *m = (struct hy_mem_message *)user->awaiting.items[i];

        if (may_be_told(m, event->template_id) && m->m.msgid == event->msgid)
            return m;
    }
    return NULL;
}

/* Whether `m` is meant rather than `other`, by when their requests left. */
static bool goes_before(const struct hy_mem_message *m, const struct hy_mem_message *other,
                        const struct hy_mem_early *event)
{
    int64_t near_ms = event->created_at_ms - HY_EVENT_NEAR_MS;
    bool near = m->left_at_ms >= near_ms, other_near = other->left_at_ms >= near_ms;

    return near != other_near ? near : m->left_at_ms < other->left_at_ms;
}

static struct hy_mem_message *by_order(const struct hy_mem_user *user,
                                       const struct hy_mem_early *event)
{
    struct hy_mem_message *first = NULL;

    for (size_t i = 0; i < user->awaiting.count; i++) {
        struct hy_mem_message *m = (struct hy_mem_message *)user->awaiting.items[i];

        if (may_be_told(m, event->template_id) && m->m.msgid == 0 &&
            m->left_at_ms <= event->created_at_ms + slack_ms &&
            (!first || goes_before(m, first, event)))
            first = m;
    }
    return first;
}

/* The message that this event is about, or null. */
static struct hy_mem_message *meant(const struct hy_mem_user *user,
                                    const struct hy_mem_early *event)
{
    struct hy_mem_message *m = by_msgid(user, event);

    if (m || (user->sending && strcmp(user->sending->m.template_id, event->template_id) == 0))
        return m;
    return by_order(user, event);
}

static void apply(struct hy_backend *b, struct hy_mem_message *m, const struct hy_mem_early *event,
                  int64_t now_ms)
{
    bool freed = hy_mem_release(m, HY_GRANT_SPEND, NULL, 0);

    hy_mem_await_none(m);
    if (!event->delivered)
        m->m.grant_id = 0;
    if (m->m.msgid == 0)
        m->m.msgid = event->msgid;
    m->m.in_doubt = false;
    hy_mem_move(b, m, event->delivered ? HY_MESSAGE_DELIVERED : HY_MESSAGE_FAILED, event->reason, 0,
                now_ms);
    if (freed)
        hy_mem_wake(b, m->user, now_ms, 0);
}

void hy_mem_apply_early(struct hy_backend *b, struct hy_mem_user *user, int64_t now_ms)
{
    for (size_t i = 0; i < user->early.count;) {
        struct hy_mem_early *event = (struct hy_mem_early *)user->early.items[i];
        struct hy_mem_message *m = meant(user, event);

        if (!m) {
            i++;
            continue;
        }
        apply(b, m, event, now_ms);
        hy_vector_remove(&user->early, i);
        hy_mem_early_free(event);
    }
}

/* --- hear ------------------------------------------------------------------------------------- */

static bool is_fresh(const struct hy_backend *b, const struct hy_hear *v)
{
    if (v->answer_count + v->sent_count == 0)
        return !hy_mem_identity_known(b, v->app_no, v->identity);
    for (size_t i = 0; i < v->answer_count; i++)
        if (!hy_mem_identity_known(b, v->app_no, v->answers[i].identity))
            return true;
    for (size_t i = 0; i < v->sent_count; i++)
        if (!hy_mem_identity_known(b, v->app_no, v->sent[i].identity))
            return true;
    return false;
}

static void keep(struct hy_mem_user *user, const struct hy_mem_early *event)
{
    struct hy_mem_early *kept = (struct hy_mem_early *)hy_mem_alloc(sizeof *kept);

    *kept = *event;
    kept->template_id = hy_mem_text(event->template_id);
    kept->reason = hy_mem_text(event->reason);
    hy_vector_push(&user->early, kept);
}

static void hear_sent(struct hy_backend *b, const struct hy_hear *v, struct hy_sent_item *item)
{
    struct hy_mem_early event = {.template_id = item->template_id,
                                 .msgid = item->msgid,
                                 .delivered = item->delivered,
                                 .reason = item->reason,
                                 .created_at_ms = v->created_at_ms,
                                 .kept_at_ms = v->now_ms};
    struct hy_mem_user *user = hy_mem_user_made(b, v->app_no, v->user);
    struct hy_mem_message *m;

    item->message_id = 0;
    item->duplicate = !hy_mem_identity_new(b, v->app_no, item->identity, v->created_at_ms);
    if (item->duplicate)
        return;
    m = meant(user, &event);
    if (!m) {
        keep(user, &event);
        return;
    }
    apply(b, m, &event, v->now_ms);
    item->message_id = m->m.id;
}

static int64_t store_event(struct hy_backend *b, const struct hy_hear *v)
{
    struct hy_event *event = (struct hy_event *)hy_mem_alloc(sizeof *event);

    event->id = hy_mem_next_id(b, HY_MEM_EVENT_ID);
    event->app_no = v->app_no;
    event->name = hy_mem_text(v->name);
    event->user = hy_mem_text(v->user);
    event->raw = hy_mem_text(v->raw);
    event->created_at_ms = v->created_at_ms;
    event->received_at_ms = v->now_ms;
    hy_vector_push(&b->events, event);
    hy_mem_tell_event(b, event, v->now_ms);
    return event->id;
}

int hy_mem_hear(struct hy_backend *b, struct hy_op *op)
{
    struct hy_hear *v = (struct hy_hear *)op;

    b->freed = 0;
    v->fresh = is_fresh(b, v);
    v->event_id = v->fresh ? store_event(b, v) : 0;
    if (v->answer_count + v->sent_count == 0)
        hy_mem_identity_new(b, v->app_no, v->identity, v->created_at_ms);
    v->woken = hy_mem_deposit_items(b, v->answers, v->answer_count, v->now_ms);
    for (size_t i = 0; i < v->sent_count; i++)
        hear_sent(b, v, &v->sent[i]);
    v->freed = b->freed - v->woken;
    return 0;
}

/* --- reads ------------------------------------------------------------------------------------ */

int hy_mem_events(struct hy_backend *b, struct hy_op *op)
{
    struct hy_events *v = (struct hy_events *)op;

    v->count = 0;
    v->events = (struct hy_event *)hy_mem_copy_array(v->arena, v->limit, sizeof *v->events);
    for (size_t i = 0; i < b->events.count && v->count < v->limit; i++) {
        const struct hy_event *event = (const struct hy_event *)b->events.items[i];

        if (event->id > v->after_id && (v->app_no == 0 || v->app_no == event->app_no))
            hy_mem_copy_event(v->arena, &v->events[v->count++], event);
    }
    return 0;
}
