#include "domain/timeline.h"

#include <stdlib.h>
#include <string.h>

const char *const hy_step_type_names[] = {
    "grant_added",   "answer",        "event",   "message_accepted", "attempt",
    "grant_suspect", "grant_revoked", "settled", "grant_expired",    NULL};

struct story {
    const struct hy_timeline_facts *facts;
    struct hy_step *items;
    size_t count;
};

static bool is_counter(const struct hy_grant *grant)
{
    return !hy_grant_is_receipt(grant->kind);
}

static const struct hy_grant *find_grant(const struct hy_timeline_facts *facts, int64_t id)
{
    for (size_t i = 0; id && i < facts->grant_count; i++) {
        if (facts->grants[i].id == id)
            return &facts->grants[i];
    }
    return NULL;
}

static const struct hy_grant *find_counter(const struct hy_timeline_facts *facts,
                                           const char *template_id)
{
    for (size_t i = 0; i < facts->grant_count; i++) {
        if (is_counter(&facts->grants[i]) && strcmp(facts->grants[i].template_id, template_id) == 0)
            return &facts->grants[i];
    }
    return NULL;
}

/* The pot that a message is paid from, if it is paid: null, the receipts. */
static const struct hy_grant *pot_of(const struct hy_timeline_facts *facts,
                                     const struct hy_message *m)
{
    return m->template_kind == HY_TEMPLATE_LEGACY ? NULL : find_counter(facts, m->template_id);
}

static int64_t expiry(const struct hy_grant *grant, int64_t margin_ms)
{
    return grant->expires_at_ms ? grant->expires_at_ms - margin_ms : INT64_MAX;
}

int64_t hy_timeline_left(const struct hy_grant *grant, int64_t now_ms, int64_t margin_ms)
{
    bool gone = grant->state == HY_GRANT_REVOKED || grant->state == HY_GRANT_EXPIRED;

    return gone || expiry(grant, margin_ms) <= now_ms ? 0 : grant->uses_left;
}

static struct hy_step *tell(struct story *s, enum hy_step_type type, int64_t at_ms)
{
    struct hy_step *item = &s->items[s->count];

    *item = (struct hy_step){.type = type, .at_ms = at_ms, .seq = s->count, .known = true};
    s->count++;
    return item;
}

/* --- grants and answers ----------------------------------------------------------------------- */

static void tell_receipt(struct story *s, const struct hy_grant *grant)
{
    int64_t over_ms = expiry(grant, s->facts->margin_ms);
    struct hy_step *item = tell(s, HY_STEP_GRANT_ADDED, grant->obtained_at_ms);

    item->grant = grant;
    if (over_ms > s->facts->now_ms || grant->uses_left == 0 || grant->state == HY_GRANT_REVOKED)
        return;
    item = tell(s, HY_STEP_GRANT_EXPIRED, over_ms);
    item->grant = grant;
    item->voids = true;
}

/* A withdrawal that was told late, after a newer accept, changed nothing (hy_grant_withdraw()). */
static bool was_overtaken(const struct story *s, const struct hy_answer *withdrawal)
{
    for (size_t i = 0; i < s->facts->answer_count; i++) {
        const struct hy_answer *a = &s->facts->answers[i];

        if (a->kind == HY_ANSWER_ACCEPT && a->at_ms > withdrawal->at_ms && a->id < withdrawal->id &&
            strcmp(a->template_id, withdrawal->template_id) == 0)
            return true;
    }
    return false;
}

static void tell_answer(struct story *s, const struct hy_answer *answer)
{
    const struct hy_grant *counter = find_counter(s->facts, answer->template_id);
    struct hy_step *item = tell(s, HY_STEP_ANSWER, answer->at_ms);

    item->answer = answer;
    item->template_id = answer->template_id;
    item->pot = item->grant = counter;
    item->known = counter != NULL;
    item->delta = answer->kind == HY_ANSWER_ACCEPT ? answer->uses : 0;
    if (answer->kind != HY_ANSWER_WITHDRAW || !counter || was_overtaken(s, answer))
        return;
    item = tell(s, HY_STEP_GRANT_REVOKED, answer->at_ms);
    item->answer = answer;
    item->template_id = answer->template_id;
    item->pot = item->grant = counter;
    item->reason = "withdrawn";
    item->voids = true;
}

/* --- messages --------------------------------------------------------------------------------- */

static struct hy_step *tell_of(struct story *s, enum hy_step_type type, int64_t at_ms,
                               const struct hy_told_message *m)
{
    struct hy_step *item = tell(s, type, at_ms);

    item->message = m;
    item->template_id = m->message.template_id;
    item->pot = pot_of(s->facts, &m->message);
    return item;
}

/* When the attempt's answer took effect: not after what followed from it. */
static int64_t end_of(const struct hy_told_message *m, const struct hy_attempt *a)
{
    const struct hy_attempt *next = a + 1;
    int64_t at_ms = a->at_ms + a->took_ms, bound_ms = m->message.settled_at_ms;

    if (next < m->attempts + m->attempt_count)
        bound_ms = next->at_ms;
    return bound_ms && at_ms > bound_ms ? bound_ms : at_ms;
}

