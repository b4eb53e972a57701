#include "store/sqlite/migrate.h"

#include "base/err.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/query.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CHECKSUM_TEXT_BYTES = 17 };

/* FNV-1a, 64 bit: this is to catch an edited file, not an attacker. */
static void checksum(const char *sql, char into[CHECKSUM_TEXT_BYTES])
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *sql; sql++)
        hash = (hash ^ (unsigned char)*sql) * 0x100000001b3u;
    snprintf(into, CHECKSUM_TEXT_BYTES, "%016llx", (unsigned long long)hash);
}

static int read_int(sqlite3 *db, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
            *ret_value = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int identify(sqlite3 *db, bool may_be_empty, char *ret_explain, size_t explain_size)
{
    int64_t id = 0, tables = 0;
    int rc = read_int(db, "PRAGMA application_id", &id);

    if (rc == SQLITE_OK)
        rc = read_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc != SQLITE_OK)
        return hy_sqlite_explain(db, rc, "reading the file", ret_explain, explain_size);
    if (id == HY_SQLITE_APPLICATION_ID || (may_be_empty && id == 0 && tables == 0))
        return 0;
    snprintf(ret_explain, explain_size,
             id == 0 && tables == 0
                 ? "the file is empty: there is no store in it"
                 : "this is an SQLite database of another program; choose another path");
    return HY_E_CORRUPT;
}

int hy_sqlite_identify(sqlite3 *db, char *ret_explain, size_t explain_size)
{
    return identify(db, true, ret_explain, explain_size);
}

int hy_sqlite_identify_ours(sqlite3 *db, char *ret_explain, size_t explain_size)
{
    return identify(db, false, ret_explain, explain_size);
}

/* True, and its checksum, when `number` was applied; false also on a fault, see *ret_rc. */
static bool applied(sqlite3 *db, int number, char into[CHECKSUM_TEXT_BYTES], int *ret_rc)
{
    sqlite3_stmt *stmt;

    *ret_rc = sqlite3_prepare_v2(db, "SELECT checksum FROM schema_version WHERE number = ?1", -1,
                                 &stmt, NULL);
    if (*ret_rc != SQLITE_OK)
        return false;
    sqlite3_bind_int(stmt, 1, number);
    *ret_rc = sqlite3_step(stmt);
    if (*ret_rc == SQLITE_ROW)
        snprintf(into, CHECKSUM_TEXT_BYTES, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return *ret_rc == SQLITE_ROW;
}

static int apply(sqlite3 *db, const struct hy_migration *m, int64_t now_ms)
{
    char sum[CHECKSUM_TEXT_BYTES], *note;
    int rc;

    checksum(m->sql, sum);
    note = sqlite3_mprintf("INSERT INTO schema_version (number, name, checksum, applied_at_ms) "
                           "VALUES (%d, %Q, %Q, %lld)",
                           m->number, m->name, sum, (long long)now_ms);
    if (!note)
        return SQLITE_NOMEM;
    rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, m->sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, note, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_free(note);
    return rc;
}

/* Its table and the mark of the file go in together: a file has both or none. */
static int prepare_table(sqlite3 *db)
{
    char sql[512];

    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; PRAGMA application_id = %d; "
             "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY, "
             "name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT; "
             "COMMIT",
             HY_SQLITE_APPLICATION_ID);
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static void undo(sqlite3 *db)
{
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

static int refuse_newer(sqlite3 *db, int known, char *ret_explain, size_t explain_size)
{
    int64_t newest = 0;
    int rc = read_int(db, "SELECT coalesce(max(number), 0) FROM schema_version", &newest);

    if (rc != SQLITE_OK)
        return hy_sqlite_explain(db, rc, "reading schema_version", ret_explain, explain_size);
    if (newest <= known)
        return 0;
    snprintf(ret_explain, explain_size,
             "the file has schema %lld, this program knows up to %d: it was used by a newer "
             "schema's program; run that one, or restore a backup of before",
             (long long)newest, known);
    return HY_E_CORRUPT;
}

static int migrate_one(sqlite3 *db, const struct hy_migration *m, int64_t now_ms, char *ret_explain,
                       size_t explain_size)
{
    char have[CHECKSUM_TEXT_BYTES], want[CHECKSUM_TEXT_BYTES];
    int rc;

    if (applied(db, m->number, have, &rc)) {
        checksum(m->sql, want);
        if (strcmp(have, want) == 0)
            return 0;
        snprintf(ret_explain, explain_size,
                 "migration %s was applied as %s, here it is %s: one of the two was changed; run "
                 "the program that made the file",
                 m->name, have, want);
        return HY_E_CORRUPT;
    }
    if (rc == SQLITE_DONE)
        rc = apply(db, m, now_ms);
    if (rc != SQLITE_OK) {
        int r = hy_sqlite_explain(db, rc, m->name, ret_explain, explain_size);

        undo(db);
        return r;
    }
    return 0;
}

int hy_sqlite_migrate(sqlite3 *db, const struct hy_migration *migrations, int64_t now_ms,
                      char *ret_explain, size_t explain_size)
{
    int64_t marked = 0;
    int known = 0, r,
        rc = read_int(db,
                      "SELECT count(*) FROM sqlite_schema "
                      "WHERE name = 'schema_version'",
                      &marked);

    if (rc == SQLITE_OK && !marked)
        rc = prepare_table(db);
    if (rc != SQLITE_OK) {
        r = hy_sqlite_explain(db, rc, "schema_version", ret_explain, explain_size);
        undo(db);
        return r;
    }
    for (const struct hy_migration *m = migrations; m->number; m++)
        known = m->number;
    r = refuse_newer(db, known, ret_explain, explain_size);
    for (const struct hy_migration *m = migrations; r == 0 && m->number; m++)
        r = migrate_one(db, m, now_ms, ret_explain, explain_size);
    return r;
}
