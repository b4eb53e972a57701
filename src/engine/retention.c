/*
 * retention.c - deleting what is older than it is kept, kind by kind, in small steps; then the free
 * pages of the file are given back.
 *
 *   step -> rest -> step -> ... -> next kind -> ... -> vacuum -> rest -> ... -> result
 *
 * Nothing is remembered between nights: what an interrupted one left is looked at again by the
 * next.
 */
#include "engine/retention.h"

#include "base/log.h"
#include "engine/internal.h"
#include "engine/pace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Outcomes refer to messages and events, broadcasts to messages. */
static const enum hy_retain_kind order[] = {
    HY_RETAIN_OUTBOX, HY_RETAIN_MESSAGES,   HY_RETAIN_EVENTS, HY_RETAIN_ANSWERS,
    HY_RETAIN_GRANTS, HY_RETAIN_BROADCASTS, HY_RETAIN_AUDIT};
enum { KINDS = sizeof order / sizeof *order };

enum { RESULT_BYTES = 240 };

struct hy_retention {
    struct hy_mail mail;
    struct hy_engine *engine;
    union {
        struct hy_op op;
        struct hy_retain retain;
        struct hy_vacuum vacuum;
        struct hy_schedule_result result;
    } verb;
    int64_t schedule_id;
    int64_t began_ms;
    bool busy;           /* a verb is under way */
    int64_t next_ms;     /* the instant of the next step */
    struct hy_pace pace; /* of the kind at work: others cost something else */
    size_t at;           /* into `order`; KINDS: vacuum */
    int64_t cursor;
    size_t deleted[HY_RETAIN_KINDS];
    size_t left; /* free pages, when it was asked last */
    char text[RESULT_BYTES];
};

static void verb_done(struct hy_op *op, void *arg)
{
    struct hy_retention *r = arg;

    hy_engine_post(r->engine, &r->mail);
}

static void run_verb(struct hy_retention *r, void (*open)(struct hy_engine *, struct hy_mail *))
{
    r->busy = true;
    r->mail.open = open;
    hy_engine_verb(r->engine, &r->verb.op, verb_done, r);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void result_stored(struct hy_engine *engine, struct hy_mail *mail)
{
    hy_clockwork_stale(engine);
    engine->clockwork.jobs_open--;
    engine->retention = NULL;
    free(mail);
}

/* "deleted 12 messages, 3 events" */
static void write_text(struct hy_retention *r, const char *why)
{
    size_t size = 0;

    r->text[0] = 0;
    for (size_t i = 0; i < KINDS && size < sizeof r->text; i++) {
        if (r->deleted[order[i]])
            size += (size_t)snprintf(r->text + size, sizeof r->text - size, "%s%zu %s",
                                     size ? ", " : "deleted ", r->deleted[order[i]],
                                     hy_retain_names[order[i]]);
    }
    if (!size)
        size = (size_t)snprintf(r->text, sizeof r->text, "deleted nothing");
    if (why && size < sizeof r->text)
        snprintf(r->text + size, sizeof r->text - size, "; %s", why);
}

static void finish(struct hy_retention *r, const char *why)
{
    write_text(r, why);
    hy_log(HY_LOG_INFO, "retention.done", "s=%" PRId64 " result=\"%s\"",
           (r->engine->now_ms - r->began_ms) / 1000, r->text);
    r->verb.result = (struct hy_schedule_result){
        .op.verb = HY_VERB_SCHEDULE_RESULT, .schedule_id = r->schedule_id, .result = r->text};
    run_verb(r, result_stored);
}

/* True when a step failed: then all of it ends, for tonight. */
static bool failed(struct hy_retention *r)
{
    char why[96];

    if (r->verb.op.result == 0)
        return false;
    snprintf(why, sizeof why, "then it failed: %s", hy_err_text(r->verb.op.result));
    finish(r, why);
    return true;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void rest(struct hy_retention *r, size_t done)
{
    r->busy = false;
    r->next_ms = r->engine->now_ms + hy_pace_step(&r->pace, r->verb.op.took_us, done);
}

static void vacuumed(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_retention *r = (struct hy_retention *)mail;
    size_t before = r->left;

    if (failed(r))
        return;
    r->left = r->verb.vacuum.left;
    if (r->left == 0 || r->left >= before)
        finish(r, NULL);
    else
        rest(r, r->pace.limit);
}

static void next_kind(struct hy_retention *r)
{
    const int64_t *keep_s = r->engine->config.keep_s;

    while (r->at < KINDS && !keep_s[order[r->at]])
        r->at++;
    r->cursor = 0;
    r->left = SIZE_MAX;
    hy_pace_init(&r->pace);
}

static void retained(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_retention *r = (struct hy_retention *)mail;

    if (failed(r))
        return;
    r->deleted[order[r->at]] += r->verb.retain.deleted;
    r->cursor = r->verb.retain.cursor;
    rest(r, r->verb.retain.deleted);
    if (!r->verb.retain.more) {
        r->at++;
        next_kind(r);
    }
}

static void step(struct hy_retention *r)
{
    int64_t keep_s;

    if (r->at == KINDS) {
        r->verb.vacuum = (struct hy_vacuum){
            .op.verb = HY_VERB_VACUUM, .pages = r->pace.limit, .for_us = HY_PACE_LONGEST_US};
        run_verb(r, vacuumed);
        return;
    }
    keep_s = r->engine->config.keep_s[order[r->at]];
    r->verb.retain = (struct hy_retain){.op.verb = HY_VERB_RETAIN,
                                        .kind = order[r->at],
                                        .before_ms = r->began_ms - keep_s * 1000,
                                        .limit = r->pace.limit,
                                        .for_us = HY_PACE_LONGEST_US,
                                        .cursor = r->cursor};
    run_verb(r, retained);
}

int64_t hy_retention_turn(struct hy_engine *engine)
{
    struct hy_retention *r = engine->retention;

    if (!r || r->busy)
        return HY_NEVER;
    if (engine->quiet)
        finish(r, "the service stopped");
    else if (r->next_ms > engine->now_ms)
        return r->next_ms;
    else
        step(r);
    return HY_NEVER;
}

void hy_retention_set_back(struct hy_engine *engine, int64_t by_ms)
{
    if (engine->retention)
        engine->retention->next_ms = hy_set_back_ms(engine->retention->next_ms, by_ms);
}

void hy_retention_start(struct hy_engine *engine, int64_t schedule_id)
{
    struct hy_retention *r = engine->retention ? NULL : calloc(1, sizeof *r);

    if (!r)
        return; /* at work already; or out of memory: the next night has more */
    r->engine = engine;
    r->schedule_id = schedule_id;
    r->began_ms = r->next_ms = engine->now_ms;
    engine->retention = r;
    engine->clockwork.jobs_open++;
    next_kind(r);
}
