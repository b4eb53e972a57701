#include "domain/template.h"

#include "base/err.h"
#include "domain/template_rules.h"

#include <stdio.h>
#include <string.h>

const char *const hy_template_type_names[] = {
    [HY_TEMPLATE_UNKNOWN] = "unknown",
    [HY_TEMPLATE_THING] = "thing",
    [HY_TEMPLATE_SHORT_THING] = "short_thing",
    [HY_TEMPLATE_CONST] = "const",
    [HY_TEMPLATE_NUMBER] = "number",
    [HY_TEMPLATE_LETTER] = "letter",
    [HY_TEMPLATE_SYMBOL] = "symbol",
    [HY_TEMPLATE_CHARACTER_STRING] = "character_string",
    [HY_TEMPLATE_TIME] = "time",
    [HY_TEMPLATE_DATE] = "date",
    [HY_TEMPLATE_AMOUNT] = "amount",
    [HY_TEMPLATE_PHONE_NUMBER] = "phone_number",
    [HY_TEMPLATE_CAR_NUMBER] = "car_number",
    [HY_TEMPLATE_NAME] = "name",
    [HY_TEMPLATE_PHRASE] = "phrase",
    [HY_TEMPLATE_ENUM] = "enum_string",
    [HY_TEMPLATE_KEYWORD] = "keyword",
    [HY_TEMPLATE_TYPES] = NULL,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

enum hy_template_type hy_template_type_of(const char *key)
{
    size_t length = strlen(key), name = length;

    while (name > 0 && is_digit(key[name - 1]))
        name--;
    if (name == length)
        return HY_TEMPLATE_UNKNOWN;
    if (name == 4 && strncmp(key, "enum", 4) == 0)
        return HY_TEMPLATE_ENUM;
    for (int type = 0; type < HY_TEMPLATE_TYPES; type++) {
        if (strlen(hy_template_type_names[type]) == name &&
            strncmp(key, hy_template_type_names[type], name) == 0)
            return (enum hy_template_type)type;
    }
    return HY_TEMPLATE_UNKNOWN;
}

/* --- reading a template's text ---------------------------------------------------------------- */

/* What is read: from `at`, up to `end`, the end of the line. */
struct span {
    const char *at, *end;
};

static bool drop_start(struct span *s, const char *mark)
{
    size_t length = strlen(mark);

    if ((size_t)(s->end - s->at) < length || memcmp(s->at, mark, length) != 0)
        return false;
    s->at += length;
    return true;
}

static bool drop_end(struct span *s, const char *mark)
{
    size_t length = strlen(mark);

    if ((size_t)(s->end - s->at) < length || memcmp(s->end - length, mark, length) != 0)
        return false;
    s->end -= length;
    return true;
}

static const char *const blanks[] = {" ", "\t", "\r", "\u00a0", "　", NULL};

static void trim(struct span *s, bool (*drop)(struct span *s, const char *mark))
{
    for (size_t i = 0; blanks[i];)
        i = drop(s, blanks[i]) ? 0 : i + 1;
}

static struct span label_of(struct span s)
{
    trim(&s, drop_start);
    trim(&s, drop_end);
    if (drop_end(&s, ":") || drop_end(&s, "："))
        trim(&s, drop_end);
    return s;
}

static bool read_key(struct span *s, struct span *ret_key)
{
    *ret_key = (struct span){s->at, s->at};
    if (s->at == s->end || !is_letter(*s->at))
        return false;
    while (s->at < s->end && (is_letter(*s->at) || is_digit(*s->at) || *s->at == '_'))
        s->at++;
    ret_key->end = s->at;
    return ret_key->end - ret_key->at < HY_TEMPLATE_KEY_BYTES;
}

/* Behind the opening braces; moves behind the closing ones. */
static bool read_mark(struct span *s, struct span *ret_key)
{
    trim(s, drop_start);
    if (!read_key(s, ret_key) || !drop_start(s, ".DATA"))
        return false;
    trim(s, drop_start);
    return drop_start(s, "}}");
}

static const struct hy_template_field *find(const struct hy_template_field *fields, size_t count,
                                            const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    }
    return NULL;
}

static int add_field(struct span label, struct span key, struct hy_arena *arena,
                     struct hy_template_field *fields, size_t *count)
{
    struct hy_template_field *f = &fields[*count];

    if (*count == HY_TEMPLATE_FIELDS_MAX)
        return HY_E_LIMIT;
    f->key = hy_arena_memdup(arena, key.at, (size_t)(key.end - key.at));
    f->label = hy_arena_memdup(arena, label.at, (size_t)(label.end - label.at));
    if (!f->key || !f->label)
        return HY_E_NOMEM;
    if (find(fields, *count, f->key))
        return HY_E_INVALID;
    f->type = hy_template_type_of(f->key);
    (*count)++;
    return 0;
}

