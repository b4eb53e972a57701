/*
 * Nodes by the server's clock: one that is stopped in the middle of a transaction, watchers whose connection
 * ends, and several at once.
 */
#include "pg_stores.h"

#include "base/clock.h"
#include "store/schedules.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEASE_MS = 2000, BEAT_MS = 300, LONG_LEASE_MS = 600000, SLACK_MS = 2500 };

/* --- a process that stops ----------------------------------------------------------------------- */

static enum hy_verb stops_in;

/* The verb is done, its transaction is open. */
static int run_and_stop(struct hy_backend *backend, struct hy_op *op)
{
    int r = hy_backend_postgres.verbs[op->verb](backend, op);

    if (op->verb == stops_in) {
        stops_in = HY_VERB_COUNT;
        raise(SIGSTOP);
    }
    return r;
}

static const struct hy_backend_ops *stopping_store(void)
{
    static struct hy_backend_ops ops;

    ops = hy_backend_postgres;
    ops.verbs[HY_VERB_META_PUT] = run_and_stop;
    ops.verbs[HY_VERB_NODE_BEAT] = run_and_stop;
    return &ops;
}

/* What the child tells when it was woken again. */
struct told {
    int stopped_in;    /* what the verb ended with in which it was stopped */
    int after;         /* the next write, later than its lease */
    bool joined_again; /* as another node */
};

/* The child's life: joins, stops in the middle of `verb`, is woken long after, goes on. */
static void live(enum hy_verb verb, int out)
{
    struct hy_store *store = store_open_with(stopping_store(), pg_url());
    struct beaten first = beat_for(store, LEASE_MS), again;
    struct told told;

    stops_in = verb;
    told.stopped_in = verb == HY_VERB_NODE_BEAT ? beat_for(store, LEASE_MS).result
                                                : put_meta(store, "who", "stopped");
    told.after = put_meta(store, "who", "woken");
    again = beat_for(store, LEASE_MS);
    told.joined_again = again.result == 0 && !again.renewed && again.node != first.node;
    if (write(out, &told, sizeof told) != sizeof told)
        abort();
    hy_store_close(store);
}

