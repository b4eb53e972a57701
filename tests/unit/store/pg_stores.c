#include "pg_stores.h"

#include "base/clock.h"

struct hy_store *store_open(const char *url)
{
    return store_open_with(&hy_backend_postgres, url);
}

struct hy_store *store_open_with(const struct hy_backend_ops *ops, const char *url)
{
    struct hy_store *store = NULL;
    char explain[300] = "";

    if (hy_store_open_backend(ops, strchr(url, ':') + 1, false, &store, explain, sizeof explain) <
        0)
        hy_tap_fail(__FILE__, __LINE__, "%s", explain);
    return store;
}

void stores_forget(void)
{
    struct hy_pg_link *link = pg_open(pg_url());

    pg_script(link, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    hy_pg_link_close(link);
}

int put_meta(struct hy_store *store, const char *name, const char *value)
{
    struct hy_meta_put v = {.op = {.verb = HY_VERB_META_PUT}, .name = name, .value = value};

    return hy_store_run(store, &v.op);
}

const char *get_meta(struct hy_store *store, const char *name)
{
    static char text[100];
    struct hy_arena arena;
    struct hy_meta_get v = {.op = {.verb = HY_VERB_META_GET}, .name = name, .arena = &arena};
    int r;

    hy_arena_init(&arena);
    r = hy_store_run(store, &v.op);
    snprintf(text, sizeof text, "%s", r == 0 ? v.value : "");
    hy_arena_deinit(&arena);
    return r == 0 || r == HY_E_NOT_FOUND ? text : NULL;
}

int64_t put_app(struct hy_store *store, const char *id)
{
    struct hy_app_put v = {
        .op = {.verb = HY_VERB_APP_PUT},
        .app = {.id = id, .platform = "wechat_mini", .settings = "{}", .secret = {"secret", 6}}};

    CHECK_INT(hy_store_run(store, &v.op), 0);
    return v.app.no;
}

struct beaten beat_for(struct hy_store *store, int64_t lease_ms)
{
    struct hy_arena arena;
    struct hy_node_beat v = {.op = {.verb = HY_VERB_NODE_BEAT},
                             .name = "test",
                             .version = "1",
                             .lease_ms = lease_ms,
                             .arena = &arena};
    struct beaten b;
    int64_t began_us = hy_clock_mono_us();

    hy_arena_init(&arena);
    b = (struct beaten){.result = hy_store_run(store, &v.op)};
    if (b.result == 0)
        b = (struct beaten){.node = v.self.node,
                            .renewed = v.renewed,
                            .nodes = v.nodes,
                            .removed = v.removed,
                            .apps = (size_t)v.self.apps};
    b.took_us = hy_clock_mono_us() - began_us;
    hy_arena_deinit(&arena);
    return b;
}
