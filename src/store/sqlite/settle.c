#include "base/err.h"
#include "store/sqlite/awaiting.h"
#include "store/sqlite/gather.h"
#include "store/sqlite/heard.h"
#include "store/sqlite/sending.h"
#include "store/sqlite/verbs.h"

#include <stdio.h>

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static int append_attempt(struct hy_sqlite *s, struct hy_message *m, const struct hy_attempt *a,
                          enum hy_grant_move move)
{
    const struct hy_judgement *j = &a->judgement;
    struct hy_gather *g = s->gather;
    int r = hy_gather_row(s, HY_GATHER_ATTEMPT);

    if (r < 0)
        return r;
    m->attempt_count++;
    if (j->msgid != 0)
        m->msgid = j->msgid;
    hy_gather_int(g, m->id);
    hy_gather_int(g, a->number);
    hy_gather_int(g, a->at_ms);
    hy_gather_int(g, a->took_ms);
    hy_gather_int(g, a->grant_id);
    hy_gather_int(g, j->verdict);
    hy_gather_int(g, j->hint);
    hy_gather_int(g, (j->grant_used ? HY_ATTEMPT_GRANT_USED : 0) |
                         (j->not_sent ? HY_ATTEMPT_NOT_SENT : 0) |
                         (j->answered ? HY_ATTEMPT_ANSWERED : 0) |
                         (j->grant_refused ? HY_ATTEMPT_GRANT_REFUSED : 0) |
                         (int64_t)move << HY_ATTEMPT_MOVE_SHIFT);
    hy_gather_int(g, j->msgid);
    hy_gather_copy(g, or_null(j->errcode));
    hy_gather_copy(g, or_null(j->errmsg));
    hy_gather_copy(g, or_null(j->rid));
    return 0;
}

struct settling {
    const struct hy_attempt *attempt;
    const struct hy_settlement *settlement;
    bool expect_event;
    int64_t now_ms;
    int64_t heard_for_ms, gap_ms; /* hy_settle_item's */
    enum hy_grant_move move;      /* the settlement's, for the grant as it is now */
};

static int find_move(struct hy_sqlite *s, const struct hy_message *m, struct settling *settling)
{
    struct hy_grant grant;
    int r;

    settling->move = settling->settlement->grant_move;
    if ((settling->move != HY_GRANT_DROP && settling->move != HY_GRANT_REFUSE) || m->grant_id == 0)
        return 0;
    r = hy_grant_load(s, m->grant_id, &s->scratch, &grant);
    if (r == 0)
        settling->move = hy_grant_move_now(&grant, settling->move, settling->attempt->at_ms);
    return r == HY_E_NOT_FOUND ? 0 : r;
}

/* As hy_grant_let_go(). */
static int let_go(struct hy_sqlite *s, struct hy_message *m, const struct settling *settling)
{
    const struct hy_judgement *j = &settling->attempt->judgement;
    struct hy_release release = {.move = settling->move,
                                 .reason =
                                     j->errcode[0] ? j->errcode : hy_verdict_names[j->verdict],
                                 .retry_at_ms = settling->settlement->grant_retry_at_ms};

    return hy_grant_let_go(s, m, &release);
}

/* What others of the user get of it. */
static int hand_on(struct hy_sqlite *s, const struct hy_message *m, const struct settling *settling,
                   bool freed)
{
    size_t woken = 0;
    int r = hy_user_unpark(s, m->app_no, m->user);

    if (r == 0 && freed)
        r = hy_user_wake(s, m->app_no, m->user, settling->now_ms, 0, &woken);
    if (r == 0)
        r = hy_awaiting_note(s, m, settling->attempt->at_ms, settling->expect_event);
    return r < 0 ? r : hy_early_apply(s, m->app_no, m->user, settling->now_ms);
}

static int settle_row(struct hy_sqlite *s, struct hy_row *row, struct settling *settling)
{
    const struct hy_settlement *settlement = settling->settlement;
    struct hy_message *m = &row->m;
    int r = find_move(s, m, settling), freed;

    if (r == 0)
        r = append_attempt(s, m, settling->attempt, settling->move);
    if (r < 0)
        return r;
    freed = let_go(s, m, settling);
    if (freed < 0)
        return freed;
    hy_message_move(m, settlement->state);
    m->reason = or_null(settlement->reason);
    m->in_doubt = settlement->in_doubt;
    m->due_at_ms = settlement->due_at_ms;
    m->settled_at_ms = hy_message_is_final(m->state) ? settling->now_ms : 0;
    row->lease_until_ms = 0;
    r = hy_message_save(s, row);
    if (r == 0 && settling->heard_for_ms > 0 &&
        (m->state == HY_MESSAGE_SENT || m->state == HY_MESSAGE_UNKNOWN))
        r = hy_heard_note(s, m, settling->now_ms, settling->heard_for_ms);
    if (r < 0)
        return r;
    s->unpark_from_ms = settling->gap_ms > 0 ? settling->now_ms + settling->gap_ms : 0;
    r = hand_on(s, m, settling, freed == 1);
    s->unpark_from_ms = 0;
    return r;
}

