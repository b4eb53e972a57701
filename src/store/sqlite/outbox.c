#include "store/sqlite/outbox.h"

#include "base/err.h"

#include <string.h>

/* --- who wants what --------------------------------------------------------------------------- */

int hy_hooks_remember(struct hy_sqlite *s)
{
    struct hy_hooks hooks = {0};
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_HOOKS, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_hook *hook = &hooks.hooks[hooks.count];

        if (hooks.count == HY_WEBHOOKS_MAX) {
            hy_query_close(&q);
            return HY_E_CORRUPT;
        }
        hook->id = hy_get_int(&q);
        hook->app_no = hy_get_int(&q);
        hook->events = (uint32_t)hy_get_int(&q);
        hooks.wanted |= hook->events;
        hooks.count++;
    }
    if (r == 0)
        s->hooks = hooks;
    return r;
}

void hy_hooks_keep(struct hy_sqlite *s)
{
    if (!s->hooks_changed)
        s->hooks_before = s->hooks;
    s->hooks_changed = true;
}

void hy_hooks_undo(struct hy_sqlite *s)
{
    if (s->hooks_changed)
        s->hooks = s->hooks_before;
    s->hooks_changed = false;
}

/* --- adding ----------------------------------------------------------------------------------- */

/* 1 when an earlier outcome of that message is not told to that endpoint yet. */
static int is_behind(struct hy_sqlite *s, int64_t message_id, int64_t webhook_id)
{
    struct hy_query q;
    int64_t one;
    int r;

    hy_query_open(s, SQL_OUTBOX_BEHIND, &q);
    hy_put_int(&q, message_id);
    hy_put_int(&q, webhook_id);
    r = hy_query_int(&q, &one);
    return r == HY_E_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

int hy_outbox_add(struct hy_sqlite *s, struct hy_outcome *o)
{
    struct hy_query q;
    int r = o->message_id > 0 ? is_behind(s, o->message_id, o->webhook_id) : 0;

    if (r < 0)
        return r;
    o->due_at_ms = r == 1 ? 0 : o->at_ms;
    hy_query_open(s, SQL_OUTBOX_ADD, &q);
    hy_put_int(&q, o->webhook_id);
    hy_put_int(&q, o->type);
    hy_put_int(&q, o->app_no);
    hy_put_int(&q, o->at_ms);
    hy_put_int(&q, o->message_id);
    hy_put_text(&q, o->reason);
    hy_put_int(&q, o->msgid);
    hy_put_int(&q, o->event_id);
    hy_put_text(&q, o->user);
    hy_put_text(&q, o->template_id);
    hy_put_int(&q, o->uses);
    hy_put_int(&q, o->due_at_ms);
    r = hy_query_run(&q);
    if (r == 0)
        o->id = sqlite3_last_insert_rowid(s->db);
    return r;
}

/* One row for each webhook that wants it. */
static int tell(struct hy_sqlite *s, struct hy_outcome *o)
{
    uint32_t bit = 1u << o->type;
    int r = 0;

    o->at_ms = s->now_ms;
    for (size_t i = 0; i < s->hooks.count && (s->hooks.wanted & bit) && r == 0; i++) {
        const struct hy_hook *hook = &s->hooks.hooks[i];

        if (!(hook->events & bit) || (hook->app_no != 0 && hook->app_no != o->app_no))
            continue;
        o->webhook_id = hook->id;
        r = hy_outbox_add(s, o);
    }
    return r;
}

int hy_outcome_of_message(struct hy_sqlite *s, const struct hy_message *m)
{
    int type = hy_outcome_of_state(m->state);
    struct hy_outcome o = {.type = (enum hy_outcome_type)type,
                           .app_no = m->app_no,
                           .message_id = m->id,
                           .reason = m->reason,
                           .msgid = m->msgid};

    return type < 0 ? 0 : tell(s, &o);
}

int hy_outcome_of_grant(struct hy_sqlite *s, enum hy_outcome_type type, const struct hy_grant *g,
                        int64_t uses)
{
    struct hy_outcome o = {.type = type,
                           .app_no = g->app_no,
                           .user = g->user,
                           .template_id = hy_grant_is_receipt(g->kind) ? NULL : g->template_id,
                           .reason = type == HY_OUTCOME_GRANT_REVOKED ? g->reason : NULL,
                           .uses = uses};

    return tell(s, &o);
}

int hy_outcome_of_event(struct hy_sqlite *s, int64_t app_no, int64_t event_id)
{
    struct hy_outcome o = {.type = HY_OUTCOME_CALLBACK_RAW, .app_no = app_no, .event_id = event_id};

    return tell(s, &o);
}

/* --- reading, dropping ------------------------------------------------------------------------ */

void hy_outbox_read(struct hy_query *q, struct hy_arena *arena, struct hy_outcome *o)
{
    o->id = hy_get_int(q);
    o->webhook_id = hy_get_int(q);
    o->type = (enum hy_outcome_type)hy_get_int(q);
    o->app_no = hy_get_int(q);
    o->at_ms = hy_get_int(q);
    o->message_id = hy_get_int(q);
    o->reason = hy_get_text(q, arena);
    o->msgid = hy_get_int(q);
    o->event_id = hy_get_int(q);
    o->user = hy_get_text(q, arena);
    o->template_id = hy_get_text(q, arena);
    o->uses = hy_get_int(q);
    o->attempts = (int32_t)hy_get_int(q);
    o->due_at_ms = hy_get_int(q);
}

/* 1 when there is one that was behind. */
static int free_next(struct hy_sqlite *s, int64_t webhook_id, int64_t message_id, int64_t now_ms)
{
    int64_t id, due_at_ms, at_ms;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_OUTBOX_NEXT, &q);
    hy_put_int(&q, message_id);
    hy_put_int(&q, webhook_id);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    id = hy_get_int(&q);
    due_at_ms = hy_get_int(&q);
    at_ms = hy_get_int(&q);
    r = hy_query_close(&q);
    if (r < 0 || due_at_ms > 0)
        return r;
    hy_query_open(s, SQL_OUTBOX_FREE, &q);
    hy_put_int(&q, now_ms > 0 ? now_ms : at_ms);
    hy_put_int(&q, id);
    r = hy_query_run(&q);
    return r < 0 ? r : 1;
}

int hy_outbox_drop(struct hy_sqlite *s, int64_t id, int64_t webhook_id, int64_t message_id,
                   int64_t now_ms)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_OUTBOX_DELETE, &q);
    hy_put_int(&q, id);
    r = hy_query_run(&q);
    return r < 0 || message_id == 0 ? r : free_next(s, webhook_id, message_id, now_ms);
}
