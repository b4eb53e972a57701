/* Bodies and answers in pieces: small, large, slow, cut off, refused, many at once. */
#include "tap.h"

#include "net/httpd.h"
#include "unit/net/helper.h"
#include "unit/net/wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define HOST "Host: h\r\n"

enum { BIG_BYTES = 100 << 20, CLIENTS = 8, BLOCK = 64 << 10, FLAT_BYTES = 40 << 20 };

static struct hy_httpd *httpd;
static struct helper helper;
static atomic_int handled, gone, seen;

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

    if (hy_httpd_gone(req) || !w->late) {
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

static void start_with(bool hold, unsigned idle_timeout_s)
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

static void start(void)
{
    start_with(false, 0);
}

static void stop(void)
{
    CHECK_SOON(hy_httpd_busy(httpd) == 0);
    helper_stop(&helper);
    hy_httpd_stop(httpd);
}

static int dial(void)
{
    int fd = wire_connect(hy_httpd_address(httpd));

    CHECK(fd >= 0);
    return fd;
}

static unsigned sum_of(unsigned sum, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + (unsigned char)bytes[i];
    return sum;
}

static void expect(int fd, int status, const char *text)
{
    char answer[WIRE_TEXT_BYTES];

    CHECK_INT(wire_response(fd, answer), status);
    CHECK(strstr(answer, text) != NULL);
}

static void expect_plain(int fd)
{
    CHECK(wire_send(fd, "GET /plain HTTP/1.1\r\n" HOST "\r\n"));
    expect(fd, 200, "\r\n\r\nplain");
}

static void expect_sum(int fd, const char *text)
{
    char want[80];

    snprintf(want, sizeof want, "bytes=%zu sum=%u", strlen(text), sum_of(0, text, strlen(text)));
    expect(fd, 200, want);
}

/* --- uploads ---------------------------------------------------------------------------------- */

static void a_body_comes_in_pieces(const char *query)
{
    char head_text[200];
    int fd;

    start();
    fd = dial();
    snprintf(head_text, sizeof head_text,
             "POST /up%s HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\nhello", query);
    CHECK(wire_send(fd, head_text));
    CHECK_SOON(atomic_load(&seen) == 1);
    CHECK(wire_send(fd, " world"));
    expect_sum(fd, "hello world");
    expect_plain(fd);
    CHECK_INT(handled, 1);
    close(fd);
    stop();
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

    start();
    fd = dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 29\r\n\r\n"));
    for (int i = 0; body[i]; i++) {
        CHECK(wire_write(fd, body + i, 1));
        CHECK_SOON(atomic_load(&seen) == i + 1);
    }
    expect_sum(fd, body);
    expect_plain(fd);
    close(fd);
    stop();
}

static void chunks_of_all_sizes(void)
{
    static const char block[] = "0123456789abcdef";
    char head_text[32];
    unsigned sum = 0;
    size_t bytes = 0;
    int fd;

    start();
    fd = dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"));
    for (size_t i = 0; i < 2000; i++) {
        size_t size = 1 + i % 16;

        snprintf(head_text, sizeof head_text, "%zx\r\n", size);
        CHECK(wire_send(fd, head_text) && wire_write(fd, block, size) && wire_send(fd, "\r\n"));
        sum = sum_of(sum, block, size);
        bytes += size;
    }
    CHECK(wire_send(fd, "0\r\n\r\n"));
    snprintf(head_text, sizeof head_text, "bytes=%zu sum=%u", bytes, sum);
    expect(fd, 200, head_text);
    expect_plain(fd);
    close(fd);
    stop();
}

static void nothing_at_all(void)
{
    int fd;

    start();
    fd = dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"));
    expect_sum(fd, "");
    CHECK(wire_send(fd, "POST /up HTTP/1.1\r\n" HOST "\r\n"));
    expect_sum(fd, "");
    CHECK(
        wire_send(fd, "POST /up HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
    expect_sum(fd, "");
    close(fd);
    stop();
}

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    size_t all = 0, resident = 0;

    if (file && fscanf(file, "%zu %zu", &all, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void send_big(int fd, const char *path, size_t bytes)
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

static void a_hundred_megabytes_need_no_memory(void)
{
    size_t before;
    int fd;

    start();
    fd = dial();
    before = resident_bytes();
    send_big(fd, "/up?late", BIG_BYTES);
    expect(fd, 200, "bytes=104857600 sum=0");
    CHECK(resident_bytes() < before + FLAT_BYTES);
    expect_plain(fd);
    close(fd);
    stop();
}

/* While a piece is being worked on nothing more is read: the peer's writes come to a stop. */
static void a_slow_reader_holds_its_peer(void)
{
    static char block[BLOCK];
    int fd, was = 0;

    start_with(true, 0);
    fd = dial();
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
    expect(fd, 200, "bytes=1000000 ");
    close(fd);
    stop();
}

static void a_peer_that_goes_is_told(const char *query, bool reset)
{
    char text[200];
    int fd;

    start();
    fd = dial();
    snprintf(text, sizeof text, "POST /up%s HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf of",
             query);
    CHECK(wire_send(fd, text));
    CHECK_SOON(atomic_load(&seen) == 1);
    if (reset)
        wire_reset(fd);
    else
        close(fd);
    CHECK_SOON(atomic_load(&gone) == 1);
    stop();
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

    start_with(true, 0);
    fd = dial();
    CHECK(wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf"));
    CHECK_SOON(helper_waiting(&helper) == 1);
    wire_reset(fd);
    helper_release(&helper);
    CHECK_SOON(atomic_load(&gone) == 1);
    stop();
}

static void an_idle_peer_is_dropped(void)
{
    int fd;

    start_with(false, 1);
    fd = dial();
    CHECK(wire_send(fd, "POST /up HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf"));
    CHECK(wire_drain(fd) >= 0);
    CHECK_SOON(atomic_load(&gone) == 1);
    close(fd);
    stop();
}

/* --- refusals --------------------------------------------------------------------------------- */

static void a_refused_upload_leaves_the_connection(void)
{
    int fd;

    start();
    fd = dial();
    CHECK(wire_send(fd, "POST /refuse HTTP/1.1\r\n" HOST "\r\n"));
    expect(fd, 403, "no");
    send_big(fd, "/refuse", 3000000);
    expect(fd, 403, "no");
    send_big(fd, "/half", 3000000);
    expect(fd, 409, "enough");
    send_big(fd, "/half?late", 30000000);
    expect(fd, 409, "enough");
    CHECK(wire_send(fd, "POST /refuse HTTP/1.1\r\n" HOST
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
    expect(fd, 403, "no");
    expect_plain(fd);
    CHECK_INT(handled, 1);
    close(fd);
    stop();
}

static void a_refusal_is_told_before_a_large_body(void)
{
    int fd;

    start();
    fd = dial();
    CHECK(wire_send(fd, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 900000000\r\n\r\n"));
    expect(fd, 403, "Connection: close");
    CHECK(wire_drain(fd) == 0);
    close(fd);
    fd = dial();
    CHECK(wire_send(fd, "POST /refuse HTTP/1.1\r\n" HOST
                        "Content-Length: 20\r\nExpect: 100-continue\r\n\r\n"));
    expect(fd, 403, "Connection: close");
    close(fd);
    stop();
}

static void an_upload_may_be_cut(void)
{
    int fd;

    start();
    fd = dial();
    CHECK(wire_send(fd, "POST /cut HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf"));
    CHECK(wire_drain(fd) == 0);
    close(fd);
    stop();
}

static void others_are_collected_as_ever(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    start();
    fd = dial();
    CHECK(wire_send(fd, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"));
    expect(fd, 200, "plain");
    send_big(fd, "/x", 3000);
    CHECK_INT(wire_response(fd, text), 413);
    close(fd);
    CHECK_INT(hy_httpd_busy(httpd), 0);
    stop();
}

static void a_quiet_server_takes_no_upload(void)
{
    int fd, other;

    start();
    fd = dial();
    other = dial();
    CHECK(wire_send(other, "POST /up HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhello"));
    CHECK_SOON(atomic_load(&seen) == 1);
    expect_plain(fd);
    hy_httpd_quiesce(httpd);
    CHECK_SOON(hy_httpd_busy(httpd) == 1);
    CHECK(wire_send(fd, "POST /up HTTP/1.1\r\n" HOST "Content-Length: 5000000\r\n\r\n"));
    expect(fd, 503, "");
    CHECK(wire_send(other, "world"));
    expect(other, 200, "bytes=10 ");
    CHECK_INT(handled, 1);
    close(fd);
    close(other);
    stop();
}

/* --- downloads -------------------------------------------------------------------------------- */

/* Reads an answer in chunks; the number of bytes in them, -1 when it is not whole. */
static long read_chunks(int fd, char *head_text)
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

static void ask_for(int fd, const char *target)
{
    char text[200];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n", target);
    CHECK(wire_send(fd, text));
}

static void answers_in_pieces(void)
{
    static const char *const ways[] = {"", "&late", "&begin&late"};
    static const size_t sizes[] = {0, 1, 999, 1000, 1001, 100000};
    static char text[WIRE_TEXT_BYTES];
    int fd;

    start();
    fd = dial();
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            char target[64];

            snprintf(target, sizeof target, "/d?bytes=%zu%s", sizes[k], ways[i]);
            ask_for(fd, target);
            CHECK_INT(read_chunks(fd, text), sizes[k]);
            CHECK(strstr(text, "Transfer-Encoding: chunked") != NULL);
        }
    }
    CHECK(strstr(text, "X-Mark: late") != NULL);
    expect_plain(fd);
    close(fd);
    stop();
}

static void an_answer_of_a_hundred_megabytes_needs_no_memory(void)
{
    static char text[WIRE_TEXT_BYTES];
    size_t before;
    int fd;

    start();
    fd = dial();
    before = resident_bytes();
    ask_for(fd, "/d?bytes=104857600");
    CHECK_INT(read_chunks(fd, text), BIG_BYTES);
    CHECK(resident_bytes() < before + FLAT_BYTES);
    close(fd);
    stop();
}

static void an_old_client_reads_to_the_close(void)
{
    int fd;

    start();
    fd = dial();
    CHECK(wire_send(fd, "GET /d?bytes=5000&late HTTP/1.0\r\n\r\n"));
    CHECK(wire_drain(fd) > 5000);
    close(fd);
    stop();
}

static void a_torn_answer_can_be_told(void)
{
    static char text[WIRE_TEXT_BYTES];
    int fd;

    start();
    fd = dial();
    ask_for(fd, "/torn?bytes=1");
    CHECK_INT(read_chunks(fd, text), -1);
    close(fd);
    fd = dial();
    ask_for(fd, "/torn?bytes=10001&late");
    CHECK_INT(read_chunks(fd, text), -1);
    close(fd);
    stop();
}

static void a_head_request_ends_the_stream(void)
{
    char text[WIRE_TEXT_BYTES];
    int fd;

    start();
    fd = dial();
    CHECK(wire_send(fd, "HEAD /d?bytes=5000 HTTP/1.1\r\n" HOST "\r\n"));
    CHECK_INT(wire_response_head(fd, text), 200);
    CHECK_SOON(atomic_load(&gone) == 1);
    close(fd);
    stop();
}

static void a_peer_that_goes_while_it_is_written_to(void)
{
    static const char *const targets[] = {"/d?bytes=104857600", "/d?bytes=104857600&late"};
    int fd;

    for (int i = 0; i < 4; i++) {
        start();
        fd = dial();
        ask_for(fd, targets[i % 2]);
        CHECK_SOON(atomic_load(&seen) > 10);
        if (i < 2)
            close(fd);
        else
            wire_reset(fd);
        CHECK_SOON(atomic_load(&gone) == 1);
        stop();
    }
}

static void a_peer_that_goes_while_the_next_piece_is_made(void)
{
    int fd;

    start_with(true, 0);
    fd = dial();
    ask_for(fd, "/d?bytes=5000&late");
    CHECK_SOON(helper_waiting(&helper) == 1);
    wire_reset(fd);
    helper_release(&helper);
    CHECK_SOON(hy_httpd_busy(httpd) == 0);
    stop();
}

static void a_peer_that_does_not_read_is_dropped(void)
{
    int fd;

    start_with(false, 1);
    fd = dial();
    ask_for(fd, "/d?bytes=104857600");
    CHECK_SOON(atomic_load(&gone) == 1);
    close(fd);
    stop();
}

/* --- all of it -------------------------------------------------------------------------------- */

static void a_stop_in_the_middle(void)
{
    int up, down, begun;

    start();
    up = dial();
    down = dial();
    begun = dial();
    CHECK(wire_send(up, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhello"));
    CHECK(wire_send(begun, "POST /up HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n"));
    CHECK_SOON(atomic_load(&seen) == 1 && hy_httpd_busy(httpd) == 2);
    ask_for(down, "/d?bytes=104857600");
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

    snprintf(want, sizeof want, "bytes=%zu sum=%u", strlen(body), sum_of(0, body, strlen(body)));
    for (int i = 0; i < 100; i++) {
        wire_send(fd, "POST /up?late HTTP/1.1\r\n" HOST "Content-Length: 20\r\n\r\n");
        wire_write(fd, body, 7);
        wire_write(fd, body + 7, 13);
        if (wire_response(fd, text) == 200 && strstr(text, want))
            atomic_fetch_add(&good, 1);
        wire_send(fd, "GET /d?bytes=3500&late HTTP/1.1\r\n" HOST "\r\n");
        if (read_chunks(fd, text) == 3500)
            atomic_fetch_add(&good, 1);
    }
    close(fd);
    return NULL;
}

static void many_at_once(void)
{
    pthread_t threads[CLIENTS];

    start();
    good = 0;
    for (int i = 0; i < CLIENTS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, one_client, NULL), 0);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(good, CLIENTS * 200);
    stop();
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
