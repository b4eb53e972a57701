/*
 * httpc_shards.h - the client's connections, in groups that libcurl looks through apart.
 *
 * For each request libcurl walks over all open connections to its host until one is free, and over all
 * of its multi handle when it ends. With 1,000 under way that is more work than the rest of the request.
 * So a host that is asked much gets multi handles of its own, each with few connections. All others
 * share the first one.
 *
 *   few requests under way to a host -> common
 *   more                             -> the first of its own shards with room, or a new one
 *   no shard left for it             -> wherever there is room; common, if there is none
 *
 * A shard goes to another host when nothing was under way in it for as long as connections are kept.
 */
#ifndef HY_NET_HTTPC_SHARDS_H
#define HY_NET_HTTPC_SHARDS_H

#include "net/httpc_loop.h"

enum { HY_HTTPC_SMALL_HOSTS = 64 };

struct hy_httpc_shards {
    struct hy_httpc_loop *loop;           /* borrowed; its shards are these, the first one common */
    size_t count_max;                     /* with the common one */
    size_t common_max, shard_max;         /* connections */
    int64_t keep_us, tidy_us;             /* tidy_us: no earlier than then */
    uint32_t small[HY_HTTPC_SMALL_HOSTS]; /* under way in common, by a part of the host's mark */
};

/* `connections_max` in all, idle ones too, of which each is kept for `keep_us`. HY_E_NOMEM. */
int hy_httpc_shards_init(struct hy_httpc_shards *shards, struct hy_httpc_loop *loop,
                         size_t connections_max, int64_t keep_us);

/* Tells hosts (with scheme and port) apart: a number of the beginning of `url`. */
uint64_t hy_httpc_host_mark(const char *url);

/* The shard for a request to that host, which counts as under way in it until it is given back.
 * Never null. */
struct hy_httpc_shard *hy_httpc_shards_take(struct hy_httpc_shards *shards, uint64_t host,
                                            int64_t now_us);
void hy_httpc_shards_give_back(struct hy_httpc_shards *shards, struct hy_httpc_shard *shard,
                               uint64_t host, int64_t now_us);

/* Closes the connections of those in which nothing was under way for as long as connections are kept. Costs
 * next to nothing; to be called now and then. */
void hy_httpc_shards_tidy(struct hy_httpc_shards *shards, int64_t now_us);

#endif
