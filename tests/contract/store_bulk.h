/*
 * store_bulk.h - broadcasts, webhooks and retries in few words, as store_rig.h has it for messages.
 */
#ifndef HY_TESTS_CONTRACT_STORE_BULK_H
#define HY_TESTS_CONTRACT_STORE_BULK_H

#include "store_rig.h"

/* --- broadcasts ------------------------------------------------------------------------------- */

/* A draft: template "T1", data "{}", on_missing fail; no audience. In the rig's arena, not stored. */
struct hy_broadcast_make *campaign(void);
int put_make(struct hy_broadcast_make *make);
/* campaign() with users "a", "b", ... (so many), as a draft, or running at once. Its id. */
int64_t draft_to(int users);
int64_t run_to(int users);
int64_t run_over_reach(void);

int add_users(int64_t id, struct hy_audience_item *items, size_t count, struct hy_audience_add *v);
struct hy_broadcast_feed *feed(int64_t id, size_t limit);
int feed_result(int64_t id, size_t limit, struct hy_broadcast_feed **ret_v);
int move_to(int64_t id, enum hy_broadcast_state to, const char *reason);
const struct hy_broadcast *broadcast(int64_t id); /* ends the case when there is none */
#define CHECK_BROADCAST(id, expected)                                                              \
    CHECK_TEXT(hy_broadcast_state_names[broadcast(id)->state],                                     \
               hy_broadcast_state_names[HY_BROADCAST_##expected])

/* The queue of what broadcasts make here, for claims. */
int bulk_queue(void);

/* --- webhooks --------------------------------------------------------------------------------- */

enum { EVERYTHING = (1 << HY_OUTCOME_TYPES) - 1 };

struct hy_webhook_put webhook_to(uint32_t events);
int64_t listen_to(uint32_t events); /* stores one; its id */
const struct hy_webhook *webhook(int64_t id);

/* What is due to that webhook now, claimed for a minute. */
struct hy_outbox_claim *outbox(int64_t webhook_id, size_t capacity);
/* Exactly one is due. */
const struct hy_outbox_claimed *outbox_one(int64_t webhook_id);
/* Says that it was told; how many became due by that. */
size_t tell_over(const struct hy_outbox_claimed *c);
/* All that is due to it and all that becomes due when that is told, in order: "message.sent
 * message.delivered". */
const char *told_all(int64_t webhook_id);

/* --- others ----------------------------------------------------------------------------------- */

/* A message that ended so: failed with that reason by an answer of the platform. */
struct hy_message *failed_with(const char *user, const char *errcode);
struct hy_retry *retry(int64_t id, int expected);
size_t retain(enum hy_retain_kind kind, int64_t before_ms);

#endif
