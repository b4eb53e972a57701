/*
 * tell.h - counters: what users answered, and who told it. The rules are domain/answer.h.
 */
#ifndef HY_STORE_SQLITE_TELL_H
#define HY_STORE_SQLITE_TELL_H

#include "domain/answer.h"
#include "store/grants.h"
#include "store/sqlite/query.h"

/* One item of a deposit that is a counter's: its outputs, all but waking. *ret_changed: there may be
 * more to have now. */
int hy_tell(struct hy_sqlite *s, struct hy_deposit_item *item, bool *ret_changed);

/* Reads the row of a query whose columns are ANSWER. */
void hy_answer_read(struct hy_query *q, struct hy_arena *arena, struct hy_answer *ret_answer);

/* Of a user who ever declined a template: see the table. */
struct hy_declined {
    enum hy_answer_kind kind; /* of the newest answer, unless the counter's accept is newer */
    int64_t at_ms;            /* 0 = never declined */
    int64_t withdrawn_at_ms;
};
int hy_declined_get(struct hy_sqlite *s, int64_t app_no, const char *user, const char *template_id,
                    struct hy_declined *ret_declined);

/* Identities: 1 when it is known, else 0. */
int hy_seen(struct hy_sqlite *s, int64_t app_no, const uint8_t *identity, int64_t at_ms);
int hy_seen_add(struct hy_sqlite *s, int64_t app_no, const uint8_t *identity, int64_t at_ms);

#endif
