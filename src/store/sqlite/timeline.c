#include "base/err.h"
#include "store/events.h"
#include "store/sqlite/tell.h"
#include "store/sqlite/verbs.h"

#include <stdlib.h>

/* --- events ----------------------------------------------------------------------------------- */

static void read_event(struct hy_query *q, struct hy_arena *arena, struct hy_event *e)
{
    e->id = hy_get_int(q);
    e->app_no = hy_get_int(q);
    e->name = hy_get_text(q, arena);
    e->user = hy_get_text(q, arena);
    e->raw = hy_get_text(q, arena);
    e->created_at_ms = hy_get_int(q);
    e->received_at_ms = hy_get_int(q);
}

int hy_sqlite_events(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_events *v = (struct hy_events *)op;
    struct hy_query q;
    int r;

    v->count = 0;
    v->events = (struct hy_event *)hy_arena_array(v->arena, v->limit, sizeof *v->events);
    if (!v->events)
        return HY_E_NOMEM;
    hy_query_open(hy_sqlite_of(backend), v->app_no > 0 ? SQL_EVENTS_OF_APP : SQL_EVENTS, &q);
    hy_put_int(&q, v->after_id);
    hy_put_int(&q, (int64_t)v->limit);
    if (v->app_no > 0)
        hy_put_int(&q, v->app_no);
    while ((r = hy_query_step(&q)) == HY_ROW)
        read_event(&q, v->arena, &v->events[v->count++]);
    return r;
}

/* --- timeline --------------------------------------------------------------------------------- */

static int by_use(const void *a, const void *b)
{
    return hy_grant_compare((const struct hy_grant *)a, (const struct hy_grant *)b);
}

static int read_grants(struct hy_sqlite *s, struct hy_timeline_read *v)
{
    void *grants = NULL;
    size_t capacity = 0;
    struct hy_query q;
    int r;

    v->grant_count = 0;
    hy_query_open(s, SQL_GRANT_OF_USER, &q);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->user);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_grant *g =
            hy_query_room(&q, v->arena, &grants, v->grant_count, &capacity, sizeof *g);

        if (!g)
            return HY_E_NOMEM;
        hy_grant_read(&q, v->arena, g);
        v->grant_count++;
    }
    v->grants = grants;
    if (r == 0 && v->grant_count > 1)
        qsort(v->grants, v->grant_count, sizeof *v->grants, by_use);
    return r;
}

/* The next lower bucket; HY_E_NOT_FOUND. */
static int lower(struct hy_sqlite *s, enum hy_sql which, int64_t *bucket)
{
    struct hy_query q;

    hy_query_open(s, which, &q);
    hy_put_int(&q, *bucket);
    return hy_query_int(&q, bucket);
}

static void open_bucket(struct hy_sqlite *s, enum hy_sql which, const struct hy_timeline_read *v,
                        int64_t bucket, size_t left, struct hy_query *q)
{
    hy_query_open(s, which, q);
    hy_put_int(q, bucket);
    hy_put_int(q, v->app_no);
    hy_put_text(q, v->user);
    hy_put_int(q, (int64_t)left);
}

static int read_answers(struct hy_sqlite *s, struct hy_timeline_read *v)
{
    int64_t bucket = INT64_MAX;
    struct hy_query q;
    int r = 0;

    v->answer_count = 0;
    v->answers = (struct hy_answer *)hy_arena_array(v->arena, v->limit, sizeof *v->answers);
    if (!v->answers)
        return HY_E_NOMEM;
    while (r == 0 && v->answer_count < v->limit) {
        r = lower(s, SQL_ANSWER_LOWER_BUCKET, &bucket);
        if (r < 0)
            break;
        open_bucket(s, SQL_ANSWER_OF_USER, v, bucket, v->limit - v->answer_count, &q);
        while ((r = hy_query_step(&q)) == HY_ROW)
            hy_answer_read(&q, v->arena, &v->answers[v->answer_count++]);
    }
    return r == HY_E_NOT_FOUND ? 0 : r;
}

static int read_events(struct hy_sqlite *s, struct hy_timeline_read *v)
{
    int64_t bucket = INT64_MAX;
    struct hy_query q;
    int r = 0;

    v->event_count = 0;
    v->events = (struct hy_event *)hy_arena_array(v->arena, v->limit, sizeof *v->events);
    if (!v->events)
        return HY_E_NOMEM;
    while (r == 0 && v->event_count < v->limit) {
        r = lower(s, SQL_EVENT_LOWER_BUCKET, &bucket);
        if (r < 0)
            break;
        open_bucket(s, SQL_EVENT_OF_USER, v, bucket, v->limit - v->event_count, &q);
        while ((r = hy_query_step(&q)) == HY_ROW)
            read_event(&q, v->arena, &v->events[v->event_count++]);
    }
    return r == HY_E_NOT_FOUND ? 0 : r;
}

static int read_messages(struct hy_sqlite *s, struct hy_timeline_read *v)
{
    struct hy_message_list list = {
        .app_no = v->app_no, .user = v->user, .state = -1, .limit = v->limit, .arena = v->arena};
    int r;

    list.messages =
        (struct hy_message *)hy_arena_array(v->arena, v->limit + 1, sizeof *list.messages);
    v->messages = (struct hy_told_message *)hy_arena_array(v->arena, v->limit, sizeof *v->messages);
    v->message_count = 0;
    if (!list.messages || !v->messages)
        return HY_E_NOMEM;
    r = hy_list_user(s, &list, INT64_MAX);
    for (size_t i = 0; i < list.count && i < v->limit && r == 0; i++) {
        struct hy_told_message *told = &v->messages[v->message_count++];

        told->message = list.messages[i];
        r = hy_read_attempts(s, &told->message, v->arena, &told->attempts, &told->attempt_count);
    }
    return r;
}

int hy_sqlite_timeline(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_timeline_read *v = (struct hy_timeline_read *)op;
    int r = hy_read_begin(s);

    if (r < 0)
        return r;
    r = read_grants(s, v);
    if (r == 0)
        r = read_answers(s, v);
    if (r == 0)
        r = read_messages(s, v);
    if (r == 0)
        r = read_events(s, v);
    return hy_read_end(s, r);
}
