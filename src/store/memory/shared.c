#include "store/memory/shared.h"

#include "base/err.h"
#include "store/memory/nodes.h"

#include <assert.h>
#include <stdlib.h>

static struct hy_mem_seat *seat_of(struct hy_backend *backend)
{
    return (struct hy_mem_seat *)(void *)backend;
}

/* --- what recover may touch ------------------------------------------------------------------- */

static bool is_in_use(const struct hy_backend *b, int64_t app_no)
{
    const struct hy_mem_app *app = hy_mem_app(b, app_no);

    return app && app->app.deleted_at_ms == 0;
}

static bool is_left(const struct hy_backend *b, const struct hy_mem_message *m)
{
    int64_t holder = hy_mem_holder(b->shared, HY_HOLD_APP, m->m.app_no);

    if (holder != 0)
        return holder == b->node && m->claimed_by != b->node;
    return !hy_mem_node(b->shared, m->claimed_by) && (b->node == 0 || !is_in_use(b, m->m.app_no));
}

/* --- a seat's transactions and verbs ---------------------------------------------------------- */

static int begin_unfenced(struct hy_backend *backend)
{
    return 0;
}

static int begin(struct hy_backend *backend)
{
    const struct hy_mem_seat *seat = seat_of(backend);

    return seat->left || (seat->node != 0 && !hy_mem_node(seat->shared, seat->node)) ? HY_E_FENCED
                                                                                     : 0;
}

static int commit(struct hy_backend *backend)
{
    return 0;
}

/* Nothing asks for it: memory.h. */
static void rollback(struct hy_backend *backend)
{
    abort();
}

static int audit(struct hy_backend *backend, const struct hy_audit *audit)
{
    return hy_backend_memory.audit(seat_of(backend)->shared->data, audit);
}

static int run_read(struct hy_backend *backend, struct hy_op *op)
{
    return hy_backend_memory.verbs[op->verb](seat_of(backend)->shared->data, op);
}

static void note_tellings(struct hy_mem_seat *seat, const struct hy_op *op)
{
    if (op->verb == HY_VERB_OUTBOX_CLAIM)
        hy_mem_telling_begun(seat->shared, (const struct hy_outbox_claim *)op);
    else if (op->verb == HY_VERB_OUTBOX_SETTLE)
        hy_mem_telling_ended(seat->shared, (const struct hy_outbox_settle *)op);
}

static int run_write(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_mem_seat *seat = seat_of(backend);
    struct hy_backend *data = seat->shared->data;
    struct hy_mem_dues dues = {{0}};
    int r;

    hy_mem_dues_note(data, &dues);
    data->node = seat->node;
    r = hy_backend_memory.verbs[op->verb](data, op);
    hy_mem_dues_tell(seat, &dues);
    if (r == 0) {
        note_tellings(seat, op);
        hy_mem_news_of(seat, op);
    }
    return r;
}

static int run_beat(struct hy_backend *backend, struct hy_op *op)
{
    return hy_mem_node_beat(seat_of(backend), (struct hy_node_beat *)op);
}

static int run_leave(struct hy_backend *backend, struct hy_op *op)
{
    return hy_mem_node_leave(seat_of(backend));
}

static int run_nodes(struct hy_backend *backend, struct hy_op *op)
{
    return hy_mem_nodes_list(seat_of(backend)->shared, (struct hy_nodes *)op);
}

static int run_changes(struct hy_backend *backend, struct hy_op *op)
{
    const struct hy_mem_shared *shared = seat_of(backend)->shared;

    for (enum hy_news news = 0; news < HY_NEWS_KINDS; news++)
        ((struct hy_changes *)op)->counts[news] = shared->counts[news];
    return 0;
}

/* --- a seat ----------------------------------------------------------------------------------- */

static void empty_inbox(struct hy_mem_seat *seat)
{
    for (size_t i = 0; i < seat->inbox.count; i++)
        free(seat->inbox.items[i]);
    seat->inbox.count = 0;
}

static void watch(struct hy_backend *backend, hy_store_news *tell, void *arg)
{
    struct hy_mem_seat *seat = seat_of(backend);

    seat->tell = tell;
    seat->arg = arg;
    empty_inbox(seat);
}

static bool deliver(struct hy_backend *backend)
{
    return hy_mem_news_deliver(seat_of(backend));
}

static void close_seat(struct hy_backend *backend)
{
    struct hy_mem_seat *seat = seat_of(backend);
    struct hy_vector *seats = &seat->shared->seats;

    for (size_t i = 0; i < seats->count; i++)
        if (seats->items[i] == seat)
            hy_vector_remove(seats, i);
    empty_inbox(seat);
    hy_vector_deinit(&seat->inbox);
    free(seat);
}

static const struct hy_backend_ops *shared_ops(void)
{
    static struct hy_backend_ops ops = {.name = "memory",
                                        .prefix = "memory:",
                                        .close = close_seat,
                                        .begin = begin,
                                        .begin_unfenced = begin_unfenced,
                                        .commit = commit,
                                        .rollback = rollback,
                                        .audit = audit,
                                        .watch = watch,
                                        .deliver = deliver};

    for (enum hy_verb verb = 0; verb < HY_VERB_COUNT; verb++)
        ops.verbs[verb] = verb < HY_VERB_WRITES ? run_write : run_read;
    ops.verbs[HY_VERB_NODE_BEAT] = run_beat;
    ops.verbs[HY_VERB_NODE_LEAVE] = run_leave;
    ops.verbs[HY_VERB_NODES] = run_nodes;
    ops.verbs[HY_VERB_CHANGES] = run_changes;
    return &ops;
}

int hy_mem_shared_open(struct hy_mem_shared *shared, struct hy_store **ret_store)
{
    struct hy_mem_seat *seat = (struct hy_mem_seat *)hy_mem_alloc(sizeof *seat);
    int r;

    seat->shared = shared;
    r = hy_store_open_on(shared_ops(), (struct hy_backend *)(void *)seat, ret_store);
    if (r < 0)
        free(seat);
    else
        hy_vector_push(&shared->seats, seat);
    return r;
}

/* --- what they share -------------------------------------------------------------------------- */

struct hy_mem_shared *hy_mem_shared_new(void)
{
    struct hy_mem_shared *shared = (struct hy_mem_shared *)hy_mem_alloc(sizeof *shared);

    hy_mem_must(hy_backend_memory.open("", &shared->data, NULL, 0) == 0 ? shared : NULL);
    shared->data->shared = shared;
    shared->data->is_left = is_left;
    return shared;
}

void hy_mem_shared_free(struct hy_mem_shared *shared)
{
    if (!shared)
        return;
    assert(shared->seats.count == 0);
    hy_backend_memory.close(shared->data);
    hy_mem_nodes_free(shared);
    hy_mem_tellings_free(shared);
    hy_vector_deinit(&shared->seats);
    free(shared);
}

void hy_mem_shared_mute(struct hy_mem_shared *shared, bool mute)
{
    bool ends = shared->mute && !mute;

    shared->mute = mute;
    for (size_t i = 0; ends && i < shared->seats.count; i++)
        hy_mem_news_put((struct hy_mem_seat *)shared->seats.items[i], HY_NEWS_KINDS, 0, 0);
}
