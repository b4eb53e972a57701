/*
 * why.h - why a message did not arrive, in words, and what to do about it.
 */
#ifndef HY_API_WHY_H
#define HY_API_WHY_H

#include "engine/engine.h"

struct hy_why {
    const char *meaning; /* one sentence */
    const char *fix;
};

/*
 * For a message that is waiting, failed, unknown or expired. `last` is its last attempt, `counter`
 * the user's counter of its template; both may be null. The platform's table explains its codes;
 * what the ledger itself says is explained here. False: nobody knows.
 */
bool hy_why_message(const struct hy_platform *platform, const struct hy_message *message,
                    const struct hy_attempt *last, const struct hy_grant *counter, bool chinese,
                    struct hy_why *ret_why);

/* The same of a message of which only the reason (or null) is known. */
bool hy_why_reason(const struct hy_platform *platform, enum hy_message_state state,
                   const char *reason, bool chinese, struct hy_why *ret_why);

/* What the alarm "refusal_burst" means. */
struct hy_why hy_why_burst(bool chinese);

#endif
