/* What must always hold of broadcasts and of the outbox. */
#include "store/memory/memory.h"

#include <string.h>

/* --- broadcasts ------------------------------------------------------------------------------- */

static bool is_kept_for_sure(int state)
{
    return state == HY_MESSAGE_QUEUED || state == HY_MESSAGE_WAITING || state == HY_MESSAGE_SENDING;
}

/* Of the other states some may be deleted: they stay counted. */
static void check_counts(struct hy_mem_checking *c, const struct hy_broadcast *b)
{
    int64_t stored[HY_MESSAGE_STATES] = {0}, fed = 0;

    for (size_t i = 0; i < c->b->messages.count; i++) {
        const struct hy_message *m = &((const struct hy_mem_message *)c->b->messages.items[i])->m;

        if (m->broadcast_id == b->id)
            stored[m->state]++;
    }
    for (int state = 0; state < HY_MESSAGE_STATES; state++) {
        fed += b->messages[state];
        if (b->messages[state] < stored[state] ||
            (is_kept_for_sure(state) && b->messages[state] != stored[state]))
            hy_mem_found(c, "broadcast %lld counts %lld messages as %s, and has %lld",
                         (long long)b->id, (long long)b->messages[state],
                         hy_message_state_names[state], (long long)stored[state]);
    }
    if (fed != b->fed)
        hy_mem_found(c, "broadcast %lld has fed %lld and counts %lld messages", (long long)b->id,
                     (long long)b->fed, (long long)fed);
}

static void check_broadcast(struct hy_mem_checking *c, const struct hy_mem_broadcast *broadcast)
{
    const struct hy_broadcast *b = &broadcast->b;
    int64_t left = (int64_t)broadcast->audience.count;
    bool canceled = b->state == HY_BROADCAST_CANCELED;
    bool over = canceled || b->state == HY_BROADCAST_DONE;

    check_counts(c, b);
    if (b->total < b->fed + left || (!canceled && b->total != b->fed + left))
        hy_mem_found(c, "broadcast %lld has a total of %lld, has fed %lld and %lld are left",
                     (long long)b->id, (long long)b->total, (long long)b->fed, (long long)left);
    if (over != (b->ended_at_ms > 0) || (b->winding_up && !canceled) ||
        (left > 0 && over && !b->winding_up) || (b->reason && b->state != HY_BROADCAST_PAUSED))
        hy_mem_found(c, "broadcast %lld is %s and has something of another state", (long long)b->id,
                     hy_broadcast_state_names[b->state]);
    for (size_t i = 1; i < broadcast->audience.count; i++)
        if (strcmp(((const struct hy_mem_listener *)broadcast->audience.items[i - 1])->user,
                   ((const struct hy_mem_listener *)broadcast->audience.items[i])->user) >= 0)
            hy_mem_found(c, "broadcast %lld has user %s twice, or in the wrong place",
                         (long long)b->id,
                         ((const struct hy_mem_listener *)broadcast->audience.items[i])->user);
}

static void check_held(struct hy_mem_checking *c, const struct hy_mem_message *m)
{
    const struct hy_mem_broadcast *broadcast;

    if (!m->held)
        return;
    broadcast = hy_mem_broadcast(c->b, m->m.broadcast_id);
    if (m->m.state != HY_MESSAGE_QUEUED || m->m.due_at_ms != 0)
        hy_mem_found(c, "message %lld is held in state %s", (long long)m->m.id,
                     hy_message_state_names[m->m.state]);
    if (broadcast && broadcast->b.state != HY_BROADCAST_PAUSED &&
        broadcast->b.state != HY_BROADCAST_CANCELED)
        hy_mem_found(c, "message %lld is held, and broadcast %lld is %s", (long long)m->m.id,
                     (long long)broadcast->b.id, hy_broadcast_state_names[broadcast->b.state]);
}

void hy_mem_check_broadcasts(struct hy_mem_checking *c)
{
    for (size_t i = 0; i < c->b->broadcasts.count; i++)
        check_broadcast(c, (const struct hy_mem_broadcast *)c->b->broadcasts.items[i]);
    for (size_t i = 0; i < c->b->messages.count; i++)
        check_held(c, (const struct hy_mem_message *)c->b->messages.items[i]);
}

/* --- outbox ----------------------------------------------------------------------------------- */

static bool is_first(const struct hy_backend *b, const struct hy_outcome *o)
{
    for (size_t i = 0; i < b->outcomes.count; i++) {
        const struct hy_outcome *other = (const struct hy_outcome *)b->outcomes.items[i];

        if (other->id < o->id && other->webhook_id == o->webhook_id &&
            other->message_id == o->message_id)
            return false;
    }
    return true;
}

void hy_mem_check_outbox(struct hy_mem_checking *c)
{
    for (size_t i = 0; i < c->b->outcomes.count; i++) {
        const struct hy_outcome *o = (const struct hy_outcome *)c->b->outcomes.items[i];
        bool due = o->message_id == 0 || is_first(c->b, o);

        if ((o->due_at_ms > 0) != due)
            hy_mem_found(c, "outcome %lld of message %lld is %s", (long long)o->id,
                         (long long)o->message_id,
                         due ? "the first and not due" : "due before an earlier one");
    }
}
