/* hongyan message: notifications. */
#include "base/clock.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/retry.h"
#include "cli/table.h"
#include "cli/view.h"

#include <string.h>
#include <time.h>

#define CONTENT                                                                                    \
    {.name = "app", .field = "app", .value = "ID", .required = true, .help = "who sends"},         \
        {.name = "user",                                                                           \
         .field = "user",                                                                          \
         .value = "OPENID",                                                                        \
         .required = true,                                                                         \
         .help = "who gets it"},                                                                   \
        {.name = "template",                                                                       \
         .field = "template",                                                                      \
         .value = "ID",                                                                            \
         .required = true,                                                                         \
         .help = "the template's id"},                                                             \
        {.name = "data",                                                                           \
         .type = HY_OPTION_JSON,                                                                   \
         .field = "data",                                                                          \
         .required = true,                                                                         \
         .help = "the fields: {\"keyword1\":\"text\",...}; @FILE reads a file"},                   \
        {.name = "page",                                                                           \
         .field = "page",                                                                          \
         .value = "PATH",                                                                          \
         .help = "what a tap opens, with query"},                                                  \
        {.name = "emphasis", .field = "emphasis", .value = "KEY", .help = "the enlarged field"},   \
        {.name = "miniprogram-state",                                                              \
         .field = "miniprogram_state",                                                             \
         .value = "developer|trial|formal",                                                        \
         .help = "which version a tap opens"},                                                     \
        {.name = "lang", .field = "lang", .value = "zh_CN", .help = "language of the card"},       \
        {.name = "extra",                                                                          \
         .type = HY_OPTION_JSON,                                                                   \
         .field = "extra",                                                                         \
         .help = "more members for the platform: {\"name\":...}"},                                 \
    {                                                                                              \
        .name = "repair", .field = "repair", .value = "reject|cut",                                \
        .help = "what becomes of a value that is too long"                                         \
    }

#define ORDER                                                                                      \
    {.name = "at",                                                                                 \
     .type = HY_OPTION_INSTANT,                                                                    \
     .field = "send_at",                                                                           \
     .help = "when to send (default now)"},                                                        \
        {.name = "expires-at",                                                                     \
         .type = HY_OPTION_INSTANT,                                                                \
         .field = "expires_at",                                                                    \
         .help = "not to be sent after this"},                                                     \
        {.name = "key",                                                                            \
         .field = "key",                                                                           \
         .help = "your own key: the same key and message again is not sent again"},                \
        {.name = "on-missing",                                                                     \
         .field = "on_missing",                                                                    \
         .value = "fail|wait|try",                                                                 \
         .help = "when the user has given no permission"},                                         \
        {.name = "policy",                                                                         \
         .field = "policy",                                                                        \
         .value = "at_most_once|at_least_once",                                                    \
         .help = "when the platform's answer was lost"},                                           \
        {.name = "urgent",                                                                         \
         .type = HY_OPTION_FLAG,                                                                   \
         .field = "urgent",                                                                        \
         .help = "send it in quiet hours, past caps and before others"},                           \
    {                                                                                              \
        .name = "tag", .field = "tag", .help = "your own mark, to list by"                         \
    }

static const struct hy_option send_options[] = {
    CONTENT,
    ORDER,
    {.name = "wait", .type = HY_OPTION_FLAG, .help = "wait until it was sent, or was not"},
    {.name = "wait-s",
     .type = HY_OPTION_INT,
     .fallback = "60",
     .min = 1,
     .max = 86400,
     .unit = "seconds",
     .help = "how long --wait waits"},
    {0}};

static const struct hy_option check_options[] = {CONTENT, ORDER, {0}};

