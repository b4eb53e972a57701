/*
 * command.h - every subcommand is a row: what it is called, what it takes, what it asks the server,
 * how the answer is shown. Parsing, help, man page and shell completion read the same rows.
 *
 *   hongyan app set wx0000000000000001 --rate-per-s 50
 *           |   |   |
 *       group name operand
 *
 * A command that is one call to the server needs no code: `method` and `path` say which, the
 * options' `field`s make its body (or query, for GET and DELETE), `columns` say what is shown of
 * the answer.
 */
#ifndef HY_CLI_COMMAND_H
#define HY_CLI_COMMAND_H

#include "base/arena.h"
#include "base/buf.h"
#include "cli/options.h"

#include <jansson.h>
#include <stdbool.h>

/* What the program ends with. A script may rely on these. */
enum hy_exit {
    HY_EXIT_DONE = 0,
    HY_EXIT_FAILED = 1, /* could not do it */
    HY_EXIT_USAGE = 2   /* was asked wrongly: an option, a field, a value */
};

struct hy_cli {
    const struct hy_command *command;
    struct hy_args args;
    struct hy_arena arena; /* until the program ends */
    struct hy_buf out;     /* goes to standard output when the command has run */
};

/* One column of a list, and one line of a single thing. */
struct hy_column {
    const char *title; /* "in flight"; null ends the table */
    const char *path;  /* into the answer, with dots: "token.expires_at" */
    bool right;        /* numbers */
    bool single;       /* left out of lists */
};

struct hy_command {
    const char *group; /* "app"; null for `serve` and `sim` */
    const char *name;
    const char *operand; /* "ID", "ID FILE", or null; always needed */
    const char *summary; /* one line, lower case, no final stop */
    const char *details; /* paragraphs for help and man, or null */
    const struct hy_option *options;
    int (*run)(struct hy_cli *cli); /* an enum hy_exit; null: hy_client_run() */
    bool local;                     /* does not talk to a server: no --url, no --json */

    /* For hy_client_run(): */
    const char *method;
    const char *path;                                      /* {} stands for the operand, encoded */
    const char *operand_field;                             /* the operand's place in the body */
    const struct hy_column *columns;                       /* how an answer is shown */
    int (*show)(struct hy_cli *cli, const json_t *answer); /* instead of columns */
    const char *done; /* printed before the operand when there is nothing to show: "removed" */
};

struct hy_group {
    const char *name; /* null ends the table */
    const char *summary;
    const struct hy_command *commands; /* ended by a null name */
    const char *alone;                 /* the command that the group's name alone means, or null */
};

/* Without a group name: `serve` and `sim`. */
extern const struct hy_command hy_commands_own[];
extern const struct hy_group hy_groups[];

/* --url, --json, HONGYAN_KEY: of every command that talks to a server. */
extern const struct hy_option hy_client_options[];

/* Null when there is none. `group` null: one of hy_commands_own. */
const struct hy_group *hy_group_find(const char *name);
const struct hy_command *hy_command_find(const char *group, const char *name);

/* The second table that hy_args_parse() is given. */
const struct hy_option *hy_command_common(const struct hy_command *command);

/* Calls `each` for every command, groups in order. */
void hy_command_each(void (*each)(const struct hy_command *command, void *arg), void *arg);

/* One line "hongyan: ..." on standard error. */
void hy_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The whole program: argv as main() gets it. */
int hy_cli_main(int argc, char *const *argv);

/* serve.c, sim.c, files.c, migrate.c */
extern const struct hy_option hy_serve_options[];
extern const struct hy_option hy_sim_options[];
extern const struct hy_option hy_backup_options[];
extern const struct hy_option hy_check_options[];
extern const struct hy_option hy_migrate_options[];
extern const struct hy_option hy_reopen_options[];
extern const char hy_backup_details[], hy_check_details[], hy_migrate_details[],
    hy_reopen_details[];
int hy_serve_run(struct hy_cli *cli);
int hy_sim_run(struct hy_cli *cli);
int hy_backup_run(struct hy_cli *cli);
int hy_check_run(struct hy_cli *cli);
int hy_migrate_run(struct hy_cli *cli);
int hy_reopen_run(struct hy_cli *cli);

#endif
