/* hongyan node: the processes that share the store. */
#include "cli/client.h"
#include "cli/view.h"

static const struct hy_column columns[] = {
    {.title = "id", .path = "id"},
    {.title = "name", .path = "name"},
    {.title = "version", .path = "version"},
    {.title = "schema", .path = "schema", .right = true},
    {.title = "apps", .path = "apps", .right = true},
    {.title = "webhooks", .path = "webhooks", .right = true},
    {.title = "accepts/s", .path = "report.accepts_per_s", .right = true},
    {.title = "sends/s", .path = "report.sends_per_s", .right = true},
    {.title = "in flight", .path = "report.in_flight", .right = true},
    {.title = "beat ms ago", .path = "beat_age_ms", .right = true},
    {.title = "started", .path = "started_at"},
    {0}};

const struct hy_command hy_commands_node[] = {
    {.group = "node",
     .name = "list",
     .summary = "list the nodes that live, and how much each one does",
     .details = "With --json also which node sends for which app and tells which webhook.",
     .method = "GET",
     .path = "/v1/nodes",
     .columns = columns},
    {0}};
