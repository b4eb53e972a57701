#include "receiver.h"

#include "tap.h"

#include "base/clock.h"
#include "net/httpd.h"

#include <pthread.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of these */
static struct received received[RECEIVED_MAX];
static int count;
static int answer_status;
static char answer_body[1024];
static bool answer_echo, holding;
static struct hy_httpd_request *held[RECEIVED_MAX];
static int held_count;

static struct hy_httpd *httpd;
static char url[128];

static void keep(char *into, size_t size, const char *text)
{
    snprintf(into, size, "%s", text ? text : "");
}

#define KEEP_QUERY(member) keep(r->member, sizeof r->member, hy_httpd_query(req, #member))

static void keep_request(struct received *r, struct hy_httpd_request *req)
{
    size_t size;

    keep(r->method, sizeof r->method, hy_httpd_method(req));
    keep(r->content_type, sizeof r->content_type, hy_httpd_header(req, "content-type"));
    keep(r->body, sizeof r->body, hy_httpd_body(req, &size));
    KEEP_QUERY(signature);
    KEEP_QUERY(timestamp);
    KEEP_QUERY(nonce);
    KEEP_QUERY(openid);
    KEEP_QUERY(echostr);
    KEEP_QUERY(encrypt_type);
    KEEP_QUERY(msg_signature);
}

static void reply(struct hy_httpd_request *req, void *arg)
{
    const char *echo = hy_httpd_gone(req) ? NULL : hy_httpd_query(req, "echostr");
    char body[sizeof answer_body];
    int status;

    pthread_mutex_lock(&lock);
    status = answer_status;
    keep(body, sizeof body, answer_echo && echo ? echo : answer_body);
    pthread_mutex_unlock(&lock);
    hy_httpd_reply(req, status, "text/plain", body, strlen(body));
}

static void handle(struct hy_httpd_request *req, void *arg)
{
    bool hold;

    pthread_mutex_lock(&lock);
    if (count < RECEIVED_MAX)
        keep_request(&received[count], req);
    count++;
    hold = holding && held_count < RECEIVED_MAX;
    if (hold) {
        held[held_count++] = req;
        hy_httpd_defer(req, reply, NULL);
    }
    pthread_mutex_unlock(&lock);
    if (!hold)
        reply(req, arg);
}

void receiver_start(void)
{
    const struct hy_httpd_config config = {.listen = "127.0.0.1:0", .handler = handle};

    if (httpd)
        receiver_stop(); /* left behind by a test that failed */
    receiver_answer(200, "success", false);
    receiver_forget();
    if (hy_httpd_start(&config, &httpd) != 0)
        hy_tap_fail(__FILE__, __LINE__, "the receiver does not start");
    snprintf(url, sizeof url, "http://%s/callback", hy_httpd_address(httpd));
}

void receiver_stop(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    receiver_release();
    hy_httpd_quiesce(httpd);
    while (hy_httpd_busy(httpd))
        nanosleep(&moment, NULL);
    hy_httpd_stop(httpd);
    httpd = NULL;
}

const char *receiver_url(void)
{
    return url;
}

void receiver_answer(int status, const char *body, bool echo)
{
    pthread_mutex_lock(&lock);
    answer_status = status;
    keep(answer_body, sizeof answer_body, body);
    answer_echo = echo;
    pthread_mutex_unlock(&lock);
}

void receiver_hold(void)
{
    pthread_mutex_lock(&lock);
    holding = true;
    pthread_mutex_unlock(&lock);
}

void receiver_release(void)
{
    pthread_mutex_lock(&lock);
    holding = false;
    for (int i = 0; i < held_count; i++)
        hy_httpd_wake(held[i]);
    held_count = 0;
    pthread_mutex_unlock(&lock);
}

int receiver_count(void)
{
    int so_far;

    pthread_mutex_lock(&lock);
    so_far = count;
    pthread_mutex_unlock(&lock);
    return so_far;
}

void receiver_forget(void)
{
    pthread_mutex_lock(&lock);
    count = 0;
    pthread_mutex_unlock(&lock);
}

const struct received *receiver_wait(int index)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    int64_t give_up_us = hy_clock_mono_us() + INT64_C(10000000);

    while (receiver_count() <= index) {
        if (hy_clock_mono_us() > give_up_us)
            hy_tap_fail(__FILE__, __LINE__, "only %d pushes came", receiver_count());
        nanosleep(&moment, NULL);
    }
    return &received[index];
}
