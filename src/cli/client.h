/*
 * client.h - what the subcommands have in common: one call to the server, and its answer.
 */
#ifndef HY_CLI_CLIENT_H
#define HY_CLI_CLIENT_H

#include "cli/command.h"
#include "net/httpc.h"

struct hy_client_call {
    const char *method;
    const char *path;            /* with the query: "/v1/messages?app=..." */
    const json_t *body;          /* null: none */
    const char *idempotency_key; /* null: none */
    /* A body that is read (as application/x-ndjson) or an answer that is taken in pieces; null: none. No
     * time-out holds then. Whoever gives up has said why. */
    const struct hy_httpc_pieces *pieces;
    /* The caller repeats it when the server is away (hy_client_away): nothing is said of that. */
    bool repeats;
};

struct hy_client_answer {
    int status;
    const char *text; /* as it came; "" when there was none */
    json_t *json;     /* null when there was none; json_decref() */
};

/*
 * Makes the call and returns HY_EXIT_DONE for a 2xx answer. For anything else it says why on
 * standard error, one line a fault, and returns HY_EXIT_USAGE (the server answered 400: what was
 * asked breaks a rule) or HY_EXIT_FAILED; `ret_answer` is set in any case.
 */
int hy_client_send(struct hy_cli *cli, const struct hy_client_call *call,
                   struct hy_client_answer *ret_answer);

/* After HY_EXIT_FAILED: nobody answered, or somebody who said "not now". */
bool hy_client_away(const struct hy_client_answer *answer);

/* The body (or, for GET and DELETE, the query) that the options given amount to. A fault was
 * printed and null returned when a file could not be read or JSON not be understood.
 * json_decref(). */
json_t *hy_client_body(struct hy_cli *cli);

/* The path of the command's row with the operand in it. In the arena. */
const char *hy_client_path(struct hy_cli *cli);

/* `path` with the members of `query` as its parameters. In the arena. */
const char *hy_client_with_query(struct hy_cli *cli, const char *path, const json_t *query);

/* Sends what the command's row and options say and shows the answer; returns the exit code. */
int hy_client_run(struct hy_cli *cli);

/* One line "hongyan: FIELD: MESSAGE" on standard error for each of the answer's errors[]; false
 * when there are none. */
bool hy_client_print_errors(struct hy_cli *cli, const json_t *answer);

/* With --json the answer as it came, one line; then true. */
bool hy_client_show_json(struct hy_cli *cli, const struct hy_client_answer *answer);

/* The environment (LC_ALL, LC_MESSAGES, LANG) asks for Chinese; the server is told so, too. */
bool hy_client_chinese(void);

/* Each group's own file. */
extern const struct hy_command hy_commands_app[];
extern const struct hy_command hy_commands_audit[];
extern const struct hy_command hy_commands_dead_letter[];
extern const struct hy_command hy_commands_key[];
extern const struct hy_command hy_commands_token[];
extern const struct hy_command hy_commands_grant[];
extern const struct hy_command hy_commands_doctor[];
extern const struct hy_command hy_commands_message[];
extern const struct hy_command hy_commands_broadcast[];
extern const struct hy_command hy_commands_schedule[];
extern const struct hy_command hy_commands_template[];
extern const struct hy_command hy_commands_node[];
extern const struct hy_command hy_commands_webhook[];
extern const char hy_serve_details[];

#endif
