#include "store/sqlite/query.h"

#include "base/err.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/gather.h"

#include <string.h>

int hy_sqlite_err(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return 0;
    case SQLITE_NOMEM: return HY_E_NOMEM;
    case SQLITE_FULL: return HY_E_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return HY_E_BUSY;
    /* What a rule of the schema refuses was checked before: it means that rows are not what they
     * should be. */
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH: return HY_E_CORRUPT;
    default: return HY_E_IO;
    }
}

void hy_query_open(struct hy_sqlite *s, enum hy_sql which, struct hy_query *q)
{
    int r = s->gathered & s->touches[which] ? hy_gather_write(s, s->touches[which]) : 0;

    hy_query_open_beside(s, which, q);
    q->fault = r;
}

void hy_query_open_beside(struct hy_sqlite *s, enum hy_sql which, struct hy_query *q)
{
    *q = (struct hy_query){.stmt = s->stmts[which]};
}

static void note(struct hy_query *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void hy_put_int(struct hy_query *q, int64_t value)
{
    note(q, sqlite3_bind_int64(q->stmt, ++q->bound, value));
}

void hy_put_text(struct hy_query *q, const char *text)
{
    if (text)
        note(q, sqlite3_bind_text(q->stmt, ++q->bound, text, -1, SQLITE_STATIC));
    else
        note(q, sqlite3_bind_null(q->stmt, ++q->bound));
}

void hy_put_blob(struct hy_query *q, const void *bytes, size_t size)
{
    if (size > 0)
        note(q, sqlite3_bind_blob64(q->stmt, ++q->bound, bytes, size, SQLITE_STATIC));
    else
        note(q, sqlite3_bind_null(q->stmt, ++q->bound));
}

int hy_query_step(struct hy_query *q)
{
    int rc = q->rc;

    if (q->fault < 0)
        return q->fault;
    q->column = 0;
    if (rc == SQLITE_OK && !q->nomem) {
        rc = sqlite3_step(q->stmt);
        if (rc == SQLITE_ROW)
            return HY_ROW;
    }
    sqlite3_reset(q->stmt);
    if (q->nomem)
        return HY_E_NOMEM;
    return rc == SQLITE_DONE ? 0 : hy_sqlite_fault(sqlite3_db_handle(q->stmt), rc);
}

int hy_query_close(struct hy_query *q)
{
    sqlite3_reset(q->stmt);
    return q->nomem ? HY_E_NOMEM : 0;
}

int hy_query_run(struct hy_query *q)
{
    int r = hy_query_step(q);

    return r == HY_ROW ? hy_query_close(q) : r;
}

int64_t hy_get_int(struct hy_query *q)
{
    return sqlite3_column_int64(q->stmt, q->column++);
}

const char *hy_get_text(struct hy_query *q, struct hy_arena *arena)
{
    const void *text = sqlite3_column_text(q->stmt, q->column);
    size_t size = (size_t)sqlite3_column_bytes(q->stmt, q->column++);
    const char *copy;

    if (!text)
        return NULL;
    copy = hy_arena_memdup(arena, text, size);
    q->nomem |= !copy;
    return copy;
}

const void *hy_get_blob(struct hy_query *q, struct hy_arena *arena, size_t *ret_size)
{
    const void *bytes = sqlite3_column_blob(q->stmt, q->column);
    size_t size = (size_t)sqlite3_column_bytes(q->stmt, q->column++);
    const void *copy;

    *ret_size = size;
    if (size == 0)
        return NULL;
    copy = hy_arena_memdup(arena, bytes, size);
    q->nomem |= !copy;
    return copy;
}

const char *hy_peek_text(struct hy_query *q)
{
    return (const char *)sqlite3_column_text(q->stmt, q->column++);
}

void hy_get_chars(struct hy_query *q, char *into, size_t size)
{
    const char *text = hy_peek_text(q);
    size_t count = text ? strnlen(text, size - 1) : 0;

    memset(into, 0, size);
    if (count > 0)
        memcpy(into, text, count);
}

int hy_query_int(struct hy_query *q, int64_t *ret_value)
{
    int r = hy_query_step(q);

    if (r <= 0)
        return r < 0 ? r : HY_E_NOT_FOUND;
    *ret_value = hy_get_int(q);
    return hy_query_close(q);
}

void *hy_query_room(struct hy_query *q, struct hy_arena *arena, void **items, size_t count,
                    size_t *capacity, size_t item_bytes)
{
    if (count == *capacity) {
        size_t larger = *capacity ? *capacity * 2 : 16;
        void *array = hy_arena_array(arena, larger, item_bytes);

        if (!array) {
            hy_query_close(q);
            return NULL;
        }
        if (count > 0)
            memcpy(array, *items, count * item_bytes);
        *items = array;
        *capacity = larger;
    }
    return (char *)*items + count * item_bytes;
}
