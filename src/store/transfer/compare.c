#include "store/transfer/compare.h"

#include "base/err.h"

#include <string.h>

/* One figure may have many rows; those of one name belong together. */
struct asking {
    struct hy_comparison *c;
    size_t first; /* of its lines */
    bool of_target;
    bool failed;
};

static struct hy_transfer_line *add_line(struct hy_comparison *c, const char *what)
{
    struct hy_transfer_line *line;

    if (c->count == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 128;
        struct hy_transfer_line *larger =
            (struct hy_transfer_line *)hy_arena_array(c->arena, capacity, sizeof *larger);

        if (!larger)
            return NULL;
        if (c->count > 0)
            memcpy(larger, c->lines, c->count * sizeof *larger);
        c->lines = larger;
        c->capacity = capacity;
    }
    line = &c->lines[c->count];
    *line = (struct hy_transfer_line){.what = hy_arena_strdup(c->arena, what)};
    if (!line->what)
        return NULL;
    c->count++;
    return line;
}

static struct hy_transfer_line *find_line(const struct asking *a, const char *what)
{
    for (size_t i = a->first; i < a->c->count; i++)
        if (strcmp(a->c->lines[i].what, what) == 0)
            return &a->c->lines[i];
    return NULL;
}

static void note(const char *what, int64_t number, void *arg)
{
    struct asking *a = (struct asking *)arg;
    struct hy_transfer_line *line = find_line(a, what);

    if (!line)
        line = add_line(a->c, what);
    a->failed = a->failed || !line;
    if (line && a->of_target)
        line->to = number;
    else if (line)
        line->from = number;
}

static int ask_both(struct hy_comparison *c, const char *from, const char *to)
{
    struct asking a = {.c = c, .first = c->count};
    int r = from && to ? hy_source_figures(c->source, from, note, &a) : HY_E_NOMEM;

    if (r < 0)
        return r;
    a.of_target = true;
    r = hy_target_figures(c->target, to, c->arena, note, &a);
    c->target_failed = r < 0;
    for (size_t i = a.first; i < c->count; i++)
        c->differences += c->lines[i].from != c->lines[i].to;
    return r < 0 ? r : a.failed ? HY_E_NOMEM : 0;
}

/* --- rows of tables --------------------------------------------------------------------------- */

/* What the file has under several keys is one row there. Two rows of hy_transfer_tables may fill one table:
 * they are compared with the second. */
static const char *count_from(struct hy_comparison *c, const struct hy_transfer_table *t)
{
    const char *sum = "0";

    if (t->unique)
        return hy_arena_printf(c->arena, "SELECT '%s', count(*) FROM (SELECT DISTINCT %s FROM %s)",
                               t->title, t->unique, t->from);
    for (const struct hy_transfer_table *other = hy_transfer_tables; other <= t && sum; other++)
        if (strcmp(other->into, t->into) == 0)
            sum = hy_arena_printf(c->arena, "%s + (SELECT count(*) FROM %s)", sum, other->from);
    return sum ? hy_arena_printf(c->arena, "SELECT '%s', %s", t->title, sum) : NULL;
}

static bool is_filled_again(const struct hy_transfer_table *t)
{
    for (const struct hy_transfer_table *other = t + 1; other->title; other++)
        if (strcmp(other->into, t->into) == 0)
            return true;
    return false;
}

static int compare_table(struct hy_comparison *c, const struct hy_transfer_table *t)
{
    const char *to =
        hy_arena_printf(c->arena, "SELECT '%s', count(*) FROM \"%s\"%s", t->title, t->into,
                        strcmp(t->into, "meta") == 0 ? " WHERE name <> 'transfer'" : "");

    return ask_both(c, count_from(c, t), to);
}

int hy_transfer_compare(struct hy_comparison *c)
{
    int r = 0;

    for (const struct hy_transfer_table *t = hy_transfer_tables; r == 0 && t->title; t++)
        if (!is_filled_again(t))
            r = compare_table(c, t);
    for (const struct hy_transfer_figure *f = hy_transfer_figures; r == 0 && f->from; f++)
        r = ask_both(c, f->from, f->to ? f->to : f->from);
    return r;
}
