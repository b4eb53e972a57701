#include "store/memory/memory.h"

#include "domain/reservation.h"

#include <stdlib.h>
#include <string.h>

void hy_mem_free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

void hy_mem_set_text(const char **slot, const char *text)
{
    char *copy = hy_mem_text(text);

    hy_mem_free_text(*slot);
    *slot = copy;
}

void hy_mem_set_sealed(struct hy_sealed *slot, const struct hy_sealed *from)
{
    char *copy = NULL;

    if (from->size > 0) {
        copy = (char *)hy_mem_alloc(from->size);
        memcpy(copy, from->bytes, from->size);
    }
    free((void *)(uintptr_t)slot->bytes);
    *slot = (struct hy_sealed){copy, from->size};
}

/* --- finding ---------------------------------------------------------------------------------- */

int hy_mem_message_by_id(const void *a, const void *b)
{
    int64_t ia = ((const struct hy_mem_message *)a)->m.id;
    int64_t ib = ((const struct hy_mem_message *)b)->m.id;

    return ia < ib ? -1 : ia > ib;
}

int hy_mem_grant_by_id(const void *a, const void *b)
{
    int64_t ia = ((const struct hy_mem_grant *)a)->g.id;
    int64_t ib = ((const struct hy_mem_grant *)b)->g.id;

    return ia < ib ? -1 : ia > ib;
}

int hy_mem_grant_by_use(const void *a, const void *b)
{
    return hy_grant_compare(&((const struct hy_mem_grant *)a)->g,
                            &((const struct hy_mem_grant *)b)->g);
}

static int by_due(const void *a, const void *b)
{
    const struct hy_mem_message *ma = (const struct hy_mem_message *)a;
    const struct hy_mem_message *mb = (const struct hy_mem_message *)b;

    if (ma->m.due_at_ms != mb->m.due_at_ms)
        return ma->m.due_at_ms < mb->m.due_at_ms ? -1 : 1;
    return hy_mem_message_by_id(a, b);
}

int hy_mem_message_by_expiry(const void *a, const void *b)
{
    const struct hy_mem_message *ma = (const struct hy_mem_message *)a;
    const struct hy_mem_message *mb = (const struct hy_mem_message *)b;

    if (ma->m.expires_at_ms != mb->m.expires_at_ms)
        return ma->m.expires_at_ms < mb->m.expires_at_ms ? -1 : 1;
    return hy_mem_message_by_id(a, b);
}

struct hy_mem_message *hy_mem_message(const struct hy_backend *b, int64_t id)
{
    struct hy_mem_message wanted = {.m = {.id = id}};
    size_t at = hy_vector_place(&b->messages, &wanted, hy_mem_message_by_id);
    struct hy_mem_message *found;

    if (at == b->messages.count)
        return NULL;
    found = (struct hy_mem_message *)b->messages.items[at];
    return found->m.id == id ? found : NULL;
}

struct hy_mem_user *hy_mem_user(struct hy_backend *b, int64_t app_no, const char *name)
{
    return (struct hy_mem_user *)hy_map_get(&b->users, app_no, name, strlen(name));
}

struct hy_mem_user *hy_mem_user_made(struct hy_backend *b, int64_t app_no, const char *name)
{
    struct hy_mem_user *user = hy_mem_user(b, app_no, name);

    if (user)
        return user;
    user = (struct hy_mem_user *)hy_mem_alloc(sizeof *user);
    user->app_no = app_no;
    user->name = hy_mem_text(name);
    hy_heap_init(&user->parked, by_due, offsetof(struct hy_mem_message, due_position));
    hy_map_put(&b->users, app_no, name, strlen(name), user);
    return user;
}

struct hy_mem_lane *hy_mem_lane_made(struct hy_backend *b, int64_t app_no, int queue)
{
    struct hy_mem_lane *lane =
        (struct hy_mem_lane *)hy_map_get(&b->lanes, app_no, &queue, sizeof queue);

    if (!lane) {
        lane = (struct hy_mem_lane *)hy_mem_alloc(sizeof *lane);
        hy_heap_init(&lane->due, by_due, offsetof(struct hy_mem_message, due_position));
        hy_map_put(&b->lanes, app_no, &queue, sizeof queue, lane);
    }
    return lane;
}

struct hy_mem_app *hy_mem_app(const struct hy_backend *b, int64_t no)
{
    for (size_t i = 0; i < b->apps.count; i++) {
        struct hy_mem_app *app = (struct hy_mem_app *)b->apps.items[i];

        if (app->app.no == no)
            return app;
    }
    return NULL;
}

int64_t hy_mem_next_id(struct hy_backend *b, enum hy_mem_id which)
{
    return b->hooks ? b->hooks->next_id(b, which) : ++b->last_ids[which];
}

/* --- making ----------------------------------------------------------------------------------- */

static const size_t message_texts[] = {
    offsetof(struct hy_message, user),     offsetof(struct hy_message, template_id),
    offsetof(struct hy_message, data),     offsetof(struct hy_message, page),
    offsetof(struct hy_message, emphasis), offsetof(struct hy_message, miniprogram_state),
    offsetof(struct hy_message, lang),     offsetof(struct hy_message, tag),
    offsetof(struct hy_message, extra),    offsetof(struct hy_message, reason)};
static const size_t grant_texts[] = {
    offsetof(struct hy_grant, user), offsetof(struct hy_grant, template_id),
    offsetof(struct hy_grant, credential), offsetof(struct hy_grant, reason)};

