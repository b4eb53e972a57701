/* hongyan audit: who changed what. */
#include "cli/client.h"

static const struct hy_option list_options[] = {
    {.name = "action",
     .field = "action",
     .value = "WORD",
     .help = "this action, or those whose name begins so"},
    {.name = "subject", .field = "subject", .value = "ID", .help = "done to this"},
    HY_LIMIT_OPTION,
    HY_AFTER_OPTION,
    {0}};

static const struct hy_column columns[] = {{.title = "at", .path = "at"},
                                           {.title = "who", .path = "who"},
                                           {.title = "address", .path = "address"},
                                           {.title = "action", .path = "action"},
                                           {.title = "subject", .path = "subject"},
                                           {.title = "detail", .path = "detail"},
                                           {0}};

const struct hy_command hy_commands_audit[] = {{.group = "audit",
                                                .name = "list",
                                                .summary = "list changes, newest first",
                                                .options = list_options,
                                                .method = "GET",
                                                .path = "/v1/audit",
                                                .columns = columns},
                                               {0}};
