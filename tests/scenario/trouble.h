/*
 * trouble.h - a life in which the store fails for a while: what the lives of the fault tables share.
 *
 * A life has a platform (`serve` answers what is under way) and callers who repeat what was refused for
 * now; a supervisor starts the program again. One life at a time.
 */
#ifndef HY_TESTS_SCENARIO_TROUBLE_H
#define HY_TESTS_SCENARIO_TROUBLE_H

#include "base/arena.h"
#include "faulty_store.h"
#include "world.h"

extern struct world trouble_world;
extern struct hy_arena trouble_arena; /* until the life's end */

/* A new store at `path`; the fault is planned from the moment at which the program has started.
 * `ret_fault` gets the first complaint. */
void trouble_begin(const char *path, const struct fault *fault, void (*serve)(struct world *w),
                   char *ret_fault, size_t size);
/* True when nobody complained. */
bool trouble_end(void);

void trouble_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool trouble_complained(void);

/* Time goes on, second by second, and the platform answers. A fault is lifted 150 s after it struck. */
void trouble_pass(int64_t ms);
/* Until whatever struck was lifted. */
void trouble_sit_out(void);

/* Repeats it while the store has trouble; the last result, of which a fault is complained about. */
int trouble_keep_at(const char *what, int (*once)(void *arg), void *arg);

#endif
