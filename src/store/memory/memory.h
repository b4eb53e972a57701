/*
 * memory.h - the reference backend: everything in plain records, for `memory:` and for tests.
 *
 * It is written to be obviously right, so that other backends can be compared with it; it holds
 * some 100,000 messages without anything growing faster than it should. Nothing outlives close.
 *
 * There is no rollback: every verb looks at everything before it changes anything, so the only
 * failure half-way could be memory itself, and running out of that ends the process.
 *
 * One thread at a time uses it (the writer's: there is no reading handle).
 */
#ifndef HY_STORE_MEMORY_MEMORY_H
#define HY_STORE_MEMORY_MEMORY_H

#include "store/apps.h"
#include "store/backend.h"
#include "store/events.h"
#include "store/grants.h"
#include "store/housekeeping.h"
#include "store/memory/containers.h"
#include "store/messages.h"
#include "store/schedules.h"
#include "store/templates.h"
#include "store/webhooks.h"

struct hy_mem_shared;

struct hy_mem_grant {
    struct hy_grant g; /* owns its texts */
    struct hy_mem_user *user;
    bool has_free_use; /* it is in user->free */
    void *stored; /* a desk's: what it was like; null in the memory backend and when it is new */
};

struct hy_mem_message {
    struct hy_message m; /* owns its texts; grant_id, state, due_at_ms change only in ledger.c */
    struct hy_mem_user *user;
    struct hy_mem_grant *grant; /* of which it holds a use, or null */
    bool parked;
    bool held; /* queued, but not due before its broadcast moves on */
    int64_t lease_until_ms;
    int64_t claimed_by;          /* the node that claimed it; 0 = the only one */
    struct hy_attempt *attempts; /* m.attempt_count of them */
    size_t due_position;         /* in its lane's or its user's heap */
    size_t expiry_position;
    bool awaits_event;   /* it is in user->awaiting */
    int64_t left_at_ms;  /* of the request whose event it awaits */
    int64_t noted_at_ms; /* when that was settled */
    void *stored;        /* as of a grant */
};

/* A sent event that fits no message yet. */
struct hy_mem_early {
    const char *template_id;
    int64_t msgid;
    bool delivered;
    const char *reason;
    int64_t created_at_ms;
    int64_t kept_at_ms;
    int64_t stored_id; /* a desk's: 0 in the memory backend and when it is new */
};

/* A message that counts for the caps of its user. */
struct hy_mem_heard {
    int64_t message_id;
    char *template_id;
    int64_t at_ms;
    int64_t until_ms;
};

/* Of a user and a template: the newest answer as it was told. Those of hy_answer may be joined. */
struct hy_mem_newest {
    char *template_id;
    enum hy_answer_kind kind; /* of several at one instant the one told last */
    int64_t at_ms;
    int64_t withdrawn_at_ms; /* the newest withdrawal in the settings; 0 = never */
};

struct hy_mem_user {
    int64_t app_no;
    char *name;
    struct hy_vector grants; /* in the order of hy_grant_compare() */
    struct hy_vector
        free; /* of them: available or suspect with a use that nobody holds, likewise */
    struct hy_vector waiting;       /* messages, by id */
    struct hy_heap parked;          /* messages, by due time and id */
    struct hy_mem_message *sending; /* or null */
    struct hy_vector answers;       /* hy_answer, by id */
    struct hy_vector newest;        /* hy_mem_newest, one a template */
    struct hy_vector awaiting;      /* messages that await a sent event, by id */
    struct hy_vector early;         /* hy_mem_early, as they came */
    struct hy_vector heard;         /* hy_mem_heard, as they were settled */
    void *desk;                     /* a desk's: what it has of this user; or null */
};

/* What is due in one queue of an app. */
struct hy_mem_lane {
    struct hy_heap due; /* messages: queued, or unknown or waiting with a due time; not parked */
};

struct hy_mem_key_use {
    uint8_t body[HY_FINGERPRINT_BYTES];
    int64_t message_id;
    enum hy_message_state state; /* as first answered */
    const char *reason;
    int64_t used_at_ms;
};

