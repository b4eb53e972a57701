/*
 * A thread that listens for what other nodes did, on a connection of its own. Each new connection tells
 * HY_NEWS_KINDS: what was notified meanwhile is lost.
 */
#include "base/clock.h"
#include "base/err.h"
#include "store/postgres/link_own.h"
#include "store/postgres/news.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

enum { DELAY_MIN_MS = 200, DELAY_MAX_MS = 5000, NO_LIMIT = -1 };

struct hy_pg_watch {
    const char *url;
    char sender[HY_PG_SENDER_BYTES];
    int wake_fd;
    pthread_t thread;
    bool running;
    hy_store_news *tell; /* both as long as the thread runs */
    void *arg;

    atomic_bool stop;
    atomic_int_fast64_t node;

    /* The thread's own. */
    PGconn *conn;
    int64_t listens; /* as which node */
};

const char *hy_pg_watch_sender(const struct hy_pg_watch *watch)
{
    return watch->sender;
}

/* --- notices ---------------------------------------------------------------------------------- */

/* A number and what is behind it; false when there is none, or it is too large. */
static bool read_number(const char **text, int64_t max, int64_t *ret_number)
{
    int64_t number = 0;
    const char *p = *text;

    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (number > (max - (*p - '0')) / 10)
            return false;
        number = number * 10 + (*p - '0');
    }
    *text = p + (*p == ' ');
    *ret_number = number;
    return *p == ' ' || *p == 0;
}

/* Whoever may connect to the database may have sent it. */
bool hy_pg_notice_read(const char *payload, struct hy_pg_notice *ret_notice)
{
    size_t length = strcspn(payload, " ");
    struct hy_pg_notice n = {.at_ms = 0};
    const char *rest = payload + length + 1;
    int64_t news;

    if (length == 0 || length >= sizeof n.sender || !payload[length] ||
        !read_number(&rest, HY_NEWS_KINDS - 1, &news) || !read_number(&rest, INT64_MAX, &n.id))
        return false;
    if (*rest && (!read_number(&rest, INT64_MAX, &n.at_ms) || *rest))
        return false;
    memcpy(n.sender, payload, length);
    n.news = (enum hy_news)news;
    *ret_notice = n;
    return true;
}

static void tell_notices(struct hy_pg_watch *watch)
{
    PGnotify *notify;
    struct hy_pg_notice n;

    while ((notify = PQnotifies(watch->conn))) {
        if (!atomic_load(&watch->stop) && hy_pg_notice_read(notify->extra, &n) &&
            strcmp(n.sender, watch->sender) != 0)
            watch->tell(n.news, n.id, n.at_ms, watch->arg);
        PQfreemem(notify);
    }
}

/* --- listening -------------------------------------------------------------------------------- */

/* Both channels; false when the connection is of no use. */
static bool listen_as(struct hy_pg_watch *watch, int64_t node)
{
    char text[120];

    snprintf(text, sizeof text,
             "UNLISTEN *; LISTEN " HY_PG_CHANNEL "; LISTEN " HY_PG_CHANNEL "_node%" PRId64, node);
    if (!hy_pg_command(watch->conn, text, HY_PG_CONNECT_S * 1000))
        return false;
    watch->listens = node;
    watch->tell(HY_NEWS_KINDS, 0, 0, watch->arg);
    return true;
}

static void swallow_wake(struct hy_pg_watch *watch)
{
    uint64_t count;

    if (read(watch->wake_fd, &count, sizeof count) < 0)
        return; /* nobody woke us */
}

/* True when there is something to read; false also when it broke. */
static bool await_input(struct hy_pg_watch *watch)
{
    struct pollfd fds[] = {{.fd = PQsocket(watch->conn), .events = POLLIN},
                           {.fd = watch->wake_fd, .events = POLLIN}};

    if (poll(fds, 2, NO_LIMIT) < 0)
        return false;
    if (fds[1].revents)
        swallow_wake(watch);
    return fds[0].revents != 0;
}

