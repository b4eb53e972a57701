/*
 * fold.h - counts of nodes that are no more. What is counted has a row for each node, and a node's number is
 * never used again: when it is gone its rows are added to those of node 0, which no living node writes.
 */
#ifndef HY_STORE_POSTGRES_FOLD_H
#define HY_STORE_POSTGRES_FOLD_H

#include "store/postgres/postgres.h"

/*
 * At most `limit` rows of each table, each table by a statement that is a transaction of its own: whoever reads
 * sees the same sums before and after. Locks nothing that a living node writes; one node at a time does it, another
 * one leaves it. Outside of transactions. `folded`: rows that are gone.
 */
int hy_pg_fold(struct hy_pg *pg, size_t limit, size_t *ret_folded);

/* When the store has nothing else to do: a step, soon after a node came or went, and now and then. What goes wrong
 * is tried again. */
void hy_pg_fold_keep(struct hy_pg *pg);

/* Within a transaction, before counts are deleted: none of them is moved to a row that the statements to come
 * don't see. */
void hy_pg_fold_hold(struct hy_pg *pg);

#endif
