/*
 * Bad conversations: for every way to fail, whether the request may have had an effect. A request
 * that is NOT_SENT never reaches the server, and no request reaches it twice.
 */
#include "tap.h"

#include "unit/net/script.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct script server;
static struct hy_httpc *client;

static void open_client(struct hy_httpc_config config)
{
    CHECK_INT(hy_httpc_new(&config, &client), 0);
}

static void finish(void)
{
    CHECK_INT(hy_httpc_busy(client), 0);
    hy_httpc_free(client);
    script_join(&server);
}

static void expect(const struct result *r, enum hy_http_outcome outcome, const char *error)
{
    CHECK_INT(r->done, 1);
    CHECK_TEXT(r->error, error);
    CHECK_INT(r->outcome, outcome);
    CHECK_INT(r->status, 0);
    CHECK_INT(r->body_size, 0);
    CHECK(r->took_ms >= 0 && r->took_ms < WIRE_DEADLINE_MS);
}

/* --- never sent ------------------------------------------------------------------------------- */

static void nobody_listens(void)
{
    char address[64], url[128];
    struct result r;
    int fd = wire_listen(address);

    close(fd);
    snprintf(url, sizeof url, "http://%s/", address);
    open_client((struct hy_httpc_config){0});
    result_ask(client, url, "x", &r);
    expect(&r, HY_HTTP_NOT_SENT, "connection refused");
    result_ask(client, "http://no-such-host.invalid/", "x", &r);
    expect(&r, HY_HTTP_NOT_SENT, "name not resolved");
    result_ask(client, "http://bad host/", "x", &r);
    expect(&r, HY_HTTP_NOT_SENT, "malformed URL");
    result_ask(client, "ftp://127.0.0.1/", "x", &r);
    expect(&r, HY_HTTP_NOT_SENT, "scheme not supported");
    result_ask(client, "file:///etc/passwd", NULL, &r);
    expect(&r, HY_HTTP_NOT_SENT, "scheme not supported");
    hy_httpc_free(client);
}

/* A full queue of connections that nobody accepts: further ones get no answer at all. */
static void connecting_takes_too_long(void)
{
    enum { FILLERS = 130 };
    int fds[FILLERS], listener;
    char address[64], url[128];
    struct result r;

    listener = wire_listen(address);
    for (int i = 0; i < FILLERS; i++)
        fds[i] = wire_connect_nonblocking(address);
    snprintf(url, sizeof url, "http://%s/", address);
    open_client((struct hy_httpc_config){.connect_timeout_ms = 150});
    result_ask(client, url, "x", &r);
    expect(&r, HY_HTTP_NOT_SENT, "connect timeout");
    CHECK(r.took_ms >= 140);
    hy_httpc_free(client);
    for (int i = 0; i < FILLERS; i++)
        close(fds[i]);
    close(listener);
}

/* --- sent, and no whole answer ---------------------------------------------------------------- */

static const char *part; /* what the server says before it goes */

static void play_part_and_close(struct script *s)
{
    int fd = script_accept(s);

    wire_send(fd, part);
    close(fd);
}

static void play_part_and_reset(struct script *s)
{
    int fd = script_accept(s);

    wire_send(fd, part);
    wire_reset(fd);
}

static void ask_once(void (*play)(struct script *s), const char *says, const char *error)
{
    struct result r;

    part = says;
    script_start(&server, play);
    open_client((struct hy_httpc_config){.answer_max_bytes = 1000});
    result_ask(client, server.url, "x", &r);
    expect(&r, HY_HTTP_NO_ANSWER, error);
    CHECK_INT(server.requests, 1);
    finish();
}

static void the_server_goes_without_a_word(void)
{
    ask_once(play_part_and_close, "", "closed without an answer");
    ask_once(play_part_and_close, "HTTP/1.1 100 Continue\r\n\r\n", "closed without an answer");
    ask_once(play_part_and_close, "HTTP/1.1 20", "closed without an answer");
    ask_once(play_part_and_reset, "", "connection reset");
}

