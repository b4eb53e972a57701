/* Good conversations: what is sent, what is read, connections kept, many calls at once. */
#include "tap.h"

#include "base/clock.h"
#include "unit/net/script.h"

#include <stdlib.h>
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

/* Answers every request of one connection until the client closes it. */
static void play_echo(struct script *s)
{
    char answer[WIRE_TEXT_BYTES + 200];
    int fd = wire_accept(s->listener);

    while (script_request(s, fd)) {
        snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(s->last), s->last);
        wire_send(fd, answer);
    }
    close(fd);
}

static void ask_as(const char *method, const char *body, size_t size, struct result *ret)
{
    struct hy_http_request request = {
        .method = method, .url = server.url, .body = body, .body_size = size};

    request.headers[0] = (struct hy_http_header){"Content-Type", "application/json"};
    request.headers[1] = (struct hy_http_header){"X-Empty", ""};
    request.header_count = 2;
    memset(ret, 0, sizeof *ret);
    hy_httpc_start(client, &request, result_take, ret);
    while (!ret->done)
        hy_httpc_poll(client, WIRE_DEADLINE_MS);
    CHECK_INT(ret->outcome, HY_HTTP_ANSWERED);
    CHECK_INT(ret->status, 200);
    CHECK_TEXT(ret->error, "");
}

static void sends_what_it_was_given(void)
{
    struct result r;

    script_start(&server, play_echo);
    open_client((struct hy_httpc_config){0});
    ask_as("POST", "{\"a\":1}", 7, &r);
    CHECK(strncmp(r.body, "POST /path?access_token=SECRET HTTP/1.1\r\n", 41) == 0);
    CHECK(strstr(r.body, "\r\nContent-Type: application/json\r\n") != NULL);
    CHECK(strstr(r.body, "\r\nX-Empty:\r\n") != NULL);
    CHECK(strstr(r.body, "\r\nContent-Length: 7\r\n") != NULL);
    CHECK(strstr(r.body, "\r\n\r\n{\"a\":1}") != NULL);
    CHECK(strcasestr(r.body, "\r\nExpect:") == NULL);
    CHECK(strcasestr(r.body, "\r\nAccept-Encoding:") == NULL);
    CHECK(strcasestr(r.body, "\r\nCookie:") == NULL);
    CHECK_INT(r.body_size, strlen(r.body));
    ask_as("GET", NULL, 0, &r);
    CHECK(strncmp(r.body, "GET /path", 9) == 0);
    CHECK(strstr(r.body, "Content-Length") == NULL);
    ask_as("POST", NULL, 0, &r);
    CHECK(strncmp(r.body, "POST /path", 10) == 0);
    CHECK(strstr(r.body, "\r\nContent-Length: 0\r\n") != NULL);
    ask_as("PUT", "ab\0c", 4, &r);
    CHECK(strncmp(r.body, "PUT /path", 9) == 0);
    CHECK(strstr(r.body, "\r\nContent-Length: 4\r\n") != NULL);
    ask_as("DELETE", NULL, 0, &r);
    CHECK(strncmp(r.body, "DELETE /path", 12) == 0);
    CHECK(strstr(r.body, "Content-Length") == NULL);
    ask_as("GET", NULL, 0, &r);
    CHECK(strncmp(r.body, "GET /path", 9) == 0);
    CHECK_INT(server.requests, 6);
    finish();
}

static void play_kinds(struct script *s)
{
    static const char *const answers[] = {
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nwait",
        "HTTP/1.1 204 None\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nup to the end",
    };
    int fd = wire_accept(s->listener);

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        script_request(s, fd);
        wire_send(fd, answers[i]);
    }
    close(fd);
}

static void reads_every_kind_of_answer(void)
{
    static const struct {
        int status;
        const char *body;
    } want[] = {{302, ""}, {503, "wait"}, {204, ""}, {200, "abcde"}, {200, "up to the end"}};
    struct result r;

    script_start(&server, play_kinds);
    open_client((struct hy_httpc_config){0});
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        result_ask(client, server.url, "x", &r);
        CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
        CHECK_INT(r.status, want[i].status);
        CHECK_TEXT(r.body, want[i].body);
    }
    CHECK_INT(server.requests, 5);
    finish();
}

static void play_head(struct script *s)
{
    int fd = script_accept(s);

    wire_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    script_request(s, fd);
    wire_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    close(fd);
}

