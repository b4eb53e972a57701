/* hongyan key: who may call the API. */
#include "cli/client.h"
#include "cli/view.h"

static const struct hy_column columns[] = {{.title = "id", .path = "id"},
                                           {.title = "name", .path = "name"},
                                           {.title = "scopes", .path = "scopes"},
                                           {.title = "created", .path = "created_at"},
                                           {.title = "key", .path = "key", .single = true},
                                           {0}};

static int show_created(struct hy_cli *cli, const json_t *answer)
{
    hy_view_card(&cli->out, &cli->arena, answer, columns);
    hy_buf_puts(&cli->out, "The key is shown this once; only its hash is kept.\n");
    return HY_EXIT_DONE;
}

static const struct hy_option create_options[] = {
    {.name = "name", .field = "name", .required = true, .help = "who uses it"},
    {.name = "scope",
     .type = HY_OPTION_WORDS,
     .field = "scopes",
     .value = "admin|send|read|token|client",
     .required = true,
     .help = "what it may do"},
    {0}};

const struct hy_command hy_commands_key[] = {
    {.group = "key",
     .name = "create",
     .summary = "make a key and print it, once",
     .details =
         "Scopes: admin may do everything; send messages and schedules, write and read; read "
         "every\nGET but tokens and keys; token the token calls; client reports permissions.",
     .options = create_options,
     .method = "POST",
     .path = "/v1/keys",
     .columns = columns,
     .show = show_created},
    {.group = "key",
     .name = "list",
     .summary = "list the keys in use, without the keys themselves",
     .method = "GET",
     .path = "/v1/keys",
     .columns = columns},
    {.group = "key",
     .name = "revoke",
     .operand = "ID",
     .summary = "revoke a key, at once",
     .method = "DELETE",
     .path = "/v1/keys/{}",
     .done = "revoked"},
    {0}};
