/*
 * containers.h - the few containers that the memory backend is made of.
 *
 * They hold pointers and own nothing but their own memory. Running out of memory ends the process:
 * see memory.h.
 */
#ifndef HY_STORE_MEMORY_CONTAINERS_H
#define HY_STORE_MEMORY_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `memory`; ends the process when it is null. */
void *hy_mem_must(void *memory);

/* Zeroed memory, or a copy of a text (null for null). Never fail. */
void *hy_mem_alloc(size_t bytes);
char *hy_mem_text(const char *text);

/* --- vector: pointers in an order ------------------------------------------------------------- */

struct hy_vector {
    void **items;
    size_t count;
    size_t capacity;
};

void hy_vector_deinit(struct hy_vector *v);
void hy_vector_insert(struct hy_vector *v, size_t at, void *item);
void hy_vector_remove(struct hy_vector *v, size_t at);

static inline void hy_vector_push(struct hy_vector *v, void *item)
{
    hy_vector_insert(v, v->count, item);
}

/* Like strcmp(), for two items. */
typedef int hy_compare(const void *a, const void *b);

void hy_vector_sort(struct hy_vector *v, hy_compare *compare);

/* The place of the first item that is not before `item`, in a vector sorted by `compare`. */
size_t hy_vector_place(const struct hy_vector *v, const void *item, hy_compare *compare);
void hy_vector_insert_sorted(struct hy_vector *v, void *item, hy_compare *compare);
/* `item` itself is in `v`, and `compare` puts no two items at the same place. */
void hy_vector_remove_sorted(struct hy_vector *v, const void *item, hy_compare *compare);

/* --- heap: the smallest first, any can be taken out ------------------------------------------- */

/* Each item has a place for its position: where, `offset` says. 0 = in no heap. */
struct hy_heap {
    struct hy_vector items;
    hy_compare *compare;
    size_t offset;
};

void hy_heap_init(struct hy_heap *h, hy_compare *compare, size_t position_offset);
void hy_heap_deinit(struct hy_heap *h);
void hy_heap_push(struct hy_heap *h, void *item);
void hy_heap_remove(struct hy_heap *h, void *item); /* which is in this heap */

/* Null when empty. */
static inline void *hy_heap_first(const struct hy_heap *h)
{
    return h->items.count > 0 ? h->items.items[0] : NULL;
}

/* --- map: a number and some bytes -> pointer -------------------------------------------------- */

struct hy_map_entry;

struct hy_map {
    struct hy_map_entry **slots;
    size_t slot_count; /* a power of 2, or 0 */
    size_t count;
};

void hy_map_deinit(struct hy_map *map);
/* Null when there is none. */
void *hy_map_get(const struct hy_map *map, int64_t number, const void *bytes, size_t size);
/* Replaces. The key is copied. */
void hy_map_put(struct hy_map *map, int64_t number, const void *bytes, size_t size, void *value);
void hy_map_remove(struct hy_map *map, int64_t number, const void *bytes, size_t size);
/* Every value, in no order. */
void hy_map_each(const struct hy_map *map, void (*visit)(void *value, void *arg), void *arg);

#endif
