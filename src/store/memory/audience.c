/* To whom a broadcast goes, and how users become messages: broadcasts.h. */
#include "store/memory/memory.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* --- who is in it ----------------------------------------------------------------------------- */

void hy_mem_listener_free(void *item)
{
    struct hy_mem_listener *listener = (struct hy_mem_listener *)item;

    free(listener->user);
    free(listener->data);
    free(listener);
}

/* By user; of one user, as they were told. */
static int by_item(const void *a, const void *b)
{
    const struct hy_audience_item *ia = (const struct hy_audience_item *)a;
    const struct hy_audience_item *ib = (const struct hy_audience_item *)b;
    int users = strcmp(ia->user, ib->user);

    return users ? users : (ia > ib) - (ia < ib);
}

static struct hy_mem_listener *new_listener(const struct hy_audience_item *item)
{
    struct hy_mem_listener *listener = (struct hy_mem_listener *)hy_mem_alloc(sizeof *listener);

    listener->user = hy_mem_text(item->user);
    listener->data = hy_mem_text(item->data);
    return listener;
}

static bool is_last(const struct hy_vector *audience, const char *user)
{
    return audience->count > 0 &&
           strcmp(((const struct hy_mem_listener *)audience->items[audience->count - 1])->user,
                  user) == 0;
}

/* Merges two sorted lists: an audience of many thousands is joined in many pieces. */
void hy_mem_audience_join(struct hy_mem_broadcast *broadcast, const struct hy_audience_item *items,
                          size_t count, size_t *ret_added, size_t *ret_duplicates)
{
    struct hy_vector old = broadcast->audience, new = {0}, joined = {0};
    size_t at = 0;

    *ret_added = *ret_duplicates = 0;
    for (size_t i = 0; i < count; i++)
        hy_vector_push(&new, (void *)(uintptr_t)&items[i]);
    hy_vector_sort(&new, by_item);
    for (size_t i = 0; i < new.count; i++) {
        const struct hy_audience_item *item = (const struct hy_audience_item *)new.items[i];

        while (at < old.count &&
               strcmp(((const struct hy_mem_listener *)old.items[at])->user, item->user) <= 0)
            hy_vector_push(&joined, old.items[at++]);
        if (is_last(&joined, item->user)) {
            (*ret_duplicates)++;
            continue;
        }
        hy_vector_push(&joined, new_listener(item));
        (*ret_added)++;
    }
    while (at < old.count)
        hy_vector_push(&joined, old.items[at++]);
    hy_vector_deinit(&old);
    hy_vector_deinit(&new);
    broadcast->audience = joined;
    broadcast->b.total += (int64_t)*ret_added;
    broadcast->b.duplicates += (int64_t)*ret_duplicates;
}

/* The first `count` of it. */
static void drop(struct hy_vector *audience, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hy_mem_listener_free(audience->items[i]);
    audience->count -= count;
    if (count > 0)
        memmove(audience->items, audience->items + count,
                audience->count * sizeof *audience->items);
}

int hy_mem_audience_add(struct hy_backend *b, struct hy_op *op)
{
    struct hy_audience_add *v = (struct hy_audience_add *)op;
    struct hy_mem_broadcast *broadcast = hy_mem_broadcast(b, v->broadcast_id);

    if (!broadcast)
        return HY_E_NOT_FOUND;
    if (broadcast->b.state != HY_BROADCAST_DRAFT || broadcast->b.reach)
        return HY_E_CONFLICT;
    hy_mem_audience_join(broadcast, v->items, v->count, &v->added, &v->duplicates);
    return 0;
}

/* --- collecting the reach --------------------------------------------------------------------- */

struct finding {
    int64_t app_no;
    const char *after; /* or null */
    struct hy_vector users;
};

static void find_user(void *value, void *arg)
{
    struct hy_mem_user *user = (struct hy_mem_user *)value;
    struct finding *f = (struct finding *)arg;

    if (user->app_no == f->app_no && user->grants.count > 0 &&
        (!f->after || strcmp(user->name, f->after) > 0))
        hy_vector_push(&f->users, user);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct hy_mem_user *)a)->name, ((const struct hy_mem_user *)b)->name);
}

/* By what the template of a broadcast is reached, and when. */
struct reaching {
    const char *template_id;
    bool by_counters;
    int64_t now_ms, margin_ms;
};

