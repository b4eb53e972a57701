#include "store/memory/memory.h"

#include "base/err.h"
#include "domain/reservation.h"

#include <stdio.h>
#include <stdlib.h>

/* --- settle ----------------------------------------------------------------------------------- */

static void append_attempt(struct hy_mem_message *m, const struct hy_attempt *attempt,
                           enum hy_grant_move move)
{
    size_t count = (size_t)m->m.attempt_count + 1;

    m->attempts =
        (struct hy_attempt *)hy_mem_must(realloc(m->attempts, count * sizeof *m->attempts));
    m->attempts[count - 1] = *attempt;
    m->attempts[count - 1].grant_move = move;
    m->m.attempt_count++;
    if (attempt->judgement.msgid != 0)
        m->m.msgid = attempt->judgement.msgid;
}

/* What becomes of the use that it holds. True when others may have waited for that. */
static bool settle_grant(struct hy_backend *b, struct hy_mem_message *m,
                         const struct hy_settle_item *item, int64_t now_ms)
{
    const struct hy_judgement *j = &item->attempt.judgement;
    struct hy_mem_grant *grant = m->grant;
    enum hy_grant_state before = grant ? grant->g.state : HY_GRANT_REVOKED;
    enum hy_grant_move move = item->settlement.grant_move;
    bool freed;

    if (grant)
        move = hy_grant_move_now(&grant->g, move, item->attempt.at_ms);
    append_attempt(m, &item->attempt, move);
    freed = hy_mem_release(m, move, j->errcode[0] ? j->errcode : hy_verdict_names[j->verdict],
                           item->settlement.grant_retry_at_ms);
    if (grant)
        hy_mem_tell_revoked(b, &grant->g, before, now_ms);
    return freed;
}

static void settle_one(struct hy_backend *b, struct hy_mem_message *m,
                       const struct hy_settle_item *item, int64_t now_ms)
{
    const struct hy_settlement *s = &item->settlement;
    bool perhaps_sent = s->state == HY_MESSAGE_SENT || s->state == HY_MESSAGE_UNKNOWN;
    bool freed = settle_grant(b, m, item, now_ms);

    b->gap_until_ms = item->gap_ms > 0 ? now_ms + item->gap_ms : 0;
    m->m.in_doubt = s->in_doubt;
    if (perhaps_sent && item->heard_for_ms > 0)
        hy_mem_hear_message(m, now_ms, now_ms + item->heard_for_ms);
    hy_mem_move(b, m, s->state, s->reason[0] ? s->reason : NULL, s->due_at_ms, now_ms);
    if (freed)
        hy_mem_wake(b, m->user, now_ms, 0);
    if (perhaps_sent && item->expect_event)
        hy_mem_await(m, item->attempt.at_ms, now_ms);
    else
        hy_mem_await_none(m);
    hy_mem_apply_early(b, m->user, now_ms);
    b->gap_until_ms = 0;
}

int hy_mem_settle(struct hy_backend *b, struct hy_op *op)
{
    struct hy_settle *v = (struct hy_settle *)op;

    b->freed = 0;
    for (size_t i = 0; i < v->count; i++) {
        struct hy_settle_item *item = &v->items[i];
        struct hy_mem_message *m = hy_mem_message(b, item->message_id);

        item->result = HY_E_CONFLICT;
        if (!m || m->m.state != HY_MESSAGE_SENDING ||
            item->attempt.number != m->m.attempt_count + 1)
            continue;
        item->result = 0;
        settle_one(b, m, item, v->now_ms);
        item->state = m->m.state;
    }
    v->freed = b->freed;
    return 0;
}

/* --- recover ---------------------------------------------------------------------------------- */

static struct hy_recover_app app_of(const struct hy_recover *v, int64_t app_no)
{
    for (size_t i = 0; i < v->app_count; i++)
        if (v->apps[i].app_no == app_no)
            return v->apps[i];
    return (struct hy_recover_app){.rules = hy_settle_rules_default};
}

void hy_mem_recover_message(struct hy_backend *b, struct hy_mem_message *m,
                            const struct hy_recover *v)
{
    struct hy_recover_app app = app_of(v, m->m.app_no);
    bool receipt = m->grant && hy_grant_is_receipt(m->grant->g.kind);
    struct hy_settle_item item = {.attempt = {.number = m->m.attempt_count + 1,
                                              .at_ms = hy_recover_left_at(v, m->lease_until_ms),
                                              .grant_id = m->m.grant_id,
                                              .judgement = {.verdict = HY_VERDICT_UNKNOWN}},
                                  .expect_event = app.expect_event && !receipt,
                                  .heard_for_ms = app.heard_for_ms};
    struct hy_judgement *j = &item.attempt.judgement;
    struct hy_message counted = m->m;

    snprintf(j->errmsg, sizeof j->errmsg, "the server stopped while sending");
    counted.attempt_count++;
    hy_settle(&counted, m->grant ? &m->grant->g : NULL, j, &app.rules, v->now_ms, 0,
              &item.settlement);
    settle_one(b, m, &item, v->now_ms);
}

int hy_mem_recover(struct hy_backend *b, struct hy_op *op)
{
    struct hy_recover *v = (struct hy_recover *)op;

    v->recovered = 0;
    v->last_message_id = 0;
    for (size_t i = 0; i < b->messages.count; i++) {
        struct hy_mem_message *m = (struct hy_mem_message *)b->messages.items[i];

        v->last_message_id = m->m.id;
        if (m->m.state != HY_MESSAGE_SENDING || (v->app_no != 0 && m->m.app_no != v->app_no) ||
            (b->is_left && !b->is_left(b, m)))
            continue;
        hy_mem_recover_message(b, m, v);
        v->recovered++;
    }
    return 0;
}

/* --- cancel, sweep ---------------------------------------------------------------------------- */

int hy_mem_cancel(struct hy_backend *b, struct hy_op *op)
{
    struct hy_cancel *v = (struct hy_cancel *)op;
    struct hy_mem_message *m = hy_mem_message(b, v->message_id);

    if (!m)
        return HY_E_NOT_FOUND;
    v->state = m->m.state;
    if (m->m.state != HY_MESSAGE_QUEUED && m->m.state != HY_MESSAGE_WAITING)
        return HY_E_CONFLICT;
    b->freed = 0;
    hy_mem_end_unsent(b, m, HY_MESSAGE_CANCELED, NULL, v->now_ms);
    hy_mem_wake(b, m->user, v->now_ms, 0);
    v->freed = b->freed;
    v->state = m->m.state;
    return 0;
}

int hy_mem_sweep(struct hy_backend *b, struct hy_op *op)
{
    struct hy_sweep *v = (struct hy_sweep *)op;
    const struct hy_mem_message *first;

    for (v->expired = 0; v->expired < v->limit; v->expired++) {
        struct hy_mem_message *m = (struct hy_mem_message *)hy_heap_first(&b->expiry);

        if (!m || m->m.expires_at_ms > v->now_ms)
            break;
        hy_mem_end_unsent(b, m, HY_MESSAGE_EXPIRED, NULL, v->now_ms);
        hy_mem_wake(b, m->user, v->now_ms, 0);
    }
    first = (struct hy_mem_message *)hy_heap_first(&b->expiry);
    v->next_ms = first ? first->m.expires_at_ms : 0;
    return 0;
}
