/*
 * outbox.h - which webhooks want what, and the outcomes that they get: in the transaction of what they
 * tell.
 *
 * Which are wanted is remembered, so that `s->hooks.wanted` is all that is looked at while nobody wants
 * anything: callers ask that first.
 */
#ifndef HY_STORE_SQLITE_OUTBOX_H
#define HY_STORE_SQLITE_OUTBOX_H

#include "domain/grant.h"
#include "domain/outcome.h"
#include "store/sqlite/query.h"

/* At open, and when a verb has changed a webhook. */
int hy_hooks_remember(struct hy_sqlite *s);
/* Before a verb changes one; and when that is rolled back. */
void hy_hooks_keep(struct hy_sqlite *s);
void hy_hooks_undo(struct hy_sqlite *s);

/* The message is in a new state. */
int hy_outcome_of_message(struct hy_sqlite *s, const struct hy_message *m);
int hy_outcome_of_grant(struct hy_sqlite *s, enum hy_outcome_type type, const struct hy_grant *g,
                        int64_t uses);
int hy_outcome_of_event(struct hy_sqlite *s, int64_t app_no, int64_t event_id);

/* Inserts one for its webhook_id; gives it an id, and due_at_ms. */
int hy_outbox_add(struct hy_sqlite *s, struct hy_outcome *outcome);

/* Reads the row of a query whose columns are OUTCOME. */
void hy_outbox_read(struct hy_query *q, struct hy_arena *arena, struct hy_outcome *ret_outcome);

/* Deletes one that is told, given up or too old: 1 when the next one of its message is due by that, at
 * now_ms (0: at its own instant), else 0. It exists. */
int hy_outbox_drop(struct hy_sqlite *s, int64_t id, int64_t webhook_id, int64_t message_id,
                   int64_t now_ms);

#endif
