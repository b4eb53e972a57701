/*
 * story.h - what the commands of a scenario share. One story is played at a time.
 */
#ifndef HY_TESTS_SCENARIO_STORY_H
#define HY_TESTS_SCENARIO_STORY_H

#include "tap.h"

#include "base/err.h"
#include "world.h"

struct story_command {
    const char *name;
    size_t words;              /* at least, with the name */
    void (*run)(char **words); /* the words of the line, ended by a null */
};

/* acts.c: what callers and time do. wire.c: what the platform sees and answers. looks.c: what must
 * be true. ledger.c: prompts. templates.c: templates. broadcasts.c: broadcasts. nodes.c: several nodes. Each
 * ended by a null name. */
extern const struct story_command story_acts[], story_wire[], story_looks[], story_ledger[],
    story_templates[], story_broadcasts[], story_nodes[];

extern struct world story_world;
extern struct hy_arena story_arena;
extern char story_app[64]; /* the app that commands mean */

/* Ends the story at this line. */
void story_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define FAIL(...) story_fail(__VA_ARGS__)

/* "name=value" among the words, or null. */
const char *story_option(char **words, const char *name);
/* "90s", "2d" ... */
int64_t story_duration_ms(const char *text);
/* "u1" -> an openid that ends with it; the same for template ids. */
const char *story_openid(const char *alias);
const char *story_template(const char *alias);
/* Runs a verb that reads. */
void story_read(struct hy_op *op);
/* Where the id of the message of that name is kept. */
int64_t *story_message(const char *name);

/* Calls about templates under way will not be looked at: another story, another process. */
void story_templates_forget(void);

/* Another story: its broadcasts, and who was sent something. */
void story_broadcasts_forget(void);
void story_queries_forget(void);

#endif
