/*
 * outcome_body.h - what an endpoint is told: {"type":"...","timestamp":"...","data":{...}}. Only
 * src/engine includes it.
 *
 *   message.*      id, app, user, template, tag?, broadcast?, state, reason?, errcode?, msgid?, attempts
 *   grant.*        app, user, template?, uses?, reason?
 *   callback.raw   app, name, user?, event: the platform's own, as an object
 *   webhook.test   webhook
 */
#ifndef HY_ENGINE_WEBHOOK_OUTCOME_BODY_H
#define HY_ENGINE_WEBHOOK_OUTCOME_BODY_H

#include "base/json.h"
#include "store/webhooks.h"

/* A new object; `app_id` may be null. Null when out of memory. */
json_t *hy_outcome_body(const struct hy_outbox_claimed *claimed, const char *app_id);

/* False: what it is about is not kept any more, and there is nothing to tell. */
bool hy_outcome_tellable(const struct hy_outbox_claimed *claimed);

#endif
