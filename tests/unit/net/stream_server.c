/* The server of stream_server.h. */
#include "unit/net/stream_server.h"

#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 64 << 10 };

struct hy_httpd *httpd;
struct helper helper;
atomic_int handled, gone, seen;

/* One upload or download. */
struct work {
    size_t bytes, pieces, left;
    unsigned sum;
    bool late; /* every piece goes through another thread */
    char block[1000];
};

/* --- the server's side: uploads --------------------------------------------------------------- */

static void piece(struct hy_httpd_request *req, void *arg);

static void count_piece(struct hy_httpd_request *req, struct work *w)
{
    size_t size;
    const char *bytes = hy_httpd_piece(req, &size);

    w->bytes += size;
    w->pieces += size > 0;
    for (size_t i = 0; i < size; i++)
        w->sum = w->sum * 31 + (unsigned char)bytes[i];
    atomic_fetch_add(&seen, size > 0);
}

static void tell(struct hy_httpd_request *req, struct work *w)
{
    char text[80];
    int size = snprintf(text, sizeof text, "bytes=%zu sum=%u", w->bytes, w->sum);

    hy_httpd_reply(req, 200, "text/plain", text, (size_t)size);
}

static void go_on(struct hy_httpd_request *req, void *arg)
{
    struct work *w = arg;
    size_t size;

    if (hy_httpd_gone(req)) {
        atomic_fetch_add(&gone, 1);
        hy_httpd_abort(req);
        return;
    }
    if (hy_httpd_is_cut(req)) {
        if (strcmp(hy_httpd_path(req), "/cut") == 0)
            hy_httpd_abort(req);
        else
            hy_httpd_reply(req, 503, "text/plain", "stopping", 8);
        return;
    }
    hy_httpd_piece(req, &size);
    count_piece(req, w);
    if (size == 0)
        tell(req, w);
    else if (strcmp(hy_httpd_path(req), "/half") == 0)
        hy_httpd_reply(req, 409, "text/plain", "enough", 6);
    else if (strcmp(hy_httpd_path(req), "/cut") == 0)
        hy_httpd_abort(req);
    else
        hy_httpd_read(req, piece, w);
}

static void piece(struct hy_httpd_request *req, void *arg)
{
    struct work *w = arg;

    if (hy_httpd_gone(req) || hy_httpd_is_cut(req) || !w->late) {
        go_on(req, w);
        return;
    }
    hy_httpd_defer(req, go_on, w);
    helper_queue(&helper, req);
}

static struct work *new_work(struct hy_httpd_request *req)
{
    struct work *w = hy_arena_alloc(hy_httpd_arena(req), sizeof *w);

    w->late = hy_httpd_query(req, "late") != NULL;
    return w;
}

static void head(struct hy_httpd_request *req, void *arg)
{
    const char *path = hy_httpd_path(req);

    if (strcmp(path, "/refuse") == 0)
        hy_httpd_reply(req, 403, "text/plain", "no", 2);
    else if (strcmp(path, "/up") == 0 || strcmp(path, "/half") == 0 || strcmp(path, "/cut") == 0)
        hy_httpd_read(req, piece, new_work(req));
}

/* --- the server's side: downloads ------------------------------------------------------------- */

static void more(struct hy_httpd_request *req, void *arg);

static void give(struct hy_httpd_request *req, void *arg)
{
    struct work *w = arg;
    size_t size = w->left < sizeof w->block ? w->left : sizeof w->block;

    if (hy_httpd_gone(req)) {
        atomic_fetch_add(&gone, 1);
        hy_httpd_abort(req);
    } else if (size == 0) {
        hy_httpd_end(req);
    } else if (w->left == 1 && strcmp(hy_httpd_path(req), "/torn") == 0) {
        hy_httpd_abort(req);
    } else {
        memset(w->block, 'a' + (int)(w->pieces++ % 26), size);
        w->left -= size;
        atomic_fetch_add(&seen, 1);
        hy_httpd_write(req, w->block, size, more, w);
    }
}

static void more(struct hy_httpd_request *req, void *arg)
{
    struct work *w = arg;

    if (hy_httpd_gone(req) || !w->late) {
        give(req, w);
        return;
    }
    hy_httpd_defer(req, give, w);
    helper_queue(&helper, req);
}