static pid_t begin_child(enum hy_verb verb, int *ret_in)
{
    int ends[2];
    pid_t pid;

    CHECK_INT(pipe(ends), 0);
    fflush(stdout);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        stops_in = HY_VERB_COUNT;
        if (setjmp(hy_tap_escape) == 0)
            live(verb, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    *ret_in = ends[0];
    return pid;
}

static struct told end_child(pid_t pid, int in)
{
    struct told told = {.stopped_in = 1};
    int status;

    kill(pid, SIGCONT);
    CHECK(read(in, &told, sizeof told) == sizeof told);
    close(in);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    return told;
}

/* Beats until the other one is removed and its app is here; no beat takes long. In ms. */
static int64_t beat_until_alone(struct hy_store *store)
{
    int64_t began_us = hy_clock_mono_us();

    for (;;) {
        struct beaten b = beat_for(store, LEASE_MS);

        CHECK_INT(b.result, 0);
        CHECK(b.renewed);
        CHECK(b.took_us < 1500000);
        CHECK_INT(put_meta(store, "beside", "x"), 0);
        if (b.nodes == 1 && b.apps == 2)
            return (hy_clock_mono_us() - began_us) / 1000;
        CHECK(hy_clock_mono_us() - began_us < 20000000);
        pg_sleep_ms(BEAT_MS);
    }
}

static struct hy_store *store;

static void fresh(void)
{
    hy_store_close(store);
    store = NULL;
    stores_forget();
    store = store_open(pg_url());
}

static void stop_in(enum hy_verb verb, const char *left_in_meta)
{
    int status, in;
    int64_t took_ms;
    struct told told;
    pid_t pid;

    fresh();
    put_app(store, "a");
    put_app(store, "b");
    hy_store_close(store); /* no threads while we fork */
    store = NULL;
    pid = begin_child(verb, &in);
    CHECK_INT(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    store = store_open(pg_url());
    beat_for(store, LEASE_MS); /* the child has both apps */
    took_ms = beat_until_alone(store);
    CHECK(took_ms <= LEASE_MS + HY_PG_IDLE_TX_MS + SLACK_MS);
    CHECK_TEXT(get_meta(store, "who"), left_in_meta);
    told = end_child(pid, in);
    CHECK(told.stopped_in == HY_E_IO || told.stopped_in == HY_E_FENCED ||
          told.stopped_in == HY_E_UNCERTAIN);
    CHECK_INT(told.after, HY_E_FENCED);
    CHECK(told.joined_again);
    CHECK_TEXT(get_meta(store, "who"), left_in_meta);
}

static void who_stops_in_a_write_is_removed(void)
{
    stop_in(HY_VERB_META_PUT, "");
}

/* It has locked what beats lock. */
static void who_stops_in_a_beat_is_removed(void)
{
    stop_in(HY_VERB_NODE_BEAT, "");
}

/* --- watchers ------------------------------------------------------------------------------------ */

static atomic_int lost, apps;

static void listen(enum hy_news news, int64_t id, int64_t at_ms, void *arg)
{
    atomic_fetch_add(news == HY_NEWS_KINDS ? &lost : &apps, 1);
}

static void await(atomic_int *what, int at_least)
{
    int64_t end_us = hy_clock_mono_us() + 20000000;

    while (atomic_load(what) < at_least) {
        CHECK(hy_clock_mono_us() < end_us);
        pg_sleep_ms(1);
    }
}

static void a_watcher_whose_connection_ends_looks_again(void)
{
    static const struct hy_pg_sql end = {
        "end_watchers",
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
        "'hongyan watch'"};
    struct hy_store *other;
    struct hy_pg_link *link = pg_open(pg_url());

    fresh();
    other = store_open(pg_url());
    beat_for(store, LONG_LEASE_MS);
    beat_for(other, LONG_LEASE_MS);
    atomic_store(&lost, 0);
    atomic_store(&apps, 0);
    hy_store_watch(store, listen, NULL);
    await(&lost, 1);
    put_app(other, "a");
    await(&apps, 1);
    CHECK_INT(pg_number(link, &end), 1);
    await(&lost, 2);
    put_app(other, "b");
    await(&apps, 2);
    pg_server("kill");
    pg_server("start");
    await(&lost, 3);
    hy_store_watch(store, NULL, NULL);
    hy_pg_link_close(link);
    hy_store_close(other);
}

/* --- several at once ----------------------------------------------------------------------------- */

enum { NODES = 3, SCHEDULES = 40 };

struct firing {
    struct hy_store *store;
    const int64_t *schedules;
    int fired, refused, others;
};

static void *fire_all(void *arg)
{
    struct firing *f = (struct firing *)arg;

    for (int i = 0; i < SCHEDULES; i++) {
        struct hy_arena arena;
        struct hy_schedule_fire v = {.op = {.verb = HY_VERB_SCHEDULE_FIRE},
                                     .schedule_id = f->schedules[i],
                                     .due_ms = 1000,
                                     .next_run_ms = 2000,
                                     .now_ms = 1000,
                                     .result = "fired",
                                     .arena = &arena};
        int r;

        hy_arena_init(&arena);
        r = hy_store_run(f->store, &v.op);
        hy_arena_deinit(&arena);
        f->fired += r == 0;
        f->refused += r == HY_E_CONFLICT;
        f->others += r != 0 && r != HY_E_CONFLICT;
        if (i % 8 == 0)
            f->others += beat_for(f->store, LONG_LEASE_MS).result != 0;
    }
    return NULL;
}

static void ignore(enum hy_news news, int64_t id, int64_t at_ms, void *arg)
{
}

static void put_schedules(int64_t *ret_ids)
{
    for (int i = 0; i < SCHEDULES; i++) {
        char name[20];
        struct hy_schedule_put v = {.op = {.verb = HY_VERB_SCHEDULE_PUT},
                                    .schedule = {.name = name,
                                                 .cron = "0 8 * * *",
                                                 .timezone = "UTC",
                                                 .job = "test",
                                                 .next_run_ms = 1000}};

        snprintf(name, sizeof name, "s%d", i);
        CHECK_INT(hy_store_run(store, &v.op), 0);
        ret_ids[i] = v.schedule.id;
    }
}

static void a_due_time_fires_once_however_many_try(void)
{
    int64_t schedules[SCHEDULES];
    struct firing f[NODES];
    pthread_t threads[NODES];
    int fired = 0;

    fresh();
    put_schedules(schedules);
    for (int i = 0; i < NODES; i++) {
        f[i] = (struct firing){.store = store_open(pg_url()), .schedules = schedules};
        CHECK_INT(beat_for(f[i].store, LONG_LEASE_MS).result, 0);
        hy_store_watch(f[i].store, ignore, NULL);
    }
    for (int i = 0; i < NODES; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, fire_all, &f[i]), 0);
    for (int i = 0; i < NODES; i++) {
        pthread_join(threads[i], NULL);
        hy_store_close(f[i].store);
        fired += f[i].fired;
        CHECK_INT(f[i].others, 0);
        CHECK_INT(f[i].fired + f[i].refused, SCHEDULES);
    }
    CHECK_INT(fired, SCHEDULES);
}

struct joining {
    struct hy_store *store;
    struct beaten beaten;
};

static void *join_in(void *arg)
{
    struct joining *j = (struct joining *)arg;

    j->beaten = beat_for(j->store, LONG_LEASE_MS);
    return NULL;
}

/* No two get the same slot (a unique key), and each app is held once (likewise). */

static void many_join_at_once(void)
{
    enum { JOINING = 5 };
    struct joining j[JOINING];
    pthread_t threads[JOINING];
    size_t held = 0;
    char id[20];

    fresh();
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "app%d", i);
        put_app(store, id);
    }
    for (int i = 0; i < JOINING; i++)
        j[i].store = store_open(pg_url());
    for (int i = 0; i < JOINING; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, join_in, &j[i]), 0);
    for (int i = 0; i < JOINING; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(j[i].beaten.result, 0);
        held += j[i].beaten.apps;
    }
    CHECK(held <= 10);
    for (int i = 0; i < JOINING; i++)
        CHECK_INT(beat_for(j[i].store, LONG_LEASE_MS).nodes, JOINING);
    for (int i = 0; i < JOINING; i++)
        hy_store_close(j[i].store);
}

