/*
 * world.h - an engine on a memory store with a network and a clock that a test moves by hand.
 */
#ifndef HY_TESTS_SCENARIO_WORLD_H
#define HY_TESTS_SCENARIO_WORLD_H

#include "engine/engine.h"

#include <stdbool.h>

enum { WORLD_REQUESTS_MAX = 256 };

/* A request that left and has no answer yet. */
struct world_request {
    char *method, *url, *body;
    hy_httpc_done *done;
    void *arg;
    bool seen; /* a scenario looked at it */
};

struct world {
    struct hy_store *store;
    struct hy_seal *seal;
    struct hy_engine *engine;
    struct world_request requests[WORLD_REQUESTS_MAX];
    size_t request_count;
    int64_t started_ms;
};

/* Starts at 2026-03-01T00:00:00Z. One world at a time. */
void world_start(struct world *w);

/* The same on another store; `start_again` is asked when the engine refuses to start with that error:
 * true, it is started again, as a supervisor does. */
struct hy_backend_ops;
void world_start_on(struct world *w, const struct hy_backend_ops *ops, const char *path,
                    bool (*start_again)(struct world *w, int err));
void world_stop(struct world *w);

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
