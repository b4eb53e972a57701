/* Requests that must not get through, and how they are turned away. */
#include "tap.h"

#include "net/httpd.h"
#include "unit/net/helper.h"
#include "unit/net/wire.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { BODY_MAX = 1000 };

#define HOST "Host: h\r\n"

static struct hy_httpd *httpd;
static struct helper helper;
static atomic_int handled, refused;

static void reply_late(struct hy_httpd_request *req, void *arg)
{
    hy_httpd_reply(req, 200, NULL, "late", 4);
}

static void handle(struct hy_httpd_request *req, void *arg)
{
    size_t size;

    atomic_fetch_add(&handled, 1);
    hy_httpd_body(req, &size);
    if (size > BODY_MAX)
        abort();
    if (strcmp(hy_httpd_path(req), "/late") == 0) {
        hy_httpd_defer(req, reply_late, NULL);
        helper_queue(&helper, req);
    } else {
        hy_httpd_reply(req, 200, "text/plain", "fine", 4);
    }
}

static void refuse(struct hy_httpd_request *req, int status, void *arg)
{
    char text[40];
    int size = snprintf(text, sizeof text, "refused with %d", status);

    atomic_fetch_add(&refused, 1);
    hy_httpd_reply(req, status, "text/plain", text, (size_t)size);
}

static void start_with(struct hy_httpd_config config)
{
    config.listen = "127.0.0.1:0";
    config.handler = handle;
    config.body_max_bytes = BODY_MAX;
    handled = refused = 0;
    helper_start(&helper, true);
    CHECK_INT(hy_httpd_start(&config, &httpd), 0);
}

static void stop(void)
{
    helper_stop(&helper);
    CHECK_SOON(hy_httpd_busy(httpd) == 0);
    hy_httpd_stop(httpd);
}

static int dial(void)
{
    int fd = wire_connect(hy_httpd_address(httpd));

    CHECK(fd >= 0);
    return fd;
}

/* Sends on a connection of its own; checks that it is closed after a refusal. */
static int ask(const char *request, char text[WIRE_TEXT_BYTES])
{
    int fd = dial(), status;

    text[0] = 0;
    wire_send(fd, request);
    status = wire_response(fd, text);
    if (status >= 400)
        CHECK(wire_drain(fd) >= 0);
    close(fd);
    return status;
}

static void post_of(char *text, size_t body, int fd)
{
    char bytes[BODY_MAX + 1];

    memset(bytes, 'b', sizeof bytes);
    snprintf(text, WIRE_TEXT_BYTES, "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", body);
    CHECK(wire_send(fd, text));
    if (body <= sizeof bytes)
        wire_write(fd, bytes, body);
}

static void bodies_up_to_the_limit_pass(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    start_with((struct hy_httpd_config){0});
    fd = dial();
    for (int i = 0; i < 3; i++) {
        post_of(text, BODY_MAX, fd);
        CHECK_INT(wire_response(fd, text), 200);
    }
    close(fd);
    stop();
}

static void a_body_announced_far_too_large_is_refused_at_once(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    start_with((struct hy_httpd_config){.refuse = refuse});
    fd = dial();
    post_of(text, 100000000, fd);
    CHECK_INT(wire_response(fd, text), 413);
    CHECK(strstr(text, "\r\n\r\nrefused with 413") != NULL);
    CHECK(strcasestr(text, "\r\nConnection: close\r\n") != NULL);
    CHECK_INT(wire_drain(fd), 0);
    close(fd);
    CHECK_INT(
        ask("PATCH / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n", text),
        413);
    CHECK_INT(ask("PATCH / HTTP/1.1\r\n" HOST "Content-Length: 100000000\r\n\r\n"
                  "GET / HTTP/1.1\r\n" HOST "\r\n",
                  text),
              413);
    CHECK_INT(handled, 0);
    stop();
}

