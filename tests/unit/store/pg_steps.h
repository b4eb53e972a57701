/*
 * pg_steps.h - steps of a schema that are made up: 1 as it was released, 2 adds, 3 takes away; and a database that
 * takes them.
 */
#ifndef HY_TESTS_UNIT_STORE_PG_STEPS_H
#define HY_TESTS_UNIT_STORE_PG_STEPS_H

#include "pg_rig.h"

#include "store/postgres/migrate.h"

#define FIRST                                                                                      \
    {                                                                                              \
        .number = 1, .sql = {                                                                      \
            "0001_first",                                                                          \
            "CREATE TABLE node (node bigint PRIMARY KEY, schema integer NOT NULL, "                \
            "lease_until_ms bigint NOT NULL); CREATE TABLE thing (id bigint, old text)"            \
        }                                                                                          \
    }
#define ADDS                                                                                       \
    {                                                                                              \
        .number = 2, .sql = { "0002_adds", "ALTER TABLE thing ADD COLUMN new text" }               \
    }
#define TAKES                                                                                      \
    {                                                                                              \
        .number = 3, .kind = HY_PG_CONTRACT, .sql = {                                              \
            "0003_takes",                                                                          \
            "ALTER TABLE thing DROP COLUMN old"                                                    \
        }                                                                                          \
    }

/* Lists of them. */
extern const struct hy_pg_step first[], second[], third[];

extern struct hy_pg_link *pg;
extern char explain[400]; /* of the last migrate() */
extern bool put_off;

/* An empty database. */
void fresh(void);
int migrate(const struct hy_pg_step *steps);

/* The number of the newest step that is applied. */
int64_t newest(void);
/* Of the table thing. */
bool has_column(const char *name);
int64_t count_nodes(void);
/* A node that lives for `ms` from now. */
void add_node(int64_t node, int schema, int ms);

#endif
