#include "store/apps.h"

#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/postgres.h"

#include <string.h>

/* --- keys ------------------------------------------------------------------------------------- */

static const struct hy_pg_sql key_add = {
    "key_add", "INSERT INTO api_key (name, hash, scopes, created_at_ms, revoked_at_ms) SELECT $1, "
               "$2, $3, $4, 0 "
               "WHERE NOT EXISTS (SELECT 1 FROM api_key WHERE hash = $2 AND revoked_at_ms = 0) "
               "ON CONFLICT (hash) WHERE revoked_at_ms = 0 DO NOTHING RETURNING id"};
static const struct hy_pg_sql key_revoke = {
    "key_revoke", "UPDATE api_key SET revoked_at_ms = $2 WHERE id = $1 AND revoked_at_ms = 0"};
static const struct hy_pg_sql keys = {"keys", "SELECT id, name, hash, scopes, created_at_ms FROM "
                                              "api_key WHERE revoked_at_ms = 0 ORDER BY id"};

int hy_pg_key_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_key *key = &((struct hy_key_put *)op)->key;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_text(args, key->name);
    hy_pg_put_bytes(args, key->hash, sizeof key->hash);
    hy_pg_put_int(args, key->scopes);
    hy_pg_put_int(args, key->created_at_ms);
    r = hy_pg_ask(pg->link, &key_add, &key->id);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_KEYS, 0);
    return r == HY_E_NOT_FOUND ? HY_E_EXISTS : r;
}

int hy_pg_key_revoke(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_key_revoke *v = (const struct hy_key_revoke *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_int(args, v->key_id);
    hy_pg_put_int(args, v->now_ms);
    r = hy_pg_must_change(pg->link, &key_revoke);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_KEYS, 0);
    return r;
}

static void read_key(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    struct hy_key *key = (struct hy_key *)item;
    size_t size;
    const void *hash = hy_pg_bytes(rows, 2, &size);

    *key = (struct hy_key){.id = hy_pg_int(rows, 0),
                           .name = hy_pg_copy(rows, 1, arena),
                           .scopes = (unsigned)hy_pg_int(rows, 3),
                           .created_at_ms = hy_pg_int(rows, 4)};
    if (hash && size == sizeof key->hash)
        memcpy(key->hash, hash, size);
}

int hy_pg_keys(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_keys *v = (struct hy_keys *)op;

    hy_pg_args(hy_pg(backend)->link);
    return hy_pg_list(hy_pg(backend)->link, &keys, v->arena, read_key, sizeof *v->keys, &v->keys,
                      &v->count);
}

/* --- meta ------------------------------------------------------------------------------------- */

static const struct hy_pg_sql meta_put = {
    "meta_put", "INSERT INTO meta (name, value) VALUES ($1, $2) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value"};
/* Waits for whoever is putting the same. */
static const struct hy_pg_sql meta_put_new = {
    "meta_put_new", "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"};
static const struct hy_pg_sql meta_get = {"meta_get", "SELECT value FROM meta WHERE name = $1"};

int hy_pg_meta_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_meta_put *v = (const struct hy_meta_put *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_text(args, v->name);
    hy_pg_put_text(args, v->value);
    if (!v->if_absent)
        return hy_pg_run(pg->link, &meta_put, NULL);
    r = hy_pg_must_change(pg->link, &meta_put_new);
    return r == HY_E_NOT_FOUND ? HY_E_EXISTS : r;
}

int hy_pg_meta_get(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_meta_get *v = (struct hy_meta_get *)op;
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_text(hy_pg_args(pg->link), v->name);
    r = hy_pg_run(pg->link, &meta_get, &rows);
    if (r == 0 && !hy_pg_next(&rows))
        r = HY_E_NOT_FOUND;
    else if (r == 0)
        v->value = hy_pg_copy(&rows, 0, v->arena);
    hy_pg_rows_free(&rows);
    return r;
}
