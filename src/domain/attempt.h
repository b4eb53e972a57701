/*
 * attempt.h - one request for a message, as it is remembered.
 */
#ifndef HY_DOMAIN_ATTEMPT_H
#define HY_DOMAIN_ATTEMPT_H

#include "domain/settlement.h"

struct hy_attempt {
    int32_t number; /* 1, 2, ... within its message: attempt_count of the claimed message + 1 */
    int64_t at_ms;  /* when the request left */
    int64_t took_ms;
    int64_t grant_id;              /* used for it, 0 = none */
    enum hy_grant_move grant_move; /* what became of that use: a timeline's balance needs it */
    struct hy_judgement judgement;
};

#endif
