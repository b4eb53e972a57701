/*
 * internal.h - what the files of the engine share. Only src/engine includes it.
 *
 * The room: here lies a message's way (submission, fit, dispatch with gate and lane, attempt,
 * feedback) and what the whole engine rests on (mailbox, registry, setback, doubt, retention).
 *   broadcast/  on their way in, the feeder, the verbs
 *   cluster/    this engine as one of several nodes
 *   page/       sessions of mini-program pages, and what pages report
 *   schedule/   cron, and the built-in jobs
 *   template/   the shelf, and calls to the platform about templates
 *   token/      the keeper
 *   webhook/    endpoints, and the teller
 *
 * Who owns what:
 *   registry, shelf, admission     any thread, under their own locks
 *   lanes, attempts, token keeper, template calls, clockwork (schedules), teller (webhooks)
 *                           the engine's thread only
 *   mailbox                 how the others reach the engine's thread
 */
#ifndef HY_ENGINE_INTERNAL_H
#define HY_ENGINE_INTERNAL_H

#include "base/err.h"
#include "domain/zone.h"
#include "engine/callbacks.h"
#include "engine/cluster/cluster.h"
#include "engine/engine.h"
#include "engine/hush.h"
#include "engine/lane.h"
#include "engine/page/session.h"
#include "engine/pages.h"
#include "engine/retention.h"
#include "engine/templates.h"
#include "engine/webhook/teller.h"

#include <pthread.h>
#include <stdatomic.h>

#define HY_NEVER INT64_MAX

/* --- mailbox.c: work handed to the engine's thread -------------------------------------------- */

struct hy_mail {
    struct hy_mail *next;
    void (*open)(struct hy_engine *engine, struct hy_mail *mail);
};

struct hy_mailbox {
    pthread_mutex_t lock;
    struct hy_mail *first, **last;
    bool awake; /* the engine's thread will look again by itself: no wake needed */
};

void hy_mailbox_init(struct hy_mailbox *box);
void hy_mailbox_deinit(struct hy_mailbox *box);
/* True when the engine's thread has to be woken. */
bool hy_mailbox_post(struct hy_mailbox *box, struct hy_mail *mail);
/* Takes all mail, in order. Null when there is none: then posts ask for a wake again. */
struct hy_mail *hy_mailbox_take(struct hy_mailbox *box);

void hy_engine_post(struct hy_engine *engine, struct hy_mail *mail);

/* --- registry.c: apps and keys, in memory ----------------------------------------------------- */

struct hy_registry_app;

struct hy_registry {
    pthread_rwlock_t lock;
    struct hy_registry_app **apps; /* in order of app.no, deleted ones too */
    size_t app_count;
    const struct hy_seal *seal;
    struct hy_key *keys; /* in use; names owned */
    size_t key_count;
    atomic_int generation;           /* grows with every change of apps */
    atomic_int_fast64_t key_changes; /* by this process */
};

/* `seal` must outlive it. */
int hy_registry_init(struct hy_registry *registry, const struct hy_seal *seal);
void hy_registry_deinit(struct hy_registry *registry);
int hy_registry_load(struct hy_engine *engine);
/* Adds or replaces the entry of app->no. HY_E_NOMEM; HY_E_CORRUPT (settings cannot be read). */
int hy_registry_put_app(struct hy_registry *registry, const struct hy_app *app);
void hy_registry_delete_app(struct hy_registry *registry, int64_t app_no, int64_t now_ms);
int hy_registry_put_key(struct hy_registry *registry, const struct hy_key *key);
void hy_registry_remove_key(struct hy_registry *registry, int64_t key_id);
/* These are all that are in use. HY_E_NOMEM: nothing was changed. */
int hy_registry_replace_keys(struct hy_registry *registry, const struct hy_key *keys, size_t count);
/* Deleted ones too; null when there is none. The entry is counted. */
const struct hy_app_entry *hy_registry_by_no(struct hy_registry *registry, int64_t no);
/* The same by index, in order of no; null past the last one. */
const struct hy_app_entry *hy_registry_at(struct hy_registry *registry, size_t index);
/* The sealed secret, copied into the arena. HY_E_NOT_FOUND. */
int hy_registry_secret(struct hy_registry *registry, int64_t app_no, struct hy_arena *arena,
                       struct hy_sealed *ret_secret);
