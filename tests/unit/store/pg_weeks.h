/*
 * pg_weeks.h - a store on PostgreSQL whose messages lie in weeks, with an app, a clock that stands still until it
 * is moved, and the words of its tests.
 */
#ifndef HY_TESTS_UNIT_STORE_PG_WEEKS_H
#define HY_TESTS_UNIT_STORE_PG_WEEKS_H

#include "pg_rig.h"

#include "base/clock.h"
#include "domain/message.h"
#include "store/apps.h"
#include "store/grants.h"
#include "store/housekeeping.h"
#include "store/nodes.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR, WEEK = 105, LIMIT = 100 };
static const int64_t week_ms = 7 * DAY;
static const int64_t monday = 1767571200000; /* 2026-01-05, week 105 */

extern struct hy_store *store;
extern struct hy_pg_link *pg;
extern struct hy_arena arena;
extern struct hy_message_ids ids;
extern int64_t now_ms, app_no;

int run(struct hy_op *op, enum hy_verb verb);
/* SQL, at once. */
void script(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One number. */
int64_t ask(const char *text);
void make_weeks(int from, int until);
void open_store(bool inline_mode);
/* Closes all; fresh() opens it on an empty database. */
void end(void);
void fresh_with(bool inline_mode);
void fresh(void);
void check_store(void);
int64_t post(const char *user, enum hy_on_missing on_missing);
int64_t failed(const char *user);
int64_t waits(const char *user);
int fetch(int64_t id);
extern struct hy_message_get fetched; /* by that */
void deposit(const char *user);
/* The only one that is due. */
struct hy_claimed claim_one(void);
void judge(const struct hy_claimed *c, enum hy_verdict verdict);
/* All that is older; how many went. `between` after each step. */
size_t retain_and(int64_t before_ms, void (*between)(const struct hy_retain *v));
size_t retain(int64_t before_ms);
/* Rows of a table; messages by user (null: all) and by state, as the store tells. */
int64_t messages_in(const char *table);
bool has_week(int week);
int64_t listed(const char *user);
int64_t counted(enum hy_message_state state);

#endif
