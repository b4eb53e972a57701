/*
 * heard.h - which messages count for the caps of a user: of apps that have caps only.
 */
#ifndef HY_STORE_SQLITE_HEARD_H
#define HY_STORE_SQLITE_HEARD_H

#include "domain/queue.h"
#include "store/sqlite/query.h"

/* 2^28 ms: three days. The numbers are stored. */
enum { HY_HEARD_SHIFT = 28 };

/* At open, and after a rollback. */
int hy_heard_remember(struct hy_sqlite *s);

/* `m` counts from now on, for that long; one that does already does not again. */
int hy_heard_note(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                  int64_t heard_for_ms);

/* When `m` may go: 0 = now; else the reason, a constant: that of the cap that is free last. */
int hy_heard_look(struct hy_sqlite *s, const struct hy_message *m, const struct hy_cap *caps,
                  size_t cap_count, int64_t now_ms, int64_t *ret_free_at_ms,
                  const char **ret_reason);

#endif
