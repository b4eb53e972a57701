/* Bodies in pieces: small, large, slow, cut off, refused. */
#include "tap.h"

#include "unit/net/stream_server.h"

#include <pthread.h>
#include <unistd.h>

enum { BLOCK = 64 << 10 };

/* --- uploads ---------------------------------------------------------------------------------- */

static void a_body_comes_in_pieces(const char *query)
{
    char head_text[200];
    int fd;

    stream_start();
    fd = stream_dial();
    snprintf(head_text, sizeof head_text,
             "POST /up%s HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\nhello", query);
    CHECK(wire_send(fd, head_text));
    CHECK_SOON(atomic_load(&seen) == 1);
    CHECK(wire_send(fd, " world"));
    stream_expect_sum(fd, "hello world");
    stream_expect_plain(fd);
    CHECK_INT(handled, 1);
    close(fd);
    stream_stop();
}

static void at_once(void)
{
    a_body_comes_in_pieces("");
}

static void through_another_thread(void)
{
    a_body_comes_in_pieces("?late");
}

static void byte_by_byte(void)
{
    static const char body[] = "{\"user\":\"o1\"}\r\n{\"user\":\"o2\"}\n";
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 29\r\n\r\n"));
    for (int i = 0; body[i]; i++) {
        CHECK(wire_write(fd, body + i, 1));
        CHECK_SOON(atomic_load(&seen) == i + 1);
    }
    stream_expect_sum(fd, body);
    stream_expect_plain(fd);
    close(fd);
    stream_stop();
}

static void chunks_of_all_sizes(void)
{
    static const char block[] = "0123456789abcdef";
    char head_text[32];
    unsigned sum = 0;
    size_t bytes = 0;
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"));
    for (size_t i = 0; i < 2000; i++) {
        size_t size = 1 + i % 16;

        snprintf(head_text, sizeof head_text, "%zx\r\n", size);
        CHECK(wire_send(fd, head_text) && wire_write(fd, block, size) && wire_send(fd, "\r\n"));
        sum = stream_sum_of(sum, block, size);
        bytes += size;
    }
    CHECK(wire_send(fd, "0\r\n\r\n"));
    snprintf(head_text, sizeof head_text, "bytes=%zu sum=%u", bytes, sum);
    stream_expect(fd, 200, head_text);
    stream_expect_plain(fd);
    close(fd);
    stream_stop();
}

