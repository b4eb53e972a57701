#include "store/memory/containers.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

void *hy_mem_must(void *memory)
{
    if (!memory) {
        hy_log(HY_LOG_ERROR, "store.memory", "error=out_of_memory");
        abort();
    }
    return memory;
}

void *hy_mem_alloc(size_t bytes)
{
    return hy_mem_must(calloc(1, bytes));
}

char *hy_mem_text(const char *text)
{
    return text ? (char *)hy_mem_must(strdup(text)) : NULL;
}

/* --- vector ----------------------------------------------------------------------------------- */

void hy_vector_deinit(struct hy_vector *v)
{
    free(v->items);
}

void hy_vector_insert(struct hy_vector *v, size_t at, void *item)
{
    if (v->count == v->capacity) {
        v->capacity = v->capacity ? v->capacity * 2 : 4;
        v->items = (void **)hy_mem_must(realloc(v->items, v->capacity * sizeof *v->items));
    }
    memmove(v->items + at + 1, v->items + at, (v->count - at) * sizeof *v->items);
    v->items[at] = item;
    v->count++;
}

void hy_vector_remove(struct hy_vector *v, size_t at)
{
    v->count--;
    memmove(v->items + at, v->items + at + 1, (v->count - at) * sizeof *v->items);
}

static int compare_slots(const void *a, const void *b, void *compare)
{
    return (*(hy_compare **)compare)(*(void *const *)a, *(void *const *)b);
}

void hy_vector_sort(struct hy_vector *v, hy_compare *compare)
{
    if (v->count > 1)
        qsort_r(v->items, v->count, sizeof *v->items, compare_slots, &compare);
}

size_t hy_vector_place(const struct hy_vector *v, const void *item, hy_compare *compare)
{
    size_t low = 0;
    size_t high = v->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(v->items[middle], item) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void hy_vector_insert_sorted(struct hy_vector *v, void *item, hy_compare *compare)
{
    hy_vector_insert(v, hy_vector_place(v, item, compare), item);
}

void hy_vector_remove_sorted(struct hy_vector *v, const void *item, hy_compare *compare)
{
    hy_vector_remove(v, hy_vector_place(v, item, compare));
}

/* --- heap ------------------------------------------------------------------------------------- */

void hy_heap_init(struct hy_heap *h, hy_compare *compare, size_t position_offset)
{
    *h = (struct hy_heap){.compare = compare, .offset = position_offset};
}

void hy_heap_deinit(struct hy_heap *h)
{
    hy_vector_deinit(&h->items);
}

/* Positions count from 1, so that zeroed memory means "in no heap". */
static size_t *position(const struct hy_heap *h, void *item)
{
    return (size_t *)(void *)((char *)item + h->offset);
}

static void set(struct hy_heap *h, size_t at, void *item)
{
    h->items.items[at] = item;
    *position(h, item) = at + 1;
}

static void rise(struct hy_heap *h, size_t at, void *item)
{
    while (at > 0 && h->compare(item, h->items.items[(at - 1) / 2]) < 0) {
        set(h, at, h->items.items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    set(h, at, item);
}

static void sink(struct hy_heap *h, size_t at, void *item)
{
    void **items = h->items.items;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < h->items.count && h->compare(items[child + 1], items[child]) < 0)
            child++;
        if (child >= h->items.count || h->compare(item, items[child]) <= 0)
            break;
        set(h, at, items[child]);
        at = child;
    }
    set(h, at, item);
}

void hy_heap_push(struct hy_heap *h, void *item)
{
    hy_vector_push(&h->items, item);
    rise(h, h->items.count - 1, item);
}

void hy_heap_remove(struct hy_heap *h, void *item)
{
    size_t at = *position(h, item) - 1;
    void *last = h->items.items[h->items.count - 1];

    *position(h, item) = 0;
    h->items.count--;
    if (last == item)
        return;
    if (h->compare(last, item) < 0)
        rise(h, at, last);
    else
        sink(h, at, last);
}

/* --- map -------------------------------------------------------------------------------------- */

struct hy_map_entry {
    struct hy_map_entry *next;
    void *value;
    int64_t number;
    size_t size;
    char bytes[];
};

static uint64_t hash(int64_t number, const void *bytes, size_t size)
{
    const unsigned char *p = (const unsigned char *)bytes;
    uint64_t h = 14695981039346656037u ^ (uint64_t)number;

    /* FNV-1a, and a last stir because the low bits choose the slot. */
    h *= 1099511628211u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h ^ h >> 32;
}

/* Where the pointer to the entry is, or would be. */
static struct hy_map_entry **find(const struct hy_map *map, int64_t number, const void *bytes,
                                  size_t size)
{
    struct hy_map_entry **at = &map->slots[hash(number, bytes, size) & (map->slot_count - 1)];

    while (*at && ((*at)->number != number || (*at)->size != size ||
                   (size > 0 && memcmp((*at)->bytes, bytes, size) != 0)))
        at = &(*at)->next;
    return at;
}

static void grow(struct hy_map *map)
{
    struct hy_map_entry **old = map->slots;
    size_t old_count = map->slot_count;

    map->slot_count = old_count ? old_count * 2 : 16;
    map->slots = (struct hy_map_entry **)hy_mem_alloc(map->slot_count * sizeof(void *));
    for (size_t i = 0; i < old_count; i++)
        while (old[i]) {
            struct hy_map_entry *e = old[i];
            struct hy_map_entry **at = find(map, e->number, e->bytes, e->size);

            old[i] = e->next;
            e->next = NULL;
            *at = e;
        }
    free(old);
}

void *hy_map_get(const struct hy_map *map, int64_t number, const void *bytes, size_t size)
{
    struct hy_map_entry *e = map->count > 0 ? *find(map, number, bytes, size) : NULL;

    return e ? e->value : NULL;
}

void hy_map_put(struct hy_map *map, int64_t number, const void *bytes, size_t size, void *value)
{
    struct hy_map_entry **at;

    if (map->count >= map->slot_count)
        grow(map);
    at = find(map, number, bytes, size);
    if (!*at) {
        *at = (struct hy_map_entry *)hy_mem_alloc(sizeof **at + size);
        (*at)->number = number;
        (*at)->size = size;
        if (size > 0)
            memcpy((*at)->bytes, bytes, size);
        map->count++;
    }
    (*at)->value = value;
}

void hy_map_remove(struct hy_map *map, int64_t number, const void *bytes, size_t size)
{
    struct hy_map_entry **at = map->count > 0 ? find(map, number, bytes, size) : NULL;
    struct hy_map_entry *e = at ? *at : NULL;

    if (!e)
        return;
    *at = e->next;
    free(e);
    map->count--;
}

void hy_map_each(const struct hy_map *map, void (*visit)(void *value, void *arg), void *arg)
{
    for (size_t i = 0; i < map->slot_count; i++)
        for (struct hy_map_entry *e = map->slots[i]; e; e = e->next)
            visit(e->value, arg);
}

void hy_map_deinit(struct hy_map *map)
{
    for (size_t i = 0; i < map->slot_count; i++)
        while (map->slots[i]) {
            struct hy_map_entry *e = map->slots[i];

            map->slots[i] = e->next;
            free(e);
        }
    free(map->slots);
}