struct hy_mem_app {
    struct hy_app app;
    bool has_token;
    struct hy_token token;
};

/* What a tell was known by; the map has the key. */
struct hy_mem_identity {
    int64_t app_no;
    uint8_t bytes[HY_IDENTITY_BYTES];
    int64_t at_ms;
};

struct hy_mem_listener { /* somebody in an audience */
    char *user;
    char *data; /* or null */
};

struct hy_mem_broadcast {
    struct hy_broadcast b;     /* owns its texts */
    struct hy_vector audience; /* hy_mem_listener, by user: those who are left */
    bool has_key;
    uint8_t key[HY_FINGERPRINT_BYTES], body[HY_FINGERPRINT_BYTES];
};

struct hy_mem_meta {
    const char *name;
    const char *value;
};

/* Ids that come from elsewhere when several processes give them. */
enum hy_mem_id {
    HY_MEM_GRANT_ID,
    HY_MEM_ANSWER_ID,
    HY_MEM_EVENT_ID,
    HY_MEM_OUTCOME_ID,
    HY_MEM_IDS
};

/*
 * What the moves ask for when these records are only a part of what there is: a desk, see
 * postgres/desk.h. Null in the memory backend itself.
 */
struct hy_mem_hooks {
    /* What is due first in this lane by then is the first of its heap afterwards, if there is any.
     * False: the lane is to be left. */
    bool (*due)(struct hy_backend *b, const struct hy_claim_lane *lane, int64_t now_ms);
    /* When the first one is due that is not here; 0 = there is none. */
    int64_t (*due_elsewhere)(struct hy_backend *b, const struct hy_claim_lane *lane);
    /* Of the user's grants there are also those that only say why none can be used. */
    void (*missing)(struct hy_backend *b, struct hy_mem_user *user);
    /* The first of user->parked is the first that there is afterwards. */
    void (*parked)(struct hy_backend *b, struct hy_mem_user *user);
    /* Of a broadcast that claim was told is held: whether it is. */
    bool (*held)(struct hy_backend *b, int64_t broadcast_id);
    int64_t (*next_id)(struct hy_backend *b, enum hy_mem_id which);
};

struct hy_backend {
    const struct hy_mem_hooks *hooks;
    int64_t
        node; /* that runs this verb; 0 = there is one process only, or it is none of the nodes */
    /* Several nodes: whether `m`, in sending, is the caller's to recover (messages.h). Null: it is. */
    bool (*is_left)(const struct hy_backend *b, const struct hy_mem_message *m);
    struct hy_mem_shared *shared; /* several fronts use it: shared.h; or null */

    size_t freed;               /* messages un-parked or woken; the verbs that tell it begin at 0 */
    struct hy_vector messages;  /* hy_mem_message, by id */
    struct hy_heap expiry;      /* those that are queued or waiting and have an expires_at_ms */
    struct hy_map users;        /* (app_no, name) -> hy_mem_user */
    struct hy_map lanes;        /* (app_no, queue) -> hy_mem_lane */
    struct hy_map key_uses;     /* idempotency key -> hy_mem_key_use */
    struct hy_vector grants;    /* hy_mem_grant, by id */
    struct hy_map credentials;  /* (app_no, credential) -> hy_mem_grant */
    struct hy_map counted;      /* (app_no, template) that ever had a counter -> not null */
    struct hy_vector apps;      /* hy_mem_app, by no */
    struct hy_vector keys;      /* hy_key, by id */
    struct hy_vector metas;     /* hy_mem_meta */
    struct hy_vector schedules; /* hy_schedule, by id */
    struct hy_map identities;   /* (app_no, identity) -> hy_mem_identity */
    struct hy_vector events;    /* hy_event, by id */
    struct hy_vector templates; /* hy_template, by app, kind, title, id */
    struct hy_vector syncs;     /* hy_template_sync, by app, kind */
    struct hy_vector cuts;      /* hy_session_cut_row, by app, user */
    struct hy_vector broadcasts;   /* hy_mem_broadcast, by id */
    struct hy_vector webhooks;     /* hy_webhook, by id */
    struct hy_vector outcomes;     /* hy_outcome, by id */
    struct hy_map outcome_heads;   /* (message_id, webhook_id) -> the one that is due */
    struct hy_vector pauses;       /* hy_pause, by app, channel */
    struct hy_vector audits;       /* hy_audit, by id */
    struct hy_vector *becomes_due; /* during a claim: kept out of the lanes until then */
    int64_t gap_until_ms;          /* during a settling: what is un-parked is not due before */
    int64_t last_ids[HY_MEM_IDS];
    int64_t last_app_no, last_key_id, last_schedule_id;
    int64_t last_broadcast_id, last_webhook_id, last_audit_id;
};

