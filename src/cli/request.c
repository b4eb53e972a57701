/* What a command's options amount to: the body or the query of its call. */
#include "base/json.h"
#include "cli/client.h"
#include "cli/textfile.h"
#include "cli/view.h"

#include <stdlib.h>
#include <string.h>

/* Its first line. */
static const char *read_secret(struct hy_cli *cli, const struct hy_value *value)
{
    char *text = hy_cli_read_file(cli, value, value->text);

    if (!text)
        return NULL;
    text[strcspn(text, "\r\n")] = 0;
    if (*text)
        return text;
    hy_fault("%s: %s: its first line is empty", value->from, value->text);
    return NULL;
}

static json_t *json_value(struct hy_cli *cli, const struct hy_value *value)
{
    const char *text = value->text;
    char reason[256];
    json_t *json;

    if (text[0] == '@')
        text = hy_cli_read_file(cli, value, text + 1);
    if (!text)
        return NULL;
    json = hy_json_parse(text, strlen(text), reason, sizeof reason);
    if (!json)
        hy_fault("%s: %s", value->from, reason);
    return json;
}

static json_t *words_value(const struct hy_value *value)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < value->word_count; i++)
        json_array_append_new(list, json_string(value->words[i]));
    return list;
}

static bool all_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == 0;
}

/* The JSON that the option's value is; null after a fault. */
static json_t *value_json(struct hy_cli *cli, const struct hy_value *value)
{
    json_t *json = NULL;
    const char *text = value->text;

    switch (value->option->type) {
    case HY_OPTION_INT: return json_integer(value->number);
    case HY_OPTION_FLAG: return json_boolean(value->number != 0);
    case HY_OPTION_WORDS: return words_value(value);
    case HY_OPTION_JSON: return json_value(cli, value);
    case HY_OPTION_INSTANT:
        if (strcmp(text, "never") == 0)
            return json_null();
        if (all_digits(text))
            return json_integer(strtoll(text, NULL, 10));
        break;
    case HY_OPTION_SECRET:
        text = read_secret(cli, value);
        if (!text)
            return NULL;
        break;
    default: break;
    }
    json = json_string(text);
    if (!json)
        hy_fault("%s: is not UTF-8 text", value->from);
    return json;
}

json_t *hy_client_body(struct hy_cli *cli)
{
    const struct hy_command *command = cli->command;
    json_t *body = json_object();

    if (command->operand_field && cli->args.operand)
        json_object_set_new(body, command->operand_field, json_string(cli->args.operand));
    for (size_t i = 0; i < cli->args.count; i++) {
        const struct hy_value *value = &cli->args.values[i];
        json_t *json;

        if (!value->option->field || !value->text)
            continue;
        json = value_json(cli, value);
        if (!json) {
            json_decref(body);
            return NULL;
        }
        json_object_set_new(body, value->option->field, json);
    }
    return body;
}

const char *hy_client_path(struct hy_cli *cli)
{
    const char *row = cli->command->path;
    const char *hole = strstr(row, "{}");
    const char *path = row;
    struct hy_buf encoded;

    if (!hole || !cli->args.operand)
        return path;
    hy_buf_init(&encoded, 4096);
    hy_buf_put_urlencoded(&encoded, cli->args.operand);
    path = hy_arena_printf(&cli->arena, "%.*s%s%s", (int)(hole - row), row, hy_buf_text(&encoded),
                           hole + 2);
    hy_buf_deinit(&encoded);
    return path;
}

const char *hy_client_with_query(struct hy_cli *cli, const char *path, const json_t *query)
{
    struct hy_buf text;
    const char *name;
    json_t *value;
    char glue = '?';

    hy_buf_init(&text, 64 << 10);
    hy_buf_puts(&text, path);
    json_object_foreach((json_t *)query, name, value)
    {
        hy_buf_printf(&text, "%c%s=", glue, name);
        hy_buf_put_urlencoded(&text, json_is_boolean(value)
                                         ? (json_is_true(value) ? "true" : "false")
                                         : hy_view_text(&cli->arena, value));
        glue = '&';
    }
    path = hy_arena_strdup(&cli->arena, hy_buf_text(&text));
    hy_buf_deinit(&text);
    return path;
}
