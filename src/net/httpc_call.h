/*
 * httpc_call.h - one transfer: a libcurl easy handle, what it sends, what it has heard.
 *
 * A call is set up once and used for many requests; httpc.c keeps them.
 */
#ifndef HY_NET_HTTPC_CALL_H
#define HY_NET_HTTPC_CALL_H

#include "base/arena.h"
#include "base/buf.h"
#include "net/httpc.h"
#include "net/httpc_loop.h"

#include <curl/curl.h>

/* What all calls of a client have in common. */
struct hy_httpc_common {
    struct hy_httpc_config config; /* with the defaults filled in, texts owned by the client */
    const char *no_proxy;
    bool plain_proxy; /* the environment may name a proxy for http: */
    CURLSH *share;
};

struct hy_httpc_call {
    struct hy_httpc_call *next, *prev;
    const struct hy_httpc_common *common;
    CURL *easy;
    CURLU *origin;         /* scheme and host of the latest request, */
    char *origin_text;     /* and the text that they were parsed from, or null */
    struct hy_arena arena; /* headers and body of the request */
    struct hy_buf answer;
    struct hy_httpc_guard guard;
    struct hy_httpc_shard *shard; /* under way in it, or null */
    uint64_t host;                /* its mark there */
    size_t header_bytes;
    hy_httpc_done *done;
    void *arg;
    int64_t started_us;
    int64_t timeout_ms;
    bool (*may_go)(void *arg);
    void *may_go_arg;
    bool withheld;    /* it said no */
    bool direct;      /* past any proxy */
    bool status_only; /* the answer's body is dropped */
    bool written;     /* a connection was ready: the request was about to be written */
    bool cut;         /* status line seen, end of its headers not */
    bool too_large;
    bool given_up;      /* by the one who reads or takes pieces */
    const char *failed; /* why it never started, or null */
};

/* Null when out of memory. */
struct hy_httpc_call *hy_httpc_call_new(const struct hy_httpc_common *common);
void hy_httpc_call_free(struct hy_httpc_call *call);

/* Copies `request` into the call, ready for the multi handle. HY_E_NOMEM. */
int hy_httpc_call_prepare(struct hy_httpc_call *call, const struct hy_http_request *request);

/* httpc_pieces.c: lets a prepared call read and give pieces. */
void hy_httpc_call_in_pieces(struct hy_httpc_call *call, const struct hy_httpc_pieces *pieces);

/* What libcurl gives of an answer: collects it. */
size_t hy_httpc_call_collect(char *bytes, size_t one, size_t size, void *arg);

/* How it ended; the texts point into the call. */
struct hy_http_response hy_httpc_call_result(const struct hy_httpc_call *call, CURLcode code,
                                             int64_t now_us);

/* Forgets the request and large memory. */
void hy_httpc_call_reset(struct hy_httpc_call *call);

#endif
