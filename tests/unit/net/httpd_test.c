/* What a handler sees of a request, and what a peer sees of its answer. */
#include "tap.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/httpd.h"
#include "unit/net/wire.h"

#include <stdlib.h>
#include <unistd.h>

enum { BIG_BYTES = 3000000 };

static struct hy_httpd *httpd;
static char big[BIG_BYTES];

static void put_query(const char *name, const char *value, void *arg)
{
    hy_buf_printf(arg, "[%s=%s]", name, value);
}

/* Answers with everything it was told. */
static void echo(struct hy_httpd_request *req)
{
    const char *mark = hy_httpd_header(req, "x-mark"), *first = hy_httpd_query(req, "a");
    const char *last = hy_httpd_last_header(req, "x-mark");
    struct hy_buf text;
    size_t size;
    const char *body = hy_httpd_body(req, &size);

    hy_buf_init(&text, 1 << 20);
    hy_buf_printf(&text, "%s %s ", hy_httpd_method(req), hy_httpd_path(req));
    hy_httpd_each_query(req, put_query, &text);
    hy_buf_printf(&text, " a=%s mark=%s peer=%s body=%zu:%s", first ? first : "-",
                  mark ? mark : "-", hy_httpd_peer(req), size, body);
    hy_httpd_add_header(req, "X-Last", last ? last : "-");
    hy_httpd_add_header(req, "X-First", "1");
    hy_httpd_add_header(req, "X-Evil", "1\r\nX-Injected: 1");
    hy_httpd_reply(req, 200, "text/plain", text.data, text.size);
    hy_buf_deinit(&text);
}

static void handle(struct hy_httpd_request *req, void *arg)
{
    const char *path = hy_httpd_path(req);

    if (arg != &httpd)
        abort();
    if (strcmp(path, "/big") == 0)
        hy_httpd_reply(req, 200, NULL, big, sizeof big);
    else if (strcmp(path, "/empty") == 0)
        hy_httpd_reply(req, 204, NULL, NULL, 0);
    else if (strcmp(path, "/abort") == 0)
        hy_httpd_abort(req);
    else
        echo(req);
}

static void start(const char *listen)
{
    struct hy_httpd_config config = {.listen = listen, .handler = handle, .arg = &httpd};

    CHECK_INT(hy_httpd_start(&config, &httpd), 0);
}

static void stop(void)
{
    CHECK_SOON(hy_httpd_busy(httpd) == 0);
    hy_httpd_stop(httpd);
}

/* One request on a connection of its own. */
static int ask(const char *request, char text[WIRE_TEXT_BYTES])
{
    int fd = wire_connect(hy_httpd_address(httpd)), status;

    CHECK(fd >= 0 && wire_send(fd, request));
    status = wire_response(fd, text);
    close(fd);
    return status;
}

#define HOST "Host: h\r\n"

static void tells_the_handler_everything(void)
{
    char text[WIRE_TEXT_BYTES];

    start("127.0.0.1:0");
    CHECK_INT(ask("POST /v1/%e9%b8%bf?a=1%262&b=x+y&a=2&flag&empty= HTTP/1.1\r\n" HOST
                  "X-Mark: yes\r\nContent-Length: 5\r\n\r\nhello",
                  text),
              200);
    CHECK(strstr(text, "\r\n\r\nPOST /v1/鸿 [a=1&2][b=x y][a=2][flag=][empty=] a=1&2 mark=yes "
                       "peer=127.0.0.1 body=5:hello") != NULL);
    CHECK(strstr(text, "\r\nContent-Type: text/plain\r\n") != NULL);
    CHECK(strstr(text, "\r\nX-First: 1\r\n") != NULL);
    CHECK(strstr(text, "X-Injected") == NULL);
    CHECK_INT(ask("GET /plain HTTP/1.1\r\n" HOST "\r\n", text), 200);
    CHECK(strstr(text, "\r\n\r\nGET /plain  a=- mark=- peer=127.0.0.1 body=0:") != NULL);
    CHECK_INT(ask("GET http://h/abs?a HTTP/1.1\r\n" HOST "\r\n", text), 200);
    CHECK(strstr(text, "\r\n\r\nGET /abs [a=] a= ") != NULL);
    stop();
}

/* A proxy may add its own header behind one that the client made up. */
static void the_last_of_several_headers_can_be_told(void)
{
    char text[WIRE_TEXT_BYTES];

    start("127.0.0.1:0");
    CHECK_INT(ask("GET / HTTP/1.1\r\n" HOST "X-Mark: a\r\nOther: b\r\nx-mark: c\r\n\r\n", text),
              200);
    CHECK(strstr(text, "\r\nX-Last: c\r\n") != NULL);
    CHECK_INT(ask("GET / HTTP/1.1\r\n" HOST "\r\n", text), 200);
    CHECK(strstr(text, "\r\nX-Last: -\r\n") != NULL);
    stop();
}

