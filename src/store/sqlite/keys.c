#include "base/err.h"
#include "store/apps.h"
#include "store/sqlite/query.h"

#include <string.h>

/* --- keys ------------------------------------------------------------------------------------- */

int hy_sqlite_key_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_key *key = &((struct hy_key_put *)op)->key;
    struct hy_query q;
    int64_t id;
    int r;

    hy_query_open(s, SQL_API_KEY_BY_HASH, &q);
    hy_put_blob(&q, key->hash, sizeof key->hash);
    r = hy_query_int(&q, &id);
    if (r != HY_E_NOT_FOUND)
        return r < 0 ? r : HY_E_EXISTS;
    hy_query_open(s, SQL_API_KEY_INSERT, &q);
    hy_put_text(&q, key->name);
    hy_put_blob(&q, key->hash, sizeof key->hash);
    hy_put_int(&q, key->scopes);
    hy_put_int(&q, key->created_at_ms);
    r = hy_query_run(&q);
    if (r == 0)
        key->id = sqlite3_last_insert_rowid(s->db);
    return r;
}

int hy_sqlite_key_revoke(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    const struct hy_key_revoke *v = (const struct hy_key_revoke *)op;
    struct hy_query q;
    int64_t one;
    int r;

    hy_query_open(s, SQL_API_KEY_IN_USE, &q);
    hy_put_int(&q, v->key_id);
    r = hy_query_int(&q, &one);
    if (r < 0)
        return r;
    hy_query_open(s, SQL_API_KEY_REVOKE, &q);
    hy_put_int(&q, v->now_ms);
    hy_put_int(&q, v->key_id);
    return hy_query_run(&q);
}

int hy_sqlite_keys(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_keys *v = (struct hy_keys *)op;
    void *keys = NULL;
    size_t capacity = 0;
    struct hy_query q;
    int r;

    v->count = 0;
    hy_query_open(hy_sqlite_of(backend), SQL_API_KEYS, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_key *key = hy_query_room(&q, v->arena, &keys, v->count, &capacity, sizeof *key);
        const void *hash;
        size_t size;

        if (!key)
            return HY_E_NOMEM;
        v->count++;
        key->id = hy_get_int(&q);
        key->name = hy_get_text(&q, v->arena);
        hash = hy_get_blob(&q, v->arena, &size);
        if (hash && size == sizeof key->hash)
            memcpy(key->hash, hash, size);
        key->scopes = (unsigned)hy_get_int(&q);
        key->created_at_ms = hy_get_int(&q);
        key->revoked_at_ms = hy_get_int(&q);
    }
    v->keys = keys;
    return r;
}

/* --- facts about the store -------------------------------------------------------------------- */

int hy_sqlite_meta_put(struct hy_backend *backend, struct hy_op *op)
{
    const struct hy_meta_put *v = (const struct hy_meta_put *)op;
    struct hy_query q;
    int r;

    if (v->if_absent) {
        hy_query_open(hy_sqlite_of(backend), SQL_META_GET, &q);
        hy_put_text(&q, v->name);
        r = hy_query_step(&q);
        if (r == HY_ROW)
            r = hy_query_close(&q) < 0 ? HY_E_IO : HY_E_EXISTS;
        if (r < 0)
            return r;
    }
    hy_query_open(hy_sqlite_of(backend), SQL_META_PUT, &q);
    hy_put_text(&q, v->name);
    hy_put_text(&q, v->value);
    return hy_query_run(&q);
}

int hy_sqlite_meta_get(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_meta_get *v = (struct hy_meta_get *)op;
    struct hy_query q;
    int r;

    hy_query_open(hy_sqlite_of(backend), SQL_META_GET, &q);
    hy_put_text(&q, v->name);
    r = hy_query_step(&q);
    if (r <= 0)
        return r < 0 ? r : HY_E_NOT_FOUND;
    v->value = hy_get_text(&q, v->arena);
    return hy_query_close(&q);
}
