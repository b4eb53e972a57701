/* Who lives and who holds what, for several stores on one memory backend: shared.h. */
#include "store/memory/nodes.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* --- nodes ------------------------------------------------------------------------------------ */

struct hy_node *hy_mem_node(const struct hy_mem_shared *shared, int64_t node)
{
    for (size_t i = 0; i < shared->nodes.count; i++) {
        struct hy_node *n = (struct hy_node *)shared->nodes.items[i];

        if (n->node == node)
            return n;
    }
    return NULL;
}

static void free_node(struct hy_node *n)
{
    hy_mem_free_text(n->name);
    hy_mem_free_text(n->version);
    hy_mem_free_text(n->report);
    free(n);
}

static bool slot_is_free(const struct hy_mem_shared *shared, int slot)
{
    for (size_t i = 0; i < shared->nodes.count; i++)
        if (((const struct hy_node *)shared->nodes.items[i])->slot == slot)
            return false;
    return true;
}

/* The first free one from the number's own on, so that a slot rests as long as it can. -1: none. */
static int find_slot(const struct hy_mem_shared *shared, int64_t node)
{
    enum { SLOTS = HY_MESSAGE_NODE_MAX + 1 };

    for (int i = 0; i < SLOTS; i++) {
        int slot = (int)((node - 1 + i) % SLOTS);

        if (slot_is_free(shared, slot))
            return slot;
    }
    return -1;
}

/* Null: no slot is free. */
static struct hy_node *join(struct hy_mem_shared *shared, int64_t now_ms)
{
    int slot = find_slot(shared, shared->last_node + 1);
    struct hy_node *n;

    if (slot < 0)
        return NULL;
    n = (struct hy_node *)hy_mem_alloc(sizeof *n);
    n->node = ++shared->last_node;
    n->slot = slot;
    n->started_ms = now_ms;
    hy_vector_push(&shared->nodes, n);
    return n;
}

/* --- holds ------------------------------------------------------------------------------------ */

static int by_kind_and_id(const void *a, const void *b)
{
    const struct hy_hold *ha = (const struct hy_hold *)a;
    const struct hy_hold *hb = (const struct hy_hold *)b;

    if (ha->kind != hb->kind)
        return ha->kind < hb->kind ? -1 : 1;
    return ha->id < hb->id ? -1 : ha->id > hb->id;
}

static struct hy_hold *find_hold(const struct hy_mem_shared *shared, enum hy_hold_kind kind,
                                 int64_t id, size_t *ret_at)
{
    struct hy_hold wanted = {.kind = kind, .id = id};
    struct hy_hold *found;

    *ret_at = hy_vector_place(&shared->holds, &wanted, by_kind_and_id);
    if (*ret_at == shared->holds.count)
        return NULL;
    found = (struct hy_hold *)shared->holds.items[*ret_at];
    return found->kind == kind && found->id == id ? found : NULL;
}

int64_t hy_mem_holder(const struct hy_mem_shared *shared, enum hy_hold_kind kind, int64_t id)
{
    size_t at;
    const struct hy_hold *hold = find_hold(shared, kind, id, &at);

    return hold ? hold->node : 0;
}

static void end_hold(struct hy_mem_shared *shared, size_t at)
{
    free(shared->holds.items[at]);
    hy_vector_remove(&shared->holds, at);
}

static bool exists(const struct hy_backend *b, enum hy_hold_kind kind, int64_t id)
{
    const struct hy_mem_app *app = kind == HY_HOLD_APP ? hy_mem_app(b, id) : NULL;

    return kind == HY_HOLD_APP ? app && app->app.deleted_at_ms == 0 : hy_mem_webhook(b, id) != NULL;
}

/* Of what is deleted. */
static bool drop_stale(struct hy_mem_shared *shared)
{
    size_t before = shared->holds.count;

    for (size_t i = before; i > 0; i--) {
        const struct hy_hold *hold = (const struct hy_hold *)shared->holds.items[i - 1];

        if (!exists(shared->data, hold->kind, hold->id))
            end_hold(shared, i - 1);
    }
    return shared->holds.count < before;
}

