/*
 * calls.h - the platform's paths as a table, and what a call sees while it runs.
 *
 * A call's `run` judges one request. It returns 0 after writing the body of its answer to x->out,
 * or the code it refuses with; code, words and rid are written by the exchange, the same way for
 * every path. By then the exchange has seen to the method, the access token, the retired API, the
 * quota and the JSON, as the call's flags say, in this order.
 */
#ifndef HY_SIM_CALLS_H
#define HY_SIM_CALLS_H

#include "base/json.h"
#include "sim/codes.h"
#include "sim/state.h"

struct hy_httpd_request;

enum hy_sim_call_flags {
    HY_SIM_CALL_POST = 1,         /* other methods are refused */
    HY_SIM_CALL_TOKEN = 2,        /* wants an access token */
    HY_SIM_CALL_JSON = 4,         /* wants an object as its body */
    HY_SIM_CALL_LEGACY = 8,       /* gone where the legacy API is retired */
    HY_SIM_CALL_SEND = 16,        /* counted as a send */
    HY_SIM_CALL_MAKES_TOKEN = 32, /* counted as a token call */
    HY_SIM_CALL_NEWTMPL = 64      /* a wrong method, GET too, is 404; a form may be the body */
};

struct hy_sim_exchange {
    struct hy_sim *sim;
    struct hy_httpd_request *req;
    const struct hy_sim_call *call; /* null: an unknown path */
    struct hy_sim_app *app;         /* whose token or appid the request carries; null: nobody's */
    struct hy_sim_user *user;       /* the receiver of a send, when there is such a user */
    json_t *body;                   /* an object, or null */
    int64_t now_ms;
    struct hy_buf *out;
    char errmsg[192]; /* words for the returned code instead of the usual ones; "" = usual */
};

struct hy_sim_call {
    const char *path;
    int (*run)(struct hy_sim_exchange *x);
    unsigned flags;
    int64_t day_limit, minute_limit; /* calls of one app; 0: no limit */
};

/* Null when there is no such path. */
const struct hy_sim_call *hy_sim_call_find(const char *path);

/* 0 to HY_SIM_CALLS_MAX - 1. */
size_t hy_sim_call_index(const struct hy_sim_call *call);

/* The limit of a day for `app`: its own, or the table's; 0: none. */
int64_t hy_sim_call_day_limit(const struct hy_sim_call *call, const struct hy_sim_app *app);

/* Counts this call of x->app; HY_SIM_DAY_QUOTA or HY_SIM_MINUTE_QUOTA when none is left. */
int hy_sim_call_count(struct hy_sim_exchange *x);

/* {"errcode":0,"errmsg":"ok"} */
int hy_sim_ok(struct hy_sim_exchange *x);

/* A text member of the body; null when absent, not a text, or there is no body. */
const char *hy_sim_body_text(const struct hy_sim_exchange *x, const char *name);

/* --- token.c ---------------------------------------------------------------------------------- */

/* 0, or why the access token of the request is refused. Sets x->app whenever the token is known. */
int hy_sim_token_check(struct hy_sim_exchange *x);

/* 0, or why appid and secret are refused. Sets x->app when they fit. */
int hy_sim_secret_check(struct hy_sim_exchange *x, const char *appid, const char *secret);

int hy_sim_run_token(struct hy_sim_exchange *x);
int hy_sim_run_stable_token(struct hy_sim_exchange *x);

/* --- newtmpl.c -------------------------------------------------------------------------------- */

int hy_sim_run_addtemplate(struct hy_sim_exchange *x);
int hy_sim_run_deltemplate(struct hy_sim_exchange *x);
int hy_sim_run_getcategory(struct hy_sim_exchange *x);
int hy_sim_run_getpubtemplatekeywords(struct hy_sim_exchange *x);
int hy_sim_run_getpubtemplatetitles(struct hy_sim_exchange *x);
int hy_sim_run_gettemplate(struct hy_sim_exchange *x);

/* --- login.c, quota.c, library.c -------------------------------------------------------------- */

int hy_sim_run_code2session(struct hy_sim_exchange *x);
int hy_sim_run_quota_get(struct hy_sim_exchange *x);
int hy_sim_run_clear_quota(struct hy_sim_exchange *x);
int hy_sim_run_clear_quota_v2(struct hy_sim_exchange *x);
int hy_sim_run_library_list(struct hy_sim_exchange *x);
int hy_sim_run_library_get(struct hy_sim_exchange *x);
int hy_sim_run_template_add(struct hy_sim_exchange *x);
int hy_sim_run_template_list(struct hy_sim_exchange *x);
int hy_sim_run_template_del(struct hy_sim_exchange *x);

/* --- send.c and its two kinds ----------------------------------------------------------------- */

int hy_sim_run_send_legacy(struct hy_sim_exchange *x);
int hy_sim_run_send_subscribe(struct hy_sim_exchange *x);
int hy_sim_run_send_uniform(struct hy_sim_exchange *x);

/* The receiver and the template of a send, in the order the platform looks at them; a template must
 * be legacy or not as `legacy` says. 0, HY_SIM_BAD_OPENID or HY_SIM_BAD_TEMPLATE. */
int hy_sim_send_target(struct hy_sim_exchange *x, bool legacy, struct hy_sim_template **ret_tpl);

/* Whether `page` (without its query) is one of the app's; any is when the app has no list. */
bool hy_sim_page_known(const struct hy_sim_app *app, const char *page);

/* Puts the request on the receiver's phone, unless its sent event is to tell of a failure. `msgid`
 * 0: none, a legacy message. 0 or HY_SIM_SYSTEM_ERROR. */
int hy_sim_send_deliver(struct hy_sim_exchange *x, uint64_t msgid);

#endif
