/* What the platform told, and all that is known of one user. */
#include "store/events.h"

#include "base/err.h"
#include "domain/reservation.h"
#include "store/postgres/ask.h"
#include "store/postgres/reads.h"

#include <stdlib.h>

/* --- events ----------------------------------------------------------------------------------- */

#define EVENT_COLUMNS "id, app_no, name, \"user\", raw, created_at_ms, received_at_ms"

static const struct hy_pg_sql events = {"events", "SELECT " EVENT_COLUMNS
                                                  " FROM event WHERE id > $1 ORDER BY id LIMIT $2"};
static const struct hy_pg_sql events_of_app = {
    "events_of_app",
    "SELECT " EVENT_COLUMNS " FROM event WHERE app_no = $3 AND id > $1 ORDER BY id LIMIT $2"};

static void read_event(const struct hy_pg_rows *rows, struct hy_arena *arena, struct hy_event *e)
{
    *e = (struct hy_event){.id = hy_pg_int(rows, 0),
                           .app_no = hy_pg_int(rows, 1),
                           .name = hy_pg_copy(rows, 2, arena),
                           .user = hy_pg_copy(rows, 3, arena),
                           .raw = hy_pg_copy(rows, 4, arena),
                           .created_at_ms = hy_pg_int(rows, 5),
                           .received_at_ms = hy_pg_int(rows, 6)};
}