/* The same of the callback's secrets; size 0 when there never were any. */
int hy_registry_callback(struct hy_registry *registry, int64_t app_no, struct hy_arena *arena,
                         struct hy_sealed *ret_callback);

/* --- template/shelf.c: templates, in memory --------------------------------------------------- */

struct hy_shelf_entry;

struct hy_shelf {
    pthread_rwlock_t lock;
    struct hy_shelf_entry **entries; /* in order of app and id */
    size_t count;
    int64_t *synced; /* apps whose templates were ever synced */
    size_t synced_count;
    atomic_int_fast64_t changes; /* so far */
};

int hy_shelf_init(struct hy_shelf *shelf);
void hy_shelf_deinit(struct hy_shelf *shelf);
int hy_shelf_load(struct hy_engine *engine);
/* These are the app's templates from now on. HY_E_NOMEM: nothing was changed. */
int hy_shelf_replace(struct hy_shelf *shelf, int64_t app_no, const struct hy_template *templates,
                     size_t count, bool synced);

/* --- fit.c: what a message says, held against its template ------------------------------------ */

/* A message on its way in, while it is prepared. */
struct hy_fit {
    struct hy_engine *engine;
    const struct hy_app_entry *app;
    struct hy_message *message; /* all but `data` is set */
    json_t *data;               /* of the request, any type; borrowed */
    enum hy_repair repair;
    /* The rest of `data` comes later, user by user (it may be null): what is there must be good, what
     * is not there is no fault. */
    bool part;
};

/*
 * Checks the message by its platform and, when its template is known, by that: faults go into `v`.
 * Without any, message->data and template_kind are set. With HY_REPAIR_CUT what is too long was
 * made shorter where that can be done, and data that came as text was taken; the notes, in
 * v->arena, say what is different from what came.
 */
size_t hy_fit_message(const struct hy_fit *fit, struct hy_violations *v,
                      const struct hy_repair_note **ret_notes, size_t *ret_count);

/* --- attempt.c: messages under way ------------------------------------------------------------ */

/* Claimed messages share the arena of their claim until the last of them is settled. */
struct hy_batch {
    struct hy_mail mail;
    struct hy_claim claim;
    struct hy_arena arena;
    struct hy_attempt_run *runs; /* room for every message that may be claimed */
    int64_t node;                /* who claimed */
    size_t open;                 /* attempts that are not settled */
    struct hy_engine *engine;
};

struct hy_attempt_run {
    struct hy_attempt_run *next; /* in the settle queue */
    struct hy_engine *engine;
    struct hy_batch *batch;
    struct hy_claimed *claimed;
    struct hy_lane *lane;
    enum hy_channel queued_in; /* whose gate let it through */
    enum hy_channel sent_by;   /* the one that the platform counts it for */
    const char *api;
    int64_t token_version;
    int64_t pauses[HY_CHANNELS]; /* of each gate, when it left */
    int64_t started_ms;
    struct hy_settle_item outcome;
};

struct hy_settle_run {
    struct hy_mail mail;
    struct hy_settle settle;
    struct hy_attempt_run **attempts;
    struct hy_engine *engine;
};

/* --- schedule/clockwork.c: schedules ---------------------------------------------------------- */

struct hy_clockwork {
    struct hy_arena arena; /* of the schedules */
    struct hy_schedule *schedules;
    size_t count;
    atomic_bool stale;     /* read them again */
    bool busy;             /* a read or a firing is under way */
    int64_t not_before_ms; /* after trouble with the store or a zone file */
    int64_t jobs_open;     /* built-in jobs under way */
};

/* doubt.c: what to look at again, because a commit's answer was lost */
struct hy_doubt {
    atomic_bool apps;      /* any thread */
    bool claim;            /* `claiming` is held meanwhile */
    size_t lane;           /* of several nodes: whose messages are looked at */
    bool busy;             /* looks */
    int64_t not_before_ms; /* after the store had trouble */
};

