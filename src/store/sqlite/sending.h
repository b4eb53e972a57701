/*
 * sending.h - the messages in `sending`, remembered between claim and settle: who has one, its row, and the
 * grant that it holds. Settle reads neither, and claim asks no index.
 *
 * It says what the file says, at any point of a transaction: claim adds, hy_message_save() takes away, each
 * change of a grant lets that grant be read again. A rollback (a commit whose answer was lost is one, too)
 * forgets all of it; the next verb that asks reads it from the file, by the table `claimed`. It is as large as
 * what is under way.
 */
#ifndef HY_STORE_SQLITE_SENDING_H
#define HY_STORE_SQLITE_SENDING_H

#include "domain/grant.h"
#include "store/messages.h"
#include "store/sqlite/row.h"

struct hy_sending;

/* Null when memory is out. */
struct hy_sending *hy_sending_new(void);
void hy_sending_free(struct hy_sending *sending); /* null is fine */

/* After a rollback. */
void hy_sending_forget(struct hy_sending *sending);

/* 1 and the row in brief, texts in the scratch arena, when the message is in `sending`, else 0. */
int hy_sending_find(struct hy_sqlite *s, int64_t message_id, struct hy_row *ret_row);

/* 1 when the user has one, with `template_id` only of that template, else 0. */
int hy_user_sending(struct hy_sqlite *s, int64_t app_no, const char *user, const char *template_id);

/* 1 when somebody may have a parked message, else 0; what un-parks one has it looked up again. */
int hy_parked_any(struct hy_sqlite *s);
void hy_parked_note(struct hy_sqlite *s);
int hy_parked_look(struct hy_sqlite *s);

/* Claim: `grant` is the one that it holds as it is stored, or null. All of one claim are noted in the file
 * by one hy_sending_note_claim() after the last. */
int hy_sending_add(struct hy_sqlite *s, const struct hy_row *row, const struct hy_grant *grant);
int hy_sending_note_claim(struct hy_sqlite *s, const struct hy_claimed *claimed, size_t count);

/* It leaves `sending`. */
int hy_sending_remove(struct hy_sqlite *s, int64_t message_id);

/* The grant that the user's message in `sending` holds, if it is that one and as it was; texts in the scratch
 * arena. 1, or 0: it must be read. */
int hy_sending_grant(struct hy_sqlite *s, const struct hy_message *m, struct hy_grant *ret_grant);

/* A grant of the user is written. */
void hy_sending_grant_changed(struct hy_sqlite *s, const struct hy_grant *grant);
/* Grants are deleted, of whomever. */
void hy_sending_grants_changed(struct hy_sqlite *s);

/* Of all of them, in order, in the scratch arena. */
int hy_sending_ids(struct hy_sqlite *s, int64_t **ret_ids, size_t *ret_count);

#endif