static struct reaching reaching(const struct hy_backend *b, const struct hy_broadcast *broadcast,
                                int64_t now_ms, int64_t margin_ms)
{
    const struct hy_message *m = &broadcast->message;

    return (struct reaching){
        .template_id = m->template_id,
        .by_counters = hy_mem_by_counters(b, broadcast->app_no, m->template_id, m->template_kind),
        .now_ms = now_ms,
        .margin_ms = margin_ms};
}

static bool is_reached(const struct reaching *r, const struct hy_mem_user *user)
{
    return user &&
           hy_mem_free_uses(user, r->template_id, r->by_counters, r->now_ms, r->margin_ms) > 0;
}

/* Adds the first of `users`, until `limit` grants were looked at. Returns how many users that
 * are. */
static size_t collect(struct hy_backend *b, struct hy_audience_collect *v,
                      struct hy_mem_broadcast *broadcast, const struct hy_vector *users)
{
    struct reaching r = reaching(b, &broadcast->b, v->now_ms, v->margin_ms);
    struct hy_audience_item *items =
        (struct hy_audience_item *)hy_mem_alloc((users->count + 1) * sizeof *items);
    size_t grants = 0, count = 0, duplicates, i;

    for (i = 0; i < users->count && grants < v->limit; i++) {
        const struct hy_mem_user *user = (const struct hy_mem_user *)users->items[i];

        grants += user->grants.count;
        if (is_reached(&r, user))
            items[count++].user = user->name;
        hy_mem_set_text(&broadcast->b.collect_from, user->name);
    }
    hy_mem_audience_join(broadcast, items, count, &v->added, &duplicates);
    free(items);
    return i;
}

