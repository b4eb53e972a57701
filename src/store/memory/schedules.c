#include "store/memory/memory.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static const size_t texts[] = {
    offsetof(struct hy_schedule, name),       offsetof(struct hy_schedule, cron),
    offsetof(struct hy_schedule, timezone),   offsetof(struct hy_schedule, job),
    offsetof(struct hy_schedule, message),    offsetof(struct hy_schedule, broadcast),
    offsetof(struct hy_schedule, last_result)};
enum { TEXTS = sizeof texts / sizeof *texts };

static const char **text_at(struct hy_schedule *s, size_t i)
{
    return (const char **)(void *)((char *)s + texts[i]);
}

static struct hy_schedule *schedule(const struct hy_backend *b, int64_t id, size_t *ret_at)
{
    for (size_t i = 0; i < b->schedules.count; i++) {
        struct hy_schedule *s = (struct hy_schedule *)b->schedules.items[i];

        if (s->id == id) {
            *ret_at = i;
            return s;
        }
    }
    return NULL;
}

void hy_mem_schedule_free(void *item)
{
    struct hy_schedule *s = (struct hy_schedule *)item;

    for (size_t i = 0; i < TEXTS; i++)
        hy_mem_set_text(text_at(s, i), NULL);
    free(s);
}

/* Another schedule of the app than `id` has the name. */
static bool taken(const struct hy_backend *b, int64_t app_no, const char *name, int64_t id)
{
    for (size_t i = 0; i < b->schedules.count; i++) {
        const struct hy_schedule *s = (const struct hy_schedule *)b->schedules.items[i];

        if (s->app_no == app_no && s->id != id && strcmp(s->name, name) == 0)
            return true;
    }
    return false;
}

static int insert(struct hy_backend *b, struct hy_schedule *from)
{
    struct hy_schedule *added;

    if (taken(b, from->app_no, from->name, 0))
        return HY_E_EXISTS;
    from->id = ++b->last_schedule_id;
    added = (struct hy_schedule *)hy_mem_alloc(sizeof *added);
    *added = *from;
    for (size_t i = 0; i < TEXTS; i++)
        *text_at(added, i) = hy_mem_text(*text_at(added, i));
    hy_vector_push(&b->schedules, added);
    return 0;
}

int hy_mem_schedule_put(struct hy_backend *b, struct hy_op *op)
{
    struct hy_schedule_put *v = (struct hy_schedule_put *)op;
    struct hy_schedule *from = &v->schedule, *s;
    size_t at;

    if (from->id == 0)
        return insert(b, from);
    s = schedule(b, from->id, &at);
    if (!s)
        return HY_E_NOT_FOUND;
    if (taken(b, s->app_no, from->name, s->id))
        return HY_E_EXISTS;
    hy_mem_set_text(&s->name, from->name);
    hy_mem_set_text(&s->cron, from->cron);
    hy_mem_set_text(&s->timezone, from->timezone);
    hy_mem_set_text(&s->message, from->message);
    hy_mem_set_text(&s->broadcast, from->broadcast);
    s->max_late_s = from->max_late_s;
    s->misfire = from->misfire;
    s->paused = from->paused;
    if (v->keep_next_run)
        from->next_run_ms = s->next_run_ms;
    s->next_run_ms = from->next_run_ms;
    return 0;
}

int hy_mem_schedule_delete(struct hy_backend *b, struct hy_op *op)
{
    size_t at;
    struct hy_schedule *s = schedule(b, ((const struct hy_schedule_delete *)op)->schedule_id, &at);

    if (!s)
        return HY_E_NOT_FOUND;
    if (s->job)
        return HY_E_CONFLICT;
    hy_vector_remove(&b->schedules, at);
    hy_mem_schedule_free(s);
    return 0;
}

int hy_mem_schedule_fire(struct hy_backend *b, struct hy_op *op)
{
    struct hy_schedule_fire *v = (struct hy_schedule_fire *)op;
    size_t at;
    struct hy_schedule *s = schedule(b, v->schedule_id, &at);
    int r = 0;

    if (!s)
        return HY_E_NOT_FOUND;
    if (s->paused || s->next_run_ms != v->due_ms)
        return HY_E_CONFLICT;
    if (v->item)
        r = hy_mem_admit_items(b, v->item, 1, v->now_ms, v->key_window_ms, v->arena);
    if (r < 0)
        return r;
    if (v->broadcast)
        hy_mem_broadcast_make(b, v->broadcast);
    s->last_run_ms = v->due_ms;
    s->last_fired_at_ms = v->now_ms;
    s->next_run_ms = v->next_run_ms;
    hy_mem_set_text(&s->last_result, v->result);
    return 0;
}

int hy_mem_schedule_result(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_schedule_result *v = (const struct hy_schedule_result *)op;
    size_t at;
    struct hy_schedule *s = schedule(b, v->schedule_id, &at);

    if (!s)
        return HY_E_NOT_FOUND;
    hy_mem_set_text(&s->last_result, v->result);
    return 0;
}

int hy_mem_schedules(struct hy_backend *b, struct hy_op *op)
{
    struct hy_schedules *v = (struct hy_schedules *)op;

    v->count = b->schedules.count;
    v->schedules =
        (struct hy_schedule *)hy_mem_copy_array(v->arena, v->count, sizeof *v->schedules);
    for (size_t i = 0; i < v->count; i++) {
        v->schedules[i] = *(const struct hy_schedule *)b->schedules.items[i];
        for (size_t t = 0; t < TEXTS; t++)
            *text_at(&v->schedules[i], t) =
                hy_mem_copy_text(v->arena, *text_at(&v->schedules[i], t));
    }
    return 0;
}
