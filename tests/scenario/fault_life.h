/*
 * fault_life.h - one service's life with all that can happen to a message, played while a fault of the
 * store strikes, and judged at its end.
 *
 * Everybody in it behaves as documented: callers repeat what was refused with 503 (with the same
 * idempotency key), a supervisor starts the program again, the platform repeats its pushes, a receipt
 * is good once. So whatever strikes, the end must be the same.
 */
#ifndef HY_TESTS_SCENARIO_FAULT_LIFE_H
#define HY_TESTS_SCENARIO_FAULT_LIFE_H

#include "faulty_store.h"

/* Plays it in a new store at `path`. False: `ret_fault` says what is not as it must be. */
bool life_play(const char *path, const struct fault *fault, char *ret_fault, size_t size);

#endif
