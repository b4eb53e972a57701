/*
 * migrate.h - numbered, checksummed steps from an empty file to the newest schema.
 *
 * The steps are schema/NNNN_name.sql, embedded at build. A step that was released is never edited:
 * its checksum is in every database that took it, and a database with another one is refused.
 * A change is a new file with the next number.
 */
#ifndef HY_STORE_SQLITE_MIGRATE_H
#define HY_STORE_SQLITE_MIGRATE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct hy_migration {
    int number; /* 0 ends the table */
    const char *name;
    const char *sql;
};

extern const struct hy_migration hy_sqlite_migrations[];

/* In the header of the file, "HYan": tells ours from any other SQLite database. */
enum { HY_SQLITE_APPLICATION_ID = 0x4859616e };

/*
 * Refuses what is not ours and never writes to it: HY_E_CORRUPT for another program's database, or
 * bytes that are none. 0 for ours and for an empty one.
 */
int hy_sqlite_identify(sqlite3 *db, char *ret_explain, size_t explain_size);

/* Refuses an empty one, too. */
int hy_sqlite_identify_ours(sqlite3 *db, char *ret_explain, size_t explain_size);

/*
 * Applies the steps of `migrations` that are missing, each in a transaction of its own.
 * HY_E_CORRUPT: an applied step has another checksum here, one is missing in between, or there is
 * one that this program does not know (a newer schema).
 */
int hy_sqlite_migrate(sqlite3 *db, const struct hy_migration *migrations, int64_t now_ms,
                      char *ret_explain, size_t explain_size);

#endif
