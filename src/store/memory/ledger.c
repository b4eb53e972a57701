#include "store/memory/memory.h"

#include "base/log.h"
#include "domain/reservation.h"

#include <stdlib.h>
#include <string.h>

/* --- grants ----------------------------------------------------------------------------------- */

void hy_mem_regrade(struct hy_mem_grant *grant)
{
    const struct hy_grant *g = &grant->g;
    bool good = g->state == HY_GRANT_AVAILABLE || g->state == HY_GRANT_SUSPECT;
    bool has = good && g->uses_left > g->uses_reserved;

    if (has && !grant->has_free_use)
        hy_vector_insert_sorted(&grant->user->free, grant, hy_mem_grant_by_use);
    else if (!has && grant->has_free_use)
        hy_vector_remove_sorted(&grant->user->free, grant, hy_mem_grant_by_use);
    grant->has_free_use = has;
}

struct hy_mem_grant *hy_mem_usable(const struct hy_mem_user *user, const struct hy_message *m,
                                   int64_t now_ms, int64_t margin_ms)
{
    for (size_t i = 0; i < user->free.count; i++) {
        struct hy_mem_grant *grant = (struct hy_mem_grant *)user->free.items[i];

        if (hy_grant_fits(&grant->g, m->template_id, m->template_kind) &&
            hy_grant_usable(&grant->g, now_ms, margin_ms))
            return grant;
    }
    return NULL;
}

/* True when `a` tells more than `b` (or null): a counter before receipts, then the newest. */
static bool tells_more(const struct hy_grant *a, const struct hy_grant *b)
{
    bool receipt = hy_grant_is_receipt(a->kind);

    if (!b || receipt != hy_grant_is_receipt(b->kind))
        return !b || !receipt;
    return a->id > b->id;
}

struct hy_mem_missing hy_mem_missing(struct hy_backend *b, struct hy_mem_user *user,
                                     const struct hy_message *m, int64_t now_ms, int64_t margin_ms)
{
    const struct hy_grant *last = NULL;
    struct hy_mem_missing missing = {0};

    if (b->hooks)
        b->hooks->missing(b, user);
    for (size_t i = 0; i < user->grants.count; i++) {
        const struct hy_grant *g = &((const struct hy_mem_grant *)user->grants.items[i])->g;

        if (hy_grant_fits(g, m->template_id, m->template_kind) && tells_more(g, last))
            last = g;
    }
    missing.reason = hy_grant_missing_reason(last, now_ms, margin_ms);
    if (last && last->state == HY_GRANT_SUSPECT && last->retry_at_ms > now_ms)
        missing.due_at_ms = last->retry_at_ms;
    return missing;
}

void hy_mem_grant_change(struct hy_mem_grant *grant, const struct hy_grant *to)
{
    const char *reason = grant->g.reason;

    grant->g = *to;
    grant->g.reason = reason;
    if (to->reason != reason)
        hy_mem_set_text(&grant->g.reason, to->reason);
    hy_mem_regrade(grant);
}

void hy_mem_hold(struct hy_mem_message *m, struct hy_mem_grant *grant)
{
    hy_grant_reserve(&grant->g);
    hy_mem_regrade(grant);
    m->grant = grant;
    m->m.grant_id = grant->g.id;
    m->m.in_doubt = false;
}

bool hy_mem_release(struct hy_mem_message *m, enum hy_grant_move move, const char *reason,
                    int64_t retry_at_ms)
{
    struct hy_grant after;
    bool frees;

    if (!m->grant || move == HY_GRANT_KEEP)
        return move == HY_GRANT_GIVE_BACK;
    after = m->grant->g;
    frees = move == HY_GRANT_GIVE_BACK ||
            (after.state == HY_GRANT_SUSPECT && (move == HY_GRANT_SPEND || move == HY_GRANT_DOUBT));
    hy_grant_release(&after, move, m->m.in_doubt, reason, retry_at_ms);
    hy_mem_grant_change(m->grant, &after);
    m->grant = NULL;
    if (move != HY_GRANT_SPEND)
        m->m.grant_id = 0;
    return frees;
}

/* --- the lists that a message is in ----------------------------------------------------------- */

static bool due_by_time(const struct hy_mem_message *m)
{
    bool rests = m->m.state == HY_MESSAGE_UNKNOWN || m->m.state == HY_MESSAGE_WAITING;

    return (m->m.state == HY_MESSAGE_QUEUED && !m->held) || (rests && m->m.due_at_ms > 0);
}

