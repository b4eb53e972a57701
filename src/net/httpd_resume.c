/*
 * Defer and wake.
 *
 * libmicrohttpd suspends the connection of a deferred request and calls us again after the resume.
 * There is one hole: when the peer has reset its connection meanwhile, libmicrohttpd drops it on
 * the resume and never calls again, yet somebody waits for the continuation to run (it gives back
 * what the request held). Such a request is an orphan: it lives on without a connection, and its
 * answer goes nowhere.
 *
 * An orphan that defers again has nothing that brings the server's thread back to it. So the server
 * has one connection to itself, a socket pair whose only request is always suspended; resuming it
 * makes the thread come by and run the orphans that were woken.
 */
#include "base/err.h"
#include "net/httpd_private.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void hy_httpd_wait_for(struct hy_httpd_request *req, enum hy_httpd_wait wait,
                       hy_httpd_handler *then, void *arg)
{
    assert(req->stage == HY_STAGE_HANDED && !req->then);
    req->wait = wait;
    req->then = then;
    req->then_arg = arg;
}

void hy_httpd_defer(struct hy_httpd_request *req, hy_httpd_handler *then, void *arg)
{
    hy_httpd_wait_for(req, HY_WAIT_WAKE, then, arg);
    if (!req->control)
        atomic_fetch_add(&req->httpd->deferred, 1);
}

enum hy_httpd_wait hy_httpd_run(struct hy_httpd_request *req, hy_httpd_handler *handler, void *arg)
{
    for (;;) {
        int running = HY_PHASE_RUNNING;
        bool suspended = false;

        req->then = NULL;
        req->wait = HY_WAIT_NOTHING;
        atomic_store(&req->phase, HY_PHASE_RUNNING);
        handler(req, arg);
        assert(!req->then == (req->stage == HY_STAGE_SETTLED));
        if (req->wait != HY_WAIT_WAKE)
            return req->wait;
        handler = req->then;
        arg = req->then_arg;
        if (req->connection && atomic_load(&req->phase) == HY_PHASE_RUNNING) {
            MHD_suspend_connection(req->connection);
            suspended = true;
        }
        if (atomic_compare_exchange_strong(&req->phase, &running, HY_PHASE_ASLEEP))
            return HY_WAIT_WAKE;
        if (suspended) {
            MHD_resume_connection(req->connection);
            return HY_WAIT_WAKE;
        }
    }
}

/* With the lock held. The request to wake, or null when the control request is awake anyway. */
static struct hy_httpd_request *take_control(struct hy_httpd *httpd)
{
    if (!httpd->control_asleep)
        return NULL;
    httpd->control_asleep = false;
    return httpd->control_request;
}

static void wake_control(struct hy_httpd_request *control)
{
    if (control && atomic_exchange(&control->phase, HY_PHASE_WOKEN) == HY_PHASE_ASLEEP)
        MHD_resume_connection(control->connection);
}

static void wake_orphan(struct hy_httpd_request *req)
{
    struct hy_httpd *httpd = req->httpd;
    struct hy_httpd_request *control;

    pthread_mutex_lock(&httpd->lock);
    req->next = httpd->orphans_woken;
    httpd->orphans_woken = req;
    control = take_control(httpd);
    pthread_cond_signal(&httpd->orphan_woken);
    pthread_mutex_unlock(&httpd->lock);
    wake_control(control);
}

void hy_httpd_wake(struct hy_httpd_request *req)
{
    struct hy_httpd *httpd = req->httpd;
    int before;

    /* Once the phase is WOKEN the request may end at any moment, and the server may be stopped:
     * `waking` holds the stop back until this thread has left. */
    atomic_fetch_add(&httpd->waking, 1);
    atomic_fetch_sub(&httpd->deferred, 1);
    before = atomic_exchange(&req->phase, HY_PHASE_WOKEN);
    assert(before != HY_PHASE_WOKEN);
    if (before == HY_PHASE_ASLEEP) {
        if (req->connection)
            MHD_resume_connection(req->connection);
        else
            wake_orphan(req);
    }
    atomic_fetch_sub(&httpd->waking, 1);
}

