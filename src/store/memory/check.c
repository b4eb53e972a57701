#include "store/memory/memory.h"

#include "base/err.h"
#include "domain/reservation.h"

#include <stdarg.h>

enum { FINDINGS_MAX = 100 };

void hy_mem_found(struct hy_mem_checking *c, const char *format, ...)
{
    va_list args;

    if (c->verb->count == FINDINGS_MAX)
        return;
    va_start(args, format);
    c->verb->findings[c->verb->count++] =
        (const char *)hy_mem_must(hy_arena_vprintf(c->verb->arena, format, args));
    va_end(args);
}

static bool may_hold(enum hy_message_state state)
{
    return state == HY_MESSAGE_QUEUED || state == HY_MESSAGE_SENDING || state == HY_MESSAGE_UNKNOWN;
}

static void check_hold(struct hy_mem_checking *c, const struct hy_mem_message *m)
{
    const struct hy_mem_grant *grant = m->grant;
    uintptr_t held;

    if (grant && !may_hold(m->m.state))
        hy_mem_found(c, "message %lld holds a use in state %s", (long long)m->m.id,
                     hy_message_state_names[m->m.state]);
    if (may_hold(m->m.state) && m->m.grant_id != (grant ? grant->g.id : 0))
        hy_mem_found(c, "message %lld names grant %lld, which it does not hold", (long long)m->m.id,
                     (long long)m->m.grant_id);
    if (!grant)
        return;
    if (grant->user != m->user || !hy_grant_fits(&grant->g, m->m.template_id, m->m.template_kind))
        hy_mem_found(c, "message %lld holds grant %lld, which does not fit it", (long long)m->m.id,
                     (long long)grant->g.id);
    held = (uintptr_t)hy_map_get(&c->held, grant->g.id, NULL, 0);
    hy_map_put(&c->held, grant->g.id, NULL, 0, (void *)(held + 1));
}

static void check_lists(struct hy_mem_checking *c, const struct hy_mem_message *m)
{
    enum hy_message_state state = m->m.state;
    bool rests = state == HY_MESSAGE_UNKNOWN || state == HY_MESSAGE_WAITING;
    bool due = (state == HY_MESSAGE_QUEUED && !m->held) || (rests && m->m.due_at_ms > 0);
    bool expires =
        m->m.expires_at_ms > 0 && (state == HY_MESSAGE_QUEUED || state == HY_MESSAGE_WAITING);

    if ((m->due_position > 0) != due || (m->expiry_position > 0) != expires ||
        (m->parked && !due) || (state == HY_MESSAGE_QUEUED && (m->m.due_at_ms == 0) != m->held))
        hy_mem_found(c, "message %lld is in the wrong lists for state %s", (long long)m->m.id,
                     hy_message_state_names[state]);
    if (state == HY_MESSAGE_SENDING && m->user->sending != m)
        hy_mem_found(c, "message %lld is not the one in sending of its user", (long long)m->m.id);
    if (hy_message_is_final(state) != (m->m.settled_at_ms != 0))
        hy_mem_found(c, "message %lld has a wrong settled_at_ms", (long long)m->m.id);
}

/* A parked message must have somebody who will make way for it. */
static void check_parked(struct hy_mem_checking *c, const struct hy_mem_message *m)
{
    if (!m->parked || m->user->sending)
        return;
    for (size_t i = 0; i < c->b->messages.count; i++) {
        const struct hy_mem_message *other = (const struct hy_mem_message *)c->b->messages.items[i];

        if (other->user == m->user && other->due_position > 0 && !other->parked)
            return;
    }
    hy_mem_found(c, "message %lld is parked for ever", (long long)m->m.id);
}

