/*
 * Opening a file: what is made, what is taken over, what is refused and how that is explained.
 */
#include "sqlite_rig.h"

#include "store/sqlite/migrate.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static long size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

/* --- making and taking over ------------------------------------------------------------------- */

static void makes_a_file_that_is_marked_and_private(void)
{
    const char *path;
    struct stat st;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    CHECK_INT(rig_sql_int(path, "PRAGMA application_id"), HY_SQLITE_APPLICATION_ID);
    CHECK_INT(rig_sql_int(path, "SELECT count(*) FROM schema_version WHERE number = 1 AND "
                                "name = '0001_first' AND length(checksum) = 16"),
              1);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    rig_end();
}

static void opens_again_and_keeps_what_is_there(void)
{
    const char *path;
    struct hy_store *store;
    int64_t app;

    rig_begin();
    path = rig_path("a.db");
    store = rig_open(path);
    app = rig_app(store);
    CHECK_INT(rig_admit(store, app, 4711, "u", 1000), 0);
    hy_store_close(store);
    store = rig_open(path);
    CHECK_INT(rig_state(store, 4711), HY_MESSAGE_QUEUED);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    CHECK_INT(rig_sql_int(path, "SELECT count(*) FROM schema_version"), 4);
    rig_end();
}

/* What a process leaves that died right after it had made the file. */
static void takes_over_an_empty_file(void)
{
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    close(open(path, O_WRONLY | O_CREAT, 0600));
    hy_store_close(rig_open(path));
    path = rig_path("b.db");
    rig_sql(path, "PRAGMA journal_mode = WAL");
    hy_store_close(rig_open(path));
    rig_end();
}

/* --- migrations ------------------------------------------------------------------------------- */

static void applies_only_the_steps_that_are_missing(void)
{
    static const struct hy_migration one[] = {{1, "0001_a", "CREATE TABLE a (x)"}, {0}};
    static const struct hy_migration bad[] = {
        {1, "0001_a", "CREATE TABLE a (x)"},
        {2, "0002_b", "CREATE TABLE b (x); CREATE TABLE a (y)"},
        {0}};
    static const struct hy_migration good[] = {
        {1, "0001_a", "CREATE TABLE a (x)"},
        {2, "0002_b", "CREATE TABLE b (x); INSERT INTO a VALUES (7)"},
        {0}};
    char explain[200];
    sqlite3 *db = NULL;

    rig_begin();
    CHECK_INT(sqlite3_open(rig_path("a.db"), &db), SQLITE_OK);
    CHECK_INT(hy_sqlite_migrate(db, one, 1, explain, sizeof explain), 0);
    CHECK(hy_sqlite_migrate(db, bad, 2, explain, sizeof explain) < 0);
    CHECK(strstr(explain, "0002_b") != NULL);
    CHECK(sqlite3_get_autocommit(db));
    CHECK_INT(hy_sqlite_migrate(db, good, 3, explain, sizeof explain), 0);
    CHECK_INT(hy_sqlite_migrate(db, good, 4, explain, sizeof explain), 0);
    sqlite3_close(db);
    CHECK_INT(rig_sql_int(rig_path("a.db"), "SELECT count(*) FROM a"), 1);
    CHECK_INT(
        rig_sql_int(rig_path("a.db"), "SELECT applied_at_ms FROM schema_version WHERE number = 2"),
        3);
    rig_end();
}

/* What the first schema knew is counted when the second one is made. */
static void counts_the_grants_of_an_old_file(void)
{
    const struct hy_migration first[] = {hy_sqlite_migrations[0], {0}};
    struct hy_reach v = {.op = {.verb = HY_VERB_REACH},
                         .app_no = 1,
                         .template_id = "T",
                         .template_kind = HY_TEMPLATE_LEGACY};
    struct hy_store *store;
    sqlite3 *db = NULL;
    char explain[200];

    rig_begin();
    CHECK_INT(sqlite3_open(rig_path("a.db"), &db), SQLITE_OK);
    CHECK_INT(hy_sqlite_migrate(db, first, 1, explain, sizeof explain), 0);
    sqlite3_close(db);
    rig_sql(
        rig_path("a.db"),
        "PRAGMA application_id = 1213817198; "
        "INSERT INTO \"grant\" (app_no, state, uses_left, uses_reserved, uses_total, in_doubt, "
        "kind, obtained_at_ms, expires_at_ms, user, credential) VALUES "
        "(1, 0, 1, 0, 1, 0, 0, 1, 600001, 'u', 'a'), (1, 0, 3, 0, 3, 0, 1, 1, 900000, 'u', 'b'), "
        "(1, 0, 1, 0, 1, 0, 0, 1, 0, 'v', 'c'), (1, 1, 0, 0, 1, 0, 0, 1, 900000, 'w', 'd'); "
        "INSERT INTO tally VALUES (1, -1, 5)");
    store = rig_open(rig_path("a.db"));
    CHECK_INT(rig_check(store), 0);
    CHECK_INT(hy_store_run(store, &v.op), 0);
    CHECK_INT(v.users, 2);
    CHECK_INT(v.uses, 5);
    v.now_ms = 700000;
    CHECK_INT(hy_store_run(store, &v.op), 0);
    CHECK_INT(v.users, 2);
    CHECK_INT(v.uses, 4);
    v.now_ms = 900000;
    CHECK_INT(hy_store_run(store, &v.op), 0);
    CHECK_INT(v.users, 1);
    CHECK_INT(v.uses, 1);
    hy_store_close(store);
    rig_end();
}

