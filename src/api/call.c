#include "api/call.h"

#include "api/problem.h"
#include "base/err.h"

#include <string.h>
#include <strings.h>

static const char media_json[] = "application/json";

static bool copy_params(struct hy_call *call, const struct hy_route_match *match)
{
    for (int i = 0; i < HY_ROUTE_PARAMS_MAX; i++) {
        call->params[i] = "";
        if (match && match->params[i][0])
            call->params[i] = hy_arena_strdup(call->arena, match->params[i]);
        if (!call->params[i])
            return false;
    }
    return true;
}

struct hy_call *hy_call_new(struct hy_api *api, struct hy_httpd_request *req,
                            const struct hy_route_match *match)
{
    struct hy_arena *arena = hy_httpd_arena(req);
    struct hy_call *call = hy_arena_alloc(arena, sizeof *call);

    if (call) {
        call->api = api;
        call->engine = api->engine;
        call->req = req;
        call->arena = arena;
        hy_violations_init(&call->v, arena);
    }
    if (!call || !copy_params(call, match)) {
        hy_httpd_reply(req, 503, NULL, NULL, 0);
        return NULL;
    }
    return call;
}

void *hy_call_work(struct hy_call *call, size_t bytes)
{
    call->work = hy_arena_alloc(call->arena, bytes);
    if (!call->work)
        hy_problem_of_error(call, HY_E_NOMEM);
    return call->work;
}

/* --- reading ---------------------------------------------------------------------------------- */

bool hy_call_type_is_json(const char *content_type)
{
    static const char *const known[] = {media_json, "text/json", "text/plain",
                                        "application/x-www-form-urlencoded", NULL};
    size_t size = content_type ? strcspn(content_type, "; \t") : 0;

    if (size == 0)
        return true;
    for (int i = 0; known[i]; i++)
        if (strlen(known[i]) == size && strncasecmp(content_type, known[i], size) == 0)
            return true;
    return size > 5 && strncasecmp(content_type + size - 5, "+json", 5) == 0;
}

static bool body_readable(struct hy_call *call)
{
    const char *type = hy_httpd_header(call->req, "Content-Type");
    const char *coding = hy_httpd_header(call->req, "Content-Encoding");

    if (coding && strcasecmp(coding, "identity") != 0) {
        hy_problem_reply(call, HY_PROBLEM_MEDIA,
                         "Bodies are read as they are: send this one "
                         "without Content-Encoding.");
        return false;
    }
    if (!hy_call_type_is_json(type)) {
        hy_problem_reply(call, HY_PROBLEM_MEDIA,
                         "The body has to be JSON: send it with Content-Type: application/json.");
        return false;
    }
    return true;
}

static bool refuse_body(struct hy_call *call, const char *rule, const char *reason)
{
    hy_violations_add(&call->v, "", rule, NULL, NULL, "The body is %s.", reason);
    hy_problem_invalid(call, HY_PROBLEM_BAD_JSON);
    return false;
}

bool hy_call_json(struct hy_call *call, enum hy_body_need need)
{
    char reason[256];
    size_t size;
    const char *bytes = hy_httpd_body(call->req, &size);

    if (size == 0 && need == HY_BODY_OPTIONAL) {
        call->body = json_object();
        return !hy_call_failed(call, call->body ? 0 : HY_E_NOMEM);
    }
    if (!body_readable(call))
        return false;
    if (size == 0)
        return refuse_body(call, "required", "empty; JSON is expected");
    call->body = hy_json_parse_in(hy_httpd_scratch(call->req), bytes, size, reason, sizeof reason);
    if (!call->body && hy_json_starved())
        return !hy_call_failed(call, HY_E_NOMEM);
    return call->body || refuse_body(call, "json", reason);
}

bool hy_call_refused(struct hy_call *call)
{
    if (!hy_violations_any(&call->v))
        return false;
    hy_problem_invalid(call, HY_PROBLEM_INVALID);
    return true;
}

const struct hy_app_entry *hy_call_app(struct hy_call *call, const char *id)
{
    const struct hy_app_entry *entry = hy_engine_app(call->engine, id);

    if (!entry)
        hy_violations_add(&call->v, "app", "known_app", NULL, id, "There is no app %.64s.", id);
    return entry;
}

/* --- who calls -------------------------------------------------------------------------------- */

