/*
 * engine.h - the service itself: what the API, the schedules and the clock make it do.
 *
 * A message's way through it:
 *
 *   prepare   a JSON body becomes a checked message (submission.c)          caller's thread
 *   submit    store.admit, then the dispatcher is told                      store's thread
 *   tick      dispatch: store.claim -> attempt: build, send, judge          engine's thread
 *             -> store.settle
 *
 * Threads: one thread owns the engine and calls hy_engine_tick() in a loop with the HTTP client's
 * poll. Functions marked [any thread] may be called from others; their `done` callbacks run on a
 * store thread or on the engine's thread and must be short (a server's callback wakes its request).
 * The engine holds no truth that the store cannot rebuild at start.
 *
 * A change that somebody with a key asks for carries its record (domain/audit.h): in `audit` where
 * the struct has one, otherwise in `op.audit` of its verb, which these functions leave as it is.
 * Null: nobody with a key. It has to live until `done`.
 *
 * Beside this one: nodes.h (several on one store), templates.h, pages.h (sessions, reports and advice of mini-program pages),
 * callbacks.h, broadcasts.h, webhooks.h.
 */
#ifndef HY_ENGINE_ENGINE_H
#define HY_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/json.h"
#include "base/violation.h"
#include "crypto/seal.h"
#include "domain/app.h"
#include "domain/key.h"
#include "net/httpc.h"
#include "platform/platform.h"
#include "store/apps.h"
#include "store/events.h"
#include "store/grants.h"
#include "store/housekeeping.h"
#include "store/messages.h"
#include "store/schedules.h"
#include "store/templates.h"

#include <stdbool.h>
#include <stdint.h>

struct hy_engine;
struct hy_app_entry;

/* How requests leave. The real one is net/httpc.h; tests put their own here. `done` may run before
 * `start` returns. */
struct hy_transport {
    void *self;
    void (*start)(void *self, const struct hy_http_request *request, hy_httpc_done *done,
                  void *arg);
    void (*wake)(void *self); /* any thread: ends the engine thread's wait */
};

struct hy_engine_config {
    struct hy_store *store;
    const struct hy_seal *seal;
    struct hy_transport transport;
    int64_t (*now_ms)(void);      /* the clock: hy_clock_now_ms, or a test's */
    const char *wechat_url;       /* instead of the platform's own; null = that */
    int64_t idempotency_window_s; /* a key is remembered at least so long; 0: 24 h */
    int64_t lease_s;              /* of claimed messages; 0: 120 */
    /* A clock that nobody sets, in ms since some start, and that goes on while the machine sleeps: tells that
     * now_ms was set back, and how long a node's lease is good. Null: what now_ms itself shows must do. */
    int64_t (*steady_ms)(void);
    int64_t connections_max; /* of the transport; 0: 2048. One app never takes more than are left */
    bool allow_private_webhooks;     /* http, and addresses that are not public */
    int64_t keep_s[HY_RETAIN_KINDS]; /* how long each kind of record is kept; 0 = for ever */
    /* Of a store that several nodes use: what this one is called, and how long it is taken for alive
     * without a beat; 0: 6 s. */
    const char *node_name;
    int64_t node_lease_ms;
    int64_t (*store_ms)(void); /* tests: the store's clock; null: its own */
};

/* Loads apps, keys, tokens and schedules, recovers what a dead process left in `sending`. Blocks.
 * Errors: those of the store, HY_E_DENIED (the master key is not the one of this store), HY_E_LIMIT (as many
 * nodes use it as there can be). */
int hy_engine_new(const struct hy_engine_config *config, struct hy_engine **ret_engine);

/* Nothing may be in flight (hy_engine_idle) and no other thread inside: the store is closed first,
 * or nothing was ever submitted. Null is legal. */
void hy_engine_free(struct hy_engine *engine);

/*
 * Does what is due at `now_ms` and returns the instant at which it next wants to run (at the latest
 * a minute later); it wants to run earlier when an HTTP answer arrives or the transport is woken.
 */
int64_t hy_engine_tick(struct hy_engine *engine, int64_t now_ms);

/* Takes no more messages from the queue; what is in flight goes on. For shutdown. */
void hy_engine_quiesce(struct hy_engine *engine);

/* True when nothing is in flight: no attempt, no token call, no store verb of the engine. */
bool hy_engine_idle(const struct hy_engine *engine);

