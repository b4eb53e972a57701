/*
 * The front on a store that other processes use, too: a backend that writes down what it is asked to do, and
 * says so often as it is told that others are in the way, or that it is fenced.
 */
#include "tap.h"

#include "base/err.h"
#include "store/apps.h"
#include "store/backend.h"
#include "store/events.h"

#include <stdlib.h>

/* --- the backend ------------------------------------------------------------------------------ */

struct hy_backend {
    int unused;
};

static struct hy_backend only;
static char journal[2000];
static int busy_verbs, busy_commits, reads_result;

static void note(const char *what)
{
    strncat(journal, what, sizeof journal - strlen(journal) - 1);
}

static void fake_close(struct hy_backend *backend)
{
}

static int fake_begin(struct hy_backend *backend)
{
    note("[");
    return 0;
}

static int fake_begin_unfenced(struct hy_backend *backend)
{
    note("{");
    return 0;
}

static int fake_commit(struct hy_backend *backend)
{
    note("] ");
    return busy_commits-- > 0 ? HY_E_BUSY : 0;
}

static void fake_rollback(struct hy_backend *backend)
{
    note("! ");
}

/* The value: "busy" as often as it is to be, "fenced", or nothing special. */
static int fake_meta_put(struct hy_backend *backend, struct hy_op *op)
{
    const struct hy_meta_put *v = (const struct hy_meta_put *)op;

    note(v->name);
    if (strcmp(v->value, "fenced") == 0)
        return HY_E_FENCED;
    return strcmp(v->value, "busy") == 0 && busy_verbs-- > 0 ? HY_E_BUSY : 0;
}

static int fake_hear(struct hy_backend *backend, struct hy_op *op)
{
    note("h");
    return 0;
}

static int fake_node(struct hy_backend *backend, struct hy_op *op)
{
    note(op->verb == HY_VERB_NODE_BEAT ? "beat" : "leave");
    return 0;
}

static int fake_meta_get(struct hy_backend *backend, struct hy_op *op)
{
    note("r");
    return busy_verbs-- > 0 ? HY_E_BUSY : 0;
}

static int fake_before_reads(struct hy_backend *backend)
{
    return reads_result;
}

static const struct hy_backend_ops fake = {
    .name = "fake",
    .prefix = "fake:",
    .close = fake_close,
    .begin = fake_begin,
    .begin_unfenced = fake_begin_unfenced,
    .commit = fake_commit,
    .rollback = fake_rollback,
    .before_reads = fake_before_reads,
    .verbs = {[HY_VERB_META_PUT] = fake_meta_put,
              [HY_VERB_HEAR] = fake_hear,
              [HY_VERB_NODE_BEAT] = fake_node,
              [HY_VERB_NODE_LEAVE] = fake_node,
              [HY_VERB_META_GET] = fake_meta_get},
};

/* --- the cases' tools ------------------------------------------------------------------------- */

static struct hy_store *store;
static struct hy_arena arena;
static struct hy_meta_put written[20];
static struct hy_node_beat beat;
static struct hy_node_leave leave;
static size_t put_count;

static void fresh(void)
{
    hy_store_close(store);
    store = NULL;
    busy_verbs = busy_commits = reads_result = 0;
    put_count = 0;
    CHECK_INT(hy_store_open_on(&fake, &only, &store), 0);
    journal[0] = 0;
}

/* Its `done`: the result, if it isn't 0. */
static void told(struct hy_op *op, void *arg)
{
    note(op->result == 0              ? "+"
         : op->result == HY_E_FENCED  ? "F"
         : op->result == HY_E_IO      ? "E"
         : op->result == HY_E_INVALID ? "I"
                                      : "?");
}

static void put(const char *name, const char *value)
{
    struct hy_meta_put *v = &written[put_count++];

    *v = (struct hy_meta_put){
        .op = {.verb = HY_VERB_META_PUT, .done = told}, .name = name, .value = value};
    hy_store_submit(store, &v->op);
}

static void put_beat(void)
{
    beat = (struct hy_node_beat){.op = {.verb = HY_VERB_NODE_BEAT, .done = told},
                                 .name = "n",
                                 .version = "v",
                                 .lease_ms = 1,
                                 .arena = &arena};
    hy_store_submit(store, &beat.op);
}

