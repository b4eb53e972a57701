/*
 * endpoints.c - which endpoints there are, and how well each one is.
 *
 * The list is read again after each change. How an endpoint does is known here first, so a list
 * that was asked for before the last change of that does not overwrite it.
 */
#include "base/log.h"
#include "engine/internal.h"
#include "engine/webhooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t given_up_after_ms = 3 * 86400000LL;
static const int64_t ailing_after_ms = 3600000;
static const int64_t reread_ms = 1000;

struct hy_endpoint *hy_endpoint_find(struct hy_engine *engine, int64_t webhook_id)
{
    struct hy_teller *t = &engine->teller;

    for (size_t i = 0; i < t->count; i++) {
        if (t->endpoints[i]->webhook.id == webhook_id)
            return t->endpoints[i];
    }
    return NULL;
}

bool hy_endpoint_in_use(const struct hy_endpoint *endpoint)
{
    return !endpoint->gone && !endpoint->webhook.paused && !endpoint->disabled_at_ms;
}

static void count(struct hy_teller *t)
{
    int used = 0;

    for (size_t i = 0; i < t->count; i++)
        used += hy_endpoint_in_use(t->endpoints[i]);
    atomic_store(&t->used, used);
}

/* --- the list --------------------------------------------------------------------------------- */

static struct hy_endpoint *add(struct hy_engine *engine)
{
    struct hy_teller *t = &engine->teller;
    struct hy_endpoint **grown =
        realloc(t->endpoints, (t->count + 1) * sizeof(struct hy_endpoint *));
    struct hy_endpoint *endpoint = calloc(1, sizeof *endpoint);

    if (grown)
        t->endpoints = grown;
    if (!grown || !endpoint) {
        free(endpoint);
        return NULL;
    }
    hy_window_init(&endpoint->window);
    endpoint->holding = engine->cluster.shared ? HY_HOLDING_NO : HY_HOLDING_YES;
    engine->cluster.stirred = engine->cluster.shared;
    hy_cluster_hurry(engine);
    grown[t->count++] = endpoint;
    return endpoint;
}

/* Fresh, or an operator put it in use again: what it had before does not count. */
static void take_state(struct hy_endpoint *endpoint, const struct hy_webhook *webhook)
{
    if (endpoint->failing_since_ms && !webhook->failing_since_ms) {
        hy_window_init(&endpoint->window);
        endpoint->rest_until_ms = 0;
        endpoint->said = false;
    }
    endpoint->failing_since_ms = webhook->failing_since_ms;
    endpoint->disabled_at_ms = webhook->disabled_at_ms;
    snprintf(endpoint->error, sizeof endpoint->error, "%s",
             webhook->last_error ? webhook->last_error : "");
}

/* What the list says is older than what we know, or an operator's word came in between: once ours
 * is in the store, the next list tells. */
static void keep_state(struct hy_teller *t, const struct hy_endpoint *endpoint,
                       const struct hy_webhook *webhook, int64_t now_ms)
{
    if (endpoint->failing_since_ms == webhook->failing_since_ms &&
        endpoint->disabled_at_ms == webhook->disabled_at_ms)
        return;
    atomic_store(&t->stale, true);
    t->read_not_before_ms = now_ms + reread_ms;
}

static void drop_the_gone(struct hy_teller *t)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (t->endpoints[i]->gone && t->endpoints[i]->in_flight == 0)
            free(t->endpoints[i]);
        else
            t->endpoints[kept++] = t->endpoints[i];
    }
    t->count = kept;
}

/* HY_E_NOMEM: some are missing, and it is read again. Takes the arena over in any case: what is not
 * in the list any more points to nothing. */