/* --- messages [any thread] -------------------------------------------------------------------- */

/* What `repair` changed, for the answer. */
struct hy_repair_note {
    const char *field; /* "data.thing1"; "data" when it came as text */
    const char *value; /* what it is now; of "data": JSON text */
};

/* A message on its way in. */
struct hy_submission {
    struct hy_message message;
    const struct hy_repair_note *repairs; /* in v->arena */
    size_t repair_count;
    bool unfit;                /* see hy_engine_prepare() */
    struct hy_admit_item item; /* unfit: repeat_only */
    uint8_t key_print[HY_FINGERPRINT_BYTES];
    uint8_t body_print[HY_FINGERPRINT_BYTES];
};

/*
 * Reads and checks one message, as POST /v1/messages takes it; `header_key` is the Idempotency-Key
 * header or null; `default_app` fills in for a missing `app` (schedules), or is null. Faults are
 * added to `v`; without any, `ret_submission` is ready to be submitted and everything it points to
 * is in v->arena or in itself: it must not be moved. Touches nothing.
 *
 * A message with a key that breaks no rule but its template's may be a repeat of one that was taken
 * before the template was known: then there are faults, and `unfit` is true. It may be submitted
 * all the same; the store answers a repeat, and any other one is HY_ADMIT_LATE: refuse it with `v`.
 */
void hy_engine_prepare(struct hy_engine *engine, const json_t *body, const char *header_key,
                       const char *default_app, struct hy_violations *v,
                       struct hy_submission *ret_submission);

/* The fault of a message that was admitted as HY_ADMIT_LATE. Without a key prepare() adds it
 * itself; with one, the message may be a repeat that the store answers. */
void hy_engine_refuse_late(struct hy_violations *v);

/* Admits prepared messages: `admit.items`, `admit.count`, `admit.arena` set by the caller. */
struct hy_submit {
    struct hy_admit admit;
    void (*done)(struct hy_submit *submit, void *arg); /* admit.op.result tells */
    void *arg;
    struct hy_engine *engine; /* the engine's */
};
void hy_engine_submit(struct hy_engine *engine, struct hy_submit *submit);

/* Cancels; after it gave back a grant, others of that user may go. op.done is the caller's. */
void hy_engine_cancel(struct hy_engine *engine, struct hy_cancel *cancel);

/* Has messages sent again: op.done is the caller's. */
void hy_engine_retry(struct hy_engine *engine, struct hy_retry *retry);
void hy_engine_dead_retry(struct hy_engine *engine, struct hy_dead_retry *retry);

/* Reads go straight to the store: hy_engine_read(engine, &get.op). Only verbs that read. */
void hy_engine_read(struct hy_engine *engine, struct hy_op *op);

/* --- grants [any thread] ---------------------------------------------------------------------- */

/* Why a grant was not taken. */
struct hy_refusal {
    size_t index;
    const char *reason;  /* short stable word: "mock_form_id", "expired", "invalid" */
    const char *message; /* one English sentence */
    const char *credential, *template_id; /* of page reports: what it is about, or null */
};

/*
 * Deposits grants given as JSON (POST /v1/grants): one object or an array. In one call and one
 * transaction; what is no good is refused with a reason, the rest is stored.
 */
struct hy_report {
    struct hy_deposit deposit;
    void (*done)(struct hy_report *report, void *arg); /* deposit.op.result tells */
    void *arg;
    struct hy_refusal *refused; /* out, in v->arena */
    size_t refused_count;
    /* Out: items that added something; items that were known. A reject, or an accept from before a
     * withdrawal, is noted and neither. */
    size_t accepted, duplicates;
    struct hy_engine *engine; /* the engine's */
};

/*
 * 0: `done` will be called. HY_E_INVALID: `body` is one object and breaks a rule; the faults are in
 * `v` and nothing is started. (In an array such an item is refused with reason "invalid".)
 * HY_E_NOMEM. `body` is not needed any more after the call.
 */
int hy_engine_report(struct hy_engine *engine, const json_t *body, struct hy_violations *v,
                     struct hy_report *report);

/* --- apps and keys [any thread] --------------------------------------------------------------- */

/* An app as it is now: a counted, unchanging snapshot. */
struct hy_app_entry {
    struct hy_app app;                   /* without the secrets */
    bool has_callback, has_callback_key; /* a callback_token is set; a callback_aes_key, too */
    struct hy_app_settings settings;
    const struct hy_platform *platform;
};

