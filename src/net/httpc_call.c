#include "net/httpc_call.h"

#include "base/err.h"
#include "net/public_address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEPT_ANSWER_BYTES = 16 << 10, HEADERS_BYTES = 64 << 10 };

/* --- what libcurl calls ----------------------------------------------------------------------- */

/* True when no socket has taken a byte of the request yet. */
static bool nothing_taken(const struct hy_httpc_call *call)
{
    long head = 1;
    curl_off_t rest = 1;

    curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &head);
    curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &rest);
    return head == 0 && rest == 0;
}

/*
 * Comes when a connection is ready and the request is about to be written. The second time means
 * that libcurl found a reused connection dead and wants to send again. That is harmless only when
 * the first write was refused as a whole, as after a reset that came while the connection was idle
 * (libcurl 7.88 notices an orderly close before the write, but not a reset).
 */
static int on_ready(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    struct hy_httpc_call *call = arg;

    /* A pooled connection may have been opened by a call that is let go anywhere. */
    if (call->guard.public_only && !hy_address_text_is_public(peer)) {
        call->guard.refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (call->written && !nothing_taken(call))
        return CURL_PREREQFUNC_ABORT;
    call->withheld = call->may_go && !call->may_go(call->may_go_arg);
    call->written = !call->withheld;
    if (call->withheld)
        return CURL_PREREQFUNC_ABORT;
    return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *arg)
{
    struct hy_httpc_call *call = arg;

    call->header_bytes += size;
    if (call->header_bytes > HEADERS_BYTES) {
        call->too_large = true;
        return 0;
    }
    if (size >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        call->cut = true;
    else if (size <= 2 && (bytes[0] == '\r' || bytes[0] == '\n'))
        call->cut = false;
    return size;
}

size_t hy_httpc_call_collect(char *bytes, size_t one, size_t size, void *arg)
{
    struct hy_httpc_call *call = arg;

    if (call->status_only)
        return size;
    hy_buf_append(&call->answer, bytes, size);
    call->too_large = !hy_buf_ok(&call->answer);
    return call->too_large ? 0 : size;
}

/* --- setting up ------------------------------------------------------------------------------- */

/*
 * libcurl keeps the parsed trust anchors of a file for the next connections, but not while there is a
 * folder of them, too, and Debian's libcurl has both: 140 certificates were parsed again for every
 * connection, 8 to 20 ms each time. Folder and file hold the same there.
 */
static void set_anchors(CURL *easy, const char *more)
{
    char *file = NULL;

    if (more) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, more); /* beside the folder, which is the system's */
        return;
    }
    curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);
    if (file)
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void set_fixed_options(struct hy_httpc_call *call, const struct hy_httpc_common *common)
{
    const struct hy_httpc_config *config = &common->config;
    CURL *easy = call->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_SHARE, common->share);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, common->no_proxy);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* HTTP/2 of libcurl costs more CPU a request than its HTTP/1.1, and one dead connection would
     * leave many requests without an answer instead of one. */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)config->idle_connection_s);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    set_anchors(easy, config->ca_file);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_ready);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, hy_httpc_call_collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

struct hy_httpc_call *hy_httpc_call_new(const struct hy_httpc_common *common)
{
    struct hy_httpc_call *call = calloc(1, sizeof *call);

    if (!call)
        return NULL;
    call->easy = curl_easy_init();
    call->origin = curl_url();
    if (!call->easy || !call->origin) {
        hy_httpc_call_free(call);
        return NULL;
    }
    call->common = common;
    hy_arena_init(&call->arena);
    hy_buf_init(&call->answer, common->config.answer_max_bytes);
    set_fixed_options(call, common);
    return call;
}

void hy_httpc_call_free(struct hy_httpc_call *call)
{
    curl_easy_cleanup(call->easy);
    curl_url_cleanup(call->origin);
    free(call->origin_text);
    hy_arena_deinit(&call->arena);
    hy_buf_deinit(&call->answer);
    free(call);
}

/* --- one request ------------------------------------------------------------------------------ */

/* "NAME: VALUE", as plain copies: formatting them costs as much as all options together. */
static char *header_line(struct hy_arena *arena, const char *name, const char *mark,
                         const char *value)
{
    size_t name_size = strlen(name), mark_size = strlen(mark), value_size = strlen(value);
    char *line = hy_arena_alloc(arena, name_size + mark_size + value_size + 1);

    if (!line)
        return NULL;
    memcpy(line, name, name_size);
    memcpy(line + name_size, mark, mark_size);
    memcpy(line + name_size + mark_size, value, value_size);
    return line;
}

/* The list lives in the arena; libcurl only reads it. */
static bool add_header(struct hy_arena *arena, struct curl_slist **list, const char *name,
                       const char *value)
{
    struct curl_slist *item = hy_arena_alloc(arena, sizeof *item);

    if (!item)
        return false;
    /* "Name:" takes a header of libcurl's own away, "Name;" sends an empty one. */
    item->data = header_line(arena, name, !value ? ":" : *value ? ": " : ";", value ? value : "");
    item->next = *list;
    *list = item;
    return item->data != NULL;
}

