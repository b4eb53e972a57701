#include "base/violation.h"

void hy_violations_init(struct hy_violations *v, struct hy_arena *arena)
{
    v->arena = arena;
    v->count = v->unkept = 0;
    v->prefix = NULL;
}

/* "[3]." + "user" -> "[3].user"; "[3]." + "" -> "[3]". */
static const char *full_field(struct hy_violations *v, const char *field)
{
    char *path = hy_arena_printf(v->arena, "%s%s", v->prefix ? v->prefix : "", field);
    size_t length = 0;

    while (path && path[length])
        length++;
    if (length && path[length - 1] == '.')
        path[length - 1] = 0;
    return path;
}

void hy_violations_add(struct hy_violations *v, const char *field, const char *rule,
                       const char *limit, const char *actual, const char *format, ...)
{
    struct hy_violation item;
    va_list args;

    if (v->count == HY_VIOLATIONS_MAX) {
        v->unkept++;
        return;
    }
    item.field = full_field(v, field);
    item.rule = hy_arena_strdup(v->arena, rule);
    item.limit = hy_arena_strdup(v->arena, limit);
    item.actual = hy_arena_strdup(v->arena, actual);
    va_start(args, format);
    item.message = hy_arena_vprintf(v->arena, format, args);
    va_end(args);
    if (!item.field || !item.rule || !item.message) {
        v->unkept++; /* out of memory: still a refusal */
        return;
    }
    v->items[v->count++] = item;
}
