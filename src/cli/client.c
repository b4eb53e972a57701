#include "cli/client.h"

#include "base/err.h"
#include "base/json.h"
#include "cli/table.h"
#include "cli/view.h"
#include "net/httpc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    ANSWER_MAX_BYTES = 64 << 20,
    PIECES_TIMEOUT_MS = 7 * 24 * 3600 * 1000, /* as good as none */
};

const struct hy_option hy_client_options[] = {
    {.name = "url",
     .value = "URL",
     .fallback = "http://127.0.0.1:8080",
     .env = "HONGYAN_URL",
     .help = "where the server is"},
    {.name = "api-key",
     .env = "HONGYAN_KEY",
     .env_only = true,
     .help = "the API key, as the server's first start or `key create` printed it"},
    {.name = "request-timeout-s",
     .type = HY_OPTION_INT,
     .fallback = "30",
     .min = 1,
     .max = 3600,
     .unit = "seconds",
     .help = "how long one call may take"},
    {.name = "json", .type = HY_OPTION_FLAG, .help = "print the server's JSON as it is, one line"},
    {0}};

/* --- problems --------------------------------------------------------------------------------- */

static const char *text_of(struct hy_cli *cli, const json_t *object, const char *name)
{
    return hy_text_clean(&cli->arena, json_string_value(json_object_get(object, name)));
}

bool hy_client_print_errors(struct hy_cli *cli, const json_t *answer)
{
    const json_t *errors = json_object_get(answer, "errors");

    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *error = json_array_get(errors, i);
        const char *field = text_of(cli, error, "field");

        hy_fault("%s%s%s", field, *field ? ": " : "", text_of(cli, error, "message"));
    }
    return json_array_size(errors) > 0;
}

/* RFC 9457: one line for each of errors[], else the detail, else the title. */
static void print_problem(struct hy_cli *cli, const struct hy_client_answer *answer)
{
    const char *detail = text_of(cli, answer->json, "detail");

    if (hy_client_print_errors(cli, answer->json))
        return;
    if (*detail == 0)
        detail = text_of(cli, answer->json, "title");
    if (*detail)
        hy_fault("%s", detail);
    else
        hy_fault("%s answered %d; is it a hongyan server?", hy_args_text(&cli->args, "url"),
                 answer->status);
}

/* --- the call --------------------------------------------------------------------------------- */

struct exchange {
    struct hy_cli *cli;
    struct hy_client_answer *answer;
    const char *error; /* null: there is an answer */
};

static void answered(const struct hy_http_response *response, void *arg)
{
    struct exchange *x = arg;

    if (response->outcome != HY_HTTP_ANSWERED) {
        x->error = hy_arena_strdup(&x->cli->arena, response->error);
        return;
    }
    x->error = NULL;
    x->answer->status = response->status;
    x->answer->text = hy_arena_memdup(&x->cli->arena, response->body, response->body_size);
    x->answer->json = hy_json_parse(response->body, response->body_size, NULL, 0);
}

static bool printable(const char *text)
{
    for (; *text; text++) {
        if (!isgraph((unsigned char)*text))
            return false;
    }
    return true;
}

/* The server's address without slashes at its end, and the key; false after a fault. */
static bool credentials(struct hy_cli *cli, const char **ret_url, const char **ret_key)
{
    char *url = hy_arena_strdup(&cli->arena, hy_args_text(&cli->args, "url"));
    const char *key = hy_args_text(&cli->args, "api-key");

    if (!key) {
        hy_fault("HONGYAN_KEY is not set: it holds the key that the server's first start printed");
        return false;
    }
    if (!printable(key)) {
        hy_fault("HONGYAN_KEY: holds a blank or a control character");
        return false;
    }
    while (url && *url && url[strlen(url) - 1] == '/')
        url[strlen(url) - 1] = 0;
    if (!url || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)) {
        hy_fault("%s: must begin with http:// or https://", hy_args_get(&cli->args, "url")->from);
        return false;
    }
    *ret_url = url;
    *ret_key = key;
    return true;
}

bool hy_client_chinese(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return strncmp(value, "zh", 2) == 0;
    }
    return false;
}

static void add_header(struct hy_http_request *request, const char *name, const char *value)
{
    request->headers[request->header_count++] = (struct hy_http_header){name, value};
}