/* --- records.c: finding, making, copying ------------------------------------------------------ */

/* Texts are const for readers; here they are owned. */
void hy_mem_free_text(const char *text);
/* Frees what `slot` holds and puts a copy of `text` there. */
void hy_mem_set_text(const char **slot, const char *text);
void hy_mem_set_sealed(struct hy_sealed *slot, const struct hy_sealed *from);

struct hy_mem_message *hy_mem_message(const struct hy_backend *b, int64_t id); /* or null */
struct hy_mem_user *hy_mem_user(struct hy_backend *b, int64_t app_no,
                                const char *name); /* or null */
struct hy_mem_user *hy_mem_user_made(struct hy_backend *b, int64_t app_no, const char *name);
struct hy_mem_lane *hy_mem_lane_made(struct hy_backend *b, int64_t app_no, int queue);
struct hy_mem_app *hy_mem_app(const struct hy_backend *b, int64_t no); /* or null */
int64_t hy_mem_next_id(struct hy_backend *b, enum hy_mem_id which);

hy_compare hy_mem_message_by_id;
hy_compare hy_mem_message_by_expiry;
hy_compare hy_mem_grant_by_id;
hy_compare hy_mem_grant_by_use;

/* Inserts copies; the caller has checked that there is none. */
struct hy_mem_message *hy_mem_message_add(struct hy_backend *b, const struct hy_message *m);
struct hy_mem_grant *hy_mem_grant_add(struct hy_backend *b, const struct hy_grant *g);
/* The same for what is stored elsewhere: nothing is counted, and the id is its own. Of a message the
 * caller sets what is not in `m`, then hy_mem_place(). */
struct hy_mem_message *hy_mem_message_keep(struct hy_backend *b, const struct hy_message *m);
struct hy_mem_grant *hy_mem_grant_keep(struct hy_backend *b, const struct hy_grant *g);
/* Takes it out of every list and frees it. */
void hy_mem_grant_delete(struct hy_backend *b, struct hy_mem_grant *grant);

/* What a message owns, for whoever keeps one: copies of its texts, and their end. */
void hy_mem_message_own(struct hy_message *m);
void hy_mem_message_disown(struct hy_message *m);

/* Copies into an arena. An array of 0 is null. */
const char *hy_mem_copy_text(struct hy_arena *arena, const char *text);
void hy_mem_copy_message(struct hy_arena *arena, struct hy_message *into,
                         const struct hy_message *m);
void hy_mem_copy_grant(struct hy_arena *arena, struct hy_grant *into, const struct hy_grant *g);
void hy_mem_copy_event(struct hy_arena *arena, struct hy_event *into, const struct hy_event *e);
void hy_mem_copy_sealed(struct hy_arena *arena, struct hy_sealed *into,
                        const struct hy_sealed *from);
void *hy_mem_copy_array(struct hy_arena *arena, size_t count, size_t item_bytes);

void hy_mem_message_free(void *message);
void hy_mem_grant_free(void *grant);
void hy_mem_schedule_free(void *schedule);
void hy_mem_early_free(void *early);
void hy_mem_answer_free(void *answer);
void hy_mem_event_free(void *event);
void hy_mem_template_free(void *template);
void hy_mem_cut_free(void *cut);
void hy_mem_identity_free(struct hy_mem_identity *identity);
/* Frees every record; what is left is as new, with its hooks. */
void hy_mem_empty(struct hy_backend *b);
void hy_mem_free_all(struct hy_backend *b);

/* --- ledger.c: the moves ---------------------------------------------------------------------- */

