/*
 * push_job.h - one push on its way, and the lists that the pusher keeps them in: its own affair.
 */
#ifndef HY_SIM_PUSH_JOB_H
#define HY_SIM_PUSH_JOB_H

#include "sim/pusher.h"

struct hy_sim_push_job {
    struct hy_sim_push_job *prev, *next; /* in the one list that it is in */
    struct hy_sim_pusher *pusher;
    uint64_t id;
    int64_t due_ms; /* virtual */
    bool forgotten; /* cleared while it was flying */
    const char *state;
    int tries, status; /* status of the last answer; 0: none */
    char answer[HY_SIM_PUSH_ANSWER_BYTES];
    char error[HY_SIM_PUSH_ERROR_BYTES]; /* why the last try brought no answer; "" */
    const char *appid, *openid, *event, *url, *content_type, *body, *plain;
    char texts[];
};

struct hy_sim_push_jobs {
    struct hy_sim_push_job *first, *last;
    size_t count;
};

/* Null when out of memory. Freed by free(). */
struct hy_sim_push_job *hy_sim_push_job_new(const struct hy_sim_push_order *order);

void hy_sim_push_jobs_add(struct hy_sim_push_jobs *jobs, struct hy_sim_push_job *job);
void hy_sim_push_jobs_remove(struct hy_sim_push_jobs *jobs, struct hy_sim_push_job *job);
void hy_sim_push_jobs_free(struct hy_sim_push_jobs *jobs);

/* Puts it in its place by due time. True when it is the first now. */
bool hy_sim_push_jobs_add_due(struct hy_sim_push_jobs *jobs, struct hy_sim_push_job *job);

/* Appends it as a JSON object. */
void hy_sim_push_job_print(const struct hy_sim_push_job *job, struct hy_buf *out);

/* Keeps the beginning of what somebody answered, for people; it may be any bytes. */
void hy_sim_push_keep_text(char *into, size_t size, const char *text);

#endif
