/* hongyan app: accounts on a platform. */
#include "cli/client.h"

#define SETTINGS                                                                                   \
    {.name = "token-mode",                                                                         \
     .field = "token_mode",                                                                        \
     .value = "stable|classic",                                                                    \
     .help = "by which call of the platform tokens are fetched"},                                  \
        {.name = "legacy-intake",                                                                  \
         .type = HY_OPTION_FLAG,                                                                   \
         .field = "legacy_intake",                                                                 \
         .help = "take form_ids at /index/index/form_id, which has no key"},                       \
        {.name = "rate-per-s",                                                                     \
         .type = HY_OPTION_INT,                                                                    \
         .max = INT64_MAX,                                                                         \
         .field = "rate_per_s",                                                                    \
         .help = "messages a second at most, 0 = no limit"},                                       \
        {.name = "max-in-flight",                                                                  \
         .type = HY_OPTION_INT,                                                                    \
         .max = INT64_MAX,                                                                         \
         .field = "max_in_flight",                                                                 \
         .help = "requests to the platform under way at most"},                                    \
    {                                                                                              \
        .name = "receipt-margin-s", .type = HY_OPTION_INT, .max = INT64_MAX, .unit = "seconds",    \
        .field = "receipt_margin_s",                                                               \
        .help = "do not use a form_id or prepay_id this shortly before it expires"                 \
    }

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

static const struct hy_column columns[] = {
    {.title = "app", .path = "id"},
    {.title = "platform", .path = "platform"},
    {.title = "token mode", .path = "token_mode"},
    {.title = "legacy intake", .path = "legacy_intake"},
    {.title = "rate/s", .path = "rate_per_s", .right = true},
    {.title = "max in flight", .path = "max_in_flight", .right = true, .single = true},
    {.title = "receipt margin s", .path = "receipt_margin_s", .right = true, .single = true},
    {.title = "in flight", .path = "status.in_flight", .right = true},
    {.title = "paused until", .path = "status.paused_until"},
    {.title = "pause reason", .path = "status.pause_reason"},
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
     .name = "resume",
     .operand = "ID",
     .summary = "end the pause of an app (over its quota, wrong secret, ...)",
     .method = "POST",
     .path = "/v1/apps/{}/resume",
     .columns = columns},
    {0}};
