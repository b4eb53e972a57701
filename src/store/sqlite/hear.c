#include "store/events.h"

#include "base/err.h"
#include "store/sqlite/awaiting.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/tell.h"
#include "store/sqlite/verbs.h"

/* Ids that share a bucket of the index by user: as for messages. */
enum { EVENT_BUCKET_SHIFT = 11 };

/* --- hear ------------------------------------------------------------------------------------- */

/* 1 when all that it says is known, so that the callback is a repetition. */
static int all_known(struct hy_sqlite *s, const struct hy_hear *v)
{
    int r = 1;

    if (v->answer_count + v->sent_count == 0)
        return hy_seen(s, v->app_no, v->identity, v->created_at_ms);
    for (size_t i = 0; i < v->answer_count && r == 1; i++)
        r = hy_seen(s, v->app_no, v->answers[i].identity, v->answers[i].identity_at_ms);
    for (size_t i = 0; i < v->sent_count && r == 1; i++)
        r = hy_seen(s, v->app_no, v->sent[i].identity, v->created_at_ms);
    return r;
}

static int hear_sent(struct hy_sqlite *s, const struct hy_hear *v, struct hy_sent_item *item)
{
    struct hy_told told = {.app_no = v->app_no,
                           .user = v->user,
                           .template_id = item->template_id,
                           .msgid = item->msgid,
                           .delivered = item->delivered,
                           .reason = item->reason,
                           .created_at_ms = v->created_at_ms};
    int r = hy_seen(s, v->app_no, item->identity, v->created_at_ms);

    item->message_id = 0;
    item->duplicate = r == 1;
    if (r != 0)
        return r < 0 ? r : 0;
    r = hy_seen_add(s, v->app_no, item->identity, v->created_at_ms);
    if (r == 0)
        r = hy_told_apply(s, &told, v->now_ms, &item->message_id);
    return r == 0 && item->message_id == 0 ? hy_early_keep(s, &told, v->now_ms) : r;
}

static int store_event(struct hy_sqlite *s, struct hy_hear *v)
{
    struct hy_query q;

    int r;

    v->event_id = ++s->last_event_id;
    hy_query_open(s, SQL_EVENT_INSERT, &q);
    hy_put_int(&q, v->event_id);
    hy_put_int(&q, v->app_no);
    hy_put_text(&q, v->name);
    hy_put_text(&q, v->user);
    hy_put_text(&q, v->raw);
    hy_put_int(&q, v->created_at_ms);
    hy_put_int(&q, v->now_ms);
    hy_put_int(&q, v->event_id >> EVENT_BUCKET_SHIFT);
    r = hy_query_run(&q);
    return r == 0 && s->hooks.wanted ? hy_outcome_of_event(s, v->app_no, v->event_id) : r;
}

/* With all known it fills in the outputs and changes nothing. */
static int hear(struct hy_sqlite *s, struct hy_hear *v)
{
    int r = v->fresh ? store_event(s, v) : 0;

    if (r == 0)
        r = hy_deposit_items(s, v->answers, v->answer_count, v->now_ms, &v->woken);
    s->freed = 0; /* the others are not woken */
    for (size_t i = 0; i < v->sent_count && r == 0; i++)
        r = hear_sent(s, v, &v->sent[i]);
    v->freed = s->freed;
    if (r == 0 && v->fresh && v->answer_count + v->sent_count == 0)
        r = hy_seen_add(s, v->app_no, v->identity, v->created_at_ms);
    return r;
}

int hy_sqlite_hear(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_hear *v = (struct hy_hear *)op;
    int r;

    hy_arena_reset(&s->scratch);
    s->now_ms = v->now_ms;
    v->event_id = 0;
    r = all_known(s, v);
    v->fresh = r == 0;
    return r < 0 ? r : hear(s, v);
}

int hy_events_remember(struct hy_sqlite *s)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_EVENT_LAST, &q);
    r = hy_query_int(&q, &s->last_event_id);
    if (r == HY_E_NOT_FOUND) {
        s->last_event_id = 0;
        r = 0;
    }
    return r < 0 ? r : hy_early_remember(s);
}
