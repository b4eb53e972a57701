#include "api/problem.h"

#include "base/err.h"
#include "base/log.h"

#include <stdio.h>

enum { SHORT_BYTES = 512 };

struct kind {
    int status;
    const char *word;
    const char *title;
    const char *retry_after; /* seconds, or null */
};

static const struct kind kinds[HY_PROBLEMS] = {
    [HY_PROBLEM_INVALID] = {400, "invalid_input", "The input breaks a rule"},
    [HY_PROBLEM_BAD_JSON] = {400, "bad_json", "The body is not usable JSON"},
    [HY_PROBLEM_BAD_REQUEST] = {400, "bad_request", "The request cannot be read"},
    [HY_PROBLEM_NO_KEY] = {401, "unauthorized", "A valid API key is needed"},
    [HY_PROBLEM_SESSION] = {401, "no_session", "A valid session is needed"},
    [HY_PROBLEM_CODE] = {401, "bad_code", "The login code is no good"},
    [HY_PROBLEM_SIGNATURE] = {401, "bad_signature", "The platform did not sign this"},
    [HY_PROBLEM_SCOPE] = {403, "forbidden", "The API key may not do this"},
    [HY_PROBLEM_NOT_FOUND] = {404, "not_found", "There is no such thing"},
    [HY_PROBLEM_METHOD] = {405, "method_not_allowed", "This path does not have that method"},
    [HY_PROBLEM_EXISTS] = {409, "already_exists", "There is one already"},
    [HY_PROBLEM_STATE] = {409, "conflict", "Its state forbids this"},
    [HY_PROBLEM_KEY_REUSED] = {409, "idempotency_conflict",
                               "The idempotency key was used with another body"},
    [HY_PROBLEM_TOO_LARGE] = {413, "too_large", "The body is too large"},
    [HY_PROBLEM_MEDIA] = {415, "unsupported_media_type", "The body is of a kind that is not read"},
    [HY_PROBLEM_RATE] = {429, "too_many_requests", "Too many requests"},
    [HY_PROBLEM_HEADERS] = {431, "headers_too_large", "The request's headers are too large"},
    [HY_PROBLEM_REFUSED] = {422, "platform_refused", "The platform refuses this"},
    [HY_PROBLEM_INTERNAL] = {500, "internal", "Something is wrong inside"},
    [HY_PROBLEM_STORE] = {503, "store_unavailable", "The store cannot take this now", "5"},
    [HY_PROBLEM_UNCERTAIN] = {503, "store_uncertain", "It is not known whether this was stored",
                              "5"},
    [HY_PROBLEM_MEMORY] = {503, "out_of_memory", "There is not enough memory for this now", "1"},
    [HY_PROBLEM_STOPPING] = {503, "stopping", "The server is shutting down", "5"},
    [HY_PROBLEM_TOKEN] = {503, "token_unavailable", "The platform gives no access token now", "10"},
    [HY_PROBLEM_PLATFORM] = {503, "platform_unavailable", "The platform cannot do this now"},
    [HY_PROBLEM_NOT_READY] = {503, "not_ready", "The server is not ready", "2"},
};

static const struct {
    int err;
    enum hy_problem problem;
    const char *detail;
} errors[] = {
    {HY_E_NOMEM, HY_PROBLEM_MEMORY, "Nothing was done; try again."},
    {HY_E_IO, HY_PROBLEM_STORE, "Reading or writing the store failed; nothing was stored."},
    {HY_E_FULL, HY_PROBLEM_STORE, "The store's device is full; nothing was stored."},
    {HY_E_CORRUPT, HY_PROBLEM_STORE, "Stored data is damaged; nothing was stored."},
    {HY_E_BUSY, HY_PROBLEM_STORE, "Somebody else holds the store; nothing was stored."},
    {HY_E_UNCERTAIN, HY_PROBLEM_UNCERTAIN,
     "The answer of the commit was lost: look again, or repeat this with the same idempotency "
     "key."},
    {HY_E_NOT_FOUND, HY_PROBLEM_NOT_FOUND, "There is nothing with this id."},
    {HY_E_EXISTS, HY_PROBLEM_EXISTS, "There is one with this id already."},
    {HY_E_CONFLICT, HY_PROBLEM_STATE, "Its present state forbids this."},
    {HY_E_LIMIT, HY_PROBLEM_TOO_LARGE, "It is larger than what is allowed."},
    {HY_E_STOPPED, HY_PROBLEM_STOPPING, "Nothing was done; try again soon."},
    {HY_E_FENCED, HY_PROBLEM_STORE, "This node lost its place in the store; nothing was stored."},
};

