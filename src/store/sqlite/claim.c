#include "base/err.h"
#include "store/sqlite/heard.h"
#include "store/sqlite/sending.h"
#include "store/sqlite/verbs.h"

#include <string.h>

/* Rows are fetched some at a time; a lane is left after so many that did not count against its
 * capacity, so that one transaction stays short: next_due_ms then says that there is more. */
enum { CHUNK = 256, PASSED_MAX = 5000 };

struct claiming {
    struct hy_sqlite *s;
    struct hy_claim *verb;
    struct hy_claim_lane *lane;
    size_t capacity; /* of verb->claimed */
    size_t passed;   /* of this lane: parked or ended */
    /* The place in the order of due time and id up to which this lane was looked at. */
    int64_t at_due_ms, at_id;
};

static int append(struct claiming *c, const struct hy_message *m, const struct hy_grant *grant)
{
    struct hy_claim *v = c->verb;

    if (v->count == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 16;
        struct hy_claimed *larger =
            (struct hy_claimed *)hy_arena_array(v->arena, capacity, sizeof *larger);

        if (!larger)
            return HY_E_NOMEM;
        if (v->count > 0)
            memcpy(larger, v->claimed, v->count * sizeof *larger);
        v->claimed = larger;
        c->capacity = capacity;
    }
    v->claimed[v->count].message = *m;
    v->claimed[v->count].grant = grant ? *grant : (struct hy_grant){0};
    v->count++;
    return 0;
}

/* `grant` may be null. */
static int take(struct claiming *c, struct hy_row *row, const struct hy_grant *grant)
{
    int r;

    hy_message_move(&row->m, HY_MESSAGE_SENDING);
    row->m.reason = NULL;
    row->m.due_at_ms = 0;
    row->lease_until_ms = c->verb->lease_until_ms;
    r = hy_message_save(c->s, row);
    if (r == 0)
        r = hy_sending_add(c->s, row);
    if (r == 0)
        r = append(c, &row->m, grant);
    c->lane->claimed += r == 0;
    return r;
}

/* The message stays for good, or waits; the next one of its user may go. */
static int leave(struct claiming *c, struct hy_row *row, enum hy_message_state to,
                 const char *reason, int64_t due_at_ms)
{
    int r;

    hy_message_move(&row->m, to);
    row->m.reason = reason;
    row->m.due_at_ms = due_at_ms;
    row->m.settled_at_ms = hy_message_is_final(to) ? c->verb->now_ms : 0;
    r = hy_message_save(c->s, row);
    if (r == 0)
        r = hy_user_unpark(c->s, row->m.app_no, row->m.user);
    c->verb->ended++;
    c->passed++;
    return r;
}

/* An unknown one that cannot be tried again by itself. */
static int leave_unknown(struct claiming *c, struct hy_row *row, const char *reason)
{
    static const struct hy_release doubt = {.move = HY_GRANT_DOUBT};
    int r = hy_grant_let_go(c->s, &row->m, &doubt);

    return r < 0 ? r : leave(c, row, HY_MESSAGE_UNKNOWN, reason, 0);
}

static int wake(struct claiming *c, const struct hy_row *row)
{
    size_t woken = 0;

    return hy_user_wake(c->s, row->m.app_no, row->m.user, c->verb->now_ms, c->lane->margin_ms,
                        &woken);
}

static int too_late(struct claiming *c, struct hy_row *row)
{
    int r;

    if (row->m.state == HY_MESSAGE_UNKNOWN)
        return leave_unknown(c, row, row->m.reason);
    r = hy_end_unsent(c->s, row, HY_MESSAGE_EXPIRED, NULL, c->verb->now_ms);
    c->verb->ended++;
    c->passed++;
    return r < 0 ? r : wake(c, row);
}

static int without_grant(struct claiming *c, struct hy_row *row)
{
    int64_t retry_at_ms;
    const char *reason;
    int r;

    if (row->m.state == HY_MESSAGE_UNKNOWN)
        return leave_unknown(c, row, row->m.reason);
    if (row->m.on_missing == HY_ON_MISSING_TRY)
        return take(c, row, NULL);
    r = hy_grant_why_missing(c->s, &row->m, c->verb->now_ms, c->lane->margin_ms, &reason,
                             &retry_at_ms);
    if (r < 0)
        return r;
    if (row->m.on_missing == HY_ON_MISSING_FAIL)
        return leave(c, row, HY_MESSAGE_FAILED, reason, 0);
    return leave(c, row, HY_MESSAGE_WAITING, reason, retry_at_ms);
}

