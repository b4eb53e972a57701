#include "domain/app.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

const char *const hy_token_mode_names[] = {"stable", "classic", NULL};
const char *const hy_callback_mode_names[] = {"auto", "plain", "compatible", "safe", NULL};

const struct hy_app_settings hy_app_settings_default = {
    .token_mode = HY_TOKEN_STABLE,
    .max_in_flight = 32,
    .receipt_margin_s = 86400,
    .suspect_retry_s = 6 * 3600,
    .unknown_settle_s = 600,
    .accept_window_s = 60,
    .callback_mode = HY_CALLBACK_AUTO,
    .client_rate_per_min = 600,
    .session_ttl_s = 7200,
    .timezone = "Asia/Shanghai",
};

/* --- settings that are more than a number or a word ------------------------------------------- */

static void read_quiet(const struct hy_json_field *field, const json_t *value, void *slot,
                       struct hy_violations *v)
{
    const char *text = json_string_value(value);

    if (!text)
        hy_json_wrong_type(v, field->name, "text", value);
    else if (hy_quiet_parse(text, slot) != 0)
        hy_violations_add(v, field->name, "quiet_hours", "HH:MM-HH:MM", NULL,
                          "%s must be two different times of the day such as 22:00-08:00, or empty "
                          "for none.",
                          field->name);
}

static json_t *print_quiet(const void *slot)
{
    char text[HY_QUIET_TEXT_BYTES];

    return json_string(hy_quiet_print(slot, text));
}

static void read_zone(const struct hy_json_field *field, const json_t *value, void *slot,
                      struct hy_violations *v)
{
    const char *text = json_string_value(value);

    if (!text)
        hy_json_wrong_type(v, field->name, "text", value);
    else if (!*text || strlen(text) >= HY_ZONE_NAME_BYTES)
        hy_violations_add(v, field->name, "timezone", NULL, NULL,
                          "%s must be the IANA name of a time zone such as Asia/Shanghai.",
                          field->name);
    else
        snprintf(slot, HY_ZONE_NAME_BYTES, "%s", text);
}

static json_t *print_zone(const void *slot)
{
    return json_string(slot);
}

void hy_app_settings_check(const struct hy_app_settings *settings, struct hy_violations *v)
{
    struct hy_zone *zone;
    int err = hy_zone_open(settings->timezone, &zone);

    if (!err)
        hy_zone_close(zone);
    else if (err == HY_E_INVALID)
        hy_violations_add(v, "timezone", "timezone", NULL, settings->timezone,
                          "There is no time zone %s; give an IANA name such as Asia/Shanghai.",
                          settings->timezone);
    else if (err == HY_E_NOMEM)
        v->unkept++; /* no fault of the input */
    else
        hy_violations_add(v, "timezone", "timezone", NULL, settings->timezone,
                          "The time zone %s cannot be read on this machine: %s.",
                          settings->timezone, hy_err_text(err));
}

struct cap_body {
    const char *template_id;
    int64_t max, window_s;
};

static const struct hy_json_field cap_fields[] = {{.name = "template",
                                                   .type = HY_JSON_TEXT,
                                                   .offset = offsetof(struct cap_body, template_id),
                                                   .max = HY_CAP_TEXT_BYTES - 1},
                                                  {.name = "max",
                                                   .type = HY_JSON_INT,
                                                   .offset = offsetof(struct cap_body, max),
                                                   .required = true,
                                                   .min = 1,
                                                   .max = 1000},
                                                  {.name = "window_s",
                                                   .type = HY_JSON_INT,
                                                   .offset = offsetof(struct cap_body, window_s),
                                                   .required = true,
                                                   .min = 60,
                                                   .max = HY_CAP_WINDOW_MAX_S},
                                                  {0}};

static struct hy_cap read_cap(const struct hy_json_field *field, const json_t *value, size_t index,
                              struct hy_violations *v)
{
    struct cap_body body = {.template_id = ""};
    struct hy_cap cap = {0};

    hy_json_read_item(value, field->name, index, cap_fields, &body, v);
    if (body.template_id)
        snprintf(cap.template_id, sizeof cap.template_id, "%s", body.template_id);
    cap.max = body.max;
    cap.window_s = body.window_s;
    return cap;
}

