/*
 * tally.h - how many there are, kept as it changes: what `counts` and `reach` answer with millions of
 * rows.
 *
 * The verbs add to changes in memory; they are written once, before the transaction's commit.
 */
#ifndef HY_STORE_SQLITE_TALLY_H
#define HY_STORE_SQLITE_TALLY_H

#include "base/arena.h"
#include "domain/message.h"

#include <stddef.h>
#include <stdint.h>

struct hy_sqlite;

/* Beside the states of messages: the free uses of an app's available grants, and the users who have
 * some of receipts. */
enum { HY_TALLY_FREE_USES = -1, HY_TALLY_RECEIPT_USERS = -2 };

enum hy_tally_table { HY_TALLY_STATES, HY_TALLY_RECEIPTS, HY_TALLY_COUNTERS, HY_TALLY_BROADCASTS };

/* A change of one row in this transaction. */
struct hy_tally_change {
    enum hy_tally_table table;
    int64_t app_no;          /* broadcasts: the id */
    int64_t at;              /* states, broadcasts: the state; receipts: the minute of expiry */
    const char *template_id; /* counters */
    int64_t users;
    int64_t number; /* of messages, of uses */
    size_t slot;
};

struct hy_tally {
    struct hy_tally_change *changes;
    size_t count, capacity;
    uint32_t *slots;   /* a hash table of places in `changes`, + 1; 0 = free */
    size_t slot_count; /* a power of 2, or 0 */
    struct hy_arena texts;
};

void hy_tally_init(struct hy_tally *t);
void hy_tally_deinit(struct hy_tally *t);

/* `state`: of messages, or one of the above. */
int hy_tally_add(struct hy_sqlite *s, int64_t app_no, int state, int64_t change);
int hy_tally_broadcast(struct hy_sqlite *s, int64_t broadcast_id, enum hy_message_state state,
                       int64_t change);
int hy_tally_receipts(struct hy_sqlite *s, int64_t app_no, int64_t minute, int64_t users,
                      int64_t uses);
/* Makes a row even if nothing changes: that there is one tells that there was a counter. */
int hy_tally_counters(struct hy_sqlite *s, int64_t app_no, const char *template_id, int64_t users,
                      int64_t uses);

/* Writes the changes so far into the tables. */
int hy_tally_write(struct hy_sqlite *s);

/* They are rolled back. */
void hy_tally_forget(struct hy_sqlite *s);

#endif
