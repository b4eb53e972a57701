#include "cli/signals.h"

#include "base/err.h"
#include "base/log.h"

#include <signal.h>
#include <unistd.h>

static void fill(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

static void *wait_for_signals(void *arg)
{
    struct hy_signals *signals = arg;
    sigset_t set;
    int number, ignored;

    fill(&set);
    if (sigwait(&set, &number) == 0) {
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
        signals->stop(signals->arg);
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored);
        if (sigwait(&set, &number) == 0) {
            hy_log(HY_LOG_WARN, "stop.forced", "signal=%d", number);
            _exit(1);
        }
    }
    return NULL;
}

int hy_signals_start(struct hy_signals *signals, void (*stop)(void *arg), void *arg)
{
    sigset_t set;

    *signals = (struct hy_signals){.stop = stop, .arg = arg};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes: the write fails, as on a full disk */
    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return pthread_create(&signals->thread, NULL, wait_for_signals, signals) == 0 ? 0 : HY_E_IO;
}

void hy_signals_end(struct hy_signals *signals)
{
    /* sigwait() is a cancellation point; `stop` runs to its end. */
    pthread_cancel(signals->thread);
    pthread_join(signals->thread, NULL);
}
