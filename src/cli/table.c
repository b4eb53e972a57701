#include "cli/table.h"

#include <stdint.h>
#include <string.h>

struct range {
    uint32_t first, last;
};

/* Coarse on purpose: whole blocks that terminals draw two cells wide. A wrong guess costs the
 * alignment of one line. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
    {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

static const struct range zero[] = {
    {0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};

static bool among(const struct range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    }
    return false;
}

/* The next code point; a byte that is not UTF-8 counts as one. Never reads past the final zero: a
 * zero is no continuation byte. */
static uint32_t next_point(const unsigned char **at)
{
    const unsigned char *s = *at;
    int more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc0 ? 1 : 0;
    uint32_t point = more == 3 ? s[0] & 7 : more == 2 ? s[0] & 15 : more == 1 ? s[0] & 31 : s[0];

    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            *at = s + 1;
            return s[0];
        }
        point = point << 6 | (s[i] & 63);
    }
    *at = s + 1 + more;
    return point;
}

size_t hy_text_width(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t width = 0;

    while (*at) {
        uint32_t point = next_point(&at);

        if (among(wide, sizeof wide / sizeof *wide, point))
            width += 2;
        else if (!among(zero, sizeof zero / sizeof *zero, point))
            width++;
    }
    return width;
}

const char *hy_text_clean(struct hy_arena *arena, const char *text)
{
    char *copy = hy_arena_strdup(arena, text);

    if (!copy)
        return "";
    for (unsigned char *at = (unsigned char *)copy; *at; at++) {
        if (*at < 0x20 || *at == 0x7f)
            *at = ' ';
        else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) /* C1: some terminals obey */
            at[0] = at[1] = ' ';
    }
    return copy;
}

void hy_table_init(struct hy_table *t, struct hy_arena *arena, struct hy_buf *out, size_t columns)
{
    *t = (struct hy_table){.arena = arena, .out = out, .columns = columns};
}

void hy_table_add(struct hy_table *t, const char *text)
{
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 64;
        const char **cells = hy_arena_array(t->arena, capacity, sizeof *cells);

        if (!cells)
            return;
        if (t->count)
            memcpy(cells, t->cells, t->count * sizeof *cells);
        t->cells = cells;
        t->capacity = capacity;
    }
    t->cells[t->count++] = hy_text_clean(t->arena, text);
}

static void pad(struct hy_buf *out, size_t blanks)
{
    while (blanks-- > 0)
        hy_buf_putc(out, ' ');
}

/* Blanks are owed, and paid only when something follows them. */
static void print_row(const struct hy_table *t, const char *const *row, const size_t *widths)
{
    size_t owed = 0;

    if (t->indent)
        hy_buf_puts(t->out, t->indent);
    for (size_t i = 0; i < t->columns; i++) {
        size_t width = hy_text_width(row[i]);

        if (t->right[i])
            owed += widths[i] - width;
        if (width > 0) {
            pad(t->out, owed);
            hy_buf_puts(t->out, row[i]);
            owed = 0;
        }
        owed += (t->right[i] ? 0 : widths[i] - width) + 2;
    }
    hy_buf_putc(t->out, '\n');
}

void hy_table_print(const struct hy_table *t)
{
    size_t widths[HY_TABLE_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < t->count; i++) {
        size_t width = hy_text_width(t->cells[i]);

        if (width > widths[i % t->columns])
            widths[i % t->columns] = width;
    }
    for (size_t i = 0; i + t->columns <= t->count; i += t->columns)
        print_row(t, t->cells + i, widths);
}
