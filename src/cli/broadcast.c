/* hongyan broadcast: one message to many users. */
#include "cli/broadcast.h"

#include "base/json.h"
#include "cli/table.h"
#include "cli/view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct hy_option create_options[] = {
    {.name = "app", .field = "app", .value = "ID", .required = true, .help = "who sends"},
    {.name = "template",
     .field = "template",
     .value = "ID",
     .required = true,
     .help = "the template's id"},
    {.name = "name", .field = "name", .help = "what it is called, for people"},
    {.name = "data",
     .type = HY_OPTION_JSON,
     .field = "data",
     .help = "the fields: {\"keyword1\":\"text\",...}; @FILE reads a file"},
    {.name = "reach",
     .type = HY_OPTION_FLAG,
     .help = "to everybody who gave a permission for the template; starts at once, or --at"},
    {.name = "audience",
     .type = HY_OPTION_JSON,
     .field = "audience",
     .help = "to these: {\"users\":[...]}; without it and --reach it is a draft"},
    {.name = "at",
     .type = HY_OPTION_INSTANT,
     .field = "send_at",
     .help = "when to start (default at once)"},
    {.name = "rate-per-s",
     .type = HY_OPTION_INT,
     .field = "rate_per_s",
     .min = 1,
     .max = 100000,
     .help = "at most so many a second (default as many as the app may)"},
    {.name = "page", .field = "page", .value = "PATH", .help = "what a tap opens, with query"},
    {.name = "emphasis", .field = "emphasis", .value = "KEY", .help = "the enlarged field"},
    {.name = "miniprogram-state",
     .field = "miniprogram_state",
     .value = "developer|trial|formal",
     .help = "which version a tap opens"},
    {.name = "lang", .field = "lang", .value = "zh_CN", .help = "language of the card"},
    {.name = "extra",
     .type = HY_OPTION_JSON,
     .field = "extra",
     .help = "more members for the platform: {\"name\":...}"},
    {.name = "expires-at",
     .type = HY_OPTION_INSTANT,
     .field = "expires_at",
     .help = "not to be sent after this"},
    {.name = "on-missing",
     .field = "on_missing",
     .value = "fail|wait|try",
     .help = "when a user has given no permission"},
    {.name = "policy",
     .field = "policy",
     .value = "at_most_once|at_least_once",
     .help = "when the platform's answer was lost"},
    {.name = "urgent",
     .type = HY_OPTION_FLAG,
     .field = "urgent",
     .help = "in quiet hours, past caps, and before others"},
    {.name = "repair",
     .field = "repair",
     .value = "reject|cut",
     .help = "what becomes of a value that is too long"},
    {.name = "tag", .field = "tag", .help = "your own mark, to list messages by"},
    {.name = "key",
     .field = "key",
     .help = "your own key: the same key and broadcast again is not made again"},
    {0}};

static const struct hy_option list_options[] = {
    {.name = "app", .field = "app", .value = "ID", .help = "of this app"},
    HY_LIMIT_OPTION,
    HY_AFTER_OPTION,
    {0}};

static const struct hy_option wait_options[] = {
    {.name = "wait", .type = HY_OPTION_FLAG, .help = "follow it until it is done"}, {0}};

static const struct hy_option upload_options[] = {
    {.name = "csv",
     .type = HY_OPTION_FLAG,
     .help = "FILE is a table (default when its name ends with .csv)"},
    {.name = "columns",
     .value = "openid,thing1,...",
     .help = "what a table's columns are called, when no first line says so"},
    {0}};

static const char *const failed_states[] = {"failed", "expired", "unknown", NULL};

static const struct hy_option failed_options[] = {{.name = "state",
                                                   .type = HY_OPTION_CHOICE,
                                                   .choices = failed_states,
                                                   .field = "state",
                                                   .help = "only these"},
                                                  {0}};

