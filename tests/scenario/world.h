/*
 * world.h - an engine on a memory store with a network and a clock that a test moves by hand.
 */
#ifndef HY_TESTS_SCENARIO_WORLD_H
#define HY_TESTS_SCENARIO_WORLD_H

#include "engine/engine.h"

#include <stdbool.h>

enum { WORLD_REQUESTS_MAX = 256, WORLD_NODES_MAX = 4 };

/* A request that left and has no answer yet. */
struct world_request {
    char *method, *url, *body;
    hy_httpc_done *done;
    void *arg;
    bool seen;               /* a scenario looked at it */
    struct world_node *node; /* whose it is */
    /* Not a byte of it was written: no connection is ready yet. The platform sees nothing of it. */
    bool waits;
    bool (*may_go)(void *arg);
    void *may_go_arg;
};

/* One of several processes on one store. */
struct world_node {
    char name[8];
    struct world *world;
    struct hy_store *store;
    struct hy_engine *engine;
    bool stopped;    /* by SIGSTOP: its clocks go on */
    bool cut_off;    /* its store answers nothing */
    bool connecting; /* its connections take their time */
    bool ending;     /* drains; gone when nothing is under way any more */
};

struct world {
    struct hy_store *store;
    struct hy_seal *seal;
    struct hy_engine *engine;
    struct world_request requests[WORLD_REQUESTS_MAX];
    size_t request_count;
    int64_t started_ms;
    /* Several nodes: store and engine are those of the one that is spoken to. None: there is but one. */
    struct hy_mem_shared *shared;
    struct world_node nodes[WORLD_NODES_MAX];
};

/* Starts at 2026-03-01T00:00:00Z. One world at a time. */
void world_start(struct world *w);

/* The same on another store; `start_again` is asked when the engine refuses to start with that error:
 * true, it is started again, as a supervisor does. */
struct hy_backend_ops;
void world_start_on(struct world *w, const struct hy_backend_ops *ops, const char *path,
                    bool (*start_again)(struct world *w, int err));
void world_stop(struct world *w);

/* --- several nodes on one memory store (world_nodes.c) ------------------------------------------ */

/* Instead of world_start(): nobody lives yet. */
void world_start_shared(struct world *w);

/* A node of that name comes up; lease_ms 0: as usual. It is spoken to from now on. */
void world_node_start(struct world *w, const char *name, int64_t lease_ms);

/* Null: there is none. */
struct world_node *world_node(struct world *w, const char *name);
void world_node_use(struct world *w, struct world_node *node);

/* It dies: what it had under way is never answered. */
void world_node_kill(struct world *w, struct world_node *node);

/* Connections of its requests that wait are ready now: each goes, or is withheld. */
void world_node_connect(struct world *w, struct world_node *node);

/* All that live; null after the last. */
struct world_node *world_node_next(struct world *w, const struct world_node *before);

/* For world.c. */
bool world_nodes_pump(struct world *w);
int64_t world_nodes_tick(struct world *w);
void world_nodes_stop(struct world *w);
void world_node_buried(struct hy_engine *engine, struct world *w, const struct world_node *node);
int64_t world_tick(struct hy_engine *engine);
bool world_pump(struct hy_store *store);
struct hy_engine_config world_config(void);
void world_begin(struct world *w);

/* The next process has a client with so many connections; 0 = as many as usual. */
void world_connections(int64_t count);

/* From the next world_start_on() on the retention keeps everything so long; 0 = for ever. */
void world_keep_s(int64_t keep_s);

/* The process dies and `down_ms` later another one starts on the same store: requests under way are
 * forgotten. */
void world_crash(struct world *w, int64_t down_ms);

int64_t world_now_ms(void);

/* Lets everything happen that needs no time and no answer. */
void world_settle(struct world *w);

/* Moves the clock on, running whatever becomes due at its very instant. */
void world_advance(struct world *w, int64_t ms);

/* Puts the clock somewhere without running what lies between: a suspended machine, a wrong date. Only
 * world_advance() moves the clock that nobody sets. */
void world_jump(struct world *w, int64_t ms);

/* Called before and after each time the program's own code runs; null: nothing. */
void world_around(void (*before)(void), void (*after)(void));

/* Moves the clock alone: nobody lives meanwhile. */
void world_sleep(int64_t ms);

/* From now on every write fails, or works again. */
void world_disk(bool full);

/* Ends request `index` and takes it from the list. `status` 0: `outcome` and `body` as the error.
 */
void world_answer(struct world *w, size_t index, enum hy_http_outcome outcome, int status,
                  const char *body);

#endif
