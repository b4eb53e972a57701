#include "store/postgres/fold.h"

#include "base/clock.h"
#include "store/postgres/ask.h"

enum { STEP_ROWS = 1000, SOON_US = 1000000, LATER_US = 600000000 };

/*
 * Who isn't in `node` writes no more: its row was deleted when none of its transactions was under way, and the
 * fence stops those that come. One that joins has no counts before its row is there. Should somebody have a
 * row of node 0 in hand (purge, a program that is no node), that isn't waited for: beats come from this thread.
 */
#define FOLD(table, key, sums, set)                                                                \
    "WITH free AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(1213817198, 4) AS got, "          \
    "set_config('lock_timeout', '200ms', true)), "                                                 \
    "gone AS (DELETE FROM " table " WHERE ctid = ANY(ARRAY(SELECT ctid FROM " table                \
    " WHERE (SELECT got FROM free) AND node <> 0 AND node NOT IN (SELECT n.node FROM node n) "     \
    "LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING *), "                                             \
    "added AS (INSERT INTO " table " AS o SELECT " sums " FROM gone GROUP BY " key                 \
    " ORDER BY " key " ON CONFLICT (" key ", node) DO UPDATE SET " set                             \
    ") SELECT count(*) FROM gone"
/* As the columns stand in the tables. */
#define NUMBER      "sum(number)::bigint"
#define REACH       "0, sum(users)::bigint, sum(uses)::bigint"
#define ADDED_REACH "users = o.users + excluded.users, uses = o.uses + excluded.uses"

static const struct hy_pg_sql tables[] = {
    {"fold_states", FOLD("tally", "app_no, state, week", "app_no, state, week, 0, " NUMBER,
                         "number = o.number + excluded.number")},
    {"fold_broadcasts",
     FOLD("broadcast_tally", "broadcast_id, state", "broadcast_id, state, 0, " NUMBER,
          "number = o.number + excluded.number")},
    {"fold_reach",
     FOLD("reach_counter", "app_no, template_id", "app_no, template_id, " REACH, ADDED_REACH)},
    {"fold_receipts",
     FOLD("reach_receipt", "app_no, minute", "app_no, minute, " REACH, ADDED_REACH)},
};

int hy_pg_fold(struct hy_pg *pg, size_t limit, size_t *ret_folded)
{
    size_t sum = 0;
    int r = 0;

    for (size_t i = 0; i < sizeof tables / sizeof *tables && r == 0; i++) {
        int64_t folded = 0;

        hy_pg_put_int(hy_pg_args(pg->link), (int64_t)limit);
        r = hy_pg_ask(pg->link, &tables[i], &folded);
        sum += (size_t)folded;
    }
    if (r == 0)
        *ret_folded = sum;
    return r;
}

void hy_pg_fold_keep(struct hy_pg *pg)
{
    size_t folded = 0;
    int r;

    if (pg->node == 0 || hy_clock_mono_us() < pg->fold_next_us || !hy_pg_link_good(pg->link))
        return;
    r = hy_pg_fold(pg, STEP_ROWS, &folded);
    if (r < 0)
        hy_pg_undo(pg->link);
    pg->fold_next_us = hy_clock_mono_us() + (r < 0 || folded > 0 ? SOON_US : LATER_US);
}

void hy_pg_fold_hold(struct hy_pg *pg)
{
    static const struct hy_pg_sql sql = {"fold_hold",
                                         "SELECT pg_advisory_xact_lock(1213817198, 4)"};

    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
}