/* `slot` is the settings. All caps are replaced, or with a fault none. */
static void read_caps(const struct hy_json_field *field, const json_t *value, void *slot,
                      struct hy_violations *v)
{
    struct hy_app_settings *settings = slot;
    struct hy_cap caps[HY_CAPS_MAX] = {0};
    size_t count = json_array_size(value), faults = v->count + v->unkept;
    char limit[8], actual[24];

    if (!json_is_array(value)) {
        hy_json_wrong_type(v, field->name, "an array", value);
        return;
    }
    if (count > HY_CAPS_MAX) {
        snprintf(limit, sizeof limit, "%d", HY_CAPS_MAX);
        snprintf(actual, sizeof actual, "%zu", count);
        hy_violations_add(v, field->name, "items", limit, actual,
                          "%s may have at most %s items; it has %s.", field->name, limit, actual);
        return;
    }
    for (size_t i = 0; i < count; i++)
        caps[i] = read_cap(field, json_array_get(value, i), i, v);
    if (v->count + v->unkept > faults)
        return;
    memcpy(settings->caps, caps, sizeof caps);
    settings->cap_count = (int64_t)count;
}

static json_t *print_cap(const struct hy_cap *cap)
{
    json_t *object =
        json_pack("{s:I, s:I}", "max", (json_int_t)cap->max, "window_s", (json_int_t)cap->window_s);

    if (object && cap->template_id[0])
        json_object_set_new(object, "template", json_string(cap->template_id));
    return object;
}

static json_t *print_caps(const void *slot)
{
    const struct hy_app_settings *settings = slot;
    json_t *array = json_array();

    for (int64_t i = 0; array && i < settings->cap_count; i++) {
        if (json_array_append_new(array, print_cap(&settings->caps[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static const struct hy_json_own own_quiet = {read_quiet, print_quiet},
                                own_zone = {read_zone, print_zone},
                                own_caps = {read_caps, print_caps};

/* --- the table -------------------------------------------------------------------------------- */

#define WORD(field, names)                                                                         \
    {                                                                                              \
        .name = #field, .type = HY_JSON_ENUM, .offset = offsetof(struct hy_app_settings, field),   \
        .choices = names                                                                           \
    }
#define NUMBER(field, least, most)                                                                 \
    {                                                                                              \
        .name = #field, .type = HY_JSON_INT, .offset = offsetof(struct hy_app_settings, field),    \
        .min = least, .max = most                                                                  \
    }

const struct hy_json_field hy_app_settings_fields[] = {
    WORD(token_mode, hy_token_mode_names),
    {.name = "legacy_intake",
     .type = HY_JSON_BOOL,
     .offset = offsetof(struct hy_app_settings, legacy_intake)},
    NUMBER(rate_per_s, 0, 100000),
    NUMBER(max_in_flight, 1, 1000),
    NUMBER(receipt_margin_s, 0, 604799),
    NUMBER(suspect_retry_s, 1, 2592000),
    NUMBER(unknown_settle_s, 1, 86400),
    NUMBER(accept_window_s, 0, 3600),
    WORD(callback_mode, hy_callback_mode_names),
    NUMBER(callback_max_age_s, 0, 604800),
    NUMBER(client_rate_per_min, 1, 1000000),
    NUMBER(session_ttl_s, 60, 86400),
    {.name = "quiet_hours",
     .type = HY_JSON_OWN,
     .offset = offsetof(struct hy_app_settings, quiet_hours),
     .own = &own_quiet},
    {.name = "timezone",
     .type = HY_JSON_OWN,
     .offset = offsetof(struct hy_app_settings, timezone),
     .own = &own_zone},
    {.name = "caps", .type = HY_JSON_OWN, .own = &own_caps}, /* slot: the settings */
    {0}};

/* The value of one field, whatever its type here. */
static json_t *value_of(const struct hy_app_settings *settings, const struct hy_json_field *field)
{
    const char *at = (const char *)settings + field->offset;

    if (field->type == HY_JSON_ENUM)
        return json_string(field->choices[*(const int *)(const void *)at]);
    if (field->type == HY_JSON_OWN)
        return field->own->print(at);
    if (field->type == HY_JSON_BOOL)
        return json_boolean(*(const bool *)(const void *)at);
    return json_integer(*(const int64_t *)(const void *)at);
}

json_t *hy_app_settings_json(const struct hy_app_settings *settings)
{
    json_t *object = json_object();

    for (const struct hy_json_field *f = hy_app_settings_fields; object && f->name; f++) {
        if (json_object_set_new(object, f->name, value_of(settings, f)) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
