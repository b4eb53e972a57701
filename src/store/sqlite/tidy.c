/* What is only kept for a while. */
#include "base/err.h"
#include "store/grants.h"
#include "store/sqlite/awaiting.h"
#include "store/sqlite/bucket.h"
#include "store/sqlite/heard.h"
#include "store/sqlite/verbs.h"

enum { DAY_MS = 86400000 };

/* A row of `seen`, `awaiting` or `heard`, by its key. */
struct old_row {
    enum hy_sql delete;
    int64_t bucket, app_no, message_id;
    const void *identity;
    const char *user;
};

static void open_old(struct hy_sqlite *s, enum hy_sql which, const struct hy_tidy *v,
                     int64_t before, struct hy_query *q)
{
    hy_query_open(s, which, q);
    hy_put_int(q, before);
    hy_put_int(q, (int64_t)(v->limit - v->tidied));
}

/* The oldest rows of buckets below `before`. Collected first: a DELETE with a subquery would look
 * through whole buckets. */
static int collect(struct hy_sqlite *s, const struct hy_tidy *v, enum hy_sql which, int64_t before,
                   struct old_row **ret_rows, size_t *ret_count)
{
    void *rows = NULL;
    size_t count = 0, capacity = 0, size;
    struct hy_query q;
    int r;

    open_old(s, which, v, before, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct old_row *row = hy_query_room(&q, &s->scratch, &rows, count, &capacity, sizeof *row);

        if (!row)
            return HY_E_NOMEM;
        count++;
        row->delete = which == SQL_SEEN_OLD    ? SQL_SEEN_DELETE
                      : which == SQL_HEARD_OLD ? SQL_HEARD_DELETE
                                               : SQL_AWAITING_DELETE;
        row->bucket = hy_get_int(&q);
        row->app_no = hy_get_int(&q);
        if (which == SQL_SEEN_OLD) {
            row->identity = hy_get_blob(&q, &s->scratch, &size);
            continue;
        }
        row->user = hy_get_text(&q, &s->scratch);
        row->message_id = hy_get_int(&q);
    }
    *ret_rows = rows;
    *ret_count = count;
    return r;
}

static int delete_row(struct hy_sqlite *s, const struct old_row *row)
{
    struct hy_query q;

    hy_query_open(s, row->delete, &q);
    hy_put_int(&q, row->bucket);
    hy_put_int(&q, row->app_no);
    if (row->identity) {
        hy_put_blob(&q, row->identity, HY_IDENTITY_BYTES);
    } else {
        hy_put_text(&q, row->user);
        hy_put_int(&q, row->message_id);
    }
    return hy_query_run(&q);
}

static int tidy_buckets(struct hy_sqlite *s, struct hy_tidy *v, enum hy_sql which, int64_t before)
{
    struct old_row *rows = NULL;
    size_t count = 0;
    int r = v->tidied < v->limit ? collect(s, v, which, before, &rows, &count) : 0;

    for (size_t i = 0; i < count && r == 0; i++)
        r = delete_row(s, &rows[i]);
    v->tidied += count;
    return r;
}

/* Of a table that is small, by one statement. */
static int tidy_small(struct hy_sqlite *s, struct hy_tidy *v, enum hy_sql which, int64_t until_ms)
{
    struct hy_query q;
    int r;

    if (v->tidied >= v->limit)
        return 0;
    open_old(s, which, v, until_ms, &q);
    r = hy_query_run(&q);
    if (r == 0)
        v->tidied += (size_t)sqlite3_changes(s->db);
    return r;
}

int hy_sqlite_tidy(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_tidy *v = (struct hy_tidy *)op;
    int r;

    hy_arena_reset(&s->scratch);
    v->tidied = 0;
    r = tidy_buckets(s, v, SQL_SEEN_OLD, hy_bucket_of(v->now_ms - HY_IDENTITY_KEPT_MS));
    if (r == 0)
        r = tidy_buckets(s, v, SQL_AWAITING_OLD, hy_bucket_of(v->now_ms - 3LL * DAY_MS));
    if (r == 0)
        r = tidy_buckets(s, v, SQL_HEARD_OLD, v->now_ms >> HY_HEARD_SHIFT);
    if (r == 0)
        r = hy_heard_remember(s);
    if (r == 0)
        r = tidy_small(s, v, SQL_EARLY_TIDY, v->now_ms - DAY_MS);
    if (r == 0)
        r = tidy_small(s, v, SQL_SESSION_CUT_TIDY, v->now_ms - 30LL * DAY_MS);
    return r < 0 ? r : hy_early_remember(s);
}
