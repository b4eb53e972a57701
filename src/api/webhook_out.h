/*
 * webhook_out.h - how an endpoint of outcome webhooks stands in answers.
 */
#ifndef HY_API_WEBHOOK_OUT_H
#define HY_API_WEBHOOK_OUT_H

#include "api/call.h"
#include "domain/outcome.h"

/* `secret`: only when it was just made; otherwise null. */
void hy_webhook_write(struct hy_call *call, struct hy_out *out, const struct hy_webhook *webhook,
                      const char *secret);

#endif
