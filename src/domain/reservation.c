#include "domain/reservation.h"

#include <string.h>

static bool counted(const struct hy_grant *grant)
{
    return grant->kind != HY_GRANT_ALWAYS;
}

bool hy_grant_fits(const struct hy_grant *grant, const char *template_id,
                   enum hy_template_kind template_kind)
{
    if (hy_grant_is_receipt(grant->kind))
        return template_kind == HY_TEMPLATE_LEGACY || template_kind == HY_TEMPLATE_ANY;
    return template_kind != HY_TEMPLATE_LEGACY && template_id && grant->template_id &&
           strcmp(grant->template_id, template_id) == 0;
}

int hy_grant_compare(const struct hy_grant *a, const struct hy_grant *b)
{
    int64_t at = a->expires_at_ms ? a->expires_at_ms : INT64_MAX;
    int64_t bt = b->expires_at_ms ? b->expires_at_ms : INT64_MAX;
    bool ar = hy_grant_is_receipt(a->kind);

    if (ar != hy_grant_is_receipt(b->kind))
        return ar ? 1 : -1;
    if (at != bt)
        return at < bt ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

void hy_grant_reserve(struct hy_grant *grant)
{
    if (counted(grant))
        grant->uses_reserved++;
}

bool hy_grant_holds(const struct hy_grant *grant, bool in_doubt, int64_t now_ms, int64_t margin_ms)
{
    struct hy_grant free_again = *grant;

    if (counted(grant))
        free_again.uses_reserved--;
    if (grant->state == HY_GRANT_SUSPECT) /* a user's messages go one at a time in any case */
        free_again.uses_reserved = 0;
    return hy_grant_usable(&free_again, now_ms, in_doubt ? 0 : margin_ms);
}

static void burn(struct hy_grant *grant)
{
    grant->uses_left--;
    if (grant->uses_left == 0) {
        grant->state = HY_GRANT_SPENT;
        grant->retry_at_ms = 0;
    }
}

/* The platform took a message: whatever it refused before, it was wrong. */
static void trust(struct hy_grant *grant)
{
    grant->refusals = 0;
    if (grant->state != HY_GRANT_SUSPECT)
        return;
    grant->state = HY_GRANT_AVAILABLE;
    grant->reason = NULL;
    grant->retry_at_ms = 0;
}

/* One that was revoked while the request was under way stays so. */
static void suspect(struct hy_grant *grant, const char *reason, int64_t retry_at_ms)
{
    if (grant->state != HY_GRANT_AVAILABLE && grant->state != HY_GRANT_SUSPECT)
        return;
    grant->state = HY_GRANT_SUSPECT;
    grant->reason = reason;
    grant->retry_at_ms = retry_at_ms;
    grant->refusals++;
}

static void revoke(struct hy_grant *grant, const char *reason)
{
    grant->state = HY_GRANT_REVOKED;
    grant->reason = reason;
    grant->retry_at_ms = 0;
}

enum hy_grant_move hy_grant_move_now(const struct hy_grant *grant, enum hy_grant_move move,
                                     int64_t left_at_ms)
{
    bool accepted_again = (move == HY_GRANT_DROP && grant->refusals == 0) ||
                          (move == HY_GRANT_REFUSE && grant->obtained_at_ms > left_at_ms);

    return accepted_again && !hy_grant_is_receipt(grant->kind) ? HY_GRANT_GIVE_BACK : move;
}

void hy_grant_release(struct hy_grant *grant, enum hy_grant_move move, bool in_doubt,
                      const char *reason, int64_t retry_at_ms)
{
    if (move == HY_GRANT_KEEP)
        return;
    if (move == HY_GRANT_SPEND)
        trust(grant);
    if (counted(grant)) {
        grant->uses_reserved--;
        if (move == HY_GRANT_SPEND || move == HY_GRANT_DOUBT)
            burn(grant);
    }
    if (move == HY_GRANT_DOUBT || (move == HY_GRANT_GIVE_BACK && in_doubt))
        grant->in_doubt = true;
    if (move == HY_GRANT_DROP)
        revoke(grant, reason);
    if (move == HY_GRANT_REFUSE)
        suspect(grant, reason, retry_at_ms);
}