static const struct hy_column columns[] = {
    {.title = "id", .path = "id"},
    {.title = "app", .path = "app", .single = true},
    {.title = "name", .path = "name"},
    {.title = "schedule", .path = "schedule", .single = true},
    {.title = "template", .path = "template", .single = true},
    {.title = "data", .path = "data", .single = true},
    {.title = "page", .path = "page", .single = true},
    {.title = "tag", .path = "tag", .single = true},
    {.title = "state", .path = "state"},
    {.title = "reason", .path = "reason", .single = true},
    {.title = "total", .path = "total", .right = true},
    {.title = "queued", .path = "queued", .right = true},
    {.title = "sent", .path = "sent", .right = true},
    {.title = "delivered", .path = "delivered", .right = true, .single = true},
    {.title = "failed", .path = "failed", .right = true},
    {.title = "unknown", .path = "unknown", .right = true},
    {.title = "waiting", .path = "waiting", .right = true},
    {.title = "expired", .path = "expired", .right = true, .single = true},
    {.title = "canceled", .path = "canceled", .right = true, .single = true},
    {.title = "duplicates", .path = "duplicates", .right = true, .single = true},
    {.title = "rate per s", .path = "rate_per_s", .right = true, .single = true},
    {.title = "eta", .path = "eta"},
    {.title = "quota until", .path = "quota_until", .single = true},
    {.title = "send at", .path = "send_at", .single = true},
    {.title = "expires at", .path = "expires_at", .single = true},
    {.title = "created", .path = "created_at"},
    {.title = "started", .path = "started_at", .single = true},
    {.title = "ended", .path = "ended_at", .single = true},
    {0}};

static const struct hy_column preview_columns[] = {
    {.title = "users", .path = "users"},
    {.title = "reachable", .path = "reachable"},
    {.title = "free uses", .path = "uses"},
    {.title = "looked at all", .path = "complete"},
    {.title = "samples checked", .path = "samples.checked"},
    {.title = "of them good", .path = "samples.good"},
    {.title = "quota a day", .path = "quota.limit"},
    {.title = "used today", .path = "quota.used"},
    {0}};

/* --- create, show and start ------------------------------------------------------------------- */

static int finish(struct hy_cli *cli, struct hy_client_answer *answer, int code)
{
    if (!hy_client_show_json(cli, answer) && code == HY_EXIT_DONE)
        hy_view_answer(&cli->out, &cli->arena, answer->json, columns);
    json_decref(answer->json);
    return code;
}

static int create(struct hy_cli *cli)
{
    struct hy_client_call call = {.method = "POST", .path = "/v1/broadcasts"};
    struct hy_client_answer answer;
    HY_JSON_SCOPED json_t *body = hy_client_body(cli);

    if (!body)
        return HY_EXIT_USAGE;
    if (hy_args_flag(&cli->args, "reach")) {
        if (json_object_get(body, "audience")) {
            hy_fault("--reach: is an audience, and --audience names another");
            return HY_EXIT_USAGE;
        }
        json_object_set_new(body, "audience", json_pack("{s:b}", "reach", 1));
    }
    call.body = body;
    return finish(cli, &answer, hy_client_send(cli, &call, &answer));
}

/* `show` and `start`. */
static int run_and_wait(struct hy_cli *cli)
{
    struct hy_client_call call = {.method = cli->command->method, .path = hy_client_path(cli)};
    struct hy_client_answer answer;
    int code = hy_client_send(cli, &call, &answer);

    if (code == HY_EXIT_DONE && hy_args_flag(&cli->args, "wait"))
        code = hy_broadcast_wait(cli, &answer);
    return finish(cli, &answer, code);
}

/* --- preview ---------------------------------------------------------------------------------- */

/* The samples' faults are faults of the broadcast: whoever scripts this should not start it. */
static int show_preview(struct hy_cli *cli, const json_t *answer)
{
    const json_t *samples = json_object_get(answer, "samples");

    hy_view_card(&cli->out, &cli->arena, answer, preview_columns);
    return hy_client_print_errors(cli, samples) ? HY_EXIT_FAILED : HY_EXIT_DONE;
}

/* --- failed ----------------------------------------------------------------------------------- */

