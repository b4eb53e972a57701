#include "unit/net/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *run(void *arg)
{
    struct script *s = arg;

    s->play(s);
    return NULL;
}

void script_start(struct script *s, void (*play)(struct script *s))
{
    memset(s, 0, sizeof *s);
    s->play = play;
    s->listener = wire_listen(s->address);
    snprintf(s->url, sizeof s->url, "http://%s/path?access_token=SECRET", s->address);
    if (pthread_create(&s->thread, NULL, run, s) != 0)
        abort();
}

void script_join(struct script *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
}

bool script_request(struct script *s, int fd)
{
    if (!wire_request(fd, s->last))
        return false;
    atomic_fetch_add(&s->requests, 1);
    return true;
}

int script_accept(struct script *s)
{
    int fd = wire_accept(s->listener);

    if (fd >= 0)
        script_request(s, fd);
    return fd;
}

void result_take(const struct hy_http_response *response, void *arg)
{
    struct result *r = arg;

    r->outcome = response->outcome;
    r->status = response->status;
    r->body_size = response->body_size;
    r->took_ms = response->took_ms;
    snprintf(r->error, sizeof r->error, "%s", response->error);
    if (response->body_size < sizeof r->body)
        memcpy(r->body, response->body, response->body_size + 1);
    atomic_fetch_add(&r->done, 1);
}

void result_ask(struct hy_httpc *client, const char *url, const char *body, struct result *ret)
{
    struct hy_http_request request = {.method = body ? "POST" : "GET", .url = url, .body = body};

    request.body_size = body ? strlen(body) : 0;
    memset(ret, 0, sizeof *ret);
    hy_httpc_start(client, &request, result_take, ret);
    while (!ret->done)
        hy_httpc_poll(client, WIRE_DEADLINE_MS);
}