/* The usable grant of `user` that comes first, or null. */
struct hy_mem_grant *hy_mem_usable(const struct hy_mem_user *user, const struct hy_message *m,
                                   int64_t now_ms, int64_t margin_ms);

/* Why `user` has none for `m`, and when that ends by time: messages.h, "Missing". */
struct hy_mem_missing {
    const char *reason;
    int64_t due_at_ms; /* 0 = not by time */
};
struct hy_mem_missing hy_mem_missing(struct hy_backend *b, struct hy_mem_user *user,
                                     const struct hy_message *m, int64_t now_ms, int64_t margin_ms);

/* Replaces what the grant's rules are about, its reason too. */
void hy_mem_grant_change(struct hy_mem_grant *grant, const struct hy_grant *to);
/* After its counters or state changed: keeps user->free. */
void hy_mem_regrade(struct hy_mem_grant *grant);
void hy_mem_hold(struct hy_mem_message *m, struct hy_mem_grant *grant);
/* `reason` and `retry_at_ms`: as for hy_grant_release(). Nothing happens when it holds none. True
 * when it is time to look who waits: messages.h, "Wake". */
bool hy_mem_release(struct hy_mem_message *m, enum hy_grant_move move, const char *reason,
                    int64_t retry_at_ms);

/*
 * The one way a message changes its state (or stays unknown): keeps the due, waiting, parked and
 * expiry lists, settled_at_ms and its user's `sending`, and un-parks the next one where that is
 * due. Aborts on a move that message.h does not draw.
 */
void hy_mem_move(struct hy_backend *b, struct hy_mem_message *m, enum hy_message_state to,
                 const char *reason, int64_t due_at_ms, int64_t now_ms);
void hy_mem_park(struct hy_backend *b, struct hy_mem_message *m);
/* Stays as it is, but is due later: the user's next one may go before. */
void hy_mem_put_off(struct hy_backend *b, struct hy_mem_message *m, int64_t due_at_ms,
                    const char *reason);
/* queued or waiting -> queued without a due time; and back, due now. */
void hy_mem_set_aside(struct hy_backend *b, struct hy_mem_message *m);
void hy_mem_bring_back(struct hy_backend *b, struct hy_mem_message *m, int64_t now_ms);
/* Another due time, parked or not. */
void hy_mem_redue(struct hy_backend *b, struct hy_mem_message *m, int64_t due_at_ms);
/* What the verb retry does with a message that may be retried. */
void hy_mem_again(struct hy_backend *b, struct hy_mem_message *m, int64_t now_ms,
                  int64_t expires_at_ms);
/* Of a message that nothing is due of any more: takes it out of every list and frees it. */
void hy_mem_message_delete(struct hy_backend *b, struct hy_mem_message *m);
/* Puts a new message, whose state is set, into the lists. */
void hy_mem_place(struct hy_backend *b, struct hy_mem_message *m);
/* Into its lane: what was in becomes_due. */
void hy_mem_place_due(struct hy_backend *b, struct hy_mem_message *m);

/* Messages of the user that waited and can go now: how many. */
size_t hy_mem_wake(struct hy_backend *b, struct hy_mem_user *user, int64_t now_ms,
                   int64_t margin_ms);

/* queued or waiting -> expired or canceled: gives back; `reason` null: null or "in_doubt". */
void hy_mem_end_unsent(struct hy_backend *b, struct hy_mem_message *m, enum hy_message_state to,
                       const char *reason, int64_t now_ms);

/* --- settle.c, retry.c ------------------------------------------------------------------------ */

/* What the verb recover does with a message in `sending`. */
void hy_mem_recover_message(struct hy_backend *b, struct hy_mem_message *m,
                            const struct hy_recover *v);

/* What the verbs for dead letters do with one that is dead. */
bool hy_mem_is_dead(const struct hy_message *m);
bool hy_mem_dead_passes(const struct hy_dead_filter *f, const struct hy_message *m);
void hy_mem_dead_retry_message(struct hy_backend *b, struct hy_dead_retry *v,
                               struct hy_mem_message *m);

/* --- apps.c, retain.c ------------------------------------------------------------------------- */

