#include "store/ledger_looks.h"

#include "base/err.h"
#include "domain/reservation.h"

#include <stdlib.h>
#include <string.h>

static int by_use(const void *a, const void *b)
{
    const struct hy_listed_grant *x = (const struct hy_listed_grant *)a,
                                 *y = (const struct hy_listed_grant *)b;

    if (x->usable != y->usable)
        return x->usable ? -1 : 1;
    return hy_grant_compare(&x->grant, &y->grant);
}

bool hy_listed_grant_fits(const struct hy_grant_list *v, struct hy_listed_grant *item)
{
    item->usable = hy_grant_usable(&item->grant, v->now_ms, v->margin_ms);
    return !v->template_id || hy_grant_fits(&item->grant, v->template_id, v->template_kind);
}

int hy_listed_grants_hand_out(struct hy_grant_list *v, struct hy_listed_grant *all, size_t count)
{
    if (count == 0)
        return 0;
    qsort(all, count, sizeof *all, by_use);
    v->count = count < v->limit ? count : v->limit;
    v->grants = (struct hy_grant *)hy_arena_array(v->arena, v->count, sizeof *v->grants);
    if (!v->grants)
        return HY_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (i < v->count)
            v->grants[i] = all[i].grant;
        if (all[i].usable)
            v->available += all[i].grant.uses_left - all[i].grant.uses_reserved;
    }
    return 0;
}

void hy_prospects_count(struct hy_prospects *v, const struct hy_grant *g)
{
    bool usable = hy_grant_usable(g, v->now_ms, v->margin_ms);

    for (size_t i = 0; i < v->count; i++) {
        struct hy_prospect *p = &v->items[i];

        if (!hy_grant_is_receipt(g->kind) && strcmp(g->template_id, p->template_id) == 0)
            p->counter = *g;
        if (usable && hy_grant_fits(g, p->template_id, p->template_kind))
            p->available += g->uses_left - g->uses_reserved;
    }
}
