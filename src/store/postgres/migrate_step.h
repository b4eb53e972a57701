/*
 * migrate_step.h - one step of the schema. Only migrate*.c include it; see migrate.h.
 *
 * hy_pg_step_*: 1: put off (older nodes live, or somebody else is at it), 0: it is applied; HY_E_BUSY: others
 * were in the way, again later.
 */
#ifndef HY_STORE_POSTGRES_MIGRATE_STEP_H
#define HY_STORE_POSTGRES_MIGRATE_STEP_H

#include "store/postgres/migrate.h"

/* 1: applied, 0: not yet; HY_E_CORRUPT: it is another one here. */
int hy_pg_step_applied(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                       size_t explain_size);

/* Nodes whose program is older than that: living ones, or also those whose lease is over, while nobody has taken
 * their place. */
int hy_pg_step_nodes(struct hy_pg_link *link, int schema, bool late_too, int64_t *ret_count);

/* Before a node serves: tries for as long as it makes sense. A contract step is put off by late nodes, too: all are
 * late after the database was away, and are back soon. */
int hy_pg_step_apply(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                     size_t explain_size);

/* A contract step, once, while this node serves. */
int hy_pg_step_apply_aside(struct hy_pg_link *link, const struct hy_pg_step *step, unsigned turn);

/* The same of a backfill. */
int hy_pg_step_fill(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                    size_t explain_size);

/* --- what they are made of ---------------------------------------------------------------------- */

/* Others are in the way: so often, with so much between. */
enum { HY_PG_STEP_TRIES = 40, HY_PG_STEP_REST_MS = 1000 };
void hy_pg_step_rest(int64_t ms);

/* One number of the answer's first row; 0 when there is none. */
int hy_pg_step_ask(struct hy_pg_link *link, const struct hy_pg_sql *sql, int64_t *ret_number);

/* Begins a transaction that only one program at a time is in: waits for that. */
int hy_pg_step_begin(struct hy_pg_link *link, unsigned turn);
int hy_pg_step_commit(struct hy_pg_link *link);
/* Within it: the step is applied. */
int hy_pg_step_note(struct hy_pg_link *link, const struct hy_pg_step *step);

#endif
