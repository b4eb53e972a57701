/*
 * timetable.c - schedules on their way in: read, checked, given their next run.
 */
#include "domain/cron.h"
#include "engine/broadcasts.h"
#include "engine/internal.h"

#include <stdio.h>
#include <string.h>

/* POST and PATCH /v1/schedules. */
struct schedule_body {
    const char *app, *name, *cron, *timezone;
    int misfire;
    bool paused;
    int64_t max_late_s;
    json_t *message, *broadcast;
};

#define AT(field) offsetof(struct schedule_body, field)

static const struct hy_json_field fields[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .max = 64},
    {.name = "name", .type = HY_JSON_TEXT, .offset = AT(name), .max = 64},
    {.name = "cron", .type = HY_JSON_TEXT, .offset = AT(cron), .max = 256},
    {.name = "timezone", .type = HY_JSON_TEXT, .offset = AT(timezone), .max = 64},
    {.name = "misfire", .type = HY_JSON_ENUM, .offset = AT(misfire), .choices = hy_misfire_names},
    {.name = "paused", .type = HY_JSON_BOOL, .offset = AT(paused)},
    {.name = "max_late_s",
     .type = HY_JSON_INT,
     .offset = AT(max_late_s),
     .min = 0,
     .max = 366 * 86400},
    {.name = "message", .type = HY_JSON_OBJECT, .offset = AT(message)},
    {.name = "broadcast", .type = HY_JSON_OBJECT, .offset = AT(broadcast)},
    {0}};

static void require(const void *value, const char *field, struct hy_violations *v)
{
    if (!value)
        hy_violations_add(v, field, "required", NULL, NULL, "%s is required.", field);
}

int hy_engine_runs(const char *cron_text, const char *zone_name, int64_t from_ms, size_t n,
                   struct hy_violations *v, int64_t *ret_runs, size_t *ret_count)
{
    struct hy_cron_error error;
    struct hy_zone *zone = NULL;
    struct hy_cron cron;
    char at[24];
    int err = 0, zone_err;

    if (hy_cron_parse(cron_text, &cron, &error) != 0) {
        snprintf(at, sizeof at, "character %zu", error.position + 1);
        hy_violations_add(v, "cron", error.rule, NULL, at, "%s (at character %zu)", error.message,
                          error.position + 1);
        err = HY_E_INVALID;
    }
    zone_err = hy_zone_open(zone_name, &zone);
    if (zone_err == HY_E_NOMEM)
        v->unkept++; /* it may be a good one */
    else if (zone_err)
        hy_violations_add(v, "timezone", "iana_zone", NULL, zone_name,
                          "There is no time zone %.64s; use a name such as Asia/Shanghai.",
                          zone_name);
    err = err ? err : zone_err;
    if (!err)
        err = hy_cron_next_n(&cron, zone, from_ms, n, ret_runs, ret_count);
    if (err == HY_CRON_NEVER)
        hy_violations_add(v, "cron", "possible", NULL, NULL,
                          "No year has such a day: this would never run.");
    else if (err && !hy_violations_any(v))
        hy_violations_add(v, "from", "range", "years 1 to 9999", NULL,
                          "from must lie in the years 1 to 9999.");
    hy_zone_close(zone);
    return err ? HY_E_INVALID : 0;
}

enum { USERS_MAX = 10000 }; /* of a scheduled broadcast: it is made by one verb */

/* What is scheduled says neither when nor under which key: both come from the schedule. */
static void refuse_timing(const json_t *body, struct hy_violations *v)
{
    static const char *const not_here[] = {"key", "send_at", "expires_at", NULL};

    for (size_t i = 0; not_here[i]; i++) {
        if (json_object_get(body, not_here[i]))
            hy_violations_add(v, not_here[i], "not_in_schedule", NULL, NULL,
                              "%s has no place in a schedule.", not_here[i]);
    }
}

static void check_message(struct hy_engine *engine, const json_t *message, const char *app,
                          struct hy_violations *v)
{
    struct hy_submission probe = {0};
    size_t before = v->count;

    v->prefix = "message.";
    refuse_timing(message, v);
    if (v->count == before)
        hy_engine_prepare(engine, message, NULL, app, v, &probe);
    v->prefix = NULL;
}

static void check_broadcast(struct hy_engine *engine, const json_t *broadcast, const char *app,
                            struct hy_violations *v)
{
    struct hy_broadcast_draft probe;
    size_t before = v->count;

    v->prefix = "broadcast.";
    refuse_timing(broadcast, v);
    require(json_object_get(broadcast, "audience"), "audience", v);
    if (v->count == before)
        hy_engine_broadcast_prepare(engine, broadcast, NULL, app, v, &probe);
    if (v->count == before && probe.make.count > USERS_MAX)
        hy_violations_add(v, "audience.users", "items", "1..10000", NULL,
                          "audience.users of a schedule may have at most %d users.", USERS_MAX);
    v->prefix = NULL;
}

/* One of both is what a schedule is for. */
static void check_what(const struct schedule_body *b, bool required, struct hy_violations *v)
{
    if (b->message && b->broadcast)
        hy_violations_add(v, "broadcast", "one_of", "message, broadcast", NULL,
                          "A schedule has either a message or a broadcast.");
    if (required && !b->message && !b->broadcast)
        hy_violations_add(v, "message", "required", NULL, NULL,
                          "message or broadcast is required.");
}

