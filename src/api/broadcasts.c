/* Broadcasts: made, listed, changed. */
#include "api/audit.h"
#include "api/broadcast_out.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/err.h"

enum { LIST_DEFAULT = 100, LIST_MAX = 1000 };

struct work {
    struct hy_broadcasts find;
    struct hy_broadcast_draft draft;
    struct hy_broadcast_put put;
    struct hy_broadcast_change change;
};

static void reply_one(struct hy_call *call, int status, const struct hy_broadcast *b)
{
    const struct work *work = call->work;
    struct hy_out out;

    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_broadcast_write(call, &out, b);
    hy_broadcast_write_repaired(&out, work->draft.repairs, work->draft.repair_count);
    hy_out_end(&out, '}');
    hy_call_reply(call, status, &out);
}

static void look_again(struct hy_call *call, int64_t id, hy_call_step *next)
{
    struct work *work = call->work;

    work->find = (struct hy_broadcasts){.id = id, .limit = 1, .arena = call->arena};
    hy_call_read(call, &work->find.op, HY_VERB_BROADCASTS, next);
}

/* --- create ----------------------------------------------------------------------------------- */

static void show_created(struct hy_call *call)
{
    const struct work *work = call->work;
    const struct hy_broadcast *b = hy_broadcast_found(call, &work->find);
    const char *location;

    if (!b)
        return;
    location = hy_arena_printf(call->arena, "/v1/broadcasts/b%lld", (long long)b->id);
    if (location)
        hy_httpd_add_header(call->req, "Location", location);
    reply_one(call, 201, b);
}

static void created(struct hy_call *call)
{
    const struct work *work = call->work;

    if (hy_call_failed(call, work->put.op.result))
        return;
    if (work->put.make.admission == HY_ADMIT_CONFLICT)
        hy_problem_reply(call, HY_PROBLEM_KEY_REUSED,
                         "This idempotency key came with another body before; the first "
                         "broadcast stands.");
    else
        look_again(call, work->put.make.broadcast.id, show_created);
}

void hy_api_broadcasts_create(struct hy_call *call)
{
    struct work *work;

    if (!hy_call_json(call, HY_BODY_REQUIRED))
        return;
    work = hy_call_work(call, sizeof *work);
    if (!work)
        return;
    hy_engine_broadcast_prepare(call->engine, call->body,
                                hy_httpd_header(call->req, "Idempotency-Key"), NULL, &call->v,
                                &work->draft);
    if (hy_call_refused(call))
        return;
    work->put.make = work->draft.make;
    work->put.op.audit =
        hy_call_audit_made(call, "broadcast.create", 'b', &work->put.make.broadcast.id, call->body);
    if (!work->put.op.audit)
        return;
    work->put.op.done = hy_call_op_done;
    work->put.op.arg = call;
    hy_call_defer(call, created);
    hy_engine_broadcast_create(call->engine, &work->put);
}

/* --- list and show ---------------------------------------------------------------------------- */

struct query {
    const char *app, *after;
    int64_t limit;
};

#define AT(field) offsetof(struct query, field)

const struct hy_json_field hy_api_broadcasts_query[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .max = 64},
    {.name = "limit", .type = HY_JSON_INT, .offset = AT(limit), .min = 1, .max = LIST_MAX},
    {.name = "after", .type = HY_JSON_TEXT, .offset = AT(after)},
    {0}};

static void listed(struct hy_call *call)
{
    const struct hy_broadcasts *list = &((struct work *)call->work)->find;
    struct hy_out out;

    if (hy_call_failed(call, list->op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < list->count; i++) {
        hy_out_begin(&out, NULL, '{');
        hy_broadcast_write(call, &out, &list->broadcasts[i]);
        hy_out_end(&out, '}');
    }
    hy_out_end(&out, ']');
    if (list->more && list->count > 0)
        hy_out_id(&out, "next", 'b', list->broadcasts[list->count - 1].id);
    else
        hy_out_null(&out, "next");
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static void check_filters(struct hy_call *call, const struct query *query,
                          struct hy_broadcasts *list)
{
    HY_APP_SCOPED const struct hy_app_entry *entry =
        query->app ? hy_call_app(call, query->app) : NULL;

    if (entry)
        list->app_no = entry->app.no;
    if (query->after && hy_out_id_parse(query->after, 'b', &list->before_id) != 0)
        hy_violations_add(&call->v, "after", "cursor", NULL, NULL,
                          "after must be the `next` of an earlier page.");
}

void hy_api_broadcasts_list(struct hy_call *call)
{
    struct query query = {.limit = LIST_DEFAULT};
    struct work *work;

    if (!hy_query_read(call, hy_api_broadcasts_query, &query))
        return;
    work = hy_call_work(call, sizeof *work);
    if (!work)
        return;
    check_filters(call, &query, &work->find);
    if (hy_call_refused(call))
        return;
    work->find.limit = (size_t)query.limit;
    work->find.arena = call->arena;
    hy_call_read(call, &work->find.op, HY_VERB_BROADCASTS, listed);
}

static void show(struct hy_call *call)
{
    const struct work *work = call->work;
    const struct hy_broadcast *b = hy_broadcast_found(call, &work->find);

    if (b)
        reply_one(call, 200, b);
}

void hy_api_broadcasts_show(struct hy_call *call)
{
    struct work *work = hy_call_work(call, sizeof *work);

    if (work)
        hy_broadcast_find(call, &work->find, show);
}

/* --- change ----------------------------------------------------------------------------------- */

static void changed(struct hy_call *call)
{
    struct work *work = call->work;

    if (work->change.op.result == HY_E_CONFLICT)
        hy_problem_reply(call, HY_PROBLEM_STATE,
                         "The broadcast is over: nothing of it can change.");
    else if (!hy_call_failed(call, work->change.op.result))
        look_again(call, work->change.broadcast.id, show);
}

static void change_found(struct hy_call *call)
{
    struct work *work = call->work;
    const struct hy_broadcast *b = hy_broadcast_found(call, &work->find);

    if (!b)
        return;
    hy_engine_broadcast_read_change(call->engine, call->body, b, &call->v, &work->change);
    if (hy_call_refused(call))
        return;
    work->change.op.audit = hy_call_audit(call, "broadcast.change", call->params[0], call->body);
    if (!work->change.op.audit)
        return;
    work->change.op.done = hy_call_op_done;
    work->change.op.arg = call;
    hy_call_defer(call, changed);
    hy_engine_broadcast_change(call->engine, &work->change);
}

void hy_api_broadcasts_change(struct hy_call *call)
{
    struct work *work;

    if (!hy_call_json(call, HY_BODY_REQUIRED))
        return;
    work = hy_call_work(call, sizeof *work);
    if (work)
        hy_broadcast_find(call, &work->find, change_found);
}
