/*
 * events.h - the store's verbs for what a platform tells us by callback, and for the timeline of a
 * user. See store.h for what all verbs share.
 *
 * A sent event says what became of a message that the platform had taken. It may come before our own
 * request is answered, long after, twice, or never. Messages that may get one are noted when they are
 * settled (hy_settle_item.expect_event); an event that fits none yet is kept and looked at whenever a
 * message of that user is settled.
 */
#ifndef HY_STORE_EVENTS_H
#define HY_STORE_EVENTS_H

#include "domain/timeline.h"
#include "store/grants.h"
#include "store/messages.h"

enum { HY_EVENT_NEAR_MS = 60000 };

/* What became of one message. */
struct hy_sent_item {
    const char *template_id;
    int64_t msgid;      /* 0 = not told */
    bool delivered;     /* else failed */
    const char *reason; /* of a failure: "event.1003"; null otherwise */
    uint8_t identity[HY_IDENTITY_BYTES];
    /* out */
    bool duplicate;
    int64_t message_id; /* the one that it moved; 0 = none yet */
};

/*
 * One callback, all or nothing: its answers (source event, each with an identity), its sent items, and
 * its raw text for forwarding. `fresh` is false when all of it was known: then nothing is stored, the
 * raw text neither. A callback without items is known by `identity`.
 *
 * A sent item moves the message of that user and template that awaits one and has that msgid; without
 * a match the one whose msgid is not known (sent without, or unknown) and whose request left first
 * (then the smaller id), not later than 5 minutes after created_at_ms. One that left longer than
 * HY_EVENT_NEAR_MS before it is only meant when there is no nearer one: most likely it never went, and
 * will wait in vain. But while one of that user and
 * template is in `sending`, only a msgid matches: the item may be about that one. What moves none is
 * kept, and looked at again, in the order in which it came, whenever a message of that user is settled.
 *
 * sent or unknown -> delivered (reason null) or failed; settled_at_ms = now_ms, no due time any more,
 * not in doubt, the msgid of the item when it had none; a use that it still holds is spent; a failed
 * one names no grant.
 */
struct hy_hear {
    struct hy_op op;
    int64_t app_no;
    const char *name; /* "subscribe_msg_popup_event" */
    const char *user; /* or null */
    int64_t created_at_ms;
    int64_t now_ms;
    const char *raw;                     /* JSON text, whatever form it came in */
    uint8_t identity[HY_IDENTITY_BYTES]; /* without items: what it is known by */
    struct hy_deposit_item *answers;
    size_t answer_count;
    struct hy_sent_item *sent;
    size_t sent_count;
    /* out */
    bool fresh;
    int64_t event_id; /* of the stored one; 0 = none was stored */
    size_t woken;     /* messages that waited and are due now */
    size_t freed;     /* as for settle: un-parked ones */
};

/* Events after `after_id`, oldest first. */
struct hy_events {
    struct hy_op op;
    int64_t app_no; /* 0 = all */
    int64_t after_id;
    size_t limit; /* 1..1000 */
    struct hy_arena *arena;
    struct hy_event *events; /* out */
    size_t count;            /* out */
};

/* --- timeline --------------------------------------------------------------------------------- */

/*
 * All that is known of one user, as it is stored: the newest `limit` of each kind, newest first
 * (answers by at_ms, then id; messages and events by id); grants all, in the order of
 * hy_grant_compare(). Events come without raw (null). domain/timeline.h makes a story of it.
 */
struct hy_timeline_read {
    struct hy_op op;
    int64_t app_no;
    const char *user;
    size_t limit; /* 1..1000, of each kind */
    struct hy_arena *arena;
    /* out */
    struct hy_grant *grants;
    size_t grant_count;
    struct hy_answer *answers;
    size_t answer_count;
    struct hy_told_message *messages;
    size_t message_count;
    struct hy_event *events;
    size_t event_count;
};

#endif
