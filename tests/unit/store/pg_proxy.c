#include "pg_proxy.h"

#include "pg_rig.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAIRS_MAX = 32, CHUNK_BYTES = 1 << 16, KEPT_BYTES = 1 << 20 };

struct pair {
    int client, server; /* -1: closed */
    bool mute;          /* the server's answers are not passed on: the client has gone */
    bool awaits_answer; /* CUT_AFTER: all is closed by the server's next bytes */
    bool then_refuse;   /* CUT_ALL */
    char *kept;         /* HOLD */
    size_t kept_bytes;
};

static struct {
    char folder[64];
    char socket_path[108], server_path[108];
    char url[200];
    int listener, wake;
    pthread_t thread;
    struct pair pairs[PAIRS_MAX];
    atomic_int act;
    atomic_bool spoiled, release, refuse, stop;
} proxy;

/* --- the thread's ----------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pair(struct pair *p)
{
    close_fd(&p->client);
    close_fd(&p->server);
    free(p->kept);
    *p = (struct pair){.client = -1, .server = -1};
}

static int connect_to_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", proxy.server_path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        close_fd(&fd);
    return fd;
}

static void accept_one(void)
{
    int client = accept4(proxy.listener, NULL, NULL, SOCK_CLOEXEC), server;
    size_t i = 0;

    while (i < PAIRS_MAX && (proxy.pairs[i].client >= 0 || proxy.pairs[i].server >= 0))
        i++;
    server = atomic_load(&proxy.refuse) || i == PAIRS_MAX ? -1 : connect_to_server();
    if (server < 0)
        close_fd(&client);
    else
        proxy.pairs[i] = (struct pair){.client = client, .server = server};
}

static void write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t n = send(fd, bytes, count, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        bytes += n;
        count -= (size_t)n;
    }
}

/* The message that runs the prepared statement "commit": B, its length, portal "", that name. */
static bool holds_commit(const char *bytes, size_t count)
{
    static const char name[] = "\0commit"; /* and a zero */

    return memmem(bytes, count, name, sizeof name) != NULL;
}

static void keep(struct pair *p, const char *bytes, size_t count)
{
    p->kept = (char *)malloc(count);
    if (!p->kept)
        abort();
    memcpy(p->kept, bytes, count);
    p->kept_bytes = count;
}

static void spoil(struct pair *p, enum proxy_act act, const char *bytes, size_t count)
{
    atomic_store(&proxy.act, PROXY_PASS);
    if (act == PROXY_CUT_BEFORE) {
        close_pair(p);
    } else if (act == PROXY_CUT_AFTER || act == PROXY_CUT_ALL) {
        write_all(p->server, bytes, count);
        p->awaits_answer = true;
        p->then_refuse = act == PROXY_CUT_ALL;
    } else {
        if (act == PROXY_HOLD)
            keep(p, bytes, count);
        close_fd(&p->client);
        p->mute = true;
    }
    atomic_store(&proxy.spoiled, true);
}

static void from_client(struct pair *p)
{
    char bytes[CHUNK_BYTES];
    ssize_t n = read(p->client, bytes, sizeof bytes);
    enum proxy_act act = (enum proxy_act)atomic_load(&proxy.act);

    if (n <= 0)
        close_pair(p);
    else if (act != PROXY_PASS && holds_commit(bytes, (size_t)n))
        spoil(p, act, bytes, (size_t)n);
    else
        write_all(p->server, bytes, (size_t)n);
}

static void refuse_all(void)
{
    atomic_store(&proxy.refuse, true);
    for (size_t i = 0; i < PAIRS_MAX; i++)
        close_pair(&proxy.pairs[i]);
}

static void from_server(struct pair *p)
{
    char bytes[CHUNK_BYTES];
    ssize_t n = read(p->server, bytes, sizeof bytes);

    if (p->then_refuse)
        refuse_all();
    else if (n <= 0 || p->awaits_answer)
        close_pair(p);
    else if (!p->mute)
        write_all(p->client, bytes, (size_t)n);
}

