/* hongyan grant: the ledger of permissions. */
#include "cli/client.h"
#include "cli/grant_import.h"
#include "cli/table.h"
#include "cli/view.h"

#include <inttypes.h>

static const struct hy_option add_options[] = {
    {.name = "app", .field = "app", .value = "ID", .required = true, .help = "whose user it is"},
    {.name = "user", .field = "user", .value = "OPENID", .required = true, .help = "who gave it"},
    {.name = "kind",
     .field = "kind",
     .value = "form_id|prepay_id|once|always",
     .required = true,
     .help = "a submitted form (1 message), a payment (3), or an accepted prompt"},
    {.name = "credential", .field = "credential", .help = "the form_id or prepay_id itself"},
    {.name = "template",
     .field = "template",
     .value = "ID",
     .help = "of once and always: the template that was asked for"},
    {.name = "count",
     .type = HY_OPTION_INT,
     .min = 1,
     .max = 1000,
     .field = "count",
     .help = "of once: how many times it was accepted (default 1)"},
    {.name = "report-id",
     .field = "report_id",
     .value = "TEXT",
     .help = "of once and always: the same report again is known by it"},
    {.name = "obtained-at",
     .type = HY_OPTION_INSTANT,
     .field = "obtained_at",
     .help = "when the user gave it; it counts from then (default now)"},
    {0}};

static const struct hy_option list_options[] = {
    {.name = "app", .field = "app", .value = "ID", .required = true, .help = "whose user it is"},
    {.name = "user", .field = "user", .value = "OPENID", .required = true, .help = "whose grants"},
    {.name = "template",
     .field = "template",
     .value = "ID",
     .help = "what counts for this template"},
    HY_LIMIT_OPTION,
    {0}};

static const struct hy_option import_options[] = {
    {.name = "app", .value = "ID", .required = true, .help = "whose users they are"},
    {.name = "columns",
     .value = "openid,formid",
     .help = "what the columns are called, when no first line says so"},
    {0}};

static const struct hy_column columns[] = {
    {.title = "id", .path = "id"},
    {.title = "kind", .path = "kind"},
    {.title = "template", .path = "template"},
    {.title = "state", .path = "state"},
    {.title = "reason", .path = "reason"},
    {.title = "retry", .path = "retry_at"},
    {.title = "usable", .path = "usable"},
    {.title = "left", .path = "uses_left", .right = true},
    {.title = "of", .path = "uses_total", .right = true},
    {.title = "reserved", .path = "uses_reserved", .right = true},
    {.title = "obtained", .path = "obtained_at"},
    {.title = "expires", .path = "expires_at"},
    {.title = "credential", .path = "credential"},
    {0}};

static int show_list(struct hy_cli *cli, const json_t *answer)
{
    hy_view_answer(&cli->out, &cli->arena, answer, columns);
    hy_buf_printf(&cli->out, "available now: %s\n", hy_view_at(&cli->arena, answer, "available"));
    return HY_EXIT_DONE;
}

/* One was asked for: refused is a fault of what was given. */
static int show_added(struct hy_cli *cli, const json_t *answer)
{
    const json_t *refused = json_array_get(json_object_get(answer, "refused"), 0);

    if (refused) {
        hy_fault("%s (%s)", hy_text_clean(&cli->arena, hy_view_at(&cli->arena, refused, "message")),
                 hy_text_clean(&cli->arena, hy_view_at(&cli->arena, refused, "reason")));
        return HY_EXIT_USAGE;
    }
    hy_buf_puts(&cli->out, json_integer_value(json_object_get(answer, "duplicates"))
                               ? "already known\n"
                               : "accepted\n");
    return HY_EXIT_DONE;
}

const struct hy_command hy_commands_grant[] = {
    {.group = "grant",
     .name = "add",
     .summary = "put a permission into the ledger",
     .options = add_options,
     .method = "POST",
     .path = "/v1/grants",
     .show = show_added,
     .columns = columns},
    {.group = "grant",
     .name = "import",
     .operand = "FILE",
     .summary = "put the permissions of a table (openid,formid) into the ledger",
     .details =
         "The first column is the user. Columns called formid, form_id or prepay_id are "
         "permissions,\n"
         "others are passed over. A table may be imported again: what is known is a duplicate.\n"
         "FILE is CSV in UTF-8, - is standard input.",
     .options = import_options,
     .run = hy_grant_import},
    {.group = "grant",
     .name = "list",
     .summary = "list a user's permissions and how many messages they are good for",
     .options = list_options,
     .method = "GET",
     .path = "/v1/grants",
     .show = show_list,
     .columns = columns},
    {0}};
