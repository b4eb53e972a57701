/* Broadcasts: bodies in pieces of any size, what is refused, and the lists that stream. */
#include "client.h"
#include "tap.h"

#include "base/buf.h"

#include <stdlib.h>

#define TEMPLATE "TM00000000000000000000000000000000000000001"
#define DRAFT                                                                                      \
    "{\"app\":\"" CLIENT_APP "\",\"template\":\"" TEMPLATE "\",\"data\":{\"keyword1\":\"x\"}}"
#define USER "oUser0000000000000000000"

static void start(void)
{
    client_start();
    client_pieces(0);
    client_add_app();
}

static void draft(void)
{
    client_call("POST", "/v1/broadcasts", DRAFT);
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_at("id"), "b1");
    CHECK_TEXT(client_at("state"), "draft");
    CHECK_TEXT(client_answer_header("Location"), "/v1/broadcasts/b1");
}

/* "lines added duplicates refused" */
static const char *upload(const char *body)
{
    static char text[100];

    client_call("POST", "/v1/broadcasts/b1/users", body);
    if (client_status() != 200)
        return client_text();
    snprintf(text, sizeof text, "%s %s %s %s", client_at("lines"), client_at("added"),
             client_at("duplicates"), client_at("refused"));
    return text;
}

static void pieces_of_any_size(void)
{
    static const char body[] = "\xef\xbb\xbf{\"user\":\"" USER "1234\"}\r\n\r\n"
                               "{\"user\":\"" USER "1235\",\"data\":{\"keyword1\":\"y\"}}\n"
                               "{\"user\":\"" USER "1234\"}";

    start();
    draft();
    CHECK_TEXT(upload(body), "3 2 1 0");
    for (size_t bytes = 1; bytes < 40; bytes += 3) {
        client_pieces(bytes);
        CHECK_TEXT(upload(body), "3 0 3 0");
    }
    client_call("GET", "/v1/broadcasts/b1", NULL);
    CHECK_TEXT(client_at("total"), "2");
    CHECK_TEXT(client_at("queued"), "2");
    CHECK_TEXT(client_at("eta"), "null");
    client_stop();
}

static void batches_end_in_the_middle_of_a_piece(void)
{
    struct hy_buf body;

    start();
    draft();
    hy_buf_init(&body, 1 << 20);
    for (int i = 0; i < 3500; i++)
        hy_buf_printf(&body, "{\"user\":\"" USER "%04d\"}\n", i);
    CHECK_TEXT(upload(hy_buf_text(&body)), "3500 3500 0 0");
    client_pieces(16000);
    CHECK_TEXT(upload(hy_buf_text(&body)), "3500 0 3500 0");
    hy_buf_deinit(&body);
    client_stop();
}

static void the_first_hundred_faults_are_listed(void)
{
    struct hy_buf body;

    start();
    draft();
    hy_buf_init(&body, 1 << 20);
    for (int i = 0; i < 1200; i++)
        hy_buf_puts(&body, i % 2 ? "{\"user\":\"" USER "1234\"}\n" : "{\"usr\":1}\n");
    CHECK_TEXT(upload(hy_buf_text(&body)), "1200 1 599 600");
    CHECK_TEXT(client_at("errors"), "100");
    CHECK_TEXT(client_at("errors.1.line"), "3");
    CHECK_TEXT(client_at("errors.1.errors.0.field"), "usr");
    hy_buf_deinit(&body);
    client_stop();
}

static void a_peer_that_goes_ends_it(void)
{
    start();
    draft();
    client_call_gone("POST", "/v1/broadcasts/b1/users", "{\"user\":\"" USER "1234\"}\n");
    CHECK_INT(client_status(), -1);
    client_call_gone("GET", "/v1/broadcasts/b1/failed", NULL);
    CHECK_INT(client_status(), -1);
    client_call("GET", "/v1/broadcasts/b1", NULL);
    CHECK_TEXT(client_at("total"), "0");
    client_stop();
}