/* The answer comes when the client has sent all, so that it is not lost to a reset connection. */
static void a_body_too_large_is_read_to_its_end(void)
{
    static char piece[65536];
    enum { PIECES = 100 };
    char text[WIRE_TEXT_BYTES];
    int fd;

    start_with((struct hy_httpd_config){.refuse = refuse});
    memset(piece, 'b', sizeof piece);
    fd = dial();
    snprintf(text, sizeof text, "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
             sizeof piece * PIECES);
    CHECK(wire_send(fd, text));
    for (int i = 0; i < PIECES; i++)
        CHECK(wire_write(fd, piece, sizeof piece));
    CHECK_INT(wire_response(fd, text), 413);
    CHECK(strstr(text, "\r\n\r\nrefused with 413") != NULL);
    CHECK(strcasestr(text, "\r\nConnection: close\r\n") != NULL);
    CHECK_INT(wire_drain(fd), 0);
    close(fd);
    CHECK_INT(handled, 0);
    stop();
}

static void a_chunked_body_too_large_is_refused_at_its_end(void)
{
    char text[WIRE_TEXT_BYTES], chunk[256];
    int fd;

    start_with((struct hy_httpd_config){0});
    fd = dial();
    snprintf(chunk, sizeof chunk, "64\r\n%0100d\r\n", 7);
    for (int round = 0; round < 2; round++) {
        CHECK(wire_send(fd, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"));
        for (int i = 0; i < 10 + round; i++)
            CHECK(wire_send(fd, chunk));
        CHECK(wire_send(fd, "0\r\n\r\n"));
        CHECK_INT(wire_response(fd, text), round ? 413 : 200);
    }
    CHECK(strstr(text, "\r\n\r\n413 ") != NULL);
    CHECK_INT(wire_drain(fd), 0);
    CHECK_INT(handled, 1);
    close(fd);
    stop();
}

static void an_endless_body_is_cut_off(void)
{
    static char chunk[65536 + 16];
    int fd, sent = 0;

    start_with((struct hy_httpd_config){0});
    fd = dial();
    CHECK(wire_send(fd, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"));
    snprintf(chunk, sizeof chunk, "10000\r\n%065536d\r\n", 7);
    while (sent < 10000 && wire_send(fd, chunk))
        sent++;
    CHECK(sent < 10000);
    CHECK_INT(handled, 0);
    close(fd);
    stop();
}

static void unclean_requests_are_refused(void)
{
    static const char *const requests[] = {
        "GET /a%00b HTTP/1.1\r\n" HOST "\r\n",
        "GET /a?b=%00 HTTP/1.1\r\n" HOST "\r\n",
        "GET /a?%00=b HTTP/1.1\r\n" HOST "\r\n",
        "GET /%ff HTTP/1.1\r\n" HOST "\r\n",
        "GET /a?b=%c0%af HTTP/1.1\r\n" HOST "\r\n",
        "GET /a HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n",
    };
    char text[WIRE_TEXT_BYTES];

    start_with((struct hy_httpd_config){0});
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        int status = ask(requests[i], text);

        if (status != 400)
            printf("# request %zu\n", i);
        CHECK_INT(status, 400);
    }
    CHECK_INT(handled, 0);
    CHECK_INT(ask("GET / HTTP/1.1\r\n" HOST "\r\n", text), 200);
    stop();
}

static void noise_does_no_harm(void)
{
    static const char *const noise[] = {"\r\n",
                                        "\x16\x03\x01\x02",
                                        "GET",
                                        "A B C D E F\r\n\r\n",
                                        "GET / HTTP/9.9\r\n" HOST "\r\n",
                                        "\r\n\r\n\r\n\r\n"};
    char text[WIRE_TEXT_BYTES], *header;
    int fd;

    start_with((struct hy_httpd_config){0});
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
        fd = dial();
        CHECK(wire_send(fd, noise[i]));
        close(fd);
    }
    header = calloc(1, 40000);
    memset(header, 'h', 39999);
    fd = dial();
    CHECK(wire_send(fd, "GET / HTTP/1.1\r\n" HOST "X-Long: "));
    wire_send(fd, header);
    wire_send(fd, "\r\n\r\n");
    free(header);
    CHECK(wire_drain(fd) >= 0);
    close(fd);
    CHECK_INT(handled, 0);
    CHECK_INT(ask("GET / HTTP/1.1\r\n" HOST "\r\n", text), 200);
    stop();
}

static void expect_continue_is_granted_or_refused(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    start_with((struct hy_httpd_config){0});
    fd = dial();
    CHECK(wire_send(fd, "POST / HTTP/1.1\r\n" HOST
                        "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    CHECK_INT(wire_response_head(fd, text), 100);
    CHECK(wire_send(fd, "abc"));
    CHECK_INT(wire_response(fd, text), 200);
    CHECK(wire_send(fd, "POST / HTTP/1.1\r\n" HOST
                        "Expect: 100-continue\r\nContent-Length: 3000\r\n\r\n"));
    CHECK_INT(wire_response(fd, text), 413);
    close(fd);
    stop();
}

static void an_upload_cut_off_is_forgotten(void)
{
    char text[WIRE_TEXT_BYTES];

    start_with((struct hy_httpd_config){0});
    for (int i = 0; i < 20; i++) {
        int fd = dial();

        CHECK(wire_send(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf"));
        if (i % 2)
            wire_reset(fd);
        else
            close(fd);
    }
    CHECK_INT(ask("GET / HTTP/1.1\r\n" HOST "\r\n", text), 200);
    CHECK_INT(handled, 1);
    stop();
}

static void idle_connections_end_but_deferred_requests_wait(void)
{
    char text[WIRE_TEXT_BYTES];
    int waiting, idle, half;

    start_with((struct hy_httpd_config){.idle_timeout_s = 1});
    waiting = dial();
    CHECK(wire_send(waiting, "GET /late HTTP/1.1\r\n" HOST "\r\n"));
    CHECK_SOON(helper_waiting(&helper) == 1);
    idle = dial();
    half = dial();
    CHECK(wire_send(half, "GET / HT"));
    CHECK(wire_drain(idle) >= 0);
    CHECK(wire_drain(half) >= 0);
    helper_release(&helper);
    CHECK_INT(wire_response(waiting, text), 200);
    close(waiting);
    close(idle);
    close(half);
    stop();
}

static void connections_beyond_the_limit_wait_for_room(void)
{
    char text[WIRE_TEXT_BYTES];
    int fds[5];

    start_with((struct hy_httpd_config){.connections_max = 4});
    for (int i = 0; i < 4; i++) {
        fds[i] = dial();
        CHECK(wire_send(fds[i], "GET /late HTTP/1.1\r\n" HOST "\r\n"));
    }
    CHECK_SOON(helper_waiting(&helper) == 4);
    fds[4] = dial();
    CHECK(wire_send(fds[4], "GET /late HTTP/1.1\r\n" HOST "\r\n"));
    helper_release(&helper);
    for (int i = 0; i < 4; i++)
        CHECK_INT(wire_response(fds[i], text), 200);
    CHECK_INT(handled, 4);
    close(fds[0]);
    CHECK_INT(wire_response(fds[4], text), 200);
    for (int i = 1; i < 5; i++)
        close(fds[i]);
    stop();
}

int main(void)
{
    RUN(bodies_up_to_the_limit_pass);
    RUN(a_body_announced_far_too_large_is_refused_at_once);
    RUN(a_body_too_large_is_read_to_its_end);
    RUN(a_chunked_body_too_large_is_refused_at_its_end);
    RUN(an_endless_body_is_cut_off);
    RUN(unclean_requests_are_refused);
    RUN(noise_does_no_harm);
    RUN(expect_continue_is_granted_or_refused);
    RUN(an_upload_cut_off_is_forgotten);
    RUN(idle_connections_end_but_deferred_requests_wait);
    RUN(connections_beyond_the_limit_wait_for_room);
    return hy_tap_end();
}