static int read_line(struct span line, struct hy_arena *arena, struct hy_template_field *fields,
                     size_t *count)
{
    int r = 0;

    while (r == 0) {
        const char *open = memmem(line.at, (size_t)(line.end - line.at), "{{", 2);
        struct span label = {line.at, open}, key;

        if (!open)
            return 0;
        line.at = open + 2;
        if (!read_mark(&line, &key))
            return HY_E_INVALID;
        r = add_field(label_of(label), key, arena, fields, count);
    }
    return r;
}

int hy_template_parse(const char *content, struct hy_arena *arena,
                      struct hy_template_field **ret_fields, size_t *ret_count)
{
    struct hy_template_field *fields;
    size_t count = 0;
    int r = 0;

    if (strnlen(content, HY_TEMPLATE_TEXT_BYTES) == HY_TEMPLATE_TEXT_BYTES)
        return HY_E_LIMIT;
    if (!hy_template_is_utf8(content))
        return HY_E_INVALID;
    fields = hy_arena_array(arena, HY_TEMPLATE_FIELDS_MAX, sizeof *fields);
    if (!fields)
        return HY_E_NOMEM;
    while (r == 0 && *content) {
        const char *end = content + strcspn(content, "\n");

        r = read_line((struct span){content, end}, arena, fields, &count);
        content = end + (*end == '\n');
    }
    if (r == 0 && count == 0)
        r = HY_E_INVALID;
    if (r < 0)
        return r;
    *ret_fields = fields;
    *ret_count = count;
    return 0;
}

/* --- data against fields ---------------------------------------------------------------------- */

enum { SHOWN_KEY_BYTES = 64, PATH_BYTES = SHOWN_KEY_BYTES + 8 };

/* A key as it may be repeated in an answer: not long, no control characters. */
static void show_key(const char *key, char into[SHOWN_KEY_BYTES])
{
    size_t used = 0;

    while (*key) {
        const char *start = key;
        bool control = hy_template_is_control(hy_template_next(&key));
        size_t length = control ? 1 : (size_t)(key - start);

        if (used + length >= SHOWN_KEY_BYTES)
            break;
        memcpy(into + used, control ? "?" : start, length);
        used += length;
    }
    into[used] = '\0';
}

static void refuse_unknown(const char *key, const struct hy_template_field *fields, size_t count,
                           struct hy_violations *v)
{
    const char **names = hy_arena_array(v->arena, count + 1, sizeof *names), *nearest = NULL;
    const char *list = NULL;
    char shown[SHOWN_KEY_BYTES], path[PATH_BYTES];

    for (size_t i = 0; names && i < count; i++) {
        names[i] = fields[i].key;
        list = list ? hy_arena_printf(v->arena, "%s, %s", list, names[i]) : names[i];
    }
    if (names)
        nearest = hy_nearest_name(key, names);
    show_key(key, shown);
    snprintf(path, sizeof path, "data.%s", shown);
    if (nearest)
        hy_violations_add(v, path, "unknown_field", list, shown,
                          "The template has no field %s; did you mean %s?", shown, nearest);
    else
        hy_violations_add(v, path, "unknown_field", list, shown, "The template has no field %s.",
                          shown);
}

static void check_item(const struct hy_template_field *field, const json_t *item,
                       struct hy_violations *v)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "data.%s", field->key);
    if (json_is_object(item))
        item = json_object_get(item, "value");
    if (!item || json_is_null(item))
        hy_violations_add(v, path, "required", NULL, NULL, "%s is required by the template.", path);
    else if (!json_is_string(item))
        hy_violations_add(v, path, "type", "text", NULL, "%s must be text, in quotes.", path);
    else
        hy_template_check_value(field, json_string_value(item), v, path);
}

void hy_template_check(const struct hy_template_field *fields, size_t count, const json_t *data,
                       struct hy_violations *v)
{
    const char *key;
    json_t *item;

    if (!json_is_object(data)) {
        hy_violations_add(v, "data", "type", "an object", NULL,
                          "data must be an object of the template's fields.");
        return;
    }
    for (size_t i = 0; i < count; i++)
        check_item(&fields[i], json_object_get(data, fields[i].key), v);
    json_object_foreach((json_t *)data, key, item)
    {
        if (!find(fields, count, key))
            refuse_unknown(key, fields, count, v);
    }
}
