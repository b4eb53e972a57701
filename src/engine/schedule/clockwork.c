/*
 * clockwork.c - schedules: each due time is fired once, and what was missed follows the policy.
 *
 * A firing is one store verb that moves next_run from the due time on and admits the message in the
 * same transaction, so that neither a crash nor a second node fires it twice. A due time counts as
 * missed when it is more than a minute old: then `once` fires one time for all that were missed,
 * `skip` none, `all` each. One that is older than the schedule's max_late_s is not fired in any
 * case.
 */
#include "base/instant.h"
#include "base/log.h"
#include "domain/cron.h"
#include "engine/broadcast/feeder.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t missed_after_ms = 60000;
static const int64_t unreadable_retry_ms = 5000;

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct hy_mail mail;
    struct hy_schedules verb;
    struct hy_arena arena;
    struct hy_engine *engine;
};

static void adopt(struct hy_clockwork *c, struct hy_arena *arena, const struct hy_schedules *verb)
{
    hy_arena_deinit(&c->arena);
    c->arena = *arena;
    c->schedules = verb->schedules;
    c->count = verb->count;
}

static void was_read(struct hy_engine *engine, struct hy_mail *mail)
{
    struct reading *r = (struct reading *)mail;

    engine->clockwork.busy = false;
    if (r->verb.op.result == 0) {
        adopt(&engine->clockwork, &r->arena, &r->verb);
    } else {
        hy_log(HY_LOG_ERROR, "store.schedules", "error=\"%s\"", hy_err_text(r->verb.op.result));
        hy_arena_deinit(&r->arena);
        atomic_store(&engine->clockwork.stale, true);
        engine->clockwork.not_before_ms = engine->now_ms + 1000;
    }
    free(r);
}

static void read_done(struct hy_op *op, void *arg)
{
    struct reading *r = arg;

    r->mail.open = was_read;
    hy_engine_post(r->engine, &r->mail);
}

static void read_schedules(struct hy_engine *engine)
{
    struct reading *r = calloc(1, sizeof *r);

    if (!r)
        return; /* still stale: at the next tick */
    atomic_store(&engine->clockwork.stale, false);
    engine->clockwork.busy = true;
    hy_arena_init(&r->arena);
    r->engine = engine;
    r->verb.op.verb = HY_VERB_SCHEDULES;
    r->verb.arena = &r->arena;
    hy_engine_verb(engine, &r->verb.op, read_done, r);
}

void hy_clockwork_stale(struct hy_engine *engine)
{
    atomic_store(&engine->clockwork.stale, true);
    engine->config.transport.wake(engine->config.transport.self);
}

/* --- when next -------------------------------------------------------------------------------- */

/* The first due time after `from_ms`, 0 when there is none. Errors: those of hy_zone_open(), which
 * reads a file: no reason to end the schedule. */
static int next_due(const struct hy_schedule *s, int64_t from_ms, int64_t *ret_next_ms)
{
    struct hy_zone *zone;
    struct hy_cron cron;
    int64_t next_ms;
    int err = hy_zone_open(s->timezone, &zone);

    if (err)
        return err;
    if (hy_cron_parse(s->cron, &cron, NULL) != 0 || hy_cron_next(&cron, zone, from_ms, &next_ms))
        next_ms = 0;
    hy_zone_close(zone);
    *ret_next_ms = next_ms;
    return 0;
}

/* --- firing ----------------------------------------------------------------------------------- */

struct firing {
    struct hy_mail mail;
    struct hy_schedule_fire verb;
    struct hy_submission submission;
    struct hy_broadcast_draft draft;
    struct hy_violations faults;
    struct hy_arena arena;
    struct hy_schedule schedule; /* texts in the arena */
    bool skipped;
    char result[160];
    char name[112]; /* of the broadcast */
    struct hy_engine *engine;
};

