/*
 * checks.h - the arguments of the verbs: whether a struct may be given to a backend at all, and how
 * much work it is. For verbs.c, whose table names one or none of each for a verb.
 */
#ifndef HY_STORE_CHECKS_H
#define HY_STORE_CHECKS_H

#include "store/store.h"

/* False: an input is out of its range; the verb is refused with HY_E_INVALID. */
typedef bool hy_verb_check_fn(const struct hy_op *op);

/* About how many rows it touches; 1 is the least. Only asked of what was checked. */
typedef size_t hy_verb_weigh_fn(const struct hy_op *op);

/* checks.c: messages, grants, events, schedules */
hy_verb_check_fn hy_check_admit, hy_check_claim, hy_check_settle, hy_check_recover, hy_check_sweep,
    hy_check_message_get, hy_check_message_list, hy_check_counts, hy_check_check, hy_check_deposit,
    hy_check_purge, hy_check_tidy, hy_check_grant_list, hy_check_reach, hy_check_prospects,
    hy_check_hear, hy_check_events, hy_check_timeline, hy_check_schedule_put,
    hy_check_schedule_fire, hy_check_schedules;

hy_verb_weigh_fn hy_weigh_admit, hy_weigh_claim, hy_weigh_settle, hy_weigh_sweep, hy_weigh_deposit,
    hy_weigh_purge, hy_weigh_tidy, hy_weigh_hear;

/* checks_apps.c: templates, sessions, apps, keys, meta, tokens */
hy_verb_check_fn hy_check_templates_put, hy_check_template_delete, hy_check_templates,
    hy_check_session_cut, hy_check_session_cuts, hy_check_app_put, hy_check_key_put,
    hy_check_meta_put, hy_check_meta_get, hy_check_token_begin, hy_check_token_end, hy_check_apps,
    hy_check_keys, hy_check_tokens;

hy_verb_weigh_fn hy_weigh_templates_put;

#endif
