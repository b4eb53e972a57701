/*
 * platform.h - what hongyan needs to know of a platform, as pure functions on data.
 *
 * A walk through one send, to know the functions by:
 *
 *   check_message   is it fit to be sent at all? (before any grant is touched)
 *   build_token     the request that fetches a token        judge_token   what the reply means
 *   build_send      the request that sends the message      judge_send    what the reply means
 *   read_callback   what the platform tells afterwards, by itself
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
#include "domain/answer.h"
#include "domain/app.h"
#include "domain/grant.h"
#include "domain/message.h"
#include "domain/queue.h"
#include "domain/template.h"
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

/* --- logging in ------------------------------------------------------------------------------- */

struct hy_login_ask {
    const char *base_url;
    const char *app_id;
    const char *secret;
    const char *code; /* what the page got from the platform's client */
};

struct hy_login_reply {
    struct hy_judgement judgement; /* OK: user is set. BAD_PAYLOAD: the code is no good */
    const char *user;              /* in the arena */
};

/* --- templates -------------------------------------------------------------------------------- */

enum hy_template_op {
    HY_TEMPLATE_OP_LIST, /* the account's own, one page of them */
    HY_TEMPLATE_OP_ADD,  /* from the public library */
    HY_TEMPLATE_OP_DELETE,
    HY_TEMPLATE_OP_CATEGORIES, /* of the account */
    HY_TEMPLATE_OP_TITLES,     /* of the public library */
    HY_TEMPLATE_OP_KEYWORDS,   /* of one title */
    HY_TEMPLATE_OPS
};

enum { HY_TEMPLATE_KEYWORDS_MAX = 10 };

struct hy_template_ask {
    const char *base_url;
    const char *access_token;
    enum hy_template_op op;
    bool legacy;             /* the form templates' library and list */
    const char *template_id; /* delete */
    const char *title_id;    /* add, keywords: "tid", or "AT0002" of the legacy library */
    const int64_t *keywords; /* add: in the order in which they are to stand */
    size_t keyword_count;
    const char *scene;      /* add, subscriptions: what it is used for; or null */
    const char *categories; /* titles: "1,2" */
    int64_t start, limit;   /* titles, and legacy lists: a page */
};

struct hy_template_reply {
    struct hy_judgement judgement;
    const struct hy_template *templates; /* list: app_no and synced_at_ms are 0 */
    size_t count;
    int64_t total;           /* of legacy lists and titles, as told; -1 = not told */
    const char *template_id; /* add: of the new one, or of the one that was there already */
    /* categories [{"id","name"}], titles [{"id","title","kind","category"}], keywords
     * [{"id","name","example","type"}]: ids as text, compact JSON in the arena. */
    const char *items;
};

/* --- quota ------------------------------------------------------------------------------------ */

struct hy_quota_ask {
    const char *base_url;
    const char *access_token;
    enum hy_channel channel;
};

struct hy_quota_reply {
    struct hy_judgement judgement;
    int64_t limit, used, remain; /* calls of the platform's day */
    int64_t rate_calls, rate_s;  /* at most so many calls in so many seconds; 0 = not told */
};

/* --- callbacks -------------------------------------------------------------------------------- */

struct hy_callback_ask {
    const char *method; /* "GET", "POST" */
    /* The decoded query parameter of that name, or null. */
    const char *(*query)(void *self, const char *name);
    void *self;
    const char *body;
    size_t body_size;
    const char *app_id;
    const char *token;   /* the secret that both sides know; never empty */
    const char *aes_key; /* as the operator copied it, or null */
    enum hy_callback_mode mode;
    int64_t max_age_s; /* 0 = any */
    int64_t now_ms;
};

enum hy_callback_verdict {
    HY_CALLBACK_ECHO,      /* a check of the address: answer `reply`, nothing happened */
    HY_CALLBACK_EVENT,     /* something happened: answer `reply` when it is on disk */
    HY_CALLBACK_DENIED,    /* not signed by the platform, too old, too weak for the mode */
    HY_CALLBACK_MALFORMED, /* signed, or not, but not to be read */
};

enum hy_callback_item_kind { HY_CALLBACK_ANSWER, HY_CALLBACK_SENT };

