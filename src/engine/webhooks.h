/*
 * webhooks.h - the engine's verbs for outcome webhooks. See engine.h for threads and callbacks,
 * domain/outcome.h for the words, store/webhooks.h for the outbox.
 *
 * The teller (engine/webhook/teller.c) runs in the engine's turn: it claims due outcomes of each
 * endpoint that is in use, posts them as the Standard Webhooks specification says, and settles what
 * came of it. An endpoint has a window of its own (domain/window.h), at most 16 under way. 2xx is
 * told. 410 disables the endpoint at once; anything else is tried again (hy_outcome_retry_ms), and
 * an endpoint that has only failed for 3 days is disabled: an alarm in the log, in GET /v1/webhooks
 * and in `hongyan doctor`.
 *
 *   webhook-id: e123   webhook-timestamp: seconds   webhook-signature: v1,BASE64 [v1,BASE64]
 *   {"type":"message.sent","timestamp":"...","data":{...}}
 */
#ifndef HY_ENGINE_WEBHOOKS_H
#define HY_ENGINE_WEBHOOKS_H

#include "engine/engine.h"
#include "store/webhooks.h"

/* "whsec_" and base64 of 24 to 64 bytes. */
enum { HY_WEBHOOK_SECRET_TEXT_BYTES = 100 };

struct hy_webhook_change {
    union {
        struct hy_op op;
        struct hy_webhook_put put;
        struct hy_webhook_delete removal;
        struct hy_outbox_put test;
    };
    struct hy_outbox_hurry hurry;              /* the engine's, before `put` */
    char secret[HY_WEBHOOK_SECRET_TEXT_BYTES]; /* out, of create and rotate: shown once */
    void (*done)(struct hy_webhook_change *change, void *arg);
    void *arg;
    struct hy_engine *engine; /* the engine's */
};

/* POST (`existing` null) or PATCH. Faults into `v`: then HY_E_INVALID and nothing is started. The
 * URL is https with a public name, or anything with --allow-private-webhooks. `arena` keeps
 * texts. */
int hy_engine_webhook_put(struct hy_engine *engine, const json_t *body,
                          const struct hy_webhook *existing, struct hy_violations *v,
                          struct hy_webhook_change *change);

/* A new secret; the old one signs as well for `overlap_s`. `secret` null: one is made; otherwise it
 * is wiped where it stands. */
int hy_engine_webhook_rotate(struct hy_engine *engine, const struct hy_webhook *existing,
                             const char *secret, int64_t overlap_s, struct hy_violations *v,
                             struct hy_webhook_change *change);

/* In use again after it was disabled; what is pending goes now. */
void hy_engine_webhook_enable(struct hy_engine *engine, const struct hy_webhook *existing,
                              struct hy_webhook_change *change);
void hy_engine_webhook_delete(struct hy_engine *engine, int64_t webhook_id,
                              struct hy_webhook_change *change);
/* Puts a webhook.test into its outbox. */
void hy_engine_webhook_test(struct hy_engine *engine, int64_t webhook_id,
                            struct hy_webhook_change *change);

/* How many endpoints are disabled or have failed for an hour: for GET /v1/stats and doctor. */
int64_t hy_engine_webhooks_ailing(struct hy_engine *engine);

#endif
