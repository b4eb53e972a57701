#include "store_rig.h"

#include "domain/grant.h"
#include "store/backend.h"
#include "store/memory/shared.h"
#include "store_database.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct rig rig;

static char directory[256];
static void (*current)(void);
static bool inline_now, nodes_now;

/* --- stores ----------------------------------------------------------------------------------- */

bool rig_durable(void)
{
    return strcmp(rig.kind, "memory:") != 0;
}

bool rig_shared(void)
{
    return strcmp(rig.kind, "postgresql:") == 0;
}

const struct hy_backend_ops *rig_backend(void)
{
    return rig_shared() ? &hy_backend_postgres : &hy_backend_sqlite;
}

bool rig_init(const char *kind)
{
    const char *tmp = getenv("TMPDIR");

    rig.kind = kind;
    if (rig_shared())
        return database_make(rig.location, sizeof rig.location);
    /* In memory where there is such a folder: nothing here depends on a real disk, whose syncs took
     * half of the time. */
    if (!tmp)
        tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(directory, sizeof directory, "%s/hongyan-contract-XXXXXX", tmp);
    if (!rig_durable()) {
        snprintf(rig.location, sizeof rig.location, "%s", kind);
        return true;
    }
    if (!mkdtemp(directory))
        return false;
    snprintf(rig.location, sizeof rig.location, "%s%s/store.db", kind, directory);
    return true;
}

static void empty_directory(void)
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
}

static void close_stores(void)
{
    for (size_t i = 0; i < rig.store_count; i++)
        hy_store_close(rig.stores[i]);
    if (rig.store_count == 0)
        hy_store_close(rig.store);
    rig.store_count = 0;
    rig.store = NULL;
    hy_mem_shared_free(rig.shared);
    rig.shared = NULL;
}

static void finish_case(void)
{
    close_stores();
    hy_arena_deinit(&rig.arena);
    if (!rig_shared() && rig_durable())
        empty_directory();
}

void rig_deinit(void)
{
    finish_case();
    if (rig_shared())
        database_drop();
    else if (rig_durable())
        rmdir(directory);
}

void rig_open(const char *location, bool inline_mode, struct hy_store **ret_store)
{
    struct hy_store_config config = {.location = location, .inline_mode = inline_mode};
    char explain[200] = "";
    int r = hy_store_open(&config, ret_store, explain, sizeof explain);

    if (r != 0)
        hy_tap_fail(__FILE__, __LINE__, "open: %s: %s", hy_err_text(r), explain);
}

void rig_reopen(void)
{
    hy_store_close(rig.store);
    rig.store = NULL;
    rig_open(rig.location, inline_now, &rig.store);
}

void rig_reopen_with(const struct hy_backend_ops *ops)
{
    hy_store_close(rig.store);
    rig.store = NULL;
    CHECK_INT(hy_store_open_backend(ops, strchr(rig.location, ':') + 1, true, &rig.store, NULL, 0),
              0);
}

static void open_node(struct hy_store **ret_store)
{
    if (rig.shared)
        CHECK_INT(hy_mem_shared_open(rig.shared, ret_store), 0);
    else
        rig_open(rig.location, true, ret_store);
}

static void open_stores(void)
{
    if (!nodes_now) {
        rig_open(rig.location, inline_now, &rig.store);
        return;
    }
    if (!rig_durable())
        rig.shared = hy_mem_shared_new();
    while (rig.store_count < RIG_STORES_MAX) {
        open_node(&rig.stores[rig.store_count]);
        rig.store_count++;
    }
    rig.store = rig.stores[0];
}

void rig_use(size_t store)
{
    rig.store = rig.stores[store];
}

static void check_store(void)
{
    struct hy_check v = {.arena = &rig.arena};
    int r = run(&v.op, HY_VERB_CHECK);

    if (v.count > 0)
        hy_tap_fail(__FILE__, __LINE__, "check: %s", v.findings[0]);
    CHECK_INT(r, 0);
}

int64_t rig_add_app(struct hy_store *store)
{
    struct hy_app_put v = {
        .op = {.verb = HY_VERB_APP_PUT},
        .app = {.id = "wx1", .platform = "wechat_mini", .settings = "{}", .secret = {"secret", 6}}};

    CHECK_INT(hy_store_run(store, &v.op), 0);
    return v.app.no;
}

static void run_case(void)
{
    finish_case(); /* the last one may have failed half-way */
    CHECK(!rig_shared() || database_empty());
    hy_arena_init(&rig.arena);
    rig.now_ms = 1767225600000; /* 2026-01-01 */
    rig.margin_ms = DAY;
    rig.credentials = 0;
    rig.rules = hy_settle_rules_default;
    rig.expect_event = false;
    rig.queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_NORMAL);
    rig.heard_for_ms = rig.gap_ms = 0;
    rig.caps = NULL;
    rig.held = NULL;
    rig.cap_count = rig.held_count = 0;
    hy_message_ids_init(&rig.ids, 0, 0);
    open_stores();
    rig.app = rig_add_app(rig.store);
    current();
    check_store();
}

void rig_run(const char *name, void (*test)(void), bool inline_mode)
{
    if (inline_mode && rig.threads_only)
        return;
    current = test;
    inline_now = inline_mode;
    nodes_now = false;
    hy_tap_run(name, run_case);
}

void rig_run_nodes(const char *name, void (*test)(void))
{
    current = test;
    inline_now = nodes_now = true;
    hy_tap_run(name, run_case);
}

int run(struct hy_op *op, enum hy_verb verb)
{
    op->verb = verb;
    return hy_store_run(rig.store, op);
}
