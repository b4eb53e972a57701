#include "pg_two.h"

#include "base/clock.h"

#include <pthread.h>

static const int64_t wait_us = 10000000;

struct hy_backend *one, *other;
struct hy_pg_link *looker;
struct hy_arena arena;
struct hy_message_ids ids;

/* --- the store ---------------------------------------------------------------------------------- */

struct hy_backend *open_store(void)
{
    struct hy_backend *b = NULL;
    char explain[300] = "";

    if (hy_backend_postgres.open(strchr(pg_url(), ':') + 1, &b, explain, sizeof explain) < 0)
        hy_tap_fail(__FILE__, __LINE__, "%s", explain);
    return b;
}

static void close_store(struct hy_backend *b)
{
    if (b)
        hy_backend_postgres.close(b);
}

void close_all(void)
{
    close_store(one);
    close_store(other);
    hy_pg_link_close(looker);
    hy_arena_deinit(&arena);
    one = other = NULL;
    looker = NULL;
}

void fresh(void)
{
    close_all();
    hy_arena_init(&arena);
    hy_message_ids_init(&ids, 0, 0);
    looker = pg_open(pg_url());
    pg_script(looker, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    one = open_store();
    other = open_store();
}

void begin(struct hy_backend *b)
{
    CHECK_INT(hy_backend_postgres.begin(b), 0);
}

struct hy_message *draft(int64_t app_no, const char *user)
{
    struct hy_message *m = (struct hy_message *)hy_arena_alloc(&arena, sizeof *m);

    *m = (struct hy_message){.id = hy_message_ids_next(&ids, NOW),
                             .app_no = app_no,
                             .user = hy_arena_strdup(&arena, user),
                             .template_id = "T1",
                             .data = "{}",
                             .on_missing = HY_ON_MISSING_TRY,
                             .accepted_at_ms = NOW};
    return m;
}

int run_verb(struct hy_backend *b, struct hy_op *op, enum hy_verb verb)
{
    op->verb = verb;
    return hy_backend_postgres.verbs[verb](b, op);
}

void commit(struct hy_backend *b)
{
    CHECK_INT(hy_backend_postgres.commit(b), 0);
}

int do_verb(struct hy_backend *b, struct hy_op *op, enum hy_verb verb)
{
    int r;

    begin(b);
    r = run_verb(b, op, verb);
    commit(b);
    return r;
}

int64_t number_of(const char *text)
{
    const struct hy_pg_sql sql = {"unit_number", text};
    int64_t number = pg_number(looker, &sql);

    hy_pg_link_close(looker); /* the name is for another text next time */
    looker = pg_open(pg_url());
    return number;
}

/* --- meanwhile ---------------------------------------------------------------------------------- */

static struct meanwhile {
    pthread_t thread;
    struct hy_op *op;
    enum hy_verb verb;
    int result;
} meanwhile;

static void *run_meanwhile(void *arg)
{
    struct meanwhile *m = (struct meanwhile *)arg;

    hy_backend_postgres.begin(other);
    m->result = run_verb(other, m->op, m->verb);
    if (m->result < 0)
        hy_backend_postgres.rollback(other);
    else
        m->result = hy_backend_postgres.commit(other);
    return NULL;
}

void begin_meanwhile(struct hy_op *op, enum hy_verb verb)
{
    static const struct hy_pg_sql waiting = {
        "waiting", "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                   "wait_event_type = 'Lock'"};
    int64_t end_us = hy_clock_mono_us() + wait_us;

    meanwhile = (struct meanwhile){.op = op, .verb = verb};
    CHECK_INT(pthread_create(&meanwhile.thread, NULL, run_meanwhile, &meanwhile), 0);
    while (pg_number(looker, &waiting) == 0 && hy_clock_mono_us() < end_us)
        pg_sleep_ms(2);
    CHECK_INT(pg_number(looker, &waiting), 1);
}

int end_meanwhile(void)
{
    int committed = hy_backend_postgres.commit(one);

    pthread_join(meanwhile.thread, NULL);
    CHECK_INT(committed, 0);
    return meanwhile.result;
}
