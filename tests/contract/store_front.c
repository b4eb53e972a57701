/*
 * The front by itself, on a backend that only writes down what it is asked to do and fails on
 * demand: grouping, order, and who gets which error.
 */
#include "tap.h"

#include "base/err.h"
#include "store/apps.h"
#include "store/backend.h"
#include "store/events.h"
#include "store/messages.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* --- the backend ------------------------------------------------------------------------------ */

struct hy_backend {
    bool reader;
};

static struct hy_backend writing = {false}, reading = {true};
static char journal[40000];
static int open_result, begin_result, commit_result;
static atomic_int idle_calls;
static pthread_t write_thread, read_thread;

static void note(const char *what)
{
    strncat(journal, what, sizeof journal - strlen(journal) - 1);
}

static int fake_open(const char *path, struct hy_backend **ret_backend, char *ret_explain,
                     size_t explain_size)
{
    if (open_result < 0) {
        snprintf(ret_explain, explain_size, "%s is damaged", path);
        return open_result;
    }
    *ret_backend = &writing;
    return 0;
}

static void fake_close(struct hy_backend *backend)
{
    note("close ");
}

static int fake_open_reader(struct hy_backend *backend, struct hy_backend **ret_reader)
{
    *ret_reader = &reading;
    return 0;
}

static int fake_begin(struct hy_backend *backend)
{
    note("[");
    return begin_result;
}

static int fake_commit(struct hy_backend *backend)
{
    note("] ");
    return commit_result;
}

static void fake_rollback(struct hy_backend *backend)
{
    note("! ");
}

static void fake_idle(struct hy_backend *backend)
{
    atomic_fetch_add(&idle_calls, 1);
}

/* The value says what is to come of it: a number. */
static int fake_meta_put(struct hy_backend *backend, struct hy_op *op)
{
    const struct hy_meta_put *v = (const struct hy_meta_put *)op;

    note(v->name);
    write_thread = pthread_self();
    return atoi(v->value);
}

static int fake_app_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_app *app = &((struct hy_app_put *)op)->app;

    note(app->no == 0 ? "new" : "old");
    app->no = 7;
    return 0;
}

static int fake_hear(struct hy_backend *backend, struct hy_op *op)
{
    note(((struct hy_hear *)op)->name);
    return 0;
}

static int fake_deposit(struct hy_backend *backend, struct hy_op *op)
{
    note("d");
    return 0;
}

static int fake_meta_get(struct hy_backend *backend, struct hy_op *op)
{
    note("r ");
    read_thread = pthread_self();
    return backend->reader ? 0 : HY_E_CONFLICT;
}

static const struct hy_backend_ops fake = {
    .name = "fake",
    .prefix = "fake:",
    .open = fake_open,
    .close = fake_close,
    .open_reader = fake_open_reader,
    .begin = fake_begin,
    .commit = fake_commit,
    .rollback = fake_rollback,
    .idle = fake_idle,
    .verbs = {[HY_VERB_META_PUT] = fake_meta_put,
              [HY_VERB_APP_PUT] = fake_app_put,
              [HY_VERB_HEAR] = fake_hear,
              [HY_VERB_DEPOSIT] = fake_deposit,
              [HY_VERB_META_GET] = fake_meta_get},
};

/* --- the cases' tools ------------------------------------------------------------------------- */

static struct hy_store *store;
static struct hy_arena arena;
static struct hy_meta_put written[3000];
static size_t put_count;

static void begin_case(bool inline_mode)
{
    begin_result = commit_result = open_result = 0;
    journal[0] = 0;
    put_count = 0;
    atomic_store(&idle_calls, 0);
    hy_arena_init(&arena);
    CHECK_INT(hy_store_open_backend(&fake, "p", inline_mode, &store, NULL, 0), 0);
}

static void end_case(void)
{
    hy_store_close(store);
    hy_arena_deinit(&arena);
}

static void told(struct hy_op *op, void *arg)
{
    note(arg ? (const char *)arg : "");
}

/* Submits a put whose `done` writes the upper-case letter down. */
static struct hy_meta_put *put(const char *name, const char *value, const char *done)
{
    struct hy_meta_put *v = &written[put_count++];

    *v = (struct hy_meta_put){
        .op = {.verb = HY_VERB_META_PUT, .done = told}, .name = name, .value = value};
    v->op.arg = (void *)(uintptr_t)done;
    hy_store_submit(store, &v->op);
    return v;
}

/* --- groups ----------------------------------------------------------------------------------- */

static void what_waits_is_one_group(void)
{
    begin_case(true);
    CHECK(!hy_store_pump(store));
    put("a", "0", "A");
    put("b", "0", "B");
    put("c", "0", "C");
    CHECK_INT(hy_store_backlog(store), 3);
    CHECK_TEXT(journal, "");
    CHECK(hy_store_pump(store));
    CHECK_TEXT(journal, "[abc] ABC");
    CHECK_INT(hy_store_backlog(store), 0);
    CHECK(!hy_store_pump(store));
    end_case();
}

