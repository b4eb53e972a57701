/*
 * retry.c - messages that an operator has sent again: the store moves them, then the dispatcher is
 * told.
 */
#include "engine/internal.h"

#include <stdlib.h>

/* Between the store's answer and the caller's. */
struct hook {
    struct hy_engine *engine;
    void (*done)(struct hy_op *op, void *arg);
    void *arg;
};

/* Some may expire before they go: a sweep finds out when, for the store tells no instants here. */
static void look_again(struct hy_engine *engine, int64_t app_no, int64_t now_ms)
{
    hy_lane_notice(engine, app_no, now_ms);
    hy_expiry_notice(engine, now_ms);
}

static struct hook unhook(struct hy_op *op, void *arg)
{
    struct hook hook = *(struct hook *)arg;

    free(arg);
    op->arg = hook.arg;
    return hook;
}

static void retried(struct hy_op *op, void *arg)
{
    const struct hy_retry *retry = (const struct hy_retry *)op;
    struct hook hook = unhook(op, arg);

    if (op->result == 0 || op->result == HY_E_UNCERTAIN)
        look_again(hook.engine, op->result ? 0 : retry->app_no, retry->now_ms);
    hook.done(op, hook.arg);
}

static void dead_retried(struct hy_op *op, void *arg)
{
    const struct hy_dead_retry *retry = (const struct hy_dead_retry *)op;
    struct hook hook = unhook(op, arg);

    if (!retry->dry && ((op->result == 0 && retry->retried) || op->result == HY_E_UNCERTAIN))
        look_again(hook.engine, retry->filter.app_no, retry->now_ms);
    hook.done(op, hook.arg);
}

static void start(struct hy_engine *engine, struct hy_op *op,
                  void (*done)(struct hy_op *op, void *arg))
{
    struct hook *hook = malloc(sizeof *hook);

    if (!hook) {
        op->result = HY_E_NOMEM;
        op->done(op, op->arg);
        return;
    }
    *hook = (struct hook){engine, op->done, op->arg};
    hy_engine_verb(engine, op, done, hook);
}

void hy_engine_retry(struct hy_engine *engine, struct hy_retry *retry)
{
    retry->op.verb = HY_VERB_RETRY;
    retry->now_ms = engine->config.now_ms();
    start(engine, &retry->op, retried);
}

void hy_engine_dead_retry(struct hy_engine *engine, struct hy_dead_retry *retry)
{
    retry->op.verb = HY_VERB_DEAD_RETRY;
    retry->now_ms = engine->config.now_ms();
    start(engine, &retry->op, dead_retried);
}
