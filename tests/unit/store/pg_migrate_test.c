/*
 * The steps of the schema: in what order, beside whom, and what is refused.
 */
#include "pg_steps.h"

#include "store/store.h"

#include <stdlib.h>

static const struct hy_pg_step fourth[] = {
    FIRST, ADDS, TAKES, {.number = 4, .sql = {"0004_more", "CREATE TABLE more (id bigint)"}}, {0}};

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
    RUN(a_step_that_was_changed_is_refused);
    RUN(another_programs_tables_are_refused);
    RUN(what_is_no_table_of_others_is_let_be);
    RUN(a_user_without_rights_is_told_so);
    RUN(the_released_steps);
    RUN(a_store_can_not_be_copied_as_a_file);
    hy_pg_link_close(pg);
    return hy_tap_end();
}
