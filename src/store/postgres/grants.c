/* What is read of grants: lists, reach, and who is worth asking. */
#include "store/grants.h"

#include "base/err.h"
#include "domain/reservation.h"
#include "store/ledger_looks.h"
#include "store/postgres/ask.h"
#include "store/postgres/postgres.h"
#include "store/postgres/reach.h"

enum { WAITING_MAX = 100 };

static const struct hy_pg_sql grants_of_user = {
    "grants_of_user",
    "SELECT " HY_PG_GRANT_COLUMNS " FROM \"grant\" WHERE app_no = $1 AND \"user\" = $2"};

static int run_of_user(struct hy_pg *pg, const struct hy_pg_sql *sql, int64_t app_no,
                       const char *user, struct hy_pg_rows *ret_rows)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, app_no);
    hy_pg_put_text(args, user);
    return hy_pg_run(pg->link, sql, ret_rows);
}

/* --- list ------------------------------------------------------------------------------------- */

/* Those that fit; in the verb's arena. */
static int read_fitting(const struct hy_grant_list *v, struct hy_pg_rows *rows,
                        struct hy_listed_grant **ret_all, size_t *ret_count)
{
    struct hy_listed_grant *all =
        (struct hy_listed_grant *)hy_arena_array(v->arena, (size_t)rows->count + 1, sizeof *all);
    size_t count = 0;

    if (!all)
        return HY_E_NOMEM;
    while (hy_pg_next(rows)) {
        struct hy_listed_grant *item = &all[count];

        hy_pg_read_grant(rows, 0, v->arena, &item->grant);
        count += hy_listed_grant_fits(v, item);
    }
    *ret_all = all;
    *ret_count = count;
    return 0;
}

int hy_pg_grant_list(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_grant_list *v = (struct hy_grant_list *)op;
    struct hy_pg_rows rows;
    struct hy_listed_grant *all;
    size_t count;
    int r;

    v->grants = NULL;
    v->count = 0;
    v->available = 0;
    r = run_of_user(hy_pg(backend), &grants_of_user, v->app_no, v->user, &rows);
    if (r == 0)
        r = read_fitting(v, &rows, &all, &count);
    if (r == 0)
        r = hy_listed_grants_hand_out(v, all, count);
    hy_pg_rows_free(&rows);
    return r;
}

/* --- reach ------------------------------------------------------------------------------------ */

/* A row of the template says that it has counters, or had some. Of receipts all, less those whose time is
 * over: these are few, because they are purged. A minute that has begun, less the margin, counts as over. */
static const struct hy_pg_sql reach_of_template = {
    "reach_of_template",
    "SELECT c.rows, c.users, c.uses, r.users, r.uses FROM"
    " (SELECT count(*) AS rows, coalesce(sum(users), 0)::int8 AS users,"
    "  coalesce(sum(uses), 0)::int8 AS uses"
    "  FROM reach_counter WHERE app_no = $1 AND template_id = $2) c,"
    " (SELECT coalesce(sum(CASE WHEN minute < 0 THEN users ELSE -users END), 0)::int8 AS users,"
    "  coalesce(sum(CASE WHEN minute < 0 THEN uses ELSE -uses END), 0)::int8 AS uses"
    "  FROM reach_receipt WHERE app_no = $1 AND minute <= $3) r"};

int hy_pg_reach(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_reach *v = (struct hy_reach *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    bool by_counters;
    int r;

    v->users = v->uses = 0;
    hy_pg_put_int(args, v->app_no);
    hy_pg_put_text(args, v->template_id);
    hy_pg_put_int(args, (v->now_ms + v->margin_ms) / HY_REACH_MINUTE_MS);
    r = hy_pg_run(pg->link, &reach_of_template, &rows);
    if (r == 0 && hy_pg_next(&rows)) {
        by_counters = v->template_kind == HY_TEMPLATE_ANY ? hy_pg_int(&rows, 0) > 0
                                                          : v->template_kind != HY_TEMPLATE_LEGACY;
        v->users = hy_pg_int(&rows, by_counters ? 1 : 3);
        v->uses = hy_pg_int(&rows, by_counters ? 2 : 4);
    }
    hy_pg_rows_free(&rows);
    return r;
}

/* --- prospects -------------------------------------------------------------------------------- */

/* A row a template that is asked for: the newest answer, and how many wait. */
static const struct hy_pg_sql prospects_of_user = {
    "prospects_of_user",
    "SELECT t.at, coalesce(n.kind, 0), coalesce(n.at_ms, 0), (SELECT count(*) FROM"
    "  (SELECT 1 FROM waiting w JOIN message m ON m.id = w.message_id"
    "   WHERE w.app_no = $1 AND w.\"user\" = $2 AND m.template_id = t.id LIMIT $3) AS few)"
    " FROM unnest($4::int8[], $5::text[]) AS t (at, id)"
    " LEFT JOIN newest_answer n"
    " ON n.app_no = $1 AND n.\"user\" = $2 AND n.template_id = t.id COLLATE \"C\""};

static int take_grants(struct hy_pg_rows *rows, void *arg)
{
    struct hy_prospects *v = (struct hy_prospects *)arg;

    while (hy_pg_next(rows)) {
        struct hy_grant grant;

        hy_pg_read_grant(rows, 0, v->arena, &grant);
        hy_prospects_count(v, &grant);
    }
    return 0;
}

static int take_templates(struct hy_pg_rows *rows, void *arg)
{
    struct hy_prospects *v = (struct hy_prospects *)arg;

    while (hy_pg_next(rows)) {
        struct hy_prospect *p = &v->items[hy_pg_int(rows, 0)];

        p->answer = (enum hy_answer_kind)hy_pg_int(rows, 1);
        p->answered_at_ms = hy_pg_int(rows, 2);
        p->waiting = hy_pg_int(rows, 3);
    }
    return 0;
}

static void ask(struct hy_pg *pg, struct hy_prospects *v)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, v->app_no);
    hy_pg_put_text(args, v->user);
    hy_pg_queue(pg->link, &grants_of_user, take_grants, v);
    hy_pg_put_int(args, v->app_no);
    hy_pg_put_text(args, v->user);
    hy_pg_put_int(args, WAITING_MAX);
    hy_pg_columns_begin(args, "it");
    for (size_t i = 0; i < v->count; i++) {
        hy_pg_put_int(args, (int64_t)i);
        hy_pg_put_text(args, v->items[i].template_id);
    }
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &prospects_of_user, take_templates, v);
}

int hy_pg_prospects(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_prospects *v = (struct hy_prospects *)op;
    int r;

    for (size_t i = 0; i < v->count; i++)
        v->items[i] = (struct hy_prospect){.template_id = v->items[i].template_id,
                                           .template_kind = v->items[i].template_kind};
    hy_pg_snapshot(pg->link);
    ask(pg, v);
    r = hy_pg_snapshot_end(pg->link, 0); /* in one round trip */
    if (r < 0)
        hy_pg_undo(pg->link);
    return r;
}
