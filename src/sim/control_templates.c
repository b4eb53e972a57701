/* Templates of an app, both kinds. */
#include "net/httpd.h"
#include "sim/control.h"
#include "sim/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct template_want {
    const char *appid, *title;
    json_t *type, *keywords;
};

static const struct hy_json_field template_fields[] = {
    {.name = "appid",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct template_want, appid),
     .required = true},
    {.name = "title",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct template_want, title),
     .required = true},
    {.name = "type",
     .type = HY_JSON_VALUE,
     .offset = offsetof(struct template_want, type),
     .required = true},
    {.name = "keywords",
     .type = HY_JSON_ARRAY,
     .offset = offsetof(struct template_want, keywords),
     .required = true,
     .min = 1,
     .max = 20},
    {0}};

struct keyword_want {
    const char *key, *label;
    json_t *choices;
};

static const struct hy_json_field keyword_fields[] = {
    {.name = "key",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct keyword_want, key),
     .required = true,
     .max = 64},
    {.name = "label",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct keyword_want, label),
     .required = true,
     .max = 256},
    {.name = "enum",
     .type = HY_JSON_ARRAY,
     .offset = offsetof(struct keyword_want, choices),
     .min = 1,
     .max = 100},
    {0}};

/* 2, 3 or "legacy"; -1 after a fault. */
static int read_type(struct hy_sim_control *c, const json_t *type)
{
    const char *text = json_string_value(type);

    if (json_is_integer(type) && json_integer_value(type) == HY_SIM_TEMPLATE_ONCE)
        return HY_SIM_TEMPLATE_ONCE;
    if (json_is_integer(type) && json_integer_value(type) == HY_SIM_TEMPLATE_ALWAYS)
        return HY_SIM_TEMPLATE_ALWAYS;
    if (text && strcmp(text, "legacy") == 0)
        return HY_SIM_TEMPLATE_LEGACY;
    if (type)
        hy_violations_add(c->faults, "type", "one_of", "2, 3, \"legacy\"", NULL,
                          "type must be 2 (one-time), 3 (long-term) or \"legacy\".");
    return -1;
}

static bool legacy_key_ok(const char *key)
{
    static const char word[] = "keyword";
    long number;
    char *end;

    if (strncmp(key, word, sizeof word - 1) != 0 || key[sizeof word - 1] == '0')
        return false;
    number = strtol(key + sizeof word - 1, &end, 10);
    return *end == 0 && number >= 1 && number <= 10;
}

static void read_keyword(struct hy_sim_control *c, const json_t *object, int type,
                         struct hy_sim_keyword *keyword)
{
    struct keyword_want want = {0};

    hy_json_read(object, keyword_fields, &want, c->faults);
    if (!want.key)
        return;
    if (type == HY_SIM_TEMPLATE_LEGACY && !legacy_key_ok(want.key))
        hy_violations_add(c->faults, "key", "pattern", "keyword1..keyword10", NULL,
                          "A legacy template has the keys keyword1 to keyword10.");
    if (type > 0 && !hy_sim_field_key_ok(want.key))
        hy_violations_add(c->faults, "key", "pattern", NULL, NULL,
                          "A key is a type of the platform and a number, such as thing1.");
    if (strncmp(want.key, "enum_string", 11) == 0 && !want.choices)
        hy_violations_add(c->faults, "enum", "required", NULL, NULL,
                          "enum, the list of values, is required for this type.");
    keyword->key = hy_sim_control_keep(c, want.key);
    keyword->label = hy_sim_control_keep(c, want.label);
    keyword->choices = want.choices ? hy_sim_control_texts(c, "enum", want.choices) : NULL;
}

static void refuse_twins(struct hy_sim_control *c, const struct hy_sim_keyword *keywords,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(keywords[i].key, keywords[k].key) == 0) {
                hy_violations_add(c->faults, "keywords", "unique", NULL, NULL,
                                  "The key %s is given twice.", keywords[i].key);
                return;
            }
        }
    }
}

static const struct hy_sim_keyword *read_keywords(struct hy_sim_control *c, const json_t *array,
                                                  int type)
{
    size_t count = json_array_size(array);
    struct hy_sim_keyword *keywords =
        hy_arena_array(&c->sim->arena, count ? count : 1, sizeof *keywords);
    char prefix[32];

    if (!keywords) {
        hy_sim_control_no_memory(c);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(prefix, sizeof prefix, "keywords[%zu].", i);
        c->faults->prefix = prefix;
        read_keyword(c, json_array_get(array, i), type, &keywords[i]);
    }
    c->faults->prefix = NULL;
    if (!hy_violations_any(c->faults))
        refuse_twins(c, keywords, count);
    return keywords;
}

void hy_sim_control_templates_add(struct hy_sim_control *c)
{
    struct template_want want = {0};
    const struct hy_sim_keyword *keywords;
    struct hy_sim_template *tpl;
    struct hy_sim_app *app;
    const char *title;
    int type;

    hy_json_read(c->body, template_fields, &want, c->faults);
    app = hy_sim_control_app(c, want.appid);
    type = read_type(c, want.type);
    keywords = read_keywords(c, want.keywords, type);
    title = hy_sim_control_keep(c, want.title);
    if (hy_violations_any(c->faults))
        return;
    tpl = hy_sim_template_add(c->sim, app, type, title, keywords, json_array_size(want.keywords));
    if (tpl)
        hy_buf_printf(c->out, "{\"template_id\":\"%s\"}", tpl->id);
    else
        hy_sim_control_no_memory(c);
}

static void put_template(struct hy_buf *out, const struct hy_sim_template *tpl)
{
    hy_buf_printf(out, "{\"template_id\":\"%s\",\"title\":", tpl->id);
    hy_sim_put_text(out, tpl->title);
    if (tpl->type == HY_SIM_TEMPLATE_LEGACY)
        hy_buf_puts(out, ",\"type\":\"legacy\",\"keywords\":[");
    else
        hy_buf_printf(out, ",\"type\":%d,\"keywords\":[", tpl->type);
    for (size_t i = 0; i < tpl->keyword_count; i++) {
        hy_buf_puts(out, i ? ",{\"key\":" : "{\"key\":");
        hy_sim_put_text(out, tpl->keywords[i].key);
        hy_buf_puts(out, ",\"label\":");
        hy_sim_put_text(out, tpl->keywords[i].label);
        hy_buf_putc(out, '}');
    }
    hy_buf_puts(out, "]}");
}

void hy_sim_control_templates_list(struct hy_sim_control *c)
{
    const struct hy_sim_app *app = hy_sim_control_app(c, hy_httpd_query(c->req, "appid"));
    bool first = true;

    hy_buf_puts(c->out, "{\"templates\":[");
    for (const struct hy_sim_template *t = app ? app->templates : NULL; t; t = t->next) {
        if (t->deleted)
            continue;
        if (!first)
            hy_buf_putc(c->out, ',');
        put_template(c->out, t);
        first = false;
    }
    hy_buf_puts(c->out, "]}");
}
