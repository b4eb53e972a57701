/* Idempotency keys on the desk: desk.h. */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

#include <string.h>

/* Old ones go by range: so many milliseconds are a bucket. */
enum { BUCKET_SHIFT = 24 };

struct kept {
    struct hy_vector keys; /* hy_desk_key: those that were wanted */
    size_t read;           /* so many of them are; what is used since is not stored yet */
};

static struct kept *kept(struct hy_pg *pg)
{
    return (struct kept *)hy_desk_kept(pg, HY_DESK_KEEPS_KEYS, sizeof(struct kept));
}

static struct hy_mem_key_use *use_of(const struct hy_pg *pg, const struct hy_desk_key *key)
{
    return (struct hy_mem_key_use *)hy_map_get(&pg->desk.key_uses, 0, key->key,
                                               HY_FINGERPRINT_BYTES);
}

/* --- reading ---------------------------------------------------------------------------------- */

static const struct hy_pg_sql find_keys = {
    "desk_keys",
    "SELECT i.key, i.body, i.message_id, i.at_ms, i.state, i.reason FROM unnest($1::bytea[]) AS w "
    "(key) CROSS JOIN LATERAL (SELECT * FROM idempotency WHERE key = w.key OFFSET 0) AS i"};

static int read_keys(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        struct hy_mem_key_use *use;
        size_t key_size, body_size;
        const void *key = hy_pg_bytes(rows, 0, &key_size), *body = hy_pg_bytes(rows, 1, &body_size);

        if (key_size != HY_FINGERPRINT_BYTES || body_size != HY_FINGERPRINT_BYTES)
            return HY_E_CORRUPT;
        use = (struct hy_mem_key_use *)hy_mem_alloc(sizeof *use);
        memcpy(use->body, body, sizeof use->body);
        use->message_id = hy_pg_int(rows, 2);
        use->used_at_ms = hy_pg_int(rows, 3);
        use->state = (enum hy_message_state)hy_pg_int(rows, 4);
        use->reason = hy_mem_text(hy_pg_text(rows, 5));
        hy_map_put(&pg->desk.key_uses, 0, key, key_size, use);
    }
    for (; kept(pg)->read < kept(pg)->keys.count; kept(pg)->read++) {
        struct hy_desk_key *wanted = (struct hy_desk_key *)kept(pg)->keys.items[kept(pg)->read];
        const struct hy_mem_key_use *use = use_of(pg, wanted);

        if (use)
            wanted->used_at_ms = use->used_at_ms;
    }
    return 0;
}

static void load(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    if (wants->keys.count == 0)
        return;
    hy_pg_columns_begin(args, "b");
    for (size_t i = 0; i < wants->keys.count; i++) {
        struct hy_desk_key *key = (struct hy_desk_key *)wants->keys.items[i];

        hy_pg_put_bytes(args, key->key, sizeof key->key);
        hy_vector_push(&kept(pg)->keys, key);
    }
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &find_keys, read_keys, pg);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Two nodes that use a key at once: the second one waits for the first, and then it is not unique. */
static const struct hy_pg_sql insert = {
    "desk_key_insert",
    "INSERT INTO idempotency (key, bucket, body, message_id, at_ms, state, reason) SELECT * "
    "FROM unnest($1::bytea[], $2::int8[], $3::bytea[], $4::int8[], $5::int8[], $6::int8[], "
    "$7::text[]) AS t (key) ORDER BY t.key"};

/* The window of the earlier use is over. If another node was faster, fewer rows change than are told. */
static const struct hy_pg_sql update = {"desk_key_update",
                                        "UPDATE idempotency i SET bucket = t.bucket, body = "
                                        "t.body, message_id = t.message_id, at_ms = t.at_ms, "
                                        "state = t.state, reason = t.reason FROM "
                                        "unnest($1::bytea[], $2::int8[], $3::bytea[], $4::int8[], "
                                        "$5::int8[], $6::int8[], $7::text[], $8::int8[]) AS t "
                                        "(key, bucket, body, message_id, at_ms, state, reason, "
                                        "before_ms) WHERE i.key = t.key AND i.at_ms = t.before_ms"};

static void put_use(struct hy_pg_args *args, const struct hy_desk_key *key,
                    const struct hy_mem_key_use *use)
{
    hy_pg_put_bytes(args, key->key, sizeof key->key);
    hy_pg_put_int(args, use->used_at_ms >> BUCKET_SHIFT);
    hy_pg_put_bytes(args, use->body, sizeof use->body);
    hy_pg_put_int(args, use->message_id);
    hy_pg_put_int(args, use->used_at_ms);
    hy_pg_put_int(args, use->state);
    hy_pg_put_text(args, use->reason);
}

static int check_updated(struct hy_pg_rows *rows, void *arg)
{
    return rows->changed == *(const size_t *)arg ? 0 : HY_E_BUSY;
}

static void write_some(struct hy_pg *pg, bool new)
{
    const struct hy_vector *keys = &kept(pg)->keys;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t *rows = (size_t *)hy_desk_alloc(pg, sizeof *rows);

    hy_pg_columns_begin(args, new ? "bibiiit" : "bibiiiti");
    for (size_t i = 0; i < keys->count; i++) {
        const struct hy_desk_key *key = (const struct hy_desk_key *)keys->items[i];
        const struct hy_mem_key_use *use = use_of(pg, key);

        if (!use || use->used_at_ms == key->used_at_ms || new != (key->used_at_ms == 0))
            continue;
        put_use(args, key, use);
        if (!new)
            hy_pg_put_int(args, key->used_at_ms);
        ++*rows;
    }
    hy_pg_columns_end(args);
    if (*rows > 0)
        hy_pg_queue(pg->link, new ? &insert : &update, new ? NULL : check_updated, rows);
}

static void flush(struct hy_pg *pg)
{
    const struct hy_vector *keys = &kept(pg)->keys;

    write_some(pg, true);
    write_some(pg, false);
    for (size_t i = 0; i < keys->count; i++) {
        struct hy_desk_key *key = (struct hy_desk_key *)keys->items[i];
        const struct hy_mem_key_use *use = use_of(pg, key);

        if (use)
            key->used_at_ms = use->used_at_ms;
    }
}

static void clear(struct hy_pg *pg)
{
    if (pg->working->kept[HY_DESK_KEEPS_KEYS])
        hy_vector_deinit(&kept(pg)->keys);
}

const struct hy_desk_kind hy_desk_keys = {
    .name = "keys", .load = load, .flush = flush, .clear = clear};
