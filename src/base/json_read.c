/* Reading an object by a table of its fields, and what is said of a value that is not as it should be. */
#include "base/json.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 48 };
    size_t row[LONGEST + 1], a_length = strlen(a), b_length = strlen(b);

    if (a_length > LONGEST || b_length > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t drop = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = change < drop ? change : drop;
        }
    }
    return row[b_length];
}

const char *hy_nearest_name(const char *name, const char *const *names)
{
    const char *nearest = NULL;
    size_t best = strlen(name) / 3 + 2;

    for (; *names; names++) {
        size_t distance = edit_distance(name, *names);

        if (distance < best) {
            best = distance;
            nearest = *names;
        }
    }
    return nearest;
}

static const char *type_name(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "object",  [JSON_ARRAY] = "array", [JSON_STRING] = "text",
        [JSON_INTEGER] = "number", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
        [JSON_FALSE] = "boolean",  [JSON_NULL] = "null"};
    return names[json_typeof(value)];
}

void hy_json_wrong_type(struct hy_violations *v, const char *field, const char *wanted,
                        const json_t *value)
{
    hy_violations_add(v, field, "type", wanted, type_name(value), "%s must be %s, not %s.", field,
                      wanted, type_name(value));
}

static void read_text(const struct hy_json_field *f, const json_t *value, void *slot,
                      struct hy_violations *v)
{
    size_t max = f->max ? (size_t)f->max : 1024, min = f->min ? (size_t)f->min : 1;
    size_t length = json_string_length(value);
    char limit[24], actual[24];

    if (!json_is_string(value)) {
        hy_json_wrong_type(v, f->name, "text", value);
        return;
    }
    if (length >= min && length <= max) {
        *(const char **)slot = hy_arena_memdup(v->arena, json_string_value(value), length);
        return;
    }
    snprintf(actual, sizeof actual, "%zu", length);
    if (length == 0) {
        hy_violations_add(v, f->name, "not_empty", "1", "0", "%s must not be empty.", f->name);
    } else if (length < min) {
        snprintf(limit, sizeof limit, "%zu", min);
        hy_violations_add(v, f->name, "min_length", limit, actual,
                          "%s must have at least %zu bytes; it has %zu.", f->name, min, length);
    } else {
        snprintf(limit, sizeof limit, "%zu", max);
        hy_violations_add(v, f->name, "max_length", limit, actual,
                          "%s may have at most %zu bytes; it has %zu.", f->name, max, length);
    }
}

static void read_int(const struct hy_json_field *f, const json_t *value, void *slot,
                     struct hy_violations *v)
{
    int64_t number = json_integer_value(value);
    char limit[48], actual[24];

    if (!json_is_integer(value)) {
        hy_json_wrong_type(v, f->name, "a whole number", value);
        return;
    }
    if ((f->min || f->max) && (number < f->min || number > f->max)) {
        snprintf(limit, sizeof limit, "%lld..%lld", (long long)f->min, (long long)f->max);
        snprintf(actual, sizeof actual, "%lld", (long long)number);
        hy_violations_add(v, f->name, "range", limit, actual, "%s must be %lld to %lld; it is %s.",
                          f->name, (long long)f->min, (long long)f->max, actual);
        return;
    }
    *(int64_t *)slot = number;
}

static void read_bool(const struct hy_json_field *f, const json_t *value, void *slot,
                      struct hy_violations *v)
{
    if (json_is_boolean(value))
        *(bool *)slot = json_is_true(value);
    else
        hy_json_wrong_type(v, f->name, "true or false", value);
}

static void read_instant(const struct hy_json_field *f, const json_t *value, void *slot,
                         struct hy_violations *v)
{
    static const json_int_t last_second = 253402300799; /* 9999-12-31T23:59:59Z */
    int64_t ms;

    if (json_is_integer(value) && json_integer_value(value) > 0 &&
        json_integer_value(value) <= last_second) {
        *(int64_t *)slot = json_integer_value(value) * 1000;
    } else if (json_is_string(value) && hy_instant_parse(json_string_value(value), &ms) == 0 &&
               ms > 0) { /* 0 means none, and would be taken for a field that is not there */
        *(int64_t *)slot = ms;
    } else {
        hy_violations_add(v, f->name, "instant", "RFC 3339 or Unix seconds", NULL,
                          "%s must be an RFC 3339 time such as 2026-03-01T08:00:00+08:00, or Unix "
                          "seconds as a number.",
                          f->name);
    }
}

static void read_enum(const struct hy_json_field *f, const json_t *value, void *slot,
                      struct hy_violations *v)
{
    const char *text = json_string_value(value);
    char allowed[256] = "";
    size_t used = 0;

