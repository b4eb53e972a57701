/*
 * idempotency.h - which keys were used lately, and what the first use was answered.
 */
#ifndef HY_STORE_SQLITE_IDEMPOTENCY_H
#define HY_STORE_SQLITE_IDEMPOTENCY_H

#include "store/messages.h"
#include "store/sqlite/query.h"

struct hy_key_use {
    bool same_body;
    int64_t message_id;
    enum hy_message_state state;
    const char *reason;
};

/* 1 when the item's key was used and the use still counts, else 0. */
int hy_key_find(struct hy_sqlite *s, const struct hy_admit_item *item, int64_t now_ms,
                int64_t window_ms, struct hy_arena *arena, struct hy_key_use *ret_use);

/* Remembers the item, which has its answer. */
int hy_key_add(struct hy_sqlite *s, const struct hy_admit_item *item, int64_t now_ms);

/* Forgets keys that count no more, about twice as many as were `added`: so their number stays
 * bounded and no transaction pays for many. */
int hy_key_trim(struct hy_sqlite *s, int64_t now_ms, int64_t window_ms, size_t added);

/* At open: which buckets there are. */
int hy_keys_remember_bounds(struct hy_sqlite *s);

#endif
