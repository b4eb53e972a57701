/*
 * verbs.h - parts of verbs that other verbs use.
 */
#ifndef HY_STORE_SQLITE_VERBS_H
#define HY_STORE_SQLITE_VERBS_H

#include "store/messages.h"
#include "store/sqlite/ledger.h"
#include "store/sqlite/row.h"

/* What the verb admit does (its checks too). */
int hy_admit_items(struct hy_sqlite *s, struct hy_admit_item *items, size_t count, int64_t now_ms,
                   int64_t key_window_ms, struct hy_arena *arena);

/* queued or waiting -> expired or canceled: gives back, un-parks the next one of the user.
 * `reason` null: null, or "in_doubt". Wakes nobody. */
int hy_end_unsent(struct hy_sqlite *s, struct hy_row *row, enum hy_message_state to,
                  const char *reason, int64_t now_ms);

#endif
