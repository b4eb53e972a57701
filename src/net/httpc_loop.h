/*
 * httpc_loop.h - the sockets and timers of libcurl's multi handles, on one epoll.
 *
 * curl_multi_perform() asks the kernel about every open transfer each time it is called: with 1,000
 * slow answers under way that costs four times as much CPU a request as being told by epoll which
 * one is ready. The usual epoll example takes a socket out of the set after each answer and puts it
 * back for the next request; here it stays in until it is closed, or until it speaks up while
 * nobody waits for it.
 */
#ifndef HY_NET_HTTPC_LOOP_H
#define HY_NET_HTTPC_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_httpc_socket;

/* Who may be connected to, for one easy handle. */
struct hy_httpc_guard {
    struct hy_httpc_loop *loop;
    bool public_only; /* no socket is opened to other addresses */
    bool refused;     /* out: one was asked for */
};

/* A multi handle. What it is for is httpc_shards.h's. */
struct hy_httpc_shard {
    CURLM *multi;
    struct hy_httpc_loop *loop;
    int64_t due_us; /* when libcurl wants to be called at the latest, monotonic */
    bool moved;     /* libcurl was called since hy_httpc_loop_ended() found nothing more */
    /* Kept by httpc_shards.c. */
    uint64_t host;
    size_t busy, busy_max;
    int64_t used_us; /* 0: not since it was made anew */
};

enum { HY_HTTPC_SHARDS_MAX = 256 };

struct hy_httpc_loop {
    int epoll_fd, wake_fd;
    struct hy_httpc_shard *shards[HY_HTTPC_SHARDS_MAX];
    size_t shard_count;
    struct hy_httpc_socket *sockets; /* by descriptor */
    size_t socket_count;
};

/* HY_E_IO; deinit is legal after a failure and on zeroed memory with -1 descriptors. */
int hy_httpc_loop_init(struct hy_httpc_loop *loop);

/* Ends the multi handles, too; their easy handles were taken out before. */
void hy_httpc_loop_deinit(struct hy_httpc_loop *loop);

/* One more multi handle, which lives as long as the loop; null when out of memory, or at
 * HY_HTTPC_SHARDS_MAX. */
struct hy_httpc_shard *hy_httpc_loop_add(struct hy_httpc_loop *loop);

/* Closes the connections of one in which nothing is under way, and takes its limits away: libcurl looks at
 * what is idle, or was closed by the other side, only when the next request comes. HY_E_NOMEM, nothing
 * changed. */
int hy_httpc_loop_renew(struct hy_httpc_shard *shard);

/* A transfer that has ended and is still in its multi handle, or null. */
CURLMsg *hy_httpc_loop_ended(struct hy_httpc_loop *loop);

/* Every easy handle must be introduced once; `guard` outlives it. */
void hy_httpc_loop_introduce(struct hy_httpc_loop *loop, CURL *easy, struct hy_httpc_guard *guard);

/* Lets libcurl do what is due by time, newly added transfers among it. */
void hy_httpc_loop_run_due(struct hy_httpc_loop *loop);

/* Waits at most `timeout_ms` for sockets, a due timer or a wake, and lets libcurl handle them. */
void hy_httpc_loop_wait(struct hy_httpc_loop *loop, int timeout_ms);

/* Any thread. */
void hy_httpc_loop_wake(struct hy_httpc_loop *loop);

#endif
