/* Our client and our server, both in pieces. */
#include "tap.h"

#include "net/httpd.h"
#include "unit/net/script.h"

#include <unistd.h>

enum { PIECES = 500, PIECE_BYTES = 20000 };

static struct hy_httpd *httpd;
static size_t received;

/* --- the server ------------------------------------------------------------------------------- */

static void piece(struct hy_httpd_request *req, void *arg)
{
    char text[40];
    size_t size;

    if (hy_httpd_gone(req)) {
        hy_httpd_abort(req);
        return;
    }
    hy_httpd_piece(req, &size);
    received += size;
    if (size > 0) {
        hy_httpd_read(req, piece, NULL);
        return;
    }
    snprintf(text, sizeof text, "%zu bytes", received);
    hy_httpd_reply(req, 200, "text/plain", text, strlen(text));
}

static void head(struct hy_httpd_request *req, void *arg)
{
    if (strcmp(hy_httpd_path(req), "/up") == 0)
        hy_httpd_read(req, piece, NULL);
    else if (strcmp(hy_httpd_path(req), "/refuse") == 0)
        hy_httpd_reply(req, 403, "text/plain", "no", 2);
}

static void more(struct hy_httpd_request *req, void *arg)
{
    static const char block[PIECE_BYTES];
    size_t *left = hy_httpd_user(req);

    if (hy_httpd_gone(req) || (*left == 1 && strcmp(hy_httpd_path(req), "/torn") == 0)) {
        hy_httpd_abort(req);
    } else if (*left == 0) {
        hy_httpd_end(req);
    } else {
        --*left;
        hy_httpd_write(req, block, sizeof block, more, NULL);
    }
}

static void handle(struct hy_httpd_request *req, void *arg)
{
    size_t *left = hy_arena_alloc(hy_httpd_arena(req), sizeof *left);

    *left = PIECES;
    hy_httpd_set_user(req, left);
    if (strcmp(hy_httpd_path(req), "/nothing") == 0) {
        hy_httpd_reply(req, 404, "text/plain", "nothing", 7);
        return;
    }
    hy_httpd_stream(req, 200, "text/plain");
    more(req, NULL);
}

/* --- the client ------------------------------------------------------------------------------- */

struct ends {
    long read_left;
    size_t taken;
    size_t take_most;
};

static long next_piece(void *arg, char *into, size_t max)
{
    struct ends *ends = arg;

    if (ends->read_left < 0)
        return -1;
    if (ends->read_left == 0)
        return 0;
    ends->read_left--;
    memset(into, 'x', 1000);
    return 1000;
}

static bool take(void *arg, const char *bytes, size_t size)
{
    struct ends *ends = arg;

    ends->taken += size;
    return ends->taken <= ends->take_most;
}

static void ask(const char *method, const char *path, struct ends *ends, struct result *ret)
{
    struct hy_httpc_pieces pieces = {
        .read = strcmp(method, "POST") == 0 ? next_piece : NULL, .take = take, .arg = ends};
    struct hy_httpc_config config = {.pieces = &pieces, .total_timeout_ms = 60000};
    struct hy_http_request request = {.method = method};
    struct hy_httpd_config server = {.listen = "127.0.0.1:0", .head = head, .handler = handle};
    char url[100];

    received = 0;
    CHECK_INT(hy_httpd_start(&server, &httpd), 0);
    snprintf(url, sizeof url, "http://%s%s", hy_httpd_address(httpd), path);
    request.url = url;
    request.headers[0] = (struct hy_http_header){"Expect", "100-continue"};
    request.header_count = pieces.read != NULL;
    memset(ret, 0, sizeof *ret);
    hy_httpc_once(&config, &request, result_take, ret);
    CHECK_INT(ret->done, 1);
    CHECK_SOON(hy_httpd_busy(httpd) == 0);
    hy_httpd_stop(httpd);
}

static void a_body_is_sent_in_pieces(void)
{
    struct ends ends = {.read_left = 5000, .take_most = 100};
    struct result r;

    ask("POST", "/up", &ends, &r);
    CHECK_INT(r.status, 200);
    CHECK_INT(received, 5000000);
    CHECK_INT(ends.taken, strlen("5000000 bytes"));
}

static void an_empty_body(void)
{
    struct ends ends = {.take_most = 100};
    struct result r;

    ask("POST", "/up", &ends, &r);
    CHECK_INT(r.status, 200);
    CHECK_INT(received, 0);
}

static void a_refusal_is_seen(void)
{
    struct ends ends = {.read_left = 5000000};
    struct result r;

    ask("POST", "/refuse", &ends, &r);
    CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
    CHECK_INT(r.status, 403);
    CHECK_TEXT(r.body, "no");
    CHECK_INT(ends.read_left, 5000000);
}

static void an_answer_is_taken_in_pieces(void)
{
    struct ends ends = {.take_most = (size_t)PIECES * PIECE_BYTES};
    struct result r;

    ask("GET", "/down", &ends, &r);
    CHECK_INT(r.status, 200);
    CHECK_INT(ends.taken, (size_t)PIECES * PIECE_BYTES);
    CHECK_INT(r.body_size, 0);
}

static void a_torn_answer_is_no_answer(void)
{
    struct ends ends = {.take_most = (size_t)PIECES * PIECE_BYTES};
    struct result r;

    ask("GET", "/torn", &ends, &r);
    CHECK_INT(r.outcome, HY_HTTP_NO_ANSWER);
}

static void other_answers_are_collected(void)
{
    struct ends ends = {0};
    struct result r;

    ask("GET", "/nothing", &ends, &r);
    CHECK_INT(r.status, 404);
    CHECK_TEXT(r.body, "nothing");
    CHECK_INT(ends.taken, 0);
}

static void either_side_may_give_up(void)
{
    struct ends ends = {.read_left = -1, .take_most = 100};
    struct result r;

    ask("POST", "/up", &ends, &r);
    CHECK_INT(r.outcome, HY_HTTP_NO_ANSWER);
    CHECK_TEXT(r.error, "given up");
    ask("GET", "/down", &ends, &r);
    CHECK_INT(r.outcome, HY_HTTP_NO_ANSWER);
    CHECK_TEXT(r.error, "given up");
}

int main(void)
{
    RUN(a_body_is_sent_in_pieces);
    RUN(an_empty_body);
    RUN(a_refusal_is_seen);
    RUN(an_answer_is_taken_in_pieces);
    RUN(a_torn_answer_is_no_answer);
    RUN(other_answers_are_collected);
    RUN(either_side_may_give_up);
    return hy_tap_end();
}
