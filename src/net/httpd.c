#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "net/httpd_private.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY_BYTES = 8 << 20,
    CONNECTIONS = 8192,
    IDLE_S = 60,
    CONNECTION_BYTES = 16 << 10, /* request line, headers, and a window of the body */
    SPARES_MAX = 256,
    SPARE_BODY_BYTES = 16 << 10,
    LOG_BYTES = 256,
    LIMIT_SAID_EVERY_US = 60000000,
};
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* --- requests and their recycling ------------------------------------------------------------- */

struct hy_httpd_request *hy_httpd_request_new(struct hy_httpd *httpd)
{
    struct hy_httpd_request *req = httpd->spares;

    if (req) {
        httpd->spares = req->next;
        httpd->spare_count--;
        return req;
    }
    req = calloc(1, sizeof *req);
    if (!req)
        return NULL;
    req->httpd = httpd;
    hy_arena_init(&req->arena);
    hy_arena_init(&req->scratch);
    hy_buf_init(&req->body, httpd->config.body_max_bytes);
    return req;
}

static void request_free(struct hy_httpd_request *req)
{
    hy_arena_deinit(&req->arena);
    hy_arena_deinit(&req->scratch);
    hy_buf_deinit(&req->body);
    free(req);
}

void hy_httpd_request_done(struct hy_httpd_request *req)
{
    struct hy_httpd *httpd = req->httpd;
    struct hy_arena arena, scratch;
    struct hy_buf body;

    hy_httpd_reader_remove(req);
    if (req->counted)
        atomic_fetch_sub(&httpd->busy, 1);
    if (req->response)
        MHD_destroy_response(req->response);
    if (httpd->spare_count == SPARES_MAX) {
        request_free(req);
        return;
    }
    hy_arena_reset(&req->arena);
    hy_arena_reset(&req->scratch);
    if (req->body.capacity > SPARE_BODY_BYTES)
        hy_buf_deinit(&req->body);
    hy_buf_clear(&req->body);
    arena = req->arena;
    scratch = req->scratch;
    body = req->body;
    *req = (struct hy_httpd_request){
        .httpd = httpd, .arena = arena, .scratch = scratch, .body = body, .next = httpd->spares};
    httpd->spares = req;
    httpd->spare_count++;
}

static void on_log(void *cls, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Once a minute: who connects and is let down may be many a second. */
static bool may_say_limit(struct hy_httpd *httpd)
{
    int64_t now_us = hy_clock_mono_us(), said_us = atomic_load(&httpd->limit_said_us);

    if (said_us && now_us - said_us < LIMIT_SAID_EVERY_US)
        return false;
    return atomic_compare_exchange_strong(&httpd->limit_said_us, &said_us, now_us);
}

static void on_log(void *cls, const char *format, va_list args)
{
    struct hy_httpd *httpd = cls;
    char text[LOG_BYTES], safe[LOG_BYTES + 64];

    if (strstr(format, "resource limit") && may_say_limit(httpd))
        hy_log(HY_LOG_WARN, "http.limit",
               "connections wait: the process has no file descriptor for another one");
    vsnprintf(text, sizeof text, format, args);
    hy_log(HY_LOG_DEBUG, "http.server", "text=%s", hy_log_safe(safe, sizeof safe, text));
}

/* --- the daemon's life ------------------------------------------------------------------------ */

/* With epoll, versions before 1.0.1 stall for ever once about 128 connections are suspended and
 * resumed at the same time: the sockets are readable and the server sleeps. The price of poll is
 * paid for idle connections: a deferred request of one of 64 busy ones costs 8 us of CPU alone,
 * 23 us next to 1,000 idle ones, 52 us next to 5,000. */
static bool epoll_is_sound(void)
{
    int major = 0, minor = 0, patch = 0;

    sscanf(MHD_get_version(), "%d.%d.%d", &major, &minor, &patch);
    return major > 1 || (major == 1 && (minor > 0 || patch >= 1));
}

static int start_daemon(struct hy_httpd *httpd)
{
    const struct hy_httpd_config *config = &httpd->config;
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)config->tls_cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)config->tls_key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG | (epoll_is_sound() ? MHD_USE_EPOLL : MHD_USE_POLL) |
                     (config->tls_cert ? MHD_USE_TLS : 0);

    /* clang-format off: a pair a line */
    httpd->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, hy_httpd_on_access, httpd, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        httpd, /* the first: it hears of faults in the others */
        MHD_OPTION_LISTEN_SOCKET, httpd->listen_fd, MHD_OPTION_URI_LOG_CALLBACK, hy_httpd_on_target,
        httpd, MHD_OPTION_NOTIFY_COMPLETED, hy_httpd_on_completed, httpd,
        MHD_OPTION_CONNECTION_LIMIT, config->connections_max + 1, /* and the one to itself */
        MHD_OPTION_CONNECTION_TIMEOUT, config->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
        config->tls_cert ? tls : &tls[sizeof tls / sizeof *tls - 1], MHD_OPTION_END);
    /* clang-format on */
    if (httpd->daemon)
        return HY_OK;
    return config->tls_cert ? HY_E_DENIED : HY_E_IO;
}

