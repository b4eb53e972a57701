/*
 * Arbitrary bytes are a template's text, a value of every type, and data for the template. What was
 * read keeps to its limits, violations are clean text, and whatever was cut passes the check.
 */
#include "base/err.h"
#include "domain/template.h"
#include "domain/template_rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hy_arena arena;

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void expect_clean(const char *text)
{
    expect(hy_template_is_utf8(text));
    while (*text)
        expect(!hy_template_is_control(hy_template_next(&text)));
}

static void expect_told_well(const struct hy_violations *v)
{
    for (size_t i = 0; i < v->count; i++) {
        expect_clean(v->items[i].field);
        expect_clean(v->items[i].message);
        expect(v->items[i].rule[0] && v->items[i].message[0]);
    }
}

static bool passes(const struct hy_template_field *field, const char *value)
{
    struct hy_violations v;

    hy_violations_init(&v, &arena);
    hy_template_check_value(field, value, &v, "data.f");
    expect_told_well(&v);
    return !hy_violations_any(&v);
}

static void try_value(const char *value)
{
    for (int type = 0; type < HY_TEMPLATE_TYPES; type++) {
        struct hy_template_field field = {.key = "f", .type = (enum hy_template_type)type};
        bool passed = passes(&field, value);
        const char *cut = hy_template_cut(field.type, value, &arena);

        expect(!passed || (value[0] && hy_template_is_utf8(value)));
        if (!cut)
            continue;
        expect(hy_template_is_utf8(cut) && passes(&field, cut));
        expect(!passed || strcmp(cut, value) == 0);
    }
}

static void try_fields(const struct hy_template_field *fields, size_t count, const json_t *data)
{
    struct hy_violations v;

    expect(count >= 1 && count <= HY_TEMPLATE_FIELDS_MAX);
    for (size_t i = 0; i < count; i++) {
        expect(strlen(fields[i].key) < HY_TEMPLATE_KEY_BYTES);
        expect(hy_template_is_utf8(fields[i].label));
        expect(fields[i].type == hy_template_type_of(fields[i].key));
    }
    hy_violations_init(&v, &arena);
    hy_template_check(fields, count, data, &v);
    expect_told_well(&v);
}

/* What follows the first NUL is the data, if it is JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_template_field *fields;
    const char *text;
    size_t count, length;
    json_t *json = NULL;

    hy_arena_reset(&arena);
    text = hy_arena_memdup(&arena, data, size);
    length = strlen(text);
    if (length < size)
        json = hy_json_parse(text + length + 1, size - length - 1, NULL, 0);
    try_value(text);
    if (hy_template_parse(text, &arena, &fields, &count) == 0)
        try_fields(fields, count, json);
    json_decref(json);
    return 0;
}
