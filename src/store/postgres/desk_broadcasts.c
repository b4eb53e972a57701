/*
 * Whether a broadcast rests: claim asks before it sets one of its messages aside. Another node may have let
 * it go on a moment ago, and nobody would bring back what is set aside after that. So its row is shared
 * until the transaction ends, and who lets it go on waits, and finds the message (broadcasts.h).
 *
 * Nothing else of broadcasts is on the desk: their messages are counted by desk_tally.c.
 */
#include "store/postgres/broadcasts.h"
#include "store/postgres/desk_wants.h"

struct kept {
    struct hy_map rests; /* id -> known */
};

static const char yes, no; /* what is known */

static int ask(struct hy_pg *pg, int64_t broadcast_id, bool *ret_rests)
{
    static const struct hy_pg_sql sql = {
        "broadcast_rests", "SELECT FROM broadcast WHERE id = $1 AND state IN (3, 5) FOR SHARE"};
    struct hy_pg_rows rows;
    int err;

    _Static_assert(HY_BROADCAST_PAUSED == 3 && HY_BROADCAST_CANCELED == 5, "states in the text");
    hy_pg_put_int(hy_pg_args(pg->link), broadcast_id);
    err = hy_pg_run(pg->link, &sql, &rows);
    *ret_rests = err == 0 && rows.count > 0;
    hy_pg_rows_free(&rows);
    return err;
}

static void clear(struct hy_pg *pg)
{
    struct kept *kept = (struct kept *)pg->working->kept[HY_DESK_KEEPS_BROADCASTS];

    if (kept)
        hy_map_deinit(&kept->rests);
}

bool hy_desk_held(struct hy_backend *b, int64_t broadcast_id)
{
    struct hy_pg *pg = hy_pg(b);
    struct kept *kept =
        (struct kept *)hy_desk_kept(pg, HY_DESK_KEEPS_BROADCASTS, sizeof(struct kept));
    const void *known = hy_map_get(&kept->rests, broadcast_id, NULL, 0);
    bool rests;
    int err;

    if (known)
        return known == &yes;
    err = ask(pg, broadcast_id, &rests);
    if (err < 0)
        hy_desk_fail(pg, err);
    hy_map_put(&kept->rests, broadcast_id, NULL, 0, (void *)(uintptr_t)(rests ? &yes : &no));
    return rests;
}

static void nothing(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    (void)pg;
    (void)wants;
}

static void written(struct hy_pg *pg)
{
    (void)pg;
}

/* No records: only what is known goes with the desk. */
const struct hy_desk_kind hy_desk_broadcasts = {
    .name = "broadcasts", .load = nothing, .flush = written, .clear = clear};
