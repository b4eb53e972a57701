#include "sim/alarm.h"

#include "base/clock.h"
#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct bell {
    int64_t due_us; /* monotonic */
    void (*ring)(void *arg);
    void *arg;
};

/* The heap's first bell is the next one due. */
struct hy_sim_alarm {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool quiet;
    struct bell *bells;
    size_t count, capacity;
};

static void swap(struct bell *a, struct bell *b)
{
    struct bell kept = *a;

    *a = *b;
    *b = kept;
}

static void push(struct hy_sim_alarm *a, struct bell bell)
{
    size_t i = a->count++;

    a->bells[i] = bell;
    while (i && a->bells[i].due_us < a->bells[(i - 1) / 2].due_us) {
        swap(&a->bells[i], &a->bells[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static struct bell pop(struct hy_sim_alarm *a)
{
    struct bell first = a->bells[0];
    size_t i = 0;

    a->bells[0] = a->bells[--a->count];
    for (;;) {
        size_t least = i, child = 2 * i + 1;

        for (size_t k = child; k < child + 2 && k < a->count; k++) {
            if (a->bells[k].due_us < a->bells[least].due_us)
                least = k;
        }
        if (least == i)
            return first;
        swap(&a->bells[i], &a->bells[least]);
        i = least;
    }
}

static void wait_for_next(struct hy_sim_alarm *a)
{
    struct timespec until;

    if (!a->count) {
        pthread_cond_wait(&a->changed, &a->lock);
        return;
    }
    until.tv_sec = (time_t)(a->bells[0].due_us / 1000000);
    until.tv_nsec = (long)(a->bells[0].due_us % 1000000 * 1000);
    pthread_cond_timedwait(&a->changed, &a->lock, &until);
}

static void *run(void *arg)
{
    struct hy_sim_alarm *a = arg;

    pthread_mutex_lock(&a->lock);
    while (!a->quiet || a->count) {
        struct bell bell;

        if (!a->count || (!a->quiet && a->bells[0].due_us > hy_clock_mono_us())) {
            wait_for_next(a);
            continue;
        }
        bell = pop(a);
        pthread_mutex_unlock(&a->lock);
        bell.ring(bell.arg);
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

int hy_sim_alarm_start(struct hy_sim_alarm **ret_alarm)
{
    struct hy_sim_alarm *a = calloc(1, sizeof *a);
    pthread_condattr_t monotonic;

    if (!a)
        return HY_E_NOMEM;
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&a->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&a->thread, NULL, run, a) != 0) {
        pthread_cond_destroy(&a->changed);
        pthread_mutex_destroy(&a->lock);
        free(a);
        return HY_E_IO;
    }
    *ret_alarm = a;
    return 0;
}

static bool make_room(struct hy_sim_alarm *a)
{
    size_t capacity = a->capacity ? a->capacity * 2 : 256;
    struct bell *bells;

    if (a->count < a->capacity)
        return true;
    bells = realloc(a->bells, capacity * sizeof *bells);
    if (!bells)
        return false;
    a->bells = bells;
    a->capacity = capacity;
    return true;
}

void hy_sim_alarm_add(struct hy_sim_alarm *a, int64_t delay_ms, void (*ring)(void *arg), void *arg)
{
    int64_t due_us = hy_clock_mono_us() + delay_ms * 1000;
    bool waits;

    pthread_mutex_lock(&a->lock);
    waits = !a->quiet && make_room(a);
    if (waits) {
        push(a, (struct bell){.due_us = due_us, .ring = ring, .arg = arg});
        if (a->bells[0].due_us == due_us)
            pthread_cond_signal(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    if (!waits)
        ring(arg);
}

void hy_sim_alarm_quiesce(struct hy_sim_alarm *a)
{
    pthread_mutex_lock(&a->lock);
    a->quiet = true;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
}

void hy_sim_alarm_free(struct hy_sim_alarm *a)
{
    if (!a)
        return;
    if (!a->quiet)
        hy_sim_alarm_quiesce(a);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a->bells);
    free(a);
}
