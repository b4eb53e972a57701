/*
 * telling.c - one outcome on its way to one endpoint: a signed POST, and what its answer means.
 */
#include "engine/webhook/telling.h"

#include "base/log.h"
#include "engine/webhook/outcome_body.h"
#include "engine/webhook/secret.h"
#include "net/endpoint.h"

#include <inttypes.h>
#include <stdio.h>

enum { BODY_MAX_BYTES = 16 << 20, ID_BYTES = 24, TIMESTAMP_BYTES = 24 };

static const int64_t timeout_ms = 10000;

/* --- what came of it -------------------------------------------------------------------------- */

void hy_telling_end(struct hy_telling *telling, bool over, int64_t due_at_ms)
{
    struct hy_teller *t = &telling->batch->engine->teller;

    telling->item = (struct hy_outbox_item){.outcome_id = telling->claimed->outcome.id,
                                            .webhook_id = telling->claimed->outcome.webhook_id,
                                            .over = over,
                                            .due_at_ms = due_at_ms};
    telling->next = NULL;
    *t->over_last = telling;
    t->over_last = &telling->next;
}

static void failed(struct hy_telling *telling, const char *error, bool gone)
{
    struct hy_engine *engine = telling->batch->engine;
    const struct hy_outcome *o = &telling->claimed->outcome;
    int64_t now_ms = engine->config.now_ms();
    int64_t delay_ms = hy_outcome_retry_ms(o->attempts + 1, now_ms - o->at_ms, (uint64_t)o->id);

    hy_endpoint_note(engine, telling->endpoint, error, gone, telling->left_at_ms);
    if (delay_ms == 0 && !telling->endpoint->disabled_at_ms)
        hy_log(HY_LOG_WARN, "webhook.given_up",
               "webhook=w%" PRId64 " outcome=e%" PRId64 " attempts=%d error=\"%s\"", o->webhook_id,
               o->id, o->attempts + 1, error);
    hy_telling_end(telling, delay_ms == 0, delay_ms ? now_ms + delay_ms : 0);
}

/* As for a message: cluster/cluster.h. Whoever has the endpoint now claims it again. */
static bool may_go(void *arg)
{
    const struct hy_telling *telling = arg;

    return hy_cluster_may_send(telling->batch->engine, telling->batch->node);
}

static void answered(const struct hy_http_response *response, void *arg)
{
    struct hy_telling *telling = arg;
    struct hy_engine *engine = telling->batch->engine;
    char status[16];

    pthread_mutex_lock(&engine->turn_lock);
    if (response->outcome == HY_HTTP_NOT_SENT && !may_go(telling)) {
        hy_telling_end(telling, false, engine->config.now_ms());
    } else if (response->outcome != HY_HTTP_ANSWERED) {
        failed(telling, response->error, false);
    } else if (response->status >= 200 && response->status < 300) {
        hy_endpoint_note(engine, telling->endpoint, NULL, false, telling->left_at_ms);
        hy_telling_end(telling, true, 0);
    } else {
        snprintf(status, sizeof status, "%d", response->status);
        failed(telling, status, response->status == 410);
    }
    pthread_mutex_unlock(&engine->turn_lock);
}

/* --- one request ------------------------------------------------------------------------------ */

/* The rule may have changed since the URL was stored. */
static const char *barred(const struct hy_engine *engine, const char *url)
{
    char host[HY_ENDPOINT_HOST_BYTES];

    switch (hy_endpoint_check(url, !engine->config.allow_private_webhooks, host)) {
    case HY_ENDPOINT_OK: return NULL;
    case HY_ENDPOINT_NOT_HTTPS: return "not https";
    case HY_ENDPOINT_NOT_PUBLIC: return "address not public";
    default: return "malformed URL";
    }
}

static void write_body(struct hy_engine *engine, const struct hy_outbox_claimed *claimed,
                       struct hy_buf *into)
{
    HY_APP_SCOPED const struct hy_app_entry *app =
        hy_engine_app_by_no(engine, claimed->outcome.app_no);
    HY_JSON_SCOPED json_t *body = hy_outcome_body(claimed, app ? app->app.id : NULL);

    if (body)
        hy_json_write(into, body);
    else
        into->failed = true;
}

static void post(struct hy_telling *telling, const struct hy_buf *body)
{
    struct hy_engine *engine = telling->batch->engine;
    const struct hy_webhook *webhook = &telling->endpoint->webhook;
    char id[ID_BYTES], timestamp[TIMESTAMP_BYTES], signatures[HY_WEBHOOK_SIGNATURES_BYTES];
    struct hy_http_request request = {.method = "POST",
                                      .url = webhook->url,
                                      .headers = {{"Content-Type", "application/json"},
                                                  {"webhook-id", id},
                                                  {"webhook-timestamp", timestamp},
                                                  {"webhook-signature", signatures}},
                                      .header_count = 4,
                                      .body = hy_buf_text(body),
                                      .body_size = body->size,
                                      .public_only = !engine->config.allow_private_webhooks,
                                      .timeout_ms = timeout_ms,
                                      .status_only = true};
    int err;

    if (engine->cluster.shared) {
        request.may_go = may_go;
        request.may_go_arg = telling;
    }
    snprintf(id, sizeof id, "e%" PRId64, telling->claimed->outcome.id);
    snprintf(timestamp, sizeof timestamp, "%" PRId64, telling->left_at_ms / 1000);
    hy_arena_reset(&engine->scratch);
    err = hy_webhook_sign(engine->config.seal, webhook, id, telling->left_at_ms, body->data,
                          body->size, &engine->scratch, signatures);
    if (err)
        failed(telling, "the secret cannot be opened", false);
    else
        engine->config.transport.start(engine->config.transport.self, &request, answered, telling);
}

void hy_telling_start(struct hy_telling *telling)
{
    struct hy_engine *engine = telling->batch->engine;
    const char *why;
    struct hy_buf body;

    telling->left_at_ms = engine->config.now_ms();
    if (!hy_endpoint_in_use(telling->endpoint) || !may_go(telling)) { /* since it was claimed */
        hy_telling_end(telling, false, telling->left_at_ms);
        return;
    }
    if (!hy_outcome_tellable(telling->claimed)) {
        hy_telling_end(telling, true, 0);
        return;
    }
    why = barred(engine, telling->endpoint->webhook.url);
    if (why) {
        failed(telling, why, false);
        return;
    }
    hy_buf_init(&body, BODY_MAX_BYTES);
    write_body(engine, telling->claimed, &body);
    if (hy_buf_ok(&body))
        post(telling, &body);
    else
        failed(telling, "out of memory", false);
    hy_buf_deinit(&body);
}
