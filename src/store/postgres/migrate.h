/*
 * migrate.h - numbered, checksummed steps from an empty database to the newest schema, while nodes of
 * older programs work on it.
 *
 * The steps are schema/NNNN_name.sql, embedded at build. A step that was released is never edited. The first
 * line of each says what it is:
 *
 *     -- expand     older programs go on working with it: it adds a table, or a column that has a default
 *     -- contract   takes away what older programs still use
 *
 * Rolling update: the first node of the new program applies the expand steps. The contract steps wait until
 * no living node's program is older than they are (table `node`, column `schema`); so no expand step
 * may build on a contract step before it. From a contract step on, programs that do not know it are
 * refused: its number is the floor. A database that is newer than a program is accepted above the floor.
 *
 * Each step is one transaction, under a lock that keeps nodes that start at once apart.
 */
#ifndef HY_STORE_POSTGRES_MIGRATE_H
#define HY_STORE_POSTGRES_MIGRATE_H

#include "store/postgres/link.h"

struct hy_pg_step {
    int number; /* 0 ends the table */
    const char *name;
    bool contract;
    const char *sql;
};

extern const struct hy_pg_step hy_pg_steps[];

/* The largest number: what this program knows. */
int hy_pg_steps_newest(const struct hy_pg_step *steps);

/*
 * Applies what is missing. `ret_put_off`: contract steps wait. HY_E_CORRUPT: the tables are another
 * program's, an applied step is another one here, or the database is past what this program knows;
 * HY_E_BUSY: somebody else's transactions were in the way all the time.
 */
int hy_pg_migrate(struct hy_pg_link *link, const struct hy_pg_step *steps, bool *ret_put_off,
                  char *ret_explain, size_t explain_size);

/* Contract steps that were put off, if they may be applied now. Outside of transactions. HY_E_BUSY: next time. */
int hy_pg_migrate_contract(struct hy_pg_link *link, const struct hy_pg_step *steps,
                           bool *ret_put_off);

/*
 * Within the transaction in which a node joins, after its row in `node` is written (from then on contract
 * steps wait for it): HY_E_STOPPED when the database is past what this program knows.
 */
int hy_pg_migrate_still_fits(struct hy_pg_link *link, const struct hy_pg_step *steps);

#endif
