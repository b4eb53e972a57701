/* Arguments of the verbs for broadcasts and their audiences. */
#include "store/broadcasts.h"
#include "store/checks.h"

static bool items_ok(const struct hy_audience_item *items, size_t count)
{
    if (count > 0 && !items)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!hy_check_text(items[i].user))
            return false;
    return true;
}

static bool limit_ok(size_t limit)
{
    return limit >= 1 && limit <= HY_STEP_MAX;
}

bool hy_check_audience_add(const struct hy_op *op)
{
    const struct hy_audience_add *v = (const struct hy_audience_add *)op;

    return v->count >= 1 && v->count <= HY_STEP_MAX && items_ok(v->items, v->count);
}

size_t hy_weigh_audience_add(const struct hy_op *op)
{
    return ((const struct hy_audience_add *)op)->count;
}

bool hy_check_audience_collect(const struct hy_op *op)
{
    const struct hy_audience_collect *v = (const struct hy_audience_collect *)op;

    return limit_ok(v->limit) && v->margin_ms >= 0;
}

size_t hy_weigh_audience_collect(const struct hy_op *op)
{
    return ((const struct hy_audience_collect *)op)->limit;
}

bool hy_check_audience_look(const struct hy_op *op)
{
    const struct hy_audience_look *v = (const struct hy_audience_look *)op;

    return v->arena && limit_ok(v->limit) && v->margin_ms >= 0;
}

/* --- broadcasts ------------------------------------------------------------------------------- */

static bool message_ok(const struct hy_message *m)
{
    return hy_check_choice(m->policy, HY_POLICY_AT_LEAST_ONCE + 1) &&
           hy_check_choice(m->on_missing, HY_ON_MISSING_TRY + 1) &&
           hy_check_choice(m->template_kind, HY_TEMPLATE_KINDS) && m->expires_at_ms >= 0;
}

/* Once it runs, nobody can say any more what a user is to get. */
static bool everybody_has_data(const struct hy_broadcast_make *make)
{
    for (size_t i = 0; !make->broadcast.message.data && i < make->count; i++)
        if (!make->items[i].data)
            return false;
    return make->broadcast.message.data || !make->broadcast.reach;
}

static bool start_ok(const struct hy_broadcast_make *make)
{
    const struct hy_broadcast *b = &make->broadcast;

    switch (b->state) {
    case HY_BROADCAST_DRAFT: return true;
    case HY_BROADCAST_SCHEDULED: return b->send_at_ms > 0 && everybody_has_data(make);
    case HY_BROADCAST_RUNNING: return b->started_at_ms > 0 && everybody_has_data(make);
    default: return false;
    }
}

bool hy_check_broadcast_make(const struct hy_broadcast_make *make)
{
    const struct hy_broadcast *b = &make->broadcast;

    return b->app_no > 0 && hy_check_text(b->message.template_id) && message_ok(&b->message) &&
           b->rate_per_s >= 0 && b->send_at_ms >= 0 && items_ok(make->items, make->count) &&
           !(b->reach && make->count > 0) && !make->key == !make->body && start_ok(make);
}

bool hy_check_broadcast_put(const struct hy_op *op)
{
    return hy_check_broadcast_make(&((const struct hy_broadcast_put *)op)->make);
}

size_t hy_weigh_broadcast_put(const struct hy_op *op)
{
    return 1 + ((const struct hy_broadcast_put *)op)->make.count;
}

bool hy_did_broadcast_put(const struct hy_op *op)
{
    return ((const struct hy_broadcast_put *)op)->make.admission == HY_ADMITTED;
}

bool hy_check_broadcast_change(const struct hy_op *op)
{
    const struct hy_broadcast *b = &((const struct hy_broadcast_change *)op)->broadcast;

    return message_ok(&b->message) && b->rate_per_s >= 0 && b->send_at_ms >= 0;
}

bool hy_check_broadcast_move(const struct hy_op *op)
{
    return hy_check_choice(((const struct hy_broadcast_move *)op)->to, HY_BROADCAST_STATES);
}

bool hy_check_broadcast_feed(const struct hy_op *op)
{
    const struct hy_broadcast_feed *v = (const struct hy_broadcast_feed *)op;

    if (!limit_ok(v->limit) || !v->ids || v->margin_ms < 0 ||
        !hy_check_choice(v->template_kind, HY_TEMPLATE_KINDS))
        return false;
    for (size_t i = 0; i < v->limit; i++)
        if (v->ids[i] <= (i > 0 ? v->ids[i - 1] : 0))
            return false;
    return true;
}

size_t hy_weigh_broadcast_feed(const struct hy_op *op)
{
    return ((const struct hy_broadcast_feed *)op)->limit;
}

bool hy_check_broadcast_wind_up(const struct hy_op *op)
{
    return limit_ok(((const struct hy_broadcast_wind_up *)op)->limit);
}

size_t hy_weigh_broadcast_wind_up(const struct hy_op *op)
{
    return ((const struct hy_broadcast_wind_up *)op)->limit;
}

bool hy_check_broadcasts(const struct hy_op *op)
{
    const struct hy_broadcasts *v = (const struct hy_broadcasts *)op;

    return v->arena && v->limit >= 1 && v->limit <= HY_LIST_MAX && v->id >= 0 && v->app_no >= 0 &&
           v->before_id >= 0;
}