/* Rows 3 and 4 of the table in messages.h; *ret_done when one of them applied. *ret_retry_at_ms: it
 * holds a use of a grant that is suspect until then; or 0. */
static int try_held(struct claiming *c, struct hy_row *row, bool *ret_done,
                    int64_t *ret_retry_at_ms)
{
    struct hy_grant grant;
    int r;

    *ret_done = false;
    *ret_retry_at_ms = 0;
    if (row->m.grant_id == 0)
        return 0;
    r = hy_grant_load(c->s, row->m.grant_id, c->verb->arena, &grant);
    if (r < 0 && r != HY_E_NOT_FOUND)
        return r;
    if (r == 0 && grant.state == HY_GRANT_SUSPECT && grant.retry_at_ms > c->verb->now_ms)
        *ret_retry_at_ms = grant.retry_at_ms;
    *ret_done = true;
    if (r == 0 && hy_grant_holds(&grant, row->m.in_doubt, c->verb->now_ms, c->lane->margin_ms))
        return take(c, row, &grant);
    if (row->m.in_doubt)
        return leave_unknown(c, row, "unknown.grant_over");
    *ret_done = false;
    return 0;
}

static int park(struct claiming *c, struct hy_row *row)
{
    c->passed++;
    return hy_message_park(c->s, row->m.id);
}

static bool is_held(const struct hy_claim *v, int64_t broadcast_id)
{
    for (size_t i = 0; i < v->held_count && broadcast_id > 0; i++)
        if (v->held[i] == broadcast_id)
            return true;
    return false;
}

/* Set aside, until its broadcast moves on: queued without a due time. */
static int hold(struct claiming *c, struct hy_row *row)
{
    int r;

    hy_message_move(&row->m, HY_MESSAGE_QUEUED);
    row->m.reason = NULL;
    row->m.due_at_ms = 0;
    c->passed++;
    r = hy_message_save(c->s, row);
    return r < 0 ? r : hy_user_unpark(c->s, row->m.app_no, row->m.user);
}

/* 1 when a cap is full: then the message is put off. */
static int cap(struct claiming *c, struct hy_row *row)
{
    const char *reason;
    int64_t free_at_ms;
    int r;

    if (c->lane->cap_count == 0 || row->m.urgent || row->m.state == HY_MESSAGE_UNKNOWN)
        return 0;
    r = hy_heard_look(c->s, &row->m, c->lane->caps, c->lane->cap_count, c->verb->now_ms,
                      &free_at_ms, &reason);
    if (r < 0 || free_at_ms == 0)
        return r;
    row->m.due_at_ms = free_at_ms;
    row->m.reason = reason;
    c->passed++;
    r = hy_message_save(c->s, row);
    if (r == 0)
        r = hy_user_unpark(c->s, row->m.app_no, row->m.user);
    return r < 0 ? r : 1;
}

/* The rows of that table, in order. */
static int handle(struct claiming *c, struct hy_row *row)
{
    static const struct hy_release give_back = {.move = HY_GRANT_GIVE_BACK};
    int64_t now_ms = c->verb->now_ms, retry_at_ms;
    struct hy_pick pick;
    bool done;
    int r = hy_user_sending(c->s, row->m.app_no, row->m.user, NULL);

    if (r != 0)
        return r < 0 ? r : park(c, row);
    if (row->m.expires_at_ms > 0 && row->m.expires_at_ms <= now_ms)
        return too_late(c, row);
    if (row->m.state != HY_MESSAGE_UNKNOWN && is_held(c->verb, row->m.broadcast_id))
        return hold(c, row);
    r = cap(c, row);
    if (r != 0)
        return r < 0 ? r : 0;
    r = try_held(c, row, &done, &retry_at_ms);
    if (r < 0 || done)
        return r;
    r = hy_grant_let_go(c->s, &row->m, &give_back); /* that is no good to anybody else */
    if (r >= 0)
        r = hy_grant_pick(c->s, &row->m, now_ms, c->lane->margin_ms, c->verb->arena, &pick);
    if (r == 0 && retry_at_ms > 0 && row->m.state != HY_MESSAGE_UNKNOWN)
        return leave(c, row, HY_MESSAGE_WAITING, "no_grant.suspect", retry_at_ms);
    if (r == 0)
        return without_grant(c, row);
    if (r == 1)
        r = hy_grant_take(c->s, &row->m, &pick);
    return r < 0 ? r : take(c, row, &pick.grant);
}

