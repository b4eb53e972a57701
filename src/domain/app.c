#include "domain/app.h"

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
};

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
    {0}};

/* The value of one field, whatever its type here. */
static json_t *value_of(const struct hy_app_settings *settings, const struct hy_json_field *field)
{
    const char *at = (const char *)settings + field->offset;

    if (field->type == HY_JSON_ENUM)
        return json_string(field->choices[*(const int *)(const void *)at]);
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