/* What an app's end is for its messages. */
void hy_mem_app_end_messages(struct hy_backend *b, int64_t app_no, int64_t now_ms);
/* Deletes one that the verb retain deletes; true when it did. */
bool hy_mem_retain_message(struct hy_backend *b, struct hy_mem_message *m, int64_t before_ms);
/* The same of a grant, if it is a counter when nothing that is kept refers to it. */
bool hy_mem_retain_grant(struct hy_backend *b, struct hy_mem_grant *grant, int64_t before_ms,
                         bool is_referred_to);

/* --- caps.c ----------------------------------------------------------------------------------- */

void hy_mem_hear_message(struct hy_mem_message *m, int64_t at_ms, int64_t until_ms);
void hy_mem_heard_free(void *heard);
/* When the caps of the lane let the message go; 0 = now. The reason is a constant. */
int64_t hy_mem_cap_free_at(const struct hy_claim_lane *lane, const struct hy_mem_message *m,
                           int64_t now_ms, const char **ret_reason);

/* --- reach.c ---------------------------------------------------------------------------------- */

/* By what a template is reached, and how many free uses a user has for it, as reach counts. */
bool hy_mem_by_counters(const struct hy_backend *b, int64_t app_no, const char *template_id,
                        enum hy_template_kind kind);
int64_t hy_mem_free_uses(const struct hy_mem_user *user, const char *template_id, bool by_counters,
                         int64_t now_ms, int64_t margin_ms);

/* --- broadcasts.c, audience.c ----------------------------------------------------------------- */

struct hy_mem_broadcast *hy_mem_broadcast(const struct hy_backend *b, int64_t id); /* or null */
/* What the verb broadcast_put does. */
void hy_mem_broadcast_make(struct hy_backend *b, struct hy_broadcast_make *make);
void hy_mem_broadcast_free(void *broadcast);
/* A message of it, if it is of one, is in another state: -1 = in none before. */
void hy_mem_broadcast_count(struct hy_backend *b, const struct hy_message *m, int from);
void hy_mem_broadcast_cancel(struct hy_mem_broadcast *broadcast, int64_t now_ms);
/* Adds those who are not there. */
void hy_mem_audience_join(struct hy_mem_broadcast *broadcast, const struct hy_audience_item *items,
                          size_t count, size_t *ret_added, size_t *ret_duplicates);
void hy_mem_listener_free(void *listener);

/* --- outbox.c --------------------------------------------------------------------------------- */

/* Each does nothing when no webhook wants it. */
void hy_mem_tell_message(struct hy_backend *b, const struct hy_message *m, int64_t now_ms);
void hy_mem_tell_added(struct hy_backend *b, const struct hy_deposit_item *item, int64_t now_ms);
/* If it was not revoked before. */
void hy_mem_tell_revoked(struct hy_backend *b, const struct hy_grant *g, enum hy_grant_state before,
                         int64_t now_ms);
void hy_mem_tell_event(struct hy_backend *b, const struct hy_event *event, int64_t now_ms);
/* True when the next one of its message is due by that, at `due_at_ms` (0: at its own at_ms). */
bool hy_mem_outcome_delete(struct hy_backend *b, struct hy_outcome *outcome, int64_t due_at_ms);
void hy_mem_outcome_free(void *outcome);

/* --- webhooks.c, housekeeping.c --------------------------------------------------------------- */

struct hy_webhook *hy_mem_webhook(const struct hy_backend *b, int64_t id); /* or null */
void hy_mem_webhook_free(void *webhook);
void hy_mem_pause_free(void *pause);
void hy_mem_audit_free(void *audit);
int hy_mem_audit(struct hy_backend *b, const struct hy_audit *audit);
void hy_mem_pauses_forget(struct hy_backend *b, int64_t app_no);

/* --- check_more.c ----------------------------------------------------------------------------- */

