/*
 * A process that dies at any instant, and a disk that takes no more: what was acknowledged is there
 * afterwards, and the store is whole.
 */
#include "sqlite_rig.h"

#include "base/clock.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20, UNDER_WAY = 32, BATCH = 5, USERS = 40 };

/* What the child tells through the pipe: an id that is stored in at least this state. */
struct told {
    int64_t id;
    int64_t sent; /* 0: admitted, 1: settled as sent */
};

/* --- the child -------------------------------------------------------------------------------- */

struct worker {
    struct hy_store *store;
    int64_t app;
    int out;
};

struct job {
    struct hy_admit admit;
    struct hy_admit_item items[BATCH];
    struct hy_message messages[BATCH];
    char users[BATCH][16];
    struct hy_arena arena;
    struct worker *worker;
};

static void tell(const struct worker *w, int64_t id, int64_t sent)
{
    struct told told = {id, sent};

    if (write(w->out, &told, sizeof told) != (ssize_t)sizeof told)
        _exit(3);
}

static int64_t next_id(void)
{
    static struct hy_message_ids ids;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int64_t id;

    pthread_mutex_lock(&lock);
    id = hy_message_ids_next(&ids, hy_clock_now_ms());
    pthread_mutex_unlock(&lock);
    return id;
}

static void admitted(struct hy_op *op, void *arg);

static void submit(struct job *job)
{
    int64_t now_ms = hy_clock_now_ms();

    hy_arena_reset(&job->arena);
    for (int i = 0; i < BATCH; i++) {
        int64_t id = next_id();

        snprintf(job->users[i], sizeof job->users[i], "user%lld", (long long)(id % USERS));
        job->messages[i] = (struct hy_message){.id = id,
                                               .app_no = job->worker->app,
                                               .user = job->users[i],
                                               .template_id = "T1",
                                               .data = "{}",
                                               .on_missing = HY_ON_MISSING_TRY,
                                               .accepted_at_ms = now_ms};
        job->items[i] = (struct hy_admit_item){.message = &job->messages[i]};
    }
    job->admit = (struct hy_admit){.op = {.verb = HY_VERB_ADMIT, .done = admitted, .arg = job},
                                   .items = job->items,
                                   .count = BATCH,
                                   .now_ms = now_ms,
                                   .arena = &job->arena};
    hy_store_submit(job->worker->store, &job->admit.op);
}

static void admitted(struct hy_op *op, void *arg)
{
    struct job *job = (struct job *)arg;

    if (op->result != 0)
        _exit(4);
    for (int i = 0; i < BATCH; i++)
        tell(job->worker, job->messages[i].id, 0);
    submit(job);
}

/* Claims and settles what is due, on this thread. */
static void send_some(struct worker *w)
{
    struct hy_claim_lane lane = {.app_no = w->app, .queue = HY_RANK_NORMAL, .capacity = 20};
    struct hy_claim claim = {.op = {.verb = HY_VERB_CLAIM}, .lanes = &lane, .lane_count = 1};
    struct hy_settle settle = {.op = {.verb = HY_VERB_SETTLE}};
    struct hy_arena arena;

    hy_arena_init(&arena);
    claim.now_ms = settle.now_ms = hy_clock_now_ms();
    claim.arena = &arena;
    if (hy_store_run(w->store, &claim.op) != 0)
        _exit(5);
    settle.count = claim.count;
    settle.items =
        (struct hy_settle_item *)hy_arena_array(&arena, claim.count, sizeof *settle.items);
    for (size_t i = 0; i < claim.count; i++) {
        struct hy_settle_item *item = &settle.items[i];

        item->message_id = claim.claimed[i].message.id;
        item->attempt.number = claim.claimed[i].message.attempt_count + 1;
        item->settlement =
            (struct hy_settlement){.state = HY_MESSAGE_SENT, .grant_move = HY_GRANT_SPEND};
    }
    if (hy_store_run(w->store, &settle.op) != 0)
        _exit(6);
    for (size_t i = 0; i < settle.count; i++)
        if (settle.items[i].result == 0)
            tell(w, settle.items[i].message_id, 1);
    hy_arena_deinit(&arena);
}

static void work(const char *path, int64_t app, int out)
{
    static struct job jobs[UNDER_WAY];
    static struct worker w;
    struct hy_recover recover = {.op = {.verb = HY_VERB_RECOVER}};

    w.app = app;
    w.out = out;
    if (rig_try_open(path, false, &w.store) != 0)
        _exit(7);
    recover.now_ms = hy_clock_now_ms();
    if (hy_store_run(w.store, &recover.op) != 0)
        _exit(8);
    for (int i = 0; i < UNDER_WAY; i++) {
        jobs[i].worker = &w;
        hy_arena_init(&jobs[i].arena);
        submit(&jobs[i]);
    }
    for (;;)
        send_some(&w);
}

