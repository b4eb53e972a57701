#include "store/memory/memory.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

static int hy_mem_open(const char *path, struct hy_backend **ret_backend, char *ret_explain,
                       size_t explain_size)
{
    struct hy_backend *b;

    if (*path) {
        if (explain_size > 0)
            snprintf(ret_explain, explain_size, "memory: takes nothing behind the colon");
        return HY_E_INVALID;
    }
    b = (struct hy_backend *)hy_mem_alloc(sizeof *b);
    hy_heap_init(&b->expiry, hy_mem_message_by_expiry,
                 offsetof(struct hy_mem_message, expiry_position));
    *ret_backend = b;
    return 0;
}

static int hy_mem_begin(struct hy_backend *b)
{
    return 0;
}

static int hy_mem_commit(struct hy_backend *b)
{
    return 0;
}

/* Nothing asks for it: no verb here fails after it began to change something (memory.h). */
static void hy_mem_rollback(struct hy_backend *b)
{
    abort();
}

const struct hy_backend_ops hy_backend_memory = {
    .name = "memory",
    .prefix = "memory:",
    .open = hy_mem_open,
    .close = hy_mem_free_all,
    .begin = hy_mem_begin,
    .commit = hy_mem_commit,
    .rollback = hy_mem_rollback,
    .audit = hy_mem_audit,
    .verbs =
        {
            [HY_VERB_ADMIT] = hy_mem_admit,
            [HY_VERB_CLAIM] = hy_mem_claim,
            [HY_VERB_SETTLE] = hy_mem_settle,
            [HY_VERB_CANCEL] = hy_mem_cancel,
            [HY_VERB_RECOVER] = hy_mem_recover,
            [HY_VERB_SWEEP] = hy_mem_sweep,
            [HY_VERB_DEPOSIT] = hy_mem_deposit,
            [HY_VERB_PURGE] = hy_mem_purge,
            [HY_VERB_TIDY] = hy_mem_tidy,
            [HY_VERB_HEAR] = hy_mem_hear,
            [HY_VERB_TEMPLATES_PUT] = hy_mem_templates_put,
            [HY_VERB_TEMPLATE_DELETE] = hy_mem_template_delete,
            [HY_VERB_SESSION_CUT] = hy_mem_session_cut,
            [HY_VERB_REACH] = hy_mem_reach,
            [HY_VERB_PROSPECTS] = hy_mem_prospects,
            [HY_VERB_EVENTS] = hy_mem_events,
            [HY_VERB_TIMELINE] = hy_mem_timeline,
            [HY_VERB_TEMPLATES] = hy_mem_templates,
            [HY_VERB_SESSION_CUTS] = hy_mem_session_cuts,
            [HY_VERB_APP_PUT] = hy_mem_app_put,
            [HY_VERB_APP_DELETE] = hy_mem_app_delete,
            [HY_VERB_KEY_PUT] = hy_mem_key_put,
            [HY_VERB_KEY_REVOKE] = hy_mem_key_revoke,
            [HY_VERB_META_PUT] = hy_mem_meta_put,
            [HY_VERB_TOKEN_BEGIN] = hy_mem_token_begin,
            [HY_VERB_TOKEN_END] = hy_mem_token_end,
            [HY_VERB_SCHEDULE_PUT] = hy_mem_schedule_put,
            [HY_VERB_SCHEDULE_DELETE] = hy_mem_schedule_delete,
            [HY_VERB_SCHEDULE_FIRE] = hy_mem_schedule_fire,
            [HY_VERB_SCHEDULE_RESULT] = hy_mem_schedule_result,
            [HY_VERB_RETRY] = hy_mem_retry,
            [HY_VERB_DEAD_RETRY] = hy_mem_dead_retry,
            [HY_VERB_REWIND] = hy_mem_rewind,
            [HY_VERB_AUDIENCE_ADD] = hy_mem_audience_add,
            [HY_VERB_AUDIENCE_COLLECT] = hy_mem_audience_collect,
            [HY_VERB_BROADCAST_PUT] = hy_mem_broadcast_put,
            [HY_VERB_BROADCAST_CHANGE] = hy_mem_broadcast_change,
            [HY_VERB_BROADCAST_MOVE] = hy_mem_broadcast_move,
            [HY_VERB_BROADCAST_FEED] = hy_mem_broadcast_feed,
            [HY_VERB_BROADCAST_WIND_UP] = hy_mem_broadcast_wind_up,
            [HY_VERB_WEBHOOK_PUT] = hy_mem_webhook_put,
            [HY_VERB_WEBHOOK_DELETE] = hy_mem_webhook_delete,
            [HY_VERB_OUTBOX_HURRY] = hy_mem_outbox_hurry,
            [HY_VERB_OUTBOX_PUT] = hy_mem_outbox_put,
            [HY_VERB_OUTBOX_CLAIM] = hy_mem_outbox_claim,
            [HY_VERB_OUTBOX_SETTLE] = hy_mem_outbox_settle,
            [HY_VERB_RETAIN] = hy_mem_retain,
            [HY_VERB_VACUUM] = hy_mem_vacuum,
            [HY_VERB_PAUSE_PUT] = hy_mem_pause_put,
            [HY_VERB_DEAD_GROUPS] = hy_mem_dead_groups,
            [HY_VERB_AUDIENCE_LOOK] = hy_mem_audience_look,
            [HY_VERB_BROADCASTS] = hy_mem_broadcasts,
            [HY_VERB_WEBHOOKS] = hy_mem_webhooks,
            [HY_VERB_PAUSES] = hy_mem_pauses,
            [HY_VERB_AUDITS] = hy_mem_audits,
            [HY_VERB_MESSAGE_GET] = hy_mem_message_get,
            [HY_VERB_MESSAGE_LIST] = hy_mem_message_list,
            [HY_VERB_GRANT_LIST] = hy_mem_grant_list,
            [HY_VERB_APPS] = hy_mem_apps,
            [HY_VERB_KEYS] = hy_mem_keys,
            [HY_VERB_META_GET] = hy_mem_meta_get,
            [HY_VERB_TOKENS] = hy_mem_tokens,
            [HY_VERB_SCHEDULES] = hy_mem_schedules,
            [HY_VERB_COUNTS] = hy_mem_counts,
            [HY_VERB_CHECK] = hy_mem_check,
        },
};
