#include "store/verbs.h"

#include "base/err.h"
#include "store/apps.h"
#include "store/events.h"
#include "store/grants.h"
#include "store/schedules.h"
#include "store/templates.h"

enum {
    LIST_MAX = 1000,
    PROSPECTS_MAX = 20,
    TEMPLATES_MAX = 1000,
    CLAIM_LANES_MAX = 100000,
    CLAIM_CAPACITY_MAX = 100000
};

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

static bool check_admit(const struct hy_op *op)
{
    const struct hy_admit *v = (const struct hy_admit *)op;

    if (!v->arena || v->key_window_ms < 0 || (v->count > 0 && !v->items))
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!admit_item_ok(&v->items[i]))
            return false;
    return true;
}

static size_t weigh_admit(const struct hy_op *op)
{
    return ((const struct hy_admit *)op)->count;
}

static bool check_claim(const struct hy_op *op)
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

static size_t weigh_claim(const struct hy_op *op)
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

static bool check_settle(const struct hy_op *op)
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

static size_t weigh_settle(const struct hy_op *op)
{
    return ((const struct hy_settle *)op)->count;
}

static bool check_recover(const struct hy_op *op)
{
    const struct hy_recover *v = (const struct hy_recover *)op;

    return v->app_count == 0 || v->apps;
}

static bool check_sweep(const struct hy_op *op)
{
    return ((const struct hy_sweep *)op)->limit > 0;
}

static size_t weigh_sweep(const struct hy_op *op)
{
    return ((const struct hy_sweep *)op)->limit;
}

static bool check_message_get(const struct hy_op *op)
{
    return ((const struct hy_message_get *)op)->arena != NULL;
}

static bool check_message_list(const struct hy_op *op)
{
    const struct hy_message_list *v = (const struct hy_message_list *)op;

    return v->arena && v->limit >= 1 && v->limit <= LIST_MAX && v->before_id >= 0 &&
           (v->state == -1 || choice(v->state, HY_MESSAGE_STATES));
}

static bool check_counts(const struct hy_op *op)
{
    return ((const struct hy_counts *)op)->arena != NULL;
}

static bool check_check(const struct hy_op *op)
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

static bool check_deposit(const struct hy_op *op)
{
    const struct hy_deposit *v = (const struct hy_deposit *)op;

    return deposit_items_ok(v->items, v->count);
}

static size_t weigh_deposit(const struct hy_op *op)
{
    return ((const struct hy_deposit *)op)->count;
}

static bool check_purge(const struct hy_op *op)
{
    const struct hy_purge *v = (const struct hy_purge *)op;

    return v->app_no > 0 && v->margin_ms >= 0 && v->limit > 0;
}

static size_t weigh_purge(const struct hy_op *op)
{
    return ((const struct hy_purge *)op)->limit;
}

static bool check_tidy(const struct hy_op *op)
{
    return ((const struct hy_tidy *)op)->limit > 0;
}

static size_t weigh_tidy(const struct hy_op *op)
{
    return ((const struct hy_tidy *)op)->limit;
}

static bool check_grant_list(const struct hy_op *op)
{
    const struct hy_grant_list *v = (const struct hy_grant_list *)op;

    return v->arena && v->app_no > 0 && text(v->user) && v->margin_ms >= 0 && v->limit >= 1 &&
           v->limit <= LIST_MAX && choice(v->template_kind, HY_TEMPLATE_KINDS);
}

static bool check_reach(const struct hy_op *op)
{
    const struct hy_reach *v = (const struct hy_reach *)op;

    return v->app_no > 0 && text(v->template_id) && v->margin_ms >= 0 &&
           choice(v->template_kind, HY_TEMPLATE_KINDS);
}

static bool check_prospects(const struct hy_op *op)
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

static bool check_hear(const struct hy_op *op)
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

static size_t weigh_hear(const struct hy_op *op)
{
    const struct hy_hear *v = (const struct hy_hear *)op;

    return 1 + v->answer_count + v->sent_count;
}

static bool check_events(const struct hy_op *op)
{
    const struct hy_events *v = (const struct hy_events *)op;

    return v->arena && v->app_no >= 0 && v->after_id >= 0 && v->limit >= 1 && v->limit <= LIST_MAX;
}

static bool check_timeline(const struct hy_op *op)
{
    const struct hy_timeline_read *v = (const struct hy_timeline_read *)op;

    return v->arena && v->app_no > 0 && text(v->user) && v->limit >= 1 && v->limit <= LIST_MAX;
}

/* --- templates, sessions ---------------------------------------------------------------------- */

static bool template_ok(const struct hy_templates_put *v, const struct hy_template *t)
{
    return text(t->id) && t->kind > HY_TEMPLATE_ANY && t->kind < HY_TEMPLATE_KINDS && t->title &&
           t->content && (!v->replace || v->kinds[t->kind]);
}

