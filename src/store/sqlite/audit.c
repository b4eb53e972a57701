#include "store/housekeeping.h"

#include "base/err.h"
#include "store/sqlite/query.h"

#include <stdio.h>

int hy_sqlite_audit(struct hy_backend *backend, const struct hy_audit *a)
{
    const char *subject = a->subject;
    struct hy_query q;
    char made[24];

    if (a->made_id) {
        snprintf(made, sizeof made, "%c%lld", a->letter, (long long)*a->made_id);
        subject = made;
    }
    hy_query_open(hy_sqlite_of(backend), SQL_AUDIT_ADD, &q);
    hy_put_int(&q, a->at_ms);
    hy_put_int(&q, a->key_id);
    hy_put_text(&q, a->who);
    hy_put_text(&q, a->address);
    hy_put_text(&q, a->action);
    hy_put_text(&q, subject);
    hy_put_text(&q, a->detail);
    return hy_query_run(&q);
}

static void read_audit(struct hy_query *q, struct hy_arena *arena, struct hy_audit *a)
{
    *a = (struct hy_audit){.id = hy_get_int(q)};
    a->at_ms = hy_get_int(q);
    a->key_id = hy_get_int(q);
    a->who = hy_get_text(q, arena);
    a->address = hy_get_text(q, arena);
    a->action = hy_get_text(q, arena);
    a->subject = hy_get_text(q, arena);
    a->detail = hy_get_text(q, arena);
}

int hy_sqlite_audits(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_audit_list *v = (struct hy_audit_list *)op;
    struct hy_query q;
    int r;

    v->count = 0;
    v->audits = (struct hy_audit *)hy_arena_array(v->arena, v->limit + 1, sizeof *v->audits);
    if (!v->audits)
        return HY_E_NOMEM;
    hy_query_open(hy_sqlite_of(backend), SQL_AUDITS, &q);
    hy_put_int(&q, v->before_id > 0 ? v->before_id : INT64_MAX);
    hy_put_text(&q, v->action);
    hy_put_text(&q, v->subject);
    hy_put_int(&q, (int64_t)v->limit + 1);
    while ((r = hy_query_step(&q)) == HY_ROW)
        read_audit(&q, v->arena, &v->audits[v->count++]);
    v->more = v->count > v->limit;
    v->count -= v->more;
    return r;
}
