#include "engine/hush.h"

static const int64_t gap_ms = 60000;

void hy_hush_init(struct hy_hush *hush)
{
    *hush = (struct hy_hush){0};
    pthread_mutex_init(&hush->lock, NULL);
}

void hy_hush_deinit(struct hy_hush *hush)
{
    pthread_mutex_destroy(&hush->lock);
}

bool hy_hush_may_say(struct hy_hush *hush, int64_t app_no, int64_t now_ms, int64_t *ret_unsaid)
{
    struct hy_hush_slot *slot = &hush->slots[(uint64_t)app_no % HY_HUSH_SLOTS];
    bool say;

    pthread_mutex_lock(&hush->lock);
    say = !slot->said_at_ms || now_ms - slot->said_at_ms >= gap_ms || now_ms < slot->said_at_ms;
    *ret_unsaid = slot->unsaid;
    slot->unsaid = say ? 0 : slot->unsaid + 1;
    if (say)
        slot->said_at_ms = now_ms;
    pthread_mutex_unlock(&hush->lock);
    return say;
}