static int set_headers(struct hy_httpc_call *call, const struct hy_http_request *request)
{
    /* Waiting for "100 Continue" would cost a second with servers that never say it. What libcurl
     * writes of itself it formats twice, letter by letter: so not its own "User-Agent", and no
     * "Accept", which says that anything will do. */
    static char expect[] = "Expect:", accept[] = "Accept:",
                agent[] = "User-Agent: hongyan/" HY_VERSION;
    static struct curl_slist fixed[] = {{expect, &fixed[1]}, {accept, &fixed[2]}, {agent, NULL}};
    struct curl_slist *list = fixed;
    bool typed = false;

    for (size_t i = 0; i < request->header_count; i++) {
        const struct hy_http_header *h = &request->headers[i];

        typed = typed || strcasecmp(h->name, "Content-Type") == 0;
        if (!add_header(&call->arena, &list, h->name, h->value))
            return HY_E_NOMEM;
    }
    if (!typed && !add_header(&call->arena, &list, "Content-Type", NULL))
        return HY_E_NOMEM;
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, list);
    return HY_OK;
}

static int set_body(struct hy_httpc_call *call, const struct hy_http_request *request)
{
    const char *bytes = "";

    if (request->body_size)
        bytes = hy_arena_memdup(&call->arena, request->body, request->body_size);
    if (!bytes)
        return HY_E_NOMEM;
    curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, bytes);
    return HY_OK;
}

static int set_method(struct hy_httpc_call *call, const struct hy_http_request *request)
{
    const char *method = request->method, *usual = request->body ? "POST" : "GET";

    curl_easy_setopt(call->easy, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L);
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(call->easy, CURLOPT_NOBODY, 1L);
        usual = method;
    } else if (request->body || strcmp(method, "POST") == 0) {
        if (set_body(call, request))
            return HY_E_NOMEM;
        usual = "POST";
    }
    return curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST,
                            strcmp(method, usual) == 0 ? NULL : method)
               ? HY_E_NOMEM
               : HY_OK;
}

/* Where path and query begin, if libcurl would send them as they stand; or null. */
static const char *target_of(const char *url)
{
    const char *host = strstr(url, "://"), *target;

    if (!host)
        return NULL;
    target = host + 3 + strcspn(host + 3, "/?#");
    if (*target != '/' || target == host + 3 || strstr(target, "/."))
        return NULL;
    for (const char *p = target; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '#')
            return NULL;
    return target;
}

/* True when call->origin says what the first `size` bytes of `url` do: nearly always it did before,
 * and need not be parsed again. */
static bool set_origin(struct hy_httpc_call *call, const char *url, size_t size)
{
    const char *known = call->origin_text;

    if (known && strncmp(known, url, size) == 0 && !known[size])
        return true;
    free(call->origin_text);
    call->origin_text = strndup(url, size);
    if (call->origin_text &&
        curl_url_set(call->origin, CURLUPART_URL, call->origin_text, 0) == CURLUE_OK)
        return true;
    free(call->origin_text);
    call->origin_text = NULL;
    return false;
}

/* libcurl formats a query three times, letter by letter; what is named as the target of the request
 * it only copies. A proxy that is not tunnelled through wants the whole URL. */
static int set_url(struct hy_httpc_call *call, const char *url)
{
    bool whole = call->common->plain_proxy && !call->direct && strncasecmp(url, "http:", 5) == 0;
    const char *target = whole ? NULL : target_of(url);
    bool apart = target && set_origin(call, url, (size_t)(target - url));

    if (curl_easy_setopt(call->easy, CURLOPT_CURLU, apart ? call->origin : NULL) != CURLE_OK ||
        curl_easy_setopt(call->easy, CURLOPT_REQUEST_TARGET, apart ? target : NULL) != CURLE_OK ||
        (!apart && curl_easy_setopt(call->easy, CURLOPT_URL, url) != CURLE_OK))
        return HY_E_NOMEM;
    return HY_OK;
}

/* A proxy would look the name up by itself, out of sight: public_only goes past it. */
static int set_way(struct hy_httpc_call *call, const struct hy_http_request *request)
{
    int64_t timeout_ms = request->timeout_ms;

    call->guard.public_only = request->public_only;
    call->guard.refused = false;
    call->status_only = request->status_only;
    call->may_go = request->may_go;
    call->may_go_arg = request->may_go_arg;
    call->timeout_ms = timeout_ms ? timeout_ms : call->common->config.total_timeout_ms;
    curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    if (call->direct == request->public_only)
        return HY_OK;
    call->direct = request->public_only;
    return curl_easy_setopt(call->easy, CURLOPT_PROXY, call->direct ? "" : NULL) ? HY_E_NOMEM
                                                                                 : HY_OK;
}

