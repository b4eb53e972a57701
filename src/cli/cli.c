#include "cli/client.h"
#include "cli/command.h"
#include "cli/help.h"

#include "base/err.h"
#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_MAX_BYTES = 256 << 20 };

const struct hy_command hy_commands_own[] = {
    {.name = "serve",
     .summary = "run the server",
     .details = hy_serve_details,
     .options = hy_serve_options,
     .local = true,
     .run = hy_serve_run},
    {.name = "sim",
     .summary = "run a simulator of the WeChat platform, for work offline and tests",
     .options = hy_sim_options,
     .local = true,
     .run = hy_sim_run},
    {.name = "backup",
     .operand = "FILE",
     .summary = "copy the store into a new file, while the server runs or not",
     .details = hy_backup_details,
     .options = hy_backup_options,
     .local = true,
     .run = hy_backup_run},
    {.name = "check",
     .summary = "verify the store: a file that no server has open, or PostgreSQL at any time",
     .details = hy_check_details,
     .options = hy_check_options,
     .local = true,
     .run = hy_check_run},
    {.name = "migrate-store",
     .operand = "SQLITE POSTGRES",
     .summary = "move a store from its file to PostgreSQL, for several nodes",
     .details = hy_migrate_details,
     .options = hy_migrate_options,
     .local = true,
     .run = hy_migrate_run},
    {.name = "reopen-store",
     .operand = "SQLITE",
     .summary = "use a file again that was moved to PostgreSQL",
     .details = hy_reopen_details,
     .options = hy_reopen_options,
     .local = true,
     .run = hy_reopen_run},
    {0}};

const struct hy_group hy_groups[] = {
    {"app", "accounts on a platform", hy_commands_app},
    {"key", "keys of the API", hy_commands_key},
    {"token", "the platform's access token of an app", hy_commands_token},
    {"grant", "permissions to send to a user", hy_commands_grant},
    {"template", "what messages look like", hy_commands_template},
    {"message", "notifications", hy_commands_message},
    {"dead-letter", "messages that failed or stay unknown", hy_commands_dead_letter},
    {"broadcast", "one message to many users", hy_commands_broadcast},
    {"schedule", "messages by cron expression", hy_commands_schedule},
    {"node", "the processes that share the store", hy_commands_node},
    {"webhook", "who is told what becomes of messages, grants and callbacks", hy_commands_webhook},
    {"audit", "who changed what", hy_commands_audit},
    {"doctor", "what is wrong, and what to do", hy_commands_doctor, "service"},
    {0}};

const struct hy_group *hy_group_find(const char *name)
{
    for (const struct hy_group *g = hy_groups; g->name; g++) {
        if (strcmp(g->name, name) == 0)
            return g;
    }
    return NULL;
}