int hy_pg_events(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_events *v = (struct hy_events *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    v->count = 0;
    v->events = (struct hy_event *)hy_arena_array(v->arena, v->limit, sizeof *v->events);
    if (!v->events)
        return HY_E_NOMEM;
    hy_pg_put_int(args, v->after_id);
    hy_pg_put_int(args, (int64_t)v->limit);
    if (v->app_no > 0)
        hy_pg_put_int(args, v->app_no);
    r = hy_pg_run(pg->link, v->app_no > 0 ? &events_of_app : &events, &rows);
    while (r == 0 && hy_pg_next(&rows))
        read_event(&rows, v->arena, &v->events[v->count++]);
    hy_pg_rows_free(&rows);
    return r;
}

/* --- timeline --------------------------------------------------------------------------------- */

static const struct hy_pg_sql all_grants = {"timeline_grants",
                                            "SELECT " HY_PG_GRANT_COLUMNS
                                            " FROM \"grant\" WHERE app_no = $1 AND \"user\" = $2"};
static const struct hy_pg_sql newest_answers = {
    "timeline_answers",
    "SELECT id, template_id, kind, uses, told_backend, told_page, told_event, at_ms FROM answer"
    " WHERE app_no = $1 AND \"user\" = $2 ORDER BY at_ms DESC, id DESC LIMIT $3"};
static const struct hy_pg_sql newest_messages = {
    "timeline_messages", "SELECT " HY_PG_MESSAGE_COLUMNS " FROM message"
                         " WHERE app_no = $1 AND \"user\" = $2 ORDER BY id DESC LIMIT $3"};
/* In the order of their messages above. */
static const struct hy_pg_sql their_attempts = {
    "timeline_attempts",
    "SELECT m.id, " HY_PG_ATTEMPT_COLUMNS " FROM (SELECT id FROM message"
    " WHERE app_no = $1 AND \"user\" = $2 ORDER BY id DESC LIMIT $3) m"
    " CROSS JOIN LATERAL (SELECT * FROM attempt WHERE message_id = m.id OFFSET 0) a"
    " ORDER BY m.id DESC, a.number"};
static const struct hy_pg_sql newest_events = {
    "timeline_events",
    "SELECT id, app_no, name, \"user\", NULL::text, created_at_ms, received_at_ms FROM event"
    " WHERE app_no = $1 AND \"user\" = $2 ORDER BY id DESC LIMIT $3"};

static int by_use(const void *a, const void *b)
{
    return hy_grant_compare((const struct hy_grant *)a, (const struct hy_grant *)b);
}

static int take_grants(struct hy_pg_rows *rows, void *arg)
{
    struct hy_timeline_read *v = (struct hy_timeline_read *)arg;

    if (rows->count == 0)
        return 0;
    v->grants = (struct hy_grant *)hy_arena_array(v->arena, (size_t)rows->count, sizeof *v->grants);
    if (!v->grants)
        return HY_E_NOMEM;
    while (hy_pg_next(rows))
        hy_pg_read_grant(rows, 0, v->arena, &v->grants[v->grant_count++]);
    qsort(v->grants, v->grant_count, sizeof *v->grants, by_use);
    return 0;
}

static int take_answers(struct hy_pg_rows *rows, void *arg)
{
    struct hy_timeline_read *v = (struct hy_timeline_read *)arg;

    while (hy_pg_next(rows)) {
        struct hy_answer *a = &v->answers[v->answer_count++];

        *a = (struct hy_answer){.id = hy_pg_int(rows, 0),
                                .app_no = v->app_no,
                                .user = v->user,
                                .template_id = hy_pg_copy(rows, 1, v->arena),
                                .kind = (enum hy_answer_kind)hy_pg_int(rows, 2),
                                .uses = (int32_t)hy_pg_int(rows, 3),
                                .at_ms = hy_pg_int(rows, 4 + HY_SOURCES)};
        for (int i = 0; i < HY_SOURCES; i++)
            a->told[i] = (int32_t)hy_pg_int(rows, 4 + i);
    }
    return 0;
}

static int take_messages(struct hy_pg_rows *rows, void *arg)
{
    struct hy_timeline_read *v = (struct hy_timeline_read *)arg;

    while (hy_pg_next(rows))
        hy_pg_read_message(rows, 0, v->arena, &v->messages[v->message_count++].message);
    return 0;
}

/* One of the next message that has any, or of the same. */
static int take_attempts(struct hy_pg_rows *rows, void *arg)
{
    struct hy_timeline_read *v = (struct hy_timeline_read *)arg;
    struct hy_attempt *all =
        (struct hy_attempt *)hy_arena_array(v->arena, (size_t)rows->count + 1, sizeof *all);
    size_t m = 0;

    if (!all)
        return HY_E_NOMEM;
    for (; hy_pg_next(rows); all++) {
        int64_t id = hy_pg_int(rows, 0);

        while (m < v->message_count && v->messages[m].message.id != id)
            m++;
        if (m == v->message_count)
            return HY_E_CORRUPT;
        hy_pg_read_attempt(rows, 1, all);
        if (v->messages[m].attempt_count++ == 0)
            v->messages[m].attempts = all;
    }
    return 0;
}

static int take_events(struct hy_pg_rows *rows, void *arg)
{
    struct hy_timeline_read *v = (struct hy_timeline_read *)arg;

    while (hy_pg_next(rows))
        read_event(rows, v->arena, &v->events[v->event_count++]);
    return 0;
}

static int make_room(struct hy_timeline_read *v)
{
    v->grants = NULL;
    v->grant_count = v->answer_count = v->message_count = v->event_count = 0;
    v->answers = (struct hy_answer *)hy_arena_array(v->arena, v->limit, sizeof *v->answers);
    v->messages = (struct hy_told_message *)hy_arena_array(v->arena, v->limit, sizeof *v->messages);
    v->events = (struct hy_event *)hy_arena_array(v->arena, v->limit, sizeof *v->events);
    return v->answers && v->messages && v->events ? 0 : HY_E_NOMEM;
}

int hy_pg_timeline(struct hy_backend *backend, struct hy_op *op)
{
    static const struct {
        const struct hy_pg_sql *sql;
        hy_pg_read *take;
        bool limited;
    } parts[] = {{&all_grants, take_grants, false},
                 {&newest_answers, take_answers, true},
                 {&newest_messages, take_messages, true},
                 {&their_attempts, take_attempts, true},
                 {&newest_events, take_events, true}};
    struct hy_pg *pg = hy_pg(backend);
    struct hy_timeline_read *v = (struct hy_timeline_read *)op;
    int r = make_room(v);

    if (r < 0)
        return r;
    hy_pg_snapshot(pg->link);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct hy_pg_args *args = hy_pg_args(pg->link);

        hy_pg_put_int(args, v->app_no);
        hy_pg_put_text(args, v->user);
        if (parts[i].limited)
            hy_pg_put_int(args, (int64_t)v->limit);
        hy_pg_queue(pg->link, parts[i].sql, parts[i].take, v);
    }
    r = hy_pg_snapshot_end(pg->link, 0); /* in one round trip */
    if (r < 0)
        hy_pg_undo(pg->link);
    return r;
}
