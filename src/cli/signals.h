/*
 * signals.h - SIGTERM and SIGINT as a call on a thread of its own.
 *
 * One such thread a process. Start it before any other thread, so that all of them inherit the
 * blocked signals and none is interrupted anywhere.
 */
#ifndef HY_CLI_SIGNALS_H
#define HY_CLI_SIGNALS_H

#include <pthread.h>

struct hy_signals {
    pthread_t thread;
    void (*stop)(void *arg);
    void *arg;
};

/*
 * Blocks the two signals, ignores SIGPIPE and SIGXFSZ, starts the thread. The first signal calls
 * `stop` there, the second ends the process at once with code 1. HY_E_IO when there can be no
 * thread.
 */
int hy_signals_start(struct hy_signals *signals, void (*stop)(void *arg), void *arg);

/* Ends the thread; `stop` is not called after this. */
void hy_signals_end(struct hy_signals *signals);

#endif
