#include "domain/grant.h"

#include <stddef.h>

const char *const hy_grant_kind_names[] = {"form_id", "prepay_id", "once", "always", NULL};
const char *const hy_grant_state_names[] = {"available", "spent",   "expired",
                                            "revoked",   "suspect", NULL};

static const int64_t week_ms = 7 * 86400000LL;

static const struct {
    bool receipt;
    int32_t uses;
    int64_t lifetime_ms;
} kinds[HY_GRANT_KINDS] = {
    [HY_GRANT_FORM_ID] = {true, 1, week_ms},
    [HY_GRANT_PREPAY_ID] = {true, 3, week_ms},
    [HY_GRANT_ONCE] = {false, 1, 0},
    [HY_GRANT_ALWAYS] = {false, 1, 0},
};

bool hy_grant_is_receipt(enum hy_grant_kind kind)
{
    return kinds[kind].receipt;
}

int32_t hy_grant_uses(enum hy_grant_kind kind)
{
    return kinds[kind].uses;
}

int64_t hy_grant_lifetime_ms(enum hy_grant_kind kind)
{
    return kinds[kind].lifetime_ms;
}

static bool in_time(const struct hy_grant *grant, int64_t now_ms, int64_t margin_ms)
{
    return grant->expires_at_ms == 0 || grant->expires_at_ms - margin_ms > now_ms;
}

/* Whoever tells so many is wrong anyway. */
static int32_t add_uses(int32_t to, int32_t uses)
{
    return uses > INT32_MAX - to ? INT32_MAX : to + uses;
}

void hy_grant_accept(struct hy_grant *grant, enum hy_grant_kind kind, int32_t uses, int64_t at_ms)
{
    if (kind == HY_GRANT_ALWAYS && grant->kind != HY_GRANT_ALWAYS) {
        grant->kind = HY_GRANT_ALWAYS; /* no message is counted any more, not even a holder */
        grant->uses_total = grant->uses_left = 1;
        grant->uses_reserved = 0;
    } else if (grant->kind == HY_GRANT_ONCE) {
        int32_t kept = grant->state == HY_GRANT_REVOKED ? 0 : grant->uses_left;

        grant->uses_total = add_uses(grant->uses_total, uses);
        grant->uses_left = add_uses(kept, uses);
        if (grant->uses_left < grant->uses_reserved)
            grant->uses_left = grant->uses_reserved;
    }
    grant->state = HY_GRANT_AVAILABLE;
    grant->reason = NULL;
    grant->refusals = 0;
    grant->retry_at_ms = 0;
    if (uses > 0 && at_ms > grant->obtained_at_ms)
        grant->obtained_at_ms = at_ms;
}

bool hy_grant_withdraw(struct hy_grant *grant, int64_t at_ms, const char *reason)
{
    if (grant->obtained_at_ms > at_ms ||
        (grant->state != HY_GRANT_AVAILABLE && grant->state != HY_GRANT_SUSPECT))
        return false;
    grant->state = HY_GRANT_REVOKED;
    grant->reason = reason;
    grant->retry_at_ms = 0;
    return true;
}

bool hy_grant_usable(const struct hy_grant *grant, int64_t now_ms, int64_t margin_ms)
{
    bool good = grant->state == HY_GRANT_AVAILABLE ||
                (grant->state == HY_GRANT_SUSPECT && grant->retry_at_ms <= now_ms &&
                 grant->uses_reserved == 0);

    return good && grant->uses_left > grant->uses_reserved && in_time(grant, now_ms, margin_ms);
}

const char *hy_grant_state_word(const struct hy_grant *grant, int64_t now_ms, int64_t margin_ms)
{
    if (grant->state != HY_GRANT_AVAILABLE)
        return hy_grant_state_names[grant->state];
    if (grant->uses_left <= grant->uses_reserved)
        return "reserved";
    return in_time(grant, now_ms, margin_ms) ? hy_grant_state_names[HY_GRANT_AVAILABLE]
                                             : hy_grant_state_names[HY_GRANT_EXPIRED];
}

bool hy_grant_proves(const struct hy_grant *grant)
{
    return hy_grant_is_receipt(grant->kind) && grant->uses_left == 1 && !grant->in_doubt;
}

const char *hy_grant_missing_reason(const struct hy_grant *newest, int64_t now_ms,
                                    int64_t margin_ms)
{
    if (!newest)
        return "no_grant.never";
    if (newest->state == HY_GRANT_REVOKED)
        return "no_grant.revoked";
    if (newest->state == HY_GRANT_SUSPECT)
        return "no_grant.suspect";
    if (newest->state == HY_GRANT_SPENT || newest->uses_left <= newest->uses_reserved)
        return "no_grant.used_up";
    if (newest->state == HY_GRANT_EXPIRED || !in_time(newest, now_ms, margin_ms))
        return "no_grant.expired";
    return "no_grant.used_up";
}
