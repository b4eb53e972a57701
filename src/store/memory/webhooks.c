/* Endpoints that are told: webhooks.h. */
#include "store/memory/memory.h"

#include "base/err.h"

#include <stdlib.h>

struct hy_webhook *hy_mem_webhook(const struct hy_backend *b, int64_t id)
{
    for (size_t i = 0; i < b->webhooks.count; i++) {
        struct hy_webhook *w = (struct hy_webhook *)b->webhooks.items[i];

        if (w->id == id)
            return w;
    }
    return NULL;
}

void hy_mem_webhook_free(void *item)
{
    struct hy_webhook *w = (struct hy_webhook *)item;

    hy_mem_free_text(w->url);
    hy_mem_free_text(w->last_error);
    free((void *)(uintptr_t)w->secret.bytes);
    free((void *)(uintptr_t)w->old_secret.bytes);
    free(w);
}

static int insert(struct hy_backend *b, struct hy_webhook *from)
{
    struct hy_webhook *added;

    if (b->webhooks.count >= HY_WEBHOOKS_MAX)
        return HY_E_LIMIT;
    from->id = ++b->last_webhook_id;
    added = (struct hy_webhook *)hy_mem_alloc(sizeof *added);
    *added = (struct hy_webhook){.id = from->id,
                                 .url = hy_mem_text(from->url),
                                 .events = from->events,
                                 .app_no = from->app_no,
                                 .old_until_ms = from->old_until_ms,
                                 .paused = from->paused,
                                 .created_at_ms = from->created_at_ms};
    hy_mem_set_sealed(&added->secret, &from->secret);
    hy_mem_set_sealed(&added->old_secret, &from->old_secret);
    hy_vector_push(&b->webhooks, added);
    return 0;
}

static void enable(struct hy_webhook *w)
{
    w->disabled_at_ms = 0;
    w->failing_since_ms = 0;
}

int hy_mem_webhook_put(struct hy_backend *b, struct hy_op *op)
{
    struct hy_webhook_put *v = (struct hy_webhook_put *)op;
    struct hy_webhook *from = &v->webhook, *w;

    if (from->id == 0)
        return insert(b, from);
    w = hy_mem_webhook(b, from->id);
    if (!w)
        return HY_E_NOT_FOUND;
    hy_mem_set_text(&w->url, from->url);
    w->events = from->events;
    w->app_no = from->app_no;
    w->paused = from->paused;
    if (from->secret.size > 0)
        hy_mem_set_sealed(&w->secret, &from->secret);
    if (from->old_secret.size > 0) {
        hy_mem_set_sealed(&w->old_secret, &from->old_secret);
        w->old_until_ms = from->old_until_ms;
    }
    if (v->enable)
        enable(w);
    return 0;
}

int hy_mem_webhook_delete(struct hy_backend *b, struct hy_op *op)
{
    struct hy_webhook_delete *v = (struct hy_webhook_delete *)op;
    struct hy_webhook *w = hy_mem_webhook(b, v->webhook_id);
    size_t deleted = 0;

    for (size_t i = 0; w && i < b->webhooks.count; i++)
        if (b->webhooks.items[i] == w)
            hy_vector_remove(&b->webhooks, i);
    if (w)
        hy_mem_webhook_free(w);
    v->left = false;
    for (size_t i = b->outcomes.count; i > 0; i--) {
        struct hy_outcome *o = (struct hy_outcome *)b->outcomes.items[i - 1];

        if (o->webhook_id != v->webhook_id)
            continue;
        v->left = deleted == v->limit;
        if (v->left)
            break;
        hy_mem_outcome_delete(b, o, 0);
        deleted++;
    }
    return w || deleted > 0 ? 0 : HY_E_NOT_FOUND;
}

int hy_mem_outbox_hurry(struct hy_backend *b, struct hy_op *op)
{
    struct hy_outbox_hurry *v = (struct hy_outbox_hurry *)op;
    size_t moved = 0;

    for (size_t i = 0; i < b->outcomes.count && moved < v->limit; i++) {
        struct hy_outcome *o = (struct hy_outcome *)b->outcomes.items[i];

        if (o->webhook_id != v->webhook_id || o->due_at_ms <= v->now_ms)
            continue;
        o->due_at_ms = v->now_ms;
        moved++;
    }
    v->left = moved == v->limit;
    return 0;
}

static void count_pending(const struct hy_backend *b, struct hy_webhook *w)
{
    for (size_t i = 0; i < b->outcomes.count; i++) {
        const struct hy_outcome *o = (const struct hy_outcome *)b->outcomes.items[i];

        if (o->webhook_id != w->id)
            continue;
        w->pending++;
        if (w->oldest_at_ms == 0 || o->at_ms < w->oldest_at_ms)
            w->oldest_at_ms = o->at_ms;
    }
}

int hy_mem_webhooks(struct hy_backend *b, struct hy_op *op)
{
    struct hy_webhooks *v = (struct hy_webhooks *)op;

    v->count = b->webhooks.count;
    v->webhooks = (struct hy_webhook *)hy_mem_copy_array(v->arena, v->count, sizeof *v->webhooks);
    for (size_t i = 0; i < v->count; i++) {
        const struct hy_webhook *from = (const struct hy_webhook *)b->webhooks.items[i];
        struct hy_webhook *w = &v->webhooks[i];

        *w = *from;
        w->url = hy_mem_copy_text(v->arena, from->url);
        w->last_error = hy_mem_copy_text(v->arena, from->last_error);
        hy_mem_copy_sealed(v->arena, &w->secret, &from->secret);
        hy_mem_copy_sealed(v->arena, &w->old_secret, &from->old_secret);
        if (v->count_pending)
            count_pending(b, w);
    }
    return 0;
}