static void the_answer_is_cut(void)
{
    static const char *const parts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nX-",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Le",
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        ask_once(play_part_and_close, parts[i], "answer cut short");
    }
    ask_once(play_part_and_reset, parts[0], "answer cut short");
}

static void the_answer_is_not_http(void)
{
    ask_once(play_part_and_close, "220 ready for mail\r\n\r\n", "not an HTTP answer");
    ask_once(play_part_and_close, "<html>hello</html>", "not an HTTP answer");
}

static void the_answer_is_too_large(void)
{
    static char text[200000];
    size_t used;

    used = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    memset(text + used, 'a', 1001);
    text[used + 1001] = 0;
    ask_once(play_part_and_close, text, "answer too large");
    used = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\n");
    while (used < sizeof text - 100)
        used += (size_t)sprintf(text + used, "X-Header: %060d\r\n", 1);
    ask_once(play_part_and_close, text, "answer too large");
}

static void play_part_and_wait(struct script *s)
{
    int fd = script_accept(s);

    wire_send(fd, part);
    wire_drain(fd);
    close(fd);
}

static void the_answer_takes_too_long(void)
{
    static const char *const parts[] = {"", "HTTP/1.1 200 OK\r\nConten",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"};
    struct result r;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        part = parts[i];
        script_start(&server, play_part_and_wait);
        open_client((struct hy_httpc_config){.total_timeout_ms = 200});
        result_ask(client, server.url, "x", &r);
        expect(&r, HY_HTTP_NO_ANSWER, "timeout");
        CHECK(r.took_ms >= 190);
        finish();
    }
}

/* --- connections that are used again ---------------------------------------------------------- */

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void answer_copies(struct script *s)
{
    int fd;

    while ((fd = wire_accept(s->listener)) >= 0 && script_request(s, fd)) {
        wire_send(fd, ok);
        close(fd);
    }
    close(fd);
}

/* Answers the first request of a connection, reads the second and goes; whoever comes then gets an
 * answer, which would be the second copy of the same message. */
static void play_trap(struct script *s)
{
    int fd = script_accept(s);

    wire_send(fd, ok);
    script_request(s, fd);
    if (s->step == 1)
        wire_reset(fd);
    else
        close(fd);
    answer_copies(s);
}

/* Goes in the middle of the second request. */
static void play_trap_in_the_middle(struct script *s)
{
    char some[100];
    int fd = script_accept(s);

    wire_send(fd, ok);
    while (s->step != 2)
        wire_nap();
    if (recv(fd, some, sizeof some, MSG_WAITALL) != sizeof some)
        abort();
    wire_reset(fd);
    answer_copies(s);
}

static void close_trap(int requests)
{
    hy_httpc_free(client);
    close(wire_connect(server.address)); /* ends the play */
    script_join(&server);
    CHECK_INT(server.requests, requests);
}

