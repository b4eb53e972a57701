/* The accepting part: libmicrohttpd in poll mode; each request sleeps until another thread has its answer. */
#include "floor.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static floor_take *take_it;
static floor_over *over;
static void *take_arg;

static void *on_first_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct floor_request *r = calloc(1, sizeof *r);

    floor_must(r != NULL, "memory");
    r->connection = connection;
    return r;
}

static void collect(struct floor_request *r, const char *bytes, size_t size)
{
    if (!r->body) {
        const char *length =
            MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Length");

        r->body = malloc(length ? strtoul(length, NULL, 10) + 1 : 1);
        floor_must(r->body && length, "a request without a length");
    }
    memcpy(r->body + r->size, bytes, size);
    r->size += size;
}

static enum MHD_Result reply(struct floor_request *r)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(r->answer), (void *)(uintptr_t)r->answer, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    MHD_add_response_header(response, "Content-Type", "application/json");
    result = MHD_queue_response(r->connection, 202, response);
    MHD_destroy_response(response);
    return result;
}

/* Headers, pieces of the body, its end, and once more after the answer is there. */
static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *bytes,
                                 size_t *size, void **state)
{
    struct floor_request *r = *state;

    if (r->answer)
        return reply(r);
    if (*size) {
        collect(r, bytes, *size);
        *size = 0;
        return MHD_YES;
    }
    if (!r->user) {
        r->user = r; /* the headers: the body comes next */
        return MHD_YES;
    }
    MHD_suspend_connection(connection);
    r->user = NULL;
    take_it(r, take_arg);
    return MHD_YES;
}

static void on_end(void *cls, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    struct floor_request *r = *state;

    if (!r)
        return;
    over(r);
    free(r->body);
    free(r->own);
    free(r);
}

void floor_http_answer(struct floor_request *r, const char *text)
{
    struct MHD_Connection *connection = r->connection;

    r->answer = text;
    MHD_resume_connection(connection);
}

void floor_http_start(floor_take *take, floor_over *when_over, void *arg)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const union MHD_DaemonInfo *info;
    struct MHD_Daemon *daemon;

    take_it = take;
    over = when_over;
    take_arg = arg;
    /* clang-format off: a pair a line */
    daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_POLL, 0,
        NULL, NULL, on_access, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_URI_LOG_CALLBACK,
        on_first_line, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(16 << 10), MHD_OPTION_END);
    /* clang-format on */
    floor_must(daemon != NULL, "libmicrohttpd");
    info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    printf("listening: http://127.0.0.1:%u\n", info->port);
    fflush(stdout);
}

/* --- alone: another thread answers what has come --------------------------------------------------- */

struct answerer {
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct floor_request *waiting;
};

static void hand_over(struct floor_request *r, void *arg)
{
    struct answerer *a = arg;

    pthread_mutex_lock(&a->lock);
    r->next = a->waiting;
    a->waiting = r;
    pthread_cond_signal(&a->some);
    pthread_mutex_unlock(&a->lock);
}

static void *answer_all(void *arg)
{
    struct answerer *a = arg;

    for (;;) {
        struct floor_request *r;

        pthread_mutex_lock(&a->lock);
        while (!a->waiting)
            pthread_cond_wait(&a->some, &a->lock);
        r = a->waiting;
        a->waiting = NULL;
        pthread_mutex_unlock(&a->lock);
        while (r) {
            struct floor_request *next = r->next;

            floor_http_answer(r, "{\"id\":\"m0123456789abc\",\"state\":\"queued\"}");
            r = next;
        }
    }
    return NULL;
}

static void forget(struct floor_request *r)
{
}

void floor_part_http(int argc, char **argv)
{
    static struct answerer a = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                .some = PTHREAD_COND_INITIALIZER};
    pthread_t thread;

    floor_must(pthread_create(&thread, NULL, answer_all, &a) == 0, "thread");
    floor_http_start(hand_over, forget, &a);
    for (;;)
        pause();
}
