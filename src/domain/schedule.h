/*
 * schedule.h - something that is to happen at the times of a cron expression.
 */
#ifndef HY_DOMAIN_SCHEDULE_H
#define HY_DOMAIN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum hy_misfire { HY_MISFIRE_ONCE, HY_MISFIRE_SKIP, HY_MISFIRE_ALL };
extern const char *const hy_misfire_names[]; /* "once", "skip", "all" */

struct hy_schedule {
    int64_t id;     /* given by the store */
    int64_t app_no; /* 0 for built-in jobs */
    const char *name;
    const char *cron;
    const char *timezone; /* IANA name */
    enum hy_misfire misfire;
    const char *job;       /* built-in job ("token_refresh", "janitor", "sweep"), or null */
    const char *message;   /* JSON body of the message to submit, or null */
    const char *broadcast; /* JSON body of the broadcast to make, or null */
    int64_t max_late_s; /* a due time that is older is not fired, whatever misfire says; 0 = any */
    bool paused;
    int64_t created_at_ms;
    int64_t next_run_ms;      /* the due time that is fired next; 0 = never again */
    int64_t last_run_ms;      /* the due time that was fired last, 0 = none */
    int64_t last_fired_at_ms; /* when that really happened */
    const char *last_result;  /* what came of it, one line, or null */
};

#endif
