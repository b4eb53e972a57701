/*
 * http.h - the shapes of HTTP that layers hand to each other: plain data, no I/O.
 *
 * Who builds one says in its own header who owns the memory; nothing here frees.
 */
#ifndef HY_BASE_HTTP_H
#define HY_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_http_header {
    const char *name;
    const char *value;
};

enum { HY_HTTP_HEADERS_MAX = 8 };

/* A request to be sent. */
struct hy_http_request {
    const char *method; /* "GET", "POST" */
    const char *url;    /* absolute; may hold a secret: print it through hy_http_mask_url() */
    struct hy_http_header headers[HY_HTTP_HEADERS_MAX];
    size_t header_count;
    const char *body; /* null = none */
    size_t body_size;
    /* Only to an address of the public internet, whatever name it goes by: otherwise NOT_SENT "address
     * not public". For URLs that somebody else chose. */
    bool public_only;
    int64_t timeout_ms; /* in all; 0 = the client's */
    bool status_only;   /* the answer's body is read and dropped, however large it is */
    /* Asked when a connection is ready, just before the first byte: false: nothing is written, NOT_SENT
     * "withheld". Null: it goes. Called by whoever sends, before the end is told. */
    bool (*may_go)(void *arg);
    void *may_go_arg;
    /* Query parameters whose values are secrets ("access_token", "secret"), ended by a null. */
    const char *const *secret_params;
};

/* How a request ended, as far as the wire can tell. "When may we send again" hangs on these three:
 * only NOT_SENT is known to have had no effect. */
enum hy_http_outcome {
    HY_HTTP_ANSWERED,  /* a whole response was read */
    HY_HTTP_NOT_SENT,  /* failed before a byte of the request was written */
    HY_HTTP_NO_ANSWER, /* something was written and no whole response came back */
};

struct hy_http_response {
    enum hy_http_outcome outcome;
    int status;       /* ANSWERED only */
    const char *body; /* never null; ends with a zero byte that body_size does not count */
    size_t body_size;
    const char *error; /* short reason when not ANSWERED ("connection refused"); no secrets */
    int64_t took_ms;
};

/* Copies `url` into `into` with the value of each named query parameter replaced by ***; cut to
 * fit. Returns `into`. `secret_params` may be null. */
const char *hy_http_mask_url(char *into, size_t size, const char *url,
                             const char *const *secret_params);

#endif
