/* Requests to URLs of somebody else: public addresses only, a time of their own, no answers kept. */
#include "tap.h"

#include "unit/net/script.h"

#include <stdlib.h>
#include <unistd.h>

static struct script server;
static struct hy_httpc *client;

static void ask(const struct hy_http_request *request, struct result *ret)
{
    memset(ret, 0, sizeof *ret);
    hy_httpc_start(client, request, result_take, ret);
    while (!ret->done)
        hy_httpc_poll(client, WIRE_DEADLINE_MS);
}

static void ask_public(const char *url, struct result *ret)
{
    struct hy_http_request request = {
        .method = "POST", .url = url, .body = "{}", .body_size = 2, .public_only = true};

    ask(&request, ret);
}

static void expect_refused(const struct result *r)
{
    CHECK_INT(r->outcome, HY_HTTP_NOT_SENT);
    CHECK_TEXT(r->error, "address not public");
}

/* Answers every request of one connection. */
static void play_polite(struct script *s)
{
    int fd = wire_accept(s->listener);

    while (fd >= 0 && script_request(s, fd))
        wire_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    if (fd >= 0)
        close(fd);
}

static const char *url_with(const char *host)
{
    static char url[SCRIPT_URL_BYTES];

    snprintf(url, sizeof url, "http://%s%s/x", host, strrchr(server.address, ':'));
    return url;
}

/* One connection is let in, at the end: had one come before, it would have been counted. */
static void refuses_before_a_connection(void)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]",
                                        "0.0.0.0",   "127.1",     NULL};
    struct result r;

    script_start(&server, play_polite);
    CHECK_INT(hy_httpc_new(&(struct hy_httpc_config){0}, &client), 0);
    for (size_t i = 0; hosts[i]; i++) {
        ask_public(url_with(hosts[i]), &r);
        expect_refused(&r);
    }
    CHECK_INT(server.requests, 0);
    result_ask(client, server.url, "x", &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK_INT(server.requests, 1);
    hy_httpc_free(client);
    script_join(&server);
}

static bool ask_whether(void *arg)
{
    int *left = arg;

    return (*left)-- > 0;
}

/* Asked once a request, when the connection is there, over a new one and over a pooled one: what may not go
 * is not seen by anybody. */
