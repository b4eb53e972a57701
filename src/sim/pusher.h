/*
 * pusher.h - carries pushes to the developer's server: waits until one is due, posts it, posts it
 * again when no answer came in time, and remembers what became of it.
 *
 * One thread of its own with an HTTP client; it knows nothing of what the bytes mean. Every
 * function here may be called from any thread.
 *
 *   waiting ──due──> flying ──answered 2xx──> finished: delivered, or refused (another answer than
 *      ^               │                      nothing or "success")
 *      └── try 1, 2 ───┴────── try 3 ───────> finished: failed
 *
 * A try ends without success when no connection was made, no answer came within the timeout, or its
 * status was not 2xx. Due times are of the simulator's virtual clock. When so many wait as
 * HY_SIM_PUSHES_WAITING_MAX says, the one that is due first is dropped for the next.
 * HY_SIM_PUSHES_KEPT finished ones can be looked at.
 */
#ifndef HY_SIM_PUSHER_H
#define HY_SIM_PUSHER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HY_SIM_PUSHES_WAITING_MAX = 8192,
    HY_SIM_PUSHES_KEPT = 1000,
    HY_SIM_PUSH_TRIES = 3,
    HY_SIM_PUSH_ANSWER_BYTES = 256,
    HY_SIM_PUSH_ERROR_BYTES = 64
};

struct hy_sim_pusher;

struct hy_sim_pusher_config {
    int timeout_ms;   /* of a try; 0: 5000 */
    int64_t retry_ms; /* from the end of a try to the next; 0: 1000 */
};

/* A push to be made; everything is copied. */
struct hy_sim_push_order {
    const char *appid, *openid, *event; /* for the list only */
    const char *url;                    /* with its query */
    const char *content_type;
    const char *body;
    const char *plain; /* the body before it was encrypted, for the list; null: it was not */
    int64_t due_ms;
};

/* What became of the question whether a server is the one that it says. */
struct hy_sim_push_check {
    bool verified; /* 2xx, and the body is exactly the echostr */
    int status;    /* 0: no answer */
    char answer[HY_SIM_PUSH_ANSWER_BYTES];
    char error[HY_SIM_PUSH_ERROR_BYTES]; /* why there was no answer; "" */
};

struct hy_sim_push_counts {
    uint64_t made, delivered, refused, failed, dropped, tries;
    size_t waiting; /* not finished, those under way among them */
};

/* HY_E_NOMEM, HY_E_IO (no thread). */
int hy_sim_pusher_start(const struct hy_sim_pusher_config *config,
                        struct hy_sim_pusher **ret_pusher);

/* Without memory, or stopped, the push counts as dropped. */
void hy_sim_pusher_add(struct hy_sim_pusher *p, const struct hy_sim_push_order *order);

/* Counts a push that could not even be written. */
void hy_sim_pusher_drop(struct hy_sim_pusher *p);

/* Gets `url` once and compares the answer with `echostr`. Fills `ret_check`, which stays the
 * caller's, then calls `told` once: on the pusher's thread or, when it stops, on the stopping one
 * or the caller's own. */
void hy_sim_pusher_check(struct hy_sim_pusher *p, const char *url, const char *echostr,
                         struct hy_sim_push_check *ret_check, void (*told)(void *arg), void *arg);

/* How far the virtual clock is ahead of the machine's. */
void hy_sim_pusher_set_ahead(struct hy_sim_pusher *p, int64_t ahead_ms);

/* Forgets all pushes and counts. Those under way may still arrive, but are tried no more. */
void hy_sim_pusher_clear(struct hy_sim_pusher *p);

/* Appends a JSON array of the pushes of `appid` (null: all): the finished ones in the order they
 * ended, then those under way, then those that wait. */
void hy_sim_pusher_print(struct hy_sim_pusher *p, const char *appid, struct hy_buf *out);

struct hy_sim_push_counts hy_sim_pusher_counts(struct hy_sim_pusher *p);

/* Ends the thread, and what is under way; nothing is pushed from here on. */
void hy_sim_pusher_stop(struct hy_sim_pusher *p);

/* Null is legal. */
void hy_sim_pusher_free(struct hy_sim_pusher *p);

#endif
