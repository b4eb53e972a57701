/*
 * webhooks.c - endpoints on their way in: read, checked, given a secret, stored.
 */
#include "engine/webhooks.h"

#include "crypto/secret.h"
#include "engine/internal.h"
#include "engine/webhook/secret.h"
#include "net/endpoint.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert((int)HY_WEBHOOK_SECRET_TEXT_BYTES >= (int)HY_SIGNATURE_SECRET_TEXT_BYTES,
              "room for a secret");

enum { URL_BYTES_MAX = 2048, EVENTS_MAX = 32, STEP_LIMIT = 1000 };

/* --- reading ---------------------------------------------------------------------------------- */

/* POST and PATCH /v1/webhooks. */
struct webhook_body {
    const char *url, *secret;
    json_t *events, *app;
    bool paused;
};

#define AT(field) offsetof(struct webhook_body, field)

static const struct hy_json_field fields[] = {
    {.name = "url", .type = HY_JSON_TEXT, .offset = AT(url), .max = URL_BYTES_MAX},
    {.name = "events", .type = HY_JSON_ARRAY, .offset = AT(events), .min = 1, .max = EVENTS_MAX},
    {.name = "app", .type = HY_JSON_VALUE, .offset = AT(app)},
    {.name = "secret", .type = HY_JSON_TEXT, .offset = AT(secret), .max = 256, .secret = true},
    {.name = "paused", .type = HY_JSON_BOOL, .offset = AT(paused)},
    {0}};

static const struct {
    const char *rule, *message;
} url_faults[] = {
    [HY_ENDPOINT_MALFORMED] = {"url", "url must be an absolute http or https URL in ASCII."},
    [HY_ENDPOINT_CREDENTIALS] = {"no_credentials",
                                 "url must not hold a user or password; verify the signature."},
    [HY_ENDPOINT_FRAGMENT] = {"no_fragment", "url must not have a fragment (#)."},
    [HY_ENDPOINT_NOT_HTTPS] = {"https", "url must begin with https://; the server allows http only "
                                        "with --allow-private-webhooks."},
    [HY_ENDPOINT_NOT_PUBLIC] = {"public_host",
                                "url must lead to the public internet; the server allows other "
                                "addresses only with --allow-private-webhooks."},
};

/* The URL may have a secret of its own in it: it is not repeated. */
static void check_url(const struct hy_engine *engine, const char *url, struct hy_violations *v)
{
    char host[HY_ENDPOINT_HOST_BYTES];
    enum hy_endpoint_fault fault =
        hy_endpoint_check(url, !engine->config.allow_private_webhooks, host);

    if (fault != HY_ENDPOINT_OK)
        hy_violations_add(v, "url", url_faults[fault].rule, NULL, NULL, "%s",
                          url_faults[fault].message);
}

/* -1: none. A test is told by hand only. */
static int type_of(const char *name)
{
    for (int i = 0; name && hy_outcome_names[i]; i++) {
        if (strcmp(hy_outcome_names[i], name) == 0)
            return i == HY_OUTCOME_TEST ? -1 : i;
    }
    return -1;
}

static void refuse_event(const char *field, const char *name, struct hy_violations *v)
{
    const char *nearest = name ? hy_nearest_name(name, hy_outcome_names) : NULL;
    char known[256] = "";

    for (int i = 0; hy_outcome_names[i]; i++) {
        if (i != HY_OUTCOME_TEST)
            snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                     hy_outcome_names[i]);
    }
    if (nearest && type_of(nearest) >= 0)
        hy_violations_add(v, field, "one_of", known, name, "%s is no event; did you mean %s?",
                          field, nearest);
    else
        hy_violations_add(v, field, "one_of", known, name, "%s must be one of %s.", field, known);
}

static uint32_t read_events(const json_t *names, struct hy_violations *v)
{
    uint32_t events = 0;

    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        int type = type_of(name);
        char field[32];

        snprintf(field, sizeof field, "events[%zu]", i);
        if (type < 0)
            refuse_event(field, name, v);
        else
            events |= 1u << type;
    }
    return events;
}

