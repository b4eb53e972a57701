/* How often a user may hear from an app: domain/queue.h. */
#include "store/memory/memory.h"

#include <stdlib.h>
#include <string.h>

void hy_mem_heard_free(void *item)
{
    struct hy_mem_heard *heard = (struct hy_mem_heard *)item;

    free(heard->template_id);
    free(heard);
}

void hy_mem_hear_message(struct hy_mem_message *m, int64_t at_ms, int64_t until_ms)
{
    struct hy_vector *all = &m->user->heard;
    struct hy_mem_heard *heard;

    for (size_t i = 0; i < all->count; i++) {
        heard = (struct hy_mem_heard *)all->items[i];
        if (heard->message_id == m->m.id && heard->until_ms > at_ms)
            return;
    }
    heard = (struct hy_mem_heard *)hy_mem_alloc(sizeof *heard);
    heard->message_id = m->m.id;
    heard->template_id = hy_mem_text(m->m.template_id);
    heard->at_ms = at_ms;
    heard->until_ms = until_ms;
    hy_vector_push(all, heard);
}

static int newest_first(const void *a, const void *b)
{
    int64_t ia = *(const int64_t *)a;
    int64_t ib = *(const int64_t *)b;

    return ia > ib ? -1 : ia < ib;
}

static bool is_about(const struct hy_cap *cap, const char *template_id)
{
    return !cap->template_id[0] || strcmp(cap->template_id, template_id) == 0;
}

static int64_t free_at(const struct hy_cap *cap, const struct hy_mem_user *user, int64_t now_ms)
{
    int64_t *at_ms = (int64_t *)hy_mem_alloc((user->heard.count + 1) * sizeof *at_ms);
    size_t count = 0;
    int64_t free_at_ms;

    for (size_t i = 0; i < user->heard.count; i++) {
        const struct hy_mem_heard *heard = (const struct hy_mem_heard *)user->heard.items[i];

        if (heard->until_ms > now_ms && is_about(cap, heard->template_id))
            at_ms[count++] = heard->at_ms;
    }
    qsort(at_ms, count, sizeof *at_ms, newest_first);
    free_at_ms = hy_cap_free_at(cap, at_ms, (int64_t)count, now_ms);
    free(at_ms);
    return free_at_ms;
}

int64_t hy_mem_cap_free_at(const struct hy_claim_lane *lane, const struct hy_mem_message *m,
                           int64_t now_ms, const char **ret_reason)
{
    int64_t last_ms = 0;

    for (size_t i = 0; i < lane->cap_count; i++) {
        const struct hy_cap *cap = &lane->caps[i];
        int64_t ms = is_about(cap, m->m.template_id) ? free_at(cap, m->user, now_ms) : 0;

        if (ms <= last_ms)
            continue;
        last_ms = ms;
        *ret_reason = cap->template_id[0] ? "cap.template" : "cap.app";
    }
    return last_ms;
}
