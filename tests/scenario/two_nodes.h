/*
 * two_nodes.h - two engines on one shared store in memory, in fake time; both know one app.
 */
#ifndef TESTS_SCENARIO_TWO_NODES_H
#define TESTS_SCENARIO_TWO_NODES_H

#include "engine/engine.h"
#include "world.h"

enum { TWO_NODES_LATEST_MS = 2000 /* after a change is known to both, though the word was lost */ };

extern const char two_nodes_app[];
extern struct world world;
extern struct hy_engine *a, *b; /* of the nodes "A" and "B" */
extern struct hy_arena arena;   /* until two_nodes_end() */

void two_nodes_begin(void);
void two_nodes_end(void);

/* Makes the app (null) or changes it; takes the body. Done when it returns. */
void two_nodes_change_app(struct hy_engine *engine, const char *id, json_t *body);

/* For hy_app_change.done: its result into the int that `arg` is. */
void two_nodes_note(struct hy_app_change *change, void *arg);

/* A verb of the store, to its end; it succeeds. */
void two_nodes_run(struct hy_engine *engine, struct hy_op *op);

#endif
