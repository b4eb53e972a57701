/*
 * broadcasts.h - broadcasts as rows.
 */
#ifndef HY_STORE_SQLITE_BROADCASTS_H
#define HY_STORE_SQLITE_BROADCASTS_H

#include "store/broadcasts.h"
#include "store/sqlite/query.h"

/* Reads the row of a query whose columns are BROADCAST; without the counts of its messages. */
void hy_broadcast_read(struct hy_query *q, struct hy_arena *arena, struct hy_broadcast *ret_b);

/* One, into the scratch arena: HY_E_NOT_FOUND. */
int hy_broadcast_load(struct hy_sqlite *s, int64_t id, struct hy_broadcast *ret_b);

/* Its messages by state. */
int hy_broadcast_count(struct hy_sqlite *s, struct hy_broadcast *b);

/* Writes what the store itself changes. */
int hy_broadcast_save(struct hy_sqlite *s, const struct hy_broadcast *b);

/* Adds users to its audience; the total of `b` grows, and is not saved. */
int hy_audience_insert(struct hy_sqlite *s, struct hy_broadcast *b,
                       const struct hy_audience_item *items, size_t count, size_t *ret_added);

/* 1 when anybody is left in the audience, else 0. */
int hy_audience_any(struct hy_sqlite *s, int64_t broadcast_id);

#endif
