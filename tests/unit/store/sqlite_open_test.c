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

static void refused(const char *path, int expected, const char *expected_words)
{
    struct hy_store *store = NULL;
    int r = rig_try_open(path, true, &store);

    CHECK_TEXT(hy_err_text(r), hy_err_text(expected));
    if (!strstr(rig_explain, expected_words))
        hy_tap_fail(__FILE__, __LINE__, "the explanation is \"%s\"", rig_explain);
}

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
    refused(path, HY_E_CORRUPT, "0001_first");
    rig_end();
}

static void refuses_a_newer_schema(void)
{
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    rig_sql(path, "INSERT INTO schema_version VALUES (999, '0999_later', 'x', 1)");
    refused(path, HY_E_CORRUPT, "newer schema");
    rig_end();
}

static void refuses_tables_that_were_changed_by_hand(void)
{
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    rig_sql(path, "DROP INDEX message_due");
    refused(path, HY_E_CORRUPT, "message_due");
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
    refused(path, HY_E_CORRUPT, "another program");
    CHECK_INT(size_of(path), before);
    CHECK_INT(rig_sql_int(path, "SELECT count(*) FROM sqlite_schema"), 1);
    path = rig_path("b.db");
    rig_sql(path, "PRAGMA application_id = 99");
    refused(path, HY_E_CORRUPT, "another program");
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
    refused(path, HY_E_CORRUPT, "no database");
    CHECK(size_of(path) > 10000);
    rig_end();
}

static void refuses_paths_that_cannot_be(void)
{
    rig_begin();
    refused("", HY_E_INVALID, "path");
    refused(":memory:", HY_E_INVALID, "path");
    refused("/nonexistent-folder/a.db", HY_E_IO, "/nonexistent-folder");
    rig_end();
}

/* --- damage ----------------------------------------------------------------------------------- */

static void overwrite(const char *path, long at, size_t count)
{
    FILE *file = fopen(path, "r+");

    CHECK(file != NULL);
    fseek(file, at, SEEK_SET);
    for (size_t i = 0; i < count; i++)
        fputc(0xa5, file);
    fclose(file);
}

static void explains_a_damaged_schema(void)
{
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    overwrite(path, 100, 3900);
    refused(path, HY_E_CORRUPT, "damaged");
    refused(path, HY_E_CORRUPT, "hongyan check");
    refused(path, HY_E_CORRUPT, "hongyan backup");
    rig_end();
}

/* The header says how long a file is. */
static void explains_a_file_that_was_cut_off(void)
{
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    CHECK_INT(truncate(path, 8 * 4096), 0);
    refused(path, HY_E_CORRUPT, "hongyan backup");
    rig_end();
}

/* As somebody who may not: root may everything. */
static void explains_what_may_not_be_written(void)
{
    bool root = geteuid() == 0;
    char folder[600];
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    hy_store_close(rig_open(path));
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    CHECK_INT(chmod(folder, 0755), 0);
    CHECK_INT(chmod(path, 0444), 0);
    if (root)
        CHECK_INT(seteuid(65534), 0);
    refused(path, HY_E_IO, "has to be allowed to write");
    refused(rig_path("b.db"), HY_E_IO, root ? "in its folder" : "");
    if (root)
        CHECK_INT(seteuid(0), 0);
    rig_end();
}

/* A shell that has begun to write. */
static void explains_who_else_holds_it(void)
{
    sqlite3 *db = NULL;
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    refused(path, HY_E_BUSY, "another program");
    sqlite3_close(db);
    rig_end();
}

static void check_finds_damage_in_pages(void)
{
    struct hy_store *store;
    const char *path;
    int64_t app, page;

    rig_begin();
    path = rig_path("a.db");
    store = rig_open(path);
    app = rig_app(store);
    for (int i = 1; i <= 200; i++)
        CHECK_INT(rig_admit(store, app, i, "u", 1000), 0);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    page = rig_sql_int(path, "SELECT pageno FROM dbstat WHERE name = 'message' AND "
                             "pagetype = 'leaf' ORDER BY path LIMIT 1");
    overwrite(path, (long)(page - 1) * 4096, 200);
    store = rig_open(path);
    CHECK(rig_check(store) > 0);
    hy_store_close(store);
    rig_end();
}

static void check_finds(const char *sql, const char *words)
{
    struct hy_store *store;
    const char *path;
    int64_t app;

    rig_begin();
    path = rig_path("a.db");
    store = rig_open(path);
    app = rig_app(store);
    CHECK_INT(rig_admit(store, app, 5, "u", 1000), 0);
    CHECK_INT(rig_admit(store, app, 6, "u", 1000), 0);
    hy_store_close(store);
    rig_sql(path, "INSERT INTO \"grant\" (id, app_no, state, uses_left, uses_reserved, uses_total, "
                  "in_doubt, kind, obtained_at_ms, expires_at_ms, user, credential) "
                  "VALUES (1, 1, 0, 1, 0, 1, 0, 0, 1, 600000, 'u', 'c'); "
                  "INSERT INTO \"grant\" (id, app_no, state, uses_left, uses_reserved, uses_total, "
                  "in_doubt, kind, obtained_at_ms, expires_at_ms, user, template_id) "
                  "VALUES (2, 1, 0, 3, 0, 3, 0, 2, 1, 0, 'u', 'T'); "
                  "INSERT INTO tally VALUES (1, -1, 4), (1, -2, 1); "
                  "INSERT INTO reach_receipt VALUES (1, 10, 1, 1); "
                  "INSERT INTO reach_counter VALUES (1, 'T', 1, 3)");
    rig_sql(path, sql);
    store = rig_open(path);
    CHECK(rig_check(store) > 0);
    if (!strstr(rig_explain, words))
        hy_tap_fail(__FILE__, __LINE__, "%s: the finding is \"%s\"", sql, rig_explain);
    hy_store_close(store);
    rig_end();
}

