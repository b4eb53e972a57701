/*
 * Damage: what a file that is broken, cut off or locked makes of opening it, and what check finds.
 */
#include "sqlite_rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
    rig_refused(path, HY_E_CORRUPT, "damaged");
    rig_refused(path, HY_E_CORRUPT, "hongyan check");
    rig_refused(path, HY_E_CORRUPT, "hongyan backup");
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
    rig_refused(path, HY_E_CORRUPT, "hongyan backup");
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
    rig_refused(path, HY_E_IO, "has to be allowed to write");
    rig_refused(rig_path("b.db"), HY_E_IO, root ? "in its folder" : "");
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
    rig_refused(path, HY_E_BUSY, "another program");
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

int main(void)
{
    RUN(explains_a_damaged_schema);
    RUN(explains_a_file_that_was_cut_off);
    RUN(explains_what_may_not_be_written);
    RUN(explains_who_else_holds_it);
    RUN(check_finds_damage_in_pages);
    RUN(check_finds_broken_rules);
    return hy_tap_end();
}
