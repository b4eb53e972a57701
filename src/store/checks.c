#include "store/checks.h"

#include "store/events.h"
#include "store/schedules.h"

enum { LIST_MAX = 1000, PROSPECTS_MAX = 20, CLAIM_LANES_MAX = 100000, CLAIM_CAPACITY_MAX = 100000 };

static bool text(const char *t)
{
    return t && *t;
}

static bool choice(int value, int count)
{
    return value >= 0 && value < count;
}

/* --- messages --------------------------------------------------------------------------------- */

static bool admit_item_ok(const struct hy_admit_item *item)
{
    const struct hy_message *m = item->message;

    return m && m->id > 0 && m->app_no > 0 && text(m->user) && text(m->template_id) && m->data &&
           choice(m->policy, HY_POLICY_AT_LEAST_ONCE + 1) &&
           choice(m->on_missing, HY_ON_MISSING_TRY + 1) &&
           choice(m->template_kind, HY_TEMPLATE_KINDS) && !item->key == !item->body &&
           item->margin_ms >= 0;
}

bool hy_check_admit(const struct hy_op *op)
{
    const struct hy_admit *v = (const struct hy_admit *)op;

    if (!v->arena || v->key_window_ms < 0 || (v->count > 0 && !v->items))
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!admit_item_ok(&v->items[i]))
            return false;
    return true;
}

size_t hy_weigh_admit(const struct hy_op *op)
{
    return ((const struct hy_admit *)op)->count;
}

bool hy_check_claim(const struct hy_op *op)
{
    const struct hy_claim *v = (const struct hy_claim *)op;

    if (!v->arena || (v->lane_count > 0 && !v->lanes) || v->lane_count > CLAIM_LANES_MAX)
        return false;
    for (size_t i = 0; i < v->lane_count; i++)
        if (v->lanes[i].app_no <= 0 || v->lanes[i].margin_ms < 0 ||
            v->lanes[i].capacity > CLAIM_CAPACITY_MAX)
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

    if (!choice(s->state, HY_MESSAGE_STATES) || !choice(s->grant_move, HY_GRANT_REFUSE + 1) ||
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
            !choice(v->items[i].attempt.judgement.verdict, HY_VERDICTS) ||
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

bool hy_check_message_get(const struct hy_op *op)
{
    return ((const struct hy_message_get *)op)->arena != NULL;
}

bool hy_check_message_list(const struct hy_op *op)
{
    const struct hy_message_list *v = (const struct hy_message_list *)op;

    return v->arena && v->limit >= 1 && v->limit <= LIST_MAX && v->before_id >= 0 &&
           (v->state == -1 || choice(v->state, HY_MESSAGE_STATES));
}

bool hy_check_counts(const struct hy_op *op)
{
    return ((const struct hy_counts *)op)->arena != NULL;
}

bool hy_check_check(const struct hy_op *op)
{
    return ((const struct hy_check *)op)->arena != NULL;
}

/* --- grants ----------------------------------------------------------------------------------- */

static bool counter_ok(const struct hy_deposit_item *item)
{
    const struct hy_grant *g = &item->grant;
    bool several = g->kind == HY_GRANT_ONCE && item->answer == HY_ANSWER_ACCEPT;

    return !g->credential && text(g->template_id) && g->expires_at_ms == 0 &&
           item->window_ms >= 0 && choice(item->source, HY_SOURCES) &&
           choice(item->answer, HY_ANSWERS) && (several || g->uses_total == 1);
}

static bool deposit_item_ok(const struct hy_deposit_item *item)
{
    const struct hy_grant *g = &item->grant;

    if (g->app_no <= 0 || !text(g->user) || !choice(g->kind, HY_GRANT_KINDS) ||
        g->state != HY_GRANT_AVAILABLE || item->margin_ms < 0)
        return false;
    if (g->uses_left < 1 || g->uses_left != g->uses_total || g->expires_at_ms < 0)
        return false;
    if (hy_grant_is_receipt(g->kind))
        return text(g->credential) && !g->template_id && item->answer == HY_ANSWER_ACCEPT;
    return counter_ok(item);
}

static bool deposit_items_ok(const struct hy_deposit_item *items, size_t count)
{
    if (count > 0 && !items)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!deposit_item_ok(&items[i]))
            return false;
    return true;
}

bool hy_check_deposit(const struct hy_op *op)
{
    const struct hy_deposit *v = (const struct hy_deposit *)op;

    return deposit_items_ok(v->items, v->count);
}

size_t hy_weigh_deposit(const struct hy_op *op)
{
    return ((const struct hy_deposit *)op)->count;
}

bool hy_check_purge(const struct hy_op *op)
{
    const struct hy_purge *v = (const struct hy_purge *)op;

    return v->app_no > 0 && v->margin_ms >= 0 && v->limit > 0;
}

size_t hy_weigh_purge(const struct hy_op *op)
{
    return ((const struct hy_purge *)op)->limit;
}

bool hy_check_tidy(const struct hy_op *op)
{
    return ((const struct hy_tidy *)op)->limit > 0;
}

size_t hy_weigh_tidy(const struct hy_op *op)
{
    return ((const struct hy_tidy *)op)->limit;
}

bool hy_check_grant_list(const struct hy_op *op)
{
    const struct hy_grant_list *v = (const struct hy_grant_list *)op;

    return v->arena && v->app_no > 0 && text(v->user) && v->margin_ms >= 0 && v->limit >= 1 &&
           v->limit <= LIST_MAX && choice(v->template_kind, HY_TEMPLATE_KINDS);
}

bool hy_check_reach(const struct hy_op *op)
{
    const struct hy_reach *v = (const struct hy_reach *)op;

    return v->app_no > 0 && text(v->template_id) && v->margin_ms >= 0 &&
           choice(v->template_kind, HY_TEMPLATE_KINDS);
}

bool hy_check_prospects(const struct hy_op *op)
{
    const struct hy_prospects *v = (const struct hy_prospects *)op;

    if (!v->arena || v->app_no <= 0 || !text(v->user) || v->margin_ms < 0 || !v->items ||
        v->count < 1 || v->count > PROSPECTS_MAX)
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!text(v->items[i].template_id) || !choice(v->items[i].template_kind, HY_TEMPLATE_KINDS))
            return false;
    return true;
}

