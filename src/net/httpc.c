#include "net/httpc.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/httpc_call.h"
#include "net/httpc_loop.h"
#include "net/httpc_shards.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 3000,
    TOTAL_TIMEOUT_MS = 10000,
    ANSWER_BYTES = 1 << 20,
    CONNECTIONS = 2048,
    IDLE_CONNECTION_S = 20,
};

struct list {
    struct hy_httpc_call *first, *last;
};

struct hy_httpc {
    struct hy_httpc_common common;
    struct hy_httpc_loop loop;
    struct hy_httpc_shards shards;
    struct list running;   /* in a multi handle */
    struct list unstarted; /* could not start; reported by the next poll */
    struct list spares;
    size_t busy;
    bool stopping;
    char *ca_file, *no_proxy;
};

/* --- lists ------------------------------------------------------------------------------------ */

static void list_add(struct list *list, struct hy_httpc_call *call)
{
    call->next = NULL;
    call->prev = list->last;
    if (list->last)
        list->last->next = call;
    else
        list->first = call;
    list->last = call;
}

static void list_remove(struct list *list, struct hy_httpc_call *call)
{
    if (call->prev)
        call->prev->next = call->next;
    else
        list->first = call->next;
    if (call->next)
        call->next->prev = call->prev;
    else
        list->last = call->prev;
    call->next = call->prev = NULL;
}

static struct hy_httpc_call *list_pop(struct list *list)
{
    struct hy_httpc_call *call = list->last; /* the one used last is warm */

    if (call)
        list_remove(list, call);
    return call;
}

/* --- life ------------------------------------------------------------------------------------- */

static void init_libcurl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* A proxy of the environment (https_proxy) is honoured, as companies need it, but never for
 * loopback; setting the option hides no_proxy, so that is appended. */
static char *no_proxy_text(void)
{
    static const char loopback[] = "localhost,127.0.0.0/8,::1";
    const char *more = getenv("no_proxy");
    char *text;

    if (!more)
        more = getenv("NO_PROXY");
    if (!more || !*more)
        return strdup(loopback);
    if (strcmp(more, "*") == 0)
        return strdup(more);
    return asprintf(&text, "%s,%s", loopback, more) < 0 ? NULL : text;
}

static void fill_config(struct hy_httpc_config *into, const struct hy_httpc_config *from)
{
    *into = *from;
    if (!into->connect_timeout_ms)
        into->connect_timeout_ms = CONNECT_TIMEOUT_MS;
    if (!into->total_timeout_ms)
        into->total_timeout_ms = TOTAL_TIMEOUT_MS;
    if (!into->answer_max_bytes)
        into->answer_max_bytes = ANSWER_BYTES;
    if (!into->connections_max)
        into->connections_max = CONNECTIONS;
    if (!into->idle_connection_s)
        into->idle_connection_s = IDLE_CONNECTION_S;
}