static bool print_piece(void *arg, const char *bytes, size_t size)
{
    if (fwrite(bytes, 1, size, stdout) == size)
        return true;
    hy_fault("the output could not be written: %s", strerror(errno));
    return false;
}

/* Lines of JSON are what it is; they go out as they come. */
static int print_failed(struct hy_cli *cli)
{
    struct hy_httpc_pieces pieces = {.take = print_piece};
    struct hy_client_call call = {.method = "GET", .pieces = &pieces};
    struct hy_client_answer answer;
    HY_JSON_SCOPED json_t *query = hy_client_body(cli);
    int code;

    if (!query)
        return HY_EXIT_USAGE;
    call.path = hy_client_with_query(cli, hy_client_path(cli), query);
    code = hy_client_send(cli, &call, &answer);
    json_decref(answer.json);
    return code;
}

const struct hy_command hy_commands_broadcast[] = {
    {.group = "broadcast",
     .name = "create",
     .summary = "make a broadcast: a draft, or with an audience one that starts",
     .options = create_options,
     .run = create},
    {.group = "broadcast",
     .name = "upload",
     .operand = "ID FILE",
     .summary = "bring the users of a file into a draft",
     .details =
         "FILE (- is standard input) has a JSON object a line, {\"user\":\"...\",\"data\":{...}}, "
         "or is a\n"
         "table in CSV, UTF-8: the first column is the openid, further ones are named by the "
         "first\n"
         "line (openid,thing1,date2) and are that user's own data; an empty cell leaves the\n"
         "broadcast's. It is sent while it is read, however large. What is there already counts as "
         "a\n"
         "duplicate, so the same file may be sent again. Ends with 1 when lines were refused; the\n"
         "others are stored.",
     .options = upload_options,
     .run = hy_broadcast_upload,
     .path = "/v1/broadcasts/{}/users"},
    {.group = "broadcast",
     .name = "preview",
     .operand = "ID",
     .summary = "how many could be reached now, and do samples pass the check?",
     .method = "GET",
     .path = "/v1/broadcasts/{}/preview",
     .show = show_preview},
    {.group = "broadcast",
     .name = "start",
     .operand = "ID",
     .summary = "start a draft, or a scheduled one at once",
     .details =
         "With --wait it ends with 0 when the broadcast is done, with 1 when it was canceled. It "
         "goes on over a restart of the server, for a minute.",
     .options = wait_options,
     .run = run_and_wait,
     .method = "POST",
     .path = "/v1/broadcasts/{}/start"},
    {.group = "broadcast",
     .name = "show",
     .operand = "ID",
     .summary = "show a broadcast and how far it is",
     .details =
         "With --wait it ends with 0 when the broadcast is done, with 1 when it was canceled. It "
         "goes on over a restart of the server, for a minute.",
     .options = wait_options,
     .run = run_and_wait,
     .method = "GET",
     .path = "/v1/broadcasts/{}"},
    {.group = "broadcast",
     .name = "list",
     .summary = "list broadcasts, newest first",
     .options = list_options,
     .method = "GET",
     .path = "/v1/broadcasts",
     .columns = columns},
    {.group = "broadcast",
     .name = "pause",
     .operand = "ID",
     .summary = "pause a running one",
     .method = "POST",
     .path = "/v1/broadcasts/{}/pause",
     .columns = columns},
    {.group = "broadcast",
     .name = "resume",
     .operand = "ID",
     .summary = "go on with a paused one",
     .method = "POST",
     .path = "/v1/broadcasts/{}/resume",
     .columns = columns},
    {.group = "broadcast",
     .name = "cancel",
     .operand = "ID",
     .summary = "cancel a broadcast; what was not sent gives back its permission",
     .method = "POST",
     .path = "/v1/broadcasts/{}/cancel",
     .columns = columns},
    {.group = "broadcast",
     .name = "failed",
     .operand = "ID",
     .summary = "print whom it did not reach, a JSON object a line",
     .options = failed_options,
     .run = print_failed,
     .path = "/v1/broadcasts/{}/failed"},
    {0}};
