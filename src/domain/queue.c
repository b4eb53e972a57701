#include "domain/queue.h"

#include "domain/message.h"

#include <stddef.h>

const char *const hy_channel_names[] = {"subscribe", "template", NULL};

int hy_message_queue(const struct hy_message *m)
{
    bool legacy = m->template_kind == HY_TEMPLATE_LEGACY;
    enum hy_rank rank = m->urgent ? HY_RANK_URGENT : HY_RANK_NORMAL;

    if (m->broadcast_id != 0)
        rank = m->urgent ? HY_RANK_BULK_URGENT : HY_RANK_BULK;
    return hy_queue_no(legacy ? HY_CHANNEL_TEMPLATE : HY_CHANNEL_SUBSCRIBE, rank);
}

int64_t hy_cap_free_at(const struct hy_cap *cap, const int64_t *heard_ms, int64_t count,
                       int64_t now_ms)
{
    int64_t free_at_ms;

    if (count < cap->max)
        return 0;
    /* There is room again when the oldest of the newest `max` leaves the window. */
    free_at_ms = heard_ms[cap->max - 1] + cap->window_s * 1000;
    return free_at_ms > now_ms ? free_at_ms : 0;
}
