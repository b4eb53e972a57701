/*
 * What goes wrong on the way: the server dies and comes back, somebody else holds a lock, a statement takes
 * too long. (A full disk is not among it: there is none that a test could fill.)
 */
#include "pg_rig.h"

#include "base/clock.h"
#include "store/postgres/link_own.h"

#include <pthread.h>
#include <signal.h>

static struct hy_pg_link *pg, *other;

static void fresh(void)
{
    hy_pg_link_close(pg);
    hy_pg_link_close(other);
    pg = other = NULL;
    pg = pg_open(pg_url());
    other = pg_open(pg_url());
    pg_script(pg,
              "DROP TABLE IF EXISTS thing; CREATE TABLE thing (id bigint PRIMARY KEY, name text); "
              "INSERT INTO thing VALUES (1, 'one'), (2, 'two')");
}

static const struct hy_pg_sql count_things = {"count_things", "SELECT count(*) FROM thing"};
static const struct hy_pg_sql begin = {"begin_test", "BEGIN"};
static const struct hy_pg_sql commit = {"commit_test", "COMMIT"};
static const struct hy_pg_sql change = {"change", "UPDATE thing SET name = 'new' WHERE id = $1"};
static const struct hy_pg_sql add = {"add", "INSERT INTO thing (id) VALUES ($1)"};
static const struct hy_pg_sql sleep_long = {"sleep_long", "SELECT pg_sleep(30)"};

static int run_with(struct hy_pg_link *link, const struct hy_pg_sql *sql, int64_t id)
{
    hy_pg_put_int(hy_pg_args(link), id);
    return hy_pg_run(link, sql, NULL);
}

static int run(struct hy_pg_link *link, const struct hy_pg_sql *sql)
{
    hy_pg_args(link);
    return hy_pg_run(link, sql, NULL);
}

/* --- the server is gone --------------------------------------------------------------------------- */

static void a_killed_server_comes_back(void)
{
    unsigned generation;

    fresh();
    generation = hy_pg_link_generation(pg);
    CHECK_INT(run(pg, &begin), 0);
    CHECK_INT(run_with(pg, &change, 1), 0);
    pg_server("kill");
    CHECK_INT(run_with(pg, &change, 2), HY_E_IO);
    CHECK(!hy_pg_link_good(pg));
    CHECK(hy_pg_link_why(pg)[0] != 0);
    CHECK_INT(run(pg, &commit), HY_E_IO);
    CHECK_INT(hy_pg_link_mend(pg), HY_E_IO);
    pg_server("start");
    hy_pg_undo(pg);
    CHECK(pg_mended(pg));
    CHECK(hy_pg_link_generation(pg) > generation);
    CHECK_INT(run_with(pg, &change, 1), 0); /* prepared anew */
    CHECK_INT(pg_number(pg, &count_things), 2);
}

/* Nobody used the connection when it broke: the next use does not find it broken. */
static void a_restart_while_idle_is_not_noticed(void)
{
    fresh();
    CHECK_INT(run_with(pg, &change, 1), 0);
    pg_server("stop");
    pg_server("start");
    CHECK_INT(run_with(pg, &change, 1), 0);
    CHECK_INT(pg_number(other, &count_things), 2);
}

/* A transaction is not continued on another connection. */
static void a_transaction_ends_with_its_connection(void)
{
    fresh();
    CHECK_INT(run(pg, &begin), 0);
    CHECK_INT(run_with(pg, &add, 3), 0);
    pg_server("stop");
    pg_server("start");
    CHECK_INT(run_with(pg, &add, 4), HY_E_IO);
    CHECK_INT(hy_pg_link_mend(pg), HY_E_IO);
    CHECK_INT(run_with(pg, &add, 5), HY_E_IO);
    CHECK_INT(run(pg, &commit), HY_E_IO);
    CHECK_INT(pg_number(other, &count_things), 2);
    hy_pg_undo(pg);
    CHECK(pg_mended(pg));
    CHECK_INT(run_with(pg, &add, 5), 0);
    CHECK_INT(pg_number(pg, &count_things), 3);
}

