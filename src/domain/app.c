#include "domain/app.h"

const char *const hy_token_mode_names[] = {"stable", "classic", NULL};

const struct hy_app_settings hy_app_settings_default = {
    .token_mode = HY_TOKEN_STABLE,
    .max_in_flight = 32,
    .receipt_margin_s = 86400,
};

#define AT(field) offsetof(struct hy_app_settings, field)

const struct hy_json_field hy_app_settings_fields[] = {
    {.name = "token_mode",
     .type = HY_JSON_ENUM,
     .offset = AT(token_mode),
     .choices = hy_token_mode_names},
    {.name = "legacy_intake", .type = HY_JSON_BOOL, .offset = AT(legacy_intake)},
    {.name = "rate_per_s", .type = HY_JSON_INT, .offset = AT(rate_per_s), .max = 100000},
    {.name = "max_in_flight",
     .type = HY_JSON_INT,
     .offset = AT(max_in_flight),
     .min = 1,
     .max = 1000},
    {.name = "receipt_margin_s",
     .type = HY_JSON_INT,
     .offset = AT(receipt_margin_s),
     .max = 604799},
    {0}};

json_t *hy_app_settings_json(const struct hy_app_settings *s)
{
    return json_pack("{s:s, s:b, s:I, s:I, s:I}", "token_mode", hy_token_mode_names[s->token_mode],
                     "legacy_intake", (int)s->legacy_intake, "rate_per_s",
                     (json_int_t)s->rate_per_s, "max_in_flight", (json_int_t)s->max_in_flight,
                     "receipt_margin_s", (json_int_t)s->receipt_margin_s);
}
