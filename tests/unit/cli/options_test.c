#include "tap.h"

#include "base/err.h"
#include "cli/options.h"

#include <stdlib.h>

static const char *const colours[] = {"red", "green", NULL};

static const struct hy_option own[] = {
    {.name = "listen", .fallback = "127.0.0.1:1", .env = "T_LISTEN", .help = "where"},
    {.name = "drain-s",
     .type = HY_OPTION_INT,
     .fallback = "15",
     .unit = "seconds",
     .min = 1,
     .max = 60,
     .env = "T_DRAIN",
     .help = "how long"},
    {.name = "loud", .type = HY_OPTION_FLAG, .env = "T_LOUD", .help = "shout"},
    {.name = "colour", .type = HY_OPTION_CHOICE, .choices = colours, .help = "which"},
    {.name = "scope", .type = HY_OPTION_WORDS, .help = "what"},
    {0}};

static const struct hy_option common[] = {
    {.name = "secret", .env = "T_SECRET", .env_only = true, .help = "hidden"}, {0}};

static const struct hy_option strict[] = {
    {.name = "app", .value = "ID", .required = true, .help = "which app"}, {0}};

static const char *env_listen, *env_drain, *env_loud, *env_secret;

static const char *environment(const char *name)
{
    return strcmp(name, "T_LISTEN") == 0   ? env_listen
           : strcmp(name, "T_DRAIN") == 0  ? env_drain
           : strcmp(name, "T_LOUD") == 0   ? env_loud
           : strcmp(name, "T_SECRET") == 0 ? env_secret
                                           : NULL;
}

static struct hy_arena arena;
static struct hy_args args;
static char fault[HY_FAULT_BYTES];

static int parse(const struct hy_option *table, const char *operand, const char *line)
{
    char *words[16], *rest = hy_arena_strdup(&arena, line), *word;
    int count = 0;

    while ((word = strsep(&rest, " ")) != NULL && count < 16) {
        if (*word)
            words[count++] = word;
    }
    fault[0] = 0;
    return hy_args_parse(&args, &arena, table, common, operand, count, words, environment, fault);
}

static void takes_defaults(void)
{
    CHECK_INT(parse(own, NULL, ""), 0);
    CHECK_TEXT(hy_args_text(&args, "listen"), "127.0.0.1:1");
    CHECK_INT(hy_args_int(&args, "drain-s"), 15);
    CHECK(!hy_args_flag(&args, "loud"));
    CHECK(!hy_args_text(&args, "colour"));
    CHECK(!hy_args_get(&args, "drain-s")->given);
}

static void reads_both_spellings(void)
{
    CHECK_INT(parse(own, "ID", "--listen a:2 --drain-s=7 --loud --colour green wx1"), 0);
    CHECK_TEXT(hy_args_text(&args, "listen"), "a:2");
    CHECK_INT(hy_args_int(&args, "drain-s"), 7);
    CHECK(hy_args_flag(&args, "loud"));
    CHECK_INT(hy_args_int(&args, "colour"), 1);
    CHECK_TEXT(args.operand, "wx1");
    CHECK(hy_args_get(&args, "drain-s")->given);
}

static void environment_is_between(void)
{
    env_listen = "env:3";
    env_drain = "20";
    env_loud = "yes";
    env_secret = "s3cret";
    CHECK_INT(parse(own, NULL, "--drain-s 30 --no-loud"), 0);
    CHECK_TEXT(hy_args_text(&args, "listen"), "env:3");
    CHECK_INT(hy_args_int(&args, "drain-s"), 30);
    CHECK(!hy_args_flag(&args, "loud"));
    CHECK_TEXT(hy_args_text(&args, "secret"), "s3cret");
    env_listen = "";
    CHECK_INT(parse(own, NULL, ""), 0);
    CHECK_TEXT(hy_args_text(&args, "listen"), "127.0.0.1:1");
    CHECK(hy_args_flag(&args, "loud"));
    env_drain = "soon";
    CHECK_INT(parse(own, NULL, ""), HY_E_INVALID);
    CHECK_TEXT(fault, "T_DRAIN: must be a whole number from 1 to 60 seconds, not soon");
    env_listen = env_drain = env_loud = env_secret = NULL;
}

