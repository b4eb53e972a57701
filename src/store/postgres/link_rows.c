#include "store/postgres/link_own.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool hy_pg_next(struct hy_pg_rows *rows)
{
    if (rows->at + 1 >= rows->count)
        return false;
    rows->at++;
    return true;
}

void hy_pg_rows_free(struct hy_pg_rows *rows)
{
    PQclear((PGresult *)rows->result);
    *rows = (struct hy_pg_rows){0};
}

static bool is_null(const struct hy_pg_rows *rows, int column)
{
    return PQgetisnull((PGresult *)rows->result, rows->at, column);
}

static const char *value(const struct hy_pg_rows *rows, int column)
{
    return PQgetvalue((PGresult *)rows->result, rows->at, column);
}

/* sum() of bigints is a numeric: taken for a number it would be any number. */
__attribute__((noreturn)) static void no_int(const struct hy_pg_rows *rows, int column)
{
    fprintf(stderr, "column %d (%s) of type %u is no int: cast it in the statement\n", column,
            PQfname((PGresult *)rows->result, column),
            (unsigned)PQftype((PGresult *)rows->result, column));
    abort();
}

int64_t hy_pg_int(const struct hy_pg_rows *rows, int column)
{
    const char *bytes = value(rows, column);
    uint64_t eight;
    uint32_t four;
    uint16_t two;

    if (is_null(rows, column))
        return 0;
    switch (PQftype((PGresult *)rows->result, column)) {
    case HY_PG_INT8: memcpy(&eight, bytes, sizeof eight); return (int64_t)be64toh(eight);
    case HY_PG_INT4: memcpy(&four, bytes, sizeof four); return (int32_t)be32toh(four);
    case HY_PG_INT2: memcpy(&two, bytes, sizeof two); return (int16_t)be16toh(two);
    case HY_PG_BOOL: return *bytes != 0;
    default: no_int(rows, column);
    }
}

const char *hy_pg_text(const struct hy_pg_rows *rows, int column)
{
    return is_null(rows, column) ? NULL : value(rows, column);
}

const void *hy_pg_bytes(const struct hy_pg_rows *rows, int column, size_t *ret_size)
{
    *ret_size = (size_t)PQgetlength((PGresult *)rows->result, rows->at, column);
    return is_null(rows, column) ? NULL : value(rows, column);
}

const char *hy_pg_copy(const struct hy_pg_rows *rows, int column, struct hy_arena *arena)
{
    const char *copy;

    if (is_null(rows, column))
        return NULL;
    copy = hy_arena_memdup(arena, value(rows, column),
                           (size_t)PQgetlength((PGresult *)rows->result, rows->at, column));
    if (!copy)
        abort();
    return copy;
}
