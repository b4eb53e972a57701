/*
 * queue.h - in which of its app's queues a message stands, and how often a user may hear from an
 * app.
 *
 * A platform counts its quotas by call: what goes by form templates has another limit than what
 * goes by subscriptions. So an app has a channel for each, and each channel has four queues. Quiet
 * hours and priorities are decisions about whole queues: nothing is written when a night begins.
 *
 *   urgent        goes in quiet hours and past caps
 *   normal        what a backend sends one by one
 *   bulk_urgent   of a broadcast that goes in quiet hours, too
 *   bulk          of a broadcast: gets a share, so that neither starves
 */
#ifndef HY_DOMAIN_QUEUE_H
#define HY_DOMAIN_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct hy_message;

/* Which of the platform's send calls. A message whose template is not known stands in the first
 * one, whatever it goes by in the end. */
enum hy_channel { HY_CHANNEL_SUBSCRIBE, HY_CHANNEL_TEMPLATE, HY_CHANNELS };
/* "subscribe", "template"; ended by a null. The numbers are stored: append, never reorder. */
extern const char *const hy_channel_names[];

enum hy_rank { HY_RANK_URGENT, HY_RANK_NORMAL, HY_RANK_BULK_URGENT, HY_RANK_BULK, HY_RANKS };

/* channel * HY_RANKS + rank. Stored. */
enum { HY_QUEUES = HY_CHANNELS * HY_RANKS };

static inline int hy_queue_no(enum hy_channel channel, enum hy_rank rank)
{
    return (int)channel * HY_RANKS + (int)rank;
}

static inline enum hy_channel hy_queue_channel(int queue)
{
    return (enum hy_channel)(queue / HY_RANKS);
}

static inline enum hy_rank hy_queue_rank(int queue)
{
    return (enum hy_rank)(queue % HY_RANKS);
}

/* By its template_kind, urgent and broadcast_id. */
int hy_message_queue(const struct hy_message *m);

/* True for ranks that wait for the end of quiet hours. */
static inline bool hy_rank_is_quiet(enum hy_rank rank)
{
    return rank == HY_RANK_NORMAL || rank == HY_RANK_BULK;
}

/* --- caps ------------------------------------------------------------------------------------- */

enum { HY_CAPS_MAX = 8, HY_CAP_WINDOW_MAX_S = 30 * 86400, HY_CAP_TEXT_BYTES = 129 };

/* A user gets at most `max` messages within `window_s`: of that template, or of the app. What
 * counts is a message that was sent, or perhaps was (unknown), at the instant of its settling.
 * Urgent ones count, but wait for nothing. */
struct hy_cap {
    char template_id[HY_CAP_TEXT_BYTES]; /* "" = any */
    int64_t max;                         /* 1..1000 */
    int64_t window_s;                    /* 60..HY_CAP_WINDOW_MAX_S */
};

/*
 * When a message may go that would be one more: `heard` are the instants of those that count for
 * this cap, newest first, at least the newest `max` of them. 0 = now.
 */
int64_t hy_cap_free_at(const struct hy_cap *cap, const int64_t *heard_ms, int64_t count,
                       int64_t now_ms);

#endif
