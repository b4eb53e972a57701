#include "store/memory/memory.h"

#include "base/err.h"

#include <string.h>

int hy_mem_message_get(struct hy_backend *b, struct hy_op *op)
{
    struct hy_message_get *v = (struct hy_message_get *)op;
    const struct hy_mem_message *m = hy_mem_message(b, v->message_id);

    if (!m)
        return HY_E_NOT_FOUND;
    hy_mem_copy_message(v->arena, &v->message, &m->m);
    v->attempt_count = (size_t)m->m.attempt_count;
    v->attempts =
        (struct hy_attempt *)hy_mem_copy_array(v->arena, v->attempt_count, sizeof *v->attempts);
    if (v->attempt_count > 0)
        memcpy(v->attempts, m->attempts, v->attempt_count * sizeof *v->attempts);
    return 0;
}

static bool same(const char *filter, const char *text)
{
    return !filter || (text && strcmp(filter, text) == 0);
}

static bool begins(const char *filter, const char *text)
{
    return !filter || (text && strncmp(text, filter, strlen(filter)) == 0);
}

static bool wanted(const struct hy_message_list *v, const struct hy_message *m)
{
    return (v->app_no == 0 || v->app_no == m->app_no) &&
           (v->state == -1 || v->state == (int)m->state) && same(v->user, m->user) &&
           same(v->template_id, m->template_id) && same(v->tag, m->tag) &&
           begins(v->reason, m->reason) &&
           (v->broadcast_id == 0 || v->broadcast_id == m->broadcast_id);
}

int hy_mem_message_list(struct hy_backend *b, struct hy_op *op)
{
    struct hy_message_list *v = (struct hy_message_list *)op;
    struct hy_mem_message bound = {.m = {.id = v->before_id}};
    size_t at = b->messages.count;

    if (v->before_id > 0)
        at = hy_vector_place(&b->messages, &bound, hy_mem_message_by_id);
    v->count = 0;
    v->more = false;
    v->next_before_id = 0;
    v->messages = (struct hy_message *)hy_mem_copy_array(v->arena, v->limit, sizeof *v->messages);
    while (at-- > 0 && !v->more) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)b->messages.items[at];

        if (!wanted(v, &m->m))
            continue;
        if (v->count == v->limit) {
            v->more = true;
            v->next_before_id = v->messages[v->count - 1].id;
        } else {
            hy_mem_copy_message(v->arena, &v->messages[v->count++], &m->m);
        }
    }
    return 0;
}

static int count_order(const void *a, const void *b)
{
    const struct hy_count *ca = (const struct hy_count *)a;
    const struct hy_count *cb = (const struct hy_count *)b;

    if (ca->app_no != cb->app_no)
        return ca->app_no < cb->app_no ? -1 : 1;
    return (int)ca->state - (int)cb->state;
}

/* The count that `m` belongs to, made when there is none: few apps, few states. */
static struct hy_count *count_of(struct hy_vector *counts, struct hy_arena *arena,
                                 const struct hy_message *m)
{
    struct hy_count wanted_count = {m->app_no, m->state, 0};
    size_t at = hy_vector_place(counts, &wanted_count, count_order);
    struct hy_count *made;

    if (at < counts->count && count_order(counts->items[at], &wanted_count) == 0)
        return (struct hy_count *)counts->items[at];
    made = (struct hy_count *)hy_mem_copy_array(arena, 1, sizeof *made);
    *made = wanted_count;
    hy_vector_insert(counts, at, made);
    return made;
}

int hy_mem_counts(struct hy_backend *b, struct hy_op *op)
{
    struct hy_counts *v = (struct hy_counts *)op;
    struct hy_vector counts = {0};

    for (size_t i = 0; i < b->messages.count; i++)
        count_of(&counts, v->arena, &((struct hy_mem_message *)b->messages.items[i])->m)
            ->messages++;
    v->count = counts.count;
    v->counts = (struct hy_count *)hy_mem_copy_array(v->arena, v->count, sizeof *v->counts);
    for (size_t i = 0; i < v->count; i++)
        v->counts[i] = *(const struct hy_count *)counts.items[i];
    hy_vector_deinit(&counts);
    v->grants_available = 0;
    for (size_t i = 0; i < b->grants.count; i++) {
        const struct hy_grant *g = &((const struct hy_mem_grant *)b->grants.items[i])->g;

        if (g->state == HY_GRANT_AVAILABLE)
            v->grants_available += g->uses_left - g->uses_reserved;
    }
    return 0;
}
