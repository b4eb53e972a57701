#include "store/memory/memory.h"

#include "domain/reservation.h"

static bool over(const struct hy_grant *g, int64_t now_ms, int64_t margin_ms)
{
    bool still_good = g->state == HY_GRANT_AVAILABLE || g->state == HY_GRANT_SUSPECT;

    return g->expires_at_ms > 0 && g->uses_reserved == 0 &&
           g->expires_at_ms - (still_good ? margin_ms : 0) <= now_ms;
}

int hy_mem_purge(struct hy_backend *b, struct hy_op *op)
{
    struct hy_purge *v = (struct hy_purge *)op;
    struct hy_vector done = {0};

    for (size_t i = 0; i < b->grants.count; i++) {
        struct hy_mem_grant *grant = (struct hy_mem_grant *)b->grants.items[i];

        if (grant->g.app_no == v->app_no && over(&grant->g, v->now_ms, v->margin_ms))
            hy_vector_push(&done, grant);
    }
    hy_vector_sort(&done, hy_mem_grant_by_use);
    for (v->purged = 0; v->purged < done.count && v->purged < v->limit; v->purged++)
        hy_mem_grant_delete(b, (struct hy_mem_grant *)done.items[v->purged]);
    hy_vector_deinit(&done);
    return 0;
}

/* Appends the grants of `user` that fit and are, or are not, usable. */
static void list_part(struct hy_grant_list *v, const struct hy_mem_user *user, bool usable)
{
    for (size_t i = 0; i < user->grants.count; i++) {
        const struct hy_mem_grant *grant = (const struct hy_mem_grant *)user->grants.items[i];
        const struct hy_grant *g = &grant->g;

        if ((v->template_id && !hy_grant_fits(g, v->template_id, v->template_kind)) ||
            hy_grant_usable(g, v->now_ms, v->margin_ms) != usable)
            continue;
        if (usable)
            v->available += g->uses_left - g->uses_reserved;
        if (v->count < v->limit)
            hy_mem_copy_grant(v->arena, &v->grants[v->count++], g);
    }
}

int hy_mem_grant_list(struct hy_backend *b, struct hy_op *op)
{
    struct hy_grant_list *v = (struct hy_grant_list *)op;
    const struct hy_mem_user *user = hy_mem_user(b, v->app_no, v->user);

    v->grants = NULL;
    v->count = 0;
    v->available = 0;
    if (!user)
        return 0;
    v->grants =
        (struct hy_grant *)hy_mem_copy_array(v->arena, user->grants.count, sizeof *v->grants);
    list_part(v, user, true);
    list_part(v, user, false);
    return 0;
}
