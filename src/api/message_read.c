#include "api/audit.h"
#include "api/message_out.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/err.h"

#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 1000, NO_STATE = -1 };

/* --- list ------------------------------------------------------------------------------------- */

struct query {
    const char *app, *user, *template_id, *tag, *reason, *broadcast, *after;
    int state;
    int64_t limit;
};

#define AT(field) offsetof(struct query, field)

const struct hy_json_field hy_api_messages_query[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .max = 64},
    {.name = "user", .type = HY_JSON_TEXT, .offset = AT(user), .max = 128},
    {.name = "state", .type = HY_JSON_ENUM, .offset = AT(state), .choices = hy_message_state_names},
    {.name = "template", .type = HY_JSON_TEXT, .offset = AT(template_id), .max = 128},
    {.name = "tag", .type = HY_JSON_TEXT, .offset = AT(tag)},
    {.name = "reason", .type = HY_JSON_TEXT, .offset = AT(reason), .max = 64},
    {.name = "broadcast", .type = HY_JSON_TEXT, .offset = AT(broadcast), .max = 32},
    {.name = "limit", .type = HY_JSON_INT, .offset = AT(limit), .min = 1, .max = LIST_MAX},
    {.name = "after", .type = HY_JSON_TEXT, .offset = AT(after)},
    {0}};

static void write_next(struct hy_out *out, const struct hy_message_list *list)
{
    char id[HY_MESSAGE_ID_TEXT_BYTES];

    /* A page may be short, even empty, and there are more all the same. */
    if (list->more)
        hy_out_text(out, "next", hy_message_id_print(list->next_before_id, id));
    else
        hy_out_null(out, "next");
}

static void listed(struct hy_call *call)
{
    const struct hy_message_list *list = call->work;
    struct hy_message_writer writer;
    struct hy_out out;

    if (hy_call_failed(call, list->op.result))
        return;
    hy_message_writer_init(&writer, call->engine, false);
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < list->count; i++)
        hy_message_write(&writer, &out, &list->messages[i]);
    hy_out_end(&out, ']');
    write_next(&out, list);
    hy_out_end(&out, '}');
    hy_message_writer_deinit(&writer);
    hy_call_reply(call, 200, &out);
}

static void check_filters(struct hy_call *call, const struct query *query,
                          struct hy_message_list *list)
{
    HY_APP_SCOPED const struct hy_app_entry *entry =
        query->app ? hy_call_app(call, query->app) : NULL;

    if (entry)
        list->app_no = entry->app.no;
    if (query->broadcast && hy_out_id_parse(query->broadcast, 'b', &list->broadcast_id) != 0)
        hy_violations_add(&call->v, "broadcast", "id", NULL, NULL,
                          "broadcast must be the id of a broadcast, such as b12.");
    if (query->after && hy_message_id_parse(query->after, &list->before_id) != 0)
        hy_violations_add(&call->v, "after", "cursor", NULL, NULL,
                          "after must be the `next` of an earlier page.");
}

void hy_api_messages_list(struct hy_call *call)
{
    struct query query = {.state = NO_STATE, .limit = LIST_DEFAULT};
    struct hy_message_list *list;

    if (!hy_query_read(call, hy_api_messages_query, &query))
        return;
    list = hy_call_work(call, sizeof *list);
    if (!list)
        return;
    check_filters(call, &query, list);
    if (hy_call_refused(call))
        return;
    list->user = query.user;
    list->state = query.state;
    list->template_id = query.template_id;
    list->tag = query.tag;
    list->reason = query.reason;
    list->limit = (size_t)query.limit;
    list->arena = call->arena;
    hy_call_read(call, &list->op, HY_VERB_MESSAGE_LIST, listed);
}

/* --- one -------------------------------------------------------------------------------------- */

struct one {
    struct hy_message_get get;
    struct hy_cancel cancel;
    bool chinese;
};

static void shown(struct hy_call *call)
{
    const struct one *one = call->work;
    struct hy_message_writer writer;
    struct hy_out out;

    if (hy_call_failed(call, one->get.op.result))
        return;
    hy_message_writer_init(&writer, call->engine, one->chinese);
    hy_out_init(&out);
    hy_message_write_whole(&writer, &out, &one->get);
    hy_message_writer_deinit(&writer);
    hy_call_reply(call, 200, &out);
}

/* Null: 404 or 503 was answered. */
static struct one *new_one(struct hy_call *call)
{
    struct one *one;
    int64_t id;

    if (hy_message_id_parse(call->params[0], &id) != 0) {
        hy_problem_of_error(call, HY_E_NOT_FOUND);
        return NULL;
    }
    one = hy_call_work(call, sizeof *one);
    if (!one)
        return NULL;
    one->chinese = hy_call_chinese(call);
    one->get.message_id = one->cancel.message_id = id;
    one->get.arena = call->arena;
    return one;
}

void hy_api_messages_show(struct hy_call *call)
{
    struct one *one = new_one(call);

    if (one)
        hy_call_read(call, &one->get.op, HY_VERB_MESSAGE_GET, shown);
}

static void canceled(struct hy_call *call)
{
    struct one *one = call->work;

    if (one->cancel.op.result == HY_E_CONFLICT)
        hy_problem_reply(call, HY_PROBLEM_STATE,
                         "The message is %s; only queued and waiting ones can be canceled.",
                         hy_message_state_names[one->cancel.state]);
    else if (!hy_call_failed(call, one->cancel.op.result))
        hy_call_read(call, &one->get.op, HY_VERB_MESSAGE_GET, shown);
}

void hy_api_messages_cancel(struct hy_call *call)
{
    struct one *one = new_one(call);

    if (!one)
        return;
    one->cancel.op.audit = hy_call_audit(call, "message.cancel", call->params[0], NULL);
    if (!one->cancel.op.audit)
        return;
    one->cancel.op.done = hy_call_op_done;
    one->cancel.op.arg = call;
    hy_call_defer(call, canceled);
    hy_engine_cancel(call->engine, &one->cancel);
}
