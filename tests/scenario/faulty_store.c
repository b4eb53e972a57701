#include "faulty_store.h"

#include "base/err.h"

static struct fault plan;
static size_t begins, commits, uses[HY_VERB_COUNT];
static bool struck, lifted, hidden;

void faulty_plan(const struct fault *new_plan)
{
    plan = *new_plan;
    begins = commits = 0;
    for (size_t i = 0; i < HY_VERB_COUNT; i++)
        uses[i] = 0;
    struck = lifted = false;
}

void faulty_lift(void)
{
    lifted = true;
}

void faulty_hide(bool now_hidden)
{
    hidden = now_hidden;
}

bool faulty_struck(void)
{
    return struck;
}

size_t faulty_passed(enum fault_place place, enum hy_verb verb)
{
    if (place == FAULT_BEGIN)
        return begins;
    return place == FAULT_VERB || place == FAULT_LATE ? uses[verb] : commits;
}

static bool strikes(enum fault_place place, enum hy_verb verb)
{
    size_t n = faulty_passed(place, verb);
    bool now = !lifted && !hidden && plan.place == place && plan.step > 0 &&
               (plan.for_ever ? n >= plan.step : n == plan.step);

    if (now && (place == FAULT_VERB || place == FAULT_LATE))
        now = plan.verb == verb;
    struck = struck || now;
    return now;
}

static int begin(struct hy_backend *backend)
{
    begins += !lifted && !hidden;
    return strikes(FAULT_BEGIN, HY_VERB_COUNT) ? plan.error : hy_backend_sqlite.begin(backend);
}

static int commit(struct hy_backend *backend)
{
    int r;

    commits += !lifted && !hidden;
    if (strikes(FAULT_COMMIT, HY_VERB_COUNT)) {
        hy_backend_sqlite.rollback(backend);
        return plan.error;
    }
    r = hy_backend_sqlite.commit(backend);
    return r == 0 && strikes(FAULT_LOST_ANSWER, HY_VERB_COUNT) ? HY_E_UNCERTAIN : r;
}

static int run_verb(struct hy_backend *backend, struct hy_op *op)
{
    int r;

    uses[op->verb] += !lifted && !hidden;
    if (strikes(FAULT_VERB, op->verb))
        return plan.error;
    r = hy_backend_sqlite.verbs[op->verb](backend, op);
    return r >= 0 && strikes(FAULT_LATE, op->verb) ? plan.error : r;
}

const struct hy_backend_ops *faulty_store(void)
{
    static struct hy_backend_ops ops;

    ops = hy_backend_sqlite;
    ops.begin = begin;
    ops.commit = commit;
    for (size_t i = 0; i < HY_VERB_COUNT; i++)
        ops.verbs[i] = ops.verbs[i] ? run_verb : NULL;
    return &ops;
}