static void a_server_that_is_down_is_not_asked_all_the_time(void)
{
    int64_t start_us;
    int tries = 0;

    fresh();
    pg_server("stop");
    start_us = hy_clock_mono_us();
    while (hy_clock_mono_us() - start_us < 1500000) {
        int64_t before_us = pg->retry_at_us;

        CHECK_INT(run_with(pg, &add, 3), HY_E_IO);
        tries += pg->retry_at_us != before_us;
        pg_sleep_ms(1);
    }
    pg_server("start");
    CHECK(tries >= 2 && tries <= 5); /* at once, after 0.2, 0.4, 0.8 s, and a random part */
    CHECK(pg_mended(pg));
    CHECK_INT(run_with(pg, &add, 3), 0);
}

static void a_session_that_is_ended_is_replaced(void)
{
    static const struct hy_pg_sql who = {"who", "SELECT pg_backend_pid()::int8"};
    static const struct hy_pg_sql end = {"end", "SELECT pg_terminate_backend($1::int4, 5000)"};
    int64_t pid;

    fresh();
    pid = pg_number(pg, &who);
    CHECK_INT(run(pg, &begin), 0);
    CHECK_INT(run_with(other, &end, pid), 0);
    CHECK_INT(run_with(pg, &add, 3), HY_E_IO);
    CHECK(strstr(hy_pg_link_why(pg), "57P01") != NULL);
    hy_pg_undo(pg);
    CHECK_INT(run_with(pg, &add, 3), 0);
}

/* Its machine is frozen, or the network swallows everything. */
static void a_server_that_says_nothing_is_given_up(void)
{
    static const struct hy_pg_sql who = {"who", "SELECT pg_backend_pid()::int8"};
    int64_t start_us;
    pid_t pid;

    fresh();
    pid = (pid_t)pg_number(pg, &who);
    CHECK_INT(kill(pid, SIGSTOP), 0);
    pg->answer_ms = 300;
    start_us = hy_clock_mono_us();
    CHECK_INT(run_with(pg, &add, 3), HY_E_IO);
    CHECK(hy_clock_mono_us() - start_us >= 300000);
    CHECK(strstr(hy_pg_link_why(pg), "does not answer") != NULL);
    kill(pid, SIGCONT);
    pg->answer_ms = HY_PG_ANSWER_MS;
    CHECK(pg_mended(pg));
    CHECK_INT(run_with(pg, &change, 1), 0);
}

static void *end_soon(void *arg)
{
    pg_sleep_ms(100);
    hy_pg_link_end_by((struct hy_pg_link *)arg, hy_clock_mono_us() + 200000);
    return NULL;
}

/* It waits already when it is told. */
static void a_program_that_ends_waits_no_longer(void)
{
    static const struct hy_pg_sql who = {"who", "SELECT pg_backend_pid()::int8"};
    int64_t start_us;
    pthread_t thread;
    pid_t pid;

    fresh();
    pid = (pid_t)pg_number(pg, &who);
    CHECK_INT(kill(pid, SIGSTOP), 0);
    start_us = hy_clock_mono_us();
    CHECK_INT(pthread_create(&thread, NULL, end_soon, pg), 0);
    CHECK_INT(run_with(pg, &add, 3), HY_E_IO);
    CHECK(hy_clock_mono_us() - start_us >= 300000);
    CHECK(hy_clock_mono_us() - start_us < HY_PG_ANSWER_MS * 1000LL / 2);
    pthread_join(thread, NULL);
    kill(pid, SIGCONT);
    CHECK_INT(run_with(pg, &change, 1), HY_E_IO); /* and no other connection is made */
}

/* --- somebody else is in the way ------------------------------------------------------------------- */

static void a_lock_is_not_waited_for_without_end(void)
{
    fresh();
    CHECK_INT(run(other, &begin), 0);
    CHECK_INT(run_with(other, &change, 1), 0);
    pg_script(pg, "SET lock_timeout = 100");
    CHECK_INT(run_with(pg, &change, 1), HY_E_BUSY);
    CHECK(strstr(hy_pg_link_why(pg), "55P03") != NULL);
    CHECK_INT(run(other, &commit), 0);
    CHECK_INT(run_with(pg, &change, 1), 0);
}

static void *change_one(void *arg)
{
    *(int *)arg = run_with(other, &change, 1);
    return NULL;
}

static void a_deadlock_is_somebody_else_in_the_way(void)
{
    pthread_t thread;
    int theirs = 1, ours;

    fresh();
    CHECK_INT(run(pg, &begin), 0);
    CHECK_INT(run_with(pg, &change, 1), 0);
    CHECK_INT(run(other, &begin), 0);
    CHECK_INT(run_with(other, &change, 2), 0);
    CHECK_INT(pthread_create(&thread, NULL, change_one, &theirs), 0);
    ours = run_with(pg, &change, 2);
    if (ours < 0)
        hy_pg_undo(pg); /* and the other one goes on */
    pthread_join(thread, NULL);
    CHECK(ours == HY_E_BUSY || theirs == HY_E_BUSY);
    CHECK(ours == 0 || theirs == 0);
    hy_pg_undo(pg);
    hy_pg_undo(other);
    CHECK_INT(run_with(pg, &change, 2), 0);
}

