#include "api/query.h"

#include "api/problem.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

const struct hy_json_field hy_query_none[] = {{0}};

static bool is_integer(const char *text)
{
    const char *digits = text + (*text == '-');
    size_t count = strspn(digits, "0123456789");

    return count > 0 && count <= 18 && digits[count] == 0;
}

/* "2026-03-01T08:00:00 08:00": the blank was a "+". */
static json_t *instant_value(const char *text)
{
    enum { OFFSET_CHARS = 6 };
    size_t size = strlen(text);
    json_t *value = json_string(text);
    char *copy;

    if (size < 20 || text[size - OFFSET_CHARS] != ' ')
        return value;
    copy = strdup(text);
    if (copy) {
        copy[size - OFFSET_CHARS] = '+';
        json_string_set(value, copy);
    }
    free(copy);
    return value;
}

json_t *hy_query_value(const struct hy_json_field *field, const char *text)
{
    enum hy_json_type type = field ? field->type : HY_JSON_TEXT;

    if ((type == HY_JSON_INT || type == HY_JSON_INSTANT) && is_integer(text))
        return json_integer(strtoll(text, NULL, 10));
    if (type == HY_JSON_INSTANT)
        return instant_value(text);
    if (type == HY_JSON_BOOL && strcmp(text, "true") == 0)
        return json_true();
    if (type == HY_JSON_BOOL && strcmp(text, "false") == 0)
        return json_false();
    return json_string(text);
}

static const struct hy_json_field *find(const struct hy_json_field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

struct reading {
    struct hy_call *call;
    const struct hy_json_field *fields;
    json_t *object;
    bool failed;
};

static void add(const char *name, const char *value, void *arg)
{
    struct reading *r = arg;
    json_t *item;

    if (json_object_get(r->object, name)) {
        hy_violations_add(&r->call->v, name, "duplicate", NULL, NULL, "%.60s is given twice.",
                          name);
        return;
    }
    item = hy_query_value(find(r->fields, name), value);
    if (json_object_set_new(r->object, name, item) != 0)
        r->failed = true;
}

bool hy_query_read(struct hy_call *call, const struct hy_json_field *fields, void *target)
{
    HY_JSON_SCOPED json_t *object = json_object();
    struct reading r = {.call = call, .fields = fields, .object = object, .failed = !object};

    if (object)
        hy_httpd_each_query(call->req, add, &r);
    if (hy_call_failed(call, r.failed ? HY_E_NOMEM : 0))
        return false;
    hy_json_read(object, fields, target, &call->v);
    return !hy_call_refused(call);
}

static void look(const char *name, const char *value, void *arg)
{
    struct reading *r = arg;
    const char *names[HY_JSON_FIELDS_MAX + 1] = {0};
    const char *nearest;

    if (find(r->fields, name))
        return;
    for (size_t i = 0; r->fields[i].name; i++)
        names[i] = r->fields[i].name;
    nearest = hy_nearest_name(name, names);
    if (nearest)
        hy_violations_add(&r->call->v, name, "unknown_parameter", NULL, NULL,
                          "There is no query parameter %.60s; did you mean %s?", name, nearest);
    else
        hy_violations_add(&r->call->v, name, "unknown_parameter", NULL, NULL,
                          "There is no query parameter %.60s here.", name);
}

bool hy_query_names_ok(struct hy_call *call, const struct hy_json_field *fields)
{
    struct reading r = {.call = call, .fields = fields};

    hy_httpd_each_query(call->req, look, &r);
    return !hy_call_refused(call);
}