/* What came early may have moved it on, or a use that it may have after all. */
static int read_state(struct hy_sqlite *s, const struct hy_row *row, bool early_any,
                      enum hy_message_state *ret_state)
{
    bool moved = early_any || row->m.state == HY_MESSAGE_WAITING;
    struct hy_row again;
    int r = 0;

    *ret_state = row->m.state;
    if (moved)
        r = hy_message_load(s, row->m.id, &again);
    if (moved && r == 0)
        *ret_state = again.m.state;
    return r;
}

static int settle_item(struct hy_sqlite *s, struct hy_settle_item *item, int64_t now_ms)
{
    struct settling settling = {.attempt = &item->attempt,
                                .settlement = &item->settlement,
                                .expect_event = item->expect_event,
                                .now_ms = now_ms,
                                .heard_for_ms = item->heard_for_ms,
                                .gap_ms = item->gap_ms};
    bool early_any = s->early_any;
    struct hy_row row;
    int r = hy_sending_find(s, item->message_id, &row);

    item->result = HY_E_CONFLICT;
    if (r <= 0 || item->attempt.number != row.m.attempt_count + 1)
        return r < 0 ? r : 0;
    item->result = 0;
    r = settle_row(s, &row, &settling);
    return r < 0 ? r : read_state(s, &row, early_any, &item->state);
}

int hy_sqlite_settle(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_settle *v = (struct hy_settle *)op;
    int r = 0;

    hy_arena_reset(&s->scratch);
    s->now_ms = v->now_ms;
    s->freed = 0;
    for (size_t i = 0; i < v->count && r == 0; i++)
        r = settle_item(s, &v->items[i], v->now_ms);
    v->freed = s->freed;
    return r;
}

/* --- recover ---------------------------------------------------------------------------------- */

static struct hy_recover_app app_of(const struct hy_recover *v, int64_t app_no)
{
    for (size_t i = 0; i < v->app_count; i++)
        if (v->apps[i].app_no == app_no)
            return v->apps[i];
    return (struct hy_recover_app){.rules = hy_settle_rules_default};
}

/* 1 = done, 0 = of another app. */
static int recover_one(struct hy_sqlite *s, const struct hy_recover *v, int64_t message_id)
{
    struct hy_attempt attempt = {.judgement = {.verdict = HY_VERDICT_UNKNOWN}};
    struct hy_settlement settlement;
    struct settling settling = {
        .attempt = &attempt, .settlement = &settlement, .now_ms = v->now_ms};
    struct hy_recover_app app;
    struct hy_message counted;
    struct hy_grant grant;
    struct hy_row row;
    int r = hy_message_load(s, message_id, &row);
    bool held = false;

    if (r == 0 && v->app_no != 0 && row.m.app_no != v->app_no)
        return 0;
    if (r == 0 && row.m.grant_id > 0) {
        r = hy_grant_load(s, row.m.grant_id, &s->scratch, &grant);
        held = r == 0;
        r = r == HY_E_NOT_FOUND ? 0 : r;
    }
    if (r < 0)
        return r;
    attempt.at_ms = hy_recover_left_at(v, row.lease_until_ms);
    attempt.number = row.m.attempt_count + 1;
    attempt.grant_id = row.m.grant_id;
    snprintf(attempt.judgement.errmsg, sizeof attempt.judgement.errmsg,
             "the server stopped while sending");
    counted = row.m;
    counted.attempt_count++;
    app = app_of(v, row.m.app_no);
    hy_settle(&counted, held ? &grant : NULL, &attempt.judgement, &app.rules, v->now_ms, 0,
              &settlement);
    settling.heard_for_ms = app.heard_for_ms;
    settling.expect_event = app.expect_event && (!held || !hy_grant_is_receipt(grant.kind));
    r = settle_row(s, &row, &settling);
    return r < 0 ? r : 1;
}

static int last_id(struct hy_sqlite *s, int64_t *ret_id)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_MESSAGE_LAST, &q);
    r = hy_query_int(&q, ret_id);
    if (r == HY_E_NOT_FOUND) {
        *ret_id = 0;
        r = 0;
    }
    return r;
}

/* In order of id. */
int hy_sqlite_recover(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_recover *v = (struct hy_recover *)op;
    int64_t *ids = NULL;
    size_t count = 0;
    int r;

    hy_arena_reset(&s->scratch);
    s->now_ms = v->now_ms;
    v->recovered = 0;
    r = hy_sending_ids(s, &ids, &count);
    for (size_t i = 0; i < count && r >= 0; i++) {
        r = recover_one(s, v, ids[i]);
        v->recovered += r == 1;
    }
    return r < 0 ? r : last_id(s, &v->last_message_id);
}
