#include "store/grants.h"

#include "base/err.h"
#include "store/sqlite/tell.h"
#include "store/sqlite/verbs.h"

#include <stdlib.h>
#include <string.h>

enum { WAITING_MAX = 100 };

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

/* --- prospects -------------------------------------------------------------------------------- */

static void count_grant(struct hy_prospects *v, const struct hy_grant *g)
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

static int count_grants(struct hy_sqlite *s, struct hy_prospects *v)
{
    struct hy_grant grant;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_GRANT_OF_USER, &q);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->user);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        hy_grant_read(&q, v->arena, &grant);
        if (!q.nomem)
            count_grant(v, &grant);
    }
    return r;
}

static int count_waiting(struct hy_sqlite *s, const struct hy_prospects *v, struct hy_prospect *p)
{
    struct hy_query q;

    hy_query_open(s, SQL_MESSAGE_WAITING_COUNT, &q);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->user);
    hy_put_text(&q, p->template_id);
    hy_put_int(&q, WAITING_MAX);
    return hy_query_int(&q, &p->waiting);
}

/* The newest accept is the counter's: see the table `declined`. */
static int find_answer(struct hy_sqlite *s, const struct hy_prospects *v, struct hy_prospect *p)
{
    struct hy_declined declined;
    int r = hy_declined_get(s, v->app_no, v->user, p->template_id, &declined);

    p->answer = HY_ANSWER_ACCEPT;
    p->answered_at_ms = p->counter.obtained_at_ms;
    if (r == 0 && declined.at_ms > 0 && declined.at_ms >= p->answered_at_ms) {
        p->answer = declined.kind;
        p->answered_at_ms = declined.at_ms;
    }
    return r;
}

int hy_sqlite_prospects(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_prospects *v = (struct hy_prospects *)op;
    int r = hy_read_begin(s);

    if (r < 0)
        return r;
    for (size_t i = 0; i < v->count; i++)
        v->items[i] = (struct hy_prospect){.template_id = v->items[i].template_id,
                                           .template_kind = v->items[i].template_kind};
    r = count_grants(s, v);
    for (size_t i = 0; i < v->count && r == 0; i++) {
        r = count_waiting(s, v, &v->items[i]);
        if (r == 0)
            r = find_answer(s, v, &v->items[i]);
    }
    return hy_read_end(s, r);
}
