#include "store/verbs.h"

#include "base/err.h"
#include "store/apps.h"
#include "store/checks.h"
#include "store/housekeeping.h"
#include "store/schedules.h"
#include "store/webhooks.h"

const char *const hy_retain_names[] = {"messages",   "events", "answers", "grants",
                                       "broadcasts", "outbox", "audit",   NULL};

#define AT(type, field) offsetof(struct type, field)

static const struct {
    const char *name;
    hy_verb_rule *check; /* null: nothing to check */
    hy_verb_size *weigh; /* null: 1 */
    size_t id_offset;    /* of an int64_t that is in and out; 0 = none */
    hy_verb_rule *did;   /* after it ended with 0: whether it did something; null: always */
} verbs[HY_VERB_COUNT] = {
    [HY_VERB_ADMIT] = {.name = "admit", .check = hy_check_admit, .weigh = hy_weigh_admit},
    [HY_VERB_CLAIM] = {.name = "claim", .check = hy_check_claim, .weigh = hy_weigh_claim},
    [HY_VERB_SETTLE] = {.name = "settle", .check = hy_check_settle, .weigh = hy_weigh_settle},
    [HY_VERB_CANCEL] = {.name = "cancel"},
    [HY_VERB_RECOVER] = {.name = "recover", .check = hy_check_recover},
    [HY_VERB_SWEEP] = {.name = "sweep", .check = hy_check_sweep, .weigh = hy_weigh_sweep},
    [HY_VERB_DEPOSIT] = {.name = "deposit", .check = hy_check_deposit, .weigh = hy_weigh_deposit},
    [HY_VERB_PURGE] = {.name = "purge", .check = hy_check_purge, .weigh = hy_weigh_purge},
    [HY_VERB_TIDY] = {.name = "tidy", .check = hy_check_tidy, .weigh = hy_weigh_tidy},
    [HY_VERB_HEAR] = {.name = "hear", .check = hy_check_hear, .weigh = hy_weigh_hear},
    [HY_VERB_TEMPLATES_PUT] = {.name = "templates_put",
                               .check = hy_check_templates_put,
                               .weigh = hy_weigh_templates_put},
    [HY_VERB_TEMPLATE_DELETE] = {.name = "template_delete", .check = hy_check_template_delete},
    [HY_VERB_SESSION_CUT] = {.name = "session_cut", .check = hy_check_session_cut},
    [HY_VERB_APP_PUT] = {.name = "app_put",
                         .check = hy_check_app_put,
                         .id_offset = AT(hy_app_put, app.no)},
    [HY_VERB_APP_DELETE] = {.name = "app_delete"},
    [HY_VERB_KEY_PUT] = {.name = "key_put",
                         .check = hy_check_key_put,
                         .id_offset = AT(hy_key_put, key.id)},
    [HY_VERB_KEY_REVOKE] = {.name = "key_revoke"},
    [HY_VERB_META_PUT] = {.name = "meta_put", .check = hy_check_meta_put},
    [HY_VERB_TOKEN_BEGIN] = {.name = "token_begin", .check = hy_check_token_begin},
    [HY_VERB_TOKEN_END] = {.name = "token_end", .check = hy_check_token_end},
    [HY_VERB_SCHEDULE_PUT] = {.name = "schedule_put",
                              .check = hy_check_schedule_put,
                              .id_offset = AT(hy_schedule_put, schedule.id)},
    [HY_VERB_SCHEDULE_DELETE] = {.name = "schedule_delete"},
    [HY_VERB_SCHEDULE_FIRE] = {.name = "schedule_fire",
                               .check = hy_check_schedule_fire,
                               .weigh = hy_weigh_schedule_fire},
    [HY_VERB_SCHEDULE_RESULT] = {.name = "schedule_result"},
    [HY_VERB_RETRY] = {.name = "retry", .check = hy_check_retry},
    [HY_VERB_DEAD_RETRY] = {.name = "dead_retry",
                            .check = hy_check_dead_retry,
                            .weigh = hy_weigh_dead_retry,
                            .did = hy_did_dead_retry},
    [HY_VERB_REWIND] = {.name = "rewind", .check = hy_check_rewind, .weigh = hy_weigh_rewind},
    [HY_VERB_AUDIENCE_ADD] = {.name = "audience_add",
                              .check = hy_check_audience_add,
                              .weigh = hy_weigh_audience_add},
    [HY_VERB_AUDIENCE_COLLECT] = {.name = "audience_collect",
                                  .check = hy_check_audience_collect,
                                  .weigh = hy_weigh_audience_collect},
    [HY_VERB_BROADCAST_PUT] = {.name = "broadcast_put",
                               .check = hy_check_broadcast_put,
                               .weigh = hy_weigh_broadcast_put,
                               .id_offset = AT(hy_broadcast_put, make.broadcast.id),
                               .did = hy_did_broadcast_put},
    [HY_VERB_BROADCAST_CHANGE] = {.name = "broadcast_change", .check = hy_check_broadcast_change},
    [HY_VERB_BROADCAST_MOVE] = {.name = "broadcast_move", .check = hy_check_broadcast_move},
    [HY_VERB_BROADCAST_FEED] = {.name = "broadcast_feed",
                                .check = hy_check_broadcast_feed,
                                .weigh = hy_weigh_broadcast_feed},
    [HY_VERB_BROADCAST_WIND_UP] = {.name = "broadcast_wind_up",
                                   .check = hy_check_broadcast_wind_up,
                                   .weigh = hy_weigh_broadcast_wind_up},
    [HY_VERB_WEBHOOK_PUT] = {.name = "webhook_put",
                             .check = hy_check_webhook_put,
                             .id_offset = AT(hy_webhook_put, webhook.id)},
    [HY_VERB_WEBHOOK_DELETE] = {.name = "webhook_delete",
                                .check = hy_check_webhook_delete,
                                .weigh = hy_weigh_webhook_delete},
    [HY_VERB_OUTBOX_HURRY] = {.name = "outbox_hurry",
                              .check = hy_check_outbox_hurry,
                              .weigh = hy_weigh_outbox_hurry},
    [HY_VERB_OUTBOX_PUT] = {.name = "outbox_put",
                            .check = hy_check_outbox_put,
                            .id_offset = AT(hy_outbox_put, outcome.id)},
    [HY_VERB_OUTBOX_CLAIM] = {.name = "outbox_claim",
                              .check = hy_check_outbox_claim,
                              .weigh = hy_weigh_outbox_claim},
    [HY_VERB_OUTBOX_SETTLE] = {.name = "outbox_settle",
                               .check = hy_check_outbox_settle,
                               .weigh = hy_weigh_outbox_settle},
    [HY_VERB_RETAIN] = {.name = "retain",
                        .check = hy_check_retain,
                        .weigh = hy_weigh_retain,
                        .id_offset = AT(hy_retain, cursor)},
    [HY_VERB_VACUUM] = {.name = "vacuum", .check = hy_check_vacuum, .weigh = hy_weigh_vacuum},
    [HY_VERB_PAUSE_PUT] = {.name = "pause_put", .check = hy_check_pause_put},
    [HY_VERB_NODE_BEAT] = {.name = "node_beat", .check = hy_check_node_beat},
    [HY_VERB_NODE_LEAVE] = {.name = "node_leave"},
    [HY_VERB_MESSAGE_GET] = {.name = "message_get", .check = hy_check_message_get},
    [HY_VERB_MESSAGE_LIST] = {.name = "message_list", .check = hy_check_message_list},
    [HY_VERB_GRANT_LIST] = {.name = "grant_list", .check = hy_check_grant_list},
    [HY_VERB_REACH] = {.name = "reach", .check = hy_check_reach},
    [HY_VERB_PROSPECTS] = {.name = "prospects", .check = hy_check_prospects},
    [HY_VERB_EVENTS] = {.name = "events", .check = hy_check_events},
    [HY_VERB_TIMELINE] = {.name = "timeline", .check = hy_check_timeline},
    [HY_VERB_TEMPLATES] = {.name = "templates", .check = hy_check_templates},
    [HY_VERB_SESSION_CUTS] = {.name = "session_cuts", .check = hy_check_session_cuts},
    [HY_VERB_APPS] = {.name = "apps", .check = hy_check_apps},
    [HY_VERB_KEYS] = {.name = "keys", .check = hy_check_keys},
    [HY_VERB_META_GET] = {.name = "meta_get", .check = hy_check_meta_get},
    [HY_VERB_TOKENS] = {.name = "tokens", .check = hy_check_tokens},
    [HY_VERB_SCHEDULES] = {.name = "schedules", .check = hy_check_schedules},
    [HY_VERB_COUNTS] = {.name = "counts", .check = hy_check_counts},
    [HY_VERB_DEAD_GROUPS] = {.name = "dead_groups", .check = hy_check_dead_groups},
    [HY_VERB_AUDIENCE_LOOK] = {.name = "audience_look", .check = hy_check_audience_look},
    [HY_VERB_BROADCASTS] = {.name = "broadcasts", .check = hy_check_broadcasts},
    [HY_VERB_WEBHOOKS] = {.name = "webhooks", .check = hy_check_webhooks},
    [HY_VERB_PAUSES] = {.name = "pauses", .check = hy_check_pauses},
    [HY_VERB_AUDITS] = {.name = "audits", .check = hy_check_audits},
    [HY_VERB_CHECK] = {.name = "check", .check = hy_check_check},
    [HY_VERB_NODES] = {.name = "nodes", .check = hy_check_nodes},
    [HY_VERB_CHANGES] = {.name = "changes"},
};

int hy_verb_check(const struct hy_op *op)
{
    if (verbs[op->verb].check && !verbs[op->verb].check(op))
        return HY_E_INVALID;
    if (op->audit && (op->verb >= HY_VERB_WRITES || !hy_check_audit(op->audit)))
        return HY_E_INVALID;
    return 0;
}

bool hy_verb_did(const struct hy_op *op)
{
    return !verbs[op->verb].did || verbs[op->verb].did(op);
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
