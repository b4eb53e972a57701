#include "unit/net/helper.h"

#include <stdlib.h>
#include <string.h>

static void *work(void *arg)
{
    struct helper *h = arg;
    struct hy_httpd_request *lot[HELPER_QUEUE];

    pthread_mutex_lock(&h->lock);
    for (;;) {
        size_t count = h->count;

        if (!count && h->stop)
            break;
        if (!count || h->hold) {
            pthread_cond_wait(&h->changed, &h->lock);
            continue;
        }
        memcpy(lot, h->queue, count * sizeof *lot);
        h->count = 0;
        pthread_mutex_unlock(&h->lock);
        for (size_t i = 0; i < count; i++)
            hy_httpd_wake(lot[i]);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

void helper_start(struct helper *h, bool hold)
{
    memset(h, 0, sizeof *h);
    h->hold = hold;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->changed, NULL);
    if (pthread_create(&h->thread, NULL, work, h) != 0)
        abort();
}

static void set(struct helper *h, bool *flag, bool value)
{
    pthread_mutex_lock(&h->lock);
    *flag = value;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

void helper_stop(struct helper *h)
{
    set(h, &h->hold, false);
    set(h, &h->stop, true);
    pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
}

void helper_queue(struct helper *h, struct hy_httpd_request *req)
{
    pthread_mutex_lock(&h->lock);
    if (h->count == HELPER_QUEUE)
        abort();
    h->queue[h->count++] = req;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

size_t helper_waiting(struct helper *h)
{
    size_t count;

    pthread_mutex_lock(&h->lock);
    count = h->count;
    pthread_mutex_unlock(&h->lock);
    return count;
}

void helper_release(struct helper *h)
{
    set(h, &h->hold, false);
}

void helper_hold(struct helper *h)
{
    set(h, &h->hold, true);
}
