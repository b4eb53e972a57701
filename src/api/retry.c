/*
 * Sending one message again, because an operator says so.
 */
#include "api/audit.h"
#include "api/message_out.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/err.h"

struct work {
    struct hy_retry retry;
    struct hy_message_get get;
};

struct input {
    int64_t expires_at_ms;
};

static const struct hy_json_field fields[] = {{.name = "expires_at",
                                               .type = HY_JSON_INSTANT,
                                               .offset = offsetof(struct input, expires_at_ms)},
                                              {0}};

static void shown(struct hy_call *call)
{
    const struct work *work = call->work;
    struct hy_message_writer writer;
    struct hy_out out;

    if (hy_call_failed(call, work->get.op.result))
        return;
    hy_message_writer_init(&writer, call->engine, hy_call_chinese(call));
    hy_out_init(&out);
    hy_message_write_whole(&writer, &out, &work->get);
    hy_message_writer_deinit(&writer);
    hy_call_reply(call, 200, &out);
}

static void refuse(struct hy_call *call, const struct hy_retry *retry)
{
    if (hy_message_may_retry(retry->state))
        hy_problem_reply(call, HY_PROBLEM_STATE,
                         "The expires_at of this message is past; send another one along, or null "
                         "for none.");
    else
        hy_problem_reply(call, HY_PROBLEM_STATE,
                         "The message is %s; only failed, expired and unknown ones can be sent "
                         "again.",
                         hy_message_state_names[retry->state]);
}

static void retried(struct hy_call *call)
{
    struct work *work = call->work;

    if (work->retry.op.result == HY_E_CONFLICT)
        refuse(call, &work->retry);
    else if (!hy_call_failed(call, work->retry.op.result))
        hy_call_read(call, &work->get.op, HY_VERB_MESSAGE_GET, shown);
}

/* Null takes the end away; to the reader of fields it is as good as absent. */
static void read_expiry(struct hy_call *call, struct hy_retry *retry)
{
    struct input input = {0};
    const json_t *given = json_object_get(call->body, fields[0].name);

    hy_json_read(call->body, fields, &input, &call->v);
    if (json_is_null(given)) {
        retry->set_expiry = true;
    } else if (given && !hy_violations_any(&call->v)) {
        retry->set_expiry = true;
        retry->expires_at_ms = input.expires_at_ms;
        if (input.expires_at_ms <= hy_engine_now_ms(call->engine))
            hy_violations_add(&call->v, "expires_at", "future", NULL, NULL,
                              "expires_at must be in the future.");
    }
}

void hy_api_messages_retry(struct hy_call *call)
{
    struct work *work;
    int64_t id;

    if (hy_message_id_parse(call->params[0], &id) != 0) {
        hy_problem_of_error(call, HY_E_NOT_FOUND);
        return;
    }
    if (!hy_call_json(call, HY_BODY_OPTIONAL))
        return;
    work = hy_call_work(call, sizeof *work);
    if (!work)
        return;
    read_expiry(call, &work->retry);
    if (hy_call_refused(call))
        return;
    work->retry.message_id = work->get.message_id = id;
    work->get.arena = call->arena;
    work->retry.op.audit = hy_call_audit(call, "message.retry", call->params[0], call->body);
    if (!work->retry.op.audit)
        return;
    work->retry.op.done = hy_call_op_done;
    work->retry.op.arg = call;
    hy_call_defer(call, retried);
    hy_engine_retry(call->engine, &work->retry);
}
