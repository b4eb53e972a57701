/* What a command's options amount to: the body or the query of its call. */
#include "base/json.h"
#include "cli/client.h"
#include "cli/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX_BYTES = 64 << 20 }; /* what the server takes is the server's to say */

static const char *read_file(struct hy_cli *cli, const struct hy_value *value, const char *path,
                             bool secret)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char part[4096];
    struct hy_buf text;
    char *copy = NULL;
    size_t got;

    if (!file) {
        hy_fault("%s: %s: %s", value->from, path, strerror(errno));
        return NULL;
    }
    hy_buf_init(&text, BODY_MAX_BYTES);
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        hy_buf_append(&text, part, got);
    if (ferror(file))
        hy_fault("%s: %s: %s", value->from, path, strerror(errno));
    else if (!hy_buf_ok(&text))
        hy_fault("%s: %s: too large", value->from, path);
    else
        copy = hy_arena_memdup(&cli->arena, hy_buf_text(&text), text.size);
    if (file != stdin)
        fclose(file);
    hy_buf_deinit(&text);
    if (copy && secret) {
        copy[strcspn(copy, "\r\n")] = 0;
        if (*copy == 0) {
            hy_fault("%s: %s: its first line is empty", value->from, path);
            copy = NULL;
        }
    }
    return copy;
}

static json_t *json_value(struct hy_cli *cli, const struct hy_value *value)
{
    const char *text = value->text;
    char reason[256];
    json_t *json;

    if (text[0] == '@')
        text = read_file(cli, value, text + 1, false);
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
        text = read_file(cli, value, text, true);
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
