/*
 * jobs.c - the built-in jobs. Three are the crontab of the home-made way: fetch tokens hourly,
 * delete expired receipts daily, look for due messages every minute. The fourth deletes what is
 * old: retention.c.
 *
 * The sweep is a net below the dispatcher, which sends by itself the moment something is due, and
 * below the expiry turn, which ends a message by itself the moment its time is over.
 */
#include "base/log.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct hy_schedule hy_builtin_jobs[] = {
    {.name = "token-refresh", .job = "token_refresh", .cron = "0 * * * *", .timezone = "UTC"},
    {.name = "janitor", .job = "janitor", .cron = "30 3 * * *", .timezone = "Asia/Shanghai"},
    {.name = "sweep", .job = "sweep", .cron = "* * * * *", .timezone = "UTC"},
    {.name = "retention", .job = "retention", .cron = "0 4 * * *", .timezone = "Asia/Shanghai"},
    {0}};

enum { PURGE_LIMIT = 500, TIDY_LIMIT = 500, SWEEP_LIMIT = 500 };

/* A token this young is not worth another call. */
static const int64_t young_ms = 300000;

static const int64_t sweep_gap_ms = 100, sweep_retry_ms = 1000;

struct job {
    struct hy_mail mail;
    struct hy_engine *engine;
    struct hy_op *op; /* the verb under way */
    union {
        struct hy_purge purge;
        struct hy_tidy tidy;
        struct hy_sweep sweep;
        struct hy_schedule_result result;
    };
    int64_t schedule_id; /* 0: an expiry turn's, which keeps no record */
    size_t lane;         /* janitor: the one at work */
    size_t total;        /* of what was done */
    size_t tidied;       /* janitor: what was kept for a while only */
    char text[96];
};

static void verb_done(struct hy_op *op, void *arg)
{
    struct job *job = arg;

    hy_engine_post(job->engine, &job->mail);
}

static void run_verb(struct job *job, struct hy_op *op,
                     void (*open)(struct hy_engine *, struct hy_mail *))
{
    job->op = op;
    job->mail.open = open;
    hy_engine_verb(job->engine, op, verb_done, job);
}

static void result_stored(struct hy_engine *engine, struct hy_mail *mail)
{
    hy_clockwork_stale(engine);
    engine->clockwork.jobs_open--;
    free(mail);
}

static void finish(struct job *job)
{
    if (!job->schedule_id) {
        job->engine->sweeping = false;
        job->engine->clockwork.jobs_open--;
        free(job);
        return;
    }
    job->result = (struct hy_schedule_result){
        .op.verb = HY_VERB_SCHEDULE_RESULT, .schedule_id = job->schedule_id, .result = job->text};
    run_verb(job, &job->result.op, result_stored);
}

/* --- tokens ----------------------------------------------------------------------------------- */

static void refresh_tokens(struct job *job)
{
    struct hy_engine *engine = job->engine;
    size_t classic = 0;

    for (size_t i = 0; i < engine->lanes.count; i++) {
        struct hy_lane *lane = engine->lanes.items[i];
        bool young =
            lane->keeper.access[0] && engine->now_ms - lane->keeper.obtained_at_ms < young_ms;

        if (lane->app->app.deleted_at_ms || lane->app->settings.token_mode != HY_TOKEN_CLASSIC)
            continue;
        classic++;
        if (!young) {
            hy_keeper_refresh(engine, lane);
            job->total++;
        }
    }
    snprintf(job->text, sizeof job->text, "refreshing %zu of %zu classic tokens", job->total,
             classic);
    finish(job);
}

/* --- the janitor ------------------------------------------------------------------------------ */

static void purge_next(struct job *job);
static void tidy(struct job *job);

static void tidied(struct hy_engine *engine, struct hy_mail *mail)
{
    struct job *job = (struct job *)mail;

    if (job->tidy.op.result) {
        snprintf(job->text, sizeof job->text, "failed: %s", hy_err_text(job->tidy.op.result));
        finish(job);
        return;
    }
    job->tidied += job->tidy.tidied;
    if (job->tidy.tidied >= TIDY_LIMIT) {
        tidy(job);
        return;
    }
    snprintf(job->text, sizeof job->text, "deleted %zu grants and %zu records of callbacks",
             job->total, job->tidied);
    finish(job);
}

