/*
 * store_database.h - a database of PostgreSQL for the cases: of its own, on the server that
 * $HY_POSTGRES_URL names (tests/postgres/with-postgres), empty for every case.
 */
#ifndef HY_TESTS_CONTRACT_STORE_DATABASE_H
#define HY_TESTS_CONTRACT_STORE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>

/* Makes it. False, and a line on stderr, when that is not possible. */
bool database_make(char *ret_location, size_t location_size);
/* As if no store had ever used it; what is left is the schema. Nobody has it open. */
bool database_empty(void);
void database_drop(void);

#endif
