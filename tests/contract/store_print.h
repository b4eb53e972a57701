/* store_print.h - records of the store as text, every field of them, to compare two stores by. */
#ifndef HY_TESTS_CONTRACT_STORE_PRINT_H
#define HY_TESTS_CONTRACT_STORE_PRINT_H

#include "base/buf.h"
#include "store/apps.h"
#include "store/broadcasts.h"
#include "store/events.h"
#include "store/grants.h"
#include "store/housekeeping.h"
#include "store/messages.h"
#include "store/schedules.h"
#include "store/webhooks.h"

void print_message(struct hy_buf *out, const struct hy_message *m);
void print_attempt(struct hy_buf *out, const struct hy_attempt *a);
void print_grant(struct hy_buf *out, const struct hy_grant *g);
void print_answer(struct hy_buf *out, const struct hy_answer *a); /* but for its id */
void print_event(struct hy_buf *out, const struct hy_event *e);
void print_app(struct hy_buf *out, const struct hy_app *a);
void print_token(struct hy_buf *out, const struct hy_token *t);
void print_schedule(struct hy_buf *out, const struct hy_schedule *s);
void print_broadcast(struct hy_buf *out, const struct hy_broadcast *b); /* but for collect_from */
void print_outcome(struct hy_buf *out, const struct hy_outcome *o);
void print_webhook(struct hy_buf *out, const struct hy_webhook *w);
void print_pause(struct hy_buf *out, const struct hy_pause *p);
void print_audit(struct hy_buf *out, const struct hy_audit *a);

#endif
