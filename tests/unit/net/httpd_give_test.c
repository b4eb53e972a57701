/* Answers in pieces: small, large, torn, unread; and both ways, many at once. */
#include "tap.h"

#include "unit/net/stream_server.h"

#include <pthread.h>
#include <unistd.h>

enum { CLIENTS = 8 };

/* --- downloads -------------------------------------------------------------------------------- */

static void answers_in_pieces(void)
{
    static const char *const ways[] = {"", "&late", "&begin&late"};
    static const size_t sizes[] = {0, 1, 999, 1000, 1001, 100000};
    static char text[WIRE_TEXT_BYTES];
    int fd;

    stream_start();
    fd = stream_dial();
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            char target[64];

            snprintf(target, sizeof target, "/d?bytes=%zu%s", sizes[k], ways[i]);
            stream_ask_for(fd, target);
            CHECK_INT(stream_read_chunks(fd, text), sizes[k]);
            CHECK(strstr(text, "Transfer-Encoding: chunked") != NULL);
        }
    }
    CHECK(strstr(text, "X-Mark: late") != NULL);
    stream_expect_plain(fd);
    close(fd);
    stream_stop();
}

static void an_answer_of_a_hundred_megabytes_needs_no_memory(void)
{
    static char text[WIRE_TEXT_BYTES];
    size_t before;
    int fd;

    stream_start();
    fd = stream_dial();
    before = stream_resident_bytes();
    stream_ask_for(fd, "/d?bytes=104857600");
    CHECK_INT(stream_read_chunks(fd, text), BIG_BYTES);
    CHECK(stream_resident_bytes() < before + FLAT_BYTES);
    close(fd);
    stream_stop();
}

static void an_old_client_reads_to_the_close(void)
{
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "GET /d?bytes=5000&late HTTP/1.0\r\n\r\n"));
    CHECK(wire_drain(fd) > 5000);
    close(fd);
    stream_stop();
}

static void a_torn_answer_can_be_told(void)
{
    static char text[WIRE_TEXT_BYTES];
    int fd;

    stream_start();
    fd = stream_dial();
    stream_ask_for(fd, "/torn?bytes=1");
    CHECK_INT(stream_read_chunks(fd, text), -1);
    close(fd);
    fd = stream_dial();
    stream_ask_for(fd, "/torn?bytes=10001&late");
    CHECK_INT(stream_read_chunks(fd, text), -1);
    close(fd);
    stream_stop();
}

static void a_head_request_ends_the_stream(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    stream_start();
    fd = stream_dial();
    CHECK(wire_send(fd, "HEAD /d?bytes=5000 HTTP/1.1\r\n" HOST "\r\n"));
    CHECK_INT(wire_response_head(fd, text), 200);
    CHECK_SOON(atomic_load(&gone) == 1);
    close(fd);
    stream_stop();
}

static void a_peer_that_goes_while_it_is_written_to(void)
{
    static const char *const targets[] = {"/d?bytes=104857600", "/d?bytes=104857600&late"};
    int fd;

    for (int i = 0; i < 4; i++) {
        stream_start();
        fd = stream_dial();
        stream_ask_for(fd, targets[i % 2]);
        CHECK_SOON(atomic_load(&seen) > 10);
        if (i < 2)
            close(fd);
        else
            wire_reset(fd);
        CHECK_SOON(atomic_load(&gone) == 1);
        stream_stop();
    }
}

static void a_peer_that_goes_while_the_next_piece_is_made(void)
{
    int fd;

    stream_start_with(true, 0);
    fd = stream_dial();
    stream_ask_for(fd, "/d?bytes=5000&late");
    CHECK_SOON(helper_waiting(&helper) == 1);
    wire_reset(fd);
    helper_release(&helper);
    CHECK_SOON(hy_httpd_busy(httpd) == 0);
    stream_stop();
}

static void a_peer_that_does_not_read_is_dropped(void)
{
    int fd;

    stream_start_with(false, 1);
    fd = stream_dial();
    stream_ask_for(fd, "/d?bytes=104857600");
    CHECK_SOON(atomic_load(&gone) == 1);
    close(fd);
    stream_stop();
}

/* --- all of it -------------------------------------------------------------------------------- */

static void a_stop_in_the_middle(void)
{
    int up, down, begun;

    stream_start();
    up = stream_dial();
    down = stream_dial();
    begun = stream_dial();
    CHECK(wire_send(up, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhello"));
    CHECK(wire_send(begun, "POST /up HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n"));
    CHECK_SOON(atomic_load(&seen) == 1 && hy_httpd_busy(httpd) == 2);
    stream_ask_for(down, "/d?bytes=104857600");
    CHECK_SOON(atomic_load(&seen) > 10);
    hy_httpd_quiesce(httpd);
    CHECK_INT(hy_httpd_busy(httpd), 3);
    helper_stop(&helper);
    hy_httpd_stop(httpd);
    CHECK_INT(gone, 3);
    close(up);
    close(down);
    close(begun);
}

static atomic_int good;

static void *one_client(void *arg)
{
    static const char body[] = "some lines of a body";
    char text[WIRE_TEXT_BYTES], want[80];
    int fd = wire_connect(hy_httpd_address(httpd));

    snprintf(want, sizeof want, "bytes=%zu sum=%u", strlen(body),
             stream_sum_of(0, body, strlen(body)));
    for (int i = 0; i < 100; i++) {
        wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 20\r\n\r\n");
        wire_write(fd, body, 7);
        wire_write(fd, body + 7, 13);
        if (wire_response(fd, text) == 200 && strstr(text, want))
            atomic_fetch_add(&good, 1);
        wire_send(fd, "GET /d?bytes=3500&late HTTP/1.1\r\n" HOST "\r\n");
        if (stream_read_chunks(fd, text) == 3500)
            atomic_fetch_add(&good, 1);
    }
    close(fd);
    return NULL;
}

static void many_at_once(void)
{
    pthread_t threads[CLIENTS];

    stream_start();
    good = 0;
    for (int i = 0; i < CLIENTS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, one_client, NULL), 0);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(good, CLIENTS * 200);
    stream_stop();
}

int main(void)
{
    RUN(answers_in_pieces);
    RUN(an_answer_of_a_hundred_megabytes_needs_no_memory);
    RUN(an_old_client_reads_to_the_close);
    RUN(a_torn_answer_can_be_told);
    RUN(a_head_request_ends_the_stream);
    RUN(a_peer_that_goes_while_it_is_written_to);
    RUN(a_peer_that_goes_while_the_next_piece_is_made);
    RUN(a_peer_that_does_not_read_is_dropped);
    RUN(a_stop_in_the_middle);
    RUN(many_at_once);
    return hy_tap_end();
}