static void spring_trap(int step, const char *body)
{
    struct result r;

    script_start(&server, play_trap);
    server.step = step;
    open_client((struct hy_httpc_config){0});
    result_ask(client, server.url, body, &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    result_ask(client, server.url, body, &r);
    expect(&r, HY_HTTP_NO_ANSWER, "closed without an answer");
    CHECK_INT(server.requests, 2);
    close_trap(2);
}

static void spring_trap_in_the_middle(const char *body)
{
    struct result r;

    script_start(&server, play_trap_in_the_middle);
    open_client((struct hy_httpc_config){0});
    result_ask(client, server.url, "small", &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    server.step = 2;
    result_ask(client, server.url, body, &r);
    CHECK_INT(r.outcome, HY_HTTP_NO_ANSWER);
    close_trap(1);
}

static void a_request_is_never_sent_again(void)
{
    static char large[8 << 20];

    spring_trap(0, "message");
    spring_trap(0, NULL);
    spring_trap(1, "message");
    memset(large, 'a', sizeof large - 1);
    spring_trap(0, large);
    spring_trap(1, large);
    spring_trap_in_the_middle(large);
}

/* Answers, and closes when the client has read the answer. Odd steps are the test's. */
static void play_close_when_idle(struct script *s)
{
    for (int i = 0; i < 4; i++) {
        int fd = script_accept(s), tries = WIRE_DEADLINE_MS;

        wire_send(fd, ok);
        while (s->step < 2 * i + 1 && --tries)
            wire_nap();
        if (i % 2)
            wire_reset(fd);
        else
            close(fd);
        s->step = 2 * i + 2;
    }
}

/* Each request comes over a connection of its own, once. */
static void a_connection_closed_while_idle_is_not_used(void)
{
    struct result r;

    script_start(&server, play_close_when_idle);
    open_client((struct hy_httpc_config){0});
    for (int i = 0; i < 4; i++) {
        result_ask(client, server.url, "message", &r);
        CHECK_INT(r.done, 1);
        CHECK_TEXT(r.error, "");
        CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
        CHECK_INT(server.requests, i + 1);
        server.step = 2 * i + 1;
        CHECK_SOON(server.step == 2 * i + 2);
    }
    finish();
}

static void play_until_closed(struct script *s)
{
    int fd = script_accept(s);

    wire_send(fd, ok);
    s->step = 1;
    wire_drain(fd);
    close(fd);
    s->step = 2;
    fd = script_accept(s);
    wire_send(fd, ok);
    close(fd);
}

/* The pool holds a connection for a second at most; that it was let go is seen by the server. */
static void an_old_connection_is_not_used(void)
{
    struct result r;

    script_start(&server, play_until_closed);
    open_client((struct hy_httpc_config){.idle_connection_s = 1});
    result_ask(client, server.url, "message", &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    for (int i = 0; i < 22; i++)
        hy_httpc_poll(client, 100);
    result_ask(client, server.url, "message", &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK_INT(server.step, 2);
    CHECK_INT(server.requests, 2);
    finish();
}

/* --- the end of the client -------------------------------------------------------------------- */

static void play_hold(struct script *s)
{
    int fd = script_accept(s);

    wire_drain(fd);
    close(fd);
}

static struct result again;

static void take_and_start_again(const struct hy_http_response *response, void *arg)
{
    struct hy_http_request request = {.method = "POST", .url = server.url};

    result_take(response, arg);
    hy_httpc_start(client, &request, result_take, &again);
}

static void calls_under_way_end_when_the_client_ends(void)
{
    struct hy_http_request request = {.method = "POST", .body = "x", .body_size = 1};
    struct result written = {0}, fresh = {0};

    memset(&again, 0, sizeof again);
    script_start(&server, play_hold);
    request.url = server.url;
    open_client((struct hy_httpc_config){.connections_max = 1});
    hy_httpc_start(client, &request, take_and_start_again, &written);
    hy_httpc_start(client, &request, result_take, &fresh);
    while (server.requests == 0)
        hy_httpc_poll(client, 1);
    CHECK_INT(hy_httpc_busy(client), 2);
    hy_httpc_free(client);
    script_join(&server);
    expect(&written, HY_HTTP_NO_ANSWER, "stopped");
    expect(&fresh, HY_HTTP_NOT_SENT, "stopped");
    expect(&again, HY_HTTP_NOT_SENT, "stopped");
    hy_httpc_free(NULL);
}

int main(void)
{
    RUN(nobody_listens);
    RUN(connecting_takes_too_long);
    RUN(the_server_goes_without_a_word);
    RUN(the_answer_is_cut);
    RUN(the_answer_is_not_http);
    RUN(the_answer_is_too_large);
    RUN(the_answer_takes_too_long);
    RUN(a_request_is_never_sent_again);
    RUN(a_connection_closed_while_idle_is_not_used);
    RUN(an_old_connection_is_not_used);
    RUN(calls_under_way_end_when_the_client_ends);
    return hy_tap_end();
}
