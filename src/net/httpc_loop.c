#include "net/httpc_loop.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/public_address.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_A_TURN = 128, SOCKETS_STEP = 64 };

struct hy_httpc_socket {
    uint32_t wanted;              /* EPOLLIN, EPOLLOUT: what libcurl waits for now */
    uint32_t registered;          /* what the kernel was told; 0: not in the set */
    struct hy_httpc_shard *shard; /* whose it is, once it was wished for */
    bool ours;                    /* opened by on_open, so on_close will tell its end */
};

static struct hy_httpc_socket *socket_of(struct hy_httpc_loop *loop, int fd)
{
    size_t count = ((size_t)fd / SOCKETS_STEP + 1) * SOCKETS_STEP;
    struct hy_httpc_socket *grown;

    if ((size_t)fd < loop->socket_count)
        return &loop->sockets[fd];
    grown = realloc(loop->sockets, count * sizeof *grown);
    if (!grown)
        return NULL;
    memset(grown + loop->socket_count, 0, (count - loop->socket_count) * sizeof *grown);
    loop->sockets = grown;
    loop->socket_count = count;
    return &grown[fd];
}

static int tell_kernel(struct hy_httpc_loop *loop, int fd, struct hy_httpc_socket *s)
{
    struct epoll_event event = {.events = s->wanted, .data.fd = fd};
    int how = !s->registered ? EPOLL_CTL_ADD : s->wanted ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

    if (s->wanted == s->registered)
        return 0;
    s->registered = s->wanted;
    return epoll_ctl(loop->epoll_fd, how, fd, &event);
}

/* --- what libcurl calls ----------------------------------------------------------------------- */

static int on_wish(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    static const uint32_t wishes[] = {
        [CURL_POLL_IN] = EPOLLIN,
        [CURL_POLL_OUT] = EPOLLOUT,
        [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
        [CURL_POLL_REMOVE] = 0,
    };
    struct hy_httpc_shard *shard = arg;
    struct hy_httpc_loop *loop = shard->loop;
    struct hy_httpc_socket *s = socket_of(loop, fd);

    if (!s)
        return -1;
    s->shard = shard;
    s->wanted = wishes[what];
    /* An idle connection of ours stays in the set. A descriptor of libcurl's own (its resolver
     * thread) must leave at once: it is closed without a word, and its number used again. */
    if (!s->wanted && s->ours)
        return 0;
    return tell_kernel(loop, fd, s);
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct hy_httpc_shard *shard = arg;

    shard->due_us = timeout_ms < 0 ? INT64_MAX : hy_clock_mono_us() + timeout_ms * 1000;
    return 0;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct hy_httpc_guard *guard = arg;
    struct hy_httpc_loop *loop = guard->loop;
    struct hy_httpc_socket *s;
    int fd;

    if (guard->public_only && !hy_address_is_public(&address->addr)) {
        guard->refused = true;
        return CURL_SOCKET_BAD;
    }
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    s = socket_of(loop, fd);
    if (!s) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    *s = (struct hy_httpc_socket){.ours = true};
    return fd;
}

static int on_close(void *arg, curl_socket_t fd)
{
    struct hy_httpc_loop *loop = arg;

    /* Closing takes it out of the set. */
    if ((size_t)fd < loop->socket_count)
        loop->sockets[fd] = (struct hy_httpc_socket){0};
    return close(fd);
}

/* --- life ------------------------------------------------------------------------------------- */

int hy_httpc_loop_init(struct hy_httpc_loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN};

    *loop = (struct hy_httpc_loop){
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
        .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    event.data.fd = loop->wake_fd;
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0)
        return HY_E_IO;
    return HY_OK;
}

/* The multi handles first: they still close sockets. */
void hy_httpc_loop_deinit(struct hy_httpc_loop *loop)
{
    for (size_t i = 0; i < loop->shard_count; i++) {
        curl_multi_cleanup(loop->shards[i]->multi);
        free(loop->shards[i]);
    }
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    free(loop->sockets);
    *loop = (struct hy_httpc_loop){.epoll_fd = -1, .wake_fd = -1};
}

static CURLM *new_multi(struct hy_httpc_shard *shard)
{
    CURLM *multi = curl_multi_init();

    if (!multi)
        return NULL;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_wish);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, shard);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, shard);
    return multi;
}