static int start(struct hy_httpd *httpd)
{
    int err = hy_listen_open(httpd->config.listen, &httpd->listen_fd);

    if (!err)
        err = hy_listen_address(httpd->listen_fd, httpd->address);
    if (!err)
        err = start_daemon(httpd);
    if (!err && !httpd->config.tls_cert) /* it would have to speak TLS to itself */
        err = hy_httpd_control_start(httpd);
    return err;
}

static void httpd_free(struct hy_httpd *httpd)
{
    while (httpd->spares) {
        struct hy_httpd_request *next = httpd->spares->next;

        request_free(httpd->spares);
        httpd->spares = next;
    }
    if (httpd->control_fd >= 0)
        close(httpd->control_fd);
    if (httpd->listen_fd >= 0)
        close(httpd->listen_fd);
    pthread_cond_destroy(&httpd->orphan_woken);
    pthread_mutex_destroy(&httpd->lock);
    free(httpd);
}

int hy_httpd_start(const struct hy_httpd_config *config, struct hy_httpd **ret_httpd)
{
    struct hy_httpd *httpd = calloc(1, sizeof *httpd);
    int err;

    if (!httpd)
        return HY_E_NOMEM;
    httpd->config = *config;
    if (!config->body_max_bytes)
        httpd->config.body_max_bytes = BODY_BYTES;
    if (!config->connections_max)
        httpd->config.connections_max = CONNECTIONS;
    if (!config->idle_timeout_s)
        httpd->config.idle_timeout_s = IDLE_S;
    httpd->listen_fd = httpd->control_fd = -1;
    pthread_mutex_init(&httpd->lock, NULL);
    pthread_cond_init(&httpd->orphan_woken, NULL);
    err = start(httpd);
    if (err) {
        hy_httpd_stop(httpd);
        return err;
    }
    *ret_httpd = httpd;
    return HY_OK;
}

const char *hy_httpd_address(const struct hy_httpd *httpd)
{
    return httpd->address;
}

void hy_httpd_quiesce(struct hy_httpd *httpd)
{
    if (atomic_exchange(&httpd->quiet, true))
        return;
    MHD_quiesce_daemon(httpd->daemon);
    /* New peers are refused at once; the descriptor itself is closed with the server, because the
     * daemon's thread may still have it in its list. */
    shutdown(httpd->listen_fd, SHUT_RDWR);
}

size_t hy_httpd_busy(const struct hy_httpd *httpd)
{
    return atomic_load(&httpd->busy);
}

void hy_httpd_stop(struct hy_httpd *httpd)
{
    if (!httpd)
        return;
    assert(atomic_load(&httpd->deferred) == 0);
    while (atomic_load(&httpd->waking))
        sched_yield();
    if (httpd->daemon) {
        hy_httpd_quiesce(httpd);
        hy_httpd_control_stop(httpd);
        MHD_stop_daemon(httpd->daemon);
        hy_httpd_orphans_finish(httpd);
    }
    httpd_free(httpd);
}
