#include "sim/pusher.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/httpc.h"
#include "sim/push_job.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 5000, RETRY_MS = 1000, FLYING_MAX = 256, IDLE_MS = 60000 };

/* A question under way, or waiting for the thread to ask it. */
struct check {
    struct check *next;
    struct hy_sim_push_check *result;
    void (*told)(void *arg);
    void *arg;
    char *url, *echostr;
};

struct hy_sim_pusher {
    pthread_t thread;
    struct hy_httpc *client; /* the thread's, and of whoever stops, after it ended */
    int64_t retry_ms;

    pthread_mutex_t lock; /* guards all below, and what changes of a push */
    bool stopping;
    int64_t ahead_ms;
    uint64_t last_id;
    struct hy_sim_push_jobs waiting; /* by due time */
    struct hy_sim_push_jobs flying, finished;
    struct check *checks; /* not asked yet */
    struct hy_sim_push_counts counts;
};

/* --- what a try brought ----------------------------------------------------------------------- */

static bool is_2xx(const struct hy_http_response *response)
{
    return response->outcome == HY_HTTP_ANSWERED && response->status / 100 == 2;
}

static bool says(const struct hy_http_response *response, const char *text)
{
    return response->body_size == strlen(text) &&
           memcmp(response->body, text, response->body_size) == 0;
}

static void finish(struct hy_sim_pusher *p, struct hy_sim_push_job *job, const char *state,
                   uint64_t *count)
{
    job->state = state;
    ++*count;
    hy_sim_push_jobs_add(&p->finished, job);
    if (p->finished.count > HY_SIM_PUSHES_KEPT) {
        job = p->finished.first;
        hy_sim_push_jobs_remove(&p->finished, job);
        free(job);
    }
}

static void judge(struct hy_sim_pusher *p, struct hy_sim_push_job *job,
                  const struct hy_http_response *response)
{
    job->tries++;
    p->counts.tries++;
    job->status = response->outcome == HY_HTTP_ANSWERED ? response->status : 0;
    hy_sim_push_keep_text(job->answer, sizeof job->answer, response->body);
    hy_sim_push_keep_text(job->error, sizeof job->error, response->error ? response->error : "");
    if (is_2xx(response) && (response->body_size == 0 || says(response, "success"))) {
        finish(p, job, "delivered", &p->counts.delivered);
    } else if (is_2xx(response)) {
        finish(p, job, "refused", &p->counts.refused);
    } else if (job->tries >= HY_SIM_PUSH_TRIES || p->stopping) {
        finish(p, job, "failed", &p->counts.failed);
    } else {
        job->due_ms = hy_clock_now_ms() + p->ahead_ms + p->retry_ms;
        job->state = "waiting";
        hy_sim_push_jobs_add_due(&p->waiting, job);
    }
}

static void on_pushed(const struct hy_http_response *response, void *arg)
{
    struct hy_sim_push_job *job = arg;
    struct hy_sim_pusher *p = job->pusher;

    pthread_mutex_lock(&p->lock);
    hy_sim_push_jobs_remove(&p->flying, job);
    if (job->forgotten)
        free(job);
    else
        judge(p, job, response);
    pthread_mutex_unlock(&p->lock);
}

static void on_checked(const struct hy_http_response *response, void *arg)
{
    struct check *check = arg;
    struct hy_sim_push_check *result = check->result;

    result->verified = is_2xx(response) && says(response, check->echostr);
    result->status = response->outcome == HY_HTTP_ANSWERED ? response->status : 0;
    hy_sim_push_keep_text(result->answer, sizeof result->answer, response->body);
    hy_sim_push_keep_text(result->error, sizeof result->error,
                          response->error ? response->error : "");
    check->told(check->arg);
    free(check->url);
    free(check->echostr);
    free(check);
}

/* --- the thread ------------------------------------------------------------------------------- */

/* Moves what is due to the flying ones; returns the first of them, the others follow it. */
static struct hy_sim_push_job *take_due(struct hy_sim_pusher *p, int64_t now_ms)
{
    struct hy_sim_push_job *first = NULL;

