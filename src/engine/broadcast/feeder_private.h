/*
 * feeder_private.h - what the files of the feeder share.
 *
 *   feeder.c         which broadcasts there are: loads them, gives each its turn
 *   feeder_step.c    what a broadcast's turn is, by its state: one verb at a time for each
 *   feeder_verbs.c   the verbs, and what their ends mean
 *   feeder_held.c    which broadcasts claims hold back
 *   feeder_quota.c   what is left of the platform's day
 *   feeder_pace.c    how fast, how far ahead
 */
#ifndef HY_ENGINE_BROADCAST_FEEDER_PRIVATE_H
#define HY_ENGINE_BROADCAST_FEEDER_PRIVATE_H

#include "engine/broadcast/feeder.h"
#include "engine/broadcast/feeder_pace.h"
#include "engine/internal.h"

enum { HY_FEED_STEP = 1000, HY_FEED_BACKLOG = 5000 };

/* A broadcast that is not over, as it was seen last. */
struct hy_feed {
    int64_t id, app_no;
    enum hy_broadcast_state state;
    enum hy_channel channel;
    char template_id[HY_CAP_TEXT_BYTES];
    bool urgent, reach, collected, winding_up;
    int64_t rate_per_s, send_at_ms, expires_at_ms;
    int64_t total, fed;
    int64_t messages[HY_MESSAGE_STATES];
    struct hy_feed_pace pace;
    int64_t quota_until_ms; /* it rests: the platform's day is used up */
    bool busy;              /* a verb of it is under way */
    bool seen;              /* in the list that is being read */
    int64_t next_ms;        /* its next turn; HY_NEVER = something else brings it on */
};

/* What the platform said of a channel's day. */
struct hy_quota {
    int64_t app_no;
    enum hy_channel channel;
    bool asking;
    int64_t asked_at_ms; /* 0 = never */
    int64_t told_at_ms;  /* when what it told last was asked; 0 = it told nothing */
    int64_t limit, used, remain;
    /* Fed since that was asked, and what was on its way then; the same of the question under way. */
    int64_t spent, spent_next;
};

struct hy_feeder {
    struct hy_feed **feeds;
    size_t count;
    atomic_bool stale;
    bool reading;
    int64_t readings, read; /* begun so far; the last of them that ended well */
    int64_t not_before_ms;  /* after trouble with the store */
    int64_t changes;        /* grows with each move: what was read before one is old */
    int64_t moving;         /* moves under way that somebody asked for */
    int64_t open;           /* verbs and requests under way */
    int64_t *held;          /* room for all feeds */
    size_t held_count;
    struct hy_quota *quotas;
    size_t quota_count;
};

/* feeder.c */
struct hy_feed *hy_feed_find(const struct hy_feeder *feeder, int64_t id);
/* Takes over what was read of it. */
void hy_feed_adopt(struct hy_feed *feed, const struct hy_broadcast *broadcast);
/* Counts of users that are in the audience, and of messages on their way. */
static inline bool hy_feed_left(const struct hy_feed *feed)
{
    return feed->total > feed->fed;
}
static inline int64_t hy_feed_under_way(const struct hy_feed *feed)
{
    return feed->messages[HY_MESSAGE_QUEUED] + feed->messages[HY_MESSAGE_SENDING];
}

/* A move of any origin ended. */
void hy_feed_after_move(struct hy_engine *engine, const struct hy_broadcast_move *move);
bool hy_feed_app_gone(struct hy_engine *engine, const struct hy_feed *feed);
/* This node moves it on: it holds its app, or nobody does any more. */
bool hy_feed_is_ours(struct hy_engine *engine, const struct hy_feed *feed);

/* feeder_step.c */
void hy_feed_step(struct hy_engine *engine, struct hy_feed *feed);
/* A running one was looked at: feed it, end it, or wait. */
void hy_feed_decide(struct hy_engine *engine, struct hy_feed *feed);

/* feeder_verbs.c: each starts one verb; its end sets feed->next_ms. */
void hy_feed_look(struct hy_engine *engine, struct hy_feed *feed);
void hy_feed_collect(struct hy_engine *engine, struct hy_feed *feed);
void hy_feed_feed(struct hy_engine *engine, struct hy_feed *feed, int64_t count);
void hy_feed_move(struct hy_engine *engine, struct hy_feed *feed, enum hy_broadcast_state to,
                  const char *reason);
void hy_feed_wind_up(struct hy_engine *engine, struct hy_feed *feed);

/* feeder_held.c. Reserve: for one more feed; false: out of memory. */
bool hy_held_reserve(struct hy_feeder *feeder);
void hy_held_refresh(struct hy_feeder *feeder);

/* feeder_quota.c: how many of the channel's day a broadcast may take now (INT64_MAX: not known, or
 * no limit). 0: not before `ret_again_ms`; `ret_until_ms` > 0 says that the day is used up. Asks
 * the platform when it is time to. */
int64_t hy_quota_left(struct hy_engine *engine, const struct hy_feed *feed, int64_t *ret_again_ms,
                      int64_t *ret_until_ms);
void hy_quota_spend(struct hy_engine *engine, const struct hy_feed *feed, int64_t count);

#endif