static void any_method_reaches_the_handler(void)
{
    static const char *const methods[] = {"PUT", "DELETE", "PATCH", "OPTIONS", "PURGE", "TRACE"};
    char request[200], text[WIRE_TEXT_BYTES];

    start("127.0.0.1:0");
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        snprintf(request, sizeof request, "%s /m HTTP/1.1\r\n" HOST "\r\n", methods[i]);
        CHECK_INT(ask(request, text), 200);
        snprintf(request, sizeof request, "\r\n\r\n%s /m", methods[i]);
        CHECK(strstr(text, request) != NULL);
    }
    stop();
}

static void head_has_no_body(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    start("127.0.0.1:0");
    fd = wire_connect(hy_httpd_address(httpd));
    CHECK(wire_send(fd, "HEAD /x HTTP/1.1\r\n" HOST "\r\nGET /y HTTP/1.1\r\n" HOST "\r\n"));
    CHECK_INT(wire_response_head(fd, text), 200);
    CHECK(strstr(text, "Content-Length: 0\r\n") == NULL);
    CHECK(strstr(text, "Content-Length: ") != NULL);
    CHECK_INT(wire_response(fd, text), 200);
    CHECK(strstr(text, "\r\n\r\nGET /y") != NULL);
    close(fd);
    stop();
}

static void answers_of_all_sizes(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    start("127.0.0.1:0");
    CHECK_INT(ask("GET /empty HTTP/1.1\r\n" HOST "\r\n", text), 204);
    fd = wire_connect(hy_httpd_address(httpd));
    CHECK(wire_send(fd, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    CHECK(wire_drain(fd) > BIG_BYTES);
    close(fd);
    stop();
}

static void pipelined_requests_are_answered_in_order(void)
{
    char text[WIRE_TEXT_BYTES], want[64];
    int fd;

    start("127.0.0.1:0");
    fd = wire_connect(hy_httpd_address(httpd));
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "POST /%d HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", i);
        CHECK(wire_send(fd, text));
    }
    for (int i = 0; i < 20; i++) {
        CHECK_INT(wire_response(fd, text), 200);
        snprintf(want, sizeof want, "\r\n\r\nPOST /%d ", i);
        CHECK(strstr(text, want) != NULL);
    }
    close(fd);
    stop();
}

/* 100 answers one after the other: a delayed acknowledgement would cost 40 ms each. */
static void keep_alive_has_no_pauses(void)
{
    char text[WIRE_TEXT_BYTES];
    int64_t from_us;
    int fd;

    start("127.0.0.1:0");
    fd = wire_connect(hy_httpd_address(httpd));
    from_us = hy_clock_mono_us();
    for (int i = 0; i < 100; i++) {
        CHECK(wire_send(fd, "POST /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n"));
        CHECK(wire_send(fd, "ab"));
        CHECK_INT(wire_response(fd, text), 200);
    }
    CHECK(hy_clock_mono_us() - from_us < 3000000);
    close(fd);
    stop();
}

static void abort_sends_nothing(void)
{
    int fd;

    start("127.0.0.1:0");
    fd = wire_connect(hy_httpd_address(httpd));
    CHECK(wire_send(fd, "POST /abort HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab"));
    CHECK_INT(wire_drain(fd), 0);
    close(fd);
    stop();
}

static void listens_on_ipv6(void)
{
    char text[WIRE_TEXT_BYTES];

    start("[::1]:0");
    CHECK(strncmp(hy_httpd_address(httpd), "[::1]:", 6) == 0);
    CHECK_INT(ask("GET / HTTP/1.1\r\n" HOST "\r\n", text), 200);
    CHECK(strstr(text, "peer=::1 ") != NULL);
    stop();
}

static void start_errors(void)
{
    struct hy_httpd_config config = {.listen = "nonsense", .handler = handle};
    struct hy_httpd *other = NULL;

    CHECK_INT(hy_httpd_start(&config, &other), HY_E_INVALID);
    start("127.0.0.1:0");
    config.listen = hy_httpd_address(httpd);
    CHECK_INT(hy_httpd_start(&config, &other), HY_E_BUSY);
    CHECK(other == NULL);
    stop();
    hy_httpd_stop(NULL);
}

int main(void)
{
    RUN(tells_the_handler_everything);
    RUN(the_last_of_several_headers_can_be_told);
    RUN(any_method_reaches_the_handler);
    RUN(head_has_no_body);
    RUN(answers_of_all_sizes);
    RUN(pipelined_requests_are_answered_in_order);
    RUN(keep_alive_has_no_pauses);
    RUN(abort_sends_nothing);
    RUN(listens_on_ipv6);
    RUN(start_errors);
    return hy_tap_end();
}
