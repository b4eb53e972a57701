/* Arguments of the verbs for webhooks, and of housekeeping. */
#include "store/checks.h"
#include "store/housekeeping.h"
#include "store/webhooks.h"

enum { OUTBOX_LANES_MAX = 1000 };

static bool limit_ok(size_t limit)
{
    return limit >= 1 && limit <= HY_STEP_MAX;
}

/* --- webhooks --------------------------------------------------------------------------------- */

static bool sealed_ok(const struct hy_sealed *secret)
{
    return secret->size == 0 || secret->bytes;
}

bool hy_check_webhook_put(const struct hy_op *op)
{
    const struct hy_webhook *w = &((const struct hy_webhook_put *)op)->webhook;

    return w->id >= 0 && w->app_no >= 0 && hy_check_text(w->url) && w->events != 0 &&
           w->events >> HY_OUTCOME_TYPES == 0 && sealed_ok(&w->secret) &&
           sealed_ok(&w->old_secret) && (w->id > 0 || w->secret.size > 0);
}

bool hy_check_webhook_delete(const struct hy_op *op)
{
    return limit_ok(((const struct hy_webhook_delete *)op)->limit);
}

size_t hy_weigh_webhook_delete(const struct hy_op *op)
{
    return ((const struct hy_webhook_delete *)op)->limit;
}

bool hy_check_outbox_hurry(const struct hy_op *op)
{
    const struct hy_outbox_hurry *v = (const struct hy_outbox_hurry *)op;

    return limit_ok(v->limit) && v->now_ms > 0;
}

size_t hy_weigh_outbox_hurry(const struct hy_op *op)
{
    return ((const struct hy_outbox_hurry *)op)->limit;
}

bool hy_check_webhooks(const struct hy_op *op)
{
    return ((const struct hy_webhooks *)op)->arena != NULL;
}

bool hy_check_outbox_put(const struct hy_op *op)
{
    const struct hy_outcome *o = &((const struct hy_outbox_put *)op)->outcome;

    return o->type == HY_OUTCOME_TEST && o->at_ms > 0 && o->app_no >= 0 && o->message_id == 0 &&
           o->event_id == 0;
}

bool hy_check_outbox_claim(const struct hy_op *op)
{
    const struct hy_outbox_claim *v = (const struct hy_outbox_claim *)op;

    if (!v->arena || v->lane_count > OUTBOX_LANES_MAX || (v->lane_count > 0 && !v->lanes) ||
        v->lease_until_ms <= v->now_ms)
        return false;
    for (size_t i = 0; i < v->lane_count; i++)
        if (v->lanes[i].webhook_id <= 0 || v->lanes[i].capacity > HY_STEP_MAX)
            return false;
    return true;
}

size_t hy_weigh_outbox_claim(const struct hy_op *op)
{
    const struct hy_outbox_claim *v = (const struct hy_outbox_claim *)op;
    size_t weight = v->lane_count;

    for (size_t i = 0; i < v->lane_count; i++)
        weight += v->lanes[i].capacity;
    return weight;
}

bool hy_check_outbox_settle(const struct hy_op *op)
{
    const struct hy_outbox_settle *v = (const struct hy_outbox_settle *)op;

    if ((v->count > 0 && !v->items) || (v->state_count > 0 && !v->states))
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!v->items[i].over && v->items[i].due_at_ms <= 0)
            return false;
    return true;
}

size_t hy_weigh_outbox_settle(const struct hy_op *op)
{
    const struct hy_outbox_settle *v = (const struct hy_outbox_settle *)op;

    return v->count + v->state_count;
}

/* --- housekeeping ----------------------------------------------------------------------------- */

bool hy_check_retain(const struct hy_op *op)
{
    const struct hy_retain *v = (const struct hy_retain *)op;

    return hy_check_choice(v->kind, HY_RETAIN_KINDS) && limit_ok(v->limit) && v->cursor >= 0;
}

size_t hy_weigh_retain(const struct hy_op *op)
{
    return ((const struct hy_retain *)op)->limit;
}

bool hy_check_vacuum(const struct hy_op *op)
{
    return ((const struct hy_vacuum *)op)->pages > 0;
}

size_t hy_weigh_vacuum(const struct hy_op *op)
{
    return ((const struct hy_vacuum *)op)->pages;
}

bool hy_check_pause_put(const struct hy_op *op)
{
    const struct hy_pause *p = &((const struct hy_pause_put *)op)->pause;

    return p->app_no > 0 && hy_check_choice(p->channel, HY_CHANNELS) && p->until_ms >= 0 &&
           (p->until_ms == 0 || hy_check_text(p->reason));
}

bool hy_check_pauses(const struct hy_op *op)
{
    return ((const struct hy_pauses *)op)->arena != NULL;
}

bool hy_check_rewind(const struct hy_op *op)
{
    const struct hy_rewind *v = (const struct hy_rewind *)op;

    return limit_ok(v->limit) && v->slack_ms >= 0;
}

size_t hy_weigh_rewind(const struct hy_op *op)
{
    return ((const struct hy_rewind *)op)->limit;
}

bool hy_check_audits(const struct hy_op *op)
{
    const struct hy_audit_list *v = (const struct hy_audit_list *)op;

    return v->arena && v->limit >= 1 && v->limit <= HY_LIST_MAX && v->before_id >= 0;
}

bool hy_check_audit(const struct hy_audit *audit)
{
    return audit->at_ms > 0 && audit->who && audit->address && hy_check_text(audit->action) &&
           (!audit->made_id || audit->letter);
}
