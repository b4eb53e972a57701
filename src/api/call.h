/*
 * call.h - one request on its way through the API, and what every resource does with it.
 *
 * A resource is a few steps. The first one reads the request; one that needs the store or the
 * platform says which step comes next, starts the verb, and returns:
 *
 *   void hy_api_grants_list(struct hy_call *call)
 *   {
 *       struct hy_grant_list *list = hy_call_work(call, sizeof *list);
 *       ...
 *       hy_call_read(call, &list->op, HY_VERB_GRANT_LIST, listed);
 *   }
 *
 * The verb's `done` does nothing but hy_call_wake(). Each way through the steps ends with exactly
 * one reply; after it the call is gone. All steps run on the server's thread; between the start of
 * a verb and the next step the call belongs to that verb.
 */
#ifndef HY_API_CALL_H
#define HY_API_CALL_H

#include "api/limits.h"
#include "api/out.h"
#include "engine/engine.h"
#include "net/httpd.h"
#include "net/router.h"

enum { HY_API_PIECES_MAX = 4, HY_API_CLASSES = 6 };

struct hy_api {
    struct hy_engine *engine;
    struct hy_route pieces[HY_API_PIECES_MAX + 1]; /* the routes whose bodies come in pieces */
    size_t body_max_bytes;
    struct hy_limits *limits;
    uint8_t (*proxies)[HY_ADDRESS_BYTES]; /* the trusted ones */
    size_t proxy_count;
    uint64_t answers[HY_API_CLASSES]; /* so far, by the first digit of their status */
    int64_t written_at_ms;            /* when the store last took the write of /readyz */
};

struct hy_call;
typedef void hy_call_step(struct hy_call *call);

struct hy_call {
    struct hy_api *api;
    struct hy_engine *engine;
    struct hy_httpd_request *req;
    struct hy_arena *arena; /* of the request */
    const char *params[HY_ROUTE_PARAMS_MAX];
    unsigned scopes;             /* of the key that was shown; 0 = none */
    struct hy_key_holder holder; /* of that key; id 0 = none */
    json_t *body;                /* set by hy_call_json(), freed with the reply */
    hy_call_step *next;
    void *work;                /* the resource's own, in the arena */
    int start_err;             /* why the verb did not even start */
    const char *cache_control; /* of the answer; null = "no-store" */
    struct hy_violations v;
};

/* Null when out of memory (503 was answered). `match` may be null. */
struct hy_call *hy_call_new(struct hy_api *api, struct hy_httpd_request *req,
                            const struct hy_route_match *match);

/* Zeroed memory for this resource's own state, also kept as call->work. Null: 503 was answered. */
void *hy_call_work(struct hy_call *call, size_t bytes);

/* --- reading ---------------------------------------------------------------------------------- */

enum hy_body_need { HY_BODY_REQUIRED, HY_BODY_OPTIONAL /* nothing counts as {} */ };

/* Parses the body into call->body. False: 400 or 415 was answered. */
bool hy_call_json(struct hy_call *call, enum hy_body_need need);

/* True when a body with this Content-Type may be read as JSON: JSON types, none at all, and what
 * curl -d and fetch() put on any text that they are given. Null is legal. */
bool hy_call_type_is_json(const char *content_type);

/* True when a violation was found: 400 was answered. */
bool hy_call_refused(struct hy_call *call);

/* The app in use with this id, named by the query parameter or field `app`: otherwise a violation
 * is added and null returned. Give it back with hy_engine_app_release(). */
const struct hy_app_entry *hy_call_app(struct hy_call *call, const char *id);

/* Who calls: the peer, or what a trusted proxy says of its own peer. Zeroes when neither is
 * known. */
void hy_call_address(struct hy_call *call, uint8_t ret_address[HY_ADDRESS_BYTES]);

/* The language of `meaning` and `fix` that the caller prefers, by Accept-Language. */
bool hy_call_chinese(struct hy_call *call);

/* --- waiting ---------------------------------------------------------------------------------- */

/* Says which step comes next. Call it before the verb is started: its `done` may come at once. */
void hy_call_defer(struct hy_call *call, hy_call_step *next);

/* Any thread. Once a defer. */
void hy_call_wake(struct hy_call *call);

/* Instead of a verb that could not be started: `err` (and call->v) is answered. */
void hy_call_not_started(struct hy_call *call, int err);

/* For hy_op.done; `arg` is the call. */
void hy_call_op_done(struct hy_op *op, void *arg);

/* Starts a verb that reads. */
void hy_call_read(struct hy_call *call, struct hy_op *op, enum hy_verb verb, hy_call_step *next);

/* True when `err` is an error: a problem was answered. */
bool hy_call_failed(struct hy_call *call, int err);

/* --- in pieces (see net/httpd.h); each of these steps looks at hy_httpd_gone() first ------------ */

/* Asks for the next piece of the body: `next` finds it by hy_httpd_piece(). */
void hy_call_take(struct hy_call *call, hy_call_step *next);

/* Begins an answer that leaves in pieces. */
void hy_call_stream(struct hy_call *call, int status, const char *content_type);

/* Gives a piece of it, borrowed until `next` runs. */
void hy_call_give(struct hy_call *call, const void *bytes, size_t size, hy_call_step *next);

/* --- answering -------------------------------------------------------------------------------- */

/* Sends what was written and frees `out`; when that failed, 503. */
void hy_call_reply(struct hy_call *call, int status, struct hy_out *out);

/* 204. */
void hy_call_reply_nothing(struct hy_call *call);

/* Any bytes; the others end here. */
void hy_call_reply_bytes(struct hy_call *call, int status, const char *content_type,
                         const void *bytes, size_t size);

/* 200 with bytes of the program itself, which are not copied. */
void hy_call_reply_lasting(struct hy_call *call, const char *content_type, const void *bytes,
                           size_t size);

#endif
