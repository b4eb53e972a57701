/*
 * stream_server.h - a server whose bodies and answers come in pieces, and how tests talk to it.
 *
 *   POST /up       answers "bytes=N sum=S" at the end     /half  409 after the first piece
 *   POST /refuse   403 before the body                    /cut   closes after the first piece
 *   GET /x?bytes=N an answer of N bytes                   /torn  that is cut before its last byte
 *   anything else  "plain"
 *
 * With ?late every piece goes through the helper's thread, with ?begin the answer is begun there.
 */
#ifndef HY_TESTS_STREAM_SERVER_H
#define HY_TESTS_STREAM_SERVER_H

#include "net/httpd.h"
#include "unit/net/helper.h"
#include "unit/net/wire.h"

#include <stdatomic.h>

#define HOST "Host: h\r\n"

enum { BIG_BYTES = 100 << 20, FLAT_BYTES = 40 << 20 };

extern struct hy_httpd *httpd;
extern struct helper helper;
extern atomic_int handled, gone, seen; /* handlers, peers that went, pieces */

void stream_start_with(bool hold, unsigned idle_timeout_s);
void stream_start(void);
void stream_stop(void);
int stream_dial(void);

/* The sum that /up tells, going on from `sum`. */
unsigned stream_sum_of(unsigned sum, const char *bytes, size_t size);

/* An answer with this status that holds `text`; the one of /plain; the one of /up for `text`. */
void stream_expect(int fd, int status, const char *text);
void stream_expect_plain(int fd);
void stream_expect_sum(int fd, const char *text);

/* A body of so many zero bytes; a GET. */
void stream_send_big(int fd, const char *path, size_t bytes);
void stream_ask_for(int fd, const char *target);

/* Reads an answer in chunks; the number of bytes in them, -1 when it is not whole. */
long stream_read_chunks(int fd, char *head_text);

size_t stream_resident_bytes(void);

#endif
