/* Closing: everything that the records own goes. */
#include "store/memory/memory.h"

#include <stdlib.h>

static void free_all_of(struct hy_vector *v, void (*free_item)(void *item))
{
    for (size_t i = 0; i < v->count; i++)
        free_item(v->items[i]);
    hy_vector_deinit(v);
}

static void free_newest(void *item)
{
    struct hy_mem_newest *newest = (struct hy_mem_newest *)item;

    free(newest->template_id);
    free(newest);
}

void hy_mem_answer_free(void *item)
{
    struct hy_answer *answer = (struct hy_answer *)item;

    hy_mem_free_text(answer->template_id);
    free(answer);
}

void hy_mem_early_free(void *item)
{
    struct hy_mem_early *early = (struct hy_mem_early *)item;

    hy_mem_free_text(early->template_id);
    hy_mem_free_text(early->reason);
    free(early);
}

static void free_user(void *value, void *arg)
{
    struct hy_mem_user *user = (struct hy_mem_user *)value;

    hy_vector_deinit(&user->grants);
    hy_vector_deinit(&user->free);
    hy_vector_deinit(&user->waiting);
    hy_vector_deinit(&user->awaiting);
    free_all_of(&user->answers, hy_mem_answer_free);
    free_all_of(&user->heard, hy_mem_heard_free);
    free_all_of(&user->newest, free_newest);
    free_all_of(&user->early, hy_mem_early_free);
    hy_heap_deinit(&user->parked);
    free(user->name);
    free(user);
}

static void free_lane(void *value, void *arg)
{
    struct hy_mem_lane *lane = (struct hy_mem_lane *)value;

    hy_heap_deinit(&lane->due);
    free(lane);
}

static void free_key_use(void *value, void *arg)
{
    struct hy_mem_key_use *use = (struct hy_mem_key_use *)value;

    hy_mem_free_text(use->reason);
    free(use);
}

static void free_app(void *item)
{
    struct hy_mem_app *app = (struct hy_mem_app *)item;

    hy_mem_free_text(app->app.id);
    hy_mem_free_text(app->app.platform);
    hy_mem_free_text(app->app.settings);
    free((void *)(uintptr_t)app->app.secret.bytes);
    free((void *)(uintptr_t)app->app.callback.bytes);
    free((void *)(uintptr_t)app->token.access.bytes);
    hy_mem_free_text(app->token.last_error);
    free(app);
}

static void free_key(void *item)
{
    struct hy_key *key = (struct hy_key *)item;

    hy_mem_free_text(key->name);
    free(key);
}

static void free_meta(void *item)
{
    struct hy_mem_meta *meta = (struct hy_mem_meta *)item;

    hy_mem_free_text(meta->name);
    hy_mem_free_text(meta->value);
    free(meta);
}

void hy_mem_event_free(void *item)
{
    struct hy_event *event = (struct hy_event *)item;

    hy_mem_free_text(event->name);
    hy_mem_free_text(event->user);
    hy_mem_free_text(event->raw);
    free(event);
}

void hy_mem_identity_free(struct hy_mem_identity *identity)
{
    free(identity);
}

static void free_identity(void *value, void *arg)
{
    hy_mem_identity_free((struct hy_mem_identity *)value);
}

void hy_mem_empty(struct hy_backend *b)
{
    struct hy_backend empty = {
        .hooks = b->hooks, .node = b->node, .is_left = b->is_left, .shared = b->shared};

    hy_map_each(&b->users, free_user, NULL);
    hy_map_each(&b->lanes, free_lane, NULL);
    hy_map_each(&b->key_uses, free_key_use, NULL);
    hy_map_each(&b->identities, free_identity, NULL);
    hy_map_deinit(&b->identities);
    hy_map_deinit(&b->users);
    hy_map_deinit(&b->lanes);
    hy_map_deinit(&b->key_uses);
    hy_map_deinit(&b->credentials);
    hy_map_deinit(&b->counted);
    hy_heap_deinit(&b->expiry);
    free_all_of(&b->messages, hy_mem_message_free);
    free_all_of(&b->grants, hy_mem_grant_free);
    free_all_of(&b->apps, free_app);
    free_all_of(&b->keys, free_key);
    free_all_of(&b->metas, free_meta);
    free_all_of(&b->schedules, hy_mem_schedule_free);
    free_all_of(&b->events, hy_mem_event_free);
    free_all_of(&b->broadcasts, hy_mem_broadcast_free);
    free_all_of(&b->webhooks, hy_mem_webhook_free);
    free_all_of(&b->outcomes, hy_mem_outcome_free);
    free_all_of(&b->pauses, hy_mem_pause_free);
    free_all_of(&b->audits, hy_mem_audit_free);
    hy_map_deinit(&b->outcome_heads);
    free_all_of(&b->templates, hy_mem_template_free);
    free_all_of(&b->syncs, free);
    free_all_of(&b->cuts, hy_mem_cut_free);
    *b = empty;
    hy_heap_init(&b->expiry, hy_mem_message_by_expiry,
                 offsetof(struct hy_mem_message, expiry_position));
}

void hy_mem_free_all(struct hy_backend *b)
{
    hy_mem_empty(b);
    free(b);
}
