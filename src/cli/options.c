#include "cli/options.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct hy_args *args;
    char *fault; /* HY_FAULT_BYTES */
    const char *operand;
    int argc, at;
    char *const *argv;
};

__attribute__((format(printf, 2, 3))) static int fail(struct parser *p, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(p->fault, HY_FAULT_BYTES, format, list);
    va_end(list);
    return HY_E_INVALID;
}

/* --- values ----------------------------------------------------------------------------------- */

static int put_int(struct parser *p, struct hy_value *value)
{
    const struct hy_option *option = value->option;
    const char *unit = option->unit ? option->unit : "";
    char *end;

    errno = 0;
    value->number = strtoll(value->text, &end, 10);
    if (errno != 0 || end == value->text || *end != 0 || value->number < option->min ||
        value->number > option->max)
        return fail(p, "%s: must be a whole number from %" PRId64 " to %" PRId64 "%s%s, not %.80s",
                    value->from, option->min, option->max, *unit ? " " : "", unit, value->text);
    return 0;
}

static int put_flag(struct parser *p, struct hy_value *value)
{
    static const char *const words[] = {"no", "yes", "0", "1", "false", "true", "off", "on", NULL};

    for (size_t i = 0; words[i]; i++) {
        if (strcmp(value->text, words[i]) == 0) {
            value->number = (int64_t)(i % 2);
            return 0;
        }
    }
    return fail(p, "%s: must be yes or no, not %.80s", value->from, value->text);
}

static int put_choice(struct parser *p, struct hy_value *value)
{
    const char *const *choices = value->option->choices;

    for (size_t i = 0; choices[i]; i++) {
        if (strcmp(value->text, choices[i]) == 0) {
            value->number = (int64_t)i;
            return 0;
        }
    }
    return fail(p, "%s: must be %s, not %.80s", value->from,
                hy_option_value_name(value->option, p->args->arena), value->text);
}

static int put_words(struct parser *p, struct hy_value *value)
{
    char *rest = hy_arena_strdup(p->args->arena, value->text);
    char *word;

    if (!value->words)
        value->words = hy_arena_array(p->args->arena, HY_WORDS_MAX, sizeof *value->words);
    if (!rest || !value->words)
        return fail(p, "out of memory");
    while ((word = strsep(&rest, ",")) != NULL) {
        if (*word == 0)
            continue;
        if (value->word_count == HY_WORDS_MAX)
            return fail(p, "%s: at most %d values", value->from, HY_WORDS_MAX);
        value->words[value->word_count++] = word;
    }
    return 0;
}

static int put(struct parser *p, struct hy_value *value, const char *from, const char *text)
{
    value->from = from;
    value->text = text;
    switch (value->option->type) {
    case HY_OPTION_INT: return put_int(p, value);
    case HY_OPTION_FLAG: return put_flag(p, value);
    case HY_OPTION_CHOICE: return put_choice(p, value);
    case HY_OPTION_WORDS: return put_words(p, value);
    default: return 0;
    }
}

/* --- words of the command line ---------------------------------------------------------------- */

static int refuse_unknown(struct parser *p, const char *name)
{
    const char *names[HY_OPTIONS_MAX + 2];
    const char *nearest;
    size_t count = 0;

    for (size_t i = 0; i < p->args->count; i++) {
        if (!p->args->values[i].option->env_only)
            names[count++] = p->args->values[i].option->name;
    }
    names[count++] = "help";
    names[count] = NULL;
    nearest = hy_nearest_name(name, names);
    if (nearest)
        return fail(p, "--%.80s: no such option; did you mean --%s?", name, nearest);
    return fail(p, "--%.80s: no such option; --help lists them", name);
}

static struct hy_value *find(struct parser *p, const char *name)
{
    for (size_t i = 0; i < p->args->count; i++) {
        if (strcmp(p->args->values[i].option->name, name) == 0)
            return &p->args->values[i];
    }
    return NULL;
}

/* "no-legacy-intake" is the flag legacy-intake with the other answer. */
static struct hy_value *find_negated(struct parser *p, const char *name)
{
    struct hy_value *value = strncmp(name, "no-", 3) == 0 ? find(p, name + 3) : NULL;

    return value && value->option->type == HY_OPTION_FLAG ? value : NULL;
}

static int take_flag(struct parser *p, struct hy_value *value, const char *from, const char *text,
                     bool negated)
{
    if (text)
        return fail(p, "%s: takes no value", from);
    value->given = true;
    return put(p, value, from, negated ? "no" : "yes");
}

static int take_option(struct parser *p, const char *word)
{
    const char *equals = strchr(word, '=');
    const char *text = equals ? equals + 1 : NULL;
    const char *from = equals ? hy_arena_memdup(p->args->arena, word, (size_t)(equals - word))
                              : hy_arena_strdup(p->args->arena, word);
    struct hy_value *value;
    bool negated = false;

    if (!from)
        return fail(p, "out of memory");
    value = find(p, from + 2);
    if (!value) {
        value = find_negated(p, from + 2);
        negated = value != NULL;
    }
    if (!value)
        return refuse_unknown(p, from + 2);
    if (value->option->env_only)
        return fail(p, "%s: set %s instead; other users of this machine can read a command line",
                    from, value->option->env);
    if (value->given && value->option->type != HY_OPTION_WORDS)
        return fail(p, "%s: given twice", from);
    if (value->option->type == HY_OPTION_FLAG)
        return take_flag(p, value, from, text, negated);
    if (!text) {
        if (p->at == p->argc)
            return fail(p, "%s: needs a value (%s)", from,
                        hy_option_value_name(value->option, p->args->arena));
        text = p->argv[p->at++];
    }
    value->given = true;
    return put(p, value, from, text);
}