int hy_mem_audience_collect(struct hy_backend *b, struct hy_op *op)
{
    struct hy_audience_collect *v = (struct hy_audience_collect *)op;
    struct hy_mem_broadcast *broadcast = hy_mem_broadcast(b, v->broadcast_id);
    struct finding f = {0};

    if (!broadcast)
        return HY_E_NOT_FOUND;
    if (broadcast->b.state != HY_BROADCAST_RUNNING || broadcast->b.collected)
        return HY_E_CONFLICT;
    f.app_no = broadcast->b.app_no;
    f.after = broadcast->b.collect_from;
    hy_map_each(&b->users, find_user, &f);
    hy_vector_sort(&f.users, by_name);
    broadcast->b.collected = collect(b, v, broadcast, &f.users) == f.users.count;
    v->collected = broadcast->b.collected;
    hy_vector_deinit(&f.users);
    return 0;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void look_at(struct hy_audience_look *v, bool reached,
                    const struct hy_mem_listener *listener)
{
    struct hy_audience_item *sample;

    v->users++;
    v->reachable += reached;
    if (v->sample_count == sizeof v->samples / sizeof *v->samples)
        return;
    sample = &v->samples[v->sample_count++];
    sample->user = hy_mem_copy_text(v->arena, listener->user);
    sample->data = hy_mem_copy_text(v->arena, listener->data);
}

static const struct hy_mem_listener *listener_at(const struct hy_mem_broadcast *broadcast,
                                                 size_t at)
{
    return (const struct hy_mem_listener *)broadcast->audience.items[at];
}

int hy_mem_audience_look(struct hy_backend *b, struct hy_op *op)
{
    struct hy_audience_look *v = (struct hy_audience_look *)op;
    const struct hy_mem_broadcast *broadcast = hy_mem_broadcast(b, v->broadcast_id);
    struct reaching r;
    size_t at = 0;

    if (!broadcast)
        return HY_E_NOT_FOUND;
    r = reaching(b, &broadcast->b, v->now_ms, v->margin_ms);
    v->users = v->reachable = v->sample_count = 0;
    while (v->after && at < broadcast->audience.count &&
           strcmp(listener_at(broadcast, at)->user, v->after) <= 0)
        at++;
    for (; at < broadcast->audience.count && v->users < v->limit; at++) {
        const struct hy_mem_listener *listener = listener_at(broadcast, at);

        look_at(v, is_reached(&r, hy_mem_user(b, broadcast->b.app_no, listener->user)), listener);
    }
    v->last =
        v->users > 0 ? hy_mem_copy_text(v->arena, listener_at(broadcast, at - 1)->user) : NULL;
    v->more = at < broadcast->audience.count;
    return 0;
}

/* --- feeding ---------------------------------------------------------------------------------- */

/* Past the broadcast's own end nobody is to get one any more. */
static struct hy_mem_message *add_expired(struct hy_backend *b, struct hy_message *m,
                                          int64_t now_ms)
{
    struct hy_mem_message *stored;

    m->state = HY_MESSAGE_EXPIRED;
    m->settled_at_ms = now_ms;
    stored = hy_mem_message_add(b, m);
    hy_mem_place(b, stored);
    hy_mem_tell_message(b, &stored->m, now_ms);
    return stored;
}

static void feed_one(struct hy_backend *b, struct hy_broadcast_feed *v,
                     struct hy_mem_broadcast *broadcast, const struct hy_mem_listener *listener)
{
    struct hy_message m = broadcast->b.message;
    const struct hy_mem_message *stored;

    m.id = v->ids[v->fed++];
    m.app_no = broadcast->b.app_no;
    m.user = listener->user;
    if (listener->data)
        m.data = listener->data;
    else if (!m.data)
        m.data = "{}";
    m.template_kind = v->template_kind;
    m.broadcast_id = broadcast->b.id;
    m.accepted_at_ms = v->now_ms;
    broadcast->b.fed++;
    if (m.expires_at_ms > 0 && m.expires_at_ms <= v->now_ms)
        stored = add_expired(b, &m, v->now_ms);
    else
        stored = hy_mem_admit_one(b, &m, v->now_ms, v->margin_ms);
    v->due += stored->m.state == HY_MESSAGE_QUEUED;
}

int hy_mem_broadcast_feed(struct hy_backend *b, struct hy_op *op)
{
    struct hy_broadcast_feed *v = (struct hy_broadcast_feed *)op;
    struct hy_mem_broadcast *broadcast = hy_mem_broadcast(b, v->broadcast_id);
    size_t count;

    if (!broadcast)
        return HY_E_NOT_FOUND;
    if (broadcast->b.state != HY_BROADCAST_RUNNING)
        return HY_E_CONFLICT;
    count = broadcast->audience.count < v->limit ? broadcast->audience.count : v->limit;
    for (size_t i = 0; i < count; i++)
        if (hy_mem_message(b, v->ids[i]))
            return HY_E_EXISTS;
    v->fed = v->due = 0;
    for (size_t i = 0; i < count; i++)
        feed_one(b, v, broadcast, (const struct hy_mem_listener *)broadcast->audience.items[i]);
    drop(&broadcast->audience, count);
    v->left = broadcast->audience.count > 0;
    return 0;
}

/* --- winding up ------------------------------------------------------------------------------- */

static bool is_unsent(const struct hy_mem_message *m)
{
    return m->m.state == HY_MESSAGE_QUEUED || m->m.state == HY_MESSAGE_WAITING;
}

/* At most `limit` of them; true when there are more. */
static bool cancel_some(struct hy_backend *b, int64_t broadcast_id, size_t limit, int64_t now_ms)
{
    for (size_t i = 0; i < b->messages.count; i++) {
        struct hy_mem_message *m = (struct hy_mem_message *)b->messages.items[i];

        if (m->m.broadcast_id != broadcast_id || !is_unsent(m))
            continue;
        if (limit-- == 0)
            return true;
        hy_mem_end_unsent(b, m, HY_MESSAGE_CANCELED, "broadcast_canceled", now_ms);
        hy_mem_wake(b, m->user, now_ms, 0);
    }
    return false;
}

int hy_mem_broadcast_wind_up(struct hy_backend *b, struct hy_op *op)
{
    struct hy_broadcast_wind_up *v = (struct hy_broadcast_wind_up *)op;
    struct hy_mem_broadcast *broadcast = hy_mem_broadcast(b, v->broadcast_id);
    size_t count;

    if (!broadcast)
        return HY_E_NOT_FOUND;
    if (!broadcast->b.winding_up)
        return HY_E_CONFLICT;
    b->freed = 0;
    count = broadcast->audience.count < v->limit ? broadcast->audience.count : v->limit;
    drop(&broadcast->audience, count);
    v->left = broadcast->audience.count > 0 ||
              cancel_some(b, broadcast->b.id, v->limit - count, v->now_ms);
    v->sending = (size_t)broadcast->b.messages[HY_MESSAGE_SENDING];
    broadcast->b.winding_up = v->left || v->sending > 0;
    v->freed = b->freed;
    return 0;
}
