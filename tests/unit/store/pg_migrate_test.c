/*
 * The steps of the schema, with steps that are made up: 1 as it was released, 2 adds, 3 takes away.
 */
#include "pg_rig.h"

#include "store/postgres/migrate.h"
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST                                                                                      \
    {                                                                                              \
        .number = 1, .sql = {                                                                      \
            "0001_first",                                                                          \
            "CREATE TABLE node (node bigint PRIMARY KEY, schema integer NOT NULL, "                \
            "lease_until_ms bigint NOT NULL); CREATE TABLE thing (id bigint, old text)"            \
        }                                                                                          \
    }
#define ADDS                                                                                       \
    {                                                                                              \
        .number = 2, .sql = { "0002_adds", "ALTER TABLE thing ADD COLUMN new text" }               \
    }
#define TAKES                                                                                      \
    {                                                                                              \
        .number = 3, .kind = HY_PG_CONTRACT, .sql = {                                              \
            "0003_takes",                                                                          \
            "ALTER TABLE thing DROP COLUMN old"                                                    \
        }                                                                                          \
    }

static const struct hy_pg_step first[] = {FIRST, {0}};
static const struct hy_pg_step second[] = {FIRST, ADDS, {0}};
static const struct hy_pg_step third[] = {FIRST, ADDS, TAKES, {0}};
static const struct hy_pg_step fourth[] = {
    FIRST, ADDS, TAKES, {.number = 4, .sql = {"0004_more", "CREATE TABLE more (id bigint)"}}, {0}};

static struct hy_pg_link *pg;
static char explain[400];
static bool put_off;