/* --- events, timeline ------------------------------------------------------------------------- */

/* What an event tells is about its own user, and has an identity. */
static bool heard_answers_ok(const struct hy_hear *v)
{
    for (size_t i = 0; i < v->answer_count; i++) {
        const struct hy_deposit_item *item = &v->answers[i];

        if (hy_grant_is_receipt(item->grant.kind) || item->source != HY_SOURCE_EVENT ||
            !item->identity || item->grant.app_no != v->app_no)
            return false;
    }
    return true;
}

bool hy_check_hear(const struct hy_op *op)
{
    const struct hy_hear *v = (const struct hy_hear *)op;

    if (v->app_no <= 0 || !text(v->name) || !v->raw || (v->user && !*v->user) ||
        !deposit_items_ok(v->answers, v->answer_count) || !heard_answers_ok(v) ||
        (v->sent_count > 0 && (!v->sent || !v->user)))
        return false;
    for (size_t i = 0; i < v->sent_count; i++)
        if (!text(v->sent[i].template_id) || v->sent[i].delivered == (v->sent[i].reason != NULL))
            return false;
    return true;
}

size_t hy_weigh_hear(const struct hy_op *op)
{
    const struct hy_hear *v = (const struct hy_hear *)op;

    return 1 + v->answer_count + v->sent_count;
}

bool hy_check_events(const struct hy_op *op)
{
    const struct hy_events *v = (const struct hy_events *)op;

    return v->arena && v->app_no >= 0 && v->after_id >= 0 && v->limit >= 1 && v->limit <= LIST_MAX;
}

bool hy_check_timeline(const struct hy_op *op)
{
    const struct hy_timeline_read *v = (const struct hy_timeline_read *)op;

    return v->arena && v->app_no > 0 && text(v->user) && v->limit >= 1 && v->limit <= LIST_MAX;
}

/* --- schedules -------------------------------------------------------------------------------- */

bool hy_check_schedule_put(const struct hy_op *op)
{
    const struct hy_schedule *s = &((const struct hy_schedule_put *)op)->schedule;

    if (s->id < 0 || !text(s->cron) || !text(s->timezone) ||
        !choice(s->misfire, HY_MISFIRE_ALL + 1))
        return false;
    return s->id > 0 || (text(s->name) && s->app_no >= 0);
}

bool hy_check_schedule_fire(const struct hy_op *op)
{
    const struct hy_schedule_fire *v = (const struct hy_schedule_fire *)op;

    return v->due_ms > 0 && v->arena && v->key_window_ms >= 0 &&
           (!v->item || admit_item_ok(v->item));
}

bool hy_check_schedules(const struct hy_op *op)
{
    return ((const struct hy_schedules *)op)->arena != NULL;
}