int hy_httpc_call_prepare(struct hy_httpc_call *call, const struct hy_http_request *request)
{
    int err = set_way(call, request);

    if (!err)
        err = set_headers(call, request);
    if (!err)
        err = set_method(call, request);
    if (call->common->config.pieces)
        hy_httpc_call_in_pieces(call, call->common->config.pieces);
    return err ? err : set_url(call, request->url);
}

void hy_httpc_call_reset(struct hy_httpc_call *call)
{
    hy_arena_reset(&call->arena);
    if (call->answer.capacity > KEPT_ANSWER_BYTES)
        hy_buf_deinit(&call->answer);
    hy_buf_clear(&call->answer);
    call->header_bytes = 0;
    call->written = call->cut = call->too_large = call->given_up = call->withheld = false;
    call->may_go = NULL;
    call->shard = NULL;
    call->failed = NULL;
    call->done = NULL;
    call->arg = NULL;
}

/* --- how it ended ----------------------------------------------------------------------------- */

static const struct {
    CURLcode code;
    const char *text;
} reasons[] = {
    {CURLE_OK, ""},
    {CURLE_COULDNT_RESOLVE_HOST, "name not resolved"},
    {CURLE_COULDNT_RESOLVE_PROXY, "proxy name not resolved"},
    {CURLE_PROXY, "proxy refused"},
    {CURLE_PEER_FAILED_VERIFICATION, "TLS certificate not accepted"},
    {CURLE_SSL_CACERT_BADFILE, "TLS trust anchors not readable"},
    {CURLE_SSL_CONNECT_ERROR, "TLS handshake failed"},
    {CURLE_SSL_CERTPROBLEM, "TLS handshake failed"},
    {CURLE_SSL_CIPHER, "TLS handshake failed"},
    {CURLE_SSL_ISSUER_ERROR, "TLS certificate not accepted"},
    {CURLE_GOT_NOTHING, "closed without an answer"},
    {CURLE_ABORTED_BY_CALLBACK, "closed without an answer"},
    {CURLE_SEND_ERROR, "connection reset"},
    {CURLE_RECV_ERROR, "connection reset"},
    {CURLE_PARTIAL_FILE, "answer cut short"},
    {CURLE_UNSUPPORTED_PROTOCOL, "not an HTTP answer"},
    {CURLE_WEIRD_SERVER_REPLY, "not an HTTP answer"},
    {CURLE_BAD_CONTENT_ENCODING, "not an HTTP answer"},
    {CURLE_HTTP2, "not an HTTP answer"},
    {CURLE_URL_MALFORMAT, "malformed URL"},
    {CURLE_OUT_OF_MEMORY, "out of memory"},
};

/* Why there was no connection. Without a fault of the system's own it never came to a try: libcurl
 * could open no socket. */
static const char *connect_reason(const struct hy_httpc_call *call)
{
    long fault = 0;

    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &fault);
    switch (fault) {
    case 0: return "no socket: file descriptors used up?";
    case ENETUNREACH:
    case EHOSTUNREACH: return "no route";
    case EADDRNOTAVAIL: return "no local port left";
    default: return "connection refused";
    }
}

static const char *timeout_reason(const struct hy_httpc_call *call, int64_t took_ms)
{
    bool connecting = !call->written && took_ms < call->timeout_ms;

    return connecting ? "connect timeout" : "timeout";
}

static const char *reason_of(const struct hy_httpc_call *call, CURLcode code, int64_t took_ms)
{
    if (call->failed)
        return call->failed;
    if (call->guard.refused && !call->written)
        return "address not public";
    if (call->withheld)
        return "withheld";
    if (call->given_up)
        return HY_HTTPC_GIVEN_UP;
    if (call->too_large)
        return "answer too large";
    if (code == CURLE_OPERATION_TIMEDOUT)
        return timeout_reason(call, took_ms);
    if (code == CURLE_COULDNT_CONNECT)
        return connect_reason(call);
    if (code == CURLE_UNSUPPORTED_PROTOCOL && !call->written)
        return "scheme not supported";
    if (call->header_bytes && (call->cut || code == CURLE_RECV_ERROR))
        return "answer cut short";
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].code == code)
            return reasons[i].text;
    return "transfer failed";
}

struct hy_http_response hy_httpc_call_result(const struct hy_httpc_call *call, CURLcode code,
                                             int64_t now_us)
{
    struct hy_http_response response = {.body = "", .took_ms = (now_us - call->started_us) / 1000};
    long status = 0;

    if (code == CURLE_OK && !call->failed && !call->cut) {
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        response.outcome = HY_HTTP_ANSWERED;
        response.status = (int)status;
        response.body = hy_buf_text(&call->answer);
        response.body_size = call->answer.size;
        response.error = "";
        return response;
    }
    response.outcome = call->written ? HY_HTTP_NO_ANSWER : HY_HTTP_NOT_SENT;
    response.error = reason_of(call, code, response.took_ms);
    return response;
}
