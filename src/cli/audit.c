/* hongyan audit: who changed what. */
#include "cli/client.h"

static const struct hy_option list_options[] = {
    {.name = "action",
     .field = "action",
     .value = "WORD",
     .help = "this action, or those whose name begins so"},
    {.name = "subject", .field = "subject", .value = "ID", .help = "done to this"},
    {.name = "limit",
     .type = HY_OPTION_INT,
     .min = 1,
     .max = 1000,
     .field = "limit",
     .help = "how many at most"},
    {.name = "after", .field = "after", .value = "CURSOR", .help = "go on where a list ended"},
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
