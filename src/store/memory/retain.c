/* Deleting what is older than it has to be kept: housekeeping.h. */
#include "store/memory/memory.h"

#include <stdlib.h>
#include <string.h>

/* A record that is too old is deleted; true when it was. */
typedef bool retain_one(struct hy_backend *b, void *record, int64_t before_ms);
typedef int64_t id_of_record(const void *record);

/* --- messages, events, grants ----------------------------------------------------------------- */

static int64_t message_id(const void *record)
{
    return ((const struct hy_mem_message *)record)->m.id;
}

bool hy_mem_retain_message(struct hy_backend *b, struct hy_mem_message *m, int64_t before_ms)
{
    bool over = hy_message_is_final(m->m.state) ||
                (m->m.state == HY_MESSAGE_UNKNOWN && m->m.due_at_ms == 0);

    if (!over || m->m.accepted_at_ms >= before_ms || m->m.settled_at_ms >= before_ms)
        return false;
    hy_mem_message_delete(b, m);
    return true;
}

static bool retain_message(struct hy_backend *b, void *record, int64_t before_ms)
{
    return hy_mem_retain_message(b, (struct hy_mem_message *)record, before_ms);
}

static int64_t event_id(const void *record)
{
    return ((const struct hy_event *)record)->id;
}

static bool retain_event(struct hy_backend *b, void *record, int64_t before_ms)
{
    struct hy_event *event = (struct hy_event *)record;

    if (event->received_at_ms >= before_ms)
        return false;
    for (size_t i = 0; i < b->outcomes.count; i++)
        if (((const struct hy_outcome *)b->outcomes.items[i])->event_id == event->id)
            return false;
    for (size_t i = 0; i < b->events.count; i++)
        if (b->events.items[i] == event)
            hy_vector_remove(&b->events, i);
    hy_mem_event_free(event);
    return true;
}

static int64_t grant_id(const void *record)
{
    return ((const struct hy_mem_grant *)record)->g.id;
}

static bool is_referred_to(const struct hy_backend *b, const struct hy_mem_grant *counter)
{
    const struct hy_mem_user *user = counter->user;

    for (size_t i = 0; i < user->answers.count; i++)
        if (strcmp(((const struct hy_answer *)user->answers.items[i])->template_id,
                   counter->g.template_id) == 0)
            return true;
    for (size_t i = 0; i < b->messages.count; i++) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)b->messages.items[i];

        if (m->user == user && strcmp(m->m.template_id, counter->g.template_id) == 0)
            return true;
    }
    return false;
}

/* That the user accepted is what her counter says: nothing is known of it without one. */
static void forget_accept(struct hy_mem_user *user, const char *template_id)
{
    struct hy_mem_newest *n = (struct hy_mem_newest *)(uintptr_t)hy_mem_newest(user, template_id);

    if (n && n->kind == HY_ANSWER_ACCEPT)
        n->at_ms = 0;
}

bool hy_mem_retain_grant(struct hy_backend *b, struct hy_mem_grant *grant, int64_t before_ms,
                         bool is_referred_to)
{
    const struct hy_grant *g = &grant->g;
    bool over = g->state == HY_GRANT_SPENT || g->state == HY_GRANT_REVOKED;

    if (!over || g->uses_reserved > 0 || g->obtained_at_ms >= before_ms)
        return false;
    if (!hy_grant_is_receipt(g->kind)) {
        if (is_referred_to)
            return false;
        forget_accept(grant->user, g->template_id);
    }
    hy_mem_grant_delete(b, grant);
    return true;
}

static bool retain_grant(struct hy_backend *b, void *record, int64_t before_ms)
{
    struct hy_mem_grant *grant = (struct hy_mem_grant *)record;
    bool receipt = hy_grant_is_receipt(grant->g.kind);

    return hy_mem_retain_grant(b, grant, before_ms, !receipt && is_referred_to(b, grant));
}

/* --- broadcasts, outbox, audit ---------------------------------------------------------------- */

static int64_t broadcast_id(const void *record)
{
    return ((const struct hy_mem_broadcast *)record)->b.id;
}

static bool retain_broadcast(struct hy_backend *b, void *record, int64_t before_ms)
{
    struct hy_mem_broadcast *broadcast = (struct hy_mem_broadcast *)record;
    enum hy_broadcast_state state = broadcast->b.state;

    if ((state != HY_BROADCAST_DONE && state != HY_BROADCAST_CANCELED) || broadcast->b.winding_up ||
        broadcast->b.ended_at_ms >= before_ms)
        return false;
    for (size_t i = 0; i < b->messages.count; i++)
        if (((const struct hy_mem_message *)b->messages.items[i])->m.broadcast_id ==
            broadcast->b.id)
            return false;
    for (size_t i = 0; i < b->broadcasts.count; i++)
        if (b->broadcasts.items[i] == broadcast)
            hy_vector_remove(&b->broadcasts, i);
    hy_mem_broadcast_free(broadcast);
    return true;
}