static const struct hy_option list_options[] = {
    {.name = "app", .field = "app", .value = "ID", .help = "of this app"},
    {.name = "user", .field = "user", .value = "OPENID", .help = "to this user"},
    {.name = "state", .field = "state", .value = "WORD", .help = "in this state"},
    {.name = "template", .field = "template", .value = "ID", .help = "of this template"},
    {.name = "tag", .field = "tag", .help = "with this mark"},
    {.name = "reason",
     .field = "reason",
     .value = "WORD",
     .help = "of this reason, or whose reason begins so: bad_payload"},
    {.name = "broadcast", .field = "broadcast", .value = "ID", .help = "of this broadcast"},
    HY_LIMIT_OPTION,
    HY_AFTER_OPTION,
    {0}};

static const struct hy_column columns[] = {
    {.title = "id", .path = "id"},
    {.title = "state", .path = "state"},
    {.title = "reason", .path = "reason"},
    {.title = "app", .path = "app"},
    {.title = "broadcast", .path = "broadcast", .single = true},
    {.title = "user", .path = "user"},
    {.title = "template", .path = "template", .single = true},
    {.title = "kind", .path = "template_kind", .single = true},
    {.title = "data", .path = "data", .single = true},
    {.title = "page", .path = "page", .single = true},
    {.title = "emphasis", .path = "emphasis", .single = true},
    {.title = "state of program", .path = "miniprogram_state", .single = true},
    {.title = "lang", .path = "lang", .single = true},
    {.title = "extra", .path = "extra", .single = true},
    {.title = "tag", .path = "tag"},
    {.title = "urgent", .path = "urgent", .single = true},
    {.title = "policy", .path = "policy", .single = true},
    {.title = "on missing", .path = "on_missing", .single = true},
    {.title = "send at", .path = "send_at", .single = true},
    {.title = "expires at", .path = "expires_at", .single = true},
    {.title = "due", .path = "due_at", .single = true},
    {.title = "tries", .path = "attempt_count", .right = true},
    {.title = "grant", .path = "grant", .single = true},
    {.title = "msgid", .path = "msgid", .single = true},
    {.title = "accepted", .path = "accepted_at"},
    {.title = "settled", .path = "settled_at"},
    {0}};

static const struct hy_column attempt_columns[] = {
    {.title = "try", .path = "number", .right = true},
    {.title = "at", .path = "at"},
    {.title = "ms", .path = "ms", .right = true},
    {.title = "verdict", .path = "verdict"},
    {.title = "errcode", .path = "errcode"},
    {.title = "errmsg", .path = "errmsg"},
    {.title = "field", .path = "field"},
    {.title = "grant", .path = "grant"},
    {.title = "rid", .path = "rid"},
    {0}};

static const struct hy_column timeline_columns[] = {
    {.title = "at", .path = "at"},         {.title = "event", .path = "event"},
    {.title = "try", .path = "number"},    {.title = "verdict", .path = "verdict"},
    {.title = "reason", .path = "reason"}, {0}};

/* Which field a refusal means, and what is wrong with it if that is known. */
static void show_field(struct hy_cli *cli, const json_t *attempt)
{
    const json_t *faults = json_object_get(attempt, "errors");
    const char *field = hy_view_at(&cli->arena, attempt, "field");
    const char *label = hy_view_at(&cli->arena, attempt, "label");

    if (*field == 0)
        return;
    hy_buf_printf(&cli->out, "%s", hy_text_clean(&cli->arena, field));
    if (*label)
        hy_buf_printf(&cli->out, " is \"%s\"", hy_text_clean(&cli->arena, label));
    hy_buf_puts(&cli->out, " in the template.\n");
    for (size_t i = 0; i < json_array_size(faults); i++) {
        const char *message = hy_view_at(&cli->arena, json_array_get(faults, i), "message");

        hy_buf_printf(&cli->out, "%s\n", hy_text_clean(&cli->arena, message));
    }
}