static void what_is_refused_before_the_body(void)
{
    start();
    draft();
    client_header("Content-Type", "text/csv");
    client_call("POST", "/v1/broadcasts/b1/users", "{}");
    CHECK_INT(client_status(), 415);
    client_header("Content-Encoding", "gzip");
    client_call("POST", "/v1/broadcasts/b1/users", "{}");
    CHECK_INT(client_status(), 415);
    client_call("POST", "/v1/broadcasts/b2/users", "{}");
    CHECK_INT(client_status(), 404);
    client_call("POST", "/v1/broadcasts/m2/users", "{}");
    CHECK_INT(client_status(), 404);
    client_call("POST", "/v1/broadcasts/b1/users?x=1", "{}");
    CHECK_INT(client_status(), 400);
    client_use_key(NULL);
    client_call("POST", "/v1/broadcasts/b1/users", "{}");
    CHECK_INT(client_status(), 401);
    client_use_key(client_admin_key());
    client_stop();
}

static void moves_that_are_not_drawn(void)
{
    static const char *const moves[] = {"pause", "resume"};
    char target[60];

    start();
    draft();
    for (size_t i = 0; i < 2; i++) {
        snprintf(target, sizeof target, "/v1/broadcasts/b1/%s", moves[i]);
        client_call("POST", target, NULL);
        CHECK_INT(client_status(), 409);
        CHECK(strstr(client_at("detail"), "The broadcast is draft; it cannot be ") != NULL);
    }
    client_call("POST", "/v1/broadcasts/b1/start", NULL);
    CHECK_INT(client_status(), 400);
    client_call("POST", "/v1/broadcasts/b1/cancel", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("state"), "canceled");
    client_call("POST", "/v1/broadcasts/b1/cancel", NULL);
    CHECK_INT(client_status(), 409);
    CHECK(strstr(upload("{}"), "urn:hongyan:problem:conflict") != NULL);
    client_call("PATCH", "/v1/broadcasts/b1", "{\"name\":\"x\"}");
    CHECK_INT(client_status(), 409);
    client_call("GET", "/v1/broadcasts/b7", NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

/* Nobody has a grant: all of them fail, more than a page of them. */
static void those_it_did_not_reach_are_listed(void)
{
    enum { USERS = 450 };
    struct hy_buf body;
    size_t lines = 0;

    start();
    draft();
    hy_buf_init(&body, 1 << 20);
    for (int i = 0; i < USERS; i++)
        hy_buf_printf(&body, "{\"user\":\"" USER "%04d\"}\n", i);
    CHECK_TEXT(upload(hy_buf_text(&body)), "450 450 0 0");
    client_call("POST", "/v1/broadcasts/b1/start", NULL);
    CHECK_INT(client_status(), 200);
    for (int i = 0; i < 100; i++) {
        world_advance(&client_world, 1000);
        client_call("GET", "/v1/broadcasts/b1", NULL);
    }
    CHECK_TEXT(client_at("failed"), "450");
    client_call("GET", "/v1/broadcasts/b1/failed", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_type(), "application/x-ndjson");
    for (const char *at = client_text(); (at = strchr(at, '\n')); at++)
        lines++;
    CHECK_INT(lines, USERS);
    CHECK(strncmp(client_text(), "{\"user\":\"" USER, 30) == 0);
    CHECK(strstr(client_text(), "\"state\":\"failed\",\"reason\":\"no_grant.never\"}\n{") != NULL);
    client_call("GET", "/v1/broadcasts/b1/failed?state=expired", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_text(), "");
    client_call("GET", "/v1/broadcasts/b1/failed?state=sent", NULL);
    CHECK_INT(client_status(), 400);
    hy_buf_deinit(&body);
    client_stop();
}

int main(void)
{
    RUN(pieces_of_any_size);
    RUN(batches_end_in_the_middle_of_a_piece);
    RUN(the_first_hundred_faults_are_listed);
    RUN(a_peer_that_goes_ends_it);
    RUN(what_is_refused_before_the_body);
    RUN(moves_that_are_not_drawn);
    RUN(those_it_did_not_reach_are_listed);
    return hy_tap_end();
}
