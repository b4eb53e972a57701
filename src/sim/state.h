/*
 * state.h - all that the simulated platform knows. Touched by the listener's thread alone.
 *
 * Apps and templates live in an arena until a reset; users, receipts, codes, tokens and messages,
 * of which there can be millions, are single allocations.
 */
#ifndef HY_SIM_STATE_H
#define HY_SIM_STATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "sim/faults.h"
#include "sim/ids.h"
#include "sim/inbox.h"
#include "sim/stats.h"
#include "sim/table.h"

#include <stdbool.h>
#include <stdint.h>

enum { HY_SIM_APPID_MAX = 64, HY_SIM_SECRET_MAX = 128, HY_SIM_CALLS_MAX = 48 };

/* A list of texts ended by a null, or null: "no list was given". */
typedef const char *const *hy_sim_texts;

/* How often something happened in the current window: a day, a minute, a month. */
struct hy_sim_counter {
    int64_t window;
    int64_t used;
};

struct hy_sim_token {
    struct hy_sim_node node;
    char text[HY_SIM_TOKEN_BYTES];
    struct hy_sim_app *app;
    int64_t expires_ms;
    int64_t dies_ms; /* once replaced: the end of the overlap; INT64_MAX before */
};

/* One token family of an app. */
struct hy_sim_tokens {
    struct hy_sim_token *current;  /* null: none was asked for yet */
    struct hy_sim_token *previous; /* null: none */
};

/* Where and how events are pushed. */
struct hy_sim_push {
    const char *url;          /* null: no push */
    const char *token;        /* "" when none was given */
    const char *aes_key;      /* null: none, which only plain mode does without */
    int mode;                 /* index of hy_sim_push_modes */
    bool xml;                 /* index of hy_sim_push_formats */
    bool time_as_text;        /* CreateTime in JSON, as the documents have it */
    bool popup, change, sent; /* which events are pushed; the others get lost */
    int64_t sent_delay_ms;
    int64_t duplicate;       /* each event is pushed so often more */
    int64_t sent_code;       /* what sent events say */
    const char *sent_status; /* null: "success"; else the message does not reach the phone */
};
extern const char *const hy_sim_push_modes[];
extern const char *const hy_sim_push_formats[];
enum { HY_SIM_SENT_DELAY_MS = 200 };

/* What a new app's `sensitive` is; ended by a null. */
extern const char *const hy_sim_sensitive_words[];

struct hy_sim_app {
    struct hy_sim_node node;
    char appid[HY_SIM_APPID_MAX + 1];
    char secret[HY_SIM_SECRET_MAX + 1];
    char original_id[HY_SIM_ORIGINAL_ID_BYTES];
    bool legacy_alive;
    bool secret_frozen;
    hy_sim_texts ip_whitelist; /* null: any address */
    hy_sim_texts pages;        /* null: any page */
    hy_sim_texts sensitive;    /* words that no value of a subscribe message may hold */
    bool tells_msgid;          /* in the answer to subscribe/send */
    struct hy_sim_push push;
    struct hy_sim_tokens classic, stable;
    int64_t forced_ms; /* when the stable token was last refreshed by force; 0: never */
    struct hy_sim_counter forced, cleared;
    struct hy_sim_counter day[HY_SIM_CALLS_MAX];    /* by index of the call */
    struct hy_sim_counter minute[HY_SIM_CALLS_MAX]; /* by index of the call */
    int64_t day_limit[HY_SIM_CALLS_MAX];            /* -1: as the call's table says */
    struct hy_sim_template *templates, **last_template;
    struct hy_sim_user *users; /* newest first */
    int64_t user_count;
    struct hy_sim_app *next;
};

struct hy_sim_keyword {
    const char *key; /* "keyword1", "thing1" */
    const char *label;
    const char *example;  /* null: one after its type */
    hy_sim_texts choices; /* of an enum_string; null: none */
    int kid;              /* in the public library; 0: not from there */
};

enum { HY_SIM_TEMPLATE_LEGACY = 0, HY_SIM_TEMPLATE_ONCE = 2, HY_SIM_TEMPLATE_ALWAYS = 3 };

struct hy_sim_template {
    struct hy_sim_node node;
    char id[HY_SIM_TEMPLATE_ID_BYTES];
    struct hy_sim_app *app;
    int type;
    bool deleted;
    const char *title;
    const struct hy_sim_keyword *keywords;
    size_t keyword_count;
    struct hy_sim_template *next; /* of the same app, in order of creation */
};

