#include "world.h"

#include "base/err.h"
#include "base/log.h"
#include "store/backend.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int64_t now_ms, steady_ms, connections, keep_s;

/* The memory store, on a disk that may be full. */
static struct hy_backend_ops store_ops;
static bool disk_full;

/* Engines of processes that "died": never run again, kept so that late callbacks find them. */
static struct hy_engine *dead[65536]; /* the tables of faults kill many */
static size_t dead_count;
/* What their unanswered requests point to. */
static void *orphans[131072];
static size_t orphan_count;

static bool (*start_again)(struct world *w, int err);

int64_t world_now_ms(void)
{
    return now_ms;
}

static int64_t world_steady_ms(void)
{
    return steady_ms;
}

void world_connections(int64_t count)
{
    connections = count;
}

void world_keep_s(int64_t new_keep_s)
{
    keep_s = new_keep_s;
}

static void (*before_run)(void), (*after_run)(void);

void world_around(void (*before)(void), void (*after)(void))
{
    before_run = before;
    after_run = after;
}

static void enter(void)
{
    if (before_run)
        before_run();
}

static void leave(void)
{
    if (after_run)
        after_run();
}

int64_t world_tick(struct hy_engine *engine)
{
    int64_t next;

    enter();
    next = hy_engine_tick(engine, now_ms);
    leave();
    return next;
}

bool world_pump(struct hy_store *store)
{
    bool any;

    enter();
    any = hy_store_pump(store);
    leave();
    return any;
}

static int64_t tick(struct world *w)
{
    return w->shared ? world_nodes_tick(w) : world_tick(w->engine);
}

static int begin_unless_full(struct hy_backend *backend)
{
    return disk_full ? HY_E_FULL : hy_backend_memory.begin(backend);
}

void world_disk(bool full)
{
    disk_full = full;
}

static void start_request(void *self, const struct hy_http_request *request, hy_httpc_done *done,
                          void *arg)
{
    struct world *w = self;
    struct world_request *r = &w->requests[w->request_count++];

    assert(w->request_count < WORLD_REQUESTS_MAX);
    r->method = strdup(request->method);
    r->url = strdup(request->url);
    r->body = strndup(request->body ? request->body : "", request->body_size);
    r->done = done;
    r->arg = arg;
    r->seen = false;
    r->node = NULL;
    r->waits = false;
    r->may_go = request->may_go;
    r->may_go_arg = request->may_go_arg;
}

static void wake(void *self)
{
    (void)self; /* world_settle() looks again by itself */
}

struct hy_engine_config world_config(void)
{
    struct hy_engine_config config = {
        .transport = {.start = start_request, .wake = wake},
        .now_ms = world_now_ms,
        .wechat_url = "https://wechat.test",
        .steady_ms = world_steady_ms,
        .connections_max = connections,
    };

    for (size_t i = 0; i < HY_RETAIN_KINDS; i++)
        config.keep_s[i] = keep_s;
    return config;
}

static void start_engine(struct world *w)
{
    struct hy_engine_config config = world_config();
    int err;

    config.store = w->store;
    config.seal = w->seal;
    config.transport.self = w;
    do {
        enter();
        err = hy_engine_new(&config, &w->engine);
        leave();
    } while (err && start_again && start_again(w, err));
    assert(err == 0);
}

void world_start(struct world *w)
{
    store_ops = hy_backend_memory;
    store_ops.begin = begin_unless_full;
    disk_full = false;
    world_start_on(w, &store_ops, "", NULL);
}

void world_begin(struct world *w)
{
    static const uint8_t key[HY_MASTER_KEY_BYTES] = "a key that only tests ever use.";
    int err;

    hy_log_set_level(getenv("HY_SCENARIO_LOG") ? HY_LOG_DEBUG : HY_LOG_NONE);
    memset(w, 0, sizeof *w);
    now_ms = 1772323200000;
    steady_ms = 1000;
    connections = 0;
    w->started_ms = now_ms;
    err = hy_seal_from_key(key, &w->seal);
    assert(err == 0);
    (void)err;
}

void world_start_on(struct world *w, const struct hy_backend_ops *ops, const char *path,
                    bool (*again)(struct world *w, int err))
{
    int err;

    world_begin(w);
    start_again = again;
    err = hy_store_open_backend(ops, path, true, &w->store, NULL, 0);
    assert(err == 0);
    (void)err;
    start_engine(w);
    world_settle(w);
}

static void drop_request(struct world *w, size_t index)
{
    free(w->requests[index].method);
    free(w->requests[index].url);
    free(w->requests[index].body);
    memmove(&w->requests[index], &w->requests[index + 1],
            (w->request_count - index - 1) * sizeof w->requests[0]);
    w->request_count--;
}

void world_stop(struct world *w)
{
    if (w->shared) {
        world_nodes_stop(w);
        return;
    }
    hy_engine_quiesce(w->engine);
    while (w->request_count)
        world_answer(w, 0, HY_HTTP_NOT_SENT, 0, "stopped");
    world_settle(w);
    assert(hy_engine_idle(w->engine));
    hy_store_close(w->store);
    hy_engine_free(w->engine);
    hy_seal_close(w->seal);
}

void world_node_buried(struct hy_engine *engine, struct world *w, const struct world_node *node)
{
    assert(dead_count < sizeof dead / sizeof dead[0]);
    dead[dead_count++] = engine;
    for (size_t i = w->request_count; i-- > 0;) {
        if (w->requests[i].node != node)
            continue;
        assert(orphan_count < sizeof orphans / sizeof orphans[0]);
        orphans[orphan_count++] = w->requests[i].arg;
        drop_request(w, i);
    }
}

void world_crash(struct world *w, int64_t down_ms)
{
    world_node_buried(w->engine, w, NULL);
    now_ms += down_ms;
    steady_ms += down_ms;
    start_engine(w);
    world_settle(w);
}

static bool pump(struct world *w)
{
    return w->shared ? world_nodes_pump(w) : world_pump(w->store);
}

void world_settle(struct world *w)
{
    do {
        tick(w);
    } while (pump(w));
    tick(w);
}

void world_advance(struct world *w, int64_t ms)
{
    int64_t target = now_ms + ms;

    while (now_ms < target) {
        int64_t next = tick(w), before = now_ms;

        now_ms = next <= now_ms ? now_ms + 1 : next;
        now_ms = now_ms < target ? now_ms : target;
        steady_ms += now_ms - before;
        world_settle(w);
    }
}

void world_sleep(int64_t ms)
{
    now_ms += ms;
}

void world_jump(struct world *w, int64_t ms)
{
    now_ms += ms;
    world_settle(w);
}

void world_answer(struct world *w, size_t index, enum hy_http_outcome outcome, int status,
                  const char *body)
{
    struct world_request r = w->requests[index];
    struct hy_http_response response = {
        .outcome = outcome,
        .status = status,
        .body = status ? body : "",
        .body_size = status ? strlen(body) : 0,
        .error = status ? NULL : body,
        .took_ms = 7,
    };

    memset(&w->requests[index], 0, sizeof r);
    drop_request(w, index);
    enter();
    r.done(&response, r.arg);
    leave();
    free(r.method);
    free(r.url);
    free(r.body);
    world_settle(w);
}