/* --- the parent ------------------------------------------------------------------------------- */

static struct told *tellings;
static size_t telling_count, telling_capacity;

static void keep(struct told told)
{
    if (telling_count == telling_capacity) {
        telling_capacity = telling_capacity ? telling_capacity * 2 : 4096;
        tellings = (struct told *)realloc(tellings, telling_capacity * sizeof *tellings);
        CHECK(tellings != NULL);
    }
    tellings[telling_count++] = told;
}

/* Reads what the child tells until `until_us`, then kills it and reads the rest. */
static void listen_and_kill(int in, pid_t child, int64_t until_us)
{
    struct told told;
    int status;

    while (hy_clock_mono_us() < until_us) {
        struct pollfd p = {.fd = in, .events = POLLIN};

        if (poll(&p, 1, 1) > 0 && read(in, &told, sizeof told) == (ssize_t)sizeof told)
            keep(told);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    while (read(in, &told, sizeof told) == (ssize_t)sizeof told)
        keep(told);
}

static void one_round(const char *path, int64_t app, int round)
{
    struct told first;
    int pipes[2];
    pid_t child;

    CHECK_INT(pipe(pipes), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(pipes[0]);
        work(path, app, pipes[1]);
    }
    close(pipes[1]);
    CHECK_INT(read(pipes[0], &first, sizeof first), (ssize_t)sizeof first);
    keep(first);
    /* Some instant: the work never waits, so every point of a commit has its chance. */
    listen_and_kill(pipes[0], child,
                    hy_clock_mono_us() + 5000 + (round * 7919 + (int)getpid()) % 60000);
    close(pipes[0]);
}

static void look_at_everything(const char *path)
{
    struct hy_store *store = rig_open(path);

    for (size_t i = 0; i < telling_count; i++) {
        int state = rig_state(store, tellings[i].id);

        if (state < 0 || (tellings[i].sent && state != HY_MESSAGE_SENT))
            hy_tap_fail(__FILE__, __LINE__, "message %lld was told as %s and is %d",
                        (long long)tellings[i].id, tellings[i].sent ? "sent" : "admitted", state);
    }
    if (rig_check(store) > 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", rig_explain);
    hy_store_close(store);
}

static void loses_nothing_acknowledged_when_killed(void)
{
    struct hy_store *store;
    const char *path;
    int64_t app;

    rig_begin();
    path = rig_path("a.db");
    store = rig_open(path);
    app = rig_app(store);
    hy_store_close(store);
    for (int round = 0; round < ROUNDS; round++) {
        one_round(path, app, round);
        if (round % 5 == 4)
            look_at_everything(path);
    }
    CHECK(telling_count > ROUNDS * BATCH);
    printf("# %zu acknowledgements were looked up\n", telling_count);
    free(tellings);
    rig_end();
}

/* --- a disk that is full ---------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Files may not grow beyond a limit: to SQLite that is a write that fails, as on a full disk. */
static void fails_when_nothing_can_be_written_and_goes_on_afterwards(void)
{
    struct hy_store *store;
    int64_t app, id = 1, failed;
    int r = 0;

    rig_begin();
    signal(SIGXFSZ, SIG_IGN);
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    CHECK_INT(rig_admit(store, app, id, "u1", 1000), 0);
    limit_files(400000);
    for (; r == 0 && id < 100000; id += r == 0)
        r = rig_admit(store, app, id + 1, "u2", 1000);
    CHECK(r == HY_E_IO || r == HY_E_FULL);
    failed = id + 1;
    CHECK_INT(rig_state(store, failed), HY_E_NOT_FOUND);
    CHECK(rig_admit(store, app, failed, "u2", 1000) < 0);
    limit_files(RLIM_INFINITY);
    CHECK_INT(rig_admit(store, app, failed, "u2", 1000), 0);
    for (int64_t i = 1; i <= failed; i++)
        CHECK_INT(rig_state(store, i), HY_MESSAGE_QUEUED);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    store = rig_open(rig_path("a.db"));
    CHECK_INT(rig_state(store, failed), HY_MESSAGE_QUEUED);
    hy_store_close(store);
    rig_end();
}

int main(void)
{
    RUN(loses_nothing_acknowledged_when_killed);
    RUN(fails_when_nothing_can_be_written_and_goes_on_afterwards);
    return hy_tap_end();
}