/* Null when there is none in use. Give it back with hy_engine_app_release(). */
const struct hy_app_entry *hy_engine_app(struct hy_engine *engine, const char *id);
/* Deleted ones too. */
const struct hy_app_entry *hy_engine_app_by_no(struct hy_engine *engine, int64_t no);
void hy_engine_app_release(const struct hy_app_entry *entry);
#define HY_APP_SCOPED __attribute__((cleanup(hy_app_scope_end)))
void hy_app_scope_end(const struct hy_app_entry **entry);

/* All in use, in order of `no`: an array in the arena, each counted; null when out of memory. */
const struct hy_app_entry **hy_engine_app_list(struct hy_engine *engine, struct hy_arena *arena,
                                               size_t *ret_count);

/* Adds (`id` null) or changes (`id` given) an app after a JSON body. Faults into `v`: then nothing
 * is started and HY_E_INVALID returned. HY_E_NOT_FOUND (change of an unknown one), HY_E_NOMEM. On 0
 * `done` is called; put.op.result HY_E_EXISTS when the id is taken. */
struct hy_app_change {
    struct hy_app_put put;
    void (*done)(struct hy_app_change *change, void *arg);
    void *arg;
    struct hy_engine *engine; /* the engine's */
};
int hy_engine_app_change(struct hy_engine *engine, const char *id, const json_t *body,
                         struct hy_violations *v, struct hy_app_change *change);

/* HY_E_NOT_FOUND, or 0 and `done` is called. */
struct hy_app_removal {
    struct hy_app_delete removal;
    void (*done)(struct hy_app_removal *removal, void *arg);
    void *arg;
    struct hy_engine *engine; /* the engine's */
};
int hy_engine_app_remove(struct hy_engine *engine, const char *id, struct hy_app_removal *removal);

/* What an app's lane and token are doing right now, for GET /v1/apps/{id}. Texts in the arena. */
struct hy_app_status {
    bool held; /* this node sends for it; if not, another one knows what follows */
    int64_t in_flight;
    struct hy_channel_status {
        int64_t in_flight;
        int64_t window;           /* how many may be under way now */
        int64_t paused_until_ms;  /* 0 = not paused; INT64_MAX = until it is resumed */
        const char *pause_reason; /* "rate.45009", "dead.connect", "operator", or null */
        int64_t user_gap_ms;
    } channels[HY_CHANNELS];
    int64_t quiet_until_ms;                            /* 0 = it is not quiet */
    int64_t paused_until_ms;                           /* the longest of the channels' */
    const char *pause_reason;                          /* of that */
    int64_t token_obtained_at_ms, token_expires_at_ms; /* 0 = no token */
    int64_t token_failures;
    const char *token_error; /* of the last failed refresh, or null */
    int64_t token_calls_today, token_calls_max;
    /* Refusals of grants that the ledger is sure of, in numbers: since when; 0 = no alarm. */
    int64_t refusal_burst_at_ms;
    int64_t refusals; /* within the alarm's window */
};
void hy_engine_app_status(struct hy_engine *engine, int64_t app_no, struct hy_arena *arena,
                          struct hy_app_status *ret_status);

/* Ends the pauses of an app's channels, or begins one by hand (`until_ms` 0: until it is resumed):
 * nothing leaves, no probe either. In use at once, also after a restart: `put.op.done` is the
 * caller's, called when it is on disk. HY_E_NOT_FOUND. */
struct hy_app_pause {
    struct hy_pause_put put[HY_CHANNELS];
    int result; /* out */
    size_t open;
    void (*done)(struct hy_app_pause *pause, void *arg);
    void *arg;
    const struct hy_audit *audit; /* or null */
    struct hy_engine *engine;     /* the engine's */
};
int hy_engine_app_pause(struct hy_engine *engine, const char *id, int64_t until_ms,
                        struct hy_app_pause *pause);
int hy_engine_app_resume(struct hy_engine *engine, const char *id, struct hy_app_pause *pause);

/* Bits of enum hy_scope for a key somebody showed; 0 = unknown or revoked: then `ret_holder` (may
 * be null) is untouched. Constant time in the key's content. */
