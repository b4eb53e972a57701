#include "store/memory/memory.h"

#include "domain/reservation.h"

struct claiming {
    struct hy_backend *b;
    struct hy_claim *verb;
    struct hy_claim_lane *lane;
    struct hy_vector taken; /* hy_mem_message, of all lanes */
};

static void take(struct claiming *c, struct hy_mem_message *m)
{
    m->lease_until_ms = c->verb->lease_until_ms;
    m->claimed_by = c->b->node;
    hy_mem_move(c->b, m, HY_MESSAGE_SENDING, NULL, 0, c->verb->now_ms);
    hy_vector_push(&c->taken, m);
    c->lane->claimed++;
}

/* An unknown one that cannot be tried again by itself. */
static void leave_unknown(struct claiming *c, struct hy_mem_message *m, const char *reason)
{
    hy_mem_release(m, HY_GRANT_DOUBT, NULL, 0);
    hy_mem_move(c->b, m, HY_MESSAGE_UNKNOWN, reason, 0, c->verb->now_ms);
}

static void too_late(struct claiming *c, struct hy_mem_message *m)
{
    if (m->m.state == HY_MESSAGE_UNKNOWN) {
        leave_unknown(c, m, m->m.reason);
        return;
    }
    hy_mem_end_unsent(c->b, m, HY_MESSAGE_EXPIRED, NULL, c->verb->now_ms);
    hy_mem_wake(c->b, m->user, c->verb->now_ms, c->lane->margin_ms);
}

/* True when it was taken. */
static bool without_grant(struct claiming *c, struct hy_mem_message *m)
{
    struct hy_mem_missing missing =
        hy_mem_missing(c->b, m->user, &m->m, c->verb->now_ms, c->lane->margin_ms);

    if (m->m.state == HY_MESSAGE_UNKNOWN)
        leave_unknown(c, m, m->m.reason);
    else if (m->m.on_missing == HY_ON_MISSING_FAIL)
        hy_mem_move(c->b, m, HY_MESSAGE_FAILED, missing.reason, 0, c->verb->now_ms);
    else if (m->m.on_missing == HY_ON_MISSING_WAIT)
        hy_mem_move(c->b, m, HY_MESSAGE_WAITING, missing.reason, missing.due_at_ms,
                    c->verb->now_ms);
    else
        take(c, m);
    return m->m.state == HY_MESSAGE_SENDING;
}

/* Gives back what `m` holds but cannot use. True when that is only suspect until later: then it
 * rests until then, whatever on_missing says, because it was promised. */
static bool must_rest(struct claiming *c, struct hy_mem_message *m)
{
    int64_t retry_at_ms = m->grant ? m->grant->g.retry_at_ms : 0;

    hy_mem_release(m, HY_GRANT_GIVE_BACK, NULL, 0);
    if (retry_at_ms <= c->verb->now_ms || m->m.state == HY_MESSAGE_UNKNOWN ||
        hy_mem_usable(m->user, &m->m, c->verb->now_ms, c->lane->margin_ms))
        return false;
    hy_mem_move(c->b, m, HY_MESSAGE_WAITING, "no_grant.suspect", retry_at_ms, c->verb->now_ms);
    return true;
}

/* Of several nodes another one may have let it go on since the engine was told. */
static bool still_rests(struct hy_backend *b, int64_t broadcast_id)
{
    const struct hy_mem_broadcast *broadcast;

    if (b->hooks)
        return b->hooks->held(b, broadcast_id);
    if (!b->shared)
        return true;
    broadcast = hy_mem_broadcast(b, broadcast_id);
    return broadcast && (broadcast->b.state == HY_BROADCAST_PAUSED || broadcast->b.winding_up);
}

static bool is_held(const struct claiming *c, int64_t broadcast_id)
{
    const struct hy_claim *v = c->verb;

    for (size_t i = 0; i < v->held_count; i++)
        if (v->held[i] == broadcast_id)
            return still_rests(c->b, broadcast_id);
    return false;
}

/* True when it stays for later: its broadcast rests, or its user has heard enough. */
static bool must_wait(struct claiming *c, struct hy_mem_message *m)
{
    const char *reason;
    int64_t free_at_ms;

    if (m->m.state == HY_MESSAGE_UNKNOWN)
        return false;
    if (m->m.broadcast_id != 0 && is_held(c, m->m.broadcast_id)) {
        hy_mem_set_aside(c->b, m);
        return true;
    }
    free_at_ms = m->m.urgent ? 0 : hy_mem_cap_free_at(c->lane, m, c->verb->now_ms, &reason);
    if (free_at_ms > 0)
        hy_mem_put_off(c->b, m, free_at_ms, reason);
    return free_at_ms > 0;
}

