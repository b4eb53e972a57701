#include "sim/form.h"

#include <stdlib.h>
#include <string.h>

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes in place; returns the new length. A "%" without two hex digits stands for itself. */
static size_t decode(char *text, size_t length)
{
    size_t to = 0;

    for (size_t i = 0; i < length; i++, to++) {
        if (text[i] == '+') {
            text[to] = ' ';
        } else if (text[i] == '%' && i + 2 < length && hex_of(text[i + 1]) >= 0 &&
                   hex_of(text[i + 2]) >= 0) {
            text[to] = (char)(hex_of(text[i + 1]) * 16 + hex_of(text[i + 2]));
            i += 2;
        } else {
            text[to] = text[i];
        }
    }
    return to;
}

static int add_to_list(json_t *object, const char *name, size_t length, json_t *value)
{
    json_t *had = json_object_getn(object, name, length);
    json_t *list;

    if (json_is_array(had))
        return json_array_append_new(had, value);
    list = json_array();
    if (had)
        json_array_append(list, had);
    json_array_append_new(list, value);
    return json_object_setn_new(object, name, length, list);
}

static int add(json_t *object, const char *name, size_t length, json_t *value)
{
    const char *bracket = memchr(name, '[', length);

    if (!value) /* it is not UTF-8, or memory is out */
        return -1;
    if (bracket && name[length - 1] == ']')
        return add_to_list(object, name, (size_t)(bracket - name), value);
    if (json_object_getn(object, name, length))
        return add_to_list(object, name, length, value);
    return json_object_setn_new(object, name, length, value);
}

static int read_pair(json_t *object, char *pair, size_t length)
{
    char *sign = memchr(pair, '=', length);
    size_t name_length = sign ? (size_t)(sign - pair) : length;
    char *value = sign ? sign + 1 : pair + length;
    size_t value_length = length - (size_t)(value - pair);

    name_length = decode(pair, name_length);
    value_length = decode(value, value_length);
    return name_length ? add(object, pair, name_length, json_stringn(value, value_length)) : 0;
}

json_t *hy_sim_form_read(const char *bytes, size_t size)
{
    json_t *object = json_object();
    char *text = malloc(size + 1), *at = text, *end = text ? text + size : NULL;
    bool ok = object && text;

    if (ok)
        memcpy(text, bytes, size);
    while (ok && at < end) {
        char *stop = memchr(at, '&', (size_t)(end - at));

        if (!stop)
            stop = end;
        ok = read_pair(object, at, (size_t)(stop - at)) == 0;
        at = stop + 1;
    }
    free(text);
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}
