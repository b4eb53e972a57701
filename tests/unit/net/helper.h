/*
 * helper.h - a thread that wakes deferred requests, as a store's writer would.
 */
#ifndef HY_TESTS_HELPER_H
#define HY_TESTS_HELPER_H

#include "net/httpd.h"

#include <pthread.h>
#include <stdbool.h>

enum { HELPER_QUEUE = 4096 };

struct helper {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct hy_httpd_request *queue[HELPER_QUEUE];
    size_t count;
    bool hold; /* requests wait until helper_release() */
    bool stop;
};

/* Wakes whatever is queued in a thread of its own; with `hold` not before it is told to. */
void helper_start(struct helper *h, bool hold);
void helper_stop(struct helper *h);

/* From a handler that has just deferred, or is about to return. */
void helper_queue(struct helper *h, struct hy_httpd_request *req);
size_t helper_waiting(struct helper *h);
void helper_release(struct helper *h);
void helper_hold(struct helper *h);

#endif