static void words_add_up(void)
{
    const struct hy_value *value;

    CHECK_INT(parse(own, NULL, "--scope send,read --scope token"), 0);
    value = hy_args_get(&args, "scope");
    CHECK_INT(value->word_count, 3);
    CHECK_TEXT(value->words[0], "send");
    CHECK_TEXT(value->words[1], "read");
    CHECK_TEXT(value->words[2], "token");
}

static void says_what_is_wrong(void)
{
    static const struct {
        const char *line, *fault;
    } rows[] = {
        {"--lisen x", "--lisen: no such option; did you mean --listen?"},
        {"--xyzzyxyzzy", "--xyzzyxyzzy: no such option; --help lists them"},
        {"-v", "-v: no such option; if it is a value, write -- before it"},
        {"--listen", "--listen: needs a value (TEXT)"},
        {"--colour", "--colour: needs a value (red|green)"},
        {"--colour blue", "--colour: must be red|green, not blue"},
        {"--loud=yes", "--loud: takes no value"},
        {"--no-listen", "--no-listen: no such option; did you mean --listen?"},
        {"--drain-s 0", "--drain-s: must be a whole number from 1 to 60 seconds, not 0"},
        {"--drain-s 61", "--drain-s: must be a whole number from 1 to 60 seconds, not 61"},
        {"--drain-s 7x", "--drain-s: must be a whole number from 1 to 60 seconds, not 7x"},
        {"--drain-s 99999999999999999999",
         "--drain-s: must be a whole number from 1 to 60 seconds, not 99999999999999999999"},
        {"--listen a --listen b", "--listen: given twice"},
        {"--secret x",
         "--secret: set T_SECRET instead; other users of this machine can read a command line"},
        {"stray", "stray: one word too many"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(parse(own, NULL, rows[i].line), HY_E_INVALID);
        CHECK_TEXT(fault, rows[i].fault);
    }
}

static void wants_what_is_needed(void)
{
    CHECK_INT(parse(strict, NULL, ""), HY_E_INVALID);
    CHECK_TEXT(fault, "--app ID is needed: which app");
    CHECK_INT(parse(strict, "ID", "--app x"), HY_E_INVALID);
    CHECK_TEXT(fault, "ID is missing; --help explains");
    CHECK_INT(parse(strict, "ID", "--app x -- --odd"), 0);
    CHECK_TEXT(args.operand, "--odd");
    CHECK_INT(parse(strict, "ID FILE", "b1 --app x users.csv"), 0);
    CHECK_TEXT(args.operand, "b1");
    CHECK_TEXT(args.second, "users.csv");
    CHECK_INT(parse(strict, "ID FILE", "b1 --app x"), HY_E_INVALID);
    CHECK_TEXT(fault, "FILE is missing; --help explains");
    CHECK_INT(parse(strict, "ID FILE", "--app x"), HY_E_INVALID);
    CHECK_TEXT(fault, "ID is missing; --help explains");
    CHECK_INT(parse(strict, "ID FILE", "a b c"), HY_E_INVALID);
    CHECK_TEXT(fault, "c: one word too many");
    CHECK_INT(parse(strict, "ID", "--app x -"), 0);
    CHECK_TEXT(args.operand, "-");
}

static void help_beats_all_else(void)
{
    CHECK_INT(parse(strict, "ID", "--nonsense --help"), 0);
    CHECK(args.help);
    CHECK_INT(parse(own, "ID", "-- --help"), 0);
    CHECK(!args.help);
}

static void notes_name_default_and_variable(void)
{
    CHECK_TEXT(hy_option_notes(&own[1], &arena), "default 15 seconds, environment T_DRAIN");
    CHECK_TEXT(hy_option_notes(&own[4], &arena), "may be repeated");
    CHECK_TEXT(hy_option_notes(&common[0], &arena), "environment only");
    CHECK_TEXT(hy_option_notes(&strict[0], &arena), "required");
    CHECK_TEXT(hy_option_value_name(&own[3], &arena), "red|green");
    CHECK_TEXT(hy_option_value_name(&own[1], &arena), "N");
}

int main(void)
{
    hy_arena_init(&arena);
    RUN(takes_defaults);
    RUN(reads_both_spellings);
    RUN(environment_is_between);
    RUN(words_add_up);
    RUN(says_what_is_wrong);
    RUN(wants_what_is_needed);
    RUN(help_beats_all_else);
    RUN(notes_name_default_and_variable);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
