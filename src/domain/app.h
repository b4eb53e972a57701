/*
 * app.h - one account on a platform, and its settings.
 */
#ifndef HY_DOMAIN_APP_H
#define HY_DOMAIN_APP_H

#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hy_token_mode { HY_TOKEN_STABLE, HY_TOKEN_CLASSIC };
extern const char *const hy_token_mode_names[]; /* "stable", "classic" */

/* What an operator may change at run time. The defaults are hy_app_settings_default. */
struct hy_app_settings {
    int token_mode;           /* enum hy_token_mode */
    bool legacy_intake;       /* takes POST /index/index/form_id */
    int64_t rate_per_s;       /* messages a second at most; 0 = no limit */
    int64_t max_in_flight;    /* requests under way at most */
    int64_t receipt_margin_s; /* a receipt is not used in its last so many seconds */
};

extern const struct hy_app_settings hy_app_settings_default;

/* How the settings stand in JSON: for requests, answers and the store alike. */
extern const struct hy_json_field hy_app_settings_fields[];

/* The settings as a new JSON object; null when out of memory. The caller owns it. */
json_t *hy_app_settings_json(const struct hy_app_settings *settings);

/* A sealed secret as the store keeps it; only the engine can open it. size 0 = not set. */
struct hy_sealed {
    const void *bytes;
    size_t size;
};

struct hy_app {
    int64_t no;           /* given by the store, never used again */
    const char *id;       /* "wx0000000000000001" */
    const char *platform; /* "wechat_mini" */
    const char *settings; /* compact JSON object */
    struct hy_sealed secret;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    int64_t deleted_at_ms; /* 0 = in use */
};

#endif
