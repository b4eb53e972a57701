/* What an operator has sent again, and what a clock that went back makes due. */
#include "store/memory/memory.h"

#include "base/err.h"

#include <string.h>

/* --- retry ------------------------------------------------------------------------------------ */

static bool is_past(int64_t expires_at_ms, int64_t now_ms)
{
    return expires_at_ms > 0 && expires_at_ms <= now_ms;
}

int hy_mem_retry(struct hy_backend *b, struct hy_op *op)
{
    struct hy_retry *v = (struct hy_retry *)op;
    struct hy_mem_message *m = hy_mem_message(b, v->message_id);
    int64_t expires_at_ms;

    if (!m)
        return HY_E_NOT_FOUND;
    expires_at_ms = v->set_expiry ? v->expires_at_ms : m->m.expires_at_ms;
    v->state = m->m.state;
    v->app_no = m->m.app_no;
    v->queue = hy_message_queue(&m->m);
    if (!hy_message_may_retry(m->m.state) || is_past(expires_at_ms, v->now_ms))
        return HY_E_CONFLICT;
    hy_mem_again(b, m, v->now_ms, expires_at_ms);
    v->state = m->m.state;
    return 0;
}

/* --- dead letters ----------------------------------------------------------------------------- */

bool hy_mem_is_dead(const struct hy_message *m)
{
    return m->state == HY_MESSAGE_FAILED || (m->state == HY_MESSAGE_UNKNOWN && m->due_at_ms == 0);
}

static bool same(const char *filter, const char *text)
{
    return !filter || (text && strcmp(filter, text) == 0);
}

static bool begins(const char *filter, const char *text)
{
    return !filter || (text && strncmp(text, filter, strlen(filter)) == 0);
}

bool hy_mem_dead_passes(const struct hy_dead_filter *f, const struct hy_message *m)
{
    return (f->app_no == 0 || f->app_no == m->app_no) &&
           (f->state == -1 || f->state == (int)m->state) && begins(f->reason, m->reason) &&
           same(f->template_id, m->template_id) && same(f->tag, m->tag) &&
           (f->broadcast_id == 0 || f->broadcast_id == m->broadcast_id) && m->id >= f->from_id &&
           (f->until_id == 0 || m->id < f->until_id);
}

void hy_mem_dead_retry_message(struct hy_backend *b, struct hy_dead_retry *v,
                               struct hy_mem_message *m)
{
    v->matched++;
    if (is_past(m->m.expires_at_ms, v->now_ms)) {
        v->skipped++;
        return;
    }
    v->retried++;
    if (!v->dry)
        hy_mem_again(b, m, v->now_ms, m->m.expires_at_ms);
}

int hy_mem_dead_retry(struct hy_backend *b, struct hy_op *op)
{
    struct hy_dead_retry *v = (struct hy_dead_retry *)op;
    size_t looked_at = 0;

    v->matched = v->retried = v->skipped = 0;
    v->more = false;
    v->next_before_id = 0;
    for (size_t i = b->messages.count; i > 0; i--) {
        struct hy_mem_message *m = (struct hy_mem_message *)b->messages.items[i - 1];

        if ((v->before_id > 0 && m->m.id >= v->before_id) || !hy_mem_is_dead(&m->m))
            continue;
        if (looked_at++ == v->limit) {
            v->more = true;
            return 0;
        }
        v->next_before_id = m->m.id;
        if (hy_mem_dead_passes(&v->filter, &m->m))
            hy_mem_dead_retry_message(b, v, m);
    }
    v->next_before_id = 0;
    return 0;
}

static bool is_of_group(const struct hy_dead_group *g, const struct hy_message *m)
{
    return g->app_no == m->app_no && g->state == m->state &&
           (g->reason && m->reason ? strcmp(g->reason, m->reason) == 0 : g->reason == m->reason);
}

/* They come newest first: who is the first of a group is its newest. */
static void join_group(struct hy_dead_groups *v, struct hy_vector *groups,
                       const struct hy_mem_message *m)
{
    const struct hy_attempt *last =
        m->m.attempt_count > 0 ? &m->attempts[m->m.attempt_count - 1] : NULL;
    struct hy_dead_group *made;

    for (size_t i = 0; i < groups->count; i++) {
        struct hy_dead_group *g = (struct hy_dead_group *)groups->items[i];

        if (is_of_group(g, &m->m)) {
            g->messages++;
            return;
        }
    }
    made = (struct hy_dead_group *)hy_mem_copy_array(v->arena, 1, sizeof *made);
    *made = (struct hy_dead_group){.app_no = m->m.app_no,
                                   .state = m->m.state,
                                   .reason = hy_mem_copy_text(v->arena, m->m.reason),
                                   .messages = 1,
                                   .newest_id = m->m.id,
                                   .template_id = hy_mem_copy_text(v->arena, m->m.template_id)};
    if (last && last->judgement.errmsg[0])
        made->errmsg = hy_mem_copy_text(v->arena, last->judgement.errmsg);
    hy_vector_push(groups, made);
}

static int most_first(const void *a, const void *b)
{
    const struct hy_dead_group *ga = (const struct hy_dead_group *)a;
    const struct hy_dead_group *gb = (const struct hy_dead_group *)b;

    if (ga->messages != gb->messages)
        return ga->messages > gb->messages ? -1 : 1;
    return ga->newest_id > gb->newest_id ? -1 : ga->newest_id < gb->newest_id;
}

int hy_mem_dead_groups(struct hy_backend *b, struct hy_op *op)
{
    struct hy_dead_groups *v = (struct hy_dead_groups *)op;
    struct hy_vector groups = {0};
    size_t looked_at = 0;

    v->more = false;
    for (size_t i = b->messages.count; i > 0 && !v->more; i--) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)b->messages.items[i - 1];

        if (!hy_mem_is_dead(&m->m) || !hy_mem_dead_passes(&v->filter, &m->m))
            continue;
        if (looked_at++ == v->limit)
            v->more = true;
        else
            join_group(v, &groups, m);
    }
    hy_vector_sort(&groups, most_first);
    v->count = groups.count;
    v->groups = (struct hy_dead_group *)hy_mem_copy_array(v->arena, v->count, sizeof *v->groups);
    for (size_t i = 0; i < v->count; i++)
        v->groups[i] = *(const struct hy_dead_group *)groups.items[i];
    hy_vector_deinit(&groups);
    return 0;
}

/* --- rewind ----------------------------------------------------------------------------------- */

/* When it is due by a clock that is right; 0 = as it is. */
static int64_t rewound(const struct hy_rewind *v, const struct hy_message *m)
{
    if (m->due_at_ms <= v->now_ms + v->slack_ms)
        return 0;
    if (m->state == HY_MESSAGE_UNKNOWN)
        return v->now_ms + v->slack_ms;
    return m->state == HY_MESSAGE_QUEUED && m->send_at_ms <= v->now_ms ? v->now_ms : 0;
}

int hy_mem_rewind(struct hy_backend *b, struct hy_op *op)
{
    struct hy_rewind *v = (struct hy_rewind *)op;

    v->rewound = 0;
    for (size_t i = 0; i < b->messages.count && v->rewound < v->limit; i++) {
        struct hy_mem_message *m = (struct hy_mem_message *)b->messages.items[i];
        int64_t due_at_ms = rewound(v, &m->m);

        if (due_at_ms == 0)
            continue;
        hy_mem_redue(b, m, due_at_ms);
        v->rewound++;
    }
    return 0;
}
