/*
 * submission.c - a message's way in: a JSON body becomes a checked message, then the store's.
 */
#include "engine/submission.h"
#include "crypto/digest.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

static const int64_t send_at_max_ms = 366 * 86400000LL; /* further ahead is surely a slip */

/* POST /v1/messages, one object. */
struct message_body {
    const char *app, *user, *template_id, *page, *emphasis, *miniprogram_state, *lang, *tag, *key;
    json_t *data, *extra;
    int64_t send_at_ms, expires_at_ms;
    bool urgent;
    int on_missing, policy, repair;
};

#define AT(field) offsetof(struct message_body, field)

static const struct hy_json_field fields[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .max = 64},
    {.name = "user", .type = HY_JSON_TEXT, .offset = AT(user), .required = true, .max = 128},
    {.name = "template",
     .type = HY_JSON_TEXT,
     .offset = AT(template_id),
     .required = true,
     .max = 128},
    {.name = "data", .type = HY_JSON_VALUE, .offset = AT(data), .required = true},
    {.name = "page", .type = HY_JSON_TEXT, .offset = AT(page), .max = 2048},
    {.name = "emphasis", .type = HY_JSON_TEXT, .offset = AT(emphasis), .max = 64},
    {.name = "miniprogram_state", .type = HY_JSON_TEXT, .offset = AT(miniprogram_state), .max = 32},
    {.name = "lang", .type = HY_JSON_TEXT, .offset = AT(lang), .max = 32},
    {.name = "extra", .type = HY_JSON_OBJECT, .offset = AT(extra)},
    {.name = "send_at", .type = HY_JSON_INSTANT, .offset = AT(send_at_ms)},
    {.name = "expires_at", .type = HY_JSON_INSTANT, .offset = AT(expires_at_ms)},
    {.name = "on_missing",
     .type = HY_JSON_ENUM,
     .offset = AT(on_missing),
     .choices = hy_on_missing_names},
    {.name = "policy", .type = HY_JSON_ENUM, .offset = AT(policy), .choices = hy_policy_names},
    {.name = "repair", .type = HY_JSON_ENUM, .offset = AT(repair), .choices = hy_repair_names},
    {.name = "urgent", .type = HY_JSON_BOOL, .offset = AT(urgent)},
    {.name = "tag", .type = HY_JSON_TEXT, .offset = AT(tag), .max = 128},
    {.name = "key", .type = HY_JSON_TEXT, .offset = AT(key), .max = 255},
    {0}};

void hy_engine_refuse_late(struct hy_violations *v)
{
    hy_violations_add(v, "expires_at", "future", NULL, NULL, "expires_at is past.");
}

/* With a key the store is asked first: a repeat gets its first answer even when its time is
 * over. */
void hy_check_instants(int64_t send_at_ms, int64_t expires_at_ms, const char *key, int64_t now_ms,
                       struct hy_violations *v)
{
    if (send_at_ms > now_ms + send_at_max_ms)
        hy_violations_add(v, "send_at", "range", "366 days ahead", NULL,
                          "send_at may be at most 366 days ahead.");
    if (!key && expires_at_ms && expires_at_ms <= now_ms)
        hy_engine_refuse_late(v);
    else if (expires_at_ms && expires_at_ms <= send_at_ms)
        hy_violations_add(v, "expires_at", "after_send_at", NULL, NULL,
                          "expires_at must be later than send_at.");
}

const char *hy_choose_key(const char *key, const char *header_key, struct hy_violations *v)
{
    if (!header_key)
        return key;
    if (!*header_key || strlen(header_key) > 255)
        hy_violations_add(v, "Idempotency-Key", "length", "1..255", NULL,
                          "The Idempotency-Key header must have 1 to 255 bytes.");
    if (key && strcmp(key, header_key) != 0)
        hy_violations_add(v, "key", "same_as_header", NULL, NULL,
                          "key and the Idempotency-Key header name different keys.");
    return header_key;
}

