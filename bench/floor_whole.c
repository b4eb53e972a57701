/*
 * The way of a message by libraries alone, on three threads as in the program: libmicrohttpd and jansson ->
 * SQLite, all that waits in one transaction -> libcurl -> SQLite. An answer leaves after its commit. There
 * are two calls, of the program's own shape: POST /v1/grants (an array) and POST /v1/messages (one or an array).
 */
#include "floor.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNDER_WAY = 256, GROUP = 2000 };

/* What the threads leave for each other. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t some;            /* for the writer */
    struct floor_list come, judged; /* for the writer */
    struct floor_list claimed;      /* for the sender */
} desk = {.lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER};

static struct floor_store *store;
static struct floor_sender *sender;

/* --- the server's thread ----------------------------------------------------------------------------- */

/* What a request was parsed to; the messages' texts are the tree's. */
struct intake {
    json_t *root;
    char *data; /* texts of data, one after the other */
    bool grants;
    size_t count;
    struct floor_message messages[];
};

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* {"keyword1":"x"} as {"keyword1":{"value":"x"}}. */
static char *write_data(char *at, json_t *data, const char **ret_text)
{
    const char *key;
    json_t *value;
    char mark = '{';

    *ret_text = at;
    json_object_foreach(data, key, value)
    {
        at += sprintf(at, "%c\"%s\":{\"value\":\"%s\"}", mark, key, json_string_value(value));
        mark = ',';
    }
    *at++ = '}';
    *at++ = 0;
    return at;
}

static struct intake *parse(struct floor_request *r)
{
    json_t *root = json_loadb(r->body, r->size, JSON_REJECT_DUPLICATES, NULL), *item;
    size_t count = json_is_array(root) ? json_array_size(root) : 1;
    struct intake *in = calloc(1, sizeof *in + count * sizeof *in->messages);
    char *data;

    floor_must(root && in, "a body");
    *in = (struct intake){.root = root, .count = count, .data = malloc(r->size * 4)};
    data = in->data;
    for (size_t i = 0; i < count; i++) {
        struct floor_message *m = &in->messages[i];

        item = json_is_array(root) ? json_array_get(root, i) : root;
        m->user = member(item, "user");
        m->credential = member(item, "credential");
        m->template_id = member(item, "template");
        m->page = member(item, "page");
        m->tag = member(item, "tag");
        m->owner = r;
        in->grants = m->credential != NULL;
        if (!in->grants)
            data = write_data(data, json_object_get(item, "data"), &m->data);
        floor_must(m->user && (in->grants || m->template_id), "a message");
    }
    return in;
}

static void take(struct floor_request *r, void *arg)
{
    struct intake *in = parse(r);

    r->user = in;
    r->open = in->count;
    pthread_mutex_lock(&desk.lock);
    for (size_t i = 0; i < in->count; i++)
        floor_list_add(&desk.come, &in->messages[i]);
    pthread_cond_signal(&desk.some);
    pthread_mutex_unlock(&desk.lock);
}

static void over(struct floor_request *r)
{
    struct intake *in = r->user;

    if (!in || (void *)in == (void *)r)
        return;
    json_decref(in->root);
    free(in->data);
    free(in);
}

/* --- the writer's ------------------------------------------------------------------------------------ */

static void answer(struct floor_request *r)
{
    const struct intake *in = r->user;
    char *at;

    if (in->grants) {
        floor_http_answer(r, "{}");
        return;
    }
    at = r->own = malloc(in->count * 64 + 32);
    floor_must(at != NULL, "memory");
    if (in->count > 1)
        at += sprintf(at, "{\"results\":[");
    for (size_t i = 0; i < in->count; i++)
        at += sprintf(at, "%s{\"id\":\"m%013llx\",\"state\":\"queued\"}", i ? "," : "",
                      (unsigned long long)in->messages[i].id);
    strcpy(at, in->count > 1 ? "]}" : "");
    floor_http_answer(r, r->own);
}

/* The requests of which all is stored now. */
static void answer_all(const struct floor_list *come)
{
    for (struct floor_message *m = come->first, *next; m; m = next) {
        struct floor_request *r = m->owner;

        next = m->next; /* it goes with its request */
        if (--r->open == 0)
            answer(r);
    }
}

static void transact(struct floor_list *come, struct floor_list *judged, struct floor_list *claimed,
                     size_t room)
{
    floor_store_begin(store);
    for (struct floor_message *m = come->first; m; m = m->next) {
        if (m->credential)
            floor_store_grant(store, m->user, m->credential);
        else
            floor_store_admit(store, m);
    }
    for (struct floor_message *m = judged->first; m; m = m->next)
        floor_store_settle(store, m);
    if (room)
        floor_store_claim(store, room, claimed);
    floor_store_commit(store);
}

static void *write_all(void *arg)
{
    size_t queued = 0, under_way = 0;

    for (;;) {
        struct floor_list come, judged, claimed;

        floor_list_init(&come);
        floor_list_init(&judged);
        floor_list_init(&claimed);
        pthread_mutex_lock(&desk.lock);
        while (!desk.come.count && !desk.judged.count && (!queued || under_way == UNDER_WAY))
            pthread_cond_wait(&desk.some, &desk.lock);
        floor_list_move(&come, &desk.come);
        floor_list_move(&judged, &desk.judged);
        pthread_mutex_unlock(&desk.lock);

        under_way -= judged.count;
        for (const struct floor_message *m = come.first; m; m = m->next)
            queued += !m->credential;
        transact(&come, &judged, &claimed, queued ? UNDER_WAY - under_way : 0);
        queued -= claimed.count;
        under_way += claimed.count;
        answer_all(&come);
        for (struct floor_message *m = judged.first, *next; m; m = next) {
            next = m->next;
            free(m);
        }
        if (!claimed.count)
            continue;
        pthread_mutex_lock(&desk.lock);
        floor_list_move(&desk.claimed, &claimed);
        pthread_mutex_unlock(&desk.lock);
        floor_sender_wake(sender);
    }
    return NULL;
}

/* --- the sender's ------------------------------------------------------------------------------------ */

/* Collected in a turn, handed over at its end. */
static void answered(struct floor_message *m, void *arg)
{
    floor_list_add(arg, m);
}

static void *send_all(void *arg)
{
    struct floor_list *done = arg;

    for (;;) {
        struct floor_list claimed;

        floor_list_init(&claimed);
        pthread_mutex_lock(&desk.lock);
        floor_list_move(&claimed, &desk.claimed);
        if (done->count) {
            floor_list_move(&desk.judged, done);
            pthread_cond_signal(&desk.some);
        }
        pthread_mutex_unlock(&desk.lock);
        for (struct floor_message *m = claimed.first, *next; m; m = next) {
            next = m->next;
            floor_sender_post(sender, m);
        }
        floor_sender_turn(sender, 1000);
    }
    return NULL;
}

void floor_part_whole(int argc, char **argv)
{
    static struct floor_list done;
    pthread_t writer, poster;

    floor_must(argc == 2 || argc == 3, "whole PATH URL [CA]");
    floor_list_init(&done);
    floor_list_init(&desk.come);
    floor_list_init(&desk.judged);
    floor_list_init(&desk.claimed);
    store = floor_store_open(argv[0]);
    sender = floor_sender_new(argv[1], argc == 3 ? argv[2] : NULL, answered, &done);
    floor_must(pthread_create(&writer, NULL, write_all, NULL) == 0, "thread");
    floor_must(pthread_create(&poster, NULL, send_all, &done) == 0, "thread");
    floor_http_start(take, over, NULL);
    for (;;)
        pause();
}
