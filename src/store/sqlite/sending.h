/*
 * sending.h - the messages in `sending`, remembered between claim and settle: who has one, and its
 * row. Settle doesn't read it, and claim asks no index.
 *
 * It says what the file says, at any point of a transaction: claim adds, hy_message_save() takes away. A rollback (a commit whose answer was lost is one, too)
 * forgets all of it; the next verb that asks reads it from the file, by the table `claimed`. It is as large as
 * what is under way.
 */
#ifndef HY_STORE_SQLITE_SENDING_H
#define HY_STORE_SQLITE_SENDING_H

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

/* Claim. All of one claim are noted in the file by one hy_sending_note_claim() after the last. */
int hy_sending_add(struct hy_sqlite *s, const struct hy_row *row);
int hy_sending_note_claim(struct hy_sqlite *s, const struct hy_claimed *claimed, size_t count);

/* It leaves `sending`. */
int hy_sending_remove(struct hy_sqlite *s, int64_t message_id);

/* Of all of them, in order, in the scratch arena. */
int hy_sending_ids(struct hy_sqlite *s, int64_t **ret_ids, size_t *ret_count);

#endif
