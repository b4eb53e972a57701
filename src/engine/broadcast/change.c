/* PATCH of a broadcast: the store first, then the feeder looks again. */
#include "base/err.h"
#include "engine/broadcast/feeder.h"
#include "engine/broadcasts.h"
#include "engine/internal.h"

#include <stdlib.h>

struct changing {
    struct hy_mail mail;
    struct hy_engine *engine;
    struct hy_broadcast_change *change;
    void (*done)(struct hy_op *op, void *arg); /* the caller's */
    void *arg;
};

static void ended(struct hy_engine *engine, struct hy_mail *mail)
{
    struct changing c = *(struct changing *)mail;

    free(mail);
    hy_feeder_stale(engine);
    c.change->op.done = c.done;
    c.change->op.arg = c.arg;
    c.done(&c.change->op, c.arg);
}

static void changed(struct hy_op *op, void *arg)
{
    struct changing *c = arg;

    c->mail.open = ended;
    hy_engine_post(c->engine, &c->mail);
}

void hy_engine_broadcast_change(struct hy_engine *engine, struct hy_broadcast_change *change)
{
    struct changing *c = calloc(1, sizeof *c);

    change->op.verb = HY_VERB_BROADCAST_CHANGE;
    if (!c) {
        change->op.result = HY_E_NOMEM;
        change->op.done(&change->op, change->op.arg);
        return;
    }
    c->engine = engine;
    c->change = change;
    c->done = change->op.done;
    c->arg = change->op.arg;
    hy_engine_verb(engine, &change->op, changed, c);
}
