#include "store/sqlite/moved.h"

#include "base/err.h"
#include "base/instant.h"
#include "store/sqlite/query.h"

#include <stdio.h>
#include <string.h>

/* As they are stored: "begun ID INSTANT WHERE". */
static const char *const names[] = {
    [HY_MOVE_NONE] = "", [HY_MOVE_BEGUN] = "begun", [HY_MOVE_DONE] = "done"};

static int parse(const char *text, struct hy_move *ret_move)
{
    struct hy_move move = {0};
    char name[8];
    long long at_ms;

    if (sscanf(text, "%7s %32s %lld %255s", name, move.id, &at_ms, move.to) != 4)
        return HY_E_CORRUPT;
    move.at_ms = at_ms;
    move.state = strcmp(name, names[HY_MOVE_DONE]) == 0    ? HY_MOVE_DONE
                 : strcmp(name, names[HY_MOVE_BEGUN]) == 0 ? HY_MOVE_BEGUN
                                                           : HY_MOVE_NONE;
    if (move.state == HY_MOVE_NONE)
        return HY_E_CORRUPT;
    *ret_move = move;
    return 0;
}

int hy_sqlite_move_read(sqlite3 *db, struct hy_move *ret_move)
{
    sqlite3_stmt *stmt;
    int r = 0, rc = sqlite3_prepare_v2(
                   db, "SELECT value FROM meta WHERE name = '" HY_MOVED_META "'", -1, &stmt, NULL);

    if (rc != SQLITE_OK)
        return hy_sqlite_err(rc);
    *ret_move = (struct hy_move){0};
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        r = parse((const char *)sqlite3_column_text(stmt, 0), ret_move);
    sqlite3_finalize(stmt);
    return r < 0 ? r : rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : hy_sqlite_err(rc);
}

int hy_sqlite_move_write(sqlite3 *db, const struct hy_move *move)
{
    char *sql = move->state == HY_MOVE_NONE
                    ? sqlite3_mprintf("DELETE FROM meta WHERE name = %Q", HY_MOVED_META)
                    : sqlite3_mprintf("INSERT OR REPLACE INTO meta (name, value) "
                                      "VALUES (%Q, %Q || ' ' || %Q || ' ' || %lld || ' ' || %Q)",
                                      HY_MOVED_META, names[move->state], move->id,
                                      (long long)move->at_ms, move->to);
    int rc = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return hy_sqlite_err(rc);
}

int hy_sqlite_refuse_moved(sqlite3 *db, const char *path, char *ret_explain, size_t explain_size)
{
    char at[HY_INSTANT_TEXT_BYTES];
    struct hy_move move;
    int r = hy_sqlite_move_read(db, &move);

    if (r < 0) {
        snprintf(ret_explain, explain_size, "%s: cannot read whether it was moved: %s", path,
                 r == HY_E_CORRUPT ? "a mark in its table meta is damaged" : sqlite3_errmsg(db));
        return r;
    }
    if (move.state == HY_MOVE_NONE)
        return 0;
    hy_instant_print(move.at_ms, at);
    if (move.state == HY_MOVE_DONE)
        snprintf(ret_explain, explain_size,
                 "%s was moved to %s at %s: serve that one. What happened there since is not in "
                 "this file; to use it all the same: hongyan reopen-store %s",
                 path, move.to, at, path);
    else
        snprintf(ret_explain, explain_size,
                 "%s is being moved to %s since %s: let hongyan migrate-store finish that (run it "
                 "again, it goes on), or give it up with hongyan reopen-store %s",
                 path, move.to, at, path);
    return HY_E_CONFLICT;
}
