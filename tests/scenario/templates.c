/*
 * templates.c - templates: asked of the platform, and known.
 */
#include "engine/templates.h"
#include "story.h"

#include <stdlib.h>

enum { CALLS_MAX = 8 };

/* The calls of a story, in the order in which they began; looked at in the same order. */
static struct {
    struct hy_template_call call;
    bool done;
} calls[CALLS_MAX];
static size_t began, looked;

void story_templates_forget(void)
{
    looked = began;
}

static void call_done(struct hy_template_call *call, void *arg)
{
    *(bool *)arg = true;
}

static void start(struct hy_template_ask ask)
{
    const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    size_t i = began++ % CALLS_MAX;

    calls[i].done = false;
    calls[i].call = (struct hy_template_call){.ask = ask,
                                              .app_no = app->app.no,
                                              .arena = &story_arena,
                                              .done = call_done,
                                              .arg = &calls[i].done};
    hy_engine_app_release(app);
    hy_engine_template_call(story_world.engine, &calls[i].call);
    world_settle(&story_world);
}

/* sync: starts one */
static void cmd_sync(char **words)
{
    start((struct hy_template_ask){.op = HY_TEMPLATE_OP_LIST});
}

/* add-template [legacy=1]: starts it */
static void cmd_add(char **words)
{
    static const int64_t keywords[] = {1, 2};
    bool legacy = story_option(words, "legacy") != NULL;

    start((struct hy_template_ask){.op = HY_TEMPLATE_OP_ADD,
                                   .legacy = legacy,
                                   .title_id = legacy ? "AT0002" : "484",
                                   .keywords = keywords,
                                   .keyword_count = 2});
}

/* delete-template NAME: starts it */
static void cmd_delete(char **words)
{
    start((struct hy_template_ask){.op = HY_TEMPLATE_OP_DELETE,
                                   .template_id = story_template(words[1])});
}

static const struct hy_template_call *next_call(void)
{
    if (looked == began)
        FAIL("there was no further call");
    if (!calls[looked % CALLS_MAX].done)
        FAIL("the call has not ended");
    return &calls[looked++ % CALLS_MAX].call;
}

/* called done|busy|denied|gone [templates=N] [added=N] [removed=N]: how the oldest call ended */
static void cmd_called(char **words)
{
    static const struct {
        const char *word;
        int result;
    } ends[] = {
        {"done", 0}, {"busy", HY_E_BUSY}, {"denied", HY_E_DENIED}, {"gone", HY_E_NOT_FOUND}};
    static const char *const counts[] = {"templates", "added", "removed"};
    const struct hy_template_call *call = next_call();
    size_t found[] = {call->reply.count, call->added, call->removed};
    size_t i = 0;

    while (i < 3 && strcmp(ends[i].word, words[1]) != 0)
        i++;
    if (call->result != ends[i].result || !call->error != !call->result)
        FAIL("result %d: %s", call->result, call->error ? call->error : "-");
    for (size_t k = 0; k < 3; k++) {
        const char *expected = story_option(words, counts[k]);

        if (expected && found[k] != (size_t)atoi(expected))
            FAIL("%s %zu", counts[k], found[k]);
    }
}

/* calling: the oldest call has not ended */
static void cmd_calling(char **words)
{
    if (looked == began || calls[looked % CALLS_MAX].done)
        FAIL("no call is under way");
}

/* template NAME none | template NAME KIND [KEYS]: what is known of it, its keys with commas */
static void cmd_template(char **words)
{
    const struct hy_app_entry *app = hy_engine_app(story_world.engine, story_app);
    const struct hy_shelf_item *item =
        hy_engine_template(story_world.engine, app->app.no, story_template(words[1]));
    char keys[256] = "";

    hy_engine_app_release(app);
    if (!item && strcmp(words[2], "none") != 0)
        FAIL("it is not known");
    if (!item)
        return;
    for (size_t i = 0; i < item->field_count; i++)
        snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "%s%s", i ? "," : "",
                 item->fields[i].key);
    if (strcmp(words[2], hy_template_kind_names[item->template.kind]) != 0)
        FAIL("its kind is %s", hy_template_kind_names[item->template.kind]);
    if (words[3] && strcmp(words[3], keys) != 0)
        FAIL("its keys are %s", keys);
    hy_engine_template_release(item);
}

const struct story_command story_templates[] = {{"sync", 1, cmd_sync},
                                                {"add-template", 1, cmd_add},
                                                {"delete-template", 2, cmd_delete},
                                                {"called", 2, cmd_called},
                                                {"calling", 1, cmd_calling},
                                                {"template", 3, cmd_template},
                                                {0}};
