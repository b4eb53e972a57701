/* hongyan template: the templates of an app, and what may be said in each. */
#include "cli/client.h"
#include "cli/table.h"
#include "cli/view.h"

#define APP                                                                                        \
    {                                                                                              \
        .name = "app", .field = "app", .value = "ID", .required = true, .help = "whose they are"   \
    }

static const struct hy_option app_options[] = {APP, {0}};

static const struct hy_option add_options[] = {
    APP,
    {.name = "tid", .field = "tid", .value = "N", .help = "the title's number in the library"},
    {.name = "keywords",
     .type = HY_OPTION_WORDS,
     .field = "keywords",
     .value = "N,N",
     .required = true,
     .help = "the keywords' numbers, in the order in which they are to stand"},
    {.name = "scene", .field = "scene", .help = "what it is used for"},
    {.name = "legacy",
     .type = HY_OPTION_FLAG,
     .field = "legacy",
     .help = "from the library of form templates"},
    {.name = "id", .field = "id", .value = "AT0002", .help = "with --legacy: the title's id"},
    {0}};

#define PAGE(most)                                                                                 \
    {.name = "start",                                                                              \
     .type = HY_OPTION_INT,                                                                        \
     .min = 0,                                                                                     \
     .max = 1000000,                                                                               \
     .field = "start",                                                                             \
     .help = "how many to leave out at the beginning"},                                            \
    {                                                                                              \
        .name = "limit", .type = HY_OPTION_INT, .min = 1, .max = most, .field = "limit",           \
        .help = "how many at most"                                                                 \
    }

static const struct hy_option titles_options[] = {APP,
                                                  {.name = "categories",
                                                   .field = "categories",
                                                   .value = "N,N",
                                                   .required = true,
                                                   .help = "the categories' numbers"},
                                                  PAGE(30),
                                                  {0}};

static const struct hy_option keywords_options[] = {
    APP,
    {.name = "tid", .field = "tid", .value = "N", .required = true, .help = "the title's number"},
    {0}};

static const struct hy_column columns[] = {{.title = "template", .path = "template"},
                                           {.title = "kind", .path = "kind"},
                                           {.title = "title", .path = "title"},
                                           {.title = "example", .path = "example", .single = true},
                                           {.title = "synced", .path = "synced_at"},
                                           {0}};

static const struct hy_column field_columns[] = {{.title = "key", .path = "key"},
                                                 {.title = "label", .path = "label"},
                                                 {.title = "may hold", .path = "rule"},
                                                 {.title = "values", .path = "values"},
                                                 {0}};

static const struct hy_column sync_columns[] = {{.title = "templates", .path = "templates"},
                                                {.title = "added", .path = "added"},
                                                {.title = "removed", .path = "removed"},
                                                {.title = "synced", .path = "synced_at"},
                                                {0}};

static const struct hy_column offer_columns[] = {
    {.title = "id", .path = "id", .right = true}, {.title = "name", .path = "name"},
    {.title = "title", .path = "title"},          {.title = "kind", .path = "kind"},
    {.title = "category", .path = "category"},    {.title = "type", .path = "type"},
    {.title = "example", .path = "example"},      {0}};

static int show_template(struct hy_cli *cli, const json_t *answer)
{
    hy_view_card(&cli->out, &cli->arena, answer, columns);
    hy_buf_putc(&cli->out, '\n');
    hy_view_list(&cli->out, &cli->arena, json_object_get(answer, "fields"), field_columns);
    return HY_EXIT_DONE;
}

static const char on_dashes[] =
    "Ids may begin with a dash: write -- before such a TEMPLATE, behind all options.";

const struct hy_command hy_commands_template[] = {
    {.group = "template",
     .name = "list",
     .summary = "list the templates that are known of an app",
     .options = app_options,
     .method = "GET",
     .path = "/v1/templates",
     .columns = columns},
    {.group = "template",
     .name = "show",
     .operand = "TEMPLATE",
     .summary = "show a template and what may be said in its fields",
     .details = on_dashes,
     .options = app_options,
     .method = "GET",
     .path = "/v1/templates/{}",
     .show = show_template},
    {.group = "template",
     .name = "sync",
     .summary = "ask the platform for all templates of an app",
     .details = "From then on messages are checked by them. The platform allows this call rarely:\n"
                "sync when the account's templates were changed, not as a routine.",
     .options = app_options,
     .method = "POST",
     .path = "/v1/templates/sync",
     .columns = sync_columns},
    {.group = "template",
     .name = "add",
     .summary = "add a template from the platform's library to the account",
     .options = add_options,
     .method = "POST",
     .path = "/v1/templates",
     .show = show_template},
    {.group = "template",
     .name = "delete",
     .operand = "TEMPLATE",
     .summary = "delete a template from the account",
     .details = on_dashes,
     .options = app_options,
     .method = "DELETE",
     .path = "/v1/templates/{}",
     .done = "deleted"},
    {.group = "template",
     .name = "categories",
     .summary = "list the categories that the account is in",
     .options = app_options,
     .method = "GET",
     .path = "/v1/templates/categories",
     .columns = offer_columns},
    {.group = "template",
     .name = "titles",
     .summary = "list the titles that the library has in some categories",
     .options = titles_options,
     .method = "GET",
     .path = "/v1/templates/titles",
     .columns = offer_columns},
    {.group = "template",
     .name = "keywords",
     .summary = "list the keywords of a title",
     .options = keywords_options,
     .method = "GET",
     .path = "/v1/templates/keywords",
     .columns = offer_columns},
    {0}};
