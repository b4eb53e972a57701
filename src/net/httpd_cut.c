/*
 * Uploads that a stopping server gives up.
 *
 * libmicrohttpd takes no answer in the middle of a body, and a peer may need hours for the rest. So
 * this answer goes to the socket directly, and nothing else is written after it. What the peer sends
 * until it has seen it is read and forgotten for a moment: a close with bytes unread would reset the
 * connection, and the answer with it.
 */
#include "base/clock.h"
#include "net/httpd_private.h"

#include <assert.h>
#include <sys/socket.h>

enum { ANSWER_BYTES = 16 << 10, SILENCE_S = 1, PATIENCE_US = 2000000 };

/* --- the requests whose body comes in pieces; the server's thread only ------------------------- */

void hy_httpd_reader_add(struct hy_httpd_request *req)
{
    struct hy_httpd *httpd = req->httpd;

    req->reader_next = httpd->readers;
    req->reader_at = &httpd->readers;
    if (req->reader_next)
        req->reader_next->reader_at = &req->reader_next;
    httpd->readers = req;
}

void hy_httpd_reader_remove(struct hy_httpd_request *req)
{
    if (!req->reader_at)
        return;
    *req->reader_at = req->reader_next;
    if (req->reader_next)
        req->reader_next->reader_at = req->reader_at;
    req->reader_at = NULL;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void write_answer(const struct hy_httpd_request *req, const char *content_type,
                         const void *body, size_t body_size, struct hy_buf *out)
{
    hy_buf_printf(out, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: %zu\r\n",
                  req->status, MHD_get_reason_phrase_for((unsigned)req->status), body_size);
    if (content_type)
        hy_buf_printf(out, "Content-Type: %s\r\n", content_type);
    for (const struct hy_httpd_added *a = req->added; a; a = a->next)
        hy_buf_printf(out, "%s: %s\r\n", a->name, a->value);
    hy_buf_puts(out, "\r\n");
    hy_buf_append(out, body, body_size);
}

static int socket_of(const struct hy_httpd_request *req)
{
    return MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

void hy_httpd_cut_answer(struct hy_httpd_request *req, int status, const char *content_type,
                         const void *body, size_t body_size)
{
    struct hy_buf out;

    req->status = status;
    hy_buf_init(&out, ANSWER_BYTES);
    write_answer(req, content_type, body, body_size, &out);
    if (hy_buf_ok(&out))
        send(socket_of(req), hy_buf_text(&out), out.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    hy_buf_deinit(&out);
    shutdown(socket_of(req), SHUT_WR);
    req->cut_us = hy_clock_mono_us();
    MHD_set_connection_option(req->connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)SILENCE_S);
}

enum MHD_Result hy_httpd_cut_skip(const struct hy_httpd_request *req, size_t *upload_size)
{
    bool patient = *upload_size && hy_clock_mono_us() - req->cut_us < PATIENCE_US;

    *upload_size = 0;
    return patient ? MHD_YES : MHD_NO;
}

/* --- giving up -------------------------------------------------------------------------------- */

bool hy_httpd_cut_one(struct hy_httpd_request *req)
{
    if (!atomic_load(&req->httpd->cutting) || !req->connection || req->ended)
        return false;
    assert(req->wait == HY_WAIT_BYTES);
    req->cut = true;
    req->piece_size = 0;
    hy_httpd_go_on(req);
    assert(req->stage == HY_STAGE_SETTLED);
    if (!req->cut_us)
        shutdown(socket_of(req), SHUT_RDWR);
    return true;
}

void hy_httpd_cut_all(struct hy_httpd *httpd)
{
    for (struct hy_httpd_request *req = httpd->readers; req; req = req->reader_next) {
        if (req->stage == HY_STAGE_HANDED && req->wait == HY_WAIT_BYTES)
            hy_httpd_cut_one(req);
    }
}

bool hy_httpd_is_cut(const struct hy_httpd_request *req)
{
    return req->cut;
}