    while (p->waiting.first && p->waiting.first->due_ms <= now_ms && p->flying.count < FLYING_MAX) {
        struct hy_sim_push_job *job = p->waiting.first;

        hy_sim_push_jobs_remove(&p->waiting, job);
        job->state = "flying";
        hy_sim_push_jobs_add(&p->flying, job);
        if (!first)
            first = job;
    }
    return first;
}

static int wait_ms(const struct hy_sim_pusher *p, int64_t now_ms)
{
    int64_t left_ms = p->waiting.first ? p->waiting.first->due_ms - now_ms : IDLE_MS;

    if (p->flying.count >= FLYING_MAX || left_ms > IDLE_MS)
        return IDLE_MS;
    return left_ms > 0 ? (int)left_ms : 0;
}

static void start_push(struct hy_sim_pusher *p, struct hy_sim_push_job *job)
{
    struct hy_http_request request = {
        .method = "POST",
        .url = job->url,
        .headers = {{"Content-Type", job->content_type}},
        .header_count = 1,
        .body = job->body,
        .body_size = strlen(job->body),
    };

    hy_httpc_start(p->client, &request, on_pushed, job);
}

/* Starting may end a job at once, in on_pushed, so the next one is read before. */
static void start_pushes(struct hy_sim_pusher *p, struct hy_sim_push_job *job)
{
    while (job) {
        struct hy_sim_push_job *next = job->next;

        start_push(p, job);
        job = next;
    }
}

static void start_checks(struct hy_sim_pusher *p, struct check *check)
{
    while (check) {
        struct check *next = check->next;
        struct hy_http_request request = {.method = "GET", .url = check->url};

        hy_httpc_start(p->client, &request, on_checked, check);
        check = next;
    }
}

