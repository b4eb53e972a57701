/*
 * session.c - the sessions of mini-program pages: signed, short, revocable.
 */
#include "engine/page/session.h"

#include "crypto/ticket.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

static const char purpose[] = "session";

/* --- the text --------------------------------------------------------------------------------- */

static uint8_t *put_int(uint8_t *at, int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (uint8_t)((uint64_t)number >> shift);
    return at;
}

static const uint8_t *get_int(const uint8_t *at, int64_t *ret_number)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number = number << 8 | *at++;
    *ret_number = (int64_t)number;
    return at;
}

size_t hy_session_print(const struct hy_session *session,
                        uint8_t ret_payload[HY_SESSION_PAYLOAD_MAX])
{
    size_t size = strnlen(session->user, sizeof session->user);
    uint8_t *at = ret_payload;

    if (size == 0 || size > HY_SESSION_USER_MAX)
        return 0;
    *at++ = VERSION;
    at = put_int(at, session->app_no);
    at = put_int(at, session->issued_at_ms);
    at = put_int(at, session->expires_at_ms);
    memcpy(at, session->user, size);
    return HY_SESSION_HEAD_BYTES + size;
}

int hy_session_parse(const uint8_t *payload, size_t size, struct hy_session *ret_session)
{
    struct hy_session session = {0};
    const uint8_t *at = payload + 1;

    if (size <= HY_SESSION_HEAD_BYTES || size > HY_SESSION_PAYLOAD_MAX || payload[0] != VERSION ||
        memchr(payload + HY_SESSION_HEAD_BYTES, 0, size - HY_SESSION_HEAD_BYTES))
        return HY_E_DENIED;
    at = get_int(at, &session.app_no);
    at = get_int(at, &session.issued_at_ms);
    at = get_int(at, &session.expires_at_ms);
    memcpy(session.user, at, size - HY_SESSION_HEAD_BYTES);
    *ret_session = session;
    return 0;
}

/* --- issuing and opening ---------------------------------------------------------------------- */

int hy_session_issue(struct hy_engine *engine, int64_t app_no, const char *user, int64_t ttl_ms,
                     char *ret_text)
{
    struct hy_session session = {.app_no = app_no, .issued_at_ms = engine->config.now_ms()};
    int64_t cut_ms = hy_cuts_at(&engine->cuts, app_no, user);
    uint8_t payload[HY_SESSION_PAYLOAD_MAX];
    size_t size;

    if (strlen(user) > HY_SESSION_USER_MAX)
        return HY_E_INVALID;
    if (session.issued_at_ms < cut_ms) /* in the same millisecond, or the clock went back */
        session.issued_at_ms = cut_ms;
    session.expires_at_ms = session.issued_at_ms + ttl_ms;
    memcpy(session.user, user, strlen(user));
    size = hy_session_print(&session, payload);
    if (size == 0)
        return HY_E_INVALID;
    return hy_ticket_make(engine->config.seal, purpose, payload, size, ret_text, HY_SESSION_BYTES);
}

static int read_session(struct hy_engine *engine, const char *text, struct hy_session *ret_session)
{
    uint8_t payload[HY_TICKET_PAYLOAD_MAX];
    size_t size;
    int err = hy_ticket_open(engine->config.seal, purpose, text, payload, &size);

    if (!err)
        err = hy_session_parse(payload, size, ret_session);
    if (err)
        return err;
    if (ret_session->expires_at_ms <= engine->config.now_ms() ||
        ret_session->issued_at_ms <
            hy_cuts_at(&engine->cuts, ret_session->app_no, ret_session->user))
        return HY_E_DENIED;
    return 0;
}

int hy_engine_session_open(struct hy_engine *engine, const char *session, struct hy_arena *arena,
                           const struct hy_app_entry **ret_app, const char **ret_user)
{
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;
    struct hy_session s;
    const char *user;
    int err = read_session(engine, session, &s);

    if (err)
        return err;
    app = hy_engine_app_by_no(engine, s.app_no);
    if (!app || app->app.deleted_at_ms)
        return HY_E_DENIED;
    user = hy_arena_strdup(arena, s.user);
    if (!user)
        return HY_E_NOMEM;
    *ret_app = app;
    *ret_user = user;
    app = NULL; /* handed out */
    return 0;
}

/* --- revoking --------------------------------------------------------------------------------- */

/* Between the store's answer and the caller's: what is on disk becomes true in memory. */
struct cut_hook {
    struct hy_engine *engine;
    struct hy_cut *cut;
    void (*done)(struct hy_op *op, void *arg);
    void *arg;
};

static void cut_stored(struct hy_op *op, void *arg)
{
    struct cut_hook hook = *(struct cut_hook *)arg;

    free(arg);
    op->arg = hook.arg;
    if (op->result == 0 || op->result == HY_E_UNCERTAIN)
        hy_cuts_put(&hook.engine->cuts, hook.cut, hook.engine->config.now_ms());
    else
        free(hook.cut);
    hook.done(op, hook.arg);
}

void hy_engine_session_cut(struct hy_engine *engine, struct hy_session_cut *cut)
{
    struct cut_hook *hook = calloc(1, sizeof *hook);
    int64_t before_ms = hy_cuts_at(&engine->cuts, cut->app_no, cut->user ? cut->user : "");

    cut->op.verb = HY_VERB_SESSION_CUT;
    cut->at_ms = engine->config.now_ms() + 1; /* this millisecond's are void, too */
    if (cut->at_ms <= before_ms)
        cut->at_ms = before_ms + 1; /* so are those issued since, whatever the clock did */
    if (hook)
        *hook = (struct cut_hook){.engine = engine,
                                  .cut = hy_cut_new(cut->app_no, cut->user, cut->at_ms),
                                  .done = cut->op.done,
                                  .arg = cut->op.arg};
    if (!hook || !hook->cut) {
        free(hook);
        cut->op.result = HY_E_NOMEM;
        cut->op.done(&cut->op, cut->op.arg);
        return;
    }
    hy_engine_verb(engine, &cut->op, cut_stored, hook);
}

int hy_sessions_load(struct hy_engine *engine)
{
    struct hy_arena arena;
    struct hy_session_cuts cuts = {.op.verb = HY_VERB_SESSION_CUTS, .arena = &arena};
    int err;

    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &cuts.op);
    if (!err)
        err = hy_cuts_put_all(engine, &cuts);
    hy_arena_deinit(&arena);
    return err;
}
