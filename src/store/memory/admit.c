#include "store/memory/memory.h"

#include "base/err.h"

#include <string.h>

static struct hy_mem_key_use *key_use(const struct hy_backend *b, const uint8_t *key)
{
    return (struct hy_mem_key_use *)hy_map_get(&b->key_uses, 0, key, HY_FINGERPRINT_BYTES);
}

/* The use of this key that still counts, or null. */
static struct hy_mem_key_use *key_use_now(const struct hy_backend *b, const uint8_t *key,
                                          int64_t now_ms, int64_t window_ms)
{
    struct hy_mem_key_use *use = key ? key_use(b, key) : NULL;

    return use && use->used_at_ms + window_ms > now_ms ? use : NULL;
}

/* HY_E_EXISTS when an item that would be inserted has an id that is taken. */
static int look(const struct hy_backend *b, const struct hy_admit_item *items, size_t count,
                int64_t now_ms, int64_t window_ms)
{
    struct hy_map keys = {0};
    struct hy_map ids = {0};
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        const uint8_t *key = items[i].key;
        int64_t id = items[i].message->id;

        if (key_use_now(b, key, now_ms, window_ms) ||
            (key && hy_map_get(&keys, 0, key, HY_FINGERPRINT_BYTES)))
            continue;
        if (hy_mem_message(b, id) || hy_map_get(&ids, id, NULL, 0))
            r = HY_E_EXISTS;
        hy_map_put(&ids, id, NULL, 0, &ids);
        if (key)
            hy_map_put(&keys, 0, key, HY_FINGERPRINT_BYTES, &keys);
    }
    hy_map_deinit(&keys);
    hy_map_deinit(&ids);
    return r;
}

static void answer_again(const struct hy_mem_key_use *use, struct hy_admit_item *item,
                         struct hy_arena *arena)
{
    if (memcmp(use->body, item->body, HY_FINGERPRINT_BYTES) != 0) {
        item->admission = HY_ADMIT_CONFLICT;
        return;
    }
    item->admission = HY_ADMITTED_BEFORE;
    item->message->id = use->message_id;
    item->message->state = use->state;
    item->message->reason = hy_mem_copy_text(arena, use->reason);
}

static void remember(struct hy_backend *b, const struct hy_admit_item *item, int64_t now_ms)
{
    struct hy_mem_key_use *use = key_use(b, item->key);

    if (!use) {
        use = (struct hy_mem_key_use *)hy_mem_alloc(sizeof *use);
        hy_map_put(&b->key_uses, 0, item->key, HY_FINGERPRINT_BYTES, use);
    }
    memcpy(use->body, item->body, sizeof use->body);
    use->message_id = item->message->id;
    use->state = item->message->state;
    hy_mem_set_text(&use->reason, item->message->reason);
    use->used_at_ms = now_ms;
}

/* What on_missing makes of a due message without a grant. */
static void without_grant(struct hy_message *m, struct hy_mem_missing missing, int64_t now_ms)
{
    if (m->on_missing == HY_ON_MISSING_TRY)
        return;
    m->state = m->on_missing == HY_ON_MISSING_FAIL ? HY_MESSAGE_FAILED : HY_MESSAGE_WAITING;
    m->settled_at_ms = m->state == HY_MESSAGE_FAILED ? now_ms : 0;
    m->due_at_ms = m->state == HY_MESSAGE_WAITING ? missing.due_at_ms : 0;
    m->reason = missing.reason;
}

struct hy_mem_message *hy_mem_admit_one(struct hy_backend *b, const struct hy_message *m,
                                        int64_t now_ms, int64_t margin_ms)
{
    struct hy_message new = *m;
    struct hy_mem_user *user = hy_mem_user_made(b, new.app_no, new.user);
    struct hy_mem_grant *grant = NULL;
    struct hy_mem_message *stored;

    new.state = HY_MESSAGE_QUEUED;
    new.reason = NULL;
    new.grant_id = 0;
    new.due_at_ms = new.send_at_ms > now_ms ? new.send_at_ms : now_ms;
    new.settled_at_ms = 0;
    new.attempt_count = 0;
    new.in_doubt = false;
    new.msgid = 0;
    if (new.send_at_ms <= now_ms) {
        grant = hy_mem_usable(user, &new, now_ms, margin_ms);
        if (!grant)
            without_grant(&new, hy_mem_missing(b, user, &new, now_ms, margin_ms), now_ms);
    }
    stored = hy_mem_message_add(b, &new);
    if (grant)
        hy_mem_hold(stored, grant);
    hy_mem_place(b, stored);
    hy_mem_tell_message(b, &stored->m, now_ms);
    return stored;
}

static void admit_item(struct hy_backend *b, struct hy_admit_item *item, int64_t now_ms,
                       struct hy_arena *arena)
{
    const struct hy_message *stored =
        &hy_mem_admit_one(b, item->message, now_ms, item->margin_ms)->m;

    item->admission = HY_ADMITTED;
    item->message->state = stored->state;
    item->message->reason = hy_mem_copy_text(arena, stored->reason);
    item->message->grant_id = stored->grant_id;
    item->message->due_at_ms = stored->due_at_ms;
}

int hy_mem_admit_items(struct hy_backend *b, struct hy_admit_item *items, size_t count,
                       int64_t now_ms, int64_t key_window_ms, struct hy_arena *arena)
{
    int r = look(b, items, count, now_ms, key_window_ms);

    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        const struct hy_mem_key_use *use = key_use_now(b, items[i].key, now_ms, key_window_ms);

        if (use) {
            answer_again(use, &items[i], arena);
            continue;
        }
        if (items[i].repeat_only ||
            (items[i].message->expires_at_ms && items[i].message->expires_at_ms <= now_ms)) {
            items[i].admission = HY_ADMIT_LATE;
            continue;
        }
        admit_item(b, &items[i], now_ms, arena);
        if (items[i].key)
            remember(b, &items[i], now_ms);
    }
    return 0;
}

int hy_mem_admit(struct hy_backend *b, struct hy_op *op)
{
    struct hy_admit *v = (struct hy_admit *)op;

    return hy_mem_admit_items(b, v->items, v->count, v->now_ms, v->key_window_ms, v->arena);
}
