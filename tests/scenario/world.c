#include "world.h"

#include "base/err.h"
#include "base/log.h"
#include "store/backend.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int64_t now_ms, steady_ms, connections;

/* The memory store, on a disk that may be full. */
static struct hy_backend_ops store_ops;
static bool disk_full;

/* Engines of processes that "died": never run again, kept so that late callbacks find them. */
static struct hy_engine *dead[64];
static size_t dead_count;
/* What their unanswered requests point to. */
static void *orphans[256];
static size_t orphan_count;

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
}

static void wake(void *self)
{
    (void)self; /* world_settle() looks again by itself */
}

static void start_engine(struct world *w)
{
    struct hy_engine_config config = {
        .store = w->store,
        .seal = w->seal,
        .transport = {.self = w, .start = start_request, .wake = wake},
        .now_ms = world_now_ms,
        .wechat_url = "https://wechat.test",
        .steady_ms = world_steady_ms,
        .connections_max = connections,
    };
    int err = hy_engine_new(&config, &w->engine);

    assert(err == 0);
    (void)err;
}

void world_start(struct world *w)
{
    static const uint8_t key[HY_MASTER_KEY_BYTES] = "a key that only tests ever use.";
    int err;

    hy_log_set_level(getenv("HY_SCENARIO_LOG") ? HY_LOG_DEBUG : HY_LOG_NONE);
    memset(w, 0, sizeof *w);
    now_ms = 1772323200000;
    steady_ms = 1000;
    connections = 0;
    w->started_ms = now_ms;
    store_ops = hy_backend_memory;
    store_ops.begin = begin_unless_full;
    disk_full = false;
    err = hy_store_open_backend(&store_ops, "", true, &w->store, NULL, 0);
    assert(err == 0);
    err = hy_seal_from_key(key, &w->seal);
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
    hy_engine_quiesce(w->engine);
    while (w->request_count)
        world_answer(w, 0, HY_HTTP_NOT_SENT, 0, "stopped");
    world_settle(w);
    assert(hy_engine_idle(w->engine));
    hy_store_close(w->store);
    hy_engine_free(w->engine);
    hy_seal_close(w->seal);
}

void world_crash(struct world *w, int64_t down_ms)
{
    assert(dead_count < sizeof dead / sizeof dead[0]);
    dead[dead_count++] = w->engine;
    while (w->request_count) {
        assert(orphan_count < sizeof orphans / sizeof orphans[0]);
        orphans[orphan_count++] = w->requests[0].arg;
        drop_request(w, 0);
    }
    now_ms += down_ms;
    steady_ms += down_ms;
    start_engine(w);
    world_settle(w);
}

void world_settle(struct world *w)
{
    do {
        hy_engine_tick(w->engine, now_ms);
    } while (hy_store_pump(w->store));
    hy_engine_tick(w->engine, now_ms);
}

void world_advance(struct world *w, int64_t ms)
{
    int64_t target = now_ms + ms;

    while (now_ms < target) {
        int64_t next = hy_engine_tick(w->engine, now_ms), before = now_ms;

        now_ms = next <= now_ms ? now_ms + 1 : next;
        now_ms = now_ms < target ? now_ms : target;
        steady_ms += now_ms - before;
        world_settle(w);
    }
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
    r.done(&response, r.arg);
    free(r.method);
    free(r.url);
    free(r.body);
    world_settle(w);
}
