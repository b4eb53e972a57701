/*
 * message.h - one notification to one user, and the states it may be in.
 *
 *                 +-----------> waiting ----------+
 *                 |    (no grant yet)             |
 *   admit --> queued <-------------------------- -+        canceled  <- queued, waiting
 *                 |  ^                                     expired   <- queued, waiting
 *           claim |  | retry, next receipt, token          failed    <- queued, waiting, sending
 *                 v  |
 *               sending ---> sent ---> delivered | failed   (the platform's later event)
 *                 |  ^
 *      no answer  v  | the same receipt again, or an operator's retry
 *               unknown ---> sent | delivered | failed      (settled by event, receipt, operator)
 *
 * sending becomes waiting when the platform refused a grant that the ledger is sure of: it waits
 * for the next accept, or for the instant at which the grant is tried again (due_at_ms). Then it
 * goes from waiting to sending at once.
 *
 * failed, expired and unknown become queued again when an operator asks for a retry, and never
 * else.
 *
 * queued becomes unknown, too: when an earlier request is in doubt and the grant that could have
 * proved it is gone, so that trying again with another one might be the second time.
 *
 * Every change goes through hy_message_may_move(); an illegal one aborts, because going on would
 * write an untrue record.
 *
 * An id is a 63-bit number that grows with time, so that inserts are sequential: 41 bits of
 * milliseconds since 2024-01-01, 8 bits of node, 14 bits of sequence. As text it is "m" and 13
 * letters of Crockford's base 32, which sort as the numbers do.
 */
#ifndef HY_DOMAIN_MESSAGE_H
#define HY_DOMAIN_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

enum hy_message_state {
    HY_MESSAGE_QUEUED,
    HY_MESSAGE_WAITING,
    HY_MESSAGE_SENDING,
    HY_MESSAGE_SENT,
    HY_MESSAGE_DELIVERED,
    HY_MESSAGE_FAILED,
    HY_MESSAGE_UNKNOWN,
    HY_MESSAGE_EXPIRED,
    HY_MESSAGE_CANCELED,
    HY_MESSAGE_STATES /* how many */
};

/* The words of the API, ended by a null; the index is the enum value. These numbers are stored:
 * append, never reorder. */
extern const char *const hy_message_state_names[];

enum hy_on_missing { HY_ON_MISSING_FAIL, HY_ON_MISSING_WAIT, HY_ON_MISSING_TRY };
extern const char *const hy_on_missing_names[];

enum hy_policy { HY_POLICY_AT_MOST_ONCE, HY_POLICY_AT_LEAST_ONCE };
extern const char *const hy_policy_names[];

/* What is known of the template: which grants fit it. The numbers are stored. */
enum hy_template_kind {
    HY_TEMPLATE_ANY,    /* not known */
    HY_TEMPLATE_LEGACY, /* form template: receipts */
    HY_TEMPLATE_ONCE,   /* one-time subscription */
    HY_TEMPLATE_ALWAYS, /* long-term subscription */
    HY_TEMPLATE_KINDS
};
/* "any", "legacy", "once", "always"; ended by a null. */
extern const char *const hy_template_kind_names[];

enum hy_repair { HY_REPAIR_REJECT, HY_REPAIR_CUT };
extern const char *const hy_repair_names[];

/* All texts may be null when not given. Instants are ms since the Unix epoch, 0 = none. */
struct hy_message {
    int64_t id;
    int64_t app_no;
    const char *user;
    const char *template_id;
    const char *data; /* compact JSON object: {"keyword1":{"value":"..."}} */
    const char *page;
    const char *emphasis;          /* "keyword1" */
    const char *miniprogram_state; /* "developer", "trial", "formal" */
    const char *lang;              /* "zh_CN", ... */
    const char *tag;               /* the caller's own mark */
    const char *extra; /* compact JSON object: members for the platform that we don't know */
    enum hy_template_kind template_kind;
    bool urgent;          /* goes in quiet hours, past caps, and before others */
    int64_t broadcast_id; /* the broadcast that it belongs to, 0 = none */

    enum hy_message_state state;
    const char *reason; /* why it is in that state: "no_grant.never", "bad_payload.40037" */
    enum hy_policy policy;
    enum hy_on_missing on_missing;

    int64_t accepted_at_ms;
    int64_t send_at_ms;    /* as asked, 0 = at once */
    int64_t expires_at_ms; /* as asked, 0 = never */
    int64_t due_at_ms;     /* queued, unknown, waiting: when it may be claimed next; 0 = not by
                              time */
    int64_t settled_at_ms; /* when it reached its present final state, 0 = not final */

    /* queued, sending, unknown: the grant of which it holds a use; sent, delivered: the one that
     * was used. 0 = none: the attempts say which ones were tried. */
    int64_t grant_id;
    int32_t attempt_count;
    bool in_doubt; /* an earlier request with the grant it holds had no definite answer */
    int64_t msgid; /* the platform's id of the sent message, 0 = none */
};

/* True when `from` -> `to` is drawn above. Staying is not a move. */
bool hy_message_may_move(enum hy_message_state from, enum hy_message_state to);

/* True when an operator may have it sent again, from failed, expired, unknown to queued. */
bool hy_message_may_retry(enum hy_message_state state);

/* True for the moves that need no operator: all that is drawn but those of a retry. Whatever moves
 * a message and is no retry asks this one. */
bool hy_message_may_move_by_itself(enum hy_message_state from, enum hy_message_state to);

/* True for the states that nothing changes by itself any more: sent, delivered, failed, expired,
 * canceled. (sent may still become delivered by the platform's event.) */
bool hy_message_is_final(enum hy_message_state state);

/* --- ids -------------------------------------------------------------------------------------- */

enum { HY_MESSAGE_ID_TEXT_BYTES = 16, HY_MESSAGE_NODE_MAX = 255 };

/* Hands out growing ids; callers hold a lock of their own. */
struct hy_message_ids {
    int64_t last;
    int node;
};

/* `last` is the largest id in use (0 = none): ids go on above it even if the clock went back. */
void hy_message_ids_init(struct hy_message_ids *ids, int node, int64_t last);
int64_t hy_message_ids_next(struct hy_message_ids *ids, int64_t now_ms);

/* The instant that an id was made, and the smallest id of an instant. */
int64_t hy_message_id_ms(int64_t id);
int64_t hy_message_id_at(int64_t ms);

const char *hy_message_id_print(int64_t id, char into[HY_MESSAGE_ID_TEXT_BYTES]);
/* Upper and lower case are the same; HY_E_INVALID for anything that print would not write. */
int hy_message_id_parse(const char *text, int64_t *ret_id);

#endif
