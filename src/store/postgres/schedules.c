#include "store/schedules.h"

#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/broadcasts.h"
#include "store/postgres/postgres.h"

/* --- put -------------------------------------------------------------------------------------- */

static const struct hy_pg_sql schedule_add = {
    "schedule_add",
    "INSERT INTO schedule (app_no, name, cron, timezone, misfire, job, message, broadcast, "
    "max_late_s, "
    "paused, created_at_ms, next_run_ms, last_run_ms, last_fired_at_ms, last_result) "
    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::bigint <> 0, $11, $12, $13, $14, $15 "
    "WHERE NOT EXISTS (SELECT 1 FROM schedule WHERE app_no = $1 AND name = $2) "
    "ON CONFLICT (app_no, name) DO NOTHING RETURNING id"};
static const struct hy_pg_sql schedule_change = {
    "schedule_change",
    "UPDATE schedule s SET name = $2, cron = $3, timezone = $4, misfire = $5, message = $6, "
    "broadcast = $7, max_late_s = $8, paused = $9::bigint <> 0, "
    "next_run_ms = CASE WHEN $10::bigint <> 0 THEN next_run_ms ELSE $11 END "
    "WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM schedule o "
    "WHERE o.app_no = s.app_no AND o.name = $2 AND o.id <> $1) RETURNING next_run_ms"};
static const struct hy_pg_sql schedule_exists = {"schedule_exists",
                                                 "SELECT 1 FROM schedule WHERE id = $1"};

static int insert(struct hy_pg *pg, struct hy_schedule *c)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_int(args, c->app_no);
    hy_pg_put_text(args, c->name);
    hy_pg_put_text(args, c->cron);
    hy_pg_put_text(args, c->timezone);
    hy_pg_put_int(args, c->misfire);
    hy_pg_put_text(args, c->job);
    hy_pg_put_text(args, c->message);
    hy_pg_put_text(args, c->broadcast);
    hy_pg_put_int(args, c->max_late_s);
    hy_pg_put_int(args, c->paused);
    hy_pg_put_int(args, c->created_at_ms);
    hy_pg_put_int(args, c->next_run_ms);
    hy_pg_put_int(args, c->last_run_ms);
    hy_pg_put_int(args, c->last_fired_at_ms);
    hy_pg_put_text(args, c->last_result);
    r = hy_pg_ask(pg->link, &schedule_add, &c->id);
    return r == HY_E_NOT_FOUND ? HY_E_EXISTS : r;
}

static int update(struct hy_pg *pg, struct hy_schedule_put *v)
{
    struct hy_schedule *c = &v->schedule;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_int(args, c->id);
    hy_pg_put_text(args, c->name);
    hy_pg_put_text(args, c->cron);
    hy_pg_put_text(args, c->timezone);
    hy_pg_put_int(args, c->misfire);
    hy_pg_put_text(args, c->message);
    hy_pg_put_text(args, c->broadcast);
    hy_pg_put_int(args, c->max_late_s);
    hy_pg_put_int(args, c->paused);
    hy_pg_put_int(args, v->keep_next_run);
    hy_pg_put_int(args, c->next_run_ms);
    r = hy_pg_ask(pg->link, &schedule_change, &c->next_run_ms);
    if (r != HY_E_NOT_FOUND)
        return r;
    hy_pg_put_int(hy_pg_args(pg->link), c->id);
    r = hy_pg_ask(pg->link, &schedule_exists, NULL);
    return r == 0 ? HY_E_EXISTS : r;
}

int hy_pg_schedule_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_schedule_put *v = (struct hy_schedule_put *)op;
    int r = v->schedule.id == 0 ? insert(pg, &v->schedule) : update(pg, v);

    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_SCHEDULES, v->schedule.app_no);
    return r;
}

/* --- delete, fire, result --------------------------------------------------------------------- */

static const struct hy_pg_sql schedule_lock = {
    "schedule_lock",
    "SELECT next_run_ms, paused, job IS NOT NULL, app_no FROM schedule WHERE id = $1 FOR UPDATE"};
static const struct hy_pg_sql schedule_delete = {"schedule_delete",
                                                 "DELETE FROM schedule WHERE id = $1"};
static const struct hy_pg_sql schedule_fire = {
    "schedule_fire",
    "UPDATE schedule SET last_run_ms = $2, last_fired_at_ms = $3, next_run_ms = $4, "
    "last_result = $5 WHERE id = $1"};
static const struct hy_pg_sql schedule_result = {
    "schedule_result", "UPDATE schedule SET last_result = $2 WHERE id = $1"};

struct locked {
    int64_t next_run_ms;
    bool paused;
    bool built_in;
    int64_t app_no;
};

