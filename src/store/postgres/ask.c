#include "store/postgres/ask.h"

#include "base/err.h"
#include "store/memory/memory.h"

#include <string.h>

int hy_pg_ask(struct hy_pg_link *link, const struct hy_pg_sql *sql, int64_t *ret)
{
    struct hy_pg_rows rows;
    int r = hy_pg_run(link, sql, &rows);

    if (r == 0 && !hy_pg_next(&rows))
        r = HY_E_NOT_FOUND;
    else if (r == 0 && ret)
        *ret = hy_pg_int(&rows, 0);
    hy_pg_rows_free(&rows);
    return r;
}

int hy_pg_must_change(struct hy_pg_link *link, const struct hy_pg_sql *sql)
{
    struct hy_pg_rows rows;
    int r = hy_pg_run(link, sql, &rows);

    if (r == 0 && rows.changed == 0)
        r = HY_E_NOT_FOUND;
    hy_pg_rows_free(&rows);
    return r;
}

void hy_pg_queue_on(struct hy_pg_link *link, const struct hy_pg_sql *sql, int64_t value)
{
    hy_pg_put_int(hy_pg_args(link), value);
    hy_pg_queue(link, sql, NULL, NULL);
}

void hy_pg_put_sealed(struct hy_pg_args *args, const struct hy_sealed *sealed)
{
    hy_pg_put_bytes(args, sealed->size > 0 ? sealed->bytes : NULL, sealed->size);
}

struct hy_sealed hy_pg_copy_sealed(const struct hy_pg_rows *rows, int column,
                                   struct hy_arena *arena)
{
    struct hy_sealed stored = {0}, copy;

    stored.bytes = hy_pg_bytes(rows, column, &stored.size);
    hy_mem_copy_sealed(arena, &copy, &stored);
    return copy;
}

int hy_pg_list(struct hy_pg_link *link, const struct hy_pg_sql *sql, struct hy_arena *arena,
               hy_pg_read_row *read, size_t item_bytes, void *ret_items, size_t *ret_count)
{
    struct hy_pg_rows rows;
    int r = hy_pg_run(link, sql, &rows);
    size_t count = r == 0 ? (size_t)rows.count : 0;
    char *items = (char *)hy_mem_copy_array(arena, count, item_bytes);

    for (size_t i = 0; r == 0 && hy_pg_next(&rows); i++)
        read(&rows, arena, items + i * item_bytes);
    hy_pg_rows_free(&rows);
    memcpy(ret_items, &items, sizeof items); /* of whatever pointer type it is */
    *ret_count = count;
    return r;
}

int hy_pg_snapshot_end(struct hy_pg_link *link, int r)
{
    static const struct hy_pg_sql commit = {"snapshot_end", "COMMIT"};

    if (r < 0) {
        hy_pg_undo(link);
        return r;
    }
    hy_pg_args(link);
    return hy_pg_run(link, &commit, NULL);
}
