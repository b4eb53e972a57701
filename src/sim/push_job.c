#include "sim/push_job.h"

#include "sim/codes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* `after` null: at the front. */
static void put_after(struct hy_sim_push_jobs *jobs, struct hy_sim_push_job *after,
                      struct hy_sim_push_job *job)
{
    job->prev = after;
    job->next = after ? after->next : jobs->first;
    *(job->prev ? &job->prev->next : &jobs->first) = job;
    *(job->next ? &job->next->prev : &jobs->last) = job;
    jobs->count++;
}

void hy_sim_push_jobs_add(struct hy_sim_push_jobs *jobs, struct hy_sim_push_job *job)
{
    put_after(jobs, jobs->last, job);
}

void hy_sim_push_jobs_remove(struct hy_sim_push_jobs *jobs, struct hy_sim_push_job *job)
{
    *(job->prev ? &job->prev->next : &jobs->first) = job->next;
    *(job->next ? &job->next->prev : &jobs->last) = job->prev;
    jobs->count--;
}

void hy_sim_push_jobs_free(struct hy_sim_push_jobs *jobs)
{
    while (jobs->first) {
        struct hy_sim_push_job *job = jobs->first;

        hy_sim_push_jobs_remove(jobs, job);
        free(job);
    }
}

/* Most are due later than all that wait, so the place is looked for from the end. */
bool hy_sim_push_jobs_add_due(struct hy_sim_push_jobs *jobs, struct hy_sim_push_job *job)
{
    struct hy_sim_push_job *after = jobs->last;

    while (after && after->due_ms > job->due_ms)
        after = after->prev;
    put_after(jobs, after, job);
    return !after;
}

void hy_sim_push_keep_text(char *into, size_t size, const char *text)
{
    size_t i = 0;

    for (; text[i] && i + 1 < size; i++)
        into[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
    into[i] = 0;
}

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *pack(char **at, const char *text)
{
    size_t bytes = text_bytes(text);
    char *packed = *at;

    if (!text)
        return NULL;
    memcpy(packed, text, bytes);
    *at += bytes;
    return packed;
}

struct hy_sim_push_job *hy_sim_push_job_new(const struct hy_sim_push_order *o)
{
    size_t bytes = text_bytes(o->appid) + text_bytes(o->openid) + text_bytes(o->event) +
                   text_bytes(o->url) + text_bytes(o->content_type) + text_bytes(o->body) +
                   text_bytes(o->plain);
    struct hy_sim_push_job *job = malloc(sizeof *job + bytes);
    char *at;

    if (!job)
        return NULL;
    *job = (struct hy_sim_push_job){.due_ms = o->due_ms};
    at = job->texts;
    job->appid = pack(&at, o->appid);
    job->openid = pack(&at, o->openid);
    job->event = pack(&at, o->event);
    job->url = pack(&at, o->url);
    job->content_type = pack(&at, o->content_type);
    job->body = pack(&at, o->body);
    job->plain = pack(&at, o->plain);
    return job;
}

void hy_sim_push_job_print(const struct hy_sim_push_job *job, struct hy_buf *out)
{
    hy_buf_printf(out, "{\"id\":%" PRIu64 ",\"event\":", job->id);
    hy_sim_put_text(out, job->event);
    hy_buf_puts(out, ",\"appid\":");
    hy_sim_put_text(out, job->appid);
    hy_buf_puts(out, ",\"openid\":");
    hy_sim_put_text(out, job->openid);
    hy_buf_puts(out, ",\"url\":");
    hy_sim_put_text(out, job->url);
    hy_buf_puts(out, ",\"body\":");
    hy_sim_put_text(out, job->body);
    hy_buf_puts(out, ",\"plain\":");
    hy_sim_put_text(out, job->plain ? job->plain : job->body);
    hy_buf_printf(out, ",\"state\":\"%s\",\"tries\":%d,\"status\":%d,\"answer\":", job->state,
                  job->tries, job->status);
    hy_sim_put_text(out, job->answer);
    hy_buf_puts(out, ",\"error\":");
    hy_sim_put_text(out, job->error[0] ? job->error : NULL);
    hy_buf_putc(out, '}');
}
