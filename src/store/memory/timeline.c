/* All that is known of one user. */
#include "store/memory/memory.h"

#include <string.h>

static void tell_grants(struct hy_timeline_read *v, const struct hy_mem_user *user)
{
    v->grant_count = user->grants.count;
    v->grants = (struct hy_grant *)hy_mem_copy_array(v->arena, v->grant_count, sizeof *v->grants);
    for (size_t i = 0; i < v->grant_count; i++)
        hy_mem_copy_grant(v->arena, &v->grants[i],
                          &((const struct hy_mem_grant *)user->grants.items[i])->g);
}

static int newest_first(const void *a, const void *b)
{
    const struct hy_answer *aa = (const struct hy_answer *)a;
    const struct hy_answer *ab = (const struct hy_answer *)b;

    if (aa->at_ms != ab->at_ms)
        return aa->at_ms > ab->at_ms ? -1 : 1;
    return aa->id > ab->id ? -1 : aa->id < ab->id;
}

static void tell_answers(struct hy_timeline_read *v, const struct hy_mem_user *user)
{
    struct hy_vector sorted = {0};

    for (size_t i = 0; i < user->answers.count; i++)
        hy_vector_push(&sorted, user->answers.items[i]);
    hy_vector_sort(&sorted, newest_first);
    v->answer_count = sorted.count < v->limit ? sorted.count : v->limit;
    v->answers =
        (struct hy_answer *)hy_mem_copy_array(v->arena, v->answer_count, sizeof *v->answers);
    for (size_t i = 0; i < v->answer_count; i++) {
        v->answers[i] = *(const struct hy_answer *)sorted.items[i];
        v->answers[i].user = hy_mem_copy_text(v->arena, v->answers[i].user);
        v->answers[i].template_id = hy_mem_copy_text(v->arena, v->answers[i].template_id);
    }
    hy_vector_deinit(&sorted);
}

static void tell_message(struct hy_arena *arena, struct hy_told_message *told,
                         const struct hy_mem_message *m)
{
    hy_mem_copy_message(arena, &told->message, &m->m);
    told->attempt_count = (size_t)m->m.attempt_count;
    told->attempts =
        (struct hy_attempt *)hy_mem_copy_array(arena, told->attempt_count, sizeof *told->attempts);
    if (told->attempt_count > 0)
        memcpy(told->attempts, m->attempts, told->attempt_count * sizeof *told->attempts);
}

static void tell_messages(struct hy_timeline_read *v, const struct hy_backend *b,
                          const struct hy_mem_user *user)
{
    v->messages =
        (struct hy_told_message *)hy_mem_copy_array(v->arena, v->limit, sizeof *v->messages);
    for (size_t i = b->messages.count; i > 0 && v->message_count < v->limit; i--) {
        const struct hy_mem_message *m = (const struct hy_mem_message *)b->messages.items[i - 1];

        if (m->user == user)
            tell_message(v->arena, &v->messages[v->message_count++], m);
    }
}

static void tell_events(struct hy_timeline_read *v, const struct hy_backend *b)
{
    v->events = (struct hy_event *)hy_mem_copy_array(v->arena, v->limit, sizeof *v->events);
    for (size_t i = b->events.count; i > 0 && v->event_count < v->limit; i--) {
        const struct hy_event *event = (const struct hy_event *)b->events.items[i - 1];

        if (event->app_no == v->app_no && event->user && strcmp(event->user, v->user) == 0) {
            struct hy_event bare = *event;

            bare.raw = NULL;
            hy_mem_copy_event(v->arena, &v->events[v->event_count++], &bare);
        }
    }
}

int hy_mem_timeline(struct hy_backend *b, struct hy_op *op)
{
    struct hy_timeline_read *v = (struct hy_timeline_read *)op;
    const struct hy_mem_user *user = hy_mem_user(b, v->app_no, v->user);

    v->grants = NULL;
    v->answers = NULL;
    v->messages = NULL;
    v->grant_count = v->answer_count = v->message_count = v->event_count = 0;
    tell_events(v, b);
    if (!user)
        return 0;
    tell_grants(v, user);
    tell_answers(v, user);
    tell_messages(v, b, user);
    return 0;
}
