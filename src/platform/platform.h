/*
 * platform.h - what hongyan needs to know of a platform, as pure functions on data.
 *
 * A walk through one send, to know the functions by:
 *
 *   check_message   is it fit to be sent at all? (before any grant is touched)
 *   build_token     the request that fetches a token        judge_token   what the reply means
 *   build_send      the request that sends the message      judge_send    what the reply means
 *
 * No function here keeps state, reads a clock or does I/O. So a golden file can hold every request
 * and every code, a fuzzer reaches every parser, and a new platform is one .c file, one table in
 * codes/, one page in docs/platforms and one line in the table of platform.c.
 *
 * Instants are not known here: a reply's "try again" is a hint (domain/verdict.h) which the engine
 * turns into an instant with `timezone`.
 */
#ifndef HY_PLATFORM_PLATFORM_H
#define HY_PLATFORM_PLATFORM_H

#include "base/arena.h"
#include "base/http.h"
#include "base/json.h"
#include "base/violation.h"
#include "domain/app.h"
#include "domain/grant.h"
#include "domain/message.h"
#include "domain/verdict.h"

#include <stdbool.h>
#include <stddef.h>

/* --- codes ------------------------------------------------------------------------------------ */

/* One row of codes/NAME.tsv. The key is (api, code): the same number means different things on
 * different paths. */
struct hy_code {
    const char *api;  /* "token", "template_send", ... */
    const char *code; /* "40001" */
    enum hy_verdict verdict;
    enum hy_hint hint;
    const char *meaning_en; /* what it means, one sentence */
    const char *fix_en;     /* what to do about it */
    const char *meaning_zh;
    const char *fix_zh;
};

/* --- tokens ----------------------------------------------------------------------------------- */

enum hy_auth_kind {
    HY_AUTH_NONE,      /* nothing to fetch */
    HY_AUTH_TOKEN,     /* a token with a lifetime, shared by all requests of an app */
    HY_AUTH_SIGNATURE, /* each request is signed; nothing to fetch */
};

struct hy_auth_plan {
    enum hy_auth_kind kind;
    bool refetch_harms;      /* a new token makes the old one die for other holders */
    int64_t overlap_ms;      /* how long the old one lives on after a refetch */
    int64_t calls_max_a_day; /* of the classic interface */
    int64_t stable_calls_max_a_day;
    int64_t forced_max_a_day; /* of forced refreshes of the stable interface */
    int64_t forced_gap_ms;    /* between two forced ones */
};

struct hy_token_ask {
    const char *base_url; /* "https://api.weixin.qq.com", no slash at the end */
    const char *app_id;
    const char *secret;
    enum hy_token_mode mode;
    bool force; /* stable only: replace a token that was refused */
};

struct hy_token_reply {
    struct hy_judgement judgement; /* OK: the two below are set */
    const char *access_token;      /* in the arena */
    int64_t expires_in_s;          /* at least 1 */
};

/* --- sending ---------------------------------------------------------------------------------- */

struct hy_send_ask {
    const char *base_url;
    const char *access_token;
    const struct hy_message *message;
    const struct hy_grant *grant; /* null or id 0 = without one */
};

struct hy_platform {
    const char *name;     /* "wechat_mini": the `platform` of an app */
    const char *timezone; /* its day for quotas: "Asia/Shanghai" */
    const char *base_url; /* the public one */
    struct hy_auth_plan auth;
    const struct hy_code *codes; /* ended by a null api */

    /* --- input ---------------------------------------------------------------------------- */

    /* Adds a violation for each thing that cannot be: field names as in POST /v1/apps ("id",
     * "secret"). `secret` may be null (a change that keeps it). */
    void (*check_app)(const char *id, const char *secret, struct hy_violations *v);

    /* `user` as in requests; adds a violation for `field`. */
    void (*check_user)(const char *user, const char *field, struct hy_violations *v);

    /*
     * The basic shape of a message: user, template, data, page, emphasis, miniprogram_state, lang.
     * `data` is the request's value of any type. On success `ret_data` is the canonical compact
     * JSON text for message->data, in v->arena: {"key":{"value":"text"}}; a bare text becomes
     * {"value": text}. Untouched when there are violations.
     */
    void (*check_message)(const struct hy_message *message, const json_t *data,
                          struct hy_violations *v, const char **ret_data);

    /*
     * Null when the credential may be stored, else why not, a short stable word ("mock_form_id",
     * "unavailable_in_trial", "request_failed", "empty", "malformed"). `ret_clean` is the
     * credential without decoration ("prepay_id=wx..." -> "wx..."), in the arena.
     */
    const char *(*check_credential)(enum hy_grant_kind kind, const char *credential,
                                    struct hy_arena *arena, const char **ret_clean);

    /* --- requests and replies --------------------------------------------------------------- */

    /* Everything the request points to is in the arena. HY_E_NOMEM; HY_E_INVALID when the ask
     * cannot be expressed (a receipt is needed and there is none). */
    int (*build_token)(const struct hy_token_ask *ask, struct hy_arena *arena,
                       struct hy_http_request *ret_request);
    void (*judge_token)(enum hy_token_mode mode, const struct hy_http_response *response,
                        struct hy_arena *arena, struct hy_token_reply *ret_reply);

    /* `ret_api` is the row group of `codes` by which the reply is to be judged. */
    int (*build_send)(const struct hy_send_ask *ask, struct hy_arena *arena,
                      struct hy_http_request *ret_request, const char **ret_api);
    void (*judge_send)(const char *api, const struct hy_http_response *response,
                       struct hy_judgement *ret_judgement);
};

/* Null when there is no such platform. */
const struct hy_platform *hy_platform_find(const char *name);

/* All of them, ended by a null. */
extern const struct hy_platform *const hy_platforms[];

/* The row of (api, code), or null. */
const struct hy_code *hy_platform_code(const struct hy_platform *platform, const char *api,
                                       const char *code);

#endif
