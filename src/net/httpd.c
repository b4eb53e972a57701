#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "net/httpd_private.h"
#include "net/uri.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY_BYTES = 8 << 20,
    CONNECTIONS = 8192,
    IDLE_S = 60,
    CONNECTION_BYTES = 16 << 10, /* request line, headers, and a window of the body */
    SKIP_BYTES = 16 << 20,       /* of a body that is too large, to get the 413 across */
    SPARES_MAX = 256,
    SPARE_BODY_BYTES = 16 << 10,
    LOG_BYTES = 256,
    LIMIT_SAID_EVERY_US = 60000000,
};

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
    hy_buf_init(&req->body, httpd->config.body_max_bytes);
    return req;
}

static void request_free(struct hy_httpd_request *req)
{
    hy_arena_deinit(&req->arena);
    hy_buf_deinit(&req->body);
    free(req);
}

void hy_httpd_request_done(struct hy_httpd_request *req)
{
    struct hy_httpd *httpd = req->httpd;
    struct hy_arena arena;
    struct hy_buf body;

    if (req->counted)
        atomic_fetch_sub(&httpd->busy, 1);
    if (httpd->spare_count == SPARES_MAX) {
        request_free(req);
        return;
    }
    hy_arena_reset(&req->arena);
    if (req->body.capacity > SPARE_BODY_BYTES)
        hy_buf_deinit(&req->body);
    hy_buf_clear(&req->body);
    arena = req->arena;
    body = req->body;
    *req = (struct hy_httpd_request){
        .httpd = httpd, .arena = arena, .body = body, .next = httpd->spares};
    httpd->spares = req;
    httpd->spare_count++;
}

/* --- from the first line to the handler ------------------------------------------------------- */

/* The first we hear of a request, before its target is decoded: the only place to see a %00. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct hy_httpd_request *req = hy_httpd_request_new(cls);

    if (!req)
        return NULL;
    req->connection = connection;
    req->uri_clean = hy_uri_is_clean(target);
    return req;
}

/* Hands the settled answer to libmicrohttpd; MHD_NO closes the connection. */
static enum MHD_Result send_answer(struct hy_httpd_request *req)
{
    enum MHD_Result result;

    if (!req->response)
        return MHD_NO;
    if (atomic_load(&req->httpd->quiet))
        MHD_add_response_header(req->response, MHD_HTTP_HEADER_CONNECTION, "close");
    result = MHD_queue_response(req->connection, (unsigned)req->status, req->response);
    MHD_destroy_response(req->response);
    req->response = NULL;
    return result;
}

static void refuse_plainly(struct hy_httpd_request *req, int status)
{
    const char *reason = MHD_get_reason_phrase_for((unsigned)status);
    char text[80];
    int size = snprintf(text, sizeof text, "%d %s\n", status, reason);

    hy_httpd_reply(req, status, "text/plain; charset=utf-8", text, (size_t)size);
}

static enum MHD_Result refuse(struct hy_httpd_request *req, int status)
{
    const struct hy_httpd_config *config = &req->httpd->config;

    hy_httpd_add_header(req, MHD_HTTP_HEADER_CONNECTION, "close");
    if (config->refuse)
        config->refuse(req, status, config->arg);
    else
        refuse_plainly(req, status);
    assert(req->stage == HY_STAGE_SETTLED);
    return send_answer(req);
}

static bool is_control(struct hy_httpd_request *req)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    return info && info->client_addr && info->client_addr->sa_family == AF_UNIX;
}

/* The headers that say where the body ends. */
struct framing {
    const char *length, *coding, *expect;
    unsigned lengths, codings;
};

static enum MHD_Result visit_framing(void *cls, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct framing *f = cls;

    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        f->length = value ? value : "";
        f->lengths++;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        f->coding = value ? value : "";
        f->codings++;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_EXPECT) == 0) {
        f->expect = value;
    }
    return MHD_YES;
}

/* Two ways to say where a body ends are how requests are smuggled past a proxy; libmicrohttpd
 * 0.9.75 takes the first of two lengths. */
static int framing_fault(const struct framing *f)
{
    if (f->lengths + f->codings > 1 || (f->coding && strcasecmp(f->coding, "chunked") != 0))
        return MHD_HTTP_BAD_REQUEST;
    if (f->length && strspn(f->length, "0123456789") != strlen(f->length))
        return MHD_HTTP_BAD_REQUEST;
    return 0;
}

/* A client that is still sending when the connection closes finds it reset, and never sees the
 * answer. So what it sends is read to the end first, unless that is out of all proportion or it
 * waits to be told whether to send at all. */
