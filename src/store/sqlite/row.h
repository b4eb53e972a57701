/*
 * row.h - a message as a row of the table `message`.
 */
#ifndef HY_STORE_SQLITE_ROW_H
#define HY_STORE_SQLITE_ROW_H

#include "domain/message.h"
#include "store/sqlite/query.h"

/* The column flags of the table `attempt`. */
enum {
    HY_ATTEMPT_GRANT_USED = 1,
    HY_ATTEMPT_NOT_SENT = 2,
    HY_ATTEMPT_ANSWERED = 4,
    HY_ATTEMPT_GRANT_REFUSED = 8,
    HY_ATTEMPT_MOVE_SHIFT = 4 /* above it: enum hy_grant_move */
};

struct hy_row {
    struct hy_message m; /* due_at_ms is that of a parked one, too */
    bool parked;
    enum hy_message_state stored_state; /* what the tallies count it under */
    int queue;
    int64_t lease_until_ms;
};

/* Reads the row of a query whose columns are MESSAGE_FULL, or MESSAGE_BRIEF: the latter leaves out
 * what only sending and showing needs (data, page, ... tag). */
void hy_message_read(struct hy_query *q, struct hy_arena *arena, struct hy_row *ret_row);
void hy_message_read_brief(struct hy_query *q, struct hy_arena *arena, struct hy_row *ret_row);

/* One message in brief, into the scratch arena. HY_E_NOT_FOUND. */
int hy_message_load(struct hy_sqlite *s, int64_t id, struct hy_row *ret_row);

/* Reads all rows of a query of brief columns into the scratch arena. */
int hy_message_load_all(struct hy_sqlite *s, struct hy_query *q, struct hy_row **ret_rows,
                        size_t *ret_count);

/* Sets the state; one that is not drawn in domain/message.h aborts. */
void hy_message_move(struct hy_message *m, enum hy_message_state to);

/* Writes what may change after admission; `row` was read (brief is enough). With what goes with a new
 * state: the tallies, and an outcome for each webhook that wants it. */
int hy_message_save(struct hy_sqlite *s, struct hy_row *row);

/* Likewise. Inserts with state, reason, grant_id, due_at_ms and settled_at_ms as they are in `m`, whose
 * texts must live until the row is written (gather.h): as the arguments of the verb do, or until a
 * hy_gather_write(). */
int hy_message_insert(struct hy_sqlite *s, const struct hy_message *m);

/* 1 when the id is stored, else 0. */
int hy_message_exists(struct hy_sqlite *s, int64_t id);

/* At open: sets last_message_id and bucket. */
int hy_message_remember_last(struct hy_sqlite *s);

int hy_message_park(struct hy_sqlite *s, int64_t id);

/* Call after a message of the user left `sending`, or being due: the parked one that is next
 * becomes due again (s->unpark_from_ms at the earliest), unless one is in `sending`. */
int hy_user_unpark(struct hy_sqlite *s, int64_t app_no, const char *user);

/* Notes that the message became due by the verb under way; during a claim that can be asked for. */
int hy_became_due(struct hy_sqlite *s, int64_t id);
bool hy_has_become_due(const struct hy_sqlite *s, int64_t id);

#endif
