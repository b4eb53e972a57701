/*
 * check.h - what must always hold, as statements that find what does not.
 */
#ifndef HY_STORE_POSTGRES_CHECK_H
#define HY_STORE_POSTGRES_CHECK_H

#include "store/postgres/link.h"

struct hy_pg_rule {
    const char *sentence; /* %lld: the two numbers that a row tells */
    struct hy_pg_sql sql;
};

/* Ended by a null sentence. */
extern const struct hy_pg_rule hy_pg_rules[];

#endif