static int adopt(struct hy_engine *engine, const struct hy_webhooks *list, struct hy_arena *arena)
{
    struct hy_teller *t = &engine->teller;
    int err = 0;

    for (size_t i = 0; i < t->count; i++) {
        t->endpoints[i]->gone = true;
        t->endpoints[i]->webhook = (struct hy_webhook){.id = t->endpoints[i]->webhook.id};
    }
    for (size_t i = 0; i < list->count; i++) {
        struct hy_endpoint *endpoint = hy_endpoint_find(engine, list->webhooks[i].id);

        if (!endpoint)
            endpoint = add(engine);
        if (!endpoint) {
            err = HY_E_NOMEM;
            continue;
        }
        endpoint->gone = false;
        endpoint->webhook = list->webhooks[i];
        endpoint->next_due_ms = 0; /* unknown: ask the store */
        if (endpoint->moved)
            keep_state(t, endpoint, &list->webhooks[i], engine->now_ms);
        else
            take_state(endpoint, &list->webhooks[i]);
    }
    drop_the_gone(t);
    hy_arena_deinit(&t->arena);
    t->arena = *arena;
    count(t);
    return err;
}

struct reading {
    struct hy_mail mail;
    struct hy_webhooks verb;
    struct hy_arena arena;
    struct hy_engine *engine;
};

static void read_again(struct hy_engine *engine, int err)
{
    hy_log(HY_LOG_ERROR, "store.webhooks", "error=\"%s\"", hy_err_text(err));
    atomic_store(&engine->teller.stale, true);
    engine->teller.read_not_before_ms = engine->now_ms + reread_ms;
}

static void was_read(struct hy_engine *engine, struct hy_mail *mail)
{
    struct reading *r = (struct reading *)mail;
    int err = r->verb.op.result;

    engine->teller.reading = false;
    if (!err)
        err = adopt(engine, &r->verb, &r->arena);
    else
        hy_arena_deinit(&r->arena);
    if (err)
        read_again(engine, err);
    free(r);
}

static void read_done(struct hy_op *op, void *arg)
{
    struct reading *r = arg;

    r->mail.open = was_read;
    hy_engine_post(r->engine, &r->mail);
}

int64_t hy_endpoints_turn(struct hy_engine *engine)
{
    struct hy_teller *t = &engine->teller;
    struct reading *r;

    if (!atomic_load(&t->stale) || t->reading)
        return HY_NEVER;
    if (t->read_not_before_ms > engine->now_ms)
        return t->read_not_before_ms;
    r = calloc(1, sizeof *r);
    if (!r)
        return engine->now_ms + reread_ms;
    atomic_store(&t->stale, false);
    t->reading = true;
    for (size_t i = 0; i < t->count; i++)
        t->endpoints[i]->moved = t->endpoints[i]->unsaved || t->endpoints[i]->saving;
    hy_arena_init(&r->arena);
    r->engine = engine;
    r->verb = (struct hy_webhooks){.op.verb = HY_VERB_WEBHOOKS, .arena = &r->arena};
    hy_engine_verb(engine, &r->verb.op, read_done, r);
    return HY_NEVER;
}

void hy_teller_stale(struct hy_engine *engine)
{
    atomic_store(&engine->teller.stale, true);
    engine->config.transport.wake(engine->config.transport.self);
}

int hy_teller_init(struct hy_engine *engine)
{
    struct hy_arena arena;
    struct hy_webhooks list = {.op.verb = HY_VERB_WEBHOOKS, .arena = &arena};
    int err;

    engine->teller.over_last = &engine->teller.over;
    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &list.op);
    if (!err)
        return adopt(engine, &list, &arena);
    hy_arena_deinit(&arena);
    return err;
}

void hy_teller_deinit(struct hy_engine *engine)
{
    struct hy_teller *t = &engine->teller;

    for (size_t i = 0; i < t->count; i++)
        free(t->endpoints[i]);
    free(t->endpoints);
    hy_arena_deinit(&t->arena);
}

void hy_endpoint_release(struct hy_engine *engine, struct hy_endpoint *endpoint)
{
    endpoint->in_flight--;
    if (endpoint->gone)
        drop_the_gone(&engine->teller);
}

