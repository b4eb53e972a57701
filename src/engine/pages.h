/*
 * pages.h - what the pages of a mini program may ask: whose they are, what their user permitted,
 * and whether a prompt is worth a tap. All of it [any thread]; see engine.h.
 */
#ifndef HY_ENGINE_PAGES_H
#define HY_ENGINE_PAGES_H

#include "engine/engine.h"

/*
 * A session says which user a page acts for. It is a signed text with app, user, time of issue and of
 * end; nothing of it is stored but when a user's sessions were revoked (store: session cut).
 */
enum { HY_SESSION_BYTES = 512 };

struct hy_login {
    const char *app; /* id */
    const char *code;
    void (*done)(struct hy_login *login, void *arg);
    void *arg;
    /* out */
    /* 0; HY_E_NOT_FOUND (app); HY_E_DENIED (the code is no good, or the user is blocked);
     * HY_E_BUSY (the platform has trouble: `error` says which, without secrets). */
    int result;
    char session[HY_SESSION_BYTES];
    int64_t expires_in_s;
    int64_t retry_after_s; /* HY_E_BUSY: when to try again, 0 = not known */
    char error[HY_ERRMSG_BYTES];
    struct hy_engine *engine; /* the engine's, from here on */
    void *work;
};
void hy_engine_login(struct hy_engine *engine, struct hy_login *login);

/* Whose session it is: the app (counted, to be released) and the user, in the arena. HY_E_DENIED: not
 * ours, over, or revoked; HY_E_NOMEM. Constant time in the signature. */
int hy_engine_session_open(struct hy_engine *engine, const char *session, struct hy_arena *arena,
                           const struct hy_app_entry **ret_app, const char **ret_user);

/* Revokes all sessions of a user issued until now. op.done is the caller's; `app_no`, `user` set. */
void hy_engine_session_cut(struct hy_engine *engine, struct hy_session_cut *cut);

/*
 * Whether a page should ask for a template (again), and a stable word for why: message_waiting,
 * none_left, withdrawn, suspect, running_low (ask); enough, standing, refused_recently, banned,
 * unknown_template, legacy (don't). `absent`: the app's templates are known, and this is none of them.
 */
struct hy_advice {
    bool ask;
    const char *reason; /* static */
};
struct hy_advice hy_engine_advise(const struct hy_prospect *prospect, bool absent, int64_t now_ms);

/*
 * What a page reports for its own user (POST /client/v1/grants): one report or an array of up to 50.
 * As hy_engine_report(), with `refused[].index` the report's place and `credential` or `template_id` of
 * the refusal set.
 */
int hy_engine_client_report(struct hy_engine *engine, const struct hy_app_entry *app,
                            const char *user, const json_t *body, struct hy_violations *v,
                            struct hy_report *report);

#endif