/* The node and all that it holds. */
static void remove_node(struct hy_mem_shared *shared, struct hy_node *n)
{
    for (size_t i = shared->holds.count; i > 0; i--)
        if (((const struct hy_hold *)shared->holds.items[i - 1])->node == n->node)
            end_hold(shared, i - 1);
    for (size_t i = 0; i < shared->nodes.count; i++)
        if (shared->nodes.items[i] == n)
            hy_vector_remove(&shared->nodes, i);
    free_node(n);
}

static size_t remove_over(struct hy_mem_shared *shared, int64_t now_ms)
{
    size_t removed = 0;

    for (size_t i = shared->nodes.count; i > 0; i--) {
        struct hy_node *n = (struct hy_node *)shared->nodes.items[i - 1];

        if (n->lease_until_ms > now_ms)
            continue;
        remove_node(shared, n);
        removed++;
    }
    return removed;
}

/* --- beat ------------------------------------------------------------------------------------- */

struct beating {
    struct hy_mem_shared *shared;
    struct hy_node *self;
    const struct hy_node_beat *verb;
    bool moved; /* a hold */
};

static void give_back(struct beating *b)
{
    for (size_t i = 0; i < b->verb->give_back_count; i++) {
        const struct hy_hold *given = &b->verb->give_back[i];
        size_t at;
        const struct hy_hold *hold = find_hold(b->shared, given->kind, given->id, &at);

        if (!hold || hold->node != b->self->node)
            continue;
        end_hold(b->shared, at);
        b->moved = true;
    }
}

static bool was_given_back(const struct hy_node_beat *v, enum hy_hold_kind kind, int64_t id)
{
    for (size_t i = 0; i < v->give_back_count; i++)
        if (v->give_back[i].kind == kind && v->give_back[i].id == id)
            return true;
    return false;
}

static size_t rank_of(const struct hy_mem_shared *shared, const struct hy_node *n)
{
    size_t rank = 0;

    while (shared->nodes.items[rank] != n)
        rank++;
    return rank;
}

static size_t share_of(const struct beating *b, size_t total)
{
    size_t nodes = b->shared->nodes.count;

    return total / nodes + (rank_of(b->shared, b->self) < total % nodes);
}

static size_t held_by(const struct hy_mem_shared *shared, enum hy_hold_kind kind, int64_t node)
{
    size_t count = 0;

    for (size_t i = 0; i < shared->holds.count; i++) {
        const struct hy_hold *hold = (const struct hy_hold *)shared->holds.items[i];

        count += hold->kind == kind && hold->node == node;
    }
    return count;
}

static void take(struct beating *b, enum hy_hold_kind kind, int64_t id)
{
    struct hy_hold *hold = (struct hy_hold *)hy_mem_alloc(sizeof *hold);

    *hold = (struct hy_hold){
        .kind = kind, .id = id, .node = b->self->node, .since_ms = b->self->beat_ms};
    hy_vector_insert_sorted(&b->shared->holds, hold, by_kind_and_id);
    b->moved = true;
    if (kind == HY_HOLD_WEBHOOK)
        hy_mem_tellings_end(b->shared, id, b->self->beat_ms);
}

static int64_t id_at(const struct hy_backend *data, enum hy_hold_kind kind, size_t i)
{
    return kind == HY_HOLD_APP ? ((const struct hy_mem_app *)data->apps.items[i])->app.no
                               : ((const struct hy_webhook *)data->webhooks.items[i])->id;
}

/* Returns how many more than its share it holds. */
static size_t take_share(struct beating *b, enum hy_hold_kind kind)
{
    const struct hy_backend *data = b->shared->data;
    const struct hy_vector *all = kind == HY_HOLD_APP ? &data->apps : &data->webhooks;
    size_t total = 0, held = held_by(b->shared, kind, b->self->node), share;

    for (size_t i = 0; i < all->count; i++)
        total += exists(data, kind, id_at(data, kind, i));
    share = share_of(b, total);
    for (size_t i = 0; i < all->count && held < share; i++) {
        int64_t id = id_at(data, kind, i);

        if (!exists(data, kind, id) || hy_mem_holder(b->shared, kind, id) != 0 ||
            was_given_back(b->verb, kind, id))
            continue;
        take(b, kind, id);
        held++;
    }
    return held > share ? held - share : 0;
}