const struct hy_command *hy_command_find(const char *group, const char *name)
{
    const struct hy_group *g = group ? hy_group_find(group) : NULL;
    const struct hy_command *command = g ? g->commands : group ? NULL : hy_commands_own;

    for (; command && command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

const struct hy_option *hy_command_common(const struct hy_command *command)
{
    return command->local ? NULL : hy_client_options;
}

void hy_command_each(void (*each)(const struct hy_command *command, void *arg), void *arg)
{
    for (const struct hy_command *c = hy_commands_own; c->name; c++)
        each(c, arg);
    for (const struct hy_group *g = hy_groups; g->name; g++) {
        for (const struct hy_command *c = g->commands; c->name; c++)
            each(c, arg);
    }
}

void hy_fault(const char *format, ...)
{
    char line[2048];
    va_list list;

    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    fprintf(stderr, "hongyan: %s\n", line);
}

/* --- words that are no command ---------------------------------------------------------------- */

static int unknown_command(const struct hy_group *group, const char *name)
{
    const char *names[64] = {NULL};
    const char *nearest;
    size_t count = 0;

    for (const struct hy_command *c = group ? group->commands : hy_commands_own; c->name; c++)
        names[count++] = c->name;
    for (const struct hy_group *g = hy_groups; !group && g->name; g++)
        names[count++] = g->name;
    nearest = hy_nearest_name(name, names);
    if (nearest)
        hy_fault("%s%s%.80s: no such command; did you mean %s?", group ? group->name : "",
                 group ? " " : "", name, nearest);
    else
        hy_fault("%s%s%.80s: no such command; `hongyan help` lists them", group ? group->name : "",
                 group ? " " : "", name);
    return HY_EXIT_USAGE;
}

/* hongyan help, help serve, help app, help app add */
static int help(struct hy_cli *cli, int argc, char *const *argv)
{
    const struct hy_group *group = argc > 0 ? hy_group_find(argv[0]) : NULL;
    const struct hy_command *command = NULL;

    if (argc == 0) {
        hy_help_all(&cli->out, &cli->arena);
        return HY_EXIT_DONE;
    }
    if (group && argc == 1) {
        hy_help_group(&cli->out, &cli->arena, group);
        return HY_EXIT_DONE;
    }
    command = group ? hy_command_find(argv[0], argv[1]) : hy_command_find(NULL, argv[0]);
    if (!command)
        return unknown_command(group, group ? argv[1] : argv[0]);
    hy_help_command(&cli->out, &cli->arena, command);
    return HY_EXIT_DONE;
}

static int version(struct hy_cli *cli, int argc, char *const *argv)
{
    hy_buf_puts(&cli->out, "hongyan " HY_VERSION "\n");
    return HY_EXIT_DONE;
}

static int man(struct hy_cli *cli, int argc, char *const *argv)
{
    hy_man_write(&cli->out, &cli->arena);
    return HY_EXIT_DONE;
}

static int completion(struct hy_cli *cli, int argc, char *const *argv)
{
    hy_completion_write(&cli->out);
    return HY_EXIT_DONE;
}

/* Before the commands. --man and --completion are for the build and for packages. */
static const struct {
    const char *word;
    int (*run)(struct hy_cli *cli, int argc, char *const *argv);
} words[] = {{"help", help},         {"--help", help}, {"-h", help},
             {"--version", version}, {"--man", man},   {"--completion", completion}};

/* Help that nobody asked for is part of a fault. */
static int usage(struct hy_cli *cli)
{
    fputs(hy_buf_text(&cli->out), stderr);
    hy_buf_clear(&cli->out);
    return HY_EXIT_USAGE;
}

/* --- running ---------------------------------------------------------------------------------- */

static const char *environment(const char *name)
{
    return getenv(name);
}

static int run_command(struct hy_cli *cli, const struct hy_command *command, int argc,
                       char *const *argv)
{
    char fault[HY_FAULT_BYTES];

    cli->command = command;
    if (hy_args_parse(&cli->args, &cli->arena, command->options, hy_command_common(command),
                      command->operand, argc, argv, environment, fault) < 0) {
        hy_fault("%s", fault);
        return HY_EXIT_USAGE;
    }
    if (cli->args.help) {
        hy_help_command(&cli->out, &cli->arena, command);
        return HY_EXIT_DONE;
    }
    return command->run ? command->run(cli) : hy_client_run(cli);
}

static int run_group(struct hy_cli *cli, const struct hy_group *group, int argc, char *const *argv)
{
    const struct hy_command *command;

    if (argc == 0 && !group->alone) {
        hy_help_group(&cli->out, &cli->arena, group);
        return usage(cli);
    }
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        hy_help_group(&cli->out, &cli->arena, group);
        return HY_EXIT_DONE;
    }
    if (argc == 0 || (group->alone && argv[0][0] == '-'))
        return run_command(cli, hy_command_find(group->name, group->alone), argc, argv);
    command = hy_command_find(group->name, argv[0]);
    return command ? run_command(cli, command, argc - 1, argv + 1)
                   : unknown_command(group, argv[0]);
}

static int dispatch(struct hy_cli *cli, int argc, char *const *argv)
{
    const struct hy_command *command;
    const struct hy_group *group;

    if (argc < 2) {
        hy_help_all(&cli->out, &cli->arena);
        return usage(cli);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(argv[1], words[i].word) == 0)
            return words[i].run(cli, argc - 2, argv + 2);
    }
    group = hy_group_find(argv[1]);
    if (group)
        return run_group(cli, group, argc - 2, argv + 2);
    command = hy_command_find(NULL, argv[1]);
    return command ? run_command(cli, command, argc - 2, argv + 2) : unknown_command(NULL, argv[1]);
}

int hy_cli_main(int argc, char *const *argv)
{
    struct hy_cli cli = {0};
    int code;

    hy_arena_init(&cli.arena);
    hy_buf_init(&cli.out, OUT_MAX_BYTES);
    code = dispatch(&cli, argc, argv);
    fwrite(hy_buf_text(&cli.out), 1, cli.out.size, stdout);
    if (!hy_buf_ok(&cli.out) || fflush(stdout) != 0 || ferror(stdout)) {
        hy_fault("the output could not be written: %s", strerror(errno));
        code = code ? code : HY_EXIT_FAILED;
    }
    hy_buf_deinit(&cli.out);
    hy_arena_deinit(&cli.arena);
    return code;
}
