/* hongyan webhook: who is told what becomes of messages, grants and callbacks. */
#include "cli/client.h"
#include "cli/view.h"

#include <string.h>

#define EVENTS "message.sent,message.failed,..."

static const struct hy_option add_options[] = {
    {.name = "event",
     .type = HY_OPTION_WORDS,
     .field = "events",
     .value = EVENTS,
     .required = true,
     .help = "what it is told"},
    {.name = "app", .field = "app", .value = "ID", .help = "only of this app"},
    {.name = "secret-file",
     .type = HY_OPTION_SECRET,
     .field = "secret",
     .help = "a file whose first line is a secret of your own (whsec_...), - for standard input; "
             "without it one is made"},
    {0}};

static const struct hy_option change_options[] = {
    {.name = "endpoint", .field = "url", .value = "URL", .help = "where it is from now on"},
    {.name = "event",
     .type = HY_OPTION_WORDS,
     .field = "events",
     .value = EVENTS,
     .help = "what it is told from now on, all of it"},
    {.name = "app", .field = "app", .value = "ID", .help = "only of this app; \"\" means all"},
    {.name = "paused",
     .type = HY_OPTION_FLAG,
     .field = "paused",
     .help = "let it collect and be told nothing"},
    {0}};

static const struct hy_option rotate_options[] = {
    {.name = "secret-file",
     .type = HY_OPTION_SECRET,
     .field = "secret",
     .help = "a file whose first line is the new secret, - for standard input; without it one is "
             "made"},
    {.name = "overlap-s",
     .type = HY_OPTION_INT,
     .max = 604800,
     .unit = "seconds",
     .field = "overlap_s",
     .help = "how long the old secret signs, too (default a day)"},
    {0}};

static const struct hy_column columns[] = {
    {.title = "id", .path = "id"},
    {.title = "url", .path = "url"},
    {.title = "app", .path = "app"},
    {.title = "state", .path = "state"},
    {.title = "pending", .path = "pending", .right = true},
    {.title = "oldest", .path = "oldest_at"},
    {.title = "failing since", .path = "failing_since"},
    {.title = "last error", .path = "last_error"},
    {.title = "disabled", .path = "disabled_at", .single = true},
    {.title = "events", .path = "events", .single = true},
    {.title = "paused", .path = "paused", .single = true},
    {.title = "old secret until", .path = "old_secret_until", .single = true},
    {.title = "created", .path = "created_at", .single = true},
    {.title = "secret", .path = "secret", .single = true},
    {0}};

static int show_secret(struct hy_cli *cli, const json_t *answer)
{
    hy_view_card(&cli->out, &cli->arena, answer, columns);
    hy_buf_puts(&cli->out, "The secret is shown this once; the receiver verifies by it.\n");
    return HY_EXIT_DONE;
}

static int show_test(struct hy_cli *cli, const json_t *answer)
{
    hy_buf_printf(&cli->out, "sent %s; `hongyan webhook show %s` tells how it went\n",
                  hy_view_at(&cli->arena, answer, "id"), cli->args.operand);
    return HY_EXIT_DONE;
}

const struct hy_command hy_commands_webhook[] = {
    {.group = "webhook",
     .name = "add",
     .operand = "URL",
     .summary = "tell an address what happens, and print the secret that signs it, once",
     .details = "Events: message.sent, .delivered, .failed, .unknown, .expired, .canceled, "
                "grant.added,\ngrant.revoked, callback.raw. docs/webhooks.md shows how to verify "
                "a signature.",
     .options = add_options,
     .method = "POST",
     .path = "/v1/webhooks",
     .operand_field = "url",
     .columns = columns,
     .show = show_secret},
    {.group = "webhook",
     .name = "list",
     .summary = "list the webhooks, and how each one does",
     .method = "GET",
     .path = "/v1/webhooks",
     .columns = columns},
    {.group = "webhook",
     .name = "show",
     .operand = "ID",
     .summary = "show a webhook",
     .method = "GET",
     .path = "/v1/webhooks/{}",
     .columns = columns},
    {.group = "webhook",
     .name = "change",
     .operand = "ID",
     .summary = "change or pause a webhook",
     .options = change_options,
     .method = "PATCH",
     .path = "/v1/webhooks/{}",
     .columns = columns},
    {.group = "webhook",
     .name = "remove",
     .operand = "ID",
     .summary = "remove a webhook, and what it was still to be told",
     .method = "DELETE",
     .path = "/v1/webhooks/{}",
     .done = "removed"},
    {.group = "webhook",
     .name = "rotate",
     .operand = "ID",
     .summary = "give a webhook a new secret, and print it, once",
     .options = rotate_options,
     .method = "POST",
     .path = "/v1/webhooks/{}/rotate",
     .columns = columns,
     .show = show_secret},
    {.group = "webhook",
     .name = "enable",
     .operand = "ID",
     .summary = "use a webhook again that was disabled or keeps failing; what is pending goes now",
     .method = "POST",
     .path = "/v1/webhooks/{}/enable",
     .columns = columns},
    {.group = "webhook",
     .name = "test",
     .operand = "ID",
     .summary = "send a webhook.test",
     .method = "POST",
     .path = "/v1/webhooks/{}/test",
     .show = show_test},
    {0}};
