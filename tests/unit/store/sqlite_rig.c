#include "sqlite_rig.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

char rig_explain[400];

static char directory[256];

void rig_begin(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(directory, sizeof directory, "%s/hongyan-sqlite-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(directory)) {
        perror(directory);
        exit(2);
    }
}

void rig_end(void)
{
    DIR *dir = opendir(directory);
    char path[600];

    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(directory);
}

const char *rig_path(const char *name)
{
    static char paths[4][300];
    char *path = paths[(name[0] - 'a') & 3];

    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

int rig_try_open(const char *path, bool inline_mode, struct hy_store **ret_store)
{
    char location[400];
    struct hy_store_config config = {.location = location, .inline_mode = inline_mode};

    snprintf(location, sizeof location, "sqlite:%s", path);
    return hy_store_open(&config, ret_store, rig_explain, sizeof rig_explain);
}

struct hy_store *rig_open(const char *path)
{
    struct hy_store *store = NULL;
    int r = rig_try_open(path, true, &store);

    if (r != 0)
        hy_tap_fail(__FILE__, __LINE__, "open: %s: %s", hy_err_text(r), rig_explain);
    return store;
}

static sqlite3 *open_plain(const char *path)
{
    sqlite3 *db = NULL;

    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

void rig_sql(const char *path, const char *sql)
{
    sqlite3 *db = open_plain(path);
    char *error = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", sql, error);
    sqlite3_close(db);
}

int64_t rig_sql_int(const char *path, const char *sql)
{
    sqlite3 *db = open_plain(path);
    sqlite3_stmt *stmt = NULL;
    int64_t value;

    CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_step(stmt), SQLITE_ROW);
    value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

int64_t rig_app(struct hy_store *store)
{
    struct hy_app_put v = {.op = {.verb = HY_VERB_APP_PUT},
                           .app = {.id = "wx0000000000000001",
                                   .platform = "wechat_mini",
                                   .settings = "{}",
                                   .created_at_ms = 1}};

    CHECK_INT(hy_store_run(store, &v.op), 0);
    return v.app.no;
}

int rig_admit(struct hy_store *store, int64_t app, int64_t id, const char *user, int64_t now_ms)
{
    struct hy_message m = {.id = id,
                           .app_no = app,
                           .user = user,
                           .template_id = "T1",
                           .data = "{\"keyword1\":{\"value\":\"something to read\"}}",
                           .on_missing = HY_ON_MISSING_TRY,
                           .accepted_at_ms = now_ms};
    struct hy_admit_item item = {.message = &m};
    struct hy_admit v = {
        .op = {.verb = HY_VERB_ADMIT}, .items = &item, .count = 1, .now_ms = now_ms};
    struct hy_arena arena;
    int r;

    hy_arena_init(&arena);
    v.arena = &arena;
    r = hy_store_run(store, &v.op);
    hy_arena_deinit(&arena);
    return r;
}

int rig_state(struct hy_store *store, int64_t id)
{
    struct hy_message_get v = {.op = {.verb = HY_VERB_MESSAGE_GET}, .message_id = id};
    struct hy_arena arena;
    int r;

    hy_arena_init(&arena);
    v.arena = &arena;
    r = hy_store_run(store, &v.op);
    if (r == 0)
        r = (int)v.message.state;
    hy_arena_deinit(&arena);
    return r;
}

size_t rig_check(struct hy_store *store)
{
    struct hy_check v = {.op = {.verb = HY_VERB_CHECK}};
    struct hy_arena arena;
    int r;

    hy_arena_init(&arena);
    v.arena = &arena;
    r = hy_store_run(store, &v.op);
    snprintf(rig_explain, sizeof rig_explain, "%s", v.count > 0 ? v.findings[0] : "");
    hy_arena_deinit(&arena);
    CHECK_INT(r, v.count > 0 ? HY_E_CORRUPT : 0);
    return v.count;
}

void rig_refused(const char *path, int expected, const char *expected_words)
{
    struct hy_store *store = NULL;
    int r = rig_try_open(path, true, &store);

    CHECK_TEXT(hy_err_text(r), hy_err_text(expected));
    if (!strstr(rig_explain, expected_words))
        hy_tap_fail(__FILE__, __LINE__, "the explanation is \"%s\"", rig_explain);
}