static int64_t outcome_id(const void *record)
{
    return ((const struct hy_outcome *)record)->id;
}

static bool retain_outcome(struct hy_backend *b, void *record, int64_t before_ms)
{
    struct hy_outcome *outcome = (struct hy_outcome *)record;

    if (outcome->at_ms >= before_ms)
        return false;
    hy_mem_outcome_delete(b, outcome, 0);
    return true;
}

static int64_t audit_id(const void *record)
{
    return ((const struct hy_audit *)record)->id;
}

static bool retain_audit(struct hy_backend *b, void *record, int64_t before_ms)
{
    struct hy_audit *audit = (struct hy_audit *)record;

    if (audit->at_ms >= before_ms)
        return false;
    for (size_t i = 0; i < b->audits.count; i++)
        if (b->audits.items[i] == audit)
            hy_vector_remove(&b->audits, i);
    hy_mem_audit_free(audit);
    return true;
}

/* --- answers: they are with their users ------------------------------------------------------- */

struct gathering {
    struct hy_vector answers;
};

static int by_answer_id(const void *a, const void *b)
{
    int64_t ia = ((const struct hy_answer *)a)->id;
    int64_t ib = ((const struct hy_answer *)b)->id;

    return ia < ib ? -1 : ia > ib;
}

static void gather_answers(void *value, void *arg)
{
    const struct hy_mem_user *user = (const struct hy_mem_user *)value;
    struct gathering *g = (struct gathering *)arg;

    for (size_t i = 0; i < user->answers.count; i++)
        hy_vector_push(&g->answers, user->answers.items[i]);
}

static int64_t answer_id(const void *record)
{
    return ((const struct hy_answer *)record)->id;
}

static bool retain_answer(struct hy_backend *b, void *record, int64_t before_ms)
{
    struct hy_answer *answer = (struct hy_answer *)record;
    struct hy_vector *answers;

    if (answer->at_ms >= before_ms)
        return false;
    answers = &hy_mem_user(b, answer->app_no, answer->user)->answers;
    hy_vector_remove_sorted(answers, answer, by_answer_id);
    hy_mem_answer_free(answer);
    return true;
}

/* --- the verb --------------------------------------------------------------------------------- */

static const struct {
    size_t vector; /* in hy_backend; answers: 0 */
    id_of_record *id;
    retain_one *retain;
} kinds[HY_RETAIN_KINDS] = {
    [HY_RETAIN_MESSAGES] = {offsetof(struct hy_backend, messages), message_id, retain_message},
    [HY_RETAIN_EVENTS] = {offsetof(struct hy_backend, events), event_id, retain_event},
    [HY_RETAIN_ANSWERS] = {0, answer_id, retain_answer},
    [HY_RETAIN_GRANTS] = {offsetof(struct hy_backend, grants), grant_id, retain_grant},
    [HY_RETAIN_BROADCASTS] = {offsetof(struct hy_backend, broadcasts), broadcast_id,
                              retain_broadcast},
    [HY_RETAIN_OUTBOX] = {offsetof(struct hy_backend, outcomes), outcome_id, retain_outcome},
    [HY_RETAIN_AUDIT] = {offsetof(struct hy_backend, audits), audit_id, retain_audit},
};

/* All records of the kind, by id: a copy, since they are taken out of the real one. */
static struct hy_vector records(struct hy_backend *b, enum hy_retain_kind kind)
{
    struct gathering g = {{0}};
    const struct hy_vector *from;

    if (kind == HY_RETAIN_ANSWERS) {
        hy_map_each(&b->users, gather_answers, &g);
        hy_vector_sort(&g.answers, by_answer_id);
        return g.answers;
    }
    from = (const struct hy_vector *)(const void *)((const char *)b + kinds[kind].vector);
    for (size_t i = 0; i < from->count; i++)
        hy_vector_push(&g.answers, from->items[i]);
    return g.answers;
}

int hy_mem_retain(struct hy_backend *b, struct hy_op *op)
{
    struct hy_retain *v = (struct hy_retain *)op;
    struct hy_vector all = records(b, v->kind);
    size_t looked_at = 0;

    v->deleted = 0;
    v->more = false;
    for (size_t i = 0; i < all.count && !v->more; i++) {
        int64_t id = kinds[v->kind].id(all.items[i]);

        if (id <= v->cursor)
            continue;
        if (looked_at++ == v->limit) {
            v->more = true;
            continue;
        }
        v->cursor = id;
        v->deleted += kinds[v->kind].retain(b, all.items[i], v->before_ms);
    }
    hy_vector_deinit(&all);
    return 0;
}
