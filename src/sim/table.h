/*
 * table.h - the simulator's one hash table: items found by a text key that they hold themselves.
 *
 * An item begins with a node and holds its key as a char array at the offset given to init; the
 * table links items and owns only the buckets. Keys are unique: find before add.
 */
#ifndef HY_SIM_TABLE_H
#define HY_SIM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_sim_node {
    struct hy_sim_node *next;
    uint32_t hash;
};

struct hy_sim_table {
    struct hy_sim_node **buckets;
    size_t capacity; /* of buckets: a power of two, or 0 */
    size_t count;
    size_t key_offset;
};

void hy_sim_table_init(struct hy_sim_table *t, size_t key_offset);

/* Calls `free_item` (null: none) for every item and empties the table; it can be used again. */
void hy_sim_table_clear(struct hy_sim_table *t, void (*free_item)(struct hy_sim_node *item));

/* Null when there is no such item; a null `key` finds none. */
void *hy_sim_table_find(const struct hy_sim_table *t, const char *key);

/* HY_E_NOMEM: the item was not added. */
int hy_sim_table_add(struct hy_sim_table *t, struct hy_sim_node *item);

void hy_sim_table_remove(struct hy_sim_table *t, struct hy_sim_node *item);

/* Removes and frees (free()) the items that `dead` says so of. */
void hy_sim_table_sweep(struct hy_sim_table *t,
                        bool (*dead)(const struct hy_sim_node *item, int64_t now_ms),
                        int64_t now_ms);

#endif
