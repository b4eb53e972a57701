/*
 * held.h - grants of which uses are reserved, remembered: claim and settle read the grant that admission or
 * claim has just written.
 *
 * A place for each of some thousand ids; a later grant drives an earlier one out. What is here is what the
 * file says, at any point of a transaction: ledger.c writes both. A rollback forgets all.
 */
#ifndef HY_STORE_SQLITE_HELD_H
#define HY_STORE_SQLITE_HELD_H

#include "base/arena.h"
#include "domain/grant.h"

struct hy_held;

/* Null when memory is out. */
struct hy_held *hy_held_new(void);
void hy_held_free(struct hy_held *held); /* null is fine */

/* As it is stored now; one without reserved uses is forgotten. */
void hy_held_put(struct hy_held *held, const struct hy_grant *grant);

/* 1 and the grant, texts in the arena; 0: it must be read. */
int hy_held_get(const struct hy_held *held, int64_t id, struct hy_arena *arena,
                struct hy_grant *ret_grant);

void hy_held_forget(struct hy_held *held, int64_t id);
void hy_held_forget_all(struct hy_held *held);

#endif
