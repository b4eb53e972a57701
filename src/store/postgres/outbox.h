/*
 * outbox.h - which endpoints want what, and what else others need of the outbox.
 *
 * Chain: outcomes of one message to one endpoint, by id; only the first is due. Who adds one holds the lock
 * of the message's user and shares the rows of the chain; who takes one away locks its row first and
 * looks who is next in a later statement: so neither misses what the other did. Rows are locked in the
 * order of their ids.
 */
#ifndef HY_STORE_POSTGRES_OUTBOX_H
#define HY_STORE_POSTGRES_OUTBOX_H

#include "store/postgres/postgres.h"
#include "store/webhooks.h"

/* A verb has changed webhooks: the desk gets them as they are now, and nothing is remembered. */
int hy_pg_endpoints_changed(struct hy_pg *pg);

/* Queues: all that the outbox_settle verbs of a group take away or put off is locked, with the webhooks of which they
 * change the state. After users, before anything is written. */
void hy_pg_outbox_lock(struct hy_pg *pg, const struct hy_op *first);

/* Queues: these webhooks have a new holder, and what the last one had claimed is due by `now_ms`. */
void hy_pg_queue_outbox_take_over(struct hy_pg *pg, const int64_t *webhook_ids, size_t count,
                                  int64_t now_ms);

#endif
