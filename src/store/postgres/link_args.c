/*
 * Arguments in binary form. An array is, in network order: dimensions (1; 0 = empty), whether there are
 * NULLs, the type of elements, how many, the first one's number (1), then of each its length (-1: NULL) and
 * bytes.
 */
#include "store/postgres/link_own.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <string.h>

enum { ARRAY_HEAD_BYTES = 20, EMPTY_HEAD_BYTES = 12, KEPT_BYTES = 1 << 18 };
/* The server takes messages of up to 1 GiB. */
enum { VALUES_BYTES_MAX = 1000 << 20 };

void hy_pg_args_init(struct hy_pg_args *args)
{
    hy_buf_init(&args->scalars, VALUES_BYTES_MAX);
    for (int i = 0; i < HY_PG_ARGS_MAX; i++)
        hy_buf_init(&args->columns[i].bytes, VALUES_BYTES_MAX);
}

void hy_pg_args_deinit(struct hy_pg_args *args)
{
    hy_buf_deinit(&args->scalars);
    for (int i = 0; i < HY_PG_ARGS_MAX; i++)
        hy_buf_deinit(&args->columns[i].bytes);
}

/* Keeps the memory of common statements, not that of a rare large one. */
static void empty(struct hy_buf *b)
{
    if (b->capacity > KEPT_BYTES) {
        size_t max = b->max;

        hy_buf_deinit(b);
        hy_buf_init(b, max);
    }
    hy_buf_clear(b);
}

struct hy_pg_args *hy_pg_args(struct hy_pg_link *link)
{
    struct hy_pg_args *args = &link->args;

    empty(&args->scalars);
    for (int i = 0; i < args->column_count; i++)
        empty(&args->columns[i].bytes);
    args->count = args->column_count = args->width = 0;
    args->failed = false;
    return args;
}

const char *hy_pg_arg_bytes(const struct hy_pg_args *args, const struct hy_pg_arg *arg)
{
    if (arg->length < 0)
        return NULL;
    return arg->column >= 0 ? hy_buf_text(&args->columns[arg->column].bytes)
                            : hy_buf_text(&args->scalars) + arg->offset;
}

static void put_be32(struct hy_buf *b, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);

    hy_buf_append(b, &wire, sizeof wire);
}

static struct hy_pg_arg *add(struct hy_pg_args *args, Oid type)
{
    struct hy_pg_arg *arg = &args->args[args->count];

    assert(args->count < HY_PG_ARGS_MAX);
    args->count++;
    *arg = (struct hy_pg_arg){.type = type, .column = -1, .offset = args->scalars.size};
    return arg;
}

static void put_scalar(struct hy_pg_args *args, Oid type, const void *bytes, size_t size)
{
    struct hy_pg_arg *arg = add(args, type);

    if (!bytes) {
        arg->length = -1;
        return;
    }
    hy_buf_append(&args->scalars, bytes, size);
    arg->length = (int)size; /* what does not fit an int does not fit the buffer */
    args->failed = args->failed || !hy_buf_ok(&args->scalars);
}

static void put_element(struct hy_pg_args *args, Oid array_type, const void *bytes, size_t size)
{
    int which = args->first + args->cursor;
    struct hy_pg_column *column = &args->columns[which];

    assert(args->args[args->count - args->width + args->cursor].type == array_type);
    args->cursor = (args->cursor + 1) % args->width;
    if (column->count == INT32_MAX || size > VALUES_BYTES_MAX) {
        args->failed = true;
        return;
    }
    column->count++;
    if (bytes) {
        put_be32(&column->bytes, (int32_t)size);
        hy_buf_append(&column->bytes, bytes, size);
    } else {
        put_be32(&column->bytes, -1);
        column->has_null = true;
    }
    args->failed = args->failed || !hy_buf_ok(&column->bytes);
}

static void put(struct hy_pg_args *args, Oid type, Oid array_type, const void *bytes, size_t size)
{
    if (args->width > 0)
        put_element(args, array_type, bytes, size);
    else
        put_scalar(args, type, bytes, size);
}

void hy_pg_put_int(struct hy_pg_args *args, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);

    put(args, HY_PG_INT8, HY_PG_INT8_ARRAY, &wire, sizeof wire);
}

void hy_pg_put_text(struct hy_pg_args *args, const char *text)
{
    put(args, HY_PG_TEXT, HY_PG_TEXT_ARRAY, text, text ? strlen(text) : 0);
}

void hy_pg_put_bytes(struct hy_pg_args *args, const void *bytes, size_t size)
{
    put(args, HY_PG_BYTEA, HY_PG_BYTEA_ARRAY, bytes, size);
}

static Oid array_type(char letter)
{
    switch (letter) {
    case 'i': return HY_PG_INT8_ARRAY;
    case 't': return HY_PG_TEXT_ARRAY;
    case 'b': return HY_PG_BYTEA_ARRAY;
    default: assert(!"a letter that is no type"); return 0;
    }
}

static Oid element_type(Oid array)
{
    return array == HY_PG_INT8_ARRAY   ? HY_PG_INT8
           : array == HY_PG_TEXT_ARRAY ? HY_PG_TEXT
                                       : HY_PG_BYTEA;
}

void hy_pg_columns_begin(struct hy_pg_args *args, const char *types)
{
    static const char room[ARRAY_HEAD_BYTES];

    assert(args->width == 0 && *types);
    args->first = args->column_count;
    args->cursor = 0;
    for (; *types; types++) {
        struct hy_pg_arg *arg = add(args, array_type(*types));
        struct hy_pg_column *column = &args->columns[args->column_count];

        arg->column = args->column_count++;
        args->width++;
        column->count = 0;
        column->has_null = false;
        hy_buf_append(&column->bytes, room, sizeof room);
        args->failed = args->failed || !hy_buf_ok(&column->bytes);
    }
}

static void finish_column(struct hy_pg_column *column, Oid element)
{
    const uint32_t head[] = {htobe32(column->count > 0), htobe32(column->has_null),
                             htobe32(element), htobe32((uint32_t)column->count), htobe32(1)};

    memcpy(column->bytes.data, head, sizeof head);
}

void hy_pg_columns_end(struct hy_pg_args *args)
{
    _Static_assert(ARRAY_HEAD_BYTES == 5 * sizeof(uint32_t),
                   "the head of an array is five numbers");

    assert(args->width > 0 && args->cursor == 0); /* whole rows */
    for (int i = 0; i < args->width && !args->failed; i++) {
        struct hy_pg_arg *arg = &args->args[args->count - args->width + i];
        struct hy_pg_column *column = &args->columns[arg->column];

        finish_column(column, element_type(arg->type));
        arg->length = column->count > 0 ? (int)column->bytes.size : EMPTY_HEAD_BYTES;
    }
    args->width = 0;
}