static struct hy_heap *lane_of(struct hy_backend *b, const struct hy_mem_message *m)
{
    return &hy_mem_lane_made(b, m->m.app_no, hy_message_queue(&m->m))->due;
}

/* What became due during a claim is in no heap yet. */
static void take_back(struct hy_vector *becomes_due, const struct hy_mem_message *m)
{
    for (size_t i = becomes_due ? becomes_due->count : 0; i > 0; i--)
        if (becomes_due->items[i - 1] == m)
            hy_vector_remove(becomes_due, i - 1);
}

static bool may_expire(const struct hy_mem_message *m)
{
    return m->m.expires_at_ms > 0 &&
           (m->m.state == HY_MESSAGE_QUEUED || m->m.state == HY_MESSAGE_WAITING);
}

static void lift(struct hy_backend *b, struct hy_mem_message *m)
{
    if (m->due_position > 0)
        hy_heap_remove(m->parked ? &m->user->parked : lane_of(b, m), m);
    else
        take_back(b->becomes_due, m);
    if (m->expiry_position > 0)
        hy_heap_remove(&b->expiry, m);
    if (m->m.state == HY_MESSAGE_WAITING)
        hy_vector_remove_sorted(&m->user->waiting, m, hy_mem_message_by_id);
    if (m->user->sending == m)
        m->user->sending = NULL;
}

void hy_mem_place(struct hy_backend *b, struct hy_mem_message *m)
{
    if (due_by_time(m) && m->parked)
        hy_heap_push(&m->user->parked, m);
    else if (due_by_time(m) && b->becomes_due)
        hy_vector_push(b->becomes_due, m);
    else if (due_by_time(m))
        hy_heap_push(lane_of(b, m), m);
    if (may_expire(m))
        hy_heap_push(&b->expiry, m);
    if (m->m.state == HY_MESSAGE_WAITING)
        hy_vector_insert_sorted(&m->user->waiting, m, hy_mem_message_by_id);
    if (m->m.state == HY_MESSAGE_SENDING)
        m->user->sending = m;
}

void hy_mem_place_due(struct hy_backend *b, struct hy_mem_message *m)
{
    hy_heap_push(lane_of(b, m), m);
}

void hy_mem_park(struct hy_backend *b, struct hy_mem_message *m)
{
    lift(b, m);
    m->parked = true;
    hy_mem_place(b, m);
}

static void unpark_next(struct hy_backend *b, struct hy_mem_user *user)
{
    struct hy_mem_message *next;

    if (user->sending)
        return;
    if (b->hooks)
        b->hooks->parked(b, user);
    next = (struct hy_mem_message *)hy_heap_first(&user->parked);
    if (!next)
        return;
    lift(b, next);
    next->parked = false;
    if (next->m.due_at_ms < b->gap_until_ms)
        next->m.due_at_ms = b->gap_until_ms;
    hy_mem_place(b, next);
    b->freed++;
}

void hy_mem_put_off(struct hy_backend *b, struct hy_mem_message *m, int64_t due_at_ms,
                    const char *reason)
{
    lift(b, m);
    m->parked = false;
    hy_mem_set_text(&m->m.reason, reason);
    m->m.due_at_ms = due_at_ms;
    hy_mem_place(b, m);
    unpark_next(b, m->user);
}

void hy_mem_redue(struct hy_backend *b, struct hy_mem_message *m, int64_t due_at_ms)
{
    lift(b, m);
    m->m.due_at_ms = due_at_ms;
    hy_mem_place(b, m);
}

/* --- moves ------------------------------------------------------------------------------------ */

static void must_be_drawn(const struct hy_mem_message *m, enum hy_message_state to)
{
    bool stays = m->m.state == to && (to == HY_MESSAGE_UNKNOWN || to == HY_MESSAGE_WAITING);

    if (stays || hy_message_may_move_by_itself(m->m.state, to))
        return;
    hy_log(HY_LOG_ERROR, "store.memory", "error=illegal_move id=%lld from=%s to=%s",
           (long long)m->m.id, hy_message_state_names[m->m.state], hy_message_state_names[to]);
    abort();
}

