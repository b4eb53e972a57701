/*
 * unfinished.h - a database that a transfer (store/transfer.h) fills: nobody serves it before it is complete.
 */
#ifndef HY_STORE_POSTGRES_UNFINISHED_H
#define HY_STORE_POSTGRES_UNFINISHED_H

#include "store/postgres/link.h"

/* A row of meta: the state is the first word of its value. */
#define HY_PG_UNFINISHED_META  "transfer"
#define HY_PG_UNFINISHED_STATE "copying"

/* HY_E_CONFLICT, and what to do, while it is being filled. */
int hy_pg_refuse_unfinished(struct hy_pg_link *link, char *ret_explain, size_t explain_size);

#endif
