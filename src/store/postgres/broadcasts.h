/*
 * broadcasts.h - broadcasts as rows, and as the memory backend's records while a rule moves one.
 *
 * Lock: whoever changes one, or its audience, holds its row; so claim may rely on what it has shared
 * (desk_broadcasts.c). It is taken before users are put on the desk.
 */
#ifndef HY_STORE_POSTGRES_BROADCASTS_H
#define HY_STORE_POSTGRES_BROADCASTS_H

#include "store/broadcasts.h"
#include "store/postgres/postgres.h"

/* --- rows --------------------------------------------------------------------------------------- */

struct hy_pg_broadcast {
    struct hy_arena *arena; /* of its texts */
    struct hy_broadcast b;  /* id 0: there is none */
    const char *fed_to;     /* nobody is left in the audience up to that user; never null */
    int64_t wound_to;       /* winding up: messages up to that id were looked at */
};

/* Locks the row; into the transaction's arena, without the counts of its messages. */
void hy_pg_queue_broadcast(struct hy_pg *pg, int64_t id, struct hy_pg_broadcast *ret_row);
/* The same at once: HY_E_NOT_FOUND. */
int hy_pg_broadcast_lock(struct hy_pg *pg, int64_t id, struct hy_pg_broadcast *ret_row);

/* Queues: what the rules change of one is stored: its state, instants and reason, and how far it is. */
void hy_pg_queue_broadcast_save(struct hy_pg *pg, const struct hy_pg_broadcast *row);

/* Its messages by state into b->messages, what this transaction did counted. Puts the desk away. */
int hy_pg_broadcast_count(struct hy_pg *pg, struct hy_broadcast *b);

/* --- on the desk -------------------------------------------------------------------------------- */

/* A copy for the memory backend's rules, with nobody in its audience. */
struct hy_mem_broadcast *hy_pg_broadcast_place(struct hy_pg *pg, const struct hy_broadcast *b);
/* Takes it away again: before anything else puts the desk away. */
void hy_pg_broadcast_leave(struct hy_pg *pg, struct hy_mem_broadcast *broadcast);

/* --- audience ----------------------------------------------------------------------------------- */

/* Queues: adds users to its audience, those who are not there, and to its total; when the link was
 * drained `ret_added` says how many. */
void hy_pg_queue_audience(struct hy_pg *pg, int64_t id, const struct hy_audience_item *items,
                          size_t count, size_t *ret_added);

/* --- for others --------------------------------------------------------------------------------- */

/* What the verb broadcast_put does; schedules, too. */
int hy_pg_broadcast_make(struct hy_pg *pg, struct hy_broadcast_make *make);

#endif
