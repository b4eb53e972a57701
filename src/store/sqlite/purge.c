#include "base/err.h"
#include "store/grants.h"
#include "store/sqlite/verbs.h"

#include <stdlib.h>

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
        if (g->expires_at_ms > 0 && s->purge_marks[i].app_no == g->app_no &&
            s->purge_marks[i].until_ms >= g->expires_at_ms)
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

/* Deletes those of (after_ms, until_ms] that may go, the good ones or all, at most `left`. */
static int purge_some(struct hy_sqlite *s, struct hy_purge *v, int64_t after_ms, int64_t until_ms,
                      bool all)
{
    void *grants = NULL; /* struct hy_grant */
    size_t count = 0, capacity = 0;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_GRANT_EXPIRING, &q);
    hy_put_int(&q, v->app_no);
    hy_put_int(&q, after_ms);
    hy_put_int(&q, until_ms);
    hy_put_int(&q, all);
    hy_put_int(&q, (int64_t)(v->limit - v->purged));
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_grant *g = hy_query_room(&q, &s->scratch, &grants, count, &capacity, sizeof *g);

        if (!g)
            return HY_E_NOMEM;
        hy_grant_read(&q, &s->scratch, g);
        count++;
    }
    for (size_t i = 0; i < count && r == 0; i++)
        r = hy_grant_delete(s, &((const struct hy_grant *)grants)[i]);
    v->purged += count;
    return r;
}

int hy_sqlite_purge(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_purge *v = (struct hy_purge *)op;
    int64_t until_ms = v->now_ms + v->margin_ms, mark_ms = mark_of(s, v->app_no);
    int r;

    hy_arena_reset(&s->scratch);
    v->purged = 0;
    r = purge_some(s, v, 0, v->now_ms, true);
    if (r == 0 && v->purged < v->limit)
        r = purge_some(s, v, mark_ms > v->now_ms ? mark_ms : v->now_ms, until_ms, false);
    if (r == 0 && v->purged < v->limit && until_ms > mark_ms)
        set_mark(s, v->app_no, until_ms);
    return r == 0 && v->purged < v->limit ? hy_reach_tidy(s, v->app_no, until_ms) : r;
}