static bool check_templates_put(const struct hy_op *op)
{
    const struct hy_templates_put *v = (const struct hy_templates_put *)op;

    if (v->app_no <= 0 || v->count > TEMPLATES_MAX || (v->count > 0 && !v->templates))
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!template_ok(v, &v->templates[i]))
            return false;
    return true;
}

static size_t weigh_templates_put(const struct hy_op *op)
{
    return 1 + ((const struct hy_templates_put *)op)->count;
}

static bool check_template_delete(const struct hy_op *op)
{
    return text(((const struct hy_template_delete *)op)->template_id);
}

static bool check_templates(const struct hy_op *op)
{
    const struct hy_templates *v = (const struct hy_templates *)op;

    return v->arena && v->app_no >= 0;
}

static bool check_session_cut(const struct hy_op *op)
{
    const struct hy_session_cut *v = (const struct hy_session_cut *)op;

    return v->app_no > 0 && (!v->user || *v->user);
}

static bool check_session_cuts(const struct hy_op *op)
{
    return ((const struct hy_session_cuts *)op)->arena != NULL;
}

/* --- apps, keys, meta, tokens ----------------------------------------------------------------- */

static bool check_app_put(const struct hy_op *op)
{
    const struct hy_app *a = &((const struct hy_app_put *)op)->app;

    if (a->no < 0 || !a->settings || (a->secret.size > 0 && !a->secret.bytes) ||
        (a->callback.size > 0 && !a->callback.bytes))
        return false;
    return a->no > 0 || (text(a->id) && text(a->platform) && a->deleted_at_ms == 0);
}

static bool check_key_put(const struct hy_op *op)
{
    const struct hy_key *k = &((const struct hy_key_put *)op)->key;

    return k->id == 0 && k->name && k->revoked_at_ms == 0;
}

static bool check_meta_put(const struct hy_op *op)
{
    const struct hy_meta_put *v = (const struct hy_meta_put *)op;

    return text(v->name) && v->value;
}

static bool check_meta_get(const struct hy_op *op)
{
    const struct hy_meta_get *v = (const struct hy_meta_get *)op;

    return v->arena && text(v->name);
}

static bool check_token_begin(const struct hy_op *op)
{
    const struct hy_token_begin *v = (const struct hy_token_begin *)op;

    return v->arena && v->version >= 0 && v->calls_max >= 0 && v->forced_max >= 0 &&
           v->forced_gap_ms >= 0;
}

static bool check_token_end(const struct hy_op *op)
{
    const struct hy_token_end *v = (const struct hy_token_end *)op;

    return v->access.size > 0 ? v->access.bytes != NULL : v->error != NULL;
}

static bool check_apps(const struct hy_op *op)
{
    return ((const struct hy_apps *)op)->arena != NULL;
}

static bool check_keys(const struct hy_op *op)
{
    return ((const struct hy_keys *)op)->arena != NULL;
}

static bool check_tokens(const struct hy_op *op)
{
    return ((const struct hy_tokens *)op)->arena != NULL;
}

/* --- schedules -------------------------------------------------------------------------------- */

static bool check_schedule_put(const struct hy_op *op)
{
    const struct hy_schedule *s = &((const struct hy_schedule_put *)op)->schedule;

    if (s->id < 0 || !text(s->cron) || !text(s->timezone) ||
        !choice(s->misfire, HY_MISFIRE_ALL + 1))
        return false;
    return s->id > 0 || (text(s->name) && s->app_no >= 0);
}

static bool check_schedule_fire(const struct hy_op *op)
{
    const struct hy_schedule_fire *v = (const struct hy_schedule_fire *)op;

    return v->due_ms > 0 && v->arena && v->key_window_ms >= 0 &&
           (!v->item || admit_item_ok(v->item));
}

static bool check_schedules(const struct hy_op *op)
{
    return ((const struct hy_schedules *)op)->arena != NULL;
}

/* --- the table -------------------------------------------------------------------------------- */

#define AT(type, field) offsetof(struct type, field)

