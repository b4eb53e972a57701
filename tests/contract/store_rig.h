/*
 * store_rig.h - what the cases of the store's contract suite share: a fresh store a case, and the
 * verbs in few words.
 *
 * Time is rig.now_ms and moves only when a case moves it. All verbs run to their end before the
 * helper returns; a helper whose verb fails ends the case, unless it returns the result.
 */
#ifndef HY_TESTS_CONTRACT_STORE_RIG_H
#define HY_TESTS_CONTRACT_STORE_RIG_H

#include "tap.h"

#include "base/err.h"
#include "domain/message.h"
#include "store/apps.h"
#include "store/broadcasts.h"
#include "store/events.h"
#include "store/grants.h"
#include "store/housekeeping.h"
#include "store/messages.h"
#include "store/schedules.h"
#include "store/templates.h"
#include "store/webhooks.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
enum { ALL = 1000 }; /* a capacity that is never the limit here */

enum { RIG_STORES_MAX = 4 };

struct hy_backend_ops;
struct hy_mem_shared;

struct rig {
    const char *kind;   /* "memory:", "sqlite:", "postgresql:" */
    char location[512]; /* what to open */
    struct hy_store *store;
    bool threads_only;                       /* skips the cases of one store in inline mode */
    struct hy_store *stores[RIG_STORES_MAX]; /* of CASE_NODES: several on the same data */
    size_t store_count;
    struct hy_mem_shared *shared; /* what they share, of "memory:" */
    struct hy_arena arena;        /* lives as long as the case */
    int64_t now_ms;
    int64_t margin_ms; /* a day */
    int64_t app;
    struct hy_message_ids ids;
    int credentials;              /* given out so far */
    struct hy_settle_rules rules; /* the defaults, unless a case changes them */
    bool expect_event;            /* false, unless ... */
    int queue;                    /* that claim() asks: normal ones of the first channel */
    int64_t heard_for_ms, gap_ms; /* of what is settled: 0 */
    const struct hy_cap *caps;    /* of claims: none */
    size_t cap_count;
    const int64_t *held; /* of claims: none */
    size_t held_count;
};

extern struct rig rig;

/* Runs a case with a fresh store in inline mode (THREADS: with its threads); afterwards the store
 * checks itself. */
#define CASE(test)         rig_run(#test, test, true)
#define CASE_THREADS(test) rig_run(#test, test, false)
void rig_run(const char *name, void (*test)(void), bool inline_mode);
/* With RIG_STORES_MAX stores in inline mode on the same data, where the kind allows that; rig.store is the
 * first one. */
#define CASE_NODES(test) rig_run_nodes(#test, test)
void rig_run_nodes(const char *name, void (*test)(void));
/* From now on rig.store is that one. */
void rig_use(size_t store);

/* `kind` as above; makes a directory or a database for what is stored. False when that is not possible. */
bool rig_init(const char *kind);
void rig_deinit(void);
bool rig_durable(void); /* what is stored outlives close */
bool rig_shared(void);  /* several may have it open */

/* Closes and opens again, what was stored is still there. */
void rig_reopen(void);
/* With a backend made of this one, of a durable kind. */
void rig_reopen_with(const struct hy_backend_ops *ops);
const struct hy_backend_ops *rig_backend(void);
void rig_open(const char *location, bool inline_mode, struct hy_store **ret_store);

/* The app that every case begins with; its number. */
int64_t rig_add_app(struct hy_store *store);

int run(struct hy_op *op, enum hy_verb verb);

/* --- messages --------------------------------------------------------------------------------- */

/* A new message to `user`: template "T1", at once, on_missing fail. In the rig's arena, not
 * admitted. */
struct hy_message *draft(const char *user);
int admit_items(struct hy_admit_item *items, size_t count);
int admit(struct hy_message *m);
/* draft and admit. */
struct hy_message *post(const char *user);
struct hy_message *post_with(const char *user, enum hy_on_missing on_missing);
struct hy_message *post_later(const char *user, int64_t send_at_ms);
/* With an idempotency key made of these texts. */
struct hy_admit_item keyed(struct hy_message *m, const char *key, const char *body);

struct hy_message_get *fetch(int64_t id);
const struct hy_message *get(int64_t id);
enum hy_message_state state_of(int64_t id);
#define CHECK_STATE(id, expected)                                                                  \
    CHECK_TEXT(hy_message_state_names[state_of(id)], hy_message_state_names[HY_MESSAGE_##expected])

/* One lane: that of the rig's app and queue. */
struct hy_claim *claim(size_t capacity);
struct hy_claimed *claim_one(void); /* exactly one is due */
int64_t next_due(void);

/* The judgement that a platform's answer gives, and what hy_settle() makes of it. errcode "" for
 * none; 41029 means that the grant was used, 43101 that it was refused. */
struct hy_judgement judged(enum hy_verdict verdict, const char *errcode);
struct hy_settle_item settled(const struct hy_claimed *c, const struct hy_judgement *j);
int settle_item(struct hy_settle_item *item); /* the item's result */
void judge(const struct hy_claimed *c, enum hy_verdict verdict, const char *errcode);

int cancel(int64_t id);
size_t sweep(size_t limit);
size_t recover(void);

/* --- grants ----------------------------------------------------------------------------------- */

/* Deposit one and return its id. Receipts expire 7 days from now unless `expires_at_ms` > 0. */
int64_t form(const char *user, int64_t expires_at_ms);
int64_t prepay(const char *user, int64_t expires_at_ms);
int64_t once(const char *user, const char *template_id, int32_t count);
int64_t always(const char *user, const char *template_id);
struct hy_deposit_item form_item(const char *user, const char *credential, int64_t expires_at_ms);
int deposit_items(struct hy_deposit_item *items, size_t count, size_t *ret_woken);

struct hy_grant_list *grants(const char *user, const char *template_id);
/* Ends the case when there is none. */
const struct hy_grant *grant(const char *user, int64_t id);
/* Its counters as "left/reserved state". */
const char *ledger(const char *user, int64_t id);

#endif