static int set_up(struct hy_httpc *client, const struct hy_httpc_config *config)
{
    const struct hy_httpc_config *filled = &client->common.config;
    int err;

    fill_config(&client->common.config, config);
    client->ca_file = config->ca_file ? strdup(config->ca_file) : NULL;
    client->no_proxy = no_proxy_text();
    client->common.share = curl_share_init();
    client->loop = (struct hy_httpc_loop){.epoll_fd = -1, .wake_fd = -1};
    if ((config->ca_file && !client->ca_file) || !client->no_proxy || !client->common.share)
        return HY_E_NOMEM;
    client->common.config.ca_file = client->ca_file;
    client->common.no_proxy = client->no_proxy;
    client->common.plain_proxy = getenv("http_proxy") || getenv("all_proxy") || getenv("ALL_PROXY");
    /* One cache of TLS sessions for all: a resumed handshake costs two thirds of a full one. */
    curl_share_setopt(client->common.share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    /* And of names: each multi handle would ask for itself. */
    curl_share_setopt(client->common.share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    err = hy_httpc_loop_init(&client->loop);
    return err ? err
               : hy_httpc_shards_init(&client->shards, &client->loop, filled->connections_max,
                                      (int64_t)filled->idle_connection_s * 1000000);
}

int hy_httpc_new(const struct hy_httpc_config *config, struct hy_httpc **ret_client)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct hy_httpc *client;
    int err;

    pthread_once(&once, init_libcurl);
    client = calloc(1, sizeof *client);
    if (!client)
        return HY_E_NOMEM;
    err = set_up(client, config);
    if (err) {
        hy_httpc_free(client);
        return err;
    }
    *ret_client = client;
    return HY_OK;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void finish(struct hy_httpc *client, struct hy_httpc_call *call, CURLcode code)
{
    int64_t now_us = hy_clock_mono_us();
    struct hy_http_response response = hy_httpc_call_result(call, code, now_us);

    client->busy--;
    if (call->shard)
        hy_httpc_shards_give_back(&client->shards, call->shard, call->host, now_us);
    call->done(&response, call->arg);
    hy_httpc_call_reset(call);
    list_add(&client->spares, call);
}

static void finish_unstarted(struct hy_httpc *client)
{
    struct list ready = client->unstarted;
    struct hy_httpc_call *call;

    client->unstarted = (struct list){0};
    while ((call = ready.first)) {
        list_remove(&ready, call);
        finish(client, call, CURLE_OK);
    }
}

static struct hy_httpc_call *take_call(struct hy_httpc *client)
{
    struct hy_httpc_call *call = list_pop(&client->spares);

    if (call)
        return call;
    call = hy_httpc_call_new(&client->common);
    if (call)
        hy_httpc_loop_introduce(&client->loop, call->easy, &call->guard);
    return call;
}

static bool join_shard(struct hy_httpc *client, struct hy_httpc_call *call,
                       const struct hy_http_request *request)
{
    call->host = hy_httpc_host_mark(request->url);
    call->shard = hy_httpc_shards_take(&client->shards, call->host, call->started_us);
    return curl_multi_add_handle(call->shard->multi, call->easy) == CURLM_OK;
}

void hy_httpc_start(struct hy_httpc *client, const struct hy_http_request *request,
                    hy_httpc_done *done, void *arg)
{
    static const struct hy_http_response no_memory = {
        .outcome = HY_HTTP_NOT_SENT, .body = "", .error = "out of memory"};
    struct hy_httpc_call *call = take_call(client);

    if (!call) {
        done(&no_memory, arg);
        return;
    }
    client->busy++;
    call->done = done;
    call->arg = arg;
    call->started_us = hy_clock_mono_us();
    if (client->stopping)
        call->failed = "stopped";
    else if (hy_httpc_call_prepare(call, request) != HY_OK || !join_shard(client, call, request))
        call->failed = "out of memory";
    list_add(call->failed ? &client->unstarted : &client->running, call);
}

/* Reports what has ended; true when there was something. */
static bool reap(struct hy_httpc *client)
{
    CURLMsg *message;
    bool any = false;

    while ((message = hy_httpc_loop_ended(&client->loop))) {
        struct hy_httpc_call *call;
        CURLcode code = message->data.result;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        curl_multi_remove_handle(call->shard->multi, call->easy);
        list_remove(&client->running, call);
        finish(client, call, code);
        any = true;
    }
    return any;
}

void hy_httpc_poll(struct hy_httpc *client, int timeout_ms)
{
    if (client->unstarted.first) {
        finish_unstarted(client);
        timeout_ms = 0;
    }
    hy_httpc_loop_run_due(&client->loop);
    if (reap(client))
        return;
    hy_httpc_loop_wait(&client->loop, timeout_ms);
    reap(client);
    hy_httpc_shards_tidy(&client->shards, hy_clock_mono_us());
}

void hy_httpc_wake(struct hy_httpc *client)
{
    hy_httpc_loop_wake(&client->loop);
}

size_t hy_httpc_busy(const struct hy_httpc *client)
{
    return client->busy;
}

static void stop_running(struct hy_httpc *client)
{
    struct hy_httpc_call *call;

    client->stopping = true;
    while ((call = client->running.first)) {
        curl_multi_remove_handle(call->shard->multi, call->easy);
        list_remove(&client->running, call);
        call->failed = "stopped";
        finish(client, call, CURLE_OK);
    }
    while (client->unstarted.first)
        finish_unstarted(client);
}

void hy_httpc_free(struct hy_httpc *client)
{
    struct hy_httpc_call *call;

    if (!client)
        return;
    stop_running(client);
    while ((call = list_pop(&client->spares)))
        hy_httpc_call_free(call);
    hy_httpc_loop_deinit(&client->loop);
    curl_share_cleanup(client->common.share);
    free(client->ca_file);
    free(client->no_proxy);
    free(client);
}

/* --- one request, start to end ---------------------------------------------------------------- */

struct once {
    hy_httpc_done *done;
    void *arg;
    bool over;
};

static void on_once(const struct hy_http_response *response, void *arg)
{
    struct once *once = arg;

    once->over = true;
    once->done(response, once->arg);
}

void hy_httpc_once(const struct hy_httpc_config *config, const struct hy_http_request *request,
                   hy_httpc_done *done, void *arg)
{
    static const struct hy_http_response no_memory = {
        .outcome = HY_HTTP_NOT_SENT, .body = "", .error = "out of memory"};
    struct once once = {done, arg, false};
    struct hy_httpc *client;

    if (hy_httpc_new(config, &client) != HY_OK) {
        done(&no_memory, arg);
        return;
    }
    hy_httpc_start(client, request, on_once, &once);
    while (!once.over)
        hy_httpc_poll(client, 1000);
    hy_httpc_free(client);
}