static void tell_attempt(struct story *s, const struct hy_told_message *m,
                         const struct hy_attempt *a)
{
    const struct hy_grant *grant = find_grant(s->facts, a->grant_id);
    bool drops = a->grant_move == HY_GRANT_DROP, refuses = a->grant_move == HY_GRANT_REFUSE;
    struct hy_step *item = tell_of(s, HY_STEP_ATTEMPT, a->at_ms, m);

    item->attempt = a;
    item->grant = grant;
    if (a->grant_id) {
        item->known = grant != NULL; /* else a receipt that is deleted by now */
        item->pot = grant && is_counter(grant) ? grant : NULL;
        item->delta = a->grant_move == HY_GRANT_SPEND || a->grant_move == HY_GRANT_DOUBT ? -1 : 0;
    }
    if (!a->grant_id || !grant || !(drops || refuses))
        return;
    item = tell_of(s, drops ? HY_STEP_GRANT_REVOKED : HY_STEP_GRANT_SUSPECT, end_of(m, a), m);
    item->attempt = a;
    item->grant = grant;
    item->pot = is_counter(grant) ? grant : NULL;
    item->reason =
        a->judgement.errcode[0] ? a->judgement.errcode : hy_verdict_names[a->judgement.verdict];
    item->voids = drops;
}

static bool settled_by_event(const struct hy_message *m)
{
    return m->state == HY_MESSAGE_DELIVERED ||
           (m->state == HY_MESSAGE_FAILED && m->reason && strncmp(m->reason, "event.", 6) == 0);
}

/* A use that no attempt let go of was burned all the same: by the platform's event, or because its
 * time was over (store/messages.h, claim, rows 2 and 4). */
static bool burned_later(const struct hy_told_message *m, const struct hy_attempt *last)
{
    bool held = m->message.grant_id == last->grant_id;

    if (!last->grant_id || last->grant_move != HY_GRANT_KEEP)
        return false;
    return settled_by_event(&m->message) || (m->message.state == HY_MESSAGE_UNKNOWN && !held);
}

static void tell_message(struct story *s, const struct hy_told_message *m)
{
    const struct hy_attempt *last = m->attempt_count ? &m->attempts[m->attempt_count - 1] : NULL;
    struct hy_step *item = tell_of(s, HY_STEP_MESSAGE_ACCEPTED, m->message.accepted_at_ms, m);

    for (size_t i = 0; i < m->attempt_count; i++) {
        item = &s->items[s->count];
        tell_attempt(s, m, &m->attempts[i]);
        if (&m->attempts[i] == last && burned_later(m, last))
            item->delta = -1;
    }
    if (!hy_message_is_final(m->message.state))
        return;
    item = tell_of(s, HY_STEP_SETTLED, m->message.settled_at_ms, m);
    item->reason = m->message.reason;
    if (last && last->grant_id)
        item->pot = find_grant(s->facts, last->grant_id);
    if (item->pot && !is_counter(item->pot))
        item->pot = NULL;
}

/* --- all -------------------------------------------------------------------------------------- */

/* Within one millisecond. What a withdrawal does, it does at once. */
static int rank(const struct hy_step *step)
{
    return step->answer ? HY_STEP_ANSWER : (int)step->type;
}

static int in_order(const void *left, const void *right)
{
    const struct hy_step *a = left, *b = right;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    if (rank(a) != rank(b))
        return rank(a) < rank(b) ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static size_t most_items(const struct hy_timeline_facts *facts)
{
    size_t count = 2 * (facts->grant_count + facts->answer_count) + facts->event_count;

    for (size_t i = 0; i < facts->message_count; i++)
        count += 2 + 2 * facts->messages[i].attempt_count;
    return count;
}

static void gather(struct story *s)
{
    const struct hy_timeline_facts *f = s->facts;

    for (size_t i = 0; i < f->grant_count; i++) {
        if (!is_counter(&f->grants[i]))
            tell_receipt(s, &f->grants[i]);
    }
    for (size_t i = f->answer_count; i > 0; i--)
        tell_answer(s, &f->answers[i - 1]);
    for (size_t i = f->message_count; i > 0; i--)
        tell_message(s, &f->messages[i - 1]);
    /* By when we heard of them: the platform tells whole seconds, and an event would stand before
     * what it is about. */
    for (size_t i = f->event_count; i > 0; i--) {
        struct hy_step *item = tell(s, HY_STEP_EVENT, f->events[i - 1].received_at_ms);

        item->event = &f->events[i - 1];
        item->known = false; /* it is about whatever else it caused */
    }
}

struct hy_step *hy_timeline(const struct hy_timeline_facts *facts, struct hy_arena *arena,
                            size_t *ret_count)
{
    struct story s = {.facts = facts};

    s.items = hy_arena_array(arena, most_items(facts) + 1, sizeof *s.items);
    if (!s.items)
        return NULL;
    gather(&s);
    qsort(s.items, s.count, sizeof *s.items, in_order);
    if (hy_timeline_balance(facts, s.items, s.count, arena) < 0)
        return NULL;
    *ret_count = s.count;
    return s.items;
}
