#include "net/httpc_shards.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum {
    SHARD_CONNECTIONS = 32,
    UNDIVIDED_MAX = 128, /* so few connections are one shard */
    COMMON_PART = 4,     /* that part of the connections is common */
    SMALL_HOST = 8,      /* under way in common, before a host gets a shard */
    TIDY_EVERY_US = 1000000,
};

/* --- life ------------------------------------------------------------------------------------- */

static void set_limits(struct hy_httpc_shard *shard)
{
    curl_multi_setopt(shard->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)shard->busy_max);
    curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, (long)shard->busy_max);
}

static struct hy_httpc_shard *add_shard(struct hy_httpc_shards *shards, size_t connections_max)
{
    struct hy_httpc_shard *shard = hy_httpc_loop_add(shards->loop);

    if (!shard)
        return NULL;
    shard->busy_max = connections_max;
    set_limits(shard);
    return shard;
}

int hy_httpc_shards_init(struct hy_httpc_shards *shards, struct hy_httpc_loop *loop,
                         size_t connections_max, int64_t keep_us)
{
    size_t own = 0;

    if (connections_max > UNDIVIDED_MAX)
        own = (connections_max - connections_max / COMMON_PART) / SHARD_CONNECTIONS;
    if (own > HY_HTTPC_SHARDS_MAX - 1)
        own = HY_HTTPC_SHARDS_MAX - 1;
    *shards = (struct hy_httpc_shards){
        .loop = loop,
        .count_max = own + 1,
        .shard_max = SHARD_CONNECTIONS,
        .keep_us = keep_us,
    };
    if (connections_max > UNDIVIDED_MAX)
        shards->shard_max = (connections_max - connections_max / COMMON_PART) / own;
    shards->common_max = connections_max - own * shards->shard_max;
    return add_shard(shards, shards->common_max) ? HY_OK : HY_E_NOMEM;
}

/* --- one request ------------------------------------------------------------------------------ */

/* FNV-1a of scheme, host and port. */
uint64_t hy_httpc_host_mark(const char *url)
{
    const char *host = strstr(url, "://");
    uint64_t mark = UINT64_C(0xcbf29ce484222325);
    const char *end = host ? host + 3 + strcspn(host + 3, "/?#") : url + strlen(url);

    for (; url < end; url++)
        mark = (mark ^ (unsigned char)*url) * UINT64_C(0x100000001b3);
    return mark;
}

static uint32_t *small_of(struct hy_httpc_shards *shards, uint64_t host)
{
    return &shards->small[host % HY_HTTPC_SMALL_HOSTS];
}

static bool has_room(const struct hy_httpc_shard *shard)
{
    return shard->busy < shard->busy_max;
}

static bool is_free(const struct hy_httpc_shards *shards, const struct hy_httpc_shard *shard,
                    int64_t now_us)
{
    return shard->busy == 0 && now_us - shard->used_us > shards->keep_us;
}

/* One that nobody has, or a new one; null: there is none. */
static struct hy_httpc_shard *new_owner(struct hy_httpc_shards *shards, uint64_t host,
                                        int64_t now_us)
{
    struct hy_httpc_loop *loop = shards->loop;
    struct hy_httpc_shard *shard = NULL;

    for (size_t i = 1; i < loop->shard_count && !shard; i++)
        if (is_free(shards, loop->shards[i], now_us))
            shard = loop->shards[i];
    if (!shard && loop->shard_count < shards->count_max)
        shard = add_shard(shards, shards->shard_max);
    if (shard)
        shard->host = host;
    return shard;
}

/* Its own with room, the first ones first: those behind may fall idle. */
static struct hy_httpc_shard *own_shard(struct hy_httpc_loop *loop, uint64_t host)
{
    for (size_t i = 1; i < loop->shard_count; i++)
        if (loop->shards[i]->host == host && has_room(loop->shards[i]))
            return loop->shards[i];
    return NULL;
}

static struct hy_httpc_shard *any_room(struct hy_httpc_loop *loop)
{
    for (size_t i = 0; i < loop->shard_count; i++)
        if (has_room(loop->shards[i]))
            return loop->shards[i];
    return loop->shards[0]; /* libcurl lets it wait there */
}

struct hy_httpc_shard *hy_httpc_shards_take(struct hy_httpc_shards *shards, uint64_t host,
                                            int64_t now_us)
{
    struct hy_httpc_loop *loop = shards->loop;
    struct hy_httpc_shard *shard = own_shard(loop, host);

    if (!shard && *small_of(shards, host) < SMALL_HOST && has_room(loop->shards[0]))
        shard = loop->shards[0];
    if (!shard)
        shard = new_owner(shards, host, now_us);
    if (!shard)
        shard = any_room(loop);
    if (shard == loop->shards[0])
        ++*small_of(shards, host);
    shard->busy++;
    return shard;
}

void hy_httpc_shards_give_back(struct hy_httpc_shards *shards, struct hy_httpc_shard *shard,
                               uint64_t host, int64_t now_us)
{
    shard->busy--;
    shard->used_us = now_us;
    if (shard == shards->loop->shards[0])
        --*small_of(shards, host);
}

/* --- what is idle ----------------------------------------------------------------------------- */

void hy_httpc_shards_tidy(struct hy_httpc_shards *shards, int64_t now_us)
{
    struct hy_httpc_loop *loop = shards->loop;

    if (now_us < shards->tidy_us)
        return;
    shards->tidy_us = now_us + TIDY_EVERY_US;
    for (size_t i = 0; i < loop->shard_count; i++) {
        struct hy_httpc_shard *shard = loop->shards[i];

        if (shard->used_us == 0 || !is_free(shards, shard, now_us))
            continue;
        if (hy_httpc_loop_renew(shard) < 0)
            continue;
        set_limits(shard);
        shard->used_us = 0;
    }
}