/* --- how it is -------------------------------------------------------------------------------- */

static void changed(struct hy_endpoint *endpoint)
{
    endpoint->unsaved = endpoint->moved = true;
}

static void is_well(struct hy_endpoint *endpoint)
{
    if (!endpoint->failing_since_ms)
        return;
    if (endpoint->said)
        hy_log(HY_LOG_INFO, "webhook.well", "webhook=w%lld", (long long)endpoint->webhook.id);
    endpoint->failing_since_ms = 0;
    endpoint->error[0] = 0;
    endpoint->said = false;
    changed(endpoint);
}

static void disable(struct hy_engine *engine, struct hy_endpoint *endpoint, int64_t now_ms,
                    const char *why)
{
    endpoint->disabled_at_ms = now_ms;
    changed(endpoint);
    count(&engine->teller);
    hy_log(HY_LOG_WARN, "webhook.disabled", "webhook=w%lld error=\"%s\": %s",
           (long long)endpoint->webhook.id, endpoint->error, why);
}

static void is_failing(struct hy_endpoint *endpoint, const char *error, int64_t now_ms)
{
    if (!endpoint->failing_since_ms) {
        endpoint->failing_since_ms = now_ms;
        changed(endpoint);
    }
    if (strcmp(endpoint->error, error) != 0) {
        snprintf(endpoint->error, sizeof endpoint->error, "%s", error);
        changed(endpoint);
    }
}

/* Slow and failing are one here: whatever is no 2xx counts towards a rest, so that an endpoint that
 * is dead, or always says no, costs a try a minute. */
static void rest(struct hy_endpoint *endpoint, int64_t left_at_ms, int64_t now_ms)
{
    int64_t rest_ms = hy_window_note(&endpoint->window, HY_WINDOW_DEAD, endpoint->in_flight,
                                     HY_TELLER_WINDOW_MAX, left_at_ms, now_ms);

    if (rest_ms == 0)
        return;
    endpoint->rest_until_ms = now_ms + rest_ms;
    if (!endpoint->said)
        hy_log(HY_LOG_WARN, "webhook.failing", "webhook=w%lld error=\"%s\"",
               (long long)endpoint->webhook.id, endpoint->error);
    endpoint->said = true;
}

void hy_endpoint_note(struct hy_engine *engine, struct hy_endpoint *endpoint, const char *error,
                      bool gone, int64_t left_at_ms)
{
    int64_t now_ms = engine->config.now_ms();

    if (!error) {
        endpoint->rest_until_ms = 0;
        hy_window_note(&endpoint->window, HY_WINDOW_GOOD, endpoint->in_flight, HY_TELLER_WINDOW_MAX,
                       left_at_ms, now_ms);
        is_well(endpoint);
        return;
    }
    is_failing(endpoint, error, now_ms);
    rest(endpoint, left_at_ms, now_ms);
    if (endpoint->disabled_at_ms)
        return;
    if (gone)
        disable(engine, endpoint, now_ms, "it wants no more");
    else if (now_ms - endpoint->failing_since_ms >= given_up_after_ms)
        disable(engine, endpoint, now_ms, "nothing but failures for 3 days");
}

int64_t hy_engine_webhooks_ailing(struct hy_engine *engine)
{
    int64_t now_ms = engine->config.now_ms(), ailing = 0;
    struct hy_teller *t = &engine->teller;

    pthread_mutex_lock(&engine->turn_lock);
    for (size_t i = 0; i < t->count; i++) {
        const struct hy_endpoint *e = t->endpoints[i];

        ailing +=
            !e->gone && (e->disabled_at_ms ||
                         (e->failing_since_ms && now_ms - e->failing_since_ms >= ailing_after_ms));
    }
    pthread_mutex_unlock(&engine->turn_lock);
    return ailing;
}
