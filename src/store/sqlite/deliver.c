/* The outbox: what is told, tried again, given up. */
#include "base/err.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/verbs.h"
#include "store/webhooks.h"

int hy_sqlite_outbox_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_outcome *o = &((struct hy_outbox_put *)op)->outcome;
    struct hy_query q;
    int64_t one;
    int r;

    hy_query_open(s, SQL_WEBHOOK_EXISTS, &q);
    hy_put_int(&q, o->webhook_id);
    r = hy_query_int(&q, &one);
    return r < 0 ? r : hy_outbox_add(s, o);
}

/* --- claim ------------------------------------------------------------------------------------ */

/* Appends what is due of a lane; texts in the verb's arena. */
static int fetch(struct hy_sqlite *s, struct hy_outbox_claim *v, const struct hy_outbox_lane *lane,
                 size_t *capacity)
{
    void *claimed = v->claimed;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_OUTBOX_DUE, &q);
    hy_put_int(&q, lane->webhook_id);
    hy_put_int(&q, v->now_ms);
    hy_put_int(&q, (int64_t)lane->capacity);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_outbox_claimed *c =
            hy_query_room(&q, v->arena, &claimed, v->count, capacity, sizeof *c);

        if (!c)
            return HY_E_NOMEM;
        v->claimed = claimed;
        v->count++;
        hy_outbox_read(&q, v->arena, &c->outcome);
    }
    return r;
}

static int lease(struct hy_sqlite *s, int64_t id, int64_t until_ms)
{
    struct hy_query q;

    hy_query_open(s, SQL_OUTBOX_LEASE, &q);
    hy_put_int(&q, until_ms);
    hy_put_int(&q, id);
    return hy_query_run(&q);
}

static int read_event(struct hy_sqlite *s, struct hy_arena *arena, int64_t id, struct hy_event *e)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_EVENT_GET, &q);
    hy_put_int(&q, id);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    e->id = hy_get_int(&q);
    e->app_no = hy_get_int(&q);
    e->name = hy_get_text(&q, arena);
    e->user = hy_get_text(&q, arena);
    e->raw = hy_get_text(&q, arena);
    e->created_at_ms = hy_get_int(&q);
    e->received_at_ms = hy_get_int(&q);
    return hy_query_close(&q);
}

/* With what the outcome is about, as far as that is kept. */
static int take(struct hy_sqlite *s, struct hy_outbox_claim *v, struct hy_outbox_claimed *c)
{
    int r = lease(s, c->outcome.id, v->lease_until_ms);

    if (r == 0 && c->outcome.message_id > 0) {
        r = hy_read_message(s, c->outcome.message_id, v->arena, &c->message);
        r = r == HY_E_NOT_FOUND ? 0 : r;
    }
    if (r == 0 && c->outcome.event_id > 0)
        r = read_event(s, v->arena, c->outcome.event_id, &c->event);
    c->outcome.due_at_ms = v->lease_until_ms;
    return r;
}

static int next_due(struct hy_sqlite *s, struct hy_outbox_lane *lane)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_OUTBOX_NEXT_DUE, &q);
    hy_put_int(&q, lane->webhook_id);
    r = hy_query_int(&q, &lane->next_due_ms);
    if (r != HY_E_NOT_FOUND)
        return r;
    lane->next_due_ms = 0;
    return 0;
}

int hy_sqlite_outbox_claim(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_outbox_claim *v = (struct hy_outbox_claim *)op;
    size_t capacity = 0, taken = 0;
    int r = 0;

    v->claimed = NULL;
    v->count = 0;
    for (size_t i = 0; i < v->lane_count && r == 0; i++) {
        r = v->lanes[i].capacity > 0 ? fetch(s, v, &v->lanes[i], &capacity) : 0;
        for (; taken < v->count && r == 0; taken++)
            r = take(s, v, &v->claimed[taken]);
        if (r == 0)
            r = next_due(s, &v->lanes[i]);
    }
    return r;
}

/* --- settle ----------------------------------------------------------------------------------- */

static int try_again(struct hy_sqlite *s, const struct hy_outbox_item *item)
{
    struct hy_query q;

    hy_query_open(s, SQL_OUTBOX_RETRY, &q);
    hy_put_int(&q, item->due_at_ms);
    hy_put_int(&q, item->outcome_id);
    return hy_query_run(&q);
}

/* 1 when another one is due by it. */
static int settle_item(struct hy_sqlite *s, const struct hy_outbox_item *item, int64_t now_ms)
{
    int64_t webhook_id, message_id, due_at_ms;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_OUTBOX_GET, &q);
    hy_put_int(&q, item->outcome_id);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    webhook_id = hy_get_int(&q);
    message_id = hy_get_int(&q);
    due_at_ms = hy_get_int(&q);
    r = hy_query_close(&q);
    if (r < 0 || webhook_id != item->webhook_id)
        return r;
    if (item->over)
        return hy_outbox_drop(s, item->outcome_id, webhook_id, message_id, now_ms);
    return due_at_ms == item->due_at_ms ? 0 : try_again(s, item);
}

static int settle_state(struct hy_sqlite *s, const struct hy_outbox_state *state)
{
    struct hy_query q;

    hy_query_open(s, SQL_WEBHOOK_STATE, &q);
    hy_put_int(&q, state->failing_since_ms);
    hy_put_int(&q, state->disabled_at_ms);
    hy_put_text(&q, state->last_error);
    hy_put_int(&q, state->webhook_id);
    return hy_query_run(&q);
}

int hy_sqlite_outbox_settle(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_outbox_settle *v = (struct hy_outbox_settle *)op;
    int r = 0;

    v->freed = 0;
    for (size_t i = 0; i < v->count && r >= 0; i++) {
        r = settle_item(s, &v->items[i], v->now_ms);
        v->freed += r == 1;
    }
    for (size_t i = 0; i < v->state_count && r >= 0; i++)
        r = settle_state(s, &v->states[i]);
    if (r < 0 || v->state_count == 0)
        return r < 0 ? r : 0;
    hy_hooks_keep(s);
    return hy_hooks_remember(s);
}
