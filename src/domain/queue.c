#include "domain/queue.h"

#include "domain/message.h"

#include <stddef.h>

const char *const hy_channel_names[] = {"subscribe", "template", NULL};

int hy_message_queue(const struct hy_message *m)
{
    enum hy_channel channel =
        m->template_kind == HY_TEMPLATE_LEGACY ? HY_CHANNEL_TEMPLATE : HY_CHANNEL_SUBSCRIBE;
    enum hy_rank rank = m->urgent ? HY_RANK_URGENT : HY_RANK_NORMAL;

    if (m->broadcast_id)
        rank = m->urgent ? HY_RANK_BULK_URGENT : HY_RANK_BULK;
    return hy_queue_no(channel, rank);
}

int64_t hy_cap_free_at(const struct hy_cap *cap, const int64_t *heard_ms, int64_t count,
                       int64_t now_ms)
{
    int64_t at;

    if (count < cap->max)
        return 0;
    /* When the oldest of the newest `max` is no longer within the window, there is room for one. What
     * a clock that was ahead wrote down counts from now: nobody waits longer than a window. */
    at = heard_ms[cap->max - 1];
    at = (at < now_ms ? at : now_ms) + cap->window_s * 1000;
    return at > now_ms ? at : 0;
}