enum {
    MESSAGE_TEXTS = sizeof message_texts / sizeof *message_texts,
    GRANT_TEXTS = sizeof grant_texts / sizeof *grant_texts
};

static const char **text_at(void *record, size_t offset)
{
    return (const char **)(void *)((char *)record + offset);
}

static void own_texts(void *record, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *text_at(record, offsets[i]) = hy_mem_text(*text_at(record, offsets[i]));
}

static void free_texts(void *record, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hy_mem_free_text(*text_at(record, offsets[i]));
}

static void copy_texts(struct hy_arena *arena, void *record, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char **text = text_at(record, offsets[i]);

        *text = hy_mem_copy_text(arena, *text);
    }
}

void hy_mem_message_own(struct hy_message *m)
{
    own_texts(m, message_texts, MESSAGE_TEXTS);
}

void hy_mem_message_disown(struct hy_message *m)
{
    free_texts(m, message_texts, MESSAGE_TEXTS);
}

struct hy_mem_message *hy_mem_message_keep(struct hy_backend *b, const struct hy_message *m)
{
    struct hy_mem_message *added = (struct hy_mem_message *)hy_mem_alloc(sizeof *added);

    added->m = *m;
    hy_mem_message_own(&added->m);
    added->user = hy_mem_user_made(b, m->app_no, m->user);
    hy_vector_insert_sorted(&b->messages, added, hy_mem_message_by_id);
    return added;
}

struct hy_mem_message *hy_mem_message_add(struct hy_backend *b, const struct hy_message *m)
{
    struct hy_mem_message *added = hy_mem_message_keep(b, m);

    hy_mem_broadcast_count(b, &added->m, -1);
    return added;
}

struct hy_mem_grant *hy_mem_grant_keep(struct hy_backend *b, const struct hy_grant *g)
{
    struct hy_mem_grant *added = (struct hy_mem_grant *)hy_mem_alloc(sizeof *added);

    added->g = *g;
    own_texts(&added->g, grant_texts, GRANT_TEXTS);
    added->user = hy_mem_user_made(b, g->app_no, g->user);
    hy_vector_insert_sorted(&b->grants, added, hy_mem_grant_by_id);
    hy_vector_insert_sorted(&added->user->grants, added, hy_mem_grant_by_use);
    hy_mem_regrade(added);
    if (g->template_id)
        hy_map_put(&b->counted, g->app_no, g->template_id, strlen(g->template_id), b);
    if (g->credential)
        hy_map_put(&b->credentials, g->app_no, g->credential, strlen(g->credential), added);
    return added;
}

struct hy_mem_grant *hy_mem_grant_add(struct hy_backend *b, const struct hy_grant *g)
{
    struct hy_grant new = *g;

    new.id = hy_mem_next_id(b, HY_MEM_GRANT_ID);
    return hy_mem_grant_keep(b, &new);
}

void hy_mem_grant_free(void *item)
{
    struct hy_mem_grant *grant = (struct hy_mem_grant *)item;

    free_texts(&grant->g, grant_texts, GRANT_TEXTS);
    free(grant);
}

void hy_mem_message_free(void *item)
{
    struct hy_mem_message *m = (struct hy_mem_message *)item;

    hy_mem_message_disown(&m->m);
    free(m->attempts);
    free(m);
}

void hy_mem_grant_delete(struct hy_backend *b, struct hy_mem_grant *grant)
{
    const char *credential = grant->g.credential;

    hy_vector_remove_sorted(&b->grants, grant, hy_mem_grant_by_id);
    hy_vector_remove_sorted(&grant->user->grants, grant, hy_mem_grant_by_use);
    if (grant->has_free_use)
        hy_vector_remove_sorted(&grant->user->free, grant, hy_mem_grant_by_use);
    if (credential)
        hy_map_remove(&b->credentials, grant->g.app_no, credential, strlen(credential));
    hy_mem_grant_free(grant);
}

/* --- copying ---------------------------------------------------------------------------------- */

const char *hy_mem_copy_text(struct hy_arena *arena, const char *text)
{
    return text ? (const char *)hy_mem_must(hy_arena_strdup(arena, text)) : NULL;
}

void hy_mem_copy_message(struct hy_arena *arena, struct hy_message *into,
                         const struct hy_message *m)
{
    *into = *m;
    copy_texts(arena, into, message_texts, MESSAGE_TEXTS);
}

void hy_mem_copy_grant(struct hy_arena *arena, struct hy_grant *into, const struct hy_grant *g)
{
    *into = *g;
    copy_texts(arena, into, grant_texts, GRANT_TEXTS);
}

void hy_mem_copy_event(struct hy_arena *arena, struct hy_event *into, const struct hy_event *e)
{
    *into = *e;
    into->name = hy_mem_copy_text(arena, e->name);
    into->user = hy_mem_copy_text(arena, e->user);
    into->raw = hy_mem_copy_text(arena, e->raw);
}

void hy_mem_copy_sealed(struct hy_arena *arena, struct hy_sealed *into,
                        const struct hy_sealed *from)
{
    *into = (struct hy_sealed){NULL, from->size};
    if (from->size > 0)
        into->bytes = hy_mem_must(hy_arena_memdup(arena, from->bytes, from->size));
}

void *hy_mem_copy_array(struct hy_arena *arena, size_t count, size_t item_bytes)
{
    return count > 0 ? hy_mem_must(hy_arena_array(arena, count, item_bytes)) : NULL;
}
