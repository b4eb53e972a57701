/*
 * work.h - what call.c and sync.c share: one template call under way.
 *
 *   waiting for its turn -> token -> request -> step -> (token -> request -> step)* -> store -> end
 *
 * A step is what follows a request that the platform has answered, or that failed: it asks again,
 * goes on with the store, or ends the call. All on the engine's thread.
 */
#ifndef HY_ENGINE_TEMPLATE_WORK_H
#define HY_ENGINE_TEMPLATE_WORK_H

#include "engine/internal.h"

/* What the store takes at once (store/templates.h). */
enum { HY_TEMPLATES_MAX = 1000 };

struct hy_template_work {
    struct hy_mail mail;
    struct hy_template_work *next;
    struct hy_template_call *call;
    struct hy_engine *engine;
    const struct hy_app_entry *app; /* counted; null until its turn comes */
    struct hy_arena arena;          /* freed at the end */

    struct hy_template_ask ask;     /* of the request under way */
    struct hy_template_reply reply; /* to it */
    void (*step)(struct hy_template_work *work);
    struct hy_token_query token;
    bool refreshed; /* the token was refused once */

    struct hy_template *gathered; /* of all pages so far; in the call's arena, as replies are */
    size_t gathered_count;
    struct hy_audit named; /* the call's audit with the new template as its subject; ADD only */
    const char *trouble;   /* the call will end with this, when the rest is stored; or null */
    union {
        struct hy_op op;
        struct hy_templates_put put;
        struct hy_template_delete removal;
        struct hy_templates read;
    } verb;
};

/* call.c */

/* Sends `ask` (without URL and token) with the app's token, and goes on with `step`. */
void hy_template_work_ask(struct hy_template_work *work, const struct hy_template_ask *ask,
                          void (*step)(struct hy_template_work *work));
/* Ends the call; `work` is gone afterwards. `error`: a sentence, in the call's arena, or null. */
void hy_template_work_end(struct hy_template_work *work, int result, const char *error);
/* What went wrong when the verdict of work->reply is not OK, as a sentence in the call's arena. */
const char *hy_template_work_error(const struct hy_template_work *work);
/* Ends the call after work->reply when its verdict is not OK: then true. */
bool hy_template_work_failed(struct hy_template_work *work);

/* sync.c: the first request of a call, whatever its op. */
void hy_template_work_begin(struct hy_template_work *work);

#endif