static void withholds_what_may_not_go(void)
{
    int may = 1;
    struct hy_http_request request = {
        .method = "POST", .body = "{}", .body_size = 2, .may_go = ask_whether, .may_go_arg = &may};
    struct result r;

    script_start(&server, play_polite);
    CHECK_INT(hy_httpc_new(&(struct hy_httpc_config){0}, &client), 0);
    request.url = server.url;
    ask(&request, &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK_INT(may, 0);
    ask(&request, &r);
    CHECK_INT(r.outcome, HY_HTTP_NOT_SENT);
    CHECK_TEXT(r.error, "withheld");
    CHECK_INT(may, -1);
    CHECK_INT(server.requests, 1);
    hy_httpc_free(client);
    script_join(&server);
}

/* Nothing of it reaches a server that it opened a connection to. */
static void play_silence(struct script *s)
{
    int fd = wire_accept(s->listener);

    while (fd >= 0 && script_request(s, fd))
        ;
    if (fd >= 0)
        close(fd);
}

static void withholds_on_a_new_connection(void)
{
    int may = 0;
    struct hy_http_request request = {.method = "GET", .may_go = ask_whether, .may_go_arg = &may};
    struct result r;

    script_start(&server, play_silence);
    CHECK_INT(hy_httpc_new(&(struct hy_httpc_config){0}, &client), 0);
    request.url = server.url;
    ask(&request, &r);
    CHECK_INT(r.outcome, HY_HTTP_NOT_SENT);
    CHECK_TEXT(r.error, "withheld");
    hy_httpc_free(client);
    script_join(&server);
    CHECK_INT(server.requests, 0);
}

/* The trusted call goes through, and again after it, over the connection that stayed open. */
static void takes_no_pooled_connection(void)
{
    struct result r;

    script_start(&server, play_polite);
    CHECK_INT(hy_httpc_new(&(struct hy_httpc_config){0}, &client), 0);
    result_ask(client, server.url, "x", &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    ask_public(server.url, &r);
    expect_refused(&r);
    CHECK_INT(server.requests, 1);
    hy_httpc_free(client);
    script_join(&server);
}

/* The same handle is used again: nothing of the rule stays behind. */
static void the_next_call_is_free_again(void)
{
    struct result r;

    script_start(&server, play_polite);
    CHECK_INT(hy_httpc_new(&(struct hy_httpc_config){0}, &client), 0);
    ask_public(server.url, &r);
    expect_refused(&r);
    result_ask(client, server.url, "x", &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK_TEXT(r.body, "ok");
    hy_httpc_free(client);
    script_join(&server);
}

static void goes_past_a_proxy(void)
{
    struct hy_http_request trusted = {.method = "GET", .url = "http://192.0.2.7/"};
    struct result r;

    script_start(&server, play_polite);
    setenv("http_proxy", server.address, 1);
    CHECK_INT(hy_httpc_new(&(struct hy_httpc_config){0}, &client), 0);
    ask_public("http://192.0.2.7/", &r);
    expect_refused(&r);
    CHECK_INT(server.requests, 0);
    ask(&trusted, &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK_INT(server.requests, 1);
    CHECK(strncmp(server.last, "GET http://192.0.2.7/ ", 22) == 0);
    ask_public("http://192.0.2.7/", &r);
    expect_refused(&r);
    CHECK_INT(server.requests, 1);
    unsetenv("http_proxy");
    hy_httpc_free(client);
    script_join(&server);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void play_mute(struct script *s)
{
    int fd = script_accept(s);

    CHECK_SOON(s->step == 1);
    close(fd);
}

static void has_a_time_of_its_own(void)
{
    struct hy_http_request request = {.method = "GET", .timeout_ms = 50};
    struct result r;

    script_start(&server, play_mute);
    request.url = server.url;
    CHECK_INT(hy_httpc_new(&(struct hy_httpc_config){0}, &client), 0);
    ask(&request, &r);
    server.step = 1;
    CHECK_INT(r.outcome, HY_HTTP_NO_ANSWER);
    CHECK_TEXT(r.error, "timeout");
    CHECK(r.took_ms >= 50 && r.took_ms < WIRE_DEADLINE_MS / 2);
    hy_httpc_free(client);
    script_join(&server);
}

static void play_flood(struct script *s)
{
    static char block[8192];
    int fd = script_accept(s);

    memset(block, 'x', sizeof block - 1);
    wire_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 819100\r\n\r\n");
    for (int i = 0; i < 100; i++)
        wire_send(fd, block);
    script_request(s, fd);
    wire_send(fd, "HTTP/1.1 410 Gone\r\nContent-Length: 2\r\n\r\nno");
    close(fd);
}

static void drops_what_nobody_reads(void)
{
    struct hy_http_request request = {.method = "POST", .body = "x", .body_size = 1};
    struct result r;

    script_start(&server, play_flood);
    request.url = server.url;
    request.status_only = true;
    CHECK_INT(hy_httpc_new(&(struct hy_httpc_config){.answer_max_bytes = 1000}, &client), 0);
    ask(&request, &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK_INT(r.status, 200);
    CHECK_INT(r.body_size, 0);
    ask(&request, &r);
    CHECK_INT(r.status, 410);
    hy_httpc_free(client);
    script_join(&server);
}

int main(void)
{
    RUN(refuses_before_a_connection);
    RUN(withholds_what_may_not_go);
    RUN(withholds_on_a_new_connection);
    RUN(takes_no_pooled_connection);
    RUN(the_next_call_is_free_again);
    RUN(goes_past_a_proxy);
    RUN(has_a_time_of_its_own);
    RUN(drops_what_nobody_reads);
    return hy_tap_end();
}
