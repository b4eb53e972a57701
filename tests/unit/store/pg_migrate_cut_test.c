/*
 * Steps that fill rows, several processes that migrate at once, and those that end half-way.
 */
#include "pg_steps.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- filling ---------------------------------------------------------------------------------------- */

static const struct hy_pg_step filling[] = {
    FIRST,
    ADDS,
    {.number = 3,
     .kind = HY_PG_BACKFILL,
     .sql = {"0003_fills",
             "WITH piece AS MATERIALIZED (SELECT id FROM thing WHERE id > $1 ORDER BY id LIMIT "
             "$2), filled AS (UPDATE thing t SET new = old || coalesce(new, '') FROM piece WHERE "
             "t.id = piece.id) SELECT max(id) FROM piece"}},
    {.number = 4,
     .kind = HY_PG_CONTRACT,
     .sql = {"0004_takes", "ALTER TABLE thing DROP COLUMN old"}},
    {0}};

static int64_t wrongly_filled(void)
{
    static const struct hy_pg_sql sql = {
        "wrongly_filled", "SELECT count(*) FROM thing WHERE new IS DISTINCT FROM 'v' || id"};

    return pg_number(pg, &sql);
}

/* More than a piece. */
static void add_things(int count)
{
    char text[200];

    CHECK_INT(migrate(first), 0);
    snprintf(text, sizeof text,
             "INSERT INTO thing SELECT n, 'v' || n FROM generate_series(1, %d) n", count);
    pg_script(pg, text);
}

static void rows_are_filled_before_columns_go(void)
{
    fresh();
    add_things(3000);
    CHECK_INT(migrate(filling), 0);
    CHECK(!put_off);
    CHECK_INT(newest(), 4);
    CHECK_INT(wrongly_filled(), 0);
    CHECK_INT(migrate(filling), 0);
    fresh();
    CHECK_INT(migrate(filling), 0); /* nothing to fill */
    CHECK_INT(newest(), 4);
}

static void older_nodes_put_off_what_is_taken_away_and_not_what_fills(void)
{
    fresh();
    add_things(300);
    add_node(1, 2, 600000);
    CHECK_INT(migrate(filling), 0);
    CHECK(put_off && has_column("old"));
    CHECK_INT(newest(), 3);
    CHECK_INT(wrongly_filled(), 0);
    CHECK_INT(migrate(second), 0); /* the way back */
}

static void fill_until_killed(void)
{
    struct hy_pg_link *link = pg_open(pg_url());
    char why[400];
    bool off;

    _exit(hy_pg_migrate(link, filling, &off, why, sizeof why) != 0);
}

/* Each row is filled once, or it would say so twice. */
static void filling_goes_on_where_it_was_killed(void)
{
    static const struct hy_pg_sql waits = {
        "waits", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%UPDATE thing%' AND "
                 "wait_event_type = 'Lock'"};
    static const struct hy_pg_sql place = {"place", "SELECT place FROM schema_place"};
    struct hy_pg_link *other;
    pid_t pid;

    fresh();
    add_things(3000);
    CHECK_INT(migrate(second), 0);
    other = pg_open(pg_url());
    pg_script(other, "BEGIN; UPDATE thing SET old = old WHERE id = 2000");
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        fill_until_killed();
    for (int i = 0; i < 2000 && pg_number(pg, &waits) == 0; i++)
        pg_sleep_ms(5);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK(pg_number(pg, &place) > 0 && pg_number(pg, &place) < 2000);
    CHECK_INT(newest(), 2);
    pg_script(other, "ROLLBACK");
    hy_pg_link_close(other);
    CHECK_INT(migrate(filling), 0);
    CHECK_INT(newest(), 4);
    CHECK_INT(wrongly_filled(), 0);
}

/* --- together, and half-way -------------------------------------------------------------------------- */

static void *migrate_too(void *arg)
{
    struct hy_pg_link *link = NULL;
    char why[400] = "";
    bool off;
    int r = hy_pg_link_open(pg_url(), "unit", &link, why, sizeof why);

    if (r == 0)
        r = hy_pg_migrate(link, third, &off, why, sizeof why);
    if (r < 0)
        printf("# %s\n", why);
    hy_pg_link_close(link);
    *(int *)arg = r;
    return NULL;
}

