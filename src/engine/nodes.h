/*
 * nodes.h - this engine as one of several nodes on one store, for those who look: GET /v1/nodes, /metrics.
 * Who lives and who holds what is the store's to tell: hy_engine_read() with HY_VERB_NODES.
 */
#ifndef HY_ENGINE_NODES_H
#define HY_ENGINE_NODES_H

#include "domain/verdict.h"
#include "engine/engine.h"
#include "store/nodes.h"

/* Lags in a report: of more apps that are behind, the largest. */
enum { HY_REPORT_LAGS_MAX = 100 };

/* An app as this node sees it. */
struct hy_app_gauge {
    const char *app;   /* its id */
    bool held;         /* this node sends its messages */
    int64_t in_flight; /* claimed here and not settled */
    /* Of the oldest due message that could not be claimed yet; 0 = nothing waits, or it is held elsewhere. */
    int64_t lag_ms;
    bool paused[HY_CHANNELS];
};

struct hy_gauges {
    int64_t now_ms, started_ms;
    bool shared;           /* several nodes may use the store */
    int64_t node;          /* this one's number; 0 = it has left */
    int64_t nodes;         /* that live, as the last beat told */
    int64_t lease_left_ms; /* shared: below 0 = it is over, and nothing is sent */
    int64_t apps_held, webhooks_held;
    int64_t in_flight;
    /* Since the start. */
    int64_t accepted, token_calls, attempts[HY_VERDICTS];
    struct hy_app_gauge *apps; /* in use */
    size_t app_count;
};

/* Any thread; what it needs is in the arena. HY_E_NOMEM. */
int hy_engine_gauges(struct hy_engine *engine, struct hy_arena *arena,
                     struct hy_gauges *ret_gauges);

/* Any thread: the number of this node, and what it says of itself now: compact JSON in the arena, null when
 * out of memory. */
int64_t hy_engine_node(struct hy_engine *engine);
const char *hy_engine_node_report(struct hy_engine *engine, struct hy_arena *arena);

/* The engine's thread: a newer program has taken away what this one needs of the store, while it was frozen or cut
 * off. It can do nothing any more, and has to end. */
bool hy_engine_too_old(const struct hy_engine *engine);

/* Blocks: this node lets go of all that it holds, though something is under way. For a stop that cannot wait:
 * nothing may be sent any more. Errors: those of the store. */
int hy_engine_leave(struct hy_engine *engine);

#endif