/* Since the start; any thread. */
struct hy_counters {
    atomic_int_fast64_t accepted; /* messages */
    atomic_int_fast64_t attempts[HY_VERDICTS];
    atomic_int_fast64_t token_calls;
};

struct hy_engine {
    struct hy_engine_config config;
    struct hy_mailbox mailbox;
    struct hy_registry registry;
    struct hy_shelf shelf;
    pthread_mutex_t ids_lock;
    struct hy_message_ids ids;
    struct hy_cuts cuts;
    struct hy_hush denied, login_trouble;
    struct hy_counters counters;
    int64_t started_ms;

    /* the engine's thread only, from here on */
    struct hy_cluster cluster;
    struct hy_lanes lanes;
    bool claiming; /* a claim verb is under way */
    bool quiet;    /* takes no more messages */
    struct hy_attempt_run *unsettled, **unsettled_last;
    bool settling;                /* a settle verb is under way */
    int64_t settle_not_before_ms; /* after the store had trouble */
    int64_t attempts_open;
    int64_t tokens_open;                     /* token refreshes under way */
    int64_t logins_open;                     /* logins under way, of all apps */
    struct hy_template_work *template_works; /* in the order in which they came */
    struct hy_clockwork clockwork;
    struct hy_doubt doubt;
    struct hy_teller teller;
    struct hy_feeder *feeder;         /* feeder.h */
    struct hy_arena scratch;          /* one request at a time */
    int64_t now_ms;                   /* of this tick */
    int64_t steady_at_ms, wall_at_ms; /* both clocks at the last look */
    bool rewinding;    /* the clock was set back: due times are being looked through */
    bool rewind_again; /* and it was set back again meanwhile, or that failed */
    int64_t rewind_not_before_ms;
    struct hy_retention *retention; /* at work, or null */
    int64_t swept_at_ms;            /* when messages were looked at for their expiry last */
    bool sweeping;                  /* for that, not as the built-in job */

    struct hy_zone *zone; /* of the platform's days */

    /* Held by the engine's thread while it works, so that other threads can look at the lanes. */
    pthread_mutex_t turn_lock;

    _Atomic int64_t expiry_ms; /* the earliest known expires_at of an unsent message */

    pthread_mutex_t notice_lock;
    struct hy_notice notices[HY_NOTICES_MAX]; /* of admissions: what is due where */
    size_t notice_count;
    bool notices_lost; /* there were more: look at every lane */
    /* When the next turn comes by itself; HY_AWAKE: one is under way or was asked for. lane.c */
    int64_t wakes_at_ms;
    int64_t noticed_due_ms, noticed_expiry_ms; /* the earliest that no turn has looked at yet */
};

/* lane.c: a turn begins; ends, to come back at that instant or before; returns when. */
void hy_turn_begin(struct hy_engine *engine);
int64_t hy_turn_end(struct hy_engine *engine, int64_t next_ms);

/* dispatch.c */
int64_t hy_dispatch(struct hy_engine *engine);

/* broadcast/feeder_held.c: broadcasts whose messages are not to be claimed now. */
const int64_t *hy_broadcasts_held(struct hy_engine *engine, size_t *ret_count);

/* setback.c: looks whether the clock was set back, and mends what counted on it. */
void hy_setback_turn(struct hy_engine *engine);
/* An instant that stood for a duration, moved along; 0 and HY_NEVER are none. */
static inline int64_t hy_set_back_ms(int64_t ms, int64_t by_ms)
{
    return ms > by_ms && ms != HY_NEVER ? ms - by_ms : ms;
}
/* doubt.c */
/* Any thread: a verb of that kind ended with HY_E_UNCERTAIN. */
void hy_doubt_note(struct hy_engine *engine, enum hy_verb verb);
/* The engine's thread: a claim did. */
void hy_doubt_claim(struct hy_engine *engine);
/* The engine's thread: this process is another node now, and what it claimed is no matter of its own. */
void hy_doubt_forget(struct hy_engine *engine);
int64_t hy_doubt_turn(struct hy_engine *engine);

