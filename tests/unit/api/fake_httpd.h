/*
 * fake_httpd.h - the functions of net/httpd.h without a network: a test hands a request in and
 * looks at the answer. Linked instead of the real server. One thread.
 */
#ifndef HY_TESTS_FAKE_HTTPD_H
#define HY_TESTS_FAKE_HTTPD_H

#include "net/httpd.h"

enum { FAKE_HEADERS_MAX = 16 };

struct hy_httpd_request {
    /* In. `path` and the query's texts are decoded already. */
    const char *method, *path;
    const char *query[FAKE_HEADERS_MAX][2]; /* ended by a null name */
    const char *headers[FAKE_HEADERS_MAX][2];
    const char *body;
    size_t body_size;
    bool gone;          /* the peer is known to have gone */
    size_t piece_bytes; /* how large the pieces of the body are; 0: one for all */

    /* Out. */
    int status; /* 0 = not answered yet */
    char *content_type, *answer;
    size_t answer_size;
    struct hy_http_header added[FAKE_HEADERS_MAX];
    size_t added_count;
    int replies;

    struct hy_arena arena, scratch;
    void *user;
    hy_httpd_handler *then;
    void *then_arg;
    bool woken;

    /* Pieces: where the present one is; what waits for the next one, or has one to give. */
    size_t piece_at, piece_size, left_size;
    const void *left;
    bool reading, writing;
    int stream_status; /* of an answer in pieces; 0 = none */
};

/* Runs the step of a request that was woken, reads or writes; false when there is nothing to run. */
bool fake_httpd_turn(struct hy_httpd_request *req);

/* A header of the answer, or null. */
const char *fake_httpd_answer_header(const struct hy_httpd_request *req, const char *name);

/* Frees what the request and its answer hold. */
void fake_httpd_done(struct hy_httpd_request *req);

#endif
