/*
 * keys.c - the keys in use, in memory: what the registry has beside apps.
 */
#include "crypto/apikey.h"
#include "crypto/secret.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

static bool has_key(const struct hy_registry *registry, int64_t id)
{
    for (size_t i = 0; i < registry->key_count; i++) {
        if (registry->keys[i].id == id)
            return true;
    }
    return false;
}

/* It may be known already: all keys were read since it was stored. */
int hy_registry_put_key(struct hy_registry *registry, const struct hy_key *key)
{
    char *name = strdup(key->name);
    struct hy_key *grown;
    bool known;

    if (!name)
        return HY_E_NOMEM;
    pthread_rwlock_wrlock(&registry->lock);
    atomic_fetch_add(&registry->key_changes, 1);
    known = has_key(registry, key->id);
    grown = known ? NULL : realloc(registry->keys, (registry->key_count + 1) * sizeof *grown);
    if (grown) {
        grown[registry->key_count] = *key;
        grown[registry->key_count++].name = name;
        registry->keys = grown;
    } else {
        free(name);
    }
    pthread_rwlock_unlock(&registry->lock);
    return grown || known ? 0 : HY_E_NOMEM;
}

static void free_keys(struct hy_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)keys[i].name);
    free(keys);
}

int hy_registry_replace_keys(struct hy_registry *registry, const struct hy_key *keys, size_t count)
{
    struct hy_key *fresh = calloc(count + 1, sizeof *fresh), *old;
    size_t old_count;

    for (size_t i = 0; fresh && i < count; i++) {
        fresh[i] = keys[i];
        fresh[i].name = strdup(keys[i].name);
        if (!fresh[i].name) {
            free_keys(fresh, i);
            return HY_E_NOMEM;
        }
    }
    if (!fresh)
        return HY_E_NOMEM;
    pthread_rwlock_wrlock(&registry->lock);
    old = registry->keys;
    old_count = registry->key_count;
    registry->keys = fresh;
    registry->key_count = count;
    pthread_rwlock_unlock(&registry->lock);
    free_keys(old, old_count);
    return 0;
}

void hy_registry_remove_key(struct hy_registry *registry, int64_t key_id)
{
    pthread_rwlock_wrlock(&registry->lock);
    atomic_fetch_add(&registry->key_changes, 1);
    for (size_t i = 0; i < registry->key_count; i++) {
        if (registry->keys[i].id == key_id) {
            free((char *)registry->keys[i].name);
            memmove(&registry->keys[i], &registry->keys[i + 1],
                    (registry->key_count - i - 1) * sizeof registry->keys[0]);
            registry->key_count--;
            break;
        }
    }
    pthread_rwlock_unlock(&registry->lock);
}

/* On the way of every call: no format, which takes a third of the look-up. */
static void hold(const struct hy_key *key, struct hy_key_holder *ret_holder)
{
    size_t size = strnlen(key->name, sizeof ret_holder->name - 1);

    ret_holder->id = key->id;
    memcpy(ret_holder->name, key->name, size);
    ret_holder->name[size] = 0;
}

unsigned hy_engine_key_scopes(struct hy_engine *engine, const char *key,
                              struct hy_key_holder *ret_holder)
{
    struct hy_registry *registry = &engine->registry;
    uint8_t hash[HY_APIKEY_HASH_BYTES];
    unsigned scopes = 0;

    hy_apikey_hash(engine->config.seal, key, hash);
    pthread_rwlock_rdlock(&registry->lock);
    for (size_t i = 0; i < registry->key_count; i++) {
        if (!hy_secret_equal(registry->keys[i].hash, hash, sizeof hash))
            continue;
        scopes = registry->keys[i].scopes;
        if (ret_holder)
            hold(&registry->keys[i], ret_holder);
    }
    pthread_rwlock_unlock(&registry->lock);
    return scopes;
}

struct hy_key *hy_engine_key_list(struct hy_engine *engine, struct hy_arena *arena,
                                  size_t *ret_count)
{
    struct hy_registry *registry = &engine->registry;
    struct hy_key *list;

    pthread_rwlock_rdlock(&registry->lock);
    list = hy_arena_array(arena, registry->key_count + 1, sizeof *list);
    *ret_count = list ? registry->key_count : 0;
    for (size_t i = 0; i < *ret_count; i++) {
        list[i] = registry->keys[i];
        list[i].name = hy_arena_strdup(arena, registry->keys[i].name);
    }
    pthread_rwlock_unlock(&registry->lock);
    return list;
}
