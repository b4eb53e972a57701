/*
 * pg_two.h - two processes on one database that is empty in the beginning: one is held in the middle of its
 * transaction until the other one waits for it.
 */
#ifndef HY_TESTS_UNIT_STORE_PG_TWO_H
#define HY_TESTS_UNIT_STORE_PG_TWO_H

#include "pg_rig.h"

#include "domain/message.h"
#include "store/backend.h"

enum { NOW = 1000000 }; /* ms */

extern struct hy_backend *one, *other;
extern struct hy_pg_link *looker; /* neither of them */
extern struct hy_arena arena;
extern struct hy_message_ids ids;

void fresh(void);
void close_all(void);
/* As fresh() opens them. */
struct hy_backend *open_store(void);

/* One for now, that is tried without a permission. In the arena. */
struct hy_message *draft(int64_t app_no, const char *user);

/* What the verb ends with; in a transaction that is open. */
int run_verb(struct hy_backend *b, struct hy_op *op, enum hy_verb verb);
/* In a transaction of its own. */
int do_verb(struct hy_backend *b, struct hy_op *op, enum hy_verb verb);
void begin(struct hy_backend *b);
void commit(struct hy_backend *b);

/* The first column of the first row, as the looker sees it. */
int64_t number_of(const char *text);

/* The other one does that, on a thread, until it waits for a lock of ours. */
void begin_meanwhile(struct hy_op *op, enum hy_verb verb);
/* Ours is committed, and the other one ends; with what: its verb, or else its commit. */
int end_meanwhile(void);

#endif
