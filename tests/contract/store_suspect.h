/*
 * store_suspect.h - what the cases about suspect grants share.
 */
#ifndef HY_TESTS_STORE_SUSPECT_H
#define HY_TESTS_STORE_SUSPECT_H

#include "store_tell.h"

enum { RETRY = 6 * HOUR };

/* Claims the one that is due and lets the platform refuse its grant. */
int64_t refuse(void);

/* The message rests until its grant is tried again. */
void check_waits(int64_t id, int64_t due_at_ms);

/* The user's counter is suspect. */
void check_suspect(const char *user, int refusals, int64_t retry_at_ms);

#endif
