/*
 * listen.h - a listening TCP socket from "host:port" text.
 */
#ifndef HY_NET_LISTEN_H
#define HY_NET_LISTEN_H

#include <sys/socket.h>

enum { HY_LISTEN_TEXT_BYTES = 80 };

/* Opens a nonblocking listening socket for "127.0.0.1:8080", "[::1]:0" or "localhost:8080"; the
 * caller closes it. HY_E_INVALID (not host:port, or the name has no address here), HY_E_BUSY
 * (address in use), HY_E_IO (anything else; errno says what). */
int hy_listen_open(const char *text, int *ret_fd);

/* The address of `fd` itself with its real port, "[::1]:8080". HY_E_IO. */
int hy_listen_address(int fd, char into[HY_LISTEN_TEXT_BYTES]);

/* The numeric address of a peer without its port; an IPv4 peer of an IPv6 socket is printed as
 * IPv4. "" for other families. Returns `into`. */
const char *hy_listen_peer(const struct sockaddr *peer, char into[HY_LISTEN_TEXT_BYTES]);

#endif