static void release_kept(void)
{
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        struct pair *p = &proxy.pairs[i];

        if (p->kept && p->server >= 0)
            write_all(p->server, p->kept, p->kept_bytes);
        free(p->kept);
        p->kept = NULL;
    }
}

static void heed(void)
{
    uint64_t count;

    if (read(proxy.wake, &count, sizeof count) < 0)
        return;
    if (atomic_exchange(&proxy.release, false))
        release_kept();
    if (atomic_load(&proxy.refuse))
        refuse_all();
}

static void turn(void)
{
    struct pollfd fds[2 + 2 * PAIRS_MAX] = {{.fd = proxy.wake, .events = POLLIN},
                                            {.fd = proxy.listener, .events = POLLIN}};

    for (size_t i = 0; i < PAIRS_MAX; i++) {
        fds[2 + 2 * i] = (struct pollfd){.fd = proxy.pairs[i].client, .events = POLLIN};
        fds[3 + 2 * i] = (struct pollfd){.fd = proxy.pairs[i].server, .events = POLLIN};
    }
    if (poll(fds, sizeof fds / sizeof *fds, -1) < 0)
        return;
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (fds[2 + 2 * i].revents && proxy.pairs[i].client >= 0)
            from_client(&proxy.pairs[i]);
        if (fds[3 + 2 * i].revents && proxy.pairs[i].server >= 0)
            from_server(&proxy.pairs[i]);
    }
    if (fds[0].revents)
        heed();
    if (fds[1].revents)
        accept_one();
}

static void *run(void *arg)
{
    while (!atomic_load(&proxy.stop))
        turn();
    return NULL;
}

/* --- for the test ----------------------------------------------------------------------------- */

static void wake(void)
{
    const uint64_t one = 1;

    CHECK(write(proxy.wake, &one, sizeof one) == sizeof one);
}

static void listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(proxy.folder, sizeof proxy.folder, "/tmp/hyproxy-XXXXXX");
    CHECK(mkdtemp(proxy.folder) != NULL);
    snprintf(proxy.socket_path, sizeof proxy.socket_path, "%s/.s.PGSQL.5432", proxy.folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", proxy.socket_path);
    proxy.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(proxy.listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(listen(proxy.listener, 16), 0);
}

void proxy_start(const char *url)
{
    const char *host = strstr(url, "host=");

    CHECK(host != NULL);
    host += strlen("host=");
    snprintf(proxy.server_path, sizeof proxy.server_path, "%.*s/.s.PGSQL.5432",
             (int)strcspn(host, "&"), host);
    for (size_t i = 0; i < PAIRS_MAX; i++)
        proxy.pairs[i] = (struct pair){.client = -1, .server = -1};
    listen_here();
    snprintf(proxy.url, sizeof proxy.url, "%.*shost=%s", (int)(strstr(url, "host=") - url), url,
             proxy.folder);
    proxy.wake = eventfd(0, EFD_CLOEXEC);
    atomic_store(&proxy.act, PROXY_PASS);
    atomic_store(&proxy.stop, false);
    atomic_store(&proxy.refuse, false);
    CHECK_INT(pthread_create(&proxy.thread, NULL, run, NULL), 0);
}

void proxy_stop(void)
{
    if (!proxy.folder[0])
        return;
    atomic_store(&proxy.stop, true);
    wake();
    pthread_join(proxy.thread, NULL);
    for (size_t i = 0; i < PAIRS_MAX; i++)
        close_pair(&proxy.pairs[i]);
    close(proxy.listener);
    close(proxy.wake);
    unlink(proxy.socket_path);
    rmdir(proxy.folder);
    proxy.folder[0] = 0;
}

const char *proxy_url(void)
{
    return proxy.url;
}

void proxy_spoil(enum proxy_act act)
{
    atomic_store(&proxy.spoiled, false);
    atomic_store(&proxy.act, act);
}

bool proxy_spoiled(void)
{
    return atomic_load(&proxy.spoiled);
}

void proxy_release(void)
{
    atomic_store(&proxy.release, true);
    wake();
}

void proxy_refuse(bool refuse)
{
    atomic_store(&proxy.refuse, refuse);
    wake();
}
