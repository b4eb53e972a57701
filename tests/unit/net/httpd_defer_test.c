/* Deferred requests: woken early, late, all at once, after the peer has gone, and at the end. */
#include "tap.h"

#include "net/httpd.h"
#include "unit/net/helper.h"
#include "unit/net/wire.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define HOST "Host: h\r\n"

enum { CLIENTS = 4, IDLE = 2000, BUSY = 1000, SCRATCH_BYTES = 3000 };

static struct hy_httpd *httpd;
static struct helper helper;
static atomic_int finished, gone, begun;

static void reply(struct hy_httpd_request *req, void *arg)
{
    const char *text = hy_httpd_user(req);

    atomic_fetch_add(&finished, 1);
    atomic_fetch_add(&gone, hy_httpd_gone(req));
    hy_httpd_reply(req, 202, "text/plain", text, strlen(text));
}

static void reply_in_two_steps(struct hy_httpd_request *req, void *arg)
{
    hy_httpd_defer(req, reply, NULL);
    helper_queue(&helper, req);
}

static void drop(struct hy_httpd_request *req, void *arg)
{
    hy_httpd_abort(req);
}

static void handle(struct hy_httpd_request *req, void *arg)
{
    const char *path = hy_httpd_path(req);

    atomic_fetch_add(&begun, 1);
    hy_httpd_set_user(req, hy_arena_printf(hy_httpd_arena(req), "answer to %s", path));
    /* What is given back before the answer is no part of it. */
    memset(hy_arena_alloc(hy_httpd_scratch(req), SCRATCH_BYTES), '?', SCRATCH_BYTES);
    hy_arena_reset(hy_httpd_scratch(req));
    CHECK_INT(hy_httpd_scratch(req)->used_bytes, 0);
    if (strcmp(path, "/early") == 0) {
        hy_httpd_defer(req, reply, NULL);
        hy_httpd_wake(req);
    } else if (strcmp(path, "/drop") == 0) {
        hy_httpd_defer(req, drop, NULL);
        helper_queue(&helper, req);
    } else {
        hy_httpd_defer(req, strcmp(path, "/two") == 0 ? reply_in_two_steps : reply, NULL);
        helper_queue(&helper, req);
    }
}

static void start(bool hold)
{
    struct hy_httpd_config config = {.listen = "127.0.0.1:0", .handler = handle};

    finished = gone = begun = 0;
    helper_start(&helper, hold);
    CHECK_INT(hy_httpd_start(&config, &httpd), 0);
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

static void send_get(int fd, const char *path)
{
    char text[200];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n", path);
    CHECK(wire_send(fd, text));
}

static void expect(int fd, const char *path)
{
    char text[WIRE_TEXT_BYTES], want[200];

    CHECK_INT(wire_response(fd, text), 202);
    snprintf(want, sizeof want, "\r\n\r\nanswer to %s", path);
    CHECK(strstr(text, want) != NULL);
}

static void another_thread_finishes(void)
{
    int fd;

    start(false);
    fd = dial();
    for (int i = 0; i < 200; i++) {
        send_get(fd, "/late");
        expect(fd, "/late");
    }
    close(fd);
    stop();
}

static void a_wake_may_come_before_the_handler_returns(void)
{
    int fd;

    start(false);
    fd = dial();
    for (int i = 0; i < 50; i++) {
        send_get(fd, "/early");
        expect(fd, "/early");
    }
    close(fd);
    stop();
}

static void a_continuation_may_defer_again(void)
{
    int fd;

    start(false);
    fd = dial();
    for (int i = 0; i < 50; i++) {
        send_get(fd, "/two");
        expect(fd, "/two");
    }
    close(fd);
    stop();
}

static void a_continuation_may_abort(void)
{
    int fd;

    start(false);
    fd = dial();
    send_get(fd, "/drop");
    CHECK_INT(wire_drain(fd), 0);
    close(fd);
    stop();
}

static void pipelined_requests_wait_their_turn(void)
{
    int fd;

    start(true);
    fd = dial();
    send_get(fd, "/a");
    send_get(fd, "/early");
    send_get(fd, "/b");
    CHECK_SOON(helper_waiting(&helper) == 1);
    helper_release(&helper);
    expect(fd, "/a");
    expect(fd, "/early");
    expect(fd, "/b");
    close(fd);
    stop();
}

/* `busy` requests deferred at the same time, several times over, next to `idle` connections. */
static void crowd(int busy, int idle)
{
    int *fds = calloc((size_t)(busy + idle), sizeof *fds);

    start(true);
    for (int i = 0; i < busy + idle; i++)
        fds[i] = dial();
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < busy; i++)
            send_get(fds[i], "/crowd");
        CHECK_SOON(helper_waiting(&helper) == (size_t)busy);
        CHECK_INT(hy_httpd_busy(httpd), busy);
        helper_release(&helper);
        for (int i = 0; i < busy; i++)
            expect(fds[i], "/crowd");
        CHECK_SOON(hy_httpd_busy(httpd) == 0);
        helper_hold(&helper);
    }
    CHECK_INT(finished, 5 * busy);
    for (int i = 0; i < busy + idle; i++)
        close(fds[i]);
    free(fds);
    stop();
}