static void check_finds_broken_rules(void)
{
    check_finds("UPDATE \"grant\" SET uses_reserved = 1 WHERE id = 1",
                "grant 1 has 1 uses reserved");
    check_finds("UPDATE \"grant\" SET uses_left = 2 WHERE id = 1",
                "grant 1 has uses that do not add up");
    check_finds("UPDATE \"grant\" SET state = 1", "grant 1 is spent");
    check_finds("UPDATE \"grant\" SET retry_at_ms = 1 WHERE id = 2", "grant 2 is suspect");
    check_finds("UPDATE \"grant\" SET state = 4, retry_at_ms = 1 WHERE id = 2",
                "grant 2 is suspect");
    check_finds("UPDATE \"grant\" SET kind = 3, template_id = 'T'", "grants 1 and 2 are counters");
    check_finds("UPDATE message SET grant_id = 1 WHERE id = 5", "grant 1 has 0 uses reserved");
    check_finds("UPDATE message SET grant_id = 3 WHERE id = 5", "does not exist");
    check_finds("UPDATE message SET due_at_ms = 0 WHERE id = 6", "message 6 is queued and will");
    check_finds("UPDATE message SET parked_due_ms = due_at_ms, due_at_ms = 0", "message");
    check_finds("UPDATE message SET state = 3 WHERE id = 6", "message 6 has a due time");
    check_finds("UPDATE message SET state = 3, due_at_ms = 0 WHERE id = 6", "settled_at_ms");
    check_finds("UPDATE message SET attempt_count = 2 WHERE id = 5", "message 5 counts 2");
    check_finds("UPDATE tally SET number = 3 WHERE state = 0", "wrong for messages in state 0");
    check_finds("UPDATE tally SET number = 2 WHERE state = -1", "wrong for the free uses");
    check_finds("UPDATE reach_receipt SET uses = 2", "uses of receipts that expire in minute 10");
    check_finds("UPDATE reach_receipt SET users = 2", "whose last receipt expires in minute 10");
    check_finds("DELETE FROM reach_receipt", "uses of receipts that expire in minute 10");
    check_finds("UPDATE tally SET number = 2 WHERE state = -2", "all users with receipts");
    check_finds("UPDATE reach_counter SET users = 2", "counters, of which grant 2 is one");
    check_finds("UPDATE reach_counter SET uses = 2", "counters, of which grant 2 is one");
    check_finds("INSERT INTO awaiting VALUES (0, 1, 'u', 5, 1, 0, 'T')", "message 5 is awaited");
    check_finds(
        "UPDATE message SET state = 2, due_at_ms = 0 WHERE id = 5; UPDATE tally SET number = 1 "
        "WHERE state = 0; INSERT INTO tally VALUES (1, 2, 1)",
        "message 5 is in sending, but no claim names it");
    check_finds("INSERT INTO claimed VALUES (1, '[5]')", "claim 1 is over, but still noted");
    check_finds("UPDATE message SET queue = 5 WHERE id = 5", "message 5 stands in queue 5");
    check_finds("UPDATE message SET broadcast_id = 1, queue = 3, due_at_ms = 0 WHERE id = 5; "
                "INSERT INTO broadcast (id, app_no, state, winding_up, collected, total, fed, "
                "duplicates, rate_per_s, send_at_ms, created_at_ms, started_at_ms, ended_at_ms, "
                "reach, template_kind, urgent, policy, on_missing, expires_at_ms) VALUES "
                "(1, 1, 2, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0); "
                "INSERT INTO broadcast_tally VALUES (1, 0, 1)",
                "message 5 is set aside, but its broadcast 1");
    check_finds("INSERT INTO broadcast (id, app_no, state, winding_up, collected, total, fed, "
                "duplicates, rate_per_s, send_at_ms, created_at_ms, started_at_ms, ended_at_ms, "
                "reach, template_kind, urgent, policy, on_missing, expires_at_ms) VALUES "
                "(1, 1, 2, 0, 1, 2, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0); "
                "INSERT INTO audience VALUES (1, 'u', NULL)",
                "broadcast 1 has made 1 messages");
    check_finds("INSERT INTO outbox (due_at_ms, attempts, webhook_id, type, app_no, at_ms, "
                "message_id, msgid, event_id, uses) VALUES (0, 0, 1, 0, 1, 1, 5, 0, 0, 0)",
                "outcome 1 waits behind another one of message 5");
    check_finds("UPDATE message SET bucket = 9 WHERE id = 5", "message 6 is in a bucket");
}

/* --- one process a file ----------------------------------------------------------------------- */

static void is_refused_while_open_here(void)
{
    struct hy_store *store;
    const char *path;

    rig_begin();
    path = rig_path("a.db");
    store = rig_open(path);
    refused(path, HY_E_BUSY, "open in another process");
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
    refused(link, HY_E_BUSY, "a.db.lock");
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
    refused(path, HY_E_BUSY, "a.db.lock");
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
    RUN(explains_a_damaged_schema);
    RUN(explains_a_file_that_was_cut_off);
    RUN(explains_what_may_not_be_written);
    RUN(explains_who_else_holds_it);
    RUN(check_finds_damage_in_pages);
    RUN(check_finds_broken_rules);
    RUN(is_refused_while_open_here);
    RUN(knows_a_file_by_all_its_names);
    RUN(is_refused_while_another_process_has_it);
    return hy_tap_end();
}