/* Also where what is scheduled names an app of its own, which must be the schedule's. */
static int64_t app_of(struct hy_engine *engine, const struct schedule_body *b,
                      struct hy_violations *v)
{
    HY_APP_SCOPED const struct hy_app_entry *app = b->app ? hy_engine_app(engine, b->app) : NULL;
    const json_t *what = b->broadcast ? b->broadcast : b->message;
    const char *inner = json_string_value(json_object_get(what, "app"));

    if (b->app && !app)
        hy_violations_add(v, "app", "known_app", NULL, b->app, "There is no app %s.", b->app);
    if (app && inner && strcmp(inner, b->app) != 0)
        hy_violations_add(v, b->broadcast ? "broadcast.app" : "message.app", "same_app", b->app,
                          inner, "%s.app must be the schedule's app.",
                          b->broadcast ? "broadcast" : "message");
    return app ? app->app.no : 0;
}

static void start_from(const struct hy_schedule *existing, struct schedule_body *b)
{
    if (!existing) {
        b->timezone = "Asia/Shanghai";
        return;
    }
    b->name = existing->name;
    b->cron = existing->cron;
    b->timezone = existing->timezone;
    b->misfire = existing->misfire;
    b->paused = existing->paused;
    b->max_late_s = existing->max_late_s;
}

/* Built-in jobs keep what they do; only when they do it may be changed. */
static void check_builtin(const struct schedule_body *b, const struct hy_schedule *existing,
                          struct hy_violations *v)
{
    if (b->message || b->broadcast || b->app || strcmp(b->name, existing->name) != 0)
        hy_violations_add(
            v, "", "built_in", NULL, NULL,
            "Of a built-in job only cron, timezone, misfire, max_late_s and paused may change.");
}

static bool timing_changed(const struct hy_schedule *now, const struct hy_schedule *before)
{
    return strcmp(now->cron, before->cron) != 0 || strcmp(now->timezone, before->timezone) != 0 ||
           (before->paused && !now->paused);
}

static void fill(struct hy_engine *engine, const struct schedule_body *b,
                 const struct hy_schedule *existing, struct hy_violations *v,
                 struct hy_schedule_put *put)
{
    int64_t now_ms = engine->config.now_ms(), next_ms = 0;
    struct hy_schedule *s = &put->schedule;
    size_t count;

    *s = existing ? *existing : (struct hy_schedule){.created_at_ms = now_ms};
    s->name = b->name;
    s->cron = b->cron;
    s->timezone = b->timezone;
    s->misfire = b->misfire;
    s->paused = b->paused;
    s->max_late_s = b->max_late_s;
    if (b->message || b->broadcast) {
        s->message = b->message ? hy_json_text(v->arena, b->message) : NULL;
        s->broadcast = b->broadcast ? hy_json_text(v->arena, b->broadcast) : NULL;
        if (!s->message && !s->broadcast)
            v->unkept++; /* out of memory: refused, or it would send nothing from now on */
    }
    put->keep_next_run = existing && !timing_changed(s, existing);
    if (!put->keep_next_run) {
        if (hy_engine_runs(s->cron, s->timezone, now_ms, 1, v, &next_ms, &count) == 0)
            s->next_run_ms = next_ms;
    }
}

void hy_engine_schedule_read(struct hy_engine *engine, const json_t *body,
                             const struct hy_schedule *existing, struct hy_violations *v,
                             struct hy_schedule_put *ret_put)
{
    struct schedule_body b = {0};
    int64_t app_no;

    start_from(existing, &b);
    hy_json_read(body, fields, &b, v);
    if (hy_violations_any(v))
        return;
    require(b.name, "name", v);
    require(b.cron, "cron", v);
    if (!existing) {
        require(b.app, "app", v);
    } else if (existing->job) {
        check_builtin(&b, existing, v);
    } else if (b.app) {
        hy_violations_add(v, "app", "fixed", NULL, NULL,
                          "The app of a schedule cannot be changed.");
    }
    check_what(&b, !existing, v);
    app_no = app_of(engine, &b, v);
    if (hy_violations_any(v))
        return;
    if (b.message || b.broadcast) {
        HY_APP_SCOPED const struct hy_app_entry *app =
            hy_engine_app_by_no(engine, existing ? existing->app_no : app_no);
        const char *id = app ? app->app.id : NULL;

        if (b.message)
            check_message(engine, b.message, id, v);
        else
            check_broadcast(engine, b.broadcast, id, v);
    }
    fill(engine, &b, existing, v, ret_put);
    if (!existing)
        ret_put->schedule.app_no = app_no;
}

static void changed(struct hy_op *op, void *arg)
{
    struct hy_schedule_change *change = arg;

    if (op->result == 0)
        hy_clockwork_stale(change->engine);
    change->done(change, change->arg);
}

void hy_engine_schedule_put(struct hy_engine *engine, struct hy_schedule_change *change)
{
    change->engine = engine;
    change->op.verb = HY_VERB_SCHEDULE_PUT;
    hy_engine_verb(engine, &change->op, changed, change);
}

void hy_engine_schedule_delete(struct hy_engine *engine, struct hy_schedule_change *change)
{
    change->engine = engine;
    change->op.verb = HY_VERB_SCHEDULE_DELETE;
    hy_engine_verb(engine, &change->op, changed, change);
}
