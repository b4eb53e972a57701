/*
 * reads.h - what more than one verb reads.
 */
#ifndef HY_STORE_POSTGRES_READS_H
#define HY_STORE_POSTGRES_READS_H

#include "store/postgres/postgres.h"

#define HY_PG_ATTEMPT_COLUMNS                                                                      \
    "number, at_ms, took_ms, grant_id, grant_move, verdict, hint, flags, msgid, errcode, errmsg, " \
    "rid"
void hy_pg_read_attempt(const struct hy_pg_rows *rows, int first_column,
                        struct hy_attempt *ret_attempt);

/* Of one message, in order. */
int hy_pg_attempts(struct hy_pg *pg, int64_t message_id, struct hy_arena *arena,
                   struct hy_attempt **ret_attempts, size_t *ret_count);

#endif