static void who_was_second_may_look_again(void)
{
    fresh();
    CHECK_INT(run_with(other, &add, 3), 0);
    CHECK_INT(run_with(pg, &add, 3), HY_E_BUSY);
    CHECK(strstr(hy_pg_link_why(pg), "(3)") == NULL); /* values are nobody's business */
}

static void a_snapshot_that_is_outrun_is_busy(void)
{
    static const struct hy_pg_sql repeatable = {"repeatable",
                                                "BEGIN ISOLATION LEVEL REPEATABLE READ"};

    fresh();
    CHECK_INT(run(pg, &repeatable), 0);
    CHECK_INT(pg_number(pg, &count_things), 2);
    CHECK_INT(run_with(other, &change, 1), 0);
    CHECK_INT(run_with(pg, &change, 1), HY_E_BUSY);
    CHECK(strstr(hy_pg_link_why(pg), "40001") != NULL);
    hy_pg_undo(pg);
}

/* --- time ------------------------------------------------------------------------------------------ */

static void a_statement_that_takes_too_long_is_ended(void)
{
    fresh();
    pg_script(pg, "SET statement_timeout = 100");
    CHECK_INT(run(pg, &sleep_long), HY_E_IO);
    CHECK(strstr(hy_pg_link_why(pg), "57014") != NULL);
    CHECK(hy_pg_link_good(pg));
    CHECK_INT(pg_number(pg, &count_things), 2);
}

/* What a node that stops in the middle held is let go. */
static void an_idle_transaction_is_ended(void)
{
    fresh();
    pg_script(pg, "SET idle_in_transaction_session_timeout = 100");
    CHECK_INT(run(pg, &begin), 0);
    CHECK_INT(run_with(pg, &change, 1), 0);
    CHECK_INT(run_with(other, &change, 1), 0); /* waits until then */
    CHECK_INT(run_with(pg, &change, 2), HY_E_IO);
    CHECK(strstr(hy_pg_link_why(pg), "25P03") != NULL);
    hy_pg_undo(pg);
    CHECK_INT(run_with(pg, &change, 1), 0);
}

/* --- what was prepared is no good any more ---------------------------------------------------------- */

static void a_table_that_changed_is_read_again(void)
{
    static const struct hy_pg_sql all = {"all_things", "SELECT * FROM thing"};

    fresh();
    CHECK_INT(run(pg, &all), 0);
    pg_script(other, "ALTER TABLE thing ALTER COLUMN name TYPE varchar(9)");
    CHECK_INT(run(pg, &all), HY_E_BUSY);
    CHECK_INT(run(pg, &all), 0);
}

static void a_statement_that_was_forgotten_is_prepared_again(void)
{
    fresh();
    CHECK_INT(run_with(pg, &change, 1), 0);
    pg_script(pg, "DEALLOCATE ALL");
    CHECK_INT(run_with(pg, &change, 1), HY_E_BUSY);
    CHECK_INT(run_with(pg, &change, 1), 0);
}

int main(void)
{
    RUN(a_killed_server_comes_back);
    RUN(a_restart_while_idle_is_not_noticed);
    RUN(a_transaction_ends_with_its_connection);
    RUN(a_server_that_is_down_is_not_asked_all_the_time);
    RUN(a_session_that_is_ended_is_replaced);
    RUN(a_server_that_says_nothing_is_given_up);
    RUN(a_program_that_ends_waits_no_longer);
    RUN(a_lock_is_not_waited_for_without_end);
    RUN(a_deadlock_is_somebody_else_in_the_way);
    RUN(who_was_second_may_look_again);
    RUN(a_snapshot_that_is_outrun_is_busy);
    RUN(a_statement_that_takes_too_long_is_ended);
    RUN(an_idle_transaction_is_ended);
    RUN(a_table_that_changed_is_read_again);
    RUN(a_statement_that_was_forgotten_is_prepared_again);
    hy_pg_link_close(pg);
    hy_pg_link_close(other);
    return hy_tap_end();
}
