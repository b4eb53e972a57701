/*
 * pg_rig.h - a server of PostgreSQL for unit tests: the one of tests/postgres/with-postgres, which runs
 * them.
 */
#ifndef HY_TESTS_UNIT_STORE_PG_RIG_H
#define HY_TESTS_UNIT_STORE_PG_RIG_H

#include "tap.h"

#include "base/err.h"
#include "store/postgres/link.h"

const char *pg_url(void);
/* With more: "dbname=x". Static storage, four at a time. */
const char *pg_url_with(const char *parameter);

/* Ends the test when it cannot. */
struct hy_pg_link *pg_open(const char *url);
void pg_script(struct hy_pg_link *link, const char *text);
/* The first column of the first row; a statement without arguments. */
int64_t pg_number(struct hy_pg_link *link, const struct hy_pg_sql *sql);

/* "stop", "kill", "start": the server. */
void pg_server(const char *what);
/* True when it is in order before a deadline. */
bool pg_mended(struct hy_pg_link *link);

void pg_sleep_ms(int ms);

#endif