/* The name of the operand that is still to come, and its place; null: none. */
static const char **next_operand(struct parser *p, const char **ret_name)
{
    const char *blank = p->operand ? strchr(p->operand, ' ') : NULL;

    if (p->operand && !p->args->operand) {
        *ret_name = blank
                        ? hy_arena_memdup(p->args->arena, p->operand, (size_t)(blank - p->operand))
                        : p->operand;
        return &p->args->operand;
    }
    if (!blank || p->args->second)
        return NULL;
    *ret_name = blank + 1;
    return &p->args->second;
}

static int take_operand(struct parser *p, const char *word)
{
    const char *name, **place = next_operand(p, &name);

    if (!place)
        return fail(p, "%.80s: one word too many", word);
    if (*word == 0)
        return fail(p, "%s: is empty", name ? name : p->operand);
    *place = word;
    return 0;
}

static bool asks_for_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static int take_words(struct parser *p)
{
    bool only_operands = false;
    int err = 0;

    while (p->at < p->argc && err == 0) {
        const char *word = p->argv[p->at++];

        if (!only_operands && strcmp(word, "--") == 0)
            only_operands = true;
        else if (!only_operands && strncmp(word, "--", 2) == 0)
            err = take_option(p, word);
        else if (!only_operands && word[0] == '-' && word[1] != 0)
            err = fail(p, "%.80s: no such option; if it is a value, write -- before it", word);
        else
            err = take_operand(p, word);
    }
    return err;
}

/* --- the rest --------------------------------------------------------------------------------- */

static int fill_in(struct parser *p, struct hy_value *value, hy_option_env *env)
{
    const struct hy_option *option = value->option;
    const char *text = option->env ? env(option->env) : NULL;

    if (value->given)
        return 0;
    if (text && *text) {
        value->given = true;
        return put(p, value, option->env, text);
    }
    if (option->fallback)
        return put(p, value, option->name, option->fallback);
    if (option->required)
        return fail(p, "--%s %s is needed: %s", option->name,
                    hy_option_value_name(option, p->args->arena), option->help);
    return 0;
}

static void add_rows(struct hy_args *args, const struct hy_option *table)
{
    for (; table && table->name; table++) {
        if (args->count == HY_OPTIONS_MAX)
            abort(); /* a table outgrew the array: seen by the first test that parses it */
        args->values[args->count++].option = table;
    }
}

int hy_args_parse(struct hy_args *args, struct hy_arena *arena, const struct hy_option *own,
                  const struct hy_option *common, const char *operand, int argc, char *const *argv,
                  hy_option_env *env, char ret_fault[HY_FAULT_BYTES])
{
    struct parser p = {
        .args = args, .fault = ret_fault, .operand = operand, .argc = argc, .argv = argv};
    const char *missing;
    int err;

    *args = (struct hy_args){.arena = arena};
    add_rows(args, own);
    add_rows(args, common);
    args->help = asks_for_help(argc, argv);
    if (args->help)
        return 0;
    err = take_words(&p);
    for (size_t i = 0; i < args->count && err == 0; i++)
        err = fill_in(&p, &args->values[i], env);
    if (err == 0 && next_operand(&p, &missing))
        err = fail(&p, "%s is missing; --help explains", missing ? missing : operand);
    return err;
}

const struct hy_value *hy_args_get(const struct hy_args *args, const char *name)
{
    for (size_t i = 0; i < args->count; i++) {
        if (strcmp(args->values[i].option->name, name) == 0)
            return &args->values[i];
    }
    abort();
}

const char *hy_args_text(const struct hy_args *args, const char *name)
{
    return hy_args_get(args, name)->text;
}

int64_t hy_args_int(const struct hy_args *args, const char *name)
{
    return hy_args_get(args, name)->number;
}

bool hy_args_flag(const struct hy_args *args, const char *name)
{
    return hy_args_get(args, name)->number != 0;
}

/* --- how rows are shown ----------------------------------------------------------------------- */

static const char *joined(const char *const *words, const char *glue, struct hy_arena *arena)
{
    const char *text = "";

    for (size_t i = 0; words[i] && text; i++)
        text = hy_arena_printf(arena, "%s%s%s", text, i ? glue : "", words[i]);
    return text ? text : "";
}

const char *hy_option_value_name(const struct hy_option *option, struct hy_arena *arena)
{
    static const char *const names[] = {
        [HY_OPTION_TEXT] = "TEXT",   [HY_OPTION_INT] = "N",      [HY_OPTION_FLAG] = "",
        [HY_OPTION_CHOICE] = "WORD", [HY_OPTION_WORDS] = "A,B",  [HY_OPTION_INSTANT] = "TIME",
        [HY_OPTION_JSON] = "JSON",   [HY_OPTION_SECRET] = "FILE"};

    if (option->value)
        return option->value;
    if (option->choices)
        return joined(option->choices, "|", arena);
    return names[option->type];
}

const char *hy_option_notes(const struct hy_option *option, struct hy_arena *arena)
{
    const char *notes[6] = {NULL};
    size_t count = 0;

    if (option->required)
        notes[count++] = "required";
    if (option->fallback)
        notes[count++] = hy_arena_printf(arena, "default %s%s%s", option->fallback,
                                         option->unit ? " " : "", option->unit ? option->unit : "");
    else if (option->unit)
        notes[count++] = hy_arena_printf(arena, "in %s", option->unit);
    if (option->type == HY_OPTION_WORDS)
        notes[count++] = "may be repeated";
    if (option->env && option->env_only)
        notes[count++] = "environment only";
    else if (option->env)
        notes[count++] = hy_arena_printf(arena, "environment %s", option->env);
    return joined(notes, ", ", arena);
}