struct hy_callback_item {
    enum hy_callback_item_kind kind;
    const char *template_id;
    enum hy_answer_kind answer; /* ANSWER */
    int64_t msgid;              /* SENT: 0 = not told */
    bool delivered;             /* SENT */
    const char *reason;         /* SENT, not delivered: "event.1003" */
    const char *identity; /* the same for every repetition of this item, and for no other one */
};

struct hy_callback {
    enum hy_callback_verdict verdict;
    const char *why;   /* DENIED, MALFORMED: a constant sentence, no secrets */
    const char *reply; /* ECHO, EVENT */
    /* EVENT: */
    const char *name; /* "subscribe_msg_popup_event"; of what is no event, its type: "text" */
    const char *user; /* or null */
    int64_t created_at_ms;
    const char *raw;      /* the event as compact JSON, whatever form it came in */
    const char *identity; /* of the whole */
    const struct hy_callback_item *items;
    size_t count;
};

struct hy_platform {
    const char *name;     /* "wechat_mini": the `platform` of an app */
    const char *timezone; /* its day for quotas: "Asia/Shanghai" */
    const char *base_url; /* the public one */
    /* A user of the right shape who is nobody: to check what is the same for all users. */
    const char *sample_user;
    struct hy_auth_plan auth;
    const struct hy_code *codes; /* ended by a null api */

    /* --- input ---------------------------------------------------------------------------- */

    /* Adds a violation for each thing that cannot be: field names as in POST /v1/apps ("id",
     * "secret"). `secret` may be null (a change that keeps it). */
    void (*check_app)(const char *id, const char *secret, struct hy_violations *v);

    /* `user` as in requests; adds a violation for `field`. */
    void (*check_user)(const char *user, const char *field, struct hy_violations *v);

    /* The secrets of callbacks, as in POST /v1/apps ("callback_token", "callback_aes_key"); either
     * may be null. */
    void (*check_callback)(const char *token, const char *aes_key, struct hy_violations *v);

    /* Members that the caller wants in the platform's request and that we don't know: an object, none
     * of whose names we set ourselves ("extra.touser"). */
    void (*check_extra)(const json_t *extra, struct hy_violations *v);

    /*
     * The basic shape of a message: user, template, data, page, emphasis, miniprogram_state, lang,
     * and its size in all. `data` is the request's value of any type. On success `ret_data` is the canonical compact
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

    /* The key of `data` that a refusal's errmsg means ("thing1"), or null when it names none. The
     * text may be cut: then it is the key that begins so, if only one does. Points into `data`. */
    const char *(*refused_field)(const char *errmsg, const json_t *data);

    int (*build_login)(const struct hy_login_ask *ask, struct hy_arena *arena,
                       struct hy_http_request *ret_request);
    void (*judge_login)(const struct hy_http_response *response, struct hy_arena *arena,
                        struct hy_login_reply *ret_reply);

    int (*build_template)(const struct hy_template_ask *ask, struct hy_arena *arena,
                          struct hy_http_request *ret_request);
    void (*judge_template)(const struct hy_template_ask *ask,
                           const struct hy_http_response *response, struct hy_arena *arena,
                           struct hy_template_reply *ret_reply);

    /* The channel that a send call counts for: `api` as build_send returned it. */
    enum hy_channel (*channel_of)(const char *api);

    /* Null when the platform tells no quota. */
    int (*build_quota)(const struct hy_quota_ask *ask, struct hy_arena *arena,
                       struct hy_http_request *ret_request);
    void (*judge_quota)(const struct hy_http_response *response, struct hy_quota_reply *ret_reply);

    /* --- callbacks -------------------------------------------------------------------------- */

    /* Verifies, opens and reads what came to /callback/{app}. Everything is in the arena. HY_E_NOMEM
     * (nothing is returned), otherwise 0 and ret_callback->verdict tells. */
    int (*read_callback)(const struct hy_callback_ask *ask, struct hy_arena *arena,
                         struct hy_callback *ret_callback);
};

/* Null when there is no such platform. */
const struct hy_platform *hy_platform_find(const char *name);

/* All of them, ended by a null. */
extern const struct hy_platform *const hy_platforms[];

/* The row of (api, code), or null. */
const struct hy_code *hy_platform_code(const struct hy_platform *platform, const char *api,
                                       const char *code);

#endif
