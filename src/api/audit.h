/*
 * audit.h - who did what: the record that a changing call hands to its verb.
 *
 *   change->op.audit = hy_call_audit(call, "webhook.delete", call->params[0], NULL);
 *   if (!change->op.audit)
 *       return;
 *   hy_call_defer(call, removed);
 *
 * The store writes it in the transaction of the change itself, and only if that is done. It names
 * the key that was shown, the caller's address, and what was asked for, without secrets.
 *
 * Every call by a key that changes anything has one, except for messages and grants, which are
 * their own record. tests/system/audit.mjs holds docs/openapi.yaml against that.
 */
#ifndef HY_API_AUDIT_H
#define HY_API_AUDIT_H

#include "api/call.h"
#include "domain/audit.h"

/* What a record's `detail` holds at most. */
enum { HY_AUDIT_DETAIL_BYTES = 2048 };

/*
 * In the arena of the call, unchanged until the reply. `action` is a constant ("app.change");
 * `subject` (copied) and `detail` (an object: the body, mostly) may be null. Null: out of memory,
 * 503 was answered. So call it before the verb is started.
 */
const struct hy_audit *hy_call_audit(struct hy_call *call, const char *action, const char *subject,
                                     const json_t *detail);

/* The same of something new, whose number the verb writes to `made_id`: with 'k' it becomes
 * "k12". */
const struct hy_audit *hy_call_audit_made(struct hy_call *call, const char *action, char letter,
                                          const int64_t *made_id, const json_t *detail);

/*
 * `detail` as it may be kept: secrets are replaced by "***", what is long is shortened, all of it
 * is a JSON object of at most HY_AUDIT_DETAIL_BYTES. Null: out of memory.
 */
const char *hy_audit_detail(struct hy_arena *arena, const json_t *detail);

#endif