static void fresh(void)
{
    hy_pg_link_close(pg);
    pg = NULL;
    pg = pg_open(pg_url());
    pg_script(pg, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

static int migrate(const struct hy_pg_step *steps)
{
    explain[0] = 0;
    return hy_pg_migrate(pg, steps, &put_off, explain, sizeof explain);
}

static int64_t newest(void)
{
    static const struct hy_pg_sql sql = {"newest",
                                         "SELECT coalesce(max(number), 0) FROM schema_step"};

    return pg_number(pg, &sql);
}

static bool has_column(const char *name)
{
    static const struct hy_pg_sql sql = {
        "has_column",
        "SELECT FROM pg_attribute WHERE attrelid = 'thing'::regclass AND attname = $1"};
    struct hy_pg_rows rows;
    bool has;

    hy_pg_put_text(hy_pg_args(pg), name);
    CHECK_INT(hy_pg_run(pg, &sql, &rows), 0);
    has = rows.count == 1;
    hy_pg_rows_free(&rows);
    return has;
}

static int64_t count_nodes(void)
{
    static const struct hy_pg_sql sql = {"count_nodes", "SELECT count(*) FROM node"};

    return pg_number(pg, &sql);
}

/* A node that lives for `ms` from now. */
static void add_node(int64_t node, int schema, int ms)
{
    static const struct hy_pg_sql sql = {
        "add_node",
        "INSERT INTO node (node, schema, lease_until_ms) VALUES ($1, $2, (extract(epoch FROM "
        "clock_timestamp()) * 1000)::int8 + $3)"};
    struct hy_pg_args *args = hy_pg_args(pg);

    hy_pg_put_int(args, node);
    hy_pg_put_int(args, schema);
    hy_pg_put_int(args, ms);
    CHECK_INT(hy_pg_run(pg, &sql, NULL), 0);
}

/* --- one after the other --------------------------------------------------------------------------- */

static void an_empty_database_gets_all(void)
{
    fresh();
    CHECK_INT(migrate(third), 0);
    CHECK(!put_off);
    CHECK_INT(newest(), 3);
    CHECK(has_column("new") && !has_column("old"));
    CHECK_INT(migrate(third), 0); /* and nothing the second time */
    CHECK_INT(newest(), 3);
}

static void steps_are_added_to_what_is_there(void)
{
    fresh();
    CHECK_INT(migrate(first), 0);
    CHECK_INT(newest(), 1);
    pg_script(pg, "INSERT INTO thing (id, old) VALUES (1, 'x')");
    CHECK_INT(migrate(second), 0);
    CHECK_INT(newest(), 2);
    CHECK(has_column("new") && has_column("old"));
}

static void an_older_program_works_on_what_was_expanded(void)
{
    fresh();
    CHECK_INT(migrate(second), 0);
    CHECK_INT(migrate(first), 0);
    CHECK_INT(newest(), 2);
    CHECK_INT(hy_pg_migrate_still_fits(pg, first), 0);
}

static void an_older_program_is_refused_after_a_contract_step(void)
{
    fresh();
    CHECK_INT(migrate(third), 0);
    CHECK_INT(migrate(second), HY_E_CORRUPT);
    CHECK(strstr(explain, "from schema 3 on") != NULL && strstr(explain, "up to 2") != NULL);
    CHECK_INT(hy_pg_migrate_still_fits(pg, second), HY_E_STOPPED);
    CHECK_INT(hy_pg_migrate_still_fits(pg, third), 0);
}

static void the_floor_is_the_newest_contract_step(void)
{
    fresh();
    CHECK_INT(migrate(fourth), 0);
    CHECK_INT(newest(), 4);
    CHECK_INT(migrate(third), 0); /* 4 only adds */
    CHECK_INT(migrate(second), HY_E_CORRUPT);
}

/* --- while others live ------------------------------------------------------------------------------ */

static void a_contract_step_waits_for_older_nodes(void)
{
    fresh();
    CHECK_INT(migrate(second), 0);
    add_node(1, 2, 600000);
    CHECK_INT(migrate(fourth), 0);
    CHECK(put_off);
    CHECK(has_column("old"));
    CHECK_INT(newest(), 4); /* what adds does not wait */
    CHECK_INT(migrate(second), 0);
    CHECK_INT(hy_pg_migrate_contract(pg, fourth, 0, &put_off), 0);
    CHECK(put_off);
    pg_script(pg, "DELETE FROM node");
    add_node(2, 3, 600000);
    CHECK_INT(hy_pg_migrate_contract(pg, fourth, 0, &put_off), 0);
    CHECK(!put_off);
    CHECK(!has_column("old"));
    CHECK_INT(migrate(second), HY_E_CORRUPT);
    CHECK_INT(hy_pg_migrate_contract(pg, fourth, 0, &put_off), 0); /* nothing is left to do */
    CHECK(!put_off);
}

/* Its row is there until somebody beats. Who has just come does not know whether all are late, and waits; who has
 * looked for a while removes it. */
static void a_node_whose_lease_is_over_is_not_waited_for(void)
{
    int64_t older = -1;

    fresh();
    CHECK_INT(migrate(second), 0);
    add_node(1, 2, -1);
    CHECK_INT(migrate(third), 0);
    CHECK(put_off);
    CHECK_INT(newest(), 2);
    CHECK_INT(hy_pg_migrate_older(pg, third, &older), 0);
    CHECK_INT(older, 0);
    CHECK_INT(hy_pg_migrate_contract(pg, third, 0, &put_off), 0);
    CHECK(!put_off);
    CHECK_INT(newest(), 3);
    CHECK_INT(count_nodes(), 0);
}

/* While one lives the table of nodes is not even locked. */
static void who_waits_for_older_nodes_stops_nobody(void)
{
    struct hy_pg_link *other;
    int64_t older = 0;

    fresh();
    CHECK_INT(migrate(second), 0);
    add_node(1, 2, 600000);
    other = pg_open(pg_url());
    pg_script(other, "BEGIN; UPDATE node SET schema = 2");
    CHECK_INT(hy_pg_migrate_contract(pg, third, 0, &put_off), 0);
    CHECK(put_off);
    pg_script(other, "COMMIT");
    CHECK_INT(hy_pg_migrate_older(pg, third, &older), 0);
    CHECK_INT(older, 1);
    pg_script(other, "SELECT pg_advisory_lock(1213817198, 1); DELETE FROM node");
    CHECK_INT(hy_pg_migrate_contract(pg, third, 0, &put_off), 0); /* another program is at it */
    CHECK(put_off);
    hy_pg_link_close(other);
}

static void a_node_that_joins_meanwhile_is_waited_for(void)
{
    struct hy_pg_link *other;

    fresh();
    CHECK_INT(migrate(second), 0);
    other = pg_open(pg_url());
    pg_script(other, "BEGIN; INSERT INTO node VALUES (1, 2, 99999999999999)");
    CHECK_INT(hy_pg_migrate_contract(pg, third, 0, &put_off), HY_E_BUSY); /* soon */
    CHECK_INT(newest(), 2);
    pg_script(other, "COMMIT");
    CHECK_INT(hy_pg_migrate_contract(pg, third, 0, &put_off), 0);
    CHECK(put_off);
    hy_pg_link_close(other);
}

/* --- what is refused -------------------------------------------------------------------------------- */

static void a_step_that_was_changed_is_refused(void)
{
    struct hy_pg_step changed[] = {FIRST, ADDS, {0}};

    fresh();
    CHECK_INT(migrate(second), 0);
    changed[1].sql.text = "ALTER TABLE thing ADD COLUMN other text";
    CHECK_INT(migrate(changed), HY_E_CORRUPT);
    CHECK(strstr(explain, "0002_adds") != NULL);
    changed[1] = second[1];
    changed[1].kind = HY_PG_CONTRACT;
    CHECK_INT(migrate(changed), HY_E_CORRUPT);
    CHECK_INT(migrate(second), 0);
}

static void another_programs_tables_are_refused(void)
{
    static const char *const theirs[] = {"CREATE TABLE app (id text)", "CREATE VIEW x AS SELECT 1",
                                         "CREATE SEQUENCE y",
                                         "CREATE TABLE z (id bigint) PARTITION BY RANGE (id)"};

    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) {
        fresh();
        pg_script(pg, theirs[i]);
        CHECK_INT(migrate(first), HY_E_CORRUPT);
        CHECK(strstr(explain, "another program") != NULL);
    }
    fresh();
    pg_script(pg, "CREATE TABLE schema_step (version text)");
    CHECK_INT(migrate(first), HY_E_CORRUPT);
    CHECK(explain[0] != 0);
}

/* A view of an extension is common, and a function is in nobody's way. */
static void what_is_no_table_of_others_is_let_be(void)
{
    fresh();
    pg_script(pg, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    hy_pg_script(pg, "CREATE EXTENSION pg_stat_statements"); /* where it is installed */
    CHECK_INT(migrate(first), 0);
    hy_pg_script(pg, "DROP EXTENSION pg_stat_statements");
}

static void a_user_without_rights_is_told_so(void)
{
    struct hy_pg_link *link;

    fresh();
    pg_script(
        pg,
        "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN; GRANT USAGE ON SCHEMA public "
        "TO stranger");
    link = pg_open(pg_url_with("user=stranger"));
    explain[0] = 0;
    CHECK_INT(hy_pg_migrate(link, first, &put_off, explain, sizeof explain), HY_E_IO);
    CHECK(strstr(explain, "permission denied") != NULL && strstr(explain, "owner") != NULL);
    hy_pg_link_close(link);
    link = pg_open(pg_url_with("user=stranger&options=-csearch_path%3Dnowhere"));
    explain[0] = 0;
    CHECK_INT(hy_pg_migrate(link, first, &put_off, explain, sizeof explain), HY_E_INVALID);
    CHECK(strstr(explain, "search_path") != NULL);
    hy_pg_link_close(link);
}

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

/* --- the real ones ------------------------------------------------------------------------------------ */

static void the_released_steps(void)
{
    fresh();
    CHECK_INT(migrate(hy_pg_steps), 0);
    CHECK_INT(newest(), hy_pg_steps_newest(hy_pg_steps));
    CHECK_INT(migrate(hy_pg_steps), 0);
}

static void a_store_can_not_be_copied_as_a_file(void)
{
    CHECK_INT(hy_store_backup(pg_url(), "/tmp/copy.db", explain, sizeof explain), HY_E_INVALID);
    CHECK(strstr(explain, "pg_dump") != NULL);
}

int main(void)
{
    RUN(an_empty_database_gets_all);
    RUN(steps_are_added_to_what_is_there);
    RUN(an_older_program_works_on_what_was_expanded);
    RUN(an_older_program_is_refused_after_a_contract_step);
    RUN(the_floor_is_the_newest_contract_step);
    RUN(a_contract_step_waits_for_older_nodes);
    RUN(a_node_whose_lease_is_over_is_not_waited_for);
    RUN(who_waits_for_older_nodes_stops_nobody);
    RUN(a_node_that_joins_meanwhile_is_waited_for);
    RUN(rows_are_filled_before_columns_go);
    RUN(older_nodes_put_off_what_is_taken_away_and_not_what_fills);
    RUN(filling_goes_on_where_it_was_killed);
    RUN(a_step_that_was_changed_is_refused);
    RUN(another_programs_tables_are_refused);
    RUN(what_is_no_table_of_others_is_let_be);
    RUN(a_user_without_rights_is_told_so);
    RUN(several_at_once);
    RUN(a_step_of_a_process_that_is_killed_is_undone);
    RUN(a_step_that_fails_is_undone);
    RUN(a_step_waits_for_a_table_in_use);
    RUN(the_released_steps);
    RUN(a_store_can_not_be_copied_as_a_file);
    hy_pg_link_close(pg);
    return hy_tap_end();
}
