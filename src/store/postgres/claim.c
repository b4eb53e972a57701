#include "store/postgres/desk_wants.h"

/* What others have locked is there again so much later: they are done with it in a moment. */
enum { PASSED_OVER_MS = 20 };

/* What earlier verbs of the group left in the lanes: of admission only the grants are here. */
static void want_more_of_all(struct hy_pg *pg, const struct hy_claim *v)
{
    unsigned parts = 0;

    for (size_t i = 0; i < v->lane_count; i++)
        parts |= v->lanes[i].cap_count > 0 ? HY_DESK_HEARD : 0;
    for (size_t i = 0; i < pg->working->users.count; i++) {
        const struct hy_mem_user *user =
            ((const struct hy_desk_user *)pg->working->users.items[i])->user;

        hy_desk_want_user(pg, user->app_no, user->name, parts);
    }
}

static void put_off_passed_over(struct hy_pg *pg, struct hy_claim *v)
{
    int64_t again_ms = v->now_ms + PASSED_OVER_MS;

    for (size_t i = 0; i < v->lane_count; i++) {
        struct hy_claim_lane *lane = &v->lanes[i];

        if (hy_desk_passed_over(pg, lane) &&
            (lane->next_due_ms == 0 || lane->next_due_ms > again_ms))
            lane->next_due_ms = again_ms;
    }
}

int hy_pg_claim(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_claim *v = (struct hy_claim *)op;
    int r;

    want_more_of_all(pg, v);
    r = hy_desk_want_due(pg, v->lanes, v->lane_count, v->now_ms);
    if (r == 0)
        r = hy_desk_fetch(pg);
    if (r == 0)
        r = hy_mem_claim(backend, op);
    for (size_t i = 0; r == 0 && i < v->count; i++)
        hy_desk_note_hint(pg, &v->claimed[i].message);
    put_off_passed_over(pg, v);
    return hy_desk_result(pg, r);
}
