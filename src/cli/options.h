/*
 * options.h - command lines read by a table: flag, environment variable, default, help text and man
 * page of an option all come from its one row.
 *
 *   static const struct hy_option options[] = {
 *       {.name = "drain-s", .type = HY_OPTION_INT, .fallback = "15", .max = 3600,
 *        .env = "HONGYAN_DRAIN_S", .unit = "seconds", .help = "how long a stop may take"},
 *       {0}};
 *
 *   hongyan serve --drain-s 30      --drain-s=30      HONGYAN_DRAIN_S=30 hongyan serve
 *
 * The command line beats the environment, which beats the default. An empty variable is not set.
 */
#ifndef HY_CLI_OPTIONS_H
#define HY_CLI_OPTIONS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hy_option_type {
    HY_OPTION_TEXT,
    HY_OPTION_INT,     /* within min..max */
    HY_OPTION_FLAG,    /* --name and --no-name; yes or no in the environment */
    HY_OPTION_CHOICE,  /* one of `choices` */
    HY_OPTION_WORDS,   /* may be repeated; commas separate too */
    HY_OPTION_INSTANT, /* RFC 3339, Unix seconds, never: text here, judged by whoever uses it */
    HY_OPTION_JSON,    /* JSON, @FILE, or @- for standard input: text here, read by the user */
    HY_OPTION_SECRET   /* the name of a file whose first line is the secret, - = standard input */
};

struct hy_option {
    const char *name; /* without the dashes; null ends the table */
    enum hy_option_type type;
    const char *value;    /* what help calls the value: "HOST:PORT"; null: by type */
    const char *fallback; /* the default as text; null: not set */
    const char *unit;     /* "seconds", or null */
    const char *env;      /* the variable, or null */
    const char *help;     /* one line, lower case, no final stop */
    int64_t min, max;     /* HY_OPTION_INT */
    const char *const *choices;
    bool required;
    bool env_only; /* a secret: refused on the command line, which every user of a machine sees */
    const char *field; /* the field or query parameter of the API that it becomes, or null */
};

/* Of calls that list in pages. */
#define HY_LIMIT_OPTION                                                                            \
    {                                                                                              \
        .name = "limit", .type = HY_OPTION_INT, .min = 1, .max = 1000, .field = "limit",           \
        .help = "how many at most"                                                                 \
    }
#define HY_AFTER_OPTION                                                                            \
    {                                                                                              \
        .name = "after", .field = "after", .value = "CURSOR", .help = "go on where a list ended"   \
    }

enum { HY_OPTIONS_MAX = 40, HY_WORDS_MAX = 64, HY_FAULT_BYTES = 512 };

struct hy_value {
    const struct hy_option *option;
    bool given;       /* on the command line or in the environment */
    const char *from; /* "--listen" or "HONGYAN_LISTEN": how faults name it */
    const char *text; /* null: not set and no default */
    int64_t number;   /* HY_OPTION_INT; 1 or 0 for a flag; the index of a choice */
    const char **words;
    size_t word_count;
};

struct hy_args {
    struct hy_arena *arena;
    struct hy_value values[HY_OPTIONS_MAX]; /* of both tables, in their order */
    size_t count;
    const char *operand; /* null: the command takes none */
    const char *second;  /* null: it takes one at most */
    bool help;           /* -h or --help was among the words: nothing else was checked */
};

/* How the environment is read; tests bring their own. */
typedef const char *hy_option_env(const char *name);

/*
 * Reads `argc` words after the command's name by one or two tables (`common` may be null), with
 * exactly one word that is not an option when `operand` names it ("ID"), two when it names two
 * ("ID FILE"), none when it is null.
 * Texts point into argv or the arena. HY_E_INVALID: `ret_fault` is one line that says what and, for
 * a slip, the nearest option.
 */
int hy_args_parse(struct hy_args *args, struct hy_arena *arena, const struct hy_option *own,
                  const struct hy_option *common, const char *operand, int argc, char *const *argv,
                  hy_option_env *env, char ret_fault[HY_FAULT_BYTES]);

/* The value of a row. Naming a row that neither table has aborts: it is a slip in the program. */
const struct hy_value *hy_args_get(const struct hy_args *args, const char *name);
const char *hy_args_text(const struct hy_args *args, const char *name); /* null: not set */
int64_t hy_args_int(const struct hy_args *args, const char *name);
bool hy_args_flag(const struct hy_args *args, const char *name);

/* What help and man call the value, without brackets: "HOST:PORT", "N", "fail|wait|try"; "" for a
 * flag. In the arena. */
const char *hy_option_value_name(const struct hy_option *option, struct hy_arena *arena);

/* What follows the help text: "default 15 seconds", "environment HONGYAN_DRAIN_S", joined by
 * commas;
 * "" when there is nothing to say. In the arena. */
const char *hy_option_notes(const struct hy_option *option, struct hy_arena *arena);

#endif