static void fired(struct hy_engine *engine, struct hy_mail *mail)
{
    struct firing *f = (struct firing *)mail;
    int result = f->verb.op.result;

    engine->clockwork.busy = false;
    atomic_store(&engine->clockwork.stale, true);
    if (result == 0) {
        const struct hy_message *m = f->verb.item ? f->verb.item->message : NULL;
        char name[80], outcome[sizeof f->result + 16]; /* both hold words of the caller */

        hy_log(HY_LOG_INFO, "schedule.fired", "name=%s result=%s",
               hy_log_safe(name, sizeof name, f->schedule.name),
               hy_log_safe(outcome, sizeof outcome, f->result));
        if (m && m->due_at_ms)
            hy_queue_notice(engine, m->app_no, hy_message_queue(m), m->due_at_ms);
        if (f->verb.broadcast)
            hy_feeder_stale(engine);
        if (f->schedule.job && !f->skipped)
            hy_job_start(engine, &f->schedule);
    } else if (result != HY_E_CONFLICT && result != HY_E_NOT_FOUND) {
        hy_log(HY_LOG_ERROR, "store.schedule_fire", "error=\"%s\"", hy_err_text(result));
        if (result == HY_E_UNCERTAIN)
            hy_doubt_note(engine, HY_VERB_SCHEDULE_FIRE); /* perhaps what it made is due */
        engine->clockwork.not_before_ms = engine->now_ms + 1000;
    }
    hy_arena_deinit(&f->arena);
    free(f);
}

static void fire_done(struct hy_op *op, void *arg)
{
    struct firing *f = arg;

    f->mail.open = fired;
    hy_engine_post(f->engine, &f->mail);
}

/* What was stored was checked when it came; an app may have gone or changed since. */
static bool refused(struct firing *f)
{
    if (!hy_violations_any(&f->faults))
        return false;
    if (f->faults.count)
        snprintf(f->result, sizeof f->result, "refused: %s", f->faults.items[0].message);
    return true;
}

static void prepare_message(struct hy_engine *engine, struct firing *f, const json_t *body,
                            const char *app)
{
    char id[HY_MESSAGE_ID_TEXT_BYTES];

    hy_engine_prepare(engine, body, NULL, app, &f->faults, &f->submission);
    if (refused(f))
        return;
    f->verb.item = &f->submission.item;
    snprintf(f->result, sizeof f->result, "message %s",
             hy_message_id_print(f->submission.message.id, id));
}

/* Named after the schedule and the due time, so that people find the one they mean. */
static void prepare_broadcast(struct hy_engine *engine, struct firing *f, const json_t *body,
                              const char *app)
{
    struct hy_broadcast *b = &f->draft.make.broadcast;
    char due[HY_INSTANT_TEXT_BYTES];

    hy_engine_broadcast_prepare(engine, body, NULL, app, &f->faults, &f->draft);
    if (refused(f))
        return;
    hy_instant_print(f->schedule.next_run_ms, due);
    snprintf(f->name, sizeof f->name, "%s %.19sZ", f->schedule.name, due);
    b->name = f->name;
    b->schedule_name = f->schedule.name;
    f->verb.broadcast = &f->draft.make;
    snprintf(f->result, sizeof f->result, "broadcast %s", f->name);
}

/* HY_E_NOMEM is no reason to miss a due time. */
static int prepare(struct hy_engine *engine, struct firing *f)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, f->schedule.app_no);
    const char *text = f->schedule.broadcast ? f->schedule.broadcast : f->schedule.message;
    HY_JSON_SCOPED json_t *body = text ? hy_json_parse(text, strlen(text), NULL, 0) : NULL;
    const char *id = app ? app->app.id : NULL;

    hy_violations_init(&f->faults, &f->arena);
    if (f->schedule.broadcast)
        prepare_broadcast(engine, f, body, id);
    else if (f->schedule.message)
        prepare_message(engine, f, body, id);
    return f->faults.unkept && !f->faults.count ? HY_E_NOMEM : 0;
}

/*
 * From where on to look for the next due time: missed ones are one together, unless `all` wants
 * each. Of those that are too late only those are passed over: a later one may be in time.
 */
static int64_t from_ms(const struct hy_schedule *s, int64_t now_ms, bool missed, bool too_late)
{
    int64_t oldest_ms = now_ms - s->max_late_s * 1000 - 1;

    if (too_late)
        return oldest_ms > s->next_run_ms ? oldest_ms : s->next_run_ms;
    return missed && s->misfire != HY_MISFIRE_ALL ? now_ms : s->next_run_ms;
}

