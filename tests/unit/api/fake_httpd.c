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

bool hy_httpd_gone(const struct hy_httpd_request *req)
{
    return req->gone;
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

bool fake_httpd_turn(struct hy_httpd_request *req)
{
    hy_httpd_handler *then = req->then;

    if (!req->woken)
        return false;
    req->woken = false;
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
}
