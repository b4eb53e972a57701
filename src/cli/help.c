#include "cli/help.h"

#include "cli/table.h"

#include <ctype.h>
#include <string.h>

static const char intro[] =
    "hongyan sends service notifications to the users of WeChat mini programs.\n\n"
    "  hongyan COMMAND [OPTION]...\n\n";

static const char outro[] =
    "\n`hongyan help COMMAND` or `hongyan COMMAND --help` explains one. All but serve and sim "
    "talk\n"
    "to a running server: HONGYAN_URL says where it is, HONGYAN_KEY holds the key.\n"
    "Exit codes: 0 done, 1 failed, 2 asked wrongly.\n";

const char *hy_help_usage(const struct hy_command *command, struct hy_arena *arena)
{
    const char *usage =
        hy_arena_printf(arena, "hongyan %s%s%s%s%s", command->group ? command->group : "",
                        command->group ? " " : "", command->name, command->operand ? " " : "",
                        command->operand ? command->operand : "");

    for (const struct hy_option *o = command->options; o && o->name && usage; o++) {
        if (o->required)
            usage = hy_arena_printf(arena, "%s --%s %s", usage, o->name,
                                    hy_option_value_name(o, arena));
    }
    usage = hy_arena_printf(arena, "%s [OPTION]...", usage ? usage : "");
    return usage ? usage : "";
}

/* "Add an app." */
static const char *as_sentence(const struct hy_command *command, struct hy_arena *arena)
{
    size_t size = strlen(command->summary);
    bool ended = size && command->summary[size - 1] == '?';
    char *text = hy_arena_printf(arena, ended ? "%s" : "%s.", command->summary);

    if (text)
        text[0] = (char)toupper((unsigned char)text[0]);
    return text ? text : "";
}

static void add_command(const struct hy_command *command, struct hy_table *table)
{
    hy_table_add(table,
                 hy_arena_printf(table->arena, "%s%s%s", command->group ? command->group : "",
                                 command->group ? " " : "", command->name));
    hy_table_add(table, command->summary);
}

static void add_to_table(const struct hy_command *command, void *arg)
{
    add_command(command, arg);
}

void hy_help_all(struct hy_buf *out, struct hy_arena *arena)
{
    struct hy_table table;

    hy_buf_puts(out, intro);
    hy_table_init(&table, arena, out, 2);
    table.indent = "  ";
    hy_command_each(add_to_table, &table);
    hy_table_add(&table, "help");
    hy_table_add(&table, "explain a command");
    hy_table_add(&table, "--version");
    hy_table_add(&table, "print the version");
    hy_table_print(&table);
    hy_buf_puts(out, outro);
}

void hy_help_group(struct hy_buf *out, struct hy_arena *arena, const struct hy_group *group)
{
    struct hy_table table;

    hy_buf_printf(out, "hongyan %s: %s\n\n", group->name, group->summary);
    hy_table_init(&table, arena, out, 2);
    table.indent = "  ";
    for (const struct hy_command *c = group->commands; c->name; c++)
        add_command(c, &table);
    hy_table_print(&table);
    hy_buf_printf(out, "\n`hongyan %s COMMAND --help` explains one.\n", group->name);
}

/* --- one command ------------------------------------------------------------------------------ */

/* "help (default 15 seconds, environment HONGYAN_DRAIN_S)" */
static const char *sentence(const struct hy_option *option, struct hy_arena *arena)
{
    const char *notes = hy_option_notes(option, arena);
    const char *text = *notes ? hy_arena_printf(arena, "%s (%s)", option->help, notes)
                              : hy_arena_strdup(arena, option->help);

    return text ? text : "";
}

static const char *flag_of(const struct hy_option *option, struct hy_arena *arena)
{
    const char *value = hy_option_value_name(option, arena);
    const char *text;

    if (option->env_only)
        return option->env;
    if (option->type == HY_OPTION_FLAG && option->field)
        text = hy_arena_printf(arena, "--[no-]%s", option->name);
    else
        text = hy_arena_printf(arena, "--%s%s%s", option->name, *value ? " " : "", value);
    return text ? text : "";
}

/* Two columns where the first is short, else the text on a line of its own: a table of one long
 * name would push all texts off the screen. */
static void add_options(struct hy_buf *out, struct hy_arena *arena, const struct hy_option *options)
{
    enum { NAME_WIDTH = 28 };

    for (const struct hy_option *o = options; o && o->name; o++) {
        const char *flag = flag_of(o, arena);

        if (strlen(flag) > NAME_WIDTH)
            hy_buf_printf(out, "  %s\n  %-*s  %s\n", flag, NAME_WIDTH, "", sentence(o, arena));
        else
            hy_buf_printf(out, "  %-*s  %s\n", NAME_WIDTH, flag, sentence(o, arena));
    }
}

