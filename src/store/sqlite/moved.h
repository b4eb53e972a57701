/*
 * moved.h - a file whose content is being taken to another store, or was: nobody works on it
 * meanwhile, or afterwards by mistake. The mark is a row of `meta`.
 */
#ifndef HY_STORE_SQLITE_MOVED_H
#define HY_STORE_SQLITE_MOVED_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define HY_MOVED_META "transfer"

enum hy_move_state { HY_MOVE_NONE, HY_MOVE_BEGUN, HY_MOVE_DONE };

enum { HY_MOVE_ID_CHARS = 32, HY_MOVE_TO_BYTES = 256 };

struct hy_move {
    enum hy_move_state state;
    char id[HY_MOVE_ID_CHARS + 1]; /* hex: which transfer it is */
    int64_t at_ms;                 /* when it came into this state */
    char to[HY_MOVE_TO_BYTES];     /* where to, for people: without a password */
};

/* HY_E_CORRUPT: there is a mark, but it is none of ours. */
int hy_sqlite_move_read(sqlite3 *db, struct hy_move *ret_move);

/* HY_MOVE_NONE takes the mark away. Durable on return. */
int hy_sqlite_move_write(sqlite3 *db, const struct hy_move *move);

/* HY_E_CONFLICT, and what to do, when the file is marked; else 0. */
int hy_sqlite_refuse_moved(sqlite3 *db, const char *path, char *ret_explain, size_t explain_size);

#endif
