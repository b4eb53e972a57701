/*
 * awaiting.h - which messages the platform will yet tell about, and what it told too early.
 */
#ifndef HY_STORE_SQLITE_AWAITING_H
#define HY_STORE_SQLITE_AWAITING_H

#include "store/events.h"
#include "store/sqlite/query.h"

/*
 * A request of `m` that left at left_at_ms was settled: from now on the message awaits an event about
 * it, or none (`expected` false).
 */
int hy_awaiting_note(struct hy_sqlite *s, const struct hy_message *m, int64_t left_at_ms,
                     bool expected);

/* It awaits none any more; before its attempts go. */
int hy_awaiting_forget(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t message_id);

/* What the platform told of one message of a user. */
struct hy_told {
    int64_t app_no;
    const char *user;
    const char *template_id;
    int64_t msgid;
    bool delivered;
    const char *reason;
    int64_t created_at_ms;
};

/* Moves the message that it means (store/events.h): its id, or 0 in *ret_message_id. */
int hy_told_apply(struct hy_sqlite *s, const struct hy_told *told, int64_t now_ms,
                  int64_t *ret_message_id);

/* Keeps what moved none, and looks again at what is kept of a user. */
int hy_early_keep(struct hy_sqlite *s, const struct hy_told *told, int64_t now_ms);
int hy_early_apply(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t now_ms);

/* At open, and when rows may have gone: sets early_any. */
int hy_early_remember(struct hy_sqlite *s);

#endif
