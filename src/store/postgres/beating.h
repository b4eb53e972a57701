/*
 * beating.h - one beat under way, shared by nodes.c (who lives), nodes_holds.c (who holds what) and
 * nodes_read.c (what is told of both). Only these include it.
 */
#ifndef HY_STORE_POSTGRES_BEATING_H
#define HY_STORE_POSTGRES_BEATING_H

#include "store/postgres/postgres.h"

struct beating {
    struct hy_pg *pg;
    struct hy_node_beat *verb;
    int64_t now_ms;
    bool locked; /* nobody else changes holds now */
    bool moved;  /* a hold */
};

/* --- nodes_holds.c: when the node's row is there ------------------------------------------------ */

/* Gives back, and takes what is free up to its share. */
int hy_pg_holds_move(struct beating *b);
/* Fills in what the verb tells of nodes, holds and shares. */
int hy_pg_holds_tell(struct beating *b);

/* --- nodes_read.c --------------------------------------------------------------------------------- */

/* Of one node, or of all (0). */
int hy_pg_read_holds(struct hy_pg *pg, int64_t node, struct hy_arena *arena,
                     struct hy_hold **ret_holds, size_t *ret_count);
void hy_pg_count_holds(struct hy_node *n, const struct hy_hold *holds, size_t count);

#endif
