/*
 * httpc_loop.h - the sockets and timers of a libcurl multi handle, on epoll.
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

struct hy_httpc_loop {
    CURLM *multi; /* borrowed */
    int epoll_fd, wake_fd;
    struct hy_httpc_socket *sockets; /* by descriptor */
    size_t socket_count;
    int64_t due_us; /* when libcurl wants to be called at the latest, monotonic */
};

/* HY_E_IO, HY_E_NOMEM; deinit is legal after a failure and on zeroed memory with -1 descriptors. */
int hy_httpc_loop_init(struct hy_httpc_loop *loop, CURLM *multi);

/* After curl_multi_cleanup(), which still closes sockets. */
void hy_httpc_loop_deinit(struct hy_httpc_loop *loop);

/* Every easy handle of the multi handle must be introduced once; `guard` outlives it. */
void hy_httpc_loop_introduce(struct hy_httpc_loop *loop, CURL *easy, struct hy_httpc_guard *guard);

/* Lets libcurl do what is due by time, newly added transfers among it. */
void hy_httpc_loop_run_due(struct hy_httpc_loop *loop);

/* Waits at most `timeout_ms` for sockets, a due timer or a wake, and lets libcurl handle them. */
void hy_httpc_loop_wait(struct hy_httpc_loop *loop, int timeout_ms);

/* Any thread. */
void hy_httpc_loop_wake(struct hy_httpc_loop *loop);

#endif
