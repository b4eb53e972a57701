/*
 * httpd.h - an HTTP/1.1 server: a face of a few functions over libmicrohttpd.
 *
 * One thread of its own runs every handler. A handler answers at once, or defers: it keeps the
 * request, lets another thread finish the work, and that thread wakes the request; the
 * continuation then runs on the server's thread again. So everything that touches a request,
 * except hy_httpd_wake(), runs on that one thread.
 *
 *   handler(req)  ->  hy_httpd_reply(req, ...)                        answered at once
 *   handler(req)  ->  hy_httpd_defer(req, then, arg)                  ... other thread works ...
 *                     hy_httpd_wake(req) from any thread  ->  then(req, arg)  ->  reply or defer
 *
 * A peer that closes while its request is deferred leaves the request alive: the continuation runs
 * all the same, on the server's thread, and its answer may go nowhere (see hy_httpd_gone).
 * Bodies are collected whole, up to the limit; larger ones are answered 413 and the connection is
 * closed: after their end, so that the client sees the answer, when that is not far. Header blocks
 * are bounded by libmicrohttpd's connection memory (16 KiB).
 *
 * Large things stream: a body comes in pieces, an answer leaves in pieces, and of either no more
 * than one piece is in memory. Every step ends by saying what it waits for:
 *
 *   config.head(req)                           the headers are there, the body is not
 *     -> hy_httpd_read(req, piece, arg)        "run piece() when there are bytes"
 *   piece(req, arg)                            hy_httpd_piece() has up to 16 KiB, or the end
 *     -> hy_httpd_defer(req, stored, arg)      this piece takes a while: the peer is not read from
 *          ... other thread works, wakes ...   meanwhile, and the piece stays where it is
 *        stored(req, arg)
 *     -> hy_httpd_read(req, piece, arg)        done with this one, the next one please
 *     -> hy_httpd_reply(req, ...)              at the end; before it, too: then the rest of the
 *                                              body is read and forgotten, so that the peer sees
 *                                              the answer
 *
 *   handler(req)
 *     hy_httpd_stream(req, 200, "text/plain")  an answer of unknown length
 *     -> hy_httpd_write(req, bytes, size, more, arg)   "run more() when they are gone"
 *   more(req, arg)
 *     -> hy_httpd_defer(req, looked, arg)      ... other thread reads on, wakes ...
 *        looked(req, arg)
 *     -> hy_httpd_write(...), and at last hy_httpd_end(req)
 *
 * A peer that goes in the middle is told to whoever waits: the step that is due runs with
 * hy_httpd_gone(), and ends with hy_httpd_abort() or hy_httpd_reply() as usual. So is the end of the
 * server's patience with a body (hy_httpd_cut): the step runs with hy_httpd_is_cut().
 */
#ifndef HY_NET_HTTPD_H
#define HY_NET_HTTPD_H

#include "base/arena.h"
#include "base/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_httpd;
struct hy_httpd_request;

typedef void hy_httpd_handler(struct hy_httpd_request *req, void *arg);

struct hy_httpd_config {
    const char *listen;       /* "127.0.0.1:8080", "[::1]:0"; port 0 = any free one */
    size_t body_max_bytes;    /* 0: 8 MiB */
    unsigned connections_max; /* 0: 8192 */
    unsigned idle_timeout_s;  /* 0: 60; a deferred request does not count as idle */
    /* PEM texts, both or neither: HTTPS, TLS 1.2 at least. For the simulator, not for more: there are
     * no bodies in pieces then, and a continuation does not defer again, because the server cannot
     * wake itself by a connection of its own. */
    const char *tls_cert, *tls_key;
    hy_httpd_handler *handler;
    /* Called when the headers of a request that could have a body are there; null: never. It asks
     * for the body in pieces (hy_httpd_read), or answers without one (hy_httpd_reply), or does
     * nothing: then the body is collected and `handler` called. No limit of size holds for a body
     * in pieces; the time-outs do. Not called once the server is quiet. */
    hy_httpd_handler *head;
    /* Called on the server's thread when a request cannot reach the handler (413 too large, 400
     * malformed, 503 after hy_httpd_quiesce; libmicrohttpd itself answers what it cannot parse):
     * fills the answer by hy_httpd_reply(). Null: a plain text answer. */
    void (*refuse)(struct hy_httpd_request *req, int status, void *arg);
    void *arg;
};

/* Starts listening. HY_E_INVALID (listen is not host:port), HY_E_BUSY (address in use), HY_E_IO,
 * HY_E_DENIED (certificate and key are none, or do not fit each other). */
int hy_httpd_start(const struct hy_httpd_config *config, struct hy_httpd **ret_httpd);

/* "127.0.0.1:8080" with the real port. */
const char *hy_httpd_address(const struct hy_httpd *httpd);

/* Stops accepting new connections. Requests under way go on, and their connections are closed after
 * the answer; a request that begins later on an open connection is refused with 503. So from here
 * on hy_httpd_busy() falls, and once it is 0 no handler and no continuation will run any more. */
void hy_httpd_quiesce(struct hy_httpd *httpd);