/* What grant.h says of states. */
static void check_state(struct hy_mem_checking *c, const struct hy_mem_grant *grant)
{
    const struct hy_grant *g = &grant->g;
    bool good = g->state == HY_GRANT_AVAILABLE || g->state == HY_GRANT_SUSPECT;

    if (grant->has_free_use != (good && g->uses_left > g->uses_reserved))
        hy_mem_found(c, "grant %lld is in the wrong list", (long long)g->id);
    if ((g->uses_left == 0) != (g->state == HY_GRANT_SPENT))
        hy_mem_found(c, "grant %lld has %d uses left in state %s", (long long)g->id, g->uses_left,
                     hy_grant_state_names[g->state]);
    if ((g->retry_at_ms > 0) != (g->state == HY_GRANT_SUSPECT) ||
        (g->state == HY_GRANT_SUSPECT && g->refusals < 1))
        hy_mem_found(c, "grant %lld is %s with %d refusals and retry_at_ms %lld", (long long)g->id,
                     hy_grant_state_names[g->state], g->refusals, (long long)g->retry_at_ms);
    if (!hy_grant_is_receipt(g->kind) && hy_mem_counter(grant->user, g->template_id) != grant)
        hy_mem_found(c, "grant %lld is a second counter of template %s", (long long)g->id,
                     g->template_id);
}

static void check_grant(struct hy_mem_checking *c, const struct hy_mem_grant *grant)
{
    const struct hy_grant *g = &grant->g;
    int64_t held = (int64_t)(uintptr_t)hy_map_get(&c->held, g->id, NULL, 0);

    if (g->kind == HY_GRANT_ALWAYS)
        held = 0; /* standing: holders are not counted */
    if (g->uses_reserved != held)
        hy_mem_found(c, "grant %lld has %d reserved uses and %lld messages that hold one",
                     (long long)g->id, g->uses_reserved, (long long)held);
    if (g->uses_reserved < 0 || g->uses_left < g->uses_reserved || g->uses_total < g->uses_left)
        hy_mem_found(c, "grant %lld has impossible counters", (long long)g->id);
    check_state(c, grant);
}

static void check_answers(struct hy_mem_checking *c, const struct hy_mem_user *user)
{
    for (size_t i = 0; i < user->answers.count; i++) {
        const struct hy_answer *a = (const struct hy_answer *)user->answers.items[i];
        int32_t most = 0;

        for (int source = 0; source < HY_SOURCES; source++)
            most = a->told[source] > most ? a->told[source] : most;
        if (most != a->uses)
            hy_mem_found(c, "answer %lld has %d uses and was told at most %d", (long long)a->id,
                         a->uses, most);
    }
}

static void check_awaiting(struct hy_mem_checking *c, const struct hy_mem_user *user)
{
    for (size_t i = 0; i < user->awaiting.count; i++) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)user->awaiting.items[i];

        if (!m->awaits_event ||
            (m->m.state != HY_MESSAGE_SENT && m->m.state != HY_MESSAGE_UNKNOWN &&
             m->m.state != HY_MESSAGE_SENDING))
            hy_mem_found(c, "message %lld awaits an event in state %s", (long long)m->m.id,
                         hy_message_state_names[m->m.state]);
    }
}

static void check_user(void *value, void *arg)
{
    check_answers((struct hy_mem_checking *)arg, (const struct hy_mem_user *)value);
    check_awaiting((struct hy_mem_checking *)arg, (const struct hy_mem_user *)value);
}

int hy_mem_check(struct hy_backend *b, struct hy_op *op)
{
    struct hy_mem_checking c = {.b = b, .verb = (struct hy_check *)op};

    c.verb->count = 0;
    c.verb->findings =
        (const char **)hy_mem_copy_array(c.verb->arena, FINDINGS_MAX, sizeof *c.verb->findings);
    for (size_t i = 0; i < b->messages.count; i++) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)b->messages.items[i];

        check_hold(&c, m);
        check_lists(&c, m);
        check_parked(&c, m);
    }
    for (size_t i = 0; i < b->grants.count; i++)
        check_grant(&c, (const struct hy_mem_grant *)b->grants.items[i]);
    hy_map_each(&b->users, check_user, &c);
    hy_mem_check_broadcasts(&c);
    hy_mem_check_outbox(&c);
    hy_map_deinit(&c.held);
    return c.verb->count > 0 ? HY_E_CORRUPT : 0;
}
