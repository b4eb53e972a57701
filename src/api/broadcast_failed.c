/*
 * Whom a broadcast did not reach, an object a line: a page of messages is read, then the last
 * attempt of each, then the page leaves; so one page is in memory, however many there are.
 *
 *   found -> list -> look at each -> give the page -> list ... next state ... -> end
 *
 * The attempts are asked for one after the other inside the store's callbacks: a look by id costs
 * microseconds, a wake of this request for each would cost more.
 */
#include "api/broadcast_out.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/err.h"

enum { PAGE = 200 };

static const enum hy_message_state states[] = {HY_MESSAGE_FAILED, HY_MESSAGE_EXPIRED,
                                               HY_MESSAGE_UNKNOWN};
static const char *const state_words[] = {"failed", "expired", "unknown", NULL};

enum { STATES = sizeof states / sizeof *states };

struct failed {
    struct hy_broadcasts find;
    int only; /* index of the state that was asked for, or -1 */
    size_t state;
    struct hy_message_list list;
    struct hy_arena page;  /* of the list */
    struct hy_arena arena; /* of the look */
    struct hy_message_get get;
    size_t at; /* of the page */
    struct hy_out out;
    bool begun; /* the answer is on its way */
};

struct query {
    int state;
};

const struct hy_json_field hy_api_broadcasts_failed_query[] = {
    {.name = "state",
     .type = HY_JSON_ENUM,
     .offset = offsetof(struct query, state),
     .choices = state_words},
    {0}};

static void release(struct failed *f)
{
    hy_arena_deinit(&f->page);
    hy_arena_deinit(&f->arena);
    hy_out_deinit(&f->out);
}

/* An answer that has begun can only be torn: the peer sees that it is not whole. */
static void fail(struct hy_call *call, int err)
{
    struct failed *f = call->work;
    bool begun = f->begun;

    release(f);
    if (begun || hy_httpd_gone(call->req))
        hy_httpd_abort(call->req);
    else
        hy_problem_of_error(call, err);
}

/* --- one line --------------------------------------------------------------------------------- */

static void write_line(struct hy_out *out, const struct hy_message *m,
                       const struct hy_attempt *last)
{
    char id[HY_MESSAGE_ID_TEXT_BYTES];

    out->comma = false;
    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "user", m->user);
    hy_out_text(out, "id", hy_message_id_print(m->id, id));
    hy_out_text(out, "state", hy_message_state_names[m->state]);
    hy_out_text(out, "reason", m->reason);
    if (last) {
        hy_out_number_or_text(out, "errcode", last->judgement.errcode);
        hy_out_text(out, "errmsg", last->judgement.errmsg[0] ? last->judgement.errmsg : NULL);
    }
    hy_out_end(out, '}');
    hy_buf_putc(&out->buf, '\n');
}

/* --- a page ----------------------------------------------------------------------------------- */

static void look_on(struct hy_call *call);

/* On a store thread. A message that is gone meanwhile has no line. */
static void looked(struct hy_op *op, void *arg)
{
    struct hy_call *call = arg;
    struct failed *f = call->work;
    size_t attempts = f->get.attempt_count;

    if (op->result == 0)
        write_line(&f->out, &f->get.message, attempts ? &f->get.attempts[attempts - 1] : NULL);
    if (op->result == 0 || op->result == HY_E_NOT_FOUND)
        look_on(call);
    else
        hy_call_wake(call);
}

/* Writes the lines of those that were never tried, up to one that was, which is looked at. */
static void look_on(struct hy_call *call)
{
    struct failed *f = call->work;

    for (; f->at < f->list.count; f->at++) {
        const struct hy_message *m = &f->list.messages[f->at];

        if (m->attempt_count == 0) {
            write_line(&f->out, m, NULL);
            continue;
        }
        f->at++;
        hy_arena_reset(&f->arena);
        f->get = (struct hy_message_get){.message_id = m->id, .arena = &f->arena};
        f->get.op.verb = HY_VERB_MESSAGE_GET;
        f->get.op.done = looked;
        f->get.op.arg = call;
        hy_engine_read(call->engine, &f->get.op);
        return;
    }
    f->get.op.result = 0;
    hy_call_wake(call);
}

static void next_page(struct hy_call *call);

static void given(struct hy_call *call)
{
    struct failed *f = call->work;

    if (hy_httpd_gone(call->req)) {
        fail(call, 0);
        return;
    }
    hy_buf_clear(&f->out.buf);
    next_page(call);
}

static void give_page(struct hy_call *call)
{
    struct failed *f = call->work;
    int err = f->get.op.result == HY_E_NOT_FOUND ? 0 : f->get.op.result;

    if (!err && !hy_buf_ok(&f->out.buf))
        err = HY_E_NOMEM;
    if (err || hy_httpd_gone(call->req)) {
        fail(call, err);
        return;
    }
    if (f->out.buf.size == 0) {
        next_page(call);
        return;
    }
    if (!f->begun)
        hy_call_stream(call, 200, "application/x-ndjson");
    f->begun = true;
    hy_call_give(call, f->out.buf.data, f->out.buf.size, given);
}

static void listed(struct hy_call *call)
{
    struct failed *f = call->work;

    if (f->list.op.result || hy_httpd_gone(call->req)) {
        fail(call, f->list.op.result);
        return;
    }
    f->at = 0;
    hy_call_defer(call, give_page);
    look_on(call);
}

/* --- all pages -------------------------------------------------------------------------------- */

static void end(struct hy_call *call)
{
    struct failed *f = call->work;
    bool begun = f->begun;

    release(f);
    if (!begun)
        hy_call_reply_bytes(call, 200, "application/x-ndjson", NULL, 0);
    else
        hy_httpd_end(call->req);
}

/* False: there is nothing further to ask for. */
static bool advance(struct failed *f)
{
    if (f->list.more) {
        f->list.before_id = f->list.next_before_id;
        return true;
    }
    f->list.before_id = 0;
    if (f->only >= 0)
        return false;
    return ++f->state < STATES;
}

static void ask(struct hy_call *call)
{
    struct failed *f = call->work;

    hy_arena_reset(&f->page);
    f->list = (struct hy_message_list){.broadcast_id = f->find.id,
                                       .state = (int)states[f->state],
                                       .before_id = f->list.before_id,
                                       .limit = PAGE,
                                       .arena = &f->page};
    hy_call_read(call, &f->list.op, HY_VERB_MESSAGE_LIST, listed);
}

static void next_page(struct hy_call *call)
{
    if (advance(call->work))
        ask(call);
    else
        end(call);
}

static void found(struct hy_call *call)
{
    struct failed *f = call->work;

    if (hy_broadcast_found(call, &f->find))
        ask(call);
    else
        release(f);
}

void hy_api_broadcasts_failed(struct hy_call *call)
{
    struct query query = {.state = -1};
    struct failed *f;

    if (!hy_query_read(call, hy_api_broadcasts_failed_query, &query))
        return;
    f = hy_call_work(call, sizeof *f);
    if (!f)
        return;
    f->only = query.state;
    f->state = query.state < 0 ? 0 : (size_t)query.state;
    hy_arena_init(&f->page);
    hy_arena_init(&f->arena);
    hy_out_init(&f->out);
    if (!hy_broadcast_find(call, &f->find, found))
        release(f);
}
