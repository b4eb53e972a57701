/* What users gave and answered, and what the platform told: the rules are those of the memory backend
 * (store/memory/deposit.c, events.c), here is what they look at. */
#include "store/events.h"

#include "store/postgres/desk_wants.h"

static void want_item(struct hy_pg *pg, const struct hy_deposit_item *item)
{
    const struct hy_grant *g = &item->grant;

    if (hy_grant_is_receipt(g->kind)) {
        hy_desk_want_user(pg, g->app_no, g->user, 0);
        hy_desk_want_credential(pg, g->app_no, g->credential);
        return;
    }
    hy_desk_want_user(pg, g->app_no, g->user, HY_DESK_TELLS);
    /* hy_answer_span() may leave out a part of it. */
    hy_desk_want_answers(pg, g->app_no, g->user, g->template_id,
                         g->obtained_at_ms - item->window_ms, g->obtained_at_ms + item->window_ms);
    if (item->identity)
        hy_desk_want_identity(pg, g->app_no, item->identity, item->identity_at_ms);
}

/* --- deposit ---------------------------------------------------------------------------------- */

void hy_pg_want_deposit(struct hy_pg *pg, const struct hy_op *op)
{
    const struct hy_deposit *v = (const struct hy_deposit *)op;

    for (size_t i = 0; i < v->count; i++)
        want_item(pg, &v->items[i]);
}

int hy_pg_deposit(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    int r;

    hy_pg_want_deposit(pg, op);
    r = hy_desk_fetch(pg);
    return hy_desk_result(pg, r < 0 ? r : hy_mem_deposit(backend, op));
}

/* --- hear ------------------------------------------------------------------------------------- */

static void want_heard(struct hy_pg *pg, const struct hy_hear *v)
{
    if (v->answer_count + v->sent_count == 0)
        hy_desk_want_identity(pg, v->app_no, v->identity, v->created_at_ms);
    for (size_t i = 0; i < v->answer_count; i++)
        want_item(pg, &v->answers[i]);
    if (v->sent_count > 0)
        hy_desk_want_user(pg, v->app_no, v->user, 0);
    for (size_t i = 0; i < v->sent_count; i++)
        hy_desk_want_identity(pg, v->app_no, v->sent[i].identity, v->created_at_ms);
}

/* Its id is wanted once: here, where the whole group is. */
void hy_pg_want_hear(struct hy_pg *pg, const struct hy_op *op)
{
    hy_desk_want_event(pg);
    want_heard(pg, (const struct hy_hear *)op);
}

int hy_pg_hear(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    int r;

    want_heard(pg, (const struct hy_hear *)op);
    r = hy_desk_fetch(pg);
    return hy_desk_result(pg, r < 0 ? r : hy_mem_hear(backend, op));
}
