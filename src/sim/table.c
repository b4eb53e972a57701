#include "sim/table.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

/* Eight bytes a step: keys are 28 to 140 bytes long and hashed on every request. */
static uint32_t hash_of(const char *key)
{
    static const uint64_t prime = 0x9e3779b97f4a7c15u;
    size_t left = strlen(key);
    uint64_t hash = left * prime, word;

    for (; left >= sizeof word; left -= sizeof word, key += sizeof word) {
        memcpy(&word, key, sizeof word);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, key, left);
    hash = (hash ^ word) * prime;
    hash ^= hash >> 32;
    return (uint32_t)hash;
}

static const char *key_of(const struct hy_sim_table *t, const struct hy_sim_node *item)
{
    return (const char *)item + t->key_offset;
}

void hy_sim_table_init(struct hy_sim_table *t, size_t key_offset)
{
    *t = (struct hy_sim_table){.key_offset = key_offset};
}

void hy_sim_table_clear(struct hy_sim_table *t, void (*free_item)(struct hy_sim_node *item))
{
    for (size_t i = 0; free_item && i < t->capacity; i++) {
        struct hy_sim_node *item = t->buckets[i];

        while (item) {
            struct hy_sim_node *next = item->next;

            free_item(item);
            item = next;
        }
    }
    free(t->buckets);
    hy_sim_table_init(t, t->key_offset);
}

void *hy_sim_table_find(const struct hy_sim_table *t, const char *key)
{
    struct hy_sim_node *item;
    uint32_t hash;

    if (!key || !t->count)
        return NULL;
    hash = hash_of(key);
    item = t->buckets[hash & (t->capacity - 1)];
    while (item && (item->hash != hash || strcmp(key_of(t, item), key) != 0))
        item = item->next;
    return item;
}

static int grow(struct hy_sim_table *t)
{
    size_t capacity = t->capacity ? t->capacity * 2 : FIRST_CAPACITY;
    struct hy_sim_node **buckets = calloc(capacity, sizeof *buckets);

    if (!buckets)
        return HY_E_NOMEM;
    for (size_t i = 0; i < t->capacity; i++) {
        struct hy_sim_node *item = t->buckets[i];

        while (item) {
            struct hy_sim_node *next = item->next, **slot = &buckets[item->hash & (capacity - 1)];

            item->next = *slot;
            *slot = item;
            item = next;
        }
    }
    free(t->buckets);
    t->buckets = buckets;
    t->capacity = capacity;
    return 0;
}

int hy_sim_table_add(struct hy_sim_table *t, struct hy_sim_node *item)
{
    struct hy_sim_node **slot;

    if (t->count == t->capacity && grow(t) != 0)
        return HY_E_NOMEM;
    item->hash = hash_of(key_of(t, item));
    slot = &t->buckets[item->hash & (t->capacity - 1)];
    item->next = *slot;
    *slot = item;
    t->count++;
    return 0;
}

void hy_sim_table_remove(struct hy_sim_table *t, struct hy_sim_node *item)
{
    struct hy_sim_node **slot = &t->buckets[item->hash & (t->capacity - 1)];

    while (*slot != item)
        slot = &(*slot)->next;
    *slot = item->next;
    t->count--;
}

void hy_sim_table_sweep(struct hy_sim_table *t,
                        bool (*dead)(const struct hy_sim_node *item, int64_t now_ms),
                        int64_t now_ms)
{
    for (size_t i = 0; i < t->capacity; i++) {
        struct hy_sim_node **slot = &t->buckets[i];

        while (*slot) {
            struct hy_sim_node *item = *slot;

            if (!dead(item, now_ms)) {
                slot = &item->next;
                continue;
            }
            *slot = item->next;
            free(item);
            t->count--;
        }
    }
}
