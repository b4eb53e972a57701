/*
 * retention.h - the built-in job that deletes what is older than it is kept. The engine's thread
 * only.
 */
#ifndef HY_ENGINE_RETENTION_H
#define HY_ENGINE_RETENTION_H

#include <stdint.h>

struct hy_engine;
struct hy_retention;

/* Starts it for the schedule of that id; while one is at work this does nothing. */
void hy_retention_start(struct hy_engine *engine, int64_t schedule_id);

/* Takes the next step when its time has come; returns when it wants to run. When the service stops,
 * ends it after the step under way: the next night goes on. */
int64_t hy_retention_turn(struct hy_engine *engine);

/* The clock was set back by that much. */
void hy_retention_set_back(struct hy_engine *engine, int64_t by_ms);

#endif
