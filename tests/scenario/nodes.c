/*
 * nodes.c - several nodes on one store.
 */
#include "story.h"

#include "engine/nodes.h"

#include <stdlib.h>

static struct world_node *find(const char *name)
{
    struct world_node *node = world_node(&story_world, name);

    if (!node)
        FAIL("no node %s", name);
    return node;
}

static int64_t lease_ms(char **words)
{
    return story_option(words, "lease") ? story_duration_ms(story_option(words, "lease")) : 0;
}

/* nodes NAME... [lease=6s]: the story begins anew, with these; the first one is spoken to */
static void cmd_nodes(char **words)
{
    world_stop(&story_world);
    world_start_shared(&story_world);
    for (char **name = words + 1; *name; name++) {
        if (!strchr(*name, '='))
            world_node_start(&story_world, *name, lease_ms(words));
    }
    world_node_use(&story_world, find(words[1]));
}

/* on NAME: later commands speak to that one */
static void cmd_on(char **words)
{
    world_node_use(&story_world, find(words[1]));
}

/* --- what happens to one ---------------------------------------------------------------------- */

static void stop(struct world_node *node)
{
    node->stopped = true;
}

static void go_on(struct world_node *node)
{
    node->stopped = false;
    world_settle(&story_world);
}

static void kill_it(struct world_node *node)
{
    world_node_kill(&story_world, node);
}

static void end(struct world_node *node)
{
    node->ending = true;
    hy_engine_quiesce(node->engine);
    world_settle(&story_world);
}

static void cut_off(struct world_node *node)
{
    node->cut_off = true;
}

static void mend(struct world_node *node)
{
    node->cut_off = false;
    world_settle(&story_world);
}

static void connecting(struct world_node *node)
{
    node->connecting = true;
}

static void connects(struct world_node *node)
{
    world_node_connect(&story_world, node);
}

/* node NAME start|stop|continue|kill|end|cut-off|mend|connecting|connects */
static void cmd_node(char **words)
{
    static const struct {
        const char *name;
        void (*run)(struct world_node *node);
    } acts[] = {{"stop", stop},         {"continue", go_on},       {"kill", kill_it},
                {"end", end},           {"cut-off", cut_off},      {"mend", mend},
                {"connects", connects}, {"connecting", connecting}};

    if (strcmp(words[2], "start") == 0) {
        world_node_start(&story_world, words[1], lease_ms(words));
        return;
    }
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(acts[i].name, words[2]) == 0) {
            acts[i].run(find(words[1]));
            return;
        }
    }
    FAIL("no act %s", words[2]);
}

/* --- what must be true ------------------------------------------------------------------------ */

static bool is_named(char **words, const char *app)
{
    for (; *words; words++) {
        if (strcmp(*words, app) == 0)
            return true;
    }
    return false;
}

/* holds NAME ID...|none: these apps are sent for by that one, and no others */
static void cmd_holds(char **words)
{
    struct hy_gauges g;
    size_t count = 0, expected = 0;

    for (char **word = words + 2; *word; word++)
        expected += strcmp(*word, "none") != 0;
    if (hy_engine_gauges(find(words[1])->engine, &story_arena, &g))
        FAIL("no memory");
    for (size_t i = 0; i < g.app_count; i++) {
        count += g.apps[i].held;
        if (g.apps[i].held && !is_named(words + 2, g.apps[i].app))
            FAIL("%s holds %s", words[1], g.apps[i].app);
    }
    if (count != expected)
        FAIL("%s holds %zu apps", words[1], count);
}

/* held N: of all apps that many are held by somebody, none by two; with even=1 no node has two more than
 * another */
static void cmd_held(char **words)
{
    size_t total = 0, least = SIZE_MAX, most = 0;

    for (struct world_node *n = world_node_next(&story_world, NULL); n;
         n = world_node_next(&story_world, n)) {
        struct hy_gauges g;

        if (hy_engine_gauges(n->engine, &story_arena, &g))
            FAIL("no memory");
        total += (size_t)g.apps_held;
        least = (size_t)g.apps_held < least ? (size_t)g.apps_held : least;
        most = (size_t)g.apps_held > most ? (size_t)g.apps_held : most;
    }
    if (total != (size_t)atoi(words[1]))
        FAIL("%zu are held", total);
    if (story_option(words, "even") && most > least + 1)
        FAIL("one holds %zu, another one %zu", most, least);
}

/* living N: nodes, as the store knows them */
static void cmd_living(char **words)
{
    struct hy_nodes nodes = {.op.verb = HY_VERB_NODES, .arena = &story_arena};

    story_read(&nodes.op);
    if (nodes.count != (size_t)atoi(words[1]))
        FAIL("%zu live", nodes.count);
}

const struct story_command story_nodes[] = {{"nodes", 2, cmd_nodes},
                                            {"on", 2, cmd_on},
                                            {"node", 3, cmd_node},
                                            {"holds", 3, cmd_holds},
                                            {"held", 2, cmd_held},
                                            {"living", 2, cmd_living},
                                            {0}};