struct hy_mem_checking {
    struct hy_backend *b;
    struct hy_check *verb;
    struct hy_map held; /* grant id -> how many messages hold a use, as a pointer's value */
};
void hy_mem_found(struct hy_mem_checking *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void hy_mem_check_broadcasts(struct hy_mem_checking *c);
void hy_mem_check_outbox(struct hy_mem_checking *c);

/* --- admit.c ---------------------------------------------------------------------------------- */

/* One that may be admitted now; returns what is stored. */
struct hy_mem_message *hy_mem_admit_one(struct hy_backend *b, const struct hy_message *m,
                                        int64_t now_ms, int64_t margin_ms);
int hy_mem_admit_items(struct hy_backend *b, struct hy_admit_item *items, size_t count,
                       int64_t now_ms, int64_t key_window_ms, struct hy_arena *arena);

/* --- deposit.c -------------------------------------------------------------------------------- */

/* True when it was not known; it is now. */
bool hy_mem_identity_new(struct hy_backend *b, int64_t app_no, const uint8_t *identity,
                         int64_t at_ms);
bool hy_mem_identity_known(const struct hy_backend *b, int64_t app_no, const uint8_t *identity);
/* What the verb deposit does. Returns how many were woken. */
size_t hy_mem_deposit_items(struct hy_backend *b, struct hy_deposit_item *items, size_t count,
                            int64_t now_ms);
/* Null: none is known. */
const struct hy_mem_newest *hy_mem_newest(const struct hy_mem_user *user, const char *template_id);
struct hy_mem_grant *hy_mem_counter(const struct hy_mem_user *user,
                                    const char *template_id); /* or null */

/* --- events.c --------------------------------------------------------------------------------- */

/* From now on `m` awaits the event of a request that left at `left_at_ms`; or none. */
void hy_mem_await(struct hy_mem_message *m, int64_t left_at_ms, int64_t now_ms);
void hy_mem_await_none(struct hy_mem_message *m);
/* Applies what is kept for this user's messages. */
void hy_mem_apply_early(struct hy_backend *b, struct hy_mem_user *user, int64_t now_ms);

/* --- templates.c ------------------------------------------------------------------------------ */

void hy_mem_templates_forget(struct hy_backend *b, int64_t app_no);

/* --- the verbs, one file a theme -------------------------------------------------------------- */

hy_backend_verb hy_mem_admit, hy_mem_claim, hy_mem_settle, hy_mem_cancel, hy_mem_recover,
    hy_mem_sweep;
hy_backend_verb hy_mem_deposit, hy_mem_purge, hy_mem_tidy, hy_mem_grant_list, hy_mem_reach,
    hy_mem_prospects;
hy_backend_verb hy_mem_hear, hy_mem_events, hy_mem_timeline;
hy_backend_verb hy_mem_templates_put, hy_mem_template_delete, hy_mem_templates, hy_mem_session_cut,
    hy_mem_session_cuts;
hy_backend_verb hy_mem_app_put, hy_mem_app_delete, hy_mem_apps, hy_mem_key_put, hy_mem_key_revoke,
    hy_mem_keys;
hy_backend_verb hy_mem_meta_put, hy_mem_meta_get, hy_mem_token_begin, hy_mem_token_end,
    hy_mem_tokens;
hy_backend_verb hy_mem_schedule_put, hy_mem_schedule_delete, hy_mem_schedule_fire,
    hy_mem_schedule_result;
hy_backend_verb hy_mem_retry, hy_mem_dead_retry, hy_mem_dead_groups, hy_mem_rewind;
hy_backend_verb hy_mem_audience_add, hy_mem_audience_collect, hy_mem_audience_look,
    hy_mem_broadcast_put, hy_mem_broadcast_change, hy_mem_broadcast_move, hy_mem_broadcast_feed,
    hy_mem_broadcast_wind_up, hy_mem_broadcasts;
hy_backend_verb hy_mem_webhook_put, hy_mem_webhook_delete, hy_mem_webhooks, hy_mem_outbox_hurry,
    hy_mem_outbox_put, hy_mem_outbox_claim, hy_mem_outbox_settle;
hy_backend_verb hy_mem_retain, hy_mem_vacuum, hy_mem_pause_put, hy_mem_pauses, hy_mem_audits;
hy_backend_verb hy_mem_schedules, hy_mem_message_get, hy_mem_message_list, hy_mem_counts,
    hy_mem_check;

#endif