/* The rows of the table in messages.h. True when the message was taken, parked or put off, false
 * when it was ended. */
static bool handle(struct claiming *c, struct hy_mem_message *m)
{
    int64_t now_ms = c->verb->now_ms;
    int64_t margin_ms = c->lane->margin_ms;
    struct hy_mem_grant *grant;

    if (m->user->sending) {
        hy_mem_park(c->b, m);
        return true;
    }
    if (m->m.expires_at_ms > 0 && m->m.expires_at_ms <= now_ms) {
        too_late(c, m);
        return false;
    }
    if (must_wait(c, m))
        return true;
    if (m->grant && hy_grant_holds(&m->grant->g, m->m.in_doubt, now_ms, margin_ms)) {
        take(c, m);
        return true;
    }
    if (m->grant && m->m.in_doubt) {
        leave_unknown(c, m, "unknown.grant_over");
        return false;
    }
    if (must_rest(c, m))
        return false;
    grant = hy_mem_usable(m->user, &m->m, now_ms, margin_ms);
    if (!grant)
        return without_grant(c, m);
    hy_mem_hold(m, grant);
    take(c, m);
    return true;
}

static struct hy_mem_message *next_due(struct claiming *c, const struct hy_mem_lane *lane)
{
    int64_t now_ms = c->verb->now_ms;
    struct hy_mem_message *m;

    if (c->b->hooks && !c->b->hooks->due(c->b, c->lane, now_ms))
        return NULL;
    m = (struct hy_mem_message *)hy_heap_first(&lane->due);
    return m && m->m.due_at_ms <= now_ms ? m : NULL;
}

static void claim_lane(struct claiming *c)
{
    const struct hy_mem_lane *lane = hy_mem_lane_made(c->b, c->lane->app_no, c->lane->queue);
    struct hy_mem_message *m;

    c->lane->claimed = 0;
    while (c->lane->claimed < c->lane->capacity && (m = next_due(c, lane)))
        if (!handle(c, m))
            c->verb->ended++;
}

static void tell_next(struct hy_backend *b, struct hy_claim_lane *lane)
{
    const struct hy_heap *due = &hy_mem_lane_made(b, lane->app_no, lane->queue)->due;
    const struct hy_mem_message *m = (const struct hy_mem_message *)hy_heap_first(due);

    int64_t elsewhere_ms = b->hooks ? b->hooks->due_elsewhere(b, lane) : 0;

    lane->next_due_ms = m ? m->m.due_at_ms : 0;
    if (elsewhere_ms > 0 && (!m || elsewhere_ms < lane->next_due_ms))
        lane->next_due_ms = elsewhere_ms;
}

static void hand_out(struct hy_claim *v, const struct hy_vector *taken)
{
    v->count = taken->count;
    v->claimed = (struct hy_claimed *)hy_mem_copy_array(v->arena, v->count, sizeof *v->claimed);
    for (size_t i = 0; i < v->count; i++) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)taken->items[i];

        hy_mem_copy_message(v->arena, &v->claimed[i].message, &m->m);
        if (m->grant)
            hy_mem_copy_grant(v->arena, &v->claimed[i].grant, &m->grant->g);
    }
}

int hy_mem_claim(struct hy_backend *b, struct hy_op *op)
{
    struct claiming c = {.b = b, .verb = (struct hy_claim *)op};
    struct hy_vector later = {0};

    c.verb->ended = 0;
    b->freed = 0;
    b->becomes_due = &later;
    for (size_t i = 0; i < c.verb->lane_count; i++) {
        c.lane = &c.verb->lanes[i];
        claim_lane(&c);
    }
    b->becomes_due = NULL;
    for (size_t i = 0; i < later.count; i++)
        hy_mem_place_due(b, (struct hy_mem_message *)later.items[i]);
    hy_vector_deinit(&later);
    for (size_t i = 0; i < c.verb->lane_count; i++)
        tell_next(b, &c.verb->lanes[i]);
    c.verb->freed = b->freed;
    hand_out(c.verb, &c.taken);
    hy_vector_deinit(&c.taken);
    return 0;
}