static void crowds(void)
{
    struct rlimit limit;
    bool room;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    room = limit.rlim_cur >= 2 * (BUSY + IDLE) + 100;
    crowd(256, 0);
    crowd(room ? BUSY : 400, room ? IDLE : 0);
}

/* The peer of a deferred request leaves; what it waited for goes on. */
static void gone_peers(const char *path, bool reset)
{
    enum { PEERS = 40 };
    int fds[PEERS];

    start(true);
    for (int i = 0; i < PEERS; i++) {
        fds[i] = dial();
        send_get(fds[i], path);
    }
    CHECK_SOON(helper_waiting(&helper) == PEERS);
    for (int i = 0; i < PEERS; i++) {
        if (reset)
            wire_reset(fds[i]);
        else
            close(fds[i]);
    }
    CHECK_INT(finished, 0);
    CHECK_INT(hy_httpd_busy(httpd), PEERS);
    helper_release(&helper);
    CHECK_SOON(atomic_load(&finished) == PEERS);
    fds[0] = dial();
    send_get(fds[0], "/after");
    expect(fds[0], "/after");
    close(fds[0]);
    stop();
}

static void peers_that_close(void)
{
    gone_peers("/late", false);
    gone_peers("/two", false);
}

static void peers_that_reset(void)
{
    gone_peers("/late", true);
    CHECK(gone > 0);
    gone_peers("/two", true);
    CHECK(gone > 0);
}

static void quiesce_lets_requests_finish(void)
{
    char address[80], text[WIRE_TEXT_BYTES];
    int fd, open;

    start(true);
    snprintf(address, sizeof address, "%s", hy_httpd_address(httpd));
    open = dial();
    send_get(open, "/early");
    expect(open, "/early");
    fd = dial();
    send_get(fd, "/late");
    CHECK_SOON(helper_waiting(&helper) == 1);
    hy_httpd_quiesce(httpd);
    hy_httpd_quiesce(httpd);
    CHECK_INT(wire_connect(address), -1);
    send_get(open, "/next");
    CHECK_INT(wire_response(open, text), 503);
    CHECK_INT(wire_drain(open), 0);
    close(open);
    CHECK_INT(hy_httpd_busy(httpd), 1);
    helper_release(&helper);
    expect(fd, "/late");
    CHECK_INT(wire_drain(fd), 0);
    close(fd);
    stop();
    CHECK_INT(wire_connect(address), -1);
}

/* Asks on and on until the server goes away. How many were answered; -1: one was answered wrong. */
static void *hammer(void *arg)
{
    const char *address = arg;
    char text[WIRE_TEXT_BYTES];
    long answered = 0;
    int fd = wire_connect(address), status = 202;

    while (fd >= 0 && wire_send(fd, "GET /two HTTP/1.1\r\n" HOST "\r\n")) {
        status = wire_response(fd, text);
        if (status != 202)
            break;
        answered++;
        if (answered % 20 == 0) {
            wire_reset(fd);
            fd = wire_connect(address);
        }
    }
    if (fd >= 0)
        close(fd);
    return (void *)(status == 202 || status == 503 || status == -1 ? answered : -1);
}

static void stop_under_load(void)
{
    pthread_t clients[CLIENTS];

    for (int round = 0; round < 5; round++) {
        char address[80];

        start(false);
        snprintf(address, sizeof address, "%s", hy_httpd_address(httpd));
        for (int i = 0; i < CLIENTS; i++)
            CHECK_INT(pthread_create(&clients[i], NULL, hammer, address), 0);
        CHECK_SOON(atomic_load(&finished) > 200);
        hy_httpd_quiesce(httpd);
        CHECK_SOON(hy_httpd_busy(httpd) == 0);
        helper_stop(&helper);
        hy_httpd_stop(httpd);
        for (int i = 0; i < CLIENTS; i++) {
            void *answered;

            pthread_join(clients[i], &answered);
            CHECK((long)answered >= 0); /* one may not have had its turn yet */
        }
    }
}

int main(void)
{
    RUN(another_thread_finishes);
    RUN(a_wake_may_come_before_the_handler_returns);
    RUN(a_continuation_may_defer_again);
    RUN(a_continuation_may_abort);
    RUN(pipelined_requests_wait_their_turn);
    RUN(crowds);
    RUN(peers_that_close);
    RUN(peers_that_reset);
    RUN(quiesce_lets_requests_finish);
    RUN(stop_under_load);
    return hy_tap_end();
}