static bool looked_at(const struct claiming *c, const struct hy_message *m)
{
    return (m->due_at_ms == c->at_due_ms && m->id <= c->at_id) || hy_has_become_due(c->s, m->id);
}

/* Reads what is due after the place, at most `max`. *ret_end when nothing follows them. */
static int fetch(struct claiming *c, struct hy_row *rows, size_t max, size_t *ret_count,
                 bool *ret_end)
{
    struct hy_query q;
    size_t count = 0;
    int r;

    hy_query_open(c->s, SQL_MESSAGE_DUE, &q);
    hy_put_int(&q, c->lane->app_no);
    hy_put_int(&q, c->lane->queue);
    hy_put_int(&q, c->at_due_ms);
    hy_put_int(&q, c->verb->now_ms);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        if (count == max) {
            r = hy_query_close(&q);
            *ret_count = count;
            *ret_end = false;
            return r;
        }
        hy_message_read(&q, c->verb->arena, &rows[count]);
        if (!looked_at(c, &rows[count].m))
            count++;
    }
    *ret_count = count;
    *ret_end = true;
    return r;
}

static int next_due(struct hy_sqlite *s, struct hy_claim_lane *lane)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_MESSAGE_NEXT_DUE, &q);
    hy_put_int(&q, lane->app_no);
    hy_put_int(&q, lane->queue);
    r = hy_query_int(&q, &lane->next_due_ms);
    if (r == HY_E_NOT_FOUND) {
        lane->next_due_ms = 0;
        r = 0;
    }
    return r;
}

static int claim_lane(struct claiming *c)
{
    struct hy_row *rows = (struct hy_row *)hy_arena_array(&c->s->scratch, CHUNK, sizeof *rows);
    bool end = false;
    int r = rows ? 0 : HY_E_NOMEM;

    c->lane->claimed = 0;
    c->passed = 0;
    c->at_due_ms = c->at_id = 0;
    while (r == 0 && !end && c->lane->claimed < c->lane->capacity && c->passed < PASSED_MAX) {
        size_t left = c->lane->capacity - c->lane->claimed, count;

        r = fetch(c, rows, left < CHUNK ? left : CHUNK, &count, &end);
        for (size_t i = 0; i < count && r == 0; i++) {
            c->at_due_ms = rows[i].m.due_at_ms;
            c->at_id = rows[i].m.id;
            /* One that waited may have been woken since it was read. */
            if (!hy_has_become_due(c->s, rows[i].m.id))
                r = handle(c, &rows[i]);
        }
    }
    return r;
}

int hy_sqlite_claim(struct hy_backend *backend, struct hy_op *op)
{
    struct claiming c = {.s = hy_sqlite_of(backend), .verb = (struct hy_claim *)op};
    int r = 0;

    hy_arena_reset(&c.s->scratch);
    c.verb->claimed = NULL;
    c.verb->count = 0;
    c.verb->ended = 0;
    c.s->claiming = true;
    c.s->became_due_count = 0;
    c.s->freed = 0;
    c.s->now_ms = c.verb->now_ms;
    for (size_t i = 0; i < c.verb->lane_count && r == 0; i++) {
        c.lane = &c.verb->lanes[i];
        r = claim_lane(&c);
    }
    c.s->claiming = false;
    if (r == 0 && c.verb->count > 0)
        r = hy_sending_note_claim(c.s, c.verb->claimed, c.verb->count);
    c.verb->freed = c.s->freed;
    /* What one lane freed may stand in another. */
    for (size_t i = 0; i < c.verb->lane_count && r == 0; i++)
        r = next_due(c.s, &c.verb->lanes[i]);
    return r;
}
