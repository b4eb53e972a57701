/*
 * hush.h - log lines that strangers can cause: at most one a minute for an app, so that nobody floods
 * the log. Only src/engine includes it.
 */
#ifndef HY_ENGINE_HUSH_H
#define HY_ENGINE_HUSH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* More apps than slots share them, and so their lines. */
enum { HY_HUSH_SLOTS = 64 };

struct hy_hush {
    pthread_mutex_t lock;
    struct hy_hush_slot {
        int64_t said_at_ms; /* 0 = never */
        int64_t unsaid;     /* since then */
    } slots[HY_HUSH_SLOTS];
};

void hy_hush_init(struct hy_hush *hush);
void hy_hush_deinit(struct hy_hush *hush);

/* Any thread. True: say it, `ret_unsaid` others were not said since the last time. */
bool hy_hush_may_say(struct hy_hush *hush, int64_t app_no, int64_t now_ms, int64_t *ret_unsaid);

#endif
