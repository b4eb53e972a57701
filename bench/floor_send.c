/* The sender's part: libcurl's multi handle on epoll; connections stay in the set while they are idle. */
#include "floor.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SOCKETS = 2048, EVENTS = 256, BODY_BYTES = 2048, ANSWER_BYTES = 256 };

struct call {
    struct call *next;
    CURL *easy;
    struct floor_message *message;
    char body[BODY_BYTES], answer[ANSWER_BYTES];
    size_t answer_size;
};

struct floor_sender {
    CURLM *multi;
    int epoll_fd, wake_fd;
    int64_t due_us;
    uint32_t registered[SOCKETS];
    char *origin; /* scheme, host and port */
    const char
        *target; /* the rest of the URL: libcurl would print all of it several times a request */
    const char *ca_file;
    struct curl_slist *headers;
    struct call *spares;
    floor_answered *answered;
    void *arg;
};

static int on_wish(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    struct floor_sender *s = arg;
    struct epoll_event event = {.data.fd = fd,
                                .events = (what & CURL_POLL_IN ? EPOLLIN : 0u) |
                                          (what & CURL_POLL_OUT ? EPOLLOUT : 0u)};

    floor_must(fd < SOCKETS, "too many sockets");
    if (what == CURL_POLL_REMOVE || s->registered[fd] == event.events)
        return 0;
    /* Its number may have been another's: that one has left the set with its end. */
    if (epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
        floor_must(epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
    s->registered[fd] = event.events;
    return 0;
}

static int on_close(void *arg, curl_socket_t fd)
{
    ((struct floor_sender *)arg)->registered[fd] = 0;
    return close(fd);
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    ((struct floor_sender *)arg)->due_us =
        timeout_ms < 0 ? INT64_MAX : hy_clock_mono_us() + timeout_ms * 1000;
    return 0;
}

static size_t on_bytes(char *bytes, size_t one, size_t size, void *arg)
{
    struct call *call = arg;
    size_t room = ANSWER_BYTES - 1 - call->answer_size;
    size_t take = size < room ? size : room;

    memcpy(call->answer + call->answer_size, bytes, take);
    call->answer_size += take;
    return size;
}

struct floor_sender *floor_sender_new(const char *url, const char *ca_file,
                                      floor_answered *answered, void *arg)
{
    struct floor_sender *s = calloc(1, sizeof *s);
    struct epoll_event event = {.events = EPOLLIN};
    const char *path = strchr(strstr(url, "://") + 3, '/');

    curl_global_init(CURL_GLOBAL_DEFAULT);
    floor_must(s != NULL, "memory");
    *s = (struct floor_sender){.multi = curl_multi_init(),
                               .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
                               .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                               .due_us = INT64_MAX,
                               .origin = strndup(url, (size_t)(path - url)),
                               .target = path,
                               .ca_file = ca_file,
                               .answered = answered,
                               .arg = arg};
    event.data.fd = s->wake_fd;
    floor_must(epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->wake_fd, &event) == 0, "epoll");
    s->headers = curl_slist_append(s->headers, "Content-Type: application/json");
    s->headers = curl_slist_append(s->headers, "Expect:");
    curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_wish);
    curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
    curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
    curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, 512L);
    return s;
}

void floor_sender_free(struct floor_sender *s)
{
    while (s->spares) {
        struct call *next = s->spares->next;

        curl_easy_cleanup(s->spares->easy);
        free(s->spares);
        s->spares = next;
    }
    curl_multi_cleanup(s->multi);
    curl_slist_free_all(s->headers);
    close(s->epoll_fd);
    close(s->wake_fd);
    free(s->origin);
    free(s);
}

static struct call *new_call(struct floor_sender *s)
{
    struct call *call = calloc(1, sizeof *call);

    floor_must(call && (call->easy = curl_easy_init()), "memory");
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(call->easy, CURLOPT_URL, s->origin);
    curl_easy_setopt(call->easy, CURLOPT_REQUEST_TARGET, s->target);
    curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETDATA, s);
    curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
    if (s->ca_file)
        curl_easy_setopt(call->easy, CURLOPT_CAINFO, s->ca_file);
    curl_easy_setopt(call->easy, CURLOPT_CAPATH, NULL); /* or each connection parses the file */
    return call;
}

void floor_sender_post(struct floor_sender *s, struct floor_message *m)
{
    struct call *call = s->spares;
    int size;

    if (call)
        s->spares = call->next;
    else
        call = new_call(s);
    call->message = m;
    call->answer_size = 0;
    size =
        snprintf(call->body, sizeof call->body,
                 "{\"touser\":\"%s\",\"template_id\":\"%s\",\"form_id\":\"%s\",\"data\":%s%s%s%s}",
                 m->user, m->template_id, m->credential, m->data, m->page ? ",\"page\":\"" : "",
                 m->page ? m->page : "", m->page ? "\"" : "");
    floor_must(size < BODY_BYTES, "a message that is too large");
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE, (long)size);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, call->body);
    floor_must(curl_multi_add_handle(s->multi, call->easy) == CURLM_OK, "libcurl");
}

static void run_due(struct floor_sender *s)
{
    int running;

    if (s->due_us > hy_clock_mono_us())
        return;
    s->due_us = INT64_MAX;
    curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static void reap(struct floor_sender *s)
{
    CURLMsg *done;
    int left;

    while ((done = curl_multi_info_read(s->multi, &left))) {
        struct call *call;

        floor_must(done->data.result == CURLE_OK, curl_easy_strerror(done->data.result));
        curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, &call);
        curl_multi_remove_handle(s->multi, call->easy);
        call->answer[call->answer_size] = 0;
        call->message->sent = strstr(call->answer, "\"errcode\":0,") != NULL;
        call->next = s->spares;
        s->spares = call;
        s->answered(call->message, s->arg);
    }
}

void floor_sender_turn(struct floor_sender *s, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int64_t left_ms =
        s->due_us == INT64_MAX ? wait_ms : (s->due_us - hy_clock_mono_us() + 999) / 1000;
    int count, running;
    uint64_t wakes;

    run_due(s);
    reap(s);
    count = epoll_wait(s->epoll_fd, events, EVENTS,
                       left_ms < 0         ? 0
                       : left_ms < wait_ms ? (int)left_ms
                                           : wait_ms);
    for (int i = 0; i < count; i++) {
        int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

        if (events[i].data.fd != s->wake_fd)
            curl_multi_socket_action(s->multi, events[i].data.fd, what, &running);
        else if (read(s->wake_fd, &wakes, sizeof wakes) < 0)
            continue;
    }
    reap(s);
}

void floor_sender_wake(struct floor_sender *s)
{
    static const uint64_t one = 1;

    floor_must(write(s->wake_fd, &one, sizeof one) == sizeof one, "eventfd");
}