static void nothing_at_all(void)
{
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"));
    stream_expect_sum(fd, "");
    CHECK(wire_send(fd, "POST /up HTTP/1.1\r\n" HOST "\r\n"));
    stream_expect_sum(fd, "");
    CHECK(
        wire_send(fd, "POST /up HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
    stream_expect_sum(fd, "");
    close(fd);
    stream_stop();
}

static void a_hundred_megabytes_need_no_memory(void)
{
    size_t before;
    int fd;

    stream_start();
    fd = stream_dial();
    before = stream_resident_bytes();
    stream_send_big(fd, "/up?late", BIG_BYTES);
    stream_expect(fd, 200, "bytes=104857600 sum=0");
    CHECK(stream_resident_bytes() < before + FLAT_BYTES);
    stream_expect_plain(fd);
    close(fd);
    stream_stop();
}

/* While a piece is being worked on nothing more is read: the peer's writes come to a stop. */
static void a_slow_reader_holds_its_peer(void)
{
    static char block[BLOCK];
    int fd, was = 0;

    stream_start_with(true, 0);
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\n"));
    for (size_t sent = 0; sent < 1000000;) {
        size_t size = 1000000 - sent < sizeof block ? 1000000 - sent : sizeof block;

        CHECK(wire_write(fd, block, size));
        sent += size;
        if (!was)
            CHECK_SOON(helper_waiting(&helper) == 1);
        was = 1;
    }
    CHECK_INT(seen, 0);
    CHECK_INT(helper_waiting(&helper), 1);
    helper_release(&helper);
    stream_expect(fd, 200, "bytes=1000000 ");
    close(fd);
    stream_stop();
}

static void a_peer_that_goes_is_told(const char *query, bool reset)
{
    char text[200];
    int fd;

    stream_start();
    fd = stream_dial();
    snprintf(text, sizeof text, "POST /up%s HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf of",
             query);
    CHECK(wire_send(fd, text));
    CHECK_SOON(atomic_load(&seen) == 1);
    if (reset)
        wire_reset(fd);
    else
        close(fd);
    CHECK_SOON(atomic_load(&gone) == 1);
    stream_stop();
}

static void a_peer_that_goes_while_it_is_read(void)
{
    a_peer_that_goes_is_told("", false);
    a_peer_that_goes_is_told("?late", false);
    a_peer_that_goes_is_told("", true);
    a_peer_that_goes_is_told("?late", true);
}

static void a_peer_that_goes_while_a_piece_is_worked_on(void)
{
    int fd;

    stream_start_with(true, 0);
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf"));
    CHECK_SOON(helper_waiting(&helper) == 1);
    wire_reset(fd);
    helper_release(&helper);
    CHECK_SOON(atomic_load(&gone) == 1);
    stream_stop();
}

static void an_idle_peer_is_dropped(void)
{
    int fd;

    stream_start_with(false, 1);
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /up HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf"));
    CHECK(wire_drain(fd) >= 0);
    CHECK_SOON(atomic_load(&gone) == 1);
    close(fd);
    stream_stop();
}

/* --- refusals --------------------------------------------------------------------------------- */

static void a_refused_upload_leaves_the_connection(void)
{
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /refuse HTTP/1.1\r\n" HOST "\r\n"));
    stream_expect(fd, 403, "no");
    stream_send_big(fd, "/refuse", 3000000);
    stream_expect(fd, 403, "no");
    stream_send_big(fd, "/half", 3000000);
    stream_expect(fd, 409, "enough");
    stream_send_big(fd, "/half?late", 30000000);
    stream_expect(fd, 409, "enough");
    CHECK(wire_send(fd, "POST /refuse HTTP/1.1\r\n" HOST
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
    stream_expect(fd, 403, "no");
    stream_expect_plain(fd);
    CHECK_INT(handled, 1);
    close(fd);
    stream_stop();
}

static void a_refusal_is_told_before_a_large_body(void)
{
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 900000000\r\n\r\n"));
    stream_expect(fd, 403, "Connection: close");
    CHECK(wire_drain(fd) == 0);
    close(fd);
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /refuse HTTP/1.1\r\n" HOST
                        "Content-Length: 20\r\nExpect: 100-continue\r\n\r\n"));
    stream_expect(fd, 403, "Connection: close");
    close(fd);
    stream_stop();
}

static void an_upload_may_be_cut(void)
{
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /cut HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf"));
    CHECK(wire_drain(fd) == 0);
    close(fd);
    stream_stop();
}

static void others_are_collected_as_ever(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"));
    stream_expect(fd, 200, "plain");
    stream_send_big(fd, "/x", 3000);
    CHECK_INT(wire_response(fd, text), 413);
    close(fd);
    CHECK_INT(hy_httpd_busy(httpd), 0);
    stream_stop();
}

static void a_quiet_server_takes_no_upload(void)
{
    int fd, other;

    stream_start();
    fd = stream_dial();
    other = stream_dial();
    CHECK(wire_send(other, "POST /up HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhello"));
    CHECK_SOON(atomic_load(&seen) == 1);
    stream_expect_plain(fd);
    hy_httpd_quiesce(httpd);
    CHECK_SOON(hy_httpd_busy(httpd) == 1);
    CHECK(wire_send(fd, "POST /up HTTP/1.1\r\n" HOST "Content-Length: 5000000\r\n\r\n"));
    stream_expect(fd, 503, "");
    CHECK(wire_send(other, "world"));
    stream_expect(other, 200, "bytes=10 ");
    CHECK_INT(handled, 1);
    close(fd);
    close(other);
    stream_stop();
}

/* One waits for its peer, one for its first byte, one for another thread, one never reads its answer. */
static void uploads_are_cut(void)
{
    static const char *const begins[] = {"/up", "/up?late", "/cut", "/up"};
    int fds[4];

    stream_start();
    for (int i = 0; i < 4; i++) {
        char text[200];

        fds[i] = stream_dial();
        snprintf(text, sizeof text,
                 "POST %s HTTP/1.1\r\n" HOST "Content-Length: 1000000000\r\n\r\n", begins[i]);
        CHECK(wire_send(fds[i], text));
        CHECK_SOON(hy_httpd_busy(httpd) == (size_t)i + 1);
    }
    CHECK(wire_send(fds[0], "hello"));
    CHECK_SOON(atomic_load(&seen) == 1);
    hy_httpd_quiesce(httpd);
    hy_httpd_cut(httpd);
    hy_httpd_cut(httpd);
    for (int i = 0; i < 2; i++)
        stream_expect(fds[i], 503, "stopping");
    CHECK_INT(wire_drain(fds[2]), 0);
    close(fds[0]);
    close(fds[1]);
    CHECK_SOON(hy_httpd_busy(httpd) == 0); /* the last one's peer is silent */
    close(fds[2]);
    close(fds[3]);
    stream_stop();
}

static void a_held_upload_is_cut_at_its_next_piece(void)
{
    int fd;

    stream_start_with(true, 0);
    fd = stream_dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\nhello"));
    CHECK_SOON(helper_waiting(&helper) == 1);
    hy_httpd_quiesce(httpd);
    hy_httpd_cut(httpd);
    helper_release(&helper);
    stream_expect(fd, 503, "stopping");
    CHECK_INT(seen, 1);
    close(fd);
    stream_stop();
}

int main(void)
{
    RUN(at_once);
    RUN(through_another_thread);
    RUN(byte_by_byte);
    RUN(chunks_of_all_sizes);
    RUN(nothing_at_all);
    RUN(a_hundred_megabytes_need_no_memory);
    RUN(a_slow_reader_holds_its_peer);
    RUN(a_peer_that_goes_while_it_is_read);
    RUN(a_peer_that_goes_while_a_piece_is_worked_on);
    RUN(an_idle_peer_is_dropped);
    RUN(a_refused_upload_leaves_the_connection);
    RUN(a_refusal_is_told_before_a_large_body);
    RUN(an_upload_may_be_cut);
    RUN(others_are_collected_as_ever);
    RUN(a_quiet_server_takes_no_upload);
    RUN(uploads_are_cut);
    RUN(a_held_upload_is_cut_at_its_next_piece);
    return hy_tap_end();
}