static void head_waits_for_no_body(void)
{
    struct result r;

    script_start(&server, play_head);
    open_client((struct hy_httpc_config){0});
    ask_as("HEAD", NULL, 0, &r);
    CHECK_INT(r.body_size, 0);
    ask_as("GET", NULL, 0, &r);
    CHECK_TEXT(r.body, "ok");
    finish();
}

/* A server for many: each connection answers 20 requests, then closes it. */
static void *serve_one(void *arg)
{
    static __thread char text[WIRE_TEXT_BYTES];
    int fd = (int)(intptr_t)arg;

    for (int i = 0; i < 20 && wire_request(fd, text); i++)
        wire_send(fd, i < 19 ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                             : "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                               "Content-Length: 2\r\n\r\nok");
    close(fd);
    return NULL;
}

static void play_many(struct script *s)
{
    pthread_t threads[256];
    int count = 0, fd;

    while ((fd = wire_accept(s->listener)) >= 0 && !s->step && count < 256)
        if (pthread_create(&threads[count++], NULL, serve_one, (void *)(intptr_t)fd) != 0)
            abort();
    if (fd >= 0)
        close(fd);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

struct chain {
    struct hy_http_request request;
    int left, answered, others;
};

static void next_of_chain(const struct hy_http_response *response, void *arg)
{
    struct chain *c = arg;

    if (response->outcome == HY_HTTP_ANSWERED)
        c->answered++;
    else
        c->others++;
    if (c->left-- > 0)
        hy_httpc_start(client, &c->request, next_of_chain, c);
    hy_httpc_wake(client);
}

static void many_at_once(size_t connections_max, int at_once)
{
    struct chain chain = {.left = 1000 - at_once};

    script_start(&server, play_many);
    chain.request = (struct hy_http_request){
        .method = "POST", .url = server.url, .body = "body", .body_size = 4};
    open_client((struct hy_httpc_config){.connections_max = connections_max});
    for (int i = 0; i < at_once; i++)
        hy_httpc_start(client, &chain.request, next_of_chain, &chain);
    CHECK_INT(hy_httpc_busy(client), at_once);
    while (hy_httpc_busy(client))
        hy_httpc_poll(client, WIRE_DEADLINE_MS);
    CHECK_INT(chain.answered, 1000);
    CHECK_INT(chain.others, 0);
    hy_httpc_free(client);
    server.step = 1;
    close(wire_connect(server.address)); /* lets the server look at `step` */
    script_join(&server);
}

static void many_calls_that_start_others(void)
{
    many_at_once(0, 32);
}

/* More than one group of connections holds. */
static void very_many_calls_at_once(void)
{
    many_at_once(0, 150);
}

static void calls_wait_for_a_free_connection(void)
{
    many_at_once(3, 32);
}

static void play_until_closed(struct script *s)
{
    play_echo(s);
    s->step = 1;
}

/* No further request comes in which libcurl would look at it. */
static void an_idle_connection_is_closed(void)
{
    int64_t until_us = hy_clock_mono_us() + WIRE_DEADLINE_MS * 1000;
    struct result r;

    server.step = 0;
    script_start(&server, play_until_closed);
    open_client((struct hy_httpc_config){.idle_connection_s = 1});
    ask_as("GET", NULL, 0, &r);
    CHECK_INT(server.step, 0);
    while (server.step == 0 && hy_clock_mono_us() < until_us)
        hy_httpc_poll(client, 20);
    CHECK_INT(server.step, 1);
    finish();
}

static void *wake_soon(void *arg)
{
    CHECK_SOON(server.step == 1);
    hy_httpc_wake(client);
    return NULL;
}

static void a_wake_ends_the_poll(void)
{
    pthread_t thread;
    int64_t from_us = hy_clock_mono_us();

    server.step = 0;
    open_client((struct hy_httpc_config){0});
    hy_httpc_wake(client);
    hy_httpc_poll(client, WIRE_DEADLINE_MS);
    CHECK_INT(pthread_create(&thread, NULL, wake_soon, NULL), 0);
    server.step = 1;
    hy_httpc_poll(client, WIRE_DEADLINE_MS);
    pthread_join(thread, NULL);
    CHECK(hy_clock_mono_us() - from_us < WIRE_DEADLINE_MS * 500);
    from_us = hy_clock_mono_us();
    hy_httpc_poll(client, 30);
    CHECK(hy_clock_mono_us() - from_us >= 29000);
    hy_httpc_free(client);
}

static void once_is_enough_for_the_command_line(void)
{
    struct hy_httpc_config config = {0};
    struct hy_http_request request = {.method = "GET"};
    struct result r = {0};

    script_start(&server, play_echo);
    request.url = server.url;
    hy_httpc_once(&config, &request, result_take, &r);
    CHECK_INT(r.done, 1);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK_INT(r.status, 200);
    script_join(&server);
}

static void loopback_needs_no_proxy(void)
{
    struct result r;

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    script_start(&server, play_echo);
    open_client((struct hy_httpc_config){0});
    ask_as("GET", NULL, 0, &r);
    result_ask(client, "http://proxied.invalid/", NULL, &r);
    CHECK_INT(r.outcome, HY_HTTP_NOT_SENT);
    CHECK_TEXT(r.error, "connection refused"); /* by the proxy's port: nobody asked for the name */
    unsetenv("http_proxy");
    finish();
}

/* The request line that the server saw for a URL: `before`, its address, `after`. */
static void check_line(const char *before, const char *after, const char *line)
{
    char url[200];
    struct result r;

    snprintf(url, sizeof url, "%s%s%s", before, server.address, after);
    result_ask(client, url, NULL, &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK(strncmp(r.body, line, strlen(line)) == 0);
}

static void asks_for_what_the_url_says(void)
{
    struct result r;
    char url[100];

    script_start(&server, play_echo);
    open_client((struct hy_httpc_config){0});
    check_line("http://", "/a?b=c%20d&e=/f", "GET /a?b=c%20d&e=/f HTTP/1.1\r\n");
    check_line("http://", "", "GET / HTTP/1.1\r\n");
    check_line("http://", "?a=/b", "GET /?a=/b HTTP/1.1\r\n");
    check_line("http://", "/a?b#c", "GET /a?b HTTP/1.1\r\n");
    check_line("http://", "/a/../b", "GET /b HTTP/1.1\r\n");
    check_line("http://", "/path", "GET /path HTTP/1.1\r\n");
    snprintf(url, sizeof url, "http://%s/a\r\nX-Other: b", server.address);
    result_ask(client, url, NULL, &r);
    CHECK_INT(r.outcome, HY_HTTP_NOT_SENT);
    CHECK_TEXT(r.error, "malformed URL");
    CHECK_INT(server.requests, 6);
    finish();
}

static void every_request_goes_to_its_own_host(void)
{
    static struct script other;
    struct result r;

    script_start(&server, play_echo);
    script_start(&other, play_echo);
    open_client((struct hy_httpc_config){0});
    for (int i = 0; i < 3; i++) {
        result_ask(client, server.url, NULL, &r);
        CHECK(strstr(r.body, server.address) != NULL);
        result_ask(client, other.url, NULL, &r);
        CHECK(strstr(r.body, other.address) != NULL);
        check_line("http://", "/a?b#c", "GET /a?b HTTP/1.1\r\n");
    }
    CHECK_INT(server.requests, 6);
    CHECK_INT(other.requests, 3);
    finish();
    script_join(&other);
}

static void a_proxy_is_given_the_whole_url(void)
{
    char proxy[100];
    struct result r;

    script_start(&server, play_echo);
    snprintf(proxy, sizeof proxy, "http://%s", server.address);
    setenv("http_proxy", proxy, 1);
    open_client((struct hy_httpc_config){0});
    result_ask(client, "http://proxied.invalid/a?b=c", NULL, &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK(strncmp(r.body, "GET http://proxied.invalid/a?b=c HTTP/1.1\r\n", 43) == 0);
    unsetenv("http_proxy");
    finish();
}

int main(void)
{
    RUN(sends_what_it_was_given);
    RUN(reads_every_kind_of_answer);
    RUN(head_waits_for_no_body);
    RUN(many_calls_that_start_others);
    RUN(very_many_calls_at_once);
    RUN(calls_wait_for_a_free_connection);
    RUN(an_idle_connection_is_closed);
    RUN(a_wake_ends_the_poll);
    RUN(once_is_enough_for_the_command_line);
    RUN(loopback_needs_no_proxy);
    RUN(asks_for_what_the_url_says);
    RUN(every_request_goes_to_its_own_host);
    RUN(a_proxy_is_given_the_whole_url);
    return hy_tap_end();
}
