/*
 * Bodies and answers in pieces.
 *
 * In: libmicrohttpd shows what it has of the body (its window is the connection's memory) and asks
 * how much of that was left. All of it is left while the step that works on it is deferred:
 * libmicrohttpd keeps the bytes where they are while the connection is suspended and shows them
 * again after the resume, perhaps elsewhere and with more behind them.
 *
 * Out: libmicrohttpd asks for bytes when the socket has room. A step that is deferred in that call
 * suspends the connection; after the resume the question is repeated.
 */
#include "net/httpd_private.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_BYTES = 16 << 10 };

/* --- in --------------------------------------------------------------------------------------- */

void hy_httpd_read(struct hy_httpd_request *req, hy_httpd_handler *then, void *arg)
{
    assert(req->connection && req->pieces && !req->ended && !req->streams);
    hy_httpd_wait_for(req, HY_WAIT_BYTES, then, arg);
}

const char *hy_httpd_piece(const struct hy_httpd_request *req, size_t *ret_size)
{
    *ret_size = req->piece_size;
    return req->piece_size ? req->piece : "";
}

enum MHD_Result hy_httpd_on_piece(struct hy_httpd_request *req, const char *upload,
                                  size_t *upload_size)
{
    bool end = *upload_size == 0;
    enum hy_httpd_wait wait = req->wait;

    assert(*upload_size >= req->piece_size);
    req->piece = upload;
    if (wait == HY_WAIT_WAKE)
        wait = hy_httpd_go_on(req);
    while (wait == HY_WAIT_BYTES) {
        req->piece += req->piece_size;
        *upload_size -= req->piece_size;
        req->piece_size = *upload_size;
        req->ended = end;
        if (hy_httpd_cut_one(req))
            return req->cut_us ? hy_httpd_cut_skip(req, upload_size) : MHD_NO;
        if (!req->piece_size && !end)
            return MHD_YES;
        wait = hy_httpd_go_on(req);
    }
    if (wait == HY_WAIT_WAKE)
        return MHD_YES;
    if (end || !req->response)
        return hy_httpd_send_answer(req);
    *upload_size = req->piece_size = 0;
    return MHD_YES;
}

/* --- out -------------------------------------------------------------------------------------- */

static ssize_t give(struct hy_httpd_request *req, char *into, size_t max)
{
    size_t size = req->left_size < max ? req->left_size : max;

    memcpy(into, req->left, size);
    req->left += size;
    req->left_size -= size;
    return (ssize_t)size;
}

/* libmicrohttpd has room for `max` bytes of the answer. */
static ssize_t on_room(void *cls, uint64_t position, char *into, size_t max)
{
    struct hy_httpd_request *req = cls;

    if (req->wait == HY_WAIT_WAKE && atomic_load(&req->phase) != HY_PHASE_WOKEN)
        return 0;
    if (req->stage == HY_STAGE_HANDED && (req->wait == HY_WAIT_WAKE || !req->left_size) &&
        hy_httpd_go_on(req) == HY_WAIT_WAKE)
        return 0;
    if (req->wait == HY_WAIT_ROOM)
        return give(req, into, max);
    return req->whole ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

void hy_httpd_stream(struct hy_httpd_request *req, int status, const char *content_type)
{
    assert(req->connection && req->stage == HY_STAGE_HANDED && !req->streams);
    req->streams = true;
    hy_httpd_respond(
        req, status, content_type,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_room, req, NULL));
}

void hy_httpd_write(struct hy_httpd_request *req, const void *bytes, size_t size,
                    hy_httpd_handler *then, void *arg)
{
    assert(req->connection && req->streams && size > 0);
    hy_httpd_wait_for(req, HY_WAIT_ROOM, then, arg);
    req->left = bytes;
    req->left_size = size;
}

void hy_httpd_end(struct hy_httpd_request *req)
{
    assert(req->streams && req->stage == HY_STAGE_HANDED && !req->then);
    req->stage = HY_STAGE_SETTLED;
    req->whole = true;
}