static void move(struct hy_backend *b, struct hy_mem_message *m, enum hy_message_state to,
                 const char *reason, int64_t due_at_ms, int64_t now_ms)
{
    bool made_way = due_by_time(m) || m->m.state == HY_MESSAGE_SENDING;
    enum hy_message_state from = m->m.state;

    lift(b, m);
    m->parked = false;
    m->held = false;
    m->m.state = to;
    if (reason != m->m.reason)
        hy_mem_set_text(&m->m.reason, reason);
    m->m.due_at_ms = due_at_ms;
    m->m.settled_at_ms = hy_message_is_final(to) ? now_ms : 0;
    hy_mem_broadcast_count(b, &m->m, (int)from);
    if (to != from)
        hy_mem_tell_message(b, &m->m, now_ms);
    hy_mem_place(b, m);
    if (made_way)
        unpark_next(b, m->user);
}

void hy_mem_move(struct hy_backend *b, struct hy_mem_message *m, enum hy_message_state to,
                 const char *reason, int64_t due_at_ms, int64_t now_ms)
{
    must_be_drawn(m, to);
    move(b, m, to, reason, due_at_ms, now_ms);
}

void hy_mem_set_aside(struct hy_backend *b, struct hy_mem_message *m)
{
    enum hy_message_state from = m->m.state;

    lift(b, m);
    m->parked = false;
    m->held = true;
    m->m.state = HY_MESSAGE_QUEUED;
    hy_mem_set_text(&m->m.reason, NULL);
    m->m.due_at_ms = 0;
    hy_mem_broadcast_count(b, &m->m, (int)from);
    hy_mem_place(b, m);
    unpark_next(b, m->user);
}

void hy_mem_bring_back(struct hy_backend *b, struct hy_mem_message *m, int64_t now_ms)
{
    lift(b, m);
    m->held = false;
    m->m.due_at_ms = now_ms;
    hy_mem_place(b, m);
    b->freed++;
}

void hy_mem_again(struct hy_backend *b, struct hy_mem_message *m, int64_t now_ms,
                  int64_t expires_at_ms)
{
    bool asks_again =
        m->m.state == HY_MESSAGE_UNKNOWN && m->grant && hy_grant_is_receipt(m->grant->g.kind);

    m->m.send_at_ms = now_ms;
    m->m.expires_at_ms = expires_at_ms; /* in none of the three states it is in the heap for that */
    if (asks_again) {
        lift(b, m);
        m->parked = false;
        m->m.due_at_ms = now_ms;
        hy_mem_place(b, m);
        return;
    }
    hy_mem_release(m, HY_GRANT_DOUBT, NULL, 0);
    m->m.grant_id = 0;
    m->m.in_doubt = false;
    m->m.msgid = 0;
    hy_mem_await_none(m);
    move(b, m, HY_MESSAGE_QUEUED, NULL, now_ms, now_ms);
}

void hy_mem_message_delete(struct hy_backend *b, struct hy_mem_message *m)
{
    hy_mem_release(m, HY_GRANT_DOUBT, NULL, 0);
    hy_mem_await_none(m);
    lift(b, m);
    hy_vector_remove_sorted(&b->messages, m, hy_mem_message_by_id);
    hy_mem_message_free(m);
}

size_t hy_mem_wake(struct hy_backend *b, struct hy_mem_user *user, int64_t now_ms,
                   int64_t margin_ms)
{
    size_t woken = 0;

    for (size_t i = 0; i < user->waiting.count;) {
        struct hy_mem_message *m = (struct hy_mem_message *)user->waiting.items[i];
        struct hy_mem_grant *grant = NULL;

        if (m->m.expires_at_ms == 0 || m->m.expires_at_ms > now_ms)
            grant = hy_mem_usable(user, &m->m, now_ms, margin_ms);
        if (!grant) {
            i++;
            continue;
        }
        hy_mem_hold(m, grant);
        hy_mem_move(b, m, HY_MESSAGE_QUEUED, NULL, now_ms, now_ms); /* leaves `waiting` */
        woken++;
        b->freed++;
    }
    return woken;
}

void hy_mem_end_unsent(struct hy_backend *b, struct hy_mem_message *m, enum hy_message_state to,
                       const char *reason, int64_t now_ms)
{
    if (!reason && m->m.in_doubt)
        reason = "in_doubt";
    hy_mem_release(m, HY_GRANT_GIVE_BACK, NULL, 0);
    hy_mem_move(b, m, to, reason, 0, now_ms);
}
