/*
 * ask.h - statements of one answer, for verbs that are SQL. Arguments were put before.
 */
#ifndef HY_STORE_POSTGRES_ASK_H
#define HY_STORE_POSTGRES_ASK_H

#include "domain/app.h"
#include "store/postgres/link.h"

/* The first column of the first row; HY_E_NOT_FOUND: there is none. `ret` may be null. */
int hy_pg_ask(struct hy_pg_link *link, const struct hy_pg_sql *sql, int64_t *ret);
/* HY_E_NOT_FOUND when it changed no row. */
int hy_pg_must_change(struct hy_pg_link *link, const struct hy_pg_sql *sql);
/* A statement about one number, queued. */
void hy_pg_queue_on(struct hy_pg_link *link, const struct hy_pg_sql *sql, int64_t value);

/* Size 0 = NULL. */
void hy_pg_put_sealed(struct hy_pg_args *args, const struct hy_sealed *sealed);
struct hy_sealed hy_pg_copy_sealed(const struct hy_pg_rows *rows, int column,
                                   struct hy_arena *arena);

/*
 * Runs a statement, and `read` for each of its rows into the next item of an array in the arena (null for
 * none). Running out of memory ends the process, as in the memory backend.
 */
typedef void hy_pg_read_row(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item);
int hy_pg_list(struct hy_pg_link *link, const struct hy_pg_sql *sql, struct hy_arena *arena,
               hy_pg_read_row *read, size_t item_bytes, void *ret_items, size_t *ret_count);

/* Ends what hy_pg_snapshot() began; `r` is what came of it so far, and comes back. */
int hy_pg_snapshot_end(struct hy_pg_link *link, int r);

#endif
