/*
 * tally.h - how many there are, kept as it changes: what `counts` answers with millions of rows.
 *
 * The verbs add to changes in memory; they are written once, before the transaction's commit.
 */
#ifndef HY_STORE_SQLITE_TALLY_H
#define HY_STORE_SQLITE_TALLY_H

#include "store/sqlite/sqlite.h"

/* Beside the states of messages: the free uses of an app's available grants. */
enum { HY_TALLY_FREE_USES = -1 };

int hy_tally_add(struct hy_sqlite *s, int64_t app_no, int state, int64_t change);

/* Writes the changes so far into the table. */
int hy_tally_write(struct hy_sqlite *s);

/* They are rolled back. */
void hy_tally_forget(struct hy_sqlite *s);

#endif
