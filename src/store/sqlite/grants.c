#include "store/grants.h"

#include "base/err.h"
#include "store/sqlite/tally.h"
#include "store/sqlite/verbs.h"

#include <stdlib.h>
#include <string.h>

/* --- deposit ---------------------------------------------------------------------------------- */

static int find_credential(struct hy_sqlite *s, const struct hy_grant *g, int64_t *ret_id)
{
    struct hy_query q;

    if (!g->credential)
        return HY_E_NOT_FOUND;
    hy_query_open(s, SQL_GRANT_BY_CREDENTIAL, &q);
    hy_put_int(&q, g->app_no);
    hy_put_text(&q, g->credential);
    return hy_query_int(&q, ret_id);
}

static int insert_grant(struct hy_sqlite *s, struct hy_grant *g)
{
    struct hy_query q;
    int r;

    g->uses_reserved = 0;
    hy_query_open(s, SQL_GRANT_INSERT, &q);
    hy_put_int(&q, g->app_no);
    hy_put_text(&q, g->user);
    hy_put_int(&q, g->kind);
    hy_put_text(&q, g->template_id);
    hy_put_text(&q, g->credential);
    hy_put_int(&q, g->state);
    hy_put_text(&q, g->reason);
    hy_put_int(&q, g->uses_total);
    hy_put_int(&q, g->uses_left);
    hy_put_int(&q, g->uses_reserved);
    hy_put_int(&q, g->in_doubt);
    hy_put_int(&q, g->obtained_at_ms);
    hy_put_int(&q, g->expires_at_ms);
    r = hy_query_run(&q);
    if (r == 0)
        g->id = sqlite3_last_insert_rowid(s->db);
    hy_purge_mark_lower(s, g);
    return r < 0 ? r : hy_tally_add(s, g->app_no, HY_TALLY_FREE_USES, hy_grant_free_uses(g));
}

static int deposit_item(struct hy_sqlite *s, struct hy_deposit_item *item)
{
    int64_t id;
    int r = find_credential(s, &item->grant, &id);

    item->duplicate = r == 0;
    if (r == HY_E_NOT_FOUND)
        return insert_grant(s, &item->grant);
    if (r == 0)
        item->grant.id = id;
    return r;
}

int hy_sqlite_deposit(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_deposit *v = (struct hy_deposit *)op;
    int r = 0;

    hy_arena_reset(&s->scratch);
    for (size_t i = 0; i < v->count && r == 0; i++)
        r = deposit_item(s, &v->items[i]);
    v->woken = 0;
    for (size_t i = 0; i < v->count && r == 0; i++) {
        const struct hy_deposit_item *item = &v->items[i];

        if (!item->duplicate)
            r = hy_user_wake(s, item->grant.app_no, item->grant.user, v->now_ms, item->margin_ms,
                             &v->woken);
    }
    return r;
}

/* --- purge ------------------------------------------------------------------------------------ */

/*
 * Within their margin, spent receipts stay and the others go. So that not every purge walks past a
 * day's worth of spent ones, each app has a mark: all up to it that could go are gone. It goes back
 * when a deposit or a give back changes that, and to nothing at open and after a rollback.
 */
static int64_t mark_of(const struct hy_sqlite *s, int64_t app_no)
{
    for (size_t i = 0; i < s->purge_mark_count; i++)
        if (s->purge_marks[i].app_no == app_no)
            return s->purge_marks[i].until_ms;
    return 0;
}

void hy_purge_mark_lower(struct hy_sqlite *s, const struct hy_grant *g)
{
    for (size_t i = 0; i < s->purge_mark_count; i++)
        if (s->purge_marks[i].app_no == g->app_no && s->purge_marks[i].until_ms >= g->expires_at_ms)
            s->purge_marks[i].until_ms = g->expires_at_ms - 1;
}

static void set_mark(struct hy_sqlite *s, int64_t app_no, int64_t until_ms)
{
    struct hy_purge_mark *larger;

    for (size_t i = 0; i < s->purge_mark_count; i++)
        if (s->purge_marks[i].app_no == app_no) {
            s->purge_marks[i].until_ms = until_ms;
            return;
        }
    larger =
        (struct hy_purge_mark *)realloc(s->purge_marks, (s->purge_mark_count + 1) * sizeof *larger);
    if (!larger)
        return; /* without a mark it is only slower */
    s->purge_marks = larger;
    larger[s->purge_mark_count++] = (struct hy_purge_mark){app_no, until_ms};
}

