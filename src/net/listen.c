#include "net/listen.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024, HOST_BYTES = 256, PORT_BYTES = 8, PORT_MAX = 65535 };

struct host_port {
    char host[HOST_BYTES];
    char port[PORT_BYTES];
};

static bool is_port(const char *text)
{
    unsigned long value = 0;

    if (!*text || strlen(text) > 5)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned long)(*text - '0');
    }
    return value <= PORT_MAX;
}

/* The last colon parts host and port; an IPv6 host stands in brackets. */
static int split(const char *text, struct host_port *ret)
{
    const char *colon = strrchr(text, ':'), *host = text;
    size_t size;

    if (!colon || !is_port(colon + 1))
        return HY_E_INVALID;
    size = (size_t)(colon - text);
    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        host++;
        size -= 2;
    } else if (memchr(text, ':', size)) {
        return HY_E_INVALID;
    }
    if (!size || size >= sizeof ret->host)
        return HY_E_INVALID;
    memcpy(ret->host, host, size);
    ret->host[size] = 0;
    strcpy(ret->port, colon + 1);
    return HY_OK;
}

static int open_one(const struct addrinfo *info, int *ret_fd)
{
    int fd, one = 1, reason;

    fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return HY_E_IO;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        *ret_fd = fd;
        return HY_OK;
    }
    reason = errno;
    close(fd);
    errno = reason;
    return reason == EADDRINUSE ? HY_E_BUSY : HY_E_IO;
}

int hy_listen_open(const char *text, int *ret_fd)
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                          .ai_socktype = SOCK_STREAM,
                                          .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list;
    struct host_port parts;
    int err;

    err = split(text, &parts);
    if (err)
        return err;
    if (getaddrinfo(parts.host, parts.port, &hints, &list) != 0)
        return HY_E_INVALID;
    err = HY_E_INVALID;
    for (const struct addrinfo *i = list; i && err; i = i->ai_next) {
        err = open_one(i, ret_fd);
        if (err == HY_E_BUSY)
            break;
    }
    freeaddrinfo(list);
    return err;
}

int hy_listen_address(int fd, char into[HY_LISTEN_TEXT_BYTES])
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN + 20], port[PORT_BYTES];

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return HY_E_IO;
    snprintf(into, HY_LISTEN_TEXT_BYTES, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
             port);
    return HY_OK;
}

const char *hy_listen_peer(const struct sockaddr *peer, char into[HY_LISTEN_TEXT_BYTES])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    into[0] = 0;
    if (peer->sa_family == AF_INET) {
        memcpy(&v4, peer, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, into, HY_LISTEN_TEXT_BYTES);
    } else if (peer->sa_family == AF_INET6) {
        memcpy(&v6, peer, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, into, HY_LISTEN_TEXT_BYTES);
        else
            inet_ntop(AF_INET6, &v6.sin6_addr, into, HY_LISTEN_TEXT_BYTES);
    }
    return into;
}
