#include "store/sqlite/reach.h"

#include "base/err.h"
#include "domain/reservation.h"
#include "store/grants.h"
#include "store/sqlite/query.h"

enum { MINUTE_MS = 60000 };

int64_t hy_reach_minute(const struct hy_grant *grant)
{
    return grant->expires_at_ms > 0 ? grant->expires_at_ms / MINUTE_MS : HY_REACH_NEVER;
}

int64_t hy_grant_free_uses(const struct hy_grant *grant)
{
    return grant->state == HY_GRANT_AVAILABLE ? grant->uses_left - grant->uses_reserved : 0;
}

/* --- keeping ---------------------------------------------------------------------------------- */

static int others_of(struct hy_sqlite *s, const struct hy_grant *grant, int64_t *ret_minute)
{
    struct hy_query q;

    hy_query_open(s, SQL_GRANT_LAST_MINUTE, &q);
    hy_put_int(&q, grant->app_no);
    hy_put_text(&q, grant->user);
    hy_put_int(&q, grant->id);
    return hy_query_int(&q, ret_minute);
}

/* The user moves to another minute, from or to none. */
static int move_user(struct hy_sqlite *s, const struct hy_grant *grant, bool comes,
                     int64_t others_minute)
{
    int64_t minute = hy_reach_minute(grant);
    int r = 0;

    if (others_minute == HY_REACH_LOOK)
        r = others_of(s, grant, &others_minute);
    if (r < 0 || others_minute >= minute)
        return r;
    r = hy_tally_receipts(s, grant->app_no, minute, comes ? 1 : -1, 0);
    if (r < 0)
        return r;
    if (others_minute > 0)
        return hy_tally_receipts(s, grant->app_no, others_minute, comes ? -1 : 1, 0);
    return hy_tally_add(s, grant->app_no, HY_TALLY_RECEIPT_USERS, comes ? 1 : -1);
}

int hy_reach_change(struct hy_sqlite *s, const struct hy_grant *grant, int64_t before,
                    int64_t after, int64_t others_minute)
{
    int r = hy_tally_add(s, grant->app_no, HY_TALLY_FREE_USES, after - before);

    if (r < 0)
        return r;
    if (!hy_grant_is_receipt(grant->kind))
        return hy_tally_counters(s, grant->app_no, grant->template_id, (after > 0) - (before > 0),
                                 after - before);
    r = hy_tally_receipts(s, grant->app_no, hy_reach_minute(grant), 0, after - before);
    if (r == 0 && (after > 0) != (before > 0))
        r = move_user(s, grant, after > 0, others_minute);
    return r;
}

int hy_reach_tidy(struct hy_sqlite *s, int64_t app_no, int64_t until_ms)
{
    struct hy_query q;

    hy_query_open(s, SQL_REACH_TIDY, &q);
    hy_put_int(&q, app_no);
    hy_put_int(&q, until_ms / MINUTE_MS);
    return hy_query_run(&q);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* 1 when the template has, or had, counters. */
static int ask_counters(struct hy_sqlite *s, struct hy_reach *v)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_REACH_COUNTERS, &q);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->template_id);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    v->users = hy_get_int(&q);
    v->uses = hy_get_int(&q);
    return hy_query_close(&q) < 0 ? HY_E_NOMEM : 1;
}

/* All, less the uses of counters and those whose time is over: these are few, because they are purged. A
 * minute that has begun, less the margin, counts as over. */
static int ask_receipts(struct hy_sqlite *s, struct hy_reach *v)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_REACH_RECEIPTS, &q);
    hy_put_int(&q, v->app_no);
    hy_put_int(&q, (v->now_ms + v->margin_ms) / MINUTE_MS);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    v->users = hy_get_int(&q);
    v->uses = hy_get_int(&q);
    return hy_query_close(&q);
}

int hy_sqlite_reach(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_reach *v = (struct hy_reach *)op;
    int r = 0;

    v->users = v->uses = 0;
    if (v->template_kind != HY_TEMPLATE_LEGACY)
        r = ask_counters(s, v);
    if (r == 0 && (v->template_kind == HY_TEMPLATE_LEGACY || v->template_kind == HY_TEMPLATE_ANY))
        r = ask_receipts(s, v);
    return r < 0 ? r : 0;
}