static void renew(struct hy_node *n, const struct hy_node_beat *v, int64_t now_ms)
{
    hy_mem_set_text(&n->name, v->name);
    hy_mem_set_text(&n->version, v->version);
    hy_mem_set_text(&n->report, v->report);
    n->beat_ms = now_ms;
    n->lease_until_ms = now_ms + v->lease_ms;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void copy_node(const struct hy_mem_shared *shared, const struct hy_node *n,
                      struct hy_arena *arena, struct hy_node *into)
{
    *into = *n;
    into->name = hy_mem_copy_text(arena, n->name);
    into->version = hy_mem_copy_text(arena, n->version);
    into->report = hy_mem_copy_text(arena, n->report);
    into->apps = (int64_t)held_by(shared, HY_HOLD_APP, n->node);
    into->webhooks = (int64_t)held_by(shared, HY_HOLD_WEBHOOK, n->node);
}

/* Of one node, or of all (0). */
static size_t copy_holds(const struct hy_mem_shared *shared, int64_t node, struct hy_arena *arena,
                         struct hy_hold **ret_holds)
{
    size_t count = 0;

    *ret_holds =
        (struct hy_hold *)hy_mem_copy_array(arena, shared->holds.count, sizeof **ret_holds);
    for (size_t i = 0; i < shared->holds.count; i++) {
        const struct hy_hold *hold = (const struct hy_hold *)shared->holds.items[i];

        if (node == 0 || hold->node == node)
            (*ret_holds)[count++] = *hold;
    }
    return count;
}

/* --- the verbs -------------------------------------------------------------------------------- */

int hy_mem_node_beat(struct hy_mem_seat *seat, struct hy_node_beat *v)
{
    struct hy_mem_shared *shared = seat->shared;
    int64_t now_ms = v->now_ms > 0 ? v->now_ms : hy_clock_now_ms();
    size_t removed = remove_over(shared, now_ms);
    struct beating b = {.shared = shared, .verb = v, .moved = removed > 0};

    if (now_ms > shared->now_ms)
        shared->now_ms = now_ms;
    b.moved = drop_stale(shared) || b.moved;
    b.self = seat->left ? NULL : hy_mem_node(shared, seat->node);
    v->renewed = b.self != NULL;
    if (!b.self)
        b.self = join(shared, now_ms);
    if (!b.self)
        return HY_E_LIMIT;
    seat->node = b.self->node;
    seat->left = false;
    renew(b.self, v, now_ms);
    give_back(&b);
    for (enum hy_hold_kind kind = 0; kind < HY_HOLD_KINDS; kind++)
        v->surplus[kind] = take_share(&b, kind);
    copy_node(shared, b.self, v->arena, &v->self);
    v->hold_count = copy_holds(shared, b.self->node, v->arena, &v->holds);
    v->nodes = shared->nodes.count;
    v->removed = removed;
    if (b.moved)
        hy_mem_news_tell(seat, HY_NEWS_HOLDS, 0);
    return 0;
}

int hy_mem_node_leave(struct hy_mem_seat *seat)
{
    struct hy_node *n = seat->left ? NULL : hy_mem_node(seat->shared, seat->node);

    seat->left = seat->node != 0;
    if (!n)
        return 0;
    remove_node(seat->shared, n);
    hy_mem_news_tell(seat, HY_NEWS_HOLDS, 0);
    return 0;
}

int hy_mem_nodes_list(struct hy_mem_shared *shared, struct hy_nodes *v)
{
    v->now_ms = shared->now_ms;
    v->schema = 0;
    v->count = shared->nodes.count;
    v->nodes = (struct hy_node *)hy_mem_copy_array(v->arena, v->count, sizeof *v->nodes);
    for (size_t i = 0; i < v->count; i++)
        copy_node(shared, (const struct hy_node *)shared->nodes.items[i], v->arena, &v->nodes[i]);
    v->hold_count = copy_holds(shared, 0, v->arena, &v->holds);
    return 0;
}

void hy_mem_nodes_free(struct hy_mem_shared *shared)
{
    for (size_t i = 0; i < shared->nodes.count; i++)
        free_node((struct hy_node *)shared->nodes.items[i]);
    for (size_t i = 0; i < shared->holds.count; i++)
        free(shared->holds.items[i]);
    hy_vector_deinit(&shared->nodes);
    hy_vector_deinit(&shared->holds);
}