/* "" means all apps. */
static int64_t read_app(struct hy_engine *engine, const json_t *value, struct hy_violations *v)
{
    const char *id = json_string_value(value);
    HY_APP_SCOPED const struct hy_app_entry *app = id && *id ? hy_engine_app(engine, id) : NULL;

    if (!id)
        hy_violations_add(v, "app", "type", "text", NULL, "app must be text; \"\" means all apps.");
    else if (*id && !app)
        hy_violations_add(v, "app", "known_app", NULL, id, "There is no app %.64s.", id);
    return app ? app->app.no : 0;
}

/* Given (checked) or made. */
static void read_secret(const char *text, struct hy_violations *v, struct hy_signature_key *key)
{
    if (!text)
        hy_signature_key_make(key);
    else if (hy_signature_key_parse(text, key) != 0)
        hy_violations_add(v, "secret", "webhook_secret", NULL, NULL,
                          "secret must be whsec_ and the base64 of 24 to 64 bytes.");
}

static void wipe_text(const char *text)
{
    if (text)
        hy_wipe((char *)text, strlen(text));
}

/* --- storing ---------------------------------------------------------------------------------- */

/* Even after a failure: its commit may have been done, or an earlier piece of a deletion. */
static void stored(struct hy_op *op, void *arg)
{
    struct hy_webhook_change *change = arg;

    (void)op;
    hy_teller_stale(change->engine);
    change->done(change, change->arg);
}

static void put(struct hy_engine *engine, struct hy_webhook_change *change)
{
    change->engine = engine;
    change->op.verb = HY_VERB_WEBHOOK_PUT;
    hy_engine_verb(engine, &change->op, stored, change);
}

/* Its new secret, also as the text that is shown once. */
static int seal(struct hy_engine *engine, const struct hy_signature_key *key,
                struct hy_arena *arena, struct hy_webhook_change *change)
{
    struct hy_webhook *w = &change->put.webhook;
    int err = hy_webhook_secret_seal(engine->config.seal, w->created_at_ms, key, arena, &w->secret);

    if (!err)
        hy_signature_key_print(key, change->secret);
    return err;
}

static void check(struct hy_engine *engine, const struct webhook_body *b,
                  const struct hy_webhook *existing, struct hy_violations *v)
{
    if (!existing && !b->url)
        hy_violations_add(v, "url", "required", NULL, NULL, "url is required.");
    if (!existing && !b->events)
        hy_violations_add(v, "events", "required", NULL, NULL, "events is required.");
    if (existing && b->secret)
        hy_violations_add(v, "secret", "rotate", NULL, NULL,
                          "A secret is changed by POST /v1/webhooks/{id}/rotate.");
    if (b->url)
        check_url(engine, b->url, v);
}

/* What the body says goes into the endpoint, as it is or new. */
static void fill(struct hy_engine *engine, const struct webhook_body *b,
                 const struct hy_webhook *existing, struct hy_violations *v,
                 struct hy_webhook_change *change)
{
    struct hy_webhook *w = &change->put.webhook;

    change->put = (struct hy_webhook_put){
        .op.audit = change->op.audit,
        .webhook =
            existing ? *existing : (struct hy_webhook){.created_at_ms = engine->config.now_ms()}};
    w->secret = w->old_secret = (struct hy_sealed){0}; /* kept */
    w->paused = b->paused;
    if (b->url)
        w->url = b->url;
    if (b->events)
        w->events = read_events(b->events, v);
    if (b->app)
        w->app_no = read_app(engine, b->app, v);
}

int hy_engine_webhook_put(struct hy_engine *engine, const json_t *body,
                          const struct hy_webhook *existing, struct hy_violations *v,
                          struct hy_webhook_change *change)
{
    struct webhook_body b = {.paused = existing && existing->paused};
    struct hy_signature_key key = {.size = 0};
    int err = 0;

