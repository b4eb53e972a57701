/* Arguments of the verbs for grants and for what users and the platform tell. */
#include "store/checks.h"
#include "store/events.h"
#include "store/grants.h"

enum { PROSPECTS_MAX = 20 };

/* --- grants ----------------------------------------------------------------------------------- */

static bool counter_ok(const struct hy_deposit_item *item)
{
    const struct hy_grant *g = &item->grant;
    bool several = g->kind == HY_GRANT_ONCE && item->answer == HY_ANSWER_ACCEPT;

    return !g->credential && hy_check_text(g->template_id) && g->expires_at_ms == 0 &&
           item->window_ms >= 0 && item->identity_back_ms >= 0 &&
           item->identity_back_ms <= HY_IDENTITY_BACK_MS &&
           hy_check_choice(item->source, HY_SOURCES) && hy_check_choice(item->answer, HY_ANSWERS) &&
           (several || g->uses_total == 1);
}

static bool deposit_item_ok(const struct hy_deposit_item *item)
{
    const struct hy_grant *g = &item->grant;

    if (g->app_no <= 0 || !hy_check_text(g->user) || !hy_check_choice(g->kind, HY_GRANT_KINDS) ||
        g->state != HY_GRANT_AVAILABLE || item->margin_ms < 0)
        return false;
    if (g->uses_left < 1 || g->uses_left != g->uses_total || g->expires_at_ms < 0)
        return false;
    if (hy_grant_is_receipt(g->kind))
        return hy_check_text(g->credential) && !g->template_id && item->answer == HY_ANSWER_ACCEPT;
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

    return v->arena && v->app_no > 0 && hy_check_text(v->user) && v->margin_ms >= 0 &&
           v->limit >= 1 && v->limit <= HY_LIST_MAX &&
           hy_check_choice(v->template_kind, HY_TEMPLATE_KINDS);
}

bool hy_check_reach(const struct hy_op *op)
{
    const struct hy_reach *v = (const struct hy_reach *)op;

    return v->app_no > 0 && hy_check_text(v->template_id) && v->margin_ms >= 0 &&
           hy_check_choice(v->template_kind, HY_TEMPLATE_KINDS);
}

bool hy_check_prospects(const struct hy_op *op)
{
    const struct hy_prospects *v = (const struct hy_prospects *)op;

    if (!v->arena || v->app_no <= 0 || !hy_check_text(v->user) || v->margin_ms < 0 || !v->items ||
        v->count < 1 || v->count > PROSPECTS_MAX)
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!hy_check_text(v->items[i].template_id) ||
            !hy_check_choice(v->items[i].template_kind, HY_TEMPLATE_KINDS))
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

    if (v->app_no <= 0 || !hy_check_text(v->name) || !v->raw || (v->user && !*v->user) ||
        !deposit_items_ok(v->answers, v->answer_count) || !heard_answers_ok(v) ||
        (v->sent_count > 0 && (!v->sent || !v->user)))
        return false;
    for (size_t i = 0; i < v->sent_count; i++)
        if (!hy_check_text(v->sent[i].template_id) ||
            v->sent[i].delivered == (v->sent[i].reason != NULL))
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

    return v->arena && v->app_no >= 0 && v->after_id >= 0 && v->limit >= 1 &&
           v->limit <= HY_LIST_MAX;
}

bool hy_check_timeline(const struct hy_op *op)
{
    const struct hy_timeline_read *v = (const struct hy_timeline_read *)op;

    return v->arena && v->app_no > 0 && hy_check_text(v->user) && v->limit >= 1 &&
           v->limit <= HY_LIST_MAX;
}
