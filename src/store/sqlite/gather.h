/*
 * gather.h - rows that a transaction writes, held back so that many go in one statement.
 *
 * A statement opens a cursor for each index that it may touch, which costs more than to write a row. So a verb
 * hands its rows over here, cell by cell, and they are written together: when there are HY_GATHER_ROWS of
 * them, before any statement that has to do with their table (hy_query_open() sees to that: what a statement
 * reads and writes is noted when it is prepared), and before COMMIT. So whoever asks the file finds them, in
 * any verb of the transaction.
 *
 *   r = hy_gather_row(s, HY_GATHER_ATTEMPT);      (a fault is that of earlier rows)
 *   hy_gather_int(s->gather, number);             (as many as the statement has columns, in its order)
 *   hy_gather_text(s->gather, or_null(errmsg));
 *
 * The rows come to SQLite as those of a virtual table: one statement, without parameters, for any number.
 */
#ifndef HY_STORE_SQLITE_GATHER_H
#define HY_STORE_SQLITE_GATHER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct hy_gather;
struct hy_sqlite;

/* In the order in which they are written: what changes a message comes after what inserts it. */
enum hy_gather_kind {
    HY_GATHER_MESSAGE,
    HY_GATHER_MESSAGE_SAVE,
    HY_GATHER_GRANT_SAVE,
    HY_GATHER_ATTEMPT,
    HY_GATHER_KINDS
};

enum { HY_GATHER_ROWS = 128, HY_GATHER_ALL = (1 << HY_GATHER_KINDS) - 1 };

/* Null when memory is out. */
struct hy_gather *hy_gather_new(void);
void hy_gather_free(struct hy_gather *gather); /* null is fine */

/* Makes the virtual table known to a connection; `gather` is null in the reader's. An SQLite code. */
int hy_gather_register(sqlite3 *db, struct hy_gather *gather);

/* The kinds whose rows lie in the table, a bit each. */
unsigned hy_gather_kinds_of(const char *table);

/* Begins a row. */
int hy_gather_row(struct hy_sqlite *s, enum hy_gather_kind kind);
void hy_gather_int(struct hy_gather *gather, int64_t value);
/* Must live until it is written: as the arguments of a verb do. Null is NULL. */
void hy_gather_text(struct hy_gather *gather, const char *text);
/* The same, for others. */
void hy_gather_copy(struct hy_gather *gather, const char *text);

/* Writes all of these kinds (bits). */
int hy_gather_write(struct hy_sqlite *s, unsigned kinds);

/* They are rolled back. */
void hy_gather_forget(struct hy_sqlite *s);

/* Whose grants are held back; true may be wrong. */
void hy_gather_note_user(struct hy_gather *gather, int64_t app_no, const char *user);
bool hy_gather_knows_user(const struct hy_gather *gather, int64_t app_no, const char *user);

#endif
