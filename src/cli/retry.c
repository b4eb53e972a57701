/* Sending again: hongyan message retry, hongyan dead-letter. */
#include "cli/retry.h"

#include "base/json.h"
#include "cli/client.h"
#include "cli/confirm.h"
#include "cli/table.h"
#include "cli/view.h"

#include <inttypes.h>
#include <string.h>

/* --- one message ------------------------------------------------------------------------------ */

const struct hy_option hy_message_retry_options[] = {
    {.name = "expires-at",
     .type = HY_OPTION_INSTANT,
     .field = "expires_at",
     .help = "not to be sent after this; never = at any time"},
    HY_OPTION_YES,
    {0}};

/* Asks when it may have arrived. */
static int ask_first(struct hy_cli *cli)
{
    const char *id = hy_text_clean(&cli->arena, cli->args.operand);
    struct hy_buf path;
    struct hy_client_call call = {.method = "GET"};
    struct hy_client_answer answer;
    int code;

    hy_buf_init(&path, 4096);
    hy_buf_puts(&path, "/v1/messages/");
    hy_buf_put_urlencoded(&path, cli->args.operand);
    call.path = hy_buf_text(&path);
    code = hy_client_send(cli, &call, &answer);
    hy_buf_deinit(&path);
    if (code == HY_EXIT_DONE &&
        strcmp(hy_view_at(&cli->arena, answer.json, "state"), "unknown") == 0)
        code = hy_confirm(
            cli, hy_arena_printf(&cli->arena, "Message %s may have arrived. Send it again?", id));
    json_decref(answer.json);
    return code;
}

int hy_message_retry(struct hy_cli *cli)
{
    int code = hy_args_flag(&cli->args, "yes") ? HY_EXIT_DONE : ask_first(cli);

    return code == HY_EXIT_DONE ? hy_client_run(cli) : code;
}

/* --- dead letters ----------------------------------------------------------------------------- */

/* clang-format off */
#define FILTERS                                                                                    \
    {.name = "state", .field = "state", .value = "failed|unknown", .help = "in this state"},       \
    {.name = "reason", .field = "reason", .value = "WORD",                                         \
     .help = "of this reason, or whose reason begins so: bad_payload"},                            \
    {.name = "template", .field = "template", .value = "ID", .help = "of this template"},          \
    {.name = "tag", .field = "tag", .help = "with this mark"},                                     \
    {.name = "broadcast", .field = "broadcast", .value = "ID", .help = "of this broadcast"},       \
    {.name = "since", .type = HY_OPTION_INSTANT, .field = "since",                                 \
     .help = "accepted at this instant or later"},                                                 \
    {.name = "until", .type = HY_OPTION_INSTANT, .field = "until",                                 \
     .help = "accepted before this instant"}

static const struct hy_option list_options[] = {
    {.name = "app", .field = "app", .value = "ID", .help = "of this app"},
    FILTERS,
    {.name = "limit", .type = HY_OPTION_INT, .field = "limit", .min = 1, .max = 100000,
     .help = "how many of the newest are looked at"},
    {0}};

static const struct hy_option retry_options[] = {
    {.name = "app", .field = "app", .value = "ID", .required = true, .help = "of this app"},
    FILTERS,
    {.name = "dry-run", .type = HY_OPTION_FLAG, .help = "only count"},
    HY_OPTION_YES,
    {0}};
/* clang-format on */

static const struct hy_column group_columns[] = {
    {.title = "state", .path = "state"},
    {.title = "reason", .path = "reason"},
    {.title = "messages", .path = "messages", .right = true},
    {.title = "app", .path = "app"},
    {.title = "template", .path = "template"},
    {.title = "newest", .path = "newest"},
    {.title = "errmsg", .path = "errmsg"},
    {0}};

/* What each reason means, said once. */
static int show_groups(struct hy_cli *cli, const json_t *answer)
{
    const json_t *groups = json_object_get(answer, "groups");

    hy_view_list(&cli->out, &cli->arena, groups, group_columns);
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const char *reason = hy_view_at(&cli->arena, group, "reason");
        const char *meaning = hy_view_at(&cli->arena, group, "meaning");
        bool known = *meaning == 0;

        for (size_t k = 0; k < i && !known; k++)
            known =
                strcmp(hy_view_at(&cli->arena, json_array_get(groups, k), "meaning"), meaning) == 0;
        if (known)
            continue;
        hy_buf_printf(
            &cli->out, "%s: %s",
            hy_text_clean(&cli->arena, *reason ? reason : hy_view_at(&cli->arena, group, "state")),
            hy_text_clean(&cli->arena, meaning));
        hy_buf_printf(&cli->out, " %s\n",
                      hy_text_clean(&cli->arena, hy_view_at(&cli->arena, group, "fix")));
    }
    if (json_is_true(json_object_get(answer, "more")))
        hy_buf_puts(&cli->out, "There are older ones; --limit looks at more.\n");
    return HY_EXIT_DONE;
}

struct totals {
    int64_t matched, retried, skipped;
    bool more;
};

