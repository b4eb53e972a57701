/*
 * ask.c - whether it is worth a tap of the user to ask again. Nobody likes prompts: the first of these
 * that fits decides.
 */
#include "engine/internal.h"

#include <string.h>

enum { ENOUGH = 2 };

static const int64_t patience_ms = 7 * 86400000LL;

static bool said_lately(const struct hy_prospect *p, enum hy_answer_kind answer, int64_t now_ms)
{
    return p->answered_at_ms && p->answer == answer && now_ms - p->answered_at_ms < patience_ms;
}

static bool has_counter(const struct hy_prospect *p, enum hy_grant_state state)
{
    return p->counter.id && p->counter.state == state;
}

static bool is_withdrawn(const struct hy_prospect *p)
{
    return has_counter(p, HY_GRANT_REVOKED) && p->counter.reason &&
           strcmp(p->counter.reason, "withdrawn") == 0;
}

static struct hy_advice no(const char *reason)
{
    return (struct hy_advice){.ask = false, .reason = reason};
}

static struct hy_advice yes(const char *reason)
{
    return (struct hy_advice){.ask = true, .reason = reason};
}

/* There is nothing that could be used now. */
static struct hy_advice without(const struct hy_prospect *p)
{
    if (has_counter(p, HY_GRANT_SUSPECT))
        return yes("suspect");
    return yes(is_withdrawn(p) ? "withdrawn" : "none_left");
}

struct hy_advice hy_engine_advise(const struct hy_prospect *p, bool absent, int64_t now_ms)
{
    if (absent)
        return no("unknown_template");
    if (p->template_kind == HY_TEMPLATE_LEGACY)
        return no("legacy");
    if (said_lately(p, HY_ANSWER_BAN, now_ms))
        return no("banned");
    if (said_lately(p, HY_ANSWER_REJECT, now_ms))
        return no("refused_recently");
    if (p->waiting > 0)
        return yes("message_waiting");
    if (p->available == 0)
        return without(p);
    if (p->counter.id && p->counter.kind == HY_GRANT_ALWAYS)
        return no("standing");
    return p->available >= ENOUGH ? no("enough") : yes("running_low");
}
