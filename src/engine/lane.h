/*
 * lane.h - what the engine knows of an app at work: its token, its queues, and a gate for each
 * channel.
 *
 *   lane      one an app: settings, token, rate, quiet hours, the share of bulk
 *   gate      one a channel of a lane: how many requests may be under way, and whether it is paused
 *   queue     four a gate (domain/queue.h): when something is due next
 *
 * The platform counts its quotas by send call, so a quota that is used up closes one gate; what is
 * wrong with the account or the token concerns the lane.
 */
#ifndef HY_ENGINE_LANE_H
#define HY_ENGINE_LANE_H

#include "domain/settlement.h"
#include "domain/window.h"
#include "engine/alarm.h"
#include "engine/cluster/cluster.h"
#include "engine/engine.h"

/* --- token/keeper.c: the token of one app ----------------------------------------------------- */

enum hy_keeper_phase { HY_KEEPER_IDLE, HY_KEEPER_BEGINNING, HY_KEEPER_ASKING, HY_KEEPER_ENDING };

struct hy_keeper {
    enum hy_keeper_phase phase;
    char access[HY_ACCESS_TOKEN_BYTES]; /* "" = none */
    int64_t version;
    int64_t obtained_at_ms, expires_at_ms;
    bool refused;        /* the platform refused the current token */
    bool wanted;         /* somebody asked for a refresh of the current one */
    bool force;          /* the next call is a forced one */
    bool tried;          /* the first fetch has ended, well or not */
    int64_t retry_at_ms; /* not before; after failures and used-up budgets */
    int64_t
        taken_at_ms; /* steady: since then another node asks, and is waited for; 0 = none does */
    int64_t failures;
    char error[HY_ERRMSG_BYTES];    /* of the last failure, "" = none */
    int64_t day, calls_today;       /* the platform's day, and the token calls on it */
    struct hy_token_query *waiting; /* for the end of the refresh */
};

/* --- gate.c ----------------------------------------------------------------------------------- */

/*
 * Why a gate is paused; a later one in this list is not replaced by an earlier one.
 *
 *   dead       nothing came back, many times in a row: one message tries when the pause ends; any answer
 *              opens it. Not stored: a restart finds out again, with one window of messages.
 *   verdict    over a quota, or trouble with the account: one message tries when the pause ends, and with
 *              `probe` every ten minutes before; one that gets through opens it. Stored.
 *   operator   nothing leaves until its end. Stored.
 */
enum hy_gate_hold { HY_GATE_OPEN, HY_GATE_DEAD, HY_GATE_VERDICT, HY_GATE_OPERATOR };

struct hy_gate_pause {
    enum hy_gate_hold hold;
    int64_t until_ms; /* HY_NEVER: until it is resumed */
    bool probe;
    bool by_clock; /* it ends at an instant of the wall clock (midnight), not after a duration */
    const char *reason;
};

struct hy_gate {
    int64_t next_due_ms[HY_RANKS]; /* of each queue; 0 = not known: ask; HY_NEVER = none known */
    int64_t left_due_ms[HY_RANKS]; /* the earliest due instant that the last claim left; 0 = none */
    int64_t in_flight;             /* claimed from its queues and not settled */
    struct hy_window window;
    struct hy_gap gap; /* between two messages of one user */
    enum hy_gate_hold hold;
    bool by_clock, probe;
    bool stored;             /* the store knows of the pause */
    int64_t paused_until_ms; /* 0 = open; past: half open, one message tries */
    int64_t paused_since_ms;
    int64_t probe_at_ms; /* one message may go then, though paused */
    char pause_reason[HY_REASON_BYTES];
    int64_t pauses; /* so far: an answer to what left before the last one ends no pause */
};

/* --- lane.c ----------------------------------------------------------------------------------- */

