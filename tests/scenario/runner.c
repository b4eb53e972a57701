/*
 * runner.c - plays the text scenarios: one file, one test.
 *
 * A scenario is a list of lines, each a command; `#` starts a comment. README.md beside this file
 * has the commands. A line that does not come true ends the story with its line number.
 */
#include "story.h"

#include <stdarg.h>
#include <stdlib.h>

enum { WORDS_MAX = 16, NAMES_MAX = 256, LINE_BYTES = 1024 };

struct world story_world;
struct hy_arena story_arena;
char story_app[64];

static const char *file;
static int line_number;
static struct {
    char name[32];
    int64_t id;
} messages[NAMES_MAX];
static size_t message_count;

void story_fail(const char *format, ...)
{
    va_list args;

    printf("# %s:%d: ", file, line_number);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    longjmp(hy_tap_escape, 1);
}

/* --- words ------------------------------------------------------------------------------------ */

const char *story_option(char **words, const char *name)
{
    size_t length = strlen(name);

    for (; *words; words++) {
        if (strncmp(*words, name, length) == 0 && (*words)[length] == '=')
            return *words + length + 1;
    }
    return NULL;
}

int64_t story_duration_ms(const char *text)
{
    char *unit;
    long long n = strtoll(text, &unit, 10);
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].unit) == 0)
            return n * units[i].ms;
    }
    FAIL("no duration: %s", text);
}

const char *story_openid(const char *alias)
{
    char text[29] = "oScenarioScenarioScenario___";

    memcpy(text + 28 - strlen(alias), alias, strlen(alias));
    return hy_arena_strdup(&story_arena, text);
}

const char *story_template(const char *alias)
{
    char text[44] = "TemplateTemplateTemplateTemplateTemplate___";

    memcpy(text + 43 - strlen(alias), alias, strlen(alias));
    return hy_arena_strdup(&story_arena, text);
}

int64_t *story_message(const char *name)
{
    for (size_t i = 0; i < message_count; i++) {
        if (strcmp(messages[i].name, name) == 0)
            return &messages[i].id;
    }
    snprintf(messages[message_count].name, sizeof messages[0].name, "%s", name);
    return &messages[message_count++].id;
}

/* --- the player ------------------------------------------------------------------------------- */

static const struct story_command *find_command(const char *name)
{
    const struct story_command *const tables[] = {story_acts,   story_wire,      story_looks,
                                                  story_ledger, story_templates, story_broadcasts,
                                                  story_nodes};

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct story_command *c = tables[i]; c->name; c++) {
            if (strcmp(c->name, name) == 0)
                return c;
        }
    }
    FAIL("no command %s", name);
}

static void run_line(char *line)
{
    const struct story_command *command;
    char *words[WORDS_MAX + 1] = {0}, *rest = NULL;
    size_t count = 0;

    for (char *word = strtok_r(line, " \t\n", &rest); word && *word != '#' && count < WORDS_MAX;
         word = strtok_r(NULL, " \t\n", &rest))
        words[count++] = word;
    if (count == 0)
        return;
    command = find_command(words[0]);
    if (count < command->words)
        FAIL("%s needs more words", words[0]);
    command->run(words);
}

static void play(void)
{
    char line[LINE_BYTES], check[] = "check";
    FILE *f = fopen(file, "r");

    CHECK(f != NULL);
    message_count = 0;
    story_templates_forget();
    story_broadcasts_forget();
    story_queries_forget();
    world_start(&story_world);
    for (line_number = 1; fgets(line, sizeof line, f); line_number++)
        run_line(line);
    fclose(f);
    run_line(check);
    world_stop(&story_world);
}

int main(int argc, char **argv)
{
    hy_arena_init(&story_arena);
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');

        file = argv[i];
        hy_tap_run(slash ? slash + 1 : argv[i], play);
    }
    hy_arena_deinit(&story_arena);
    return hy_tap_end();
}