void hy_call_address(struct hy_call *call, uint8_t ret_address[HY_ADDRESS_BYTES])
{
    const char *hops = hy_httpd_last_header(call->req, "X-Forwarded-For"), *last;
    uint8_t forwarded[HY_ADDRESS_BYTES];

    if (!hy_address_parse(hy_httpd_peer(call->req), ret_address))
        memset(ret_address, 0, HY_ADDRESS_BYTES);
    last = hops ? strrchr(hops, ',') : NULL;
    for (size_t i = 0; hops && i < call->api->proxy_count; i++) {
        if (memcmp(call->api->proxies[i], ret_address, HY_ADDRESS_BYTES) == 0 &&
            hy_address_parse(last ? last + 1 : hops, forwarded)) {
            memcpy(ret_address, forwarded, HY_ADDRESS_BYTES);
            break;
        }
    }
}

bool hy_call_chinese(struct hy_call *call)
{
    const char *language = hy_httpd_header(call->req, "Accept-Language");

    return language && strncasecmp(language, "zh", 2) == 0;
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void resume(struct hy_httpd_request *req, void *arg)
{
    struct hy_call *call = arg;

    if (!call->start_err)
        call->next(call);
    else if (!hy_call_refused(call))
        hy_problem_of_error(call, call->start_err);
}

void hy_call_defer(struct hy_call *call, hy_call_step *next)
{
    call->next = next;
    hy_httpd_defer(call->req, resume, call);
}

void hy_call_wake(struct hy_call *call)
{
    hy_httpd_wake(call->req);
}

void hy_call_not_started(struct hy_call *call, int err)
{
    call->start_err = err;
    hy_call_wake(call);
}

void hy_call_op_done(struct hy_op *op, void *arg)
{
    hy_call_wake(arg);
}

void hy_call_read(struct hy_call *call, struct hy_op *op, enum hy_verb verb, hy_call_step *next)
{
    op->verb = verb;
    op->done = hy_call_op_done;
    op->arg = call;
    hy_call_defer(call, next);
    hy_engine_read(call->engine, op);
}

bool hy_call_failed(struct hy_call *call, int err)
{
    if (err >= 0)
        return false;
    hy_problem_of_error(call, err);
    return true;
}

/* --- in pieces -------------------------------------------------------------------------------- */

void hy_call_take(struct hy_call *call, hy_call_step *next)
{
    call->next = next;
    hy_httpd_read(call->req, resume, call);
}

static void begin_answer(struct hy_call *call, int status)
{
    call->api->answers[status / 100 % HY_API_CLASSES]++;
    hy_httpd_add_header(call->req, "Cache-Control",
                        call->cache_control ? call->cache_control : "no-store");
    hy_httpd_add_header(call->req, "X-Content-Type-Options", "nosniff");
}

void hy_call_stream(struct hy_call *call, int status, const char *content_type)
{
    begin_answer(call, status);
    hy_httpd_stream(call->req, status, content_type);
}

void hy_call_give(struct hy_call *call, const void *bytes, size_t size, hy_call_step *next)
{
    call->next = next;
    hy_httpd_write(call->req, bytes, size, resume, call);
}

/* --- answering -------------------------------------------------------------------------------- */

static void begin_last(struct hy_call *call, int status)
{
    json_decref(call->body);
    call->body = NULL;
    begin_answer(call, status);
}

void hy_call_reply_bytes(struct hy_call *call, int status, const char *content_type,
                         const void *bytes, size_t size)
{
    begin_last(call, status);
    hy_httpd_reply(call->req, status, content_type, bytes, size);
}

void hy_call_reply_lasting(struct hy_call *call, const char *content_type, const void *bytes,
                           size_t size)
{
    begin_last(call, 200);
    hy_httpd_reply_lasting(call->req, 200, content_type, bytes, size);
}

void hy_call_reply(struct hy_call *call, int status, struct hy_out *out)
{
    if (hy_buf_ok(&out->buf))
        hy_call_reply_bytes(call, status, media_json, hy_buf_text(&out->buf), out->buf.size);
    else if (strcmp(hy_httpd_method(call->req), "GET") == 0)
        hy_problem_of_error(call, HY_E_NOMEM);
    else /* it is done, and not to be repeated as if it were not */
        hy_problem_reply(call, HY_PROBLEM_UNCERTAIN,
                         "It was done, but there was no memory for the answer: look again, or "
                         "repeat this with the same idempotency key.");
    hy_out_deinit(out);
}

void hy_call_reply_nothing(struct hy_call *call)
{
    hy_call_reply_bytes(call, 204, NULL, NULL, 0);
}
