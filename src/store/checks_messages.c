/* Arguments of the verbs for messages. */
#include "store/checks.h"

enum { CLAIM_LANES_MAX = 100000, CLAIM_CAPACITY_MAX = 100000, DEAD_LOOK_MAX = 100000 };

bool hy_check_admit_item(const struct hy_admit_item *item)
{
    const struct hy_message *m = item->message;

    return m && m->id > 0 && m->app_no > 0 && hy_check_text(m->user) &&
           hy_check_text(m->template_id) && m->data &&
           hy_check_choice(m->policy, HY_POLICY_AT_LEAST_ONCE + 1) &&
           hy_check_choice(m->on_missing, HY_ON_MISSING_TRY + 1) &&
           hy_check_choice(m->template_kind, HY_TEMPLATE_KINDS) && !item->key == !item->body &&
           item->margin_ms >= 0;
}

bool hy_check_admit(const struct hy_op *op)
{
    const struct hy_admit *v = (const struct hy_admit *)op;

    if (!v->arena || v->key_window_ms < 0 || (v->count > 0 && !v->items))
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!hy_check_admit_item(&v->items[i]))
            return false;
    return true;
}

size_t hy_weigh_admit(const struct hy_op *op)
{
    return ((const struct hy_admit *)op)->count;
}

static bool lane_ok(const struct hy_claim_lane *lane)
{
    if (lane->app_no <= 0 || !hy_check_choice(lane->queue, HY_QUEUES) || lane->margin_ms < 0 ||
        lane->capacity > CLAIM_CAPACITY_MAX || lane->cap_count > HY_CAPS_MAX ||
        (lane->cap_count > 0 && !lane->caps))
        return false;
    for (size_t i = 0; i < lane->cap_count; i++)
        if (lane->caps[i].max < 1 || lane->caps[i].window_s < 1)
            return false;
    return true;
}

bool hy_check_claim(const struct hy_op *op)
{
    const struct hy_claim *v = (const struct hy_claim *)op;

    if (!v->arena || (v->lane_count > 0 && !v->lanes) || v->lane_count > CLAIM_LANES_MAX ||
        (v->held_count > 0 && !v->held))
        return false;
    for (size_t i = 0; i < v->lane_count; i++)
        if (!lane_ok(&v->lanes[i]))
            return false;
    return true;
}

size_t hy_weigh_claim(const struct hy_op *op)
{
    const struct hy_claim *v = (const struct hy_claim *)op;
    size_t weight = v->lane_count;

    for (size_t i = 0; i < v->lane_count; i++)
        weight += v->lanes[i].capacity;
    return weight;
}

static bool settlement_ok(const struct hy_settlement *s)
{
    bool final;

    if (!hy_check_choice(s->state, HY_MESSAGE_STATES) ||
        !hy_check_choice(s->grant_move, HY_GRANT_REFUSE + 1) ||
        !hy_message_may_move(HY_MESSAGE_SENDING, s->state))
        return false;
    if (s->state == HY_MESSAGE_QUEUED && s->due_at_ms <= 0)
        return false;
    if (s->state == HY_MESSAGE_WAITING || s->grant_move == HY_GRANT_REFUSE)
        return s->state == HY_MESSAGE_WAITING && s->grant_move == HY_GRANT_REFUSE &&
               s->due_at_ms > 0 && s->grant_retry_at_ms > 0;
    final = hy_message_is_final(s->state);
    if (s->grant_move == HY_GRANT_SPEND)
        return s->state == HY_MESSAGE_SENT;
    return !final || (s->grant_move != HY_GRANT_KEEP && s->grant_move != HY_GRANT_DOUBT);
}

bool hy_check_settle(const struct hy_op *op)
{
    const struct hy_settle *v = (const struct hy_settle *)op;

    if (v->count > 0 && !v->items)
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i].attempt.number < 1 ||
            !hy_check_choice(v->items[i].attempt.judgement.verdict, HY_VERDICTS) ||
            v->items[i].heard_for_ms < 0 || v->items[i].gap_ms < 0 ||
            !settlement_ok(&v->items[i].settlement))
            return false;
    return true;
}

size_t hy_weigh_settle(const struct hy_op *op)
{
    return ((const struct hy_settle *)op)->count;
}

bool hy_check_recover(const struct hy_op *op)
{
    const struct hy_recover *v = (const struct hy_recover *)op;

    return v->app_count == 0 || v->apps;
}

bool hy_check_sweep(const struct hy_op *op)
{
    return ((const struct hy_sweep *)op)->limit > 0;
}

size_t hy_weigh_sweep(const struct hy_op *op)
{
    return ((const struct hy_sweep *)op)->limit;
}

/* --- retry, dead letters ---------------------------------------------------------------------- */

bool hy_check_retry(const struct hy_op *op)
{
    return ((const struct hy_retry *)op)->expires_at_ms >= 0;
}

static bool filter_ok(const struct hy_dead_filter *f)
{
    return (f->state == -1 || f->state == HY_MESSAGE_FAILED || f->state == HY_MESSAGE_UNKNOWN) &&
           f->app_no >= 0 && f->broadcast_id >= 0 && f->from_id >= 0 && f->until_id >= 0;
}

bool hy_check_dead_retry(const struct hy_op *op)
{
    const struct hy_dead_retry *v = (const struct hy_dead_retry *)op;

    return filter_ok(&v->filter) && v->limit >= 1 && v->limit <= HY_STEP_MAX && v->before_id >= 0;
}

size_t hy_weigh_dead_retry(const struct hy_op *op)
{
    return ((const struct hy_dead_retry *)op)->limit;
}

bool hy_did_dead_retry(const struct hy_op *op)
{
    return !((const struct hy_dead_retry *)op)->dry;
}

bool hy_check_dead_groups(const struct hy_op *op)
{
    const struct hy_dead_groups *v = (const struct hy_dead_groups *)op;

    return v->arena && filter_ok(&v->filter) && v->limit >= 1 && v->limit <= DEAD_LOOK_MAX;
}

bool hy_check_message_get(const struct hy_op *op)
{
    return ((const struct hy_message_get *)op)->arena != NULL;
}

bool hy_check_message_list(const struct hy_op *op)
{
    const struct hy_message_list *v = (const struct hy_message_list *)op;

    return v->arena && v->limit >= 1 && v->limit <= HY_LIST_MAX && v->before_id >= 0 &&
           v->broadcast_id >= 0 && (v->state == -1 || hy_check_choice(v->state, HY_MESSAGE_STATES));
}

bool hy_check_counts(const struct hy_op *op)
{
    return ((const struct hy_counts *)op)->arena != NULL;
}

bool hy_check_check(const struct hy_op *op)
{
    return ((const struct hy_check *)op)->arena != NULL;
}