int hy_print_body(const json_t *body, struct hy_arena *arena, uint8_t *ret_print)
{
    HY_JSON_SCOPED json_t *copy = json_copy((json_t *)body);
    size_t size;
    char *text;

    /* What could not be copied is not there: another print, and no repeat is known any more. */
    if (json_object_size(copy) != json_object_size(body))
        return HY_E_NOMEM;
    json_object_del(copy, "key");
    size = json_dumpb(copy, NULL, 0, JSON_COMPACT | JSON_SORT_KEYS);
    text = size ? hy_arena_alloc(arena, size) : NULL;
    if (!text || json_dumpb(copy, text, size, JSON_COMPACT | JSON_SORT_KEYS) != size)
        return HY_E_NOMEM;
    hy_digest_blake2b16(text, size, ret_print);
    return 0;
}

int hy_print_key(int64_t app_no, const char *key, struct hy_arena *arena, uint8_t *ret_print)
{
    char *text = hy_arena_printf(arena, "%lld %s", (long long)app_no, key);

    if (!text)
        return HY_E_NOMEM;
    hy_digest_blake2b16(text, strlen(text), ret_print);
    return 0;
}

static void fill_message(const struct message_body *body, const struct hy_app_entry *app,
                         int64_t now_ms, struct hy_message *m)
{
    *m = (struct hy_message){
        .app_no = app->app.no,
        .user = body->user,
        .template_id = body->template_id,
        .page = body->page,
        .emphasis = body->emphasis,
        .miniprogram_state = body->miniprogram_state,
        .lang = body->lang,
        .tag = body->tag,
        .urgent = body->urgent,
        .policy = body->policy,
        .on_missing = body->on_missing,
        .accepted_at_ms = now_ms,
        .send_at_ms = body->send_at_ms,
        .expires_at_ms = body->expires_at_ms,
    };
}

void hy_refuse_app(const char *name, struct hy_violations *v)
{
    if (!name)
        hy_violations_add(v, "app", "required", NULL, NULL, "app is required.");
    else
        hy_violations_add(v, "app", "known_app", NULL, name, "There is no app %.64s.", name);
}

void hy_read_extra(const json_t *extra, const struct hy_platform *platform, struct hy_violations *v,
                   struct hy_message *m)
{
    if (json_object_size(extra) == 0)
        return;
    platform->check_extra(extra, v);
    m->extra = hy_json_text(v->arena, extra);
    if (!m->extra)
        v->unkept++;
}

static int finish(struct hy_engine *engine, const json_t *body, const struct hy_app_entry *app,
                  const char *key, struct hy_arena *arena, struct hy_submission *s)
{
    int err = 0;

    pthread_mutex_lock(&engine->ids_lock);
    s->message.id = hy_message_ids_next(&engine->ids, s->message.accepted_at_ms);
    pthread_mutex_unlock(&engine->ids_lock);
    s->item = (struct hy_admit_item){.message = &s->message,
                                     .repeat_only = s->unfit,
                                     .margin_ms = app->settings.receipt_margin_s * 1000};
    if (key) {
        err = hy_print_key(app->app.no, key, arena, s->key_print);
        if (!err)
            err = hy_print_body(body, arena, s->body_print);
        s->item.key = s->key_print;
        s->item.body = s->body_print;
    }
    return err;
}

/* A message with a key that was good when it came first, before its template was known or changed,
 * gets its first answer: the store is asked, which admits nothing that is late. */
static bool may_be_repeat(const char *key, size_t unfit, const struct hy_violations *v)
{
    return key && unfit > 0 && unfit == v->count + v->unkept;
}

static size_t fit(struct hy_engine *engine, const struct message_body *b,
                  const struct hy_app_entry *app, struct hy_violations *v, struct hy_submission *s)
{
    struct hy_fit fit = {
        .engine = engine, .app = app, .message = &s->message, .data = b->data, .repair = b->repair};

    hy_read_extra(b->extra, app->platform, v, &s->message);
    if (!b->user || !b->template_id || !b->data)
        return 0;
    return hy_fit_message(&fit, v, &s->repairs, &s->repair_count);
}