static int size_fault(struct hy_httpd_request *req, const struct framing *f)
{
    unsigned long long length = f->length ? strtoull(f->length, NULL, 10) : 0;
    size_t max = req->httpd->config.body_max_bytes;

    if (length <= max)
        return 0;
    if (length > SKIP_BYTES || f->expect)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    req->overflow = true;
    return 0;
}

static int head_fault(struct hy_httpd_request *req)
{
    struct framing framing = {0};
    int fault;

    if (!req->uri_clean || !*req->path)
        return MHD_HTTP_BAD_REQUEST;
    MHD_get_connection_values(req->connection, MHD_HEADER_KIND, visit_framing, &framing);
    fault = framing_fault(&framing);
    return fault ? fault : size_fault(req, &framing);
}

static enum MHD_Result on_head(struct hy_httpd_request *req, const char *url, const char *method)
{
    int fault;

    req->method = method;
    req->path = hy_uri_path(url);
    req->control = is_control(req);
    fault = head_fault(req);
    if (fault)
        return refuse(req, fault);
    req->stage = HY_STAGE_BODY;
    return MHD_YES;
}

/* No answer can be queued in the middle of a body, so the rest of one that is too large is read
 * and forgotten, up to a bound. */
static enum MHD_Result collect(struct hy_httpd_request *req, const char *bytes, size_t size)
{
    if (!req->overflow)
        hy_buf_append(&req->body, bytes, size);
    if (!req->overflow && hy_buf_ok(&req->body))
        return MHD_YES;
    req->overflow = true;
    req->skipped_bytes += size;
    return req->skipped_bytes > SKIP_BYTES ? MHD_NO : MHD_YES;
}

static enum MHD_Result run(struct hy_httpd_request *req, hy_httpd_handler *handler, void *arg)
{
    return hy_httpd_run(req, handler, arg) ? send_answer(req) : MHD_YES;
}

static enum MHD_Result on_whole(struct hy_httpd_request *req)
{
    const struct hy_httpd_config *config = &req->httpd->config;

    if (req->overflow)
        return refuse(req, MHD_HTTP_CONTENT_TOO_LARGE);
    req->stage = HY_STAGE_HANDED;
    if (req->control)
        return run(req, hy_httpd_control_run, NULL);
    /* Counted before the look at `quiet`, and hy_httpd_quiesce() sets it before anybody looks at
     * the count: once a quiet server has counted down to 0 no handler will run any more. */
    req->counted = true;
    atomic_fetch_add(&req->httpd->busy, 1);
    if (atomic_load(&req->httpd->quiet))
        return refuse(req, MHD_HTTP_SERVICE_UNAVAILABLE);
    return run(req, config->handler, config->arg);
}

/* libmicrohttpd calls this after the headers, for every part of the body, after the body, and after
 * every resume. */
static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_size, void **request)
{
    struct hy_httpd_request *req = *request;
    enum MHD_Result result;

    if (!req)
        return MHD_NO;
    switch (req->stage) {
    case HY_STAGE_HEAD: return on_head(req, url, method);
    case HY_STAGE_BODY:
        if (!*upload_size)
            return on_whole(req);
        result = collect(req, upload, *upload_size);
        *upload_size = 0;
        return result;
    case HY_STAGE_HANDED:
        assert(atomic_load(&req->phase) == HY_PHASE_WOKEN);
        return run(req, req->then, req->then_arg);
    case HY_STAGE_SETTLED: break;
    }
    return MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    struct hy_httpd_request *req = *request;

    *request = NULL;
    if (!req)
        return;
    if (req->stage == HY_STAGE_HANDED)
        hy_httpd_orphan(req);
    else
        hy_httpd_request_done(req);
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
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG | (epoll_is_sound() ? MHD_USE_EPOLL : MHD_USE_POLL);

    /* clang-format off: a pair a line */
    httpd->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, httpd, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        httpd, /* the first: it hears of faults in the others */
        MHD_OPTION_LISTEN_SOCKET, httpd->listen_fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, httpd,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, httpd, MHD_OPTION_CONNECTION_LIMIT,
        config->connections_max + 1, /* and the one to itself */
        MHD_OPTION_CONNECTION_TIMEOUT, config->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    /* clang-format on */
    return httpd->daemon ? HY_OK : HY_E_IO;
}

static int start(struct hy_httpd *httpd)
{
    int err = hy_listen_open(httpd->config.listen, &httpd->listen_fd);

    if (!err)
        err = hy_listen_address(httpd->listen_fd, httpd->address);
    if (!err)
        err = start_daemon(httpd);
    if (!err)
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
