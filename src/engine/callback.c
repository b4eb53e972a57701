/*
 * callback.c - what a platform tells by itself: verified and read by its adapter, stored, then acted
 * on. The secrets are opened for each request and wiped right after: that costs microseconds.
 */
#include "base/log.h"
#include "crypto/digest.h"
#include "engine/app_secrets.h"
#include "engine/internal.h"

#include <string.h>

enum { TEMPLATE_BYTES_MAX = 128, LOG_BYTES = 160 };

/* --- reading ---------------------------------------------------------------------------------- */

static int read_signed(struct hy_engine *engine, const struct hy_app_entry *app,
                       struct hy_callback_ask *ask, struct hy_arena *arena,
                       struct hy_callback *ret_callback)
{
    struct hy_callback_secrets secrets = {0};
    struct hy_sealed sealed;
    int err = hy_registry_callback(&engine->registry, app->app.no, arena, &sealed);

    if (!err)
        err = hy_callback_secrets_open(engine->config.seal, app->app.id, &sealed, arena, &secrets);
    if (!err && !secrets.token)
        err = HY_E_NOT_FOUND;
    if (!err) {
        ask->token = secrets.token;
        ask->aes_key = secrets.aes_key;
        err = app->platform->read_callback(ask, arena, ret_callback);
        ask->token = ask->aes_key = NULL;
    }
    hy_callback_secrets_wipe(&secrets);
    return err;
}

static void fill_ask(struct hy_engine *engine, const struct hy_app_entry *app,
                     struct hy_callback_ask *ask)
{
    ask->app_id = app->app.id;
    ask->mode = app->settings.callback_mode;
    if (ask->mode == HY_CALLBACK_AUTO)
        ask->mode = app->has_callback_key ? HY_CALLBACK_SAFE : HY_CALLBACK_PLAIN;
    ask->max_age_s = app->settings.callback_max_age_s;
    ask->now_ms = engine->config.now_ms();
}

static void say_denied(struct hy_engine *engine, const struct hy_app_entry *app,
                       const struct hy_callback *callback, int64_t now_ms)
{
    char why[LOG_BYTES];
    int64_t unsaid;

    if (hy_hush_may_say(&engine->denied, app->app.no, now_ms, &unsaid))
        hy_log(HY_LOG_WARN, "callback.denied", "app=%s malformed=%d unsaid=%lld why=%s",
               app->app.id, callback->verdict == HY_CALLBACK_MALFORMED, (long long)unsaid,
               hy_log_safe(why, sizeof why, callback->why));
}

static void reject(struct hy_callback *callback, const char *why)
{
    callback->verdict = HY_CALLBACK_MALFORMED;
    callback->why = why;
}

/* What is signed is believed, and still has to be something that can be kept. */
static void check_content(const struct hy_app_entry *app, int64_t now_ms, struct hy_arena *arena,
                          struct hy_callback *callback)
{
    struct hy_violations faults;

    hy_violations_init(&faults, arena);
    if (callback->user)
        app->platform->check_user(callback->user, "user", &faults);
    if (callback->count == 0) {
        if (hy_violations_any(&faults))
            callback->user = NULL; /* not one of ours; the raw text has it */
        return;
    }
    if (!callback->user || hy_violations_any(&faults))
        reject(callback, "The event names no user of this app.");
    else if (callback->created_at_ms <= now_ms - HY_IDENTITY_KEPT_MS)
        reject(callback, "The event is older than 30 days: it may have been told before.");
    for (size_t i = 0; i < callback->count; i++) {
        const char *id = callback->items[i].template_id;

        if (!id || !*id || strlen(id) > TEMPLATE_BYTES_MAX)
            reject(callback, "The event names no template.");
    }
}

/* --- storing ---------------------------------------------------------------------------------- */

/* Identities of different apps never meet. */
static bool print_identity(int64_t app_no, const char *identity, struct hy_arena *arena,
                           uint8_t ret_print[HY_IDENTITY_BYTES])
{
    const char *text = hy_arena_printf(arena, "event %lld %s", (long long)app_no, identity);

    if (text)
        hy_digest_blake2b16(text, strlen(text), ret_print);
    return text != NULL;
}

static int add_answer(struct hy_engine *engine, const struct hy_app_entry *app,
                      const struct hy_callback_item *from, struct hy_arena *arena,
                      struct hy_hear *hear)
{
    struct hy_deposit_item *item = &hear->answers[hear->answer_count++];
    uint8_t *print = hy_arena_alloc(arena, HY_IDENTITY_BYTES);
    int64_t at_ms = hear->created_at_ms < hear->now_ms ? hear->created_at_ms : hear->now_ms;