struct hy_lane {
    int64_t app_no;
    const struct hy_app_entry *app; /* counted; of a deleted one, too */
    enum hy_holding holding;
    bool pauses_asked, pauses_read; /* while reading */
    int64_t feeder_reading;         /* while reading: the one of the feeder's that it waits for */
    struct hy_keeper keeper;
    struct hy_gate gates[HY_CHANNELS];
    int64_t in_flight;   /* of both gates */
    int64_t logins_open; /* logins under way */
    double allowance;    /* token bucket of rate_per_s: messages that may go now */
    int64_t allowance_at_ms;
    double bulk_credit; /* slots that broadcasts are behind their share; below 0: ahead */
    bool contested;     /* the claim under way asks for bulk and for the others */
    unsigned turn;      /* which gate is asked first */
    struct hy_alarm alarm;

    /* Quiet hours, as of quiet_seen_ms. */
    struct hy_zone *zone; /* null: none are set */
    int64_t quiet_seen_ms, quiet_until_ms, quiet_change_ms;
};

struct hy_lanes {
    struct hy_lane **items;
    size_t count;
    int generation;              /* of the registry, when they were matched last */
    struct hy_claim_lane *asked; /* the dispatcher's, while it fills a claim */
    size_t asked_room;
};

/* What others tell the dispatcher: when something is due in which queue. */
struct hy_notice {
    int64_t app_no;
    int64_t due_ms[HY_QUEUES];
};
enum { HY_NOTICES_MAX = 64 };
#define HY_AWAKE INT64_MIN

struct hy_lane *hy_lane_find(struct hy_engine *engine, int64_t app_no);
/* Gives every app a lane and every lane its app as it is now. */
void hy_lanes_match(struct hy_engine *engine);
void hy_lanes_free(struct hy_engine *engine);
/* Any thread: something of that queue is due at that instant. */
void hy_queue_notice(struct hy_engine *engine, int64_t app_no, int queue, int64_t due_ms);
/* Any thread: the same, nobody knows of which queue. app_no 0: nor of which app. */
void hy_lane_notice(struct hy_engine *engine, int64_t app_no, int64_t due_ms);
void hy_lane_take_notices(struct hy_engine *engine);
/* All its queues are asked again. */
void hy_lane_ask(struct hy_lane *lane);
static inline int64_t *hy_lane_due(struct hy_lane *lane, int queue)
{
    return &lane->gates[hy_queue_channel(queue)].next_due_ms[hy_queue_rank(queue)];
}
/* Messages that the rate limit lets go now. */
int64_t hy_lane_allowance(struct hy_lane *lane, int64_t now_ms);
/* The end of the quiet hours it is in; 0 = it is not quiet. */
int64_t hy_lane_quiet_until(struct hy_lane *lane, int64_t now_ms);
/* Ends the alarm of a lane when it is calm again; returns when to look again. */
int64_t hy_lane_alarm_turn(struct hy_engine *engine, struct hy_lane *lane);

/* gate.c */
/* How many messages it may claim now; `ret_wake_ms` is when time alone may change that. */
int64_t hy_gate_room(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel,
                     int64_t *ret_wake_ms);
/* One of them tries for all: the next one not before the probes' gap. */
void hy_gate_probed(struct hy_engine *engine, struct hy_gate *gate);
void hy_gate_pause(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel,
                   const struct hy_gate_pause *pause);
void hy_gate_reopen(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel);
/* Start-up: the pauses that the store knows of. */
int hy_gates_load(struct hy_engine *engine);
/* As at a start, paused as stored; null: open. */
void hy_gate_reset(struct hy_engine *engine, struct hy_gate *gate, const struct hy_pause *pause);
/* Another node wrote this pause; it is taken over if it is another one than the present. */
void hy_gate_take(struct hy_engine *engine, struct hy_lane *lane, enum hy_channel channel,
                  const struct hy_pause *pause);
/* Somebody ended its pause, and the store knows it. */
void hy_gate_resume(struct hy_lane *lane, enum hy_channel channel);

#endif
