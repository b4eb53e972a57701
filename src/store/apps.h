/*
 * apps.h - the store's verbs for apps, their tokens, API keys, and facts about the store itself.
 * See store.h for what all verbs share.
 */
#ifndef HY_STORE_APPS_H
#define HY_STORE_APPS_H

#include "domain/app.h"
#include "domain/key.h"
#include "domain/token.h"
#include "store/store.h"

/* `app.no` 0: inserts, gives `no`; HY_E_EXISTS when an app in use has that id. Otherwise replaces
 * settings, secret and callback (size 0: keeps the old one) and updated_at; HY_E_NOT_FOUND, also when
 * it is deleted. With `recap` the messages that a cap put off (reason "cap.template", "cap.app") are due
 * at updated_at_ms, if they were later: claim looks at them with the caps of now. */
struct hy_app_put {
    struct hy_op op;
    struct hy_app app; /* in; `no` out */
    bool recap;
};

/* Marks the app deleted, wipes secret, callback and token, deletes its templates, cancels its
 * queued and waiting messages (reason "app_deleted", grants given back, nothing woken), takes the
 * due time from its unknown ones and deletes its schedules and pauses; its broadcasts that are not
 * done are canceled and wind up. The id may be used again for a new app. HY_E_NOT_FOUND when there
 * never was one with that number. May be repeated: cancels what an answer that came late has queued
 * again. */
struct hy_app_delete {
    struct hy_op op;
    int64_t app_no;
    int64_t now_ms;
};

/* All apps, deleted ones too (messages of the past name them), in order of `no`. */
struct hy_apps {
    struct hy_op op;
    struct hy_arena *arena;
    struct hy_app *apps; /* out */
    size_t count;        /* out */
};

/*
 * Sessions that mini-program pages hold (engine/page/session.c) are signed, not stored. To revoke
 * one means to say from when on a session of that user must be: those issued before `at_ms` are
 * void. `user` null: all users of the app. A later cut replaces an earlier one.
 */
struct hy_session_cut {
    struct hy_op op;
    int64_t app_no;
    const char *user; /* or null */
    int64_t at_ms;
};

struct hy_session_cut_row {
    int64_t app_no;
    const char *user; /* or null */
    int64_t at_ms;
};

/* All cuts, for start-up. */
struct hy_session_cuts {
    struct hy_op op;
    struct hy_arena *arena;
    struct hy_session_cut_row *cuts; /* out */
    size_t count;                    /* out */
};

/* `key.id` must be 0: inserts, gives `id`; HY_E_EXISTS when the hash is there and not revoked. */
struct hy_key_put {
    struct hy_op op;
    struct hy_key key;
};

/* HY_E_NOT_FOUND, also when it was revoked before. */
struct hy_key_revoke {
    struct hy_op op;
    int64_t key_id;
    int64_t now_ms;
};

/* All keys that are in use, in order of id. */
struct hy_keys {
    struct hy_op op;
    struct hy_arena *arena;
    struct hy_key *keys; /* out */
    size_t count;        /* out */
};

/* One small text by name: "master_key" (fingerprint), "created_at". Replaces what is there; with `if_absent`
 * it doesn't: HY_E_EXISTS then, also when another node puts it at the same instant. */
struct hy_meta_put {
    struct hy_op op;
    const char *name;
    const char *value;
    bool if_absent;
};

/* HY_E_NOT_FOUND. */
struct hy_meta_get {
    struct hy_op op;
    const char *name;
    struct hy_arena *arena;
    const char *value; /* out */
};

/*
 * The right to ask the platform for a token: one asker per app at a time, in the whole cluster.
 *
 * Positive results: HY_TOKEN_MOVED (the stored version is not `version` any more: load and use it),
 * HY_TOKEN_TAKEN (somebody is asking; try again at `token.refreshing_until_ms`), HY_TOKEN_BUDGET
 * (`calls_max` of the day is used up; or it is forced and `forced_max` of the day is used up or the
 * last forced call is younger than `forced_gap_ms`; a maximum of 0 = no limit). They are looked at
 * in this order and change nothing. With 0 the call is already counted, durably: a crash loop
 * cannot burn the day's budget unseen. HY_E_NOT_FOUND: no app in use has that number.
 */
enum { HY_TOKEN_MOVED = 1, HY_TOKEN_TAKEN = 2, HY_TOKEN_BUDGET = 3 };

struct hy_token_begin {
    struct hy_op op;
    int64_t app_no;
    int64_t version; /* the one to be replaced; 0 = there is none yet */
    int64_t now_ms;
    int64_t lease_until_ms;
    int64_t day; /* the platform's day number; counts start again when it changes */
    bool forced;
    int64_t calls_max;
    int64_t forced_max;
    int64_t forced_gap_ms;
    /* 0, or the `lease_until_ms` of the right that the caller has: it asks once more. Not HY_TOKEN_TAKEN
     * while nobody else has got the right since. */
    int64_t held_until_ms;
    struct hy_arena *arena;
    struct hy_token token; /* out, also with a positive result */
};

/* Ends what token_begin granted: HY_TOKEN_MOVED, nothing done, when the stored version is not
 * `version` any more. `access.size` > 0: stores it as version + 1, failures 0, no error. size 0: a
 * failure; keeps the old token, counts, keeps `error`. Both end refreshing_until_ms.
 * HY_E_NOT_FOUND: no app in use has that number, or token_begin was never called for it. */
struct hy_token_end {
    struct hy_op op;
    int64_t app_no;
    int64_t version;
    struct hy_sealed access;
    int64_t obtained_at_ms;
    int64_t expires_at_ms;
    const char *error;
};

/* Every token there is (token_begin was called, the app is in use), in order of app_no. */
struct hy_tokens {
    struct hy_op op;
    struct hy_arena *arena;
    struct hy_token *tokens; /* out */
    size_t count;            /* out */
};

#endif