    hy_json_read(body, fields, &b, v);
    if (!hy_violations_any(v))
        check(engine, &b, existing, v);
    fill(engine, &b, existing, v, change);
    if (!existing)
        read_secret(b.secret, v, &key);
    if (hy_violations_any(v))
        err = HY_E_INVALID;
    else if (!existing)
        err = seal(engine, &key, v->arena, change);
    hy_wipe(&key, sizeof key);
    wipe_text(b.secret);
    if (!err)
        put(engine, change);
    return err;
}

int hy_engine_webhook_rotate(struct hy_engine *engine, const struct hy_webhook *existing,
                             const char *secret, int64_t overlap_s, struct hy_violations *v,
                             struct hy_webhook_change *change)
{
    struct hy_signature_key key = {.size = 0};
    int err;

    read_secret(secret, v, &key);
    change->put = (struct hy_webhook_put){.op.audit = change->op.audit, .webhook = *existing};
    change->put.webhook.old_secret = existing->secret;
    change->put.webhook.old_until_ms = engine->config.now_ms() + overlap_s * 1000;
    err = hy_violations_any(v) ? HY_E_INVALID : seal(engine, &key, v->arena, change);
    hy_wipe(&key, sizeof key);
    wipe_text(secret);
    if (!err)
        put(engine, change);
    return err;
}

/* --- enable ----------------------------------------------------------------------------------- */

/* In pieces, as a deletion. While it is disabled nobody tells it, so none of them goes twice. */
static void hurried(struct hy_op *op, void *arg)
{
    struct hy_webhook_change *change = arg;

    if (op->result == 0 && change->hurry.left) {
        hy_engine_verb(change->engine, op, hurried, change);
    } else if (op->result == 0) {
        put(change->engine, change);
    } else {
        change->op.result = op->result;
        stored(op, change);
    }
}

void hy_engine_webhook_enable(struct hy_engine *engine, const struct hy_webhook *existing,
                              struct hy_webhook_change *change)
{
    change->put =
        (struct hy_webhook_put){.op.audit = change->op.audit, .webhook = *existing, .enable = true};
    change->put.webhook.secret = change->put.webhook.old_secret = (struct hy_sealed){0}; /* kept */
    change->engine = engine;
    change->hurry = (struct hy_outbox_hurry){.op.verb = HY_VERB_OUTBOX_HURRY,
                                             .webhook_id = existing->id,
                                             .now_ms = engine->config.now_ms(),
                                             .limit = STEP_LIMIT};
    hy_engine_verb(engine, &change->hurry.op, hurried, change);
}

/* --- the rest --------------------------------------------------------------------------------- */

/* What it had to tell goes in pieces, so that nobody else waits for it. */
static void deleted(struct hy_op *op, void *arg)
{
    struct hy_webhook_change *change = arg;

    if (op->result == 0 && change->removal.left) {
        op->audit = NULL; /* written with the first piece */
        hy_engine_verb(change->engine, op, deleted, change);
        return;
    }
    stored(op, arg);
}

void hy_engine_webhook_delete(struct hy_engine *engine, int64_t webhook_id,
                              struct hy_webhook_change *change)
{
    change->engine = engine;
    change->removal = (struct hy_webhook_delete){
        .op = {.verb = HY_VERB_WEBHOOK_DELETE, .audit = change->op.audit},
        .webhook_id = webhook_id,
        .limit = STEP_LIMIT};
    hy_engine_verb(engine, &change->op, deleted, change);
}

static void test_put(struct hy_op *op, void *arg)
{
    struct hy_webhook_change *change = arg;

    change->done(change, change->arg);
}

void hy_engine_webhook_test(struct hy_engine *engine, int64_t webhook_id,
                            struct hy_webhook_change *change)
{
    int64_t now_ms = engine->config.now_ms();

    change->engine = engine;
    change->test =
        (struct hy_outbox_put){.op = {.verb = HY_VERB_OUTBOX_PUT, .audit = change->op.audit},
                               .outcome = {.webhook_id = webhook_id,
                                           .type = HY_OUTCOME_TEST,
                                           .at_ms = now_ms,
                                           .due_at_ms = now_ms}};
    hy_engine_verb(engine, &change->op, test_put, change);
}