/* Until the connection breaks or we are to stop. */
static void listen_on(struct hy_pg_watch *watch)
{
    bool good = listen_as(watch, atomic_load(&watch->node));

    while (good && !atomic_load(&watch->stop)) {
        tell_notices(watch);
        if (await_input(watch))
            good = PQconsumeInput(watch->conn) && PQstatus(watch->conn) == CONNECTION_OK;
        if (good && watch->listens != atomic_load(&watch->node))
            good = listen_as(watch, atomic_load(&watch->node));
    }
}

/* --- the thread ------------------------------------------------------------------------------- */

static bool connect_watch(struct hy_pg_watch *watch)
{
    static const char name[] = "hongyan watch";
    char why[HY_PG_WHY_BYTES];

    watch->conn = hy_pg_connect(watch->url, name);
    return watch->conn && PQstatus(watch->conn) == CONNECTION_OK &&
           hy_pg_set_up(watch->conn, name, why, sizeof why) == 0;
}

/* Not all nodes at one instant: the clock of each is another one. */
static void rest(struct hy_pg_watch *watch, int delay_ms)
{
    struct pollfd fd = {.fd = watch->wake_fd, .events = POLLIN};
    int more_ms = (int)(hy_clock_mono_us() % (delay_ms / 4));

    if (poll(&fd, 1, delay_ms + more_ms) > 0)
        swallow_wake(watch);
}

static void *run(void *arg)
{
    struct hy_pg_watch *watch = (struct hy_pg_watch *)arg;
    int delay_ms = DELAY_MIN_MS;

    while (!atomic_load(&watch->stop)) {
        int64_t began_us = hy_clock_mono_us();

        if (connect_watch(watch))
            listen_on(watch);
        PQfinish(watch->conn);
        watch->conn = NULL;
        if (hy_clock_mono_us() - began_us > (int64_t)DELAY_MAX_MS * 1000)
            delay_ms = DELAY_MIN_MS; /* it was good for a while */
        if (!atomic_load(&watch->stop))
            rest(watch, delay_ms);
        delay_ms = delay_ms * 2 < DELAY_MAX_MS ? delay_ms * 2 : DELAY_MAX_MS;
    }
    return NULL;
}

static void wake(struct hy_pg_watch *watch)
{
    const uint64_t one = 1;

    if (write(watch->wake_fd, &one, sizeof one) < 0)
        assert(!"an eventfd takes a one");
}

static void start(struct hy_pg_watch *watch)
{
    sigset_t all, before;

    atomic_store(&watch->stop, false);
    /* Signals are the main thread's business. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watch->running = pthread_create(&watch->thread, NULL, run, watch) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop(struct hy_pg_watch *watch)
{
    if (!watch->running)
        return;
    atomic_store(&watch->stop, true);
    wake(watch);
    pthread_join(watch->thread, NULL);
    watch->running = false;
}

void hy_pg_watch_tell(struct hy_pg_watch *watch, hy_store_news *tell, void *arg)
{
    stop(watch);
    watch->tell = tell;
    watch->arg = arg;
    if (tell)
        start(watch);
}

void hy_pg_watch_node(struct hy_pg_watch *watch, int64_t node)
{
    if (atomic_exchange(&watch->node, node) != node)
        wake(watch);
}

/* --- making and ending ------------------------------------------------------------------------ */

struct hy_pg_watch *hy_pg_watch_new(const char *url)
{
    struct hy_pg_watch *watch = (struct hy_pg_watch *)calloc(1, sizeof *watch);
    uint64_t number;

    if (!watch)
        return NULL;
    watch->url = url;
    watch->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watch->wake_fd < 0 || getrandom(&number, sizeof number, 0) != sizeof number) {
        hy_pg_watch_free(watch);
        return NULL;
    }
    snprintf(watch->sender, sizeof watch->sender, "%" PRIx64, number);
    return watch;
}

void hy_pg_watch_free(struct hy_pg_watch *watch)
{
    if (!watch)
        return;
    stop(watch);
    if (watch->wake_fd >= 0)
        close(watch->wake_fd);
    free(watch);
}