    if (!print || !print_identity(app->app.no, from->identity, arena, print))
        return HY_E_NOMEM;
    *item = (struct hy_deposit_item){
        .grant = {.app_no = app->app.no,
                  .user = hear->user,
                  .kind = hy_engine_counter_kind(engine, app->app.no, from->template_id),
                  .template_id = from->template_id,
                  .state = HY_GRANT_AVAILABLE,
                  .uses_total = 1,
                  .uses_left = 1,
                  .obtained_at_ms = at_ms},
        .source = HY_SOURCE_EVENT,
        .answer = from->answer,
        .identity = print,
        .identity_at_ms = hear->created_at_ms,
        .window_ms = app->settings.accept_window_s * 1000,
        .margin_ms = app->settings.receipt_margin_s * 1000};
    return 0;
}

static int add_sent(const struct hy_app_entry *app, const struct hy_callback_item *from,
                    struct hy_arena *arena, struct hy_hear *hear)
{
    struct hy_sent_item *item = &hear->sent[hear->sent_count++];

    *item = (struct hy_sent_item){.template_id = from->template_id,
                                  .msgid = from->msgid,
                                  .delivered = from->delivered,
                                  .reason = from->delivered ? NULL : from->reason};
    return print_identity(app->app.no, from->identity, arena, item->identity) ? 0 : HY_E_NOMEM;
}

static int fill_hear(struct hy_engine *engine, const struct hy_app_entry *app, int64_t now_ms,
                     const struct hy_callback *callback, struct hy_arena *arena,
                     struct hy_hear *hear)
{
    int err = 0;

    *hear = (struct hy_hear){.op.verb = HY_VERB_HEAR,
                             .app_no = app->app.no,
                             .name = callback->name,
                             .user = callback->user,
                             .created_at_ms = callback->created_at_ms,
                             .now_ms = now_ms,
                             .raw = callback->raw};
    hear->answers = hy_arena_array(arena, callback->count + 1, sizeof *hear->answers);
    hear->sent = hy_arena_array(arena, callback->count + 1, sizeof *hear->sent);
    if (!hear->answers || !hear->sent ||
        !print_identity(app->app.no, callback->identity, arena, hear->identity))
        return HY_E_NOMEM;
    for (size_t i = 0; i < callback->count && !err; i++) {
        const struct hy_callback_item *item = &callback->items[i];

        err = item->kind == HY_CALLBACK_ANSWER ? add_answer(engine, app, item, arena, hear)
                                               : add_sent(app, item, arena, hear);
    }
    return err;
}

static void heard(struct hy_op *op, void *arg)
{
    struct hy_callback_run *run = arg;
    const struct hy_hear *hear = &run->hear;
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;
    char name[LOG_BYTES], user[LOG_BYTES];

    if (op->result == 0) {
        app = hy_engine_app_by_no(run->engine, hear->app_no);
        if (hear->woken || hear->freed)
            hy_lane_notice(run->engine, hear->app_no, 0);
        hy_log(HY_LOG_INFO, "callback.event",
               "app=%s name=%s user=%s fresh=%d answers=%zu sent=%zu woken=%zu",
               app ? app->app.id : "-", hy_log_safe(name, sizeof name, hear->name),
               hy_log_safe(user, sizeof user, hear->user), hear->fresh, hear->answer_count,
               hear->sent_count, hear->woken);
    }
    run->done(run, run->arg);
}

int hy_engine_callback(struct hy_engine *engine, const struct hy_app_entry *app,
                       struct hy_callback_ask *ask, struct hy_arena *arena,
                       struct hy_callback_run *run)
{
    int err;

    run->engine = engine;
    fill_ask(engine, app, ask);
    err = read_signed(engine, app, ask, arena, &run->callback);
    if (err)
        return err;
    if (run->callback.verdict == HY_CALLBACK_EVENT)
        check_content(app, ask->now_ms, arena, &run->callback);
    if (run->callback.verdict == HY_CALLBACK_DENIED ||
        run->callback.verdict == HY_CALLBACK_MALFORMED)
        say_denied(engine, app, &run->callback, ask->now_ms);
    if (run->callback.verdict != HY_CALLBACK_EVENT)
        return 0;
    err = fill_hear(engine, app, ask->now_ms, &run->callback, arena, &run->hear);
    if (!err)
        hy_engine_verb(engine, &run->hear.op, heard, run);
    return err;
}