void hy_engine_prepare(struct hy_engine *engine, const json_t *body, const char *header_key,
                       const char *default_app, struct hy_violations *v,
                       struct hy_submission *ret_submission)
{
    struct message_body b = {.app = default_app};
    int64_t now_ms = engine->config.now_ms();
    struct hy_submission *s = ret_submission;
    const struct hy_app_entry *app;
    const char *key;
    size_t unfit;

    s->repair_count = 0;
    s->unfit = false;
    hy_json_read(body, fields, &b, v);
    if (!json_is_object(body))
        return;
    key = hy_choose_key(b.key, header_key, v);
    hy_check_instants(b.send_at_ms, b.expires_at_ms, key, now_ms, v);
    app = b.app ? hy_engine_app(engine, b.app) : NULL;
    if (!app) {
        hy_refuse_app(b.app, v);
        return;
    }
    fill_message(&b, app, now_ms, &s->message);
    unfit = fit(engine, &b, app, v, s);
    s->unfit = may_be_repeat(key, unfit, v);
    if ((s->unfit || !hy_violations_any(v)) && finish(engine, body, app, key, v->arena, s) != 0) {
        s->unfit = false;
        v->unkept++; /* out of memory: refused, not accepted by half */
    }
    hy_engine_app_release(app);
}

/* --- submitting ------------------------------------------------------------------------------- */

static void notice(struct hy_engine *engine, const struct hy_message *m)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, m->app_no);

    if (app && app->app.deleted_at_ms)
        hy_app_clean_up(engine, m->app_no); /* since it was prepared */
    else if (m->due_at_ms)
        hy_queue_notice(engine, m->app_no, hy_message_queue(m), m->due_at_ms);
    if (m->expires_at_ms)
        hy_expiry_notice(engine, m->expires_at_ms);
}

static void admitted(struct hy_op *op, void *arg)
{
    struct hy_submit *submit = arg;
    struct hy_admit *admit = &submit->admit;

    for (size_t i = 0; op->result == 0 && i < admit->count; i++) {
        if (admit->items[i].admission != HY_ADMITTED)
            continue;
        atomic_fetch_add_explicit(&submit->engine->counters.accepted, 1, memory_order_relaxed);
        notice(submit->engine, admit->items[i].message);
    }
    if (op->result == HY_E_UNCERTAIN)
        hy_doubt_note(submit->engine, op->verb); /* perhaps something is due */
    submit->done(submit, submit->arg);
}

int64_t hy_engine_key_window_ms(const struct hy_engine *engine)
{
    int64_t window_s = engine->config.idempotency_window_s;

    return (window_s ? window_s : 86400) * 1000;
}

void hy_engine_submit(struct hy_engine *engine, struct hy_submit *submit)
{
    submit->engine = engine;
    submit->admit.op.verb = HY_VERB_ADMIT;
    submit->admit.now_ms = engine->config.now_ms();
    submit->admit.key_window_ms = hy_engine_key_window_ms(engine);
    hy_engine_verb(engine, &submit->admit.op, admitted, submit);
}

/* Between the store's answer and the caller's: what the cancel freed may go now. */
struct cancel_hook {
    struct hy_engine *engine;
    void (*done)(struct hy_op *op, void *arg);
    void *arg;
};

static void canceled(struct hy_op *op, void *arg)
{
    struct cancel_hook hook = *(struct cancel_hook *)arg;

    free(arg);
    op->arg = hook.arg;
    if (op->result == 0 && ((struct hy_cancel *)op)->freed)
        hy_lane_notice(hook.engine, 0, 0);
    hook.done(op, hook.arg);
}

void hy_engine_cancel(struct hy_engine *engine, struct hy_cancel *cancel)
{
    struct cancel_hook *hook = malloc(sizeof *hook);

    cancel->op.verb = HY_VERB_CANCEL;
    cancel->now_ms = engine->config.now_ms();
    if (!hook) {
        cancel->op.result = HY_E_NOMEM;
        cancel->op.done(&cancel->op, cancel->op.arg);
        return;
    }
    *hook = (struct cancel_hook){engine, cancel->op.done, cancel->op.arg};
    hy_engine_verb(engine, &cancel->op, canceled, hook);
}