static void groups_have_a_size(void)
{
    struct hy_store_stats stats;

    begin_case(true);
    for (int i = 0; i < 2500; i++)
        put("a", "0", "");
    CHECK(hy_store_pump(store));
    CHECK_INT(hy_store_backlog(store), 1500);
    while (hy_store_pump(store))
        continue;
    hy_store_stats(store, &stats);
    CHECK_INT(stats.groups, 3);
    CHECK_INT(stats.writes, 2500);
    end_case();
}

static void hear(struct hy_hear *v, const char *name)
{
    *v = (struct hy_hear){
        .op = {.verb = HY_VERB_HEAR, .done = told}, .app_no = 1, .name = name, .raw = "{}"};
    hy_store_submit(store, &v->op);
}

/* As many grants as one call may bring. */
static void import(struct hy_deposit *v)
{
    enum { MANY = 10000 };
    static struct hy_deposit_item items[MANY];

    for (size_t i = 0; i < MANY; i++)
        items[i].grant = (struct hy_grant){
            .app_no = 1, .user = "u", .credential = "c", .uses_total = 1, .uses_left = 1};
    *v = (struct hy_deposit){
        .op = {.verb = HY_VERB_DEPOSIT, .done = told}, .items = items, .count = MANY};
    hy_store_submit(store, &v->op);
}

static void an_event_waits_for_no_import(void)
{
    struct hy_deposit imports[3];
    struct hy_hear events[3];

    begin_case(true);
    for (int i = 0; i < 3; i++)
        import(&imports[i]);
    put("a", "0", "");
    hear(&events[0], "e");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[e] "); /* first, and alone */
    hear(&events[1], "f");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[e] [d] "); /* an import has its turn, whatever comes */
    hear(&events[2], "g");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[e] [d] [fg] ");
    while (hy_store_pump(store))
        continue;
    CHECK_TEXT(journal, "[e] [d] [fg] [d] [d] [a] ");
    end_case();
}

static void an_event_goes_with_what_is_light(void)
{
    struct hy_hear event;

    begin_case(true);
    put("a", "0", "A");
    put("b", "0", "B");
    hear(&event, "e");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[eab] AB");
    CHECK_INT(hy_store_backlog(store), 0);
    end_case();
}

static void a_condition_is_not_a_failure(void)
{
    struct hy_meta_put *exists, *positive;

    begin_case(true);
    put("a", "0", "A");
    exists = put("b", "-9", "B");
    positive = put("c", "2", "C");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[abc] ABC");
    CHECK_INT(exists->op.result, HY_E_EXISTS);
    CHECK_INT(positive->op.result, 2);
    end_case();
}

