#include "store/transfer/source.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/postgres/link.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- opening ---------------------------------------------------------------------------------- */

static int open_file(struct hy_source *s, char *ret_explain, size_t explain_size)
{
    int r, rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(s->db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(s->db, 5000);
    if (rc != SQLITE_OK)
        return hy_sqlite_explain(s->db, rc, "opening", ret_explain, explain_size);
    r = hy_sqlite_identify_ours(s->db, ret_explain, explain_size);
    if (r < 0)
        return r;
    rc = sqlite3_exec(
        s->db, "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY",
        NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return hy_sqlite_explain(s->db, rc, "opening", ret_explain, explain_size);
    return hy_sqlite_migrate(s->db, hy_sqlite_migrations, hy_clock_now_ms(), ret_explain,
                             explain_size);
}

int hy_source_open(struct hy_source *s, const char *path, char *ret_explain, size_t explain_size)
{
    int r;

    *s = (struct hy_source){.lock_fd = -1};
    s->path = realpath(path, NULL);
    if (!s->path) {
        r = errno == ENOENT ? HY_E_NOT_FOUND : errno == ENOMEM ? HY_E_NOMEM : HY_E_IO;
        snprintf(ret_explain, explain_size, "there is no store at %s: %s", path, strerror(errno));
        return r;
    }
    r = hy_sqlite_lock(s->path, &s->lock_fd, ret_explain, explain_size);
    if (r == 0)
        r = open_file(s, ret_explain, explain_size);
    if (r < 0)
        return r;
    r = hy_sqlite_move_read(s->db, &s->move);
    if (r < 0)
        snprintf(ret_explain, explain_size, "%s: its mark of a transfer cannot be read", s->path);
    return r;
}

void hy_source_close(struct hy_source *s)
{
    hy_source_end(s);
    sqlite3_close(s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->path);
    *s = (struct hy_source){.lock_fd = -1};
}

int hy_source_mark(struct hy_source *s, const struct hy_move *move, char *ret_explain,
                   size_t explain_size)
{
    int r = hy_sqlite_move_write(s->db, move);

    if (r == 0)
        s->move = *move;
    else
        hy_sqlite_explain(s->db, sqlite3_extended_errcode(s->db), "marking the file", ret_explain,
                          explain_size);
    return r;
}

/* --- single values ---------------------------------------------------------------------------- */

/* One row, or none (*ret_stmt is null then). */
static int first_row(struct hy_source *s, const char *sql, const char *argument,
                     sqlite3_stmt **ret_stmt)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

    *ret_stmt = NULL;
    if (rc == SQLITE_OK && argument)
        rc = sqlite3_bind_text(stmt, 1, argument, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        *ret_stmt = stmt;
        return 0;
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? 0 : hy_sqlite_fault(s->db, rc);
}

int hy_source_new_id(struct hy_source *s, char into[HY_MOVE_ID_CHARS + 1])
{
    sqlite3_stmt *stmt;
    int r = first_row(s, "SELECT lower(hex(randomblob(16)))", NULL, &stmt);

    if (r < 0)
        return r;
    snprintf(into, HY_MOVE_ID_CHARS + 1, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return 0;
}

int hy_source_meta(struct hy_source *s, const char *name, struct hy_arena *arena,
                   const char **ret_value)
{
    sqlite3_stmt *stmt;
    int r = first_row(s, "SELECT value FROM meta WHERE name = ?1", name, &stmt);

    if (r < 0 || !stmt)
        return r < 0 ? r : HY_E_NOT_FOUND;
    *ret_value = hy_arena_strdup(arena, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return *ret_value ? 0 : HY_E_NOMEM;
}

int hy_source_int(struct hy_source *s, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *stmt;
    int r = first_row(s, sql, NULL, &stmt);

    if (r < 0 || !stmt)
        return r < 0 ? r : HY_E_CORRUPT;
    *ret_value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return 0;
}

/* --- rows ------------------------------------------------------------------------------------- */

int hy_source_begin(struct hy_source *s, const struct hy_transfer_table *table, int64_t skip,
                    struct hy_arena *arena)
{
    const char *sql = hy_transfer_read_sql(table, arena);
    int rc;

    hy_source_end(s);
    s->types = hy_transfer_types(table, arena);
    if (sql && skip > 0)
        sql = hy_arena_printf(arena, "%s LIMIT -1 OFFSET %lld", sql, (long long)skip);
    if (!sql || !s->types)
        return HY_E_NOMEM;
    rc = sqlite3_prepare_v2(s->db, sql, -1, &s->rows, NULL);
    return rc == SQLITE_OK ? 0 : hy_sqlite_fault(s->db, rc);
}

int hy_source_next(struct hy_source *s)
{
    int rc = sqlite3_step(s->rows);

    return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : hy_sqlite_fault(s->db, rc);
}

size_t hy_source_put(struct hy_source *s, struct hy_pg_args *args)
{
    size_t bytes = 0;

    for (int i = 0; s->types[i]; i++) {
        if (s->types[i] == 'i')
            hy_pg_put_int(args, sqlite3_column_int64(s->rows, i));
        else if (s->types[i] == 't')
            hy_pg_put_text(args, (const char *)sqlite3_column_text(s->rows, i));
        else if (sqlite3_column_type(s->rows, i) == SQLITE_NULL)
            hy_pg_put_bytes(args, NULL, 0);
        else
            hy_pg_put_bytes(args,
                            sqlite3_column_bytes(s->rows, i) ? sqlite3_column_blob(s->rows, i) : "",
                            (size_t)sqlite3_column_bytes(s->rows, i));
        bytes += s->types[i] == 'i' ? sizeof(int64_t) : (size_t)sqlite3_column_bytes(s->rows, i);
    }
    return bytes;
}

void hy_source_end(struct hy_source *s)
{
    sqlite3_finalize(s->rows);
    s->rows = NULL;
}

/* --- figures ---------------------------------------------------------------------------------- */

int hy_source_figures(struct hy_source *s, const char *sql,
                      void (*each)(const char *what, int64_t number, void *arg), void *arg)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

    if (rc != SQLITE_OK)
        return hy_sqlite_fault(s->db, rc);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        each((const char *)sqlite3_column_text(stmt, 0), sqlite3_column_int64(stmt, 1), arg);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? 0 : hy_sqlite_fault(s->db, rc);
}