/* It was frozen, and a newer program has taken away what it needs: it may not even leave its row. */
static void who_is_too_old_leaves_nothing(void)
{
    static const struct hy_pg_sql rows = {"node_rows", "SELECT count(*) FROM node"};
    struct hy_store *old;
    struct hy_pg_link *pg;

    fresh();
    old = store_open(pg_url());
    CHECK_INT(beat_for(old, LONG_LEASE_MS).result, 0);
    pg = pg_open(pg_url());
    pg_script(pg, "DELETE FROM node; INSERT INTO schema_step VALUES (9999, 'contract', 'x')");
    CHECK_INT(put_meta(old, "who", "too old"), HY_E_FENCED);
    for (int i = 0; i < 3; i++)
        CHECK_INT(beat_for(old, LONG_LEASE_MS).result, HY_E_STOPPED);
    CHECK_INT(pg_number(pg, &rows), 0);
    CHECK_INT(put_meta(old, "who", "too old"), HY_E_FENCED);
    hy_pg_link_close(pg);
    hy_store_close(old);
}

int main(void)
{
    RUN(who_stops_in_a_write_is_removed);
    RUN(who_stops_in_a_beat_is_removed);
    RUN(a_watcher_whose_connection_ends_looks_again);
    RUN(a_due_time_fires_once_however_many_try);
    RUN(many_join_at_once);
    RUN(who_is_too_old_leaves_nothing);
    hy_store_close(store);
    return hy_tap_end();
}
