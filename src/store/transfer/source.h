/*
 * source.h - the file that is read: its lock, its mark, its rows. Nobody else writes to it meanwhile.
 */
#ifndef HY_STORE_TRANSFER_SOURCE_H
#define HY_STORE_TRANSFER_SOURCE_H

#include "base/arena.h"
#include "store/sqlite/moved.h"
#include "store/transfer/tables.h"

struct hy_pg_args;

struct hy_source {
    sqlite3 *db;
    sqlite3_stmt *rows; /* of the table that is read; or null */
    const char *types;
    char *path; /* its one name */
    int lock_fd;
    struct hy_move move; /* its mark */
};

/* Takes the lock; brings the file to the newest schema. Close it in any case. */
int hy_source_open(struct hy_source *s, const char *path, char *ret_explain, size_t explain_size);
void hy_source_close(struct hy_source *s);

/* Durable on return. */
int hy_source_mark(struct hy_source *s, const struct hy_move *move, char *ret_explain,
                   size_t explain_size);

/* 32 hex digits that no other transfer has. */
int hy_source_new_id(struct hy_source *s, char into[HY_MOVE_ID_CHARS + 1]);

/* The value of meta; HY_E_NOT_FOUND. */
int hy_source_meta(struct hy_source *s, const char *name, struct hy_arena *arena,
                   const char **ret_value);

/* A query of one number. */
int hy_source_int(struct hy_source *s, const char *sql, int64_t *ret_value);

/* From row `skip` on. */
int hy_source_begin(struct hy_source *s, const struct hy_transfer_table *table, int64_t skip,
                    struct hy_arena *arena);
/* 1: there is a row; 0: no more. */
int hy_source_next(struct hy_source *s);
/* Puts its values; returns their bytes. */
size_t hy_source_put(struct hy_source *s, struct hy_pg_args *args);
void hy_source_end(struct hy_source *s);

/* Calls `each` with the name and number of every row. */
int hy_source_figures(struct hy_source *s, const char *sql,
                      void (*each)(const char *what, int64_t number, void *arg), void *arg);

#endif
