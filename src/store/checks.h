/*
 * checks.h - the rules of each verb's arguments, and its weight: what the table of verbs.c is made
 * of. Only src/store includes it.
 */
#ifndef HY_STORE_CHECKS_H
#define HY_STORE_CHECKS_H

#include "store/messages.h"

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
hy_verb_size hy_weigh_admit, hy_weigh_claim, hy_weigh_settle, hy_weigh_sweep, hy_weigh_deposit,
    hy_weigh_purge, hy_weigh_tidy, hy_weigh_hear, hy_weigh_templates_put;

/* Of a message on its way in, whichever verb brings it. */
bool hy_check_admit_item(const struct hy_admit_item *item);

/* --- words of the rules ----------------------------------------------------------------------- */

enum { HY_LIST_MAX = 1000 };

static inline bool hy_check_text(const char *t)
{
    return t && *t;
}

static inline bool hy_check_choice(int value, int count)
{
    return value >= 0 && value < count;
}

#endif
