/*
 * wire.h - plain sockets for tests: both ends of an HTTP conversation, byte by byte.
 *
 * Every wait ends after WIRE_DEADLINE_MS; then the functions say so, they never hang.
 */
#ifndef HY_TESTS_WIRE_H
#define HY_TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>

enum { WIRE_DEADLINE_MS = 20000, WIRE_TEXT_BYTES = 64 << 10 };

/* Connects to "127.0.0.1:8080" or "[::1]:8080"; -1 when refused. */
int wire_connect(const char *address);

/* The same without waiting for the peer's side to agree; never fails at once. */
int wire_connect_nonblocking(const char *address);

bool wire_write(int fd, const void *bytes, size_t size);
bool wire_send(int fd, const char *text);

/* Reads until one whole response (by Content-Length) has come; returns its status, or -1 when the
 * peer closed or the deadline passed before. `text`, when given, receives head and body. Reads not
 * a byte more than the response. */
int wire_response(int fd, char text[WIRE_TEXT_BYTES]);

/* The same for the head only, as after HEAD. */
int wire_response_head(int fd, char text[WIRE_TEXT_BYTES]);

/* Reads until the peer closes or resets. The number of bytes that came, -1 at the deadline. */
long wire_drain(int fd);

/* Reads a whole request (by Content-Length) from an accepted connection. False when the peer closed
 * first. */
bool wire_request(int fd, char text[WIRE_TEXT_BYTES]);

/* A listening socket on 127.0.0.1, any port; `address` receives "127.0.0.1:port". */
int wire_listen(char address[64]);
int wire_accept(int listener);

/* Closes so that the peer sees a reset. */
void wire_reset(int fd);

/* Fails the test when `condition` does not hold before the deadline. */
#define CHECK_SOON(condition)                                                                      \
    do {                                                                                           \
        int wire_tries = WIRE_DEADLINE_MS;                                                         \
        while (!(condition) && --wire_tries)                                                       \
            wire_nap();                                                                            \
        CHECK((condition));                                                                        \
    } while (0)
void wire_nap(void); /* a millisecond, between two looks at a condition */

#endif