void hy_help_command(struct hy_buf *out, struct hy_arena *arena, const struct hy_command *command)
{
    hy_buf_printf(out, "%s\n\n%s\n", hy_help_usage(command, arena), as_sentence(command, arena));
    if (command->details)
        hy_buf_printf(out, "\n%s\n", command->details);
    if (command->options && command->options->name) {
        hy_buf_puts(out, "\nOptions:\n");
        add_options(out, arena, command->options);
    }
    if (hy_command_common(command)) {
        hy_buf_puts(out, "\nThe server:\n");
        add_options(out, arena, hy_command_common(command));
    }
}

/* --- man page --------------------------------------------------------------------------------- */

/* roff: a backslash, a dash and a leading point or quote mean something. */
static void roff(struct hy_buf *out, const char *text)
{
    bool line_start = true;

    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            hy_buf_puts(out, "\\&");
        if (*text == '\\')
            hy_buf_puts(out, "\\e");
        else if (*text == '-')
            hy_buf_puts(out, "\\-");
        else
            hy_buf_putc(out, *text);
        line_start = *text == '\n';
    }
}

static void man_line(struct hy_buf *out, const char *macro, const char *text)
{
    hy_buf_puts(out, macro);
    roff(out, text);
    hy_buf_putc(out, '\n');
}

static void man_options(struct hy_buf *out, struct hy_arena *arena, const struct hy_option *options)
{
    for (const struct hy_option *o = options; o && o->name; o++) {
        hy_buf_puts(out, ".TP\n");
        man_line(out, ".B ", flag_of(o, arena));
        man_line(out, "", sentence(o, arena));
    }
}

struct man {
    struct hy_buf *out;
    struct hy_arena *arena;
};

static void man_command(const struct hy_command *command, void *arg)
{
    struct man *man = arg;
    man_line(man->out, ".SS ", hy_help_usage(command, man->arena));
    man_line(man->out, "", as_sentence(command, man->arena));
    if (command->details) {
        hy_buf_puts(man->out, ".PP\n");
        man_line(man->out, "", command->details);
    }
    man_options(man->out, man->arena, command->options);
}

void hy_man_write(struct hy_buf *out, struct hy_arena *arena)
{
    struct man man = {out, arena};

    hy_buf_puts(out, ".TH HONGYAN 1 \"\" \"hongyan " HY_VERSION "\" \"User Commands\"\n"
                     ".SH NAME\nhongyan \\- service notifications for WeChat mini programs\n"
                     ".SH SYNOPSIS\n.B hongyan\n.I COMMAND\n[\\fIOPTION\\fR]...\n"
                     ".SH DESCRIPTION\n");
    man_line(
        out, "",
        "A server that takes messages over HTTP, finds the permission to speak to their user,\n"
        "keeps the platform's token fresh, sends, and records what happened; a simulator of\n"
        "the platform; and commands that talk to a running server.");
    hy_buf_puts(out, ".SH COMMANDS\n");
    hy_command_each(man_command, &man);
    hy_buf_puts(out, ".SH OPTIONS OF EVERY COMMAND THAT TALKS TO A SERVER\n");
    man_options(out, arena, hy_client_options);
    hy_buf_puts(out, ".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nfailed\n.TP\n.B 2\n"
                     "asked wrongly: an option, a field, a value\n");
}

/* --- completion ------------------------------------------------------------------------------- */

static void complete_options(struct hy_buf *out, const struct hy_option *options)
{
    for (const struct hy_option *o = options; o && o->name; o++) {
        if (!o->env_only)
            hy_buf_printf(out, " --%s", o->name);
    }
}

static void complete_command(const struct hy_command *command, void *arg)
{
    struct hy_buf *out = arg;

    hy_buf_printf(out, "    '%s%s%s')\n        words='", command->group ? command->group : "",
                  command->group ? " " : "", command->name);
    complete_options(out, command->options);
    complete_options(out, hy_command_common(command));
    hy_buf_puts(out, " --help' ;;\n");
}

void hy_completion_write(struct hy_buf *out)
{
    hy_buf_puts(out, "# Completion of hongyan for bash; written by `hongyan --completion`.\n"
                     "_hongyan() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} words=''\n"
                     "    local command=\"${COMP_WORDS[1]} ${COMP_WORDS[2]}\"\n"
                     "    case ${COMP_WORDS[1]} in serve|sim) command=${COMP_WORDS[1]} ;; esac\n"
                     "    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='");
    for (const struct hy_command *c = hy_commands_own; c->name; c++)
        hy_buf_printf(out, "%s ", c->name);
    for (const struct hy_group *g = hy_groups; g->name; g++)
        hy_buf_printf(out, "%s ", g->name);
    hy_buf_puts(out, "help --version'\n    else case $command in\n");
    hy_command_each(complete_command, out);
    for (const struct hy_group *g = hy_groups; g->name; g++) {
        hy_buf_printf(out, "    '%s '*)\n        words='", g->name);
        for (const struct hy_command *c = g->commands; c->name; c++)
            hy_buf_printf(out, "%s ", c->name);
        hy_buf_puts(out, "--help' ;;\n");
    }
    hy_buf_puts(out, "    esac; fi\n"
                     "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                     "}\ncomplete -o default -F _hongyan hongyan\n");
}
