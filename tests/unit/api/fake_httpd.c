#include "fake_httpd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *hy_httpd_method(const struct hy_httpd_request *req)
{
    return req->method;
}

const char *hy_httpd_path(const struct hy_httpd_request *req)
{
    return req->path;
}

const char *hy_httpd_header(struct hy_httpd_request *req, const char *name)
{
    for (size_t i = 0; !req->gone && req->headers[i][0]; i++)
        if (strcasecmp(req->headers[i][0], name) == 0)
            return req->headers[i][1];
    return NULL;
}

const char *hy_httpd_last_header(struct hy_httpd_request *req, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; !req->gone && req->headers[i][0]; i++)
        if (strcasecmp(req->headers[i][0], name) == 0)
            value = req->headers[i][1];
    return value;
}

const char *hy_httpd_query(struct hy_httpd_request *req, const char *name)
{
    for (size_t i = 0; !req->gone && req->query[i][0]; i++)
        if (strcmp(req->query[i][0], name) == 0)
            return req->query[i][1];
    return NULL;
}

void hy_httpd_each_query(struct hy_httpd_request *req,
                         void (*each)(const char *name, const char *value, void *arg), void *arg)
{
    for (size_t i = 0; !req->gone && req->query[i][0]; i++)
        each(req->query[i][0], req->query[i][1], arg);
}

const char *hy_httpd_peer(struct hy_httpd_request *req)
{
    return req->gone ? "" : "127.0.0.1";
}

const char *hy_httpd_body(const struct hy_httpd_request *req, size_t *ret_size)
{
    *ret_size = req->body_size;
    return req->body ? req->body : "";
}

struct hy_arena *hy_httpd_arena(struct hy_httpd_request *req)
{
    return &req->arena;
}

struct hy_arena *hy_httpd_scratch(struct hy_httpd_request *req)
{
    return &req->scratch;
}

bool hy_httpd_gone(const struct hy_httpd_request *req)
{
    return req->gone;
}

bool hy_httpd_is_cut(const struct hy_httpd_request *req)
{
    return false;
}

void hy_httpd_set_user(struct hy_httpd_request *req, void *user)
{
    req->user = user;
}

void *hy_httpd_user(const struct hy_httpd_request *req)
{
    return req->user;
}

void hy_httpd_add_header(struct hy_httpd_request *req, const char *name, const char *value)
{
    struct hy_http_header *header = &req->added[req->added_count++];

    assert(req->added_count <= FAKE_HEADERS_MAX);
    header->name = hy_arena_strdup(&req->arena, name);
    header->value = hy_arena_strdup(&req->arena, value);
    if (!header->name || !header->value)
        req->added_count--; /* as the real one does: see net/httpd.h */
}

void hy_httpd_reply(struct hy_httpd_request *req, int status, const char *content_type,
                    const void *body, size_t body_size)
{
    assert(!req->status && !req->then);
    req->status = status;
    req->replies++;
    req->content_type = content_type ? strdup(content_type) : NULL;
    req->answer = calloc(1, body_size + 1);
    if (body_size)
        memcpy(req->answer, body, body_size);
    req->answer_size = body_size;
}

void hy_httpd_reply_lasting(struct hy_httpd_request *req, int status, const char *content_type,
                            const void *body, size_t body_size)
{
    hy_httpd_reply(req, status, content_type, body, body_size);
}

void hy_httpd_abort(struct hy_httpd_request *req)
{
    assert(!req->status && !req->then);
    req->status = -1;
}

void hy_httpd_defer(struct hy_httpd_request *req, hy_httpd_handler *then, void *arg)
{
    assert(!req->status && !req->then);
    req->then = then;
    req->then_arg = arg;
}

void hy_httpd_wake(struct hy_httpd_request *req)
{
    assert(req->then && !req->woken);
    req->woken = true;
}

/* --- in pieces -------------------------------------------------------------------------------- */

void hy_httpd_read(struct hy_httpd_request *req, hy_httpd_handler *then, void *arg)
{
    assert(!req->gone && !req->stream_status);
    hy_httpd_defer(req, then, arg);
    req->reading = true;
}

const char *hy_httpd_piece(const struct hy_httpd_request *req, size_t *ret_size)
{
    *ret_size = req->piece_size;
    return req->piece_size ? req->body + req->piece_at : "";
}

void hy_httpd_stream(struct hy_httpd_request *req, int status, const char *content_type)
{
    assert(!req->gone && !req->status && !req->stream_status);
    req->stream_status = status;
    req->content_type = content_type ? strdup(content_type) : NULL;
    req->answer = calloc(1, 1);
}

void hy_httpd_write(struct hy_httpd_request *req, const void *bytes, size_t size,
                    hy_httpd_handler *then, void *arg)
{
    assert(!req->gone && req->stream_status && size > 0);
    hy_httpd_defer(req, then, arg);
    req->writing = true;
    req->left = bytes;
    req->left_size = size;
}

void hy_httpd_end(struct hy_httpd_request *req)
{
    assert(req->stream_status && !req->status && !req->then);
    req->status = req->stream_status;
    req->replies++;
}

static void read_on(struct hy_httpd_request *req)
{
    size_t left = req->body_size - req->piece_at - req->piece_size;

    req->piece_at += req->piece_size;
    req->piece_size = req->piece_bytes && req->piece_bytes < left ? req->piece_bytes : left;
}

static void write_on(struct hy_httpd_request *req)
{
    req->answer = realloc(req->answer, req->answer_size + req->left_size + 1);
    memcpy(req->answer + req->answer_size, req->left, req->left_size);
    req->answer_size += req->left_size;
    req->answer[req->answer_size] = 0;
}

bool fake_httpd_turn(struct hy_httpd_request *req)
{
    hy_httpd_handler *then = req->then;

    if (!req->woken && !req->reading && !req->writing)
        return false;
    if (req->reading)
        read_on(req);
    if (req->writing)
        write_on(req);
    req->woken = req->reading = req->writing = false;
    req->then = NULL;
    then(req, req->then_arg);
    return true;
}

const char *fake_httpd_answer_header(const struct hy_httpd_request *req, const char *name)
{
    for (size_t i = 0; i < req->added_count; i++)
        if (strcasecmp(req->added[i].name, name) == 0)
            return req->added[i].value;
    return NULL;
}

void fake_httpd_done(struct hy_httpd_request *req)
{
    free(req->content_type);
    free(req->answer);
    hy_arena_deinit(&req->arena);
    hy_arena_deinit(&req->scratch);
}