static void several_at_once(void)
{
    enum { NODES = 8 };
    pthread_t threads[NODES];
    int results[NODES];

    for (int turn = 0; turn < 3; turn++) {
        fresh();
        for (int i = 0; i < NODES; i++)
            CHECK_INT(pthread_create(&threads[i], NULL, migrate_too, &results[i]), 0);
        for (int i = 0; i < NODES; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < NODES; i++)
            CHECK_INT(results[i], 0);
        CHECK_INT(newest(), 3);
    }
}

static const struct hy_pg_step slow[] = {
    FIRST,
    {.number = 2,
     .sql = {"0002_slow",
             "CREATE TABLE half (id bigint); INSERT INTO half VALUES (1); SELECT pg_sleep(20)"}},
    {0}};

static void migrate_slowly(void)
{
    struct hy_pg_link *link = pg_open(pg_url());
    char why[400];
    bool off;

    _exit(hy_pg_migrate(link, slow, &off, why, sizeof why) != 0);
}

static void a_step_of_a_process_that_is_killed_is_undone(void)
{
    static const struct hy_pg_sql sleeping = {
        "sleeping",
        "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' "
        "AND state = 'active' AND pid <> pg_backend_pid()"};
    static const struct hy_pg_sql half = {"half", "SELECT to_regclass('half') IS NOT NULL"};
    static const struct hy_pg_sql wake = {"wake", "SELECT pg_terminate_backend($1::int4, 5000)"};
    int64_t session = 0;
    pid_t pid;

    fresh();
    CHECK_INT(migrate(first), 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        migrate_slowly();
    for (int i = 0; i < 1000 && session == 0; i++) {
        pg_sleep_ms(10);
        session = pg_number(pg, &sleeping);
    }
    CHECK(session > 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    /* Its session finds out when it next writes to it: the sleep would take the whole time. */
    hy_pg_put_int(hy_pg_args(pg), session);
    CHECK_INT(hy_pg_run(pg, &wake, NULL), 0);
    CHECK_INT(newest(), 1);
    CHECK_INT(pg_number(pg, &half), 0);
    CHECK_INT(migrate(second), 0);
    CHECK_INT(newest(), 2);
}

static void a_step_that_fails_is_undone(void)
{
    static const struct hy_pg_step broken[] = {
        FIRST,
        {.number = 2, .sql = {"0002_broken", "CREATE TABLE half (id bigint); SELECT nothing"}},
        {0}};
    static const struct hy_pg_sql half = {"half", "SELECT to_regclass('half') IS NOT NULL"};

    fresh();
    CHECK_INT(migrate(broken), HY_E_CORRUPT);
    CHECK(strstr(explain, "nothing") != NULL);
    CHECK_INT(newest(), 1);
    CHECK_INT(pg_number(pg, &half), 0);
    CHECK_INT(migrate(second), 0);
}

/* A table that somebody uses is waited for, and not for ever. */
static void a_step_waits_for_a_table_in_use(void)
{
    struct hy_pg_link *other;
    pthread_t thread;
    int r = 1;

    fresh();
    CHECK_INT(migrate(first), 0);
    other = pg_open(pg_url());
    pg_script(other, "BEGIN; SELECT * FROM thing");
    CHECK_INT(pthread_create(&thread, NULL, migrate_too, &r), 0);
    pg_sleep_ms(2500); /* longer than a step waits for a lock: it has to try again */
    pg_script(other, "COMMIT");
    pthread_join(thread, NULL);
    CHECK_INT(r, 0);
    CHECK_INT(newest(), 3);
    hy_pg_link_close(other);
}

int main(void)
{
    RUN(rows_are_filled_before_columns_go);
    RUN(older_nodes_put_off_what_is_taken_away_and_not_what_fills);
    RUN(filling_goes_on_where_it_was_killed);
    RUN(several_at_once);
    RUN(a_step_of_a_process_that_is_killed_is_undone);
    RUN(a_step_that_fails_is_undone);
    RUN(a_step_waits_for_a_table_in_use);
    hy_pg_link_close(pg);
    return hy_tap_end();
}