unsigned hy_engine_key_scopes(struct hy_engine *engine, const char *key,
                              struct hy_key_holder *ret_holder);

/* All keys in use: an array in the arena (names copied). */
struct hy_key *hy_engine_key_list(struct hy_engine *engine, struct hy_arena *arena,
                                  size_t *ret_count);

/* Makes a key; `secret` is the only copy. */
struct hy_key_change {
    union {
        struct hy_op op;
        struct hy_key_put put;
        struct hy_key_revoke revoke;
    };
    char secret[64]; /* out, of create */
    void (*done)(struct hy_key_change *change, void *arg);
    void *arg;
    struct hy_engine *engine; /* the engine's */
};
void hy_engine_key_create(struct hy_engine *engine, const char *name, unsigned scopes,
                          struct hy_key_change *change);
void hy_engine_key_revoke(struct hy_engine *engine, int64_t key_id, struct hy_key_change *change);

/* Start-up, blocks: `secret` becomes the admin key named `name` (an earlier one of that name is
 * revoked). */
int hy_engine_key_adopt(struct hy_engine *engine, const char *name, const char *secret);

/* --- tokens [any thread] ---------------------------------------------------------------------- */

enum { HY_ACCESS_TOKEN_BYTES = 1024 };

/*
 * The current token: answered at once while there is a good one, also during a refresh; otherwise
 * when the refresh ends. `refresh`: replace `bad_token` (null: the current one), if it still is the
 * current one; answered with another one than that, or HY_E_BUSY. Over several nodes one of them asks the
 * platform, and the others wait for what it gets.
 */
struct hy_token_query {
    int64_t app_no;
    bool refresh;
    char bad_token[HY_ACCESS_TOKEN_BYTES]; /* "" = none given */
    /* Of a refresh, or null: written when the right to ask the platform is taken, so not when somebody
     * else's refresh is waited for. */
    const struct hy_audit *audit;
    void (*done)(struct hy_token_query *query, void *arg);
    void *arg;
    /* out */
    int result; /* 0; HY_E_BUSY: the platform gives none, `error` says why; HY_E_NOT_FOUND */
    char access_token[HY_ACCESS_TOKEN_BYTES];
    int64_t expires_at_ms;
    char error[HY_ERRMSG_BYTES];
    struct hy_token_query *next; /* the engine's */
    struct hy_engine *engine;
};
void hy_engine_token(struct hy_engine *engine, struct hy_token_query *query);

/* --- schedules [any thread] ------------------------------------------------------------------- */

/* Reads a schedule body (POST: `existing` null, PATCH: the present one) into the inputs of
 * `ret_put`, whose texts are in v->arena or `existing`; checks cron, zone, and the message by
 * hy_engine_prepare(). */
void hy_engine_schedule_read(struct hy_engine *engine, const json_t *body,
                             const struct hy_schedule *existing, struct hy_violations *v,
                             struct hy_schedule_put *ret_put);

struct hy_schedule_change {
    union {
        struct hy_op op;
        struct hy_schedule_put put;
        struct hy_schedule_delete removal;
    };
    void (*done)(struct hy_schedule_change *change, void *arg);
    void *arg;
    struct hy_engine *engine; /* the engine's */
};
void hy_engine_schedule_put(struct hy_engine *engine, struct hy_schedule_change *change);
void hy_engine_schedule_delete(struct hy_engine *engine, struct hy_schedule_change *change);

/*
 * The next `n` runs (at most 1000) of a cron expression strictly after `from_ms`. HY_E_INVALID with
 * the fault in `v`: bad expression (with its place), unknown zone, or a day that no year has.
 */
int hy_engine_runs(const char *cron, const char *zone_name, int64_t from_ms, size_t n,
                   struct hy_violations *v, int64_t *ret_runs, size_t *ret_count);

/* --- the state of the service [any thread] ---------------------------------------------------- */

struct hy_readiness {
    bool ready;
    bool tokens_known; /* every app's first token fetch has ended, well or not */
    char detail[256];
};
/* The store's side is asked by the caller with a write of its own (meta "ready_at"). */
void hy_engine_readiness(struct hy_engine *engine, struct hy_readiness *ret_readiness);

/* The store, for verbs that need nothing of the engine. */
struct hy_store *hy_engine_store(struct hy_engine *engine);
int64_t hy_engine_now_ms(struct hy_engine *engine);

#endif