static const struct {
    const char *name;
    bool (*check)(const struct hy_op *op);   /* null: nothing to check */
    size_t (*weigh)(const struct hy_op *op); /* null: 1 */
    size_t id_offset;                        /* of an int64_t that is in and out; 0 = none */
} verbs[HY_VERB_COUNT] = {
    [HY_VERB_ADMIT] = {.name = "admit", .check = check_admit, .weigh = weigh_admit},
    [HY_VERB_CLAIM] = {.name = "claim", .check = check_claim, .weigh = weigh_claim},
    [HY_VERB_SETTLE] = {.name = "settle", .check = check_settle, .weigh = weigh_settle},
    [HY_VERB_CANCEL] = {.name = "cancel"},
    [HY_VERB_RECOVER] = {.name = "recover", .check = check_recover},
    [HY_VERB_SWEEP] = {.name = "sweep", .check = check_sweep, .weigh = weigh_sweep},
    [HY_VERB_DEPOSIT] = {.name = "deposit", .check = check_deposit, .weigh = weigh_deposit},
    [HY_VERB_PURGE] = {.name = "purge", .check = check_purge, .weigh = weigh_purge},
    [HY_VERB_TIDY] = {.name = "tidy", .check = check_tidy, .weigh = weigh_tidy},
    [HY_VERB_HEAR] = {.name = "hear", .check = check_hear, .weigh = weigh_hear},
    [HY_VERB_TEMPLATES_PUT] = {.name = "templates_put",
                               .check = check_templates_put,
                               .weigh = weigh_templates_put},
    [HY_VERB_TEMPLATE_DELETE] = {.name = "template_delete", .check = check_template_delete},
    [HY_VERB_SESSION_CUT] = {.name = "session_cut", .check = check_session_cut},
    [HY_VERB_APP_PUT] = {.name = "app_put",
                         .check = check_app_put,
                         .id_offset = AT(hy_app_put, app.no)},
    [HY_VERB_APP_DELETE] = {.name = "app_delete"},
    [HY_VERB_KEY_PUT] = {.name = "key_put",
                         .check = check_key_put,
                         .id_offset = AT(hy_key_put, key.id)},
    [HY_VERB_KEY_REVOKE] = {.name = "key_revoke"},
    [HY_VERB_META_PUT] = {.name = "meta_put", .check = check_meta_put},
    [HY_VERB_TOKEN_BEGIN] = {.name = "token_begin", .check = check_token_begin},
    [HY_VERB_TOKEN_END] = {.name = "token_end", .check = check_token_end},
    [HY_VERB_SCHEDULE_PUT] = {.name = "schedule_put",
                              .check = check_schedule_put,
                              .id_offset = AT(hy_schedule_put, schedule.id)},
    [HY_VERB_SCHEDULE_DELETE] = {.name = "schedule_delete"},
    [HY_VERB_SCHEDULE_FIRE] = {.name = "schedule_fire", .check = check_schedule_fire},
    [HY_VERB_SCHEDULE_RESULT] = {.name = "schedule_result"},
    [HY_VERB_MESSAGE_GET] = {.name = "message_get", .check = check_message_get},
    [HY_VERB_MESSAGE_LIST] = {.name = "message_list", .check = check_message_list},
    [HY_VERB_GRANT_LIST] = {.name = "grant_list", .check = check_grant_list},
    [HY_VERB_REACH] = {.name = "reach", .check = check_reach},
    [HY_VERB_PROSPECTS] = {.name = "prospects", .check = check_prospects},
    [HY_VERB_EVENTS] = {.name = "events", .check = check_events},
    [HY_VERB_TIMELINE] = {.name = "timeline", .check = check_timeline},
    [HY_VERB_TEMPLATES] = {.name = "templates", .check = check_templates},
    [HY_VERB_SESSION_CUTS] = {.name = "session_cuts", .check = check_session_cuts},
    [HY_VERB_APPS] = {.name = "apps", .check = check_apps},
    [HY_VERB_KEYS] = {.name = "keys", .check = check_keys},
    [HY_VERB_META_GET] = {.name = "meta_get", .check = check_meta_get},
    [HY_VERB_TOKENS] = {.name = "tokens", .check = check_tokens},
    [HY_VERB_SCHEDULES] = {.name = "schedules", .check = check_schedules},
    [HY_VERB_COUNTS] = {.name = "counts", .check = check_counts},
    [HY_VERB_CHECK] = {.name = "check", .check = check_check},
};

int hy_verb_check(const struct hy_op *op)
{
    if (verbs[op->verb].check && !verbs[op->verb].check(op))
        return HY_E_INVALID;
    return 0;
}

size_t hy_verb_weight(const struct hy_op *op)
{
    size_t weight = verbs[op->verb].weigh ? verbs[op->verb].weigh(op) : 1;

    return weight > 0 ? weight : 1;
}

static int64_t *id_of(struct hy_op *op)
{
    size_t offset = verbs[op->verb].id_offset;

    return offset ? (int64_t *)(void *)((char *)op + offset) : NULL;
}

void hy_verb_remember(struct hy_op *op)
{
    int64_t *id = id_of(op);

    if (id)
        op->id_at_start = *id;
}

void hy_verb_restore(struct hy_op *op)
{
    int64_t *id = id_of(op);

    if (id)
        *id = op->id_at_start;
}

const char *hy_verb_name(enum hy_verb verb)
{
    return (unsigned)verb < HY_VERB_COUNT ? verbs[verb].name : NULL;
}
