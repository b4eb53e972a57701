/*
 * violation.h - what is wrong with somebody's input, said so that they can mend it.
 *
 * A check walks the whole input and collects every violation, so a caller sees all faults at once.
 * The list becomes the `errors` of a problem+json answer and the lines the command line prints.
 */
#ifndef HY_BASE_VIOLATION_H
#define HY_BASE_VIOLATION_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum { HY_VIOLATIONS_MAX = 32 }; /* more are counted, not stored */

struct hy_violation {
    const char *field;   /* dotted path: "data.thing1", "[3].user"; "" = the whole body */
    const char *rule;    /* short stable name: "required", "max_length", "unknown_field" */
    const char *limit;   /* what the rule allows ("20"), or null */
    const char *actual;  /* what came ("23"), never a secret, or null */
    const char *message; /* one English sentence */
};

struct hy_violations {
    struct hy_arena *arena; /* owns every text below */
    struct hy_violation items[HY_VIOLATIONS_MAX];
    size_t count;       /* stored */
    size_t unkept;      /* found beyond HY_VIOLATIONS_MAX, or when memory ran out */
    const char *prefix; /* put before every field while set ("[3]."), or null */
};

void hy_violations_init(struct hy_violations *v, struct hy_arena *arena);

/* Copies everything. `limit` and `actual` may be null; `message` is a printf format. */
void hy_violations_add(struct hy_violations *v, const char *field, const char *rule,
                       const char *limit, const char *actual, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

static inline bool hy_violations_any(const struct hy_violations *v)
{
    return v->count + v->unkept > 0;
}

#endif