static void run_orphan(struct hy_httpd_request *req)
{
    struct hy_httpd *httpd = req->httpd;

    if (hy_httpd_go_on(req) == HY_WAIT_WAKE)
        return;
    pthread_mutex_lock(&httpd->lock);
    httpd->orphans--;
    pthread_mutex_unlock(&httpd->lock);
    hy_httpd_request_done(req);
}

void hy_httpd_orphan(struct hy_httpd_request *req)
{
    struct hy_httpd *httpd = req->httpd;

    /* Both texts belong to the connection. */
    req->method = hy_arena_strdup(&req->arena, req->method);
    req->path = hy_arena_strdup(&req->arena, req->path);
    if (!req->method || !req->path)
        req->method = req->path = "";
    req->connection = NULL;
    pthread_mutex_lock(&httpd->lock);
    httpd->orphans++;
    pthread_mutex_unlock(&httpd->lock);
    run_orphan(req);
}

/* With the lock held, which is given up while an orphan runs. */
static void run_woken_orphans(struct hy_httpd *httpd)
{
    while (httpd->orphans_woken) {
        struct hy_httpd_request *req = httpd->orphans_woken;

        httpd->orphans_woken = req->next;
        pthread_mutex_unlock(&httpd->lock);
        run_orphan(req);
        pthread_mutex_lock(&httpd->lock);
    }
}

void hy_httpd_control_run(struct hy_httpd_request *req, void *arg)
{
    struct hy_httpd *httpd = req->httpd;
    bool cut;

    pthread_mutex_lock(&httpd->lock);
    run_woken_orphans(httpd);
    cut = atomic_load(&httpd->cutting); /* with the lock held, or its wake would be missed */
    httpd->control_request = req;
    httpd->control_asleep = !atomic_load(&httpd->stopping);
    if (httpd->control_asleep)
        hy_httpd_defer(req, hy_httpd_control_run, NULL);
    else
        hy_httpd_abort(req);
    pthread_mutex_unlock(&httpd->lock);
    if (cut)
        hy_httpd_cut_all(httpd);
}

void hy_httpd_cut(struct hy_httpd *httpd)
{
    struct hy_httpd_request *control;

    assert(atomic_load(&httpd->quiet));
    pthread_mutex_lock(&httpd->lock);
    atomic_store(&httpd->cutting, true);
    control = take_control(httpd);
    pthread_mutex_unlock(&httpd->lock);
    wake_control(control);
}

int hy_httpd_control_start(struct hy_httpd *httpd)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: control\r\n\r\n";
    static const struct sockaddr address = {.sa_family = AF_UNIX};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return HY_E_IO;
    httpd->control_fd = pair[0];
    /* From here on pair[1] belongs to the daemon, also when it fails. */
    if (MHD_add_connection(httpd->daemon, pair[1], &address, sizeof address) != MHD_YES)
        return HY_E_IO;
    if (write(pair[0], request, sizeof request - 1) != (ssize_t)(sizeof request - 1))
        return HY_E_IO;
    return HY_OK;
}

void hy_httpd_control_stop(struct hy_httpd *httpd)
{
    struct hy_httpd_request *control;

    pthread_mutex_lock(&httpd->lock);
    atomic_store(&httpd->stopping, true);
    control = take_control(httpd);
    pthread_mutex_unlock(&httpd->lock);
    wake_control(control);
}

void hy_httpd_orphans_finish(struct hy_httpd *httpd)
{
    pthread_mutex_lock(&httpd->lock);
    for (;;) {
        run_woken_orphans(httpd);
        if (!httpd->orphans)
            break;
        pthread_cond_wait(&httpd->orphan_woken, &httpd->lock);
    }
    pthread_mutex_unlock(&httpd->lock);
}
