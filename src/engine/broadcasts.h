/*
 * broadcasts.h - the engine's verbs for broadcasts. See engine.h for threads and callbacks,
 * domain/broadcast.h for the words.
 *
 *   create    a JSON body becomes a broadcast: draft, or (with an audience) scheduled or running
 *   lines     users and their data into a draft's audience, any number of times
 *   move      start, pause, resume, cancel
 *   preview   how many could be reached, and whether samples pass the check
 *
 * The feeder (engine/broadcast/feeder.c) runs in the engine's turn: it starts what is scheduled,
 * collects reach, and feeds each running broadcast by its own rate, by what the app's lanes can
 * take, and by what is left of the platform's daily quota (openapi/quota/get), so that
 * transactional messages still go.
 */
#ifndef HY_ENGINE_BROADCASTS_H
#define HY_ENGINE_BROADCASTS_H

#include "engine/engine.h"
#include "store/broadcasts.h"

/*
 * Reads POST /v1/broadcasts (also the `broadcast` of a schedule: `default_app`, no key). Faults go
 * into `v`; without any, `ret_make` is ready for hy_engine_broadcast_create(), everything it points
 * to in v->arena. `data` is checked against the template: whole when the audience is given,
 * otherwise (draft) only what is there.
 */
struct hy_broadcast_draft {
    struct hy_broadcast_make make;
    uint8_t key_print[HY_FINGERPRINT_BYTES], body_print[HY_FINGERPRINT_BYTES];
    const struct hy_repair_note *repairs;
    size_t repair_count;
};
void hy_engine_broadcast_prepare(struct hy_engine *engine, const json_t *body,
                                 const char *header_key, const char *default_app,
                                 struct hy_violations *v, struct hy_broadcast_draft *ret_draft);

/* Stores it; put.op.done is the caller's. `put.make` is a copy of the draft's. */
void hy_engine_broadcast_create(struct hy_engine *engine, struct hy_broadcast_put *put);

/* PATCH: reads `body` over `existing`. */
void hy_engine_broadcast_read_change(struct hy_engine *engine, const json_t *body,
                                     const struct hy_broadcast *existing, struct hy_violations *v,
                                     struct hy_broadcast_change *ret_change);

/* Stores what hy_engine_broadcast_read_change() read; op.done is the caller's. The feeder learns of
 * it. */
void hy_engine_broadcast_change(struct hy_engine *engine, struct hy_broadcast_change *change);

/* One line of an upload, {"user":"...","data":{...}?}: checked as a message of that broadcast would
 * be, its data's keys in place of the broadcast's of the same name. Faults into `v`, whose fields
 * are dotted paths. `ret_item` points into v->arena. */
void hy_engine_broadcast_line(struct hy_engine *engine, const struct hy_broadcast *broadcast,
                              const json_t *line, struct hy_violations *v,
                              struct hy_audience_item *ret_item);

/* Moves; `running` from draft or scheduled checks nothing: hy_engine_broadcast_check() did. op.done
 * is the caller's. The feeder learns of it. */
void hy_engine_broadcast_move(struct hy_engine *engine, struct hy_broadcast_move *move);

/* May it start? A draft needs an audience, and data that is whole unless its lines bring it. */
void hy_engine_broadcast_check(struct hy_engine *engine, const struct hy_broadcast *broadcast,
                               struct hy_violations *v);

/* Looks at an audience in pieces until it is at its end, or at 200,000 users. */
struct hy_preview {
    void (*done)(struct hy_preview *preview, void *arg);
    void *arg;
    struct hy_arena *arena;               /* in: for texts of the outputs */
    const struct hy_broadcast *broadcast; /* in: kept until done */
    /* out */
    int result;
    int64_t users, reachable, uses; /* uses: of reach; else -1 */
    bool complete;                  /* false: only the first 200,000 were looked at */
    const char *sample_user;        /* whose message was checked, or null */
    struct hy_violations *faults;   /* of the samples; in: the caller's, empty */
    size_t samples_good, samples;
    /* The platform's daily quota: -1 = not known. */
    int64_t quota_limit, quota_used;
    struct hy_engine *engine; /* the engine's */
    struct hy_audience_look look;
};
void hy_engine_broadcast_preview(struct hy_engine *engine, struct hy_preview *preview);

/* What the engine knows of a running one: its pace and when it will be done. The node that holds its app knows
 * the last minute and the quota; the others, how far it came since its start. */
struct hy_broadcast_progress {
    double pace_per_s;      /* messages that were fed and left the queue */
    int64_t eta_ms;         /* an instant; 0 = not known (paused, no pace yet) */
    int64_t quota_until_ms; /* > 0: it rests, the day's quota is used up */
};
void hy_engine_broadcast_progress(struct hy_engine *engine, const struct hy_broadcast *broadcast,
                                  struct hy_broadcast_progress *ret_progress);

#endif
