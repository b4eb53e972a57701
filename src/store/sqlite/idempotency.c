#include "store/sqlite/idempotency.h"

#include "base/err.h"
#include "store/sqlite/bucket.h"

#include <string.h>

enum { TRIM_SLACK = 16 };

/* Keys are kept so long, whatever smaller window a call asked for. */
static const int64_t kept_ms = 86400000;

/* 1 when the row that the query stands on still counts. */
static int read_use(struct hy_query *q, const struct hy_admit_item *item, int64_t now_ms,
                    int64_t window_ms, struct hy_arena *arena, struct hy_key_use *ret_use)
{
    int64_t at_ms = hy_get_int(q);
    size_t size;
    const void *body;

    if (at_ms + window_ms <= now_ms)
        return hy_query_close(q);
    body = hy_get_blob(q, arena, &size);
    ret_use->same_body =
        body && size == HY_FINGERPRINT_BYTES && memcmp(body, item->body, size) == 0;
    ret_use->message_id = hy_get_int(q);
    ret_use->state = (enum hy_message_state)hy_get_int(q);
    ret_use->reason = hy_get_text(q, arena);
    return hy_query_close(q) < 0 ? HY_E_NOMEM : 1;
}

int hy_key_find(struct hy_sqlite *s, const struct hy_admit_item *item, int64_t now_ms,
                int64_t window_ms, struct hy_arena *arena, struct hy_key_use *ret_use)
{
    int64_t first = hy_bucket_of(now_ms - window_ms);
    int r = 0;

    if (first < s->key_bucket_first)
        first = s->key_bucket_first;
    for (int64_t b = s->key_bucket_last; b >= first && r == 0; b--) {
        struct hy_query q;

        hy_query_open(s, SQL_KEY_FIND, &q);
        hy_put_int(&q, b);
        hy_put_blob(&q, item->key, HY_FINGERPRINT_BYTES);
        r = hy_query_step(&q);
        if (r == HY_ROW)
            r = read_use(&q, item, now_ms, window_ms, arena, ret_use);
    }
    return r;
}

int hy_key_add(struct hy_sqlite *s, const struct hy_admit_item *item, int64_t now_ms)
{
    int64_t bucket = hy_bucket_of(now_ms);
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_KEY_ADD, &q);
    hy_put_int(&q, bucket);
    hy_put_blob(&q, item->key, HY_FINGERPRINT_BYTES);
    hy_put_blob(&q, item->body, HY_FINGERPRINT_BYTES);
    hy_put_int(&q, item->message->id);
    hy_put_int(&q, now_ms);
    hy_put_int(&q, item->message->state);
    hy_put_text(&q, item->message->reason);
    r = hy_query_run(&q);
    if (r < 0)
        return r;
    if (s->key_bucket_first > s->key_bucket_last)
        s->key_bucket_first = s->key_bucket_last = bucket;
    if (bucket > s->key_bucket_last)
        s->key_bucket_last = bucket;
    if (bucket < s->key_bucket_first)
        s->key_bucket_first = bucket;
    return 0;
}

/* Deletes the first `count` keys of a bucket; 1 when it is empty then. */
static int trim_bucket(struct hy_sqlite *s, int64_t bucket, size_t count)
{
    uint8_t cut[HY_FINGERPRINT_BYTES];
    struct hy_query q;
    size_t size = 0;
    int r;

    hy_query_open(s, SQL_KEY_CUT, &q);
    hy_put_int(&q, bucket);
    hy_put_int(&q, (int64_t)count);
    r = hy_query_step(&q);
    if (r == HY_ROW) {
        const void *key = hy_get_blob(&q, &s->scratch, &size);

        if (key && size == sizeof cut)
            memcpy(cut, key, size);
        r = hy_query_close(&q);
    }
    if (r < 0)
        return r;
    hy_query_open(s, size == sizeof cut ? SQL_KEY_TRIM : SQL_KEY_TRIM_ALL, &q);
    hy_put_int(&q, bucket);
    if (size == sizeof cut)
        hy_put_blob(&q, cut, sizeof cut);
    r = hy_query_run(&q);
    return r < 0 ? r : size != sizeof cut;
}

int hy_key_trim(struct hy_sqlite *s, int64_t now_ms, int64_t window_ms, size_t added)
{
    int64_t keep;
    int r;

    if (window_ms > s->key_window_ms)
        s->key_window_ms = window_ms;
    keep = s->key_window_ms > kept_ms ? s->key_window_ms : kept_ms;
    if (s->key_bucket_first >= hy_bucket_of(now_ms - keep) ||
        s->key_bucket_first >= s->key_bucket_last)
        return 0;
    r = trim_bucket(s, s->key_bucket_first, 2 * added + TRIM_SLACK);
    /* Should this be rolled back, the keys that come back are older than any window. */
    if (r == 1)
        s->key_bucket_first++;
    return r < 0 ? r : 0;
}

int hy_keys_remember_bounds(struct hy_sqlite *s)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_KEY_BOUNDS, &q);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    s->key_bucket_first = 1;
    s->key_bucket_last = 0;
    if (sqlite3_column_type(q.stmt, 0) == SQLITE_INTEGER) {
        s->key_bucket_first = hy_get_int(&q);
        s->key_bucket_last = hy_get_int(&q);
    }
    return hy_query_close(&q);
}
