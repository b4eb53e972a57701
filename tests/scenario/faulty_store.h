/*
 * faulty_store.h - the SQLite backend with one fault planned into it: a decorator.
 *
 * A plan names a step (the n-th begin, the n-th commit, the n-th use of one verb), what it fails with,
 * and whether it fails once or from then on until the fault is lifted. One plan at a time.
 */
#ifndef HY_TESTS_SCENARIO_FAULTY_STORE_H
#define HY_TESTS_SCENARIO_FAULTY_STORE_H

#include "store/backend.h"

enum fault_place {
    FAULT_BEGIN,
    FAULT_VERB,        /* before it did anything */
    FAULT_LATE,        /* the verb did its work, then its storage failed: the front rolls back */
    FAULT_COMMIT,      /* rolled back; HY_E_UNCERTAIN: nobody can tell */
    FAULT_LOST_ANSWER, /* committed, and nobody can tell: only HY_E_UNCERTAIN */
    FAULT_PLACES
};

struct fault {
    enum fault_place place;
    enum hy_verb verb; /* of FAULT_VERB and FAULT_LATE */
    int error;
    size_t step; /* from 1; 0 = never: only counts */
    bool for_ever;
};

/* For hy_store_open_backend(). */
const struct hy_backend_ops *faulty_store(void);

/* From now on; forgets what was counted. */
void faulty_plan(const struct fault *plan);
void faulty_lift(void);
void faulty_hide(bool hidden); /* meanwhile nothing is struck or counted: the test itself looks */
bool faulty_struck(void);      /* it failed at least once */
/* From the plan until it was lifted: how often a place was passed, of FAULT_VERB and FAULT_LATE by that verb. */
size_t faulty_passed(enum fault_place place, enum hy_verb verb);

#endif
