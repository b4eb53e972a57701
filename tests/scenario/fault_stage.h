/*
 * fault_stage.h - what the lives that faults strike have in common: a store with one planned fault, its
 * end after some time, callers who repeat what was refused, a supervisor, the first steps of any app.
 */
#ifndef HY_TESTS_SCENARIO_FAULT_STAGE_H
#define HY_TESTS_SCENARIO_FAULT_STAGE_H

#include "faulty_store.h"
#include "world.h"

#define STAGE_APP            "wx0000000000000001"
#define STAGE_CALLBACK_TOKEN "a_token_of_scenarios"
#define STAGE_OLD_TEMPLATE   "TemplateTemplateTemplateTemplateTemplate__o"
#define STAGE_NEW_TEMPLATE   "TemplateTemplateTemplateTemplateTemplate__n"

struct stage_life {
    void (*serve)(void); /* answers what waits in world.requests; every second */
    void (*live)(void);
    void (*judge)(void);
};

struct stage {
    const struct stage_life *life;
    struct world world;
    struct hy_arena arena; /* as long as the play */
    int tokens;            /* that were fetched */
    char *fault_text;      /* the first complaint, or "" */
    size_t fault_size;
    int64_t struck_at_ms;
};
extern struct stage stage;

/* Plays it in a new store at `path`; then the store's own check, and whether the engine is idle. False:
 * `ret_fault` says what is not as it must be. */
bool stage_play(const struct stage_life *life, const char *path, const struct fault *fault,
                char *ret_fault, size_t size);

void stage_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lets time pass, and the platform answer. A fault that struck ends after two and a half minutes. */
void stage_pass(int64_t ms);
/* Until the fault has ended, and what it held up is done. */
void stage_outlast(void);
void stage_wait_until(const char *what, bool (*is_so)(void)); /* ten minutes at most */

/* A caller who repeats what was refused for now; the last result. */
int stage_keep_at(const char *what, int (*once)(void *arg), void *arg);

/* For request `index`, when it asks for a token. */
bool stage_answer_token(size_t index);

/* --- what callers do, for stage_keep_at() ------------------------------------------------------- */

void stage_op_done(struct hy_op *op, void *ret_result);

int stage_put_app(void *none);
const char *stage_user(int number);

struct stage_deposit {
    int user, receipt; /* the form_id "f4" is receipt 4 */
};
int stage_put_receipt(void *deposit);
int stage_report(json_t *body);

#endif
