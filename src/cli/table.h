/*
 * table.h - text in columns for terminals, with Chinese and emoji counted as they are drawn.
 */
#ifndef HY_CLI_TABLE_H
#define HY_CLI_TABLE_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Cells that `text` takes on a terminal: 2 for wide characters, 0 for marks that sit on others. */
size_t hy_text_width(const char *text);

/* `text` with control bytes as blanks, so that no answer can steer the terminal. In the arena; ""
 * for null. */
const char *hy_text_clean(struct hy_arena *arena, const char *text);

enum { HY_TABLE_COLUMNS_MAX = 16 };

struct hy_table {
    struct hy_arena *arena;
    struct hy_buf *out;
    size_t columns;
    bool right[HY_TABLE_COLUMNS_MAX]; /* set by the caller: numbers stand right */
    const char *indent;               /* before each line; null: nothing */
    const char **cells;               /* row by row */
    size_t count, capacity;
};

/* Cells are added row by row; the first row is the head where there is one. */
void hy_table_init(struct hy_table *t, struct hy_arena *arena, struct hy_buf *out, size_t columns);

/* Copies a cleaned `text`; null is an empty cell. */
void hy_table_add(struct hy_table *t, const char *text);

/* Appends all rows: columns two blanks apart, no blanks at the end of a line. */
void hy_table_print(const struct hy_table *t);

#endif