static void put_leave(void)
{
    leave = (struct hy_node_leave){.op = {.verb = HY_VERB_NODE_LEAVE, .done = told}};
    hy_store_submit(store, &leave.op);
}

static const char *pumped(void)
{
    while (hy_store_pump(store))
        continue;
    return journal;
}

/* --- others in the way ------------------------------------------------------------------------ */

static void who_is_in_the_way_is_waited_for(void)
{
    fresh();
    busy_verbs = 2;
    put("a", "");
    put("b", "busy");
    CHECK_TEXT(pumped(), "[ab! [ab! [ab] ++");
}

static void who_is_often_in_the_way_holds_up_one_alone(void)
{
    fresh();
    busy_verbs = 4;
    put("a", "");
    put("b", "busy");
    CHECK_TEXT(pumped(), "[ab! [ab! [ab! [a] +[b! [b] +");
}

static void one_alone_is_tried_again_too(void)
{
    fresh();
    busy_verbs = 3;
    put("b", "busy");
    CHECK_TEXT(pumped(), "[b! [b! [b! [b] +");
}

static void not_for_ever(void)
{
    fresh();
    busy_verbs = 100;
    put("a", "");
    put("b", "busy");
    CHECK_TEXT(pumped(), "[ab! [ab! [ab! [a] +[b! [b! [b! E");
}

static void a_commit_may_be_in_the_way_too(void)
{
    fresh();
    busy_commits = 2;
    put("a", "");
    put("b", "");
    CHECK_TEXT(pumped(), "[ab] [ab] [ab] ++");
}

static void a_read_is_tried_again(void)
{
    struct hy_meta_get get = {
        .op = {.verb = HY_VERB_META_GET, .done = told}, .name = "n", .arena = &arena};

    fresh();
    busy_verbs = 2;
    hy_store_submit(store, &get.op);
    CHECK_TEXT(pumped(), "rrr+");
    fresh();
    busy_verbs = 3;
    hy_store_submit(store, &get.op);
    CHECK_TEXT(pumped(), "rrrE");
    fresh();
    reads_result = HY_E_IO;
    hy_store_submit(store, &get.op);
    CHECK_TEXT(pumped(), "E");
}

/* --- fenced ----------------------------------------------------------------------------------- */

static void a_fence_is_everybodys(void)
{
    fresh();
    put("a", "");
    put("b", "fenced");
    put("c", "");
    CHECK_TEXT(pumped(), "[ab! FFF");
}

/* --- beats and leaves ------------------------------------------------------------------------- */

static void a_beat_goes_before_all_others_and_alone(void)
{
    struct hy_hear hear = {.op = {.verb = HY_VERB_HEAR, .done = told}};

    fresh();
    put("a", "");
    hy_store_submit(store, &hear.op); /* refused: it tells nothing */
    put_beat();
    put("b", "");
    CHECK_TEXT(pumped(), "{beat] +[ab] I++");
}

static void a_leave_comes_after_what_was_before(void)
{
    fresh();
    put("a", "");
    put_leave();
    put("b", "");
    put_beat();
    CHECK_TEXT(pumped(), "{beat] +[a] +{leave] +[b] +");
}

static void a_bad_beat_does_not_reach_the_backend(void)
{
    fresh();
    beat = (struct hy_node_beat){.op = {.verb = HY_VERB_NODE_BEAT, .done = told}};
    hy_store_submit(store, &beat.op);
    CHECK_TEXT(pumped(), "{] I");
}

int main(void)
{
    hy_arena_init(&arena);
    RUN(who_is_in_the_way_is_waited_for);
    RUN(who_is_often_in_the_way_holds_up_one_alone);
    RUN(one_alone_is_tried_again_too);
    RUN(not_for_ever);
    RUN(a_commit_may_be_in_the_way_too);
    RUN(a_read_is_tried_again);
    RUN(a_fence_is_everybodys);
    RUN(a_beat_goes_before_all_others_and_alone);
    RUN(a_leave_comes_after_what_was_before);
    RUN(a_bad_beat_does_not_reach_the_backend);
    hy_store_close(store);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