/* After hy_httpd_quiesce(), from any thread: bodies in pieces are given up where their next piece is
 * waited for, however long their peer would go on. That step runs with hy_httpd_is_cut() and has to
 * answer by hy_httpd_reply() or hy_httpd_abort() at once. The peer gets the answer in the middle of
 * its body; it has a second or two to take it. */
void hy_httpd_cut(struct hy_httpd *httpd);

/* Number of requests that were handed to the handler and whose answer is not written out yet. Any
 * thread. */
size_t hy_httpd_busy(const struct hy_httpd *httpd);

/* Every deferred request must have been woken before: quiesce, wait until hy_httpd_busy() is 0,
 * then stop the threads that wake, then call this. Closes all connections and frees all; null is
 * legal. Steps of bodies and answers that are still streaming run once more, with hy_httpd_gone();
 * they may not defer then, there is nobody left to wake them. */
void hy_httpd_stop(struct hy_httpd *httpd);

/* --- one request; everything returned lives as long as the request ---------------------------- */

const char *hy_httpd_method(const struct hy_httpd_request *req);
const char *hy_httpd_path(const struct hy_httpd_request *req); /* decoded, without the query */

/* Null when absent. Query names and values are decoded. */
const char *hy_httpd_header(struct hy_httpd_request *req, const char *name);
const char *hy_httpd_query(struct hy_httpd_request *req, const char *name);

/* Of several headers of that name the last one: what a proxy added itself. */
const char *hy_httpd_last_header(struct hy_httpd_request *req, const char *name);

/* Calls `each` for every query parameter, in order; a parameter without "=" has the value "". */
void hy_httpd_each_query(struct hy_httpd_request *req,
                         void (*each)(const char *name, const char *value, void *arg), void *arg);

/* Numeric address of the peer, "127.0.0.1". */
const char *hy_httpd_peer(struct hy_httpd_request *req);

const char *hy_httpd_body(const struct hy_httpd_request *req, size_t *ret_size);

/* Memory with the lifetime of the request, for handler and continuation. */
struct hy_arena *hy_httpd_arena(struct hy_httpd_request *req);

/* The same for what need not wait for the answer: handler and continuation may reset it before. */
struct hy_arena *hy_httpd_scratch(struct hy_httpd_request *req);

/* True in a continuation whose peer is known to have gone. Method, path, body and arena are still
 * there; headers, query and peer are not, and the answer is thrown away. */
bool hy_httpd_gone(const struct hy_httpd_request *req);

/* True in a step of a body in pieces that is given up: there is no piece, and none will come. */
bool hy_httpd_is_cut(const struct hy_httpd_request *req);

/* A pointer of the handler's own. */
void hy_httpd_set_user(struct hy_httpd_request *req, void *user);
void *hy_httpd_user(const struct hy_httpd_request *req);

/* --- answering -------------------------------------------------------------------------------- */

/* Adds a header to the coming answer; name and value are copied. */
void hy_httpd_add_header(struct hy_httpd_request *req, const char *name, const char *value);

/* Answers. `content_type` may be null for none. The body is copied. Exactly one reply a request. */
void hy_httpd_reply(struct hy_httpd_request *req, int status, const char *content_type,
                    const void *body, size_t body_size);

/* The same with a body that outlives the server, such as a file in the program: it is not copied, however many
 * peers take their time over it. */
void hy_httpd_reply_lasting(struct hy_httpd_request *req, int status, const char *content_type,
                            const void *body, size_t body_size);

/* Closes the connection without a byte of an answer (the simulator's "drop"); in the middle of one
 * that streams, so that the peer can tell that it is not whole. */
void hy_httpd_abort(struct hy_httpd_request *req);

/* Called by a handler or continuation instead of replying. hy_httpd_wake() may come from another
 * thread at any time after (even before the handler returned). One wake a defer. */
void hy_httpd_defer(struct hy_httpd_request *req, hy_httpd_handler *then, void *arg);
void hy_httpd_wake(struct hy_httpd_request *req);

/* --- in pieces; not for a peer that is known to have gone ------------------------------------- */

/* In config.head and in the steps that follow it. `then` runs when there are bytes that were not
 * read yet, when the body has ended, and when the peer has gone. */
void hy_httpd_read(struct hy_httpd_request *req, hy_httpd_handler *then, void *arg);

/* The piece that is being worked on, until the next hy_httpd_read(); for the thread that works on
 * it, too. Ask again after a wake: it may stand elsewhere. Size 0: the body has ended. */
const char *hy_httpd_piece(const struct hy_httpd_request *req, size_t *ret_size);

/* Instead of hy_httpd_reply(): status and headers of an answer whose body follows by
 * hy_httpd_write(). They leave with the first of these. */
void hy_httpd_stream(struct hy_httpd_request *req, int status, const char *content_type);

/* `bytes` (at least 1) are borrowed until `then` runs: when all were taken, or the peer has gone. */
void hy_httpd_write(struct hy_httpd_request *req, const void *bytes, size_t size,
                    hy_httpd_handler *then, void *arg);

/* The answer is whole. */
void hy_httpd_end(struct hy_httpd_request *req);

#endif