/* engine.c: nothing but the beats of a node is under way any more. */
bool hy_engine_works_ended(const struct hy_engine *engine);

/* attempt.c */
void hy_batch_start(struct hy_engine *engine, struct hy_batch *batch);
int64_t hy_attempts_settle(struct hy_engine *engine);
/* What an app's settings say about settling, and whether the platform will tell by event what
 * became of a message that went by a counter or without a grant. */
struct hy_settle_rules hy_app_settle_rules(const struct hy_app_entry *app);
struct hy_recover_app hy_app_recover_rules(const struct hy_app_entry *app);
bool hy_app_hears_events(const struct hy_app_entry *app);

/* feedback.c: what came of it tells the lane how to go on. An answer is told before it is
 * settled. */
void hy_feedback_answer(struct hy_attempt_run *run, const struct hy_http_response *response);
void hy_feedback_verdict(struct hy_attempt_run *run);

/* token/keeper.c */
void hy_keeper_load(struct hy_engine *engine, struct hy_lane *lane, const struct hy_token *token);
/* As stored by another node: taken when it is newer than what is known. */
void hy_keeper_hear(struct hy_engine *engine, struct hy_lane *lane, const struct hy_token *token);
int64_t hy_keeper_turn(struct hy_engine *engine, struct hy_lane *lane);
bool hy_keeper_alive(const struct hy_engine *engine, const struct hy_keeper *keeper);
/* Alive, and not known to be refused: fit for sending. */
bool hy_keeper_ready(const struct hy_engine *engine, const struct hy_lane *lane);
/* A request with the token of `version` was refused. */
void hy_keeper_refused(struct hy_engine *engine, struct hy_lane *lane, int64_t version);
void hy_keeper_refresh(struct hy_engine *engine, struct hy_lane *lane);
/* token/query.c: ends every query that waits for the end of a refresh. */
void hy_keeper_answer_all(struct hy_engine *engine, struct hy_lane *lane);
void hy_keeper_deinit(struct hy_engine *engine, struct hy_lane *lane);

/* changes.c. Any thread. Something of a deleted app was stored behind its deletion: cancels that,
 * too. */
void hy_app_clean_up(struct hy_engine *engine, int64_t app_no);

/* schedule/clockwork.c, schedule/jobs.c */
int hy_clockwork_init(struct hy_engine *engine);
void hy_clockwork_deinit(struct hy_engine *engine);
int64_t hy_clockwork_turn(struct hy_engine *engine);
void hy_clockwork_stale(struct hy_engine *engine); /* any thread */
extern const struct hy_schedule hy_builtin_jobs[]; /* ended by a null name */
/* Starts a built-in job; what came of it is written to its schedule. */
void hy_job_start(struct hy_engine *engine, const struct hy_schedule *schedule);
/* Any thread: a message that expires at that instant was admitted. */
void hy_expiry_notice(struct hy_engine *engine, int64_t expires_at_ms);
/* The earliest known one; what is noticed from here on is for the next turn. */
int64_t hy_expiry_take(struct hy_engine *engine);
/* Sweeps when the earliest expires_at has come. */
int64_t hy_expiry_turn(struct hy_engine *engine);

/* hint.c */
int64_t hy_hint_at(enum hy_hint hint, const struct hy_zone *zone, int64_t now_ms);
int64_t hy_day_number(const struct hy_zone *zone, int64_t now_ms);

/* report.c: the sentence for a reason of the platform's check_credential, or of our own. */
const char *hy_refusal_text(const char *reason);
/* Ends the report that is its argument: counts, wakes, calls its `done`. For hy_engine_verb(). */
void hy_report_deposited(struct hy_op *op, void *arg);

/* page/client_report.c: as what a tap on a prompt for this template counts. */
enum hy_grant_kind hy_engine_counter_kind(struct hy_engine *engine, int64_t app_no,
                                          const char *template_id);

/* submission.c */
int64_t hy_engine_key_window_ms(const struct hy_engine *engine);

/* Submits a verb with its callback. */
void hy_engine_verb(struct hy_engine *engine, struct hy_op *op,
                    void (*done)(struct hy_op *, void *), void *arg);

#endif
