/* Which outcomes are claimed, for several stores on one memory backend: shared.h. */
#include "store/memory/nodes.h"

#include <stdlib.h>

static void end_telling(struct hy_mem_shared *shared, size_t at)
{
    free(shared->told.items[at]);
    hy_vector_remove(&shared->told, at);
}

static void forget(struct hy_mem_shared *shared, int64_t outcome_id)
{
    for (size_t i = shared->told.count; i > 0; i--)
        if (((const struct hy_mem_telling *)shared->told.items[i - 1])->outcome_id == outcome_id)
            end_telling(shared, i - 1);
}

void hy_mem_telling_begun(struct hy_mem_shared *shared, const struct hy_outbox_claim *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct hy_mem_telling *telling = (struct hy_mem_telling *)hy_mem_alloc(sizeof *telling);

        forget(shared, v->claimed[i].outcome.id);
        telling->outcome_id = v->claimed[i].outcome.id;
        telling->webhook_id = v->claimed[i].outcome.webhook_id;
        hy_vector_push(&shared->told, telling);
    }
}

void hy_mem_telling_ended(struct hy_mem_shared *shared, const struct hy_outbox_settle *v)
{
    for (size_t i = 0; i < v->count; i++)
        forget(shared, v->items[i].outcome_id);
}

static void make_due(struct hy_backend *b, int64_t outcome_id, int64_t now_ms)
{
    for (size_t i = 0; i < b->outcomes.count; i++) {
        struct hy_outcome *o = (struct hy_outcome *)b->outcomes.items[i];

        if (o->id == outcome_id && o->due_at_ms > now_ms)
            o->due_at_ms = now_ms;
    }
}

void hy_mem_tellings_end(struct hy_mem_shared *shared, int64_t webhook_id, int64_t now_ms)
{
    for (size_t i = shared->told.count; i > 0; i--) {
        const struct hy_mem_telling *telling =
            (const struct hy_mem_telling *)shared->told.items[i - 1];

        if (telling->webhook_id != webhook_id)
            continue;
        make_due(shared->data, telling->outcome_id, now_ms);
        end_telling(shared, i - 1);
    }
}

void hy_mem_tellings_free(struct hy_mem_shared *shared)
{
    for (size_t i = 0; i < shared->told.count; i++)
        free(shared->told.items[i]);
    hy_vector_deinit(&shared->told);
}
