/*
 * partition.h - messages and attempts by weeks: each has partitions of its own, made before it begins. What
 * there is none for goes to the rest. The work is done by functions of the schema (week_make, ...).
 */
#ifndef HY_STORE_POSTGRES_PARTITION_H
#define HY_STORE_POSTGRES_PARTITION_H

#include "store/postgres/postgres.h"

/* Week 0 is that of 2024-01-01. */
int hy_pg_week_at(int64_t ms);
int hy_pg_week_of(int64_t message_id);

/*
 * Makes one of the weeks from..until, if one is missing and no other node is at it; `more`: perhaps there are
 * further ones. Never in the way of others for long: what cannot be had at once is left to the next call.
 * Whoever copies messages of long ago into the store makes their weeks first.
 */
int hy_pg_weeks_make(struct hy_pg *pg, int from_week, int until_week, bool *ret_more);

/* Outside of transactions, now and then: the week of now, by the server's clock, and the two that follow. What
 * goes wrong is tried again. */
void hy_pg_weeks_keep(struct hy_pg *pg);

#endif
