/* hongyan schedule: messages and broadcasts by cron expression, and the server's own jobs. */
#include "cli/client.h"
#include "cli/table.h"
#include "cli/view.h"

#define TIMING                                                                                     \
    {.name = "timezone", .field = "timezone", .value = "ZONE", .help = "as in Asia/Shanghai"},     \
        {.name = "misfire",                                                                        \
         .field = "misfire",                                                                       \
         .value = "skip|once|all",                                                                 \
         .help = "what becomes of runs that were due while the server was down"},                  \
    {                                                                                              \
        .name = "max-late-s", .type = HY_OPTION_INT, .field = "max_late_s", .value = "S",          \
        .min = 0, .max = 31622400, .help = "a run that is later than that is skipped (0: none)"    \
    }

static const struct hy_option add_options[] = {
    {.name = "app", .field = "app", .value = "ID", .required = true, .help = "who sends"},
    {.name = "name", .field = "name", .required = true, .help = "what it is called"},
    {.name = "cron",
     .field = "cron",
     .value = "EXPR",
     .required = true,
     .help = "five fields: minute hour day month weekday"},
    {.name = "message",
     .type = HY_OPTION_JSON,
     .field = "message",
     .help = "the message as for POST /v1/messages, without app; @FILE reads a file"},
    {.name = "broadcast",
     .type = HY_OPTION_JSON,
     .field = "broadcast",
     .help = "in place of a message: the broadcast as for POST /v1/broadcasts"},
    TIMING,
    {0}};

static const struct hy_option set_options[] = {
    {.name = "name", .field = "name", .help = "what it is called"},
    {.name = "cron", .field = "cron", .value = "EXPR", .help = "five fields"},
    {.name = "message",
     .type = HY_OPTION_JSON,
     .field = "message",
     .help = "the message, without app; @FILE reads a file"},
    {.name = "broadcast",
     .type = HY_OPTION_JSON,
     .field = "broadcast",
     .help = "the broadcast, in place of a message"},
    TIMING,
    {.name = "paused", .type = HY_OPTION_FLAG, .field = "paused", .help = "let it not run"},
    {0}};

static const struct hy_option next_options[] = {
    {.name = "cron", .field = "cron", .value = "EXPR", .required = true, .help = "five fields"},
    {.name = "timezone", .field = "timezone", .value = "ZONE", .help = "as in Asia/Shanghai"},
    {.name = "from",
     .type = HY_OPTION_INSTANT,
     .field = "from",
     .help = "runs strictly after this instant (default now)"},
    {.name = "n",
     .type = HY_OPTION_INT,
     .min = 1,
     .max = 1000,
     .field = "n",
     .help = "how many runs"},
    {0}};

static const struct hy_column columns[] = {
    {.title = "id", .path = "id"},
    {.title = "app", .path = "app"},
    {.title = "name", .path = "name"},
    {.title = "job", .path = "job", .single = true},
    {.title = "cron", .path = "cron"},
    {.title = "timezone", .path = "timezone"},
    {.title = "misfire", .path = "misfire"},
    {.title = "paused", .path = "paused"},
    {.title = "next run", .path = "next_run"},
    {.title = "last run", .path = "last_run"},
    {.title = "fired at", .path = "last_fired_at", .single = true},
    {.title = "last result", .path = "last_result"},
    {.title = "max late s", .path = "max_late_s", .single = true},
    {.title = "message", .path = "message", .single = true},
    {.title = "broadcast", .path = "broadcast", .single = true},
    {.title = "next runs", .path = "next_runs", .single = true},
    {0}};

static int show_runs(struct hy_cli *cli, const json_t *answer)
{
    const json_t *runs = json_object_get(answer, "runs");

    for (size_t i = 0; i < json_array_size(runs); i++)
        hy_buf_printf(&cli->out, "%s\n",
                      hy_text_clean(&cli->arena, json_string_value(json_array_get(runs, i))));
    return HY_EXIT_DONE;
}

const struct hy_command hy_commands_schedule[] = {
    {.group = "schedule",
     .name = "add",
     .summary = "send a message, or a broadcast, at the times of a cron expression",
     .options = add_options,
     .method = "POST",
     .path = "/v1/schedules",
     .columns = columns},
    {.group = "schedule",
     .name = "list",
     .summary = "list all schedules, the server's own jobs among them",
     .method = "GET",
     .path = "/v1/schedules",
     .columns = columns},
    {.group = "schedule",
     .name = "show",
     .operand = "ID",
     .summary = "show a schedule with its last and its next runs",
     .method = "GET",
     .path = "/v1/schedules/{}",
     .columns = columns},
    {.group = "schedule",
     .name = "set",
     .operand = "ID",
     .summary = "change or pause a schedule",
     .options = set_options,
     .method = "PATCH",
     .path = "/v1/schedules/{}",
     .columns = columns},
    {.group = "schedule",
     .name = "remove",
     .operand = "ID",
     .summary = "remove a schedule",
     .method = "DELETE",
     .path = "/v1/schedules/{}",
     .done = "removed"},
    {.group = "schedule",
     .name = "next",
     .summary = "when would an expression run?",
     .options = next_options,
     .method = "GET",
     .path = "/v1/schedules/next",
     .show = show_runs},
    {0}};