static void only_the_guilty_one_fails(void)
{
    struct hy_meta_put *good, *bad, *last;
    struct hy_store_stats stats;

    begin_case(true);
    good = put("a", "0", "A");
    bad = put("b", "-4", "B");
    last = put("c", "0", "C");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[ab! [a] A[b! B[c] C");
    CHECK_INT(good->op.result, 0);
    CHECK_INT(bad->op.result, HY_E_FULL);
    CHECK_INT(last->op.result, 0);
    hy_store_stats(store, &stats);
    CHECK_INT(stats.failures, 1);
    CHECK_INT(stats.groups, 2);
    end_case();
}

static void alone_it_is_not_tried_twice(void)
{
    begin_case(true);
    put("a", "-3", "A");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[a! A");
    CHECK_INT(written[0].op.result, HY_E_IO);
    end_case();
}

static void an_id_is_asked_for_again(void)
{
    struct hy_app_put app = {.op = {.verb = HY_VERB_APP_PUT, .done = told},
                             .app = {.id = "wx", .platform = "p", .settings = "{}"}};

    begin_case(true);
    hy_store_submit(store, &app.op);
    put("b", "-2", "B");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[newb! [new] [b! B");
    CHECK_INT(app.op.result, 0);
    CHECK_INT(app.app.no, 7);
    CHECK_INT(written[0].op.result, HY_E_NOMEM);
    end_case();
}

static void a_lost_commit_is_everybodys(void)
{
    struct hy_app_put app = {.op = {.verb = HY_VERB_APP_PUT, .done = told},
                             .app = {.id = "wx", .platform = "p", .settings = "{}"}};

    begin_case(true);
    commit_result = HY_E_UNCERTAIN;
    put("a", "0", "A");
    put("b", "-9", "B");
    hy_store_submit(store, &app.op);
    hy_store_pump(store);
    CHECK_TEXT(journal, "[abnew] AB");
    CHECK_INT(written[0].op.result, HY_E_UNCERTAIN);
    CHECK_INT(written[1].op.result, HY_E_UNCERTAIN);
    CHECK_INT(app.op.result, HY_E_UNCERTAIN);
    CHECK_INT(app.app.no, 0);
    end_case();
}

static void a_group_that_cannot_begin(void)
{
    begin_case(true);
    begin_result = HY_E_BUSY;
    put("a", "0", "A");
    put("b", "0", "B");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[AB");
    CHECK_INT(written[0].op.result, HY_E_BUSY);
    CHECK_INT(written[1].op.result, HY_E_BUSY);
    end_case();
}

static void bad_arguments_do_not_reach_the_backend(void)
{
    begin_case(true);
    put("a", "0", "A");
    put("", "0", "B");
    put("c", "-4", "C");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[ac! [a] A[] B[c! C");
    CHECK_INT(written[1].op.result, HY_E_INVALID);
    CHECK_INT(written[2].op.result, HY_E_FULL);
    end_case();
}

/* --- reads, order, the end -------------------------------------------------------------------- */

static void reads_come_after_the_writes(void)
{
    struct hy_meta_get get = {
        .op = {.verb = HY_VERB_META_GET, .done = told, .arg = (void *)(uintptr_t) "R"},
        .name = "n",
        .arena = &arena};

    begin_case(true);
    hy_store_submit(store, &get.op);
    put("a", "0", "A");
    hy_store_pump(store);
    CHECK_TEXT(journal, "[a] Ar R");
    CHECK_INT(get.op.result, 0); /* by the reading handle */
    CHECK_INT(hy_store_run(store, &get.op), 0);
    end_case();
}

static void submit_another(struct hy_op *op, void *arg)
{
    note("D");
    put("b", "0", "B");
}

static void what_done_submits_is_for_the_next_group(void)
{
    struct hy_meta_put first = {
        .op = {.verb = HY_VERB_META_PUT, .done = submit_another}, .name = "a", .value = "0"};

    begin_case(true);
    hy_store_submit(store, &first.op);
    CHECK(hy_store_pump(store));
    CHECK_TEXT(journal, "[a] D");
    CHECK(hy_store_pump(store));
    CHECK_TEXT(journal, "[a] D[b] B");
    end_case();
}

static void closing_finishes_and_then_refuses(void)
{
    struct hy_meta_put first = {
        .op = {.verb = HY_VERB_META_PUT, .done = submit_another}, .name = "a", .value = "0"};

    begin_case(true);
    hy_store_submit(store, &first.op);
    end_case();
    CHECK_TEXT(journal, "[a] DBclose ");
    CHECK_INT(first.op.result, 0);
    CHECK_INT(written[0].op.result, HY_E_STOPPED);
}

static void what_cannot_be_opened_says_why(void)
{
    struct hy_store_config config = {.location = "redis://user:password@host"};
    char explain[100] = "x";
    struct hy_store *none = NULL;

    begin_case(true);
    end_case();
    open_result = HY_E_CORRUPT;
    CHECK_INT(hy_store_open_backend(&fake, "it", true, &none, explain, sizeof explain),
              HY_E_CORRUPT);
    CHECK_TEXT(explain, "it is damaged");
    CHECK_INT(hy_store_open(&config, &none, explain, sizeof explain), HY_E_INVALID);
    CHECK(explain[0] && !strstr(explain, "password"));
    CHECK_INT(hy_store_open(&config, &none, NULL, 0), HY_E_INVALID);
    config.location = NULL;
    CHECK_INT(hy_store_open(&config, &none, NULL, 5), HY_E_INVALID);
    config.location = "memory:somewhere";
    CHECK_INT(hy_store_open(&config, &none, NULL, 0), HY_E_INVALID);
    CHECK(none == NULL);
    hy_store_close(NULL);
}

static void writers_and_readers_have_their_own_threads(void)
{
    struct hy_meta_put write = {.op = {.verb = HY_VERB_META_PUT}, .name = "a", .value = "0"};
    struct hy_meta_get get = {.op = {.verb = HY_VERB_META_GET}, .name = "n", .arena = &arena};

    begin_case(false);
    CHECK_INT(hy_store_run(store, &write.op), 0);
    CHECK_INT(hy_store_run(store, &get.op), 0);
    end_case();
    CHECK(!pthread_equal(write_thread, read_thread));
    CHECK(!pthread_equal(write_thread, pthread_self()));
}

static void a_writer_with_nothing_more_to_do_is_idle(void)
{
    struct hy_meta_put write = {.op = {.verb = HY_VERB_META_PUT}, .name = "a", .value = "0"};

    begin_case(false);
    CHECK_INT(hy_store_run(store, &write.op), 0);
    while (atomic_load(&idle_calls) == 0)
        sched_yield();
    end_case();
    /* Once after the work; once more if opening it took a second. */
    CHECK(atomic_load(&idle_calls) <= 2);
}

int main(void)
{
    RUN(what_waits_is_one_group);
    RUN(groups_have_a_size);
    RUN(an_event_waits_for_no_import);
    RUN(an_event_goes_with_what_is_light);
    RUN(a_condition_is_not_a_failure);
    RUN(only_the_guilty_one_fails);
    RUN(alone_it_is_not_tried_twice);
    RUN(an_id_is_asked_for_again);
    RUN(a_lost_commit_is_everybodys);
    RUN(a_group_that_cannot_begin);
    RUN(bad_arguments_do_not_reach_the_backend);
    RUN(reads_come_after_the_writes);
    RUN(what_done_submits_is_for_the_next_group);
    RUN(closing_finishes_and_then_refuses);
    RUN(what_cannot_be_opened_says_why);
    RUN(writers_and_readers_have_their_own_threads);
    RUN(a_writer_with_nothing_more_to_do_is_idle);
    return hy_tap_end();
}
