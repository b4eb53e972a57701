/*
 * old.h - a store that has been in use for long: messages of a hundred days ago, and what belongs to them.
 */
#ifndef HY_BENCH_OLD_H
#define HY_BENCH_OLD_H

#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

/* The first app that is stored; one is made if there is none. */
int64_t old_app(struct hy_store *store);

/* `messages` that were sent with one attempt, each by a receipt of its own. The store's youngest message must be
 * older than those. */
void old_fill(struct hy_store *store, int64_t app_no, size_t messages);

#endif
