/*
 * The description of the API and the table of routes say the same, in both directions.
 */
#include "api/openapi.h"
#include "api/routes.h"
#include "domain/key.h"
#include "tap.h"

#include <ctype.h>
#include <string.h>

static json_t *document;

static const char *const methods[] = {"get", "post", "put", "patch", "delete", NULL};

static const char *lower(const char *method)
{
    for (int i = 0; methods[i]; i++)
        if (strcasecmp(methods[i], method) == 0)
            return methods[i];
    return "";
}

static json_t *operation(const char *path, const char *method)
{
    return json_object_get(json_object_get(json_object_get(document, "paths"), path),
                           lower(method));
}

static void it_is_one_object(void)
{
    CHECK_INT(strlen(hy_api_openapi_json), hy_api_openapi_json_size);
    CHECK(json_is_object(document));
    CHECK_TEXT(json_string_value(json_object_get(json_object_get(document, "info"), "version")),
               HY_VERSION);
}

static void every_route_is_described(void)
{
    int count = 0;

    for (const struct hy_route *r = hy_api_routes; r->method; r++, count++)
        if (!operation(r->pattern, r->method))
            hy_tap_fail(__FILE__, __LINE__, "%s %s is not described", r->method, r->pattern);
    CHECK(count > 20);
}

static bool has_route(const char *path, const char *method)
{
    for (const struct hy_route *r = hy_api_routes; r->method; r++)
        if (strcmp(r->pattern, path) == 0 && strcasecmp(r->method, method) == 0)
            return true;
    return false;
}

static void every_description_has_a_route(void)
{
    const char *path;
    json_t *item;

    json_object_foreach(json_object_get(document, "paths"), path,
                        item) for (int i = 0; methods[i];
                                   i++) if (json_object_get(item, methods[i]) &&
                                            !has_route(path, methods[i]))
        hy_tap_fail(__FILE__, __LINE__, "%s %s has no route", methods[i], path);
}

static unsigned scope_bits(const json_t *names)
{
    unsigned bits = 0;

    for (size_t i = 0; i < json_array_size(names); i++)
        for (unsigned k = 0; hy_scope_names[k]; k++)
            if (strcmp(json_string_value(json_array_get(names, i)), hy_scope_names[k]) == 0)
                bits |= 1u << k;
    return bits;
}

static void scopes_are_the_same(void)
{
    for (const struct hy_route *r = hy_api_routes; r->method; r++) {
        const struct hy_api_rule *rule = r->data;
        const json_t *scopes = json_object_get(operation(r->pattern, r->method), "x-scopes");

        if (!json_is_array(scopes) || scope_bits(scopes) != rule->scopes)
            hy_tap_fail(__FILE__, __LINE__, "scopes of %s %s differ", r->method, r->pattern);
    }
}

static bool describes(const json_t *parameters, const char *name)
{
    for (size_t i = 0; i < json_array_size(parameters); i++) {
        const json_t *item = json_array_get(parameters, i);
        const char *in = json_string_value(json_object_get(item, "in"));
        const char *found = json_string_value(json_object_get(item, "name"));

        if (in && strcmp(in, "query") == 0 && strcmp(found, name) == 0)
            return true;
    }
    return false;
}

static void query_parameters_are_described(void)
{
    for (const struct hy_route *r = hy_api_routes; r->method; r++) {
        const struct hy_api_rule *rule = r->data;
        const json_t *parameters = json_object_get(operation(r->pattern, r->method), "parameters");

        for (const struct hy_json_field *f = rule->query; f && f->name; f++)
            if (!describes(parameters, f->name))
                hy_tap_fail(__FILE__, __LINE__, "%s %s: %s is not described", r->method, r->pattern,
                            f->name);
    }
}

int main(void)
{
    document = json_loads(hy_api_openapi_json, JSON_REJECT_DUPLICATES, NULL);
    RUN(it_is_one_object);
    RUN(every_route_is_described);
    RUN(every_description_has_a_route);
    RUN(scopes_are_the_same);
    RUN(query_parameters_are_described);
    json_decref(document);
    return hy_tap_end();
}
