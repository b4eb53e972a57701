#include "store/schedules.h"

#include "base/err.h"
#include "store/sqlite/verbs.h"

static void read_schedule(struct hy_query *q, struct hy_arena *arena, struct hy_schedule *c)
{
    c->id = hy_get_int(q);
    c->app_no = hy_get_int(q);
    c->name = hy_get_text(q, arena);
    c->cron = hy_get_text(q, arena);
    c->timezone = hy_get_text(q, arena);
    c->misfire = (enum hy_misfire)hy_get_int(q);
    c->job = hy_get_text(q, arena);
    c->message = hy_get_text(q, arena);
    c->paused = hy_get_int(q) != 0;
    c->created_at_ms = hy_get_int(q);
    c->next_run_ms = hy_get_int(q);
    c->last_run_ms = hy_get_int(q);
    c->last_fired_at_ms = hy_get_int(q);
    c->last_result = hy_get_text(q, arena);
    c->broadcast = hy_get_text(q, arena);
    c->max_late_s = hy_get_int(q);
}

/* HY_E_NOT_FOUND. */
static int load(struct hy_sqlite *s, int64_t id, struct hy_schedule *ret_schedule)
{
    struct hy_query q;
    int r;

    hy_arena_reset(&s->scratch);
    hy_query_open(s, SQL_SCHEDULE_GET, &q);
    hy_put_int(&q, id);
    r = hy_query_step(&q);
    if (r <= 0)
        return r < 0 ? r : HY_E_NOT_FOUND;
    read_schedule(&q, &s->scratch, ret_schedule);
    return hy_query_close(&q);
}

/* --- put -------------------------------------------------------------------------------------- */

/* HY_E_EXISTS: another schedule of the app than `id` has the name. */
static int check_name(struct hy_sqlite *s, int64_t app_no, const char *name, int64_t id)
{
    struct hy_query q;
    int64_t found;
    int r;

    hy_query_open(s, SQL_SCHEDULE_BY_NAME, &q);
    hy_put_int(&q, app_no);
    hy_put_text(&q, name);
    r = hy_query_int(&q, &found);
    if (r == HY_E_NOT_FOUND)
        return 0;
    return r < 0 ? r : found == id ? 0 : HY_E_EXISTS;
}

static int insert(struct hy_sqlite *s, struct hy_schedule *c)
{
    struct hy_query q;
    int r = check_name(s, c->app_no, c->name, 0);

    if (r != 0)
        return r;
    hy_query_open(s, SQL_SCHEDULE_INSERT, &q);
    hy_put_int(&q, c->app_no);
    hy_put_text(&q, c->name);
    hy_put_text(&q, c->cron);
    hy_put_text(&q, c->timezone);
    hy_put_int(&q, c->misfire);
    hy_put_text(&q, c->job);
    hy_put_text(&q, c->message);
    hy_put_int(&q, c->paused);
    hy_put_int(&q, c->created_at_ms);
    hy_put_int(&q, c->next_run_ms);
    hy_put_int(&q, c->last_run_ms);
    hy_put_int(&q, c->last_fired_at_ms);
    hy_put_text(&q, c->last_result);
    hy_put_text(&q, c->broadcast);
    hy_put_int(&q, c->max_late_s);
    r = hy_query_run(&q);
    if (r == 0)
        c->id = sqlite3_last_insert_rowid(s->db);
    return r;
}

int hy_sqlite_schedule_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_schedule_put *v = (struct hy_schedule_put *)op;
    struct hy_schedule *c = &v->schedule, stored;
    struct hy_query q;
    int r;

    if (c->id == 0)
        return insert(s, c);
    r = load(s, c->id, &stored);
    if (r == 0)
        r = check_name(s, stored.app_no, c->name, c->id);
    if (r != 0)
        return r;
    if (v->keep_next_run)
        c->next_run_ms = stored.next_run_ms;
    hy_query_open(s, SQL_SCHEDULE_UPDATE, &q);
    hy_put_text(&q, c->name);
    hy_put_text(&q, c->cron);
    hy_put_text(&q, c->timezone);
    hy_put_int(&q, c->misfire);
    hy_put_text(&q, c->message);
    hy_put_int(&q, c->paused);
    hy_put_int(&q, c->next_run_ms);
    hy_put_text(&q, c->broadcast);
    hy_put_int(&q, c->max_late_s);
    hy_put_int(&q, c->id);
    return hy_query_run(&q);
}

int hy_sqlite_schedule_delete(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    const struct hy_schedule_delete *v = (const struct hy_schedule_delete *)op;
    struct hy_schedule stored;
    struct hy_query q;
    int r = load(s, v->schedule_id, &stored);

    if (r < 0)
        return r;
    if (stored.job)
        return HY_E_CONFLICT;
    hy_query_open(s, SQL_SCHEDULE_DELETE, &q);
    hy_put_int(&q, v->schedule_id);
    return hy_query_run(&q);
}

/* --- fire ------------------------------------------------------------------------------------- */

int hy_sqlite_schedule_fire(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_schedule_fire *v = (struct hy_schedule_fire *)op;
    struct hy_schedule stored;
    struct hy_query q;
    int r = load(s, v->schedule_id, &stored);

    if (r < 0)
        return r;
    if (stored.paused || stored.next_run_ms != v->due_ms)
        return HY_E_CONFLICT;
    if (v->item)
        r = hy_admit_items(s, v->item, 1, v->now_ms, v->key_window_ms, v->arena);
    if (r == 0 && v->broadcast)
        r = hy_broadcast_make(s, v->broadcast);
    if (r < 0)
        return r;
    hy_query_open(s, SQL_SCHEDULE_FIRE, &q);
    hy_put_int(&q, v->due_ms);
    hy_put_int(&q, v->now_ms);
    hy_put_int(&q, v->next_run_ms);
    hy_put_text(&q, v->result);
    hy_put_int(&q, v->schedule_id);
    return hy_query_run(&q);
}

int hy_sqlite_schedule_result(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    const struct hy_schedule_result *v = (const struct hy_schedule_result *)op;
    struct hy_schedule stored;
    struct hy_query q;
    int r = load(s, v->schedule_id, &stored);

    if (r < 0)
        return r;
    hy_query_open(s, SQL_SCHEDULE_RESULT, &q);
    hy_put_text(&q, v->result);
    hy_put_int(&q, v->schedule_id);
    return hy_query_run(&q);
}

int hy_sqlite_schedules(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_schedules *v = (struct hy_schedules *)op;
    void *schedules = NULL;
    size_t capacity = 0;
    struct hy_query q;
    int r;

    v->count = 0;
    hy_query_open(hy_sqlite_of(backend), SQL_SCHEDULES, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_schedule *c =
            hy_query_room(&q, v->arena, &schedules, v->count, &capacity, sizeof *c);

        if (!c)
            return HY_E_NOMEM;
        v->count++;
        read_schedule(&q, v->arena, c);
    }
    v->schedules = schedules;
    return r;
}
