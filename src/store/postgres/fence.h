/*
 * fence.h - who we are, and what became of a lost commit. Only src/store/postgres includes it.
 *
 * A node is a row in the table `node`. The first statement of each of its transactions sets group_no of that
 * row to the number of the transaction, which grows:
 *
 *     no row, or a number that isn't smaller    the statement fails, and with it all that is in the
 *                                               pipeline behind it, the COMMIT too: HY_E_FENCED
 *     the row is ours until the COMMIT          nobody can remove us meanwhile
 *
 * The same statement answers how often webhooks were changed: while that number is the same, what was read of
 * them in an earlier transaction is still true.
 *
 * When the answer of a COMMIT is lost, group_no tells what became of it: it is asked for on a new
 * connection, with the row locked, so that the old transaction is over before we read; and if it was
 * not committed the number is moved on, so that nothing which is still on its way can commit later.
 */
#ifndef HY_STORE_POSTGRES_FENCE_H
#define HY_STORE_POSTGRES_FENCE_H

#include "store/postgres/postgres.h"

/* Queues the first statement of a transaction, behind its BEGIN; nothing without a node. Or of one that is
 * not fenced: then node_beat and node_leave set group_no themselves. */
void hy_pg_fence(struct hy_pg *pg);
void hy_pg_unfenced(struct hy_pg *pg);

/* Within a transaction of node_beat or node_leave: what we are from its commit on, and what we hold. `node` 0: we left. HY_E_NOMEM. */
int hy_pg_become(struct hy_pg *pg, int64_t node, const struct hy_hold *holds, size_t hold_count);
/* The transaction was committed, or not. */
void hy_pg_became(struct hy_pg *pg, bool committed);

/*
 * The connection broke during the COMMIT of pg->group. 0: it was committed; HY_E_IO: it was not, and never
 * will be; HY_E_UNCERTAIN: nobody knows. In that case pg->doubt may be set: it may still be committed,
 * and nobody may look until hy_pg_settle_doubt() has ended with 0.
 */
int hy_pg_fate(struct hy_pg *pg);
/* HY_E_IO: not yet. */
int hy_pg_settle_doubt(struct hy_pg *pg);

#endif
