/*
 * ledger.h - grants as rows, and what messages do with them. The rules are domain/reservation.h.
 */
#ifndef HY_STORE_SQLITE_LEDGER_H
#define HY_STORE_SQLITE_LEDGER_H

#include "domain/reservation.h"
#include "store/sqlite/query.h"
#include "store/sqlite/row.h"

/* Reads the row of a query whose columns are GRANT. */
void hy_grant_read(struct hy_query *q, struct hy_arena *arena, struct hy_grant *ret_grant);

/* HY_E_NOT_FOUND. */
int hy_grant_load(struct hy_sqlite *s, int64_t id, struct hy_arena *arena,
                  struct hy_grant *ret_grant);

/* What the tally counts of it. */
int64_t hy_grant_free_uses(const struct hy_grant *grant);

/* Purges look again at what expires when this one does: see grants.c. */
void hy_purge_mark_lower(struct hy_sqlite *s, const struct hy_grant *grant);

/* The usable grant that comes first: 1, or 0 when there is none. */
int hy_grant_pick(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                  int64_t margin_ms, struct hy_arena *arena, struct hy_grant *ret_grant);

/* Why there is none: a constant. */
int hy_grant_why_missing(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                         int64_t margin_ms, const char **ret_reason);

/* Reserves a use in the row and in `grant`; the message names it and is not in doubt any more. */
int hy_grant_take(struct hy_sqlite *s, struct hy_message *m, struct hy_grant *grant);

/* Lets go of what `m` holds, if it does; `reason` is that of a drop. */
int hy_grant_let_go(struct hy_sqlite *s, struct hy_message *m, enum hy_grant_move move,
                    const char *reason);

/* Messages of the user that wait and can go now: see "Wake" in store/messages.h. */
int hy_user_wake(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t now_ms,
                 int64_t margin_ms, size_t *ret_woken);

#endif
