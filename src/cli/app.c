/* hongyan app: accounts on a platform. */
#include "cli/client.h"

#define NUMBER(flag, of, what, says)                                                               \
    {                                                                                              \
        .name = flag, .type = HY_OPTION_INT, .max = INT64_MAX, .unit = what, .field = of,          \
        .help = says                                                                               \
    }

/* clang-format off */
#define SETTINGS                                                                                   \
    {.name = "token-mode", .field = "token_mode", .value = "stable|classic",                       \
     .help = "by which call of the platform tokens are fetched"},                                  \
    {.name = "legacy-intake", .type = HY_OPTION_FLAG, .field = "legacy_intake",                    \
     .help = "take form_ids at /index/index/form_id, which has no key"},                           \
    NUMBER("rate-per-s", "rate_per_s", NULL, "messages a second at most, 0 = no limit"),           \
    NUMBER("max-in-flight", "max_in_flight", NULL,                                                 \
           "requests to the platform under way at most"),                                          \
    NUMBER("receipt-margin-s", "receipt_margin_s", "seconds",                                      \
           "do not use a form_id or prepay_id this shortly before it expires"),                    \
    NUMBER("suspect-retry-s", "suspect_retry_s", "seconds",                                        \
           "when a permission that was refused though it should be good is tried again"),          \
    NUMBER("unknown-settle-s", "unknown_settle_s", "seconds",                                      \
           "how long a lost answer waits for the platform's event"),                               \
    NUMBER("accept-window-s", "accept_window_s", "seconds",                                        \
           "two sources that tell an accept so close together mean the same tap"),                 \
    {.name = "callback-token-file", .type = HY_OPTION_SECRET, .field = "callback_token",           \
     .help = "the Token of the message push: the file whose first line it is, - for standard "     \
             "input"},                                                                             \
    {.name = "callback-aes-key-file", .type = HY_OPTION_SECRET, .field = "callback_aes_key",       \
     .help = "its EncodingAESKey, likewise"},                                                      \
    {.name = "callback-mode", .field = "callback_mode", .value = "auto|plain|compatible|safe",     \
     .help = "the weakest form in which callbacks are taken; auto: safe with an EncodingAESKey"},  \
    NUMBER("callback-max-age-s", "callback_max_age_s", "seconds",                                  \
           "refuse older callbacks, 0 = of any age; repeated ones are harmless"),                  \
    NUMBER("client-rate-per-min", "client_rate_per_min", NULL,                                     \
           "requests of mini-program pages a minute from one address"),                            \
    NUMBER("session-ttl-s", "session_ttl_s", "seconds", "how long a page's session is good for"),  \
    {.name = "quiet-hours", .field = "quiet_hours", .value = "HH:MM-HH:MM",                        \
     .help = "only what is urgent goes in these hours; \"\" for none"},                            \
    {.name = "timezone", .field = "timezone", .value = "ZONE",                                     \
     .help = "the IANA name of the quiet hours' time zone; Asia/Shanghai unless set"},             \
    {.name = "caps", .type = HY_OPTION_JSON, .field = "caps",                                      \
     .help = "how many messages a user gets: [{\"max\":3,\"window_s\":86400}], [] for any"}
/* clang-format on */

static const struct hy_option add_options[] = {
    {.name = "secret-file",
     .type = HY_OPTION_SECRET,
     .field = "secret",
     .required = true,
     .help = "the file whose first line is the AppSecret, - for standard input"},
    {.name = "platform", .field = "platform", .help = "wechat_mini, which is also the default"},
    SETTINGS,
    {0}};

static const struct hy_option set_options[] = {
    {.name = "secret-file",
     .type = HY_OPTION_SECRET,
     .field = "secret",
     .help = "a new AppSecret: the file whose first line it is, - for standard input"},
    SETTINGS,
    {0}};

static const struct hy_option pause_options[] = {
    {.name = "until",
     .type = HY_OPTION_INSTANT,
     .field = "until",
     .help = "go on at this instant (default: when it is resumed)"},
    {0}};

