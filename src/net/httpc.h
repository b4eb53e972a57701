/*
 * httpc.h - many HTTP requests at once over pooled connections: a face over libcurl multi.
 *
 * The client belongs to one thread, which calls hy_httpc_poll() in its loop; `done` callbacks run
 * inside that call. hy_httpc_wake() is the only function for other threads.
 *
 * "When may we send again" depends on what this file can tell (see hy_http_outcome). libcurl by
 * itself repeats a request when a reused connection dies before the first byte of an answer, even a
 * POST; that would send a message twice, so a second start is refused here, unless no byte of the
 * first was taken, and the outcome is NO_ANSWER.
 *
 * HTTP/1.1 only, http and https, TLS 1.2 at least, certificates always checked. Redirects are not
 * followed. A proxy of the environment (https_proxy, no_proxy) is honoured, never for loopback. An
 * answer without a length of its own ends where the server closes, so nobody can tell here whether
 * it is whole. The process must ignore SIGPIPE.
 *
 * A request with public_only opens no socket to an address that is not public (net/public_address.h),
 * whatever the name resolved to this time, takes no pooled connection to one, and uses no proxy, which
 * would resolve the name out of sight.
 */
#ifndef HY_NET_HTTPC_H
#define HY_NET_HTTPC_H

#include "base/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_httpc;

/* The error of a call that one of these gave up. */
#define HY_HTTPC_GIVEN_UP "given up"

/* A request and an answer that are too large for memory, for hy_httpc_once(). */
struct hy_httpc_pieces {
    /* Puts the next bytes of the body at `into`, at most `max`, and returns how many; 0: the end;
     * negative: give up (NO_ANSWER). The body is sent in chunks. Null: the request's own. It may
     * block. */
    long (*read)(void *arg, char *into, size_t max);
    /* Is given the bytes of a 2xx answer's body as they come; false: give up. Null: they are collected
     * as ever. Other answers always are. */
    bool (*take)(void *arg, const char *bytes, size_t size);
    void *arg;
};

struct hy_httpc_config {
    int connect_timeout_ms;  /* 0: 3000 */
    int total_timeout_ms;    /* 0: 10000 */
    size_t answer_max_bytes; /* 0: 1 MiB; a larger answer is NO_ANSWER "answer too large" */
    size_t connections_max;  /* open ones, all hosts; 0: 2048 */
    int idle_connection_s;   /* a pooled connection older than this is not reused; 0: 20 */
    const struct hy_httpc_pieces *pieces; /* null: none */
    const char *ca_file;                  /* trust anchors beside the system's; null: none */
};

int hy_httpc_new(const struct hy_httpc_config *config, struct hy_httpc **ret_client);

/* Calls under way end with NOT_SENT or NO_ANSWER "stopped" before it returns; null is legal. */
void hy_httpc_free(struct hy_httpc *client);

/* `response` and its bytes are valid only inside the callback. */
typedef void hy_httpc_done(const struct hy_http_response *response, void *arg);

/* Starts `request` (copied) and returns; `done` is called exactly once, from hy_httpc_poll(), even
 * when the start fails (out of memory: NOT_SENT). Only when there is no memory even to remember the
 * call, `done` runs before this returns. `done` may start further calls. */
void hy_httpc_start(struct hy_httpc *client, const struct hy_http_request *request,
                    hy_httpc_done *done, void *arg);

/* Moves transfers on and waits at most `timeout_ms` for something to happen, or for a wake. */
void hy_httpc_poll(struct hy_httpc *client, int timeout_ms);

/* Ends the current or the next hy_httpc_poll() early. Any thread. */
void hy_httpc_wake(struct hy_httpc *client);

size_t hy_httpc_busy(const struct hy_httpc *client); /* calls started and not done */

/* One request, start to end, for the command line. */
void hy_httpc_once(const struct hy_httpc_config *config, const struct hy_http_request *request,
                   hy_httpc_done *done, void *arg);

#endif
