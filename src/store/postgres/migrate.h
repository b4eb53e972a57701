/*
 * migrate.h - numbered, checksummed steps from an empty database to the newest schema, while nodes of
 * older programs work on it.
 *
 * The steps are schema/NNNN_name.sql, embedded at build. A step that was released is never edited. The first
 * line of each says what it is:
 *
 *     -- expand     older programs go on working with it: it adds a table, or a column that has a default or is
 *                   filled by a trigger, which keeps it and what it replaces in step
 *     -- backfill   fills what was added, in small transactions. One statement: $1 is the place where the last
 *                   one ended (0 at the begin), $2 how many rows it may change; it answers the place where
 *                   it ended, NULL when nothing is left
 *     -- contract   takes away what older programs still use
 *
 * Rolling update: the first node of the new program applies the expand steps, then the backfill, and does not
 * serve until that is done, so its code never sees a row that is not filled; the older nodes work meanwhile.
 * Whoever comes next goes on where the last one was. The contract steps wait until no living node's program is
 * older than they are (table `node`, column `schema`) for a while; so no expand step may build on a contract or backfill
 * step before it. From a contract step on, programs that do not know it are refused: its number is the
 * floor. A database that is newer than a program is accepted above the floor.
 *
 * Each step, and each piece of a backfill, is one transaction, under a lock that keeps nodes apart. It never
 * waits for another lock for longer than an autovacuum takes to step aside: whoever waits for a table makes all
 * wait that come after.
 */
#ifndef HY_STORE_POSTGRES_MIGRATE_H
#define HY_STORE_POSTGRES_MIGRATE_H

#include "store/postgres/link.h"

enum hy_pg_step_kind { HY_PG_EXPAND, HY_PG_BACKFILL, HY_PG_CONTRACT };

struct hy_pg_step {
    int number; /* 0 ends the table */
    enum hy_pg_step_kind kind;
    struct hy_pg_sql sql; /* its name is the file's */
};

extern const struct hy_pg_step hy_pg_steps[];

/* The largest number: what this program knows. */
int hy_pg_steps_newest(const struct hy_pg_step *steps);

/*
 * Applies what is missing; a backfill takes as long as it takes. `ret_put_off`: contract steps wait for older
 * nodes, late ones, too. HY_E_CORRUPT: the tables are another program's, an applied step is another one here, or the database
 * is past what this program knows; HY_E_BUSY: somebody else's transactions were in the way all the time (the
 * explanation names them).
 */
int hy_pg_migrate(struct hy_pg_link *link, const struct hy_pg_step *steps, bool *ret_put_off,
                  char *ret_explain, size_t explain_size);

/* How many living nodes the contract steps wait for that are not applied yet. */
int hy_pg_migrate_older(struct hy_pg_link *link, const struct hy_pg_step *steps,
                        int64_t *ret_count);

/*
 * Contract steps that were put off, if they may be applied now. Outside of transactions; for a node at work:
 * it waits for nobody for long, and locks nothing while older nodes live. `turn` counts the tries: some wait a
 * little longer. HY_E_BUSY: next time.
 */
int hy_pg_migrate_contract(struct hy_pg_link *link, const struct hy_pg_step *steps, unsigned turn,
                           bool *ret_put_off);

/*
 * Within the transaction in which a node joins, after its row in `node` is written (from then on contract
 * steps wait for it): HY_E_STOPPED when the database is past what this program knows.
 */
int hy_pg_migrate_still_fits(struct hy_pg_link *link, const struct hy_pg_step *steps);

#endif
