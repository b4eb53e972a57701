/*
 * fault_broadcasts.h - the life of broadcasts and of the endpoint that is told of them, played while a
 * fault of the store strikes, and judged at its end.
 *
 * One goes to a list and is paused on its way, one is a schedule's, one is canceled. Whoever starts one
 * gives no idempotency key: when the answer is lost, it looks whether the broadcast is there.
 */
#ifndef HY_TESTS_SCENARIO_FAULT_BROADCASTS_H
#define HY_TESTS_SCENARIO_FAULT_BROADCASTS_H

#include "faulty_store.h"

/* Plays it in a new store at `path`. False: `ret_fault` says what is not as it must be. */
bool broadcasts_play(const char *path, const struct fault *fault, char *ret_fault, size_t size);

#endif