const char *hy_problem_summary(const struct hy_violations *v)
{
    const char *first = v->count ? v->items[0].message : "The input breaks a rule.";
    const char *text = NULL;

    if (v->count + v->unkept > 1)
        text = hy_arena_printf(v->arena, "%s (%zu faults in all)", first, v->count + v->unkept);
    return text ? text : first;
}

void hy_problem_write_errors(struct hy_out *out, const struct hy_violations *v)
{
    hy_out_begin(out, "errors", '[');
    for (size_t i = 0; v && i < v->count; i++) {
        const struct hy_violation *item = &v->items[i];

        hy_out_begin(out, NULL, '{');
        hy_out_text(out, "field", item->field);
        hy_out_text(out, "rule", item->rule);
        hy_out_number_or_text(out, "limit", item->limit);
        hy_out_number_or_text(out, "actual", item->actual);
        hy_out_text(out, "message", item->message);
        hy_out_end(out, '}');
    }
    hy_out_end(out, ']');
}

void hy_problem_write(struct hy_out *out, const char *name, enum hy_problem problem,
                      const char *detail, const struct hy_violations *v)
{
    const struct kind *kind = &kinds[problem];
    char type[64];

    snprintf(type, sizeof type, "urn:hongyan:problem:%s", kind->word);
    hy_out_begin(out, name, '{');
    hy_out_text(out, "type", type);
    hy_out_text(out, "title", kind->title);
    hy_out_int(out, "status", kind->status);
    hy_out_text(out, "detail", detail);
    hy_problem_write_errors(out, v);
    hy_out_end(out, '}');
}

/* Where no memory is left for the body: texts of this program only. */
static size_t write_short(const struct kind *kind, char *into, size_t size)
{
    return (size_t)snprintf(into, size,
                            "{\"type\":\"urn:hongyan:problem:%s\",\"title\":\"%s\",\"status\":%d,"
                            "\"detail\":\"%s.\",\"errors\":[]}",
                            kind->word, kind->title, kind->status, kind->title);
}

static void reply(struct hy_call *call, enum hy_problem problem, const char *detail,
                  const struct hy_violations *v)
{
    const struct kind *kind = &kinds[problem];
    static const char media[] = "application/problem+json";
    struct hy_out out;
    char path[128], text[SHORT_BYTES];

    if (kind->status >= 500)
        hy_log(HY_LOG_WARN, "api.failed", "method=%s path=%s status=%d problem=%s",
               hy_httpd_method(call->req), hy_log_safe(path, sizeof path, hy_httpd_path(call->req)),
               kind->status, kind->word);
    if (kind->retry_after)
        hy_httpd_add_header(call->req, "Retry-After", kind->retry_after);
    hy_out_init(&out);
    hy_problem_write(&out, NULL, problem, detail, v);
    if (hy_buf_ok(&out.buf))
        hy_call_reply_bytes(call, kind->status, media, hy_buf_text(&out.buf), out.buf.size);
    else
        hy_call_reply_bytes(call, kind->status, media, text, write_short(kind, text, sizeof text));
    hy_out_deinit(&out);
}

void hy_problem_reply(struct hy_call *call, enum hy_problem problem, const char *format, ...)
{
    char *detail;
    va_list args;

    va_start(args, format);
    detail = hy_arena_vprintf(call->arena, format, args);
    va_end(args);
    reply(call, problem, detail, NULL);
}

void hy_problem_invalid(struct hy_call *call, enum hy_problem problem)
{
    if (call->v.count == 0) /* there was no memory for any of them: perhaps none is the input's */
        hy_problem_of_error(call, HY_E_NOMEM);
    else
        reply(call, problem, hy_problem_summary(&call->v), &call->v);
}

void hy_problem_of_error(struct hy_call *call, int err)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].err == err) {
            reply(call, errors[i].problem, errors[i].detail, NULL);
            return;
        }
    }
    hy_problem_reply(call, HY_PROBLEM_INTERNAL, "It failed: %s.", hy_err_text(err));
}

enum hy_problem hy_problem_of_status(int status)
{
    if (status == 503)
        return HY_PROBLEM_STOPPING;
    for (int i = HY_PROBLEM_BAD_REQUEST; i < HY_PROBLEMS; i++)
        if (kinds[i].status == status)
            return (enum hy_problem)i;
    return status >= 500 ? HY_PROBLEM_INTERNAL : HY_PROBLEM_BAD_REQUEST;
}
