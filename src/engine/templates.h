/*
 * templates.h - the templates of apps: what is known of them, and what asks the platform. All of it
 * [any thread]; see engine.h.
 */
#ifndef HY_ENGINE_TEMPLATES_H
#define HY_ENGINE_TEMPLATES_H

#include "engine/engine.h"

/* A template as it is known now, with its fields: a counted, unchanging snapshot. */
struct hy_shelf_item {
    struct hy_template template;
    const struct hy_template_field *fields;
    size_t field_count; /* 0: its content could not be read; then nothing is checked */
};

/* Null when it is not known. Give it back with hy_engine_template_release(). */
const struct hy_shelf_item *hy_engine_template(struct hy_engine *engine, int64_t app_no,
                                               const char *template_id);
void hy_engine_template_release(const struct hy_shelf_item *item);

/* All of one app by kind, title, id: an array in the arena, each counted; null when out of
 * memory. */
const struct hy_shelf_item **hy_engine_template_list(struct hy_engine *engine, int64_t app_no,
                                                     struct hy_arena *arena, size_t *ret_count);

/* What is known of a template's kind: that of the shelf, else ANY. `ret_absent` (may be null): the
 * app's templates were synced, and it is not among them. */
enum hy_template_kind hy_engine_template_kind(struct hy_engine *engine, int64_t app_no,
                                              const char *template_id, bool *ret_absent);

/*
 * One thing to be done about templates: asks the platform with the app's token (the token is
 * refreshed and the call made once more when it is refused), then the store, then the shelf.
 * LIST reads all pages of the account's templates, subscriptions and legacy ones (a retired legacy
 * interface is no fault), and replaces what is stored: this is "sync". ADD syncs nothing else: it
 * fetches the new one's content by a LIST of its kind. Calls for one app go one after the other.
 */
struct hy_template_call {
    struct hy_template_ask
        ask; /* op and what it needs; base_url and access_token are the engine's */
    int64_t app_no;
    struct hy_arena *arena; /* of the reply */
    const struct hy_audit
        *audit; /* of what changes something, or null; of ADD the subject is set here */
    void (*done)(struct hy_template_call *call, void *arg);
    void *arg;
    /* out */
    /* 0; HY_E_NOT_FOUND (app); HY_E_BUSY (no token, the platform has trouble or says: later);
     * HY_E_DENIED (it refuses: reply.judgement tells); store errors. */
    int result;
    const char *error; /* one sentence, in the arena; null with 0 */
    struct hy_template_reply reply;
    size_t added, removed; /* sync */
    int64_t synced_at_ms;
    struct hy_engine *engine; /* the engine's, from here on */
    void *work;
};
void hy_engine_template_call(struct hy_engine *engine, struct hy_template_call *call);

#endif
