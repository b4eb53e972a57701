#include "api/form.h"

#include "api/utf8.h"
#include "base/err.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        return (c | 32) - 'a' + 10;
    return -1;
}

/* In place; the result is never longer. */
static int decode(char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < size ? hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return HY_E_INVALID;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c)
            return HY_E_INVALID;
        text[used++] = c;
    }
    text[used] = 0;
    return hy_utf8_ok(text, used) ? 0 : HY_E_INVALID;
}

static int read_field(struct hy_arena *arena, const char *at, size_t size,
                      struct hy_form_field *ret_field)
{
    const char *equals = memchr(at, '=', size);
    size_t name_size = equals ? (size_t)(equals - at) : size;
    size_t value_size = equals ? size - name_size - 1 : 0;
    char *name = hy_arena_memdup(arena, at, name_size);
    char *value = hy_arena_memdup(arena, equals ? equals + 1 : at, value_size);

    if (!name || !value)
        return HY_E_NOMEM;
    if (decode(name, name_size) || decode(value, value_size))
        return HY_E_INVALID;
    *ret_field = (struct hy_form_field){name, value};
    return 0;
}

int hy_form_parse(struct hy_arena *arena, const char *bytes, size_t size, struct hy_form *ret_form)
{
    struct hy_form form = {0};
    size_t at = 0;

    if (size > HY_FORM_BYTES_MAX)
        return HY_E_LIMIT;
    form.fields = hy_arena_array(arena, HY_FORM_FIELDS_MAX, sizeof *form.fields);
    if (!form.fields)
        return HY_E_NOMEM;
    while (at < size) {
        const char *end = memchr(bytes + at, '&', size - at);
        size_t piece = end ? (size_t)(end - (bytes + at)) : size - at;
        int err = 0;

        if (piece && form.count == HY_FORM_FIELDS_MAX)
            return HY_E_LIMIT;
        if (piece)
            err = read_field(arena, bytes + at, piece, &form.fields[form.count++]);
        if (err)
            return err;
        at += piece + 1;
    }
    *ret_form = form;
    return 0;
}

const char *hy_form_get(const struct hy_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    return NULL;
}