/* What a person allowed for one subscribe template. */
struct hy_sim_permit {
    struct hy_sim_permit *next;
    struct hy_sim_template *tpl;
    int64_t accepts; /* one-time sends left */
    bool always;     /* long-term */
    bool withdrawn;  /* turned off in the settings */
};

struct hy_sim_user {
    struct hy_sim_node node;
    char openid[HY_SIM_OPENID_BYTES];
    uint32_t in_flight; /* send requests not answered yet */
    bool switched_off;  /* her main switch: no subscribe message at all */
    int64_t event_s;    /* CreateTime of the last event that she caused; 0: none */
    struct hy_sim_app *app;
    struct hy_sim_permit *permits;
    struct hy_sim_phone phone;
    struct hy_sim_user *next; /* of the same app */
};

/* A form_id or a prepay_id. */
struct hy_sim_receipt {
    struct hy_sim_node node;
    struct hy_sim_user *user;
    int64_t expires_ms;
    int uses_left;
    char id[];
};

/* What wx.login gave. */
struct hy_sim_login {
    struct hy_sim_node node;
    char code[HY_SIM_CODE_BYTES];
    struct hy_sim_user *user;
    int64_t expires_ms;
    bool used;
};

struct hy_sim {
    struct hy_httpd *httpd;
    struct hy_sim_alarm *alarm;
    struct hy_sim_pusher *pusher;
    bool control_open;
    uint64_t seed;
    uint64_t epoch;    /* how many resets there were */
    struct hy_buf out; /* the answer being written */

    struct hy_sim_ids ids;
    int64_t clock_ahead_ms;
    struct hy_arena arena;
    struct hy_sim_app *first_app, **last_app;
    struct hy_sim_table apps, users, templates, tokens, receipts, logins;
    size_t receipts_sweep_at, logins_sweep_at; /* counts at which the dead ones are cleared out */
    struct hy_sim_inbox inbox;
    struct hy_sim_faults faults;
    struct hy_sim_stats stats;
};

/* `seed` 0 takes a random one. HY_E_NOMEM. */
int hy_sim_state_init(struct hy_sim *sim, uint64_t seed);
void hy_sim_state_deinit(struct hy_sim *sim);

/* Empties all and makes the first app again; the streams of ids go on, so nothing from before is
 * ever valid after. HY_E_NOMEM: empty, without an app. */
int hy_sim_state_reset(struct hy_sim *sim);

/* The virtual wall clock. */
int64_t hy_sim_now_ms(const struct hy_sim *sim);

/* Days, minutes and months as WeChat's counters are taken to see them: Asia/Shanghai. */
int64_t hy_sim_day_of(int64_t now_ms);
int64_t hy_sim_minute_of(int64_t now_ms);
int64_t hy_sim_month_of(int64_t now_ms);

/* How much of `window` is used. */
int64_t hy_sim_counter_used(const struct hy_sim_counter *counter, int64_t window);

/* Takes one, unless `limit` are used already. */
bool hy_sim_counter_take(struct hy_sim_counter *counter, int64_t window, int64_t limit);

/* Null when out of memory. */
struct hy_sim_app *hy_sim_app_add(struct hy_sim *sim, const char *appid, const char *secret);
struct hy_sim_user *hy_sim_user_add(struct hy_sim *sim, struct hy_sim_app *app);
struct hy_sim_login *hy_sim_login_add(struct hy_sim *sim, struct hy_sim_user *user);

/* `payment`: a prepay_id with three uses instead of a form_id with one. */
struct hy_sim_receipt *hy_sim_receipt_add(struct hy_sim *sim, struct hy_sim_user *user,
                                          bool payment);

/* `title` and `keywords` live in the simulator's arena. */
struct hy_sim_template *hy_sim_template_add(struct hy_sim *sim, struct hy_sim_app *app, int type,
                                            const char *title,
                                            const struct hy_sim_keyword *keywords, size_t count);

/* Null when `appid` has no such template; deleted ones are not found. */
struct hy_sim_template *hy_sim_template_find(const struct hy_sim *sim, const struct hy_sim_app *app,
                                             const char *id);

/* Null when it is not a user of `app`. */
struct hy_sim_user *hy_sim_user_find(const struct hy_sim *sim, const struct hy_sim_app *app,
                                     const char *openid);

/* The permit of `user` for `tpl`; null when there is none and `add` is false, or out of memory. */
struct hy_sim_permit *hy_sim_permit_of(struct hy_sim_user *user, struct hy_sim_template *tpl,
                                       bool add);

#endif
