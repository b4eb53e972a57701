#include "engine/webhooks.h"
#include "api/audit.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/webhook_out.h"
#include "base/err.h"

#include <string.h>

struct work {
    struct hy_webhooks all;
    struct hy_webhook_change change;
    int64_t id;
    void (*found)(struct hy_call *call, const struct hy_webhook *webhook);
};

static void reply_one(struct hy_call *call, int status, const struct hy_webhook *webhook,
                      const char *secret)
{
    struct hy_out out;

    hy_out_init(&out);
    hy_webhook_write(call, &out, webhook, secret);
    hy_call_reply(call, status, &out);
}

/* --- list and show ---------------------------------------------------------------------------- */

static void read_all(struct hy_call *call, struct work *work, hy_call_step *next)
{
    work->all.arena = call->arena;
    work->all.count_pending = true;
    hy_call_read(call, &work->all.op, HY_VERB_WEBHOOKS, next);
}

static void listed(struct hy_call *call)
{
    const struct work *work = call->work;
    struct hy_out out;

    if (hy_call_failed(call, work->all.op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < work->all.count; i++)
        hy_webhook_write(call, &out, &work->all.webhooks[i], NULL);
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_webhooks_list(struct hy_call *call)
{
    struct work *work = hy_call_work(call, sizeof *work);

    if (work)
        read_all(call, work, listed);
}

static void look_up(struct hy_call *call)
{
    const struct work *work = call->work;

    if (hy_call_failed(call, work->all.op.result))
        return;
    for (size_t i = 0; i < work->all.count; i++) {
        if (work->all.webhooks[i].id == work->id) {
            work->found(call, &work->all.webhooks[i]);
            return;
        }
    }
    hy_problem_of_error(call, HY_E_NOT_FOUND);
}

/* Goes on with `found` when there is an endpoint with the id of the path. There are few: the store
 * has no verb for a single one. */
static void find(struct hy_call *call,
                 void (*found)(struct hy_call *call, const struct hy_webhook *webhook))
{
    struct work *work;
    int64_t id;

    if (hy_call_failed(call, hy_out_id_parse(call->params[0], 'w', &id)))
        return;
    work = hy_call_work(call, sizeof *work);
    if (!work)
        return;
    work->id = id;
    work->found = found;
    read_all(call, work, look_up);
}

static void show(struct hy_call *call, const struct hy_webhook *webhook)
{
    reply_one(call, 200, webhook, NULL);
}

void hy_api_webhooks_show(struct hy_call *call)
{
    find(call, show);
}

/* --- create and change ------------------------------------------------------------------------ */

static void change_done(struct hy_webhook_change *change, void *arg)
{
    hy_call_wake(arg);
}

/* With its record of who asked for it. Null: something was answered. */
static struct hy_webhook_change *new_change(struct hy_call *call, const char *action)
{
    struct work *work = call->work;
    struct hy_webhook_change *change = &work->change;

    *change = (struct hy_webhook_change){.done = change_done, .arg = call};
    change->op.audit = call->params[0][0] ? hy_call_audit(call, action, call->params[0], call->body)
                                          : hy_call_audit_made(call, action, 'w',
                                                               &change->put.webhook.id, call->body);
    return change->op.audit ? change : NULL;
}

/* What the body says of a secret is not needed any more. */
static void forget_secret(struct hy_call *call)
{
    char *text = (char *)json_string_value(json_object_get(call->body, "secret"));

    if (text)
        explicit_bzero(text, strlen(text));
}

static void reply_stored(struct hy_call *call, int status)
{
    struct work *work = call->work;
    struct hy_webhook_change *change = &work->change;

    if (change->op.result == HY_E_LIMIT)
        hy_problem_reply(call, HY_PROBLEM_STATE, "There are %d webhooks already: remove one first.",
                         HY_WEBHOOKS_MAX);
    else if (!hy_call_failed(call, change->op.result))
        reply_one(call, status, &change->put.webhook, *change->secret ? change->secret : NULL);
    explicit_bzero(change->secret, sizeof change->secret);
}

static void created(struct hy_call *call)
{
    reply_stored(call, 201);
}

static void changed(struct hy_call *call)
{
    reply_stored(call, 200);
}

void hy_api_webhooks_create(struct hy_call *call)
{
    struct hy_webhook_change *change;
    int err;

    if (!hy_call_json(call, HY_BODY_REQUIRED) || !hy_call_work(call, sizeof(struct work)))
        return;
    change = new_change(call, "webhook.create");
    if (!change)
        return;
    hy_call_defer(call, created);
    err = hy_engine_webhook_put(call->engine, call->body, NULL, &call->v, change);
    forget_secret(call);
    if (err)
        hy_call_not_started(call, err);
}

static void change_found(struct hy_call *call, const struct hy_webhook *existing)
{
    struct hy_webhook_change *change = new_change(call, "webhook.change");
    int err;

    if (!change)
        return;
    hy_call_defer(call, changed);
    err = hy_engine_webhook_put(call->engine, call->body, existing, &call->v, change);
    forget_secret(call);
    if (err)
        hy_call_not_started(call, err);
}

void hy_api_webhooks_change(struct hy_call *call)
{
    if (hy_call_json(call, HY_BODY_REQUIRED))
        find(call, change_found);
}

/* --- rotate and enable ------------------------------------------------------------------------ */

struct rotation {
    const char *secret;
    int64_t overlap_s;
};

static const struct hy_json_field rotation_fields[] = {
    {.name = "secret",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct rotation, secret),
     .max = 256,
     .secret = true},
    {.name = "overlap_s",
     .type = HY_JSON_INT,
     .offset = offsetof(struct rotation, overlap_s),
     .min = 0,
     .max = 7 * 86400},
    {0}};

static void rotate_found(struct hy_call *call, const struct hy_webhook *existing)
{
    struct rotation rotation = {.overlap_s = 86400};
    struct hy_webhook_change *change = new_change(call, "webhook.rotate");
    int err = 0;

    if (!change)
        return;
    hy_json_read(call->body, rotation_fields, &rotation, &call->v);
    if (hy_call_refused(call))
        return;
    hy_call_defer(call, changed);
    err = hy_engine_webhook_rotate(call->engine, existing, rotation.secret, rotation.overlap_s,
                                   &call->v, change);
    forget_secret(call);
    if (err)
        hy_call_not_started(call, err);
}

void hy_api_webhooks_rotate(struct hy_call *call)
{
    if (hy_call_json(call, HY_BODY_OPTIONAL))
        find(call, rotate_found);
}

static void enabled(struct hy_call *call)
{
    struct work *work = call->work;
    struct hy_webhook *webhook = &work->change.put.webhook;

    webhook->disabled_at_ms = webhook->failing_since_ms = 0;
    webhook->last_error = NULL;
    reply_stored(call, 200);
}

static void enable_found(struct hy_call *call, const struct hy_webhook *existing)
{
    struct hy_webhook_change *change = new_change(call, "webhook.enable");

    if (!change)
        return;
    hy_call_defer(call, enabled);
    hy_engine_webhook_enable(call->engine, existing, change);
}

void hy_api_webhooks_enable(struct hy_call *call)
{
    find(call, enable_found);
}

/* --- remove and test -------------------------------------------------------------------------- */

static void removed(struct hy_call *call)
{
    const struct work *work = call->work;

    if (!hy_call_failed(call, work->change.op.result))
        hy_call_reply_nothing(call);
}

static void remove_found(struct hy_call *call, const struct hy_webhook *existing)
{
    struct hy_webhook_change *change = new_change(call, "webhook.delete");

    if (!change)
        return;
    hy_call_defer(call, removed);
    hy_engine_webhook_delete(call->engine, existing->id, change);
}

void hy_api_webhooks_remove(struct hy_call *call)
{
    find(call, remove_found);
}

static void tested(struct hy_call *call)
{
    const struct work *work = call->work;
    struct hy_out out;

    if (hy_call_failed(call, work->change.op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_id(&out, "id", 'e', work->change.test.outcome.id);
    hy_out_end(&out, '}');
    hy_call_reply(call, 202, &out);
}

static void test_found(struct hy_call *call, const struct hy_webhook *existing)
{
    struct hy_webhook_change *change;

    if (existing->disabled_at_ms || existing->paused) {
        hy_problem_reply(call, HY_PROBLEM_STATE, "It is %s, so it is told nothing.",
                         existing->disabled_at_ms ? "disabled" : "paused");
        return;
    }
    change = new_change(call, "webhook.test");
    if (!change)
        return;
    hy_call_defer(call, tested);
    hy_engine_webhook_test(call->engine, existing->id, change);
}

void hy_api_webhooks_test(struct hy_call *call)
{
    find(call, test_found);
}
