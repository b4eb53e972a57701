#include "store/grants.h"

#include "base/err.h"
#include "store/ledger_looks.h"
#include "store/sqlite/tell.h"
#include "store/sqlite/verbs.h"

enum { WAITING_MAX = 100 };

/* --- list ------------------------------------------------------------------------------------- */

static int read_fitting(struct hy_sqlite *s, const struct hy_grant_list *v,
                        struct hy_listed_grant **ret_all, size_t *ret_count)
{
    void *all = NULL;
    size_t count = 0, capacity = 0;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_GRANT_OF_USER, &q);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->user);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_listed_grant *item =
            hy_query_room(&q, &s->scratch, &all, count, &capacity, sizeof *item);

        if (!item)
            return HY_E_NOMEM;
        hy_grant_read(&q, v->arena, &item->grant);
        count += !q.nomem && hy_listed_grant_fits(v, item);
    }
    *ret_all = all;
    *ret_count = count;
    return r;
}

int hy_sqlite_grant_list(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_grant_list *v = (struct hy_grant_list *)op;
    struct hy_listed_grant *all;
    size_t count;
    int r;

    hy_arena_reset(&s->scratch);
    v->grants = NULL;
    v->count = 0;
    v->available = 0;
    r = read_fitting(s, v, &all, &count);
    return r < 0 ? r : hy_listed_grants_hand_out(v, all, count);
}

/* --- prospects -------------------------------------------------------------------------------- */

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
            hy_prospects_count(v, &grant);
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
