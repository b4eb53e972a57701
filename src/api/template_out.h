/*
 * template_out.h - what the calls about templates have in common.
 */
#ifndef HY_API_TEMPLATE_OUT_H
#define HY_API_TEMPLATE_OUT_H

#include "api/call.h"
#include "engine/templates.h"

/* One template with its fields, as an object. */
void hy_template_write(struct hy_out *out, const struct hy_shelf_item *item);

/* Asks the platform; `next` goes on with call->work, the same struct. Null: something was answered. */
struct hy_template_call *hy_template_call_new(struct hy_call *call, const char *app);
void hy_template_call_start(struct hy_call *call, hy_call_step *next);

/* True when it failed: a problem was answered. */
bool hy_template_call_failed(struct hy_call *call);

#endif
