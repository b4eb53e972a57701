#include "cli/view.h"

#include "base/json.h"
#include "cli/table.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

const json_t *hy_view_find(const json_t *object, const char *path)
{
    char name[64];

    while (object && *path) {
        size_t size = strcspn(path, ".");

        if (size >= sizeof name)
            return NULL;
        memcpy(name, path, size);
        name[size] = 0;
        object = json_object_get(object, name);
        path += size + (path[size] == '.');
    }
    return json_is_null(object) ? NULL : object;
}

static const char *list_text(struct hy_arena *arena, const json_t *value)
{
    const char *text = "";

    for (size_t i = 0; i < json_array_size(value) && text; i++)
        text = hy_arena_printf(arena, "%s%s%s", text, i ? ", " : "",
                               hy_view_text(arena, json_array_get(value, i)));
    return text;
}

const char *hy_view_text(struct hy_arena *arena, const json_t *value)
{
    const char *text = NULL;

    if (json_is_string(value))
        text = json_string_value(value);
    else if (json_is_boolean(value))
        text = json_is_true(value) ? "yes" : "no";
    else if (json_is_integer(value))
        text = hy_arena_printf(arena, "%" PRId64, (int64_t)json_integer_value(value));
    else if (json_is_real(value))
        text = hy_arena_printf(arena, "%g", json_real_value(value));
    else if (json_is_array(value))
        text = list_text(arena, value);
    else if (json_is_object(value))
        text = hy_json_text(arena, value);
    return text ? text : "";
}

const char *hy_view_at(struct hy_arena *arena, const json_t *object, const char *path)
{
    return hy_view_text(arena, hy_view_find(object, path));
}

static const char *upper(struct hy_arena *arena, const char *text)
{
    char *copy = hy_arena_strdup(arena, text);

    for (char *at = copy; at && *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return copy;
}

void hy_view_list(struct hy_buf *out, struct hy_arena *arena, const json_t *items,
                  const struct hy_column *columns)
{
    const struct hy_column *shown[HY_TABLE_COLUMNS_MAX];
    struct hy_table table;
    size_t count = 0;

    for (const struct hy_column *c = columns; c->title && count < HY_TABLE_COLUMNS_MAX; c++) {
        if (!c->single)
            shown[count++] = c;
    }
    if (json_array_size(items) == 0) {
        hy_buf_puts(out, "none\n");
        return;
    }
    hy_table_init(&table, arena, out, count);
    for (size_t i = 0; i < count; i++) {
        table.right[i] = shown[i]->right;
        hy_table_add(&table, upper(arena, shown[i]->title));
    }
    for (size_t row = 0; row < json_array_size(items); row++) {
        for (size_t i = 0; i < count; i++)
            hy_table_add(&table, hy_view_at(arena, json_array_get(items, row), shown[i]->path));
    }
    hy_table_print(&table);
}

void hy_view_card(struct hy_buf *out, struct hy_arena *arena, const json_t *object,
                  const struct hy_column *columns)
{
    struct hy_table table;

    hy_table_init(&table, arena, out, 2);
    for (const struct hy_column *c = columns; c->title; c++) {
        const char *text = hy_view_at(arena, object, c->path);

        if (*text == 0)
            continue;
        hy_table_add(&table, c->title);
        hy_table_add(&table, text);
    }
    hy_table_print(&table);
}

void hy_view_answer(struct hy_buf *out, struct hy_arena *arena, const json_t *answer,
                    const struct hy_column *columns)
{
    const json_t *items = json_object_get(answer, "items");
    const char *next = json_string_value(json_object_get(answer, "next"));

    if (!items) {
        hy_view_card(out, arena, answer, columns);
        return;
    }
    hy_view_list(out, arena, items, columns);
    if (next)
        hy_buf_printf(out, "more: --after %s\n", hy_text_clean(arena, next));
}
