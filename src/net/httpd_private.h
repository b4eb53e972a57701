/*
 * httpd_private.h - what the files of the HTTP server share.
 *
 *   httpd.c           the daemon: start, stop, requests and their recycling
 *   httpd_receive.c   what libmicrohttpd calls: from the first line to the handler, and the end
 *   httpd_request.c   reading a request, building its answer
 *   httpd_resume.c    defer and wake, and requests that outlive their connection
 *   httpd_stream.c    bodies and answers in pieces
 *   httpd_cut.c       bodies in pieces that a stopping server gives up
 *
 * Everything here runs on the server's thread, except where a function says otherwise.
 */
#ifndef HY_NET_HTTPD_PRIVATE_H
#define HY_NET_HTTPD_PRIVATE_H

#include "base/buf.h"
#include "net/httpd.h"
#include "net/listen.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/*
 * HEAD -> BODY -> HANDED -> SETTLED
 *   \_______\_______________/   refused
 *    \___________/               its body comes in pieces
 */
enum hy_httpd_stage {
    HY_STAGE_HEAD,    /* request line seen, nothing decided */
    HY_STAGE_BODY,    /* collecting */
    HY_STAGE_HANDED,  /* a handler has it: running, or waiting for something */
    HY_STAGE_SETTLED, /* answered or aborted */
};

/* What the step `then` of a request waits for. */
enum hy_httpd_wait {
    HY_WAIT_NOTHING, /* it is settled */
    HY_WAIT_WAKE,
    HY_WAIT_BYTES, /* of its body */
    HY_WAIT_ROOM,  /* for the rest of the piece that it writes */
};

/*
 * RUNNING -> ASLEEP -> WOKEN -> RUNNING     the usual way
 * RUNNING -> WOKEN -> RUNNING               woken before the handler had returned
 */
enum hy_httpd_phase { HY_PHASE_RUNNING, HY_PHASE_ASLEEP, HY_PHASE_WOKEN };

struct hy_httpd_added {
    struct hy_httpd_added *next;
    const char *name, *value;
};

struct hy_httpd_request {
    struct hy_httpd *httpd;
    struct MHD_Connection *connection; /* null once the peer is gone */
    struct hy_httpd_request *next;     /* in the list of spares, or of orphans */
    const char *method, *path;
    struct hy_buf body;
    struct hy_arena arena, scratch;
    void *user;
    struct hy_httpd_added *added; /* headers of the answer, newest first */
    struct MHD_Response *response;
    int status;
    hy_httpd_handler *then; /* set while it waits */
    void *then_arg;
    enum hy_httpd_stage stage;
    enum hy_httpd_wait wait;
    _Atomic int phase; /* of a wait for a wake */
    bool pieces;       /* its body comes in pieces */
    bool ended;        /* ... and has come to its end */
    const char *piece; /* the present one */
    size_t piece_size;
    struct hy_httpd_request *reader_next, **reader_at; /* in the server's list, see httpd_cut.c */
    bool cut;                                          /* the rest of its body is given up */
    int64_t cut_us;                                    /* ... and this was answered; 0: not */
    bool streams;                                      /* its answer leaves in pieces */
    bool whole;       /* ... and has left, but for what libmicrohttpd holds */
    const char *left; /* of the present one */
    size_t left_size;
    bool uri_clean;
    bool control; /* the server's own, see httpd_resume.c */
    bool counted; /* in httpd->busy */
    bool overflow;
    size_t skipped_bytes;
};

struct hy_httpd {
    struct hy_httpd_config config;
    struct MHD_Daemon *daemon;
    int listen_fd;
    atomic_bool quiet; /* no new requests; listen_fd was taken back from the daemon */
    char address[HY_LISTEN_TEXT_BYTES];
    struct hy_httpd_request *spares;
    unsigned spare_count;
    atomic_size_t busy;
    atomic_size_t deferred; /* not woken yet */
    atomic_size_t waking;   /* threads inside hy_httpd_wake() */
    atomic_bool stopping;
    atomic_bool cutting;
    struct hy_httpd_request *readers; /* whose body comes in pieces */
    _Atomic int64_t limit_said_us;    /* when it was logged last that no descriptor is left */