    if (!text) {
        hy_json_wrong_type(v, f->name, "text", value);
        return;
    }
    for (int i = 0; f->choices[i]; i++) {
        if (strcmp(f->choices[i], text) == 0) {
            *(int *)slot = i;
            return;
        }
        used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s", i ? ", " : "",
                                 f->choices[i]);
    }
    hy_violations_add(v, f->name, "one_of", allowed, NULL, "%s must be one of %s.", f->name,
                      allowed);
}

static void read_value(const struct hy_json_field *f, json_t *value, void *slot,
                       struct hy_violations *v)
{
    size_t count = json_array_size(value);
    char limit[48], actual[24];

    if (f->type == HY_JSON_OBJECT && !json_is_object(value)) {
        hy_json_wrong_type(v, f->name, "an object", value);
        return;
    }
    if (f->type == HY_JSON_ARRAY && !json_is_array(value)) {
        hy_json_wrong_type(v, f->name, "an array", value);
        return;
    }
    if (f->type == HY_JSON_ARRAY &&
        (count < (size_t)f->min || (f->max && count > (size_t)f->max))) {
        snprintf(limit, sizeof limit, "%lld..%lld", (long long)f->min, (long long)f->max);
        snprintf(actual, sizeof actual, "%zu", count);
        hy_violations_add(v, f->name, "items", limit, actual, "%s must have %s items; it has %s.",
                          f->name, limit, actual);
        return;
    }
    *(json_t **)slot = value;
}

static void read_field(const struct hy_json_field *f, json_t *value, void *slot,
                       struct hy_violations *v)
{
    switch (f->type) {
    case HY_JSON_TEXT: read_text(f, value, slot, v); break;
    case HY_JSON_INT: read_int(f, value, slot, v); break;
    case HY_JSON_BOOL: read_bool(f, value, slot, v); break;
    case HY_JSON_INSTANT: read_instant(f, value, slot, v); break;
    case HY_JSON_ENUM: read_enum(f, value, slot, v); break;
    case HY_JSON_VALUE:
    case HY_JSON_OBJECT:
    case HY_JSON_ARRAY: read_value(f, value, slot, v); break;
    case HY_JSON_OWN: f->own->read(f, value, slot, v); break;
    }
}

static void refuse_unknown(const char *key, const struct hy_json_field *fields,
                           struct hy_violations *v)
{
    const char *names[HY_JSON_FIELDS_MAX + 1] = {0};
    const char *nearest;
    char shown[64];
    size_t length = 60;

    for (size_t i = 0; fields[i].name; i++)
        names[i] = fields[i].name;
    nearest = hy_nearest_name(key, names);
    while (strlen(key) > length && ((unsigned char)key[length] & 0xc0) == 0x80)
        length--; /* not inside a character: the answer must stay UTF-8 */
    snprintf(shown, sizeof shown, "%.*s", (int)length, key);
    if (nearest)
        hy_violations_add(v, shown, "unknown_field", NULL, NULL,
                          "There is no field %s; did you mean %s?", shown, nearest);
    else
        hy_violations_add(v, shown, "unknown_field", NULL, NULL, "There is no field %s.", shown);
}

uint32_t hy_json_read(const json_t *object, const struct hy_json_field *fields, void *target,
                      struct hy_violations *v)
{
    uint32_t present = 0;
    const char *key;
    json_t *value;

    if (!object) { /* there was no memory for it */
        v->unkept++;
        return 0;
    }
    if (!json_is_object(object)) {
        hy_violations_add(v, "", "type", "an object", type_name(object),
                          "An object is expected here, not %s.", type_name(object));
        return 0;
    }
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;

        /* The first letter tells most names apart, without a call. */
        while (fields[i].name && (fields[i].name[0] != key[0] || strcmp(fields[i].name, key) != 0))
            i++;
        if (!fields[i].name) {
            refuse_unknown(key, fields, v);
        } else if (!json_is_null(value)) {
            present |= 1u << i;
            read_field(&fields[i], value, (char *)target + fields[i].offset, v);
        }
    }
    for (size_t i = 0; fields[i].name; i++) {
        if (fields[i].required && !(present & (1u << i)))
            hy_violations_add(v, fields[i].name, "required", NULL, NULL, "%s is required.",
                              fields[i].name);
    }
    return present;
}

uint32_t hy_json_read_item(const json_t *item, const char *name, size_t index,
                           const struct hy_json_field *fields, void *target,
                           struct hy_violations *v)
{
    const char *before = v->prefix;
    uint32_t present;

    v->prefix = hy_arena_printf(v->arena, "%s%s.%zu.", before ? before : "", name, index);
    if (!v->prefix) {
        v->prefix = before;
        v->unkept++;
        return 0;
    }
    present = hy_json_read(item, fields, target, v);
    v->prefix = before;
    return present;
}
