#include "store/token_rules.h"

static bool over_budget(const struct hy_token_begin *v, const struct hy_token *t)
{
    bool today = t->day == v->day;

    if (v->calls_max > 0 && today && t->calls >= v->calls_max)
        return true;
    if (!v->forced)
        return false;
    if (v->forced_max > 0 && today && t->forced_calls >= v->forced_max)
        return true;
    return t->forced_at_ms > 0 && v->now_ms - t->forced_at_ms < v->forced_gap_ms;
}

static void count_call(const struct hy_token_begin *v, struct hy_token *t)
{
    if (t->day != v->day)
        t->calls = t->forced_calls = 0;
    t->day = v->day;
    t->calls++;
    if (v->forced) {
        t->forced_calls++;
        t->forced_at_ms = v->now_ms;
    }
    t->refreshing_until_ms = v->lease_until_ms;
}

int hy_token_rules_begin(const struct hy_token_begin *v, struct hy_token *t)
{
    if (t->version != v->version)
        return HY_TOKEN_MOVED;
    if (t->refreshing_until_ms > v->now_ms && t->refreshing_until_ms != v->held_until_ms)
        return HY_TOKEN_TAKEN;
    if (over_budget(v, t))
        return HY_TOKEN_BUDGET;
    count_call(v, t);
    return 0;
}

int hy_token_rules_end(const struct hy_token_end *v, struct hy_token *t)
{
    if (t->version != v->version)
        return HY_TOKEN_MOVED;
    t->refreshing_until_ms = 0;
    if (v->access.size == 0) {
        t->failures++;
        t->last_error = v->error;
        return 0;
    }
    t->version++;
    t->access = v->access;
    t->obtained_at_ms = v->obtained_at_ms;
    t->expires_at_ms = v->expires_at_ms;
    t->failures = 0;
    t->last_error = NULL;
    return 0;
}
