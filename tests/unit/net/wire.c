#include "unit/net/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int dial(const char *address, int flags)
{
    static const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                          .ai_socktype = SOCK_STREAM};
    struct addrinfo *info;
    char host[64] = "";
    const char *colon = strrchr(address, ':');
    int fd, one = 1;

    if (address[0] == '[')
        memcpy(host, address + 1, (size_t)(colon - address) - 2);
    else
        memcpy(host, address, (size_t)(colon - address));
    if (getaddrinfo(host, colon + 1, &hints, &info) != 0)
        return -1;
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd >= 0 && connect(fd, info->ai_addr, info->ai_addrlen) != 0 && errno != EINPROGRESS) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(info);
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

int wire_connect(const char *address)
{
    return dial(address, 0);
}

int wire_connect_nonblocking(const char *address)
{
    return dial(address, SOCK_NONBLOCK);
}

bool wire_write(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool wire_send(int fd, const char *text)
{
    return wire_write(fd, text, strlen(text));
}

/* One read after a wait; 0 at the end, -1 on reset, -2 at the deadline. */
static long read_some(int fd, char *into, size_t size)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (poll(&p, 1, WIRE_DEADLINE_MS) != 1)
        return -2;
    return recv(fd, into, size, 0);
}

/* Byte by byte up to the empty line, so that nothing of what follows is taken. */
static size_t read_head(int fd, char *text)
{
    size_t size = 0;

    while (size < WIRE_TEXT_BYTES - 1) {
        if (read_some(fd, text + size, 1) != 1)
            return 0;
        text[++size] = 0;
        if (size >= 4 && memcmp(text + size - 4, "\r\n\r\n", 4) == 0)
            return size;
    }
    return 0;
}

static bool read_body(int fd, char *text, size_t size)
{
    const char *length = strcasestr(text, "\r\nContent-Length:");
    size_t left = length ? strtoul(length + 17, NULL, 10) : 0;
    char scratch[4096];

    while (left) {
        bool fits = size + left < WIRE_TEXT_BYTES;
        size_t most = fits || left < sizeof scratch ? left : sizeof scratch;
        long got = read_some(fd, fits ? text + size : scratch, most);

        if (got <= 0)
            return false;
        left -= (size_t)got;
        if (fits)
            text[size += (size_t)got] = 0;
    }
    return true;
}

static int response(int fd, char *text, bool with_body)
{
    char own[WIRE_TEXT_BYTES];
    char *into = text ? text : own;
    size_t size = read_head(fd, into);
    int status;

    if (!size || sscanf(into, "HTTP/1.1 %d", &status) != 1)
        return -1;
    if (with_body && !read_body(fd, into, size))
        return -1;
    return status;
}

int wire_response(int fd, char text[WIRE_TEXT_BYTES])
{
    return response(fd, text, true);
}

int wire_response_head(int fd, char text[WIRE_TEXT_BYTES])
{
    return response(fd, text, false);
}

long wire_drain(int fd)
{
    char scratch[4096];
    long total = 0, got;

    while ((got = read_some(fd, scratch, sizeof scratch)) > 0)
        total += got;
    return got == -2 ? -1 : total;
}

bool wire_request(int fd, char text[WIRE_TEXT_BYTES])
{
    size_t size = read_head(fd, text);

    return size && read_body(fd, text, size);
}

int wire_listen(char address[64])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        abort();
    snprintf(address, 64, "127.0.0.1:%d", ntohs(a.sin_port));
    return fd;
}

int wire_accept(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    int fd, one = 1;

    if (poll(&p, 1, WIRE_DEADLINE_MS) != 1)
        return -1;
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

void wire_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

void wire_nap(void)
{
    struct timespec nap = {.tv_nsec = 1000000};

    nanosleep(&nap, NULL);
}