static void begin_late(struct hy_httpd_request *req, void *arg)
{
    if (hy_httpd_gone(req)) {
        give(req, arg);
        return;
    }
    hy_httpd_add_header(req, "X-Mark", "late");
    hy_httpd_stream(req, 200, "text/plain");
    give(req, arg);
}

static void handle(struct hy_httpd_request *req, void *arg)
{
    const char *bytes = hy_httpd_query(req, "bytes");
    struct work *w;

    atomic_fetch_add(&handled, 1);
    if (!bytes) {
        hy_httpd_reply(req, 200, "text/plain", "plain", 5);
        return;
    }
    w = new_work(req);
    w->left = strtoul(bytes, NULL, 10);
    if (hy_httpd_query(req, "begin")) {
        hy_httpd_defer(req, begin_late, w);
        helper_queue(&helper, req);
        return;
    }
    hy_httpd_stream(req, 200, "text/plain");
    more(req, w);
}

/* --- both sides' life ------------------------------------------------------------------------- */

void stream_start_with(bool hold, unsigned idle_timeout_s)
{
    struct hy_httpd_config config = {.listen = "127.0.0.1:0",
                                     .handler = handle,
                                     .head = head,
                                     .body_max_bytes = 1000,
                                     .idle_timeout_s = idle_timeout_s};

    handled = gone = seen = 0;
    helper_start(&helper, hold);
    CHECK_INT(hy_httpd_start(&config, &httpd), 0);
}

void stream_start(void)
{
    stream_start_with(false, 0);
}

void stream_stop(void)
{
    CHECK_SOON(hy_httpd_busy(httpd) == 0);
    helper_stop(&helper);
    hy_httpd_stop(httpd);
}

int stream_dial(void)
{
    int fd = wire_connect(hy_httpd_address(httpd));

    CHECK(fd >= 0);
    return fd;
}

unsigned stream_sum_of(unsigned sum, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + (unsigned char)bytes[i];
    return sum;
}

void stream_expect(int fd, int status, const char *text)
{
    char answer[WIRE_TEXT_BYTES];

    CHECK_INT(wire_response(fd, answer), status);
    CHECK(strstr(answer, text) != NULL);
}

void stream_expect_plain(int fd)
{
    CHECK(wire_send(fd, "GET /plain HTTP/1.1\r\n" HOST "\r\n"));
    stream_expect(fd, 200, "\r\n\r\nplain");
}

void stream_expect_sum(int fd, const char *text)
{
    char want[80];

    snprintf(want, sizeof want, "bytes=%zu sum=%u", strlen(text),
             stream_sum_of(0, text, strlen(text)));
    stream_expect(fd, 200, want);
}

size_t stream_resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    size_t all = 0, resident = 0;

    if (file && fscanf(file, "%zu %zu", &all, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

void stream_send_big(int fd, const char *path, size_t bytes)
{
    static char block[BLOCK];
    char text[200];

    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", path,
             bytes);
    CHECK(wire_send(fd, text));
    for (size_t left = bytes; left > 0;) {
        size_t size = left < sizeof block ? left : sizeof block;

        if (!wire_write(fd, block, size))
            break;
        left -= size;
    }
}

/* Reads an answer in chunks; the number of bytes in them, -1 when it is not whole. */
long stream_read_chunks(int fd, char *head_text)
{
    char text[WIRE_TEXT_BYTES], byte;
    long bytes = 0;

    if (wire_response_head(fd, text) != 200)
        return -1;
    snprintf(head_text, WIRE_TEXT_BYTES, "%s", text);
    for (;;) {
        size_t size = 0, at = 0;
        char line[32];

        while (at < sizeof line - 1 && read(fd, &byte, 1) == 1 && byte != '\n')
            line[at++] = byte;
        line[at] = 0;
        if (at == 0)
            return -1;
        size = strtoul(line, NULL, 16) + 2;
        bytes += (long)size - 2;
        if (size == 2)
            return read(fd, line, 2) == 2 ? bytes : -1;
        while (size > 0) {
            ssize_t got = read(fd, text, size < sizeof text ? size : sizeof text);

            if (got <= 0)
                return -1;
            size -= (size_t)got;
        }
    }
}

void stream_ask_for(int fd, const char *target)
{
    char text[200];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n", target);
    CHECK(wire_send(fd, text));
}
