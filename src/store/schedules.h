/*
 * schedules.h - the store's verbs for schedules. See store.h for what all verbs share.
 */
#ifndef HY_STORE_SCHEDULES_H
#define HY_STORE_SCHEDULES_H

#include "domain/schedule.h"
#include "store/broadcasts.h"
#include "store/messages.h"

/* `schedule.id` 0: inserts, gives `id`. Otherwise replaces name, cron, timezone, misfire,
 * max_late_s, message, broadcast, paused and, unless `keep_next_run`, next_run_ms; HY_E_NOT_FOUND.
 * Both: HY_E_EXISTS when (app_no, name) is taken. */
struct hy_schedule_put {
    struct hy_op op;
    struct hy_schedule schedule;
    /* schedule.next_run_ms is out instead: the one that is stored. A change that writes back what
     * it read fires a due time again that was fired in between. */
    bool keep_next_run;
};

/* HY_E_NOT_FOUND; HY_E_CONFLICT for a built-in job. */
struct hy_schedule_delete {
    struct hy_op op;
    int64_t schedule_id;
};

/*
 * Fires one due time, once in the whole cluster: does something only while next_run_ms is still
 * `due_ms` and it is not paused; otherwise HY_E_CONFLICT and nothing is done (HY_E_NOT_FOUND when
 * it is deleted). Sets last_run_ms = due_ms, last_fired_at_ms = now_ms, next_run_ms =
 * `next_run_ms`, last_result = `result`, and admits `item` (null: none) in the same transaction, as
 * admit does, or makes `broadcast`, as broadcast_put does.
 */
struct hy_schedule_fire {
    struct hy_op op;
    int64_t schedule_id;
    int64_t due_ms;
    int64_t next_run_ms;
    int64_t now_ms;
    const char *result;
    struct hy_admit_item *item;
    struct hy_broadcast_make *broadcast; /* null: none */
    int64_t key_window_ms;
    struct hy_arena *arena;
};

/* Replaces last_result (a built-in job that ended). HY_E_NOT_FOUND. */
struct hy_schedule_result {
    struct hy_op op;
    int64_t schedule_id;
    const char *result;
};

/* All schedules, in order of id. */
struct hy_schedules {
    struct hy_op op;
    struct hy_arena *arena;
    struct hy_schedule *schedules; /* out */
    size_t count;                  /* out */
};

#endif
