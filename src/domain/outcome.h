/*
 * outcome.h - what we tell a caller's webhook, and the endpoint that is told.
 */
#ifndef HY_DOMAIN_OUTCOME_H
#define HY_DOMAIN_OUTCOME_H

#include "domain/app.h"
#include "domain/message.h"

#include <stdbool.h>
#include <stdint.h>

enum hy_outcome_type {
    HY_OUTCOME_SENT,
    HY_OUTCOME_DELIVERED,
    HY_OUTCOME_FAILED,
    HY_OUTCOME_UNKNOWN,
    HY_OUTCOME_EXPIRED,
    HY_OUTCOME_CANCELED,
    HY_OUTCOME_GRANT_ADDED,
    HY_OUTCOME_GRANT_REVOKED,
    HY_OUTCOME_CALLBACK_RAW, /* the platform's own event, as it came */
    HY_OUTCOME_TEST,         /* asked for by an operator, to one endpoint */
    HY_OUTCOME_TYPES
};

/* "message.sent", ..., "grant.added", "grant.revoked", "callback.raw", "webhook.test"; ended by a
 * null. The numbers are stored: append, never reorder. */
extern const char *const hy_outcome_names[];

/* What a message that moved is told as; -1 = its new state is told to nobody. */
int hy_outcome_of_state(enum hy_message_state state);

/* One thing that one endpoint is to be told. */
struct hy_outcome {
    int64_t id; /* given by the store, never used again; "e" and its number are the webhook-id */
    int64_t webhook_id;
    enum hy_outcome_type type;
    int64_t app_no; /* 0 = none */
    int64_t at_ms;  /* when it came about */
    /* message.*: the message as it was then; what never changes is read from it when it is told. */
    int64_t message_id; /* 0 = not about a message */
    const char *reason; /* or null */
    int64_t msgid;
    int64_t event_id; /* callback.raw */
    /* grant.* */
    const char *user, *template_id; /* or null */
    int64_t uses;                   /* grant.added: how many */
    int32_t attempts;               /* so far, in vain */
    int64_t due_at_ms;              /* 0 = behind another one of the same message */
};

struct hy_webhook {
    int64_t id; /* given by the store; as text "w" and its number */
    const char *url;
    uint32_t events;             /* bit 1 << type */
    int64_t app_no;              /* only of that app; 0 = all */
    struct hy_sealed secret;     /* the bytes of the key, sealed */
    struct hy_sealed old_secret; /* signs as well until old_until_ms; size 0 = none */
    int64_t old_until_ms;
    bool paused; /* by an operator: collects, tells nothing */
    int64_t created_at_ms;
    int64_t failing_since_ms; /* 0 = the last try was good */
    int64_t disabled_at_ms;   /* given up: collects nothing more; 0 = in use */
    const char *last_error;   /* "410", "connection refused"; or null */
    int64_t pending;          /* out of the store's list: outcomes not told yet */
    int64_t oldest_at_ms;     /* of them, 0 = none */
};

enum { HY_WEBHOOKS_MAX = 32 };

/* The delay after so many tries in vain (at least 1): 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 4
 * h, then every 6 h; between that and a fifth more, by `seed`. 0 = given up: it is more than 3 days
 * old. */
int64_t hy_outcome_retry_ms(int32_t attempts, int64_t age_ms, uint64_t seed);

#endif
