/*
 * callbacks.h - what platforms tell by themselves. [any thread]; see engine.h.
 */
#ifndef HY_ENGINE_CALLBACKS_H
#define HY_ENGINE_CALLBACKS_H

#include "engine/engine.h"

/* What came to /callback/{app}, judged by its platform and, if something happened, stored. */
struct hy_callback_run {
    struct hy_callback callback; /* out: verdict, why, reply */
    struct hy_hear hear;         /* op.result tells, when it was stored */
    void (*done)(struct hy_callback_run *run, void *arg);
    void *arg;
    struct hy_engine *engine; /* the engine's */
};

/*
 * Reads it. 0 and run->callback.verdict other than EVENT: it is over, `done` is not called. 0 and
 * EVENT: `done` is called when it is on disk (or could not be: hear.op.result). HY_E_NOT_FOUND: the
 * app has no callback_token. HY_E_NOMEM; errors of hy_seal_unlock(). Of `ask` the caller sets method,
 * query, self, body and body_size. `run` and everything in the arena must live until `done`.
 */
int hy_engine_callback(struct hy_engine *engine, const struct hy_app_entry *app,
                       struct hy_callback_ask *ask, struct hy_arena *arena,
                       struct hy_callback_run *run);

#endif
