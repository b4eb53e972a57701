/*
 * query.h - one prepared statement in use: values in, in order; rows out, in order.
 *
 *   struct hy_query q;
 *   hy_query_open(s, SQL_X, &q);
 *   hy_put_int(&q, app_no);
 *   hy_put_text(&q, user);
 *   while ((r = hy_query_step(&q)) == HY_ROW)
 *       id = hy_get_int(&q);
 *   if (r < 0) return r;                       (the statement is reset already)
 *
 * Leaving the loop early needs hy_query_close(). Bound texts must live until the last step. A fault
 * of opening or binding is kept and comes out of the next step.
 */
#ifndef HY_STORE_SQLITE_QUERY_H
#define HY_STORE_SQLITE_QUERY_H

#include "base/arena.h"
#include "store/sqlite/sqlite.h"
#include "store/sqlite/statements.h"

#include <stdbool.h>

struct hy_query {
    sqlite3_stmt *stmt;
    int bound;  /* parameters so far */
    int column; /* of this row, read so far */
    int rc;     /* first fault of binding, an SQLite code */
    bool nomem; /* an arena could not hold a value */
    int fault;  /* what was gathered could not be written: a negative hy_err */
};

enum { HY_ROW = 1 };

/* What is gathered for its tables (gather.h) is written first. */
void hy_query_open(struct hy_sqlite *s, enum hy_sql which, struct hy_query *q);
/* Without: what is gathered is none of the rows that it is about. */
void hy_query_open_beside(struct hy_sqlite *s, enum hy_sql which, struct hy_query *q);

void hy_put_int(struct hy_query *q, int64_t value);
void hy_put_text(struct hy_query *q, const char *text); /* null is NULL */
void hy_put_blob(struct hy_query *q, const void *bytes, size_t size);

/* HY_ROW, 0 at the end, or a negative hy_err. */
int hy_query_step(struct hy_query *q);
/* Ends it before its last row. HY_E_NOMEM when a value did not fit the arena, else 0. */
int hy_query_close(struct hy_query *q);

/* For statements without rows: steps once and resets. */
int hy_query_run(struct hy_query *q);

/* The next column of the row. Texts are copied into the arena; NULL gives null. */
int64_t hy_get_int(struct hy_query *q);
const char *hy_get_text(struct hy_query *q, struct hy_arena *arena);
const void *hy_get_blob(struct hy_query *q, struct hy_arena *arena, size_t *ret_size);
/* Copies at most `size` - 1 bytes; NULL gives "". */
void hy_get_chars(struct hy_query *q, char *into, size_t size);
/* Valid until the next step. */
const char *hy_peek_text(struct hy_query *q);

/*
 * Room for item `count` of an array in the arena, which *items points to and which holds *capacity
 * (0 at first): zeroed. Null when the arena cannot; the query is closed then.
 */
void *hy_query_room(struct hy_query *q, struct hy_arena *arena, void **items, size_t count,
                    size_t *capacity, size_t item_bytes);

/* One row with one integer: HY_E_NOT_FOUND without a row. Closes. */
int hy_query_int(struct hy_query *q, int64_t *ret_value);

/* What an SQLite result means to the store; 0 for OK, ROW and DONE. */
int hy_sqlite_err(int rc);

#endif
