/* SQL texts made of a row of hy_transfer_tables. */
#include "base/buf.h"
#include "store/transfer/tables.h"

#include <string.h>

enum { SQL_MAX_BYTES = 16384, NAME_BYTES = 64 };

struct column {
    char name[NAME_BYTES];
    char type;
};

static size_t columns_of(const struct hy_transfer_table *t,
                         struct column into[HY_TRANSFER_COLUMNS_MAX])
{
    size_t count = 0;

    for (const char *at = t->columns; *at && count < HY_TRANSFER_COLUMNS_MAX; count++) {
        size_t size = strcspn(at, ":");

        memcpy(into[count].name, at, size);
        into[count].name[size] = 0;
        into[count].type = at[size + 1];
        at += size + 2;
        at += *at == ' ';
    }
    return count;
}

static const char *finish(struct hy_buf *b, struct hy_arena *arena)
{
    const char *text = hy_buf_ok(b) ? hy_arena_strdup(arena, hy_buf_text(b)) : NULL;

    hy_buf_deinit(b);
    return text;
}

/* "a, b" of the columns; `before` and `type_after` say what stands around each. */
static void list(struct hy_buf *b, const struct hy_transfer_table *t, const char *before)
{
    struct column columns[HY_TRANSFER_COLUMNS_MAX];
    size_t count = columns_of(t, columns);

    for (size_t i = 0; i < count; i++)
        hy_buf_printf(b, "%s%s\"%s\"", i ? ", " : "", before, columns[i].name);
}

const char *hy_transfer_types(const struct hy_transfer_table *t, struct hy_arena *arena)
{
    struct column columns[HY_TRANSFER_COLUMNS_MAX];
    size_t count = columns_of(t, columns);
    char *types = (char *)hy_arena_alloc(arena, count + 1);

    for (size_t i = 0; types && i < count; i++)
        types[i] = columns[i].type == 'o' ? 'i' : columns[i].type;
    return types;
}

const char *hy_transfer_read_sql(const struct hy_transfer_table *t, struct hy_arena *arena)
{
    struct hy_buf b;

    hy_buf_init(&b, SQL_MAX_BYTES);
    hy_buf_puts(&b, "SELECT ");
    list(&b, t, "");
    hy_buf_printf(&b, " FROM %s ORDER BY %s", t->from, t->order);
    return finish(&b, arena);
}

const char *hy_transfer_count_sql(const struct hy_transfer_table *t, struct hy_arena *arena)
{
    return hy_arena_printf(arena, "SELECT count(*) FROM %s", t->from);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put_values(struct hy_buf *b, const struct hy_transfer_table *t)
{
    struct column columns[HY_TRANSFER_COLUMNS_MAX];
    size_t count = columns_of(t, columns);

    for (size_t i = 0; i < count; i++)
        hy_buf_printf(b, "%st.\"%s\"%s", i ? ", " : "", columns[i].name,
                      columns[i].type == 'o' ? " <> 0" : "");
}

static void put_arrays(struct hy_buf *b, const struct hy_transfer_table *t)
{
    struct column columns[HY_TRANSFER_COLUMNS_MAX];
    size_t count = columns_of(t, columns);

    for (size_t i = 0; i < count; i++) {
        char type = columns[i].type;

        hy_buf_printf(b, "%s$%zu::%s[]", i ? ", " : "", i + 1,
                      type == 't'   ? "text"
                      : type == 'b' ? "bytea"
                                    : "int8");
    }
}

/* Of several rows with one key the last one counts, in this batch and against earlier ones. */
static void put_conflict(struct hy_buf *b, const struct hy_transfer_table *t)
{
    hy_buf_printf(b, " ORDER BY %s, %s DESC ON CONFLICT (%s) DO UPDATE SET (", t->unique, t->latest,
                  t->unique);
    list(b, t, "");
    hy_buf_puts(b, ") = ROW(");
    list(b, t, "excluded.");
    hy_buf_printf(b, ") WHERE excluded.%s > \"%s\".%s", t->latest, t->into, t->latest);
}

const char *hy_transfer_write_sql(const struct hy_transfer_table *t, struct hy_arena *arena)
{
    struct hy_buf b;

    hy_buf_init(&b, SQL_MAX_BYTES);
    hy_buf_printf(&b, "INSERT INTO \"%s\" (", t->into);
    list(&b, t, "");
    hy_buf_puts(&b, ") SELECT ");
    if (t->unique)
        hy_buf_printf(&b, "DISTINCT ON (%s) ", t->unique);
    put_values(&b, t);
    hy_buf_puts(&b, " FROM unnest(");
    put_arrays(&b, t);
    hy_buf_puts(&b, ") AS t (");
    list(&b, t, "");
    hy_buf_puts(&b, ")");
    if (t->unique)
        put_conflict(&b, t);
    return finish(&b, arena);
}