static void add(struct totals *totals, const json_t *answer)
{
    totals->matched += json_integer_value(json_object_get(answer, "matched"));
    totals->retried += json_integer_value(json_object_get(answer, "retried"));
    totals->skipped += json_integer_value(json_object_get(answer, "skipped"));
    totals->more = json_is_true(json_object_get(answer, "more"));
}

/* One call with the filters of the command. */
static int call_retry(struct hy_cli *cli, json_t *body, struct totals *totals)
{
    struct hy_client_call call = {
        .method = cli->command->method, .path = cli->command->path, .body = body};
    struct hy_client_answer answer;
    int code = hy_client_send(cli, &call, &answer);

    if (code == HY_EXIT_DONE)
        add(totals, answer.json);
    json_decref(answer.json);
    return code;
}

/* How many there are, and how many of them may have arrived. */
static int count(struct hy_cli *cli, const json_t *filters, struct totals *all,
                 struct totals *unknown)
{
    HY_JSON_SCOPED json_t *body = json_copy((json_t *)filters);
    const char *state = json_string_value(json_object_get(filters, "state"));
    int code;

    json_object_set_new(body, "dry_run", json_true());
    code = call_retry(cli, body, all);
    if (code != HY_EXIT_DONE || (state && strcmp(state, "failed") == 0))
        return code;
    json_object_set_new(body, "state", json_string("unknown"));
    return call_retry(cli, body, unknown);
}

static int show_totals(struct hy_cli *cli, const struct totals *totals)
{
    if (hy_args_flag(&cli->args, "json"))
        hy_buf_printf(&cli->out,
                      "{\"matched\":%" PRId64 ",\"retried\":%" PRId64 ",\"skipped\":%" PRId64
                      ",\"more\":%s}\n",
                      totals->matched, totals->retried, totals->skipped,
                      totals->more ? "true" : "false");
    else if (hy_args_flag(&cli->args, "dry-run"))
        hy_buf_printf(&cli->out,
                      "%" PRId64 " would be sent again, %" PRId64 " are past their expires_at%s\n",
                      totals->matched - totals->skipped, totals->skipped,
                      totals->more ? "; there are more" : "");
    else
        hy_buf_printf(&cli->out,
                      "%" PRId64 " are sent again, %" PRId64 " are past their expires_at\n",
                      totals->retried, totals->skipped);
    return HY_EXIT_DONE;
}

static int confirm_many(struct hy_cli *cli, const struct totals *all, const struct totals *unknown)
{
    const char *many = all->more ? " or more" : "";
    const char *question =
        unknown->matched ? hy_arena_printf(&cli->arena,
                                           "%" PRId64 "%s messages, of which %" PRId64
                                           " may have arrived. Send them again?",
                                           all->matched - all->skipped, many, unknown->matched)
                         : hy_arena_printf(&cli->arena, "%" PRId64 "%s messages. Send them again?",
                                           all->matched - all->skipped, many);

    return hy_confirm(cli, question ? question : "Send them again?");
}

/* The server ends a call after a while; as long as it moves something, there is another one. */
static int retry_all(struct hy_cli *cli, json_t *body)
{
    struct totals totals = {.more = true};
    int code = HY_EXIT_DONE;

    while (code == HY_EXIT_DONE && totals.more) {
        struct totals before = totals;

        code = call_retry(cli, body, &totals);
        if (totals.retried == before.retried)
            break;
        if (totals.more) { /* the next call meets those again */
            totals.matched -= totals.skipped - before.skipped;
            totals.skipped = before.skipped;
        }
    }
    return code == HY_EXIT_DONE ? show_totals(cli, &totals) : code;
}

static int retry_dead(struct hy_cli *cli)
{
    HY_JSON_SCOPED json_t *body = hy_client_body(cli);
    struct totals all = {0}, unknown = {0};
    int code;

    if (!body)
        return HY_EXIT_USAGE;
    if (hy_args_flag(&cli->args, "yes") && !hy_args_flag(&cli->args, "dry-run"))
        return retry_all(cli, body);
    code = count(cli, body, &all, &unknown);
    if (code != HY_EXIT_DONE)
        return code;
    if (hy_args_flag(&cli->args, "dry-run") || all.matched == all.skipped)
        return show_totals(cli, &all);
    code = confirm_many(cli, &all, &unknown);
    return code == HY_EXIT_DONE ? retry_all(cli, body) : code;
}

const struct hy_command hy_commands_dead_letter[] = {
    {.group = "dead-letter",
     .name = "list",
     .summary = "what failed or stays unknown, by reason, with what to do about it",
     .options = list_options,
     .method = "GET",
     .path = "/v1/dead-letters",
     .show = show_groups},
    {.group = "dead-letter",
     .name = "retry",
     .summary = "send all of an app's dead letters again that pass the filters",
     .details =
         "Asks first, and says how many of them may have arrived: a message that is unknown can\n"
         "reach its user twice. --state failed leaves those alone.",
     .options = retry_options,
     .run = retry_dead,
     .method = "POST",
     .path = "/v1/dead-letters/retry"},
    {0}};
