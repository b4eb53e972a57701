/*
 * What libmicrohttpd calls, and when: at the first line, after the headers, for every part of the
 * body, after the body, after every resume, and when the connection is done with the request.
 */
#include "net/httpd_private.h"
#include "net/uri.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { SKIP_BYTES = 16 << 20 /* of a body that nobody wants, to get the answer across */ };

/* --- from the first line to the handler ------------------------------------------------------- */

/* The first we hear of a request, before its target is decoded: the only place to see a %00. */
void *hy_httpd_on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct hy_httpd_request *req = hy_httpd_request_new(cls);

    if (!req)
        return NULL;
    req->connection = connection;
    req->uri_clean = hy_uri_is_clean(target);
    return req;
}

enum MHD_Result hy_httpd_send_answer(struct hy_httpd_request *req)
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
    return hy_httpd_send_answer(req);
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

static unsigned long long length_of(const struct framing *f)
{
    return f->length ? strtoull(f->length, NULL, 10) : 0;
}

/* A client that is still sending when the connection closes finds it reset, and never sees the
 * answer. So what it sends is read to the end first, unless that is out of all proportion or it
 * waits to be told whether to send at all. */
static bool worth_skipping(const struct framing *f)
{
    return length_of(f) <= SKIP_BYTES && !f->expect;
}

static int size_fault(struct hy_httpd_request *req, const struct framing *f)
{
    if (length_of(f) <= req->httpd->config.body_max_bytes)
        return 0;
    if (atomic_load(&req->httpd->quiet))
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    if (!worth_skipping(f))
        return MHD_HTTP_CONTENT_TOO_LARGE;
    req->overflow = true;
    return 0;
}

static int framing_of(struct hy_httpd_request *req, struct framing *ret_framing)
{
    if (!req->uri_clean || !*req->path)
        return MHD_HTTP_BAD_REQUEST;
    MHD_get_connection_values(req->connection, MHD_HEADER_KIND, visit_framing, ret_framing);
    return framing_fault(ret_framing);
}

/* Counted before the look at `quiet`, and hy_httpd_quiesce() sets it before anybody looks at the
 * count: once a quiet server has counted down to 0 no handler will run any more. False: it is
 * quiet. */
static bool count(struct hy_httpd_request *req)
{
    req->counted = true;
    atomic_fetch_add(&req->httpd->busy, 1);
    return !atomic_load(&req->httpd->quiet);
}

static void uncount(struct hy_httpd_request *req)
{
    req->counted = false;
    atomic_fetch_sub(&req->httpd->busy, 1);
}

/* For config.head, which need not say what it waits for. */
static void offer(struct hy_httpd_request *req)
{
    const struct hy_httpd_config *config = &req->httpd->config;

    if (!config->head || req->control)
        return;
    if (!count(req)) {
        uncount(req);
        return;
    }
    req->stage = HY_STAGE_HANDED;
    req->pieces = true;
    config->head(req, config->arg);
    assert(req->wait == HY_WAIT_NOTHING || req->wait == HY_WAIT_BYTES);
    if (req->then)
        hy_httpd_reader_add(req);
    if (req->then || req->stage == HY_STAGE_SETTLED)
        return;
    req->stage = HY_STAGE_HEAD;
    req->pieces = false;
    uncount(req);
}

/* It was refused before its body came, if one comes at all. */
static enum MHD_Result settled_early(struct hy_httpd_request *req, const struct framing *f)
{
    req->pieces = false;
    if (worth_skipping(f) && req->response)
        return MHD_YES;
    if (req->response)
        MHD_add_response_header(req->response, MHD_HTTP_HEADER_CONNECTION, "close");
    return hy_httpd_send_answer(req);
}

static enum MHD_Result on_head(struct hy_httpd_request *req, const char *url, const char *method)
{
    struct framing framing = {0};
    int fault;

    req->method = method;
    req->path = hy_uri_path(url);
    req->control = is_control(req);
    fault = framing_of(req, &framing);
    if (!fault)
        offer(req);
    if (req->stage == HY_STAGE_SETTLED)
        return settled_early(req, &framing);
    if (req->pieces)
        return MHD_YES;
    if (!fault)
        fault = size_fault(req, &framing);
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

/* The answer is there before the body has ended. */
static enum MHD_Result skip(struct hy_httpd_request *req, size_t *upload_size)
{
    if (req->cut_us)
        return hy_httpd_cut_skip(req, upload_size);
    if (!*upload_size)
        return hy_httpd_send_answer(req);
    req->skipped_bytes += *upload_size;
    *upload_size = 0;
    return req->pieces || req->skipped_bytes <= SKIP_BYTES ? MHD_YES : MHD_NO;
}

static enum MHD_Result after(struct hy_httpd_request *req, enum hy_httpd_wait wait)
{
    return wait == HY_WAIT_WAKE ? MHD_YES : hy_httpd_send_answer(req);
}

static enum MHD_Result on_whole(struct hy_httpd_request *req)
{
    const struct hy_httpd_config *config = &req->httpd->config;

    if (req->overflow)
        return refuse(req, MHD_HTTP_CONTENT_TOO_LARGE);
    req->stage = HY_STAGE_HANDED;
    if (req->control)
        return after(req, hy_httpd_run(req, hy_httpd_control_run, NULL));
    if (!count(req))
        return refuse(req, MHD_HTTP_SERVICE_UNAVAILABLE);
    return after(req, hy_httpd_run(req, config->handler, config->arg));
}

enum MHD_Result hy_httpd_on_access(void *cls, struct MHD_Connection *connection, const char *url,
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
        assert(req->wait != HY_WAIT_WAKE || atomic_load(&req->phase) == HY_PHASE_WOKEN);
        return req->pieces ? hy_httpd_on_piece(req, upload, upload_size)
                           : after(req, hy_httpd_go_on(req));
    case HY_STAGE_SETTLED: return skip(req, upload_size);
    }
    return MHD_NO;
}

void hy_httpd_on_completed(void *cls, struct MHD_Connection *connection, void **request,
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