static void refuses_a_step_that_was_changed(void)
{
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    rig_sql(path, "UPDATE schema_version SET checksum = '0123456789abcdef' WHERE number = 1");
    rig_refused(path, HY_E_CORRUPT, "0001_first");
    rig_end();
}

static void refuses_a_newer_schema(void)
{
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    rig_sql(path, "INSERT INTO schema_version VALUES (999, '0999_later', 'x', 1)");
    rig_refused(path, HY_E_CORRUPT, "newer schema");
    rig_end();
}

static void refuses_tables_that_were_changed_by_hand(void)
{
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    rig_sql(path, "DROP INDEX message_due");
    rig_refused(path, HY_E_CORRUPT, "message_due");
    rig_end();
}

/* --- what is not ours ------------------------------------------------------------------------- */

static void refuses_another_programs_database_and_leaves_it_alone(void)
{
    const char *path;
    long before;

    rig_begin();
    path = rig_path("a.db");
    rig_sql(path, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    before = size_of(path);
    rig_refused(path, HY_E_CORRUPT, "another program");
    CHECK_INT(size_of(path), before);
    CHECK_INT(rig_sql_int(path, "SELECT count(*) FROM sqlite_schema"), 1);
    path = rig_path("b.db");
    rig_sql(path, "PRAGMA application_id = 99");
    rig_refused(path, HY_E_CORRUPT, "another program");
    rig_end();
}

static void refuses_what_is_no_database(void)
{
    const char *path;
    FILE *file;

    rig_begin();
    path = rig_path("a.db");
    file = fopen(path, "w");
    for (int i = 0; i < 500; i++)
        fprintf(file, "dear diary, today was day %d\n", i);
    fclose(file);
    rig_refused(path, HY_E_CORRUPT, "no database");
    CHECK(size_of(path) > 10000);
    rig_end();
}

static void refuses_paths_that_cannot_be(void)
{
    rig_begin();
    rig_refused("", HY_E_INVALID, "path");
    rig_refused(":memory:", HY_E_INVALID, "path");
    rig_refused("/nonexistent-folder/a.db", HY_E_IO, "/nonexistent-folder");
    rig_end();
}

/* --- one process a file ----------------------------------------------------------------------- */

static void is_refused_while_open_here(void)
{
    struct hy_store *store;
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    store = rig_open(path);
    rig_refused(path, HY_E_BUSY, "open in another process");
    hy_store_close(store);
    hy_store_close(rig_open(path));
    rig_end();
}

static void knows_a_file_by_all_its_names(void)
{
    struct hy_store *store;
    const char *path, *link;

    rig_begin();
    path = rig_path("a.db");
    link = rig_path("b.db");
    store = rig_open(path);
    CHECK_INT(symlink(path, link), 0);
    rig_refused(link, HY_E_BUSY, "a.db.lock");
    hy_store_close(store);
    hy_store_close(rig_open(link));
    rig_end();
}

/* Opens, says so, and stays until it is killed. */
static void hold(const char *path, int ready)
{
    struct hy_store *store = NULL;

    if (rig_try_open(path, false, &store) != 0 || write(ready, "x", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static void is_refused_while_another_process_has_it(void)
{
    int ready[2], status;
    const char *path;
    char byte;
    pid_t child;

    rig_begin();
    path = rig_path("a.db");
    CHECK_INT(pipe(ready), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0)
        hold(path, ready[1]);
    CHECK_INT(read(ready[0], &byte, 1), 1);
    rig_refused(path, HY_E_BUSY, "a.db.lock");
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    hy_store_close(rig_open(path));
    close(ready[0]);
    close(ready[1]);
    rig_end();
}

int main(void)
{
    RUN(makes_a_file_that_is_marked_and_private);
    RUN(opens_again_and_keeps_what_is_there);
    RUN(takes_over_an_empty_file);
    RUN(applies_only_the_steps_that_are_missing);
    RUN(counts_the_grants_of_an_old_file);
    RUN(refuses_a_step_that_was_changed);
    RUN(refuses_a_newer_schema);
    RUN(refuses_tables_that_were_changed_by_hand);
    RUN(refuses_another_programs_database_and_leaves_it_alone);
    RUN(refuses_what_is_no_database);
    RUN(refuses_paths_that_cannot_be);
    RUN(is_refused_while_open_here);
    RUN(knows_a_file_by_all_its_names);
    RUN(is_refused_while_another_process_has_it);
    return hy_tap_end();
}