/* What the platform's codes mean, each said once. */
static void show_meanings(struct hy_cli *cli, const json_t *attempts)
{
    const char *last = "";

    for (size_t i = 0; i < json_array_size(attempts); i++) {
        const json_t *attempt = json_array_get(attempts, i);
        const char *code = hy_view_at(&cli->arena, attempt, "errcode");
        const char *meaning = hy_view_at(&cli->arena, attempt, "meaning");

        if (*meaning == 0 || strcmp(code, "0") == 0 || strcmp(code, last) == 0)
            continue;
        hy_buf_printf(&cli->out, "%s means: %s", code, hy_text_clean(&cli->arena, meaning));
        hy_buf_printf(&cli->out, " %s\n",
                      hy_text_clean(&cli->arena, hy_view_at(&cli->arena, attempt, "fix")));
        show_field(cli, attempt);
        last = code;
    }
}

static int show_message(struct hy_cli *cli, const json_t *answer)
{
    const json_t *attempts = json_object_get(answer, "attempts");
    const json_t *timeline = json_object_get(answer, "timeline");

    hy_view_card(&cli->out, &cli->arena, answer, columns);
    if (json_array_size(timeline) > 0) {
        hy_buf_putc(&cli->out, '\n');
        hy_view_list(&cli->out, &cli->arena, timeline, timeline_columns);
    }
    if (json_array_size(attempts) > 0) {
        hy_buf_putc(&cli->out, '\n');
        hy_view_list(&cli->out, &cli->arena, attempts, attempt_columns);
        show_meanings(cli, attempts);
    }
    return HY_EXIT_DONE;
}

/* --- send ------------------------------------------------------------------------------------- */

static const char *member(struct hy_cli *cli, const json_t *answer, const char *name)
{
    return hy_text_clean(&cli->arena, hy_view_at(&cli->arena, answer, name));
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(word, *words) == 0)
            return true;
    }
    return false;
}

static bool is_bad(const char *state)
{
    static const char *const bad[] = {"failed", "unknown", "expired", "canceled", NULL};

    return is_one_of(state, bad);
}

/* An unknown one that is due again settles itself: its receipt is sent once more. */
static bool is_settled(struct hy_cli *cli, const json_t *answer)
{
    static const char *const good[] = {"sent", "delivered", NULL};
    const char *state = member(cli, answer, "state");

    if (strcmp(state, "unknown") == 0 && hy_view_find(answer, "due_at"))
        return false;
    return is_one_of(state, good) || is_bad(state);
}

static void pause_ms(int64_t ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};

    nanosleep(&wait, NULL);
}

/* Asks ever less often, until the message is settled or the time is up. Replaces `answer`. */
static int wait_settled(struct hy_cli *cli, struct hy_client_answer *answer)
{
    int64_t end_us = hy_clock_mono_us() + hy_args_int(&cli->args, "wait-s") * 1000000;
    struct hy_client_call call = {
        .method = "GET",
        .path = hy_arena_printf(&cli->arena, "/v1/messages/%s", member(cli, answer->json, "id"))};
    int64_t wait_ms = 20;
    int code = HY_EXIT_DONE;

    while (code == HY_EXIT_DONE && !is_settled(cli, answer->json)) {
        if (hy_clock_mono_us() >= end_us) {
            hy_fault("message %s is %s still", member(cli, answer->json, "id"),
                     member(cli, answer->json, "state"));
            return HY_EXIT_FAILED;
        }
        pause_ms(wait_ms);
        wait_ms = wait_ms < 500 ? wait_ms * 3 / 2 : 500;
        json_decref(answer->json);
        code = hy_client_send(cli, &call, answer);
    }
    return code;
}

/* What is not as it was given. */
static void show_repaired(struct hy_cli *cli, const json_t *repaired)
{
    const char *field;
    json_t *value;

    if (hy_args_flag(&cli->args, "json"))
        return;
    json_object_foreach((json_t *)repaired, field, value)
    {
        hy_buf_printf(&cli->out, "repaired %s: ", hy_text_clean(&cli->arena, field));
        hy_buf_printf(&cli->out, "%s\n",
                      hy_text_clean(&cli->arena, hy_view_text(&cli->arena, value)));
    }
}

