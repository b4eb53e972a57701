/*
 * script.h - a server of a test's own: a function in a thread that plays the server's part by hand.
 */
#ifndef HY_TESTS_SCRIPT_H
#define HY_TESTS_SCRIPT_H

#include "base/http.h"
#include "net/httpc.h"
#include "unit/net/wire.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SCRIPT_URL_BYTES = 128 };

struct script {
    int listener;
    char address[64];
    char url[SCRIPT_URL_BYTES]; /* "http://127.0.0.1:port/path" */
    void (*play)(struct script *s);
    pthread_t thread;
    atomic_int step;     /* set by the play, waited for by the test, or the other way round */
    atomic_int requests; /* whole ones that came, counted by script_request() */
    char last[WIRE_TEXT_BYTES];
};

void script_start(struct script *s, void (*play)(struct script *s));

/* Waits for the end of the play. */
void script_join(struct script *s);

/* Accepts, reads a request into `last` and counts it. */
int script_accept(struct script *s);
bool script_request(struct script *s, int fd);

/* What a call came to, kept beyond its callback. */
struct result {
    atomic_int done; /* number of times `done` was called */
    enum hy_http_outcome outcome;
    int status;
    char body[WIRE_TEXT_BYTES];
    size_t body_size;
    char error[64];
    int64_t took_ms;
};

/* A hy_httpc_done; `arg` is a struct result. */
void result_take(const struct hy_http_response *response, void *arg);

/* Sends a POST of `body` (null: a GET), and polls until it is done. */
void result_ask(struct hy_httpc *client, const char *url, const char *body, struct result *ret);

#endif