struct purging {
    struct hy_purge *verb;
    void *ids; /* int64_t */
    size_t count, capacity;
    int64_t free_uses; /* of those */
};

/* Collects those of (after_ms, until_ms] that may go: the good ones, or all. */
static int collect(struct hy_sqlite *s, struct purging *p, int64_t after_ms, int64_t until_ms,
                   bool all)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_GRANT_EXPIRING, &q);
    hy_put_int(&q, p->verb->app_no);
    hy_put_int(&q, after_ms);
    hy_put_int(&q, until_ms);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        int64_t id = hy_get_int(&q), *room;
        enum hy_grant_state state = (enum hy_grant_state)hy_get_int(&q);
        int64_t left = hy_get_int(&q);

        if (hy_get_int(&q) > 0 ||
            (!all && state != HY_GRANT_AVAILABLE && state != HY_GRANT_SUSPECT))
            continue;
        room = hy_query_room(&q, &s->scratch, &p->ids, p->count, &p->capacity, sizeof *room);
        if (!room)
            return HY_E_NOMEM;
        *room = id;
        p->free_uses += state == HY_GRANT_AVAILABLE ? left : 0;
        if (++p->count == p->verb->limit)
            return hy_query_close(&q);
    }
    return r;
}

int hy_sqlite_purge(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct purging p = {.verb = (struct hy_purge *)op};
    int64_t now_ms = p.verb->now_ms, until_ms = now_ms + p.verb->margin_ms;
    int64_t mark_ms = mark_of(s, p.verb->app_no);
    int r;

    hy_arena_reset(&s->scratch);
    p.verb->purged = 0;
    r = collect(s, &p, 0, now_ms, true);
    if (r == 0 && p.count < p.verb->limit)
        r = collect(s, &p, mark_ms > now_ms ? mark_ms : now_ms, until_ms, false);
    for (size_t i = 0; i < p.count && r == 0; i++) {
        struct hy_query q;

        hy_query_open(s, SQL_GRANT_DELETE, &q);
        hy_put_int(&q, ((const int64_t *)p.ids)[i]);
        r = hy_query_run(&q);
    }
    if (r == 0)
        r = hy_tally_add(s, p.verb->app_no, HY_TALLY_FREE_USES, -p.free_uses);
    if (r == 0 && p.count < p.verb->limit && until_ms > mark_ms)
        set_mark(s, p.verb->app_no, until_ms);
    p.verb->purged = p.count;
    return r;
}

/* --- list ------------------------------------------------------------------------------------- */

struct listed {
    struct hy_grant grant;
    bool usable;
};

static int by_use(const void *a, const void *b)
{
    const struct listed *x = (const struct listed *)a, *y = (const struct listed *)b;

    if (x->usable != y->usable)
        return x->usable ? -1 : 1;
    return hy_grant_compare(&x->grant, &y->grant);
}

static int read_fitting(struct hy_sqlite *s, const struct hy_grant_list *v, struct listed **ret_all,
                        size_t *ret_count)
{
    void *all = NULL;
    size_t count = 0, capacity = 0;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_GRANT_OF_USER, &q);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->user);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct listed *item = hy_query_room(&q, &s->scratch, &all, count, &capacity, sizeof *item);

        if (!item)
            return HY_E_NOMEM;
        hy_grant_read(&q, v->arena, &item->grant);
        item->usable = hy_grant_usable(&item->grant, v->now_ms, v->margin_ms);
        count += !q.nomem &&
                 (!v->template_id || hy_grant_fits(&item->grant, v->template_id, v->template_kind));
    }
    *ret_all = all;
    *ret_count = count;
    return r;
}

int hy_sqlite_grant_list(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_grant_list *v = (struct hy_grant_list *)op;
    struct listed *all;
    size_t count;
    int r;

    hy_arena_reset(&s->scratch);
    v->grants = NULL;
    v->count = 0;
    v->available = 0;
    r = read_fitting(s, v, &all, &count);
    if (r < 0 || count == 0)
        return r;
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
