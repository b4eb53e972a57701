/*
 * Whom an app reaches, kept as its grants change: what each user on the desk counted for when she was loaded
 * is taken off, what she counts for now is put on. reach.h says what that is.
 */
#include "store/postgres/desk_wants.h"
#include "store/postgres/reach.h"

#include "domain/reservation.h"

#include <stdlib.h>

/* What a user has of one sort: a counter (even an empty one), or the receipts of one minute. */
struct pot {
    int64_t at;              /* counters: the grant's id; receipts: the minute */
    const char *template_id; /* null: receipts */
    int64_t users, uses;
};

/* In the order of hy_grant_compare(): counters by id, then receipts by minute. */
struct pots {
    struct pot *items;
    size_t count;
};

static void count_counter(struct pots *pots, const struct hy_grant *g)
{
    int64_t uses = hy_reach_uses(g);

    pots->items[pots->count++] =
        (struct pot){.at = g->id, .template_id = g->template_id, .users = uses > 0, .uses = uses};
}

static void count_receipt(struct pots *pots, const struct hy_grant *g)
{
    int64_t uses = hy_reach_uses(g), minute = hy_reach_minute(g->expires_at_ms);
    struct pot *last = pots->count > 0 ? &pots->items[pots->count - 1] : NULL;

    if (uses <= 0)
        return;
    if (last && !last->template_id && last->at == minute) {
        last->uses += uses;
        return;
    }
    if (last)
        last->users = last->template_id ? last->users : 0; /* she counts in the last minute */
    pots->items[pots->count++] = (struct pot){.at = minute, .users = 1, .uses = uses};
}

static int by_use(const void *a, const void *b)
{
    return hy_grant_compare(*(const struct hy_grant *const *)a, *(const struct hy_grant *const *)b);
}

static struct pots count_all(struct hy_pg *pg, const struct hy_grant **grants, size_t count)
{
    struct pots pots = {(struct pot *)hy_desk_alloc(pg, (count + 1) * sizeof *pots.items), 0};

    qsort(grants, count, sizeof *grants, by_use);
    for (size_t i = 0; i < count; i++)
        if (hy_grant_is_receipt(grants[i]->kind))
            count_receipt(&pots, grants[i]);
        else
            count_counter(&pots, grants[i]);
    return pots;
}

static struct pots count_before(struct hy_pg *pg, const struct hy_desk_user *user)
{
    size_t count = user->grants.count;
    const struct hy_grant **grants =
        (const struct hy_grant **)hy_desk_alloc(pg, (count + 1) * sizeof *grants);

    for (size_t i = 0; i < count; i++)
        grants[i] = &((const struct hy_desk_grant *)user->grants.items[i])->before;
    return count_all(pg, grants, count);
}

static struct pots count_now(struct hy_pg *pg, const struct hy_mem_user *user)
{
    size_t count = user->grants.count;
    const struct hy_grant **grants =
        (const struct hy_grant **)hy_desk_alloc(pg, (count + 1) * sizeof *grants);

    for (size_t i = 0; i < count; i++)
        grants[i] = &((const struct hy_mem_grant *)user->grants.items[i])->g;
    return count_all(pg, grants, count);
}

/* --- the difference --------------------------------------------------------------------------- */

void hy_desk_reach_receipts(struct hy_pg *pg, int64_t app_no, int64_t minute, int64_t users,
                            int64_t uses)
{
    hy_desk_tally_receipts(pg, app_no, minute, users, uses);
    hy_desk_tally_receipts(pg, app_no, HY_REACH_ALL, users, uses);
}

/* Like strcmp(); null is behind all. */
static int compare(const struct pot *a, const struct pot *b)
{
    bool ar = a && !a->template_id, br = b && !b->template_id;

    if (!a || !b)
        return a ? -1 : b != NULL;
    if (ar != br)
        return ar ? 1 : -1;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* Either may be null: nothing. A counter that is new is told even if nothing of it is free. */
static void tell(struct hy_pg *pg, int64_t app_no, const struct pot *before, const struct pot *now)
{
    static const struct pot nothing = {0};
    const struct pot *b = before ? before : &nothing, *n = now ? now : &nothing;
    int64_t users = n->users - b->users, uses = n->uses - b->uses;
    const char *template_id = now ? now->template_id : before->template_id;

    if (template_id && (users != 0 || uses != 0 || !before))
        hy_desk_tally_reach(pg, app_no, template_id, users, uses);
    else if (!template_id && (users != 0 || uses != 0))
        hy_desk_reach_receipts(pg, app_no, now ? now->at : before->at, users, uses);
}

void hy_desk_reach_changed(struct hy_pg *pg, const struct hy_desk_user *user)
{
    struct pots before = count_before(pg, user), now = count_now(pg, user->user);
    size_t b = 0, n = 0;

    while (b < before.count || n < now.count) {
        const struct pot *was = b < before.count ? &before.items[b] : NULL;
        const struct pot *is = n < now.count ? &now.items[n] : NULL;
        int order = compare(was, is);

        tell(pg, user->user->app_no, order <= 0 ? was : NULL, order >= 0 ? is : NULL);
        b += order <= 0;
        n += order >= 0;
    }
}
