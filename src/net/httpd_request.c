#include "net/httpd_private.h"
#include "net/uri.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

/* Answers up to this size live in the arena of the request: no allocation of their own. */
enum { SMALL_ANSWER_BYTES = 2000 };

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
    if (!req->connection)
        return NULL;
    return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

struct header_visit {
    const char *name, *value;
};

static enum MHD_Result visit_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct header_visit *visit = cls;

    if (strcasecmp(name, visit->name) == 0)
        visit->value = value;
    return MHD_YES;
}

const char *hy_httpd_last_header(struct hy_httpd_request *req, const char *name)
{
    struct header_visit visit = {.name = name};

    if (req->connection)
        MHD_get_connection_values(req->connection, MHD_HEADER_KIND, visit_header, &visit);
    return visit.value;
}

const char *hy_httpd_query(struct hy_httpd_request *req, const char *name)
{
    const char *value = NULL;
    size_t size;

    if (!req->connection ||
        MHD_lookup_connection_value_n(req->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                      &value, &size) != MHD_YES)
        return NULL;
    return value ? value : "";
}

struct query_visit {
    void (*each)(const char *name, const char *value, void *arg);
    void *arg;
};

static enum MHD_Result visit_query(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    const struct query_visit *visit = cls;

    visit->each(name, value ? value : "", visit->arg);
    return MHD_YES;
}

void hy_httpd_each_query(struct hy_httpd_request *req,
                         void (*each)(const char *name, const char *value, void *arg), void *arg)
{
    struct query_visit visit = {each, arg};

    if (req->connection)
        MHD_get_connection_values(req->connection, MHD_GET_ARGUMENT_KIND, visit_query, &visit);
}

const char *hy_httpd_peer(struct hy_httpd_request *req)
{
    const union MHD_ConnectionInfo *info = NULL;
    char text[HY_LISTEN_TEXT_BYTES];
    const char *copy;

    if (req->connection)
        info = MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return "";
    copy = hy_arena_strdup(&req->arena, hy_listen_peer(info->client_addr, text));
    return copy ? copy : "";
}

const char *hy_httpd_body(const struct hy_httpd_request *req, size_t *ret_size)
{
    *ret_size = req->body.size;
    return hy_buf_text(&req->body);
}

struct hy_arena *hy_httpd_arena(struct hy_httpd_request *req)
{
    return &req->arena;
}

struct hy_arena *hy_httpd_scratch(struct hy_httpd_request *req)
{
    return &req->scratch;
}

void hy_httpd_set_user(struct hy_httpd_request *req, void *user)
{
    req->user = user;
}

void *hy_httpd_user(const struct hy_httpd_request *req)
{
    return req->user;
}

bool hy_httpd_gone(const struct hy_httpd_request *req)
{
    return !req->connection;
}

void hy_httpd_add_header(struct hy_httpd_request *req, const char *name, const char *value)
{
    struct hy_httpd_added *added = hy_arena_alloc(&req->arena, sizeof *added);

    if (!added)
        return;
    added->name = hy_arena_strdup(&req->arena, name);
    added->value = hy_arena_strdup(&req->arena, value);
    if (!added->name || !added->value)
        return;
    added->next = req->added;
    req->added = added;
}

static struct MHD_Response *response_of(struct hy_httpd_request *req, const void *body,
                                        size_t body_size, bool lasting)
{
    void *copy;

    if (lasting || !body_size)
        return MHD_create_response_from_buffer(body_size, (void *)body, MHD_RESPMEM_PERSISTENT);
    if (body_size > SMALL_ANSWER_BYTES)
        return MHD_create_response_from_buffer(body_size, (void *)body, MHD_RESPMEM_MUST_COPY);
    copy = hy_arena_memdup(&req->arena, body, body_size);
    if (!copy)
        return NULL;
    return MHD_create_response_from_buffer(body_size, copy, MHD_RESPMEM_PERSISTENT);
}

void hy_httpd_respond(struct hy_httpd_request *req, int status, const char *content_type,
                      struct MHD_Response *response)
{
    req->status = status;
    req->response = response;
    if (!response)
        return;
    if (content_type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    for (const struct hy_httpd_added *a = req->added; a; a = a->next)
        MHD_add_response_header(response, a->name, a->value);
}

static void reply(struct hy_httpd_request *req, int status, const char *content_type,
                  const void *body, size_t body_size, bool lasting)
{
    assert(req->stage != HY_STAGE_SETTLED && !req->then && (!req->streams || !req->connection));
    req->stage = HY_STAGE_SETTLED;
    if (req->connection && req->cut)
        hy_httpd_cut_answer(req, status, content_type, body, body_size);
    else if (req->connection)
        hy_httpd_respond(req, status, content_type, response_of(req, body, body_size, lasting));
}

void hy_httpd_reply(struct hy_httpd_request *req, int status, const char *content_type,
                    const void *body, size_t body_size)
{
    reply(req, status, content_type, body, body_size, false);
}

void hy_httpd_reply_lasting(struct hy_httpd_request *req, int status, const char *content_type,
                            const void *body, size_t body_size)
{
    reply(req, status, content_type, body, body_size, true);
}

void hy_httpd_abort(struct hy_httpd_request *req)
{
    assert(req->stage != HY_STAGE_SETTLED && !req->then);
    req->stage = HY_STAGE_SETTLED;
}