static int report_sent(struct hy_cli *cli, const struct hy_client_answer *answer)
{
    const char *id = member(cli, answer->json, "id");
    const char *state = member(cli, answer->json, "state");
    const char *reason = member(cli, answer->json, "reason");

    if (strcmp(reason, state) == 0)
        reason = "";
    if (!hy_client_show_json(cli, answer))
        hy_buf_printf(&cli->out, "%s %s%s%s\n", id, state, *reason ? " " : "", reason);
    if (!is_bad(state))
        return HY_EXIT_DONE;
    hy_fault("message %s: %s%s%s%s", id, state, *reason ? " (" : "", reason, *reason ? ")" : "");
    return HY_EXIT_FAILED;
}

static int send_message(struct hy_cli *cli)
{
    struct hy_client_call call = {.method = cli->command->method, .path = cli->command->path};
    struct hy_client_answer answer;
    HY_JSON_SCOPED json_t *body = hy_client_body(cli), *repaired = NULL;
    int code;

    if (!body)
        return HY_EXIT_USAGE;
    call.body = body;
    code = hy_client_send(cli, &call, &answer);
    repaired = json_incref(json_object_get(answer.json, "repaired"));
    if (code == HY_EXIT_DONE && hy_args_flag(&cli->args, "wait"))
        code = wait_settled(cli, &answer);
    if (code == HY_EXIT_DONE)
        code = report_sent(cli, &answer);
    else
        hy_client_show_json(cli, &answer);
    show_repaired(cli, repaired);
    json_decref(answer.json);
    return code;
}

/* --- check ------------------------------------------------------------------------------------ */

static int check_message(struct hy_cli *cli)
{
    struct hy_client_call call = {.method = cli->command->method, .path = cli->command->path};
    struct hy_client_answer answer;
    HY_JSON_SCOPED json_t *body = hy_client_body(cli);
    int code;

    if (!body)
        return HY_EXIT_USAGE;
    call.body = body;
    code = hy_client_send(cli, &call, &answer);
    hy_client_show_json(cli, &answer);
    if (code == HY_EXIT_DONE && !json_is_true(json_object_get(answer.json, "ok"))) {
        hy_client_print_errors(cli, answer.json);
        code = HY_EXIT_USAGE;
    } else if (code == HY_EXIT_DONE && !hy_args_flag(&cli->args, "json")) {
        show_repaired(cli, json_object_get(answer.json, "repaired"));
        hy_buf_puts(&cli->out, "ok\n");
    }
    json_decref(answer.json);
    return code;
}

const struct hy_command hy_commands_message[] = {
    {.group = "message",
     .name = "send",
     .summary = "hand a message over; it is on disk when this returns",
     .details =
         "Prints the message's id and state. Ends with 1 when the message cannot go (failed,\n"
         "expired, ...) and, with --wait, when it was not sent in time.",
     .options = send_options,
     .run = send_message,
     .method = "POST",
     .path = "/v1/messages",
     .columns = columns},
    {.group = "message",
     .name = "show",
     .operand = "ID",
     .summary = "show a message, what happened when, and each request to the platform",
     .method = "GET",
     .path = "/v1/messages/{}",
     .show = show_message},
    {.group = "message",
     .name = "list",
     .summary = "list messages, newest first",
     .options = list_options,
     .method = "GET",
     .path = "/v1/messages",
     .columns = columns},
    {.group = "message",
     .name = "cancel",
     .operand = "ID",
     .summary = "cancel a message that was not sent yet",
     .method = "POST",
     .path = "/v1/messages/{}/cancel",
     .show = show_message},
    {.group = "message",
     .name = "retry",
     .operand = "ID",
     .summary = "send a message again that failed, expired or stays unknown",
     .details = "Asks first when it may have arrived.",
     .options = hy_message_retry_options,
     .run = hy_message_retry,
     .method = "POST",
     .path = "/v1/messages/{}/retry",
     .show = show_message},
    {.group = "message",
     .name = "check",
     .summary = "check a message without sending it; ends with 2 when it breaks a rule",
     .options = check_options,
     .run = check_message,
     .method = "POST",
     .path = "/v1/messages/check"},
    {0}};
