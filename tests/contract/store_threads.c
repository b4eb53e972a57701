/* The same promises with the store's own threads, under many callers. */
#include "store_cases.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CALLERS = 4, EACH = 250 };

/* Counts what has ended. */
struct tally {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t ended;
    size_t in_order; /* those that ended right after the one submitted before them */
    size_t failed;
};

static void tally_init(struct tally *t)
{
    *t = (struct tally){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0};
}

static void tally_wait(struct tally *t, size_t count)
{
    pthread_mutex_lock(&t->lock);
    while (t->ended < count)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

struct numbered_put {
    struct hy_meta_put put;
    struct tally *tally;
    size_t number;
};

static void count_put(struct hy_op *op, void *arg)
{
    struct numbered_put *n = (struct numbered_put *)arg;
    struct tally *t = n->tally;

    pthread_mutex_lock(&t->lock);
    t->in_order += t->ended == n->number;
    t->failed += op->result != 0;
    t->ended++;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static struct numbered_put *puts_of(struct tally *t, size_t count)
{
    struct numbered_put *n = (struct numbered_put *)hy_arena_array(&rig.arena, count, sizeof *n);

    for (size_t i = 0; i < count; i++) {
        n[i].put.op = (struct hy_op){.verb = HY_VERB_META_PUT, .done = count_put, .arg = &n[i]};
        n[i].put.name = "n";
        n[i].put.value = hy_arena_printf(&rig.arena, "%zu", i);
        n[i].tally = t;
        n[i].number = i;
    }
    return n;
}

static void writes_end_in_their_order_and_in_groups(void)
{
    struct tally t;
    struct numbered_put *n;
    struct hy_meta_get got = {.name = "n", .arena = &rig.arena};
    struct hy_store_stats before, after;

    tally_init(&t);
    n = puts_of(&t, 5000);
    hy_store_stats(rig.store, &before);
    for (size_t i = 0; i < 5000; i++)
        hy_store_submit(rig.store, &n[i].put.op);
    tally_wait(&t, 5000);
    hy_store_stats(rig.store, &after);
    CHECK_INT(t.in_order, 5000);
    CHECK_INT(t.failed, 0);
    CHECK_INT(run(&got.op, HY_VERB_META_GET), 0);
    CHECK_TEXT(got.value, "4999");
    CHECK_INT(after.writes - before.writes, 5000);
    CHECK(after.groups - before.groups < 5000);
    CHECK_INT(hy_store_backlog(rig.store), 0);
}

static void closing_finishes_what_was_submitted(void)
{
    struct tally t;
    struct numbered_put *n;
    struct hy_meta_get got = {.name = "n", .arena = &rig.arena};

    tally_init(&t);
    n = puts_of(&t, 3000);
    for (size_t i = 0; i < 3000; i++)
        hy_store_submit(rig.store, &n[i].put.op);
    hy_store_close(rig.store);
    rig.store = NULL;
    CHECK_INT(t.ended, 3000);
    CHECK_INT(t.failed, 0);
    rig_open(rig.location, false, &rig.store);
    if (rig_durable()) {
        CHECK_INT(run(&got.op, HY_VERB_META_GET), 0);
        CHECK_TEXT(got.value, "2999");
    }
}

/* Submits a verb again and again from `done`, until it is told to stop. */
struct endless {
    struct hy_meta_put put;
    atomic_int ended;
    int last;
};

static void submit_again(struct hy_op *op, void *arg)
{
    struct endless *e = (struct endless *)arg;

    e->last = op->result;
    atomic_fetch_add(&e->ended, 1);
    if (op->result != HY_E_STOPPED)
        hy_store_submit(rig.store, op);
}

static void closing_stops_what_submits_for_ever(void)
{
    struct endless e = {.put = {.op = {.verb = HY_VERB_META_PUT}, .name = "n", .value = "v"}};

    e.put.op.done = submit_again;
    e.put.op.arg = &e;
    hy_store_submit(rig.store, &e.put.op);
    while (atomic_load(&e.ended) < 10)
        sched_yield();
    hy_store_close(rig.store);
    rig_open(rig.location, false, &rig.store);
    CHECK_INT(e.last, HY_E_STOPPED);
}

/* --- many callers ----------------------------------------------------------------------------- */

struct caller {
    pthread_t thread;
    int number;
    struct hy_arena arena;
    atomic_int *admitted;
    int64_t answers[EACH];
    int wrong;
};

static void key_of(uint8_t *key, int number)
{
    memset(key, 0, HY_FINGERPRINT_BYTES);
    memcpy(key, &number, sizeof number);
}

/* Every caller sends the same requests with ids of its own. */
static void admit_twin(struct caller *c, int number)
{
    uint8_t key[HY_FINGERPRINT_BYTES];
    struct hy_message m = {.id = 1 + c->number + CALLERS * (int64_t)number,
                           .app_no = rig.app,
                           .user = "u",
                           .template_id = "T1",
                           .data = "{}",
                           .on_missing = HY_ON_MISSING_WAIT};
    struct hy_admit_item item = {.message = &m, .key = key, .body = key};
    struct hy_admit v = {.op = {.verb = HY_VERB_ADMIT},
                         .items = &item,
                         .count = 1,
                         .now_ms = rig.now_ms,
                         .key_window_ms = DAY,
                         .arena = &c->arena};

    key_of(key, number);
    c->wrong += hy_store_run(rig.store, &v.op) != 0 || item.admission == HY_ADMIT_CONFLICT;
    if (item.admission == HY_ADMITTED)
        atomic_fetch_add(c->admitted, 1);
    c->answers[number] = m.id;
}

static void *admit_twins(void *arg)
{
    struct caller *c = (struct caller *)arg;

    for (int i = 0; i < EACH; i++)
        admit_twin(c, i);
    return NULL;
}

static struct caller *call(void *(*run_caller)(void *), atomic_int *admitted)
{
    struct caller *c = (struct caller *)hy_arena_array(&rig.arena, CALLERS, sizeof *c);

    for (int i = 0; i < CALLERS; i++) {
        c[i].number = i;
        c[i].admitted = admitted;
        hy_arena_init(&c[i].arena);
        CHECK_INT(pthread_create(&c[i].thread, NULL, run_caller, &c[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(c[i].thread, NULL);
    for (int i = 0; i < CALLERS; i++)
        hy_arena_deinit(&c[i].arena);
    return c;
}

static void twins_from_many_callers_are_one(void)
{
    atomic_int admitted = 0;
    struct hy_counts counts = {.arena = &rig.arena};
    struct caller *c;

    for (int i = 0; i < 10; i++)
        form("u", 0);
    c = call(admit_twins, &admitted);
    for (int i = 0; i < CALLERS; i++) {
        CHECK_INT(c[i].wrong, 0);
        CHECK(memcmp(c[i].answers, c[0].answers, sizeof c[0].answers) == 0);
    }
    CHECK_INT(atomic_load(&admitted), EACH);
    CHECK_INT(run(&counts.op, HY_VERB_COUNTS), 0);
    CHECK_INT(counts.count, 2);
    CHECK_INT(counts.counts[0].messages, 10); /* queued: as many as there are receipts */
    CHECK_INT(counts.counts[1].messages, EACH - 10);
}

/* Each claims for itself and settles; nobody may get what another one has. */
static void *claim_and_settle(void *arg)
{
    struct caller *c = (struct caller *)arg;
    int idle = 0;

    while (idle < 3) {
        struct hy_claim_lane lane = {.app_no = rig.app, .queue = rig.queue, .capacity = 2};
        struct hy_claim v = {.op = {.verb = HY_VERB_CLAIM},
                             .lanes = &lane,
                             .lane_count = 1,
                             .now_ms = rig.now_ms,
                             .arena = &c->arena};

        c->wrong += hy_store_run(rig.store, &v.op) != 0;
        idle = v.count > 0 ? 0 : idle + 1;
        for (size_t i = 0; i < v.count; i++) {
            struct hy_judgement j = judged(HY_VERDICT_OK, "");
            struct hy_settle_item item = settled(&v.claimed[i], &j);
            struct hy_settle s = {
                .op = {.verb = HY_VERB_SETTLE}, .items = &item, .count = 1, .now_ms = rig.now_ms};

            c->wrong += hy_store_run(rig.store, &s.op) != 0 || item.result != 0;
            atomic_fetch_add(c->admitted, 1);
        }
    }
    return NULL;
}

static void many_claimers_send_each_message_once(void)
{
    atomic_int sent = 0;
    struct hy_counts counts = {.arena = &rig.arena};
    struct caller *c;

    for (int i = 0; i < 400; i++) {
        const char *user = hy_arena_printf(&rig.arena, "u%d", i % 100);

        form(user, 0);
        post(user);
    }
    c = call(claim_and_settle, &sent);
    for (int i = 0; i < CALLERS; i++)
        CHECK_INT(c[i].wrong, 0);
    /* A caller may have found nothing only because others held what was due. */
    for (struct hy_claim *v = claim(ALL); v->count > 0; v = claim(ALL))
        for (size_t i = 0; i < v->count; i++) {
            judge(&v->claimed[i], HY_VERDICT_OK, "");
            atomic_fetch_add(&sent, 1);
        }
    CHECK_INT(atomic_load(&sent), 400);
    CHECK_INT(run(&counts.op, HY_VERB_COUNTS), 0);
    CHECK_INT(counts.count, 1);
    CHECK_INT(counts.counts[0].state, HY_MESSAGE_SENT);
    CHECK_INT(counts.counts[0].messages, 400);
    CHECK_INT(counts.grants_available, 0);
}

/* Half of the callers write, half read what is there. */
static void *write_or_read(void *arg)
{
    struct caller *c = (struct caller *)arg;

    for (int i = 0; i < EACH && c->number % 2 == 0; i++)
        admit_twin(c, i);
    for (int i = 0; i < EACH && c->number % 2 == 1; i++) {
        struct hy_message_list v = {
            .op = {.verb = HY_VERB_MESSAGE_LIST}, .state = -1, .limit = 50, .arena = &c->arena};

        c->wrong += hy_store_run(rig.store, &v.op) != 0;
        for (size_t m = 0; m < v.count; m++)
            c->wrong += v.messages[m].state != HY_MESSAGE_WAITING ||
                        (m > 0 && v.messages[m].id >= v.messages[m - 1].id);
        hy_arena_reset(&c->arena);
    }
    return NULL;
}

static void readers_see_whole_commits(void)
{
    atomic_int admitted = 0;
    struct caller *c = call(write_or_read, &admitted);

    for (int i = 0; i < CALLERS; i++)
        CHECK_INT(c[i].wrong, 0);
    CHECK_INT(atomic_load(&admitted), EACH);
}

static void a_caller_reads_what_it_wrote(void)
{
    for (int i = 0; i < 50; i++) {
        struct hy_message *m = post_with("u", HY_ON_MISSING_WAIT);

        CHECK_STATE(m->id, WAITING);
        CHECK_INT(cancel(m->id), 0);
        CHECK_STATE(m->id, CANCELED);
    }
}

void store_threads_cases(void)
{
    CASE_THREADS(writes_end_in_their_order_and_in_groups);
    CASE_THREADS(closing_finishes_what_was_submitted);
    CASE_THREADS(closing_stops_what_submits_for_ever);
    CASE_THREADS(twins_from_many_callers_are_one);
    CASE_THREADS(many_claimers_send_each_message_once);
    CASE_THREADS(readers_see_whole_commits);
    CASE_THREADS(a_caller_reads_what_it_wrote);
}
