#include "domain/message.h"

#include "base/err.h"

#include <string.h>

const char *const hy_message_state_names[] = {"queued",    "waiting", "sending", "sent",
                                              "delivered", "failed",  "unknown", "expired",
                                              "canceled",  NULL};
const char *const hy_on_missing_names[] = {"fail", "wait", "try", NULL};
const char *const hy_policy_names[] = {"at_most_once", "at_least_once", NULL};
const char *const hy_template_kind_names[] = {"any", "legacy", "once", "always", NULL};
const char *const hy_repair_names[] = {"reject", "cut", NULL};

#define TO(state) (1u << HY_MESSAGE_##state)

static const unsigned moves[HY_MESSAGE_STATES] = {
    [HY_MESSAGE_QUEUED] =
        TO(WAITING) | TO(SENDING) | TO(FAILED) | TO(UNKNOWN) | TO(EXPIRED) | TO(CANCELED),
    [HY_MESSAGE_WAITING] = TO(QUEUED) | TO(SENDING) | TO(FAILED) | TO(EXPIRED) | TO(CANCELED),
    [HY_MESSAGE_SENDING] = TO(QUEUED) | TO(WAITING) | TO(SENT) | TO(FAILED) | TO(UNKNOWN),
    [HY_MESSAGE_SENT] = TO(DELIVERED) | TO(FAILED),
    [HY_MESSAGE_FAILED] = TO(QUEUED),
    [HY_MESSAGE_UNKNOWN] = TO(QUEUED) | TO(SENDING) | TO(SENT) | TO(DELIVERED) | TO(FAILED),
    [HY_MESSAGE_EXPIRED] = TO(QUEUED),
};

bool hy_message_may_move(enum hy_message_state from, enum hy_message_state to)
{
    return moves[from] >> to & 1;
}

bool hy_message_may_retry(enum hy_message_state state)
{
    static const unsigned again = TO(FAILED) | TO(UNKNOWN) | TO(EXPIRED);

    return again >> state & 1;
}

bool hy_message_may_move_by_itself(enum hy_message_state from, enum hy_message_state to)
{
    return hy_message_may_move(from, to) &&
           !(to == HY_MESSAGE_QUEUED && hy_message_may_retry(from));
}

bool hy_message_is_final(enum hy_message_state state)
{
    static const unsigned final =
        TO(SENT) | TO(DELIVERED) | TO(FAILED) | TO(EXPIRED) | TO(CANCELED);

    return final >> state & 1;
}

enum { NODE_BITS = 8, SEQUENCE_BITS = 14, TIME_SHIFT = NODE_BITS + SEQUENCE_BITS };

static const int64_t epoch_ms = 1704067200000; /* 2024-01-01T00:00:00Z */

void hy_message_ids_init(struct hy_message_ids *ids, int node, int64_t last)
{
    ids->last = last;
    ids->node = node;
}

int64_t hy_message_ids_next(struct hy_message_ids *ids, int64_t now_ms)
{
    int64_t node = (int64_t)ids->node << SEQUENCE_BITS;
    int64_t id = hy_message_id_at(now_ms) | node;

    if (id <= ids->last) {
        /* Same millisecond, or a clock that went back: count on from the last one. */
        int64_t sequence = (ids->last & ((1 << SEQUENCE_BITS) - 1)) + 1;
        int64_t ms = ids->last >> TIME_SHIFT;

        ms += sequence >> SEQUENCE_BITS;
        id = ms << TIME_SHIFT | node | (sequence & ((1 << SEQUENCE_BITS) - 1));
        if (id <= ids->last) /* that one was of a node with a higher number */
            id = (ms + 1) << TIME_SHIFT | node;
    }
    ids->last = id;
    return id;
}

int64_t hy_message_id_ms(int64_t id)
{
    return (id >> TIME_SHIFT) + epoch_ms;
}

int64_t hy_message_id_at(int64_t ms)
{
    return ms > epoch_ms ? (ms - epoch_ms) << TIME_SHIFT : 0;
}

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
enum { DIGITS = 13 };

const char *hy_message_id_print(int64_t id, char into[HY_MESSAGE_ID_TEXT_BYTES])
{
    uint64_t rest = (uint64_t)id;

    into[0] = 'm';
    for (int i = DIGITS; i > 0; i--, rest >>= 5)
        into[i] = alphabet[rest & 31];
    into[DIGITS + 1] = 0;
    return into;
}

int hy_message_id_parse(const char *text, int64_t *ret_id)
{
    uint64_t id = 0;

    if ((text[0] | 32) != 'm' || strlen(text) != DIGITS + 1)
        return HY_E_INVALID;
    for (int i = 1; i <= DIGITS; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 32) : text[i];
        const char *digit = strchr(alphabet, c);

        if (!digit || (i == 1 && digit - alphabet > 7))
            return HY_E_INVALID;
        id = id << 5 | (uint64_t)(digit - alphabet);
    }
    *ret_id = (int64_t)id;
    return 0;
}
