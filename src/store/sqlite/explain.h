/*
 * explain.h - what a fault means to who runs the server, in one sentence: what, and what to do.
 */
#ifndef HY_STORE_SQLITE_EXPLAIN_H
#define HY_STORE_SQLITE_EXPLAIN_H

#include <sqlite3.h>
#include <stddef.h>

/* What a fault of `db` means to the store: as hy_sqlite_err(), but it also knows a full disk by what the
 * system said. */
int hy_sqlite_fault(sqlite3 *db, int rc);

/* The same, explained; `doing` is what was done meanwhile. */
int hy_sqlite_explain(sqlite3 *db, int rc, const char *doing, char *ret_explain,
                      size_t explain_size);

/* Of a file that could not be opened: errno. */
int hy_sqlite_explain_file(const char *path, int fault, char *ret_explain, size_t explain_size);

#endif