static const struct hy_column columns[] = {
    {.title = "app", .path = "id"},
    {.title = "platform", .path = "platform"},
    {.title = "token mode", .path = "token_mode"},
    {.title = "legacy intake", .path = "legacy_intake"},
    {.title = "rate/s", .path = "rate_per_s", .right = true},
    {.title = "max in flight", .path = "max_in_flight", .right = true, .single = true},
    {.title = "receipt margin s", .path = "receipt_margin_s", .right = true, .single = true},
    {.title = "callback", .path = "callback.configured"},
    {.title = "callback encrypted", .path = "callback.encrypted", .single = true},
    {.title = "callback path", .path = "callback.url", .single = true},
    {.title = "callback mode", .path = "callback_mode", .single = true},
    {.title = "callback max age s", .path = "callback_max_age_s", .right = true, .single = true},
    {.title = "suspect retry s", .path = "suspect_retry_s", .right = true, .single = true},
    {.title = "unknown settle s", .path = "unknown_settle_s", .right = true, .single = true},
    {.title = "accept window s", .path = "accept_window_s", .right = true, .single = true},
    {.title = "client rate/min", .path = "client_rate_per_min", .right = true, .single = true},
    {.title = "session s", .path = "session_ttl_s", .right = true, .single = true},
    {.title = "quiet hours", .path = "quiet_hours", .single = true},
    {.title = "time zone", .path = "timezone", .single = true},
    {.title = "caps", .path = "caps", .single = true},
    {.title = "in flight", .path = "status.in_flight", .right = true},
    {.title = "paused until", .path = "status.paused_until"},
    {.title = "pause reason", .path = "status.pause_reason"},
    {.title = "subscribe window",
     .path = "channels.subscribe.window",
     .right = true,
     .single = true},
    {.title = "subscribe pause", .path = "channels.subscribe.pause_reason", .single = true},
    {.title = "template window", .path = "channels.template.window", .right = true, .single = true},
    {.title = "template pause", .path = "channels.template.pause_reason", .single = true},
    {.title = "quiet until", .path = "quiet_until", .single = true},
    {.title = "token until", .path = "status.token.expires_at"},
    {.title = "token error", .path = "status.token.error"},
    {.title = "token calls today", .path = "status.token.calls_today", .single = true},
    {.title = "token calls max", .path = "status.token.calls_max", .single = true},
    {.title = "created", .path = "created_at", .single = true},
    {.title = "updated", .path = "updated_at", .single = true},
    {0}};

const struct hy_command hy_commands_app[] = {
    {.group = "app",
     .name = "add",
     .operand = "ID",
     .summary = "add an app; its secret comes from a file and is sealed at rest",
     .options = add_options,
     .method = "POST",
     .path = "/v1/apps",
     .operand_field = "id",
     .columns = columns},
    {.group = "app",
     .name = "list",
     .summary = "list all apps",
     .method = "GET",
     .path = "/v1/apps",
     .columns = columns},
    {.group = "app",
     .name = "show",
     .operand = "ID",
     .summary = "show an app with its settings, its pauses and its token's state",
     .method = "GET",
     .path = "/v1/apps/{}",
     .columns = columns},
    {.group = "app",
     .name = "set",
     .operand = "ID",
     .summary = "change settings of an app, at once",
     .options = set_options,
     .method = "PATCH",
     .path = "/v1/apps/{}",
     .columns = columns},
    {.group = "app",
     .name = "remove",
     .operand = "ID",
     .summary = "remove an app; what was sent stays on record",
     .method = "DELETE",
     .path = "/v1/apps/{}",
     .done = "removed"},
    {.group = "app",
     .name = "pause",
     .operand = "ID",
     .summary = "send nothing for an app, until an instant or until it is resumed",
     .options = pause_options,
     .method = "POST",
     .path = "/v1/apps/{}/pause",
     .columns = columns},
    {.group = "app",
     .name = "resume",
     .operand = "ID",
     .summary = "end the pause of an app (by hand, over its quota, wrong secret, ...)",
     .method = "POST",
     .path = "/v1/apps/{}/resume",
     .columns = columns},
    {0}};
