/* What the verbs of a group need, fetched at once: the hook `gather` of store/backend.h. */
#include "store/postgres/desk_wants.h"
#include "store/postgres/outbox.h"

#include "base/err.h"

static hy_pg_want *const wants[HY_VERB_WRITES] = {
    [HY_VERB_ADMIT] = hy_pg_want_admit,
    [HY_VERB_SETTLE] = hy_pg_want_settle,
    [HY_VERB_CANCEL] = hy_pg_want_cancel,
    [HY_VERB_DEPOSIT] = hy_pg_want_deposit,
    [HY_VERB_HEAR] = hy_pg_want_hear,
    [HY_VERB_RETRY] = hy_pg_want_retry,
    [HY_VERB_SCHEDULE_FIRE] = hy_pg_want_schedule_fire,
};

int hy_desk_gather(struct hy_backend *backend, struct hy_op *first)
{
    struct hy_pg *pg = hy_pg(backend);
    int r;

    hy_desk_want_ahead(pg);
    for (const struct hy_op *op = first; op; op = op->next)
        if (op->result != HY_E_INVALID && wants[op->verb])
            wants[op->verb](pg, op);
    r = hy_desk_fetch(pg);
    if (r == 0)
        hy_pg_outbox_lock(pg, first);
    pg->working->late = true;
    return r;
}
