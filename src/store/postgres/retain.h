/*
 * retain.h - the verb retain, in two files.
 */
#ifndef HY_STORE_POSTGRES_RETAIN_H
#define HY_STORE_POSTGRES_RETAIN_H

#include "store/postgres/desk_wants.h"
#include "store/postgres/postgres.h"

/* So many are on the desk at once. */
enum { HY_RETAIN_CHUNK = 500 };
/* A week of which more has to stay is not dropped. */
enum { HY_RETAIN_SURVIVORS_MAX = 20000 };

/* The desk is empty. */
int hy_pg_retain_messages(struct hy_pg *pg, struct hy_retain *v);

#endif
