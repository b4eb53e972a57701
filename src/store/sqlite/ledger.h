/*
 * ledger.h - grants as rows, and what messages do with them. The rules are domain/reservation.h.
 */
#ifndef HY_STORE_SQLITE_LEDGER_H
#define HY_STORE_SQLITE_LEDGER_H

#include "domain/reservation.h"
#include "store/sqlite/query.h"
#include "store/sqlite/reach.h"
#include "store/sqlite/row.h"

/* Reads the row of a query whose columns are GRANT. */
void hy_grant_read(struct hy_query *q, struct hy_arena *arena, struct hy_grant *ret_grant);

/* HY_E_NOT_FOUND. */
int hy_grant_load(struct hy_sqlite *s, int64_t id, struct hy_arena *arena,
                  struct hy_grant *ret_grant);

/* The user's counter of a template, into the scratch arena: HY_E_NOT_FOUND. */
int hy_grant_load_counter(struct hy_sqlite *s, int64_t app_no, const char *user,
                          const char *template_id, struct hy_grant *ret_grant);

/* Gives it an id. */
int hy_grant_insert(struct hy_sqlite *s, struct hy_grant *grant);

/* Writes what may change; `before` and `others_minute` as for hy_reach_change(). */
int hy_grant_save(struct hy_sqlite *s, const struct hy_grant *grant, int64_t before,
                  int64_t others_minute);

int hy_grant_delete(struct hy_sqlite *s, const struct hy_grant *grant);

/* Purges look again at what expires when this one does: see purge.c. */
void hy_purge_mark_lower(struct hy_sqlite *s, const struct hy_grant *grant);

struct hy_pick {
    struct hy_grant grant;
    int64_t others_minute; /* of the user's other receipts: for hy_grant_save() */
};

/* The usable grant that comes first: 1, or 0 when there is none. */
int hy_grant_pick(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                  int64_t margin_ms, struct hy_arena *arena, struct hy_pick *ret_pick);

/* Why there is none: a constant; and when a suspect one may be tried again, if that is ahead, else
 * 0. */
int hy_grant_why_missing(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                         int64_t margin_ms, const char **ret_reason, int64_t *ret_retry_at_ms);

/* Reserves a use in the row and in `pick`; the message names it and is not in doubt any more. */
int hy_grant_take(struct hy_sqlite *s, struct hy_message *m, struct hy_pick *pick);

/* A use that a message lets go of. */
struct hy_release {
    enum hy_grant_move move;
    const char *reason;  /* drop, refuse */
    int64_t retry_at_ms; /* refuse */
};

/* Lets go of what `m` holds, if it does: 1 when others of the user may have it now (or
 * would, had there been one), else 0. */
int hy_grant_let_go(struct hy_sqlite *s, struct hy_message *m, const struct hy_release *release);

/* Messages of the user that wait and can go now: see "Wake" in store/messages.h. Adds to
 * *ret_woken. */
int hy_user_wake(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t now_ms,
                 int64_t margin_ms, size_t *ret_woken);

#endif
