/* The tables of commands are sound, and nothing of them is missing in what is made of them. */
#include "tap.h"

#include "base/err.h"
#include "cli/help.h"

#include <ctype.h>

static struct hy_arena arena;
static struct hy_buf out;

static const char *nothing(const char *name)
{
    return NULL;
}

/* What the man page makes of an option's name. */
static const char *in_man(const char *name)
{
    char text[128];
    size_t size = 0;

    for (; *name && size < sizeof text - 2; name++) {
        if (*name == '-')
            text[size++] = '\\';
        text[size++] = *name;
    }
    text[size] = 0;
    return hy_arena_strdup(&arena, text);
}

static void check_rows(const struct hy_option *options)
{
    for (const struct hy_option *o = options; o && o->name; o++) {
        CHECK(o->help && *o->help);
        CHECK(o->help[strlen(o->help) - 1] != '.');
        CHECK(!o->env || strncmp(o->env, "HONGYAN_", 8) == 0);
        CHECK(!o->env_only || o->env);
        CHECK(o->type != HY_OPTION_INT || o->max > o->min);
        CHECK(o->type != HY_OPTION_CHOICE || o->choices);
    }
}

static void check_unique(const struct hy_args *args)
{
    for (size_t i = 0; i < args->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct hy_option *a = args->values[i].option, *b = args->values[k].option;

            if (strcmp(a->name, b->name) == 0)
                hy_tap_fail(__FILE__, __LINE__, "--%s is there twice", a->name);
            CHECK(!a->env || !b->env || strcmp(a->env, b->env) != 0);
            CHECK(!a->field || !b->field || strcmp(a->field, b->field) != 0);
        }
    }
}

static void check_sound(const struct hy_command *command, void *arg)
{
    char word[] = "--help", *const help[] = {word};
    char fault[HY_FAULT_BYTES];
    struct hy_args args;

    CHECK(islower((unsigned char)command->summary[0]));
    CHECK(command->run || (command->method && command->path));
    CHECK(!command->path ||
          (strstr(command->path, "{}") != NULL) == (command->operand && !command->operand_field));
    CHECK(command->local || hy_command_common(command));
    check_rows(command->options);
    check_rows(hy_command_common(command));
    CHECK_INT(hy_args_parse(&args, &arena, command->options, hy_command_common(command),
                            command->operand, 1, help, nothing, fault),
              0);
    check_unique(&args);
    ++*(int *)arg;
}

static void tables_are_sound(void)
{
    int count = 0;

    hy_command_each(check_sound, &count);
    CHECK(count > 20);
    CHECK(hy_command_find("app", "add"));
    CHECK(hy_command_find(NULL, "serve"));
    CHECK(!hy_command_find(NULL, "add"));
    CHECK(!hy_command_find("app", "serve"));
}

/* Defaults have to pass their own checks. */
static void defaults_are_valid(void)
{
    char fault[HY_FAULT_BYTES] = "";
    struct hy_args args;
    int err = hy_args_parse(&args, &arena, hy_serve_options, NULL, NULL, 0, NULL, nothing, fault);

    CHECK_TEXT(fault, "");
    CHECK_INT(err, 0);
    CHECK_TEXT(hy_args_text(&args, "listen"), "127.0.0.1:8080");
    CHECK_TEXT(hy_args_text(&args, "store"), "sqlite:hongyan.db");
    CHECK_TEXT(hy_args_text(&args, "wechat-url"), "https://api.weixin.qq.com");
    CHECK_INT(hy_args_parse(&args, &arena, hy_sim_options, NULL, NULL, 0, NULL, nothing, fault), 0);
    CHECK_TEXT(hy_args_text(&args, "listen"), "127.0.0.1:8090");
}

static void wants(const char *text, const char *what)
{
    if (!strstr(hy_buf_text(&out), text))
        hy_tap_fail(__FILE__, __LINE__, "%s lacks %s", what, text);
}

static void check_options(const struct hy_option *options, const char *what, bool man)
{
    for (const struct hy_option *o = options; o && o->name; o++) {
        const char *shown = o->env_only ? o->env : man ? in_man(o->name) : o->name;

        wants(shown, what);
        if (o->env)
            wants(o->env, what);
        if (o->fallback)
            wants(man ? in_man(o->fallback) : o->fallback, what);
    }
}

static void check_help(const struct hy_command *command, void *arg)
{
    hy_buf_clear(&out);
    hy_help_command(&out, &arena, command);
    wants(hy_help_usage(command, &arena), command->name);
    check_options(command->options, command->name, false);
    check_options(hy_command_common(command), command->name, false);
}

static void help_has_every_option(void)
{
    hy_command_each(check_help, NULL);
}

static void check_man(const struct hy_command *command, void *arg)
{
    wants(in_man(hy_help_usage(command, &arena)), "the man page");
    check_options(command->options, "the man page", true);
}

static void man_has_every_option(void)
{
    hy_buf_clear(&out);
    hy_man_write(&out, &arena);
    CHECK(hy_buf_ok(&out));
    hy_command_each(check_man, NULL);
    check_options(hy_client_options, "the man page", true);
}

static void check_listed(const struct hy_command *command, void *arg)
{
    wants(command->summary, "the list of commands");
}

static void overview_has_every_command(void)
{
    hy_buf_clear(&out);
    hy_help_all(&out, &arena);
    hy_command_each(check_listed, NULL);
}

static void check_completed(const struct hy_command *command, void *arg)
{
    for (const struct hy_option *o = command->options; o && o->name; o++) {
        if (!o->env_only)
            wants(hy_arena_printf(&arena, " --%s", o->name), "completion");
    }
}

static void completion_has_every_option(void)
{
    hy_buf_clear(&out);
    hy_completion_write(&out);
    hy_command_each(check_completed, NULL);
    CHECK(!strstr(hy_buf_text(&out), "--admin-key"));
}

int main(void)
{
    hy_arena_init(&arena);
    hy_buf_init(&out, 1 << 20);
    RUN(tables_are_sound);
    RUN(defaults_are_valid);
    RUN(help_has_every_option);
    RUN(man_has_every_option);
    RUN(overview_has_every_command);
    RUN(completion_has_every_option);
    hy_buf_deinit(&out);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
