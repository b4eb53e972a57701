/*
 * verbs.h - parts of verbs that other verbs use.
 */
#ifndef HY_STORE_SQLITE_VERBS_H
#define HY_STORE_SQLITE_VERBS_H

#include "store/broadcasts.h"
#include "store/grants.h"
#include "store/messages.h"
#include "store/sqlite/ledger.h"
#include "store/sqlite/row.h"

/* What the verb admit does (its checks too). */
int hy_admit_items(struct hy_sqlite *s, struct hy_admit_item *items, size_t count, int64_t now_ms,
                   int64_t key_window_ms, struct hy_arena *arena);

/* Inserts one that is due, or what on_missing makes of it: item->message as told in hy_admit. */
int hy_admit_new(struct hy_sqlite *s, struct hy_admit_item *item, int64_t now_ms);

/* What the verb broadcast_put does. */
int hy_broadcast_make(struct hy_sqlite *s, struct hy_broadcast_make *make);

/* What the verb retry asks and does, of one that was read. */
bool hy_retry_allowed(const struct hy_message *m, const struct hy_retry *v);
int hy_retry_row(struct hy_sqlite *s, struct hy_row *row, const struct hy_retry *v);

/* queued or waiting -> expired or canceled: gives back, un-parks the next one of the user.
 * `reason` null: null, or "in_doubt". Wakes nobody. */
int hy_end_unsent(struct hy_sqlite *s, struct hy_row *row, enum hy_message_state to,
                  const char *reason, int64_t now_ms);

/* What the verb deposit does. */
int hy_deposit_items(struct hy_sqlite *s, struct hy_deposit_item *items, size_t count,
                     int64_t now_ms, size_t *ret_woken);

/* At open, and after a rollback: sets last_event_id and early_any. */
int hy_events_remember(struct hy_sqlite *s);

/* Around the statements of one read, so that they see one state of the store. end: `result`, or its
 * own fault. */
int hy_read_begin(struct hy_sqlite *s);
int hy_read_end(struct hy_sqlite *s, int result);

/* A whole message; HY_E_NOT_FOUND. */
int hy_read_message(struct hy_sqlite *s, int64_t id, struct hy_arena *arena,
                    struct hy_message *ret_message);

/* The attempts of a message, in order. */
int hy_read_attempts(struct hy_sqlite *s, const struct hy_message *m, struct hy_arena *arena,
                     struct hy_attempt **ret_attempts, size_t *ret_count);

/* The part of message_list for one user of one app: limit + 1 messages at most. */
int hy_list_user(struct hy_sqlite *s, struct hy_message_list *v, int64_t before_id);

#endif
