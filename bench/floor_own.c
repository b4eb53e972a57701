/* The same loops by the program's own faces: what net/httpd.h, net/httpc.h and base/json.h add to their libraries. */
#include "floor.h"

#include "base/json.h"
#include "net/httpc.h"
#include "net/httpd.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- JSON ------------------------------------------------------------------------------------------------ */

void floor_part_own_json(int argc, char **argv)
{
    static char body[1 << 20];
    size_t size, each = 1, done = 0, count;
    char reason[256];
    FILE *file;
    struct floor_cost since;

    floor_must(argc == 2 && (file = fopen(argv[0], "re")), "own-json FILE COUNT");
    size = fread(body, 1, sizeof body, file);
    fclose(file);
    count = strtoul(argv[1], NULL, 10);
    since = floor_now();
    for (; done < count; done += each) {
        json_t *root = hy_json_parse(body, size, reason, sizeof reason);

        floor_must(root != NULL, reason);
        each = json_is_array(root) ? json_array_size(root) : 1;
        json_decref(root);
    }
    floor_print("own-json", since, (double)done);
}

/* --- sending --------------------------------------------------------------------------------------------- */

struct sending {
    struct hy_httpc *client;
    const char *url;
    struct floor_message *messages;
    size_t count, begun, ended, sent;
};

static void begin_next(struct sending *all);

static void ended(const struct hy_http_response *response, void *arg)
{
    struct sending *all = arg;

    all->ended++;
    all->sent +=
        response->outcome == HY_HTTP_ANSWERED && strstr(response->body, "\"errcode\":0,") != NULL;
    begin_next(all);
}

static void begin_next(struct sending *all)
{
    struct hy_http_request request = {.method = "POST",
                                      .url = all->url,
                                      .headers = {{"Content-Type", "application/json"}},
                                      .header_count = 1};
    const struct floor_message *m = &all->messages[all->begun];
    char body[2048];

    if (all->begun == all->count)
        return;
    all->begun++;
    request.body = body;
    request.body_size = (size_t)snprintf(
        body, sizeof body,
        "{\"touser\":\"%s\",\"template_id\":\"%s\",\"form_id\":\"%s\",\"data\":%s}", m->user,
        m->template_id, m->credential, m->data);
    hy_httpc_start(all->client, &request, ended, all);
}

void floor_part_own_send(int argc, char **argv)
{
    struct hy_httpc_config config = {.ca_file = argc == 3 ? argv[2] : NULL,
                                     .connect_timeout_ms = 60000,
                                     .total_timeout_ms = 60000};
    struct sending all = {.url = argv[0]};
    struct floor_cost since;

    floor_must(argc == 2 || argc == 3, "own-send URL UNDERWAY [CA]");
    all.messages = floor_read_messages(&all.count);
    floor_must(hy_httpc_new(&config, &all.client) == 0, "client");
    since = floor_now();
    for (size_t under_way = strtoul(argv[1], NULL, 10); under_way > 0; under_way--)
        begin_next(&all);
    while (all.ended < all.count)
        hy_httpc_poll(all.client, 1000);
    floor_must(all.sent == all.count, "not all were accepted");
    floor_print("own-send", since, (double)all.count);
    hy_httpc_free(all.client);
}

/* --- accepting ------------------------------------------------------------------------------------------- */

struct waiting {
    struct waiting *next;
    struct hy_httpd_request *req;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct waiting *first;
} desk = {.lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER};

static void finish(struct hy_httpd_request *req, void *arg)
{
    static const char answer[] = "{\"id\":\"m0123456789abc\",\"state\":\"queued\"}";

    hy_httpd_reply(req, 202, "application/json", answer, sizeof answer - 1);
}

static void take(struct hy_httpd_request *req, void *arg)
{
    struct waiting *one = hy_arena_alloc(hy_httpd_arena(req), sizeof *one);

    floor_must(one != NULL, "memory");
    one->req = req;
    hy_httpd_defer(req, finish, NULL);
    pthread_mutex_lock(&desk.lock);
    one->next = desk.first;
    desk.first = one;
    pthread_cond_signal(&desk.some);
    pthread_mutex_unlock(&desk.lock);
}

static void *wake_all(void *arg)
{
    for (;;) {
        struct waiting *one;

        pthread_mutex_lock(&desk.lock);
        while (!desk.first)
            pthread_cond_wait(&desk.some, &desk.lock);
        one = desk.first;
        desk.first = NULL;
        pthread_mutex_unlock(&desk.lock);
        while (one) {
            struct waiting *next = one->next;

            hy_httpd_wake(one->req);
            one = next;
        }
    }
    return NULL;
}

void floor_part_own_http(int argc, char **argv)
{
    const struct hy_httpd_config config = {.listen = "127.0.0.1:0", .handler = take};
    struct hy_httpd *httpd;
    pthread_t thread;

    floor_must(pthread_create(&thread, NULL, wake_all, NULL) == 0, "thread");
    floor_must(hy_httpd_start(&config, &httpd) == 0, "server");
    printf("listening: http://%s\n", hy_httpd_address(httpd));
    fflush(stdout);
    for (;;)
        pause();
}
