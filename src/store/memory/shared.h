/*
 * shared.h - several stores on one memory backend, each a node of its own: what several processes on one
 * PostgreSQL are, in one process and on one thread, with the time of the test.
 *
 *     struct hy_mem_shared *shared = hy_mem_shared_new();
 *     hy_mem_shared_open(shared, &a);     two fronts in inline mode; each is pumped by itself
 *     hy_mem_shared_open(shared, &b);
 *     ...                                 node_beat joins; from then on writes of a removed node are fenced
 *     hy_store_close(a);                  lets go of nothing: like a process that was killed
 *     hy_store_close(b);
 *     hy_mem_shared_free(shared);
 *
 * Leases, holds, fences, claims and news are those of nodes.h. News waits at its receiver until that one
 * is pumped. The clock is the beats' own now_ms; HY_VERB_NODES tells the newest one.
 */
#ifndef HY_STORE_MEMORY_SHARED_H
#define HY_STORE_MEMORY_SHARED_H

#include "store/nodes.h"

struct hy_mem_shared;

/* Never null: out of memory ends the process, as everywhere in the memory backend. */
struct hy_mem_shared *hy_mem_shared_new(void);
/* After all its stores were closed. Null is legal. */
void hy_mem_shared_free(struct hy_mem_shared *shared);

/* One more store, in inline mode, which sees what the others stored. */
int hy_mem_shared_open(struct hy_mem_shared *shared, struct hy_store **ret_store);

/* From now on news is lost (true), as when a connection is down; when that ends each watcher is told
 * HY_NEWS_KINDS. */
void hy_mem_shared_mute(struct hy_mem_shared *shared, bool mute);

#endif