static void *run(void *arg)
{
    struct hy_sim_pusher *p = arg;

    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        int64_t now_ms = hy_clock_now_ms() + p->ahead_ms;
        struct check *checks = p->checks;
        struct hy_sim_push_job *due = take_due(p, now_ms);
        int pause_ms = wait_ms(p, now_ms);

        p->checks = NULL;
        pthread_mutex_unlock(&p->lock);
        start_checks(p, checks);
        start_pushes(p, due);
        hy_httpc_poll(p->client, pause_ms);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* --- what others call ------------------------------------------------------------------------- */

int hy_sim_pusher_start(const struct hy_sim_pusher_config *config,
                        struct hy_sim_pusher **ret_pusher)
{
    int timeout_ms = config->timeout_ms ? config->timeout_ms : TIMEOUT_MS;
    const struct hy_httpc_config client = {.connect_timeout_ms = timeout_ms,
                                           .total_timeout_ms = timeout_ms,
                                           .answer_max_bytes = 64 << 10,
                                           .connections_max = FLYING_MAX};
    struct hy_sim_pusher *p = calloc(1, sizeof *p);
    int err;

    if (!p)
        return HY_E_NOMEM;
    pthread_mutex_init(&p->lock, NULL);
    p->retry_ms = config->retry_ms ? config->retry_ms : RETRY_MS;
    err = hy_httpc_new(&client, &p->client);
    if (!err && pthread_create(&p->thread, NULL, run, p) != 0)
        err = HY_E_IO;
    if (!err) {
        *ret_pusher = p;
        return 0;
    }
    hy_httpc_free(p->client);
    pthread_mutex_destroy(&p->lock);
    free(p);
    return err;
}

void hy_sim_pusher_add(struct hy_sim_pusher *p, const struct hy_sim_push_order *order)
{
    struct hy_sim_push_job *job = hy_sim_push_job_new(order);

    pthread_mutex_lock(&p->lock);
    p->counts.made++;
    if (!job || p->stopping) {
        p->counts.dropped++;
        free(job);
    } else {
        job->pusher = p;
        job->id = ++p->last_id;
        if (p->waiting.count >= HY_SIM_PUSHES_WAITING_MAX) {
            struct hy_sim_push_job *oldest = p->waiting.first;

            hy_sim_push_jobs_remove(&p->waiting, oldest);
            free(oldest);
            p->counts.dropped++;
        }
        job->state = "waiting";
        if (hy_sim_push_jobs_add_due(&p->waiting, job))
            hy_httpc_wake(p->client);
    }
    pthread_mutex_unlock(&p->lock);
}

void hy_sim_pusher_drop(struct hy_sim_pusher *p)
{
    pthread_mutex_lock(&p->lock);
    p->counts.made++;
    p->counts.dropped++;
    pthread_mutex_unlock(&p->lock);
}

static struct check *new_check(const char *url, const char *echostr)
{
    struct check *check = calloc(1, sizeof *check);

    if (!check)
        return NULL;
    check->url = strdup(url);
    check->echostr = strdup(echostr);
    if (check->url && check->echostr)
        return check;
    free(check->url);
    free(check->echostr);
    free(check);
    return NULL;
}

void hy_sim_pusher_check(struct hy_sim_pusher *p, const char *url, const char *echostr,
                         struct hy_sim_push_check *ret_check, void (*told)(void *arg), void *arg)
{
    static const struct hy_http_response not_asked = {
        .outcome = HY_HTTP_NOT_SENT, .body = "", .error = "stopped"};
    struct check *check = new_check(url, echostr);
    bool stopping;

    if (!check) {
        *ret_check = (struct hy_sim_push_check){.error = "out of memory"};
        told(arg);
        return;
    }
    check->result = ret_check;
    check->told = told;
    check->arg = arg;
    pthread_mutex_lock(&p->lock);
    stopping = p->stopping;
    if (!stopping) {
        check->next = p->checks;
        p->checks = check;
        hy_httpc_wake(p->client);
    }
    pthread_mutex_unlock(&p->lock);
    if (stopping)
        on_checked(&not_asked, check);
}

void hy_sim_pusher_set_ahead(struct hy_sim_pusher *p, int64_t ahead_ms)
{
    pthread_mutex_lock(&p->lock);
    p->ahead_ms = ahead_ms;
    if (!p->stopping)
        hy_httpc_wake(p->client);
    pthread_mutex_unlock(&p->lock);
}

void hy_sim_pusher_clear(struct hy_sim_pusher *p)
{
    pthread_mutex_lock(&p->lock);
    hy_sim_push_jobs_free(&p->waiting);
    hy_sim_push_jobs_free(&p->finished);
    for (struct hy_sim_push_job *job = p->flying.first; job; job = job->next)
        job->forgotten = true;
    p->counts = (struct hy_sim_push_counts){0};
    pthread_mutex_unlock(&p->lock);
}

void hy_sim_pusher_print(struct hy_sim_pusher *p, const char *appid, struct hy_buf *out)
{
    const struct hy_sim_push_jobs *const lists[] = {&p->finished, &p->flying, &p->waiting};
    const char *comma = "";

    hy_buf_putc(out, '[');
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (const struct hy_sim_push_job *job = lists[i]->first; job; job = job->next) {
            if (job->forgotten || (appid && strcmp(job->appid, appid) != 0))
                continue;
            hy_buf_puts(out, comma);
            hy_sim_push_job_print(job, out);
            comma = ",";
        }
    }
    pthread_mutex_unlock(&p->lock);
    hy_buf_putc(out, ']');
}

struct hy_sim_push_counts hy_sim_pusher_counts(struct hy_sim_pusher *p)
{
    struct hy_sim_push_counts counts;

    pthread_mutex_lock(&p->lock);
    counts = p->counts;
    counts.waiting = p->waiting.count;
    for (const struct hy_sim_push_job *job = p->flying.first; job; job = job->next)
        counts.waiting += !job->forgotten;
    pthread_mutex_unlock(&p->lock);
    return counts;
}

void hy_sim_pusher_stop(struct hy_sim_pusher *p)
{
    struct check *checks;

    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    hy_httpc_wake(p->client);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_mutex_lock(&p->lock);
    checks = p->checks;
    p->checks = NULL;
    pthread_mutex_unlock(&p->lock);
    start_checks(p, checks); /* freeing the client ends these too */
    hy_httpc_free(p->client);
    p->client = NULL;
}

void hy_sim_pusher_free(struct hy_sim_pusher *p)
{
    if (!p)
        return;
    if (!p->stopping)
        hy_sim_pusher_stop(p);
    hy_sim_push_jobs_free(&p->waiting);
    hy_sim_push_jobs_free(&p->finished);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