static void exchange(struct exchange *x, const struct hy_client_call *call, const char *url,
                     const char *key)
{
    struct hy_arena *arena = &x->cli->arena;
    struct hy_httpc_config config = {
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .total_timeout_ms = (int)hy_args_int(&x->cli->args, "request-timeout-s") * 1000,
        .answer_max_bytes = ANSWER_MAX_BYTES,
        .connections_max = 1};
    struct hy_http_request request = {.method = call->method,
                                      .url = hy_arena_printf(arena, "%s%s", url, call->path)};
    const char *bearer = hy_arena_printf(arena, "Bearer %s", key);

    if (call->body) {
        request.body = hy_json_text(arena, call->body);
        request.body_size = request.body ? strlen(request.body) : 0;
        add_header(&request, "Content-Type", "application/json");
    }
    config.pieces = call->pieces;
    if (call->pieces)
        config.total_timeout_ms = PIECES_TIMEOUT_MS;
    if (call->pieces && call->pieces->read) {
        add_header(&request, "Content-Type", "application/x-ndjson");
        add_header(&request, "Expect", "100-continue");
    }
    if (!request.url || !bearer || (call->body && !request.body))
        return;
    add_header(&request, "Authorization", bearer);
    if (hy_client_chinese())
        add_header(&request, "Accept-Language", "zh-CN");
    if (call->idempotency_key)
        add_header(&request, "Idempotency-Key", call->idempotency_key);
    hy_httpc_once(&config, &request, answered, x);
}

bool hy_client_away(const struct hy_client_answer *answer)
{
    return answer->status == 0 || (answer->status >= 502 && answer->status <= 504);
}

int hy_client_send(struct hy_cli *cli, const struct hy_client_call *call,
                   struct hy_client_answer *ret_answer)
{
    struct exchange x = {.cli = cli, .answer = ret_answer, .error = "out of memory"};
    const char *url, *key;

    *ret_answer = (struct hy_client_answer){.text = ""};
    if (!credentials(cli, &url, &key))
        return HY_EXIT_USAGE;
    exchange(&x, call, url, key);
    if (x.error) {
        if (!call->repeats && (!call->pieces || strcmp(x.error, HY_HTTPC_GIVEN_UP) != 0))
            hy_fault("%s: %s", url, x.error);
        return HY_EXIT_FAILED;
    }
    /* Any web server has a 200 for everybody; ours speaks JSON or says nothing. */
    if (ret_answer->status >= 200 && ret_answer->status < 300 &&
        (ret_answer->json || *ret_answer->text == 0))
        return HY_EXIT_DONE;
    if (!call->repeats || !hy_client_away(ret_answer))
        print_problem(cli, ret_answer);
    return ret_answer->status == 400 ? HY_EXIT_USAGE : HY_EXIT_FAILED;
}

/* --- the whole -------------------------------------------------------------------------------- */

bool hy_client_show_json(struct hy_cli *cli, const struct hy_client_answer *answer)
{
    if (!hy_args_flag(&cli->args, "json"))
        return false;
    if (*answer->text)
        hy_buf_printf(&cli->out, "%s\n", answer->text);
    return true;
}

static int show(struct hy_cli *cli, const struct hy_client_answer *answer)
{
    const struct hy_command *command = cli->command;

    if (!answer->json || (!command->show && !command->columns)) {
        hy_buf_printf(&cli->out, "%s %s\n", command->done ? command->done : "done",
                      cli->args.operand ? cli->args.operand : "");
        return HY_EXIT_DONE;
    }
    if (command->show)
        return command->show(cli, answer->json);
    hy_view_answer(&cli->out, &cli->arena, answer->json, command->columns);
    return HY_EXIT_DONE;
}

int hy_client_run(struct hy_cli *cli)
{
    const struct hy_command *command = cli->command;
    struct hy_client_call call = {.method = command->method, .path = hy_client_path(cli)};
    struct hy_client_answer answer;
    HY_JSON_SCOPED json_t *body = hy_client_body(cli);
    int code;

    if (!body)
        return HY_EXIT_USAGE;
    if (strcmp(call.method, "GET") == 0 || strcmp(call.method, "DELETE") == 0)
        call.path = hy_client_with_query(cli, call.path, body);
    else
        call.body = body;
    code = hy_client_send(cli, &call, &answer);
    if (!hy_client_show_json(cli, &answer) && code == HY_EXIT_DONE)
        code = show(cli, &answer);
    json_decref(answer.json);
    return code;
}