    pthread_mutex_t lock; /* guards the four below */
    pthread_cond_t orphan_woken;
    struct hy_httpd_request *orphans_woken;
    size_t orphans;
    struct hy_httpd_request *control_request;
    bool control_asleep;
    int control_fd; /* our end of the socket pair, -1 when none */
};

/* --- httpd.c ---------------------------------------------------------------------------------- */

struct hy_httpd_request *hy_httpd_request_new(struct hy_httpd *httpd);
void hy_httpd_request_done(struct hy_httpd_request *req);

/* --- httpd_request.c -------------------------------------------------------------------------- */

/* Takes `response`, or null when there was no memory for it: then the connection will be closed. */
void hy_httpd_respond(struct hy_httpd_request *req, int status, const char *content_type,
                      struct MHD_Response *response);

/* --- httpd_receive.c: the callbacks of libmicrohttpd ------------------------------------------- */

void *hy_httpd_on_target(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result hy_httpd_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **request);
void hy_httpd_on_completed(void *cls, struct MHD_Connection *connection, void **request,
                           enum MHD_RequestTerminationCode code);

/* Hands the answer to libmicrohttpd; MHD_NO closes the connection. */
enum MHD_Result hy_httpd_send_answer(struct hy_httpd_request *req);

/* --- httpd_stream.c --------------------------------------------------------------------------- */

/* A part of a body that is taken in pieces has come, or (size 0) its end. */
enum MHD_Result hy_httpd_on_piece(struct hy_httpd_request *req, const char *upload,
                                  size_t *upload_size);

/* --- httpd_cut.c ------------------------------------------------------------------------------ */

void hy_httpd_reader_add(struct hy_httpd_request *req);
void hy_httpd_reader_remove(struct hy_httpd_request *req); /* also one that is not in the list */

/* For one that waits for bytes. False: nothing is to be cut. */
bool hy_httpd_cut_one(struct hy_httpd_request *req);
void hy_httpd_cut_all(struct hy_httpd *httpd);

/* hy_httpd_reply() of one that is cut. */
void hy_httpd_cut_answer(struct hy_httpd_request *req, int status, const char *content_type,
                         const void *body, size_t body_size);
/* What comes of its body after that. */
enum MHD_Result hy_httpd_cut_skip(const struct hy_httpd_request *req, size_t *upload_size);

/* --- httpd_resume.c --------------------------------------------------------------------------- */

/* Runs `handler` and the continuations whose wake came early. Returns what the request waits for
 * then; with HY_WAIT_WAKE somebody else may own it already. */
enum hy_httpd_wait hy_httpd_run(struct hy_httpd_request *req, hy_httpd_handler *handler, void *arg);

/* What a step says about the next one. */
void hy_httpd_wait_for(struct hy_httpd_request *req, enum hy_httpd_wait wait,
                       hy_httpd_handler *then, void *arg);

/* The one that waits goes on. */
static inline enum hy_httpd_wait hy_httpd_go_on(struct hy_httpd_request *req)
{
    return hy_httpd_run(req, req->then, req->then_arg);
}

/* The connection of a deferred request is about to vanish: goes on without it. */
void hy_httpd_orphan(struct hy_httpd_request *req);

/* The server's own connection, by which it is called back to run orphans. */
int hy_httpd_control_start(struct hy_httpd *httpd);
void hy_httpd_control_run(struct hy_httpd_request *req, void *arg);

/* Any thread; before and after the daemon was stopped. */
void hy_httpd_control_stop(struct hy_httpd *httpd);
void hy_httpd_orphans_finish(struct hy_httpd *httpd);

#endif