/* It stays as it is until the transaction ends. HY_E_NOT_FOUND. */
static int lock(struct hy_pg *pg, int64_t id, struct locked *ret)
{
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(hy_pg_args(pg->link), id);
    r = hy_pg_run(pg->link, &schedule_lock, &rows);
    if (r == 0 && !hy_pg_next(&rows))
        r = HY_E_NOT_FOUND;
    else if (r == 0)
        *ret = (struct locked){.next_run_ms = hy_pg_int(&rows, 0),
                               .paused = hy_pg_int(&rows, 1) != 0,
                               .built_in = hy_pg_int(&rows, 2) != 0,
                               .app_no = hy_pg_int(&rows, 3)};
    hy_pg_rows_free(&rows);
    return r;
}

int hy_pg_schedule_delete(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_schedule_delete *v = (const struct hy_schedule_delete *)op;
    struct locked stored;
    int r = lock(pg, v->schedule_id, &stored);

    if (r < 0)
        return r;
    if (stored.built_in)
        return HY_E_CONFLICT;
    hy_pg_put_int(hy_pg_args(pg->link), v->schedule_id);
    r = hy_pg_must_change(pg->link, &schedule_delete);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_SCHEDULES, stored.app_no);
    return r;
}

/* The verb that is for its message alone. */
static struct hy_admit admission(const struct hy_schedule_fire *v)
{
    return (struct hy_admit){.op.verb = HY_VERB_ADMIT,
                             .items = v->item,
                             .count = 1,
                             .now_ms = v->now_ms,
                             .key_window_ms = v->key_window_ms,
                             .arena = v->arena};
}

/* Its user is locked before the schedule, as she is where she comes into the group by another verb. */
void hy_pg_want_schedule_fire(struct hy_pg *pg, const struct hy_op *op)
{
    const struct hy_schedule_fire *v = (const struct hy_schedule_fire *)op;
    const struct hy_admit admit = admission(v);

    if (v->item)
        hy_pg_want_admit(pg, &admit.op);
}

static int admit(struct hy_pg *pg, const struct hy_schedule_fire *v)
{
    struct hy_admit admit = admission(v);

    return hy_pg_admit(&pg->desk, &admit.op);
}

int hy_pg_schedule_fire(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_schedule_fire *v = (struct hy_schedule_fire *)op;
    struct hy_pg_args *args;
    struct locked stored;
    int r = lock(pg, v->schedule_id, &stored);

    if (r < 0)
        return r;
    if (stored.paused || stored.next_run_ms != v->due_ms)
        return HY_E_CONFLICT;
    if (v->item)
        r = admit(pg, v);
    if (r == 0 && v->broadcast)
        r = hy_pg_broadcast_make(pg, v->broadcast);
    if (r < 0)
        return r;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, v->schedule_id);
    hy_pg_put_int(args, v->due_ms);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_put_int(args, v->next_run_ms);
    hy_pg_put_text(args, v->result);
    r = hy_pg_must_change(pg->link, &schedule_fire);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_SCHEDULES, stored.app_no);
    return r;
}

int hy_pg_schedule_result(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_schedule_result *v = (const struct hy_schedule_result *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    int r;

    hy_pg_put_int(args, v->schedule_id);
    hy_pg_put_text(args, v->result);
    r = hy_pg_must_change(pg->link, &schedule_result);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_SCHEDULES, 0);
    return r;
}

/* --- list ------------------------------------------------------------------------------------- */

static const struct hy_pg_sql schedules = {
    "schedules", "SELECT id, app_no, name, cron, timezone, misfire, job, message, broadcast, "
                 "max_late_s, paused, "
                 "created_at_ms, next_run_ms, last_run_ms, last_fired_at_ms, last_result FROM "
                 "schedule ORDER BY id"};

static void read_schedule(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_schedule *)item =
        (struct hy_schedule){.id = hy_pg_int(rows, 0),
                             .app_no = hy_pg_int(rows, 1),
                             .name = hy_pg_copy(rows, 2, arena),
                             .cron = hy_pg_copy(rows, 3, arena),
                             .timezone = hy_pg_copy(rows, 4, arena),
                             .misfire = (enum hy_misfire)hy_pg_int(rows, 5),
                             .job = hy_pg_copy(rows, 6, arena),
                             .message = hy_pg_copy(rows, 7, arena),
                             .broadcast = hy_pg_copy(rows, 8, arena),
                             .max_late_s = hy_pg_int(rows, 9),
                             .paused = hy_pg_int(rows, 10) != 0,
                             .created_at_ms = hy_pg_int(rows, 11),
                             .next_run_ms = hy_pg_int(rows, 12),
                             .last_run_ms = hy_pg_int(rows, 13),
                             .last_fired_at_ms = hy_pg_int(rows, 14),
                             .last_result = hy_pg_copy(rows, 15, arena)};
}

int hy_pg_schedules(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_schedules *v = (struct hy_schedules *)op;

    hy_pg_args(hy_pg(backend)->link);
    return hy_pg_list(hy_pg(backend)->link, &schedules, v->arena, read_schedule,
                      sizeof *v->schedules, &v->schedules, &v->count);
}
