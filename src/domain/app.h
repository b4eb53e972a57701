/*
 * app.h - one account on a platform, and its settings.
 */
#ifndef HY_DOMAIN_APP_H
#define HY_DOMAIN_APP_H

#include "base/json.h"
#include "domain/queue.h"
#include "domain/quiet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hy_token_mode { HY_TOKEN_STABLE, HY_TOKEN_CLASSIC };
extern const char *const hy_token_mode_names[]; /* "stable", "classic" */

/* How WeChat's callbacks must come at least. AUTO: safe when there is an AES key, else plain. */
enum hy_callback_mode {
    HY_CALLBACK_AUTO,
    HY_CALLBACK_PLAIN,
    HY_CALLBACK_COMPATIBLE,
    HY_CALLBACK_SAFE
};
extern const char *const hy_callback_mode_names[]; /* "auto", "plain", "compatible", "safe" */

/* What an operator may change at run time. The defaults are hy_app_settings_default. */
struct hy_app_settings {
    int token_mode;           /* enum hy_token_mode */
    bool legacy_intake;       /* takes POST /index/index/form_id */
    int64_t rate_per_s;       /* messages a second at most; 0 = no limit */
    int64_t max_in_flight;    /* requests under way at most */
    int64_t receipt_margin_s; /* a receipt is not used in its last so many seconds */
    int64_t suspect_retry_s;  /* after a refusal that may be wrong: how much later to try again */
    int64_t unknown_settle_s; /* how long a lost answer waits for the platform's event */
    int64_t accept_window_s;  /* two sources that tell an accept so close together mean the same */
    int callback_mode;        /* enum hy_callback_mode */
    int64_t callback_max_age_s;  /* older callbacks are refused; 0 = not by age */
    int64_t client_rate_per_min; /* requests of mini-program pages, from one address */
    int64_t session_ttl_s;       /* how long a page's session is good for */
    struct hy_quiet quiet_hours; /* in `timezone`; "" = none */
    char timezone[HY_ZONE_NAME_BYTES];
    struct hy_cap caps[HY_CAPS_MAX];
    int64_t cap_count;
};

extern const struct hy_app_settings hy_app_settings_default;

/* Whether they can act: adds a fault when there is no such time zone. What is stored was checked
 * when it came, and is read back whatever has become of the zone's file since. */
void hy_app_settings_check(const struct hy_app_settings *settings, struct hy_violations *v);

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
    struct hy_sealed callback; /* {"token":"...","aes_key":"..."}; either may be missing */
    int64_t created_at_ms;
    int64_t updated_at_ms;
    int64_t deleted_at_ms; /* 0 = in use */
};

#endif