struct hy_httpc_shard *hy_httpc_loop_add(struct hy_httpc_loop *loop)
{
    struct hy_httpc_shard *shard;

    if (loop->shard_count == HY_HTTPC_SHARDS_MAX)
        return NULL;
    shard = calloc(1, sizeof *shard);
    if (!shard)
        return NULL;
    *shard = (struct hy_httpc_shard){.multi = new_multi(shard), .loop = loop, .due_us = INT64_MAX};
    if (!shard->multi) {
        free(shard);
        return NULL;
    }
    loop->shards[loop->shard_count++] = shard;
    return shard;
}

int hy_httpc_loop_renew(struct hy_httpc_shard *shard)
{
    CURLM *multi = new_multi(shard);

    if (!multi)
        return HY_E_NOMEM;
    curl_multi_cleanup(shard->multi);
    shard->multi = multi;
    shard->due_us = INT64_MAX;
    shard->moved = false;
    return HY_OK;
}

void hy_httpc_loop_introduce(struct hy_httpc_loop *loop, CURL *easy, struct hy_httpc_guard *guard)
{
    guard->loop = loop;
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, guard);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
}

/* --- one turn --------------------------------------------------------------------------------- */

static void act(struct hy_httpc_shard *shard, curl_socket_t fd, int ready)
{
    int running;

    shard->moved = true;
    curl_multi_socket_action(shard->multi, fd, ready, &running);
}

void hy_httpc_loop_run_due(struct hy_httpc_loop *loop)
{
    int64_t now_us = hy_clock_mono_us();

    for (size_t i = 0; i < loop->shard_count; i++) {
        struct hy_httpc_shard *shard = loop->shards[i];

        if (shard->due_us > now_us)
            continue;
        shard->due_us = INT64_MAX; /* libcurl names the next one inside the call */
        act(shard, CURL_SOCKET_TIMEOUT, 0);
    }
}

CURLMsg *hy_httpc_loop_ended(struct hy_httpc_loop *loop)
{
    for (size_t i = 0; i < loop->shard_count; i++) {
        struct hy_httpc_shard *shard = loop->shards[i];
        int left;
        CURLMsg *message = shard->moved ? curl_multi_info_read(shard->multi, &left) : NULL;

        if (message)
            return message;
        shard->moved = false;
    }
    return NULL;
}

static void handle_socket(struct hy_httpc_loop *loop, int fd, uint32_t events)
{
    struct hy_httpc_socket *s = &loop->sockets[fd];
    int ready = 0;

    if (!s->wanted) {
        tell_kernel(loop, fd, s);
        return;
    }
    if (events & EPOLLIN)
        ready |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        ready |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP))
        ready |= CURL_CSELECT_ERR;
    act(s->shard, fd, ready);
}

static int wait_ms(const struct hy_httpc_loop *loop, int timeout_ms)
{
    int64_t now_us = hy_clock_mono_us(), due_us = INT64_MAX;

    for (size_t i = 0; i < loop->shard_count; i++)
        if (loop->shards[i]->due_us < due_us)
            due_us = loop->shards[i]->due_us;
    if (due_us == INT64_MAX || due_us - now_us > (int64_t)timeout_ms * 1000)
        return timeout_ms;
    return due_us > now_us ? (int)((due_us - now_us + 999) / 1000) : 0;
}

void hy_httpc_loop_wait(struct hy_httpc_loop *loop, int timeout_ms)
{
    struct epoll_event events[EVENTS_A_TURN];
    uint64_t wakes;
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_A_TURN, wait_ms(loop, timeout_ms));

    for (int i = 0; i < count; i++) {
        if (events[i].data.fd != loop->wake_fd)
            handle_socket(loop, events[i].data.fd, events[i].events);
        else if (read(loop->wake_fd, &wakes, sizeof wakes) < 0)
            continue;
    }
    hy_httpc_loop_run_due(loop);
}

void hy_httpc_loop_wake(struct hy_httpc_loop *loop)
{
    static const uint64_t one = 1;

    /* Fails only when 2^64 - 2 wakes are waiting: then one is as good as another. */
    if (write(loop->wake_fd, &one, sizeof one) < 0)
        return;
}
