#include "base/err.h"
#include "store/grants.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/tell.h"
#include "store/sqlite/verbs.h"

#include <string.h>

static int find_credential(struct hy_sqlite *s, const struct hy_grant *g, int64_t *ret_id)
{
    struct hy_query q;

    hy_query_open(s, SQL_GRANT_BY_CREDENTIAL, &q);
    hy_put_int(&q, g->app_no);
    hy_put_text(&q, g->credential);
    return hy_query_int(&q, ret_id);
}

static int deposit_receipt(struct hy_sqlite *s, struct hy_deposit_item *item, bool *ret_new)
{
    struct hy_grant *g = &item->grant;
    int64_t id;
    int r = find_credential(s, g, &id);

    item->duplicate = r == 0;
    *ret_new = !item->duplicate;
    item->added = 0;
    if (r == 0)
        g->id = id;
    if (r != HY_E_NOT_FOUND)
        return r;
    item->added = g->uses_left;
    g->uses_reserved = 0;
    g->refusals = 0;
    g->retry_at_ms = 0;
    return hy_grant_insert(s, g);
}

/* The next item is about the same user: one look at who waits is enough for both. */
static bool same_user_next(const struct hy_deposit_item *items, size_t count, size_t i,
                           const bool *changed)
{
    return i + 1 < count && changed[i + 1] && items[i].grant.app_no == items[i + 1].grant.app_no &&
           strcmp(items[i].grant.user, items[i + 1].grant.user) == 0;
}

int hy_deposit_items(struct hy_sqlite *s, struct hy_deposit_item *items, size_t count,
                     int64_t now_ms, size_t *ret_woken)
{
    bool *changed = (bool *)hy_arena_array(&s->scratch, count, sizeof *changed);
    int r = changed || count == 0 ? 0 : HY_E_NOMEM;

    s->now_ms = now_ms;
    for (size_t i = 0; i < count && r == 0; i++) {
        r = items[i].grant.credential ? deposit_receipt(s, &items[i], &changed[i])
                                      : hy_tell(s, &items[i], &changed[i]);
        if (r == 0 && items[i].added > 0 && s->hooks.wanted)
            r = hy_outcome_of_grant(s, HY_OUTCOME_GRANT_ADDED, &items[i].grant, items[i].added);
    }
    *ret_woken = 0;
    for (size_t i = 0; i < count && r == 0; i++)
        if (changed[i] && !same_user_next(items, count, i, changed))
            r = hy_user_wake(s, items[i].grant.app_no, items[i].grant.user, now_ms,
                             items[i].margin_ms, ret_woken);
    return r;
}

int hy_sqlite_deposit(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_deposit *v = (struct hy_deposit *)op;

    hy_arena_reset(&s->scratch);
    return hy_deposit_items(s, v->items, v->count, v->now_ms, &v->woken);
}
