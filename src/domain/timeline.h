/*
 * timeline.h - all that is known of one user as one story: what she permitted, what was sent by it,
 * what the platform said, and how many messages she could be sent before and after each step.
 *
 * Nothing is written down for it: the story is replayed from what the ledger and the messages keep
 * anyway. A balance belongs to a pot: the counter of a template, or all receipts together. It counts
 * uses that are left and not void; those promised to messages too.
 *
 * At the end of the story each balance is that of the ledger. What is too long ago to be stored is
 * made up for from there, backwards: a balance that can't be known is not told (known is false).
 */
#ifndef HY_DOMAIN_TIMELINE_H
#define HY_DOMAIN_TIMELINE_H

#include "base/arena.h"
#include "domain/answer.h"
#include "domain/attempt.h"

/* A callback of the platform, as it came. A timeline's come without raw (null): nothing shows it. */
struct hy_event {
    int64_t id;
    int64_t app_no;
    const char *name;
    const char *user; /* or null */
    const char *raw;  /* JSON text */
    int64_t created_at_ms;
    int64_t received_at_ms;
};

struct hy_told_message {
    struct hy_message message;
    struct hy_attempt *attempts;
    size_t attempt_count;
};

/* All of one user, each in any order. */
struct hy_timeline_facts {
    const struct hy_grant *grants;
    size_t grant_count;
    const struct hy_answer *answers;
    size_t answer_count;
    const struct hy_told_message *messages;
    size_t message_count;
    const struct hy_event *events;
    size_t event_count;
    bool whole;        /* no answer and no message is missing, however old */
    int64_t now_ms;    /* what comes later is not told */
    int64_t margin_ms; /* of receipts */
};

/* The numbers are the order of what happened in one millisecond. */
enum hy_step_type {
    HY_STEP_GRANT_ADDED, /* a receipt */
    HY_STEP_ANSWER,
    HY_STEP_EVENT,
    HY_STEP_MESSAGE_ACCEPTED,
    HY_STEP_ATTEMPT,
    HY_STEP_GRANT_SUSPECT,
    HY_STEP_GRANT_REVOKED, /* by the platform's answer, or by the user in the settings */
    HY_STEP_SETTLED,       /* the message came to its end */
    HY_STEP_GRANT_EXPIRED, /* a receipt with something left */
    HY_STEP_TYPES
};

/* "grant_added", "answer", ...; ended by a null. */
extern const char *const hy_step_type_names[];

struct hy_step {
    int64_t at_ms;
    enum hy_step_type type;
    const char *template_id; /* or null: receipts */
    /* What it is about; the others are null. A suspicion or revocation after an attempt has that
     * attempt and its message, too. */
    const struct hy_grant *grant;
    const struct hy_answer *answer;
    const struct hy_told_message *message;
    const struct hy_attempt *attempt;
    const struct hy_event *event;
    const char *reason; /* of SUSPECT, REVOKED and SETTLED: "43101", "withdrawn"; or null */

    bool known; /* the two below */
    int64_t before, after;

    /* The replay's. */
    const struct hy_grant *pot; /* a counter; null: receipts */
    int64_t delta;              /* uses that come or go by it */
    bool voids;                 /* nothing is left after it */
    size_t seq;
};

/*
 * The story, oldest first, in the arena; it points into `facts`. Null when out of memory.
 */
struct hy_step *hy_timeline(const struct hy_timeline_facts *facts, struct hy_arena *arena,
                            size_t *ret_count);

/* What is left of a grant: uses_left of one that is neither revoked nor over. */
int64_t hy_timeline_left(const struct hy_grant *grant, int64_t now_ms, int64_t margin_ms);

/* timeline_balance.c: fills in known, before and after of a story in order. HY_E_NOMEM. */
int hy_timeline_balance(const struct hy_timeline_facts *facts, struct hy_step *items, size_t count,
                        struct hy_arena *arena);

#endif
