/*
 * checks.h - the rules of each verb's arguments, and its weight: what the table of verbs.c is made
 * of. Only src/store includes it.
 */
#ifndef HY_STORE_CHECKS_H
#define HY_STORE_CHECKS_H

#include "store/broadcasts.h"

typedef bool hy_verb_rule(const struct hy_op *op);
typedef size_t hy_verb_size(const struct hy_op *op);

hy_verb_rule hy_check_admit, hy_check_claim, hy_check_settle, hy_check_recover, hy_check_sweep,
    hy_check_message_get, hy_check_message_list, hy_check_counts, hy_check_check, hy_check_deposit,
    hy_check_purge, hy_check_tidy, hy_check_grant_list, hy_check_reach, hy_check_prospects,
    hy_check_hear, hy_check_events, hy_check_timeline, hy_check_templates_put,
    hy_check_template_delete, hy_check_templates, hy_check_session_cut, hy_check_session_cuts,
    hy_check_app_put, hy_check_key_put, hy_check_meta_put, hy_check_meta_get, hy_check_token_begin,
    hy_check_token_end, hy_check_apps, hy_check_keys, hy_check_tokens, hy_check_schedule_put,
    hy_check_schedule_fire, hy_check_schedules;
hy_verb_rule hy_check_retry, hy_check_dead_retry, hy_check_dead_groups, hy_check_audience_add,
    hy_check_audience_collect, hy_check_audience_look, hy_check_broadcast_put,
    hy_check_broadcast_change, hy_check_broadcast_move, hy_check_broadcast_feed,
    hy_check_broadcast_wind_up, hy_check_broadcasts, hy_check_webhook_put, hy_check_webhook_delete,
    hy_check_webhooks, hy_check_outbox_hurry, hy_check_outbox_put, hy_check_outbox_claim,
    hy_check_outbox_settle, hy_check_retain, hy_check_vacuum, hy_check_pause_put, hy_check_pauses,
    hy_check_rewind, hy_check_audits, hy_check_node_beat, hy_check_nodes;
hy_verb_size hy_weigh_admit, hy_weigh_claim, hy_weigh_settle, hy_weigh_sweep, hy_weigh_deposit,
    hy_weigh_purge, hy_weigh_tidy, hy_weigh_hear, hy_weigh_templates_put, hy_weigh_dead_retry,
    hy_weigh_audience_add, hy_weigh_audience_collect, hy_weigh_broadcast_put,
    hy_weigh_broadcast_feed, hy_weigh_broadcast_wind_up, hy_weigh_webhook_delete,
    hy_weigh_outbox_hurry, hy_weigh_outbox_claim, hy_weigh_outbox_settle, hy_weigh_retain,
    hy_weigh_vacuum, hy_weigh_rewind, hy_weigh_schedule_fire;
/* After a verb that ended with 0: whether it did something. */
hy_verb_rule hy_did_dead_retry, hy_did_broadcast_put;

/* Of a message on its way in, whichever verb brings it. */
bool hy_check_admit_item(const struct hy_admit_item *item);
bool hy_check_broadcast_make(const struct hy_broadcast_make *make);
bool hy_check_audit(const struct hy_audit *audit);

/* --- words of the rules ----------------------------------------------------------------------- */

enum { HY_LIST_MAX = 1000, HY_STEP_MAX = 10000 };

static inline bool hy_check_text(const char *t)
{
    return t && *t;
}

static inline bool hy_check_choice(int value, int count)
{
    return value >= 0 && value < count;
}

#endif