static int decide(struct hy_engine *engine, struct firing *f)
{
    const struct hy_schedule *s = &f->schedule;
    int64_t late_ms = engine->now_ms - s->next_run_ms;
    bool missed = late_ms > missed_after_ms;
    bool too_late = s->max_late_s > 0 && late_ms > s->max_late_s * 1000;
    int err = next_due(s, from_ms(s, engine->now_ms, missed, too_late), &f->verb.next_run_ms);

    if (err)
        return err;
    f->skipped = too_late || (missed && s->misfire == HY_MISFIRE_SKIP);
    f->verb.due_ms = s->next_run_ms;
    if (too_late)
        snprintf(f->result, sizeof f->result, "skipped: %lld s late, over max_late_s %lld",
                 (long long)late_ms / 1000, (long long)s->max_late_s);
    else if (f->skipped)
        snprintf(f->result, sizeof f->result, "skipped: %lld s late", (long long)late_ms / 1000);
    else if (s->job)
        snprintf(f->result, sizeof f->result, "started");
    else
        return prepare(engine, f);
    return 0;
}

/* False when nothing was started: it has to be tried again. */
static bool fire(struct hy_engine *engine, const struct hy_schedule *s)
{
    struct firing *f = calloc(1, sizeof *f);
    int err;

    if (!f)
        return false;
    hy_arena_init(&f->arena);
    f->engine = engine;
    f->schedule = *s;
    f->schedule.name = hy_arena_strdup(&f->arena, s->name);
    f->schedule.job = hy_arena_strdup(&f->arena, s->job);
    f->schedule.message = hy_arena_strdup(&f->arena, s->message);
    f->schedule.broadcast = hy_arena_strdup(&f->arena, s->broadcast);
    f->verb = (struct hy_schedule_fire){.op.verb = HY_VERB_SCHEDULE_FIRE,
                                        .schedule_id = s->id,
                                        .now_ms = engine->now_ms,
                                        .result = f->result,
                                        .key_window_ms = hy_engine_key_window_ms(engine),
                                        .arena = &f->arena};
    err = decide(engine, f);
    if (err) {
        char name[80];

        hy_log(HY_LOG_ERROR, "schedule.zone", "name=%s timezone=%s error=\"%s\"",
               hy_log_safe(name, sizeof name, s->name), s->timezone, hy_err_text(err));
        hy_arena_deinit(&f->arena);
        free(f);
        return false;
    }
    engine->clockwork.busy = true;
    hy_engine_verb(engine, &f->verb.op, fire_done, f);
    return true;
}

int64_t hy_clockwork_turn(struct hy_engine *engine)
{
    struct hy_clockwork *c = &engine->clockwork;
    int64_t next = HY_NEVER;

    if (c->busy || engine->quiet)
        return HY_NEVER;
    if (c->not_before_ms > engine->now_ms)
        return c->not_before_ms;
    if (atomic_load(&c->stale)) {
        read_schedules(engine);
        return HY_NEVER;
    }
    for (size_t i = 0; i < c->count; i++) {
        const struct hy_schedule *s = &c->schedules[i];

        if (s->paused || s->next_run_ms == 0)
            continue;
        if (s->next_run_ms > engine->now_ms)
            next = s->next_run_ms < next ? s->next_run_ms : next;
        else if (fire(engine, s))
            return HY_NEVER;
        else
            c->not_before_ms = next = engine->now_ms + unreadable_retry_ms;
    }
    return next;
}

/* --- start ------------------------------------------------------------------------------------ */

static bool exists(const struct hy_schedules *all, const char *job)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->schedules[i].job && strcmp(all->schedules[i].job, job) == 0)
            return true;
    }
    return false;
}

static int add_builtin(struct hy_engine *engine, const struct hy_schedule *job)
{
    struct hy_schedule_put put = {.op.verb = HY_VERB_SCHEDULE_PUT, .schedule = *job};
    int err;

    put.schedule.created_at_ms = engine->now_ms;
    err = next_due(job, engine->now_ms, &put.schedule.next_run_ms);
    if (!err)
        err = hy_store_run(engine->config.store, &put.op);
    return err == HY_E_EXISTS ? 0 : err; /* another node starts, too */
}

int hy_clockwork_init(struct hy_engine *engine)
{
    struct hy_arena arena;
    struct hy_schedules all = {.op.verb = HY_VERB_SCHEDULES, .arena = &arena};
    int err;

    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &all.op);
    for (const struct hy_schedule *job = hy_builtin_jobs; !err && job->name; job++) {
        if (!exists(&all, job->job))
            err = add_builtin(engine, job);
    }
    hy_arena_deinit(&arena);
    atomic_store(&engine->clockwork.stale, true);
    return err;
}

void hy_clockwork_deinit(struct hy_engine *engine)
{
    hy_arena_deinit(&engine->clockwork.arena);
}