static void tidy(struct job *job)
{
    job->tidy = (struct hy_tidy){
        .op.verb = HY_VERB_TIDY, .now_ms = job->engine->now_ms, .limit = TIDY_LIMIT};
    run_verb(job, &job->tidy.op, tidied);
}

static void purged(struct hy_engine *engine, struct hy_mail *mail)
{
    struct job *job = (struct job *)mail;

    if (job->purge.op.result) {
        snprintf(job->text, sizeof job->text, "failed: %s", hy_err_text(job->purge.op.result));
        finish(job);
        return;
    }
    job->total += job->purge.purged;
    if (job->purge.purged < PURGE_LIMIT)
        job->lane++;
    purge_next(job);
}

static void purge_next(struct job *job)
{
    struct hy_engine *engine = job->engine;

    if (job->lane >= engine->lanes.count) {
        tidy(job);
        return;
    }
    job->purge = (struct hy_purge){
        .op.verb = HY_VERB_PURGE,
        .app_no = engine->lanes.items[job->lane]->app_no,
        .now_ms = engine->now_ms,
        .margin_ms = engine->lanes.items[job->lane]->app->settings.receipt_margin_s * 1000,
        .limit = PURGE_LIMIT};
    run_verb(job, &job->purge.op, purged);
}

/* --- the sweep -------------------------------------------------------------------------------- */

static void sweep(struct job *job);

static void swept(struct hy_engine *engine, struct hy_mail *mail)
{
    struct job *job = (struct job *)mail;

    if (job->sweep.op.result) {
        hy_expiry_notice(engine, engine->now_ms + sweep_retry_ms);
        snprintf(job->text, sizeof job->text, "failed: %s", hy_err_text(job->sweep.op.result));
        finish(job);
        return;
    }
    job->total += job->sweep.expired;
    if (job->sweep.expired == SWEEP_LIMIT) {
        sweep(job);
        return;
    }
    if (job->sweep.next_ms)
        hy_expiry_notice(engine, job->sweep.next_ms);
    if (job->total || job->schedule_id)
        hy_lane_notice(engine, 0, 0);
    snprintf(job->text, sizeof job->text, "expired %zu messages", job->total);
    finish(job);
}

static void sweep(struct job *job)
{
    job->sweep = (struct hy_sweep){
        .op.verb = HY_VERB_SWEEP, .now_ms = job->engine->now_ms, .limit = SWEEP_LIMIT};
    run_verb(job, &job->sweep.op, swept);
}

/* Many instants close together are one sweep: it costs a transaction. */
int64_t hy_expiry_turn(struct hy_engine *engine)
{
    int64_t at_ms = hy_expiry_take(engine);
    struct job *job;

    if (engine->sweeping || engine->quiet || at_ms == HY_NEVER)
        return HY_NEVER;
    if (engine->swept_at_ms <= engine->now_ms && at_ms < engine->swept_at_ms + sweep_gap_ms)
        at_ms = engine->swept_at_ms + sweep_gap_ms;
    if (at_ms > engine->now_ms)
        return at_ms;
    job = calloc(1, sizeof *job);
    if (!job)
        return engine->now_ms + sweep_retry_ms;
    job->engine = engine;
    engine->sweeping = true;
    engine->swept_at_ms = engine->now_ms;
    engine->clockwork.jobs_open++;
    atomic_store(&engine->expiry_ms, HY_NEVER); /* what comes while it runs lowers it again */
    sweep(job);
    return HY_NEVER;
}

/* ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*start)(struct job *job);
} starts[] = {{"token_refresh", refresh_tokens}, {"janitor", purge_next}, {"sweep", sweep}};

void hy_job_start(struct hy_engine *engine, const struct hy_schedule *schedule)
{
    struct job *job;

    if (strcmp(schedule->job, "retention") == 0) {
        hy_retention_start(engine, schedule->id);
        return;
    }
    job = calloc(1, sizeof *job);
    if (!job)
        return; /* it runs again at its next due time */
    job->engine = engine;
    job->schedule_id = schedule->id;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (strcmp(starts[i].name, schedule->job) == 0) {
            engine->clockwork.jobs_open++;
            starts[i].start(job);
            return;
        }
    }
    hy_log(HY_LOG_ERROR, "schedule.job", "unknown job %s", schedule->job);
    free(job);
}
